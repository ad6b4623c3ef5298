"""Integer arithmetic of resonate-and-fire neurons, one step at a time: bit for bit lava-nc 0.10.0's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.neurons import MAX_POTENTIAL
from neurokit.graph.resonators import FixedResonateAndFire
from neurokit.lower.fixedpoint.synapse import wrap32

Ints = NDArray[np.int64]
States: TypeAlias = Mapping[str, Ints]


def resonate_and_fire(neuron: FixedResonateAndFire, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step; as `neuron_step`, with a of shape (2, ...): the real and the imaginary input."""
    real, imag = states["real"], states["imag"]
    a_real, a_imag = wrap32(np.left_shift(np.asarray(a, np.int64), neuron.state_exponent))
    turned = [neuron.cosine * real, -neuron.sine * imag, neuron.sine * real, neuron.cosine * imag]
    parts = [np.sign(part) * (np.abs(part) >> neuron.decay_bits) for part in turned]
    new_real = np.clip(parts[0] + parts[1] + a_real, -MAX_POTENTIAL, MAX_POTENTIAL)
    new_imag = np.clip(parts[2] + parts[3] + a_imag, -MAX_POTENTIAL, MAX_POTENTIAL)
    if neuron.fires_at == "phase":
        fires = (new_real >= neuron.threshold) & (new_imag >= 0) & (imag < 0)
    else:
        fires = new_imag >= neuron.threshold
        new_real = np.where(fires, 0, new_real)
        new_imag = np.where(fires, neuron.threshold - 1, new_imag)
    return {"real": new_real, "imag": new_imag}, fires.astype(np.int64)
