"""Which core each neuron lies on when a population is cut into blocks, one block a core."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.synapses import Shape

Ints = NDArray[np.int64]
Cut: TypeAlias = Literal["neurons", "runs", "tiles"]


@dataclass(frozen=True)
class Layout:
    """A population of `shape` cut into blocks.

    cut: "neurons": runs of neurons in the flattened order, block (neurons,). Images also: "runs" of positions, row by
    row, each with some of the channels, block (channels, positions); or "tiles", block (channels, rows, columns).
    A core that holds positions needs one kernel for all of them. The last block along an axis may be smaller.
    rows, columns: order in which tiles take them, None: as they lie. Rows of a resized image that see their sources in
    the same way then share cores, as if each such phase were a convolution of its own.
    """

    shape: Shape
    cut: Cut
    block: tuple[int, ...]
    rows: tuple[int, ...] | None = None
    columns: tuple[int, ...] | None = None

    @property
    def pieces(self) -> tuple[int, ...]:
        """Blocks along each axis of `block`."""
        return tuple(-(-size // block) for size, block in zip(self._sizes, self.block, strict=True))

    @property
    def cores(self) -> int:
        """Cores it takes, one a block."""
        return math.prod(self.pieces)

    @property
    def neurons(self) -> int:
        """Neurons on the fullest core."""
        return math.prod(min(size, block) for size, block in zip(self._sizes, self.block, strict=True))

    @property
    def channels(self) -> int:
        """Channels on the fullest core (1 when cut along the flattened order)."""
        return 1 if self.cut == "neurons" else min(self.block[0], self.shape[0])

    @property
    def channel_groups(self) -> int:
        """Blocks along the channels (1 when cut along the flattened order)."""
        return 1 if self.cut == "neurons" else self.pieces[0]

    @property
    def positions(self) -> int:
        """Positions on the fullest core; neurons, when cut along the flattened order."""
        return self.neurons // self.channels

    @property
    def extent(self) -> tuple[int, int]:
        """(rows, columns) that hold the positions of a block; for images cut by positions."""
        if self.cut == "tiles":
            return min(self.block[1], self.shape[1]), min(self.block[2], self.shape[2])
        columns = self.shape[2]
        return -(-self.block[1] // columns), min(self.block[1], columns)

    @property
    def _sizes(self) -> tuple[int, ...]:
        if self.cut == "neurons":
            return (math.prod(self.shape),)
        return self.shape if self.cut == "tiles" else (self.shape[0], self.shape[1] * self.shape[2])

    def position_blocks(self) -> Ints:
        """Block of each position, channels left out: (height, width), numbered from 0. For images cut by positions."""
        height, width = self.shape[1:]
        if self.cut == "runs":
            return (np.arange(height * width) // self.block[1]).reshape(height, width)
        rows, columns = self.axis_blocks()
        return np.asarray(columns[None, :] * self.pieces[1] + rows[:, None])

    def axis_blocks(self) -> tuple[Ints, Ints]:
        """Piece of each row and of each column, of an image cut into tiles: (height,) and (width,)."""
        _, height, width = self.shape
        return _pieces_of(height, self.block[1], self.rows), _pieces_of(width, self.block[2], self.columns)

    def core_of(self) -> Ints:
        """Core of each neuron, in the flattened order: (neurons,). Channel groups of the same places are neighbours."""
        if self.cut == "neurons":
            return np.arange(math.prod(self.shape)) // self.block[0]
        group = np.arange(self.shape[0]) // self.block[0]
        blocks = self.position_blocks()
        return np.asarray((blocks[None] * self.channel_groups + group[:, None, None]).ravel())

    def sizes(self) -> Ints:
        """Neurons of each core: (cores,)."""
        parts = [
            np.minimum(block, size - np.arange(pieces) * block)
            for size, block, pieces in zip(self._sizes, self.block, self.pieces, strict=True)
        ]
        if self.cut == "neurons":
            return np.asarray(parts[0], np.int64)
        along = parts[1] if self.cut == "runs" else np.outer(parts[2], parts[1]).ravel()
        return np.asarray(np.outer(along, parts[0]).ravel(), np.int64)

    def said(self) -> str:
        """In words: "4 by columns x 2 by output channel", "whole"."""
        axes = {
            "neurons": ("neurons",),
            "runs": ("output channel", "rows"),
            "tiles": ("output channel", "rows", "columns"),
        }
        cuts = [f"{n} by {axis}" for n, axis in zip(self.pieces, axes[self.cut], strict=True) if n > 1]
        phases = ", phase by phase" if (self.rows, self.columns) != (None, None) else ""
        return (" x ".join(reversed(cuts)) or "whole") + phases


def whole(shape: Shape) -> Layout:
    """All on one core."""
    return Layout(shape, "neurons", (math.prod(shape),))


def _pieces_of(size: int, block: int, order: tuple[int, ...] | None) -> Ints:
    if order is None:
        return np.arange(size) // block
    pieces = np.empty(size, np.int64)
    pieces[list(order)] = np.arange(size) // block
    return pieces
