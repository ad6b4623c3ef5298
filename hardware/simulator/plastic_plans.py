"""How the products of a learning rule are computed in 16 bits, for the rows of `plastic_rows`.

A product is (mantissa * factors) >> shift, times a power of two. It may need 32 bits on the way, but what is left of it
after the shift seldom does: the upper half of a 16-bit multiplication is (left * right) >> 16, so where the factors can
be split in two groups of which each, with zeros behind it, fits in 16 bits, and the zeros add up to 16 - shift, one
instruction multiplies and shifts. Whether they fit is a matter of the factors' widths, not of a rule's constants, so
that rules of one structure share their compiled code.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from neurokit.graph.fixed_plasticity import FixedFactor, Product
from neurokit.lower.fixedpoint.learning import WIDTHS, product_shift

MANTISSA = -1  # its place among a product's factors
LEAST, MOST = -(1 << 15), (1 << 15) - 1
MANTISSAS = -8, 8


@dataclass(frozen=True)
class Group:
    """Places of factors that are multiplied, and how many zeros are put behind."""

    factors: tuple[int, ...]
    zeros: int


@dataclass(frozen=True)
class Plan:
    """groups: two, of which the upper half of the product is taken; one, which fits as it is; shift: of what comes."""

    groups: tuple[Group, ...]
    shift: int


def of_row(factor: FixedFactor) -> bool:
    """Whether a factor is the same for all synapses of a source."""
    return factor.variable in ("x0", "x1", "x2")


def ends_of(factor: FixedFactor) -> tuple[int, int]:
    """The least and the largest value of a factor, of a tag that is not below its range."""
    if factor.sign:
        return -1, 1
    if factor.variable in ("x0", "y0") and not factor.constant:
        return 0, 1
    limit = 1 << WIDTHS[factor.variable]
    if factor.constant:
        return -limit, limit - 1
    known = {"w": (-256, 255), "t": (-256, 255), "d": (0, 255), "x1": (0, 127), "x2": (0, 127)}
    return known.get(factor.variable, (-127, 127))


def plan_of(product: Product) -> Plan | None:
    """The way that takes fewest instructions; None if there is none."""
    shift, places = product_shift(product), (MANTISSA, *range(len(product.factors)))
    if _fits(_range(product, places), 0):
        return Plan((Group(places, 0),), shift)
    if shift > 16:
        return None
    return min(_splits(product, places, 16 - shift), key=lambda plan: _cost(product, plan), default=None)


def _splits(product: Product, places: tuple[int, ...], zeros: int) -> Iterator[Plan]:
    for count in range(1, len(places)):
        for left in itertools.combinations(places, count):
            right = tuple(place for place in places if place not in left)
            for some in range(zeros + 1):
                if _fits(_range(product, left), some) and _fits(_range(product, right), zeros - some):
                    yield Plan((Group(left, some), Group(right, zeros - some)), 0)


def _range(product: Product, places: tuple[int, ...]) -> tuple[int, int]:
    low = high = 1
    for place in places:
        ends = MANTISSAS if place == MANTISSA else ends_of(product.factors[place])
        found = [a * b for a in (low, high) for b in ends]
        low, high = min(found), max(found)
    return low, high


def _fits(ends: tuple[int, int], zeros: int) -> bool:
    return ends[0] << zeros >= LEAST and ends[1] << zeros <= MOST


def _cost(product: Product, plan: Plan) -> int:
    """Instructions for vectors of synapses. A variable with 7 zeros behind is needed in any case."""
    total = 0
    for group in plan.groups:
        own = [place for place in group.factors if place == MANTISSA or of_row(product.factors[place])]
        others = [product.factors[place] for place in group.factors if place not in own]
        total += max(0, len(others) - 1) + bool(own)
        raised = len(others) == 1 and not others[0].constant and others[0].variable in "wtd" and group.zeros == 7
        total += not own and group.zeros > 0 and not raised
    return total
