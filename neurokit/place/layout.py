"""Which core each neuron lies on when a population is cut into blocks, and which cores each spike has to reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Projection
from neurokit.graph.synapses import Convolving, Dense, Shape, Sparse
from neurokit.lower.images import picked
from neurokit.place.memory import sparse_pairs

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """A population of `shape` cut into blocks of neighbours, one a core.

    by_position: cut along positions (row by row) so that all channels of a position lie together, which is what lets
    a core keep one kernel for all of them; else along the flattened order. channel_groups: further cut of the
    channels, for kernels that do not fit on one core. requested: cores asked for; `cores` are those really used.
    """

    shape: Shape
    requested: int
    by_position: bool = False
    channel_groups: int = 1

    @property
    def units(self) -> int:
        """Things that are dealt out: positions or neurons."""
        return int(np.prod(self.shape[1:] if self.by_position else self.shape))

    @property
    def block(self) -> int:
        """Units on the fullest core."""
        return -(-self.units // max(1, self.requested // self.channel_groups))

    @property
    def extent(self) -> tuple[int, int]:
        """(rows, columns) of the positions of a block, whole rows when it has any. For images cut by positions."""
        columns = self.shape[2]
        return -(-self.block // columns), min(self.block, columns)

    @property
    def cores(self) -> int:
        """Cores that hold at least one neuron."""
        return -(-self.units // self.block) * self.channel_groups

    @property
    def channels(self) -> int:
        """Channels on the fullest core (1 when cut along the flattened order)."""
        return -(-self.shape[0] // self.channel_groups) if self.by_position else 1

    @property
    def neurons(self) -> int:
        """Neurons on the fullest core."""
        return self.block * self.channels

    def core_of(self) -> Ints:
        """Core of each neuron, in the flattened order: (neurons,)."""
        unit = np.arange(self.units) // self.block
        if not self.by_position:
            return unit
        group = np.arange(self.shape[0]) // self.channels
        return np.asarray((unit[None, :] * self.channel_groups + group[:, None]).ravel())


def destinations(projection: Projection, source: Shape, target: Layout) -> Ints:
    """Cores that a spike of each source neuron has to reach through `projection`: array of the source's shape.

    Zero weights need no message, and a message goes once to each core. A convolution reaches the cores of the
    positions that its window covers, in all channels. An Injection sends none.
    """
    synapse = projection.synapse
    if isinstance(synapse, Convolving):
        by_position = Layout((1, *target.shape[1:]), target.requested // target.channel_groups, True)
        reached = _window_cores(synapse, source, by_position)
        return np.asarray(np.broadcast_to(reached * target.channel_groups, source))
    if isinstance(synapse, Sparse):
        _, sources, _ = sparse_pairs(synapse.weight, target.core_of())
        return np.bincount(sources, minlength=int(np.prod(source))).reshape(source).astype(np.int64)
    if isinstance(synapse, Dense):
        return _dense_cores(synapse.weight, target.core_of()).reshape(source)
    return np.zeros(source, np.int64)


def _dense_cores(weight: NDArray[Any], core_of: Ints) -> Ints:
    order = np.argsort(core_of, kind="stable")
    starts = np.flatnonzero(np.diff(core_of[order], prepend=-1))
    reached = np.zeros(weight.shape[1], np.int64)
    for rows in np.split(order, starts[1:]):
        reached += (weight[rows] != 0).any(axis=0)
    return reached


def _window_cores(synapse: Convolving, source: Shape, layout: Layout) -> Ints:
    """Different cores among the output positions that each input position reaches: (height, width)."""
    core_of = layout.core_of().reshape(layout.shape[1:])
    rows, columns = (axis.outputs_of for axis in picked(synapse, source).axes)  # (most outputs, inputs), -1 for none
    reached = np.zeros(source[1:], np.int64)
    for y in range(source[1]):  # row by row, so that the temporaries stay small
        touched = rows[:, y][rows[:, y] >= 0]
        cores = core_of[touched][:, columns].reshape(-1, source[2])
        inside = np.tile(columns >= 0, (len(touched), 1))
        cores = np.sort(np.where(inside, cores, -1), axis=0)
        if cores.size:
            reached[y] = (cores[0] >= 0) + ((np.diff(cores, axis=0) != 0) & (cores[1:] >= 0)).sum(axis=0)
    return reached
