"""Neuron models as one recurrence per step.

u[t] = keep_u u[t-1] + gain_u x[t]
v[t] = keep_v v[t-1] + gain_v u[t] + leak
s[t] = v[t] > threshold (>= where inclusive);  then v := reset_value, or v - reset_value where soft
A TernaryLIF's threshold here is the upper one, an ATRLIF's where theta begins, an ALIF's the base one, which it
subtracts in the step after.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from neurokit.errors import Fault, GraphError
from neurokit.graph.lif_family import ALIF, ATRLIF, TernaryLIF
from neurokit.graph.neurons import (
    IF,
    LIF,
    CubaLeakyIntegrator,
    CubaLIF,
    FloatArray,
    Integrator,
    LeakyIntegrator,
    Neuron,
    _Spiking,
)


@dataclass(frozen=True, eq=False)
class Recurrence:
    """Constants of the recurrence; arrays broadcast to the population. initial: v before the first step.

    refractory: steps after a spike's step without another; v stays meanwhile where `holds`, else it goes on.
    """

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
    refractory: FloatArray = field(default_factory=lambda: np.zeros(()))
    holds: bool = False

    @property
    def forgets(self) -> bool:
        """Whether neither current nor potential outlasts a step."""
        return not (self.keep_u.any() or self.keep_v.any())


def recurrence(neuron: Neuron, dt: float | None) -> Recurrence:
    """Forward Euler with a step of `dt` seconds; models without time constants do not need dt."""
    found = _recurrence(neuron, dt)
    refractory = getattr(neuron, "refractory", None)
    if refractory is None or not refractory.any():
        return found
    holds = getattr(neuron, "while_refractory", "silent") == "holds"
    return replace(found, refractory=np.rint(refractory / step_of(neuron, dt)), holds=holds)


def _recurrence(neuron: Neuron, dt: float | None) -> Recurrence:
    zero, one = np.zeros(()), np.ones(())
    if isinstance(neuron, IF):
        return _fire(neuron, zero, neuron.r, one, one, zero, neuron.v_initial)
    if isinstance(neuron, Integrator):
        return _fire(neuron, zero, neuron.r, one, one, zero, zero)
    step = step_of(neuron, dt)
    if isinstance(neuron, LIF | LeakyIntegrator):
        leak = step / neuron.tau
        return _fire(neuron, zero, one, 1 - leak, leak * neuron.r, leak * neuron.v_leak, neuron.v_leak)
    if isinstance(neuron, CubaLIF | CubaLeakyIntegrator):
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
    if isinstance(neuron, TernaryLIF):
        synaptic, leak = step / neuron.tau_syn, step / neuron.tau_mem
        constants = (1 - synaptic, synaptic * neuron.w_in, 1 - leak, leak * neuron.r, zero, zero)
        return Recurrence(*constants, neuron.upper_threshold, zero, soft=False, inclusive=False)
    if isinstance(neuron, ATRLIF):
        synaptic, leak = step / neuron.tau_syn, step / neuron.tau_mem
        constants = (1 - synaptic, synaptic * neuron.w_in, 1 - leak, leak * neuron.resistance, zero, zero)
        return Recurrence(*constants, neuron.threshold, zero, soft=False, inclusive=False)
    if isinstance(neuron, ALIF):
        constants = (zero, neuron.r, np.exp(-step / neuron.tau), one, zero, zero)
        return Recurrence(*constants, neuron.threshold, neuron.threshold, soft=True, inclusive=neuron.fires == ">=")
    raise AssertionError(f"no recurrence for {type(neuron).__name__}")


def step_of(neuron: Neuron, dt: float | None) -> float:
    """dt, or GraphError where it is unknown."""
    if dt is None:
        raise GraphError(
            Fault(
                type(neuron).__name__,
                "has a time in seconds, but the step is unknown",
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
        neuron.subtracts * neuron.threshold if soft else neuron.v_reset,
        soft,
        neuron.fires == ">=",
    )
