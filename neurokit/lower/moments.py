"""Second moments of what the synapses of a target carry, from the activity of its source.

What counts is what a neuron keeps of it: one that forgets sees sums over its memory, one that adds up changes their
running sum, one that forgets at once the step's value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.graded_neurons import Delta, Relay, Sigma, SigmaDelta
from neurokit.graph.lif_family import QIF, Theta
from neurokit.graph.neurons import Neuron
from neurokit.graph.resonators import ResonateAndFire
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, ResizeConv2d, Sparse, Synapse
from neurokit.lower.discretise import Recurrence, recurrence
from neurokit.lower.images import picked

Values = NDArray[Any]  # (batch, steps, *shape)

MOST_SYNAPSES = 3072  # of a target: larger moments would take more time than they are worth
MOST_PATCHES = 1 << 14  # places of an image that are looked at, of one round of samples
MOST_VALUES = 1 << 24  # that they may have
REACHED_STEPS = 32  # that `reached` looks at
LONGEST = 10  # steps of a window: neurons without leak fire, and begin anew


def has_moment(synapse: Synapse) -> bool:
    """Whether rounding can use the moments of this map."""
    if isinstance(synapse, Dense):
        return bool(synapse.weight.shape[1] <= MOST_SYNAPSES)
    if isinstance(synapse, Conv2d | ResizeConv2d):
        return bool(np.prod(synapse.weight.shape[1:]) <= MOST_SYNAPSES)
    if isinstance(synapse, ConvTranspose2d):
        per_target = synapse.weight.shape[0] // synapse.groups * int(np.prod(synapse.weight.shape[2:]))
        return per_target <= MOST_SYNAPSES
    return False


def kept(neuron: Neuron, dt: float | None, values: Values) -> Values:
    """What a neuron makes of its source's `values`: (samples, *shape)."""
    values = values.astype(np.float32)
    steps = values.shape[1]
    if isinstance(neuron, Sigma | SigmaDelta):
        values = np.cumsum(values, axis=1)[:, :: max(1, steps // LONGEST)]
    elif not isinstance(neuron, Delta | Relay):
        window = min(steps, _memory(neuron, dt))
        whole = values[:, : steps // window * window]
        values = whole.reshape(len(values), steps // window, window, *values.shape[2:]).sum(axis=2)
    return values.reshape(-1, *values.shape[2:])


def _memory(neuron: Neuron, dt: float | None) -> int:
    """Steps over which a neuron adds up its input."""
    if isinstance(neuron, QIF | Theta | ResonateAndFire):
        return 1
    return window_of(recurrence(neuron, dt))


def window_of(model: Recurrence) -> int:
    """Steps over which a neuron adds up its input, LONGEST at the most."""
    forgets = 1 - max(float(model.keep_u.max()), float(model.keep_v.max()))
    return LONGEST if forgets * LONGEST <= 1 else max(1, math.ceil(1 / forgets))


def moment(synapse: Synapse, values: Values, generator: np.random.Generator) -> NDArray[np.float64]:
    """Mean of x x^T over samples and places, (groups, d, d), with x what the d synapses of a target carry.

    values: (samples, *shape), see `kept`. Of images, places are drawn by `generator`.
    """
    found = [part.astype(np.float32) for part in _carried(synapse, values, generator)]
    return np.stack([(part.T @ part).astype(np.float64) / len(part) for part in found])


def reached(synapse: Synapse, values: Values, generator: np.random.Generator) -> float:
    """Share of steps in which anything reaches a target, on average over targets; of pools 1.

    values: (samples, steps, *shape), what the source sends; a few of its steps are drawn by `generator`.
    """
    samples, steps = (generator.integers(0, n, REACHED_STEPS) for n in values.shape[:2])
    sends = values[samples, steps] != 0
    if isinstance(synapse, Sparse):
        pattern = (synapse.weight != 0).astype(np.float32)
        return float((pattern @ sends.reshape(len(sends), -1).T.astype(np.float32) > 0).mean())
    if not isinstance(synapse, Dense | Conv2d | ResizeConv2d | ConvTranspose2d):
        return 1.0
    return float(np.mean([part.any(axis=1).mean() for part in _carried(synapse, sends, generator)]))


def _carried(synapse: Synapse, values: Values, generator: np.random.Generator) -> Iterator[Values]:
    """For each group of channels, what synapses carry: (samples, d), in the order of `rounding.rows_of`."""
    if isinstance(synapse, Dense):
        yield values.reshape(len(values), -1)
        return
    assert isinstance(synapse, Conv2d | ResizeConv2d | ConvTranspose2d), "see `has_moment`"
    axis_y, axis_x = picked(synapse, values.shape[1:]).axes
    rows, columns = axis_y.source_of.shape[1], axis_x.source_of.shape[1]
    taps = axis_y.source_of.shape[0] * axis_x.source_of.shape[0]
    places = min(MOST_PATCHES, MOST_VALUES // (taps * values.shape[1]), len(values) * rows * columns)
    sample, row, column = (generator.integers(0, n, places) for n in (len(values), rows, columns))
    y, x = axis_y.source_of[:, row], axis_x.source_of[:, column]  # (taps, places)
    inside = (y >= 0)[:, None] & (x >= 0)[None]
    seen = values[sample[None, None], :, np.maximum(y, 0)[:, None], np.maximum(x, 0)[None]] * inside[..., None]
    for part in np.split(seen.transpose(2, 3, 0, 1), synapse.groups, axis=1):  # of (places, channels, y, x)
        yield part.reshape(places, -1)
