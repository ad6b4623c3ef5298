"""Neuron models as one recurrence per step.

u[t] = keep_u u[t-1] + gain_u x[t]
v[t] = keep_v v[t-1] + gain_v u[t] + leak
s[t] = v[t] > threshold (>= where inclusive);  then v := reset_value, or v - reset_value where soft
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurokit.errors import Fault, GraphError
from neurokit.graph.neurons import (
    IF,
    LIF,
    CubaLIF,
    FloatArray,
    Integrator,
    LeakyIntegrator,
    Neuron,
    _Spiking,
)


@dataclass(frozen=True, eq=False)
class Recurrence:
    """Constants of the recurrence; arrays broadcast to the population. initial: v before the first step."""

    keep_u: FloatArray
    gain_u: FloatArray
    keep_v: FloatArray
    gain_v: FloatArray
    leak: FloatArray
    initial: FloatArray
    threshold: FloatArray
    reset_value: FloatArray
    soft: bool
    inclusive: bool


def recurrence(neuron: Neuron, dt: float | None) -> Recurrence:
    """Forward Euler with a step of `dt` seconds; models without time constants do not need dt."""
    zero, one = np.zeros(()), np.ones(())
    if isinstance(neuron, IF | Integrator):
        return _fire(neuron, zero, neuron.r, one, one, zero, zero)
    step = _step(neuron, dt)
    if isinstance(neuron, LIF | LeakyIntegrator):
        leak = step / neuron.tau
        return _fire(neuron, zero, one, 1 - leak, leak * neuron.r, leak * neuron.v_leak, neuron.v_leak)
    if isinstance(neuron, CubaLIF):
        synaptic, leak = step / neuron.tau_syn, step / neuron.tau_mem
        return _fire(
            neuron,
            1 - synaptic,
            synaptic * neuron.w_in,
            1 - leak,
            leak * neuron.r,
            leak * neuron.v_leak,
            neuron.v_leak,
        )
    raise AssertionError(f"no recurrence for {type(neuron).__name__}")


def _step(neuron: Neuron, dt: float | None) -> float:
    if dt is None:
        raise GraphError(
            Fault(
                type(neuron).__name__,
                "has a time constant, but the step is unknown",
                "the source states no dt",
                "Pass dt= in seconds, e.g. nk.convert(path, dt=1e-3).",
            )
        )
    return dt


def _fire(
    neuron: Neuron,
    keep_u: FloatArray,
    gain_u: FloatArray,
    keep_v: FloatArray,
    gain_v: FloatArray,
    leak: FloatArray,
    initial: FloatArray,
) -> Recurrence:
    if not isinstance(neuron, _Spiking):
        never = np.asarray(np.inf)
        return Recurrence(keep_u, gain_u, keep_v, gain_v, leak, initial, never, np.zeros(()), False, False)
    soft = neuron.reset == "soft"
    return Recurrence(
        keep_u,
        gain_u,
        keep_v,
        gain_v,
        leak,
        initial,
        neuron.threshold,
        neuron.threshold if soft else neuron.v_reset,
        soft,
        neuron.fires == ">=",
    )
