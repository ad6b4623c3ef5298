"""A convolution and the LIF neurons behind it in one pass: synaptic input never leaves the first-level cache.

Spikes of several steps are laid out for dot products (see `product_kernels`); then tile by tile, eight channels of some
lines, the sums of each step go straight to the neurons, whose states stay in the cache from step to step.
No type annotations, as in `kernels`.
"""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.count_kernels import FEW_STEPS, count_span, tally_span
from neurokit.hardware.simulator.lif_vectors import INPUT_SHIFT, lif_rows
from neurokit.hardware.simulator.product_kernels import tiles
from neurokit.hardware.simulator.vectors import CHANNELS, copy_words, interleave, split_columns, wide_registers

PLACES = 384  # of a tile, at least a line: so many that sums and states fit the first-level cache
COPY = 8  # what closing up a vector of sums costs, in taps
WORDS = 1 << 17  # laid out at a time, so many that they stay in the second-level cache
ROOM = 64  # words more: a vector may reach past the end


@njit(nogil=True, cache=True)
def convolve_and_fire(
    rows,
    image,
    plane,
    target,
    phases,
    offsets,
    weights,
    outputs,
    swapped,
    factor,
    share,
    words,
    rests,
    u,
    v,
    spikes,
    counts,
    tally,
    totals,
    wraps,
    parameters,
    soft,
    way,
):
    """LoihiLIF behind a convolution over a block of steps, for a share of the neurons.

    rows: (steps, samples, sources) uint8, 0 or 1; without sources they are silent.
    image to weights, swapped, factor: see `product.Product`. outputs: channels of a group.
    share: first and last line, first and last block of CHANNELS channels, groups in turn.
    words: room for the spikes of some steps, laid out, zero. rests: (steps,) whether the states are zero before a step.
    counts: (samples, n) int64, to which spikes are added, where there are FEW_STEPS; else to tally, which
    is the same in bytes.
    u, v, spikes, totals, wraps, soft, way: see `kernels.lif_block`; parameters: its constants and strides.
    """
    wide_registers()
    steps, samples, _ = rows.shape
    groups = weights.shape[0]
    area = (image[0] // groups + 3) // 4 * phases.shape[0] * plane[0] * plane[1]
    together = (words.size - ROOM) // (groups * area * samples)
    blocks = (outputs + CHANNELS - 1) // CHANNELS
    height = share[1] - share[0]
    lines = max(1, PLACES // plane[1])
    lines = -(-height // -(-height // lines))  # of all tiles about the same
    pitch = (lines * plane[1] + 47) // 48 * 48 + 48  # of the channels of a tile; lines may be written up to 47 too long
    plane_size = target[0] * target[1]
    sign, shift = (1 if factor > 0 else -1), INPUT_SHIFT
    while factor * sign > 1 << (shift - INPUT_SHIFT):  # factors are powers of two
        shift += 1
    direct = _by_lines(target, plane[1], offsets.size)
    sums = np.empty(0 if direct else CHANNELS * pitch, np.int32)
    inputs = np.empty(CHANNELS * pitch, np.int32)
    for begin in range(0, steps, together):
        end = min(begin + together, steps)
        if rows.shape[2]:
            pack(rows[begin:end], image, plane, phases, groups, share[0], share[1] - target[0], words)
        for block in range(share[2], share[3]):
            group, first = block // blocks, block % blocks * CHANNELS
            channels = min(CHANNELS, outputs - first)
            weight = weights[group, first * offsets.size : (first + CHANNELS) * offsets.size]
            for top in range(share[0], share[1], lines):
                bottom = min(top + lines, share[1])
                place = ((group * outputs + first) * target[0] + top) * target[1]
                size = (bottom - top) * target[1]
                whole = bottom - top == target[0] and not direct
                runs = 1 if whole else channels
                length = size * channels if whole else size
                apart = pitch if direct else size  # inputs of two channels
                for t in range(begin, end):
                    for b in range(samples):
                        at = (((t - begin) * samples + b) * groups + group) * area + top * plane[1]
                        if direct:
                            for y in range(bottom - top):
                                line = at + y * plane[1]
                                tiles(words, line, target[1], offsets, weight, swapped, inputs, y * target[1], pitch)
                        else:
                            span = (bottom - top - 1) * plane[1] + target[1]
                            tiles(words, at, span, offsets, weight, swapped, sums, 0, pitch)
                            _close_up(sums, pitch, plane[1], channels, bottom - top, target[1], inputs, size)
                        for k in range(runs if sign < 0 else 0):
                            acc = inputs[k * apart :][:length]
                            for j in range(length):
                                acc[j] = -acc[j]
                        for k in range(runs if rests[t] else 0):
                            start = place + k * plane_size
                            u[b, start : start + length] = 0
                            v[b, start : start + length] = 0
                        totals[t] += lif_rows(
                            inputs,
                            apart,
                            runs,
                            length,
                            u[b],
                            v[b],
                            spikes[t, b],
                            place,
                            plane_size,
                            wraps,
                            *parameters,
                            soft,
                            shift,
                            way,
                            t + 1 == steps,
                        )
                for k in range(runs):
                    start = place + k * plane_size
                    if steps < FEW_STEPS:
                        count_span(spikes[begin:end], counts, start, start + length)
                    else:
                        tally_span(spikes[begin:end], tally, start, start + length)


@njit(nogil=True, cache=True)
def _by_lines(target, width, taps):
    """Whether a tile's lines are better computed one by one than as one, to be closed up afterwards."""
    lines, columns = target
    vectors = (columns + 15) // 16 * lines
    return taps * vectors < taps * (((lines - 1) * width + columns + 15) // 16) + COPY * vectors


@njit(nogil=True, cache=True)
def _close_up(sums, pitch, width, channels, lines, columns, inputs, size):
    """The sums of each channel's lines, `width` apart, one behind the other, channels `size` apart."""
    for c in range(channels):
        for y in range(lines):  # writes a little too much, over which the next line is written
            copy_words(sums, c * pitch + y * width, inputs, c * size + y * columns, columns)


@njit(nogil=True, cache=True)
def pack(rows, image, plane, phases, groups, first, beyond, words):
    """Lay spikes (steps, samples, sources) out: four channels of a place in one word, phases of the stride apart.

    first, beyond: lines from the first on, and without -beyond of the last ones, since some of the target's are enough.
    words: zero where the padding is, as this leaves it.
    """
    channels, in_rows, in_columns, stride_y, stride_x, pad_y, pad_x = image
    size, per_group = in_rows * in_columns, channels // groups
    line = np.zeros(max(pad_x + in_columns, stride_x * (plane[1] + 1)) + 64, np.int32)
    at = 0
    for t in range(rows.shape[0]):
        for b in range(rows.shape[1]):
            row = rows[t, b]
            for quad in range(groups * ((per_group + 3) // 4)):
                group, part = quad // ((per_group + 3) // 4), quad % ((per_group + 3) // 4)
                c0, last = group * per_group + 4 * part, (group + 1) * per_group - 1
                c1, c2, c3 = min(c0 + 1, last), min(c0 + 2, last), min(c0 + 3, last)  # beyond `last` weights are zero
                for k in range(first, plane[0] + beyond):
                    for phase in range(phases.shape[0]):
                        y = k * stride_y + phases[phase, 0] - pad_y
                        if y < 0 or y >= in_rows:
                            continue
                        former = phase > 0 and phases[phase - 1, 0] == phases[phase, 0]  # phases of a line follow
                        out = at + (phase * plane[0] + k) * plane[1]
                        begin = y * in_columns
                        p0, p1, p2, p3 = c0 * size + begin, c1 * size + begin, c2 * size + begin, c3 * size + begin
                        if stride_x == 1:
                            count = min(in_columns, plane[1] - pad_x)
                            interleave(row, p0, p1, p2, p3, count, words, out + pad_x)
                        elif stride_x == 2:
                            if former:
                                continue
                            both = phase + 1 < phases.shape[0] and phases[phase + 1, 0] == phases[phase, 0]
                            other = phase + 1 if both else phase
                            even, evens = _half(0, phase, other, phases, in_columns, pad_x, plane, at, k)
                            odd, odds = _half(1, phase, other, phases, in_columns, pad_x, plane, at, k)
                            split_columns(row, p0, p1, p2, p3, in_columns, words, even, evens, odd, odds)
                        else:
                            if not former:
                                interleave(row, p0, p1, p2, p3, in_columns, line, pad_x)
                            for j in range(plane[1]):
                                words[out + j] = line[phases[phase, 1] + stride_x * j]
                at += phases.shape[0] * plane[0] * plane[1]


@njit(nogil=True, cache=True)
def _half(odd, phase, other, phases, columns, padding, plane, at, line):
    """Where the even, or odd, columns of an image's line begin in its phase of a stride of 2, and how many they are."""
    if (phases[phase, 1] - padding) & 1 != odd:
        phase = other
    shift = phases[phase, 1] - padding  # the column at the beginning of the phase's line
    if shift & 1 != odd:
        return 0, 0  # no tap reads these
    skipped = (odd - shift) // 2  # places that are padding
    count = max(0, min((columns + 1 - odd) // 2, plane[1] - skipped))
    return at + (phase * plane[0] + line) * plane[1] + skipped, count
