"""Weights that are whole numbers already, as quantised checkpoints hold them, keep these numbers.

A neuron that forgets everything after a step compares one weighted sum with its threshold. Where weights are whole in
some unit, the sum is too, so in that unit nothing is lost: the threshold is rounded to the whole number that parts the
same sums. (A leak, a bias or a potential that is carried on would want a finer unit.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurokit.lower.discretise import Recurrence

WHOLE = 1e-6  # how far a weight may be off a whole number to be one
LARGEST_SHIFT = 7  # bits that a weight exponent of -8 to 7 takes off a sum, one being left for Lava's even weights


class Exact(NamedTuple):
    """scale: units of weight per unit of potential. exponent: of all weights, 0 or below, by which sums are cut."""

    scale: float
    exponent: int


def exact_scale(values: Sequence[NDArray[np.float64]], bits: int) -> float | None:
    """The scale at which all weights are whole and fit their bits, if the smallest weight becomes 1 there."""
    known = [v for v in values if v.any()]
    if not known:
        return None
    scale = 1 / min(float(np.abs(v[v != 0]).min()) for v in known)
    if any(not _fits(v, scale, bits) for v in known):
        return None
    return scale if all(np.abs(v * scale - np.rint(v * scale)).max() < WHOLE for v in known) else None


def _fits(values: NDArray[np.float64], scale: float, bits: int) -> bool:
    """Of mixed sign two's complement, of one sign all bits for the magnitude (lava-nc 0.10.0, utils/weightutils.py)."""
    low, high = float(values.min()) * scale, float(values.max()) * scale
    most = 1 << bits - 1 if low < 0 < high else 1 << bits
    least = -most if low < 0 < high else 1 - most
    return bool(low >= least - WHOLE and high <= most - 1 + WHOLE)


def exact_fit(
    values: Sequence[NDArray[np.float64]],
    threshold: NDArray[np.float64],
    bias: NDArray[np.float64],
    model: Recurrence,
    bits: int,
    most: float,
    least: int,
) -> Exact | None:
    """How a spiking population keeps its weights; None where it remembers, or they are not whole.

    most: the largest scale at which threshold and current fit; sums of finer payloads are shifted down to it. least:
    the lowest exponent.
    """
    if not model.forgets or bias.any() or model.initial.any():
        return None
    scale = exact_scale(values, bits)
    if scale is None:
        return None
    exponent = -max(0, math.ceil(math.log2(scale / most) - WHOLE)) if most < math.inf else 0
    if exponent < least:
        return None
    scale *= 2.0**exponent
    return Exact(scale, exponent) if float(threshold.min()) * scale >= 1 else None


def whole_threshold(threshold: NDArray[np.float64], fit: Exact, inclusive: bool) -> NDArray[np.float64]:
    """In units of weight: a whole sum is above (at least) it just where it is above (at least) `threshold`."""
    exact = threshold * fit.scale
    near = np.rint(exact)
    if fit.exponent < 0:  # sums are rounded down, so the nearest whole number is
        return np.asarray(near)
    parts = np.ceil(exact) if inclusive else np.floor(exact)
    return np.asarray(np.where(np.abs(exact - near) < WHOLE * np.maximum(1, near), near, parts))
