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
from neurokit.graph.network import LayerReport, Population
from neurokit.graph.neurons import BIAS_MANTISSA_RANGE, MAX_THRESHOLD_MANTISSA, FixedNeuron, LoihiLIF, Reset
from neurokit.graph.synapses import Convolving, ConvTranspose2d, Shape, Sparse, SumPool2d, Synapse, Weighted
from neurokit.lower.branches import Branch, Limits, range_faults, sign_faults
from neurokit.lower.discretise import Recurrence, recurrence
from neurokit.lower.exact import Exact, exact_fit, whole_threshold
from neurokit.lower.fold import to_matrix
from neurokit.lower.images import picked
from neurokit.lower.moments import window_of
from neurokit.lower.payloads import Incoming
from neurokit.lower.relatives import kind_faults, thresholds, whole
from neurokit.lower.rounding import (
    CLIPPINGS,
    Map,
    clipped,
    exponents_at,
    mean_cut,
    round_map,
    rows_of,
    share_cut,
    squared_error,
)
from neurokit.lower.scale import (
    SAFE_INPUT,
    UNIT,
    ceiling,
    choose_scale,
    leak_of,
    least_exponent,
    reset_of,
    row_sums,
    values_of,
)

WORTH_A_BIAS = 2.0**-10  # share of a projection's sums that shifting takes off
MODEST_PAYLOAD = 16  # event counts of a pixel and step stay below; larger payloads are their sender's to scale


@dataclass(frozen=True, eq=False)
class Quantised:
    """A population in integers, the maps that feed it, and what was lost. made_up: see `_made_up`."""

    neuron: FixedNeuron
    synapses: tuple[Synapse, ...]
    report: LayerReport
    made_up: float = 0.0


def quantise(
    population: Population,
    incoming: Sequence[Incoming],
    bias: NDArray[np.float64],
    bits: int,
    dt: float | None,
    observed: float = math.inf,
) -> Quantised | list[Fault]:
    """Integers for a population with folded incoming projections.

    bias: synaptic input per step from the projections' constants. bits: width of weights, 1 to 8.
    observed: the largest scale at which the current fits, as far as one has seen it (`payloads.largest_scale`).
    """
    refused = kind_faults(population)
    if refused:
        return refused
    model = recurrence(population.neuron, dt)
    notes: list[str] = []
    spiking = population.neuron.spiking
    gain = model.gain_u * model.gain_v
    gained = [_gain(p.projection.synapse, p.shape, gain / p.payload_scale, population.shape) for p in incoming]
    payloads = [p.payload for p in incoming]
    threshold = thresholds(population.neuron, model)
    faults = [*_rest_faults(population, model, threshold), *sign_faults([p.projection for p in incoming], gained, bits)]
    if faults:
        return faults
    steady = _bias_per_step(model, bias, notes)
    scale = choose_scale(gained, threshold, steady, model, bits, spiking, payloads, observed)
    most = min(observed, ceiling(threshold, steady, model, spiking))
    maps = _maps(incoming, gained, model, scale, most)
    fit = _exact(maps, threshold, steady, model, bits, most) if spiking else None
    if fit is not None:
        maps = [m._replace(moment=None) for m in maps]  # nothing is rounded
        scale, exponents = fit.scale, [fit.exponent] * len(maps)
    elif any(found.moment is not None for found in maps):
        shared = float(threshold[0]) if spiking and threshold.size == 1 and scale * threshold[0] >= 1 else None
        scale, exponents = clipped(maps, scale, most, bits, shared)
    else:
        exponents = exponents_at(maps, scale, bits)
    synapses = tuple(rounded(m, scale, e, bits) for m, e in zip(maps, exponents, strict=True))
    made_up = 0.0
    if fit is None:
        limited = scale >= most * (1 - 1 / 64)  # the floor to a whole threshold included
        branches = [Branch(p.projection, g, s, p.payload) for p, g, s in zip(incoming, gained, synapses, strict=True)]
        limits = Limits(threshold, reset_of(model), scale, bits, limited)
        faults = range_faults(population, branches, limits, share_cut(maps, exponents, scale), notes)
        if faults:
            return faults
        made_up = _made_up(maps, exponents, model, scale, notes)
    plain, threshold_error = _neuron(population, model, steady + made_up, scale, notes, fit)
    neuron = whole(population.neuron, plain, model, scale, dt, notes)
    _headroom(synapses, payloads, model, spiking, notes)
    _lost_leaks(model, plain, notes)
    decay_error = max(
        float(np.abs(1 - plain.current_decay / 4096 - model.keep_u).max()),
        float(np.abs(1 - plain.voltage_decay / 4096 - model.keep_v).max()),
    )
    report = LayerReport(
        population.name,
        float(scale),
        int(bits),
        max(exponents, default=0),
        weight_error(gained, synapses, scale),
        threshold_error,
        decay_error,
        tuple(notes),
        output_error=output_error(maps, synapses, scale),
    )
    return Quantised(neuron, synapses, report, made_up)


def _exact(
    maps: Sequence[Map],
    threshold: NDArray[np.float64],
    steady: NDArray[np.float64],
    model: Recurrence,
    bits: int,
    most: float,
) -> Exact | None:
    """How the weights stay the whole numbers that they are, None where they are none."""
    least = max((m.least for m in maps), default=0)
    return exact_fit([values_of(m.synapse) for m in maps], threshold, steady, model, bits, most, least)


def _made_up(maps: Sequence[Map], exponents: Sequence[int], model: Recurrence, scale: float, notes: list[str]) -> float:
    """Potential per step that makes up for what sums shifted down lose, where that is worth a bias."""
    lost = sum(
        mean_cut(found, exponent)
        for found, exponent in zip(maps, exponents, strict=True)
        if share_cut([found._replace(reached=None)], [exponent], scale) >= WORTH_A_BIAS
    )
    if not lost or (model.keep_u == 1).any():
        return 0.0
    notes.append(f"sums shifted down lose {lost:.2g} units a step, for which the bias makes up")
    return lost / scale / (1 - float(model.keep_u.max()))


def _maps(
    incoming: Sequence[Incoming],
    gained: Sequence[Any],
    model: Recurrence,
    scale: float,
    most: float,
) -> list[Map]:
    """What is to be rounded. scale, most: the scale with which to begin, and the largest one."""
    highest = scale * (CLIPPINGS[-1] if any(p.moment is not None for p in incoming) else 1)
    return [
        p.weighted(s, least_exponent(s, min(most, highest), p.payload), window_of(model))
        for p, s in zip(incoming, gained, strict=True)
    ]


def _rest_faults(population: Population, model: Recurrence, threshold: NDArray[np.float64]) -> list[Fault]:
    name = population.name
    if not population.neuron.spiking and np.unique(model.initial).size > 1:
        return [
            Fault(
                name,
                "its v_leak differs between neurons",
                "a Program's v counts from rest, so a readout's values could not be compared",
                "Set v_leak to 0 and add it to what you read.",
            )
        ]
    if not population.neuron.spiking or threshold.min() > 0:
        return []
    return [
        Fault(
            name,
            f"the threshold lies {-threshold.min():g} below rest" if threshold.min() else "the threshold lies at rest",
            "a threshold must lie above the resting potential",
            "Repair the source: such a neuron fires without input.",
        )
    ]


def _lost_leaks(model: Recurrence, neuron: LoihiLIF, notes: list[str]) -> None:
    """Say when a leak is so slow that 12 bits do not hold it."""
    for what, keep, decay in (
        ("current", model.keep_u, neuron.current_decay),
        ("membrane", model.keep_v, neuron.voltage_decay),
    ):
        lost = (decay == 0) & (keep < 1)
        if lost.any():
            least = float((1 - np.broadcast_to(keep, lost.shape))[lost].max())
            notes.append(f"the {what}'s leak of {least:.2g} a step is below half of 1/4096 and is lost")


def _gain(synapse: Synapse, source: Shape, gain: NDArray[np.float64], shape: Shape) -> Any:
    """The map with the neuron's gain folded into its weights."""
    assert isinstance(synapse, Weighted), "folded"
    if (gain == gain.flat[0]).all():
        return replace(synapse, weight=synapse.weight * float(gain.flat[0]))
    rows = np.broadcast_to(gain, shape)
    if isinstance(synapse, Convolving):
        if (rows == rows[:, :1, :1]).all():
            return _gain_of_channels(synapse, source, rows[:, 0, 0])
        synapse = Sparse(to_matrix(synapse, source))
    if isinstance(synapse, Sparse):
        return Sparse(sp.diags(rows.ravel()) @ synapse.weight)
    return replace(synapse, weight=synapse.weight * rows.ravel()[:, None])


def _gain_of_channels(synapse: Convolving, source: Shape, gain: NDArray[np.float64]) -> Synapse:
    """One gain for each output channel; a pool, which has a single weight, becomes a convolution."""
    if isinstance(synapse, ConvTranspose2d):
        inner = synapse.weight.shape[0] // synapse.groups
        factors = np.repeat(gain.reshape(synapse.groups, -1), inner, axis=0)  # of every input channel's outputs
        return replace(synapse, weight=synapse.weight * factors[:, :, None, None])
    if isinstance(synapse, SumPool2d):
        synapse = picked(synapse, source).convolution
    return replace(synapse, weight=synapse.weight * gain[:, None, None, None])


def rounded(found: Map, scale: float, exponent: int, bits: int) -> Synapse:
    """The map in integers: rounded for what arrives where that is known, else rint(weight * scale / 2**exponent)."""
    if found.moment is not None and values_of(found.synapse).any():
        return round_map(found, scale, exponent, bits)  # type: ignore[no-any-return]
    synapse, scale = found.synapse, scale / 2.0**exponent
    weight = synapse.weight
    if isinstance(synapse, Sparse):
        integers = sp.csr_matrix(
            (np.rint(weight.data * scale).astype(np.int64), weight.indices, weight.indptr), weight.shape, copy=True
        )  # a copy, since dropping zeros rewrites the indices
        integers.eliminate_zeros()
        return Sparse(integers, exponent=exponent)
    return replace(synapse, weight=np.rint(weight * scale).astype(np.int64), exponent=exponent)  # type: ignore[no-any-return]


def _neuron(
    population: Population,
    model: Recurrence,
    steady: NDArray[np.float64],
    scale: float,
    notes: list[str],
    fit: Exact | None,
) -> tuple[LoihiLIF, float]:
    """The neuron as a plain LIF in integers, relative to its resting potential, and its threshold's relative error.

    steady: what the bias adds to the potential per step. fit: where weights stay as they are.
    """
    per_volt = UNIT * scale
    mantissa, exponent = _bias(steady * per_volt, notes)
    emits = population.neuron.spiking
    theta = np.rint((model.threshold - model.initial) * scale) if emits else np.asarray(MAX_THRESHOLD_MANTISSA)
    if fit is not None:
        theta = whole_threshold(model.threshold, fit, model.inclusive)
    reset: Reset = "soft" if model.soft else "hard"
    after = reset_of(model)
    value = np.rint(after * scale) * UNIT if model.soft else np.rint(after * per_volt)
    inclusive = 1 if model.inclusive else 0
    if model.forgets and not mantissa.any():
        inclusive *= UNIT  # v holds whole units only, so that a stock LIF's threshold, one too, parts the same
    neuron = LoihiLIF(
        current_decay=np.rint(4096 * (1 - model.keep_u)).astype(np.int64),
        voltage_decay=np.rint(4096 * (1 - model.keep_v)).astype(np.int64),
        threshold=np.asarray(theta * UNIT - inclusive, np.int64),
        bias_mantissa=mantissa,
        bias_exponent=np.asarray(exponent),
        reset=reset,
        reset_value=np.asarray(value if emits else 0, np.int64),
        emits=emits,
    )
    if not emits or (fit is not None and fit.exponent == 0):  # or it parts the same sums
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


def _headroom(
    synapses: Sequence[Any], payloads: Sequence[float | None], model: Recurrence, spiking: bool, notes: list[str]
) -> None:
    """Say when all that arrives at every step could wrap the current or saturate the potential."""
    driven = any(payload is None for payload in payloads)  # by an input that may hold more than spikes
    largest = [payload or 1.0 for payload in payloads]
    strongest = sum(
        float(row_sums(s).max(initial=0.0)) * 2.0**s.exponent * n for s, n in zip(synapses, largest, strict=True)
    )
    if strongest >= 2 * SAFE_INPUT * leak_of(model, True):
        notes.append(f"the current may wrap when all inputs fire: they add up to {strongest:.0f} a step")
    elif driven and strongest * MODEST_PAYLOAD >= 2 * SAFE_INPUT * leak_of(model, True):
        safe = math.ceil(2 * SAFE_INPUT * leak_of(model, True) / strongest) - 1
        notes.append(f"the current may wrap for input payloads above {safe} when all inputs fire")
    elif strongest >= 2 * SAFE_INPUT * leak_of(model, spiking):
        notes.append(f"v may saturate when all inputs keep firing: they add up to {strongest:.0f} a step")
    inhibition = sum(
        float(row_sums(s, -1).max(initial=0.0)) * 2.0**s.exponent * n for s, n in zip(synapses, largest, strict=True)
    )
    if spiking and (model.keep_v == 1).any() and inhibition:
        steps = 2 * SAFE_INPUT / inhibition
        notes.append(f"without leak, v saturates after {steps:.0f} steps of inhibition by all inputs")


def output_error(maps: Sequence[Map], integers: Sequence[Any], scale: float) -> float | None:
    """Root mean square of the error of what arrives over that of what arrives; None where that is not known."""
    lost = total = 0.0
    for found, integer in zip(maps, integers, strict=True):
        exact, rows = rows_of(found.synapse), rows_of(integer)
        if exact is None or rows is None or found.moment is None:
            return None
        lost += squared_error(exact - rows * (2.0**integer.exponent / scale), found.moment)
        total += squared_error(exact, found.moment)
    return math.sqrt(lost / total) if total else None


def weight_error(floats: Sequence[Any], integers: Sequence[Any], scale: float) -> float:
    """Root mean square of (integer / scale - float) over that of the floats."""
    lost = total = 0.0
    for exact, rounded in zip(floats, integers, strict=True):
        difference = exact.weight - rounded.weight * (2.0**rounded.exponent / scale)
        values = difference.data if sp.issparse(difference) else difference
        lost += float(np.square(values).sum())
        total += float(np.square(values_of(exact)).sum())
    return math.sqrt(lost / total) if total else 0.0
