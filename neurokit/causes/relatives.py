"""The LIF neuron's relatives in both forms, a Network's and a Program's, in the chip's units (`switched_family`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.lif_family import (
    ADAPTATION_UNIT,
    ALIF,
    ATRLIF,
    QIF,
    LoihiALIF,
    LoihiATRLIF,
    LoihiQIF,
    LoihiTernaryLIF,
    TernaryLIF,
)
from neurokit.graph.neurons import MAX_DECAY, FixedNeuron, Neuron
from neurokit.graph.resonators import FixedResonateAndFire, ResonateAndFire
from neurokit.hardware.simulator.switched_family import (
    SwitchedALIF,
    SwitchedATRLIF,
    SwitchedQIF,
    SwitchedResonator,
    SwitchedTernary,
)
from neurokit.lower.discretise import recurrence, step_of
from neurokit.lower.scale import UNIT

RELATIVES: Mapping[type[Neuron], type[FixedNeuron]] = {
    ALIF: LoihiALIF,
    ATRLIF: LoihiATRLIF,
    TernaryLIF: LoihiTernaryLIF,
    QIF: LoihiQIF,
    ResonateAndFire: FixedResonateAndFire,
}
# Which fields of the switched neurons a cause takes from the chip.
FIELDS: Mapping[str, frozenset[str]] = {
    "decays": frozenset({"keep_u", "keep_v", "keep_adaptation", "keep_theta", "keep_r", "rate", "sine", "cosine"}),
    "thresholds": frozenset(
        {"current", "bias", "threshold", "reset_value", "rise", "threshold_step", "upper", "lower", "below"}
    ),
    "comparison": frozenset({"inclusive"}),
}
BELOW_TOP = 1e-5  # what a float resonator that fires at the top keeps below its threshold; graph.resonators
Both = tuple[Any, Any]


def gain_of(neuron: Neuron, dt: float | None) -> NDArray[np.float64]:
    """What a unit of synaptic input moves the potential by, in the source's units (of a QIF, its current)."""
    if isinstance(neuron, QIF):
        return neuron.r
    if isinstance(neuron, ResonateAndFire):
        return np.ones(())
    model = recurrence(neuron, dt)
    return np.asarray(model.gain_u * model.gain_v)


def state_unit(whole: Any) -> float:
    """Units of the state that a weight of 1 moves it by."""
    return float(1 << whole.state_exponent) if isinstance(whole, FixedResonateAndFire) else float(UNIT)


def own_scale(whole: Any) -> float | None:
    """Units of weight per unit of the source's potential, where the integers say it themselves: 1.0 of a QIF."""
    if not isinstance(whole, LoihiQIF) or (whole.fraction != whole.fraction.flat[0]).any():
        return None
    return float(2.0 ** int(whole.fraction.flat[0]) / UNIT)


def forms(neuron: Any, whole: Any, dt: float | None, scale: float, bias: NDArray[np.float64]) -> Both:
    """(exact, chip) of one population. scale: units of weight per unit of potential. bias: synaptic input per step."""
    unit = scale * state_unit(whole)
    return _FORMS[type(neuron)](neuron, whole, dt, unit, gain_of(neuron, dt) * bias * unit)


def mixed(both: Both, on: Callable[[str], bool], whole: Any) -> Any:
    """The neuron in which the causes that are `on` act. whole: the Program's, for its resets."""
    exact, chip = both
    known = {field.name for field in fields(exact)}
    taken = {name: getattr(chip, name) for cause, names in FIELDS.items() if on(cause) for name in names & known}
    if on("timing"):
        taken |= {name: getattr(whole, name) for name in ("reset_interval", "reset_offset", "held")}
    return replace(exact, truncates=on("states"), limited=on("overflow"), **taken)


def same(both: Both, cause: str) -> bool:
    """Whether the two forms do not differ in what a cause takes."""
    exact, chip = both
    known = {field.name for field in fields(exact)}
    return all(
        bool((np.asarray(getattr(exact, n)) == np.asarray(getattr(chip, n))).all()) for n in FIELDS[cause] & known
    )


def _kept(decay: Any) -> NDArray[np.float64]:
    return np.asarray(1 - decay / MAX_DECAY)


def _floats(whole: Any) -> NDArray[np.float64]:
    return np.asarray(whole, np.float64)


def _alif(neuron: ALIF, whole: LoihiALIF, dt: float | None, unit: float, current: Any) -> Both:
    model, zero = recurrence(neuron, dt), np.zeros(())
    exact = SwitchedALIF(
        keep_u=model.keep_u,
        keep_adaptation=np.exp(-step_of(neuron, dt) / neuron.tau_adaptation),
        keep_v=model.keep_v,
        current=current,
        bias=zero,
        threshold=neuron.threshold * unit,
        reset_value=neuron.threshold * unit,
        rise=neuron.beta * unit / ADAPTATION_UNIT,
        refractory=model.refractory,
        inclusive=model.inclusive,
    )
    inclusive = bool(((whole.threshold + 1) % UNIT == 0).all())  # ">=" at a whole mantissa is ">" one unit below it
    chip = SwitchedALIF(
        keep_u=_kept(whole.current_decay),
        keep_adaptation=_kept(whole.adaptation_decay),
        keep_v=_kept(whole.voltage_decay),
        current=zero,
        bias=_floats(whole.bias),
        threshold=_floats(whole.threshold + inclusive),
        reset_value=_floats(whole.reset_value),
        rise=whole.beta_mantissa / 2.0**whole.beta_shift,
        refractory=_floats(whole.refractory),
        inclusive=inclusive,
    )
    return exact, chip


def _atrlif(neuron: ATRLIF, whole: LoihiATRLIF, dt: float | None, unit: float, current: Any) -> Both:
    model, step, zero = recurrence(neuron, dt), step_of(neuron, dt), np.zeros(())
    exact = SwitchedATRLIF(
        keep_u=model.keep_u,
        keep_v=model.keep_v,
        keep_theta=1 - step / neuron.tau_threshold,
        keep_r=1 - step / neuron.tau_refractory,
        current=current,
        bias=zero,
        threshold=neuron.threshold * unit,
        threshold_step=neuron.threshold_step * unit,
    )
    chip = SwitchedATRLIF(
        keep_u=_kept(whole.current_decay),
        keep_v=_kept(whole.voltage_decay),
        keep_theta=_kept(whole.threshold_decay),
        keep_r=_kept(whole.refractory_decay),
        current=zero,
        bias=_floats(whole.bias),
        threshold=_floats(whole.threshold),
        threshold_step=_floats(whole.threshold_step),
    )
    return exact, chip


def _ternary(neuron: TernaryLIF, whole: LoihiTernaryLIF, dt: float | None, unit: float, current: Any) -> Both:
    model, zero = recurrence(neuron, dt), np.zeros(())
    exact = SwitchedTernary(
        keep_u=model.keep_u,
        keep_v=model.keep_v,
        current=current,
        bias=zero,
        upper=neuron.upper_threshold * unit,
        lower=neuron.lower_threshold * unit,
    )
    chip = SwitchedTernary(
        keep_u=_kept(whole.current_decay),
        keep_v=_kept(whole.voltage_decay),
        current=zero,
        bias=_floats(whole.bias),
        upper=_floats(whole.upper_threshold),
        lower=_floats(whole.lower_threshold),
    )
    return exact, chip


def _qif(neuron: QIF, whole: LoihiQIF, dt: float | None, unit: float, current: Any) -> Both:
    zero = np.zeros(())
    exact = SwitchedQIF(
        keep_u=zero,
        rate=step_of(neuron, dt) / neuron.tau,
        current=current,
        bias=zero,
        threshold=neuron.threshold * unit,
        reset_value=neuron.v_reset * unit,
        one=np.asarray(unit),
    )
    chip = SwitchedQIF(
        keep_u=_kept(whole.current_decay),
        rate=whole.rate / MAX_DECAY,
        current=zero,
        bias=_floats(whole.bias),
        threshold=_floats(whole.threshold),
        reset_value=_floats(whole.reset_value),
        one=2.0**whole.fraction,
    )
    return exact, chip


def _resonator(
    neuron: ResonateAndFire, whole: FixedResonateAndFire, dt: float | None, unit: float, current: Any
) -> Both:
    sine, cosine = neuron.turn
    at_top = neuron.fires_at == "top"
    exact = SwitchedResonator(
        sine=sine, cosine=cosine, threshold=neuron.threshold * unit, below=np.asarray(BELOW_TOP * unit), at_top=at_top
    )
    turn = 2.0**whole.decay_bits
    chip = SwitchedResonator(
        sine=whole.sine / turn,
        cosine=whole.cosine / turn,
        threshold=_floats(whole.threshold),
        below=np.ones(()),
        at_top=whole.fires_at == "top",
    )
    return exact, chip


_FORMS: Mapping[type[Neuron], Callable[..., Both]] = {
    ALIF: _alif,
    ATRLIF: _atrlif,
    TernaryLIF: _ternary,
    QIF: _qif,
    ResonateAndFire: _resonator,
}
