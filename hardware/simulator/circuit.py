"""Populations of which some learn: all steps of a chunk in one kernel, as `loops` does for cycles that do not.

It takes a part of the graph whose populations are LIF neurons, with a refractory period or without, ALIF or readouts;
what learns, feedback from readouts and recurrent weights that stay are all within. Other networks that learn take the
same steps one call at a time; both are tested against the reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.signals import THIRD_FACTORS
from neurokit.hardware.simulator.circuit_source import STATES, Cell, Plastic, Structure, source_of
from neurokit.hardware.simulator.kernels import count_events
from neurokit.hardware.simulator.lif_family import Adaptive, RefractoryLIF
from neurokit.hardware.simulator.links import Bytes, DenseLink, InjectionLink, Link, SparseLink
from neurokit.hardware.simulator.neurons import FixedNeurons, LoihiNeurons
from neurokit.hardware.simulator.plastic_cache import is_kept, module_of
from neurokit.hardware.simulator.plastic_fixed import FixedPlastic
from neurokit.hardware.simulator.plastic_steps import CLOCK, EVENT, FIRST, FORCED, Held, Keys, Numbers, Schedule, Sides
from neurokit.hardware.simulator.stage import Stage, base_of
from neurokit.hardware.simulator.team import Team

SHARED = 4  # learners from which on threads pay
WORTH_STEPS = 1000  # of circuits with one rule from which on its kernel is worth compiling; with more it takes longer
KINDS: dict[type, str] = {LoihiNeurons: "lif", RefractoryLIF: "refractory", Adaptive: "alif"}

_DONE: Counter[str] = Counter()  # steps by source of the kernel, in this process


class Cells(NamedTuple):
    """A population over some steps: acc, spikes (steps, learners, n); states, rest and records as `STATES` has them.

    rests: (steps,) before which it rests. records: (steps, learners, n) of a state, no rows where nobody asks.
    """

    acc: NDArray[np.int32]
    spikes: NDArray[np.uint8]
    states: tuple[NDArray[np.int32], ...]
    rest: tuple[NDArray[np.int32], ...]
    records: tuple[NDArray[np.int32], ...]
    rests: NDArray[np.bool_]
    totals: NDArray[np.int64]
    wraps: NDArray[np.int64]
    constants: tuple[Any, ...]
    way: int
    chip: tuple[Any, ...]  # what a comparison with the threshold takes


class Signals(NamedTuple):
    """See `plastic_signals`."""

    tables: tuple[NDArray[Any], ...]
    memory: NDArray[np.int64]


class Learning(NamedTuple):
    """A projection that learns over some steps. pre: (steps, learners, sources)."""

    pre: NDArray[Any]
    sums: NDArray[Any]
    sides: Sides
    signals: Signals
    numbers: Numbers
    keys: Keys
    rule: Schedule
    held: Held
    updates: NDArray[np.int64]
    counters: NDArray[np.int64]


class Inner(NamedTuple):
    """A projection from within that does not learn. sent: (steps, learners, sources), out: (steps, learners, n)."""

    sent: NDArray[Any]
    start: NDArray[Any]
    target: NDArray[Any]
    weight: NDArray[Any]
    places: int
    out: NDArray[np.int32]


def fits(stages: Sequence[Stage]) -> bool:
    """Whether a `Circuit` can run these stages, which make up a part."""
    names = {stage.name for stage in stages}
    for stage in stages:
        neurons = stage.neurons
        if type(neurons) not in KINDS or not isinstance(neurons, FixedNeurons) or neurons.held:
            return False
        for link in stage.links:
            if link.plastic and type(link) is not FixedPlastic:
                return False
            within = base_of(link.source) in names and not link.plastic
            known = isinstance(link, DenseLink | SparseLink | InjectionLink) and link.bits == 32
            if within and (not known or link.delay < 1):
                return False
    return any(link.plastic for stage in stages for link in stage.links)


class Circuit:
    """The stages. sources: all stages by name, potentials of readouts among them. source: of the kernel."""

    def __init__(self, stages: Sequence[Stage], sources: Mapping[str, Stage]) -> None:
        self.stages, self.sources = stages, sources
        self.names = [stage.name for stage in stages]
        self.plastic = [(s, k) for s, stage in enumerate(stages) for k in stage.links if isinstance(k, FixedPlastic)]
        inner = [(s, k) for s, stage in enumerate(stages) for k in stage.links if not k.plastic]
        self.inner = [(s, link) for s, link in inner if base_of(link.source) in self.names]
        self.weights = [_weights(link, stages[s].size) for s, link in self.inner]
        self.history = {
            name: max((k.delay for _, k in self.inner if k.source == name), default=0) for name in self.names
        }
        self.source = source_of(self._structure())

    def _structure(self) -> Structure:
        cells = []
        for s, stage in enumerate(self.stages):
            links = [link for place, link in self.plastic if place == s]
            cells.append(Cell(KINDS[type(stage.neurons)], any(link.needs_before for link in links)))
        plastic = (Plastic(link.shape, s, link.signals is not None) for s, link in self.plastic)
        dense = (weight.ndim == 2 for _, _, weight in self.weights)
        return Structure(tuple(cells), tuple(plastic), tuple(dense))

    def worth(self, steps: int) -> bool:
        """Whether so many more steps are to be run here; short runs are done before the kernel is compiled."""
        _DONE[self.source] += steps
        return _DONE[self.source] >= WORTH_STEPS * len(self.plastic) ** 2 or is_kept(self.source)

    def run(
        self,
        acc: Mapping[str, NDArray[np.int32]],
        third: Mapping[str, Mapping[str, NDArray[Any]]],
        start: int,
        now: int,
        states: Mapping[tuple[str, str], NDArray[Any]],
        team: Team,
    ) -> None:
        """Steps from `start` of the block on, which began at step `now`.

        acc: name -> (steps, learners, n), what arrives from outside. third: name -> port -> the same of third factors.
        states: (name, state) -> (steps of the block, learners, n), written.
        """
        steps, learners = acc[self.names[0]].shape[:2]
        spikes = {stage.name: self._room(stage, start, steps) for stage in self.stages}
        arrived = [_arrived(third.get(stage.name, {}), acc[stage.name].shape) for stage in self.stages]
        inner = self._inner(acc, arrived, spikes, start, steps)
        parts = min(team.size, learners) if learners >= SHARED else 1
        cuts = [learners * k // parts for k in range(parts + 1)]
        run = module_of(self.source).run
        pieces, works = [], []
        for first, last in pairwise(cuts):
            cells = tuple(
                self._cells(stage, acc[stage.name], spikes[stage.name][-steps:], start, now, states)
                for stage in self.stages
            )
            links = tuple(self._learning(link, spikes, start, steps, parts > 1) for _, link in self.plastic)
            piece = _Piece(cells, links)
            pieces.append(piece)
            works.append(partial(piece.run, run, (first, last), steps, tuple(arrived), inner))
        team.run(works)
        self._join(pieces, spikes, start, steps)

    def _room(self, stage: Stage, start: int, steps: int) -> NDArray[np.uint8]:
        """Where its spikes go, behind those that are still to arrive within."""
        history = self.history[stage.name]
        if not history:
            return stage.block[start : start + steps]
        room = np.zeros((history + steps, *stage.block.shape[1:]), stage.block.dtype)
        room[:history] = stage.joined(start - history, start)
        return room

    def _inner(
        self,
        acc: Mapping[str, NDArray[np.int32]],
        arrived: Sequence[NDArray[np.int32]],
        spikes: Mapping[str, NDArray[np.uint8]],
        start: int,
        steps: int,
    ) -> tuple[Inner, ...]:
        found = []
        for (s, link), weights in zip(self.inner, self.weights, strict=True):
            if link.source in spikes:
                first = self.history[link.source] - link.delay
                sent = spikes[link.source][first : first + steps]
            else:  # a view of what is yet to be written, as `Stage.move_on` lays it out
                sent = self.sources[link.source].joined(start - link.delay, start - link.delay + steps)
            name = self.stages[s].name
            out = arrived[s][THIRD_FACTORS.index(link.port)] if link.port in THIRD_FACTORS else acc[name]
            found.append(Inner(sent, *weights, -link.exponent, out))
        return tuple(found)

    def _cells(
        self,
        stage: Stage,
        acc: NDArray[np.int32],
        spikes: NDArray[np.uint8],
        start: int,
        now: int,
        states: Mapping[tuple[str, str], NDArray[Any]],
    ) -> Cells:
        neurons, steps = _neurons(stage), len(acc)
        names = STATES[KINDS[type(neurons)]][0]
        rests = np.zeros(steps, np.bool_)
        rests[[k - now - start for k in neurons.resets(now + start, now + start + steps)]] = True
        rest = tuple(np.broadcast_to(neurons.resting(n), (stage.size,)).astype(np.int32) for n in names)
        nothing = np.zeros((0, 0, 0), np.int32)
        records = tuple(
            states[stage.name, n][start : start + steps] if (stage.name, n) in states else nothing for n in names
        )
        heard = [k.signals for k in stage.links if isinstance(k, FixedPlastic) and k.needs_before]
        chip = next((signals.chip for signals in heard if signals is not None), ())
        lif = isinstance(neurons, LoihiNeurons)
        return Cells(
            acc,
            spikes,
            tuple(neurons.states[name] for name in names),
            rest,
            records,
            rests,
            np.zeros(steps, np.int64),
            np.zeros(2, np.int64),
            neurons.constants,
            neurons.way if lif else 0,
            chip,
        )

    def _learning(
        self, link: FixedPlastic, spikes: Mapping[str, NDArray[np.uint8]], start: int, steps: int, lockstep: bool
    ) -> Learning:
        own = link.source in spikes
        pre = spikes[link.source][-steps:] if own else self.sources[link.source].joined(start, start + steps)
        link.make_room(pre.dtype)
        counters = link.counters.copy()
        event = counters[FIRST] = counters[EVENT] + 1
        keys = link.keys
        keys = keys._replace(repeated=keys.repeated.copy(), history=keys.history.copy(), rounding=keys.rounding.copy())
        if link.repaired:
            numbers = link.no_numbers(steps)
        else:
            clock, events = int(counters[CLOCK]) + 1, steps // link.rule.epoch + 1
            numbers = Numbers(*link.streams.some(clock, steps, int(event), events))
        found = link.signals
        signals = Signals((), np.zeros((0, 0, 0), np.int64)) if found is None else Signals(found.tables, found.memory)
        args = link.schedule(lockstep), link.held, link.updates, counters
        return Learning(pre, link.sums, link.sides, signals, numbers, keys, *args)

    def _join(self, pieces: Sequence[_Piece], spikes: Mapping[str, NDArray[np.uint8]], start: int, steps: int) -> None:
        """All are done."""
        for s, stage in enumerate(self.stages):
            neurons, totals = _neurons(stage), np.zeros(steps, np.int64)
            if self.history[stage.name]:
                stage.block[start : start + steps] = spikes[stage.name][-steps:]
            count_events(stage.block[start : start + steps], neurons.counts, totals)
            neurons.step_counts.append(totals)
            neurons.wraps += sum(piece.cells[s].wraps for piece in pieces)
        for n, (_, link) in enumerate(self.plastic):
            link.counters[...] = pieces[0].links[n].counters
            link.counters[FORCED] = any(piece.links[n].counters[FORCED] for piece in pieces)
        both: list[Link] = [*(link for _, link in self.plastic), *(link for _, link in self.inner)]
        for each, wrapped in zip(both, np.sum([piece.wrapped for piece in pieces], axis=0), strict=True):
            each.wrapped += int(wrapped)


class _Piece:
    """Some learners' part of the steps. wrapped: of each link, how many sums did."""

    def __init__(self, cells: tuple[Cells, ...], links: tuple[Learning, ...]) -> None:
        self.cells, self.links = cells, links
        self.wrapped: NDArray[np.int64]

    def run(self, kernel: Any, learners: tuple[int, int], steps: int, *others: Any) -> None:
        """All steps."""
        arrived, inner = others
        self.wrapped = kernel(learners, steps, self.cells, arrived, self.links, inner)


def _neurons(stage: Stage) -> Any:
    assert isinstance(stage.neurons, FixedNeurons), "see `fits`"
    return stage.neurons


def _arrived(third: Mapping[str, NDArray[Any]], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """(ports, steps, learners, n) of what arrives from outside."""
    found = np.zeros((len(THIRD_FACTORS), *shape), np.int32)
    for port, values in third.items():
        found[THIRD_FACTORS.index(port)] = values
    return found


def _weights(link: Link, size: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """start and target, of no account where weights are dense, and the weights, int64."""
    if isinstance(link, SparseLink):
        return link.start, link.target, link.weight.astype(np.int64)
    if isinstance(link, DenseLink):
        whole = link.weight.plain(size) if isinstance(link.weight, Bytes) else link.weight
        return np.zeros(0, np.int64), np.zeros(0, np.int32), whole.astype(np.int64)
    return np.arange(size + 1), np.arange(size, dtype=np.int32), np.ones(size, np.int64)
