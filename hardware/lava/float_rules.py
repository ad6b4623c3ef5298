"""A Rule in the strings of Lava's floating-point learning engine. Does not import Lava.

That engine multiplies as it reads, with constants on the chip's grid only: mantissa * 2**exponent. But traces may have
any impulse and signals any scale, so most constants go there, exactly; where nothing is free, a spare y of a rule of
three factors is made a constant, and else the nearest constant of the grid is taken and its error reported. Time: what
the rule calls `pre` in a step is what arrives at the LearningDense's s_in in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations
from itertools import product as product_of
from typing import Any

from neurokit.errors import BackendError, Fault
from neurokit.graph.fixed_plasticity import EXPONENT_RANGE, MAX_RULE_CHARACTERS
from neurokit.graph.plasticity import Apply, Before, Factor, Gate, Rule, Signal, Term, Trace, Value

MANTISSAS = range(1, 8)
SECOND_TAG_OFFSET = 1024.0  # Lava clips the second tag (the delay) at 0 from below
DEPENDENCIES: Mapping[Gate, str] = {"pre": "x0", "post": "y0", "step": "u0", "rate": "u0"}
SYNAPTIC = {"w": "w", "tag": "t", "tag2": "d"}
TARGETS = {"dt": "tag", "dd": "tag2", "dw": "w"}
EXACT = 1e-12
MOST_PERMUTED = 5  # products whose orders are all tried


@dataclass(frozen=True)
class FloatStrings:
    """A Rule as Lava's floating-point engine takes it.

    strings: of dw, dt and dd. traces: by the chip's names, tau in steps and the impulse it gets there. signals: of y1
    to y3, scaled. epoch: steps. scales: units in Lava per unit of the rule, by trace, signal, "tag" and "tag2".
    starts: of tag and second tag in Lava, whose second tag is shifted by `second_tag_offset`. assigned: Lava's names.
    errors: relative error of constants that are not exact, by term. notes: what else differs, in words.
    """

    strings: Mapping[str, str]
    traces: Mapping[str, Trace]
    signals: Mapping[str, Signal]
    epoch: int
    scales: Mapping[str, float]
    starts: tuple[float, float]
    second_tag_offset: float
    assigned: Mapping[str, str]
    errors: Mapping[str, float]
    notes: tuple[str, ...]


@dataclass
class _Product:
    """One product; factors: (variable of the rule, constant added in the rule's units, sgn)."""

    target: str
    scale: float
    dependency: str
    factors: list[tuple[str, float, bool]]
    text: str


@dataclass
class _Scales:
    """Units in Lava per unit of the rule, as they are chosen."""

    rule: Rule
    target_first: bool
    chosen: dict[str, float] = field(default_factory=lambda: {"w": 1.0})
    constants: dict[str, float] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)

    def literal(self, product: _Product) -> tuple[int, int]:
        """(mantissa, exponent), after giving what is still free the scale that makes it a constant of the grid."""
        names = [name for name, _, sign in product.factors if not sign and name not in SYNAPTIC]
        tags = [name for name, _, sign in product.factors if not sign and name in SYNAPTIC]
        counted = [*names, *tags, TARGETS[product.target]]
        for name in counted[::-1] if self.target_first else counted:
            if name not in self.chosen and counted.count(name) == 1:
                wanted = self._ratio(product, without=name)
                self.chosen[name] = 1 / abs(wanted) if name == TARGETS[product.target] else abs(wanted)
                break
        ratio = self._ratio(product)
        found, error = nearest(ratio)
        if error > EXACT and self.rule.signals:
            found, error = self._with_constant(product, ratio, error)
        if error > EXACT:
            self.errors[product.text] = error
        return found

    def _ratio(self, product: _Product, without: str = "") -> float:
        ratio = product.scale
        if TARGETS[product.target] != without:
            ratio *= self.chosen.setdefault(TARGETS[product.target], 1.0)
        for name, _, sign in product.factors:
            if not sign and name != without:
                ratio /= self.chosen.setdefault(name, 1.0)
        return ratio

    def _with_constant(self, product: _Product, ratio: float, error: float) -> tuple[tuple[int, int], float]:
        """The ratio with a constant signal as one factor more, if there is such a y, or one to spare."""
        for name, value in self.constants.items():
            found, left = nearest(ratio / value)
            if left <= EXACT:
                product.factors.append((name, 0.0, False))
                return found, left
        used = sum(trace.side == "post" for trace in self.rule.traces.values())
        if used + len(self.rule.signals) + len(self.constants) == 3:
            return nearest(ratio)[0], error
        name = f"constant {len(self.constants)}"
        self.constants[name], self.chosen[name] = abs(ratio), 1.0
        product.factors.append((name, 0.0, False))
        return (-1 if ratio < 0 else 1, 0), 0.0


def nearest(value: float) -> tuple[tuple[int, int], float]:
    """The constant of Lava's grid that is nearest to `value`, and its relative error."""
    grid = [(m, e) for e in range(EXPONENT_RANGE[0], EXPONENT_RANGE[1] + 1) for m in MANTISSAS]
    m, e = min(grid, key=lambda c: (abs(math.ldexp(*c) - abs(value)), c[0]))
    error = abs(math.ldexp(m, e) / abs(value) - 1) if value else 0.0
    return (int(math.copysign(m, value)) if value else 0, e), error


def float_strings(rule: Rule, dt: float) -> FloatStrings:
    """The rule at steps of dt seconds. BackendError with all that Lava's floating-point engine cannot hold."""
    faults = list(_faults(rule))
    if faults:
        raise BackendError(faults)
    epoch = 1 if rule.interval is None else round(rule.interval / dt)
    notes: list[str] = []
    sums = {"dt": rule.tag, "dd": rule.second_tag, "dw": rule.weight}
    gated = [(target, term) for target, terms in sums.items() for term in terms]
    products = [product for one in gated for product in _products(rule, *one, dt * epoch, notes)]
    products, literals, scales = _scaled(rule, products)
    assigned = _assigned(rule, scales.constants)
    offset = SECOND_TAG_OFFSET if rule.second_tag else 0.0
    strings: dict[str, str] = {}
    for product, literal in zip(products, literals, strict=True):
        strings[product.target] = strings.get(product.target, "") + _text(product, literal, scales, assigned, offset)
    strings = {target: text.removeprefix("+") for target, text in strings.items()}
    long = [target for target, text in strings.items() if len(text) > MAX_RULE_CHARACTERS]
    if long:
        raise BackendError([_too_long(rule, target, strings[target]) for target in long])
    if rule.bounds not in ((-math.inf, math.inf), (0.0, math.inf), (-math.inf, 0.0)):
        notes.append(f"weights are not clipped to {rule.bounds}: Lava's floating-point engine has bounds at 0 only")
    return FloatStrings(
        strings=strings,
        traces=_traces(rule, scales, assigned, dt),
        signals=_signals(rule, scales, assigned, dt),
        epoch=epoch,
        scales=scales.chosen,
        starts=(
            rule.tag_start * scales.chosen.get("tag", 1.0),
            rule.second_tag_start * scales.chosen.get("tag2", 1.0) + offset,
        ),
        second_tag_offset=offset,
        assigned=assigned,
        errors=scales.errors,
        notes=tuple(dict.fromkeys(notes)),
    )


def _scaled(rule: Rule, products: list[_Product]) -> tuple[list[_Product], list[tuple[int, int]], _Scales]:
    """Products and their constants, with the scales that leave the least error: which is given first decides."""
    best: tuple[Any, ...] | None = None
    ways = permutations(range(len(products))) if len(products) <= MOST_PERMUTED else [tuple(range(len(products)))]
    for order, target_first in product_of(ways, (False, True)):
        tried = [replace(one, factors=[*one.factors]) for one in products]
        scales = _Scales(rule, target_first)
        for name, trace in rule.traces.items():
            if trace.overwrites:  # Lava sets x1 to half of the payload
                scales.chosen[name] = 0.5 / trace.impulse
        found = {k: scales.literal(tried[k]) for k in order}
        cost = sum(scales.errors.values()), len(scales.constants)
        if best is None or cost < best[0]:
            best = cost, tried, [found[k] for k in range(len(tried))], scales
        if cost == (0, 0):
            break
    assert best is not None, "there is one way at least"
    return best[1], best[2], best[3]


def _products(rule: Rule, target: str, term: Term, step: float, notes: list[str]) -> Iterator[_Product]:
    """The products of a term: `before(x)` where its neuron has not spiked, less its impulse where it has."""
    found = _Product(target, term.scale * (step if term.gate == "rate" else 1.0), DEPENDENCIES[term.gate], [], "")
    found.text = f"{target}: {term.scale:g} {term.gate} {' '.join(_name(f) for f in term.factors)}".rstrip()
    split: list[tuple[str, float]] = []
    for factor in term.factors:
        if isinstance(factor, Apply):
            (scale, inner), *rest = factor.inner
            offset = sum(s for s, factors in rest if not factors)
            (value,) = inner
            assert isinstance(value, Value), "_faults refuses others"
            found.factors.append((value.variable, offset / scale + value.offset, True))
            found.scale *= math.copysign(1, scale)
        elif isinstance(factor, Value):
            if factor.variable in ("pre", "post"):
                continue  # the gate says so already; _faults refuses others
            found.scale *= factor.coefficient
            found.factors.append((factor.variable, factor.coefficient * factor.offset, False))
        else:
            trace = rule.traces[factor.trace]
            if term.gate == trace.side:
                found.factors.append((factor.trace, -trace.impulse, False))
            elif term.gate in ("pre", "post"):
                notes.append(f"{found.text}: a spike of both sides in one step counts as one before the other")
                found.factors.append((factor.trace, 0.0, False))
            else:
                split.append((factor.trace, trace.impulse))
                found.factors.append((factor.trace, 0.0, False))
    yield found
    for name, impulse in split:  # one at most
        factors = [one for one in found.factors if one[0] != name]
        side = rule.traces[name].side
        yield _Product(target, -impulse * found.scale, DEPENDENCIES[side], factors, f"{found.text} (before)")


def _faults(rule: Rule) -> Iterator[Fault]:
    terms = (*rule.weight, *rule.tag, *rule.second_tag)
    names = {"pre": 2, "post": 3}
    for side, most in names.items():
        count = sum(trace.side == side for trace in rule.traces.values()) + (len(rule.signals) if side == "post" else 0)
        if count > most:
            limit = f"Lava has {most} for a {side} neuron's traces and signals"
            yield Fault(rule.name, f"has {count} of the {side} side", limit, "Use fewer, or a rule for each.")
    for name, trace in rule.traces.items():
        if trace.limit < math.inf:
            limit = "Lava's floating-point traces have no limit"
            yield Fault(rule.name, f"trace '{name}' saturates at {trace.limit:g}", limit, "Leave the limit out.")
        if trace.overwrites and trace.side == "post":
            limit = "in Lava only x1 takes payloads"
            yield Fault(rule.name, f"trace '{name}' takes its target's payloads", limit, "Use a pre trace.")
    for term in terms:
        yield from (fault for factor in term.factors for fault in _factor_faults(rule, term, factor))
    for host in rule.host:
        yield Fault(rule.name, f"has the host step '{host.operation}'", "Lava has no host steps", "Leave it out.")


def _factor_faults(rule: Rule, term: Term, factor: Factor) -> Iterator[Fault]:
    where = f"factor '{_name(factor)}' behind the gate '{term.gate}'"
    if isinstance(factor, Value) and factor.variable in ("pre", "post") and factor.variable != term.gate:
        limit = "Lava's floating-point engine knows no x0 or y0 but as the dependency of a product"
        yield Fault(rule.name, where, limit, "Gate the term by it instead.")
    if (
        isinstance(factor, Value)
        and factor.variable in ("pre", "post")
        and (factor.coefficient, factor.offset) != (1, 0.0)
    ):
        yield Fault(rule.name, where, "x0 and y0 take no constant here", "Write two terms.")
    if isinstance(factor, Before):
        if rule.traces[factor.trace].overwrites:
            limit = "Lava does not keep what a payload overwrote"
            yield Fault(rule.name, where, limit, "Use the trace as it is.")
        befores = [f for f in term.factors if isinstance(f, Before) and rule.traces[f.trace].side != term.gate]
        if term.gate in ("step", "rate") and len(befores) > 1:
            limit = "their product would need the product of x0 and y0"
            yield Fault(rule.name, f"two traces 'before' behind the gate '{term.gate}'", limit, "Use one.")
    if isinstance(factor, Apply):
        plain = factor.function == "sgn" and all(
            not factors or (len(factors) == 1 and isinstance(factors[0], Value) and factors[0].variable in SYNAPTIC)
            for _, factors in factor.inner
        )
        if not plain or sum(bool(factors) for _, factors in factor.inner) != 1 or not factor.inner[0][1]:
            limit = "Lava has only sgn, of one of w, tag and tag2 plus a constant"
            yield Fault(rule.name, where, limit, "Evaluate it in the neuron, as a signal.")


def _name(factor: Factor) -> str:
    if isinstance(factor, Before):
        return f"before({factor.trace})"
    return factor.variable if isinstance(factor, Value) else f"{factor.function}(...)"


def _assigned(rule: Rule, constants: Mapping[str, float]) -> dict[str, str]:
    """Lava's names: a trace that takes payloads is x1."""
    pre = sorted((n for n, t in rule.traces.items() if t.side == "pre"), key=lambda n: not rule.traces[n].overwrites)
    post = [*(n for n, t in rule.traces.items() if t.side == "post"), *rule.signals, *constants]
    return dict(zip(pre, ("x1", "x2"), strict=False)) | dict(zip(post, ("y1", "y2", "y3"), strict=False)) | SYNAPTIC


def _text(
    product: _Product, literal: tuple[int, int], scales: _Scales, assigned: Mapping[str, str], offset: float
) -> str:
    mantissa, exponent = literal
    parts = [f"{'-' if mantissa < 0 else '+'}{abs(mantissa)}*2^{exponent}", product.dependency]
    for name, constant, sign in product.factors:
        value = constant * scales.chosen.get(name, 1.0) - (offset if name == "tag2" else 0.0)
        inner = assigned[name] + (_constant(value) if value else "")
        parts.append(f"sgn({inner})" if sign else f"({inner})" if value else inner)
    return "*".join(parts)


def _constant(value: float) -> str:
    """A float exactly: in brackets Lava takes any whole mantissa and exponent."""
    mantissa, exponent = math.frexp(abs(value))
    whole, exponent = int(math.ldexp(mantissa, 53)), exponent - 53
    while whole % 2 == 0:
        whole, exponent = whole // 2, exponent + 1
    return f"{'-' if value < 0 else '+'}{whole}*2^{exponent}"


def _traces(rule: Rule, scales: _Scales, assigned: Mapping[str, str], dt: float) -> dict[str, Trace]:
    """Those that the connection keeps: with signals only the pre side's."""
    return {
        assigned[name]: replace(trace, tau=trace.tau / dt, impulse=trace.impulse * scales.chosen.get(name, 1.0))
        for name, trace in rule.traces.items()
        if trace.side == "pre" or not rule.signals
    }


def _signals(rule: Rule, scales: _Scales, assigned: Mapping[str, str], dt: float) -> dict[str, Signal]:
    found = {}
    for name, signal in rule.signals.items():
        scale = scales.chosen.get(name, 1.0)
        scaled = {
            key: value * scale if key in ("scale", "value", "impulse") else value
            for key, value in signal.parameters.items()
        }
        found[assigned[name]] = Signal(signal.function, scaled, signal.limit * scale)
    for name, trace in rule.traces.items():
        if trace.side == "post" and rule.signals:
            impulse = trace.impulse * scales.chosen.get(name, 1.0)
            found[assigned[name]] = Signal("spike_trace", {"impulse": impulse, "tau": trace.tau})
    for name, value in scales.constants.items():
        found[assigned[name]] = Signal("constant", {"value": value})
    return dict(sorted(found.items()))


def _too_long(rule: Rule, target: str, text: str) -> Fault:
    limit = f"Lava holds {MAX_RULE_CHARACTERS}"
    return Fault(rule.name, f"its {target} has {len(text)} characters", limit, "Use fewer terms, or rounder constants.")
