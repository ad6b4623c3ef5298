"""A Program in Lava that carries its state from call to call, in one process or in Lava's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import BackendError, Fault, PayloadError
from neurokit.graph.network import Program
from neurokit.hardware.base import Block, RecordKey, Snapshot
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.choice import sum_faults
from neurokit.hardware.lava.deadline import Deadline
from neurokit.hardware.lava.layout import from_lava
from neurokit.hardware.lava.memory import shared_zeros
from neurokit.hardware.lava.sourced import SourcedNetwork, heard
from neurokit.hardware.lava.tape import Tapes

if TYPE_CHECKING:
    from neurokit.hardware.lava.inprocess import InProcess
    from neurokit.hardware.lava.runtime import Processes

ROWS = 64  # steps that Lava runs at once; inputs and what is recorded of so many lie in shared memory


class LavaStepper:
    """See `hardware.base.Stepper`. Each sample is a network of its own."""

    def __init__(
        self, program: Program, batch: int, record: tuple[RecordKey, ...], backend: str, time_limit: float | None
    ) -> None:
        self._program = program
        self._backend = backend
        self._time_limit = time_limit
        self._time = 0
        self._harmless: dict[str, int] = {}  # largest payloads that are known not to overflow
        self._samples: list[_Sample] = []
        kind = _InOneProcess if backend == "lava-inprocess" else _InProcesses
        try:
            for _ in range(batch):
                self._samples.append(kind(program, record))
        except BaseException:
            self.close()
            raise

    def advance(self, inputs: Mapping[str, NDArray[Any]], steps: int) -> Block:
        """See `Stepper.advance`. PayloadError for payloads that let 32-bit sums overflow."""
        deadline = Deadline(self._time_limit, self._backend)
        self._check_sums({name: int(np.abs(values.astype(np.int64)).max()) for name, values in inputs.items()})
        parts = []
        for start in range(0, steps, ROWS):
            stop = min(start + ROWS, steps)
            rows = np.arange(self._time, self._time + stop - start) % ROWS
            for k, sample in enumerate(self._samples):
                sample.feed({name: values[k, start:stop] for name, values in inputs.items()}, rows)
                with loading.quiet():
                    sample.run(stop - start, deadline)
                self._check_sums(sample.tapes.largest())
            parts.append(self._read(rows))
            self._time += stop - start
        return Block(
            {name: np.concatenate([part.spikes[name] for part in parts], axis=1) for name in parts[0].spikes},
            {key: np.concatenate([part.states[key] for part in parts], axis=1) for key in parts[0].states},
        )

    def reset(self) -> None:
        """See `Stepper.reset`. Lava's processes are ended and started anew."""
        self._time = 0
        for sample in self._samples:
            sample.start()

    def snapshot(self) -> Snapshot:
        """See `Stepper.snapshot`: all variables of all models. Lava's processes do not give them away."""
        found: Snapshot = {"time": np.array(self._time)}
        for k, sample in enumerate(self._samples):
            found |= {f"{k}/{name}": values for name, values in sample.snapshot().items()}
        return found

    def restore(self, snapshot: Snapshot) -> None:
        """See `Stepper.restore`."""
        before, time = [sample.snapshot() for sample in self._samples], int(snapshot["time"])
        try:
            for k, sample in enumerate(self._samples):
                lead = f"{k}/"
                given = {name[len(lead) :]: values for name, values in snapshot.items() if name.startswith(lead)}
                self._put(sample, given, time)
        except ValueError:
            for sample, kept in zip(self._samples, before, strict=True):
                self._put(sample, kept, self._time)
            raise
        self._time = time

    def _put(self, sample: _Sample, snapshot: Snapshot, time: int) -> None:
        """Anew to the state after `time` steps; models scale their parameters in the first step, whatever it brings."""
        sample.start()
        if time:
            with loading.quiet():
                sample.run(1, Deadline(self._time_limit, self._backend))
            sample.restore(snapshot)

    def close(self) -> None:
        """See `Stepper.close`."""
        for sample in self._samples:
            sample.close()

    def _check_sums(self, largest: Mapping[str, int]) -> None:
        if all(value <= self._harmless.get(name, 0) for name, value in largest.items()):
            return
        faults = sum_faults(self._program, largest)
        if faults:
            raise PayloadError(faults)
        self._harmless |= {name: max(value, self._harmless.get(name, 0)) for name, value in largest.items()}

    def _read(self, rows: NDArray[np.int64]) -> Block:
        """What the samples' tapes hold in these rows."""
        shapes = {name: population.shape for name, population in self._program.populations.items()}
        all_tapes = [sample.tapes.tapes for sample in self._samples]
        spikes, states = {}, {}
        for name, tape in all_tapes[0].items():
            if tape.spikes is not None:
                kept = [tapes[name].spikes[rows] for tapes in all_tapes]  # type: ignore[index]  # all are alike
                spikes[name] = from_lava(np.stack(kept), shapes[name])
            for state in tape.states:
                kept = [tapes[name].states[state][rows] for tapes in all_tapes]
                states[name, state] = from_lava(np.stack(kept), shapes[name])
        return Block(spikes, states)


class _Sample:
    """One network, fed through shared memory. Abstract."""

    def __init__(self, program: Program, record: tuple[RecordKey, ...]) -> None:
        self.program = program
        self.tapes = Tapes(program, 1, ROWS, record)
        self.feeds = {name: shared_zeros((ROWS, *program.inputs[name].shape), np.int32) for name in heard(program)}
        self.start()

    def feed(self, values: Mapping[str, NDArray[Any]], rows: NDArray[np.int64]) -> None:
        """Lay out the next steps: name -> (steps, *shape)."""
        for name, feed in self.feeds.items():
            feed[rows] = values[name]

    def compile(self) -> Any:
        """Lava's executable of the network, whose inputs may all carry payloads."""
        from neurokit.hardware.lava.processes.basic import FeedSource

        sources = {name: FeedSource(feed=feed, name=name) for name, feed in self.feeds.items()}
        return SourcedNetwork(self.program, self.program.inputs.keys(), sources).compile()

    def start(self) -> None:
        """Go to zero state, and step 0."""
        raise NotImplementedError

    def run(self, steps: int, deadline: Deadline) -> None:
        """Run on."""
        raise NotImplementedError

    def snapshot(self) -> Snapshot:
        """All variables."""
        raise NotImplementedError

    def restore(self, snapshot: Snapshot) -> None:
        """Take them over."""
        raise NotImplementedError

    def close(self) -> None:
        """End it."""


class _InOneProcess(_Sample):
    models: InProcess | None = None

    def start(self) -> None:
        from neurokit.hardware.lava.inprocess import InProcess

        with loading.quiet(), loading.forgotten():
            if self.models is None:
                self.models = InProcess(self.compile())
            self.models.start(self.tapes)

    def run(self, steps: int, deadline: Deadline) -> None:
        assert self.models is not None, "it was started"
        self.models.advance(steps, deadline)

    def snapshot(self) -> Snapshot:
        assert self.models is not None, "it was started"
        return self.models.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        assert self.models is not None, "it was started"
        self.models.restore(snapshot)


class _InProcesses(_Sample):
    processes: Processes | None = None

    def start(self) -> None:
        from neurokit.hardware.lava.runtime import Processes

        self.close()
        with loading.quiet(), loading.forgotten():
            self.processes = Processes(self.compile(), self.tapes)

    def run(self, steps: int, deadline: Deadline) -> None:
        assert self.processes is not None, "it was started"
        self.processes.advance(steps, deadline)

    def snapshot(self) -> Snapshot:
        raise BackendError(
            Fault(
                "lava",
                "its processes do not give their state away",
                "what connections hold back is no variable of Lava's",
                "Use backend='lava-inprocess' or 'simulator' where states are saved.",
            )
        )

    def restore(self, snapshot: Snapshot) -> None:
        raise AssertionError("there is no snapshot to restore")

    def close(self) -> None:
        if self.processes is not None:
            self.processes.close()
            self.processes = None
