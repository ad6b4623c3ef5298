"""Kernels of the graded neurons over a block of time; one text serves integers, whose int32 wraps, and floats.

acc: (steps, samples, neurons) synaptic input. States: (samples, neurons), updated. sent: (steps, samples, neurons),
written.
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


@njit(nogil=True, cache=True)
def sigma_block(acc, sigma, sent):
    """sigma += input; sends sigma. See `lower.fixedpoint.graded.sigma_step`."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, s_row, out_row = acc[t, b], sigma[b], sent[t, b]
            for j in range(size):
                s_row[j] = held(s_row[j] + a_row[j])
                out_row[j] = s_row[j]


@njit(nogil=True, cache=True)
def delta_block(acc, act, residue, error, sent, threshold, up, down, cumulative):
    """Delta encoder of the input << up, sent >> down. See `lower.fixedpoint.graded.delta_step`."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, x_row, r_row, e_row, out_row = acc[t, b], act[b], residue[b], error[b], sent[t, b]
            for j in range(size):
                x = held(shifted_up(a_row[j], up))
                delta = held(held(x - x_row[j]) + r_row[j])
                passed, e_row[j] = _passes(delta, e_row[j], at(threshold, j), cumulative)
                x_row[j] = x
                r_row[j] = delta - passed
                out_row[j] = shifted_down(passed, down)


@njit(nogil=True, cache=True)
def sigma_delta_block(acc, sigma, act, residue, error, sent, threshold, bias, down, rectifies, cumulative):
    """Decoder, activation, encoder. See `lower.fixedpoint.graded.sigma_delta_step`."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, s_row, out_row = acc[t, b], sigma[b], sent[t, b]
            x_row, r_row, e_row = act[b], residue[b], error[b]
            for j in range(size):
                s_row[j] = held(s_row[j] + a_row[j])
                x = held(s_row[j] + at(bias, j))
                if rectifies:
                    x = held(max(x, held(0 * x)))
                delta = held(held(x - x_row[j]) + r_row[j])
                passed, e_row[j] = _passes(delta, e_row[j], at(threshold, j), cumulative)
                x_row[j] = x
                r_row[j] = delta - passed
                out_row[j] = shifted_down(passed, down)


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
def relay_block(acc, v, sent, multiplier, shift, half, towards_zero, rectifies, wraps, latched):
    """Rescaled input. half: what is added before the shift. See `lower.fixedpoint.graded.relay_step`."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, v_row, out_row = acc[t, b], v[b], sent[t, b]
            for j in range(size):
                product = np.int64(a_row[j]) * at(multiplier, j) + at(half, j)
                if towards_zero:
                    product += (product >> 63) & ((np.int64(1) << at(shift, j)) - 1)
                value = product >> at(shift, j)
                if rectifies:
                    value = max(value, np.int64(0))
                if wraps:
                    value = (value << 40) >> 40
                else:
                    value = min(max(value, np.int64(-8388608)), np.int64(8388607))
                v_row[j] = v_row[j] if latched and a_row[j] == 0 else np.int32(value)
                out_row[j] = v_row[j]


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
