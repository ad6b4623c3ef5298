"""Kernels that do the work: neurons over a block of time, and synapses event by event.

Rows are (step, sample) pairs, time first, so that all samples of a block are one contiguous array. Inner loops run over
plain array views without branches or appends, which is what lets the compiler vectorise them
(measured on Sapphire Rapids: 0.5 ns a neuron, 85-110 G synaptic operations/s).
Functions here have no type annotations: numba infers the types, and compares signatures literally where it overloads.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.lif_vectors import INPUT_SHIFT, lif_rows
from neurokit.hardware.simulator.vectors import (
    LANES,
    STRIP,
    count_bits,
    lowest_bit,
    nonzero_bits,
    sum_bytes,
    sum_bytes_strip,
    sum_products,
    sum_products_strip,
    wide_registers,
)

CACHE_BYTES = 1 << 20  # of weights that stay in a core's second-level cache beside everything else


def at(parameter, index):
    """parameter[index], or the parameter itself where one value serves all neurons."""
    return parameter[index] if isinstance(parameter, np.ndarray) else parameter


@overload(at)
def _at(parameter, index):
    if isinstance(parameter, types.Array):
        return lambda parameter, index: parameter[index]
    return lambda parameter, index: parameter


@njit(nogil=True, cache=True)
def lif_block(acc, u, v, spikes, totals, wraps, keep_u, keep_v, bias, threshold, reset_value, strides, soft, way):
    """LoihiLIF over a block; see `lower.fixedpoint.lif_step`, with which it agrees bit for bit.

    acc: (steps, samples, neurons) int32 synaptic input. u, v: (samples, neurons) int32, updated.
    spikes: (steps, samples, neurons) uint8, written. totals: (steps,) int64, to which their number is added.
    wraps: (2,) int64, to which the times that u wrapped and that v saturated are added.
    keep_u, keep_v: 1 - decay / 4096, float32. bias, threshold, reset_value: in units of v, int32.
    strides: (5,) of these, 1 where they are (neurons,), 0 where they are `lif_vectors.NEURONS` times the same.
    way: what may be left out, see `lif_vectors`.
    """
    wide_registers()
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            parameters = (keep_u, keep_v, bias, threshold, reset_value, strides, soft, INPUT_SHIFT, way, t + 1 == steps)
            totals[t] += lif_rows(acc[t, b], 0, 1, size, u[b], v[b], spikes[t, b], 0, 0, wraps, *parameters)


@njit(nogil=True, cache=True)
def lif_block_with_rests(acc, u, v, spikes, totals, wraps, rests, constants, soft, way):
    """The same where the states are zero before some steps, rests (steps,) bool; constants: keep_u to strides."""
    first = 0
    while first < rests.size:
        last = first + 1
        while last < rests.size and not rests[last]:
            last += 1
        if rests[first]:
            u[:] = 0
            v[:] = 0
        arriving, sent, summed = acc[first:last], spikes[first:last], totals[first:last]
        lif_block(arriving, u, v, sent, summed, wraps, *constants, soft, way)
        first = last


@njit(nogil=True, cache=True)
def float_step(u, v, a, kept):
    """The next u and v of the float LIF family, before it fires; kept: keep_u, gain_u, keep_v, gain_v, leak."""
    keep_u, gain_u, keep_v, gain_v, leak = kept
    current = keep_u * u + gain_u * a
    return current, keep_v * v + gain_v * current + leak


@njit(nogil=True, cache=True)
def reaches(potential, threshold, inclusive):
    """Whether a neuron fires, at the threshold or above it only."""
    return (potential > threshold) | (inclusive & (potential == threshold))


@njit(nogil=True, cache=True)
def float_block(
    acc,
    u,
    v,
    spikes,
    keep_u,
    gain_u,
    keep_v,
    gain_v,
    leak,
    threshold,
    reset_value,
    soft,
    inclusive,
):
    """Float LIF family over a block: u = keep_u u + gain_u x; v = keep_v v + gain_v u + leak; see `lif_block`.

    inclusive: fires at v >= threshold instead of v > threshold. All arrays float64.
    """
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, v_row, s_row = acc[t, b], u[b], v[b], spikes[t, b]
            for j in range(size):
                kept = (at(keep_u, j), at(gain_u, j), at(keep_v, j), at(gain_v, j), at(leak, j))
                current, potential = float_step(u_row[j], v_row[j], a_row[j], kept)
                fires = reaches(potential, at(threshold, j), inclusive)
                after = at(reset_value, j)
                if soft:
                    after = potential - after
                u_row[j] = current
                v_row[j] = after if fires else potential
                s_row[j] = np.uint8(fires)


@njit(nogil=True, cache=True)
def count_events(values, counts, step_counts):
    """Add the non-zero values (steps, samples, n) to counts (samples, n) and step_counts (steps,)."""
    wide_registers()
    steps, samples, size = values.shape
    index = np.empty(size + 4, np.int32)
    part = np.empty(size, np.uint8)
    for b in range(samples):
        count = counts[b]
        if steps < 3:  # too few to pay for passing over all counts
            for t in range(steps):
                found = gather(values[t, b], index)
                step_counts[t] += found
                for k in range(found):
                    count[index[k]] += 1
            continue
        for first in range(0, steps, 255):  # as many as a byte can count
            part[:] = 0
            for t in range(first, min(first + 255, steps)):
                row = values[t, b]
                for j in range(size):
                    part[j] += row[j] != 0
                step_counts[t] += nonzero(row)
            for j in range(size):
                count[j] += part[j]


@njit(nogil=True, cache=True)
def count_nonzero(rows):
    """How many entries of rows (n, m) are not zero."""
    total = 0
    for r in range(rows.shape[0]):
        total += nonzero(rows[r])
    return total


@njit(nogil=True, cache=True, inline="always")
def nonzero(row):
    total = 0
    whole = row.size & ~63
    for start in range(0, whole, 64):
        total += count_bits(nonzero_bits(row, start))
    for j in range(whole, row.size):
        total += np.int64(row[j] != 0)
    return total


@njit(nogil=True, cache=True)
def gather(row, index):
    """Write the places of the non-zero entries of `row` to `index`, 4 longer than it; give back how many."""
    found = 0
    whole = row.size & ~63
    for start in range(0, whole, 64):
        bits = nonzero_bits(row, start)
        some = count_bits(bits)
        for k in range(0, some, 4):  # four at a time without a branch: an idle write is cheaper than a wrong guess
            for i in range(4):
                index[found + k + i] = start + lowest_bit(bits)
                bits &= bits - np.uint64(1)
        found += some
    for j in range(whole, row.size):
        index[found] = j
        found += row[j] != 0
    return found


@njit(nogil=True, cache=True)
def dense_bytes(rows, weight, offset, shift, acc):
    """acc[r] += sum of (weight[i] - offset) << shift over the i with rows[r, i] set.

    rows: 0/1. weight: (sources, at least targets, padded to 64) uint8. acc: (rows, targets).
    Where the weights are larger than a core's cache, strips of them are read once for 64 rows.
    """
    width, targets = weight.shape[1], acc.shape[1]
    together = 64 if weight.size > CACHE_BYTES else 1
    index = np.empty((together, rows.shape[1] + 4), np.int32)
    found = np.empty(together, np.int64)
    sums = np.empty(STRIP, np.uint16)
    for begin in range(0, rows.shape[0], together):
        count = min(together, rows.shape[0] - begin)
        for r in range(count):
            found[r] = gather(rows[begin + r], index[r])
        for column in range(0, width, STRIP):
            strip = min(STRIP, width - column)
            for r in range(count):
                target = acc[begin + r, column : min(column + strip, targets)]
                for first in range(0, found[r], 256):
                    last = min(first + 256, found[r])
                    if strip == STRIP:
                        sum_bytes_strip(weight, index[r], first, last, column, sums)
                    else:
                        for part in range(0, strip, LANES):
                            sum_bytes(weight, index[r], first, last, column + part, sums[part:])
                    base = offset * (last - first)
                    for j in range(target.size):
                        target[j] += (np.int32(sums[j]) - base) << shift


@njit(nogil=True, cache=True)
def dense_binary(rows, weight, acc):
    """acc[r] += sum of weight[i] over the i with rows[r, i] set; weight is (sources, targets), rows uint8 0/1."""
    index = np.empty(rows.shape[1] + 4, np.int32)
    for r in range(rows.shape[0]):
        found = gather(rows[r], index)
        target = acc[r]
        whole = found - found % 4
        for k in range(0, whole, 4):  # four rows a pass: the accumulator is read and written once for all
            w0, w1, w2, w3 = weight[index[k]], weight[index[k + 1]], weight[index[k + 2]], weight[index[k + 3]]
            for j in range(target.size):
                target[j] += (w0[j] + w1[j]) + (w2[j] + w3[j])
        for k in range(whole, found):
            w0 = weight[index[k]]
            for j in range(target.size):
                target[j] += w0[j]


@njit(nogil=True, cache=True)
def dense_bytes_graded(rows, weight, offset, shift, acc):
    """acc[r] += sum of ((weight[i] - offset) << shift) * rows[r, i]; as `dense_bytes`, with int32 payloads.

    Sums wrap at 32 bits.
    """
    width, targets = weight.shape[1], acc.shape[1]
    index = np.empty(rows.shape[1] + 4, np.int32)
    sums = np.empty(STRIP, np.int32)
    for r in range(rows.shape[0]):
        row = rows[r]
        found = gather(row, index)
        if found == 0:
            continue
        total = np.int32(0)
        for k in range(found):
            total += row[index[k]]
        base = np.int32(total * offset)
        for column in range(0, width, STRIP):
            strip = min(STRIP, width - column)
            if strip == STRIP:
                sum_products_strip(weight, index, row, 0, found, column, sums)
            else:
                for part in range(0, strip, LANES):
                    sum_products(weight, index, row, 0, found, column + part, sums[part:])
            target = acc[r, column : min(column + strip, targets)]
            for j in range(target.size):
                target[j] += np.int32(np.int32(sums[j] - base) << shift)


@njit(nogil=True, cache=True)
def dense_graded(rows, weight, acc):
    """acc[r] += weight.T @ rows[r]; weight is (sources, targets), rows hold payloads, zeros are skipped.

    In the order of `dense_binary`, so that floats come out the same whichever kernel a block of time is given to.
    """
    index = np.empty(rows.shape[1] + 4, np.int32)
    for r in range(rows.shape[0]):
        found = gather(rows[r], index)
        target = acc[r]
        whole = found - found % 4
        for k in range(0, whole, 4):
            i0, i1, i2, i3 = index[k], index[k + 1], index[k + 2], index[k + 3]
            w0, w1, w2, w3 = weight[i0], weight[i1], weight[i2], weight[i3]
            p0, p1, p2, p3 = rows[r, i0], rows[r, i1], rows[r, i2], rows[r, i3]
            for j in range(target.size):
                target[j] += (w0[j] * p0 + w1[j] * p1) + (w2[j] * p2 + w3[j] * p3)
        for k in range(whole, found):
            payload = rows[r, index[k]]
            w0 = weight[index[k]]
            for j in range(target.size):
                target[j] += w0[j] * payload


@njit(nogil=True, cache=True)
def largest_sum(rows):
    """Largest sum of |values| of a row; rows (n, m) of integers."""
    largest = 0
    for r in range(rows.shape[0]):
        row = rows[r]
        total = 0
        for j in range(row.size):
            total += abs(np.int64(row[j]))
        largest = max(largest, total)
    return largest


@njit(nogil=True, cache=True)
def add_sums(sums, places, bits, acc):
    """acc += sums >> places, rounding down and wrapping at so many bits; how many did wrap. Flat arrays."""
    wide_registers()
    half = np.int64(1) << (bits - 1)
    found = 0
    for j in range(acc.size):
        value = np.int64(sums[j]) >> places
        wrapped = ((value + half) & (2 * half - 1)) - half
        found += value != wrapped
        acc[j] += wrapped
    return found


@njit(nogil=True, cache=True)
def sparse_events(rows, start, target, weight, acc):
    """acc[r, target] += weight * payload over the listed synapses of each active source (lists by source)."""
    index = np.empty(rows.shape[1] + 4, np.int32)
    for r in range(rows.shape[0]):
        out = acc[r]
        for k in range(gather(rows[r], index)):
            i = index[k]
            payload = rows[r, i]
            for s in range(start[i], start[i + 1]):
                out[target[s]] += weight[s] * payload


@njit(nogil=True, cache=True)
def delayed_events(rows, start, target, weight, delay, room):
    """room[t + delay, b, target] += weight * payload; rows (steps, samples, sources), delay counted from row t."""
    steps, samples, sources = rows.shape
    index = np.empty(sources + 4, np.int32)
    places = room.reshape(room.size)
    later = samples * room.shape[2]
    for t in range(steps):
        for b in range(samples):
            row = rows[t, b]
            here = places[(t * samples + b) * room.shape[2] :]
            for k in range(gather(row, index)):
                i = index[k]
                payload = row[i]
                for s in range(start[i], start[i + 1]):
                    here[delay[s] * later + target[s]] += weight[s] * payload


@njit(nogil=True, cache=True)
def delay_sources(rows, delay, room):
    """room[t + delay[i], b, i] = rows[t, b, i] of all events; rows (steps, samples, sources)."""
    steps, samples, sources = rows.shape
    index = np.empty(sources + 4, np.int32)
    for t in range(steps):
        for b in range(samples):
            for k in range(gather(rows[t, b], index)):
                i = index[k]
                room[t + delay[i], b, i] = rows[t, b, i]


@njit(nogil=True, cache=True)
def delay_targets(sums, delay, room):
    """room[t + delay[j], b, j] += sums[t, b, j]; sums (steps, samples, targets)."""
    steps, samples, targets = sums.shape
    for t in range(steps):
        for b in range(samples):
            row = sums[t, b]
            for j in range(targets):
                room[t + delay[j], b, j] += row[j]
