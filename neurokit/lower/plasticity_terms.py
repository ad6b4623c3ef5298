"""A Rule's terms as products of the learning engine, still in physical units: gates x0, y0 and u, no `before`.

On the chip a source's spike gates x0 in the step in which it is sent, one step before it arrives, while the target's
spike, potential and signals are those of the step. In the target's own time the trace X that a term means is therefore
the chip's trace x without the spike of this step, (x - impulse x0) / exp(-dt / tau); a term gated by a source's spike
is evaluated one step before its arrival, where the trace of the target still lacks this step's decay and spike:
before(Y) = exp(-dt / tau) y. `Expansion.notes` say where that cannot be had exactly.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from neurokit.errors import Fault
from neurokit.graph.plasticity import SYNAPTIC, Apply, Before, Factor, Rule, Term, Trace, Value
from neurokit.graph.plasticity_print import factor_text, terms_text

Gate: TypeAlias = Literal["x0", "y0", "u"]
Target: TypeAlias = Literal["w", "tag", "tag2"]
SPIKES = {"pre": "x0", "post": "y0"}
MOST_PRODUCTS = 64  # of one term; a rule's string ends far before

EARLY = "a source's spike is known on the chip one step before it arrives: '{}' pairs it with the target's step before"
COINCIDENT = "'{}' leaves out target spikes in the step in which the source's arrives"
RECENT = "'{}' counts the source's spike that arrives in this step"
SATURATING = "'{}' is taken with the spike of this step, since a trace that saturates forgets what a spike added"
SAMPLED = "'{}' is taken with the spike of this step, since it is not evaluated in every step"


@dataclass(frozen=True)
class Atom:
    """variable + offset (physical), or its sign. variable: of the Rule, or x0 or y0."""

    variable: str
    offset: float = 0.0
    sign: bool = False


@dataclass(frozen=True)
class EngineTerm:
    """coefficient * gate * (product of atoms), added to target in each step.

    text: the Rule's term it comes from. own: whether it only takes this step's own spike off a trace.
    """

    target: Target
    coefficient: float
    gate: Gate
    atoms: tuple[Atom, ...]
    text: str
    own: bool = False


@dataclass(frozen=True)
class Expansion:
    """terms, equal ones joined; notes: what they leave out, in words; faults: what the engine cannot do."""

    terms: tuple[EngineTerm, ...]
    notes: tuple[str, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class _Part:
    coefficient: float
    gates: frozenset[str] = frozenset()
    atoms: tuple[Atom, ...] = ()
    own: bool = False


@dataclass
class _Expander:
    rule: Rule
    dt: float
    exact: bool  # whether every step is evaluated, so that the spike of this step can be taken off a trace
    notes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def term(self, target: Target, term: Term) -> list[EngineTerm]:
        text = terms_text((term,))
        choices = [self.factor(factor, term.gate, text) for factor in term.factors]
        if math.prod(len(parts) for parts in choices) > MOST_PRODUCTS:
            limit = f"of one term at most {MOST_PRODUCTS} products are made"
            self.fault(target, f"term '{text}' becomes too many products", limit, "Split it, or leave factors out.")
            return []
        base = SPIKES.get(term.gate, "u")
        scale = term.scale * (self.dt if term.gate == "rate" else 1.0)
        found = []
        for parts in itertools.product(*choices):
            coefficient = scale * math.prod(part.coefficient for part in parts)
            gates = frozenset[str]().union(*(part.gates for part in parts)) | ({base} if base != "u" else set())
            atoms = [atom for part in parts for atom in part.atoms]
            gate: Gate = "u"
            if gates:
                gate = base if base in gates else "x0" if "x0" in gates else "y0"  # type: ignore[assignment]  # one of them
                atoms = [*(Atom(other) for other in sorted(gates - {gate})), *atoms]
            found.append(EngineTerm(target, coefficient, gate, tuple(atoms), text, any(part.own for part in parts)))
        return found

    def fault(self, target: str, fact: str, limit: str, mend: str) -> None:
        self.faults.append(Fault(f"{self.rule.name}: {target}", fact, limit, mend))

    def note(self, note: str, text: str) -> None:
        if note.format(text) not in self.notes:
            self.notes.append(note.format(text))

    def factor(self, factor: Factor, gate: str, text: str) -> list[_Part]:
        if isinstance(factor, Apply):
            return self.apply(factor, gate, text)
        name = factor.trace if isinstance(factor, Before) else factor.variable
        if isinstance(factor, Value):
            if name in SPIKES:
                return self.spike(factor, gate, text)
            if name in SYNAPTIC:
                return [_Part(factor.coefficient, atoms=(Atom(name, factor.coefficient * factor.offset),))]
            if name in self.rule.signals:
                return self.signal(factor, gate, text)
        trace = self.rule.traces[name]
        keep = math.exp(-self.dt / trace.tau)
        if isinstance(factor, Before) and trace.overwrites:
            limit = "the engine keeps the last payload only"
            self.fault(
                "trace", f"term '{text}' has before({name}), a trace that is overwritten", limit, "Use it as is."
            )
            return [_Part(1.0)]
        parts = (
            self.source(factor, trace, keep, gate) if trace.side == "pre" else self.target(factor, trace, keep, gate)
        )
        return _shifted(parts, factor)

    def source(self, factor: Value | Before, trace: Trace, keep: float, gate: str) -> list[_Part]:
        """A trace of the source's spikes."""
        text, before = factor_text(factor), isinstance(factor, Before)
        name = factor.trace if isinstance(factor, Before) else factor.variable
        if gate == "pre":
            return [_Part(1.0, atoms=(Atom(name, -trace.impulse if before else 0.0),))]
        if trace.overwrites:
            self.note(EARLY, text)
            return [_Part(1.0, atoms=(Atom(name),))]
        if not self.exact or trace.limit < math.inf:
            self.note(SAMPLED if not self.exact else SATURATING, text)
            return [_Part(1.0, atoms=(Atom(name),))]
        if before:
            self.note(RECENT, text)
        scale = 1.0 if before else 1 / keep
        own = _Part(-scale * trace.impulse, frozenset({"x0"}), own=True)
        return [_Part(scale, atoms=(Atom(name),)), own]

    def target(self, factor: Value | Before, trace: Trace, keep: float, gate: str) -> list[_Part]:
        """A trace of the target's spikes."""
        text, before = factor_text(factor), isinstance(factor, Before)
        name = factor.trace if isinstance(factor, Before) else factor.variable
        if gate == "pre":
            if not before:
                self.note(COINCIDENT, text)
            return [_Part(keep, atoms=(Atom(name),))]
        if gate == "post":
            return [_Part(1.0, atoms=(Atom(name, -trace.impulse if before else 0.0),))]
        if before and not self.exact:
            self.note(SAMPLED, text)
        own = [_Part(-trace.impulse, frozenset({"y0"}), own=True)] if before and self.exact else []
        return [_Part(1.0, atoms=(Atom(name),)), *own]

    def spike(self, value: Value, gate: str, text: str) -> list[_Part]:
        if value.variable == gate:
            return [_Part(value.coefficient + value.offset)]
        if value.variable == "pre" or gate == "pre":
            self.note(EARLY, text)
        spike = _Part(value.coefficient, frozenset({SPIKES[value.variable]}))
        return [spike, _Part(value.offset)] if value.offset else [spike]

    def signal(self, value: Value, gate: str, text: str) -> list[_Part]:
        signal = self.rule.signals[value.variable]
        if signal.function == "constant":
            number = max(-signal.limit, min(signal.limit, signal.parameters["value"]))
            return [_Part(value.coefficient * number + value.offset)]
        if gate == "pre":
            self.note(EARLY, text)
        return [_Part(value.coefficient, atoms=(Atom(value.variable, value.coefficient * value.offset),))]

    def apply(self, apply: Apply, gate: str, text: str) -> list[_Part]:
        """Functions that products and the sign of a synaptic variable can express."""
        shown = factor_text(apply)
        number = sum(scale for scale, factors in apply.inner if not factors)
        products = [(scale, factors) for scale, factors in apply.inner if factors]
        if apply.function == "square" and len(products) == 1 and number == 0:
            scale, factors = products[0]
            parts = [self.factor(factor, gate, text) for factor in (*factors, *factors)]
            return [_joined(scale**2, choice) for choice in itertools.product(*parts)]
        argument = _synaptic(products, number)
        if argument is None or apply.function not in ("sgn", "step", "rectified", "abs"):
            if apply.function in ("sgn", "step", "rectified", "abs"):
                limit = "Loihi compares only a synaptic variable (w, tag, tag2) with a constant"
                mend = "Stage this value in a tag first, or evaluate it in the neuron as a signal."
            else:
                limit = "the learning engine has products and the sign of a synaptic variable, no other function"
                mend = "Approximate it by products or saturating traces, or run it in floats."
            self.fault("function", f"term '{shown}' in '{text}'", limit, mend)
            return [_Part(1.0)]
        scale, atom = argument
        sign = Atom(atom.variable, atom.offset, True)
        positive = math.copysign(1.0, scale)
        if apply.function == "sgn":
            return [_Part(positive, atoms=(sign,))]
        if apply.function == "abs":
            return [_Part(abs(scale), atoms=(atom, sign))]
        if apply.function == "step":
            return [_Part(0.5), _Part(0.5 * positive, atoms=(sign,))]
        return [_Part(0.5 * scale, atoms=(atom,)), _Part(0.5 * abs(scale), atoms=(atom, sign))]


def expand(rule: Rule, dt: float, exact: bool) -> Expansion:
    """The engine's terms. exact: whether terms are evaluated in every step (no interval, no decimation)."""
    expander = _Expander(rule, dt, exact)
    sums: tuple[tuple[Target, tuple[Term, ...]], ...] = (
        ("w", rule.weight),
        ("tag", rule.tag),
        ("tag2", rule.second_tag),
    )
    joined: dict[tuple[Target, Gate, tuple[Atom, ...]], EngineTerm] = {}
    for target, terms in sums:
        for found in (engine for term in terms for engine in expander.term(target, term)):
            key = (found.target, found.gate, tuple(sorted(found.atoms, key=str)))
            first = joined.get(key)
            if first is None:
                joined[key] = found
            else:
                joined[key] = replace(
                    first, coefficient=first.coefficient + found.coefficient, own=first.own and found.own
                )
    return Expansion(
        tuple(term for term in joined.values() if term.coefficient), tuple(expander.notes), tuple(expander.faults)
    )


def _shifted(parts: Sequence[_Part], factor: Value | Before) -> list[_Part]:
    """coefficient * parts + offset; a single trace keeps the offset as its own."""
    if isinstance(factor, Before) or (factor.coefficient == 1 and not factor.offset):
        return list(parts)
    sign, offset = factor.coefficient, factor.offset
    if len(parts) == 1 and len(parts[0].atoms) == 1:
        (atom,) = parts[0].atoms
        scale = sign * parts[0].coefficient
        return [_Part(scale, parts[0].gates, (Atom(atom.variable, atom.offset + offset / scale),))]
    scaled = [replace(part, coefficient=sign * part.coefficient) for part in parts]
    return [*scaled, _Part(offset)] if offset else scaled


def _joined(scale: float, parts: Sequence[_Part]) -> _Part:
    return _Part(
        scale * math.prod(part.coefficient for part in parts),
        frozenset[str]().union(*(part.gates for part in parts)),
        tuple(atom for part in parts for atom in part.atoms),
        any(part.own for part in parts),
    )


def _synaptic(products: Sequence[tuple[float, tuple[Factor, ...]]], number: float) -> tuple[float, Atom] | None:
    """scale * (synaptic variable + offset), if a sum is that."""
    if len(products) != 1 or len(products[0][1]) != 1:
        return None
    scale, (factor,) = products[0]
    if not isinstance(factor, Value) or factor.variable not in SYNAPTIC or scale == 0:
        return None
    scale = scale * factor.coefficient
    return scale, Atom(factor.variable, factor.coefficient * factor.offset + number / scale)
