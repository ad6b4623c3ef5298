"""Projections whose weights change while the network runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Population, Projection
from neurokit.graph.plasticity import Rule
from neurokit.graph.synapses import Conv2d, Shape
from neurokit.hardware.simulator.links import Link, Rows
from neurokit.hardware.simulator.neurons import Neurons


class PlasticLink(Link):
    """Abstract. Its part of the graph runs step by step: `add` before the neurons of the target, `learn` after all.

    Every sample of the engine is a learner with weights of its own. lag: steps between a spike of the source and the
    evaluation that sees it. needs_before: whether `learn` takes the target's states as they were before the step.
    watched: what can be recorded, with its shape. updates: (learners,) how often a synapse's weight was evaluated with
    an open gate, once for each gate. read: (projection, learner) -> its weights as they now are.
    """

    plastic = True
    splits = False
    lag = 0
    needs_before = False
    watched: Mapping[str, tuple[int, ...]]
    read: Callable[[str, int], Rows] | None = None

    @property
    def updates(self) -> NDArray[np.int64]:
        """See the class."""
        raise NotImplementedError

    def learn(
        self,
        step: int,
        pre: Rows,
        post: Rows,
        before: Mapping[str, Rows],
        neurons: Neurons,
        modulation: Mapping[str, Rows],
    ) -> None:
        """A step is over: take up its spikes, change the weights.

        step: since the beginning of the sample. pre: (learners, sources) as the synapses got it, post: (learners,
        targets) as it was sent. before: the target's states before the step, after a scheduled reset. modulation: what
        arrived at the ports of third factors, (learners, targets) each, those without a projection left out.
        """
        raise NotImplementedError

    def rest(self) -> None:
        """A sample begins: traces and tags as they are at a start, weights as they are, random numbers go on."""
        raise NotImplementedError

    def weights(self) -> Rows:
        """(learners, *shape of the weight) as they now are, in the projection's own layout."""
        raise NotImplementedError

    def watch(self, name: str) -> Rows:
        """(learners, *shape) of one of `watched`."""
        raise NotImplementedError

    def at_bounds(self) -> NDArray[np.int64]:
        """(learners, 2): weights at the lower and at the upper bound."""
        raise NotImplementedError

    def keep(self) -> dict[str, NDArray[Any]]:
        """Copies of all that is carried from step to step."""
        raise NotImplementedError

    def take(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `keep` gave."""
        raise NotImplementedError


def make_plastic(
    projection: Projection,
    steps: NDArray[np.int64],
    source: Shape,
    population: Population,
    learners: int,
    dt: float | None,
) -> PlasticLink:
    """The link of a projection with plasticity, of a Program or a Network; they build on this module."""
    delay = int(steps.flat[0])
    if isinstance(projection.plasticity, Rule):
        from neurokit.hardware.simulator.plastic_float import FloatPlasticLink

        return FloatPlasticLink(projection, delay, source, population, learners, dt)
    from neurokit.hardware.simulator.plastic_conv import ConvPlastic
    from neurokit.hardware.simulator.plastic_fixed import FixedPlastic

    kind = ConvPlastic if isinstance(projection.synapse, Conv2d) else FixedPlastic
    return kind(projection, delay, source, population, learners)
