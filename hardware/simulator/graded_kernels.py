"""Kernels of the graded neurons over a block of time; one text serves integers, whose int32 wraps, and floats.

acc: (steps, samples, neurons) synaptic input. States: (samples, neurons), updated. sent: (steps, samples, neurons),
written. wraps: (2,) int64, to which the times are added that a neuron's states or what it sends left 24 bits (of
floats none), and that a relay was clipped.
No type annotations, as in `kernels`: numba infers the types.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import at


def held(value):
    """What a state holds of a sum: an integer's low 32 bits, a float as it is."""
    return np.int32(value) if isinstance(value, np.integer | int) else value


@overload(held)
def _held(value):
    if isinstance(value, types.Integer):
        return lambda value: np.int32(value)
    return lambda value: value


def shifted_down(value, bits):
    """value >> bits for integers, rounding down; floats as they are."""
    return value >> bits if isinstance(value, np.integer | int) else value


@overload(shifted_down)
def _shifted_down(value, bits):
    if isinstance(value, types.Integer):
        return lambda value, bits: np.int32(value >> bits)
    return lambda value, bits: value


def shifted_up(value, bits):
    """value << bits in 64 bits for integers; floats as they are."""
    return np.int64(value) << bits if isinstance(value, np.integer | int) else value


@overload(shifted_up)
def _shifted_up(value, bits):
    if isinstance(value, types.Integer):
        return lambda value, bits: np.int64(value) << bits
    return lambda value, bits: value


def beyond(value):
    """Bits that are set where an integer leaves 24 bits signed, else 0; of floats 0."""
    return (np.int64(value) + 8388608) >> 24 if isinstance(value, np.integer | int) else 0


@overload(beyond)
def _beyond(value):
    if isinstance(value, types.Integer):
        return lambda value: (np.int64(value) + 8388608) >> 24
    return lambda value: 0


@njit(nogil=True, cache=True)
def sigma_block(acc, sigma, sent, wraps):
    """sigma += input; sends sigma. See `lower.fixedpoint.graded.sigma_step`."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, s_row, out_row = acc[t, b], sigma[b], sent[t, b]
            left = 0
            for j in range(size):
                total = s_row[j] + a_row[j]
                left += beyond(total) != 0
                s_row[j] = held(total)
                out_row[j] = s_row[j]
            wraps[0] += left


@njit(nogil=True, cache=True)
def delta_block(acc, act, residue, error, sent, wraps, threshold, up, down, cumulative):
    """Delta encoder of the input << up, sent >> down. See `lower.fixedpoint.graded.delta_step`."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, x_row, r_row, e_row, out_row = acc[t, b], act[b], residue[b], error[b], sent[t, b]
            left = 0
            for j in range(size):
                total = shifted_up(a_row[j], up)
                x = held(total)
                delta = held(held(x - x_row[j]) + r_row[j])
                passed, e_row[j] = _passes(delta, e_row[j], at(threshold, j), cumulative)
                x_row[j] = x
                r_row[j] = delta - passed
                out_row[j] = shifted_down(passed, down)
                left += (beyond(total) | beyond(r_row[j]) | beyond(e_row[j]) | beyond(out_row[j])) != 0
            wraps[0] += left


@njit(nogil=True, cache=True)
def sigma_delta_block(acc, sigma, act, residue, error, sent, wraps, threshold, bias, down, rectifies, cumulative):
    """Decoder, activation, encoder. See `lower.fixedpoint.graded.sigma_delta_step`."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, s_row, out_row = acc[t, b], sigma[b], sent[t, b]
            x_row, r_row, e_row = act[b], residue[b], error[b]
            left = 0
            for j in range(size):
                total = s_row[j] + a_row[j]
                s_row[j] = held(total)
                biased = s_row[j] + at(bias, j)
                x = held(biased)
                if rectifies:
                    x = held(max(x, held(0 * x)))
                delta = held(held(x - x_row[j]) + r_row[j])
                passed, e_row[j] = _passes(delta, e_row[j], at(threshold, j), cumulative)
                x_row[j] = x
                r_row[j] = delta - passed
                out_row[j] = shifted_down(passed, down)
                states = beyond(total) | beyond(biased) | beyond(r_row[j]) | beyond(e_row[j])
                left += (states | beyond(out_row[j])) != 0
            wraps[0] += left


@njit(nogil=True, cache=True)
def _passes(delta, error, threshold, cumulative):
    """(what passes the threshold: delta or zero, the accumulated error afterwards)."""
    zero = delta - delta
    if cumulative:
        error = held(error + delta)
        passed = delta if held(abs(error)) >= threshold else zero
        return passed, (error - error if held(abs(passed)) > 0 else error)
    return (delta if held(abs(delta)) >= threshold else zero), error


@njit(nogil=True, cache=True)
def relay_block(acc, v, sent, wraps, multiplier, shift, half, towards_zero, rectifies, rolls, latched):
    """Rescaled input. half: what is added before the shift. rolls: beyond 24 bits it wraps, else it is clipped.

    See `lower.fixedpoint.graded.relay_step`.
    """
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, v_row, out_row = acc[t, b], v[b], sent[t, b]
            left = 0
            for j in range(size):
                product = np.int64(a_row[j]) * at(multiplier, j) + at(half, j)
                if towards_zero:
                    product += (product >> 63) & ((np.int64(1) << at(shift, j)) - 1)
                value = product >> at(shift, j)
                if rectifies:
                    value = max(value, np.int64(0))
                left += (beyond(value) != 0) & ~(latched & (a_row[j] == 0))
                if rolls:
                    value = (value << 40) >> 40
                else:
                    value = min(max(value, np.int64(-8388608)), np.int64(8388607))
                v_row[j] = v_row[j] if latched and a_row[j] == 0 else np.int32(value)
                out_row[j] = v_row[j]
            wraps[0 if rolls else 1] += left


@njit(nogil=True, cache=True)
def float_relay_block(acc, v, sent, gain, rectifies, latched):
    """Scaled input."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, v_row, out_row = acc[t, b], v[b], sent[t, b]
            for j in range(size):
                value = at(gain, j) * a_row[j]
                if rectifies:
                    value = max(value, 0.0)
                v_row[j] = v_row[j] if latched and a_row[j] == 0 else value
                out_row[j] = v_row[j]
