"""A plasticity rule in floats: what `graph.plasticity` says, step by step, exact in time, in float64.

Terms are evaluated only on synapses that their gates name: a term of `pre` on the columns of sources that have spiked,
of `post` on the rows of such targets, of both where a term has the other as a factor. What the rule leaves to a host
is done after the terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.plasticity import SYNAPTIC, Apply, Before, Factor, Gate, HostStep, Rule, Term, Value
from neurokit.lower.plastic_synapses import Floats, Part, Places

Spikes: TypeAlias = NDArray[Any]
Events: TypeAlias = NDArray[np.bool_]

FUNCTIONS: Mapping[str, Callable[[Floats], Floats]] = {
    "sgn": np.sign,
    "step": lambda z: np.asarray(z > 0, np.float64),
    "rectified": lambda z: np.maximum(z, 0.0),
    "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)),
    "clip01": lambda z: np.clip(z, 0.0, 1.0),
    "square": np.square,
    "abs": np.abs,
}


class FloatTraces:
    """The traces of a rule. values: as of this step; before: without what this step's spikes did to them."""

    def __init__(self, rule: Rule, sources: int, targets: int, dt: float) -> None:
        self._traces = rule.traces
        self._keep = {name: math.exp(-dt / trace.tau) for name, trace in rule.traces.items()}
        self.values = {n: np.zeros(sources if t.side == "pre" else targets) for n, t in rule.traces.items()}
        self.before = {name: values.copy() for name, values in self.values.items()}

    def step(self, pre: Spikes, post: Spikes) -> None:
        """Decay, then take up this step's spikes (or payloads), (sources,) and (targets,)."""
        for name, trace in self._traces.items():
            values, sent = self.values[name], pre if trace.side == "pre" else post
            values *= self._keep[name]
            self.before[name][:] = values
            spiked = sent != 0
            if trace.overwrites:
                values[spiked] = trace.impulse * sent[spiked]
            else:
                values[spiked] += trace.impulse
            if trace.limit < math.inf:
                np.minimum(values, trace.limit, out=values)

    def rest(self) -> None:
        """All to zero."""
        for values in (*self.values.values(), *self.before.values()):
            values[:] = 0


@dataclass
class _Step:
    """What the terms of one evaluation see.

    spiked: sources and targets that had a spike. signals: by name, (targets,). values, before: of traces, by name,
    (steps since the last evaluation, neurons). last: the step of each source's and each target's last spike.
    """

    rule: Rule
    spiked: tuple[Events, Events]
    signals: Mapping[str, Floats]
    values: Mapping[str, Floats]
    before: Mapping[str, Floats]
    last: tuple[NDArray[np.int64], NDArray[np.int64]]
    weights: Floats
    tags: Mapping[str, Floats]

    def trace(self, name: str, history: Floats, part: Part, gate: Gate) -> tuple[str, Floats]:
        """A trace over a part, as it is now, or as it was at the gate's last spike: what it depends on, and values."""
        side = self.rule.traces[name].side
        if len(history) > 1 and gate in ("pre", "post"):
            own, times = np.arange(history.shape[1]), self.last[gate == "post"]
            if side != gate:
                at = part.post_at if gate == "pre" else part.pre_at
                return "synapse", at(history, times)
            history = history[times, own][None]
        return side, part.pre(history[-1]) if side == "pre" else part.post(history[-1])


@dataclass
class FloatLearner:
    """One projection that learns: weights, tags and traces of one learner.

    places: its synapses. weights: where they start, of `places.weight_shape`; a copy changes. dt: seconds a step.
    read: gives the weights of another projection by name, (targets, sources), for host steps that look at them.
    tags: "tag" and "tag2". now: steps since the start of the sample. spiked: sources and targets that have spiked since
    the terms were evaluated last. last: the step of the epoch in which each did so last. history: by trace, (2, epoch,
    neurons), its values in the steps of the epoch, and those without the step's own spikes. updates: how often a
    synapse's weight was evaluated with an open gate, once for each gate.
    """

    rule: Rule
    places: Places
    weights: Floats
    dt: float
    read: Callable[[str], Floats] | None = None
    tags: dict[str, Floats] = field(init=False)
    now: int = field(init=False, default=0)
    updates: int = field(init=False, default=0)
    spiked: tuple[Events, Events] = field(init=False)
    last: tuple[NDArray[np.int64], NDArray[np.int64]] = field(init=False)
    history: dict[str, NDArray[np.float64]] = field(init=False)

    def __post_init__(self) -> None:
        rule = self.rule
        self.weights = np.array(self.weights, np.float64)
        self.traces = FloatTraces(rule, self.places.sources, self.places.targets, self.dt)
        self.tags = {}
        sizes = self.places.sources, self.places.targets
        self.spiked = np.zeros(sizes[0], np.bool_), np.zeros(sizes[1], np.bool_)
        self.last = np.zeros(sizes[0], np.int64), np.zeros(sizes[1], np.int64)
        self._changes = [("w", rule.weight), ("tag", rule.tag), ("tag2", rule.second_tag)]
        self._every = 1 if rule.interval is None else steps_of_time(rule.interval, self.dt)
        self.history = {name: np.zeros((2, self._every, len(z))) for name, z in self.traces.values.items()}
        self._bounded = rule.bounds != (-math.inf, math.inf)
        self._within = not self._bounded
        self.rest()

    def rest(self) -> None:
        """As at the start of a sample: traces zero, tags at their start; weights stay."""
        rule = self.rule
        self.now = 0
        self.traces.rest()
        self.tags["tag"] = np.full(self.places.tag_shape if rule.tag else (), rule.tag_start)
        self.tags["tag2"] = np.full(self.places.tag_shape if rule.second_tag else (), rule.second_tag_start)
        for values in (*self.spiked, *self.last):
            values[:] = 0

    def step(self, pre: Spikes, post: Spikes, signals: Mapping[str, Floats]) -> None:
        """One step, after the neurons have fired.

        pre: (sources,), what the synapses got in this step. post: (targets,), what the targets sent. signals: by the
        rule's names, (targets,).
        """
        self.traces.step(pre, post)
        for seen, last, sent in zip(self.spiked, self.last, (pre, post), strict=True):
            seen |= sent != 0
            last[sent != 0] = self.now % self._every
        for name, (values, before) in self.history.items():
            values[self.now % self._every] = self.traces.values[name]
            before[self.now % self._every] = self.traces.before[name]
        self.now += 1
        if self.now % self._every == 0:
            self._evaluate(signals)
            for seen in self.spiked:
                seen[:] = False
        for host in self.rule.host:
            if self.now % steps_of_time(host.every, self.dt) == 0:
                self._host(host)

    def _evaluate(self, signals: Mapping[str, Floats]) -> None:
        values, before = ({name: kept[k] for name, kept in self.history.items()} for k in range(2))
        seen = _Step(self.rule, self.spiked, signals, values, before, self.last, self.weights, self.tags)
        found = [(name, *change) for name, terms in self._changes for change in self._terms(terms, seen)]
        parts = {}
        for name, gates, part, change in found:  # all were computed from what was before this step
            if name == "w":
                part.add_to_weights(self.weights, change)
                parts[gates] = part
            else:
                part.add_to_tags(self.tags[name], change)
        self._clip(parts.values())
        self.updates += sum(part.size for part in parts.values())

    def _terms(self, terms: Iterable[Term], seen: _Step) -> Iterator[tuple[frozenset[str], Part, Floats]]:
        """Of each term whose gates are open somewhere: its spikes, where, and by how much."""
        for term in terms:
            gates = {term.gate, *(f.variable for f in term.factors if isinstance(f, Value) and _is_event(f))}
            sources, targets = (
                spiked if gate in gates else None for gate, spiked in zip(("pre", "post"), self.spiked, strict=True)
            )
            part = self.places.part(sources, targets)
            if part is not None:
                scale = term.scale * self.dt * self._every if term.gate == "rate" else term.scale
                change = product(scale, (f for f in term.factors if not _is_event(f)), part, seen, term.gate)
                yield frozenset(gates & {"pre", "post"}), part, change

    def _clip(self, parts: Iterable[Part]) -> None:
        if not self._within:
            np.clip(self.weights, *self.rule.bounds, out=self.weights)
            self._within = True
        elif self._bounded:
            for part in parts:
                part.clip_weights(self.weights, *self.rule.bounds)

    def _host(self, host: HostStep) -> None:
        HOST_OPERATIONS[host.operation](self, host)
        np.clip(self.weights, *self.rule.bounds, out=self.weights)


def product(scale: float, factors: Iterable[Factor], part: Part, seen: _Step, gate: Gate) -> Floats:
    """scale times the factors over a part of the synapses; those of one side are multiplied first, they are few."""
    one_side: dict[str, Any] = {"pre": scale, "post": 1.0, "synapse": 1.0}
    for factor in factors:
        side, values = _factor(factor, part, seen, gate)
        one_side[side] = one_side[side] * values
    return np.asarray(one_side["pre"] * one_side["post"] * one_side["synapse"])


def _is_event(factor: Factor) -> bool:
    """Whether it is 1 where the source (or target) has spiked, else 0: a gate written as a factor."""
    return isinstance(factor, Value) and factor.variable in ("pre", "post") and factor == Value(factor.variable)


def _factor(factor: Factor, part: Part, seen: _Step, gate: Gate) -> tuple[str, Floats]:
    """What it depends on ("pre", "post" or "synapse"), and its values over the part."""
    if isinstance(factor, Before):
        return seen.trace(factor.trace, seen.before[factor.trace], part, gate)
    if isinstance(factor, Apply):
        total = sum(product(scale, inner, part, seen, gate) for scale, inner in factor.inner)
        return "synapse", FUNCTIONS[factor.function](np.asarray(total, np.float64))
    side, values = _variable(factor.variable, part, seen, gate)
    return side, values if factor == Value(factor.variable) else factor.coefficient * values + factor.offset


def _variable(name: str, part: Part, seen: _Step, gate: Gate) -> tuple[str, Floats]:
    if name == "w":
        return "synapse", part.weights(seen.weights)
    if name in SYNAPTIC:
        values = seen.tags[name]
        return "synapse", part.tags(values) if values.ndim else values
    if name == "pre":
        return "pre", part.pre(seen.spiked[0].astype(np.float64))
    if name == "post":
        return "post", part.post(seen.spiked[1].astype(np.float64))
    if name in seen.signals:
        return "post", part.post(seen.signals[name])
    return seen.trace(name, seen.values[name], part, gate)


def steps_of_time(seconds: float, dt: float) -> int:
    """Whole steps in a time, at least one."""
    return max(1, round(seconds / dt))


def _normalise_rows(learner: FloatLearner, host: HostStep) -> None:
    sums = learner.places.rows(learner.weights)
    factors = np.divide(host.parameters["total"], sums, out=np.ones_like(sums), where=sums != 0)
    learner.weights *= factors


def _add_transpose(learner: FloatLearner, host: HostStep) -> None:
    assert learner.read is not None, "whoever runs a rule that reads another projection lets it"
    part = learner.places.part(None, None)
    if part is not None:
        part.add_to_weights(learner.weights, host.parameters["rate"] * part.joint(learner.read(host.reads).T))


def _reverse_projection(learner: FloatLearner, host: HostStep) -> None:
    z, part = learner.traces.values[host.reads], learner.places.part(None, None)
    if part is not None:
        heard = learner.places.reverse(learner.weights, z)
        part.add_to_weights(learner.weights, -host.parameters["rate"] * part.post(z) * part.pre(heard))


HOST_OPERATIONS: Mapping[str, Callable[[FloatLearner, HostStep], None]] = {
    "normalise_rows": _normalise_rows,
    "add_transpose": _add_transpose,
    "reverse_projection": _reverse_projection,
}
