"""Integer arithmetic of synapses: weight alignment, exponents, wrapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def wrap32(values: Any) -> Ints:
    """Value that an int32 holds after overflow (numpy arrays of Lava's models wrap so)."""
    return np.asarray(values, dtype=np.int64).astype(np.int32).astype(np.int64)


def wrap24(values: Any) -> Ints:
    """Value in [-2**23, 2**23) modulo 2**24: what Lava's Conv sends (`signed_clamp`)."""
    half = 1 << 23
    return (np.asarray(values, dtype=np.int64) + half) % (2 * half) - half


def shift(values: Any, exponent: int) -> Ints:
    """values << exponent, or >> -exponent rounding down, as Lava's Dense does after summing."""
    values = np.asarray(values, dtype=np.int64)
    return np.asarray(np.left_shift(values, exponent) if exponent > 0 else np.right_shift(values, -exponent))


@dataclass(frozen=True)
class ChipWeights:
    """Weights as Lava's Dense and Sparse take them: kept bit for bit by its clipping and truncation.

    mantissa: int32, same shape as the weights. exponent: Lava's weight_exp. bits: Lava's num_weight_bits (8).
    The input to the target is (mantissa @ payload) << exponent, equal to the Program's for every payload.
    """

    mantissa: NDArray[np.int32]
    exponent: int
    bits: int = 8


def chip_weights(weights: Any, exponent: int) -> ChipWeights:
    """Align integer weights to Lava's 8-bit mantissas.

    In mixed sign mode Lava clears the lowest bit, so weights in -128..127 are doubled and the exponent lowered by one;
    floor((2 sum) / 2**(1 - e)) = floor(sum / 2**-e), hence nothing changes. Others pass through. Weights must have
    passed `graph.check.weight_fault`. Source: lava-nc 0.10.0, proc/dense/models.py and utils/weightutils.py.
    """
    values = np.asarray(weights, dtype=np.int64)
    if values.size == 0 or values.min() >= 0 or values.max() <= 0 or not (values % 2).any():
        return ChipWeights(values.astype(np.int32), exponent)
    return ChipWeights((2 * values).astype(np.int32), exponent - 1)
