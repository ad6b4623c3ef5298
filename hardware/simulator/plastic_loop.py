"""A LIF population that one plastic projection feeds: all steps of a chunk in one kernel, as `loops` does for cycles.

The projection's source may be the population itself; everything else must come from other parts, third factors too.
Other networks that learn take the same steps one call at a time; both are tested against the reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.hardware.simulator.count_kernels import count_spikes
from neurokit.hardware.simulator.neurons import LoihiNeurons
from neurokit.hardware.simulator.plastic_fixed import FixedPlastic
from neurokit.hardware.simulator.plastic_source import Shape
from neurokit.hardware.simulator.stage import Stage
from neurokit.hardware.simulator.team import Team

SHARED = 4  # learners from which on threads pay
WORTH_STEPS = 1000  # of rules of one structure, from which on its kernel is worth the seconds that it takes to compile

_DONE: Counter[Shape] = Counter()  # steps by structure, in this process


def fits(stages: Sequence[Stage]) -> bool:
    """Whether a `PlasticLoop` can run these stages, which make up a part."""
    if len(stages) != 1:
        return False
    stage, neurons = stages[0], stages[0].neurons
    if not isinstance(neurons, LoihiNeurons) or not isinstance(neurons.neuron, LoihiLIF) or neurons.held:
        return False
    plastic = [link for link in stage.links if link.plastic]
    inner = [link for link in stage.links if link.source == stage.name and not link.plastic]
    return len(plastic) == 1 and type(plastic[0]) is FixedPlastic and not inner


class PlasticLoop:
    """The stage, its plastic link, and what feeds its third factors."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        (link,) = (link for link in stage.links if isinstance(link, FixedPlastic))
        self.link = link
        neurons = stage.neurons
        assert isinstance(neurons, LoihiNeurons), "see `fits`"
        self.neurons = neurons
        size = stage.size
        self.rest = np.zeros((2, size), np.int32)
        for row, state in zip(self.rest, "uv", strict=True):
            row[:] = neurons.resting(state)

    def worth(self, steps: int) -> bool:
        """Whether so many more steps are to be run here; short runs are done before the kernel is compiled."""
        _DONE[self.link.shape] += steps
        return _DONE[self.link.shape] >= WORTH_STEPS

    def run(
        self,
        acc: NDArray[np.int32],
        pre: NDArray[Any],
        third: Mapping[str, NDArray[Any]],
        start: int,
        now: int,
        team: Team,
    ) -> None:
        """Steps from `start` of the block on, which began at step `now`.

        acc: (steps, learners, n) what arrives otherwise. pre: (steps, learners, sources). third: (steps, learners, n).
        """
        steps, learners = acc.shape[:2]
        spikes = self.stage.block[start : start + steps]
        rests = np.zeros(steps, np.bool_)
        rests[[k - now - start for k in self.neurons.resets(now + start, now + start + steps)]] = True
        arrived = np.zeros((steps if third else 0, len(THIRD_FACTORS), learners, self.stage.size), np.int32)
        for port, values in third.items():
            arrived[:, THIRD_FACTORS.index(port)] = values
        if not third and self.link.signals is not None:
            arrived = np.zeros((steps, len(THIRD_FACTORS), learners, self.stage.size), np.int32)
        parts = min(team.size, learners) if learners >= SHARED else 1
        cuts = [learners * k // parts for k in range(parts + 1)]
        pieces = [self.link.piece(steps, (a, b), parts > 1) for a, b in pairwise(cuts)]
        totals = np.zeros((parts, steps), np.int64)
        wraps = np.zeros((parts, 2), np.int64)
        neurons = self.neurons
        self.link.make_room(pre.dtype)
        states = neurons.states["u"], neurons.states["v"], self.rest
        works = [
            partial(
                piece.run,
                (acc, spikes, *states, totals[k], wraps[k], neurons.constants, neurons.way, rests, pre),
                arrived,
            )
            for k, piece in enumerate(pieces)
        ]
        team.run(works)
        self.link.join(pieces)
        neurons.wraps += wraps.sum(axis=0)
        neurons.step_counts.append(totals.sum(axis=0))
        count_spikes(spikes, neurons.counts)
