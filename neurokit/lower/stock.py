"""Approximations of what a chip's stock parts do not do, by parts that they have; the table is `targets`.

None says that it is as good as the original: how much of it is left is measured on data (`nk.targets`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from neurokit.graph.lif_family import LoihiALIF, LoihiATRLIF, LoihiRefractoryLIF, LoihiShiftedLIF
from neurokit.graph.neurons import MAX_THRESHOLD_MANTISSA, LoihiLIF

Change: TypeAlias = Callable[[Any], Any]  # of a neuron
UNIT = 64  # the chip's LIF has thresholds of multiples of it


@dataclass(frozen=True)
class Approximation:
    """What stands for it. exact: whether it does the same, bit for bit, where sources spike.

    change: of the neuron; None: the projection is written out as listed synapses.
    """

    words: str
    change: Change | None
    exact: bool = False


def _to_zero(neuron: Any) -> Any:
    return replace(neuron, reset="hard", reset_value=np.zeros((), np.int64))


def _rounded(neuron: Any) -> Any:
    nearest = (neuron.threshold + UNIT // 2) // UNIT * UNIT
    return replace(neuron, threshold=np.clip(nearest, 0, MAX_THRESHOLD_MANTISSA * UNIT))


def _first_interval(neuron: Any) -> Any:
    return replace(neuron, reset_offset=neuron.reset_offset % neuron.reset_interval)


def _shifted_bias(neuron: Any) -> Any:
    low = neuron.bias_exponent < 0
    mantissa = np.where(low, neuron.bias, neuron.bias_mantissa)
    return replace(neuron, bias_mantissa=mantissa, bias_exponent=np.where(low, 0, neuron.bias_exponent))


RESET_TO_ZERO = Approximation("resets to zero", _to_zero)
ROUND_THRESHOLD = Approximation("the nearest threshold that is a multiple of 64", _rounded)
FIRST_INTERVAL = Approximation("is reset within its first interval, too", _first_interval)
SHIFTED_BIAS = Approximation("the mantissa shifted right", _shifted_bias, exact=True)
AT_ONCE = Approximation("starts at once", lambda neuron: replace(neuron, held=False))
NEVER_RESET = Approximation("is never reset", lambda n: replace(n, reset_interval=0, reset_offset=0, held=False))
WRITTEN_OUT = Approximation("written out as listed synapses", None, exact=True)


def shared(field: str) -> Approximation:
    """One value for all neurons of a population."""

    def median(neuron: Any) -> Any:
        return replace(neuron, **{field: np.asarray(round(float(np.median(getattr(neuron, field)))))})

    return Approximation(f"the median {field.replace('_', ' ')} for all", median)


def no_part(neuron: Any) -> None:
    """Nothing among the stock parts comes near it; the fault's limit says what it would take."""


def without_refractory(neuron: LoihiRefractoryLIF) -> Approximation:
    """LIF that may fire again at once."""
    return Approximation("LIF without a refractory period", _plain)


def without_adaptation(neuron: LoihiALIF | LoihiATRLIF) -> Approximation:
    """LIF whose threshold stays."""
    return Approximation("LIF with a threshold that stays, without a refractory period", _plain)


def in_other_units(neuron: LoihiShiftedLIF) -> Approximation | None:
    """LIF whose v is as many times as large as the shift makes it smaller; None where that does not fit."""
    shift = neuron.shift
    scaled = np.left_shift(neuron.threshold, np.maximum(shift, 0)) >> np.maximum(-shift, 0)
    if shift.size > 1 or (neuron.emits and (scaled > MAX_THRESHOLD_MANTISSA * UNIT).any()):
        return None

    def change(old: LoihiShiftedLIF) -> LoihiLIF:
        reset = np.left_shift(old.reset_value, np.maximum(shift, 0)) >> np.maximum(-shift, 0)
        return replace(_plain(old), threshold=scaled, reset_value=reset)

    return Approximation("LIF whose potential has other units", change)


def _plain(neuron: Any) -> LoihiLIF:
    """LIF with whatever parameters it shares with LoihiLIF."""
    return LoihiLIF(
        neuron.current_decay,
        neuron.voltage_decay,
        neuron.threshold,
        neuron.bias_mantissa,
        neuron.bias_exponent,
        reset=getattr(neuron, "reset", "soft" if isinstance(neuron, LoihiALIF) else "hard"),
        reset_value=getattr(neuron, "reset_value", np.zeros((), np.int64)),
        emits=getattr(neuron, "emits", True),
        reset_interval=neuron.reset_interval,
        reset_offset=neuron.reset_offset,
        held=neuron.held,
    )
