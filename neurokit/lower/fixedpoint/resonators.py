"""Integer arithmetic of resonate-and-fire neurons, one step at a time: bit for bit lava-nc 0.10.0's (and lava-dl's)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.neurons import MAX_POTENTIAL
from neurokit.graph.resonators import FixedAdaptiveResonateAndFire, FixedResonateAndFire
from neurokit.lower.fixedpoint.lif import decay
from neurokit.lower.fixedpoint.synapse import wrap32

Ints = NDArray[np.int64]
States: TypeAlias = Mapping[str, Ints]


def resonate_and_fire(neuron: FixedResonateAndFire, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step; as `neuron_step`, with a of shape (2, ...): the real and the imaginary input."""
    new_real, new_imag = _turned(neuron, states, a)
    if neuron.fires_at == "phase":
        fires = (new_real >= neuron.threshold) & (new_imag >= 0) & (states["imag"] < 0)
    else:
        fires = new_imag >= neuron.threshold
        new_real = np.where(fires, 0, new_real)
        new_imag = np.where(fires, neuron.threshold - 1, new_imag)
    return {"real": new_real, "imag": new_imag}, fires.astype(np.int64)


def adaptive_resonate_and_fire(
    neuron: FixedAdaptiveResonateAndFire, states: States, a: Any
) -> tuple[dict[str, Ints], Ints]:
    """One step; as `resonate_and_fire`."""
    real, imag = _turned(neuron, states, a)
    theta = neuron.threshold + decay(states["theta"] - neuron.threshold, neuron.threshold_decay)
    r = decay(states["r"], neuron.refractory_decay)
    height = real if neuron.fires_at == "phase" else imag
    fires = height >= theta + r
    if neuron.fires_at == "phase":
        fires = fires & (imag >= 0) & (states["imag"] < 0)
    after_r = np.minimum(r + 2 * theta, MAX_POTENTIAL)
    after_theta = np.minimum(theta + neuron.threshold_step, MAX_POTENTIAL)
    found = {"real": real, "imag": imag, "theta": np.where(fires, after_theta, theta), "r": np.where(fires, after_r, r)}
    return found, fires.astype(np.int64)


def _turned(neuron: FixedResonateAndFire, states: States, a: Any) -> tuple[Ints, Ints]:
    """Real and imaginary potential, turned and with the input of the step."""
    real, imag = states["real"], states["imag"]
    a_real, a_imag = wrap32(np.left_shift(np.asarray(a, np.int64), neuron.state_exponent))
    turned = [neuron.cosine * real, -neuron.sine * imag, neuron.sine * real, neuron.cosine * imag]
    parts = [np.sign(part) * (np.abs(part) >> neuron.decay_bits) for part in turned]
    new_real = np.clip(parts[0] + parts[1] + a_real, -MAX_POTENTIAL, MAX_POTENTIAL)
    new_imag = np.clip(parts[2] + parts[3] + a_imag, -MAX_POTENTIAL, MAX_POTENTIAL)
    return new_real, new_imag
