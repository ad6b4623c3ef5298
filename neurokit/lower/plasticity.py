"""A Rule in the integers of the learning engine: `lower_rule` gives a FixedRule, or the faults that stand in its way.

The terms are brought to the engine's gates and timing (`plasticity_terms`), its variables get slots
(`plasticity_variables`) and scales (`plasticity_scales`), and what is lost on the way is in the rule's report.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from neurokit.errors import Fault
from neurokit.graph.check_fixed_rules import MAX_EPOCH, SIGN_MODES, fixed_rule_faults, largest
from neurokit.graph.fixed_plasticity import (
    EXPONENT_RANGE,
    Arithmetic,
    FixedFactor,
    FixedRule,
    FixedSignal,
    FixedTrace,
    Product,
    RuleReport,
)
from neurokit.graph.plasticity import Rule, Signal
from neurokit.graph.signals import REWARD
from neurokit.lower.plasticity_rates import GOOD, SLOWLY, kept, most_decimation, slowed
from neurokit.lower.plasticity_scales import (
    Free,
    Literal,
    Scales,
    choose,
    constant_of,
    literal_of,
    shift_of,
    slot_of,
)
from neurokit.lower.plasticity_terms import EngineTerm, Expansion, expand
from neurokit.lower.plasticity_variables import (
    POST,
    SIGNED,
    Surroundings,
    fixed_signal,
    fixed_trace,
    halves,
    lost_decay,
    signal_variable,
    slots,
    tag_variable,
    trace_variable,
)

LOSSY = 0.02  # relative error of a constant from which on it is told in words
TARGETS = {"w": "dw", "tag": "dt", "tag2": "dd"}


def lower_rule(rule: Rule, around: Surroundings, arithmetic: Arithmetic = "lava") -> FixedRule | list[Fault]:
    """`rule` on the learning engine, at the projection that `around` describes."""
    faults = [*_host_faults(rule), *_epoch_faults(rule, around.dt)]
    epoch = 1 if rule.interval is None else round(rule.interval / around.dt)
    assigned, crowded = slots(rule)
    faults += crowded
    found = expand(rule, around.dt, exact=epoch == 1)
    faults += found.faults
    variables = {} if crowded else _variables(rule, around, assigned, found, faults)
    if faults:
        return [_at(around.name, fault) for fault in faults]
    return _with_decimation(rule, around, arithmetic, variables, found, epoch)


def _with_decimation(
    rule: Rule,
    around: Surroundings,
    arithmetic: Arithmetic,
    variables: Mapping[str, Free],
    found: Expansion,
    epoch: int,
) -> FixedRule | list[Fault]:
    """The rule with the smallest decimation at which all coefficients can be held; else the faults of none."""
    given = {"w": around.weight_scale}
    best: tuple[float, int, Expansion, dict[str, float]] | None = None
    sampled = expand(rule, around.dt, exact=False)
    for decimation in range(most_decimation(rule, around.dt, epoch, sampled.terms) + 1):
        expansion = sampled if decimation or epoch > 1 else found
        counted = kept(expansion.terms, variables)
        scales, cost = choose(counted, variables, given, decimation)
        if best is None or cost < best[0]:
            best = (cost, decimation, expansion, scales)
        if all(abs(literal_of(term, variables, scales, decimation).error) < GOOD for term in counted):
            break
    assert best is not None, "there is at least decimation 0"
    _, decimation, expansion, scales = best
    plain = _rule(rule, around, arithmetic, variables, expansion, scales, decimation, epoch)
    finer = slowed(rule, variables, expansion, scales, decimation)
    if finer is None:
        return plain
    variables, expansion = finer
    scales, _ = choose(kept(expansion.terms, variables), variables, given, decimation)
    made = _rule(rule, around, arithmetic, variables, expansion, scales, decimation, epoch)
    return plain if isinstance(plain, FixedRule) and not isinstance(made, FixedRule) else made  # beyond 32 bits, say


def _variables(
    rule: Rule, around: Surroundings, assigned: Mapping[str, str], found: Expansion, faults: list[Fault]
) -> dict[str, Free]:
    """All variables but the weight; what cannot be one is added to `faults`."""
    variables: dict[str, Free] = {}
    three_factor = any(signal.function != "constant" for signal in rule.signals.values())
    for name, slot in assigned.items():
        made = (
            trace_variable(name, rule.traces[name], slot, around, three_factor and rule.traces[name].side == "post")
            if name in rule.traces
            else signal_variable(name, rule.signals[name], slot, around)
        )
        if isinstance(made, Fault):
            faults.append(made)
        else:
            variables[name] = made
    if faults:
        return variables
    starts = {"tag": rule.tag_start, "tag2": rule.second_tag_start}
    for name, terms in (("tag", rule.tag), ("tag2", rule.second_tag)):
        if terms or starts[name]:
            variables[name] = tag_variable(name, found.terms, variables, around, starts[name])
    low, high = sign_mode(rule)
    most = max(abs(low), abs(high)) / around.weight_scale
    variables["w"] = Free("w", most, most / 2, around.weight_scale, (around.weight_scale,))
    return variables


def sign_mode(rule: Rule) -> tuple[int, int]:
    """The engine's bounds that are nearest to the rule's."""
    mixed, positive, negative = SIGN_MODES
    if rule.bounds[0] >= 0:
        return positive
    return negative if rule.bounds[1] <= 0 else mixed


def _host_faults(rule: Rule) -> list[Fault]:
    local = "the learning engine sees one synapse at a time"
    return [
        Fault(
            rule.name,
            f"every {step.every:g} s a host does '{step.operation}'",
            local if step.reads else "no host takes part in a Program's run",
            "Run the Network in floats, or change the weights between runs.",
        )
        for step in rule.host
    ]


def _epoch_faults(rule: Rule, dt: float) -> list[Fault]:
    epoch = 1 if rule.interval is None else round(rule.interval / dt)
    if epoch <= MAX_EPOCH:
        return []
    limit = f"an epoch has 1 to {MAX_EPOCH} steps (6 bits)"
    return [Fault(rule.name, f"interval is {epoch} steps", limit, "Choose a shorter interval, or a larger dt.")]


def _rule(
    rule: Rule,
    around: Surroundings,
    arithmetic: Arithmetic,
    variables: Mapping[str, Free],
    expansion: Expansion,
    scales: Scales,
    decimation: int,
    epoch: int,
) -> FixedRule | list[Fault]:
    notes = list(expansion.notes)
    traces, signals, faults = _traces(rule, around, variables, scales, notes)
    split = _split(rule, arithmetic, variables, signals, expansion.terms, notes)
    if faults:
        return faults
    made = FixedRule(
        name=rule.name,
        dw=(),
        traces=traces,
        signals=signals,
        epoch=epoch,
        decimation=decimation,
        bounds=sign_mode(rule),
        tag_start=round(rule.tag_start * scales.get("tag", 1.0)),
        second_tag_start=round(rule.second_tag_start * scales["tag2"]) + variables["tag2"].offset
        if "tag2" in variables
        else 0,
        arithmetic=arithmetic,
        seed=zlib.crc32(around.name.encode()) & 0x7FFFFFFF,
        citation=rule.citation,
    )
    products: dict[str, list[Product]] = {"w": [], "tag": [], "tag2": []}
    errors: dict[str, float] = {}
    smallest: dict[str, float] = {}
    counted = kept(expansion.terms, variables)
    notes += [
        f"'{text}' is left out: it is next to nothing beside the other terms"
        for text in dict.fromkeys(
            t.text for t in expansion.terms if t not in counted and t.text not in {k.text for k in counted}
        )
    ]
    for term in counted:
        factors, lost = _factors(term, variables, scales)
        limit = math.prod(largest(factor, made) for factor in factors)
        literal = literal_of(term, variables, scales, decimation, limit)
        if term.own and not literal.possible and abs(literal.wanted) < 1 and abs(literal.error) > 1:
            notes.append(f"'{term.text}' counts spikes that are on their way: what takes them off is too small to hold")
            continue
        faults += _term_faults(around.name, term, literal, shift_of(term, variables), factors, variables, scales)
        key = f"{term.text} (spikes on their way)" if term.own else term.text
        errors[key] = max(errors.get(key, 0.0), abs(literal.error), lost)
        smallest[key] = 2.0**literal.exponent / scales[term.target]
        products[term.target] += _products(term, literal, factors, variables, split)
    if faults:
        return faults
    if decimation:
        notes.append(f"terms of every step are evaluated in every {2**decimation}th, {2**decimation} times as large")
    notes += [f"the constant of '{text}' is off by {error:.1%}" for text, error in errors.items() if error > LOSSY]
    notes += _bound_notes(rule, around)
    report = RuleReport(
        weight_scale=around.weight_scale,
        tag_scale=scales.get("tag", 1.0),
        second_tag_scale=scales.get("tag2", 1.0),
        trace_scales={name: scales[name] for name in variables if name not in ("w", "tag", "tag2")},
        assigned={name: _assigned(variable.slot, split) for name, variable in variables.items()},
        errors=errors,
        smallest=smallest,
        notes=tuple(notes),
    )
    dw, dt, dd = (_fading_first(products[name], slot) for name, slot in (("w", "w"), ("tag", "t"), ("tag2", "d")))
    made = replace(made, dw=dw, dt=dt, dd=dd, report=report)
    found = fixed_rule_faults(made)
    return [_at(around.name, fault) for fault in found] or made


def _fading_first(products: list[Product], slot: str) -> tuple[Product, ...]:
    """Products that take a share off their own variable stand before what is added to it.

    The engine clips the sum to 16 bits after each product, and a variable at half of its range fills half of them: a
    tag that is replaced by a new value (tag <- tag + x - tag) would be clipped while both are in the sum.
    """

    def fades(product: Product) -> bool:
        return product.mantissa < 0 and [factor.variable for factor in product.factors] == [slot]

    return (*(p for p in products if fades(p)), *(p for p in products if not fades(p)))


def _at(name: str, fault: Fault) -> Fault:
    """The fault with the projection's name."""
    return fault if fault.node.startswith(name) else replace(fault, node=f"{name}: {fault.node}")


def _assigned(slot: str, split: Mapping[str, str]) -> str:
    """A slot, or the two of a signal's halves."""
    return f"{slot},{split[slot]}" if slot in split else slot


def _traces(
    rule: Rule, around: Surroundings, variables: Mapping[str, Free], scales: Scales, notes: list[str]
) -> tuple[dict[str, FixedTrace], dict[str, FixedSignal], list[Fault]]:
    traces: dict[str, FixedTrace] = {}
    signals: dict[str, FixedSignal] = {}
    faults = []
    three_factor = SLOWLY in variables or any(name in variables for name in rule.signals)
    for name, variable in variables.items():
        if name in rule.signals:
            signals[variable.slot] = fixed_signal(rule.signals[name], scales[name], around)
            faults += lost_decay(name, rule.signals[name], around)
        elif name == SLOWLY:
            signals[variable.slot] = FixedSignal("constant", {"value": scales[name]}, scales[name])
        elif name in rule.traces and three_factor and rule.traces[name].side == "post":
            trace = rule.traces[name]
            signal = Signal("spike_trace", {"impulse": trace.impulse, "tau": trace.tau})
            signals[variable.slot] = fixed_signal(signal, scales[name], around)
            faults += lost_decay(name, signal, around)
        elif name in rule.traces:
            made = fixed_trace(name, rule.traces[name], scales[name], around.dt, notes)
            if isinstance(made, Fault):
                faults.append(_at(around.name, made))
            else:
                traces[variable.slot] = made
    return traces, signals, faults


def _split(
    rule: Rule,
    arithmetic: Arithmetic,
    variables: Mapping[str, Free],
    signals: dict[str, FixedSignal],
    terms: Sequence[EngineTerm],
    notes: list[str],
) -> dict[str, str]:
    """Signed modulations get a second slot for their negative part, where there is one: slot -> that of the negative.

    Lava's model cuts a negative signal to 0 in steps in which the target fires.
    """
    if arithmetic != "lava":
        return {}
    split = {}
    for name, signal in rule.signals.items():
        if name not in variables or signal.function not in (*SIGNED, REWARD):
            continue
        slot = variables[name].slot
        free = [other for other in POST if other not in signals]
        uses = [[atom for atom in term.atoms if atom.variable == name] for term in terms]
        alone = all(len(atoms) <= 1 and not any(atom.offset for atom in atoms) for atoms in uses)
        if signal.function in SIGNED and free and alone:
            signals[slot], signals[free[0]] = halves(signals[slot])
            split[slot] = free[0]
        else:
            notes.append(f"Lava's model takes '{name}' for 0 where it is negative and the target fires in that step")
    return split


def _factors(term: EngineTerm, variables: Mapping[str, Free], scales: Scales) -> tuple[tuple[FixedFactor, ...], float]:
    """The product's factors, and the largest relative error of their constants."""
    factors, lost = [], 0.0
    for atom in term.atoms:
        constant, error = constant_of(atom, variables, scales)
        factors.append(FixedFactor(slot_of(atom.variable, variables), constant, atom.sign))  # type: ignore[arg-type]
        lost = max(lost, error)
    return tuple(factors), lost


def _products(
    term: EngineTerm,
    literal: Literal,
    factors: tuple[FixedFactor, ...],
    variables: Mapping[str, Free],
    split: Mapping[str, str],
) -> list[Product]:
    """One product, or two where a signal has a slot for its negative part."""
    product = Product(literal.mantissa, literal.exponent, term.gate, factors)
    for k, factor in enumerate(factors):
        if factor.variable in split:
            negative = replace(factor, variable=split[factor.variable])  # type: ignore[arg-type]
            others = (*factors[:k], negative, *factors[k + 1 :])
            return [product, Product(-literal.mantissa, literal.exponent, term.gate, others)]
    return [product]


def _term_faults(
    name: str,
    term: EngineTerm,
    literal: Literal,
    shift: int,
    factors: tuple[FixedFactor, ...],
    variables: Mapping[str, Free],
    scales: Scales,
) -> list[Fault]:
    faults = []
    node, text = f"{name}: {TARGETS[term.target]}", f"term '{term.text}'"
    low, high = EXPONENT_RANGE
    rate = abs(literal.wanted) / 2.0**shift
    if not literal.possible and abs(literal.wanted) < 1 and not term.own:
        fact = f"{text}: rate {rate:.2g} a step is below the smallest step 2^{low - shift}"
        mend = "Raise its scale, or decimate it with u_k: longer time constants in the terms of every step allow that."
        faults.append(Fault(node, fact, f"7 bits stand after the point of a product, shifted by {shift}", mend))
    elif not literal.possible and abs(literal.wanted) >= 1:
        fact = f"{text}: rate {rate:.2g} a step is above the largest, 7*2^{high - shift}"
        faults.append(Fault(node, fact, "a product has a mantissa of 3 bits and an exponent", "Lower its scale."))
    for atom, factor in zip(term.atoms, factors, strict=True):
        exact = atom.offset * scales.get(atom.variable, 1.0)
        offset = variables[atom.variable].offset if atom.variable in variables else 0
        if atom.offset and factor.constant + offset == 0:
            fact = f"{text}: the constant {atom.offset:g} is {exact:.2g} units of {factor.variable}"
            mend = "Make the variable larger, or leave the constant out."
            faults.append(Fault(node, fact, "constants beside a variable are whole numbers", mend))
    return faults


def _bound_notes(rule: Rule, around: Surroundings) -> list[str]:
    """Where the engine clips at another weight than the rule."""
    notes = []
    for bound, unit in zip(rule.bounds, sign_mode(rule), strict=True):
        at = unit / around.weight_scale
        if math.isfinite(bound) and abs(at - bound) > LOSSY * max(map(abs, (at, bound))):
            notes.append(f"weights are clipped at {at:.4g} instead of {bound:.4g}")
    return notes
