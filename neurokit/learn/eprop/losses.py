"""What is to become small: its value, and its derivative by the readouts of each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError

Floats = NDArray[np.float64]


class Loss(Protocol):
    """What readouts (batch, steps, n_out) are to make small."""

    def loss(self, y: Floats) -> float:
        """Its value."""

    def error(self, y: Floats) -> Floats:
        """(batch, steps, n_out) its derivative by y of each step by itself."""


@dataclass(frozen=True, eq=False)
class Regression:
    """1/2 sum over samples, steps and readouts of (y - target)**2. target: (batch, steps, n_out), or (steps, n_out)."""

    target: Floats

    def loss(self, y: Floats) -> float:
        """Of readouts (batch, steps, n_out)."""
        return float(0.5 * (self._off(y) ** 2).sum())

    def error(self, y: Floats) -> Floats:
        """(batch, steps, n_out) dE/dy."""
        return self._off(y)

    def _off(self, y: Floats) -> Floats:
        if self.target.shape not in (y.shape, y.shape[1:]):
            limit = f"readouts are {y.shape}, samples, steps and outputs"
            raise InputError(Fault("target", f"has shape {self.target.shape}", limit, "Give each readout a target."))
        return np.asarray(y - self.target)


@dataclass(frozen=True, eq=False)
class Classification:
    """Cross entropy of softmax(y) and labels, a mean over samples and the last `window` steps.

    labels: (batch,) integers. window: steps, None for all.
    """

    labels: NDArray[np.int64]
    window: int | None = None

    def loss(self, y: Floats) -> float:
        """Of readouts (batch, steps, n_out)."""
        logarithm = log_softmax(self._late(y))
        return float(-np.take_along_axis(logarithm, self.labels[:, None, None], 2).mean())

    def error(self, y: Floats) -> Floats:
        """(batch, steps, n_out) dE/dy, zero before the window."""
        late = self._late(y)
        odds = np.exp(late - late.max(2, keepdims=True))
        odds /= odds.sum(2, keepdims=True)
        odds[np.arange(len(odds)), :, self.labels] -= 1.0
        found = np.zeros(y.shape)
        found[:, y.shape[1] - late.shape[1] :] = odds / (late.shape[0] * late.shape[1])
        return found

    def decisions(self, y: Floats) -> NDArray[np.intp]:
        """(batch,) the readout that is largest on average in the window."""
        return np.asarray(self._late(y).mean(1).argmax(1))

    def errors(self, y: Floats) -> float:
        """Share of samples decided wrongly."""
        return float((self.decisions(y) != self.labels).mean())

    def _late(self, y: Floats) -> Floats:
        labels = np.asarray(self.labels)
        if labels.shape != y.shape[:1] or labels.dtype.kind not in "iu":
            limit = f"{y.shape[0]} samples need whole numbers 0 to {y.shape[2] - 1}"
            raise InputError(Fault("labels", f"have shape {labels.shape}, type {labels.dtype}", limit, "Pass others."))
        if labels.min() < 0 or labels.max() >= y.shape[2]:
            fact = f"are {labels.min()} to {labels.max()}"
            raise InputError(Fault("labels", fact, f"there are {y.shape[2]} readouts", "Count labels from 0."))
        if self.window is not None and not 1 <= self.window <= y.shape[1]:
            raise InputError(Fault("window", f"is {self.window}", f"samples have {y.shape[1]} steps", "Pass fewer."))
        return y if self.window is None else y[:, -self.window :]


def log_softmax(y: Floats) -> Floats:
    """Logarithm of the softmax over the last of three axes."""
    top = y.max(2, keepdims=True)
    return np.asarray(y - top - np.log(np.exp(y - top).sum(2, keepdims=True)))
