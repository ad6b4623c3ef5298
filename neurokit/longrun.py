"""Runs as users ask for them: recorded in memory or in a file, kept from time to time, ended early by Ctrl-C."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from numpy.typing import NDArray

from neurokit.budget import check_room, recording_bytes
from neurokit.checkpoint import Checkpoint, identity
from neurokit.errors import BackendError, Fault, InputError, Interrupted
from neurokit.files import check_writable
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Backend, Progress, RecordKey, Streams
from neurokit.recorder import Recorder
from neurokit.recording_file import load_recording, recording_file
from neurokit.records import Recorded, Recording
from neurokit.system import available_memory

PathLike: TypeAlias = "str | os.PathLike[str]"


@dataclass(frozen=True)
class Run:
    """A run whose arguments are checked; see `api.run`. batch: None for one sample without that axis."""

    runner: Backend
    program: Program | Network
    inputs: Mapping[str, NDArray[Any]]
    steps: int
    record: tuple[RecordKey, ...]
    batch: int | None
    time_limit: float | None
    progress: Progress | None
    record_every: int | None = None
    learners: int = 1

    def start(self, to: PathLike | None, checkpoint: PathLike | None, every: float) -> Recording:
        """Run, into the file `to` if there is one, keeping it in the file `checkpoint` every so many seconds."""
        if to is not None and checkpoint is not None and os.path.realpath(to) == os.path.realpath(checkpoint):
            raise InputError(Fault("checkpoint", "is the file of 'to'", "both are written", "Name another file."))
        for path in (to, checkpoint):
            if path is not None:
                check_writable(path)
        if to is None:
            size = recording_bytes(self.program, self.batch or 1, self.steps, self.record, self.record_every)
            check_room(size, available_memory())
        if (to is None and checkpoint is None) or not isinstance(self.runner, Streams):
            return self._whole(to, checkpoint)
        keeper = None if checkpoint is None else Checkpoint(checkpoint, every, self._identity())
        recording = self._in_memory(self.runner, keeper) if to is None else self._in_file(self.runner, keeper, to)
        if keeper is not None:
            keeper.remove()
        return recording

    def _in_memory(self, runner: Streams, keeper: Checkpoint | None) -> Recording:
        began = time.monotonic()
        recorder = Recorder(self.program, self.batch or 1, self.steps, self.record, **self._learning())

        def finished() -> Recording:
            return self._as_given(recorder.recording(self.runner.name, time.monotonic() - began))

        try:
            self._stream(runner, recorder, keeper)
        except Interrupted as interrupt:
            raise Interrupted(finished()) from interrupt
        return finished()

    def _in_file(self, runner: Streams, keeper: Checkpoint | None, path: PathLike) -> Recording:
        try:
            with self._file(path) as recorder:
                self._stream(runner, recorder, keeper)
        except Interrupted as interrupt:
            raise Interrupted(load_recording(path)) from interrupt
        return load_recording(path)

    def _stream(self, runner: Streams, recorder: Recorder, keeper: Checkpoint | None) -> None:
        if keeper is not None:
            keeper.attend(recorder)
        runner.run_into(recorder, self.inputs, time_limit=self.time_limit, progress=self.progress, keeper=keeper)

    def _whole(self, to: PathLike | None, checkpoint: PathLike | None) -> Recording:
        """All at once, which is the simpler way, and the only one of backends that give everything at the end."""
        if checkpoint is not None:
            fact, mend = "keeps no checkpoints", "Use backend='simulator', or leave checkpoint= out."
            raise BackendError(Fault(self.runner.name, fact, "it gives a recording at the end only", mend))
        program: Any = self.program  # the simulator, which also takes a Network, streams
        limits: dict[str, Any] = {"time_limit": self.time_limit, "progress": self.progress}
        if self.learners > 1 and isinstance(self.runner, Streams):
            limits["learners"] = self.learners
        elif self.learners > 1:
            fact, mend = f"was asked for {self.learners} learners", "Use backend='simulator', or leave learners= out."
            raise BackendError(Fault(self.runner.name, fact, "it has one", mend))
        if self.record_every is not None:
            limits["record_every"] = self.record_every
        try:
            recording = self.runner.run(program, self.inputs, self.steps, self.record, **limits)
        except Interrupted as interrupt:
            raise Interrupted(self._stored(interrupt.recording, to)) from interrupt
        return self._stored(recording, to)

    def _stored(self, recording: Recording, to: PathLike | None) -> Recording:
        """A recording of a batch as it was asked for."""
        if to is None:
            return self._as_given(recording)
        with self._file(to) as recorder:
            recorder.take(recording)
        return replace(load_recording(to), measured=recording.measured)

    def _file(self, path: PathLike) -> AbstractContextManager[Recorder]:
        name = self.runner.name
        return recording_file(path, self.program, self.batch, self.steps, self.record, name, **self._learning())

    def _learning(self) -> dict[str, Any]:
        return {"every": self.record_every, "learners": self.learners}

    def _as_given(self, recording: Recording) -> Recording:
        """Without batch axis where the input had none."""
        if self.batch is not None:
            return recording
        return replace(
            recording,
            batch=None,
            spikes=Recorded({name: values[0] for name, values in recording.spikes.items()}, "spikes"),
            states=Recorded({key: values[0] for key, values in recording.states.items()}, "states"),
            counts={name: values[0] for name, values in recording.counts.items()},
            steps_done=None if recording.steps_done is None else recording.steps_done[0],
        )

    def _identity(self) -> dict[str, str]:
        name = self.runner.name
        return identity(self.program, self.inputs, self.steps, self.record, name, **self._learning())
