"""What a float run on sample inputs showed of a network: the ranges that integers have to hold.

Lowering takes these plain numbers; who runs the network (`neurokit.calibration`) is no concern of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# Beside the names of states:
PAYLOAD = "payload"  # what a population sends
SUM = "sum"  # what reaches it in a step


@dataclass(frozen=True)
class InputRange:
    """What an input held. peak: largest |value|. whole: whether all values were whole numbers."""

    peak: float
    whole: bool


@dataclass(frozen=True)
class Activity:
    """Peaks over all samples, steps and neurons of a float run.

    inputs: by name. peaks: largest |value| by (population, state), states by the neuron's own names, PAYLOAD for what
    it sends and, of neurons that add up what they receive, SUM. moments: by projection (of the folded network),
    `moments.moment`, where rounding can use it. reached: by projection, `moments.reached`. samples: their
    number.
    """

    inputs: Mapping[str, InputRange] = field(default_factory=dict)
    peaks: Mapping[tuple[str, str], float] = field(default_factory=dict)
    moments: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    samples: int = 0
    reached: Mapping[str, float] = field(default_factory=dict)

    def sent(self, name: str) -> float:
        """Largest |value| that the input or population `name` sent."""
        return self.inputs[name].peak if name in self.inputs else self.peaks[name, PAYLOAD]

    def peak(self, name: str, *states: str) -> float:
        """Largest |value| of those of `states` that population `name` has."""
        return max((self.peaks[name, state] for state in states if (name, state) in self.peaks), default=0.0)
