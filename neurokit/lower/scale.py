"""The common scale of one population: how many units of weight stand for one unit of potential.

It is the largest for which every incoming projection fits its bits, larger projections getting an exponent (and where
these end, smaller ones a negative one). Where the threshold would then be coarse (or a leak's rounding large), it is
raised by powers of two as far as the current's 24 bits allow; where the threshold or the bias would not fit their
bits, it is lowered; and a threshold that all neurons share becomes whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.check import WEIGHT_EXPONENT_RANGE
from neurokit.graph.neurons import BIAS_EXPONENT_RANGE, BIAS_MANTISSA_RANGE, MAX_THRESHOLD_MANTISSA
from neurokit.graph.synapses import Convolving, ConvTranspose2d, Sparse, SumPool2d
from neurokit.lower.discretise import Recurrence
from neurokit.lower.fixedpoint import ACTIVATION_SHIFT
from neurokit.lower.images import largest_sums

LEAKY_THRESHOLD = 1 << 12  # mantissa a leaking neuron's threshold should reach, so that decay's rounding stays small
WHOLE_THRESHOLD = 1 << 6  # and any other's, so that lowering the scale to a whole threshold costs under 1/64
SAFE_INPUT = 1 << 16  # half the |sum| at which u wraps (2**23 / 64)
LARGEST_SUM = 1 << 30  # half of 32 bits
MIN_EXPONENT = WEIGHT_EXPONENT_RANGE[0] + 1  # the last one is for Lava's even weights
MAX_EXPONENT = WEIGHT_EXPONENT_RANGE[1]
UNIT = 1 << ACTIVATION_SHIFT  # what a weight of 1 adds to v
MAX_BIAS = (BIAS_MANTISSA_RANGE[1] - 1) << BIAS_EXPONENT_RANGE[1]  # less one, which rounding may add
TINY = 1e-9  # what float arithmetic may add or take


def choose_scale(
    synapses: Sequence[Any],
    threshold: NDArray[np.float64],
    bias: NDArray[np.float64],
    model: Recurrence,
    bits: int,
    spiking: bool,
    payloads: Sequence[float | None],
    observed: float = math.inf,
) -> float:
    """Units of weight per unit of potential.

    bias: per step, on the potential. payloads: what each source sends at the most. observed: the largest scale for the
    current, as far as one has seen it. Where all this, or another projection's weights, leave a projection no room for
    its bits, its sums are shifted down (`rounding.exponents_at`).
    """
    limits = [scale_limit(values_of(s), bits) for s in synapses if values_of(s).size and values_of(s).any()]
    most = min(observed, ceiling(threshold, bias, model, spiking))
    if not limits:  # no weights: the threshold alone sets the scale
        return min(most, float(LEAKY_THRESHOLD / threshold.max()) if spiking else 1.0)
    fine = max(limits)
    # of what is forgotten whole, no leak is rounded
    leaky = not spiking or (not model.forgets and ((model.keep_v < 1).any() or (model.keep_u > 0).any()))
    wanted_threshold = LEAKY_THRESHOLD if leaky else WHOLE_THRESHOLD
    short = math.log2(wanted_threshold) - math.log2(threshold.max()) - math.log2(fine) if spiking else MAX_EXPONENT
    wanted = math.ceil(short - TINY)
    sums = [float(row_sums(s).max(initial=0.0)) * (n or 1.0) for s, n in zip(synapses, payloads, strict=True)]
    room = SAFE_INPUT * leak_of(model, spiking) / (sum(sums) * fine)
    room = math.floor(math.log2(max(1.0, room)) + TINY)
    fine *= 2 ** max(0, min(wanted, room, MAX_EXPONENT))
    fine /= 2 ** max(0, max(exponent_of(values_of(s), fine, bits) for s in synapses) - MAX_EXPONENT)
    fine = min(fine, most)
    if spiking and threshold.size == 1 and fine * threshold[0] >= 1:
        fine = math.floor(fine * threshold[0] * (1 + TINY)) / threshold[0]
    if not spiking and fine < max(limits):  # free to be such that the largest weight is whole
        largest = _largest(synapses, fine)
        fine *= math.floor(largest) / largest if largest >= 1 else 1
    return float(fine)


def _largest(synapses: Sequence[Any], scale: float) -> float:
    """Largest |weight| of all at `scale`."""
    return max(float(np.abs(values_of(s)).max(initial=0.0)) for s in synapses) * scale


def least_exponent(synapse: Any, scale: float, payload: float | None) -> int:
    """The lowest; for payloads beyond 1 as far as the sum, before it is shifted, fits half of 32 bits."""
    if payload is None or payload <= 1:
        return MIN_EXPONENT
    largest = float(row_sums(synapse).max(initial=0.0)) * scale * payload
    bits = math.ceil(math.log2(largest / LARGEST_SUM)) if largest else 0
    return min(0, max(MIN_EXPONENT, bits))


def ceiling(threshold: NDArray[np.float64], bias: NDArray[np.float64], model: Recurrence, spiking: bool) -> float:
    """The scale at which the threshold's or reset value's 17 bits, or the bias's 13 and its exponent, are full."""
    largest = float(np.abs(bias).max(initial=0.0))
    by_bias = MAX_BIAS / (UNIT * largest) if largest else math.inf
    highest = max(float(threshold.max()), float(np.abs(reset_of(model)).max()))
    return min(by_bias, MAX_THRESHOLD_MANTISSA / highest) if spiking else by_bias


def reset_of(model: Recurrence) -> NDArray[np.float64]:
    """What a spike takes from the potential, or, where it puts it, the distance from rest."""
    return np.asarray(model.reset_value if model.soft else model.reset_value - model.initial)


def leak_of(model: Recurrence, spiking: bool) -> float:
    """Share of what input piles up that a step takes away: of u, and of v where no spike ever resets it."""
    return float((1 - model.keep_u).min() * (1.0 if spiking else (1 - model.keep_v).min()))


def scale_limit(values: NDArray[np.float64], bits: int) -> float:
    """Largest scale at which all values fit `bits` without an exponent."""
    return largest_integer(values, bits) / float(np.abs(values).max())


def largest_integer(values: NDArray[np.float64], bits: int) -> int:
    """Largest magnitude in `bits`; weights of one sign use every bit for it (lava-nc 0.10.0, utils/weightutils.py)."""
    mixed = bool(values.min() < 0 < values.max())
    return max(1, (1 << bits - 1) - 1) if mixed else (1 << bits) - 1


def exponent_of(values: NDArray[np.float64], scale: float, bits: int, least: int = 0) -> int:
    """The smallest exponent of at least `least` with which all values fit `bits` at `scale`."""
    if not values.size or not values.any():
        return 0
    return max(least, math.ceil(math.log2(scale / scale_limit(values, bits)) - TINY))


def row_sums(synapse: Any, sign: int = 0) -> NDArray[np.float64]:
    """Sum of |weight| that each target (of a convolution: each output channel) receives at most; of one sign only."""
    weight = synapse.weight
    if isinstance(synapse, Sparse):
        counted = (sign * weight).maximum(0) if sign else abs(weight)
        return np.asarray(counted.sum(axis=1), np.float64).ravel()
    counted = np.maximum(sign * weight, 0) if sign else np.abs(weight)
    if isinstance(synapse, Convolving):
        return largest_sums(synapse, counted)
    return np.asarray(counted.astype(np.float64).sum(axis=1))


def synapses_of(synapse: Any) -> float:
    """How many listed weights a target (of a convolution: within the image) has, on average."""
    if isinstance(synapse, SumPool2d):
        return float(np.prod(synapse.kernel))
    targets = (
        synapse.weight.shape[1] * synapse.groups if isinstance(synapse, ConvTranspose2d) else synapse.weight.shape[0]
    )
    return values_of(synapse).size / targets


def values_of(synapse: Any) -> NDArray[np.float64]:
    """All listed weights."""
    return np.asarray(synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight, np.float64)
