"""CPU seconds per step of either side, and of both in turns."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.source import RingBuffer

import neurokit as nk
from benchmarks.workloads import Workload

SHORT = 4  # steps of Lava's short run, whose cost (start, compilation, stop) is taken off the long one


def simulator_seconds(work: Workload) -> float:
    """CPU seconds a step of one run on the simulator, start-up included; kernels are compiled before."""
    inputs = work.inputs[: work.fast]
    started = time.process_time()
    nk.run(work.program, inputs)
    return (time.process_time() - started) / work.fast


def lava_seconds(work: Workload) -> float:
    """CPU seconds a step in Lava, all its processes together: a long run less a short one, over the steps between."""
    return (_lava_run(work, work.slow) - _lava_run(work, SHORT)) / (work.slow - SHORT)


def _lava_run(work: Workload, steps: int) -> float:
    """CPU seconds of a whole run: Lava's own source and processes, nothing recorded."""
    data = work.inputs[:steps].astype(np.int32)
    started = _cpu()
    source = RingBuffer(data=np.moveaxis(data, 0, -1))
    process = nk.to_lava(work.program)
    source.s_out.connect(process.inp)
    try:
        process.run(condition=RunSteps(num_steps=steps), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    finally:
        process.stop()
    return _cpu() - started


def _cpu() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def compare(work: Workload, repeats: int) -> dict[str, Any]:
    """Both sides in turns, `repeats` times; medians, extremes, and the ratio of the medians."""
    simulator_seconds(work)  # compiles the kernels
    _lava_run(work, SHORT)  # imports and looks up what Lava needs once
    pairs = [(simulator_seconds(work), lava_seconds(work)) for _ in range(repeats)]
    ours, theirs = ([pair[k] for pair in pairs] for k in (0, 1))
    return {
        "workload": work.name,
        "repeats": repeats,
        "steps": {"simulator": work.fast, "lava": work.slow},
        "simulator_ms_per_step": _spread(ours),
        "lava_ms_per_step": _spread(theirs),
        "ratio": statistics.median(theirs) / statistics.median(ours),
        "ratios": [b / a for a, b in pairs],
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    picks: dict[str, Callable[[list[float]], float]] = {"median": statistics.median, "min": min, "max": max}
    return {name: 1e3 * pick(seconds) for name, pick in picks.items()}
