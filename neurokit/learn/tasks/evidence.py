"""Evidence accumulation: cues on the left and right, a delay, and a decision where there were more (Bellec et al. 2020,
fig. 3, after Morcos and Harvey 2016). Durations and rates are the published script's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurokit.learn.eprop.losses import Classification
from neurokit.learn.tasks.trials import Trials, at_least, checked_fields, checked_size, whole, within

GROUPS = 4  # of inputs: left cues, right cues, recall, background


@dataclass(frozen=True)
class EvidenceAccumulation:
    """Trials of spacing + cue steps for each cue, a delay, and the recall; the readouts count in the recall only.

    inputs: neurons, a multiple of 4. cues: how many, odd. cue, spacing, delay, recall: steps. spike_probability: of an
    input in a step while its group is on (40 Hz at 1 ms); the background always fires with a quarter of it.
    minority: probability of a cue on the side that is rarer in a trial. order: which group of inputs is used for left,
    right, recall and background; (1, 0, 2, 3) swaps the cues. wiring: (inputs,) at which input each channel's spikes
    arrive, None: at its own (see `crossed`). Labels: 1 where most cues were on the right.
    """

    inputs: int = 40
    cues: int = 7
    cue: int = 100
    spacing: int = 50
    delay: int = 1050
    recall: int = 150
    spike_probability: float = 0.04
    minority: float = 0.3
    order: tuple[int, int, int, int] = (0, 1, 2, 3)
    wiring: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        checks = at_least(self, {"cue": 1, "spacing": 0, "delay": 0, "recall": 1}, "whole steps")
        checks["inputs"] = (self.inputs, whole(self.inputs, GROUPS) and self.inputs % GROUPS == 0, "a multiple of 4")
        checks["cues"] = (self.cues, whole(self.cues, 1) and self.cues % 2 == 1, "odd, so that one side has more")
        checks["spike_probability"] = (self.spike_probability, within(self.spike_probability, 0, 1), "0 to 1")
        checks["minority"] = (self.minority, within(self.minority, 0, 1), "0 to 1")
        checks["order"] = (self.order, sorted(self.order) == list(range(GROUPS)), "the groups 0, 1, 2, 3, each once")
        if self.wiring is not None and sorted(self.wiring) != list(range(self.inputs)):
            checks["wiring"] = (self.wiring, False, "None, or every input from 0 on, each once")
        checked_fields(checks)

    @property
    def steps(self) -> int:
        """Of a trial."""
        return self.cues * (self.cue + self.spacing) + self.delay + self.recall

    def trials(self, random: np.random.Generator, size: int) -> Trials:
        """Draws sides, then spikes."""
        sides = self._sides(random, checked_size(size))
        x = random.random((size, self.steps, self.inputs), np.float32) < self._probabilities(sides)
        labels = (sides.sum(1) > self.cues // 2).astype(np.int64)
        spikes = x.astype(np.uint8)
        if self.wiring is not None:
            spikes = np.ascontiguousarray(spikes[:, :, np.argsort(self.wiring)])
        return Trials(spikes, Classification(labels, self.recall))

    def _sides(self, random: np.random.Generator, size: int) -> NDArray[np.int64]:
        """(size, cues) 0 left, 1 right."""
        mostly = random.integers(0, 2, size)[:, None]
        rarer = random.random((size, self.cues)) < self.minority
        return np.where(rarer, 1 - mostly, mostly)

    def _probabilities(self, sides: NDArray[np.int64]) -> NDArray[np.float32]:
        """(size, steps, inputs) of a spike."""
        size, group, high = len(sides), self.inputs // GROUPS, self.spike_probability
        found = np.zeros((size, self.steps, GROUPS, group), np.float32)
        left, right, recall, background = self.order
        for k in range(self.cues):
            start = k * (self.cue + self.spacing) + self.spacing
            for side, where in ((0, left), (1, right)):
                found[sides[:, k] == side, start : start + self.cue, where] = high
        found[:, self.steps - self.recall :, recall] = high
        found[:, :, background] = high / 4
        return found.reshape(size, self.steps, self.inputs)


def crossed(random: np.random.Generator, inputs: int = 40, share: float = 0.5) -> tuple[int, ...]:
    """(inputs,) a `wiring` in which that share of each side's channels arrive at inputs of the other side.

    Which channels cross, and at which input of its new side each arrives, is drawn; recall and background stay. share:
    0 keeps the sides, 1 exchanges them; at 0.5 either cue drives what was left and what was right alike. InputError for
    another share, or inputs that are no multiple of 4.
    """
    checked_fields(
        {
            "inputs": (inputs, whole(inputs, GROUPS) and inputs % GROUPS == 0, "a multiple of 4"),
            "share": (share, within(share, 0, 1), "0 to 1"),
        }
    )
    size = inputs // GROUPS
    many = round(share * size)
    left, right = random.permutation(size), random.permutation(size) + size
    to_left = random.permutation(np.concatenate([left[many:], right[:many]]))
    to_right = random.permutation(np.concatenate([right[many:], left[:many]]))
    return (*(int(k) for k in to_left), *(int(k) for k in to_right), *range(2 * size, inputs))
