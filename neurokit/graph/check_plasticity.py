"""Which projections can carry a plasticity rule, and what the rule asks of its network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neurokit.errors import Fault
from neurokit.graph.check_fixed_rules import fixed_rule_faults
from neurokit.graph.check_rules import rule_faults, used
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.lif_family import ALIF, LoihiALIF, LoihiATRLIF, LoihiQIF, LoihiTernaryLIF, TernaryLIF
from neurokit.graph.network import Network, Population, Program, Projection, _Graph
from neurokit.graph.plasticity import Rule
from neurokit.graph.signals import GATED, MODULATION, REWARD
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Sparse, Synapse

LEARNING = Dense, Sparse, Conv2d
HEARS = {  # signal function -> the port that it hears
    "modulation": MODULATION,
    "modulation_positive": MODULATION,
    "modulation_negative": MODULATION,
    "modulation_trace": MODULATION,
    "gated_modulation": MODULATION,
    "gated_modulation_positive": MODULATION,
    "gated_modulation_negative": MODULATION,
    "reward": REWARD,
}
ADAPTIVE = ALIF, LoihiALIF
TINY = 1e-3  # of a step, as delays have


def third_factors(graph: _Graph, population: str) -> set[str]:
    """Ports of THIRD_FACTORS that `population` has: those that a plastic projection into it hears."""
    rules = (p.plasticity for p in graph.projections if p.target == population)
    functions = (_functions(rule) for rule in rules if isinstance(rule, Rule | FixedRule))
    return {port for found in functions for port in _ports(found)}


def _ports(functions: set[str]) -> set[str]:
    """Ports that these signals hear."""
    return {HEARS[function] for function in functions & HEARS.keys()} | ({REWARD} if functions & {*GATED} else set())


def third_factor_faults(graph: _Graph, projection: Projection) -> Iterator[Fault]:
    """Faults of a projection into a port of THIRD_FACTORS that nobody hears."""
    port = projection.port
    if port not in third_factors(graph, projection.target):
        limit = f"'{projection.target}' has no plastic projection with a signal of it"
        mend = f"Give a projection into it a rule with the signal '{port}', or leave this one out."
        yield Fault(projection.name, f"feeds the port '{port}'", limit, mend)


def plasticity_faults(graph: _Graph) -> Iterator[Fault]:
    """What is wrong with the plasticity of a graph whose structure is sound."""
    for projection in graph.projections:
        rule = projection.plasticity
        if rule is None:
            continue
        if not isinstance(rule, Rule | FixedRule):
            limit = "plasticity is a Rule (in a Program a FixedRule) or None"
            yield Fault(projection.name, f"its plasticity is a {type(rule).__name__}", limit, "Use nk.rules.")
            continue
        yield from _kind(graph, projection)
        yield from rule_faults(rule) if isinstance(rule, Rule) else fixed_rule_faults(rule)
        yield from _synapses(projection)
        yield from _target(graph, projection, rule)
        yield from _weights(projection, rule)
        if isinstance(rule, Rule):
            yield from _times(graph, projection, rule)
            if isinstance(graph, Network):
                yield from _lateness(graph, rule, projection.target)
        elif isinstance(graph, Program):
            yield from _program(projection)


def _kind(graph: _Graph, projection: Projection) -> Iterator[Fault]:
    rule = projection.plasticity
    if isinstance(graph, Program) and isinstance(rule, Rule):
        limit = "a Program's rules are in the chip's integers"
        yield Fault(projection.name, f"carries the Rule '{rule.name}'", limit, "Call nk.compile on the Network.")
    if isinstance(graph, Network) and isinstance(rule, FixedRule) and not graph.is_integer:
        limit = "its weights are floats"
        yield Fault(projection.name, f"carries the FixedRule '{rule.name}'", limit, "Give it a Rule.")


def _synapses(projection: Projection) -> Iterator[Fault]:
    """One map that learns; flattening around it changes nothing."""
    maps = [synapse for synapse in projection.synapses if not isinstance(synapse, Flatten)]
    if len(maps) != 1:
        names = ", ".join(type(synapse).__name__ for synapse in maps) or "Flatten"
        limit = "the weights that learn are those of one Dense, Sparse or Conv2d map"
        mend = "Put a population between the maps, or write them as one: nk.compile folds maps that do not learn."
        yield Fault(projection.name, f"chains {names} and is to learn", limit, mend)
    elif not isinstance(maps[0], LEARNING):
        limit = "only Dense, Sparse and Conv2d synapses learn"
        mend = "Write it out as a Sparse map, or make another projection plastic."
        yield Fault(projection.name, f"is a {type(maps[0]).__name__} and is to learn", limit, mend)


def learning_map(projection: Projection) -> Synapse:
    """The map of a plastic projection whose weights learn."""
    return next(synapse for synapse in projection.synapses if isinstance(synapse, LEARNING))


def _functions(rule: Rule | FixedRule) -> set[str]:
    return {signal.function for signal in rule.signals.values()}


def _hears_spikes(rule: Rule | FixedRule) -> bool:
    """Whether the rule asks for spikes of its target."""
    if _functions(rule) & {"spike", "spike_trace"}:
        return True
    if isinstance(rule, Rule):
        terms = (*rule.weight, *rule.tag, *rule.second_tag)
        return (
            any(trace.side == "post" for trace in rule.traces.values())
            or "post" in used(rule)
            or any(term.gate == "post" for term in terms)
        )
    products = (*rule.dw, *rule.dt, *rule.dd)
    factors = {factor.variable for product in products for factor in product.factors}
    return (
        any(product.dependency == "y0" for product in products)
        or "y0" in factors
        or any(name.startswith("y") for name in rule.traces)
    )


def _target(graph: _Graph, projection: Projection, rule: Rule | FixedRule) -> Iterator[Fault]:
    name, target = projection.target, graph.populations[projection.target]
    functions = _functions(rule)
    if _hears_spikes(rule) and not target.neuron.spiking:
        limit = f"'{name}' never spikes"
        mend = "Use a rule of its potential or of a learning signal, or a spiking target."
        yield Fault(projection.name, f"rule '{rule.name}' hears its target's spikes", limit, mend)
    if "pseudo_derivative" in functions and not _has_threshold(target):
        limit = f"'{name}' is {type(target.neuron).__name__}, which has no single threshold of v"
        mend = "Use LIF or ALIF neurons, or another rule."
        yield Fault(projection.name, f"rule '{rule.name}' takes a pseudo-derivative", limit, mend)
    if "adaptation_decay" in functions and not isinstance(target.neuron, ADAPTIVE):
        limit = f"'{name}' is {type(target.neuron).__name__}, which has no adaptation as e-prop's ALIF has"
        mend = "Use the rule for LIF neurons, or an ALIF target."
        yield Fault(projection.name, f"rule '{rule.name}' takes the decay of an adaptation", limit, mend)
    potentials = functions & {"potential_above", "potential_below"}
    if potentials and "v" not in target.neuron.states:
        limit = f"'{name}' is {type(target.neuron).__name__}, which has no potential"
        yield Fault(projection.name, f"rule '{rule.name}' hears its target's potential", limit, "Use LIF neurons.")
    fed = {p.port for p in graph.projections if p.target == name}
    for port in sorted(_ports(functions) - fed):
        limit = f"no projection feeds '{name}' at the port '{port}'"
        mend = f"Add a projection with port='{port}' that brings the signal."
        yield Fault(projection.name, f"rule '{rule.name}' hears a {port}", limit, mend)
    if isinstance(rule, Rule):
        yield from _partners(graph, projection, rule)


def _partners(graph: _Graph, projection: Projection, rule: Rule) -> Iterator[Fault]:
    """Projections whose weights the rule's host steps read."""
    for step in rule.host:
        if step.operation != "add_transpose" or not step.reads:
            continue
        partner = next((p for p in graph.projections if p.name == step.reads), None)
        if partner is None:
            limit = f"there are {', '.join(p.name for p in graph.projections)}"
            fact = f"rule '{rule.name}' reads '{step.reads}', which is no projection"
            yield Fault(projection.name, fact, limit, "Use one of these names.")
        else:
            shapes = [_matrix(p) for p in (projection, partner)]
            if None in shapes or shapes[0] != shapes[1][::-1]:  # type: ignore[index]  # None is sorted out
                limit = "its weights are to be the transpose of this projection's"
                fact = f"rule '{rule.name}' reads '{step.reads}', which does not fit"
                yield Fault(projection.name, fact, limit, "Name the Dense projection in the other direction.")


def _matrix(projection: Projection) -> tuple[int, ...] | None:
    maps = [synapse for synapse in projection.synapses if isinstance(synapse, Dense)]
    return maps[0].weight.shape if len(maps) == 1 else None


def _has_threshold(target: Population) -> bool:
    neuron = target.neuron
    several = (TernaryLIF, LoihiTernaryLIF, LoihiATRLIF, LoihiQIF)
    known = getattr(neuron, "threshold", None) is not None and "v" in neuron.states
    return known and neuron.spiking and not neuron.graded and not isinstance(neuron, several)


def _times(graph: _Graph, projection: Projection, rule: Rule) -> Iterator[Fault]:
    assert isinstance(graph, Network | Program), "the two graphs there are"
    if graph.dt is None:
        limit = "the step is unknown"
        yield Fault(projection.name, f"rule '{rule.name}' has times in seconds", limit, "Pass dt= in seconds.")
        return
    intervals = [("interval", rule.interval), *((f"host step {h.operation}", h.every) for h in rule.host)]
    for what, seconds in intervals:
        if seconds is None or not seconds > 0 or not np.isfinite(seconds):
            continue  # its own fault
        steps = seconds / graph.dt
        if abs(steps - round(steps)) > TINY or round(steps) < 1:
            fact = f"rule '{rule.name}': {what} {seconds:g} s is off the grid of {graph.dt:g} s"
            yield Fault(projection.name, fact, "intervals are whole steps", "Choose a multiple of dt.")


def _lateness(graph: Network, rule: Rule, target: str) -> Iterator[Fault]:
    """Potentials of readouts that reach the rule's third factor in another step than its terms count on."""
    if rule.signal_steps is None or not graph.dt:
        return
    for projection in graph.projections:
        source = graph.populations.get(projection.source)
        if (projection.target, projection.port) != (target, MODULATION) or source is None or source.neuron.spiking:
            continue
        steps = np.asarray(projection.delay, np.float64).ravel() / graph.dt
        wrong = steps[np.abs(steps - rule.signal_steps) > TINY]
        if wrong.size:
            fact = f"brings its learning signal {wrong[0]:g} steps late"
            limit = f"rule '{rule.name}' pairs it with the eligibility of {rule.signal_steps} steps ago"
            mend = f"Give it a delay of {rule.signal_steps * graph.dt:g} s, or the rule other signal_steps."
            yield Fault(projection.name, fact, limit, mend)


def _weights(projection: Projection, rule: Rule | FixedRule) -> Iterator[Fault]:
    """Weights beyond the bounds would jump to them in the first step."""
    for synapse in projection.synapses:
        if not isinstance(synapse, LEARNING):
            continue
        values: Any = synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight
        low, high = rule.bounds
        if values.size and not (low <= values.min() and values.max() <= high):
            fact = f"weights run from {values.min():g} to {values.max():g}"
            limit = f"rule '{rule.name}' bounds them to {low:g} .. {high:g}"
            mend = "Give the rule bounds that hold them (bounds=), or clip the weights first."
            yield Fault(projection.name, fact, limit, mend)


def _program(projection: Projection) -> Iterator[Fault]:
    delay = projection.delay
    if delay.size and (delay.min() != 1 or delay.max() != 1):
        limit = "Lava's learning connections take one step and have no delays of their own"
        mend = "Put a relaying population of one-to-one synapses before it, or make the branches equally deep."
        fact = f"learns and has delays of {delay.min()} to {delay.max()} steps"
        yield Fault(projection.name, fact, limit, mend)
