"""Two memories learned one after the other: what the second one costs the first, in floats and on the chip.

    python examples/12_eprop_interference.py float [--seeds 0 1 2]                # seconds a network
    python examples/12_eprop_interference.py float --seeds 10 11 --conditions memory
    python examples/12_eprop_interference.py chip --seeds 10 11 --gains 0 1 2     # half a minute a network
    python examples/12_eprop_interference.py online --seeds 10 11 --gains 0 2     # floats, learned as on the chip
    python examples/12_eprop_interference.py picture                              # and the table of docs/eprop.md

100 LIF neurons learn by e-prop, in their recurrent weights only, to keep the first of two patterns that a cue calls up
(task A), then the second (task B). The tasks share no input and no readout. Each is learned until its loss is a tenth
of what silent readouts have. Initial recurrent weights are random, each neuron's sum to zero, times the recurrent gain.

The setting was chosen on seeds 0 to 9 (docs/eprop.md says how); 10 to 19 are networks that had no part in that.
What is done is not done again: results are added to docs/eprop_interference.json, and docs/eprop.md tells of them.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.converters.eprop import eprop_net_of, network_of
from neurokit.converters.eprop_net import EpropNet
from neurokit.files import between_marks, written_aside
from neurokit.graph.network import Program
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.gradients import bptt_gradients, eprop_gradients
from neurokit.learn.eprop.on_chip import OnChip, learning_network
from neurokit.learn.eprop.online import learn_online
from neurokit.learn.sequential import Interference, Losses, interference
from neurokit.learn.tasks.memory import PatternMemory
from neurokit.learn.tasks.networks import pattern_network
from neurokit.learn.tasks.trials import Trials

DOCS = Path(__file__).resolve().parents[1] / "docs"
RESULTS, PICTURE = DOCS / "eprop_interference.json", DOCS / "images" / "eprop_interference.png"
PAGE, BEGIN, END = DOCS / "eprop.md", "<!-- interference -->\n", "<!-- end of interference -->\n"
INPUTS, NEURONS, STEPS, CUE = 40, 100, 500, 200
GAINS = 0.0, 0.5, 1.0, 1.5, 2.0
SEEDS, FRESH = range(10), range(10, 20)  # networks that the setting was chosen on, and others
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
        row["deployed"] = [loss_of(frozen(net, (a, b)), a) / a.silence for net in (after_a, after_b)]
    return row


def online_in_floats(seed: int, gain: float) -> dict[str, Any]:
    """In floats, but learned as on the chip: weights change in every step, at the same rate, until a trial is good
    enough and so is the network as it then is.
    """
    both = tasks(seed, CONDITIONS["memory"])
    nets, took = [untrained(seed, gain, CONDITIONS["memory"])], []
    for task in both:
        net, trials = learned_online(nets[-1], task)
        nets.append(net)
        took.append(trials)
    found = interference((nets[0], nets[1], nets[2]), trial(both[0]), trial(both[1]))
    return told(found, both[0].silence) | {"trials": took}


def learned_online(net: EpropNet, task: PatternMemory) -> tuple[EpropNet, int]:
    """The network after as many trials as it took, or the best of MOST by the loss in the trial; and how many."""
    shown, goal = trial(task), CRITERION * task.silence
    best, least = net, math.inf
    for trials in range(1, MOST + 1):
        done = learn_online(net, shown.x[0], lambda t, y: y - task.target[t], rate=RATE, learns=("w_rec",))
        net, loss = done.net, shown.loss.loss(done.y[None])
        if loss < least:
            best, least = net, loss
        if loss <= goal and shown.loss.loss(run(net, shown.x).y) <= goal:
            return net, trials
    return best, MOST


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
    most = max(float(np.abs(net.w_rec).max()) for net in float_nets(before, a, b))
    network = learning_network(before, OnChip(RATE, learns=("w_rec",), bound=1.5 * most))
    samples = [given(task) for task in (a, b)]
    batch = {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
    programs, took = [nk.compile(network, calibrate=batch, window=STEPS)], []
    for task in (a, b):
        program, trials = learned_on_chip(programs[-1], task)
        programs.append(program)
        took.append(trials)
    losses = [Losses(*(loss_of(made, task) for made in programs)) for task in (a, b)]
    nets = [eprop_net_of(nk.to_network(made, network), before) for made in programs]
    found = interference((nets[0], nets[1], nets[2]), trial(a), trial(b), losses=(losses[0], losses[1]))
    in_float = [trial(a).loss.loss(run(net, trial(a).x).y) / a.silence for net in nets[1:]]
    return told(found, a.silence) | {"trials": took, "same weights in floats": [round(v, 4) for v in in_float]}


def float_nets(net: EpropNet, a: PatternMemory, b: PatternMemory) -> Iterator[EpropNet]:
    """Before, after A and after B in floats: their largest weight is the bound that the chip gets."""
    yield net
    for task in (a, b):
        net, _ = learned(net, task, "eprop")
        yield net


def given(task: PatternMemory) -> dict[str, NDArray[Any]]:
    """A trial as the learning network takes it."""
    return {"x": trial(task).x[0], "target": task.target}


def frozen(net: EpropNet, both: tuple[PatternMemory, PatternMemory]) -> Program:
    """Eight bits, calibrated on both tasks; it does not learn."""
    return nk.compile(network_of(net), calibrate={"x": np.stack([trial(task).x[0] for task in both])})


def unit(program: Program) -> float:
    """Of the readouts' potentials; currents enter them times 64."""
    return 64 * next(row.scale for row in program.report if row.population == "out")


def loss_of(program: Program, task: PatternMemory) -> float:
    """Of the Program as it is; it does not learn meanwhile."""
    still, late = program.frozen(), program.latency["out"]
    potential = nk.run(still, {"x": trial(task).x[0]}, STEPS + late, record=(("out", "v"),)).states["out", "v"]
    return trial(task).loss.loss(potential[None, late:] / unit(program))


def learned_on_chip(program: Program, task: PatternMemory) -> tuple[Program, int]:
    """Trial after trial, weights changing in every step, until one is good enough and so is the network as it then is,
    or the best of MOST by the loss in the trial that led there; and how many."""
    x, late, goal = program.scaled(given(task)), program.latency["out"], CRITERION * task.silence
    rolled = {name: np.roll(values, -late, axis=0) for name, values in x.items()}
    best, least = program, math.inf
    with nk.open(program) as session:
        session.step({name: values[:late] for name, values in x.items()})  # from here on a trial is a call
        for trials in range(1, MOST + 1):
            session.step(rolled)
            loss = trial(task).loss.loss(np.asarray(session.states["out", "v"], np.float64)[None] / unit(program))
            if loss < least:
                best, least = session.program, loss
            if loss <= goal and loss_of(session.program, task) <= goal:
                return session.program, trials
    return best, MOST


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


def rows_of(results: dict[str, Any], name: str, gain: float, seeds: Collection[int]) -> list[dict[str, Any]]:
    """Of those seeds that are there."""
    keys = [f"{name}, gain {gain}, seed {seed}" for seed in seeds]
    return [results[key] for key in keys if key in results]


def statistics(
    results: dict[str, Any], name: str, value: Callable[[dict[str, Any]], float | None], seeds: Collection[int]
) -> NDArray[np.float64]:
    """(gains, 3): gain, mean over seeds, standard error; None is left out, and gains without two seeds."""
    means = []
    for gain in GAINS:
        values = [found for row in rows_of(results, name, gain, seeds) if (found := value(row)) is not None]
        if len(values) > 1:
            means.append((gain, np.mean(values), np.std(values, ddof=1) / math.sqrt(len(values))))
    return np.array(means).reshape(-1, 3)


def on_the_chip(results: dict[str, Any]) -> list[int]:
    """Seeds of the networks that learned there."""
    return [seed for seed in (*SEEDS, *FRESH) if any(f"chip, gain {gain}, seed {seed}" in results for gain in GAINS)]


def forgetting(row: dict[str, Any]) -> float:
    """As a share of a silent readout's loss."""
    return float(row["forgetting"])


def table(results: dict[str, Any]) -> str:
    """Markdown: forgetting, mean and standard error over seeds, by condition and gain."""
    chip = on_the_chip(results)
    rows: list[tuple[str, str, Collection[int]]] = [
        ("memory, fresh networks, in floats", "memory", FRESH),
        ("memory, networks of the search, in floats", "memory", SEEDS),
        *((f"{name}, in floats", name, SEEDS) for name in CONDITIONS if name != "memory"),
        ("memory, on the chip", "chip", chip),
        ("memory, the chip's networks, in floats", "memory", chip),
        ("memory, in floats, weights changing in every step", "online", FRESH),
    ]
    lines = ["| forgetting at recurrent gain | " + " | ".join(f"{gain:g}" for gain in GAINS) + " |"]
    lines.append("|---|" + "---|" * len(GAINS))
    for title, name, seeds in rows:
        found = {
            gain: f"{mean:.2f} ± {error:.2f}" for gain, mean, error in statistics(results, name, forgetting, seeds)
        }
        most = max(len(rows_of(results, name, gain, seeds)) for gain in GAINS)
        if found:
            lines.append(f"| {title} ({most} networks) | " + " | ".join(found.get(gain, "") for gain in GAINS) + " |")
    return "\n".join(lines) + "\n"


def rewritten(page: str, results: dict[str, Any]) -> str:
    """docs/eprop.md with the table of `results`."""
    return between_marks(page, BEGIN, END, table(results))


def draw(results: dict[str, Any]) -> None:
    """Forgetting over the recurrent gain, and where it comes from."""
    from matplotlib.figure import Figure  # only this verb draws

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    chip = on_the_chip(results)
    lines: list[tuple[str, str, Collection[int], str]] = [
        ("memory, fresh networks", "memory", FRESH, "o-"),
        ("memory, networks of the search", "memory", SEEDS, "o--"),
        ("memory, on the chip", "chip", chip, "s-"),
        ("memory, backpropagation", "backpropagation", SEEDS, "o--"),
        ("input stays on", "input stays on", SEEDS, "o--"),
        ("refractory", "refractory", SEEDS, "o--"),
    ]
    for number, (label, name, seeds, style) in enumerate(lines):
        found = statistics(results, name, forgetting, seeds)
        if len(found):
            left.errorbar(*found.T, fmt=style, color=f"C{number}", capsize=3, label=label)
    left.set(xlabel="initial recurrent gain", ylabel="forgetting (1: loss of a silent readout)", ylim=(0, 3))
    left.set_title("What B costs A (mean, standard error)")
    left.legend(fontsize="small", loc="upper center", ncols=2)
    parts: dict[str, tuple[str, Callable[[dict[str, Any]], float | None]]] = {
        "float: A after A": ("memory", lambda row: row["a"][1] if "deployed" in row else None),
        "float, deployed frozen: A after A": ("memory", lambda row: row.get("deployed", [None])[0]),
        "learned on the chip: A after A": ("chip", lambda row: row["a"][1]),
        "float: A after B": ("memory", lambda row: row["a"][2] if "deployed" in row else None),
        "float, deployed frozen: A after B": ("memory", lambda row: row.get("deployed", [None, None])[1]),
        "learned on the chip: A after B": ("chip", lambda row: row["a"][2]),
    }
    for number, (label, (name, value)) in enumerate(parts.items()):
        found = statistics(results, name, value, (*SEEDS, *FRESH))
        if len(found):
            shift = 0.03 * (number % 3 - 1)
            style = ("o:", "s-")[number // 3]
            right.errorbar(
                found[:, 0] + shift, found[:, 1], found[:, 2], fmt=style, color=f"C{number % 3}", label=label
            )
    right.set(xlabel="initial recurrent gain", ylabel="loss of A (1: silent readout)", ylim=(0, 3))
    right.set_title("Deployment costs little, learning B costs much")
    right.legend(fontsize="small", loc="upper center", ncols=2)
    PICTURE.parent.mkdir(exist_ok=True)
    with written_aside(PICTURE) as aside:
        figure.savefig(aside, format="png", dpi=100)


def main() -> None:
    """Measure, or draw and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("float", "online", "chip", "picture"))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--gains", type=float, nargs="+", default=list(GAINS))
    parser.add_argument("--conditions", nargs="+", default=list(CONDITIONS), choices=CONDITIONS, help="in floats")
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
            if options.what == "online":
                measure = partial(online_in_floats, seed, gain)
                add(options.results, f"online, gain {gain}, seed {seed}", measure)
            for name in options.conditions if options.what == "float" else ():
                add(options.results, f"{name}, gain {gain}, seed {seed}", partial(in_floats, seed, gain, name))


if __name__ == "__main__":
    main()
