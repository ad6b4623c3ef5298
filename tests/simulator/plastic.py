"""Programs that learn, the slow and obvious way: whole networks step by step by `lower/fixedpoint`, no kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurokit.graph.fixed_plasticity import FixedFactor, FixedRule, FixedTrace, Product
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.lower.fixedpoint import neuron_step, resets_before, shift
from neurokit.lower.fixedpoint.learning import WIDTHS, initial_state, learning_step, next_sample
from neurokit.lower.fixedpoint.signals import Moment, integer_signal, signal_step


class Reference:
    """A Program of one-dimensional populations with dense or sparse synapses; what it has learned stays in `learned`.

    learned: projection -> LearningState. sent, states: of the last sample, by population (steps, n).
    """

    def __init__(self, program: Any, learner: int = 0) -> None:
        self.program = program
        self.rules = {p.name: _seeded(p.plasticity, learner) for p in program.projections if p.plasticity is not None}
        self.learned = {
            p.name: initial_state(self.rules[p.name], _matrix(p)) for p in program.projections if p.name in self.rules
        }
        self.masks = {p.name: _mask(p) for p in program.projections}

    def sample(self, inputs: dict[str, Any], steps: int) -> None:
        """One sample from zero state: inputs (time, n) by name."""
        program = self.program
        self.learned = {name: next_sample(self.rules[name], state) for name, state in self.learned.items()}
        self.sent = {name: np.zeros((steps, *program.shape_of(name)), np.int64) for name in _names(program)}
        for name, values in inputs.items():
            self.sent[name][: len(values)] = values[:steps]
        self.states = {
            (name, s): np.zeros((steps, *p.shape), np.int64) for name, p in program.populations.items() for s in p.neuron.states
        }
        sums = {p.name: np.zeros(program.shape_of(p.target), np.int64) for p in program.projections}
        memory = {name: np.zeros((3, program.populations[p.target].size), np.int64) for name, p in self._plastic().items()}
        for t in range(steps):
            moments = {}
            for name, population in program.populations.items():
                moments[name] = self._neurons(t, name, population, sums)
            for p in program.projections:
                source = self.sent[p.source][t]
                if p.port in THIRD_FACTORS and p.source in program.populations:
                    if not program.populations[p.source].neuron.spiking:
                        source = self.states[p.source, "v"][t]
                weight = self.learned[p.name].weight if p.name in self.learned else _matrix(p)
                sums[p.name] = shift(weight @ source.ravel(), p.synapse.exponent).reshape(sums[p.name].shape)
            for name, p in self._plastic().items():
                rule, signals = self.rules[name], None
                if rule.three_factor:
                    population = program.populations[p.target]
                    known = {k: integer_signal(s, population.neuron, population.size) for k, s in rule.signals.items()}
                    signals, memory[name] = signal_step(known, population.neuron, memory[name], moments[p.target])
                sources = self.sent[p.source][t].ravel()
                state = learning_step(rule, self.learned[name], sources, self.sent[p.target][t].ravel(), signals)
                mask = self.masks[name]
                self.learned[name] = _masked(state, mask)

    def _plastic(self) -> dict[str, Any]:
        return {p.name: p for p in self.program.projections if p.name in self.rules}

    def _neurons(self, t: int, name: str, population: Any, sums: dict[str, Any]) -> Moment:
        neuron = population.neuron
        arriving = {p.name: sums[p.name] for p in self.program.incoming(name) if p.port not in THIRD_FACTORS}
        a = sum(arriving.values(), np.zeros(population.shape, np.int64))
        third: dict[str, Any] = {}
        for p in self.program.incoming(name):
            if p.port in THIRD_FACTORS:
                third[p.port] = third.get(p.port, 0) + sums[p.name]
        fresh = t == 0 or resets_before(neuron, t)
        before = {
            s: np.broadcast_to(neuron.initial.get(s, 0), population.shape) if fresh else self.states[name, s][t - 1]
            for s in neuron.states
        }
        after, self.sent[name][t] = neuron_step(neuron, before, a)
        for state, values in after.items():
            self.states[name, state][t] = values
        return Moment(t, before, after, self.sent[name][t], third)


def random_rule(rng: np.random.Generator, arithmetic: str, epoch: int = 1) -> FixedRule:
    """Any products of any factors within 32 bits."""
    impulses = rng.integers(0, 40 * 256, 5) / 256
    taus = rng.choice([0, 2.5, 20, 1000], 5)
    traces = {n: FixedTrace(float(i), float(t)) for n, i, t in zip(("x1", "x2", "y1", "y2", "y3"), impulses, taus, strict=True)}
    if rng.random() < 0.3:
        traces["x1"] = FixedTrace(0.0, 20.0, overwrites=True)
    dw, dt, dd = (tuple(_random_product(rng) for _ in range(rng.integers(*count))) for count in ((1, 4), (0, 3), (0, 3)))
    return FixedRule(
        "random",
        dw,
        dt,
        dd,
        traces=traces,
        epoch=epoch,
        decimation=int(rng.integers(0, 3)),
        bounds=[(-256, 255), (0, 255), (-255, 0)][rng.integers(3)],
        tag_start=int(rng.integers(-20, 20)),
        second_tag_start=int(rng.integers(0, 64)),
        arithmetic=arithmetic,  # type: ignore[arg-type]  # one of its two
        seed=int(rng.integers(0, 9)),
    )


def _random_product(rng: np.random.Generator) -> Product:
    factors: list[FixedFactor] = []
    width = 4
    for name in rng.permutation(list(WIDTHS))[: rng.integers(0, 4)]:
        width += WIDTHS[name]
        if width <= 30:
            constant = int(rng.integers(-127, 128)) if rng.random() < 0.4 else 0
            factors.append(FixedFactor(str(name), constant, bool(name in "wtd" and rng.random() < 0.3)))  # type: ignore[arg-type]
    mantissa = int(rng.choice([-7, -3, -2, -1, 1, 2, 5, 7]))
    return Product(mantissa, int(rng.integers(-7, 6)), str(rng.choice(["x0", "y0", "u"])), tuple(factors))  # type: ignore[arg-type]


def _seeded(rule: FixedRule, learner: int) -> FixedRule:
    from dataclasses import replace

    return replace(rule, seed=rule.seed + learner)


def _names(program: Any) -> list[str]:
    return [*program.inputs, *program.populations]


def _matrix(projection: Any) -> Any:
    weight = projection.synapse.weight
    return np.asarray(weight.toarray() if hasattr(weight, "toarray") else weight, np.int64)


def _mask(projection: Any) -> Any:
    """Where there are synapses."""
    weight = projection.synapse.weight
    if not hasattr(weight, "toarray"):
        return np.ones(weight.shape, np.int64)
    there = weight.copy()
    there.data = np.ones_like(there.data)
    return there.toarray()


def _masked(state: Any, mask: Any) -> Any:
    from dataclasses import replace

    return replace(state, weight=state.weight * mask, tag=state.tag * mask, second_tag=state.second_tag * mask)
