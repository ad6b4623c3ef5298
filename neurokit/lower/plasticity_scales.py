"""Scales of a rule's variables on the learning engine, and its coefficients as mantissa and exponent.

Traces, signals and tags are free to have any scale at which they do not rail, so it is chosen such that the products'
coefficients are near what 3 bits of mantissa and the exponents hold: coordinate by coordinate, the largest scales that
keep the sum of squared relative errors small. A product's coefficient is mantissa 2**exponent / 2**shift
(`check_fixed_rules.shift_of`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from neurokit.graph.check_fixed_rules import ACCUMULATOR_BITS, MANTISSA_BITS, MAX_MANTISSA, PRODUCT_LIMIT, WIDTHS
from neurokit.graph.fixed_plasticity import EXPONENT_RANGE
from neurokit.lower.plasticity_terms import Atom, EngineTerm

OCTAVES = 10  # that a scale may be below its largest
PER_OCTAVE = 8
SWEEPS = 4
BIT = 4e-3  # what losing a bit of a variable counts for, in squared relative error: about 6 % of a coefficient
IMPOSSIBLE = 1e3
FAR = 0.25  # relative error from which on a coefficient cannot be held
NEGLIGIBLE = 1e-4  # of the other terms of a variable, below which a term is left out


@dataclass(frozen=True)
class Free:
    """A variable of a rule on the chip.

    slot: its name there. peak: the largest |value|, typical: a usual one, both physical. most: chip units per physical
    unit at the most. choices: the only scales there are, where they are few (the impulse of a trace is a whole number).
    offset: chip value that stands for 0.
    """

    slot: str
    peak: float
    typical: float
    most: float
    choices: tuple[float, ...] = ()
    offset: int = 0

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self.choices) == 1


Scales = Mapping[str, float]


@dataclass(frozen=True)
class Literal:
    """mantissa 2**exponent of a product, for `wanted`, a coefficient times 2**shift; error: relative."""

    mantissa: int
    exponent: int
    error: float
    wanted: float

    @property
    def possible(self) -> bool:
        """Whether it is near what is wanted."""
        return abs(self.error) < FAR


def shift_of(term: EngineTerm, variables: Mapping[str, Free]) -> int:
    """Bits that the term's product is shifted right by."""
    bits = sum(WIDTHS[slot_of(atom.variable, variables)] for atom in term.atoms) + MANTISSA_BITS
    return max(0, bits - ACCUMULATOR_BITS)


def slot_of(variable: str, variables: Mapping[str, Free]) -> str:
    """Chip name of a variable."""
    return variables[variable].slot if variable in variables else variable


def constant_of(atom: Atom, variables: Mapping[str, Free], scales: Scales) -> tuple[int, float]:
    """The whole number beside an atom's variable, and the relative error of the physical offset."""
    if atom.variable not in variables:
        return 0, 0.0
    exact = atom.offset * scales[atom.variable]
    whole = round(exact)
    return whole - variables[atom.variable].offset, abs(whole / exact - 1) if exact else 0.0


def literal_of(
    term: EngineTerm, variables: Mapping[str, Free], scales: Scales, decimation: int, limit: float = math.inf
) -> Literal:
    """The nearest mantissa and exponent. limit: largest |product| of the other factors, for the 32 bits."""
    coefficient = term.coefficient * scales[term.target]
    for atom in term.atoms:
        if not atom.sign and atom.variable in scales:
            coefficient /= scales[atom.variable]
    if term.gate == "u":
        coefficient *= 2**decimation
    wanted = coefficient * 2.0 ** shift_of(term, variables)
    return nearest(wanted, limit)


def nearest(wanted: float, limit: float = math.inf) -> Literal:
    """`wanted` as mantissa 2**exponent, the mantissa as large as it can be: the shift cuts bits of the product.

    limit: the largest product of the other factors, which leaves the mantissa what there is in 32 bits.
    """
    low, high = EXPONENT_RANGE
    size = abs(wanted)
    if size == 0 or not math.isfinite(size):
        return Literal(0, 0, 1.0, wanted)
    best = None
    around = math.floor(math.log2(size)) - 2
    for exponent in range(min(max(around - 1, low), high), max(min(around + 2, high), low) + 1):
        mantissa = min(max(round(size / 2.0**exponent), 1), MAX_MANTISSA)
        error = mantissa * 2.0**exponent / size - 1
        if best is None or abs(error) < abs(best.error) - 1e-12:
            best = Literal(mantissa, exponent, error, wanted)
    assert best is not None, "the range is not empty"
    mantissa, exponent = best.mantissa, best.exponent
    while mantissa * 2 <= MAX_MANTISSA and exponent > low and mantissa * 2 * limit <= PRODUCT_LIMIT:
        mantissa, exponent = mantissa * 2, exponent - 1
    while mantissa % 2 == 0 and exponent < high and mantissa * limit > PRODUCT_LIMIT:
        mantissa, exponent = mantissa // 2, exponent + 1
    return replace(best, mantissa=int(math.copysign(mantissa, wanted)), exponent=exponent)


def typical_of(term: EngineTerm, variables: Mapping[str, Free], known: Mapping[str, float]) -> float:
    """Usual |size| of a term in a step in which its gate is open; known: of variables that are not in `variables`."""
    size = abs(term.coefficient)
    for atom in term.atoms:
        if not atom.sign and atom.variable not in ("x0", "y0"):
            usual = variables[atom.variable].typical if atom.variable in variables else known.get(atom.variable, 1.0)
            size *= max(usual, abs(atom.offset))
    return size


def negligible(
    terms: Sequence[EngineTerm], variables: Mapping[str, Free], known: Mapping[str, float]
) -> list[EngineTerm]:
    """Terms that are next to nothing beside the others with the same target and gate."""
    sizes = [typical_of(term, variables, known) for term in terms]
    found = []
    for term, size in zip(terms, sizes, strict=True):
        others = [s for t, s in zip(terms, sizes, strict=True) if t.target == term.target and t.gate == term.gate]
        if size < NEGLIGIBLE * max(others):
            found.append(term)
    return found


def choose(
    terms: Sequence[EngineTerm], variables: Mapping[str, Free], fixed: Scales, decimation: int
) -> tuple[dict[str, float], float]:
    """Scales of all variables and what they cost; fixed: of those that are given."""
    scales = {name: v.choices[0] if v.choices else v.most for name, v in variables.items()} | dict(fixed)
    cost = _cost(terms, variables, scales, decimation)
    for _ in range(SWEEPS):
        before = cost
        for name, variable in variables.items():
            if variable.fixed or name in fixed:
                continue
            for candidate in _candidates(name, variable, terms, variables, scales, decimation):
                trial = scales | {name: candidate}
                found = _cost(terms, variables, trial, decimation)
                if found < cost - 1e-12:
                    scales, cost = trial, found
        if cost >= before - 1e-9:
            break
    return scales, cost


def _candidates(
    name: str,
    variable: Free,
    terms: Sequence[EngineTerm],
    variables: Mapping[str, Free],
    scales: Scales,
    decimation: int,
) -> Sequence[float]:
    if variable.choices:
        return variable.choices
    grid = [variable.most * 2.0 ** (-k / PER_OCTAVE) for k in range(OCTAVES * PER_OCTAVE)]
    for term in terms:  # scales that make a coefficient exact
        power = (term.target == name) - sum(atom.variable == name and not atom.sign for atom in term.atoms)
        if not power:
            continue
        now = abs(literal_of(term, variables, scales, decimation).wanted)
        for mantissa in (4, 5, 6, 7):
            for exponent in range(EXPONENT_RANGE[0] - 2, EXPONENT_RANGE[1] + 1):
                candidate = scales[name] * (mantissa * 2.0**exponent / now) ** (1 / power)
                if variable.most * 2.0**-OCTAVES < candidate <= variable.most:
                    grid.append(candidate)
    return grid


def _cost(terms: Sequence[EngineTerm], variables: Mapping[str, Free], scales: Scales, decimation: int) -> float:
    cost = 0.0
    for term in terms:
        literal = literal_of(term, variables, scales, decimation)
        if literal.possible or (term.own and abs(literal.wanted) < 1):
            cost += min(1.0, abs(literal.error)) ** 2
        else:
            cost += IMPOSSIBLE * (1 + abs(math.log2(abs(literal.wanted))))
        for atom in (atom for atom in term.atoms if atom.offset):
            constant, error = constant_of(atom, variables, scales)
            wide = abs(constant) >> WIDTHS[slot_of(atom.variable, variables)]
            cost += IMPOSSIBLE * math.log2(1 + wide) + min(1.0, error) ** 2
    bits = (math.log2(v.most / abs(scales[name])) for name, v in variables.items() if not v.choices)
    return (
        cost
        + BIT * sum(bits)
        + BIT * sum(math.log2(abs(v.choices[0] / scales[name])) for name, v in variables.items() if len(v.choices) > 1)
    )
