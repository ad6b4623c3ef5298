"""How weights follow gradients. State goes in and comes out, so that training can be stopped and taken up again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurokit.learn.tasks.trials import at_least, checked_fields

Floats = NDArray[np.float64]
Arrays = Mapping[str, Floats]


class Optimiser(Protocol):
    """Gives the weights after a step, and its state for the next one; the first state is empty."""

    def step(self, weights: Arrays, slopes: Arrays, state: Arrays) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """weights, slopes: by the same names."""


@dataclass(frozen=True)
class Sgd:
    """w <- w - rate dE/dw."""

    rate: float

    def step(self, weights: Arrays, slopes: Arrays, state: Arrays) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """See `Optimiser`."""
        return {name: weights[name] - self.rate * slopes[name] for name in weights}, dict(state)


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2014), epsilon beside the uncorrected root as in TensorFlow and NEST (their section 2, end).

    rate: alpha of the paper. first, second: what a step leaves of the two moments.
    """

    rate: float
    first: float = 0.9
    second: float = 0.999
    epsilon: float = 1e-8

    def step(self, weights: Arrays, slopes: Arrays, state: Arrays) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """See `Optimiser`. State: "steps", and "mean NAME", "square NAME" of each weight."""
        count = float(state.get("steps", np.zeros(()))) + 1
        rate = self.rate * math.sqrt(1 - self.second**count) / (1 - self.first**count)
        moved, after = {}, {"steps": np.asarray(count)}
        for name, weight in weights.items():
            slope, none = slopes[name], np.zeros(weight.shape)
            mean = self.first * state.get(f"mean {name}", none) + (1 - self.first) * slope
            square = self.second * state.get(f"square {name}", none) + (1 - self.second) * slope**2
            moved[name] = weight - rate * mean / (np.sqrt(square) + self.epsilon)
            after |= {f"mean {name}": mean, f"square {name}": square}
        return moved, after


@dataclass(frozen=True)
class Falling:
    """An optimiser whose rate falls linearly: update k of `updates` is made with 1 - k / updates of it, later ones with
    nothing, so that weights stay where they are.
    """

    optimiser: Sgd | Adam
    updates: int

    def __post_init__(self) -> None:
        checked_fields(at_least(self, {"updates": 1}, "whole updates"))

    def step(self, weights: Arrays, slopes: Arrays, state: Arrays) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """See `Optimiser`. State: "updates", and that of the optimiser."""
        done = float(state.get("updates", np.zeros(())))
        inner = {name: value for name, value in state.items() if name != "updates"}
        slower = replace(self.optimiser, rate=self.optimiser.rate * max(0.0, 1 - done / self.updates))
        moved, after = slower.step(weights, slopes, inner)
        return moved, after | {"updates": np.asarray(done + 1)}
