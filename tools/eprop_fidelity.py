"""How faithful e-prop is on the learning engine: measures and writes the tables of docs/eprop.md.

    python tools/eprop_fidelity.py            # measures what docs/eprop_fidelity.json lacks (about 5 minutes of one
                                              # core from nothing; remove the file to measure anew), then writes
    python tools/eprop_fidelity.py --write    # writes the tables only

20 inputs (50 Hz), 20 LIF or ALIF neurons, 3 readouts that are to follow sums of sines, 1,000 steps, three seeds. The
engine is driven by the spikes and signals of the float network (`nk.fidelity`), so that only its arithmetic differs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit import rules
from neurokit.converters.eprop_net import EpropNet
from neurokit.files import between_marks, written_aside
from neurokit.graph.lif_family import ALIF
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LeakyIntegrator
from neurokit.graph.synapses import Dense
from neurokit.learn.agreement import agreement
from neurokit.learn.alignment import spread
from neurokit.learn.driven import drive, lowered
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.gradients import eprop_gradients
from neurokit.learn.eprop.losses import Regression
from neurokit.learn.fidelity import settings_of
from neurokit.learn.observed import observe_learning
from neurokit.learn.tasks.pattern import PatternGeneration

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, NUMBERS = DOCS / "eprop.md", DOCS / "eprop_fidelity.json"
BEGIN, END = "<!-- fidelity -->\n", "<!-- end of fidelity -->\n"
INPUTS, NEURONS, OUTPUTS, STEPS = 20, 20, 3, 1000
AMPLITUDE = 3.0  # of the targets
RATE = 3e-3  # so that weights change by some 30 of the engine's units
SEEDS = range(3)
KINDS = {"lif": 0.0, "alif": 0.05}  # beta, in units of v (threshold 0.6) a spike
BLOCKS = {"x->hidden": "w_in", "hidden->hidden": "w_rec", "hidden->out": "w_out"}
SWEEP = {"weight_bits": (8, 7, 6, 5, 4), "trace_bits": (7, 6, 5, 4), "epochs": (1, 2, 4, 8)}
ONE = {"weight_bits": (8,), "trace_bits": (7,), "epochs": (1,)}
SMALLER = (1e-3, 3e-4, 1e-4)  # learning rates
ENGINES = 6  # seeds of the engine's random numbers, for bias and deviation


def eprop_net(kind: str, seed: int) -> EpropNet:
    """A random network with random feedback."""
    random = np.random.default_rng(seed)
    w_rec = random.normal(0, 0.6 * NEURONS**-0.5, (NEURONS, NEURONS))
    np.fill_diagonal(w_rec, 0)
    return EpropNet(
        random.normal(0, 0.9 * INPUTS**-0.5, (NEURONS, INPUTS)),
        w_rec,
        random.normal(0, NEURONS**-0.5, (OUTPUTS, NEURONS)),
        threshold=0.6,
        tau_membrane=0.02,
        tau_out=0.02,
        tau_adaptation=0.2,
        beta=KINDS[kind],
        refractory=2,
        readout_gain="1",
        feedback="random",
        b_out=random.normal(size=(NEURONS, OUTPUTS)),
    )


def data(seed: int) -> dict[str, NDArray[Any]]:
    """Spikes and targets of one sample."""
    task = PatternGeneration(seed, STEPS, INPUTS, OUTPUTS)
    x = task.trials(np.random.default_rng(0), 1).x
    return {"x": x.astype(float), "target": AMPLITUDE * task.target[None]}


def network(net: EpropNet, rate: float) -> Network:
    """The network with e-prop on all its weights; errors come back through b_out a step late."""
    beta, dt, leak = float(net.betas[0]), net.dt, 1 - net.kappa
    hidden = ALIF(
        tau=np.asarray(net.tau_membrane),
        tau_adaptation=np.asarray(net.tau_adaptation),
        beta=np.asarray(beta),
        threshold=np.asarray(net.threshold),
        refractory=np.asarray(net.refractory * dt),
    )
    readout = LeakyIntegrator(np.asarray(dt / leak), r=np.asarray(1 / leak))
    learns = (
        rules.eprop_alif(dt=dt, tau=net.tau_membrane, beta=beta, tau_out=net.tau_out, learning_rate=rate / leak)
        if beta
        else rules.eprop_lif(dt=dt, tau=net.tau_membrane, tau_out=net.tau_out, learning_rate=rate / leak)
    )
    reads = rules.eprop_readout(dt=dt, tau_out=net.tau_out, learning_rate=rate)
    eye, late, b = np.eye(net.n_out), np.asarray(dt), net.feedback_weights
    out = Population("out", (net.n_out,), readout)
    return Network(
        {"x": Input("x", (net.n_in,)), "target": Input("target", (net.n_out,))},
        {"hidden": Population("hidden", (net.n_rec,), hidden), "out": out},
        (
            Projection("x", "hidden", (Dense(net.w_in),), plasticity=learns),
            Projection("hidden", "hidden", (Dense(net.w_rec),), late, plasticity=learns),
            Projection("hidden", "out", (Dense(net.w_out),), plasticity=reads),
            Projection("out", "hidden", (Dense(b),), late, "modulation"),
            Projection("target", "hidden", (Dense(-b),), late, "modulation"),
            Projection("out", "out", (Dense(eye),), late, "modulation"),
            Projection("target", "out", (Dense(-eye),), late, "modulation"),
        ),
        {"out": out},
        dt=dt,
    )


def in_floats(kind: str, seed: int) -> dict[str, float]:
    """1 - cosine of what the Network learns in floats, so slowly that it stays the same, with e-prop's gradient."""
    net, given, rate = eprop_net(kind, seed), data(seed), 1e-9
    activity = run(net, given["x"])
    gradients = eprop_gradients(net, activity, Regression(given["target"]).error(activity.y))
    learned = nk.run(network(net, rate), given, STEPS + 1).program
    found = {}
    for projection in learned.projections:
        if (block := BLOCKS.get(projection.name)) is not None:
            start, gradient = getattr(net, block), getattr(gradients, block)
            off = 1 - np.eye(NEURONS) if block == "w_rec" else 1.0  # the reference has no diagonal
            change = (projection.synapses[0].weight - start) * off
            found[block] = 1 - agreement(change, -gradient).cosine
    return found


def on_the_engine(kind: str, seed: int, rate: float = RATE, whole: bool = True) -> list[dict[str, Any]]:
    """Cosine and scale of all settings, by block."""
    sweep = SWEEP if whole else ONE
    rounding = ("repaired", "lava") if whole else ("repaired",)
    found = nk.fidelity(None, network(eprop_net(kind, seed), rate), data(seed), rounding=rounding, **sweep)
    return [
        {
            "kind": kind,
            "seed": seed,
            "rate": rate,
            "block": BLOCKS[row.projection],
            "setting": str(row.setting),
            "cosine": round(row.agreement.cosine, 6),
            "scale": round(row.agreement.scale, 4),
            "units": round(row.units, 2),
        }
        for row in found.rows
    ]


def biases(seed: int) -> Iterator[dict[str, Any]]:
    """Bias and deviation of w_rec's change over seeds of the engine: the rule as lowered, and three wrong ones."""
    net, given, name = eprop_net("lif", seed), data(seed), "hidden->hidden"
    learning = network(net, RATE)
    (projection,) = (p for p in learning.projections if p.name == name)
    seen = observe_learning(learning, given, STEPS, 1)[name]
    (setting,) = settings_of(**ONE, arithmetic=("repaired",))
    fixed = lowered(name, projection.plasticity, seen, learning.populations["hidden"].neuron, 1e-3, False, setting)
    coarse = dict(fixed.signals)
    for slot, signal in fixed.signals.items():
        if signal.function.startswith("modulation"):
            coarse[slot] = replace(signal, scale=signal.scale / 4)
    early = tuple(replace(p, exponent=p.exponent + 2) if p.dependency == "x0" else p for p in fixed.dt)
    rules_of = {
        "as lowered": fixed,
        "L in 5 bits": replace(fixed, signals=coarse),
        "x0 term 4 times as large": replace(fixed, dt=early),
        "x0 term left out": replace(fixed, dt=tuple(p for p in fixed.dt if p.dependency != "x0")),
    }
    change = seen.weights[1] - seen.weights[0]
    for what, rule in rules_of.items():
        runs = [drive(replace(rule, seed=k), seen, projection.synapse, 1).weights for k in range(ENGINES)]
        found = spread([after - before for before, after in runs], -change)
        yield {"seed": seed, "rule": what, "bias": round(found.bias, 4), "deviation": round(found.deviation, 4)}


def measure(seed: int, found: dict[str, list[Any]]) -> None:
    """Everything of one seed, added to `found`."""
    for kind in KINDS:
        found["floats"].append({"kind": kind, "seed": seed, **in_floats(kind, seed)})
        found["engine"] += on_the_engine(kind, seed)
        for rate in SMALLER:
            found["engine"] += on_the_engine(kind, seed, rate, whole=False)
    found["bias"] += biases(seed)


def tables(numbers: dict[str, list[Any]]) -> str:
    """Markdown of what `measure` gave."""
    worst = {
        kind: max(row[b] for row in numbers["floats"] if row["kind"] == kind for b in BLOCKS.values()) for kind in KINDS
    }
    lines = [
        "In floats the changes of a whole Network are e-prop's gradient: 1 - cosine is at most "
        f"{worst['lif']:.0e} (LIF) and {worst['alif']:.0e} (ALIF) in any block and seed.",
        "",
        "| on the engine | LIF w_in | w_rec | w_out | ALIF w_in | w_rec | w_out |",
        "|---|---|---|---|---|---|---|",
    ]
    base = [row for row in numbers["engine"] if row["rate"] == RATE]
    lines += [_line(name, [r for r in base if r["setting"] == name], "cosine") for name in _settings(base)]
    lines += ["", "| learning rate (w8 t7 epoch 1) | LIF w_in | w_rec | w_out | ALIF w_in | w_rec | w_out |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for rate in (RATE, *SMALLER):
        rows = [r for r in numbers["engine"] if r["rate"] == rate and r["setting"] == _settings(base)[0]]
        lines += [_line(f"{rate:g}: cosine", rows, "cosine"), _line(f"{rate:g}: units of change", rows, "units", 1)]
    lines += ["", "| w_rec, LIF | bias | deviation |", "|---|---|---|"]
    for what in dict.fromkeys(row["rule"] for row in numbers["bias"]):
        rows = [row for row in numbers["bias"] if row["rule"] == what]
        lines.append(f"| {what} | {_told([r['bias'] for r in rows])} | {_told([r['deviation'] for r in rows])} |")
    return "\n".join(lines) + "\n"


def rewritten(page: str, numbers: dict[str, list[Any]]) -> str:
    """The page with the tables of `numbers`."""
    return between_marks(page, BEGIN, END, tables(numbers))


def _settings(rows: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["setting"] for row in rows))


def _line(name: str, rows: Sequence[dict[str, Any]], field: str, digits: int = 3) -> str:
    cells = [
        _told([r[field] for r in rows if (r["kind"], r["block"]) == (kind, block)], digits)
        for kind in KINDS
        for block in BLOCKS.values()
    ]
    return f"| {name} | {' | '.join(cells)} |"


def _told(values: Sequence[float], digits: int = 3) -> str:
    """Mean and standard deviation."""
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"


def read() -> dict[str, list[Any]]:
    """The numbers that are there."""
    if not NUMBERS.exists():
        return {"floats": [], "engine": [], "bias": []}
    return dict(json.loads(NUMBERS.read_text(encoding="utf-8")))


def save(numbers: dict[str, list[Any]]) -> None:
    """A line a row."""
    lines = [f'"{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for name, rows in numbers.items()]
    with written_aside(NUMBERS) as aside:
        aside.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Measure what is missing, seed by seed, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the tables from the numbers that are there")
    numbers = read()
    if not parser.parse_args().write:
        for seed in SEEDS:
            if all(row["seed"] != seed for row in numbers["bias"]):
                measure(seed, numbers)
                save(numbers)
                print(f"seed {seed} is done", flush=True)
    page = rewritten(PAGE.read_text(encoding="utf-8"), numbers)
    with written_aside(PAGE) as aside:
        aside.write_text(page, encoding="utf-8")
    print(f"{PAGE.name} is written")


if __name__ == "__main__":
    main()
