"""Signals as spikes of change: up where they rose by a threshold, down where they fell; and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.errors import Fault, InputError

DOWN, UP = 0, 1
MOST_AT_ONCE = 2**23 - 1


@dataclass(frozen=True)
class Delta:
    """Step-forward coding: a base follows the signal by whole thresholds, each of them a spike (Kasabov et al. 2016).

        n[t] = trunc((x[t] - base) / threshold), base += n[t] threshold, base = x[0] at first

    threshold: in the signal's unit. counts: True sends all |n| at once (a graded spike) and is never off by a
    threshold; False sends at most one a step, so it lags behind a signal that moves faster. Raises InputError.
    """

    threshold: float
    counts: bool = False

    def __post_init__(self) -> None:
        number = isinstance(self.threshold, int | float | np.number) and not isinstance(self.threshold, bool)
        if not number or not 0 < self.threshold < np.inf:
            fact = f"is {self.threshold!r}"
            raise InputError(Fault("threshold", fact, "a positive number", "Pass the least change to tell."))

    def encode(self, signal: ArrayLike, *, batched: bool = False) -> NDArray[Any]:
        """Spikes (time, 2, *shape) of a signal (time, *shape), down and up; or (batch, time, 2, *shape) if batched.

        uint8, or int32 for counts.
        """
        x = _signal(signal, batched)
        x = np.moveaxis(x, 1, 0) if batched else x
        moves: NDArray[np.int32] = np.zeros(x.shape, np.int32)
        base = x[0].copy()
        for t in range(1, len(x)):
            gap = np.trunc((x[t] - base) / self.threshold)
            if self.counts and (np.abs(gap) > MOST_AT_ONCE).any():
                fact = f"moves by {np.abs(gap).max():.3g} thresholds in step {t}"
                limit = f"payloads have 24 bits signed, {MOST_AT_ONCE:,}"
                raise InputError(Fault("signal", fact, limit, "Pass a larger threshold."))
            moves[t] = gap if self.counts else np.sign(gap)
            base += moves[t] * self.threshold
        moves = np.moveaxis(moves, 0, 1) if batched else moves
        spikes = np.stack((np.maximum(-moves, 0), np.maximum(moves, 0)), axis=1 + int(batched))
        return np.asarray(spikes, np.int32 if self.counts else np.uint8)

    def decode(self, spikes: ArrayLike, start: ArrayLike, *, batched: bool = False) -> NDArray[np.float64]:
        """The base at each step, from spikes and the signal's first value `start` (*shape) or (batch, *shape)."""
        array = np.asarray(spikes).astype(np.int64)
        axis = 1 + int(batched)
        if array.ndim <= axis or array.shape[axis] != 2:
            limit = f"axis {axis} has down and up"
            raise InputError(Fault("spikes", f"have shape {array.shape}", limit, "Pass what encode gave."))
        moves = array.take(UP, axis=axis) - array.take(DOWN, axis=axis)
        first = np.expand_dims(np.asarray(start, np.float64), int(batched))
        return np.asarray(first + self.threshold * np.cumsum(moves, axis=int(batched)))

    def error(self, signal: ArrayLike, *, batched: bool = False) -> float:
        """What the decoded signal is off by at most: below the threshold with counts, or for a signal that moves by no
        more than the threshold in a step; else what a run of the code shows."""
        x = _signal(signal, batched)
        first = x.take(0, axis=int(batched))
        found = self.decode(self.encode(x, batched=batched), first, batched=batched)
        return float(np.abs(found - x).max())


def _signal(signal: ArrayLike, batched: bool) -> NDArray[np.float64]:
    array = np.asarray(signal)
    if array.ndim <= batched or 0 in array.shape or array.dtype.kind not in "biuf":
        fact = f"has shape {array.shape} and type {array.dtype}"
        raise InputError(Fault("signal", fact, "numbers (time, *shape), or (batch, time, *shape)", "Pass an array."))
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise InputError(Fault("signal", "holds NaN or infinity", "signals are finite", "Repair the data."))
    return array
