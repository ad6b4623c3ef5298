"""Kernels for what lies between images besides convolutions. No type annotations, as in `kernels`."""

from __future__ import annotations

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
def pool_events(rows, weight, geometry, acc):
    """Add weight x payload of each event to the windows that hold it; acc and rows are channels first.

    geometry: (channels, in rows, in columns, out rows, out columns, kernel y, x, stride y, x, padding y, x).
    """
    channels, in_rows, in_columns, out_rows, out_columns = geometry[:5]
    kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x = geometry[5:]
    for r in range(rows.shape[0]):
        row, target = rows[r], acc[r]
        for channel in range(channels):
            plane = target[channel * out_rows * out_columns : (channel + 1) * out_rows * out_columns]
            for y in range(in_rows):
                first_y = max(0, (y + pad_y - kernel_y + stride_y) // stride_y)
                last_y = min(out_rows - 1, (y + pad_y) // stride_y)
                begin = (channel * in_rows + y) * in_columns
                line = row[begin : begin + in_columns]
                for x in range(in_columns):
                    if line[x] == 0:
                        continue
                    value = weight * line[x]
                    first_x = max(0, (x + pad_x - kernel_x + stride_x) // stride_x)
                    last_x = min(out_columns - 1, (x + pad_x) // stride_x)
                    for oy in range(first_y, last_y + 1):
                        for ox in range(first_x, last_x + 1):
                            plane[oy * out_columns + ox] += value
