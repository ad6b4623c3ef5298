"""Numbers from 0 to 1 (pixels, features) as spikes: by rate, regularly, by latency, as graded payloads.

Each encoder takes values of any shape, or with batched=True of shape (batch, *shape), and gives (time, *shape) or
(batch, time, *shape); `decode` takes these back, and `error` bounds how far what comes back is from what went in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.encode.room import zeros
from neurokit.errors import Fault, InputError

FloatArray = NDArray[np.float64]
MOST_BITS = 23  # payloads have 24 bits, signed


@dataclass(frozen=True)
class Rate:
    """Random spikes: in each step with probability x (Bernoulli), or Poisson counts of mean x.

    steps: how many. seed: of numpy's PCG64; the same values and seed give the same spikes. poisson: counts (uint8)
    instead of 0 and 1. Decoded by the mean over time. Raises InputError.
    """

    steps: int
    seed: int
    poisson: bool = False

    def __post_init__(self) -> None:
        _check({"steps": (self.steps, 1, 2**31), "seed": (self.seed, 0, 2**128)})

    def encode(self, values: ArrayLike, *, batched: bool = False) -> NDArray[np.uint8]:
        """Spikes uint8 of values in 0..1."""
        x, rng = _unit(values), np.random.default_rng(self.seed)
        spikes = _room(x, self.steps, batched, np.uint8)
        by_step = _by_step(spikes, batched)
        for k in range(self.steps):
            by_step[k] = np.minimum(rng.poisson(x), 255) if self.poisson else rng.random(x.shape, np.float32) < x
        return spikes

    def decode(self, spikes: ArrayLike, *, batched: bool = False) -> FloatArray:
        """The mean over time."""
        return np.asarray(_spikes(spikes, self.steps, batched).mean(axis=int(batched), dtype=np.float64))

    def error(self, missed: float = 0.01) -> float:
        """What the decoded value is off by at most, but for a share `missed` of all values.

        Bernoulli: Hoeffding's bound sqrt(ln(2 / missed) / 2 steps). Poisson: Chebyshev's, sqrt(1 / (missed steps)).
        """
        if not 0 < missed < 1:
            raise InputError(Fault("missed", f"is {missed!r}", "a share between 0 and 1", "Pass e.g. 0.01."))
        if self.poisson:
            return math.sqrt(1 / (missed * self.steps))
        return math.sqrt(math.log(2 / missed) / (2 * self.steps))


@dataclass(frozen=True)
class Regular:
    """Evenly spaced spikes, x of them a step, nothing random: floor(k x + 1/2) spikes have come after k steps."""

    steps: int

    def __post_init__(self) -> None:
        _check({"steps": (self.steps, 1, 2**31)})

    def encode(self, values: ArrayLike, *, batched: bool = False) -> NDArray[np.uint8]:
        """Spikes uint8 of values in 0..1."""
        x = _unit(values)
        spikes = _room(x, self.steps, batched, np.uint8)
        by_step, before = _by_step(spikes, batched), np.zeros(x.shape)
        for k in range(self.steps):
            after = np.floor((k + 1) * x + 0.5)
            by_step[k] = after - before
            before = after
        return spikes

    def decode(self, spikes: ArrayLike, *, batched: bool = False) -> FloatArray:
        """The mean over time."""
        return np.asarray(_spikes(spikes, self.steps, batched).mean(axis=int(batched), dtype=np.float64))

    @property
    def error(self) -> float:
        """1 / (2 steps)."""
        return 0.5 / self.steps


@dataclass(frozen=True)
class Latency:
    """One spike, the earlier the larger: in step round((1 - x) (steps - 1)); below `silent` none at all."""

    steps: int
    silent: float = 0.0

    def __post_init__(self) -> None:
        _check({"steps": (self.steps, 2, 2**31)})
        if not 0 <= self.silent <= 1:
            raise InputError(Fault("silent", f"is {self.silent!r}", "a value from 0 to 1", "Pass e.g. 0.05."))

    def encode(self, values: ArrayLike, *, batched: bool = False) -> NDArray[np.uint8]:
        """Spikes uint8 of values in 0..1."""
        x = _unit(values)
        spikes = _room(x, self.steps, batched, np.uint8)
        first = np.where(x < self.silent, self.steps, np.rint((1 - x) * (self.steps - 1))).astype(np.int64)
        by_step = _by_step(spikes, batched)
        for k in range(self.steps):
            by_step[k] = first == k
        return spikes

    def decode(self, spikes: ArrayLike, *, batched: bool = False) -> FloatArray:
        """From the first spike; 0 where there is none."""
        fired = _spikes(spikes, self.steps, batched) != 0
        first = fired.argmax(axis=int(batched))
        return np.where(fired.any(axis=int(batched)), 1 - first / (self.steps - 1), 0.0)

    @property
    def error(self) -> float:
        """Half a step, 1 / (2 (steps - 1)), or `silent` where that is more."""
        return max(0.5 / (self.steps - 1), self.silent)


@dataclass(frozen=True)
class Graded:
    """One payload in the first step, round(x (2**bits - 1)), or in every step where `held`."""

    steps: int = 1
    bits: int = 8
    held: bool = False

    def __post_init__(self) -> None:
        _check({"steps": (self.steps, 1, 2**31), "bits": (self.bits, 1, MOST_BITS + 1)})

    def encode(self, values: ArrayLike, *, batched: bool = False) -> NDArray[np.int32]:
        """Payloads int32 of values in 0..1."""
        x = _unit(values)
        payloads = np.rint(x * (2**self.bits - 1)).astype(np.int32)
        spikes = _room(x, self.steps, batched, np.int32)
        _by_step(spikes, batched)[: None if self.held else 1] = payloads
        return spikes

    def decode(self, spikes: ArrayLike, *, batched: bool = False) -> FloatArray:
        """From the first step."""
        first = _spikes(spikes, self.steps, batched).take(0, axis=int(batched))
        return np.asarray(first / (2**self.bits - 1), np.float64)

    @property
    def error(self) -> float:
        """Half a unit of the payload, 1 / (2 (2**bits - 1))."""
        return 0.5 / float(2**self.bits - 1)


Encoder = Rate | Regular | Latency | Graded


def scaled(values: ArrayLike) -> FloatArray:
    """Values for the encoders: bools as they are, uint8 by 255, uint16 by 65535, floats must be in 0..1 already."""
    array = np.asarray(values)
    if array.dtype in (np.uint8, np.uint16):
        return np.asarray(array / float(np.iinfo(array.dtype).max))
    return _unit(array)


def _unit(values: ArrayLike) -> FloatArray:
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise InputError(Fault("values", f"have type {array.dtype}", "numbers from 0 to 1", "Pass an array."))
    array = array.astype(np.float64)
    if array.size and not ((array >= 0) & (array <= 1)).all():  # NaN is neither
        fact = f"reach from {array.min():g} to {array.max():g}"
        raise InputError(Fault("values", fact, "numbers from 0 to 1", "Scale them: images of uint8 by 1 / 255."))
    return array


def _spikes(spikes: ArrayLike, steps: int, batched: bool) -> NDArray[Any]:
    array = np.asarray(spikes)
    if array.ndim <= batched or array.shape[int(batched)] != steps or array.dtype.kind not in "biuf":
        fact = f"have shape {array.shape} and type {array.dtype}"
        limit = f"axis {int(batched)} is time, {steps} steps"
        raise InputError(Fault("spikes", fact, limit, "Pass what encode gave, and batched= as there."))
    return array


def _room(x: FloatArray, steps: int, batched: bool, kind: type[Any]) -> NDArray[Any]:
    if batched and not x.ndim:
        raise InputError(Fault("values", "are one number", "batched values have a batch axis", "Leave batched out."))
    lead = x.shape[: int(batched)]
    return zeros((*lead, steps, *x.shape[int(batched) :]), np.dtype(kind), "Pass fewer steps, or fewer values at once.")


def _by_step(spikes: NDArray[Any], batched: bool) -> NDArray[Any]:
    """A view with time as its first axis."""
    return np.moveaxis(spikes, 1, 0) if batched else spikes


def _check(numbers: dict[str, tuple[Any, int, int]]) -> None:
    faults = [
        Fault(name, f"is {value!r}", f"a whole number from {low} to {high - 1:,}", "Pass one.")
        for name, (value, low, high) in numbers.items()
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value < high
    ]
    if faults:
        raise InputError(faults)
