"""Two threads against one, by the clock: the one measurement that needs a machine with nothing else to do."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.compare import spread
from benchmarks.simulator import time_simulator
from benchmarks.workloads import Workload

ASKED = 1.6


def compare_threads(work: Workload, repeats: int) -> dict[str, Any]:
    """Wall milliseconds per step with one and with two threads in turns; the ratio is that of the medians."""
    for threads in (1, 2):
        time_simulator(work, threads=threads)  # compiles the kernels
    one, two = [], []
    for _ in range(max(repeats, 3)):
        one.append(time_simulator(work, threads=1)[0].wall)
        two.append(time_simulator(work, threads=2)[0].wall)
    return {
        "title": work.title,
        "one_ms": spread(one),
        "two_ms": spread(two),
        "ratio": statistics.median(one) / statistics.median(two),
        "best_ratio": min(one) / min(two),
        "ratio_asked": ASKED,
    }
