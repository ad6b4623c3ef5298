"""Two threads against one, by the clock: the one measurement that needs a machine with nothing else to do.

On a busy machine the clock tells of the others' work; how many CPU seconds the second thread adds (waiting included)
tells what the clock would gain at most.
"""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.compare import spread
from benchmarks.simulator import Timing, time_simulator
from benchmarks.workloads import Workload

ASKED = 1.6


def compare_threads(work: Workload, repeats: int) -> dict[str, Any]:
    """Wall milliseconds per step with one and with two threads in turns; the ratio is that of the medians."""
    for threads in (1, 2):
        time_simulator(work, threads=threads)  # compiles the kernels
    runs: dict[int, list[Timing]] = {1: [], 2: []}
    for _ in range(max(repeats, 5)):
        for threads, timings in runs.items():
            timings.append(time_simulator(work, threads=threads)[0])
    one, two = ([timing.wall for timing in timings] for timings in runs.values())
    cpu = [statistics.median(timing.whole for timing in timings) for timings in runs.values()]
    return {
        "title": work.title,
        "one_ms": spread(one),
        "two_ms": spread(two),
        "ratio": statistics.median(one) / statistics.median(two),
        "best_ratio": min(one) / min(two),
        "cpu_ratio": cpu[1] / cpu[0],
        "ratio_asked": ASKED,
    }
