"""Kernels that do the work: neurons over a block of time, and synapses event by event.

Rows are (step, sample) pairs, time first, so that all samples of a block are one contiguous array. Inner loops run over
plain array views without branches or appends, which is what lets the compiler vectorise them
(measured: 0.6 ns a neuron, 23-59 G synaptic operations/s on AVX-512, against 3.6 ns with an append in the loop).
Functions here have no type annotations: numba infers the types, and compares signatures literally where it overloads.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.extending import overload


def at(parameter, index):
    """parameter[index], or the parameter itself where one value serves all neurons."""
    return parameter[index] if isinstance(parameter, np.ndarray) else parameter


@overload(at)
def _at(parameter, index):
    if isinstance(parameter, types.Array):
        return lambda parameter, index: parameter[index]
    return lambda parameter, index: parameter


@njit(nogil=True, cache=True)
def lif_block(acc, u, v, spikes, counts, step_counts, keep_u, keep_v, bias, threshold, reset_value, soft):
    """LoihiLIF over a block; see `lower.fixedpoint.lif_step`, with which it agrees bit for bit.

    acc: (steps, samples, neurons) int32 synaptic input. u, v: (samples, neurons) int32, updated.
    spikes: (steps, samples, neurons) uint8, written. counts: (samples, neurons) int64, step_counts: (steps,), added to.
    keep_u, keep_v: 4096 - decay. bias, threshold, reset_value: in units of v. All a number or (neurons,) int64.
    """
    steps, samples, size = acc.shape
    for t in range(steps):
        total = 0
        for b in range(samples):
            a_row, u_row, v_row, s_row, c_row = acc[t, b], u[b], v[b], spikes[t, b], counts[b]
            for j in range(size):
                # sign(x) (|x| k >> 12) is a division by 4096 that rounds towards zero
                decayed = np.int64(u_row[j]) * at(keep_u, j)
                decayed = (decayed + ((decayed >> 63) & 4095)) >> 12
                current = np.int32(decayed + np.int32(np.int64(a_row[j]) << 6))
                if current > 8388608:
                    current = np.int32(current - 16777216)
                if current <= -8388608:
                    current = np.int32(current + 16777216)
                decayed = np.int64(v_row[j]) * at(keep_v, j)
                decayed = (decayed + ((decayed >> 63) & 4095)) >> 12
                potential = np.int32(decayed + current + at(bias, j))
                potential = min(max(potential, np.int32(-8388607)), np.int32(8388607))
                fires = potential > at(threshold, j)
                after = at(reset_value, j)
                if soft:
                    after = potential - after
                u_row[j] = current
                v_row[j] = np.int32(after) if fires else potential
                s_row[j] = np.uint8(fires)
                c_row[j] += np.int64(fires)
            for j in range(size):
                total += s_row[j]
        step_counts[t] += total


@njit(nogil=True, cache=True)
def float_block(
    acc,
    u,
    v,
    spikes,
    counts,
    step_counts,
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
        total = 0
        for b in range(samples):
            a_row, u_row, v_row, s_row, c_row = acc[t, b], u[b], v[b], spikes[t, b], counts[b]
            for j in range(size):
                current = at(keep_u, j) * u_row[j] + at(gain_u, j) * a_row[j]
                potential = at(keep_v, j) * v_row[j] + at(gain_v, j) * current + at(leak, j)
                limit = at(threshold, j)
                fires = potential > limit or (inclusive and potential == limit)
                after = at(reset_value, j)
                if soft:
                    after = potential - after
                u_row[j] = current
                v_row[j] = after if fires else potential
                s_row[j] = np.uint8(fires)
                c_row[j] += np.int64(fires)
            for j in range(size):
                total += s_row[j]
        step_counts[t] += total


@njit(nogil=True, cache=True)
def count_events(values, counts, step_counts):
    """Add the non-zero values (steps, samples, n) to counts (samples, n) and step_counts (steps,)."""
    for t in range(values.shape[0]):
        total = 0
        for b in range(values.shape[1]):
            row, count = values[t, b], counts[b]
            for j in range(row.size):
                event = np.int64(row[j] != 0)
                count[j] += event
                total += event
        step_counts[t] += total


@njit(nogil=True, cache=True)
def gather(row, index):
    """Write the places of the non-zero entries of `row` to `index`; give back how many."""
    found = 0
    size = row.size
    for start in range(0, size, 64):
        chunk = row[start : min(start + 64, size)]
        some = False
        for j in range(chunk.size):
            some |= chunk[j] != 0
        if some:
            for j in range(chunk.size):  # without a branch: an idle write is cheaper than a wrong guess
                index[found] = start + j
                found += chunk[j] != 0
    return found


@njit(nogil=True, cache=True)
def dense_binary(rows, weight, acc):
    """acc[r] += sum of weight[i] over the i with rows[r, i] set; weight is (sources, targets), rows uint8 0/1."""
    index = np.empty(rows.shape[1], np.int64)
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
def dense_short(rows, weight, acc):
    """As `dense_binary` for weights in -256..255: 128 of them fit an int16, so twice as many lanes add at once."""
    index = np.empty(rows.shape[1], np.int64)
    part = np.empty(acc.shape[1], np.int16)
    for r in range(rows.shape[0]):
        found = gather(rows[r], index)
        target = acc[r]
        for start in range(0, found, 128):
            stop = min(start + 128, found)
            whole = stop - (stop - start) % 4
            part[:] = 0
            for k in range(start, whole, 4):
                w0, w1, w2, w3 = weight[index[k]], weight[index[k + 1]], weight[index[k + 2]], weight[index[k + 3]]
                for j in range(part.size):
                    part[j] += np.int16(w0[j]) + np.int16(w1[j]) + np.int16(w2[j]) + np.int16(w3[j])
            for k in range(whole, stop):
                w0 = weight[index[k]]
                for j in range(part.size):
                    part[j] += w0[j]
            for j in range(part.size):
                target[j] += part[j]


@njit(nogil=True, cache=True)
def dense_graded(rows, weight, acc):
    """acc[r] += weight.T @ rows[r]; weight is (sources, targets), rows hold payloads, zeros are skipped.

    In the order of `dense_binary`, so that floats come out the same whichever kernel a block of time is given to.
    """
    index = np.empty(rows.shape[1], np.int64)
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
def sparse_events(rows, start, target, weight, acc):
    """acc[r, target] += weight * payload over the listed synapses of each active source (lists by source)."""
    index = np.empty(rows.shape[1], np.int64)
    for r in range(rows.shape[0]):
        out = acc[r]
        for k in range(gather(rows[r], index)):
            i = index[k]
            payload = rows[r, i]
            for s in range(start[i], start[i + 1]):
                out[target[s]] += weight[s] * payload


@njit(nogil=True, cache=True)
def delayed_events(rows, start, target, weight, delay, pending):
    """pending[t + delay, b, target] += weight * payload; rows (steps, samples, sources), delay counted from row t."""
    index = np.empty(rows.shape[2], np.int64)
    for t in range(rows.shape[0]):
        for b in range(rows.shape[1]):
            for k in range(gather(rows[t, b], index)):
                i = index[k]
                payload = rows[t, b, i]
                for s in range(start[i], start[i + 1]):
                    pending[t + delay[s], b, target[s]] += weight[s] * payload
