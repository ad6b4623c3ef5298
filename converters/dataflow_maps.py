"""Scales, concatenations and sums worked into neighbouring maps; None where a map has no room for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.graph.neurons import FloatArray
from neurokit.graph.synapses import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    ResizeConv2d,
    Shape,
    Sparse,
    SumPool2d,
    Synapse,
    Upsample2d,
)

Region: TypeAlias = tuple[slice, ...]

MAX_ENTRIES = 1 << 27  # of a matrix that must be written out: 1 GiB of doubles


def unbiased(synapse: Synapse) -> Synapse:
    """The map without its bias."""
    if isinstance(synapse, Dense | Sparse | Conv2d | ResizeConv2d | ConvTranspose2d) and synapse.bias is not None:
        return replace(synapse, bias=None)
    return synapse


def is_diagonal(synapse: Synapse) -> bool:
    """Whether the map gives each element a weight of its own, and nothing else."""
    if not isinstance(synapse, Sparse) or synapse.bias is not None:
        return False
    weight = synapse.weight
    size = weight.shape[0]
    return weight.shape[1] == size == weight.nnz and bool((weight.indices == np.arange(size)).all())


def spread_bias(synapse: Synapse, target: Shape) -> FloatArray | None:
    """The bias of a map with one value for each of the flattened target's elements."""
    bias = getattr(synapse, "bias", None)
    return None if bias is None else np.repeat(np.asarray(bias, np.float64), math.prod(target) // bias.size)


# ------------------------------------------------------------------------------------------------------------- scales


@dataclass(frozen=True, eq=False)
class Scaled:
    """values * factor + offset; arrays of the values' shape."""

    factor: FloatArray
    offset: FloatArray | None

    def then(self, factor: FloatArray, offset: FloatArray | None) -> Scaled:
        """This scale, then another."""
        own = None if self.offset is None else self.offset * factor
        return Scaled(self.factor * factor, offset if own is None else own if offset is None else own + offset)

    def as_map(self, shape: Shape, flat: bool) -> Synapse:
        """A map of its own: a convolution of one tap where each channel has one value, else listed."""
        factor, offset = channels(self.factor), None if self.offset is None else channels(self.offset)
        if len(shape) == 3 and not flat and factor is not None and (self.offset is None or offset is not None):
            return Conv2d(factor.reshape(-1, 1, 1, 1), groups=shape[0], bias=offset)
        bias = None if self.offset is None else self.offset.ravel()
        return Sparse(sp.diags(self.factor.ravel(), format="csr"), bias)


def channels(values: FloatArray) -> FloatArray | None:
    """One value a channel of an image, None where they differ within one."""
    if values.ndim != 3:
        return None
    first = values[:, :1, :1]
    return first.ravel() if (values == first).all() else None


def scaled_map(last: Synapse, factor: FloatArray, offset: FloatArray | None) -> Synapse | None:
    """`last`, then the scale, as one map of the same kind."""
    if isinstance(last, Dense):
        return Dense(last.weight * factor.reshape(-1, 1), _bias(last.bias, factor.ravel(), offset))
    if isinstance(last, Sparse):
        weight = sp.diags(factor.ravel()) @ last.weight
        return Sparse(weight, _bias(last.bias, factor.ravel(), offset))
    per_channel = channels(factor)
    if per_channel is None or (offset is not None and channels(offset) is None):
        return None
    if isinstance(last, SumPool2d) and offset is None and (per_channel == per_channel[0]).all():
        return replace(last, weight=last.weight * per_channel[0])
    bias = None if offset is None else channels(offset)
    if isinstance(last, Conv2d | ResizeConv2d):
        weight = last.weight * per_channel.reshape(-1, 1, 1, 1)
        return replace(last, weight=weight, bias=_bias(last.bias, per_channel, bias))
    if isinstance(last, ConvTranspose2d):
        own = per_channel.reshape(last.groups, 1, -1, 1, 1)
        weight = last.weight.reshape(last.groups, -1, *last.weight.shape[1:]) * own
        weight = weight.reshape(last.weight.shape)
        return replace(last, weight=weight, bias=_bias(last.bias, per_channel, bias))
    return None


def _bias(bias: FloatArray | None, factor: FloatArray, offset: FloatArray | None) -> FloatArray | None:
    if bias is None:
        return None if offset is None else offset.ravel()
    return bias * factor if offset is None else bias * factor + offset.ravel()


def behind_scale(scaled: Scaled, own: Synapse, source: Shape, target: Shape) -> tuple[Synapse, Scaled | None] | None:
    """The scale, then `own`: (a map, and what is still to scale behind it)."""
    if isinstance(own, Flatten):
        offset = None if scaled.offset is None else scaled.offset.reshape(target)
        return own, Scaled(scaled.factor.reshape(target), offset)
    if isinstance(own, Dense):
        bias = _plus(own.bias, None if scaled.offset is None else own.weight @ scaled.offset.ravel())
        return Dense(own.weight * scaled.factor.ravel(), bias), None
    if isinstance(own, Sparse):
        bias = _plus(own.bias, None if scaled.offset is None else own.weight @ scaled.offset.ravel())
        return Sparse(own.weight @ sp.diags(scaled.factor.ravel()), bias), None
    factor = channels(scaled.factor)
    offset = None if scaled.offset is None else channels(scaled.offset)
    if factor is None or (scaled.offset is not None and offset is None):
        return None
    if isinstance(own, Upsample2d | SumPool2d):
        return _behind_pool(own, factor, offset, target)
    if isinstance(own, Conv2d | ResizeConv2d):
        return _behind_convolution(own, factor, offset)
    if isinstance(own, ConvTranspose2d) and offset is None:
        return replace(own, weight=own.weight * factor.reshape(-1, 1, 1, 1)), None
    return None


def _behind_pool(
    own: Upsample2d | SumPool2d, factor: FloatArray, offset: FloatArray | None, target: Shape
) -> tuple[Synapse, Scaled] | None:
    """Each channel keeps its factor; padded places have no offset."""
    share = 1.0
    if isinstance(own, SumPool2d):
        if offset is not None and own.padding != (0, 0):
            return None
        share = float(own.weight) * math.prod(own.kernel)
    wide = np.broadcast_to(factor.reshape(-1, 1, 1), target)
    return own, Scaled(wide, None if offset is None else np.broadcast_to(offset.reshape(-1, 1, 1) * share, target))


def _behind_convolution(
    own: Conv2d | ResizeConv2d, factor: FloatArray, offset: FloatArray | None
) -> tuple[Synapse, None] | None:
    """Kernels times the factor of the channel they read; an offset goes into the bias where nothing is padded."""
    if offset is not None and own.padding != (0, 0):
        return None
    out, inner = own.weight.shape[:2]
    group = np.arange(out) // (out // own.groups)
    reads = group[:, None] * inner + np.arange(inner)
    bias = own.bias
    if offset is not None:
        bias = _plus(bias, (own.weight.sum(axis=(2, 3)) * offset[reads]).sum(axis=1))
    return replace(own, weight=own.weight * factor[reads][:, :, None, None], bias=bias), None


def _plus(bias: FloatArray | None, more: FloatArray | None) -> FloatArray | None:
    return more if bias is None else bias if more is None else bias + more


# ----------------------------------------------------------------------------------------------------- concatenations


@dataclass(frozen=True, eq=False)
class Placed:
    """A place in a concatenation: `region` of an array of shape `within`, which has been reshaped to `shape`."""

    within: Shape
    region: Region
    shape: Shape

    @staticmethod
    def of(within: Shape, axis: int, offset: int, size: int) -> Placed:
        """`size` places along `axis` from `offset` on."""
        region = tuple(slice(offset, offset + size) if i == axis else slice(None) for i in range(len(within)))
        return Placed(within, region, within)

    @property
    def plain(self) -> bool:
        """Whether it is a range of channels of an image, or of a vector."""
        whole = all(part == slice(None) for part in self.region[1:])
        return self.shape == self.within and whole and len(self.within) in (1, 3)

    def part(self, values: FloatArray) -> FloatArray:
        """The region of an array of shape `shape`."""
        return np.asarray(values.reshape(self.within)[self.region])

    def index(self) -> NDArray[np.int64]:
        """Flat places of the region's elements."""
        return np.arange(math.prod(self.within)).reshape(self.within)[self.region].ravel()

    def matrix(self) -> Sparse:
        """The placing as listed connections of weight 1."""
        rows = self.index()
        size = (math.prod(self.within), rows.size)
        return Sparse(sp.csr_matrix((np.ones(rows.size), (rows, np.arange(rows.size))), shape=size))


def behind_place(placed: Placed, own: Synapse, target: Shape) -> tuple[Synapse | None, Placed | None] | None:
    """The placing, then `own`: (a map of the part alone, None for none; and where its values then lie)."""
    if isinstance(own, Flatten):
        return None, replace(placed, shape=target)
    if isinstance(own, Dense):
        return replace(own, weight=own.weight[:, placed.index()]), None
    if isinstance(own, Sparse):
        return replace(own, weight=own.weight[:, placed.index()]), None
    if not placed.plain or len(placed.shape) != 3:
        return None
    channel = placed.region[0]
    if isinstance(own, SumPool2d | Upsample2d):
        return own, Placed(target, placed.region, target)
    if isinstance(own, Conv2d | ResizeConv2d) and own.groups == 1:
        return replace(own, weight=own.weight[:, channel]), None
    if isinstance(own, ConvTranspose2d) and own.groups == 1:
        return replace(own, weight=own.weight[channel]), None
    return None


def placed_map(placed: Placed, last: Synapse) -> Synapse | None:
    """`last`, then a plain placing, as one map with zeros where other parts lie."""
    rows = placed.region[0]
    vector = isinstance(last, Dense) and len(placed.within) == 1
    image = isinstance(last, Conv2d | ResizeConv2d) and last.groups == 1 and len(placed.within) == 3
    if not vector and not image:
        return None
    assert isinstance(last, Dense | Conv2d | ResizeConv2d), "as just seen"
    weight = np.zeros((placed.within[0], *last.weight.shape[1:]))
    weight[rows] = last.weight
    bias = None
    if last.bias is not None:
        bias = np.zeros(placed.within[0])
        bias[rows] = last.bias
    return replace(last, weight=weight, bias=bias)


# --------------------------------------------------------------------------------------------------------------- sums


def added(chains: Sequence[tuple[Synapse, ...]], source: Shape, target: Shape, flat: bool) -> Conv2d | None:
    """Chains from one place to another as one convolution, where each is one of a common geometry or nothing."""
    if flat or len(source) != 3 or any(len(chain) > 1 for chain in chains):
        return None
    kernels: list[Conv2d] = []
    for chain in chains:
        own = chain[0] if chain else Conv2d(np.ones((source[0], 1, 1, 1)), groups=source[0])
        if not isinstance(own, Conv2d):
            return None
        kernels.append(own)
    if len({kernel.stride for kernel in kernels}) > 1 or len({kernel.weight.shape[0] for kernel in kernels}) > 1:
        return None
    largest = max(kernels, key=lambda kernel: (*kernel.weight.shape[2:],))
    groups = largest.groups if len({kernel.groups for kernel in kernels}) == 1 else 1
    if groups == 1 and largest.weight.shape[0] * source[0] * math.prod(largest.weight.shape[2:]) > MAX_ENTRIES:
        return None
    weight = np.zeros(())
    bias: FloatArray | None = None
    for kernel in kernels:
        part = _embedded(kernel, largest, groups)
        if part is None:
            return None
        weight, bias = np.asarray(weight + part), _plus(bias, kernel.bias)
    total = replace(largest, weight=weight, bias=bias, groups=groups)
    return total if total.output_shape(source) == target else None


def _embedded(kernel: Conv2d, largest: Conv2d, groups: int) -> FloatArray | None:
    """Weights of `kernel` within a kernel of the size, dilation and padding of `largest`."""
    weight = kernel.weight if kernel.groups == groups else _ungrouped(kernel)
    size = largest.weight.shape[2:]
    result = np.zeros((*weight.shape[:2], *size))
    corner = []
    for axis in (0, 1):
        dilation, taps = largest.dilation[axis], weight.shape[2 + axis]
        first, rest = divmod(largest.padding[axis] - kernel.padding[axis], dilation)
        if rest or first < 0 or first + taps > size[axis] or (taps > 1 and kernel.dilation[axis] != dilation):
            return None
        corner.append(slice(first, first + taps))
    result[:, :, corner[0], corner[1]] = weight
    return result


def _ungrouped(kernel: Conv2d) -> FloatArray:
    """The kernel with zeros for the channels that its groups do not read."""
    out, inner, *size = kernel.weight.shape
    weight = np.zeros((out, inner * kernel.groups, *size))
    for channel in range(out):
        first = channel // (out // kernel.groups) * inner
        weight[channel, first : first + inner] = kernel.weight[channel]
    return weight
