"""Sums over the steps by a module's own loop, `out = out + spikes`: read behind the network. Knows no torch."""

from __future__ import annotations

from collections.abc import Iterator

from neurokit.converters.torch_expressions import Affine, Expression, Expressions, Leaf, Map, Reshape, Total
from neurokit.errors import Fault


def summand(own: Expression, steps: int, within: Expressions) -> Expression:
    """What `own` adds up, as it is in the last step, where `own` is a sum of one value over all steps; else `own`.

    Behind the sum values may be reshaped, multiplied with one positive number and shifted by one (a mean): the order of
    the sums stays. steps: how many were followed. within: the keeper of the expressions.
    """
    total = own
    while isinstance(total, Reshape) or (isinstance(total, Affine) and _keeps_order(total)):
        total = total.argument
    if not isinstance(total, Total):
        return own
    by_step: dict[int, list[Expression]] = {}
    for term in _terms(total):
        by_step.setdefault(max((leaf.time or 0 for leaf in leaves(term)), default=0), []).append(term)
    if steps < 2 or by_step.keys() != set(range(steps)):
        return own
    added = {step: parts[0] if len(parts) == 1 else within.total(total.place, parts) for step, parts in by_step.items()}
    last = within.aged(added[steps - 1], steps - 1)
    return added[steps - 1] if all(within.aged(part, step) is last for step, part in added.items()) else own


def unequal_sums(own: Expression, steps: int) -> Iterator[Fault]:
    """Faults of a sum over all steps whose terms are not the same in each step."""
    times: dict[str, set[int]] = {}
    for leaf in leaves(own):
        if leaf.time is not None:
            times.setdefault(leaf.name, set()).add(leaf.time)
    for name, seen in times.items():
        if steps > 2 and len(seen) == steps:
            yield Fault(
                name,
                "is added up over the steps, but not each step alike",
                "an output is what the last layer gives in each step",
                "Add the steps up with equal weights, from the first on, or make a leaky sum a neuron without reset, "
                'e.g. snn.Leaky(reset_mechanism="none").',
            )


def _keeps_order(own: Affine) -> bool:
    return own.factor.size == 1 and own.offset.size == 1 and bool((own.factor > 0).all())


def _terms(total: Total) -> Iterator[Expression]:
    """The terms of a sum of sums."""
    waiting: list[Expression] = [total]
    while waiting:
        own = waiting.pop()
        if isinstance(own, Total):
            waiting.extend(reversed(own.terms))
        else:
            yield own


def leaves(own: Expression) -> Iterator[Leaf]:
    """All inputs and neurons in an expression, each once."""
    waiting, seen = [own], {id(own)}
    while waiting:
        found = waiting.pop()
        if isinstance(found, Leaf):
            yield found
        parts = getattr(found, "terms", ()) or ((found.argument,) if isinstance(found, Map | Affine | Reshape) else ())
        for part in parts:
            if id(part) not in seen:
                seen.add(id(part))
                waiting.append(part)
