"""Recurrent parts: step by step, since what a spike causes comes back to where it was sent.

A `Loop` of LoihiLIF populations joined by dense or sparse synapses of 8 bits runs a whole block inside one kernel; the
engine takes all others through the same steps one call at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.neurons import LoihiLIF
from neurokit.hardware.simulator.kernels import count_events
from neurokit.hardware.simulator.links import Bytes, DenseLink, Link, SparseLink
from neurokit.hardware.simulator.loop_kernels import DENSE, SPARSE, loop_block
from neurokit.hardware.simulator.neurons import LoihiNeurons
from neurokit.hardware.simulator.stage import Stage
from neurokit.hardware.simulator.team import Team


def fits(stages: Sequence[Stage]) -> bool:
    """Whether a `Loop` can run these stages, which make up a recurrent part."""
    names = {stage.name for stage in stages}
    inner = [link for stage in stages for link in stage.links if link.source in names]
    return all(_plain(stage) for stage in stages) and all(_known(link) for link in inner)


def _plain(stage: Stage) -> bool:
    neurons = stage.neurons
    return isinstance(neurons, LoihiNeurons) and isinstance(neurons.neuron, LoihiLIF) and not neurons.neuron.held


def _known(link: Link) -> bool:
    if link.exponent != 0 or link.delay < 1:
        return False
    return type(link) is SparseLink or (isinstance(link, DenseLink) and isinstance(link.weight, Bytes))


class Loop:
    """Recurrent populations side by side in common arrays, with the synapses between them in tables.

    Rows of `links`: kind, first source, sources, first target, targets, delay, then where its weights begin and, dense:
    width of a row, offset, shift; sparse: where its lists begin.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = list(stages)
        sizes = [stage.size for stage in stages]
        ends = np.cumsum([0, *sizes])
        cuts = pairwise(ends.tolist())
        self.places = {stage.name: slice(*cut) for stage, cut in zip(stages, cuts, strict=True)}
        self.size = int(ends[-1])
        self.inner = [(stage, link) for stage in stages for link in stage.links if link.source in self.places]
        self.history = max(link.delay for _, link in self.inner)
        self._join_weights()
        self.populations = np.array([(s.start, s.stop - s.start) for s in self.places.values()], np.int64)
        rows = [_rows(stage) for stage in stages]
        self.constants = tuple(np.concatenate(columns) for columns in zip(*(row[:-1] for row in rows), strict=True))
        self.soft = np.array([row[-1] for row in rows])

    def _join_weights(self) -> None:
        """One array of all dense weights and one each of all lists, of which the links keep views."""
        dense = [link.weight.values.ravel() for _, link in self.inner if isinstance(link, DenseLink)]  # type: ignore[union-attr]
        lists = [(link.start, link.target, link.weight) for _, link in self.inner if isinstance(link, SparseLink)]
        self.weights = _joined(dense, np.uint8)
        self.lists = (
            _joined([start for start, _, _ in lists], np.int64),
            _joined([target for _, target, _ in lists], np.int32),
            _joined([weight for _, _, weight in lists], np.int32),
        )
        table = []
        first = begin = synapse = 0
        for stage, link in self.inner:
            source, target = self.places[link.source], self.places[stage.name]
            row = [source.start, source.stop - source.start, target.start, target.stop - target.start, link.delay]
            if isinstance(link, DenseLink):
                assert isinstance(link.weight, Bytes), "see `fits`"
                values, offset, shift = link.weight
                link.weight = Bytes(self.weights[first : first + values.size].reshape(values.shape), offset, shift)
                table.append([DENSE, *row, first, values.shape[1], offset, shift])
                first += values.size
            else:
                assert isinstance(link, SparseLink), "see `fits`"
                table.append([SPARSE, *row, synapse, begin, 0, 0])
                end, last = begin + link.start.size, synapse + link.weight.size
                link.start, link.target = self.lists[0][begin:end], self.lists[1][synapse:last]
                link.weight = self.lists[2][synapse:last]
                begin, synapse = end, last
        self.links = np.array(table, np.int64)

    def run(
        self,
        acc: Mapping[str, NDArray[np.int32]],
        start: int,
        now: int,
        states: Mapping[tuple[str, str], NDArray[np.int32]],
        team: Team,
    ) -> None:
        """Run steps from `start` of the block on, which began at step `now`.

        acc: name -> (steps, samples, n), what arrives from outside. Spikes go to the stages' blocks, and the states
        after each step to `states`, (name, "u" | "v") -> (steps of the block, samples, n), of those wanted.
        """
        steps, samples = next(iter(acc.values())).shape[:2]
        parts = min(team.size, samples)
        cuts = pairwise(samples * k // parts for k in range(parts + 1))
        pieces = [_Piece(self, acc, start, slice(first, last), bool(states)) for first, last in cuts]
        team.run([partial(piece.run, self, now + start) for piece in pieces])
        for piece in pieces:
            piece.hand_back(self, start, states)
        for stage in self.stages:
            totals = np.zeros(steps, np.int64)
            neurons = _neurons(stage)
            count_events(_written(stage, start, steps), neurons.counts, totals)
            neurons.step_counts.append(totals)


class _Piece:
    """A block of some samples in arrays of its own, all populations side by side.

    acc: (steps, samples, n). spikes: (history + steps, samples, n). u, v: (samples, n). u_record,
    v_record: (steps or 0, samples, n). wraps: (populations, 2), see `lif_block`.
    """

    def __init__(
        self, loop: Loop, acc: Mapping[str, NDArray[np.int32]], start: int, samples: slice, record: bool
    ) -> None:
        self.samples = samples
        steps, count = len(next(iter(acc.values()))), samples.stop - samples.start
        self.acc = np.empty((steps, count, loop.size), np.int32)
        self.spikes = np.empty((loop.history + steps, count, loop.size), np.uint8)
        self.u, self.v = (np.empty((count, loop.size), np.int32) for _ in "uv")
        self.u_record, self.v_record = (np.empty((steps if record else 0, count, loop.size), np.int32) for _ in "uv")
        self.wraps = np.zeros((len(loop.stages), 2), np.int64)
        for stage in loop.stages:
            place = loop.places[stage.name]
            self.acc[:, :, place] = acc[stage.name][:, self.samples]
            before = stage.joined(start - min(loop.history, stage.history + start), start)
            self.spikes[loop.history - len(before) : loop.history, :, place] = before[:, samples]
            for values, state in ((self.u, "u"), (self.v, "v")):
                values[:, place] = _neurons(stage).states[state][samples]

    def run(self, loop: Loop, now: int) -> None:
        """All steps, of which `now` is the first, cut where a population is reset."""
        steps = len(self.acc)
        resets = {stage.name: set(_neurons(stage).resets(now, now + steps)) for stage in loop.stages}
        cuts = sorted({now, *(step for found in resets.values() for step in found)})
        for first, last in pairwise([*cuts, now + steps]):
            for name, found in resets.items():
                if first in found:
                    self.u[:, loop.places[name]] = 0
                    self.v[:, loop.places[name]] = 0
            low, high = first - now, last - now
            record = slice(low, high if len(self.u_record) else low)
            loop_block(
                self.acc[low:high],
                self.spikes[low : loop.history + high],
                loop.history,
                loop.links,
                loop.weights,
                *loop.lists,
                loop.populations,
                self.u,
                self.v,
                self.u_record[record],
                self.v_record[record],
                self.wraps,
                loop.soft,
                *loop.constants,
            )

    def hand_back(self, loop: Loop, start: int, states: Mapping[tuple[str, str], NDArray[np.int32]]) -> None:
        """Spikes, states and counters to the stages."""
        steps = len(self.acc)
        for number, stage in enumerate(loop.stages):
            place, neurons = loop.places[stage.name], _neurons(stage)
            _written(stage, start, steps)[:, self.samples] = self.spikes[loop.history :, :, place]
            neurons.states["u"][self.samples] = self.u[:, place]
            neurons.states["v"][self.samples] = self.v[:, place]
            neurons.wraps += self.wraps[number]
        for (name, state), kept in states.items():
            record = self.u_record if state == "u" else self.v_record
            kept[start : start + steps, self.samples] = record[:, :, loop.places[name]]


def _written(stage: Stage, start: int, steps: int) -> NDArray[np.uint8]:
    """Spikes of `steps` steps from `start` of the block on."""
    return stage.block[start : start + steps]


def _neurons(stage: Stage) -> LoihiNeurons:
    assert isinstance(stage.neurons, LoihiNeurons), "see `fits`"
    return stage.neurons


def _joined(parts: Sequence[NDArray[Any]], kind: type) -> NDArray[Any]:
    return np.concatenate(parts).astype(kind, copy=False) if parts else np.zeros(0, kind)


def _rows(stage: Stage) -> tuple[Any, ...]:
    """Constants of `lif_block`, a value a neuron, and whether resets are soft."""
    *values, strides, soft = _neurons(stage).constants
    return (*(values[k] if strides[k] else np.full(stage.size, values[k][0]) for k in range(len(values))), soft)
