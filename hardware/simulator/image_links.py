"""Links for resized and transposed convolutions and pools; memory stays that of the kernel and of a few images."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from neurokit.graph.synapses import ConvTranspose2d, ResizeConv2d, Shape, SumPool2d
from neurokit.hardware.simulator.image_kernels import pick, pool_rows
from neurokit.hardware.simulator.kernels import count_nonzero
from neurokit.hardware.simulator.links import ConvLink, Link, Rows, _flat
from neurokit.lower.images import picked

PICKED_BYTES = 4 << 20  # of picked images held at once, so that they stay in the cache for the convolution


class PickedConvLink(ConvLink):
    """A convolution of rows and columns picked from the source; see `lower.images`."""

    def __init__(self, source: str, delay: int, synapse: ResizeConv2d | ConvTranspose2d, shape: Shape) -> None:
        form = picked(synapse, shape)
        self.between: Shape = (shape[0], len(form.rows), len(form.columns))
        super().__init__(source, delay, form.convolution, self.between)
        self.shape, self.rows, self.columns = shape, form.rows, form.columns

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        rows, acc = _flat(rows), _flat(acc)
        size = int(np.prod(self.between))
        chunk = max(1, PICKED_BYTES // (size * rows.itemsize))
        for first in range(0, len(rows), chunk):
            part = rows[first : first + chunk]
            if count_nonzero(part) == 0:
                continue
            image = _scratch(len(part), size, rows.dtype)
            pick(part, self.rows, self.columns, np.array(self.shape), image)
            super()._accumulate(image, acc[first : first + chunk], largest)


_kept = threading.local()


def _scratch(rows: int, size: int, kind: Any) -> Rows:
    """An array to overwrite, (rows, size), the same memory for each call of a thread: fresh pages cost more than it."""
    needed = rows * size * np.dtype(kind).itemsize
    if getattr(_kept, "bytes", np.empty(0)).nbytes < needed:
        _kept.bytes = np.empty(needed, np.uint8)
    found: Rows = _kept.bytes[:needed].view(kind).reshape(rows, size)
    return found


class PoolLink(Link):
    """Sum over windows; its integer result wraps at 24 bits, as a convolution's."""

    bits = 24

    def __init__(self, source: str, delay: int, synapse: SumPool2d, shape: Shape) -> None:
        super().__init__(source, delay, synapse.exponent)
        target = synapse.output_shape(shape)
        assert target is not None, "the graph has been checked"
        integer = synapse.weight.dtype.kind in "iu"
        self.weight: Any = int(synapse.weight) if integer else float(synapse.weight)
        geometry = (*shape, *target[1:], *synapse.kernel, *synapse.stride, *synapse.padding)
        self.geometry = np.array(geometry, np.int64)
        self.reach = abs(float(self.weight)) * synapse.kernel[0] * synapse.kernel[1]

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        pool_rows(_flat(rows), self.weight, self.geometry, _flat(acc))


def image_link(
    source: str, delay: int, synapse: ResizeConv2d | ConvTranspose2d | SumPool2d, shape: Shape
) -> PickedConvLink | PoolLink:
    """The link of `synapse`, whose source has `shape`."""
    if isinstance(synapse, SumPool2d):
        return PoolLink(source, delay, synapse, shape)
    return PickedConvLink(source, delay, synapse, shape)
