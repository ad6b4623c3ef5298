"""Convolutions laid out for dot products of bytes, of use where the processor has an instruction for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.synapses import Conv2d, Shape
from neurokit.hardware.simulator.product_kernels import product_rows
from neurokit.hardware.simulator.vectors import CHANNELS

# Costs in ns on the development machine (Sapphire Rapids, one thread); only their ratio to the scatter's matters.
DOT_NS = 0.011  # four multiply-accumulates of one lane
WORD_NS = 0.7  # laying out four channels of a place
SUM_NS = 0.15  # adding a sum to the target


@dataclass(frozen=True, eq=False)
class Product:
    """A Conv2d as dot products of bytes.

    image: (channels, rows, columns, stride y, x, padding y, x). target: (rows, columns).
    plane: (rows, columns) of one phase of the stride with its padding. phases: (n, 2) rows and columns of those in use.
    offsets: (k,) words from a place of the target to the data of each tap of each four channels.
    weights: (groups, output channels / 8 * k * 8) int32 of four bytes each. totals: (groups, channels) sums of weights.
    swapped: weights are unsigned and data signed, else the other way. factor: what the sums are to be multiplied by.
    seconds: of one row.
    """

    image: tuple[int, ...]
    plane: tuple[int, int]
    target: tuple[int, int]
    phases: NDArray[np.int64]
    offsets: NDArray[np.int32]
    weights: NDArray[np.int32]
    totals: NDArray[np.int64]
    swapped: bool
    factor: int
    seconds: float

    def digits(self, largest: float) -> int:
        """Bytes that payloads up to `largest` take."""
        ends = [127 * (256**n - 1) // 255 if self.swapped else 2 ** (8 * n - 1) - 1 for n in range(1, 5)]
        return int(np.searchsorted(ends, largest)) + 1

    def add(self, rows: NDArray[Any], acc: NDArray[np.int32], largest: float) -> None:
        """Add the convolution of each row (n, in), 0/1 as uint8 or payloads up to `largest`, to acc (n, out)."""
        digits = 0 if rows.dtype == np.uint8 else self.digits(largest)
        layout = (self.image, self.plane, self.target, self.phases, self.offsets, self.weights, self.totals)
        product_rows(rows, *layout, self.swapped, self.factor, digits, acc)


def plan_product(synapse: Conv2d, source: Shape, target: Shape) -> Product | None:
    """Lay out `synapse`, or None where its weights are no bytes of one sign mode."""
    narrowed = _as_bytes(synapse.weight)
    if narrowed is None:
        return None
    weight, swapped, factor = narrowed
    out_channels, per_group, *kernel = weight.shape
    groups, outputs = synapse.groups, out_channels // synapse.groups
    taps = [
        tuple(divmod(k * d, s) for k, d, s in zip(tap, synapse.dilation, synapse.stride, strict=True))
        for tap in np.ndindex(*kernel)
    ]
    phases = sorted({(y[1], x[1]) for y, x in taps})
    rows, columns = (target[1 + axis] + max(tap[axis][0] for tap in taps) for axis in (0, 1))
    quads, blocks = -(-per_group // 4), -(-outputs // CHANNELS)
    offsets = [
        ((quad * len(phases) + phases.index((y[1], x[1]))) * rows + y[0]) * columns + x[0]
        for quad in range(quads)
        for y, x in taps
    ]
    padded = np.zeros((groups, blocks * CHANNELS, quads * 4, len(taps)), np.uint8)
    padded[:, :outputs, :per_group] = weight.reshape(groups, outputs, per_group, -1).view(np.uint8)
    tiles = padded.reshape(groups, blocks, CHANNELS, quads, 4, len(taps)).transpose(0, 1, 3, 5, 2, 4)
    dots = groups * blocks * CHANNELS * len(offsets) * (target[1] * columns + 16)
    seconds = DOT_NS * dots + WORD_NS * groups * quads * len(phases) * rows * columns
    return Product(
        image=(*source, *synapse.stride, *synapse.padding),
        plane=(rows, columns),
        target=(target[1], target[2]),
        phases=np.array(phases, np.int64),
        offsets=np.array(offsets, np.int32),
        weights=np.ascontiguousarray(tiles).view(np.int32).reshape(groups, -1),
        totals=weight.reshape(groups, outputs, -1).sum(axis=2, dtype=np.int64),
        swapped=swapped,
        factor=factor,
        seconds=1e-9 * (seconds + SUM_NS * target[0] * target[1] * target[2]),
    )


def _as_bytes(weight: NDArray[Any]) -> tuple[NDArray[Any], bool, int] | None:
    """(bytes, whether they are unsigned, factor), or None: weight = bytes * factor."""
    if weight.dtype.kind not in "iu" or weight.size == 0:
        return None
    bits = int(np.bitwise_or.reduce(weight, axis=None))
    shift = (bits & -bits).bit_length() - 1 if bits else 0
    low, high = int(weight.min()) >> shift, int(weight.max()) >> shift
    if low >= -128 and high <= 127:
        return (weight >> shift if shift else weight).astype(np.int8), False, 1 << shift
    if low >= 0 and high <= 255:
        return (weight >> shift).astype(np.uint8), True, 1 << shift
    if low >= -255 and high <= 0:
        return (-(weight >> shift)).astype(np.uint8), True, -(1 << shift)
    return None
