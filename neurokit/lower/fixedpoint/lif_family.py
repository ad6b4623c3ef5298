"""Integer arithmetic of the LIF neuron's relatives, one step at a time; the equations stand in `graph.lif_family`."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurokit.graph.lif_family import (
    ADAPTATION_UNIT,
    LoihiALIF,
    LoihiATRLIF,
    LoihiQIF,
    LoihiRefractoryLIF,
    LoihiShiftedLIF,
    LoihiTernaryLIF,
)
from neurokit.lower.fixedpoint.lif import DECAY_SHIFT, MAX_POTENTIAL, Ints, States, current, decay, potential
from neurokit.lower.fixedpoint.synapse import wrap32


def refractory_lif(neuron: LoihiRefractoryLIF, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step of LoihiRefractoryLIF; a readout (`emits` false) never fires and so never is refractory."""
    u = current(states["u"], neuron.current_decay, a)
    v = potential(states["v"], neuron.voltage_decay, u, neuron.bias)
    waits = states["refractory"] > 0
    if neuron.while_refractory == "holds":
        v = np.where(waits, states["v"], v)
    spikes = (v > neuron.threshold) & ~waits & neuron.emits
    after = neuron.reset_value if neuron.reset == "hard" else v - neuron.reset_value
    left = _countdown(states["refractory"], spikes, neuron.refractory)
    return {"u": u, "v": np.where(spikes, after, v), "refractory": left}, spikes.astype(np.int64)


def shifted_lif(neuron: LoihiShiftedLIF, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step of LoihiShiftedLIF; what is shifted left may leave 32 bits before it is clipped."""
    u = current(states["u"], neuron.current_decay, a)
    v = shifted_potential(neuron, states["v"], u)
    spikes = (v > neuron.threshold) & neuron.emits
    after = neuron.reset_value if neuron.reset == "hard" else v - neuron.reset_value
    return {"u": u, "v": np.where(spikes, after, v)}, spikes.astype(np.int64)


def shifted_potential(neuron: LoihiShiftedLIF, v: Any, u: Ints) -> Ints:
    """v as it is compared with the threshold."""
    brought = np.left_shift(u + neuron.bias, np.maximum(-neuron.shift, 0))
    brought = _shift_towards_zero(brought, np.maximum(neuron.shift, 0))
    return _clip(decay(v, neuron.voltage_decay) + brought)


def ternary_lif(neuron: LoihiTernaryLIF, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step of LoihiTernaryLIF; payloads are -1, 0 and 1."""
    u = current(states["u"], neuron.current_decay, a)
    v = potential(states["v"], neuron.voltage_decay, u, neuron.bias)
    signs = (v > neuron.upper_threshold).astype(np.int64) - (v < neuron.lower_threshold)
    return {"u": u, "v": np.where(signs != 0, 0, v)}, signs


def alif(neuron: LoihiALIF, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step of LoihiALIF. The adaptive threshold is not clipped: v cannot exceed 24 bits anyway."""
    before = states["spike"]
    u = current(states["u"], neuron.current_decay, a)
    adaptation = decay(states["adaptation"], neuron.adaptation_decay) + ADAPTATION_UNIT * before
    adaptation = np.minimum(adaptation, MAX_POTENTIAL)
    v = potential(states["v"], neuron.voltage_decay, u, neuron.bias - neuron.reset_value * before)
    threshold = neuron.threshold + _shift_towards_zero(adaptation * neuron.beta_mantissa, neuron.beta_shift)
    spikes = ((v > threshold) & (states["refractory"] == 0)).astype(np.int64)
    left = _countdown(states["refractory"], spikes > 0, neuron.refractory)
    return {"u": u, "adaptation": adaptation, "v": v, "refractory": left, "spike": spikes}, spikes


def atrlif(neuron: LoihiATRLIF, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step of LoihiATRLIF; theta and r wrap at 32 bits, as in Lava."""
    i = current(states["i"], neuron.current_decay, a)
    v = potential(states["v"], neuron.voltage_decay, i, neuron.bias)
    excess = decay(wrap32(states["theta"] - neuron.threshold), neuron.threshold_decay)
    theta = wrap32(neuron.threshold + excess)
    r = decay(states["r"], neuron.refractory_decay)
    spikes = wrap32(v - r) >= theta
    r = np.where(spikes, wrap32(r + 2 * theta), r)
    theta = np.where(spikes, wrap32(theta + neuron.threshold_step), theta)
    return {"i": i, "v": v, "theta": theta, "r": r}, spikes.astype(np.int64)


def qif(neuron: LoihiQIF, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step of LoihiQIF."""
    u = current(states["u"], neuron.current_decay, a)
    v = np.asarray(states["v"], np.int64)
    drift = _clip(_shift_towards_zero(v * (v - np.left_shift(1, neuron.fraction)), neuron.fraction))
    change = _shift_towards_zero((drift + u + neuron.bias) * neuron.rate, DECAY_SHIFT)
    v = _clip(v + change)
    spikes = v > neuron.threshold
    return {"u": u, "v": np.where(spikes, neuron.reset_value, v)}, spikes.astype(np.int64)


def _countdown(left: Ints, spikes: Any, refractory: Ints) -> Ints:
    return np.where(spikes, refractory, np.maximum(left - 1, 0))


def _shift_towards_zero(values: Ints, bits: Any) -> Ints:
    return np.asarray(np.sign(values) * np.right_shift(np.abs(values), bits), np.int64)


def _clip(values: Ints) -> Ints:
    return np.clip(values, -MAX_POTENTIAL, MAX_POTENTIAL)
