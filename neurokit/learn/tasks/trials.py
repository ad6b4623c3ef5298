"""What all tasks give."""

from __future__ import annotations

from collections.abc import Mapping
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


Checks = dict[str, tuple[object, bool, str]]  # name -> (value, whether it will do, what is allowed)


def checked_size(size: int) -> int:
    """A number of samples, at least one."""
    if not whole(size, 1):
        raise InputError(Fault("size", f"is {size!r}", "a batch is a whole number of samples, 1 or more", "Pass 1."))
    return int(size)


def checked_fields(values: Checks) -> None:
    """InputError for all whose check failed."""
    faults = [
        Fault(name, f"is {value!r}", limit, "Pass another.") for name, (value, ok, limit) in values.items() if not ok
    ]
    if faults:
        raise InputError(faults)


def whole(value: object, least: int) -> bool:
    """A whole number of at least that."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)


def at_least(owner: object, least: Mapping[str, int], what: str = "a whole number") -> Checks:
    """Of fields of `owner` that are whole numbers, each of at least so much."""
    values = {name: getattr(owner, name) for name in least}
    return {name: (values[name], whole(values[name], low), f"{what}, at least {low}") for name, low in least.items()}


def within(value: object, low: float, high: float) -> bool:
    """A number from low to high."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(low <= value <= high)
