"""A Program that learns, run the slow, obvious way with the rules of `lower/fixedpoint`; see `interpreter`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from neurokit.conformance.interpreter import Ints, Wire, synaptic_input
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.network import Program, Projection
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.graph.synapses import Dense, Sparse
from neurokit.lower.fixedpoint import neuron_step, resets_before
from neurokit.lower.fixedpoint.learning import LearningState, initial_state, learning_step, next_sample
from neurokit.lower.fixedpoint.signals import Moment, integer_signal, signal_step

Key = TypeVar("Key", str, tuple[str, str])


@dataclass(frozen=True, eq=False)
class Learned:
    """One learner's samples, presented in order.

    sent, states: as of `interpreter.interpret`, with a batch axis in front. variables: (projection, variable) ->
    (batch, steps, ...) after each step: "weight", "tag", "tag2" (targets, sources), "x1", "x2" (sources,), "y1" to
    "y3" (targets,). program: with the weights as they are in the end.
    """

    sent: Mapping[str, Ints]
    states: Mapping[tuple[str, str], Ints]
    variables: Mapping[tuple[str, str], Ints]
    program: Program


def interpret_learning(program: Program, inputs: Mapping[str, NDArray[Any]], steps: int) -> Learned:
    """Run a Program with plastic projections, dense or sparse; inputs: name -> (batch, time, *shape)."""
    plastic = {p.name: _Synapses(program, p) for p in program.projections if p.plasticity is not None}
    batch = len(next(iter(inputs.values())))
    samples = []
    for k in range(batch):
        for synapses in plastic.values():
            synapses.rest()
        samples.append(_Sample(program, plastic, {name: x[k] for name, x in inputs.items()}, steps).run())
    sent, states, variables = zip(*samples, strict=True)
    projections = tuple(plastic[p.name].learned() if p.name in plastic else p for p in program.projections)
    program = replace(program, projections=projections)
    return Learned(_stacked(sent), _stacked(states), _stacked(variables), program)


def _stacked(samples: Sequence[Mapping[Key, Ints]]) -> dict[Key, Ints]:
    return {key: np.stack([sample[key] for sample in samples]) for key in samples[0]}


class _Synapses:
    """A plastic projection and where its learning stands."""

    def __init__(self, program: Program, projection: Projection) -> None:
        rule, synapse = projection.plasticity, projection.synapse
        assert isinstance(rule, FixedRule), "check_program refuses others"
        assert isinstance(synapse, Dense | Sparse), "shared weights are not interpreted"
        self.projection, self.rule, self.synapse = projection, rule, synapse
        weight = synapse.weight.toarray() if isinstance(synapse, Sparse) else synapse.weight
        self.mask = np.ones(weight.shape, np.int64)
        if isinstance(synapse, Sparse):
            listed = synapse.weight
            self.mask = csr_matrix(
                (np.ones(listed.nnz, np.int64), listed.indices, listed.indptr), listed.shape
            ).toarray()
        self.state = self._masked(initial_state(rule, weight))
        self.started = False
        neuron, size = program.neuron(projection.target), program.populations[projection.target].size
        self.signals = {name: integer_signal(signal, neuron, size) for name, signal in rule.signals.items()}
        self.neuron = neuron
        self.memory = np.zeros((3, size), np.int64)
        self.arriving = np.zeros(size, np.int64)

    def rest(self) -> None:
        """Begin a sample."""
        if self.started:
            self.state = self._masked(next_sample(self.rule, self.state))
        self.started = True
        self.memory = np.zeros_like(self.memory)
        self.arriving = np.zeros_like(self.arriving)

    def step(self, sent: Ints, moment: Moment) -> None:
        """What arrives in the next step, by the weights as they are, and then the learning of this one."""
        total = self.state.weight @ sent.ravel()
        exponent = self.synapse.exponent
        self.arriving = total << exponent if exponent > 0 else total >> -exponent
        signals = None
        if self.rule.three_factor:
            signals, self.memory = signal_step(self.signals, self.neuron, self.memory, moment)
        self.state = self._masked(learning_step(self.rule, self.state, sent.ravel(), moment.sent, signals))

    def _masked(self, state: LearningState) -> LearningState:
        return replace(
            state, weight=state.weight * self.mask, tag=state.tag * self.mask, second_tag=state.second_tag * self.mask
        )

    def variables(self) -> dict[str, Ints]:
        """As they now are."""
        state = self.state
        traces = dict(zip(("x1", "x2", "y1", "y2", "y3"), (*state.x, *state.y), strict=True))
        return {"weight": state.weight, "tag": state.tag, "tag2": state.second_tag, **traces}

    def learned(self) -> Projection:
        """The projection with its weights as they now are."""
        weight: Any = self.state.weight
        if isinstance(self.synapse, Sparse):
            listed = self.synapse.weight
            rows = np.repeat(np.arange(listed.shape[0]), np.diff(listed.indptr))
            weight = csr_matrix((weight[rows, listed.indices], listed.indices, listed.indptr), listed.shape)
        return replace(self.projection, synapses=(replace(self.synapse, weight=weight),))


class _Sample:
    def __init__(
        self, program: Program, plastic: Mapping[str, _Synapses], inputs: Mapping[str, NDArray[Any]], steps: int
    ) -> None:
        self.program, self.plastic, self.steps = program, plastic, steps
        self.shapes = {name: program.shape_of(name) for name in [*program.inputs, *program.populations]}
        self.sent = {name: np.zeros((steps, *shape), np.int64) for name, shape in self.shapes.items()}
        for name, values in inputs.items():
            self.sent[name][: len(values)] = values[:steps]
        self.states = {
            (name, state): np.zeros((steps, *self.shapes[name]), np.int64)
            for name in program.populations
            for state in program.neuron(name).states
        }
        self.wires = {
            name: [Wire(p, self.shapes) for p in program.incoming(name) if p.name not in plastic]
            for name in program.populations
        }
        self.before: dict[str, dict[str, Ints]] = {}

    def run(self) -> tuple[dict[str, Ints], dict[tuple[str, str], Ints], dict[tuple[str, str], Ints]]:
        variables: dict[tuple[str, str], list[Ints]] = {}
        for t in range(self.steps):
            for name in self.program.populations:
                self._neurons(name, t)
            for synapses in self.plastic.values():
                projection = synapses.projection
                synapses.step(self.sent[projection.source][t], self._moment(projection.target, t))
                for variable, values in synapses.variables().items():
                    variables.setdefault((projection.name, variable), []).append(values)
        return self.sent, self.states, {key: np.array(values) for key, values in variables.items()}

    def _neurons(self, name: str, t: int) -> None:
        neuron, shape = self.program.neuron(name), self.shapes[name]
        fresh = t == 0 or resets_before(neuron, t)
        self.before[name] = {
            state: np.broadcast_to(neuron.initial.get(state, np.int64(0)), shape)
            if fresh
            else self.states[name, state][t - 1]
            for state in neuron.states
        }
        if neuron.held and t < neuron.reset_offset:
            for state, values in self.before[name].items():
                self.states[name, state][t] = values
            return
        a = synaptic_input(self.wires[name], neuron.ports, self.sent, t, shape)
        for synapses in self.plastic.values():
            if synapses.projection.target == name:
                a = a + synapses.arriving.reshape(shape)
        after, self.sent[name][t] = neuron_step(neuron, self.before[name], a)
        for state, values in after.items():
            self.states[name, state][t] = values

    def _moment(self, name: str, t: int) -> Moment:
        states = {state: self.states[name, state][t] for state in self.program.neuron(name).states}
        return Moment(
            step=t,
            before={state: np.ravel(values) for state, values in self.before[name].items()},
            after={state: values.ravel() for state, values in states.items()},
            sent=self.sent[name][t].ravel(),
            arrived={port: self._third_factor(name, port, t) for port in THIRD_FACTORS},
        )

    def _third_factor(self, name: str, port: str, t: int) -> Ints:
        """The sum at a port: spikes, or the potentials of what never spikes."""
        total = np.zeros(self.shapes[name], np.int64)
        for wire in self.wires[name]:
            if wire.port == port:
                source = self.program.populations.get(wire.source)
                silent = source is not None and not source.neuron.spiking
                total = total + wire.arriving(self.states[wire.source, "v"] if silent else self.sent[wire.source], t)
        return total.ravel()
