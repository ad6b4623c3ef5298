"""Lava as a backend, in two executions that agree bit for bit.

"process": Lava's multi-process runtime, what users of Lava run; a process for each population and projection.
"in-process": the same compiled models driven one after the other in this process, several times faster.
"""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from neurokit.errors import BackendError, Fault, Interrupted, PayloadError
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Progress, RecordKey
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.choice import input_faults, sum_faults
from neurokit.hardware.lava.deadline import Deadline
from neurokit.hardware.lava.plastic import plastic, plastic_faults
from neurokit.hardware.lava.sourced import Played
from neurokit.hardware.lava.stepper import LavaStepper
from neurokit.hardware.lava.tape import Tapes
from neurokit.records import Recording

Executor = Literal["process", "in-process"]
Inputs = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class LavaBackend:
    """Runs Programs with Lava's fixed-point models (`select_tag="fixed_pt"`)."""

    executor: Executor = "process"

    @property
    def name(self) -> str:
        """ "lava", or "lava-inprocess" for the in-process execution."""
        return "lava" if self.executor == "process" else "lava-inprocess"

    def accepts(self, program: Program) -> list[Fault]:
        """Lava missing, and what its learning connections cannot hold; any other sound Program it runs."""
        here = [loading.fault(), _child_fault() if self.executor == "process" else None]
        return [*(fault for fault in here if fault is not None), *plastic_faults(program)]

    def run(
        self,
        program: Program,
        inputs: Inputs,
        steps: int,
        record: tuple[RecordKey, ...],
        *,
        record_every: int | None = None,
        time_limit: float | None = None,
        progress: Progress | None = None,
    ) -> Recording:
        """See `hardware.base.Backend.run`; time_limit None means 600 s.

        Payloads must not let 32-bit sums overflow:
        PayloadError before the run for those of inputs, after it for those of populations. Ctrl-C: Interrupted, with
        the samples that were finished.
        """
        faults = self.accepts(program)
        if faults:
            raise BackendError(faults)
        faults = input_faults(program, inputs)
        if faults:
            raise PayloadError(faults)
        loading.load()
        deadline = Deadline(time_limit, self.name)
        batch = next(iter(inputs.values())).shape[0]
        tapes = Tapes(program, batch, steps, record, record_every)
        if steps > 0 and batch > 0:
            report = _reporter(tapes, progress)
            run_samples = _in_process if self.executor == "in-process" else _in_processes
            try:
                with loading.quiet(), loading.forgotten():
                    run_samples(program, inputs, tapes, deadline, report)
            except KeyboardInterrupt as interrupt:
                raise Interrupted(tapes.recording(inputs, self.name, deadline.elapsed)) from interrupt
            faults = sum_faults(program, tapes.largest())
            if faults:
                raise PayloadError(faults)
        return tapes.recording(inputs, self.name, deadline.elapsed)

    def open(
        self, program: Program | Network, batch: int, record: tuple[RecordKey, ...], *, time_limit: float | None = None
    ) -> LavaStepper:
        """See `hardware.base.Opens`; time_limit None means 600 s. Each sample has models, or processes, of its own."""
        assert isinstance(program, Program), "api.open gives Networks to the simulator only"
        if plastic(program):
            fact = f"learns at {', '.join(plastic(program))}"
            limit = "sessions in Lava do not carry what learning connections hold"
            raise BackendError(Fault("program", fact, limit, "Use nk.run, or backend='simulator'."))
        loading.load()
        return LavaStepper(program, batch, record, self.name, time_limit)


def in_process() -> LavaBackend:
    """The backend "lava-inprocess"."""
    return LavaBackend("in-process")


def _child_fault() -> Fault | None:
    if not multiprocessing.current_process().daemon:
        return None
    fact = "this process is a daemonic one, such as a worker of multiprocessing.Pool"
    return Fault("lava", fact, "Python lets those start no processes", "Use backend='lava-inprocess'.")


def _reporter(tapes: Tapes, progress: Progress | None) -> Callable[[int, int], None]:
    total = tapes.batch * tapes.steps

    def report(sample: int, step: int) -> None:
        if progress is not None:
            progress(sample * tapes.steps + step, total)

    return report


def _in_process(
    program: Program, inputs: Inputs, tapes: Tapes, deadline: Deadline, report: Callable[[int, int], None]
) -> None:
    from neurokit.hardware.lava.inprocess import InProcess

    network = Played(program, inputs)
    models = InProcess(network.compile())
    for sample in range(tapes.batch):
        network.play(sample)
        models.run(tapes.steps, tapes, deadline)
        tapes.keep(sample)
        report(sample + 1, 0)


def _in_processes(
    program: Program, inputs: Inputs, tapes: Tapes, deadline: Deadline, report: Callable[[int, int], None]
) -> None:
    from neurokit.hardware.lava.runtime import run_processes

    for sample in range(tapes.batch):
        with loading.forgotten():
            network = Played(program, inputs)
            network.play(sample)
            watch = functools.partial(report, sample)
            run_processes(network.compile(), tapes.steps, tapes, deadline, watch)
        tapes.keep(sample)
        report(sample + 1, 0)
