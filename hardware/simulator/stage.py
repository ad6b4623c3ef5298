"""One input or population while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.hardware.simulator.kernels import count_nonzero
from neurokit.hardware.simulator.links import Link, largest_of
from neurokit.hardware.simulator.neurons import Neurons
from neurokit.hardware.simulator.pool import POOL
from neurokit.hardware.simulator.team import Work

POTENTIAL = "{}\0potential"  # no population has such a name


@dataclass(eq=False)
class Stage:
    """Its neurons (None for an input), the links that feed it, and its spikes.

    block: (steps, samples, n), spikes of the block in work, time first. past: the newest `history` rows before it, None
    while all before was silent. largest: no payload in either is larger.
    bias: constant synaptic input of a Network's maps, (n,), or None.
    """

    name: str
    size: int
    neurons: Neurons | None
    links: list[Link] = field(default_factory=list)
    history: int = 0
    bias: NDArray[np.float64] | None = None
    block: NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    past: NDArray[Any] | None = None
    largest: float = 1.0
    work: Work = field(default_factory=Work)
    _room: NDArray[Any] | None = None  # where past and block lie one behind the other, and the first row there
    _first: int = 0
    _memory: NDArray[Any] | None = None  # of which the room is the beginning
    _quiet: dict[int, bool] = field(default_factory=dict)  # by step of the run: whether nothing was sent, where known

    @property
    def ports(self) -> tuple[str, ...]:
        """Names of its neurons' inputs; synaptic input holds them side by side, (steps, samples, ports x n)."""
        assert self.neurons is not None, "inputs have no synaptic input"
        return self.neurons.neuron.ports

    @property
    def binary(self) -> bool:
        """Whether all spikes are 0 or 1."""
        return self.block.dtype == np.uint8 and (self.past is None or self.past.dtype == np.uint8)

    def silence(self, samples: int) -> None:
        """Nothing is under way."""
        kind = np.uint8 if self.neurons is None else self.neurons.output_type
        self.put(None, samples, kind)

    def put(self, past: NDArray[Any] | None, samples: int, kind: Any) -> None:
        """Let `past` be what went before the next block."""
        self.block, self.past, self._room, self._memory = np.zeros((0, samples, self.size), kind), past, None, None
        self._quiet.clear()
        self.largest = 1.0 if past is None or past.dtype == np.uint8 else max(1.0, largest_of(past))

    def newest(self) -> NDArray[Any] | None:
        """The last `history` rows, None where all were silent."""
        steps = len(self.block)
        if self.history == 0 or (self.past is None and steps == 0):
            return None
        return self.joined(steps - self.history, steps)

    def rows(self, first: int, last: int) -> list[tuple[int, NDArray[Any]]]:
        """Spikes of the steps from `first` to `last` of the block, negative before it: pieces, each with its place.

        Silence before the first block is left out.
        """
        if self._room is not None:
            begin = self._first + self.history
            return [(0, self._room[begin + first : begin + last])]
        pieces = []
        if first < 0 and self.past is not None:
            pieces.append((0, self.past[self.history + first : self.history + min(last, 0)]))
        if last > 0:
            pieces.append((max(0, -first), self.block[max(0, first) : last]))
        return pieces

    def quiet(self, first: int, last: int, now: int) -> bool:
        """Whether nothing was sent from step `first` to `last` of the block that began at `now`; each is read once."""
        for step in range(first, last):
            known = self._quiet.get(now + step)
            if known is None:
                pieces = self.rows(step, step + 1)
                known = not any(count_nonzero(piece.reshape(-1, self.size)) for _, piece in pieces)
                self.note_quiet(now + step, known)
            if not known:
                return False
        return True

    def note_quiet(self, step: int, quiet: bool) -> None:
        """Whether nothing was sent at a step of the run."""
        if len(self._quiet) > 2 * (self.history + len(self.block)):
            oldest = step - self.history - len(self.block)
            kept = list(self._quiet.items())  # at once: other threads may look at the same stage
            self._quiet = {key: value for key, value in kept if key >= oldest}
        self._quiet[step] = quiet

    def joined(self, first: int, last: int) -> NDArray[Any]:
        """The same as one array, (last - first, samples, n)."""
        pieces = self.rows(first, last)
        if len(pieces) == 1 and len(pieces[0][1]) == last - first:
            return pieces[0][1]
        kind = np.result_type(*(piece for _, piece in pieces)) if pieces else self.block.dtype
        whole = np.zeros((last - first, *self.block.shape[1:]), kind)
        for place, piece in pieces:
            whole[place : place + len(piece)] = piece
        return whole

    def move_on(self, steps: int, kind: Any, most: int = 0) -> None:
        """Go on with a block of `steps` unwritten rows of `kind`, or of a wider type that the past has.

        Past and block are a window that moves through a larger array and starts over at its end, so that a long
        history, which may be much more than a block, is copied once in as many steps as it is long.
        most: rows that later blocks may have, for which memory is taken at once.
        """
        newest, room, first = self.newest(), self._room, self._first + len(self.block)
        kind = kind if newest is None else np.promote_types(kind, newest.dtype)
        rows = self.history + steps
        if room is None or room.dtype != kind or len(room) < rows:
            larger = max(rows, self.history + most) + self.history
            if self._memory is None or self._memory.dtype != kind or len(self._memory) < larger:
                self._memory = POOL.take((larger, *self.block.shape[1:]), kind)
            room = self._memory[: rows + self.history]
            first = len(room)
        if first + rows > len(room):
            room[: self.history] = 0 if newest is None else newest
            first = 0
        self.past = room[first : first + self.history]
        self.block = room[first + self.history : first + rows]
        self._room, self._first = room, first

    def lend(self, block: NDArray[Any]) -> None:
        """Go on with somebody else's array as the block, which must stay as it is as long as it is the past."""
        self.past = self.newest()
        self.block, self._room = block, None


def base_of(name: str) -> str:
    """The population whose potential a stage of that `POTENTIAL` name holds; any other name as it is."""
    return name.partition(POTENTIAL.format(""))[0]
