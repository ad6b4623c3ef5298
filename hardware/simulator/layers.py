"""A population of LoihiLIF that one convolution feeds: both in one kernel, see `layer_kernels`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.hardware.simulator.convolution import worth_product
from neurokit.hardware.simulator.count_kernels import FEW_STEPS, add_tally, count_some
from neurokit.hardware.simulator.layer_kernels import ROOM, WORDS, convolve_and_fire
from neurokit.hardware.simulator.links import ConvLink
from neurokit.hardware.simulator.neurons import LoihiNeurons
from neurokit.hardware.simulator.pool import POOL
from neurokit.hardware.simulator.product import DOT_NS
from neurokit.hardware.simulator.stage import Stage
from neurokit.hardware.simulator.team import Team
from neurokit.hardware.simulator.vectors import CHANNELS

LOOKED_AT = 4  # rows of a block, for an idea of the activity
MOST_STEPS = 255  # of a call
CACHE_LINES = 16  # numbers of 8 bytes in two of them, which are fetched together
LAID_NS, FIRE_NS = 0.3, 0.2  # of a word laid out and of a neuron, beside `product.DOT_NS`: to share work evenly

Share: TypeAlias = tuple[int, int, int, int]
States: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32]]


class Layer:
    """The stage and its link. blocks: of channels. words: that the spikes of a step and sample take, laid out.

    geometry: what `convolve_and_fire` takes from `image` to `factor`.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.link = _only_link(stage)
        product = self.link.plan.product
        assert product is not None, "see `fits`"
        self.product = product
        self.outputs = product.totals.shape[1]
        quads = -(-product.image[0] // len(product.totals) // 4)
        self.words = len(product.totals) * quads * len(product.phases) * product.plane[0] * product.plane[1]
        self._tallies = POOL.zeros((1, _neurons(stage).samples, stage.size), np.uint8)
        self._states: list[States] = [(_neurons(stage).states["u"], _neurons(stage).states["v"])]
        self._rooms: dict[int, NDArray[np.int32]] = {}
        self._shares: dict[tuple[int, bool], Sequence[Share]] = {}
        fixed = (product.image, product.plane, product.target, product.phases, product.offsets, product.weights)
        self.geometry: tuple[Any, ...] = (*fixed, self.outputs, product.swapped, product.factor)
        self.blocks = len(product.totals) * -(-self.outputs // CHANNELS)

    def suits(self, rows: NDArray[Any]) -> bool:
        """Whether spikes (steps, samples, sources) can be taken, and are so many that dot products are the best way."""
        if rows.dtype != np.uint8:
            return False
        flat = rows.reshape(-1, rows.shape[-1])
        every = -(-len(flat) // LOOKED_AT)
        return worth_product(self.link.plan, flat[::every], count_some(flat, every), 1.0)

    def run(self, rows: NDArray[np.uint8], spikes: NDArray[np.uint8], step: int, team: Team, parts: int) -> None:
        """Steps from `step` on: rows (steps, samples, sources) -> spikes (steps, samples, n), by `parts` threads.

        Rows without sources are silent. At most MOST_STEPS steps.
        """
        assert len(rows) <= MOST_STEPS, "spikes are summed in bytes"
        rests = self.rests(step, len(rows))
        shares = self.shares(parts)
        totals, wraps = apart(len(shares), len(rows)), apart(len(shares), 2)
        works = [
            partial(self._work, rows, spikes, rests, self.room(rows, k), *share)
            for k, share in enumerate(zip(shares, totals, wraps, strict=True))
        ]
        team.run(works)
        if len(rows) >= FEW_STEPS:
            add_tally(self._tallies[0], _neurons(self.stage).counts)
        self.note(totals, wraps)

    def _work(
        self,
        rows: NDArray[np.uint8],
        spikes: NDArray[np.uint8],
        rests: NDArray[np.bool_],
        words: NDArray[np.int32],
        share: Share,
        totals: NDArray[np.int64],
        wraps: NDArray[np.int64],
    ) -> None:
        (u, v), _, counts, tally, _, *others = self.held(spikes, totals, wraps)
        states = (u, v, spikes, counts, tally)
        convolve_and_fire(read_only(rows), *self.geometry, share, words, rests, *states, *others)

    def held(
        self, spikes: NDArray[np.uint8], totals: NDArray[np.int64], wraps: NDArray[np.int64], own: int = 0
    ) -> tuple[Any, ...]:
        """What it takes from `u` to `way`, (u, v) together, and all tallies beside the one; own: see `make_states`."""
        neurons = _neurons(self.stage)
        counted = (neurons.counts, self._tallies[own], self._tallies, totals, wraps)
        return (self._states[own], spikes, *counted, neurons.constants[:-1], neurons.constants[-1], neurons.way)

    def make_states(self, number: int) -> None:
        """Have so many states and tallies, the neurons' own first; what the others hold does not matter."""
        while len(self._states) < number:
            u, v = self._states[0]
            self._states.append((POOL.take(u.shape, u.dtype), POOL.take(v.shape, v.dtype)))
        if len(self._tallies) < number:
            self._tallies = POOL.zeros((number, *self._tallies.shape[1:]), np.uint8)

    def take_states(self, number: int) -> None:
        """Let the neurons go on with these states."""
        self._states[0], self._states[number] = self._states[number], self._states[0]
        neurons = _neurons(self.stage)
        neurons.states["u"], neurons.states["v"] = self._states[0]

    def rests(self, step: int, steps: int) -> NDArray[np.bool_]:
        """Whether the states are zero before each of so many steps from `step` on."""
        return _neurons(self.stage).rests(step, steps)

    def note(self, totals: NDArray[np.int64], wraps: NDArray[np.int64]) -> None:
        """What all shares, (shares, steps) and (shares, 2), have counted in a call."""
        neurons = _neurons(self.stage)
        neurons.still = False
        neurons.wraps += wraps.sum(axis=0)
        neurons.step_counts.append(totals.sum(axis=0))

    def room(self, rows: NDArray[np.uint8], number: int) -> NDArray[np.int32]:
        """Where a share lays spikes out, zero where it does not write, the same array from call to call."""
        area = self.words * rows.shape[1]
        size = area * max(1, min(len(rows), WORDS // area)) + ROOM
        if not rows.shape[2]:  # nothing is written: all is to be zero
            return np.zeros(size, np.int32)
        if number not in self._rooms or self._rooms[number].size < size:
            self._rooms[number] = POOL.zeros((size,), np.int32)
        return self._rooms[number][:size]

    def shares(self, parts: int, first: bool = False) -> Sequence[Share]:
        """First and last line, first and last block of channels, for so many threads at the most.

        By lines, each thread lays out what it needs; by channels, all lay out all, but few lines divide badly.
        first: whether the first of them have more to do where it does not divide evenly, else the last.
        """
        if (parts, first) not in self._shares:
            self._shares[parts, first] = self._divided(parts, first)
        return self._shares[parts, first]

    def _divided(self, parts: int, first: bool) -> Sequence[Share]:
        lines = self.product.target[0]
        by_lines = self.seconds(-(-lines // parts), self.blocks)
        if by_lines <= self.seconds(lines, -(-self.blocks // parts)):
            return [(*cut, 0, self.blocks) for cut in cuts(lines, min(parts, lines), first)]
        return [(0, lines, *cut) for cut in cuts(self.blocks, min(parts, self.blocks), first)]

    def seconds(self, lines: int | None = None, blocks: int | None = None) -> float:
        """About what a step takes for so many lines and blocks of channels, all where nothing is said."""
        lines = self.product.target[0] if lines is None else lines
        blocks = self.blocks if blocks is None else blocks
        (height, width), (rows, columns) = self.product.target, self.product.plane
        vectors = min(lines * -(-width // 16), -(-((lines - 1) * columns + width) // 16))
        dots = DOT_NS * CHANNELS * blocks * self.product.offsets.size * 16 * vectors
        laid = LAID_NS * self.words * (lines + rows - height) / rows
        return 1e-9 * (dots + laid + FIRE_NS * CHANNELS * blocks * lines * width)


def cuts(size: int, parts: int, first: bool) -> Iterator[tuple[int, int]]:
    """Beginnings and ends of so many parts of `size`; see `Layer.shares`."""
    more = parts - 1 if first else 0
    return pairwise((size * k + more) // parts for k in range(parts + 1))


def apart(shares: int, size: int) -> NDArray[np.int64]:
    """Zeros (shares, size) for threads to count in, of which no two write to neighbouring cache lines."""
    return np.zeros((shares, size + CACHE_LINES), np.int64)[:, :size]


def read_only(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same: kernels are compiled for arrays that may not be written to, as a user's may be."""
    view = rows.view()
    view.flags.writeable = False
    return view


def fits(stage: Stage) -> bool:
    """Whether a `Layer` can run this stage, where it is not recurrent."""
    neurons = stage.neurons
    if type(neurons) is not LoihiNeurons or neurons.held or len(stage.links) != 1:
        return False
    link = stage.links[0]
    if type(link) is not ConvLink or link.exponent != 0 or link.plan.product is None:
        return False
    return bool(link.reach < 2 ** (link.bits - 1))  # no sum of spikes can wrap


def _only_link(stage: Stage) -> ConvLink:
    (link,) = stage.links
    assert isinstance(link, ConvLink), "see `fits`"
    return link


def _neurons(stage: Stage) -> LoihiNeurons:
    assert isinstance(stage.neurons, LoihiNeurons), "see `fits`"
    return stage.neurons
