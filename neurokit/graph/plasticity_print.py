"""Terms of a plasticity rule as text that `plasticity_text` reads back, number for number."""

from __future__ import annotations

import math
from collections.abc import Sequence

from neurokit.graph.plasticity import Apply, Before, Factor, Rule, Term, Value


def terms_text(terms: Sequence[Term]) -> str:
    """A sum of products, "" for none."""
    return _sum([(term.scale, (term.gate, *(factor_text(f) for f in term.factors))) for term in terms])


def rule_text(rule: Rule) -> str:
    """The changes of weight and tags, one a line."""
    sums = {"dw": rule.weight, "dtag": rule.tag, "dtag2": rule.second_tag}
    return "\n".join(f"{name} = {terms_text(terms)}" for name, terms in sums.items() if terms)


def factor_text(factor: Factor) -> str:
    """One factor."""
    if isinstance(factor, Before):
        return f"before({factor.trace})"
    if isinstance(factor, Apply):
        inner = [(scale, tuple(factor_text(f) for f in factors)) for scale, factors in factor.inner]
        text = _sum(inner) or "0"
        alone = len(inner) == 1 and inner[0][0] == 1 and len(inner[0][1]) == 1 and text.startswith("(")
        return f"{factor.function}{text}" if alone else f"{factor.function}({text})"
    return _value(factor)


def number(value: float) -> str:
    """A float with all its digits, whole ones without a point."""
    return repr(int(value)) if math.isfinite(value) and value == int(value) and abs(value) < 1e15 else repr(value)


def _sum(products: Sequence[tuple[float, tuple[str, ...]]]) -> str:
    text = ""
    for scale, factors in products:
        negative = math.copysign(1.0, scale) < 0
        size = [] if abs(scale) == 1 and factors else [number(abs(scale))]
        sign = ("-" if negative else "") if not text else (" - " if negative else " + ")
        text += sign + " * ".join([*size, *factors])
    return text


def _value(value: Value) -> str:
    sign = "-" if math.copysign(1.0, value.offset) < 0 else "+"
    if value.coefficient == -1:
        return f"({number(value.offset)} - {value.variable})"
    return f"({value.variable} {sign} {number(abs(value.offset))})" if value.offset else value.variable
