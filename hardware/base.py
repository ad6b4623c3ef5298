"""What every backend offers. Backends are listed by name in `neurokit.api`; nothing registers itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.network import Network, Program
from neurokit.recorder import Recorder
from neurokit.records import Recording

RecordKey: TypeAlias = "str | tuple[str, str]"
Progress: TypeAlias = Callable[[int, int], None]  # (steps of samples done, of all)
Snapshot: TypeAlias = "dict[str, NDArray[Any]]"  # everything that a network carries from step to step, by name


class Backend(Protocol):
    """Runs Programs. Inputs are checked and batched before they come here; so is `record`."""

    @property
    def name(self) -> str:
        """Name by which users ask for it."""

    def accepts(self, program: Program) -> list[Fault]:
        """Everything in `program` that this backend cannot run, before anything runs."""

    def run(
        self,
        program: Program,
        inputs: Mapping[str, NDArray[Any]],
        steps: int,
        record: tuple[RecordKey, ...],
        *,
        record_every: int | None = None,
        time_limit: float | None = None,
        progress: Progress | None = None,
    ) -> Recording:
        """Run every sample from zero state for `steps` steps.

        inputs: name -> integers (batch, input steps, *shape); steps beyond the input's length see zeros.
        record: population names (spikes) and (name, state) pairs; the spikes of outputs come always, and so does
        v of an output that does not spike. Arrays of the Recording have a batch axis.
        record_every: steps between records of (projection, variable) pairs, None: once, at a sample's end; it is passed
        only to a Program that learns, whose samples come in order to one learner.
        time_limit: wall seconds for the whole run; past it BackendError.
        """


class Block(NamedTuple):
    """What some steps gave. spikes: name -> (batch, steps, *shape). states: (name, state) -> the same shape.

    overflows: population -> the three numbers of its `records.Overflow`, of those that are not all zero; None where
    nothing is counted.
    """

    spikes: dict[str, NDArray[Any]]
    states: dict[tuple[str, str], NDArray[Any]]
    overflows: dict[str, NDArray[np.int64]] | None = None


class Stepper(Protocol):
    """A network that stands ready and carries its state from call to call."""

    def advance(self, inputs: Mapping[str, NDArray[Any]], steps: int) -> Block:
        """Run `steps` more steps. inputs: name -> (batch, steps, *shape). What outputs and `record` give, as `run`."""

    def reset(self) -> None:
        """Back to zero state and step 0."""

    def snapshot(self) -> Snapshot:
        """Copies of everything that is carried. BackendError where the backend cannot read it."""

    def restore(self, snapshot: Snapshot) -> None:
        """Take over what `snapshot` gave, here or in another stepper of the same program, batch and backend.

        ValueError, and nothing is changed, when arrays are missing or have other shapes.
        """

    def close(self) -> None:
        """Give back processes and memory. May be called more than once."""


@runtime_checkable
class Learns(Protocol):
    """A Stepper that changes weights, each sample's its own."""

    def learned(self) -> dict[str, NDArray[Any]]:
        """Weights of plastic projections as they now are: name -> (batch, *shape), as `graph.learned.weights_of`."""


@runtime_checkable
class Opens(Protocol):
    """A backend that has sessions."""

    def open(
        self, program: Program | Network, batch: int, record: tuple[RecordKey, ...], *, time_limit: float | None = None
    ) -> Stepper:
        """A Stepper at zero state. time_limit: wall seconds that one call may take; past it BackendError."""


class Place(NamedTuple):
    """How far a run has come: the group of `size` samples that starts at `first`, and what its network carries."""

    first: int
    size: int
    snapshot: Snapshot


class Keeper(Protocol):
    """Keeps an unfinished run, so that it can go on after whatever ended it."""

    def place(self) -> Place | None:
        """Where to go on, None at the beginning; the recorder then holds what was recorded so far."""

    def due(self) -> bool:
        """Whether it is time to keep the run again."""

    def keep(self, place: Place) -> None:
        """Keep the run as it is now, between two blocks."""


@runtime_checkable
class Streams(Protocol):
    """A backend that hands on blocks as they are finished, and that can go on where a run was left."""

    def run_into(
        self,
        recorder: Recorder,
        inputs: Mapping[str, NDArray[Any]],
        *,
        time_limit: float | None = None,
        progress: Progress | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        """Run the recorder's graph for its steps, and write every block into it.

        Ctrl-C waits for the end of a block and raises Interrupted, to which the recorder's owner adds the recording.
        """
