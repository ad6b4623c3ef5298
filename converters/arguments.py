"""Checks of the arguments that all converters share; each gives its faults."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from numbers import Real

import numpy as np

from neurokit.errors import Fault, InputError


def check_arguments(faults: Iterator[Fault]) -> None:
    """Raise InputError with all `faults`, if there are any."""
    found = list(faults)
    if found:
        raise InputError(found)


def step_faults(dt: float | None) -> Iterator[Fault]:
    """What is wrong with a step of `dt` seconds (None: the source knows)."""
    if dt is None:
        return
    if isinstance(dt, bool) or not isinstance(dt, Real | np.number) or not math.isfinite(dt) or dt <= 0:
        yield Fault("dt", f"is {dt!r}", "a step is a positive number of seconds", "Pass seconds, e.g. dt=1e-3.")


def choice_faults(name: str, value: str | None, allowed: Sequence[str], mend: str) -> Iterator[Fault]:
    """What is wrong with argument `name`, which is None or one of `allowed`."""
    if value is not None and value not in allowed:
        choices = " or ".join(repr(choice) for choice in allowed) or "none"
        yield Fault(name, f"is {value!r}", f"this source takes {choices}", mend)
