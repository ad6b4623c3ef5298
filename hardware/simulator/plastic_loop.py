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
from neurokit.hardware.simulator.plastic_shape import Shape
from neurokit.hardware.simulator.plastic_steps import CLOCK, EVENT, FIRST, FORCED, Cells, Numbers, Third
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
        totals = np.zeros((parts, steps), np.int64)
        wraps = np.zeros((parts, 2), np.int64)
        neurons, link = self.neurons, self.link
        link.make_room(pre.dtype)
        u, v = neurons.states["u"], neurons.states["v"]
        third_factors = self._third(arrived)
        pieces = [_Piece(link, steps, (a, b), parts > 1) for a, b in pairwise(cuts)]
        works = []
        for k, piece in enumerate(pieces):
            lif = neurons.constants, neurons.way, rests
            cells = Cells(acc, spikes, u, v, self.rest, totals[k], wraps[k], *lif)
            works.append(partial(piece.run, cells, third_factors, pre))
        team.run(works)
        self._join(pieces)
        neurons.wraps += wraps.sum(axis=0)
        neurons.step_counts.append(totals.sum(axis=0))
        count_spikes(spikes, neurons.counts)

    def _third(self, arrived: NDArray[np.int32]) -> Third:
        signals = self.link.signals
        if signals is not None:
            return Third(True, signals.tables, signals.chip, arrived, signals.memory)
        none, empty = np.zeros((0, 0), np.int64), np.zeros(0, np.int64)
        memory = np.zeros((self.link.learners, 0, 0), np.int64)
        return Third(False, (empty, none, none, none, empty), (empty, empty, empty), arrived, memory)

    def _join(self, pieces: Sequence[_Piece]) -> None:
        """All are done."""
        counters = self.link.counters
        counters[...] = pieces[0].counters
        counters[FORCED] = any(piece.counters[FORCED] for piece in pieces)
        self.link.wrapped += sum(piece.wrapped for piece in pieces)


class _Piece:
    """Some learners' part of the steps. counters: its own. lockstep: other pieces go beside it."""

    def __init__(self, link: FixedPlastic, steps: int, learners: tuple[int, int], lockstep: bool) -> None:
        self.link, self.learners, self.wrapped = link, learners, 0
        self.schedule = link.schedule(lockstep)
        self.counters = link.counters.copy()
        event = self.counters[FIRST] = self.counters[EVENT] + 1
        keys = link.keys
        self.keys = keys._replace(
            repeated=keys.repeated.copy(), history=keys.history.copy(), rounding=keys.rounding.copy()
        )
        if link.repaired:
            self.numbers = link.no_numbers(steps)
        else:
            clock, events = int(self.counters[CLOCK]) + 1, steps // link.rule.epoch + 1
            self.numbers = Numbers(*link.streams.some(clock, steps, int(event), events))

    def run(self, cells: Cells, third: Third, pre: NDArray[Any]) -> None:
        """All steps."""
        link = self.link
        drawn = self.numbers, self.keys, self.schedule
        self.wrapped = link.kernels.run_steps(
            self.learners, cells, third, pre, link.sums, link.sides, *drawn, link.held, link.updates, self.counters
        )
