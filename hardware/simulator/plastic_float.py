"""A Network's plastic projection while it runs: a link whose weights its rule changes after each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import GraphError
from neurokit.graph.network import Population, Projection
from neurokit.graph.plasticity import Rule
from neurokit.graph.synapses import Shape, Sparse
from neurokit.hardware.simulator.links import Rows
from neurokit.hardware.simulator.neurons import Neurons
from neurokit.hardware.simulator.plastic import PlasticLink
from neurokit.lower.plastic_synapses import initial_weights, places
from neurokit.lower.plasticity_float import FloatLearner
from neurokit.lower.signals_float import FloatSignals, signal_faults

States = Mapping[str, NDArray[Any]]


class FloatPlasticLink(PlasticLink):
    """One projection with a Rule; see `PlasticLink`. Each learner has weights, tags and traces of its own.

    listener: is told (link, pre, post, signals) after each step.
    """

    blas = True
    listener: Callable[[FloatPlasticLink, Rows, Rows, Mapping[str, Rows]], None] | None = None

    def __init__(
        self, projection: Projection, delay: int, source: Shape, target: Population, learners: int, dt: float | None
    ) -> None:
        super().__init__(projection.source, delay)
        rule, synapse = projection.plasticity, projection.synapse
        assert isinstance(rule, Rule), "a Network's projection has a Rule"
        assert dt is not None, "`check_network` refuses a rule without a step"
        if faults := signal_faults(projection.name, rule.signals, target.neuron):
            raise GraphError(faults)
        self.name = projection.name
        self.rule = rule
        self.lag = delay
        where = places(synapse, source)
        reads = [partial(self._read, learner) for learner in range(learners)]
        self.learners = [FloatLearner(rule, where, initial_weights(synapse), dt, read) for read in reads]
        self.signals = FloatSignals(rule.signals, target.neuron, target.shape, (learners, target.size), dt)
        self.needs_before = self.signals.needs_before
        self._last = {name: np.zeros((learners, target.size)) for name in rule.signals}
        weight: Any = synapse.weight.data if isinstance(synapse, Sparse) else getattr(synapse, "weight", None)
        self._shape = weight.shape
        self.watched = {name: self.watch(name).shape[1:] for name in self._names()}

    def add(self, rows: Rows, acc: Rows, largest: float) -> None:
        """See `Link.add`; rows (steps, learners, sources) go through the weights as they are now."""
        for step, sums in zip(rows, acc, strict=True):
            for k, learner in enumerate(self.learners):
                sums[k] += learner.places.deliver(learner.weights, step[k].astype(np.float64))

    def learn(
        self, step: int, pre: Rows, post: Rows, before: States, neurons: Neurons, arrived: Mapping[str, Rows]
    ) -> None:
        """See `PlasticLink`."""
        self._last = self.signals.evaluate(before, neurons.states, post, arrived)
        for k, learner in enumerate(self.learners):
            learner.step(pre[k], post[k], {name: values[k] for name, values in self._last.items()})
        if self.listener is not None:
            self.listener(self, pre, post, self._last)

    def rest(self) -> None:
        """See `PlasticLink`."""
        self.signals.rest()
        for values in self._last.values():
            values[:] = 0
        for learner in self.learners:
            learner.rest()

    def weights(self) -> Rows:
        """See `PlasticLink`."""
        return self.watch("weight")

    def watch(self, name: str) -> Rows:
        """See `PlasticLink`."""
        if name == "weight":
            return np.stack([learner.weights.reshape(self._shape) for learner in self.learners])
        if name in self._last:
            return self._last[name].copy()
        stacked = [learner.tags.get(name, learner.traces.values.get(name)) for learner in self.learners]
        return np.stack([values for values in stacked if values is not None])

    @property
    def updates(self) -> NDArray[np.int64]:
        """See `PlasticLink`."""
        return np.array([learner.updates for learner in self.learners], np.int64)

    def at_bounds(self) -> NDArray[np.int64]:
        """See `PlasticLink`."""
        low, high = self.rule.bounds
        weights = np.stack([learner.weights.ravel() for learner in self.learners])
        return np.stack([(weights <= low).sum(1), (weights >= high).sum(1)], axis=1)

    def keep(self) -> dict[str, NDArray[Any]]:
        """See `PlasticLink`."""
        found: dict[str, NDArray[Any]] = {f"signal/{name}": z.copy() for name, z in self.signals.traces.items()}
        found["now"] = np.array(self.learners[0].now)
        found["updates"] = self.updates
        for name in _carried(self.learners[0]):
            found[name] = np.stack([_carried(learner)[name] for learner in self.learners])
        return found

    def take(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """See `PlasticLink`."""
        for name, values in self.signals.traces.items():
            values[:] = kept[f"signal/{name}"]
        for k, learner in enumerate(self.learners):
            learner.now, learner.updates = int(kept["now"]), int(kept["updates"][k])
            for name, values in _carried(learner).items():
                values[...] = kept[name][k]

    def _read(self, learner: int, name: str) -> NDArray[np.float64]:
        assert self.read is not None, "the engine sets it"
        return self.read(name, learner)

    def _names(self) -> list[str]:
        tags = [name for name, terms in (("tag", self.rule.tag), ("tag2", self.rule.second_tag)) if terms]
        return ["weight", *tags, *self.rule.traces, *self.rule.signals]


def _carried(learner: FloatLearner) -> dict[str, NDArray[Any]]:
    """The arrays of a learner themselves."""
    found: dict[str, NDArray[Any]] = {"w": learner.weights, **learner.tags}
    for k, side in enumerate(("pre", "post")):
        found |= {f"spiked/{side}": learner.spiked[k], f"last/{side}": learner.last[k]}
    found |= {f"trace/{name}": values for name, values in learner.traces.values.items()}
    return found | {f"history/{name}": values for name, values in learner.history.items()}
