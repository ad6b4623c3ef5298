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

    def silence(self, samples: int) -> None:
        """Nothing is under way."""
        kind = np.uint8 if self.neurons is None else self.neurons.output_type
        self.spikes = np.zeros((self.history, samples, self.size), kind)
        self.largest = 1.0
