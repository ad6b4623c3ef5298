"""A session on the board: the network stays there, and is told to run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import BackendError, Fault, PayloadError
from neurokit.graph.network import Program
from neurokit.hardware.base import Block, Snapshot
from neurokit.hardware.lava.choice import input_faults
from neurokit.hardware.lava.deadline import Deadline
from neurokit.hardware.loihi.job import Job, payload_faults
from neurokit.hardware.loihi.remote import Remote

ROWS = 64  # steps that are run at once; inputs and outputs of so many are shared


class BoardStepper:
    """See `hardware.base.Stepper`; one sample. Nothing can be saved: the board's states are not read back whole."""

    def __init__(self, program: Program, job: Job, time_limit: float | None) -> None:
        self._program = program
        self._job = replace(job, rows=ROWS)
        self._time_limit = time_limit
        self._time = 0
        self._remote: Remote | None = None
        self._start()

    def advance(self, inputs: Mapping[str, NDArray[Any]], steps: int) -> Block:
        """See `Stepper.advance`."""
        if faults := [*input_faults(self._program, inputs), *payload_faults(self._program, inputs)]:
            raise PayloadError(faults)
        remote = self._remote
        if remote is None:
            fact, limit = "the board was given back after an error", "its state is not known any more"
            raise BackendError(Fault("loihi2", fact, limit, "Call session.reset(), which starts anew."))
        deadline = Deadline(self._time_limit, "loihi2")
        parts = []
        try:
            for start in range(0, steps, ROWS):
                rows = np.arange(self._time, self._time + min(ROWS, steps - start)) % ROWS
                for name, feed in remote.arrays.feeds.items():
                    feed[rows] = inputs[name][0, start : start + len(rows)]
                remote.advance(len(rows), deadline)
                parts.append({name: sink[rows] for name, sink in remote.arrays.sinks.items()})
                self._time += len(rows)
        except BaseException:
            self.close()
            raise
        kinds = {name: self._program.neuron(name).graded for name in remote.arrays.sinks}
        return Block(
            {
                name: np.concatenate([part[name] for part in parts])[None].astype(np.int32 if graded else np.uint8)
                for name, graded in kinds.items()
            },
            {},
        )

    def reset(self) -> None:
        """See `Stepper.reset`: the network is put on the board anew."""
        self.close()
        self._start()

    def snapshot(self) -> Snapshot:
        """Refused."""
        fact, limit = "does not give its state away", "what is under way on the chip cannot be read"
        raise BackendError(Fault("loihi2", fact, limit, "Use backend='simulator' where states are saved."))

    def restore(self, snapshot: Snapshot) -> None:
        """Refused, as `snapshot`."""
        self.snapshot()

    def close(self) -> None:
        """See `Stepper.close`."""
        if self._remote is not None:
            self._remote.close()
            self._remote = None

    def _start(self) -> None:
        self._time = 0
        self._remote = Remote(self._program, self._job, Deadline(self._time_limit, "loihi2"))
