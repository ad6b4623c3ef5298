"""Kernels of the switched relatives of the LIF neuron over a block of time; see `kernels` for the rules they follow.

acc, states and constants float64 in units of v; spikes written. See `switched_family` for the equations and switches.
"""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import at
from neurokit.hardware.simulator.switched_kernels import wrapped

ADAPTATION_UNIT = 4096.0  # graph.lif_family.ADAPTATION_UNIT


@njit(nogil=True, cache=True)
def cut(value, truncates):
    """Without its fraction, where the chip cuts it."""
    return np.trunc(value) if truncates else value


@njit(nogil=True, cache=True)
def clipped(value, limited):
    """In 24 bits."""
    return min(max(value, -8388607.0), 8388607.0) if limited else value


@njit(nogil=True, cache=True)
def in_32_bits(value, limited):
    """Wrapped at 32 bits."""
    return value - 4294967296.0 * np.floor((value + 2147483648.0) / 4294967296.0) if limited else value


@njit(nogil=True, cache=True)
def decayed(value, keep, truncates):
    """What a step leaves; what does not decay is not multiplied, so nothing is cut."""
    return value if keep == 1.0 else cut(value * keep, truncates)


@njit(nogil=True, cache=True)
def next_current(u, keep, arriving, truncates, limited):
    """The synaptic current of the step."""
    found = decayed(u, keep, truncates) + arriving
    return wrapped(found) if limited else found


@njit(nogil=True, cache=True)
def alif_block(
    acc,
    u,
    adaptation,
    v,
    left,
    spike,
    spikes,
    keep_u,
    keep_a,
    keep_v,
    current,
    bias,
    threshold,
    reset_value,
    rise,
    refractory,
    inclusive,
    truncates,
    limited,
):
    """SwitchedALIF. spike: the spikes of the step before."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            for j in range(size):
                before = spike[b, j]
                now = next_current(u[b, j], at(keep_u, j), acc[t, b, j] + at(current, j), truncates, limited)
                adapted = decayed(adaptation[b, j], at(keep_a, j), truncates) + ADAPTATION_UNIT * before
                if limited:
                    adapted = min(adapted, 8388607.0)
                kept = decayed(v[b, j], at(keep_v, j), truncates)
                potential = clipped(kept + now + at(bias, j) - at(reset_value, j) * before, limited)
                limit = at(threshold, j) + cut(adapted * at(rise, j), truncates)
                fires = (potential > limit or (inclusive and potential == limit)) and left[b, j] == 0.0
                u[b, j] = now
                adaptation[b, j] = adapted
                v[b, j] = potential
                left[b, j] = at(refractory, j) if fires else max(left[b, j] - 1.0, 0.0)
                spike[b, j] = np.float64(fires)
                spikes[t, b, j] = np.uint8(fires)


@njit(nogil=True, cache=True)
def atrlif_block(
    acc,
    i,
    v,
    theta,
    r,
    spikes,
    keep_u,
    keep_v,
    keep_theta,
    keep_r,
    current,
    bias,
    threshold,
    step,
    truncates,
    limited,
):
    """SwitchedATRLIF."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            for j in range(size):
                now = next_current(i[b, j], at(keep_u, j), acc[t, b, j] + at(current, j), truncates, limited)
                kept = decayed(v[b, j], at(keep_v, j), truncates)
                potential = clipped(kept + now + at(bias, j), limited)
                excess = in_32_bits(theta[b, j] - at(threshold, j), limited)
                limit = at(threshold, j) + decayed(excess, at(keep_theta, j), truncates)
                limit = in_32_bits(limit, limited)
                wait = decayed(r[b, j], at(keep_r, j), truncates)
                fires = in_32_bits(potential - wait, limited) >= limit
                i[b, j] = now
                v[b, j] = potential
                r[b, j] = in_32_bits(wait + 2.0 * limit, limited) if fires else wait
                theta[b, j] = in_32_bits(limit + at(step, j), limited) if fires else limit
                spikes[t, b, j] = np.uint8(fires)


@njit(nogil=True, cache=True)
def ternary_block(acc, u, v, spikes, keep_u, keep_v, current, bias, upper, lower, truncates, limited):
    """SwitchedTernary; spikes float64."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            for j in range(size):
                now = next_current(u[b, j], at(keep_u, j), acc[t, b, j] + at(current, j), truncates, limited)
                potential = clipped(decayed(v[b, j], at(keep_v, j), truncates) + now + at(bias, j), limited)
                sign = np.float64(potential > at(upper, j)) - np.float64(potential < at(lower, j))
                u[b, j] = now
                v[b, j] = potential if sign == 0.0 else 0.0
                spikes[t, b, j] = sign


@njit(nogil=True, cache=True)
def qif_block(acc, u, v, spikes, keep_u, rate, current, bias, threshold, reset_value, one, truncates, limited):
    """SwitchedQIF."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            for j in range(size):
                now = next_current(u[b, j], at(keep_u, j), acc[t, b, j] + at(current, j), truncates, limited)
                before, unit = v[b, j], at(one, j)
                drift = clipped(cut(before * (before - unit) / unit, truncates), limited)
                change = cut((drift + now + at(bias, j)) * at(rate, j), truncates)
                potential = clipped(before + change, limited)
                fires = potential > at(threshold, j)
                u[b, j] = now
                v[b, j] = at(reset_value, j) if fires else potential
                spikes[t, b, j] = np.uint8(fires)


@njit(nogil=True, cache=True)
def resonator_block(acc, real, imag, spikes, sine, cosine, threshold, below, at_top, truncates, limited):
    """SwitchedResonator. acc: (steps, samples, 2 n), the real input before the imaginary."""
    steps, samples, size = spikes.shape
    for t in range(steps):
        for b in range(samples):
            for j in range(size):
                x, y, c, s = real[b, j], imag[b, j], at(cosine, j), at(sine, j)
                re = cut(c * x, truncates) - cut(s * y, truncates) + in_32_bits(acc[t, b, j], limited)
                im = cut(s * x, truncates) + cut(c * y, truncates) + in_32_bits(acc[t, b, size + j], limited)
                re, im = clipped(re, limited), clipped(im, limited)
                limit = at(threshold, j)
                if at_top:
                    fires = im >= limit
                    re = 0.0 if fires else re
                    im = limit - at(below, j) if fires else im
                else:
                    fires = (re >= limit) and (im >= 0.0) and (y < 0.0)
                real[b, j] = re
                imag[b, j] = im
                spikes[t, b, j] = np.uint8(fires)
