"""What makes a plasticity rule sound: names, times, numbers and gates; all faults at once."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import get_args

from neurokit.errors import Fault
from neurokit.graph.plasticity import (
    SYNAPTIC,
    Apply,
    Before,
    Factor,
    Gate,
    HostStep,
    Rule,
    Side,
    Signal,
    Term,
    Trace,
    Value,
)
from neurokit.graph.plasticity_print import terms_text
from neurokit.graph.signals import HOST_OPERATIONS, SIGNALS, Function

GATES = get_args(Gate)
FUNCTIONS = "sgn", "step", "rectified", "sigmoid", "clip01", "square", "abs"
RESERVED = frozenset({*GATES, *SYNAPTIC, *FUNCTIONS, "before"})

# Names of Lava's rules, and what is written instead of them.
LAVAS_NAMES = (
    (r"x0", "Write pre for the source's spike."),
    (r"y0", "Write post for the target's spike."),
    (r"u\d*", "Write step (or rate, per second): lowering chooses Lava's u and its decimation."),
    (r"t|tag1", "Write tag."),
    (r"d", "Write tag2."),
    (r"dt", "Write the gate rate for what is per second."),
)


def rule_faults(rule: Rule) -> list[Fault]:
    """Everything that is wrong with `rule`, whatever network it may stand in."""
    faults = [*_names(rule)]
    for name, trace in rule.traces.items():
        faults += _trace(rule.name, name, trace)
    for name, signal in rule.signals.items():
        faults += _signal(rule.name, name, signal)
    if not rule.weight:
        limit, mend = "a rule says how the weight changes", "Give it weight terms; scale 0 keeps it as it is."
        faults.append(Fault(rule.name, "has no term of the weight", limit, mend))
    for what, terms in (("weight", rule.weight), ("tag", rule.tag), ("second_tag", rule.second_tag)):
        for term in terms:
            faults += _term(rule, f"{rule.name}: {what}", term)
    faults += _used(rule)
    faults += _numbers(rule)
    return faults + [fault for step in rule.host for fault in _host(rule, step)]


def factors_of(factor: Factor) -> Iterator[Factor]:
    """A factor and all within it."""
    yield factor
    if isinstance(factor, Apply):
        for _, factors in factor.inner:
            for inner in factors:
                yield from factors_of(inner)


def used(rule: Rule) -> set[str]:
    """Names of all variables in the rule's terms, `before` ones too."""
    terms = (*rule.weight, *rule.tag, *rule.second_tag)
    every = [inner for term in terms for factor in term.factors for inner in factors_of(factor)]
    return {f.variable if isinstance(f, Value) else f.trace for f in every if not isinstance(f, Apply)}


def _names(rule: Rule) -> Iterator[Fault]:
    if not rule.name:
        yield Fault("rule", "has no name", "reports call a rule by its name", "Give it a name.")
    for name in (*rule.traces, *rule.signals):
        if not name.isidentifier() or keyword.iskeyword(name) or name in RESERVED:
            limit = f"names are identifiers other than {', '.join(sorted(RESERVED))}"
            yield Fault(rule.name, f"a trace or signal is called '{name}'", limit, "Rename it.")
    for name in rule.traces.keys() & rule.signals.keys():
        yield Fault(rule.name, f"'{name}' is a trace and a signal", "names are unique", "Rename one of them.")


def _trace(rule: str, name: str, trace: Trace) -> Iterator[Fault]:
    node = f"{rule}: {name}"
    if trace.side not in get_args(Side):
        yield Fault(node, f"side is {trace.side!r}", "a trace is of 'pre' or 'post' spikes", "Choose one of them.")
    yield from _tau(node, trace.tau)
    if not math.isfinite(trace.impulse):
        yield Fault(node, f"impulse is {trace.impulse}", "an impulse is a finite number", "Repair it.")
    elif trace.impulse == 0:
        yield Fault(node, "impulse is 0", "such a trace stays 0", "Give it what a spike adds, or leave it out.")
    if math.isnan(trace.limit) or trace.limit <= 0:
        yield Fault(node, f"limit is {trace.limit}", "a trace saturates above 0", "Give a positive limit, or none.")


def _tau(node: str, tau: float) -> Iterator[Fault]:
    if math.isnan(tau) or tau < 0:
        yield Fault(node, f"tau is {tau}", "a time constant is a positive number of seconds", "Repair it.")
    elif tau == 0:
        limit = "a trace without memory is the spike itself (Lava 0.10.0 makes NaN weights of tau 0)"
        yield Fault(node, "tau is 0", limit, "Use the factor pre or post, or a positive tau.")


def _signal(rule: str, name: str, signal: Signal) -> Iterator[Fault]:
    node = f"{rule}: {name}"
    function = SIGNALS.get(signal.function)
    if function is None:
        yield Fault(node, f"is an unknown signal '{signal.function}'", f"known: {', '.join(SIGNALS)}", "Use one.")
        return
    yield from _parameters(node, signal.function, function, signal.parameters)
    if "tau" in signal.parameters:
        yield from _tau(node, signal.parameters["tau"])
    if math.isnan(signal.limit) or signal.limit <= 0:
        yield Fault(
            node, f"limit is {signal.limit}", "a signal is clipped to +-limit", "Give a positive limit, or none."
        )


def _parameters(node: str, name: str, function: Function, given: Mapping[str, float]) -> Iterator[Fault]:
    needed = ", ".join(function.parameters) or "none"
    for parameter in sorted(given.keys() - set(function.parameters)):
        yield Fault(node, f"'{name}' has no parameter '{parameter}'", f"parameters: {needed}", "Leave it out.")
    for parameter in function.parameters:
        if parameter not in given:
            yield Fault(node, f"'{name}' lacks the parameter '{parameter}'", f"parameters: {needed}", "Give it.")
        elif parameter != "tau" and not math.isfinite(given[parameter]):
            yield Fault(node, f"{parameter} is {given[parameter]}", "parameters are finite numbers", "Repair it.")


def _term(rule: Rule, node: str, term: Term) -> Iterator[Fault]:
    text = f"term '{terms_text((term,))}'"
    if term.gate not in GATES:
        yield Fault(node, f"{text} has the gate {term.gate!r}", f"gates: {', '.join(GATES)}", "Choose one of them.")
    if not math.isfinite(term.scale):
        yield Fault(node, f"{text} has the scale {term.scale}", "scales are finite numbers", "Repair it.")
    for factor in (inner for outer in term.factors for inner in factors_of(outer)):
        if isinstance(factor, Value):
            yield from _value(rule, node, text, factor)
        elif isinstance(factor, Before) and factor.trace not in rule.traces:
            limit = f"before() is of a trace: {', '.join(rule.traces) or 'this rule has none'}"
            yield Fault(node, f"{text} has before({factor.trace})", limit, "Name a trace of the rule.")
        elif isinstance(factor, Apply):
            if factor.function not in FUNCTIONS:
                limit = f"functions: {', '.join(FUNCTIONS)}"
                yield Fault(node, f"{text} applies '{factor.function}'", limit, "Use one of them.")
            if not all(math.isfinite(scale) for scale, _ in factor.inner):
                yield Fault(node, f"{text} has a number that is not finite", "numbers are finite", "Repair it.")
    if Value(term.gate) in term.factors:
        yield Fault(node, f"{text} has its gate as a factor too", "a spike is 0 or 1", "Leave the factor out.")


def _value(rule: Rule, node: str, text: str, value: Value) -> Iterator[Fault]:
    known = {*rule.traces, *rule.signals, *SYNAPTIC, "pre", "post"}
    if value.variable not in known:
        mend = next((m for pattern, m in LAVAS_NAMES if re.fullmatch(pattern, value.variable)), None)
        limit = f"known: {', '.join(sorted(known))}"
        yield Fault(
            node,
            f"{text} has the unknown factor '{value.variable}'",
            limit,
            mend or "Use one of them, or declare it as a trace, signal or parameter.",
        )
    if value.coefficient not in (1, -1):
        limit = "the coefficient within a bracket is 1 or -1"
        yield Fault(node, f"{text} has {value.coefficient} times a variable", limit, "Put it in the term's scale.")
    if not math.isfinite(value.offset):
        yield Fault(node, f"{text} has a number that is not finite", "numbers are finite", "Repair it.")


def _used(rule: Rule) -> Iterator[Fault]:
    names = used(rule) | {step.reads for step in rule.host}
    for kind, defined in (("trace", rule.traces), ("signal", rule.signals)):
        for name in defined.keys() - names:
            limit = "whatever a rule declares, a term uses"
            yield Fault(rule.name, f"{kind} '{name}' is in no term", limit, "Use it, or leave it out.")
    tags = (("tag", rule.tag, rule.tag_start), ("tag2", rule.second_tag, rule.second_tag_start))
    for name, terms, start in tags:
        if name in names and not terms and start == 0:
            limit, mend = "it stays 0", "Say how it changes, or leave the factor out."
            yield Fault(rule.name, f"'{name}' is a factor, but no term changes it", limit, mend)
        if terms and name not in names:
            yield Fault(rule.name, f"'{name}' changes, but no term uses it", "a tag serves the weight", "Use it.")


def _numbers(rule: Rule) -> Iterator[Fault]:
    pair = isinstance(rule.bounds, tuple) and len(rule.bounds) == 2
    if not pair or not all(isinstance(bound, Real) for bound in rule.bounds):
        limit = "two numbers, the lowest and the highest weight"
        yield Fault(rule.name, f"bounds are {rule.bounds!r}", limit, "Give bounds=(low, high).")
    elif not rule.bounds[0] < rule.bounds[1]:  # NaN neither
        low, high = rule.bounds
        yield Fault(rule.name, f"bounds are {low} to {high}", "the lower lies below the upper", "Repair them.")
    for name, value in (("tag_start", rule.tag_start), ("second_tag_start", rule.second_tag_start)):
        if not math.isfinite(value):
            yield Fault(rule.name, f"{name} is {value}", "it is a finite number", "Repair it.")
    if rule.interval is not None and not (math.isfinite(rule.interval) and rule.interval > 0):
        limit = "seconds between evaluations, a positive number"
        yield Fault(rule.name, f"interval is {rule.interval}", limit, "Give seconds, or None for every step.")


def _host(rule: Rule, step: HostStep) -> Iterator[Fault]:
    node = f"{rule.name}: host"
    function = HOST_OPERATIONS.get(step.operation)
    if function is None:
        known = ", ".join(HOST_OPERATIONS)
        yield Fault(node, f"operation '{step.operation}' is unknown", f"known: {known}", "Use one of them.")
    else:
        yield from _parameters(node, step.operation, function, step.parameters)
        yield from _reads(node, rule, step)
    if not (math.isfinite(step.every) and step.every > 0):
        yield Fault(node, f"every is {step.every}", "it is a positive number of seconds", "Repair it.")


def _reads(node: str, rule: Rule, step: HostStep) -> Iterator[Fault]:
    """What an operation looks at beside the weights."""
    post = [name for name, trace in rule.traces.items() if trace.side == "post"]
    if step.operation == "reverse_projection" and step.reads not in post:
        limit = f"it reads a trace of the target: {', '.join(post) or 'this rule has none'}"
        yield Fault(node, f"'{step.operation}' reads '{step.reads}'", limit, "Name a trace of post spikes.")
    elif step.operation == "add_transpose" and not step.reads:
        yield Fault(node, f"'{step.operation}' reads nothing", "it reads a projection", "Name one, as 'a->b'.")
    elif step.operation == "normalise_rows" and step.reads:
        yield Fault(node, f"'{step.operation}' reads '{step.reads}'", "it reads nothing else", "Leave reads out.")
