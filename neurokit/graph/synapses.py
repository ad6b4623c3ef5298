"""Synapse models: linear maps from the spikes of one population to the input of another.

In a Network weights are floats, a projection may chain several maps (pool, flatten, dense) and maps may add a constant
`bias`. In a Program weights are integers w with one `exponent` e a projection, its chain has one map, and the input
of a step is a = (sum of w * payload) << e, or >> -e rounding down; what convolves then wraps to 24 bits, as Lava's Conv
does. Shapes are (channels, height, width) for images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.errors import Fault, GraphError
from neurokit.graph.neurons import _frozen

Shape: TypeAlias = tuple[int, ...]
Pair: TypeAlias = tuple[int, int]
Weights: TypeAlias = NDArray[Any]


class Synapse:
    """Abstract base of all synapse models; see the subclasses."""

    def output_shape(self, shape: Shape) -> Shape | None:
        """Shape of the output for inputs of `shape`, or None when they do not fit."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Dense(Synapse):
    """Every neuron to every neuron: y = weight x + bias, over the flattened (C order) source.

    weight: (targets, sources). bias: (targets,) or None. exponent: see the module.
    """

    weight: Weights
    bias: Weights | None = None
    exponent: int = 0

    def __post_init__(self) -> None:
        _freeze(self, "weight", "bias")

    def output_shape(self, shape: Shape) -> Shape | None:
        """(targets,) when the number of sources fits."""
        if self.weight.ndim != 2 or math.prod(shape) != self.weight.shape[1]:
            return None
        return (self.weight.shape[0],)


@dataclass(frozen=True, eq=False)
class Sparse(Synapse):
    """Listed connections: y = weight x + bias, with weight a CSR matrix (targets, sources) over flattened populations.

    bias: (targets,) or None.
    """

    weight: sp.csr_matrix
    bias: Weights | None = None
    exponent: int = 0

    def __post_init__(self) -> None:
        weight = sp.csr_matrix(self.weight, copy=True)
        try:
            weight.check_format(full_check=True)  # before anything walks its indices
        except ValueError as error:
            raise GraphError(
                Fault("Sparse", f"holds a damaged matrix ({error})", "a sound CSR matrix is needed", "Build it anew.")
            ) from error
        weight.sum_duplicates()
        weight.sort_indices()
        weight.data = _wide(weight.data)
        weight.data.setflags(write=False)
        object.__setattr__(self, "weight", weight)
        _freeze(self, "bias")

    def output_shape(self, shape: Shape) -> Shape | None:
        """(targets,) when the number of sources fits."""
        return (int(self.weight.shape[0]),) if math.prod(shape) == self.weight.shape[1] else None


@dataclass(frozen=True, eq=False)
class Conv2d(Synapse):
    """Two-dimensional convolution in torch's convention (cross-correlation, channels first).

    weight: (out channels, in channels / groups, height, width). bias: (out channels,) or None.
    stride, padding, dilation: (y, x).
    """

    weight: Weights
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: Weights | None = None
    exponent: int = 0

    def __post_init__(self) -> None:
        _freeze(self, "weight", "bias")
        for name in ("stride", "padding", "dilation"):
            object.__setattr__(self, name, pair(getattr(self, name)))

    def output_shape(self, shape: Shape) -> Shape | None:
        """(out channels, rows, columns), or None when channels or sizes do not fit."""
        if len(shape) != 3 or self.weight.ndim != 4 or self.groups < 1:
            return None
        if shape[0] != self.weight.shape[1] * self.groups or self.weight.shape[0] % self.groups:
            return None
        size = _window(shape[1:], self.weight.shape[2:], self.stride, self.padding, self.dilation)
        return None if size is None else (self.weight.shape[0], *size)


@dataclass(frozen=True, eq=False)
class ResizeConv2d(Synapse):
    """Nearest-neighbour resize of each channel to `size` (rows, columns), then the convolution of a Conv2d.

    Row i of the resized image is row `nearest(rows before, rows after)[i]` of the source; columns alike. The ratio may
    be any. The other fields are those of Conv2d, whose padding is that of the resized image.
    """

    size: Pair
    weight: Weights
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: Weights | None = None
    exponent: int = 0

    def __post_init__(self) -> None:
        _freeze(self, "weight", "bias")
        for name in ("size", "stride", "padding", "dilation"):
            object.__setattr__(self, name, pair(getattr(self, name)))

    @property
    def convolution(self) -> Conv2d:
        """What follows the resize."""
        return Conv2d(self.weight, self.stride, self.padding, self.dilation, self.groups, self.bias, self.exponent)

    def output_shape(self, shape: Shape) -> Shape | None:
        """(out channels, rows, columns), or None when channels or sizes do not fit."""
        resized = Upsample2d(self.size).output_shape(shape)
        return None if resized is None else self.convolution.output_shape(resized)


@dataclass(frozen=True, eq=False)
class ConvTranspose2d(Synapse):
    """Transposed convolution in torch's convention: each source value adds its kernel, `stride` apart, to the output.

    weight: (in channels, out channels / groups, height, width). bias: (out channels,) or None.
    stride, padding, dilation: (y, x); `padding` rows and columns are cut off each side of the output, and
    `output_padding` (y, x), smaller than stride or dilation, are added at its end.
    """

    weight: Weights
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    output_padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: Weights | None = None
    exponent: int = 0

    def __post_init__(self) -> None:
        _freeze(self, "weight", "bias")
        for name in ("stride", "padding", "output_padding", "dilation"):
            object.__setattr__(self, name, pair(getattr(self, name)))

    def output_shape(self, shape: Shape) -> Shape | None:
        """(out channels, rows, columns), or None when channels or sizes do not fit."""
        if len(shape) != 3 or self.weight.ndim != 4 or self.groups < 1:
            return None
        if shape[0] != self.weight.shape[0] or shape[0] % self.groups:
            return None
        if min(self.stride) < 1 or min(self.dilation) < 1 or min(self.padding) < 0 or min(self.weight.shape[2:]) < 1:
            return None
        if not all(0 <= o < max(s, d) for o, s, d in zip(self.output_padding, self.stride, self.dilation, strict=True)):
            return None
        rows, columns = (
            (shape[1 + axis] - 1) * self.stride[axis]
            - 2 * self.padding[axis]
            + self.dilation[axis] * (self.weight.shape[2 + axis] - 1)
            + self.output_padding[axis]
            + 1
            for axis in (0, 1)
        )
        return (self.weight.shape[1] * self.groups, rows, columns) if rows > 0 and columns > 0 else None


@dataclass(frozen=True, eq=False)
class SumPool2d(Synapse):
    """Sum over windows, each channel by itself, times one weight; 1 / (kernel area) makes it an average.

    kernel, stride, padding: (y, x). Padded places count as zeros, and in an average they count in the area.
    weight: (), shared by all places.
    """

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)
    weight: Weights = field(default_factory=lambda: np.ones((), np.int32))
    exponent: int = 0

    def __post_init__(self) -> None:
        _freeze(self, "weight")
        for name in ("kernel", "stride", "padding"):
            object.__setattr__(self, name, pair(getattr(self, name)))

    def output_shape(self, shape: Shape) -> Shape | None:
        """(channels, rows, columns), or None when sizes do not fit."""
        if len(shape) != 3 or self.weight.ndim:
            return None
        size = _window(shape[1:], self.kernel, self.stride, self.padding, (1, 1))
        return None if size is None else (shape[0], *size)


@dataclass(frozen=True, eq=False)
class Upsample2d(Synapse):
    """Nearest-neighbour resize of each channel to `size` (rows, columns), as torch's `interpolate(size=...)`.

    See `nearest` for the rule. Only a Network holds it; lowering joins it with the convolution that follows.
    """

    size: Pair

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", pair(self.size))

    def output_shape(self, shape: Shape) -> Shape | None:
        """(channels, rows, columns), or None for what is no image."""
        return (shape[0], *self.size) if len(shape) == 3 and min(*self.size, *shape) > 0 else None


@dataclass(frozen=True, eq=False)
class Flatten(Synapse):
    """Merge the dimensions `start` to `end` (inclusive, batch not counted) in C order."""

    start: int = 0
    end: int = -1

    def output_shape(self, shape: Shape) -> Shape | None:
        """The shape with the merged dimensions, or None when they do not exist."""
        rank = len(shape)
        start, end = (n + rank if n < 0 else n for n in (self.start, self.end))
        if not 0 <= start <= end < rank:
            return None
        return (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])


@dataclass(frozen=True, eq=False)
class Injection(Synapse):
    """An external current that enters a population one to one, in the same step, as a += x."""

    def output_shape(self, shape: Shape) -> Shape | None:
        """The same shape."""
        return shape


Convolving: TypeAlias = Conv2d | ResizeConv2d | ConvTranspose2d | SumPool2d  # in a Program the sum wraps at 24 bits
Weighted: TypeAlias = Dense | Sparse | Convolving


def nearest(before: int, after: int) -> NDArray[np.int64]:
    """Source index of each of `after` places when `before` places are resized: floor(i * before / after) in float32.

    torch 2.3, aten/native/UpSample.h, nearest_neighbor_compute_source_index; single precision decides where the
    product is almost whole.
    """
    ratio = np.float32(before) / np.float32(after)
    index = np.floor(np.arange(after, dtype=np.float32) * ratio)
    return np.asarray(np.minimum(index, before - 1), np.int64)


def chain_shape(synapses: tuple[Synapse, ...], shape: Shape) -> Shape | None:
    """Shape after all maps of a chain, or None where one does not fit."""
    current: Shape | None = shape
    for synapse in synapses:
        current = None if current is None else synapse.output_shape(current)
    return current


def pair(value: Any) -> Pair:
    """A number or two numbers as (y, x)."""
    numbers = np.ravel(np.asarray(value))
    if numbers.size == 1:
        return int(numbers[0]), int(numbers[0])
    y, x = numbers
    return int(y), int(x)


def _window(size: Shape, kernel: Shape, stride: Pair, padding: Pair, dilation: Pair) -> Pair | None:
    if min(stride) < 1 or min(dilation) < 1 or min(padding) < 0 or min(kernel) < 1:
        return None
    rows, columns = (
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    return (rows, columns) if rows > 0 and columns > 0 else None


def _freeze(synapse: Synapse, *names: str) -> None:
    for name in names:
        value = getattr(synapse, name)
        if value is not None:
            object.__setattr__(synapse, name, _frozen(_wide(value)))


def _wide(values: Any) -> Weights:
    """Integers as int32 where they fit, so that sums of products do not overflow; all else as float64."""
    values = np.asarray(values)
    if values.dtype.kind not in "biu":
        return np.asarray(values, np.float64)
    fits = values.size == 0 or (values.min() >= -(2**31) and values.max() < 2**31)
    return np.asarray(values, np.int32 if fits else np.int64)
