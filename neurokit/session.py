"""Streaming: a network that stands ready, takes steps or blocks as they come, and carries its state."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from time import perf_counter
from types import TracebackType
from typing import Any

import numpy as np

from neurokit.arguments import Inputs, check_step, sample_steps
from neurokit.errors import BackendError, Fault, FormatError, InputError, OverflowWarning, SampleWarning
from neurokit.graph.fingerprint import fingerprint
from neurokit.graph.learned import with_weights
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Block, Learns, Stepper
from neurokit.records import Overflow, Recorded, wraps
from neurokit.snapshots import Origin, load_state, save_state

REMEMBERED = 1 << 16  # calls of which the median and the 99th percentile are taken


@dataclass(frozen=True)
class Latency:
    """How long steps took, in wall seconds a step, measured around whole calls of `Session.step`.

    A block of n steps counts as one call, with a nth of its time as time per step.
    steps, calls: all that were taken. mean: over all steps. median, p99: over the last 65,536 calls. max: over all.
    deadline: seconds per step given to `nk.open`, or None. missed: calls that took longer than steps * deadline.
    """

    steps: int = 0
    calls: int = 0
    mean: float = 0.0
    median: float = 0.0
    p99: float = 0.0
    max: float = 0.0
    deadline: float | None = None
    missed: int = 0

    def __str__(self) -> str:
        times = ", ".join(f"{name} {1e6 * getattr(self, name):.0f} µs" for name in ("mean", "median", "p99", "max"))
        due = "" if self.deadline is None else f"; {self.missed} of {self.calls} missed {1e6 * self.deadline:g} µs"
        return f"{self.steps} steps: {times}{due}"


class _Stopwatch:
    """Collects what `Latency` tells, in memory that does not grow."""

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline
        self.steps = self.calls = self.missed = 0
        self.total = self.longest = 0.0
        self.recent: deque[float] = deque(maxlen=REMEMBERED)

    def note(self, seconds: float, steps: int) -> None:
        self.steps += steps
        self.calls += 1
        self.total += seconds
        self.recent.append(seconds / steps)
        self.longest = max(self.longest, seconds / steps)
        self.missed += self.deadline is not None and seconds > steps * self.deadline

    def latency(self) -> Latency:
        if not self.calls:
            return Latency(deadline=self.deadline)
        median, p99 = (float(value) for value in np.percentile(np.array(self.recent), (50, 99)))
        mean = self.total / self.steps
        return Latency(self.steps, self.calls, mean, median, p99, self.longest, self.deadline, self.missed)


class Session:
    """What `nk.open` gives: state is carried from call to call until `reset`.

    However a sequence is cut into steps and blocks, outputs and states are those of one `nk.run` over all of it, bit
    for bit. Close it, or use it in a `with` statement; Lava's processes also end when it is forgotten and at exit.

    program, programs: what runs, as it has become by learning. time: steps done since the beginning or the last reset.
    spikes: name -> spikes of the last step or block, of outputs and of the names in `record`, in the form of outputs.
    states: (name, state) -> the same, of what `record` asked for and of v of outputs that do not spike.
    overflows: population -> Overflow since the beginning, the last reset or the last restore; None where nothing is
        counted (floats, Lava). Where integers of a population wrap for the first time, `step` warns (OverflowWarning).

    Where the source says for how long it shows a sample (`steps_per_sample`), `step` warns when it has gone on for
    longer without a reset (SampleWarning, once a sample).
    """

    def __init__(
        self,
        program: Program | Network,
        stepper: Stepper,
        backend: str,
        *,
        batch: int | None,
        deadline: float | None,
    ) -> None:
        self._given = program
        self.batch = batch
        self.time = 0
        self.spikes: Recorded[str] = Recorded({}, "spikes")
        self.states: Recorded[tuple[str, str]] = Recorded({}, "states")
        self.overflows: Mapping[str, Overflow] | None = None
        self._stepper = stepper
        self._closed = False
        self._backend = backend
        self._watch = _Stopwatch(deadline)
        self._read = {name: None if p.neuron.spiking else (name, "v") for name, p in program.outputs.items()}

    @property
    def program(self) -> Any:
        """What runs: where it learns, with the weights as they now are. InputError with several learners."""
        programs = self.programs
        if len(programs) > 1:
            fact, mend = f"{len(programs)} learners run, each with weights of its own", "Use session.programs[k]."
            raise InputError(Fault("session.program", fact, "there is no single Program", mend))
        return programs[0]

    @property
    def programs(self) -> tuple[Any, ...]:
        """The same of each sample, where they learn."""
        if not self._given.learns:
            return (self._given,)
        self._check_open()
        if not isinstance(self._stepper, Learns):
            fact, mend = "does not tell what it has learned", "Use backend='simulator'."
            raise BackendError(Fault(self._backend, fact, "its sessions have no method 'learned'", mend))
        learned = self._stepper.learned()
        count = self.batch or 1
        return tuple(with_weights(self._given, {name: w[k] for name, w in learned.items()}) for k in range(count))

    def __repr__(self) -> str:
        samples = "one sample" if self.batch is None else f"{self.batch} samples"
        state = "closed" if self._closed else f"after {self.time} steps"
        return f"<Session on {self._backend}: {samples}, {state}>"

    def step(self, inputs: Inputs) -> Any:
        """Run on by one step or a block, and give what the outputs gave.

        inputs: (*shape) is one step, (time, *shape) a block of `time` steps; with `nk.open(batch=n)` they are
        (n, *shape) and (n, time, *shape). Number of axes alone tells them apart. A bare array for a single input,
        else a dict by name, all of them steps or all of them blocks of one length. Integers for a Program.

        Gives an array of the same form, (*shape) or (time, *shape) with n in front in a batch: the output's spikes,
        or its v if it does not spike; with several outputs a dict by name. InputError for other shapes and types, which
        changes nothing; any other error, Ctrl-C among them, ends the session, since nobody knows how far the step came.
        """
        started = perf_counter()
        self._check_open()
        arrays, steps = check_step(self._given, inputs, self.batch)
        try:
            block = self._stepper.advance(arrays, steps or 1)
        except BaseException:
            self.close()
            raise
        before = self.time
        self.time += steps or 1
        given = self._show(block, steps)
        faults = self._note_overflows(block)
        self._watch.note(perf_counter() - started, steps or 1)
        if faults:
            warnings.warn("\n".join(map(str, faults)), OverflowWarning, stacklevel=2)
        if fault := self._overdue(before):
            warnings.warn(str(fault), SampleWarning, stacklevel=2)
        return given

    def _overdue(self, before: int) -> Fault | None:
        """What is wrong when, since time `before`, a sample has become longer than the source's."""
        shown, late = sample_steps(self._given)
        if not shown or not before <= shown + late < self.time:
            return None
        limit = f"the source shows a sample for {shown} from rest{f', which {late} more let through' if late else ''}"
        return Fault("session", f"has gone on for {self.time} steps", limit, "Call session.reset() before each sample.")

    def _note_overflows(self, block: Block) -> list[Fault]:
        """Count what left its range; what wrapped that had not before."""
        if block.overflows is None:
            return []
        before = self.overflows or dict.fromkeys(self._given.populations, Overflow())
        if not block.overflows:
            self.overflows = before
            return []
        known = {(fault.node, fault.limit) for fault in wraps(before)}
        changes = {
            name: Overflow(*(old + int(new) for old, new in zip(astuple(before[name]), found, strict=True)))
            for name, found in block.overflows.items()
        }
        self.overflows = {**before, **changes}
        return [fault for fault in wraps(changes) if (fault.node, fault.limit) not in known]

    def _show(self, block: Block, steps: int | None) -> Any:
        place: tuple[Any, ...] = (slice(None),) if self.batch is not None else (0,)
        place = place if steps is not None else (*place, 0)
        self.spikes = Recorded({name: values[place] for name, values in block.spikes.items()}, "spikes")
        self.states = Recorded({key: values[place] for key, values in block.states.items()}, "states")
        outputs = {name: self.spikes[name] if key is None else self.states[key] for name, key in self._read.items()}
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    @property
    def latency(self) -> Latency:
        """How long the steps took so far; `reset` and `restore` do not touch it."""
        return self._watch.latency()

    def reset(self) -> None:
        """Back to zero state and time 0. What learns begins a new sample: traces and tags start anew, weights stay."""
        self._check_open()
        self._stepper.reset()
        self._forget(0)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state and the time to a file (HDF5, docs/format.md).

        OutputError when it cannot be written, BackendError when the backend cannot read its state ("lava").
        """
        self._check_open()
        save_state(path, self._origin(), self.time, self._stepper.snapshot())

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Take over a state that `save` wrote, of the same program, batch and backend; what follows is identical.

        FormatError for a missing or damaged file, InputError for one of another program, batch or backend.
        """
        self._check_open()
        done, snapshot = load_state(path, self._origin())
        try:
            if any(values.dtype.kind not in "biuf" for values in snapshot.values()):
                raise ValueError("not all are numbers")
            self._stepper.restore(snapshot)
        except (ValueError, KeyError) as error:
            limit = "every array of the state in its shape, of numbers, is needed"
            mend = "Write it again: it is damaged."
            raise FormatError(Fault(str(path), f"lacks arrays, or has others ({error})", limit, mend)) from error
        self._forget(done)

    def close(self) -> None:
        """End it; everything but `close` and what was measured is refused afterwards."""
        self._closed = True
        self._stepper.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _forget(self, done: int) -> None:
        self.time = done
        self.spikes, self.states = Recorded({}, "spikes"), Recorded({}, "states")
        self.overflows = None

    def _origin(self) -> Origin:
        return Origin(fingerprint(self._given), self.batch or 1, self._backend)

    def _check_open(self) -> None:
        if self._closed:
            raise InputError(Fault("session", "is closed", "it was ended, or a step failed", "Call nk.open again."))
