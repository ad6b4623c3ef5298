"""Integer arithmetic of the LIF neuron, one step at a time, and the parts that its relatives share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.neurons import LoihiLIF
from neurokit.lower.fixedpoint.synapse import wrap32

# lava-nc 0.10.0, proc/lif/models.py, AbstractPyLifModelFixed: uv_bitwidth 24, decay_shift 12, act_shift 6.
HALF_RANGE = 1 << 23
MAX_POTENTIAL = HALF_RANGE - 1
DECAY_SHIFT = 12
ACTIVATION_SHIFT = 6

Ints = NDArray[np.int64]
States: TypeAlias = Mapping[str, Ints]


def loihi_lif(neuron: LoihiLIF, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """`lif_step` with states by name."""
    u, v, spikes = lif_step(neuron, states["u"], states["v"], a)
    return {"u": u, "v": v}, spikes.astype(np.int64)


def lif_step(neuron: LoihiLIF, u: Any, v: Any, a: Any) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """One step of LoihiLIF: (u, v, synaptic input a) -> (u, v, spikes); the reset schedule is the caller's.

    u, v, a: int64 arrays of one shape. u wraps once at 24 bits (so a current beyond +-2**24 stays out of range, as in
    Lava), v saturates at +-(2**23 - 1), decay rounds towards zero.
    """
    u = current(u, neuron.current_decay, a)
    v = potential(v, neuron.voltage_decay, u, neuron.bias)
    if not neuron.emits:
        return u, v, np.zeros(v.shape, dtype=np.bool_)
    spikes = v > neuron.threshold
    after = neuron.reset_value if neuron.reset == "hard" else v - neuron.reset_value
    return u, np.where(spikes, after, v), spikes


def current(u: Any, decay_constant: Any, a: Any) -> Ints:
    """u decayed, plus the synaptic input a at its place in 24 bits; wrapped once."""
    u = decay(u, decay_constant) + wrap32(np.left_shift(np.asarray(a, np.int64), ACTIVATION_SHIFT))
    return _wrap_current(wrap32(u))


def potential(v: Any, decay_constant: Any, u: Ints, bias: Any) -> Ints:
    """v decayed, plus the current and the bias; saturating."""
    v = wrap32(decay(v, decay_constant) + u)
    return np.clip(wrap32(v + bias), -MAX_POTENTIAL, MAX_POTENTIAL)


def decay(state: Any, decay_constant: Any) -> Ints:
    """state (4096 - decay_constant) / 4096, rounded towards zero."""
    state = np.asarray(state, np.int64)
    return np.asarray(np.sign(state) * ((np.abs(state) * (4096 - decay_constant)) >> DECAY_SHIFT), np.int64)


def _wrap_current(u: Ints) -> Ints:
    """The single conditional wrap of Lava: 2**23 itself stays, -2**23 becomes 2**23."""
    high = np.where(u > HALF_RANGE, u - 2 * HALF_RANGE, u)
    return np.where(high <= -HALF_RANGE, u + 2 * HALF_RANGE, high)
