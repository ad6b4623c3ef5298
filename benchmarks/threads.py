"""Two threads against one, by the clock: the one measurement that needs a machine with nothing else to do.

On a busy machine the clock tells of the others' work; how many CPU seconds the second thread adds (waiting included)
tells what the clock would gain at most. What the machine itself gives is measured beside: two whole runs that share
nothing, one after the other and side by side (virtual cores are often two threads of one core).
"""

from __future__ import annotations

import statistics
import threading
import time
from typing import Any

import neurokit as nk
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
    machine = [_side_by_side(work) for _ in range(max(repeats, 5))]
    cpu = [statistics.median(timing.whole for timing in timings) for timings in runs.values()]
    return {
        "title": work.title,
        "one_ms": spread(one),
        "two_ms": spread(two),
        "ratio": statistics.median(one) / statistics.median(two),
        "best_ratio": min(one) / min(two),
        "cpu_ratio": cpu[1] / cpu[0],
        "machine_ratio": statistics.median(machine),
        "ratio_asked": ASKED,
    }


def _side_by_side(work: Workload) -> float:
    """How many times faster two runs of one thread each are side by side than one after the other, by the clock."""
    inputs = work.draw(work.fast)

    def run() -> None:
        nk.run(work.program, inputs, threads=1)

    began = time.perf_counter()
    run()
    run()
    alone = time.perf_counter() - began
    began = time.perf_counter()
    other = threading.Thread(target=run)
    other.start()
    run()
    other.join()
    return alone / (time.perf_counter() - began)
