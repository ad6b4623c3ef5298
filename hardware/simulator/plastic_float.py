"""A Network's plastic projection while it runs: a link whose weights its rule changes after each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, GraphError
from neurokit.graph.network import Population, Projection
from neurokit.graph.plasticity import Rule
from neurokit.graph.synapses import Shape, Synapse
from neurokit.hardware.simulator.links import Link, Rows
from neurokit.hardware.simulator.neurons import Neurons
from neurokit.lower.plastic_synapses import initial_weights, places, with_weights
from neurokit.lower.plasticity_float import FloatLearner
from neurokit.lower.signals_float import FloatSignals, signal_faults

States = Mapping[str, NDArray[Any]]


class FloatPlasticLink(Link):
    """One projection with a Rule, for several learners side by side; it is run one step at a time.

    rows have (1, learners, sources), each learner has weights, tags and traces of its own.
    needs_before: whether `learn` looks at the neurons' states before the step.
    """

    plastic = True
    splits = False

    def __init__(
        self, projection: Projection, delay: int, source: Shape, target: Population, learners: int, dt: float | None
    ) -> None:
        super().__init__(projection.source, delay)
        rule, synapse = projection.plasticity, projection.synapse
        assert isinstance(rule, Rule), "a Network's projection has a Rule"
        if faults := signal_faults(projection.name, rule.signals, target.neuron):
            raise GraphError(faults)
        if dt is None:
            fact = "learns, but the network states no step"
            raise GraphError(Fault(projection.name, fact, "a rule has times in seconds", "Pass dt= to nk.convert."))
        self.name = projection.name
        self.synapse: Synapse = synapse
        self.rule = rule
        where = places(synapse, source)
        self.learners = [FloatLearner(rule, where, initial_weights(synapse), dt) for _ in range(learners)]
        self.signals = FloatSignals(rule.signals, target.neuron, target.shape, (learners, target.size), dt)
        self.needs_before = self.signals.needs_before

    def add(self, rows: Rows, acc: Rows, largest: float) -> None:
        """See `Link.add`; rows (steps, learners, sources) go through the weights as they are now."""
        for step, sums in zip(rows, acc, strict=True):
            for k, learner in enumerate(self.learners):
                sums[k] += learner.places.deliver(learner.weights, step[k].astype(np.float64))

    def learn(self, pre: Rows, post: Rows, before: States, neurons: Neurons, modulation: NDArray[np.float64]) -> None:
        """After the neurons of a step have fired.

        pre: (learners, sources), what the synapses got in this step. post: (learners, targets), what was sent.
        before: states of the target before the step, empty where `needs_before` is False. modulation: (learners,
        targets), what arrived at that port.
        """
        signals = self.signals.evaluate(before, neurons.states, post, modulation)
        for k, learner in enumerate(self.learners):
            learner.step(pre[k], post[k], {name: values[k] for name, values in signals.items()})

    def rest(self) -> None:
        """As at the start of a sample: traces and tags anew; weights stay."""
        self.signals.rest()
        for learner in self.learners:
            learner.rest()

    def learned(self, learner: int) -> Synapse:
        """The map with the weights of one learner as they are now."""
        return with_weights(self.synapse, self.learners[learner].weights)

    def keep(self) -> dict[str, NDArray[Any]]:
        """Copies of all that is carried from step to step, by name."""
        found: dict[str, NDArray[Any]] = {f"signal/{name}": z.copy() for name, z in self.signals.traces.items()}
        found["now"] = np.array(self.learners[0].now)
        for name in _carried(self.learners[0]):
            found[name] = np.stack([_carried(learner)[name] for learner in self.learners])
        return found

    def take(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `keep` gave."""
        for name, values in self.signals.traces.items():
            values[:] = kept[f"signal/{name}"]
        for k, learner in enumerate(self.learners):
            learner.now = int(kept["now"])
            for name, values in _carried(learner).items():
                values[...] = kept[name][k]


def _carried(learner: FloatLearner) -> dict[str, NDArray[Any]]:
    """The arrays of a learner themselves."""
    found: dict[str, NDArray[Any]] = {"w": learner.weights, **learner.tags}
    for k, side in enumerate(("pre", "post")):
        found |= {f"spiked/{side}": learner.spiked[k], f"last/{side}": learner.last[k]}
    found |= {f"trace/{name}": values for name, values in learner.traces.values.items()}
    return found | {f"history/{name}": values for name, values in learner.history.items()}
