"""Convolution kernels: scatter of events, or an exact float32 matrix product where activity is high.

No type annotations, as in `kernels`: numba infers the types.
"""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import gather

# Costs in ns on the development machine (Sapphire Rapids, one thread); only their ratio matters, and only to speed.
SCATTER_NS = 0.5  # a synaptic operation of the scatter kernel
IMAGE_NS = 4.0  # clearing one output of the scatter kernel, and adding it to its place, channels first
COLUMN_NS = 0.45  # an element of the column matrix
PRODUCT_NS = 0.035  # a multiply-accumulate of the matrix product


@njit(nogil=True, cache=True)
def convolve_rows(rows, by_source, matrix, geometry, acc, exact):
    """Add each row's convolution to acc, by the cheaper of the two ways; see `convolution.convolve`."""
    channels, out_channels, out_rows, out_columns = geometry[0], geometry[3], geometry[4], geometry[5]
    groups, places = geometry[14], geometry[4] * geometry[5]
    taps = geometry[6] * geometry[7]
    index = np.empty(rows.shape[1] + 4, np.int32)
    image = np.empty((out_rows, out_columns, out_channels), acc.dtype)
    per_event = taps * (out_channels // groups) / (geometry[8] * geometry[9]) * SCATTER_NS
    dense = taps * channels * places * (COLUMN_NS + PRODUCT_NS * out_channels / groups)
    shape = (taps * channels, places) if exact else (1, 1)
    columns = np.empty(shape, np.float32)
    for r in range(rows.shape[0]):
        found = gather(rows[r], index)
        if found == 0:
            continue
        if exact and found * per_event > dense:
            _product(rows[r], matrix, geometry, columns, acc[r])
            continue
        image[:] = 0
        _scatter(rows[r], index, found, by_source, geometry, image)
        target = acc[r]
        for y in range(out_rows):  # channels last to channels first
            for x in range(out_columns):
                pixel = image[y, x]
                for c in range(out_channels):
                    target[c * places + y * out_columns + x] += pixel[c]


@njit(nogil=True, cache=True)
def _scatter(row, index, found, by_source, geometry, image):
    """Add each event's kernel to `image` (rows, columns, channels)."""
    in_columns = geometry[2]
    plane = geometry[1] * in_columns
    out_rows, out_columns, kernel_rows, kernel_columns = geometry[4], geometry[5], geometry[6], geometry[7]
    stride_y, stride_x, pad_y, pad_x, dil_y, dil_x = geometry[8:14]
    per_group_in = geometry[0] // geometry[14]
    per_group_out = geometry[3] // geometry[14]
    for k in range(found):
        i = np.int64(index[k])
        payload = row[i]
        channel = i // plane
        y0 = (i % plane) // in_columns + pad_y
        x0 = i % in_columns + pad_x
        first = channel // per_group_in * per_group_out
        for ky in range(kernel_rows):
            y = y0 - ky * dil_y
            if y < 0 or y % stride_y or y // stride_y >= out_rows:
                continue
            for kx in range(kernel_columns):
                x = x0 - kx * dil_x
                if x < 0 or x % stride_x or x // stride_x >= out_columns:
                    continue
                target = image[y // stride_y, x // stride_x, first : first + per_group_out]
                weight = by_source[channel, ky, kx]
                for c in range(target.size):
                    target[c] += weight[c] * payload


@njit(nogil=True, cache=True)
def _product(row, matrix, geometry, columns, target):
    """Column matrix times weights; exact, since every partial sum is an integer below 2**24."""
    in_rows, in_columns, out_rows, out_columns = geometry[1], geometry[2], geometry[4], geometry[5]
    kernel_rows, kernel_columns = geometry[6], geometry[7]
    stride_y, stride_x, pad_y, pad_x, dil_y, dil_x = geometry[8:14]
    groups = geometry[14]
    places = out_rows * out_columns
    line = 0
    for channel in range(geometry[0]):
        for ky in range(kernel_rows):
            for kx in range(kernel_columns):
                out = columns[line]
                line += 1
                x_shift = kx * dil_x - pad_x
                low = max(0, (-x_shift + stride_x - 1) // stride_x)
                high = min(out_columns, (in_columns - 1 - x_shift) // stride_x + 1)
                for oy in range(out_rows):
                    y = oy * stride_y + ky * dil_y - pad_y
                    place = out[oy * out_columns : (oy + 1) * out_columns]
                    if y < 0 or y >= in_rows or high <= low:
                        place[:] = 0
                        continue
                    place[:low] = 0
                    place[high:] = 0
                    begin = (channel * in_rows + y) * in_columns + low * stride_x + x_shift
                    source = row[begin : begin + (high - low - 1) * stride_x + 1 : stride_x]
                    inner = place[low:high]
                    for ox in range(inner.size):
                        inner[ox] = source[ox]
    per_group_in = columns.shape[0] // groups
    per_group_out = geometry[3] // groups
    for g in range(groups):
        product = np.dot(matrix[g], columns[g * per_group_in : (g + 1) * per_group_in])
        flat = product.reshape(per_group_out * places)
        out = target[g * per_group_out * places : (g + 1) * per_group_out * places]
        for j in range(out.size):
            out[j] += type_like(flat[j], out[j])


@njit(nogil=True, cache=True, inline="always")
def type_like(value, model):
    """value in the type of `model` (the sums are whole numbers, so nothing is lost)."""
    return model * 0 + np.int64(value)
