"""Integer arithmetic of the maps between images, plainly: one kernel tap at a time over whole images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.synapses import Conv2d, Convolving, ConvTranspose2d, ResizeConv2d, Shape, SumPool2d, nearest
from neurokit.lower.fixedpoint.synapse import Ints, shift, wrap24

Image = NDArray[Any]


def image_input(synapse: Convolving, image: Any) -> Ints:
    """Synaptic input that one step's payloads cause: the sum, shifted by the exponent, wrapped to 24 bits.

    image: (..., channels, rows, columns) integers. Lava 0.10.0's Conv does the same (and ignores its exponent).
    """
    return wrap24(shift(image_sum(synapse, np.asarray(image, np.int64)), synapse.exponent))


def image_sum(synapse: Convolving, image: Image) -> Image:
    """Sum of weight x payload for each target: (..., channels, rows, columns) -> (..., out channels, rows, columns)."""
    target = synapse.output_shape(image.shape[-3:])
    if target is None:  # our own bug: the graph has been checked
        raise AssertionError(f"{type(synapse).__name__} does not accept shape {image.shape}")
    if isinstance(synapse, SumPool2d):
        seen = _windows(image, target, synapse.kernel, synapse.stride, synapse.padding, (1, 1))
        return np.asarray(sum(part for _, part in seen) * synapse.weight)
    if isinstance(synapse, ResizeConv2d):
        rows, columns = (nearest(n, size) for n, size in zip(image.shape[-2:], synapse.size, strict=True))
        return image_sum(synapse.convolution, image[..., rows, :][..., columns])
    if isinstance(synapse, ConvTranspose2d):
        return _transposed(synapse, image, target)
    return _convolved(synapse, image, target)


def _convolved(synapse: Conv2d, image: Image, target: Shape) -> Image:
    groups, weight = synapse.groups, synapse.weight
    grouped = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    seen = _windows(image, target, weight.shape[2:], synapse.stride, synapse.padding, synapse.dilation)
    total = sum(grouped[..., y, x] @ _grouped(part, groups) for (y, x), part in seen)
    return np.asarray(total).reshape(*image.shape[:-3], *target)


def _transposed(synapse: ConvTranspose2d, image: Image, target: Shape) -> Image:
    """Each source value adds its kernel; the padding is cut off afterwards."""
    groups, weight = synapse.groups, synapse.weight
    (stride_y, stride_x), (dil_y, dil_x), (pad_y, pad_x) = synapse.stride, synapse.dilation, synapse.padding
    grouped = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    *lead, _, rows, columns = image.shape
    size = target[0], target[1] + 2 * pad_y, target[2] + 2 * pad_x
    whole = np.zeros((*lead, *size), np.result_type(weight, image))
    for y, x in np.ndindex(weight.shape[2:]):
        added = grouped[..., y, x].swapaxes(-1, -2) @ _grouped(image, groups)
        place = whole[..., y * dil_y :: stride_y, x * dil_x :: stride_x]
        place[..., :rows, :columns] += added.reshape(*lead, target[0], rows, columns)
    return whole[..., pad_y : pad_y + target[1], pad_x : pad_x + target[2]]


def _grouped(image: Image, groups: int) -> Image:
    """(..., channels, rows, columns) as (..., groups, channels of a group, places)."""
    return image.reshape(*image.shape[:-3], groups, image.shape[-3] // groups, -1)


def _windows(
    image: Image, target: Shape, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> Iterator[tuple[tuple[int, ...], Image]]:
    """For each tap (y, x) the source value that it sees at each output place: (..., channels, out rows, columns)."""
    padded = np.pad(image, (*((0, 0),) * (image.ndim - 2), (padding[0],) * 2, (padding[1],) * 2))
    rows, columns = (np.arange(target[1 + axis]) * stride[axis] for axis in (0, 1))
    for y, x in np.ndindex(*kernel):
        yield (y, x), padded[..., rows + y * dilation[0], :][..., columns + x * dilation[1]]
