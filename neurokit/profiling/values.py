"""What the payloads of graded neurons stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.graded_neurons import Delta, FixedDelta, FixedSigmaDelta, SigmaDelta
from neurokit.graph.neurons import Neuron


def sends_changes(neuron: Neuron) -> bool:
    """Whether payloads are changes, so that their sum from the first step on is the value."""
    return isinstance(neuron, Delta | FixedDelta | SigmaDelta | FixedSigmaDelta)


def values(neuron: Neuron, payloads: NDArray[Any]) -> NDArray[np.float64]:
    """(batch, steps, *shape) of what graded neurons send, from the first step on, as the value at each step."""
    if sends_changes(neuron):
        return np.cumsum(payloads, axis=1, dtype=np.float64)
    return np.asarray(payloads, np.float64)
