"""Quantisation of one population: its incoming weights, threshold, bias and decays in one common scale.

Weights become integers w = rint(scale G W), where G folds the neuron's gains (see `discretise`) so that on the chip a
unit of weight moves v by 64. The scale is the largest for which every incoming projection fits its bits (larger
projections get an exponent), lowered a little so that the threshold is a whole mantissa where all neurons share it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.check import BIAS_MANTISSA_RANGE, MAX_THRESHOLD_MANTISSA
from neurokit.graph.network import LayerReport, Population, Projection
from neurokit.graph.neurons import LoihiLIF, Reset
from neurokit.graph.synapses import Conv2d, Dense, Shape, Sparse, Synapse
from neurokit.lower.discretise import Recurrence, recurrence
from neurokit.lower.fixedpoint import ACTIVATION_SHIFT
from neurokit.lower.fold import to_matrix

UNIT = 1 << ACTIVATION_SHIFT  # what a weight of 1 adds to v
LEAKY_THRESHOLD = 1 << 12  # mantissa a leaking neuron's threshold should reach, so that decay's rounding stays small
WHOLE_THRESHOLD = 1 << 6  # and any other's, so that lowering the scale to a whole threshold costs under 1/64
SAFE_INPUT = 1 << 16  # half the |sum| at which u wraps (2**23 / 64)
MAX_EXPONENT = 7  # weight exponents of Loihi: -8..7 (nengo-loihi @e564f66, hardware/validate.py)


@dataclass(frozen=True, eq=False)
class Quantised:
    """A population in integers, the maps that feed it, and what was lost."""

    neuron: LoihiLIF
    synapses: tuple[Synapse, ...]
    report: LayerReport


def quantise(
    population: Population,
    incoming: Sequence[tuple[Projection, Shape]],
    bias: NDArray[np.float64],
    bits: int,
    dt: float | None,
) -> Quantised | list[Fault]:
    """Integers for a population with folded incoming projections (each with its source's shape).

    bias: synaptic input per step from the projections' constants. bits: width of weights, 1 to 8.
    """
    model = recurrence(population.neuron, dt)
    notes: list[str] = []
    gained = [_gain(p.synapse, shape, model.gain_u * model.gain_v, population.shape) for p, shape in incoming]
    threshold = np.unique(model.threshold - model.initial)
    if population.neuron.spiking and threshold.min() <= 0:
        return [
            Fault(
                population.name,
                f"the threshold lies {-threshold.min():g} below rest",
                "a threshold must lie above the resting potential",
                "Repair the source: such a neuron fires without input.",
            )
        ]
    scale, exponents = _scale(gained, threshold, model, bits, population.neuron.spiking)
    synapses = tuple(_rounded(s, scale / 2**e, e) for s, e in zip(gained, exponents, strict=True))
    if population.neuron.spiking and threshold.max() * scale > MAX_THRESHOLD_MANTISSA:
        return [
            Fault(
                population.name,
                f"the threshold needs mantissa {threshold.max() * scale:.0f} at a weight scale of {scale:.4g}",
                f"Loihi holds up to {MAX_THRESHOLD_MANTISSA} (17 bits)",
                "Scale the layer so that its threshold is at most 1000 times its largest weight.",
            )
        ]
    neuron, threshold_error = _neuron(population, model, bias, scale, notes)
    _headroom(synapses, model, population.neuron.spiking, notes)
    decay_error = max(
        float(np.abs(1 - neuron.current_decay / 4096 - model.keep_u).max()),
        float(np.abs(1 - neuron.voltage_decay / 4096 - model.keep_v).max()),
    )
    report = LayerReport(
        population.name,
        scale,
        bits,
        max(exponents, default=0),
        _weight_error(gained, synapses, scale),
        threshold_error,
        decay_error,
        tuple(notes),
    )
    return Quantised(neuron, synapses, report)


def _gain(synapse: Synapse, source: Shape, gain: NDArray[np.float64], shape: Shape) -> Any:
    """The map with the neuron's gain folded into its weights."""
    assert isinstance(synapse, Dense | Sparse | Conv2d), "folded"
    if (gain == gain.flat[0]).all():
        return replace(synapse, weight=synapse.weight * float(gain.flat[0]))
    rows = np.broadcast_to(gain, shape)
    if isinstance(synapse, Conv2d):
        if (rows == rows[:, :1, :1]).all():
            return replace(synapse, weight=synapse.weight * rows[:, :1, :1, None])
        synapse = Sparse(to_matrix(synapse, source))
    if isinstance(synapse, Sparse):
        return Sparse(sp.diags(rows.ravel()) @ synapse.weight)
    return replace(synapse, weight=synapse.weight * rows.ravel()[:, None])


def _scale(
    synapses: Sequence[Any], threshold: NDArray[np.float64], model: Recurrence, bits: int, spiking: bool
) -> tuple[float, list[int]]:
    """Units of weight per unit of potential, and an exponent for each projection."""
    limits = [_limit(_values(s), bits) for s in synapses if _values(s).size and _values(s).any()]
    if not limits:  # no weights: the threshold alone sets the scale
        return (float(LEAKY_THRESHOLD / threshold.max()) if spiking else 1.0), [0] * len(synapses)
    fine = max(limits)
    leaky = (model.keep_v < 1).any() or (model.keep_u > 0).any() or not spiking
    least = LEAKY_THRESHOLD if leaky else WHOLE_THRESHOLD
    wanted = math.ceil(math.log2(least / (threshold.max() * fine))) if spiking else MAX_EXPONENT
    strongest = sum(float(_row_sums(s).max(initial=0.0)) for s in synapses) * fine
    room = math.floor(math.log2(max(1.0, SAFE_INPUT * _leak(model, spiking) / strongest)))
    fine *= 2 ** max(0, min(wanted, room, MAX_EXPONENT))
    if spiking and threshold.size == 1 and fine * threshold[0] >= 1:
        fine = math.floor(fine * threshold[0]) / threshold[0]
    exponents = [_exponent(_values(s), fine, bits) for s in synapses]
    over = max(0, max(exponents) - MAX_EXPONENT)
    return fine / 2**over, [max(0, e - over) for e in exponents]


def _leak(model: Recurrence, spiking: bool) -> float:
    """Share of what input piles up that a step takes away: of u, and of v where no spike ever resets it."""
    return float((1 - model.keep_u).min() * (1.0 if spiking else (1 - model.keep_v).min()))


def _limit(values: NDArray[np.float64], bits: int) -> float:
    """Largest scale at which all values fit `bits` without an exponent."""
    return _largest_integer(values, bits) / float(np.abs(values).max())


def _largest_integer(values: NDArray[np.float64], bits: int) -> int:
    """Weights of one sign use every bit for the magnitude (lava-nc 0.10.0, utils/weightutils.py)."""
    mixed = bool(values.min() < 0 < values.max())
    return max(1, (1 << bits - 1) - 1) if mixed else (1 << bits) - 1


def _exponent(values: NDArray[np.float64], scale: float, bits: int) -> int:
    if not values.size or not values.any():
        return 0
    return max(0, math.ceil(math.log2(scale / _limit(values, bits)) - 1e-9))


def _rounded(synapse: Any, scale: float, exponent: int) -> Synapse:
    weight = synapse.weight
    if isinstance(synapse, Sparse):
        integers = sp.csr_matrix(
            (np.rint(weight.data * scale).astype(np.int64), weight.indices, weight.indptr), weight.shape
        )
        integers.eliminate_zeros()
        return Sparse(integers, exponent=exponent)
    return replace(synapse, weight=np.rint(weight * scale).astype(np.int64), exponent=exponent)  # type: ignore[no-any-return]


def _neuron(
    population: Population, model: Recurrence, bias: NDArray[np.float64], scale: float, notes: list[str]
) -> tuple[LoihiLIF, float]:
    """The neuron in integers, in coordinates relative to its resting potential, and the threshold's relative error."""
    per_volt = UNIT * scale
    mantissa, exponent = _bias(_bias_per_step(model, bias, notes) * per_volt, notes)
    emits = population.neuron.spiking
    theta = np.rint((model.threshold - model.initial) * scale) if emits else np.asarray(MAX_THRESHOLD_MANTISSA)
    reset: Reset = "soft" if model.soft else "hard"
    value = theta * UNIT if model.soft else np.rint((model.reset_value - model.initial) * per_volt)
    neuron = LoihiLIF(
        current_decay=np.rint(4096 * (1 - model.keep_u)).astype(np.int64),
        voltage_decay=np.rint(4096 * (1 - model.keep_v)).astype(np.int64),
        threshold=np.asarray(theta * UNIT - (1 if model.inclusive else 0), np.int64),
        bias_mantissa=mantissa,
        bias_exponent=np.asarray(exponent),
        reset=reset,
        reset_value=np.asarray(value if emits else 0, np.int64),
        emits=emits,
    )
    if not emits:
        return neuron, 0.0
    return neuron, float(np.abs(theta / ((model.threshold - model.initial) * scale) - 1).max())


def _bias_per_step(model: Recurrence, bias: NDArray[np.float64], notes: list[str]) -> NDArray[np.float64]:
    """What a constant input adds to v per step; through a synaptic current only its steady state can be held."""
    if not bias.any() or not model.keep_u.any():
        return np.asarray(bias * model.gain_u * model.gain_v)
    notes.append(
        "the bias, which the source sends through the synaptic current, acts on the potential at its steady value"
    )
    return np.asarray(bias * model.gain_u * model.gain_v / (1 - model.keep_u))


def _bias(value: NDArray[np.float64], notes: list[str]) -> tuple[NDArray[np.int64], int]:
    """Mantissa of 13 bits and the smallest common exponent of 0 to 7."""
    largest = float(np.abs(value).max(initial=0.0))
    exponent = max(0, math.ceil(math.log2(largest / BIAS_MANTISSA_RANGE[1]))) if largest else 0
    if 0 < largest < 0.5:
        notes.append(f"the bias of {largest:.2g} units rounds to zero")
    return np.rint(value / 2**exponent).astype(np.int64), exponent


def _headroom(synapses: Sequence[Any], model: Recurrence, spiking: bool, notes: list[str]) -> None:
    """Say when spikes at every step could wrap the current or saturate a readout."""
    strongest = sum(float(_row_sums(s).max(initial=0.0)) * 2**s.exponent for s in synapses)
    if strongest >= 2 * SAFE_INPUT * _leak(model, True):
        notes.append(f"the current may wrap when all inputs fire: they add up to {strongest:.0f} a step")
    elif strongest >= 2 * SAFE_INPUT * _leak(model, spiking):
        notes.append(f"v may saturate when all inputs keep firing: they add up to {strongest:.0f} a step")


def _row_sums(synapse: Any) -> NDArray[np.float64]:
    """Sum of |weight| a target receives at most."""
    weight = synapse.weight
    if isinstance(synapse, Sparse):
        return np.asarray(abs(weight).sum(axis=1), np.float64).ravel()
    return np.asarray(np.abs(weight.astype(np.float64)).reshape(weight.shape[0], -1).sum(axis=1))


def _weight_error(floats: Sequence[Any], integers: Sequence[Any], scale: float) -> float:
    lost = total = 0.0
    for exact, rounded in zip(floats, integers, strict=True):
        difference = exact.weight - rounded.weight * (2.0**rounded.exponent / scale)
        values = difference.data if sp.issparse(difference) else difference
        lost += float(np.square(values).sum())
        total += float(np.square(_values(exact)).sum())
    return math.sqrt(lost / total) if total else 0.0


def _values(synapse: Any) -> NDArray[np.float64]:
    return np.asarray(synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight, np.float64)
