"""Explicit connection matrices, written down from the definition of each synapse: the reference for fast counting."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.synapses import Conv2d, Convolving, Dense, Shape, Sparse, Synapse
from tests.images import image_matrix


def matrix(synapse: Synapse, source: Shape, target: Shape) -> NDArray[np.int64]:
    """Weights as a full matrix: (targets, sources), flattened in C order."""
    if isinstance(synapse, Dense):
        return np.asarray(synapse.weight)
    if isinstance(synapse, Sparse):
        return np.asarray(synapse.weight.toarray())
    if not isinstance(synapse, Conv2d):
        assert isinstance(synapse, Convolving)
        return np.asarray(image_matrix(synapse, source))
    full = np.zeros((*target, *source), np.int64)
    per_group_out, per_group_in = target[0] // synapse.groups, source[0] // synapse.groups
    (stride_y, stride_x), (pad_y, pad_x), (step_y, step_x) = synapse.stride, synapse.padding, synapse.dilation
    taps = product(*map(range, synapse.weight.shape))
    for (channel, inner, i, j), (row, column) in product(list(taps), product(range(target[1]), range(target[2]))):
        y, x = row * stride_y - pad_y + i * step_y, column * stride_x - pad_x + j * step_x
        if 0 <= y < source[1] and 0 <= x < source[2]:
            from_channel = channel // per_group_out * per_group_in + inner
            full[channel, row, column, from_channel, y, x] += synapse.weight[channel, inner, i, j]
    return full.reshape(int(np.prod(target)), int(np.prod(source)))
