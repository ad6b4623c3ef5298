"""One input or population while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.hardware.simulator.links import Link
from neurokit.hardware.simulator.neurons import Neurons
from neurokit.hardware.simulator.team import Work


@dataclass(eq=False)
class Stage:
    """Its neurons (None for an input), the links that feed it, and its spikes.

    spikes: (history + block, samples, n), time first; the newest `history` rows before the block are kept.
    bias: constant synaptic input of a Network's maps, (n,), or None.
    """

    name: str
    size: int
    neurons: Neurons | None
    links: list[Link] = field(default_factory=list)
    history: int = 0
    bias: NDArray[np.float64] | None = None
    spikes: NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    largest: float = 1.0
    work: Work = field(default_factory=Work)
    _room: NDArray[Any] | None = None  # what `spikes` is a window of, and its first row there
    _first: int = 0

    @property
    def ports(self) -> tuple[str, ...]:
        """Names of its neurons' inputs; synaptic input holds them side by side, (steps, samples, ports x n)."""
        assert self.neurons is not None, "inputs have no synaptic input"
        return self.neurons.neuron.ports

    def silence(self, samples: int) -> None:
        """Nothing is under way."""
        kind = np.uint8 if self.neurons is None else self.neurons.output_type
        self.spikes = np.zeros((self.history, samples, self.size), kind)
        self.largest = 1.0

    def move_on(self, steps: int, kind: Any) -> None:
        """Let `spikes` begin with the newest `history` rows it has, and go on with `steps` unwritten ones of `kind`.

        It is a window that moves through a larger array and starts over at its end, so that a long history, which may
        be much more than a block, is copied once in as many steps as it is long.
        """
        rows, begin = self.history + steps, len(self.spikes) - self.history
        newest, first, room = self.spikes[begin:], self._first + begin, self._room
        if self.spikes.base is not room or room is None or room.dtype != kind or len(room) < rows:
            room = np.empty((rows + self.history, *self.spikes.shape[1:]), kind)
            first = len(room)
        if first + rows > len(room):
            room[: self.history] = newest
            first = 0
        self.spikes, self._room, self._first = room[first : first + rows], room, first
