"""What all tasks give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.learn.eprop.losses import Loss


@dataclass(frozen=True, eq=False)
class Trials:
    """Some samples. x: (samples, steps, inputs) spikes, uint8. loss: what the readouts over them are to make small."""

    x: NDArray[np.uint8]
    loss: Loss


class Task(Protocol):
    """Draws trials."""

    def trials(self, random: np.random.Generator, size: int) -> Trials:
        """So many samples; `random` is all that they depend on besides the task's own fields."""


def checked_size(size: int) -> int:
    """A number of samples, at least one."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise InputError(Fault("size", f"is {size!r}", "a batch is a whole number of samples, 1 or more", "Pass 1."))
    return int(size)


def checked_fields(values: dict[str, tuple[object, bool, str]]) -> None:
    """InputError for all whose check failed. values: name -> (value, ok, what is allowed)."""
    faults = [
        Fault(name, f"is {value!r}", limit, "Pass another.") for name, (value, ok, limit) in values.items() if not ok
    ]
    if faults:
        raise InputError(faults)


def whole(value: object, least: int) -> bool:
    """A whole number of at least that."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)


def within(value: object, low: float, high: float) -> bool:
    """A number from low to high."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(low <= value <= high)
