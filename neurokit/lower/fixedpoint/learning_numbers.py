"""Random numbers of the learning engine, in its two arithmetics.

"lava": numpy's generators as lava-nc 0.10.0 seeds and advances them (magma/core/learning/random.py): one number for
all traces of a side, one for all synapses.

"repaired": a number for each stream, step and element, from a hash, so that numbers can be computed in any order and a
compiled kernel gets the same bits. In uint32 arithmetic that wraps:

    mix(z): z ^= z >> 16; z *= 0x7feb352d; z ^= z >> 15; z *= 0x846ca68b; z ^= z >> 16
    key(seed, stream, clock) = mix(mix(mix(seed) ^ stream) ^ clock)
    number(index) = mix(mix(index + 1) ^ key)

clock: 1-based step over all samples. index: of a trace its neuron, of a synapse source * targets + target. Streams:
0 to 4 decay of x1, x2, y1, y2, y3; 5 to 9 their impulses; 10 to 14 impulses of a further spike within an epoch;
15, 16, 17 rounding of weight, tag and second tag. A chance in 256ths takes the highest 8 bits of the number, one in
128ths the highest 7, a fraction number / 2**32. The mixer's constants: Chris Wellons, hash-prospector ("lowbias32",
public domain).

Both go on from sample to sample of a run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import FixedRule

Ints: TypeAlias = NDArray[np.int64]
Rounding: TypeAlias = Callable[[Ints], NDArray[np.bool_]]

DECAY, IMPULSE, REPEATED, ROUNDING = 0, 5, 10, 15  # first of the streams of each
WEIGHT_SEED = 2  # lava-nc 0.10.0, ConnVarRandom
_LAVA_IMPULSES = 128  # impulses are drawn below 2**7, though they are compared with 256ths


class Draws(Protocol):
    """The numbers of one step. trace: 0 to 4, of x1, x2, y1, y2, y3. t: 1 to epoch, a step of the epoch that ends."""

    def decay(self, trace: int, t: int) -> Any:
        """0 to 1, to compare with the fraction of a decayed trace."""

    def impulse(self, trace: int, t: int) -> Any:
        """Whole, to compare with the 256ths of an impulse."""

    def repeated(self, trace: int) -> Any:
        """The same, for the impulse of a further spike in this epoch."""

    def rounding(self, variable: int) -> Rounding:
        """Of weight (0), tag (1), second tag (2): from the 128ths that are left to whether they are rounded up."""


def draws(rule: FixedRule, clock: int, event: int, shape: tuple[int, ...]) -> Draws:
    """The numbers of a step, for a projection of that shape.

    clock, event: 1-based numbers, over all samples, of the step and of the evaluation of terms, if there is one in it.
    """
    if rule.arithmetic == "lava":
        return _LavaDraws(rule.seed, clock, event)
    return _RepairedDraws(rule.seed, clock, rule.epoch, shape)


# ----------------------------------------------------------------------------------------------------------- lava


class LavaNumbers:
    """Every number of so many steps, for compiled kernels.

    decay: (2, steps + 1) of the x and of the y traces, by the clock of the step in which an epoch ends; impulse: the
    same, whole numbers. repeated: (steps + 1,) of y traces, by clock; those of x traces are 0. rounding: (steps + 1,),
    by event.
    """

    def __init__(self, seed: int, steps: int) -> None:
        count = 2 * steps + 1  # one at the start, two in each step
        self.decay = np.stack([_generator(seed + k).random(count)[::2] for k in (0, 2)])
        whole = [_generator(seed + k).integers(0, _LAVA_IMPULSES, size=count, dtype=np.int64) for k in (1, 3)]
        self.impulse = np.stack([numbers[::2] for numbers in whole])
        self.repeated = np.concatenate([[0], whole[1][1::2]])
        self.rounding = _generator(WEIGHT_SEED).random(steps + 1)


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@functools.lru_cache(maxsize=8)
def _lava_numbers(seed: int, steps: int) -> LavaNumbers:
    return LavaNumbers(seed, steps)


class _LavaDraws:
    def __init__(self, seed: int, clock: int, event: int) -> None:
        self.numbers = _lava_numbers(seed, 1 << max(10, clock.bit_length()))
        self.clock, self.event = clock, event

    def decay(self, trace: int, t: int) -> Any:
        return self.numbers.decay[int(trace > 1), self.clock]

    def impulse(self, trace: int, t: int) -> Any:
        return self.numbers.impulse[int(trace > 1), self.clock]

    def repeated(self, trace: int) -> Any:
        return self.numbers.repeated[self.clock] if trace > 1 else 0

    def rounding(self, variable: int) -> Rounding:
        number = self.numbers.rounding[self.event]
        return lambda rest: np.asarray(number < rest / 128)


# ------------------------------------------------------------------------------------------------------- repaired


def mix(values: Any) -> NDArray[np.uint32]:
    """The mixer above, of one number or an array."""
    z = np.atleast_1d(np.asarray(values, np.int64) & 0xFFFFFFFF).astype(np.uint32)
    z = (z ^ (z >> np.uint32(16))) * np.uint32(0x7FEB352D)
    z = (z ^ (z >> np.uint32(15))) * np.uint32(0x846CA68B)
    return np.asarray(z ^ (z >> np.uint32(16)))


def key(seed: int, stream: int, clock: int) -> int:
    """The key above."""
    return int(mix(int(mix(int(mix(seed)[0]) ^ stream)[0]) ^ clock)[0])


def numbers(seed: int, stream: int, clock: int, count: int) -> NDArray[np.uint32]:
    """(count,) numbers of elements 0 to count - 1."""
    return mix(_index_hashes(count) ^ np.uint32(key(seed, stream, clock)))


@functools.lru_cache(maxsize=32)
def _index_hashes(count: int) -> NDArray[np.uint32]:
    return mix(np.arange(1, count + 1))


class _RepairedDraws:
    def __init__(self, seed: int, clock: int, epoch: int, shape: tuple[int, ...]) -> None:
        self.seed, self.clock, self.epoch = seed, clock, epoch
        self.targets, self.sources = shape

    def _of_trace(self, stream: int, trace: int, clock: int) -> NDArray[np.uint32]:
        count = self.sources if trace < 2 else self.targets
        return numbers(self.seed, stream + trace, clock, count)

    def decay(self, trace: int, t: int) -> Any:
        return self._of_trace(DECAY, trace, self.clock - self.epoch + t) / 2.0**32

    def impulse(self, trace: int, t: int) -> Any:
        return self._of_trace(IMPULSE, trace, self.clock - self.epoch + t) >> np.uint32(24)

    def repeated(self, trace: int) -> Any:
        return self._of_trace(REPEATED, trace, self.clock) >> np.uint32(24)

    def rounding(self, variable: int) -> Rounding:
        found = numbers(self.seed, ROUNDING + variable, self.clock, self.sources * self.targets)
        top = (found >> np.uint32(25)).reshape(self.sources, self.targets).T
        return lambda rest: np.asarray(top < rest)
