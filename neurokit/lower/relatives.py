"""Integers of the LIF neuron's relatives: what each has beside the plain LIF that `quantise` finds for it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.lif_family import (
    ADAPTATION_UNIT,
    ALIF,
    ATRLIF,
    QIF,
    LoihiALIF,
    LoihiATRLIF,
    LoihiRefractoryLIF,
    LoihiTernaryLIF,
    TernaryLIF,
    Theta,
)
from neurokit.graph.network import Population
from neurokit.graph.neurons import BIAS_MANTISSA_RANGE, MAX_DECAY, MAX_POTENTIAL, FixedNeuron, LoihiLIF, Neuron
from neurokit.lower.discretise import Recurrence, step_of
from neurokit.lower.scale import UNIT

MAX_BETA_SHIFT = 24
UNSHIFTED = 12  # beta_shift at which a mantissa of 1 is a unit of v a spike


def kind_faults(population: Population) -> list[Fault]:
    """Models, and parameters of theirs, that have no way into integers."""
    neuron, name = population.neuron, population.name
    if isinstance(neuron, QIF | Theta):
        fact = f"is a {type(neuron).__name__}"
        limit = "v = 1 is a fixed number of units in integers, so its weights have no free scale"
        return [Fault(name, fact, limit, "Write the Program with LoihiQIF, or run the Network as it is.")]
    if isinstance(neuron, TernaryLIF) and (neuron.lower_threshold >= 0).any():
        fact = f"the lower threshold is {float(neuron.lower_threshold.max()):g}"
        return [Fault(name, fact, "it must lie below the resting potential, 0", "Repair the source.")]
    return []


def thresholds(neuron: Neuron, model: Recurrence) -> NDArray[np.float64]:
    """Distances of the thresholds from rest, each once."""
    upper = np.ravel(model.threshold - model.initial)
    lower = np.ravel(-neuron.lower_threshold) if isinstance(neuron, TernaryLIF) else upper
    return np.asarray(np.unique(np.concatenate([upper, lower])))


def whole(
    neuron: Neuron, plain: LoihiLIF, model: Recurrence, scale: float, dt: float | None, notes: list[str]
) -> FixedNeuron:
    """The integer neuron. plain: what it would be as a LoihiLIF. scale: units of weight per unit of potential."""
    decays: dict[str, Any] = {"current_decay": plain.current_decay, "voltage_decay": plain.voltage_decay}
    bias: dict[str, Any] = {"bias_mantissa": plain.bias_mantissa, "bias_exponent": plain.bias_exponent}
    refractory = model.refractory.astype(np.int64)
    if isinstance(neuron, TernaryLIF):
        lower = (np.rint(neuron.lower_threshold * scale) * UNIT).astype(np.int64)
        return LoihiTernaryLIF(**decays, **bias, upper_threshold=plain.threshold, lower_threshold=lower)
    if isinstance(neuron, ALIF):
        keep = np.exp(-step_of(neuron, dt) / neuron.tau_adaptation)
        mantissa, shift = _beta(neuron.beta * scale * UNIT, notes)
        return LoihiALIF(
            **decays,
            **bias,
            adaptation_decay=_adaptation_decay(keep, model.refractory, notes),
            threshold=plain.threshold,
            reset_value=plain.reset_value,
            beta_mantissa=mantissa,
            beta_shift=shift,
            refractory=refractory,
        )
    if isinstance(neuron, ATRLIF):
        step = step_of(neuron, dt)
        return LoihiATRLIF(
            **decays,
            **bias,
            threshold_decay=_rounded_decay("threshold", 1 - step / neuron.tau_threshold, notes),
            refractory_decay=_rounded_decay("refractory state", 1 - step / neuron.tau_refractory, notes),
            threshold=plain.threshold,
            threshold_step=(np.rint(neuron.threshold_step * scale) * UNIT).astype(np.int64),
        )
    if refractory.any():
        meanwhile = "holds" if model.holds else "silent"
        return LoihiRefractoryLIF(**vars(plain), refractory=refractory, while_refractory=meanwhile)  # type: ignore[arg-type]
    return plain


def _beta(units: NDArray[np.float64], notes: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Mantissa of 13 bits, as large as it may be, and shift of `units` of v a spike."""
    most = BIAS_MANTISSA_RANGE[1]
    size = np.abs(units)
    with np.errstate(divide="ignore"):
        shift = np.clip(UNSHIFTED + np.floor(np.log2(most / size)), 0, MAX_BETA_SHIFT).astype(np.int64)
    mantissa = np.rint(units * 2.0 ** (shift - UNSHIFTED))
    if (np.abs(mantissa) > most).any():
        notes.append("a spike's adaptation exceeds 24 bits: it is cut, and the neuron waits until it has decayed")
    if ((mantissa == 0) & (units != 0)).any():
        notes.append(f"the adaptation of {size[units != 0].min():.2g} units a spike rounds to zero")
    return np.clip(mantissa, -most, most).astype(np.int64), shift


def _adaptation_decay(
    keep: NDArray[np.float64], refractory: NDArray[np.float64], notes: list[str]
) -> NDArray[np.int64]:
    decay = _rounded_decay("adaptation", keep, notes)
    steady = ADAPTATION_UNIT / np.maximum(decay / MAX_DECAY, 1e-12) / (refractory + 1)
    if (steady > MAX_POTENTIAL).any():
        notes.append("the adaptation may reach its 24 bits when the neuron keeps firing")
    return decay


def _rounded_decay(what: str, keep: NDArray[np.float64], notes: list[str]) -> NDArray[np.int64]:
    decay = np.rint(MAX_DECAY * (1 - keep))
    error = float(np.abs(decay / MAX_DECAY - (1 - keep)).max())
    if error > 0:
        notes.append(f"the {what}'s decay of {float((1 - keep).min()):.3g} a step is off by {error:.2g}")
    return np.asarray(decay, np.int64)
