"""Which cores the spikes of each source reach: a message goes once to each core, whatever it meets there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.graph.network import Projection
from neurokit.graph.synapses import Convolving, Dense, Shape, Sparse
from neurokit.lower.images import picked
from neurokit.place.layout import Layout
from neurokit.place.memory import sparse_pairs

Ints = NDArray[np.int64]


def destinations(projection: Projection, source: Shape, target: Layout) -> Ints:
    """Cores that a spike of each source neuron has to reach through `projection`: array of the source's shape.

    Zero weights need no message. A convolution reaches the cores of the positions that its window covers, in all
    channels of its group. An Injection sends none.
    """
    synapse = projection.synapse
    if isinstance(synapse, Convolving):
        positions, _ = _window_pairs(synapse, source, target)
        reached = np.bincount(positions, minlength=source[1] * source[2]).reshape(source[1:])
        return np.asarray(_channel_reach(synapse, source, target).sum(axis=1)[:, None, None] * reached[None])
    if isinstance(synapse, Sparse | Dense):
        sources, _ = _pairs(synapse, target)
        return np.bincount(sources, minlength=math.prod(source)).reshape(source).astype(np.int64)
    return np.zeros(source, np.int64)


def messages(projection: Projection, source: Layout, target: Layout) -> sp.csr_matrix:
    """Messages between blocks when each source neuron spikes once: (cores of the source, cores of the target)."""
    synapse = projection.synapse
    shape = (source.cores, target.cores)
    if isinstance(synapse, Convolving):
        return _image_messages(synapse, source, target)
    if isinstance(synapse, Sparse | Dense):
        sources, cores = _pairs(synapse, target)
        from_core = source.core_of()[sources]
        return sp.csr_matrix((np.ones(len(cores)), (from_core, cores)), shape)
    return sp.csr_matrix(shape)


def _pairs(synapse: Sparse | Dense, target: Layout) -> tuple[Ints, Ints]:
    """(source neuron, core) of every pair that a message connects."""
    core_of = target.core_of()
    if isinstance(synapse, Sparse):
        cores, sources, _ = sparse_pairs(synapse.weight, core_of)
        return sources, cores
    found = []
    order = np.argsort(core_of, kind="stable")
    starts = np.flatnonzero(np.diff(core_of[order], prepend=-1))
    for core, rows in enumerate(np.split(order, starts[1:])):
        sources = np.flatnonzero((synapse.weight[rows] != 0).any(axis=0))
        found.append((sources, np.full(len(sources), core)))
    return np.concatenate([s for s, _ in found]), np.concatenate([c for _, c in found])


def _window_pairs(synapse: Convolving, source: Shape, target: Layout) -> tuple[Ints, Ints]:
    """(source position, block of target positions) of every pair that a window connects."""
    axes = picked(synapse, source).axes
    (y, out_y), (x, out_x) = (_axis_pairs(axis.source_of) for axis in axes)
    if target.cut == "tiles":  # rows and columns part: look at each by itself
        down, along = target.pieces[1:]
        row_blocks, column_blocks = target.axis_blocks()
        y, row = _unique(y, row_blocks[out_y], down)
        x, column = _unique(x, column_blocks[out_x], along)
        positions = (y[:, None] * source[2] + x[None]).ravel()
        return positions, (column[None] * down + row[:, None]).ravel()
    positions = (y[:, None] * source[2] + x[None]).ravel()
    blocks = target.position_blocks()
    return _unique(positions, blocks[out_y][:, out_x].ravel(), int(blocks.max()) + 1)


def _axis_pairs(source_of: Ints) -> tuple[Ints, Ints]:
    outputs = np.broadcast_to(np.arange(source_of.shape[1]), source_of.shape)
    seen = source_of >= 0
    return _unique(source_of[seen], outputs[seen], source_of.shape[1])


def _unique(first: Ints, second: Ints, seconds: int) -> tuple[Ints, Ints]:
    """Different pairs."""
    one, two = np.divmod(np.unique(first * seconds + second), max(1, seconds))
    return one, two


def _channel_reach(synapse: Convolving, source: Shape, target: Layout) -> NDArray[Any]:
    """Whether each source channel feeds a channel of each group of target channels: (channels, groups of channels)."""
    groups = picked(synapse, source).convolution.groups
    inner, each = source[0] // groups, target.shape[0] // groups
    first = np.arange(source[0]) // inner * each
    start = np.arange(target.channel_groups) * target.block[0]
    stop = np.minimum(start + target.block[0], target.shape[0])
    return np.asarray((start[None] < first[:, None] + each) & (first[:, None] < stop[None]))


def _image_messages(synapse: Convolving, source: Layout, target: Layout) -> sp.csr_matrix:
    """Positions and channels by themselves: a block's messages are a product of both."""
    positions, blocks = _window_pairs(synapse, source.shape, target)
    reach = _channel_reach(synapse, source.shape, target).astype(np.float64)
    if source.cut == "neurons":
        return _flat_messages(positions, blocks, reach, source, target)
    from_blocks = source.position_blocks().ravel()[positions]
    number = int(source.position_blocks().max()) + 1
    target_blocks = target.cores // target.channel_groups
    between = sp.csr_matrix((np.ones(len(blocks)), (from_blocks, blocks)), (number, target_blocks))
    groups = np.add.reduceat(reach, np.arange(0, source.shape[0], source.block[0]), axis=0)
    return sp.csr_matrix(sp.kron(between, sp.csr_matrix(groups), format="csr"))


def _flat_messages(positions: Ints, blocks: Ints, reach: NDArray[Any], source: Layout, target: Layout) -> sp.csr_matrix:
    """From an image that lies in the flattened order."""
    core_of = source.core_of().reshape(source.shape[0], -1)
    total = sp.csr_matrix((source.cores, target.cores))
    for channel, reached in enumerate(reach):
        for group in np.flatnonzero(reached):
            ends = (core_of[channel][positions], blocks * target.channel_groups + group)
            total = total + sp.csr_matrix((np.ones(len(blocks)), ends), total.shape)
    return sp.csr_matrix(total)
