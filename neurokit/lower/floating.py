"""One step of any spiking float neuron, written plainly; the simulator's float kernels do the same over blocks.

The float models of neurokit's own Lava processes call this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.graded_neurons import Relay
from neurokit.graph.lif_family import ALIF, ATRLIF, QIF, TernaryLIF, Theta
from neurokit.graph.neurons import IF, LIF, CubaLIF, Neuron
from neurokit.lower.discretise import recurrence, step_of

Floats: TypeAlias = NDArray[np.float64]
States: TypeAlias = Mapping[str, Floats]
Step: TypeAlias = Callable[[Any, "float | None", States, Floats], tuple[dict[str, Floats], Floats]]

THETA_AT_REST = -2 * np.arctan(0.5)  # v = 0


def float_step(neuron: Neuron, dt: float | None, states: States, x: Floats) -> tuple[dict[str, Floats], Floats]:
    """(states by name, synaptic input x) -> (states, spikes as 0 and 1, or payloads); arrays of one shape.

    dt: seconds a step, None for a model without times.
    """
    return STEPS[type(neuron)](neuron, dt, states, x)


def initial_states(neuron: Neuron, dt: float | None) -> dict[str, Floats]:
    """What each state is before the first step; broadcasts to the population."""
    initial = {state: np.zeros(()) for state in neuron.states}
    if isinstance(neuron, IF | LIF | CubaLIF):
        initial["v"] = recurrence(neuron, dt).initial
    if isinstance(neuron, ATRLIF):
        initial["theta"] = neuron.threshold
    if isinstance(neuron, Theta):
        initial["theta"] = np.asarray(THETA_AT_REST)
    return initial


def _lif(neuron: IF | LIF | CubaLIF, dt: float | None, states: States, x: Floats) -> tuple[dict[str, Floats], Floats]:
    r = recurrence(neuron, dt)
    u = r.keep_u * states["u"] + r.gain_u * x
    v = r.keep_v * states["v"] + r.gain_v * u + r.leak
    left = states.get("refractory", np.zeros(()))
    v = np.where(left > 0, states["v"], v) if r.holds else v
    spikes = (v >= r.threshold if r.inclusive else v > r.threshold) & (left == 0)
    after = {"u": u, "v": np.where(spikes, v - r.reset_value if r.soft else r.reset_value, v)}
    if "refractory" in states:
        after["refractory"] = _countdown(left, spikes, r.refractory)
    return after, spikes.astype(np.float64)


def _ternary(neuron: TernaryLIF, dt: float | None, states: States, x: Floats) -> tuple[dict[str, Floats], Floats]:
    r = recurrence(neuron, dt)
    u = r.keep_u * states["u"] + r.gain_u * x
    v = r.keep_v * states["v"] + r.gain_v * u
    signs = (v > neuron.upper_threshold).astype(np.float64) - (v < neuron.lower_threshold)
    return {"u": u, "v": np.where(signs != 0, 0.0, v)}, signs


def _alif(neuron: ALIF, dt: float | None, states: States, x: Floats) -> tuple[dict[str, Floats], Floats]:
    r, before = recurrence(neuron, dt), states["spike"]
    u = neuron.r * x
    adaptation = np.exp(-step_of(neuron, dt) / neuron.tau_adaptation) * states["adaptation"] + before
    v = r.keep_v * states["v"] + u - neuron.threshold * before
    threshold = neuron.threshold + neuron.beta * adaptation
    spikes = (v >= threshold if r.inclusive else v > threshold) & (states["refractory"] == 0)
    left = _countdown(states["refractory"], spikes, r.refractory)
    sent = spikes.astype(np.float64)
    return {"u": u, "adaptation": adaptation, "v": v, "refractory": left, "spike": sent}, sent


def _atrlif(neuron: ATRLIF, dt: float | None, states: States, x: Floats) -> tuple[dict[str, Floats], Floats]:
    r, step = recurrence(neuron, dt), step_of(neuron, dt)
    i = r.keep_u * states["i"] + r.gain_u * x
    v = r.keep_v * states["v"] + r.gain_v * i
    theta = (1 - step / neuron.tau_threshold) * (states["theta"] - neuron.threshold) + neuron.threshold
    refractory = (1 - step / neuron.tau_refractory) * states["r"]
    spikes = v - refractory >= theta
    after = {"i": i, "v": v, "theta": np.where(spikes, theta + neuron.threshold_step, theta)}
    return {**after, "r": np.where(spikes, refractory + 2 * theta, refractory)}, spikes.astype(np.float64)


def _qif(neuron: QIF, dt: float | None, states: States, x: Floats) -> tuple[dict[str, Floats], Floats]:
    u, v = neuron.r * x, states["v"]
    v = v + step_of(neuron, dt) / neuron.tau * (v * (v - 1) + u)
    spikes = v > neuron.threshold
    return {"u": u, "v": np.where(spikes, neuron.v_reset, v)}, spikes.astype(np.float64)


def _theta(neuron: Theta, dt: float | None, states: States, x: Floats) -> tuple[dict[str, Floats], Floats]:
    u, cosine = neuron.r * x, np.cos(states["theta"])
    phase = states["theta"] + step_of(neuron, dt) / neuron.tau * ((1 - cosine) + (1 + cosine) * (u - 0.25))
    spikes = phase > np.pi
    return {"u": u, "theta": np.where(spikes, phase - 2 * np.pi, phase)}, spikes.astype(np.float64)


def _relay(neuron: Relay, dt: float | None, states: States, x: Floats) -> tuple[dict[str, Floats], Floats]:
    v = neuron.gain * x
    if neuron.activation == "relu":
        v = np.maximum(v, 0)
    v = np.where(x == 0, states["v"], v) if neuron.latched else v
    return {"v": v}, v


def _countdown(left: Floats, spikes: NDArray[np.bool_], refractory: Floats) -> Floats:
    return np.where(spikes, refractory, np.maximum(left - 1, 0))


STEPS: Mapping[type[Neuron], Step] = {
    IF: _lif,
    LIF: _lif,
    CubaLIF: _lif,
    TernaryLIF: _ternary,
    ALIF: _alif,
    ATRLIF: _atrlif,
    QIF: _qif,
    Theta: _theta,
    Relay: _relay,
}
