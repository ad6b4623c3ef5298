"""Integer arithmetic of the graded neurons, one step at a time: bit for bit lava-nc 0.10.0's int32 arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.graded_neurons import FixedDelta, FixedRelay, FixedSigma, FixedSigmaDelta
from neurokit.lower.fixedpoint.synapse import wrap24, wrap32

HALF = 1 << 23  # payloads have 24 bits signed

Ints = NDArray[np.int64]
States: TypeAlias = Mapping[str, Ints]
Step: TypeAlias = Callable[[Any, States, Any], tuple[dict[str, Ints], Ints]]


def sigma_step(neuron: FixedSigma, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step of FixedSigma; as `neuron_step`."""
    sigma = wrap32(states["sigma"] + a)
    return {"sigma": sigma}, sigma


def delta_step(neuron: FixedDelta, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step of FixedDelta; as `neuron_step`."""
    act = wrap32(np.left_shift(np.asarray(a, np.int64), neuron.spike_exponent + neuron.state_exponent))
    return _encode(neuron, states, act)


def sigma_delta_step(neuron: FixedSigmaDelta, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step of FixedSigmaDelta; as `neuron_step`."""
    sigma = wrap32(states["sigma"] + a)
    act = wrap32(sigma + neuron.activation_bias)
    encoded, payload = _encode(neuron, states, np.maximum(act, 0) if neuron.activation == "relu" else act)
    return {"sigma": sigma, **encoded}, payload


def relay_step(neuron: FixedRelay, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step of FixedRelay; as `neuron_step`."""
    a = wrap32(a)
    product, shift = a * neuron.multiplier, neuron.shift
    if neuron.rounding == "nearest":
        product = product + ((1 << shift) >> 1)
    elif neuron.rounding == "zero":
        product = product + np.where(product < 0, (1 << shift) - 1, 0)
    value = product >> shift
    if neuron.activation == "relu":
        value = np.maximum(value, 0)
    value = wrap24(value) if neuron.overflow == "wrap" else np.clip(value, -HALF, HALF - 1)
    if neuron.latched:
        value = np.where(a == 0, states["v"], value)
    return {"v": value}, value


def _encode(neuron: FixedDelta | FixedSigmaDelta, states: States, act: Ints) -> tuple[dict[str, Ints], Ints]:
    """The delta encoder: the new activation to (states, payload)."""
    delta = wrap32(wrap32(act - states["act"]) + states["residue"])
    error = np.broadcast_to(states["error"], act.shape)
    if neuron.cumulative:
        error = wrap32(error + delta)
        sent = np.where(_magnitude(error) >= neuron.threshold, delta, 0)
        error = np.where(_magnitude(sent) > 0, 0, error)
    else:
        sent = np.where(_magnitude(delta) >= neuron.threshold, delta, 0)
    return {"act": act, "residue": delta - sent, "error": error}, sent >> neuron.state_exponent


def _magnitude(values: Ints) -> Ints:
    """|values|, where the smallest int32 stays negative, as it does in numpy."""
    return wrap32(np.abs(values))


GRADED_STEPS: Mapping[type, Step] = {
    FixedSigma: sigma_step,
    FixedDelta: delta_step,
    FixedSigmaDelta: sigma_delta_step,
    FixedRelay: relay_step,
}
