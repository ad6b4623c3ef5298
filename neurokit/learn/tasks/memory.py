"""Memory of patterns, one a task: the readouts are to keep the pattern that a cue calls up. Tasks with different
patterns have other inputs and other readouts, so that they are orthogonal on both sides (after Schuessler, "Recurrent
network dynamics lead to interference in sequential learning", Bernstein SmartSteps 2021, whose task A and B are fixed
points along orthogonal input patterns)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurokit.learn.eprop.losses import Regression
from neurokit.learn.tasks.trials import Trials, checked_fields, checked_size, whole, within


@dataclass(frozen=True)
class PatternMemory:
    """A cue over the inputs of its own pattern; then that pattern's readout is to be 1 and all others 0.

    pattern: 0 to patterns - 1, which one; inputs: neurons, divided among the patterns. cue: steps of the cue (`steps`:
    it stays on, and nothing has to be remembered). rise: steps in which all readouts are to be 0 still. The cue's
    spikes are drawn from `seed` once; trials are copies of it. spike_probability: of an input of the cue in a step.
    """

    pattern: int = 0
    seed: int = 0
    patterns: int = 2
    steps: int = 500
    inputs: int = 40
    cue: int = 200
    rise: int = 50
    spike_probability: float = 0.1

    def __post_init__(self) -> None:
        parts = whole(self.patterns, 1) and whole(self.inputs, 1) and self.inputs % self.patterns == 0
        checked_fields(
            {
                "patterns": (self.patterns, whole(self.patterns, 1), "at least 1"),
                "pattern": (
                    self.pattern,
                    whole(self.pattern, 0) and whole(self.patterns, 1) and self.pattern < self.patterns,
                    f"0 to {self.patterns} - 1",
                ),
                "seed": (self.seed, whole(self.seed, 0), "a whole number, 0 or more"),
                "steps": (self.steps, whole(self.steps, 1), "at least 1 step"),
                "inputs": (self.inputs, parts, "a multiple of the number of patterns"),
                "cue": (self.cue, whole(self.cue, 1) and self.cue <= self.steps, "1 to `steps` steps"),
                "rise": (self.rise, whole(self.rise, 0) and self.rise < self.steps, "0 to `steps` - 1 steps"),
                "spike_probability": (self.spike_probability, within(self.spike_probability, 0, 1), "0 to 1"),
            }
        )

    def trials(self, random: np.random.Generator, size: int) -> Trials:
        """The same trial `size` times; nothing is drawn from `random`."""
        return Trials(np.repeat(self._spikes[None], checked_size(size), axis=0), Regression(self.target))

    @property
    def target(self) -> NDArray[np.float64]:
        """(steps, patterns)."""
        found = np.zeros((self.steps, self.patterns))
        found[self.rise :, self.pattern] = 1.0
        return found

    @property
    def silence(self) -> float:
        """The loss of readouts that stay at 0, in a trial: what losses are told in shares of."""
        return 0.5 * float((self.target**2).sum())

    @cached_property
    def _spikes(self) -> NDArray[np.uint8]:
        random = np.random.default_rng((self.seed, self.pattern))
        found, group = np.zeros((self.steps, self.inputs), np.uint8), self.inputs // self.patterns
        where = slice(self.pattern * group, (self.pattern + 1) * group)
        found[: self.cue, where] = random.random((self.cue, group)) < self.spike_probability
        return found
