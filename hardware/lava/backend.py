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

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import BackendError, Fault
from neurokit.graph.network import Program
from neurokit.hardware.base import Progress, RecordKey
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.choice import graded_inputs, input_faults, program_faults, sum_faults
from neurokit.hardware.lava.deadline import Deadline
from neurokit.hardware.lava.tape import Tapes
from neurokit.records import Recording

Executor = Literal["process", "in-process"]
Inputs = Mapping[str, NDArray[Any]]

CHANNEL_SLOTS = 4  # messages a channel holds; Lava's 64 would take 64 times the widest population of shared memory


@dataclass(frozen=True)
class LavaBackend:
    """Runs Programs with Lava's fixed-point models (`select_tag="fixed_pt"`)."""

    executor: Executor = "process"

    @property
    def name(self) -> str:
        """ "lava", or "lava-inprocess" for the in-process execution."""
        return "lava" if self.executor == "process" else "lava-inprocess"

    def accepts(self, program: Program) -> list[Fault]:
        """Lava missing, and what its processes cannot hold (delays and exponents of convolutions)."""
        here = [loading.fault(), _child_fault() if self.executor == "process" else None]
        return [*(fault for fault in here if fault is not None), *program_faults(program)]

    def run(
        self,
        program: Program,
        inputs: Inputs,
        steps: int,
        record: tuple[RecordKey, ...],
        *,
        time_limit: float | None = None,
        progress: Progress | None = None,
    ) -> Recording:
        """See `hardware.base.Backend.run`; time_limit None means 600 s.

        Payloads must not let 32-bit sums overflow:
        BackendError before the run for those of inputs, after it for those of populations.
        """
        faults = [*self.accepts(program), *input_faults(program, inputs)]
        if faults:
            raise BackendError(faults)
        loading.load()
        deadline = Deadline(time_limit, self.name)
        batch = next(iter(inputs.values())).shape[0]
        tapes = Tapes(program, batch, steps, record)
        if steps > 0 and batch > 0:
            report = _reporter(tapes, progress)
            with loading.quiet(), loading.forgotten():
                run_samples = _in_process if self.executor == "in-process" else _in_processes
                run_samples(program, inputs, tapes, deadline, report)
            faults = sum_faults(program, tapes.largest())
            if faults:
                raise BackendError(faults)
        return tapes.recording(inputs, self.name, deadline.elapsed)


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

    network = _Network(program, inputs)
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
            network = _Network(program, inputs)
            network.play(sample)
            watch = functools.partial(report, sample)
            run_processes(network.compile(), tapes.steps, tapes, deadline, watch)
        tapes.keep(sample)
        report(sample + 1, 0)


class _Network:
    """A ProgramProcess with a source at each input that something listens to."""

    def __init__(self, program: Program, inputs: Inputs) -> None:
        from neurokit.hardware.lava.processes.basic import ArraySource
        from neurokit.hardware.lava.processes.network import ProgramProcess

        self.process = ProgramProcess(program=program, graded=graded_inputs(inputs), name="network")
        heard = {projection.source for projection in program.projections}
        self.data = {name: values for name, values in inputs.items() if name in heard}
        self.sources = {}
        for name, values in self.data.items():
            source = ArraySource(data=np.zeros((0, *values.shape[2:]), np.int32), name=name)
            source.s_out.connect(self.process.inputs[name])
            self.sources[name] = source

    def play(self, sample: int) -> None:
        """Let the sources give `sample`."""
        for name, source in self.sources.items():
            source.proc_params.overwrite("data", self.data[name][sample].astype(np.int32))

    def compile(self) -> Any:
        """Lava's executable."""
        from lava.magma.core.run_configs import Loihi2SimCfg

        config = {"pypy_channel_size": CHANNEL_SLOTS}
        with loading.models_remembered():
            executable = self.process.compile(Loihi2SimCfg(select_tag="fixed_pt"), config)
        compiled = {process.name for process in executable.proc_builders}
        missing = {*self.sources, *self.process.proc_params["program"].populations} - compiled
        assert not missing, f"Lava's compiler dropped {sorted(missing)}"
        return executable
