"""Rates that are small beside the engine's smallest step: decimation, and a constant of the neuron as a factor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from neurokit.graph.check_fixed_rules import MAX_DECIMATION
from neurokit.graph.fixed_plasticity import EXPONENT_RANGE, MAX_TRACE
from neurokit.graph.plasticity import Rule
from neurokit.lower.plasticity_scales import Free, Scales, literal_of, negligible
from neurokit.lower.plasticity_terms import Atom, EngineTerm, Expansion
from neurokit.lower.plasticity_variables import POST

SLOW = 4  # steps of decimation that a time constant must be as long as, times this
SLOWLY = "a constant of the neuron"  # beside slow rates, which have no bits of their own: see `_slowed`
GOOD = 0.1  # relative error up to which no decimation is looked for
LOW = 2.0 ** (EXPONENT_RANGE[0] + 2)  # below which coefficients have few mantissas


def kept(terms: Sequence[EngineTerm], variables: Mapping[str, Free]) -> list[EngineTerm]:
    """Terms but those that are next to nothing beside others."""
    left_out = negligible(terms, variables, {})
    return [term for term in terms if term not in left_out]


def slowed(
    rule: Rule, variables: Mapping[str, Free], expansion: Expansion, scales: Scales, decimation: int
) -> tuple[dict[str, Free], Expansion] | None:
    """Rates near the smallest step or below get a factor that the neuron sends as a constant, if a slot is free for it.

    It makes the product wider, so that it is shifted right by up to 7 bits more. None where nothing needs it or fits.
    """
    low = [
        term
        for term in kept(expansion.terms, variables)
        if abs((literal := literal_of(term, variables, scales, decimation)).error) > GOOD
        and abs(literal.wanted) < LOW
        and term.gate == "u"
        and not term.own
    ]
    used = {variable.slot for variable in variables.values()}
    free = [slot for slot in POST if slot not in used]
    in_connection = [name for name, trace in rule.traces.items() if trace.side == "post"]
    three_factor = any(name in variables for name in rule.signals)
    if not low or not free or (in_connection and not three_factor):
        return None
    choices = tuple(float(value) for value in range(MAX_TRACE, 0, -1))
    constant = Free(free[0], 1.0, 1.0, MAX_TRACE, choices)
    terms = [replace(t, atoms=(*t.atoms, Atom(SLOWLY))) if t in low else t for t in expansion.terms]
    return {**variables, SLOWLY: constant}, replace(expansion, terms=tuple(terms))


def most_decimation(rule: Rule, dt: float, epoch: int, terms: Sequence[EngineTerm]) -> int:
    """How often the terms in every step may be left out: nothing in them may change much meanwhile."""
    inside = [term for term in terms if term.gate == "u"]
    if not inside:
        return 0
    steps = math.inf
    for term in inside:
        for atom in term.atoms:
            if atom.variable in rule.traces:
                steps = min(steps, rule.traces[atom.variable].tau / dt)
            elif atom.variable in rule.signals:
                signal = rule.signals[atom.variable]
                steps = min(steps, signal.parameters["tau"] / dt if "tau" in signal.parameters else 0.0)
        if any(atom.variable == term.target for atom in term.atoms) and term.target != "w":
            steps = min(steps, 1 / abs(term.coefficient))  # its decay
    if steps < 2 * SLOW * epoch:
        return 0
    return min(MAX_DECIMATION, math.floor(math.log2(min(steps, 1e9) / (SLOW * epoch))))
