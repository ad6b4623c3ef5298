"""Linear ONNX operators as synapses: convolutions, pools, products, resizes, paddings. Source: onnx, Operators.md.

Sizes are those of ONNX with a batch of one, (1, channels, rows, columns) or (1, channels, length); signals become
images of one row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.converters.dataflow_paths import Unfit
from neurokit.converters.layers import MaxPool
from neurokit.converters.onnx_constants import MOST_DATA, bounded
from neurokit.converters.onnx_records import Operation
from neurokit.converters.windows import Window, convolution, each_channel, pads
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, Pair, Shape, Sparse, SumPool2d, Synapse

AGAIN = "Export it again, e.g. with torch.onnx.export."


def image_of(shape: Shape) -> Shape:
    """(channels, rows, columns) of ONNX's sizes; Unfit for what is no image and no signal."""
    if len(shape) not in (3, 4) or shape[0] != 1:
        limit = "it takes (1, channels, length) or (1, channels, rows, columns)"
        raise Unfit(f"is given shape {shape}", limit, "Feed images or signals of one sample.")
    return (shape[1], 1, shape[2]) if len(shape) == 3 else shape[1:]


def onnx_shape(image: Shape, like: Shape) -> Shape:
    """ONNX's sizes of an image, of as many axes as `like`."""
    return (1, image[0], image[2]) if len(like) == 3 else (1, *image)


def numbers(operation: Operation, name: str, axes: int, usual: int) -> list[int]:
    """An attribute with a number an axis, as (y, x): signals get `usual` for their single row."""
    found = [int(n) for n in operation.attributes.get(name, [usual] * axes)]
    if len(found) != axes or min(found) < (1 if usual else 0):
        raise Unfit(f"{name} is {tuple(found)}", f"it has {axes} numbers of at least {1 if usual else 0}", AGAIN)
    return [usual, *found] if axes == 1 else found


def padding(operation: Operation, sizes: Sequence[int], reach: Sequence[Sequence[int]], axes: int) -> list[Pair]:
    """(begin, end) for y and x. reach: taps, stride and dilation of each. axes: 1 of signals, 2 of images."""
    mode = operation.attributes.get("auto_pad", "NOTSET")
    if mode in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        return [pads(mode, size, *own) for size, own in zip(sizes, reach, strict=True)]
    found = [int(n) for n in operation.attributes.get("pads", [0] * 2 * axes)]
    if mode != "NOTSET" or len(found) != 2 * axes or min(found) < 0:
        raise Unfit(f"pads are {tuple(found)}, auto_pad {mode}", "two numbers of at least 0 an axis", AGAIN)
    pairs = [(begin, end) for begin, end in zip(found[:axes], found[axes:], strict=True)]
    return [(0, 0), *pairs] if axes == 1 else pairs


def _kernel(operation: Operation, axes: int) -> list[int]:
    """Sizes of a pool's windows, (y, x), which it must state."""
    operation.needed("kernel_shape")
    return numbers(operation, "kernel_shape", axes, 1)


def windows_of(operation: Operation, image: Shape, kernel: Sequence[int], axes: int) -> tuple[list[Window], list[Pair]]:
    """The windows of a convolution or pool, for y and x, and their padding."""
    strides, dilations = numbers(operation, "strides", axes, 1), numbers(operation, "dilations", axes, 1)
    reach = list(zip(kernel, strides, dilations, strict=True))
    pairs = padding(operation, image[1:], reach, axes)
    up = bool(operation.attributes.get("ceil_mode", 0))
    found = []
    for size, (taps, stride, dilation), (begin, end) in zip(image[1:], reach, pairs, strict=True):
        room = size + begin + end - dilation * (taps - 1) - 1
        if room < 0:
            raise Unfit(f"windows of {dilation * (taps - 1) + 1} do not fit {size} places", "windows fit", AGAIN)
        count = (-(-room // stride) if up else room // stride) + 1
        if up and (count - 1) * stride >= size + begin:
            count -= 1  # a window that begins in the padding at the end
        found.append(Window(taps, stride, dilation, begin, count))
    bounded(image[0] * found[0].size * found[1].size, MOST_DATA)
    return found, pairs


def conv(operation: Operation, shape: Shape, weight: NDArray[Any], bias: Any) -> Conv2d:
    """Conv."""
    image, axes = image_of(shape), len(shape) - 2
    groups = int(operation.attributes.get("group", 1))
    if weight.ndim != axes + 2 or groups < 1 or weight.shape[1] * groups != image[0] or weight.shape[0] % groups:
        fact = f"has weights {weight.shape} in {groups} groups for shape {shape}"
        raise Unfit(fact, "weights are (out, in / groups, kernel)", AGAIN)
    if axes == 1:
        weight = weight[:, :, None]
    windows, _ = windows_of(operation, image, weight.shape[2:], axes)
    bounded(weight.shape[0] * windows[0].size * windows[1].size, MOST_DATA)
    return convolution(weight, windows, image, groups, _bias(bias, weight.shape[0]))


def conv_transpose(operation: Operation, shape: Shape, weight: NDArray[Any], bias: Any) -> list[Synapse]:
    """ConvTranspose: the map, and where its ends are cut unequally what cuts them."""
    image, axes = image_of(shape), len(shape) - 2
    groups = int(operation.attributes.get("group", 1))
    if weight.ndim != axes + 2 or groups < 1 or weight.shape[0] != image[0] or image[0] % groups:
        fact = f"has weights {weight.shape} in {groups} groups for shape {shape}"
        raise Unfit(fact, "weights are (in, out / groups, kernel)", AGAIN)
    weight = weight[:, :, None] if axes == 1 else weight
    strides, dilations = numbers(operation, "strides", axes, 1), numbers(operation, "dilations", axes, 1)
    extra = numbers(operation, "output_padding", axes, 0)
    full = [
        (n - 1) * s + d * (k - 1) + 1
        for n, s, d, k in zip(image[1:], strides, dilations, weight.shape[2:], strict=True)
    ]
    cuts = _cuts(operation, image, full, strides, extra, axes)
    sizes = [f + e - begin - end for f, e, (begin, end) in zip(full, extra, cuts, strict=True)]
    channels = weight.shape[1] * groups
    if min(sizes) < 1:
        raise Unfit(f"gives sizes {tuple(sizes)}", "sizes are at least 1", AGAIN)
    bounded(channels * math.prod(full), MOST_DATA)
    bias = _bias(bias, channels)
    begin = [cut[0] for cut in cuts]
    behind = [e + b - end for e, (b, end) in zip(extra, cuts, strict=True)]  # torch cuts both ends alike, then adds
    if min(behind) >= 0:
        own = ConvTranspose2d(weight, _pair(strides), _pair(begin), _pair(behind), _pair(dilations), groups, bias)
        if own.output_shape(image) == (channels, *sizes):
            return [own]
    if bias is not None and any(b + size > f for b, size, f in zip(begin, sizes, full, strict=True)):
        raise Unfit("adds more to its end than it cuts off", "output_padding is at most the pads", AGAIN)
    whole = ConvTranspose2d(weight, _pair(strides), dilation=_pair(dilations), groups=groups, bias=bias)
    windows = [Window(1, 1, 1, -b, size) for b, size in zip(begin, sizes, strict=True)]
    return [whole, each_channel(np.ones((1, 1)), windows, (channels, *full))]


def _cuts(
    operation: Operation, image: Shape, full: Sequence[int], strides: Sequence[int], extra: Sequence[int], axes: int
) -> list[Pair]:
    """What ConvTranspose cuts off each end: its pads, or what output_shape or auto_pad leave too much."""
    wanted = operation.attributes.get("output_shape")
    mode = operation.attributes.get("auto_pad", "NOTSET")
    if wanted is None and mode in ("NOTSET", "VALID"):
        return padding(operation, image[1:], [(1, 1, 1)] * 2, axes)
    sizes = [n * s for n, s in zip(image[1:], strides, strict=True)]
    if wanted is not None:
        sizes = [int(n) for n in wanted][-axes:]
        sizes = [1, *sizes] if axes == 1 else sizes
    pairs = []
    for size, most, more in zip(sizes, full, extra, strict=True):
        total = most + more - size
        if total < 0:
            raise Unfit(f"is to give {size} places, but has {most + more}", "pads are at least 0", AGAIN)
        half = total // 2
        pairs.append((total - half, half) if mode != "SAME_UPPER" else (half, total - half))
    return pairs


def max_pool(operation: Operation, shape: Shape) -> tuple[MaxPool, Shape]:
    """MaxPool, and the shape of its result."""
    image, axes = image_of(shape), len(shape) - 2
    windows, _ = windows_of(operation, image, _kernel(operation, axes), axes)
    for window, size in zip(windows, image[1:], strict=True):
        if not _seen(window, 0, size).all():
            raise Unfit("has windows that lie in the padding alone", "windows see the image", AGAIN)
    y, x = windows
    kernel, stride, begin = (y.taps, x.taps), (y.stride, x.stride), (y.begin, x.begin)
    pool = MaxPool(kernel, stride, begin, (y.size, x.size), (y.dilation, x.dilation))
    return pool, onnx_shape((image[0], y.size, x.size), shape)


def global_pool(shape: Shape) -> tuple[Pair, Shape]:
    """The kernel of a pool over the whole image, and the shape of its result."""
    image = image_of(shape)
    return (image[1], image[2]), onnx_shape((image[0], 1, 1), shape)


def average_pool(operation: Operation, shape: Shape) -> tuple[Synapse, NDArray[np.float64] | None, Shape]:
    """AveragePool: sums, what they are multiplied with where windows differ in size, and the shape of the result."""
    image, axes = image_of(shape), len(shape) - 2
    windows, pairs = windows_of(operation, image, _kernel(operation, axes), axes)
    with_padding = bool(operation.attributes.get("count_include_pad", 0))
    counts = [
        _seen(window, begin if with_padding else 0, size + (end if with_padding else 0))
        for window, size, (begin, end) in zip(windows, image[1:], pairs, strict=True)
    ]
    area = np.outer(*counts)
    if not area.all():
        raise Unfit("has windows that lie in the padding alone", "windows see the image", AGAIN)
    target = onnx_shape((image[0], *area.shape), shape)
    y, x = windows
    if (area == area.flat[0]).all():
        pool = SumPool2d((y.taps, x.taps), (y.stride, x.stride), (y.begin, x.begin), np.asarray(1 / area.flat[0]))
        if y.dilation == x.dilation == 1 and pool.output_shape(image) == (image[0], *area.shape):
            return pool, None, target
        return each_channel(np.full((y.taps, x.taps), 1 / area.flat[0]), windows, image), None, target
    factor = np.broadcast_to(1 / area, (image[0], *area.shape))
    return each_channel(np.ones((y.taps, x.taps)), windows, image), factor, target


def _seen(window: Window, before: int, size: int) -> NDArray[np.int64]:
    """How many taps of each window lie between -before and size."""
    place = window.stride * np.arange(window.size) - window.begin + window.dilation * np.arange(window.taps)[:, None]
    return np.asarray(((place >= -before) & (place < size)).sum(axis=0))


def product(shape: Shape, weight: NDArray[Any], left: bool) -> tuple[Synapse, Shape]:
    """MatMul of data of `shape` with a constant, which is the left factor or the right one."""
    if weight.ndim != 2 or len(shape) < 2 or shape[-2 if left else -1] != weight.shape[1 if left else 0]:
        fact = f"multiplies shape {shape} and a constant of shape {weight.shape}"
        raise Unfit(fact, "the constant is a matrix that fits", AGAIN)
    matrix = weight if left else weight.T
    outer = math.prod(shape[:-2])
    if left:
        target = (*shape[:-2], weight.shape[0], shape[-1])
        before, after = outer, shape[-1]
    else:
        target = (*shape[:-1], weight.shape[1])
        before, after = outer * shape[-2], 1
    if before == after == 1:
        return Dense(matrix), target
    bounded(before * after * matrix.size)
    own = sp.kron(sp.kron(sp.identity(before), sp.csr_matrix(matrix)), sp.identity(after), format="csr")
    return Sparse(own), target


def mean(shape: Shape, axes: Sequence[int], keep: bool, total: bool) -> tuple[Synapse, Shape]:
    """ReduceMean, or ReduceSum where `total`."""
    axes = [axis % len(shape) for axis in axes]
    inner = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    share = math.prod(inner) / math.prod(shape)
    target = inner if keep else tuple(size for axis, size in enumerate(shape) if axis not in axes)
    if len(shape) == 4 and shape[0] == 1 and sorted(axes) == [2, 3]:
        return SumPool2d(shape[2:], (1, 1), weight=np.asarray(1.0 if total else share)), target or (1,)
    place = np.broadcast_to(np.arange(math.prod(inner)).reshape(inner), shape).ravel()
    values = np.full(place.size, 1.0 if total else share)
    own = sp.csr_matrix((values, (place, np.arange(place.size))), shape=(math.prod(inner), place.size))
    return Sparse(own), target or (1,)


def resized_places(operation: Operation, before: int, after: int, scale: float, old: bool) -> NDArray[np.int64]:
    """Resize's source place of each result along one axis, mode nearest. old: before opset 11, which had one way."""
    rounding = "floor" if old else operation.attributes.get("nearest_mode", "round_prefer_floor")
    ways: dict[str, Any] = {
        "floor": np.floor,
        "ceil": np.ceil,
        "round_prefer_floor": lambda x: np.ceil(x - 0.5),
        "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    }
    if rounding not in ways:
        raise Unfit(f"rounds coordinates by '{rounding}'", f"it has {', '.join(ways)}", AGAIN)
    found = ways[rounding](_coordinates(operation, before, after, scale, old))
    return np.asarray(np.clip(found, 0, before - 1), np.int64)


def interpolation(operation: Operation, before: int, after: int, scale: float, old: bool) -> sp.csr_matrix:
    """Resize's weights along one axis, mode linear: (after, before)."""
    place = np.clip(_coordinates(operation, before, after, scale, old).astype(np.float64), 0, before - 1)
    first = np.floor(place).astype(np.int64)
    rows, share = np.arange(after), place - first
    second = np.minimum(first + 1, before - 1)
    entries = (np.r_[1 - share, share], (np.r_[rows, rows], np.r_[first, second]))
    matrix = sp.csr_matrix(entries, shape=(after, before))
    matrix.eliminate_zeros()
    return matrix


def _coordinates(operation: Operation, before: int, after: int, scale: float, old: bool) -> NDArray[np.float32]:
    """Where in the source each result lies along one axis."""
    how = "asymmetric" if old else operation.attributes.get("coordinate_transformation_mode", "half_pixel")
    place, ratio, half = np.arange(after, dtype=np.float32), np.float32(scale), np.float32(0.5)
    found = {
        "asymmetric": place / ratio,
        "half_pixel": (place + half) / ratio - half,
        "pytorch_half_pixel": (place + half) / ratio - half if after > 1 else 0 * place,
        "align_corners": place * np.float32((before - 1) / max(1, after - 1)),
    }
    if how not in found:
        raise Unfit(f"has coordinates '{how}'", f"it has {', '.join(found)}", AGAIN)
    return np.asarray(found[how], np.float32)


def _bias(bias: Any, channels: int) -> NDArray[np.float64] | None:
    if bias is None:
        return None
    bias = np.asarray(bias, np.float64)
    if bias.shape != (channels,):
        raise Unfit(f"has a bias of shape {bias.shape}", f"it is ({channels},)", AGAIN)
    return np.asarray(bias)


def _pair(values: Sequence[int]) -> Pair:
    y, x = values
    return int(y), int(x)


def with_pads(operation: Operation, more: Sequence[Pair]) -> Operation:
    """`operation` with zeros padded in front of it counted among its pads."""
    axes = len(more)
    own = [int(n) for n in operation.attributes.get("pads", [0] * 2 * axes)]
    if len(own) != 2 * axes:
        raise Unfit(f"pads are {tuple(own)}", "two numbers an axis", AGAIN)
    pads_ = [n + pair[0] for n, pair in zip(own[:axes], more, strict=True)]
    pads_ += [n + pair[1] for n, pair in zip(own[axes:], more, strict=True)]
    return replace(operation, attributes={**operation.attributes, "pads": pads_, "auto_pad": "NOTSET"})
