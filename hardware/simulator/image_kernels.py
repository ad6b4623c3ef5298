"""Kernels for what lies between images besides convolutions. No type annotations, as in `kernels`."""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit


@njit(nogil=True, cache=True)
def pick(rows, chosen_rows, chosen_columns, shape, image):
    """image[r] = rows[r] as (channels, rows, columns), with rows and columns chosen; zero where these are -1."""
    in_rows, in_columns = shape[1], shape[2]
    width = chosen_columns.size
    for r in range(rows.shape[0]):
        row, out = rows[r], image[r]
        place = 0
        for channel in range(shape[0]):
            for y in chosen_rows:
                line = out[place : place + width]
                place += width
                if y < 0:
                    line[:] = 0
                    continue
                begin = (channel * in_rows + y) * in_columns
                source = row[begin : begin + in_columns]
                for x in range(width):
                    chosen = chosen_columns[x]
                    line[x] = source[chosen] if chosen >= 0 else 0


@njit(nogil=True, cache=True)
def pool_rows(rows, weight, geometry, acc):
    """Add weight x the sum of each window; acc and rows are channels first.

    Rows of a window are summed before its columns, which costs the same at any activity.
    geometry: (channels, in rows, in columns, out rows, out columns, kernel y, x, stride y, x, padding y, x).
    """
    channels, in_rows, in_columns, out_rows, out_columns = geometry[:5]
    kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x = geometry[5:]
    line = np.zeros(in_columns + 2 * pad_x, acc.dtype)  # the padding stays zero
    inner = line[pad_x : pad_x + in_columns]
    for r in range(rows.shape[0]):
        row, target = rows[r], acc[r]
        for channel in range(channels):
            for oy in range(out_rows):
                top = oy * stride_y - pad_y
                inner[:] = 0
                for y in range(max(0, top), min(in_rows, top + kernel_y)):
                    begin = (channel * in_rows + y) * in_columns
                    source = row[begin : begin + in_columns]
                    for x in range(in_columns):
                        inner[x] += source[x]
                place = (channel * out_rows + oy) * out_columns
                out = target[place : place + out_columns]
                for kx in range(kernel_x):
                    for ox in range(out_columns):
                        out[ox] += weight * line[ox * stride_x + kx]
