"""Convolutions and pools as matrices, by plain loops over torch's definitions."""

from __future__ import annotations

import itertools

import numpy as np


def convolution_matrix(weight, shape, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    """A convolution over (channels, height, width) as (targets, sources), and its output shape."""
    out, per_group, height, width = weight.shape
    rows = (shape[1] + 2 * padding[0] - dilation[0] * (height - 1) - 1) // stride[0] + 1
    columns = (shape[2] + 2 * padding[1] - dilation[1] * (width - 1) - 1) // stride[1] + 1
    matrix = np.zeros((out, rows, columns, *shape), weight.dtype)
    for o, y, x, c, i, j in itertools.product(*map(range, (out, rows, columns, per_group, height, width))):
        channel = o // (out // groups) * per_group + c
        sy, sx = y * stride[0] - padding[0] + i * dilation[0], x * stride[1] - padding[1] + j * dilation[1]
        if 0 <= sy < shape[1] and 0 <= sx < shape[2]:
            matrix[o, y, x, channel, sy, sx] += weight[o, c, i, j]
    return matrix.reshape(out * rows * columns, -1), (out, rows, columns)


def pool_matrix(kernel, shape, stride, padding=(0, 0)):
    """A sum over windows as (targets, sources), and its output shape."""
    return convolution_matrix(np.ones((shape[0], 1, *kernel)), shape, stride, padding, groups=shape[0])
