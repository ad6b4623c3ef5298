"""Pattern generation: frozen noise in, a sum of sines out (Bellec et al. 2020, and its published script)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurokit.learn.eprop.losses import Regression
from neurokit.learn.tasks.trials import Trials, checked_fields, checked_size, whole, within

PERIODS = (1000, 500, 333, 200)  # steps, of the published script


@dataclass(frozen=True)
class PatternGeneration:
    """One noise pattern and one target for each readout, drawn from `seed` once; trials are copies of them.

    steps: of a trial. inputs, outputs: neurons. spike_probability: of an input in a step (50 Hz at 1 ms). periods: of
    the sines, in steps; their number in a trial is rounded down to whole ones, as published.
    """

    seed: int = 0
    steps: int = 1000
    inputs: int = 100
    outputs: int = 1
    spike_probability: float = 0.05
    periods: tuple[int, ...] = PERIODS

    def __post_init__(self) -> None:
        checked_fields(
            {
                "seed": (self.seed, whole(self.seed, 0), "a whole number, 0 or more"),
                "steps": (self.steps, whole(self.steps, 2), "at least 2 steps"),
                "inputs": (self.inputs, whole(self.inputs, 1), "at least 1"),
                "outputs": (self.outputs, whole(self.outputs, 1), "at least 1"),
                "spike_probability": (self.spike_probability, within(self.spike_probability, 0, 1), "0 to 1"),
                "periods": (
                    self.periods,
                    bool(self.periods) and all(whole(p, 1) for p in self.periods),
                    "whole steps, one or more of them",
                ),
            }
        )

    def trials(self, random: np.random.Generator, size: int) -> Trials:
        """The same trial `size` times; nothing is drawn from `random`."""
        x, target = self._drawn
        return Trials(np.repeat(x[None], checked_size(size), axis=0), Regression(target))

    @property
    def target(self) -> NDArray[np.float64]:
        """(steps, outputs), from 0 on, its largest deviation 1."""
        return self._drawn[1]

    @cached_property
    def _drawn(self) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        random = np.random.default_rng(self.seed)
        x = (random.random((self.steps, self.inputs)) < self.spike_probability).astype(np.uint8)
        return x, np.stack([self._sines(random) for _ in range(self.outputs)], axis=1)

    def _sines(self, random: np.random.Generator) -> NDArray[np.float64]:
        count = len(self.periods)
        amplitudes, phases = random.uniform(0.5, 2.0, count), random.uniform(0.0, 2 * np.pi, count)
        turns = 2 * np.pi * (self.steps // np.array(self.periods))
        curve = (amplitudes * np.sin(np.linspace(phases, phases + turns, self.steps))).sum(1)
        curve -= curve[0]
        return np.asarray(curve / max(float(np.abs(curve).max()), 1e-6))
