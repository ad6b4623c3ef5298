"""Working memory: store and recall (Bellec et al. 2018, "Long short-term memory and learning-to-learn in networks of
spiking neurons"), and delayed match to sample. Both are decided in the last window of a trial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurokit.learn.eprop.losses import Classification
from neurokit.learn.tasks.trials import Trials, at_least, checked_fields, checked_size, within


@dataclass(frozen=True)
class StoreRecall:
    """Values come one after the other; the one that comes with the store command is wanted at the recall command.

    symbols: values, the labels. group: inputs of each value and of either command, in this order: values, store,
    recall. slots: values in a trial, one of them stored. slot: steps of each. delay: steps between the last value and
    the recall, which takes a slot more. spike_probability: of an input in a step while its group is on.
    """

    symbols: int = 2
    group: int = 10
    slots: int = 5
    slot: int = 100
    delay: int = 100
    spike_probability: float = 0.05

    def __post_init__(self) -> None:
        _check(self, {"symbols": 2, "group": 1, "slots": 1, "slot": 1, "delay": 0})

    @property
    def inputs(self) -> int:
        """Input neurons."""
        return (self.symbols + 2) * self.group

    @property
    def steps(self) -> int:
        """Of a trial."""
        return (self.slots + 1) * self.slot + self.delay

    def trials(self, random: np.random.Generator, size: int) -> Trials:
        """Draws values, the slot to store, then spikes."""
        values = random.integers(0, self.symbols, (checked_size(size), self.slots))
        stored = random.integers(0, self.slots, size)
        on = np.zeros((size, self.steps, self.symbols + 2), np.bool_)
        for k in range(self.slots):
            now = slice(k * self.slot, (k + 1) * self.slot)
            on[np.arange(size), now, values[:, k]] = True
            on[stored == k, now, self.symbols] = True
        on[:, self.steps - self.slot :, self.symbols + 1] = True
        labels = values[np.arange(size), stored]
        x = _fired(random, on, self.group, self.spike_probability)
        return Trials(x, Classification(labels, self.slot))


@dataclass(frozen=True)
class DelayedMatch:
    """A sample, a delay, a test: label 1 where they are the same symbol, as often as not.

    symbols: how many there are. group: inputs of each, and of the command to decide (the last group). cue: steps of
    sample and of test. delay: steps between them. decision: steps after the test, with the command on. noise: spike
    probability of every input at any time.
    """

    symbols: int = 2
    group: int = 10
    cue: int = 100
    delay: int = 500
    decision: int = 100
    spike_probability: float = 0.05
    noise: float = 0.002

    def __post_init__(self) -> None:
        _check(self, {"symbols": 2, "group": 1, "cue": 1, "delay": 0, "decision": 1})
        checked_fields({"noise": (self.noise, within(self.noise, 0, 1), "0 to 1")})

    @property
    def inputs(self) -> int:
        """Input neurons."""
        return (self.symbols + 1) * self.group

    @property
    def steps(self) -> int:
        """Of a trial."""
        return 2 * self.cue + self.delay + self.decision

    def trials(self, random: np.random.Generator, size: int) -> Trials:
        """Draws samples, matches, other symbols, then spikes."""
        sample = random.integers(0, self.symbols, checked_size(size))
        labels = random.integers(0, 2, size)
        other = (sample + random.integers(1, self.symbols, size)) % self.symbols
        test = np.where(labels == 1, sample, other)
        on = np.zeros((size, self.steps, self.symbols + 1), np.bool_)
        later = self.cue + self.delay
        on[np.arange(size), : self.cue, sample] = True
        on[np.arange(size), later : later + self.cue, test] = True
        on[:, self.steps - self.decision :, self.symbols] = True
        x = _fired(random, on, self.group, self.spike_probability)
        x |= (random.random(x.shape, np.float32) < self.noise).astype(np.uint8)
        return Trials(x, Classification(labels, self.decision))


def _check(task: StoreRecall | DelayedMatch, least: dict[str, int]) -> None:
    odds = task.spike_probability
    checked_fields(at_least(task, least) | {"spike_probability": (odds, within(odds, 0, 1), "0 to 1")})


def _fired(random: np.random.Generator, on: NDArray[np.bool_], group: int, odds: float) -> NDArray[np.uint8]:
    """(size, steps, groups * group) spikes of groups that are on (size, steps, groups)."""
    size, steps, groups = on.shape
    drawn = random.random((size, steps, groups, group), np.float32) < odds
    return (drawn & on[:, :, :, None]).reshape(size, steps, groups * group).astype(np.uint8)
