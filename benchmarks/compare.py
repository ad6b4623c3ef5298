"""One workload: the simulator and Lava in turns, and what the machine would allow."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.bounds import demand
from benchmarks.lava import time_lava
from benchmarks.probe import Machine
from benchmarks.simulator import time_simulator
from benchmarks.workloads import Workload


def compare(work: Workload, machine: Machine, repeats: int) -> dict[str, Any]:
    """Both sides in turns, `repeats` times; milliseconds are per step of one sample.

    The ratio to Lava is that of the medians. Nearness to the limit is of the fastest run, as the limit itself is the
    best of several trials.
    """
    _, recording = time_simulator(work)  # compiles the kernels
    needs = demand(recording, machine)
    del recording
    whole, engine, theirs, reasons = [], [], [], []
    for turn in range(repeats):
        timing, _ = time_simulator(work)
        whole.append(timing.whole)
        engine.append(timing.engine)
        seconds, reason = time_lava(work.name, work.slow)
        theirs += [] if seconds is None else [seconds]
        reasons += [reason] if reason else []
        print(f"{work.name}: {turn + 1} of {repeats}", file=sys.stderr, flush=True)
    fastest = min(engine)
    return {
        "title": work.title,
        "repeats": repeats,
        "steps": {"simulator": work.fast, "lava": work.slow},
        "whole_ms": spread(whole),
        "engine_ms": spread(engine),
        "synaptic_operations": needs.synaptic_operations,
        "bytes": needs.bytes,
        "operations_per_second": needs.synaptic_operations / fastest,
        "bytes_per_second": needs.bytes / fastest,
        "limit_ms": 1e3 * needs.seconds,
        "bound_by": needs.bound_by,
        "engine_of_limit": fastest / needs.seconds,
        "whole_of_limit": min(whole) / needs.seconds,
        "of_limit_allowed": work.near,
        "lava_ms": spread(theirs) if theirs else None,
        "lava_failures": reasons,
        "ratio": statistics.median(theirs) / statistics.median(whole) if theirs else None,
        "ratio_asked": work.target,
    }


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Milliseconds: median, extremes."""
    return {"median": 1e3 * statistics.median(seconds), "min": 1e3 * min(seconds), "max": 1e3 * max(seconds)}
