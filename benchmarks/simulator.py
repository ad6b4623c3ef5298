"""The simulator's side: CPU seconds per step of a whole `nk.run`, and of the engine alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import neurokit as nk
from benchmarks.workloads import Workload
from neurokit.hardware.simulator.engine import Engine
from neurokit.records import Recording


@dataclass(frozen=True)
class Timing:
    """Seconds for one step of one sample, all threads together.

    whole: CPU seconds of `nk.run`, from checked inputs to the finished Recording. engine: of what `Engine.advance`
    takes within it: kernels, and the buffers between layers. wall: by the clock, of the whole run.
    """

    whole: float
    engine: float
    wall: float


@dataclass
class _Clock:
    seconds: float = 0.0
    entered: list[float] = field(default_factory=list)


def time_simulator(work: Workload, threads: int = 1) -> tuple[Timing, Recording]:
    """One run of `work.fast` steps. The first one of a workload compiles kernels."""
    inputs = work.draw(work.fast)
    with engine_clock() as engine:
        started, wall = time.process_time(), time.perf_counter()
        recording = nk.run(work.program, inputs, threads=threads)
        seconds, wall = time.process_time() - started, time.perf_counter() - wall
    steps = inputs.shape[0] * inputs.shape[1]
    return Timing(seconds / steps, engine.seconds / steps, wall / steps), recording


@contextmanager
def engine_clock() -> Iterator[_Clock]:
    """Counts the CPU seconds spent in `Engine.advance`, the outermost call where it calls itself."""
    clock, advance = _Clock(), Engine.advance

    def timed(self: Engine, *arguments: Any, **options: Any) -> Any:
        clock.entered.append(time.process_time())
        try:
            return advance(self, *arguments, **options)
        finally:
            began = clock.entered.pop()
            if not clock.entered:
                clock.seconds += time.process_time() - began

    Engine.advance = timed  # type: ignore[method-assign]
    try:
        yield clock
    finally:
        Engine.advance = advance  # type: ignore[method-assign]
