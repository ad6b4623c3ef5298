"""The branches that meet in one population: whether each keeps enough of its weights at their common scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.network import Population, Projection
from neurokit.lower.scale import MAX_EXPONENT, MIN_EXPONENT, largest_integer, row_sums, values_of

FEWEST_BITS = 3  # a network whose weights keep fewer of the bits asked for is refused
MOST_CUT = 2.0**-FEWEST_BITS  # of the sums, by shifting them down: as much as rounding takes from so few bits
UNSEEN = 2.0**-12  # of the threshold (of what else arrives, where there is none): a branch that adds no more may go


class Branch(NamedTuple):
    """A projection, its map in floats and in integers, and the largest |payload|, None where unknown."""

    projection: Projection
    exact: Any
    integers: Any
    payload: float | None


class Limits(NamedTuple):
    """What a population's scale is to suit.

    threshold, reset: of the potential, in the source's units. scale: units of weight per unit of potential. limited:
    whether threshold, reset or bias keep it from being larger.
    """

    threshold: NDArray[np.float64]
    reset: NDArray[np.float64]
    scale: float
    bits: int
    limited: bool


def sign_faults(projections: Sequence[Projection], gained: Sequence[Any], bits: int) -> list[Fault]:
    """What one bit cannot hold."""
    return [
        Fault(
            projection.name,
            "has weights of both signs",
            "1 bit holds 0 and one sign",
            "Use bits=2 or more.",
        )
        for projection, synapse in zip(projections, gained, strict=True)
        if bits == 1 and values_of(synapse).min(initial=0) < 0 < values_of(synapse).max(initial=0)
    ]


def range_faults(
    population: Population, branches: Sequence[Branch], limits: Limits, cut: float, notes: list[str]
) -> list[Fault]:
    """A threshold of none, or one (a bias, a reset value, other branches) so far above weights that these are lost.

    cut: share that shifting takes off the sums (`rounding.share_cut`). A branch of which nobody would notice that it
    rounds to zero is noted.
    """
    if population.neuron.spiking and round(limits.threshold.min() * limits.scale) < 1:
        return [_low_threshold(population.name, limits)]
    if limits.limited and cut > MOST_CUT:
        fact = f"{_above(population, limits)} is so far above the weights that {cut:.0%} of their sums would be cut off"
        return [Fault(population.name, fact, *_FULL)]
    fewest = 1 << FEWEST_BITS - 1 if limits.limited else 1
    for branch in branches:
        values, most = values_of(branch.exact), int(np.abs(values_of(branch.integers)).max(initial=0))
        if not values.any() or most >= min(fewest, largest_integer(values, limits.bits)):
            continue
        others = [other for other in branches if values_of(other.integers).any()]
        if not others or (most and limits.limited):
            fact = f"{_above(population, limits)} is so far above the weights that they keep integers to {most}"
            return [Fault(population.name, fact, *_FULL)]
        if most or not _unseen(population, branch, others, limits):
            return [_small_branch(branch, others)]
        notes.append(
            f"{branch.projection.name} adds less than a unit and rounds to zero: its weights reach "
            f"{np.abs(values).max():.2g}, others {_largest(others):.2g}"
        )
    return []


_FULL = (
    "thresholds and reset values have 17 bits, biases 13 and an exponent of up to 7",
    "Scale the layer's weights up, or its threshold or bias down.",
)


def _above(population: Population, limits: Limits) -> str:
    """What fills its bits."""
    names = {"the threshold": limits.threshold, "the reset value": np.abs(limits.reset)}
    full = [f"{name} {values.max():g}" for name, values in names.items() if limits.scale * values.max() > 1 << 16]
    return full[0] if full and population.neuron.spiking else "the bias"


def _low_threshold(name: str, limits: Limits) -> Fault:
    lowest, far = float(limits.threshold.min()), float(np.abs(limits.reset).max())
    fact, mend = f"the threshold {lowest:g} lies far below", "Scale the layer's weights down, or its threshold up."
    if limits.scale * far > 1 << 16:
        fact, mend = f"{fact} the reset value {far:g}", "Bring the reset value nearer to rest."
    else:
        fact = f"{fact} the weights"
    return Fault(name, fact, f"its mantissa, {lowest * limits.scale:.2g}, must be at least 1", mend)


def _largest(branches: Sequence[Branch]) -> float:
    return max(float(np.abs(values_of(branch.exact)).max()) for branch in branches)


def _unseen(population: Population, branch: Branch, others: Sequence[Branch], limits: Limits) -> bool:
    """Whether all that the branch may add in a step is next to nothing. Of unknown payloads nobody can tell."""
    if branch.payload is None:
        return False
    reach = float(row_sums(branch.exact).max()) * branch.payload
    if population.neuron.spiking:
        return reach < UNSEEN * float(limits.threshold.min())
    return reach < UNSEEN * max(float(row_sums(other.exact).max()) * (other.payload or 1.0) for other in others)


def _small_branch(branch: Branch, others: Sequence[Branch]) -> Fault:
    largest = float(np.abs(values_of(branch.exact)).max())
    return Fault(
        branch.projection.name,
        f"its weights reach {largest:.2g} and would round to zero beside others of {_largest(others):.2g}",
        f"projections of a population share one scale, with exponents of {MIN_EXPONENT} to {MAX_EXPONENT}",
        "Scale its weights up and what it is sent down, or pass calibrate= with samples of the input.",
    )
