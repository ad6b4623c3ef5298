"""Convolutions as dot products of bytes, whatever the activity; see `product.Product`.

An image is laid out so that the four channels of a place are one int32, with its padding, and the rows and columns of
each phase of the stride by themselves: every tap then reads at a constant distance, and 16 places are one vector.
No type annotations, as in `kernels`.
"""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.vectors import (
    CHANNELS,
    add_scaled,
    dot_tile,
    dot_tile_double,
    dot_tile_double_swapped,
    dot_tile_swapped,
    dot_tile_wide,
    dot_tile_wide_swapped,
)

PLACES = 768  # of a chunk, whose sums are added to the target while they are in the first-level cache


@njit(nogil=True, cache=True)
def product_rows(rows, image, plane, target, phases, offsets, weights, totals, swapped, factor, digits, acc):
    """Add the convolution of each row to acc (rows, targets) int32.

    rows: 0/1 (digits 0), or int32 payloads that so many bytes hold. All else: see `product.Product`.
    """
    groups = totals.shape[0]
    quads = (image[0] // groups + 3) // 4
    area = quads * phases.shape[0] * plane[0] * plane[1]
    words = np.zeros(groups * area + 64, np.int32)  # a vector may reach past the end
    sums = np.empty(CHANNELS * PLACES, np.int32)
    lift = 0  # unsigned data: bytes of payload + half their range; signed data: digits of -128 to 127
    for d in range(digits):
        lift += 128 << (8 * d) if swapped or d == digits - 1 else 0
    flip = 128 if swapped and digits else 0
    for r in range(rows.shape[0]):
        for digit in range(max(1, digits)):
            _pack(rows[r], image, plane, phases, groups, lift, 8 * digit, flip, words)
            excess = lift if digit == 0 and not swapped else 0
            for g in range(groups):
                at = g * totals.shape[1] * target[0] * target[1]
                out = acc[r, at : at + totals.shape[1] * target[0] * target[1]]
                constants = -excess * factor * totals[g]
                scale = np.int32(factor << (8 * digit))
                _dot(words, g * area, plane[1], target, offsets, weights[g], swapped, scale, constants, sums, out)


@njit(nogil=True, cache=True)
def _pack(row, image, plane, phases, groups, lift, shift, flip, words):
    """Write byte `shift` / 8 of row + lift (flip: less 128) of four channels of a group at a time to words."""
    channels, in_rows, in_columns, stride_y, stride_x, pad_y, pad_x = image
    size = in_rows * in_columns
    per_group = channels // groups
    raised = np.uint32(lift)
    silence = (((lift >> shift) & 255) ^ flip) * 0x01010101
    signs = flip * 0x01010101
    at = 0
    for g in range(groups):
        for first in range(g * per_group, (g + 1) * per_group, 4):
            last = (g + 1) * per_group - 1  # stands in where there are no four: its further weights are zero
            c0, c1, c2, c3 = first, min(first + 1, last), min(first + 2, last), min(first + 3, last)
            for phase in range(phases.shape[0]):
                left = phases[phase, 1] - pad_x
                low = min(plane[1], max(0, -(left // stride_x)))
                high = max(low, min(plane[1], (in_columns - 1 - left) // stride_x + 1))
                for line in range(plane[0]):
                    y = line * stride_y + phases[phase, 0] - pad_y
                    out = words[at : at + plane[1]]
                    at += plane[1]
                    if y < 0 or y >= in_rows or low == high:
                        out[:] = silence
                        continue
                    out[:low] = silence
                    out[high:] = silence
                    inner = out[low:high]
                    begin = y * in_columns + low * stride_x + left
                    length = (high - low - 1) * stride_x + 1
                    p0 = row[c0 * size + begin : c0 * size + begin + length : stride_x]
                    p1 = row[c1 * size + begin : c1 * size + begin + length : stride_x]
                    p2 = row[c2 * size + begin : c2 * size + begin + length : stride_x]
                    p3 = row[c3 * size + begin : c3 * size + begin + length : stride_x]
                    if lift == 0:
                        for j in range(inner.size):
                            inner[j] = p0[j] | p1[j] << 8 | p2[j] << 16 | p3[j] << 24
                    else:
                        for j in range(inner.size):
                            b0 = np.uint32(np.uint32(p0[j]) + raised) >> shift & 255
                            b1 = np.uint32(np.uint32(p1[j]) + raised) >> shift & 255
                            b2 = np.uint32(np.uint32(p2[j]) + raised) >> shift & 255
                            b3 = np.uint32(np.uint32(p3[j]) + raised) >> shift & 255
                            inner[j] = (b0 | b1 << 8 | b2 << 16 | b3 << 24) ^ signs


@njit(nogil=True, cache=True)
def _dot(words, base, width, target, offsets, weights, swapped, scale, constants, sums, out):
    """Add the dot products of one group, times scale, and a constant a channel, to out, chunk by chunk of places."""
    out_rows, out_columns = target
    places = (out_rows - 1) * width + out_columns  # those between rows are computed too, and left out in the end
    for start in range(0, places, PLACES):
        size = min(PLACES, places - start)
        for first in range(0, constants.size, CHANNELS):
            tiles(words, base + start, size, offsets, weights[first * offsets.size :], swapped, sums, 0, PLACES)
            for c in range(first, min(first + CHANNELS, constants.size)):
                for y in range(start // width, (start + size - 1) // width + 1):
                    low = max(0, start - y * width)
                    length = min(out_columns, start + size - y * width) - low
                    if length > 0:
                        source = (c - first) * PLACES + y * width + low - start
                        at = (c * out_rows + y) * out_columns + low
                        add_scaled(out, at, sums, source, length, scale, np.int32(constants[c]))


@njit(nogil=True, cache=True)
def tiles(words, base, size, offsets, weights, swapped, sums, start, pitch):
    """CHANNELS * size dot products, from sums[start] on; those of a channel `pitch` after those of the one before.

    Vectors are written whole: up to 15 places too many.
    """
    x = 0
    while x < size:
        vectors = min(3, (size - x + 15) // 16)
        if vectors == 3 and swapped:
            dot_tile_wide_swapped(words, base + x, offsets, weights, 0, sums, start + x, pitch)
        elif vectors == 3:
            dot_tile_wide(words, base + x, offsets, weights, 0, sums, start + x, pitch)
        elif vectors == 2 and swapped:
            dot_tile_double_swapped(words, base + x, offsets, weights, 0, sums, start + x, pitch)
        elif vectors == 2:
            dot_tile_double(words, base + x, offsets, weights, 0, sums, start + x, pitch)
        elif swapped:
            dot_tile_swapped(words, base + x, offsets, weights, 0, sums, start + x, pitch)
        else:
            dot_tile(words, base + x, offsets, weights, 0, sums, start + x, pitch)
        x += 16 * vectors
