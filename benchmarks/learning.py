"""Learning beside Lava: `python -m benchmarks.learning` prints CPU seconds per step of both, in turns, and their ratio.

Lava's side are its own models, LearningDense with the fixed-point model among them, driven in one process ("lava-
inprocess"), which takes less than its processes do. Both sides run the same Program; a long run less a short one, over
the steps between, so that start and compilation do not count. Lava runs in a child with a time limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

import neurokit as nk
from benchmarks.children import run_child
from benchmarks.results import ROOT
from neurokit.errors import RailWarning
from neurokit.graph.fixed_plasticity import FixedFactor, FixedRule, FixedSignal, FixedTrace, Product
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Dense, Injection, Sparse
from neurokit.learn.btsp import place
from neurokit.learn.btsp.track import Plateau, Track, laps
from neurokit.learn.eprop.on_chip import OnChip, learning_network
from neurokit.learn.tasks.networks import pattern_network
from neurokit.learn.tasks.pattern import PatternGeneration

LIMIT_SECONDS = 300.0
SHORT = 20  # steps of the short run
RATE = 0.1  # of sources, and of targets in `stdp`


@dataclass(frozen=True, eq=False)
class Learning:
    """A Program that learns, its input for some steps, and the steps timed here and in Lava."""

    title: str
    program: Program
    draw: Callable[[int], dict[str, NDArray[Any]]]
    fast: int
    slow: int


def stdp() -> Learning:
    """Pair STDP on dense 1000x1000, 10 % of the sources and of the targets spike in a step."""
    size = 1000
    rule = FixedRule(
        "stdp",
        (Product(1, -4, "y0", (FixedFactor("x1"),)), Product(-1, -4, "x0", (FixedFactor("y1"),))),
        traces={"x1": FixedTrace(30, 20), "y1": FixedTrace(30, 20)},
    )
    weights = np.random.default_rng(0).integers(-200, 200, (size, size))
    drive = Sparse(sp.identity(size, dtype=np.int32, format="csr") * 100, exponent=6)  # makes the targets fire
    program = _program(
        {"in": size, "drive": size},
        Population("out", (size,), LoihiLIF(np.array(4095), np.array(4095), np.array(200_000))),
        [Projection("in", "out", (Dense(weights, exponent=-8),), np.array(1), plasticity=rule)],
        [Projection("drive", "out", (drive,), np.array(1))],
    )
    return Learning("STDP, dense 1000×1000, 10 % active", program, _spikes(program, {}), 2000, 40)


def eprop() -> Learning:
    """e-prop of LIF neurons on dense 256x256: every tag and weight is evaluated in every step."""
    size = 256
    rule = FixedRule(
        "e-prop",
        (Product(1, -7, "u", (FixedFactor("t"), FixedFactor("y2"))),),
        (
            Product(1, -5, "u", (FixedFactor("x1"), FixedFactor("y1"))),
            Product(-1, -4, "x0", (FixedFactor("y1"),)),
            Product(-6, -7, "u", (FixedFactor("t"),)),
        ),
        traces={"x1": FixedTrace(16, 20)},
        signals={
            "y1": FixedSignal("pseudo_derivative", {"dampening": 0.3, "scale": 100.0}),
            "y2": FixedSignal("modulation", {"scale": 1.0}),
        },
    )
    weights = np.random.default_rng(0).integers(-60, 90, (size, size))
    program = _program(
        {"in": size, "signal": size},
        Population("out", (size,), LoihiLIF(np.array(4095), np.array(200), np.array(6400))),
        [Projection("in", "out", (Dense(weights, exponent=-3),), np.array(1), plasticity=rule)],
        [Projection("signal", "out", (Injection(),), np.array(0), "modulation")],
    )
    return Learning("e-prop, LIF, dense 256×256", program, _spikes(program, {"signal": 60}), 4000, 150)


def eprop_network() -> Learning:
    """A whole recurrent network that learns by e-prop, of the pattern generation, with a readout and its feedback."""
    task = PatternGeneration(0)
    given = {"x": task.trials(np.random.default_rng(0), 1).x, "target": task.target[None]}
    options = OnChip(learning_rate=5e-4, bound=0.5, readout_bound=1.0)
    program = nk.compile(learning_network(pattern_network(0), options), calibrate=given, window=task.steps)
    scaled = program.scaled(given)

    def draw(steps: int) -> dict[str, NDArray[Any]]:
        times = -(-steps // task.steps)
        return {name: np.tile(values, (1, times, 1))[:, :steps] for name, values in scaled.items()}

    return Learning("e-prop network, 100+100 LIF, 1 readout", program, draw, 20_000, 150)


def btsp() -> Learning:
    """Place fields by plateaus: 100 place cells on 100 neurons, a plateau in each neuron in every other lap."""
    track, count = Track(), 100
    events = [Plateau(k, lap, k * track.length / count) for lap in (1, 3, 5) for k in range(count)]
    seen = laps(track, 7, count, events)
    given = place.inputs_of(seen, 0)
    rule = place.rule_of(track, place.Kinetics(), place.FITTED)
    program = nk.compile(place.network(track, rule, np.zeros((count, track.cells))), calibrate=given)
    scaled = program.scaled(given)

    def draw(steps: int) -> dict[str, NDArray[Any]]:
        times = -(-steps // len(seen.position))
        return {name: np.tile(values, (1, times, 1))[:, :steps] for name, values in scaled.items()}

    return Learning("BTSP place fields, dense 100×100", program, draw, 20_000, 400)


WORKLOADS: dict[str, Callable[[], Learning]] = {
    "stdp": stdp,
    "e-prop": eprop,
    "e-prop network": eprop_network,
    "btsp": btsp,
}


def _program(sizes: dict[str, int], out: Population, learning: list[Projection], fixed: list[Projection]) -> Program:
    inputs = {name: Input(name, (size,)) for name, size in sizes.items()}
    return Program(inputs, {"out": out}, (*learning, *fixed), {"out": out}, latency={"out": 1})


def _spikes(program: Program, graded: dict[str, int]) -> Callable[[int], dict[str, NDArray[Any]]]:
    """Spikes of RATE, or whole numbers up to a size either way."""

    def draw(steps: int) -> dict[str, NDArray[Any]]:
        rng = np.random.default_rng(1)
        shapes = {name: (1, steps, *node.shape) for name, node in program.inputs.items()}
        return {
            name: rng.integers(-graded[name], graded[name] + 1, shape, np.int32)
            if name in graded
            else (rng.random(shape) < RATE).astype(np.uint8)
            for name, shape in shapes.items()
        }

    return draw


def measure(work: Learning, steps: int, backend: str) -> float:
    """CPU seconds per step."""
    _run(work, SHORT, backend)
    return (_run(work, SHORT + steps, backend) - _run(work, SHORT, backend)) / steps


def _run(work: Learning, steps: int, backend: str) -> float:
    x = work.draw(steps)
    threads = {"threads": 1} if backend == "simulator" else {}
    started = time.process_time()
    nk.run(work.program, x, backend=backend, **threads)
    return time.process_time() - started


def main() -> None:
    """Both sides of every workload."""
    warnings.simplefilter("ignore", RailWarning)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=tuple(WORKLOADS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--lava", help="only this workload, in Lava; for the child process")
    arguments = parser.parse_args()
    if arguments.lava:
        work = WORKLOADS[arguments.lava]()
        print(json.dumps({"seconds_per_step": measure(work, work.slow, "lava-inprocess")}))
        return
    for name in [arguments.only] if arguments.only else WORKLOADS:
        work = WORKLOADS[name]()
        _run(work, work.fast, "simulator")  # compiles the kernels
        ours, theirs = [], []
        for _ in range(arguments.repeats):
            ours.append(measure(work, work.fast, "simulator"))
            outcome = run_child([sys.executable, "-m", "benchmarks.learning", "--lava", name], LIMIT_SECONDS, ROOT)
            if outcome.reason:
                print(f"{work.title}: Lava {outcome.reason}", file=sys.stderr)
            else:
                theirs.append(float(json.loads(outcome.line)["seconds_per_step"]))
        here = float(np.median(ours))
        there = float(np.median(theirs)) if theirs else float("nan")
        print(f"{work.title}: {1e6 * here:.0f} µs a step, Lava {1e6 * there:.0f} µs: {there / here:.0f} ×", flush=True)


if __name__ == "__main__":
    main()
