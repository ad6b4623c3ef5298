"""Loihi 2 as a backend: each sample runs on the board from zero state, in a process that can be ended at any time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import BackendError, Fault, Interrupted, PayloadError
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Progress, RecordKey
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.choice import graded_inputs, input_faults
from neurokit.hardware.lava.deadline import Deadline
from neurokit.hardware.lava.sourced import heard
from neurokit.hardware.lava.tape import count_finished
from neurokit.hardware.loihi import extension
from neurokit.hardware.loihi.hosts import Host, generation_of, of_environment
from neurokit.hardware.loihi.job import MEASURED, Job, Measure, convolved_inputs, payload_faults, state_file
from neurokit.hardware.loihi.measuring import with_energies
from neurokit.hardware.loihi.remote import Remote
from neurokit.hardware.loihi.stepper import BoardStepper
from neurokit.lower.targets import target_faults
from neurokit.measurements import Measured
from neurokit.records import Recorded, Recording

Inputs = Mapping[str, NDArray[Any]]
TARGET = "loihi2-stock"


@dataclass(frozen=True)
class Loihi2:
    """Runs Programs of stock parts on a Loihi 2 board, through Lava's Loihi2HwCfg. It has not run on silicon yet.

    host: `Slurm(...)` or `Ethernet(...)`; None: as the environment says (docs/hardware.md). generation: "N3B3", "N3C1"
    ...; None: LOIHI_GEN, else N3B3. measure: what to measure beside, in runs of its own; `Recording.measured`.
    order: how a flat StateProbe.time_series lies, "neurons" (one after the other, as most public code reads it) or
    "steps"; public code disagrees.
    """

    host: Host | None = None
    generation: str | None = None
    measure: Measure | None = None
    order: Literal["neurons", "steps"] = "neurons"

    @property
    def name(self) -> str:
        """ "loihi2"."""
        return "loihi2"

    def accepts(self, program: Program) -> list[Fault]:
        """Everything in the way: Lava, lava-loihi, the board's host, what the chip has no stock parts for."""
        lava, missing = loading.fault(), extension.fault()
        here = [fault for fault in (lava, missing) if fault is not None]
        if not here:  # without the extension no host is of use
            here += [fault for fault in [(self.host or of_environment()).fault()] if fault is not None]
        return [*here, *target_faults(program, TARGET), *_learning(program), *_inputs(program)]

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
        """See `hardware.base.Backend.run`; time_limit None means 600 s, for all runs together.

        The spikes of every population are read, for the Recording counts them all. Ctrl-C: Interrupted, with the
        samples that were finished.
        """
        states = tuple(dict.fromkeys([*(key for key in record if isinstance(key, tuple)), *_silent(program)]))
        faults = [*self.accepts(program), *_readable(states)]
        if faults:
            raise BackendError(faults)
        if faults := [*input_faults(program, inputs), *payload_faults(program, inputs)]:
            raise PayloadError(faults)
        deadline = Deadline(time_limit, self.name)
        batch = next(iter(inputs.values())).shape[0]
        kept = _Kept(program, batch, steps, states)
        try:
            for sample in range(batch if steps else 0):
                self._sample(kept, sample, inputs, deadline)
                if progress is not None:
                    progress((sample + 1) * steps, batch * steps)
            measured = None if self.measure is None else self._measured(program, inputs, self.measure, deadline)
        except KeyboardInterrupt as interrupt:
            raise Interrupted(kept.recording(inputs, record, self.name, deadline.elapsed, None)) from interrupt
        return kept.recording(inputs, record, self.name, deadline.elapsed, measured)

    def open(
        self, program: Program | Network, batch: int, record: tuple[RecordKey, ...], *, time_limit: float | None = None
    ) -> BoardStepper:
        """See `hardware.base.Opens`; time_limit None means 600 s. One sample: a board holds one network."""
        assert isinstance(program, Program), "api.open gives Networks to the simulator only"
        faults = []
        if batch > 1:
            limit = "a board holds one network, and each sample is one"
            faults.append(Fault("batch", f"is {batch}", limit, "Open one session a board, or leave batch= out."))
        keys = [key for key in (*record, *_silent(program)) if isinstance(key, tuple)]
        if keys:
            fact = f"{keys[0][1]} of '{keys[0][0]}' is to be read at every step"
            limit = "states of a board are read at the end of a run"
            faults.append(Fault(keys[0][0], fact, limit, "Use nk.run, or leave it out of record=."))
        if faults:
            raise BackendError(faults)
        read = tuple(dict.fromkeys([*(key for key in record if isinstance(key, str)), *program.outputs]))
        return BoardStepper(program, self._job(1, tuple(program.inputs), read), time_limit)

    def _job(self, rows: int, graded: tuple[str, ...], read: tuple[str, ...]) -> Job:
        host = self.host or of_environment()
        return Job(generation_of(self.generation), host.to_dict(), rows, graded, read, order=self.order)

    def _sample(self, kept: _Kept, sample: int, inputs: Inputs, deadline: Deadline) -> None:
        program, steps = kept.program, kept.steps
        job = replace(
            self._job(steps, tuple(graded_inputs(inputs)), tuple(program.populations)), states=kept.states_read
        )
        with _finished(program, job, inputs, sample, steps, deadline) as remote:
            kept.take(sample, remote)

    def _measured(self, program: Program, inputs: Inputs, measure: Measure, deadline: Deadline) -> Measured:
        """Each figure in a run of its own over the first sample's input, again and again."""
        found: dict[str, Any] = {}
        used = []
        length = max([1, *(inputs[name].shape[1] for name in heard(program))])
        read = tuple(program.outputs) if measure.outputs else ()
        for figure in measure.figures:
            job = replace(
                self._job(length, tuple(graded_inputs(inputs)), read),
                figure=figure,
                interface=measure.interface,
                steps=measure.steps,
            )
            with _finished(program, job, inputs, 0, measure.steps, deadline) as remote:
                told = json.loads((remote.folder / MEASURED).read_text(encoding="utf-8"))
            used.append(told.pop("profiler"))
            found |= told
        host = self.host or of_environment()
        return Measured(
            backend=self.name,
            generation=generation_of(self.generation),
            host=host.name,
            profiler=", ".join(dict.fromkeys(used)),
            steps=measure.steps,
            played=_played(program, measure),
            **with_energies(found),
        )


@contextmanager
def _finished(
    program: Program, job: Job, inputs: Inputs, sample: int, steps: int, deadline: Deadline
) -> Iterator[Remote]:
    """A network that has run a sample for so many steps; its process and folder go with the block."""
    with closing(Remote(program, job, deadline)) as remote:
        for name, feed in remote.arrays.feeds.items():
            given = inputs[name][sample, : job.rows]
            feed[: len(given)] = given
        remote.advance(steps, deadline)
        remote.finish(deadline)
        yield remote


class _Kept:
    """Arrays of all samples, which `take` fills."""

    def __init__(self, program: Program, batch: int, steps: int, states: tuple[tuple[str, str], ...]) -> None:
        self.program, self.batch, self.steps, self.states_read = program, batch, steps, states
        shapes = {name: population.shape for name, population in program.populations.items()}
        kinds = {name: np.int32 if p.neuron.graded else np.uint8 for name, p in program.populations.items()}
        self.spikes: dict[str, NDArray[Any]] = {
            name: np.zeros((batch, steps, *shape), kinds[name]) for name, shape in shapes.items()
        }
        self.states = {key: np.zeros((batch, steps, *shapes[key[0]]), np.int32) for key in states}
        self.done = 0

    def take(self, sample: int, remote: Remote) -> None:
        """Copy a finished sample."""
        for name, sink in remote.arrays.sinks.items():
            self.spikes[name][sample] = sink
        for k, key in enumerate(self.states_read):
            self.states[key][sample] = np.load(state_file(remote.folder, k), allow_pickle=False)
        self.done = sample + 1

    def recording(
        self, inputs: Inputs, record: tuple[RecordKey, ...], name: str, seconds: float, measured: Measured | None
    ) -> Recording:
        """What is finished."""
        whole = self.done == self.batch or self.steps == 0
        wanted = {*(key for key in record if isinstance(key, str)), *self.program.outputs}
        sent = {**self.spikes, **inputs}
        counted = {key: count_finished(x, self.steps, self.done) for key, x in sent.items()}
        return Recording(
            program=self.program,
            steps=self.steps,
            batch=self.batch,
            spikes=Recorded({key: x for key, x in self.spikes.items() if key in wanted}, "spikes"),
            states=Recorded(self.states, "states"),
            counts={key: counts for key, (counts, _) in counted.items()},
            step_counts={key: per_step for key, (_, per_step) in counted.items()},
            backend=name,
            seconds=seconds,
            steps_done=None if whole else np.where(np.arange(self.batch) < self.done, self.steps, 0),
            measured=measured,
        )


def _played(program: Program, measure: Measure) -> str:
    what = "the first sample's input, repeated, through host adapters" if heard(program) else "no input"
    return f"{what}; outputs {'read by the host' if measure.outputs else 'not read'}"


def _silent(program: Program) -> list[tuple[str, str]]:
    return [(name, "v") for name, population in program.outputs.items() if not population.neuron.spiking]


def _readable(states: tuple[tuple[str, str], ...]) -> list[Fault]:
    """States whose reading needs a module of lava-loihi that is not there."""
    (module,) = extension.FOR_STATES
    if not states or extension.there(module):
        return []
    fact, limit = f"there is no {module}", "states, and outputs that do not spike, are read by lava-loihi's StateProbe"
    return [Fault(states[0][0], fact, limit, "Record spikes only.")]


def _learning(program: Program) -> list[Fault]:
    """Public code says nothing of how learned weights come back from a board."""
    limit, mend = "how weights come back from a board is not public", "Run it on backend='lava', or program.frozen()."
    return [Fault(p.name, "learns", limit, mend) for p in program.projections if p.plasticity is not None]


def _inputs(program: Program) -> list[Fault]:
    limit = "adapters into convolutions and into other synapses differ, and an input has one"
    mend = "Give the convolution and the others an input each."
    _, mixed = convolved_inputs(program)
    return [Fault(name, "feeds convolutions and other synapses", limit, mend) for name in mixed]
