"""Between the arrays of users, batch first, and those of the kernels, time first."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import BackendError, Fault
from neurokit.hardware.simulator.team import SHARED_BYTES, Team


def out_of_time(limit: float, step: int, steps: int) -> BackendError:
    """What is raised at `step` of `steps` when `limit` seconds are over."""
    fact = f"is at step {step} of {steps}"
    return BackendError(Fault("simulator", fact, f"the time limit is {limit:g} s", "Raise it, or run less."))


def kernel_type(values: NDArray[Any], integer: bool, team: Team) -> type:
    """uint8 tells the kernels that all values are 0 or 1."""
    if (
        _largest(values, team) <= 1
        and (values.dtype.kind in "bu" or values.min() >= 0)
        and (values.dtype.kind in "bui" or np.isin(values, (0, 1)).all())
    ):
        return np.uint8
    return np.int32 if integer else np.float64


def _largest(values: NDArray[Any], team: Team) -> Any:
    """The largest value of an array that may be as large as memory allows."""
    if values.nbytes < SHARED_BYTES or not values.flags.c_contiguous:
        return values.max()
    pieces = np.array_split(values.reshape(-1), team.size)
    found = np.zeros(len(pieces), values.dtype)
    team.run([partial(np.max, piece, out=found[k : k + 1].reshape(())) for k, piece in enumerate(pieces)])
    return found.max()


def time_first(values: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
    """Steps of (samples, steps, *shape) as (steps, samples, n), zeros past the end."""
    part = values[:, start:stop]
    part = part.reshape(*part.shape[:2], int(np.prod(values.shape[2:])))
    missing = stop - start - part.shape[1]
    if missing:
        part = np.pad(part, ((0, 0), (0, missing), (0, 0)))
    return np.ascontiguousarray(part.swapaxes(0, 1))


def batch_first(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """(steps, samples, n) as (samples, steps, *shape)."""
    return values.swapaxes(0, 1).reshape(values.shape[1], values.shape[0], *shape)
