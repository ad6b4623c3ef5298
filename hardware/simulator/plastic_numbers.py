"""The learning engine's random numbers by step, as kernels take them; see `lower.fixedpoint.learning_numbers`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import MAX_TRACE
from neurokit.hardware.simulator.plastic_kernels import fill_keys
from neurokit.lower.fixedpoint.learning_numbers import DECAY, IMPULSE, REPEATED, ROUNDING, WEIGHT_SEED

AT_ONCE = 256  # steps


class LavaStreams:
    """Numbers that all neurons and synapses of a learner share, drawn for some steps at a time.

    decay, impulse: (learners, steps, 2) of sources and targets. repeated: (learners, steps). rounding: (learners,
    steps), of evaluations, in 128ths.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self._seeds = seeds
        self._clock = self._event = -1  # first step and evaluation that are held
        self.decay: NDArray[np.float64]
        self.impulse: NDArray[np.int64]
        self.repeated: NDArray[np.int64]
        self.rounding: NDArray[np.int64]

    def at(self, clock: int) -> int:
        """Place of the 1-based step `clock` in decay, impulse and repeated."""
        if not 0 <= clock - self._clock < AT_ONCE or self._clock < 0:
            self._clock = clock
            self.repeated, self.decay, self.impulse = self._of_steps(clock, AT_ONCE)
        return clock - self._clock

    def some(self, clock: int, steps: int, event: int, events: int) -> tuple[NDArray[Any], ...]:
        """repeated, decay, impulse of so many steps from `clock` on, and rounding of evaluations from `event` on."""
        return (*self._of_steps(clock, steps), self._of_events(event, events))

    def _of_steps(self, clock: int, steps: int) -> tuple[NDArray[Any], ...]:
        count = 2 * steps
        drawn = np.array([[_fractions(s + k, 2 * clock, count)[::2] for k in (0, 2)] for s in self._seeds])
        whole = np.array([[_whole(s + k, 2 * clock - 2, count + 2) for k in (1, 3)] for s in self._seeds])
        impulse = whole[:, :, 2::2].swapaxes(1, 2).copy()
        return whole[:, 1, 1:-1:2].copy(), drawn.swapaxes(1, 2).copy(), impulse

    def _of_events(self, event: int, events: int) -> NDArray[np.int64]:
        one = np.floor(128 * _fractions(WEIGHT_SEED, event, events)).astype(np.int64)
        return np.repeat(one[None], len(self._seeds), axis=0)

    def event(self, event: int) -> int:
        """Place of the 1-based evaluation `event` in rounding."""
        if not 0 <= event - self._event < AT_ONCE or self._event < 0:
            self._event = event
            self.rounding = self._of_events(event, AT_ONCE)
        return event - self._event


def _fractions(seed: int, first: int, count: int) -> NDArray[np.float64]:
    """Draws `first` to `first + count` of `Generator.random`, each of which takes one number of 64 bits."""
    bits = np.random.PCG64(seed)
    bits.advance(first)
    return np.random.Generator(bits).random(count)


def _whole(seed: int, first: int, count: int) -> NDArray[np.int64]:
    """Draws of `Generator.integers`, two of which take one number of 64 bits; `first` is even."""
    bits = np.random.PCG64(seed)
    bits.advance(first // 2)
    return np.random.Generator(bits).integers(0, MAX_TRACE + 1, size=count, dtype=np.int64)


class HashKeys:
    """Keys of the numbers that every neuron and synapse has of its own.

    traces: numbers of those in use (0 to 4, of x1, x2, y1, y2, y3). repeated: (learners, traces) of this step. history:
    (learners, epoch, 2, traces) of the decay and the impulse in each step of this epoch. rounding: (learners, 3).
    """

    def __init__(self, seeds: Sequence[int], traces: Sequence[int], epoch: int) -> None:
        self.seeds = np.array(seeds, np.int64) & 0xFFFFFFFF
        self._epoch = epoch
        numbers = np.array(traces, np.int64)
        self.streams = REPEATED + numbers, DECAY + numbers, IMPULSE + numbers, ROUNDING + np.arange(3)
        learners = len(seeds)
        self.repeated = np.zeros((learners, len(numbers)), np.int64)
        self.history = np.zeros((learners, epoch, 2, len(numbers)), np.int64)
        self.rounding = np.zeros((learners, 3), np.int64)

    def step(self, clock: int) -> None:
        """Fill `repeated`."""
        fill_keys(self.seeds, self.streams[0], clock, self.repeated)

    def end(self, clock: int) -> None:
        """Fill the others, at the end of an epoch."""
        for t in range(self._epoch):
            for k in (0, 1):
                fill_keys(self.seeds, self.streams[1 + k], clock - self._epoch + 1 + t, self.history[:, t, k])
        fill_keys(self.seeds, self.streams[3], clock, self.rounding)
