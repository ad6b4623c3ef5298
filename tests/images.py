"""Maps between images by their definitions, in plain loops, and random ones."""

from __future__ import annotations

import numpy as np
from scipy.signal import correlate2d

from neurokit.graph.synapses import Conv2d, ConvTranspose2d, ResizeConv2d, SumPool2d


def convolve(weight, x, stride, padding, dilation, groups):
    """Cross-correlation by scipy, channel by channel; x (channels, rows, columns)."""
    out_channels, per_group, rows, columns = weight.shape
    spread = np.zeros(
        (out_channels, per_group, dilation[0] * (rows - 1) + 1, dilation[1] * (columns - 1) + 1), weight.dtype
    )
    spread[:, :, :: dilation[0], :: dilation[1]] = weight
    padded = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    result = []
    for o in range(out_channels):
        first = o // (out_channels // groups) * per_group
        total = sum(correlate2d(padded[first + i], spread[o, i], mode="valid") for i in range(per_group))
        result.append(total[:: stride[0], :: stride[1]])
    return np.stack(result)


def nearest(before, after):
    """torch's rule in single precision, place by place."""
    ratio = np.float32(before / after)
    return [min(int(np.floor(np.float32(i) * ratio)), before - 1) for i in range(after)]


def transpose_convolve(weight, x, stride, padding, output_padding, dilation, groups):
    """Every source value adds its kernel, by the definition: one multiplication at a time."""
    inputs, per_group, kernel_rows, kernel_columns = weight.shape
    size = [
        (x.shape[1 + a] - 1) * stride[a]
        - 2 * padding[a]
        + dilation[a] * (weight.shape[2 + a] - 1)
        + output_padding[a]
        + 1
        for a in (0, 1)
    ]
    result = np.zeros((per_group * groups, *size), np.result_type(weight, x))
    for i, row, column in zip(*np.nonzero(x), strict=True):
        first = i // (inputs // groups) * per_group
        for o, ky, kx in np.ndindex(per_group, kernel_rows, kernel_columns):
            y = row * stride[0] + ky * dilation[0] - padding[0]
            x_out = column * stride[1] + kx * dilation[1] - padding[1]
            if 0 <= y < size[0] and 0 <= x_out < size[1]:
                result[first + o, y, x_out] += weight[i, o, ky, kx] * x[i, row, column]
    return result


def pool(x, kernel, stride, padding):
    """Sums of windows, one window at a time."""
    padded = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    rows, columns = ((padded.shape[1 + a] - kernel[a]) // stride[a] + 1 for a in (0, 1))
    result = np.zeros((len(x), rows, columns), x.dtype)
    for y, column in np.ndindex(rows, columns):
        top, left = y * stride[0], column * stride[1]
        result[:, y, column] = padded[:, top : top + kernel[0], left : left + kernel[1]].sum(axis=(1, 2))
    return result


def image_map(synapse, x):
    """What a map between images gives for x (channels, rows, columns), its bias left out."""
    if isinstance(synapse, SumPool2d):
        return synapse.weight * pool(x, synapse.kernel, synapse.stride, synapse.padding)
    rest = synapse.dilation, synapse.groups
    if isinstance(synapse, ConvTranspose2d):
        return transpose_convolve(synapse.weight, x, synapse.stride, synapse.padding, synapse.output_padding, *rest)
    if isinstance(synapse, ResizeConv2d):
        x = x[:, nearest(x.shape[1], synapse.size[0])][:, :, nearest(x.shape[2], synapse.size[1])]
    return convolve(synapse.weight, x, synapse.stride, synapse.padding, *rest)


def image_matrix(synapse, source):
    """(targets, sources), column by column."""
    columns = []
    for i in range(int(np.prod(source))):
        x = np.zeros(int(np.prod(source)), np.int64)
        x[i] = 1
        columns.append(image_map(synapse, x.reshape(source)).ravel())
    return np.stack(columns, axis=1)


def weights(rng, shape):
    """Integers of one of Loihi's sign modes."""
    low, high, step = [(-128, 127, 1), (-256, 254, 2), (0, 255, 1), (-255, 0, 1), (-8, 7, 1)][rng.integers(5)]
    found = rng.integers(low // step, high // step + 1, shape) * step
    if low < 0 < high and not found.min() < 0 < found.max():
        found = np.clip(found, -255, 255)  # by chance of one sign, whose limits are these
    return found


def random_image_map(rng, source, exponent):
    """A convolution, resized or transposed convolution, or pool; it may not fit `source`."""
    kind = rng.choice([Conv2d, Conv2d, ResizeConv2d, ConvTranspose2d, SumPool2d])
    groups = int(rng.choice([g for g in (1, 2, source[0]) if source[0] % g == 0]))
    out = groups * int(rng.integers(1, 3))
    kernel = tuple(int(n) for n in rng.integers(1, 4, 2))
    stride, padding, dilation = (tuple(int(n) for n in rng.integers(low, 3, 2)) for low in (1, 0, 1))
    if kind is SumPool2d:
        weight = np.asarray(rng.choice([1, -3, 100, 255]))
        return SumPool2d(kernel, stride, tuple(np.minimum(padding, kernel)), weight, exponent)
    if kind is ConvTranspose2d:
        weight = weights(rng, (source[0], out // groups, *kernel))
        extra = tuple(int(rng.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True))
        return ConvTranspose2d(weight, stride, padding, extra, dilation, groups, exponent=exponent)
    weight = weights(rng, (out, source[0] // groups, *kernel))
    rest = (stride, padding, dilation, groups)
    if kind is ResizeConv2d:
        return ResizeConv2d(tuple(int(n) for n in rng.integers(1, 12, 2)), weight, *rest, exponent=exponent)
    return Conv2d(weight, *rest, exponent=exponent)
