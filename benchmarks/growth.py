"""How time and memory grow: with synaptic events, with the fan-out of neurons that are silent, with the network.

Time is CPU time of the engine per step, one thread, the fastest of several runs. Memory is the largest that Python
allocates during `nk.run` (tracemalloc, in a child) beyond what was there before and what the Recording holds, against
weights of one byte a synapse and 8 bytes of state (u, v) a neuron.
"""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

import neurokit as nk
from benchmarks.children import run_child
from benchmarks.results import ROOT
from benchmarks.simulator import time_simulator
from benchmarks.workloads import Workload, feed_forward, noise
from neurokit.graph.synapses import Conv2d, Dense, Sparse, Synapse
from neurokit.profiling.count import count

ACTIVITIES = (0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
SILENT_FAN_OUTS = (0, 50, 100, 200, 400, 800)
SIZES = (("dense", 1000), ("dense", 2000), ("dense", 4000), ("conv", 64), ("conv", 256))
FIT_ASKED = 0.98
FLAT_ASKED = 1.15  # largest over smallest
LINE_POINTS = 3
MEMORY_ASKED = 1.3
LIMIT_SECONDS = 100.0


def measure_growth(repeats: int, smoke: bool = False) -> dict[str, Any]:
    """All curves and their fits."""
    activities = ACTIVITIES[::6] if smoke else ACTIVITIES
    rng = np.random.default_rng(5)
    mask = rng.random((2000, 2000)) < 0.05
    kinds: dict[str, tuple[Synapse, tuple[int, ...], tuple[int, ...], int]] = {
        "dense 1000×1000": (Dense(rng.integers(-128, 128, (1000, 1000))), (1000,), (1000,), 2000),
        "sparse 2000×2000, 5 %": (
            Sparse(sp.csr_matrix(mask * rng.integers(1, 128, mask.shape))),
            (2000,),
            (2000,),
            400,
        ),
        "conv 32×32×16→16 3×3": (
            Conv2d(rng.integers(-128, 128, (16, 16, 3, 3)), padding=(1, 1)),
            (16, 32, 32),
            (16, 32, 32),
            200,
        ),
    }
    curves = []
    for name, (synapse, source, target, steps) in kinds.items():
        print(f"growth: {name}", file=sys.stderr, flush=True)
        program = feed_forward(source, [("out", target, 130_000, synapse)])
        works = [_work(program, noise((1, *source), rate), 10 if smoke else steps) for rate in activities]
        points = _timed(works, repeats)
        curves.append(
            {"name": name, "activities": list(activities), **points, **fit(points["operations"], points["us"])}
        )
    sizes = SIZES[:2] if smoke else SIZES
    return {
        "curves": curves,
        "silent": _silent(repeats, 20 if smoke else 1000),
        "memory": [_memory(kind, size) for kind, size in sizes],
        "fit_asked": FIT_ASKED,
        "flat_asked": FLAT_ASKED,
        "memory_asked": MEMORY_ASKED,
    }


def fit(operations: Sequence[float], microseconds: Sequence[float]) -> dict[str, Any]:
    """A line, and from some point on possibly a constant: where a matrix product, indifferent to events, took over.

    All is a constant if no two times differ by more than FLAT_ASKED; else the place for the change is the one with the
    least squared error, and the end unless that halves the error. Fewer than three points make no line. r2 is the
    line's, flat the largest over the smallest time of the constant part, both None without one.
    """
    x, y = np.asarray(operations, float), np.asarray(microseconds, float)
    cut = 0 if y.max() <= FLAT_ASKED * y.min() else _change(x, y)
    found: dict[str, Any] = {"slope_ns": None, "base_us": None, "r2": None, "linear_points": cut}
    if cut >= LINE_POINTS:
        slope, base, error = _line(x[:cut], y[:cut])
        spread = float(np.square(y[:cut] - y[:cut].mean()).sum())
        found |= {"slope_ns": 1e3 * slope, "base_us": base, "r2": 1 - error / spread}
    return {**found, "flat": float(y[cut:].max() / y[cut:].min()) if cut < len(x) else None}


def _change(x: NDArray[np.float64], y: NDArray[np.float64]) -> int:
    """Points before the change from a line to a constant."""

    def error(cut: int) -> float:
        line = _line(x[:cut], y[:cut])[2] if cut >= LINE_POINTS else 0.0
        return line + float(np.square(y[cut:] - y[cut:].mean()).sum() if cut < len(x) else 0.0)

    best = min(range(1, len(x) - 1), key=error, default=len(x))
    return best if error(best) < 0.5 * error(len(x)) else len(x)


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float]:
    """Slope, intercept, squared error."""
    slope, base = np.polyfit(x, y, 1)
    return float(slope), float(base), float(np.square(y - slope * x - base).sum())


def _work(program: nk.Program, draw: Any, steps: int) -> Workload:
    return Workload("growth", "growth", program, draw, steps, 0, 0)


def _timed(works: Sequence[Workload], repeats: int) -> dict[str, list[float]]:
    """Synaptic operations and microseconds per step of each, all in turns `repeats` times."""
    operations, best = [], [float("inf")] * len(works)
    for work in works:
        _, recording = time_simulator(work)
        operations.append(count(recording).synaptic_operations / recording.steps)
    for _ in range(max(3, repeats)):
        for k, work in enumerate(works):
            best[k] = min(best[k], 1e6 * time_simulator(work)[0].engine)
    return {"operations": operations, "us": best}


def _silent(repeats: int, steps: int) -> dict[str, Any]:
    """2000 sources, 100 of them active with 100 synapses each; the silent ones have more and more."""
    rng = np.random.default_rng(6)
    active = np.zeros(2000, bool)
    active[rng.permutation(2000)[:100]] = True

    def draw(count: int) -> NDArray[np.uint8]:
        spikes = np.random.default_rng(7).random((1, count, 2000)) < 0.5
        return (spikes & active).astype(np.uint8)

    works = []
    for fan_out in SILENT_FAN_OUTS:
        columns = [rng.permutation(1000)[: 100 if fires else fan_out] for fires in active]
        target = np.concatenate(columns)
        source = np.repeat(np.arange(2000), [len(column) for column in columns])
        weight = sp.csr_matrix((rng.integers(1, 128, len(target)), (target, source)), shape=(1000, 2000))
        works.append(_work(feed_forward((2000,), [("out", (1000,), 130_000, Sparse(weight))]), draw, steps))
    microseconds = _timed(works, repeats)["us"]
    return {"fan_outs": list(SILENT_FAN_OUTS), "us": microseconds, "flat": max(microseconds) / min(microseconds)}


def _memory(kind: str, size: int) -> dict[str, Any]:
    outcome = run_child([sys.executable, "-m", "benchmarks.growth", kind, str(size)], LIMIT_SECONDS, ROOT)
    if outcome.reason:
        raise RuntimeError(f"memory of {kind} {size}: {outcome.reason}")
    found: dict[str, Any] = json.loads(outcome.line)
    return found


def measure_memory(kind: str, size: int) -> dict[str, Any]:
    """A network in this process: "dense" of size x size, or "conv" of 3x3 from 16 to 16 channels of size x size.

    Two steps; a small network before has loaded all that is loaded once.
    """
    small, _ = _network(kind, 16)
    nk.run(small, noise((1, *small.inputs["in"].shape), 0.1)(2), threads=1)
    program, weights = _network(kind, size)
    inputs = noise((1, *program.inputs["in"].shape), 0.1)(2)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    recording = nk.run(program, inputs, threads=1)
    used = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    given = (recording.spikes, recording.states, recording.counts, recording.step_counts)
    used -= sum(values.nbytes for arrays in given for values in arrays.values())
    neurons = program.populations["out"].size
    least = weights + 8 * neurons
    return {"kind": kind, "neurons": neurons, "weights": weights, "bytes": used, "ratio": used / least}


def _network(kind: str, size: int) -> tuple[nk.Program, int]:
    """A network and how many weights it holds."""
    rng = np.random.default_rng(8)
    if kind == "dense":
        weight = rng.integers(-128, 128, (size, size), np.int32)
        return feed_forward((size,), [("out", (size,), 130_000, Dense(weight))]), weight.size
    kernel, shape = rng.integers(-128, 128, (16, 16, 3, 3)), (16, size, size)
    return feed_forward(shape, [("out", shape, 130_000, Conv2d(kernel, padding=(1, 1)))]), kernel.size


if __name__ == "__main__":
    print(json.dumps(measure_memory(sys.argv[1], int(sys.argv[2]))))
