"""What the suite tries of the LIF neuron's relatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from neurokit.conformance.draws import Draws
from neurokit.conformance.kinds import WIDTH, NeuronKind
from neurokit.graph.lif_family import (
    MAX_FRACTION,
    MAX_REFRACTORY,
    LoihiALIF,
    LoihiATRLIF,
    LoihiQIF,
    LoihiRefractoryLIF,
    LoihiShiftedLIF,
    LoihiTernaryLIF,
)
from neurokit.graph.neurons import MAX_POTENTIAL, MAX_THRESHOLD_MANTISSA, FixedNeuron
from neurokit.graph.synapses import Shape

EACH = np.arange(WIDTH)
HIGHEST = MAX_THRESHOLD_MANTISSA << 6
DECAYS = [0, 1, 400, 2048, 4095, 4096]
SCHEDULED = ({"reset_interval": 5, "reset_offset": 2}, {"reset_interval": 5, "reset_offset": 3, "held": True})
Edges = Iterator[tuple[str, FixedNeuron]]


def _labelled(make: Callable[..., FixedNeuron], *changes: dict[str, Any]) -> Edges:
    """(label, neuron) for each set of changes from the plain one, and for the schedules."""
    for fields in ({}, *changes, *({**fields, "bias_mantissa": 300} for fields in SCHEDULED)):
        whole = {k: "each its own" if isinstance(v, np.ndarray) else v for k, v in fields.items()}
        yield ", ".join(f"{name} {value}" for name, value in whole.items()) or "plain", make(**fields)


def _refractory(**changes: Any) -> LoihiRefractoryLIF:
    plain = {"current_decay": 1500, "voltage_decay": 300, "threshold": 64 * 40, "refractory": 3}
    return LoihiRefractoryLIF(**{**plain, **changes})


def _refractory_edges() -> Edges:
    silent = {"while_refractory": "silent"}
    yield from _labelled(
        _refractory,
        {"refractory": 0},
        {"refractory": 1, **silent},
        {"refractory": MAX_REFRACTORY},
        {"refractory": EACH, "reset": "soft", "reset_value": 64 * 40},
        {"refractory": EACH, "reset": "soft", "reset_value": 64 * 40, **silent},
        {"reset_value": -MAX_POTENTIAL, "current_decay": 0, "voltage_decay": 0},
        {"reset_value": MAX_POTENTIAL, "current_decay": 0, "voltage_decay": 0, **silent},
        {"threshold": 0, "current_decay": 4096, "voltage_decay": 4096},
        {"threshold": HIGHEST, "voltage_decay": 0, **silent},
        {"emits": False},
    )


def _random_refractory(draws: Draws, shape: Shape, readout: bool) -> LoihiRefractoryLIF:
    rng = draws.generator()
    each = draws.choice(((), shape))
    threshold = rng.integers(1, 400 * 64, each)
    return LoihiRefractoryLIF(
        current_decay=rng.choice(DECAYS, each),
        voltage_decay=rng.choice(DECAYS, each),
        threshold=threshold,
        bias_mantissa=rng.integers(-100, 400, each),
        bias_exponent=rng.integers(-7, 7, each),
        reset=draws.choice(("hard", "soft")),
        reset_value=draws.choice((np.zeros((), np.int64), threshold, rng.integers(-500, 3000, each))),
        refractory=rng.choice([0, 1, 2, 5, 40], each),
        while_refractory=draws.choice(("holds", "silent")),
        **_schedule(draws),
    )


def _shifted(**changes: Any) -> LoihiShiftedLIF:
    plain = {"current_decay": 1500, "voltage_decay": 300, "threshold": 64 * 40, "shift": 1}
    return LoihiShiftedLIF(**{**plain, **changes})


def _shifted_edges() -> Edges:
    yield from _labelled(
        _shifted,
        *({"shift": shift} for shift in (-7, -3, 0, 3, 7)),
        {"shift": 3, "bias_mantissa": -1},
        {"shift": -7, "bias_mantissa": 4095, "bias_exponent": 7},
        {"shift": EACH - 4, "bias_mantissa": EACH * 100 - 300, "threshold": EACH * 640},
        {"shift": 2, "reset": "soft", "reset_value": 64 * 40},
        {"shift": -2, "reset_value": -MAX_POTENTIAL, "current_decay": 0, "voltage_decay": 0},
        {"emits": False, "shift": -1},
    )


def _random_shifted(draws: Draws, shape: Shape, readout: bool) -> LoihiShiftedLIF:
    rng = draws.generator()
    each = draws.choice(((), shape))
    threshold = rng.integers(1, 400 * 64, each)
    return LoihiShiftedLIF(
        current_decay=rng.choice(DECAYS, each),
        voltage_decay=rng.choice(DECAYS, each),
        threshold=threshold,
        bias_mantissa=rng.integers(-100, 400, each),
        bias_exponent=rng.integers(-7, 7, each),
        reset=draws.choice(("hard", "soft")),
        reset_value=draws.choice((np.zeros((), np.int64), threshold)),
        shift=rng.integers(-3, 4, each),
        emits=not (readout and draws.one_in(3)),
        **_schedule(draws),
    )


def _ternary(**changes: Any) -> LoihiTernaryLIF:
    plain = {"current_decay": 1500, "voltage_decay": 300, "upper_threshold": 64 * 40, "lower_threshold": -64 * 30}
    return LoihiTernaryLIF(**{**plain, **changes})


def _ternary_edges() -> Edges:
    yield from _labelled(
        _ternary,
        *({"current_decay": decay, "voltage_decay": 4096 - decay} for decay in (0, 1, 4095, 4096)),
        {"upper_threshold": 0, "lower_threshold": 0},
        {"upper_threshold": -64, "lower_threshold": -128},
        {"upper_threshold": HIGHEST, "lower_threshold": -HIGHEST, "voltage_decay": 0},
        {"upper_threshold": 2559, "lower_threshold": -1919},
        {"upper_threshold": EACH * 640, "lower_threshold": EACH * -320},
        {"bias_mantissa": -4096, "bias_exponent": 7},
    )


def _random_ternary(draws: Draws, shape: Shape, readout: bool) -> LoihiTernaryLIF:
    rng = draws.generator()
    each, unit = draws.choice((((), 64), ((), 1), (shape, 1)))
    lower = rng.integers(-200 * 64 // unit, 0, each) * unit
    return LoihiTernaryLIF(
        current_decay=rng.choice(DECAYS, draws.choice(((), shape))),
        voltage_decay=rng.choice(DECAYS, draws.choice(((), shape))),
        upper_threshold=lower + rng.integers(0, 400 * 64 // unit, each) * unit,
        lower_threshold=lower,
        bias_mantissa=rng.integers(-100, 100, each),
        bias_exponent=rng.integers(-7, 7, each),
        **_schedule(draws),
    )


def _adaptive(**changes: Any) -> LoihiALIF:
    plain = {"current_decay": 4096, "voltage_decay": 200, "adaptation_decay": 2}
    threshold = {"threshold": 64 * 40, "reset_value": 64 * 40, "beta_mantissa": 300, "beta_shift": 12, "refractory": 2}
    return LoihiALIF(**{**plain, **threshold, **changes})


def _adaptive_edges() -> Edges:
    yield from _labelled(
        _adaptive,
        *({"current_decay": 4096 - d, "voltage_decay": d, "adaptation_decay": d} for d in (0, 1, 4095, 4096)),
        {"refractory": 0, "threshold": 0, "reset_value": 0, "beta_mantissa": 0},
        {"refractory": MAX_REFRACTORY},
        {"beta_mantissa": 4095, "beta_shift": 0, "adaptation_decay": 0},
        {"beta_mantissa": -4096, "beta_shift": 0, "threshold": HIGHEST},
        {"beta_mantissa": -1, "beta_shift": 24},
        {"reset_value": MAX_POTENTIAL, "voltage_decay": 0},
        {"refractory": EACH, "beta_mantissa": EACH * 500 - 2000, "beta_shift": EACH * 3, "threshold": EACH * 640},
    )


def _random_adaptive(draws: Draws, shape: Shape, readout: bool) -> LoihiALIF:
    rng = draws.generator()
    each = draws.choice(((), shape))
    threshold = rng.integers(1, 400 * 64, each)
    return LoihiALIF(
        current_decay=rng.choice([4096, 4096, 2048, 0], each),
        voltage_decay=rng.choice(DECAYS, each),
        adaptation_decay=rng.choice(DECAYS, each),
        threshold=threshold,
        reset_value=draws.choice((threshold, threshold + 1)),
        beta_mantissa=rng.integers(-500, 4096, each),
        beta_shift=rng.integers(8, 25, each),
        refractory=rng.choice([0, 1, 2, 5], each),
        bias_mantissa=rng.integers(-100, 400, each),
        bias_exponent=rng.integers(-7, 7, each),
        **_schedule(draws),
    )


def _moving(**changes: Any) -> LoihiATRLIF:
    decays = {"current_decay": 1500, "voltage_decay": 300, "threshold_decay": 500, "refractory_decay": 800}
    return LoihiATRLIF(**{**decays, "threshold": 64 * 40, "threshold_step": 64 * 10, **changes})


def _moving_edges() -> Edges:
    names = ("current_decay", "voltage_decay", "threshold_decay", "refractory_decay")
    yield from _labelled(
        _moving,
        *(dict.fromkeys(names, decay) for decay in (0, 1, 4095, 4096)),
        {"threshold": 0, "threshold_step": 0},
        {"threshold": HIGHEST, "threshold_step": HIGHEST, "voltage_decay": 0},
        {"threshold": 0, "threshold_step": HIGHEST, "threshold_decay": 0, "refractory_decay": 0},
        {"threshold": 2559, "threshold_step": 639},
        {"threshold": EACH * 640, "threshold_step": EACH * 100, "refractory_decay": EACH * 500},
        {"bias_mantissa": EACH * 100, "bias_exponent": 3},
    )


def _random_moving(draws: Draws, shape: Shape, readout: bool) -> LoihiATRLIF:
    rng = draws.generator()
    each, unit = draws.choice((((), 64), ((), 1), (shape, 1)))
    return LoihiATRLIF(
        current_decay=rng.choice(DECAYS, each),
        voltage_decay=rng.choice(DECAYS, each),
        threshold_decay=rng.choice(DECAYS, each),
        refractory_decay=rng.choice(DECAYS, each),
        threshold=rng.integers(1, 400 * 64 // unit, each) * unit,
        threshold_step=rng.integers(0, 200 * 64 // unit, each) * unit,
        bias_mantissa=rng.integers(-100, 400, draws.choice(((), shape))),
        bias_exponent=rng.integers(-7, 7, draws.choice(((), shape))),
        **_schedule(draws),
    )


def _quadratic(**changes: Any) -> LoihiQIF:
    plain = {"current_decay": 1500, "rate": 800, "fraction": 12, "threshold": 10 << 12, "reset_value": -10 << 12}
    return LoihiQIF(**{**plain, **changes})


def _quadratic_edges() -> Edges:
    yield from _labelled(
        _quadratic,
        {"rate": 4096, "current_decay": 4096},
        {"rate": 0, "current_decay": 0},
        {"rate": 1},
        {"fraction": 0, "threshold": 10, "reset_value": -10},
        {"fraction": MAX_FRACTION, "threshold": MAX_POTENTIAL, "reset_value": -MAX_POTENTIAL},
        {"threshold": 0, "reset_value": MAX_POTENTIAL},
        {"fraction": EACH * 2, "rate": EACH * 585, "threshold": EACH * 5000},
        {"bias_mantissa": 4095, "bias_exponent": 7, "rate": 4096},
    )


def _random_quadratic(draws: Draws, shape: Shape, readout: bool) -> LoihiQIF:
    rng = draws.generator()
    each = draws.choice(((), shape))
    fraction = rng.integers(6, 14, each)
    return LoihiQIF(
        current_decay=rng.choice(DECAYS, each),
        rate=rng.choice([1, 100, 800, 4096], each),
        fraction=fraction,
        threshold=rng.integers(1, 12, each) << fraction,
        reset_value=-(rng.integers(0, 12, each) << fraction),
        bias_mantissa=rng.integers(-100, 400, each),
        bias_exponent=rng.integers(-7, 7, each),
        **_schedule(draws),
    )


def _schedule(draws: Draws) -> dict[str, Any]:
    """Most have none."""
    return draws.choice(({}, {}, {"reset_interval": 4}, {"reset_interval": 7, "reset_offset": 9}, *SCHEDULED))


LIF_FAMILY: Mapping[type[FixedNeuron], NeuronKind] = {
    LoihiRefractoryLIF: NeuronKind(_refractory_edges, _random_refractory),
    LoihiShiftedLIF: NeuronKind(_shifted_edges, _random_shifted),
    LoihiTernaryLIF: NeuronKind(_ternary_edges, _random_ternary),
    LoihiALIF: NeuronKind(_adaptive_edges, _random_adaptive),
    LoihiATRLIF: NeuronKind(_moving_edges, _random_moving),
    LoihiQIF: NeuronKind(_quadratic_edges, _random_quadratic),
}
