"""Where random Programs take their choices from: a seed here, hypothesis in the tests, so that failures shrink."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Choice = TypeVar("Choice")


class Draws(ABC):
    """A source of choices. Simple values come first, since hypothesis shrinks towards the low end."""

    @abstractmethod
    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""

    def choice(self, options: Sequence[Choice]) -> Choice:
        """One of `options`; list one several times to weigh it."""
        return options[self.integer(0, len(options) - 1)]

    def one_in(self, n: int) -> bool:
        """True once in n times."""
        return self.integer(0, n - 1) == n - 1

    def generator(self) -> np.random.Generator:
        """For arrays, whose single numbers need no shrinking."""
        return np.random.default_rng(self.integer(0, 2**32 - 1))


class Seeded(Draws):
    """Choices that follow from whole numbers: the same numbers, the same choices."""

    def __init__(self, *seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def integer(self, low: int, high: int) -> int:
        """See `Draws.integer`."""
        return int(self._rng.integers(low, high + 1))
