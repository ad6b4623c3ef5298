"""Lava's side: `python -m benchmarks.lava NAME STEPS` prints a workload's CPU seconds per step in Lava's processes.

A long run less a short one, over the steps between, so that start, compilation and stop are not counted. All of Lava's
processes are: RUSAGE_SELF and RUSAGE_CHILDREN. Nothing is recorded. The parent gives it a time limit.
"""

from __future__ import annotations

import json
import resource
import sys

import numpy as np

from benchmarks.children import run_child
from benchmarks.results import ROOT
from benchmarks.workloads import WORKLOADS, Workload

SHORT = 4  # steps of the short run
LIMIT_SECONDS = 150.0  # a measurement takes 5 to 40 s


def time_lava(name: str, steps: int) -> tuple[float | None, str]:
    """CPU seconds per step of workload `name`, or None and the reason. Tried twice: Lava hangs at random."""
    for _ in range(2):
        outcome = run_child([sys.executable, "-m", "benchmarks.lava", name, str(steps)], LIMIT_SECONDS, ROOT)
        if not outcome.reason:
            return float(json.loads(outcome.line)["seconds_per_step"]), ""
    return None, outcome.reason


def measure(work: Workload, steps: int) -> float:
    """CPU seconds per step, in this process and its children."""
    _run(work, SHORT)  # imports and looks up what Lava needs once
    short = _run(work, SHORT)
    return (_run(work, SHORT + steps) - short) / steps


def _run(work: Workload, steps: int) -> float:
    """CPU seconds of a whole run, as a user of Lava would write it."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.io.source import RingBuffer

    import neurokit as nk

    data = work.draw(steps)[0].astype(np.int32)
    started = _cpu()
    source = RingBuffer(data=np.moveaxis(data, 0, -1))
    process = nk.to_lava(work.program, graded=work.graded)
    source.s_out.connect(process.inp)
    try:
        process.run(condition=RunSteps(num_steps=steps), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    finally:
        process.stop()
    return _cpu() - started


def _cpu() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


if __name__ == "__main__":
    chosen = WORKLOADS[sys.argv[1]]()
    print(json.dumps({"seconds_per_step": measure(chosen, int(sys.argv[2]))}))
