"""Two memories learned one after the other: what the second one costs the first, in floats and on the chip.

    python examples/12_eprop_interference.py float [--seeds 0 1 2]     # seconds a network
    python examples/12_eprop_interference.py chip  [--seeds 0 1 2]     # half a minute a network
    python examples/12_eprop_interference.py picture                   # and the table of docs/eprop.md

100 LIF neurons learn by e-prop, in their recurrent weights only, to keep the first of two patterns that a cue calls up
(task A), then the second (task B). The tasks share no input and no readout. Each is learned until its loss is a tenth
of what silent readouts have. Initial recurrent weights are random, each neuron's sum to zero, times the recurrent gain.

What is done is not done again: results are added to docs/eprop_interference.json, and docs/eprop.md tells of them.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

import neurokit as nk
from neurokit import rules
from neurokit.converters.eprop_net import EpropNet
from neurokit.files import written_aside
from neurokit.graph.lif_family import ALIF
from neurokit.graph.network import Input, Network, Population, Program, Projection
from neurokit.graph.neurons import LeakyIntegrator
from neurokit.graph.synapses import Dense, Sparse
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.gradients import bptt_gradients, eprop_gradients
from neurokit.learn.sequential import Interference, Losses, interference
from neurokit.learn.tasks.memory import PatternMemory
from neurokit.learn.tasks.networks import pattern_network
from neurokit.learn.tasks.trials import Trials

DOCS = Path(__file__).resolve().parents[1] / "docs"
RESULTS, PICTURE = DOCS / "eprop_interference.json", DOCS / "images" / "eprop_interference.png"
PAGE, BEGIN, END = DOCS / "eprop.md", "<!-- interference -->\n", "<!-- end of interference -->\n"
INPUTS, NEURONS, STEPS, CUE = 40, 100, 500, 200
GAINS = 0.0, 0.5, 1.0, 1.5, 2.0
RATE, CRITERION, MOST = 2e-4, 0.1, 300  # of gradient descent; of a silent readout's loss; iterations
DRIVE = 3.0  # times the input weights of the published pattern generation, so that a cue is heard by most neurons


@dataclass(frozen=True)
class Condition:
    """A variant of the experiment: gradients, steps of the cue (STEPS: it stays on), silent steps after a spike."""

    method: str = "eprop"
    cue: int = CUE
    refractory: int = 0


CONDITIONS = {
    "memory": Condition(),
    "backpropagation": Condition(method="bptt"),
    "input stays on": Condition(cue=STEPS),
    "refractory": Condition(refractory=2),
}


def untrained(seed: int, gain: float, condition: Condition) -> EpropNet:
    """The network of the pattern generation, its random recurrent weights balanced row by row and multiplied."""
    net = pattern_network(seed, inputs=INPUTS, neurons=NEURONS, outputs=2, recurrent_gain=gain)
    off = 1 - np.eye(NEURONS)
    balanced = net.w_rec - net.w_rec.sum(1, keepdims=True) / (NEURONS - 1) * off
    return replace(net, w_in=DRIVE * net.w_in, w_rec=balanced, refractory=condition.refractory)


def tasks(seed: int, condition: Condition) -> tuple[PatternMemory, PatternMemory]:
    """A and B."""
    a, b = (PatternMemory(k, seed, steps=STEPS, inputs=INPUTS, cue=condition.cue) for k in (0, 1))
    return a, b


def trial(task: PatternMemory) -> Trials:
    """Its one trial."""
    return task.trials(np.random.default_rng(0), 1)


def learned(net: EpropNet, task: PatternMemory, method: str) -> tuple[EpropNet, int]:
    """The network after as many iterations as it took, or the best of MOST; and how many."""
    shown, gradients = trial(task), bptt_gradients if method == "bptt" else eprop_gradients
    best, least = net, math.inf
    for iteration in range(MOST + 1):
        activity = run(net, shown.x)
        loss = shown.loss.loss(activity.y)
        if loss < least:
            best, least = net, loss
        if loss <= CRITERION * task.silence or iteration == MOST:
            break
        slope = gradients(net, activity, shown.loss.error(activity.y)).w_rec
        net = replace(net, w_rec=net.w_rec - RATE * slope)
    return best, iteration


def in_floats(seed: int, gain: float, name: str) -> dict[str, Any]:
    """One network through A and B."""
    condition = CONDITIONS[name]
    a, b = tasks(seed, condition)
    before = untrained(seed, gain, condition)
    after_a, took_a = learned(before, a, condition.method)
    after_b, took_b = learned(after_a, b, condition.method)
    found = interference((before, after_a, after_b), trial(a), trial(b))
    rate = 1000 * float(run(after_a, trial(a).x).rates.mean())
    row = told(found, a.silence) | {"iterations": [took_a, took_b], "hertz": round(rate, 1)}
    if name == "memory":  # the same two networks as frozen Programs: what deployment alone does
        row["deployed"] = [loss_of(compiled(net, (a, b), 0.0, 1.0), a) / a.silence for net in (after_a, after_b)]
    return row


def told(found: Interference, silence: float) -> dict[str, Any]:
    """Numbers of a row: losses and products as shares of what silent readouts have."""
    return {
        "a": [round(value / silence, 4) for value in asdict(found.a).values()],
        "b": [round(value / silence, 4) for value in asdict(found.b).values()],
        "forgetting": round(found.forgetting / silence, 4),
        "overlap": round(found.overlap["w_rec"], 4),
        "first_order": round(found.first_order["w_rec"] / silence, 4),
        "drive": [round(value, 4) for value in found.drive],
        "subspaces": round(found.states.overlap, 4),
    }


def on_chip(seed: int, gain: float) -> dict[str, Any]:
    """The same network compiled before it learned anything; it learns A and B in the chip's integers."""
    a, b = tasks(seed, CONDITIONS["memory"])
    before = untrained(seed, gain, CONDITIONS["memory"])
    most = max(np.abs(net.w_rec).max() for net in float_nets(before, a, b))
    program = compiled(before, (a, b), RATE, 1.5 * most)
    programs, took = [program], []
    for task in (a, b):
        program, trials = learned_on_chip(programs[-1], task)
        programs.append(program)
        took.append(trials)
    losses = [Losses(*(loss_of(made, task) for made in programs)) for task in (a, b)]
    nets = [replace(before, w_rec=recurrent(made, before)) for made in programs]
    found = interference((nets[0], nets[1], nets[2]), trial(a), trial(b), losses=(losses[0], losses[1]))
    in_float = [trial(a).loss.loss(run(net, trial(a).x).y) / a.silence for net in nets[1:]]
    return told(found, a.silence) | {"trials": took, "same weights in floats": [round(v, 4) for v in in_float]}


def float_nets(net: EpropNet, a: PatternMemory, b: PatternMemory) -> Iterator[EpropNet]:
    """Before, after A and after B in floats: their largest weight is the bound that the chip gets."""
    yield net
    for task in (a, b):
        net, _ = learned(net, task, "eprop")
        yield net


def network(net: EpropNet, rate: float, bound: float) -> Network:
    """The network with e-prop on its recurrent weights; bound: of |w_rec|; rate 0: it does not learn.

    Projections carry zeta w, whose gradient is that of w / zeta: the rule's learning rate is zeta**2 that of w. Errors
    go through the readout, and so come two steps late.
    """
    dt, zeta, late, back = net.dt, net.zeta, np.asarray(2 * net.dt), net.feedback_weights
    hidden = ALIF(  # without adaptation: a LIF with a soft reset
        tau=np.asarray(net.tau_membrane),
        tau_adaptation=np.asarray(net.tau_adaptation),
        beta=np.asarray(0.0),
        threshold=np.asarray(net.threshold),
        refractory=np.asarray(net.refractory * dt),
    )
    learns = rules.eprop_lif(
        dt=dt,
        tau=net.tau_membrane,
        tau_out=net.tau_out,
        learning_rate=rate * zeta**2,
        dampening=net.dampening,
        signal_steps=2,
        bounds=(-bound * zeta, bound * zeta),
    )
    out = Population("out", (net.n_out,), LeakyIntegrator(np.asarray(dt / (1 - net.kappa))))
    own = (
        Projection("x", "hidden", (Dense(zeta * net.w_in),)),
        Projection(
            "hidden", "hidden", (others(zeta * net.w_rec),), np.asarray(dt), plasticity=learns if rate else None
        ),
        Projection("hidden", "out", (Dense(net.w_out),)),
    )
    feedback = (
        Projection("out", "hidden", (Dense(back),), late, "modulation"),
        Projection("target", "hidden", (Dense(-back),), late, "modulation"),
    )
    inputs = {"x": Input("x", (net.n_in,))} | ({"target": Input("target", (net.n_out,))} if rate else {})
    populations = {"hidden": Population("hidden", (net.n_rec,), hidden), "out": out}
    return Network(inputs, populations, own + (feedback if rate else ()), {"out": out}, dt=dt)


def others(weights: NDArray[np.float64]) -> Sparse:
    """Synapses from each neuron to all others, zero weights too: they may learn."""
    rows, columns = np.nonzero(~np.eye(len(weights), dtype=bool))
    return Sparse(sp.csr_matrix((weights[rows, columns], (rows, columns)), weights.shape))


def shown(task: PatternMemory, learns: bool) -> dict[str, NDArray[Any]]:
    """A trial as the network takes it."""
    given = {"x": trial(task).x[0].astype(float)}
    return given | ({"target": task.target} if learns else {})


def compiled(net: EpropNet, both: tuple[PatternMemory, PatternMemory], rate: float, bound: float) -> Program:
    """Eight bits, calibrated on both tasks."""
    samples = [shown(task, rate > 0) for task in both]
    batch = {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
    return nk.compile(network(net, rate, bound), calibrate=batch)


def readouts(program: Program, task: PatternMemory, learns: bool) -> tuple[NDArray[np.float64], Program]:
    """(1, steps, 2) of one trial in the network's unit, and the Program after it."""
    given, late = program.scaled(shown(task, learns)), program.latency["out"]
    rec = nk.run(program, given, STEPS + late + 2, record=(("out", "v"),))  # 2: the last errors come as late
    (report,) = (report for report in program.report if report.population == "out")
    potential = rec.states["out", "v"][None, late : late + STEPS]
    return potential / (64 * report.scale), rec.program  # currents enter v times 64


def loss_of(program: Program, task: PatternMemory) -> float:
    """Of the Program as it is; it does not learn meanwhile."""
    y, _ = readouts(program.frozen(), task, False)
    return trial(task).loss.loss(y)


def learned_on_chip(program: Program, task: PatternMemory) -> tuple[Program, int]:
    """Trial after trial, weights changing in every step, until one is good enough and so is a frozen one after it, or
    the best of MOST."""
    goal, best, least = CRITERION * task.silence, program, math.inf
    for trials in range(MOST + 1):
        y, after = readouts(program, task, True)
        loss = trial(task).loss.loss(y)
        if loss < least:
            best, least = program, loss
        if trials == MOST or (loss <= goal and loss_of(program, task) <= goal):
            break
        program = after
    return best, trials


def recurrent(program: Program, net: EpropNet) -> NDArray[np.float64]:
    """w_rec of a Program in the unit of `net`."""
    (projection,) = (p for p in program.projections if p.name == "hidden->hidden")
    return np.asarray(projection.synapses[0].weight.toarray() / projection.plasticity.report.weight_scale / net.zeta)


def read(results: Path) -> dict[str, Any]:
    """Results so far."""
    return dict(json.loads(results.read_text(encoding="utf-8"))) if results.exists() else {}


def add(results: Path, key: str, measure: Callable[[], dict[str, Any]]) -> None:
    """Measure what is not there yet."""
    if key in read(results):
        return
    row = measure()
    rows = dict(sorted((read(results) | {key: row}).items()))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in rows.items())
    with written_aside(results) as aside:
        aside.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    print(key, row, flush=True)


def rows_of(results: dict[str, Any], name: str, gain: float) -> list[dict[str, Any]]:
    """Of all seeds."""
    return [row for key, row in results.items() if key.startswith(f"{name}, gain {gain}, ")]


def statistics(results: dict[str, Any], name: str, value: Callable[[dict[str, Any]], float]) -> NDArray[np.float64]:
    """(gains, 3): gain, mean over seeds and its standard error; gains without two seeds are left out."""
    found = []
    for gain in GAINS:
        values = [value(row) for row in rows_of(results, name, gain)]
        if len(values) > 1:
            found.append((gain, np.mean(values), np.std(values, ddof=1) / math.sqrt(len(values))))
    return np.array(found).reshape(-1, 3)


def forgetting(row: dict[str, Any]) -> float:
    """As a share of a silent readout's loss."""
    return float(row["forgetting"])


def table(results: dict[str, Any]) -> str:
    """Markdown: forgetting, mean and standard error over seeds, by condition and gain."""
    lines = ["| forgetting at recurrent gain | " + " | ".join(f"{gain:g}" for gain in GAINS) + " |"]
    lines.append("|---|" + "---|" * len(GAINS))
    for name in (*CONDITIONS, "chip"):
        found = {gain: f"{mean:.2f} ± {error:.2f}" for gain, mean, error in statistics(results, name, forgetting)}
        seeds = max((len(rows_of(results, name, gain)) for gain in GAINS), default=0)
        title = {"chip": "memory, on the chip"}.get(name, f"{name}, in floats")
        if not seeds:
            continue
        lines.append(f"| {title} ({seeds} networks) | " + " | ".join(found.get(gain, "") for gain in GAINS) + " |")
    return "\n".join(lines) + "\n"


def rewritten(page: str, results: dict[str, Any]) -> str:
    """docs/eprop.md with the table of `results`."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table(results)}{END}{after}"


def draw(results: dict[str, Any]) -> None:
    """Forgetting over the recurrent gain, and where it comes from."""
    from matplotlib.figure import Figure  # only this verb draws

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    named = {"memory": "memory, e-prop in floats", "chip": "memory, e-prop on the chip"}
    for number, name in enumerate(("memory", "chip", "backpropagation", "input stays on", "refractory")):
        label = named.get(name, {"backpropagation": "memory, backpropagation"}.get(name, name))
        found, style = statistics(results, name, forgetting), "o-" if name in named else "o--"
        if len(found):
            left.errorbar(*found.T, fmt=style, color=f"C{number}", capsize=3, label=label)
    left.set(xlabel="initial recurrent gain", ylabel="forgetting (1: loss of a silent readout)", ylim=(0, None))
    left.set_title("What B costs A (mean, standard error)")
    left.legend(fontsize="small")
    parts = {
        "float: A after A": ("memory", lambda row: row["a"][1]),
        "float, deployed frozen: A after A": ("memory", lambda row: row["deployed"][0]),
        "learned on the chip: A after A": ("chip", lambda row: row["a"][1]),
        "float: A after B": ("memory", lambda row: row["a"][2]),
        "float, deployed frozen: A after B": ("memory", lambda row: row["deployed"][1]),
        "learned on the chip: A after B": ("chip", lambda row: row["a"][2]),
    }
    for number, (label, (name, value)) in enumerate(parts.items()):
        found = statistics(results, name, value)
        if len(found):
            shift = 0.03 * (number % 3 - 1)
            style = ("o:", "s-")[number // 3]
            right.errorbar(
                found[:, 0] + shift, found[:, 1], found[:, 2], fmt=style, color=f"C{number % 3}", label=label
            )
    right.set(xlabel="initial recurrent gain", ylabel="loss of A (1: silent readout)", ylim=(0, None))
    right.set_title("Deployment costs little, learning B costs much")
    right.legend(fontsize="small")
    PICTURE.parent.mkdir(exist_ok=True)
    with written_aside(PICTURE) as aside:
        figure.savefig(aside, format="png", dpi=100)


def main() -> None:
    """Measure, or draw and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("float", "chip", "picture"))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--gains", type=float, nargs="+", default=list(GAINS))
    parser.add_argument("--results", type=Path, default=RESULTS, help="where they are kept (JSON)")
    options = parser.parse_args()
    if options.what == "picture":
        results = read(options.results)
        draw(results)
        page = PAGE.read_text(encoding="utf-8")
        with written_aside(PAGE) as aside:
            aside.write_text(rewritten(page, results), encoding="utf-8")
        return
    for seed in options.seeds:
        for gain in options.gains:
            if options.what == "chip":
                add(options.results, f"chip, gain {gain}, seed {seed}", partial(on_chip, seed, gain))
            for name in CONDITIONS if options.what == "float" else ():
                add(options.results, f"{name}, gain {gain}, seed {seed}", partial(in_floats, seed, gain, name))


if __name__ == "__main__":
    main()
