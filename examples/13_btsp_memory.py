"""A memory that learns each pattern in one shot by plateaus (binary stochastic BTSP, Wu & Maass 2025).

    python examples/13_btsp_memory.py [--seeds 5] [--full] [--lava] [--out build/btsp]

Part one, in a tenth of the paper's size (2,500 inputs, 3,900 neurons): 2,000 random patterns are stored once each; then
each is shown with 33 % of its active inputs silent. Which of the 2,000 traces is nearest to what is recalled? Beside it
two controls: a fixed random projection whose strongest neurons win, and a Hopfield net.
--full: the paper's size (25,000 x 39,000, synapses packed to 244 MB), up to 30,000 patterns, for the capacity curve.
Part two: a small memory as a network whose synapses learn by the rule `nk.rules.btsp_binary` in the chip's integers, in
the simulator and with --lava on Lava.

Result (5 seeds, after 2,000 patterns): 98.6 ± 0.4 % of the cues are identified, at a Hamming distance of 1.5 to their
own trace and 20 to others; patterns of one size 100 %, at 0.6. The small memory learns in integers, in the simulator
and on Lava, just what the definition says.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import neurokit as nk
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LIF
from neurokit.graph.synapses import Dense
from neurokit.learn.btsp import memory
from neurokit.learn.btsp.memory import TENTH, MemorySetting, Recall, judged

MASK, THRESHOLD = 0.33, 13  # of 50 active inputs 30 have a synapse; others' drive stays below 13
STORED = (100, 300, 1_000, 2_000)
FULL_STORED, FULL_THRESHOLD = (1_000, 3_000, 10_000, 20_000, 30_000), 35
WINNERS = (10, 100)  # neurons that win in the control: as many as a trace has, and ten times as many
SMALL = MemorySetting(64, 48, active=0.15, plateaus=0.2, connectivity=1.0)
DT = 1e-3


def ours(seed: int, equal: bool) -> list[Recall]:
    """Recall of our memory after each of STORED."""
    return memory.capacity(TENTH, STORED, MASK, THRESHOLD, 1_000 * seed, cues=STORED[-1], equal=equal)


def controls(seed: int) -> dict[str, Recall]:
    """The same patterns and cues through what does not learn at plateaus."""
    items = memory.patterns(TENTH, STORED[-1], 1_000 * seed + 1)
    cues = memory.masked(items, MASK, 1_000 * seed + 1_000)
    weights = np.random.default_rng(seed).standard_normal((TENTH.neurons, TENTH.inputs)).astype(np.float32)
    found = {}
    for count in WINNERS:
        traces, recalled = (memory.winners(weights, x, TENTH.inputs, count) for x in (items, cues))
        found[f"random projection, {count} win"] = judged(traces, recalled)
    traces, recalled = (memory.hopfield(items, x, TENTH.inputs) for x in (items, cues))
    found["Hopfield net, its own trace"] = judged(traces, recalled)
    return found


def network(setting: MemorySetting, threshold: float) -> Network:
    """Neurons that forget everything after a step, whose weak synapses learn at plateaus."""
    neuron = LIF(tau=np.asarray(DT), threshold=np.asarray(threshold))
    ca1 = Population("ca1", (setting.neurons,), neuron)
    path = Projection("ca3", "ca1", (Dense(np.zeros((setting.neurons, setting.inputs))),))
    inputs, own = {"ca3": Input("ca3", (setting.inputs,))}, {"ca1": ca1}
    net = Network(inputs=inputs, populations=own, outputs=own, projections=(path,), dt=DT)
    return net.with_plasticity(path.name, nk.rules.btsp_binary(), modulation="plateau")


def shown(setting: MemorySetting, items: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Patterns (items, inputs) and their plateaus (items, neurons): 1 raises, -1 lowers, 0 none."""
    packed = memory.patterns(setting, items, seed)
    rng, rate = np.random.default_rng(seed + 1), setting.plateaus / 2
    events = rng.choice([-1.0, 0.0, 1.0], (items, setting.neurons), p=[rate, 1 - 2 * rate, rate])
    return np.unpackbits(packed, axis=1)[:, : setting.inputs], events


def on_chip(setting: MemorySetting, items: int, seed: int, backend: str) -> tuple[int, int]:
    """(synapses that differ from the definition, synapses) after `items` patterns were learned in integers.

    On the chip a synapse knows of its source's spike a step before it arrives (program.report), so a pattern comes a
    step after its plateau.
    """
    x, events = shown(setting, items, seed)
    spikes, plateaus = np.zeros((3 * items, setting.inputs), np.uint8), np.zeros((3 * items, setting.neurons))
    spikes[2::3], plateaus[1::3] = x, events
    inputs: dict[str, NDArray[Any]] = {"ca3": spikes, "plateau": plateaus}
    program = nk.compile(network(setting, 4.5), calibrate=inputs)
    rec = nk.run(program, program.scaled(inputs), steps=len(spikes) + 2, backend=backend)
    found = next(p for p in rec.program.projections if p.name == "ca3->ca1").synapse.weight
    expected = np.zeros(found.shape, bool)
    for pattern, event in zip(x, events, strict=True):
        expected[np.ix_(event > 0, pattern > 0)] = True
        expected[np.ix_(event < 0, pattern > 0)] = False
    return int(((found > 127) != expected).sum()), found.size


def picture(curves: dict[str, tuple[tuple[int, ...], list[Recall]]], path: Path) -> None:
    """Capacity curves: identification and distances over the number of stored patterns."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (name, (counts, found)), colour in zip(curves.items(), ("#1f5fa8", "#c2571a"), strict=False):
        left.plot(counts, [100 * r.identified for r in found], "o-", color=colour, label=name)
        right.plot(counts, [r.own for r in found], "o-", color=colour, label=f"{name}: its own")
        right.plot(counts, [r.others for r in found], "o:", color=colour, label=f"{name}: others")
    left.set(xlabel="patterns stored, once each", ylabel="cues identified (%)", xscale="log", ylim=(0, 103))
    right.set(xlabel="patterns stored, once each", ylabel="Hamming distance to the trace", xscale="log", ylim=(0, None))
    for axes in (left, right):
        axes.legend(fontsize="small", frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("One-shot memory, 33 % of each cue's active inputs silent")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def told(name: str, found: list[Recall]) -> None:
    """A line: mean and standard deviation over seeds."""
    identified, own = (np.array([getattr(r, key) for r in found]) for key in ("identified", "own"))
    others, active = (np.mean([getattr(r, key) for r in found]) for key in ("others", "active"))
    print(
        f"{name:42} identified {100 * identified.mean():5.1f} ± {100 * identified.std():.1f} %, "
        f"distance {own.mean():5.2f} ± {own.std():.2f} to its own trace of {active:.0f}, {others:.1f} to others"
    )


def main() -> None:
    """Both parts; figures as JSON and the picture go to --out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--full", action="store_true", help="also the paper's size: 0.5 GB, some minutes")
    parser.add_argument("--lava", action="store_true", help="learn on Lava, too")
    parser.add_argument("--out", type=Path, default=Path("build/btsp"))
    arguments = parser.parse_args()
    results: dict[str, list[dict[str, float]]] = {}
    curves: dict[str, tuple[tuple[int, ...], list[Recall]]] = {}
    for equal, name in ((False, "patterns of any size"), (True, "patterns of one size")):
        runs = [ours(seed, equal) for seed in range(arguments.seeds)]
        for count, found in zip(STORED, zip(*runs, strict=True), strict=True):
            told(f"BTSP, {count:,} {name}", list(found))
            results[f"{name}, {count}"] = [asdict(r) for r in found]
        if not equal:
            curves["a tenth of the size"] = (STORED, runs[0])
    found_controls = [controls(seed) for seed in range(arguments.seeds)]
    for name in found_controls[0]:
        told(name, [found[name] for found in found_controls])
        results[name] = [asdict(found[name]) for found in found_controls]
    if arguments.full:
        curves["the paper's size"] = (FULL_STORED, full())
        results["full"] = [asdict(r) for r in curves["the paper's size"][1]]
    arguments.out.mkdir(parents=True, exist_ok=True)
    picture(curves, arguments.out / "memory.png")
    (arguments.out / "memory.json").write_text(json.dumps(results, indent=1) + "\n")
    for backend in ("simulator", *(["lava"] if arguments.lava else [])):
        wrong, synapses = on_chip(SMALL, 12, 3, backend)
        print(f"learned in integers by {backend}: {wrong} of {synapses:,} synapses differ")


def full() -> list[Recall]:
    """The capacity curve of the paper's size."""

    def tell(count: int, found: Recall) -> None:
        told(f"paper's size, {count:,} patterns", [found])

    return memory.capacity(MemorySetting(), FULL_STORED, MASK, FULL_THRESHOLD, 0, cues=100, among=500, tell=tell)


if __name__ == "__main__":
    main()
