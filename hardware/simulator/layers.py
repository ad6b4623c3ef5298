"""A population of LoihiLIF that one convolution feeds: both in one kernel, see `layer_kernels`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.hardware.simulator.convolution import worth_product
from neurokit.hardware.simulator.count_kernels import FEW_STEPS, add_tally, count_some
from neurokit.hardware.simulator.layer_kernels import ROOM, WORDS, convolve_and_fire
from neurokit.hardware.simulator.links import ConvLink
from neurokit.hardware.simulator.neurons import LoihiNeurons
from neurokit.hardware.simulator.product import DOT_NS
from neurokit.hardware.simulator.stage import Stage
from neurokit.hardware.simulator.team import Team
from neurokit.hardware.simulator.vectors import CHANNELS

LOOKED_AT = 4  # rows of a block, for an idea of the activity
MOST_STEPS = 255  # of a call
LAID_NS, FIRE_NS = 0.3, 0.2  # of a word laid out and of a neuron, beside `product.DOT_NS`: to share work evenly


class Layer:
    """The stage and its link. blocks: of channels. words: that the spikes of a step and sample take, laid out."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.link = _only_link(stage)
        product = self.link.plan.product
        assert product is not None, "see `fits`"
        self.product = product
        self.outputs = product.totals.shape[1]
        quads = -(-product.image[0] // len(product.totals) // 4)
        self.words = len(product.totals) * quads * len(product.phases) * product.plane[0] * product.plane[1]
        self._tally = np.zeros((_neurons(stage).samples, stage.size), np.uint8)
        self._rooms: dict[int, NDArray[np.int32]] = {}
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
        neurons = _neurons(self.stage)
        rests = np.zeros(len(rows), np.bool_)
        rests[[k - step for k in neurons.resets(step, step + len(rows))]] = True
        neurons.still = False
        shares = self._shares(parts)
        totals = np.zeros((len(shares), len(rows)), np.int64)
        wraps = np.zeros((len(shares), 2), np.int64)
        works = [
            partial(self._work, rows, spikes, rests, self._room(rows, k), *share)
            for k, share in enumerate(zip(shares, totals, wraps, strict=True))
        ]
        team.run(works)
        if len(rows) >= FEW_STEPS:
            add_tally(self._tally, neurons.counts)
        neurons.wraps += wraps.sum(axis=0)
        neurons.step_counts.append(totals.sum(axis=0))

    def _work(
        self,
        rows: NDArray[np.uint8],
        spikes: NDArray[np.uint8],
        rests: NDArray[np.bool_],
        words: NDArray[np.int32],
        share: tuple[int, ...],
        totals: NDArray[np.int64],
        wraps: NDArray[np.int64],
    ) -> None:
        product, neurons = self.product, _neurons(self.stage)
        convolve_and_fire(
            rows,
            product.image,
            product.plane,
            product.target,
            product.phases,
            product.offsets,
            product.weights,
            self.outputs,
            product.swapped,
            product.factor,
            share,
            words,
            rests,
            neurons.states["u"],
            neurons.states["v"],
            spikes,
            neurons.counts,
            self._tally,
            totals,
            wraps,
            neurons.constants[:-1],
            neurons.constants[-1],
            neurons.way,
        )

    def _room(self, rows: NDArray[np.uint8], number: int) -> NDArray[np.int32]:
        """Where a share lays spikes out, zero where it does not write, the same array from call to call."""
        area = self.words * rows.shape[1]
        size = area * max(1, min(len(rows), WORDS // area)) + ROOM
        if not rows.shape[2]:  # nothing is written: all is to be zero
            return np.zeros(size, np.int32)
        if number not in self._rooms or self._rooms[number].size < size:
            self._rooms[number] = np.zeros(size, np.int32)
        return self._rooms[number][:size]

    def _shares(self, parts: int) -> Sequence[tuple[int, int, int, int]]:
        """First and last line, first and last block of channels, for so many threads at the most.

        By lines, each thread lays out what it needs; by channels, all lay out all, but few lines divide badly.
        """
        lines = self.product.target[0]
        by_lines = self._seconds(-(-lines // parts), self.blocks)
        if by_lines <= self._seconds(lines, -(-self.blocks // parts)):
            parts = min(parts, lines)
            return [(lines * k // parts, lines * (k + 1) // parts, 0, self.blocks) for k in range(parts)]
        parts = min(parts, self.blocks)
        return [(0, lines, self.blocks * k // parts, self.blocks * (k + 1) // parts) for k in range(parts)]

    def _seconds(self, lines: int, blocks: int) -> float:
        """About what a step takes for so many lines and blocks of channels."""
        (height, width), (rows, columns) = self.product.target, self.product.plane
        vectors = min(lines * -(-width // 16), -(-((lines - 1) * columns + width) // 16))
        dots = DOT_NS * CHANNELS * blocks * self.product.offsets.size * 16 * vectors
        laid = LAID_NS * self.words * (lines + rows - height) / rows
        return 1e-9 * (dots + laid + FIRE_NS * CHANNELS * blocks * lines * width)


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
