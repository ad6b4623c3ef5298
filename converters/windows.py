"""Windows over images as other frameworks mean them: padded unequally, cropped, one tap picked; as a Conv2d.

A Conv2d pads both ends alike. What is padded otherwise gets taps of weight zero at an end of its kernel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from neurokit.graph.synapses import Conv2d, Pair, Shape, Sparse


@dataclass(frozen=True)
class Window:
    """One axis: output o sees source places stride * o + dilation * tap - begin. size: number of outputs."""

    taps: int
    stride: int
    dilation: int
    begin: int
    size: int

    @property
    def reach(self) -> int:
        """Places from the first tap to the last, both included."""
        return self.dilation * (self.taps - 1) + 1


@dataclass(frozen=True)
class _Placed:
    """The same with equal padding: taps of the wider kernel, and where the first of the old ones lies in it."""

    taps: int
    first: int
    spacing: int
    dilation: int
    padding: int


def _placed(window: Window, source: int) -> _Placed:
    """`window` over `source` places."""
    if window.begin >= 0 and _count(source, window.reach, window.begin, window.stride) == window.size:
        return _Placed(window.taps, 0, 1, window.dilation, window.begin)
    seen = window.stride * (window.size - 1) + window.reach  # places that the windows see, padded ones included
    lead = max(0, -window.begin, seen - source - 2 * window.begin)
    padding = window.begin + lead
    least = source + 2 * padding - window.stride * window.size + 1  # fewer taps would make room for one more window
    return _Placed(max(lead + window.reach, least), lead, window.dilation, 1, padding)


def _count(source: int, reach: int, padding: int, stride: int) -> int:
    return (source + 2 * padding - reach) // stride + 1


def convolution(weight: Any, windows: Sequence[Window], source: Shape, groups: int = 1, bias: Any = None) -> Conv2d:
    """The Conv2d over images of shape `source`. weight: (out channels, in channels / groups, rows, columns)."""
    weight = np.asarray(weight)
    y, x = (_placed(window, size) for window, size in zip(windows, source[1:], strict=True))
    if (y.taps, x.taps) != weight.shape[2:] or y.first or x.first:
        wider = np.zeros((*weight.shape[:2], y.taps, x.taps), weight.dtype)
        rows, columns = (p.first + p.spacing * np.arange(n) for p, n in zip((y, x), weight.shape[2:], strict=True))
        wider[:, :, rows[:, None], columns] = weight
        weight = wider
    stride = windows[0].stride, windows[1].stride
    return Conv2d(weight, stride, (y.padding, x.padding), (y.dilation, x.dilation), groups, bias)


def each_channel(taps: Any, windows: Sequence[Window], source: Shape) -> Conv2d:
    """The same taps (rows, columns) for every channel by itself."""
    taps = np.asarray(taps, np.float64)
    weight = np.broadcast_to(taps, (source[0], 1, *taps.shape))
    return convolution(weight, windows, source, groups=source[0])


def picked_places(places: Any, size: int) -> Sparse:
    """Target i is source place places[i] of `size`, nothing where that is -1."""
    places = np.asarray(places)
    (rows,) = np.nonzero(places >= 0)
    return Sparse(sp.csr_matrix((np.ones(rows.size), (rows, places[rows])), shape=(places.size, size)))


def pads(mode: str, size: int, taps: int, stride: int, dilation: int) -> Pair:
    """(begin, end) of ONNX's auto_pad: SAME_UPPER and SAME_LOWER give ceil(size / stride) outputs, VALID none more."""
    if mode == "VALID":
        return 0, 0
    total = max(0, (math.ceil(size / stride) - 1) * stride + dilation * (taps - 1) + 1 - size)
    return (total // 2, total - total // 2) if mode == "SAME_UPPER" else (total - total // 2, total // 2)
