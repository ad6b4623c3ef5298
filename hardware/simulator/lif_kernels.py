"""Kernels of the LIF neuron's relatives, each over a block of time; see `kernels` for the rules they follow.

Arguments as in `kernels.lif_block`: acc (steps, samples, neurons) synaptic input; states (samples, neurons), updated;
spikes (steps, samples, neurons), written; wraps (2,), to which the times that u wrapped and that another state was
clipped are added; then parameters, a number or (neurons,): shares that decay leaves in float64, others int32.
The integer ones agree bit for bit with `lower.fixedpoint.lif_family`.
"""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import at, float_step, reaches
from neurokit.hardware.simulator.vectors import wide_registers

ADAPTATION_UNIT = 4096  # graph.lif_family.ADAPTATION_UNIT


@njit(nogil=True, cache=True)
def towards_zero(value, bits):
    """sign(value) (|value| >> bits) of an int64."""
    return (value + ((value >> 63) & ((np.int64(1) << bits) - 1))) >> bits


@njit(nogil=True, cache=True)
def next_current(u, keep, a):
    """u decayed plus a << 6, wrapped once at 24 bits: (int32, whether it wrapped)."""
    found = np.int32(np.int32(np.float64(u) * keep) + np.int32(a << 6))  # the product is exact: 44 bits
    wrapped = (found > 8388608) | (found <= -8388608) | (a != np.int32(a << 6) >> 6)
    if found > 8388608:
        found = np.int32(found - 16777216)
    if found <= -8388608:
        found = np.int32(found + 16777216)
    return found, wrapped


@njit(nogil=True, cache=True)
def next_potential(v, keep, current, bias):
    """v decayed plus current and bias, clipped: (int32, whether it was clipped)."""
    found = np.int32(np.int32(np.int32(np.float64(v) * keep) + current) + bias)
    clipped = min(max(found, np.int32(-8388607)), np.int32(8388607))
    return clipped, clipped != found


@njit(nogil=True, cache=True)
def in_24_bits(value):
    """An int64 clipped to 24 bits."""
    return min(max(value, np.int64(-8388607)), np.int64(8388607))


@njit(nogil=True, cache=True)
def refractory_block(
    acc, u, v, left, spikes, wraps, keep_u, keep_v, bias, threshold, reset_value, refractory, soft, holds
):
    """LoihiRefractoryLIF. left: steps of the refractory period still to come."""
    wide_registers()
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, v_row, left_row, s_row = acc[t, b], u[b], v[b], left[b], spikes[t, b]
            wrapped = saturated = np.int32(0)
            for j in range(size):
                current, wraps_now = next_current(u_row[j], at(keep_u, j), a_row[j])
                wrapped += wraps_now
                potential, clips = next_potential(v_row[j], at(keep_v, j), current, at(bias, j))
                saturated += clips
                waits = left_row[j] > 0
                potential = v_row[j] if holds & waits else potential
                fires = (potential > at(threshold, j)) & (not waits)
                after = at(reset_value, j)
                if soft:
                    after = potential - after
                u_row[j] = current
                v_row[j] = np.int32(after) if fires else potential
                left_row[j] = np.int32(at(refractory, j)) if fires else max(left_row[j] - np.int32(1), np.int32(0))
                s_row[j] = np.uint8(fires)
            wraps[0] += wrapped
            wraps[1] += saturated


@njit(nogil=True, cache=True)
def shifted_block(acc, u, v, spikes, wraps, keep_u, keep_v, bias, threshold, reset_value, shift, soft):
    """LoihiShiftedLIF."""
    wide_registers()
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, v_row, s_row = acc[t, b], u[b], v[b], spikes[t, b]
            wrapped = saturated = np.int32(0)
            for j in range(size):
                current, wraps_now = next_current(u_row[j], at(keep_u, j), a_row[j])
                wrapped += wraps_now
                bits = at(shift, j)
                brought = (np.int64(current) + at(bias, j)) << max(-bits, np.int32(0))
                found = np.int64(np.float64(v_row[j]) * at(keep_v, j)) + towards_zero(brought, max(bits, np.int32(0)))
                potential = np.int32(in_24_bits(found))
                saturated += potential != found
                fires = potential > at(threshold, j)
                after = at(reset_value, j)
                if soft:
                    after = potential - after
                u_row[j] = current
                v_row[j] = np.int32(after) if fires else potential
                s_row[j] = np.uint8(fires)
            wraps[0] += wrapped
            wraps[1] += saturated


@njit(nogil=True, cache=True)
def ternary_block(acc, u, v, spikes, wraps, keep_u, keep_v, bias, upper, lower):
    """LoihiTernaryLIF; spikes int32."""
    wide_registers()
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, v_row, s_row = acc[t, b], u[b], v[b], spikes[t, b]
            wrapped = saturated = np.int32(0)
            for j in range(size):
                current, wraps_now = next_current(u_row[j], at(keep_u, j), a_row[j])
                wrapped += wraps_now
                potential, clips = next_potential(v_row[j], at(keep_v, j), current, at(bias, j))
                saturated += clips
                sign = np.int32(potential > at(upper, j)) - np.int32(potential < at(lower, j))
                u_row[j] = current
                v_row[j] = potential if sign == 0 else 0
                s_row[j] = sign
            wraps[0] += wrapped
            wraps[1] += saturated


@njit(nogil=True, cache=True)
def alif_block(
    acc,
    u,
    adaptation,
    v,
    left,
    spike,
    spikes,
    wraps,
    keep_u,
    keep_a,
    keep_v,
    bias,
    threshold,
    reset_value,
    mantissa,
    shift,
    refractory,
):
    """LoihiALIF. spike: (samples, neurons), the spikes of the step before."""
    wide_registers()
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, w_row, v_row = acc[t, b], u[b], adaptation[b], v[b]
            left_row, z_row, s_row = left[b], spike[b], spikes[t, b]
            wrapped = saturated = np.int32(0)
            for j in range(size):
                before = z_row[j]
                current, wraps_now = next_current(u_row[j], at(keep_u, j), a_row[j])
                wrapped += wraps_now
                adapted = np.int32(np.float64(w_row[j]) * at(keep_a, j)) + ADAPTATION_UNIT * before
                saturated += adapted > 8388607
                adapted = np.int64(min(adapted, 8388607))
                drive = np.int32(at(bias, j) - at(reset_value, j) * before)
                potential, clips = next_potential(v_row[j], at(keep_v, j), current, drive)
                saturated += clips
                limit = at(threshold, j) + towards_zero(adapted * at(mantissa, j), at(shift, j))
                fires = (potential > limit) & (left_row[j] == 0)
                u_row[j] = current
                w_row[j] = np.int32(adapted)
                v_row[j] = potential
                left_row[j] = np.int32(at(refractory, j)) if fires else max(left_row[j] - np.int32(1), np.int32(0))
                z_row[j] = np.int32(fires)
                s_row[j] = np.uint8(fires)
            wraps[0] += wrapped
            wraps[1] += saturated


@njit(nogil=True, cache=True)
def atrlif_block(acc, i, v, theta, r, spikes, wraps, keep_i, keep_v, keep_theta, keep_r, bias, threshold, step):
    """LoihiATRLIF."""
    wide_registers()
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, i_row, v_row, t_row, r_row, s_row = acc[t, b], i[b], v[b], theta[b], r[b], spikes[t, b]
            wrapped = saturated = np.int32(0)
            for j in range(size):
                current, wraps_now = next_current(i_row[j], at(keep_i, j), a_row[j])
                wrapped += wraps_now
                potential, clips = next_potential(v_row[j], at(keep_v, j), current, at(bias, j))
                saturated += clips
                excess = np.int32(np.float64(np.int32(t_row[j] - at(threshold, j))) * at(keep_theta, j))
                limit = np.int32(at(threshold, j) + excess)
                refractory = np.int32(np.float64(r_row[j]) * at(keep_r, j))
                fires = np.int32(potential - refractory) >= limit
                i_row[j] = current
                v_row[j] = potential
                r_row[j] = np.int32(refractory + np.int32(2 * limit)) if fires else refractory
                t_row[j] = np.int32(limit + at(step, j)) if fires else limit
                s_row[j] = np.uint8(fires)
            wraps[0] += wrapped
            wraps[1] += saturated


@njit(nogil=True, cache=True)
def qif_block(acc, u, v, spikes, wraps, keep_u, bias, rate, fraction, threshold, reset_value):
    """LoihiQIF."""
    wide_registers()
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, v_row, s_row = acc[t, b], u[b], v[b], spikes[t, b]
            wrapped = saturated = np.int32(0)
            for j in range(size):
                current, wraps_now = next_current(u_row[j], at(keep_u, j), a_row[j])
                wrapped += wraps_now
                potential = np.int64(v_row[j])
                bits = np.int64(at(fraction, j))
                square = towards_zero(potential * (potential - (np.int64(1) << bits)), bits)
                drift = in_24_bits(square)
                change = towards_zero((drift + current + at(bias, j)) * at(rate, j), 12)
                saturated += (drift != square) | (np.abs(potential + change) > 8388607)
                potential = in_24_bits(potential + change)
                fires = potential > at(threshold, j)
                u_row[j] = current
                v_row[j] = np.int32(at(reset_value, j)) if fires else np.int32(potential)
                s_row[j] = np.uint8(fires)
            wraps[0] += wrapped
            wraps[1] += saturated


@njit(nogil=True, cache=True)
def float_refractory_block(
    acc,
    u,
    v,
    left,
    spikes,
    keep_u,
    gain_u,
    keep_v,
    gain_v,
    leak,
    threshold,
    reset_value,
    refractory,
    soft,
    inclusive,
    holds,
):
    """The float LIF family with a refractory period; see `kernels.float_block`. left: float64 whole steps."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, v_row, left_row, s_row = acc[t, b], u[b], v[b], left[b], spikes[t, b]
            for j in range(size):
                kept = (at(keep_u, j), at(gain_u, j), at(keep_v, j), at(gain_v, j), at(leak, j))
                current, potential = float_step(u_row[j], v_row[j], a_row[j], kept)
                waits = left_row[j] > 0
                potential = v_row[j] if holds & waits else potential
                fires = reaches(potential, at(threshold, j), inclusive) & (not waits)
                after = at(reset_value, j)
                if soft:
                    after = potential - after
                u_row[j] = current
                v_row[j] = after if fires else potential
                left_row[j] = at(refractory, j) if fires else max(left_row[j] - 1.0, 0.0)
                s_row[j] = np.uint8(fires)


@njit(nogil=True, cache=True)
def float_ternary_block(acc, u, v, spikes, keep_u, gain_u, keep_v, gain_v, upper, lower):
    """TernaryLIF; spikes float64."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, v_row, s_row = acc[t, b], u[b], v[b], spikes[t, b]
            for j in range(size):
                current = at(keep_u, j) * u_row[j] + at(gain_u, j) * a_row[j]
                potential = at(keep_v, j) * v_row[j] + at(gain_v, j) * current
                sign = np.float64(potential > at(upper, j)) - np.float64(potential < at(lower, j))
                u_row[j] = current
                v_row[j] = potential if sign == 0.0 else 0.0
                s_row[j] = sign


@njit(nogil=True, cache=True)
def float_alif_block(
    acc,
    u,
    adaptation,
    v,
    left,
    spike,
    spikes,
    gain,
    keep_a,
    keep_v,
    beta,
    threshold,
    refractory,
    inclusive,
):
    """ALIF."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, w_row, v_row = acc[t, b], u[b], adaptation[b], v[b]
            left_row, z_row, s_row = left[b], spike[b], spikes[t, b]
            for j in range(size):
                before = z_row[j]
                current = at(gain, j) * a_row[j]
                adapted = at(keep_a, j) * w_row[j] + before
                potential = at(keep_v, j) * v_row[j] + current - at(threshold, j) * before
                limit = at(threshold, j) + at(beta, j) * adapted
                fires = reaches(potential, limit, inclusive) & (left_row[j] == 0.0)
                u_row[j] = current
                w_row[j] = adapted
                v_row[j] = potential
                left_row[j] = at(refractory, j) if fires else max(left_row[j] - 1.0, 0.0)
                z_row[j] = np.float64(fires)
                s_row[j] = np.uint8(fires)


@njit(nogil=True, cache=True)
def float_atrlif_block(
    acc, i, v, theta, r, spikes, keep_i, gain_i, keep_v, gain_v, keep_theta, keep_r, threshold, step
):
    """ATRLIF."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, i_row, v_row, t_row, r_row, s_row = acc[t, b], i[b], v[b], theta[b], r[b], spikes[t, b]
            for j in range(size):
                current = at(keep_i, j) * i_row[j] + at(gain_i, j) * a_row[j]
                potential = at(keep_v, j) * v_row[j] + at(gain_v, j) * current
                limit = at(keep_theta, j) * (t_row[j] - at(threshold, j)) + at(threshold, j)
                refractory = at(keep_r, j) * r_row[j]
                fires = potential - refractory >= limit
                i_row[j] = current
                v_row[j] = potential
                r_row[j] = refractory + 2 * limit if fires else refractory
                t_row[j] = limit + at(step, j) if fires else limit
                s_row[j] = np.uint8(fires)


@njit(nogil=True, cache=True)
def float_qif_block(acc, u, v, spikes, gain, rate, threshold, reset_value):
    """QIF. rate: dt / tau."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, v_row, s_row = acc[t, b], u[b], v[b], spikes[t, b]
            for j in range(size):
                current = at(gain, j) * a_row[j]
                potential = v_row[j] + at(rate, j) * (v_row[j] * (v_row[j] - 1.0) + current)
                fires = potential > at(threshold, j)
                u_row[j] = current
                v_row[j] = at(reset_value, j) if fires else potential
                s_row[j] = np.uint8(fires)


@njit(nogil=True, cache=True)
def float_theta_block(acc, u, theta, spikes, gain, rate):
    """Theta. rate: dt / tau."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, p_row, s_row = acc[t, b], u[b], theta[b], spikes[t, b]
            for j in range(size):
                current = at(gain, j) * a_row[j]
                cosine = np.cos(p_row[j])
                phase = p_row[j] + at(rate, j) * ((1.0 - cosine) + (1.0 + cosine) * (current - 0.25))
                fires = phase > np.pi
                u_row[j] = current
                p_row[j] = phase - 2 * np.pi if fires else phase
                s_row[j] = np.uint8(fires)
