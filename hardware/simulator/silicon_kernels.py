"""Kernels of neurons with another chip's arithmetic; arguments as in `lif_kernels`, the switches as numbers."""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import at

# Of `accumulator`, of roundings and of `after_spike`: the order in which `lower.silicon.SUSPECTS` lists their values.
U_WRAPS, SUM_WRAPS, SUM_SATURATES, U_SATURATES = 0, 1, 2, 3
TOWARD_ZERO, DOWN, NEAREST, AWAY = 0, 1, 2, 3
IS_ZERO, READS_128, READS_DECAY, STAYS_128 = 0, 1, 2, 3
MARKER = 128


@njit(nogil=True, cache=True)
def in_32_bits(value):
    """What an int32 holds of an int64."""
    return np.int64(np.int32(value))


@njit(nogil=True, cache=True)
def decayed(value, kept, rounding):
    """value kept / 4096."""
    if rounding == DOWN:
        return (value * kept) >> 12
    more = 0
    if rounding == NEAREST:
        more = 1 << 11
    elif rounding == AWAY:
        more = (1 << 12) - 1
    size = (abs(value) * kept + more) >> 12
    return size if value >= 0 else -size


@njit(nogil=True, cache=True)
def accumulated(kept, a, rule):
    """u from what its decay leaves and the synaptic input: (u, whether something left its range)."""
    added = in_32_bits(a << 6)
    left = added != a << 6
    narrow = np.int64(1) << 21
    if rule == SUM_WRAPS:
        wrapped = (added + narrow) % (2 * narrow) - narrow
        left |= wrapped != added
        added = wrapped
    elif rule == SUM_SATURATES:
        clipped = min(max(added, 1 - narrow), narrow - 1)
        left |= clipped != added
        added = clipped
    u = in_32_bits(kept + added)
    left |= u != kept + added
    half = np.int64(1) << 23
    if rule == U_SATURATES:
        clipped = min(max(u, 1 - half), half - 1)
        return clipped, left | (clipped != u)
    if u > half:
        return u - 2 * half, True
    if u <= -half:
        return u + 2 * half, True
    return u, left


@njit(nogil=True, cache=True)
def silicon_lif_block(
    acc,
    u,
    v,
    potential,
    waits,
    spikes,
    wraps,
    keep_u,
    keep_v,
    bias,
    threshold,
    reset_value,
    read_decay,
    soft,
    inclusive,
    old_current,
    wraps_potential,
    refractory,
    accumulator,
    current_rounding,
    voltage_rounding,
    after_spike,
):
    """SiliconLIF. keep_u, keep_v: 4096 less the decays. read_decay: what v reads after a spike with READS_DECAY."""
    steps, samples, size = acc.shape
    half = np.int64(1) << 23
    for t in range(steps):
        for b in range(samples):
            for j in range(size):
                before, held = np.int64(u[b, j]), np.int64(potential[b, j])
                kept = decayed(before, np.int64(at(keep_u, j)), current_rounding)
                current, left = accumulated(kept, np.int64(acc[t, b, j]), accumulator)
                wraps[0] += left
                found = decayed(held, np.int64(at(keep_v, j)), voltage_rounding)
                found = in_32_bits(found + (before if old_current else current))
                found = in_32_bits(found + np.int64(at(bias, j)))
                limited = (found + half) % (2 * half) - half if wraps_potential else min(max(found, 1 - half), half - 1)
                wraps[1] += limited != found
                silent = waits[b, j] > 0
                if silent:
                    limited = held
                level = np.int64(at(threshold, j))
                fires = (limited >= level if inclusive else limited > level) & (not silent)
                read = limited
                if fires:
                    waits[b, j] = refractory
                    after = np.int64(at(reset_value, j))
                    if soft:
                        after = limited - after
                    elif after_spike == STAYS_128:
                        after = np.int64(MARKER)
                    limited = read = after
                    if after_spike == READS_128:
                        read = np.int64(MARKER)
                    elif after_spike == READS_DECAY:
                        read = np.int64(at(read_decay, j))
                else:
                    waits[b, j] = max(waits[b, j] - 1, 0)
                u[b, j] = np.int32(current)
                v[b, j] = np.int32(read)
                potential[b, j] = np.int32(limited)
                spikes[t, b, j] = np.uint8(fires)


@njit(nogil=True, cache=True)
def changed_payloads(payloads, bits, sign):
    """What arrives of payloads, in place. sign: 0 as it is, 1 lost, 2 negative ones are not sent."""
    half = np.int64(1) << (bits - 1)
    flat = payloads.reshape(-1)
    for k in range(flat.size):
        value = np.int64(flat[k])
        if value == 0:
            continue
        if bits < 24:
            value = (value + half) % (2 * half) - half
        if sign == 1:
            value = abs(value)
        elif sign == 2:
            value = max(value, np.int64(0))
        flat[k] = value
