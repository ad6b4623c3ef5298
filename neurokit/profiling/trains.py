"""Distances between spike trains."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError

TIME_CONSTANT = 10.0  # steps; 10 ms at the usual millisecond


def van_rossum(reference: NDArray[Any], candidate: NDArray[Any], tau: float = TIME_CONSTANT) -> NDArray[np.float64]:
    """Squared van Rossum distance of each pair of trains: D^2 = 1/tau * integral of (f - g)^2 over all time.

    f and g are the trains, each event (or payload) a step up that decays with e^(-t/tau). One event too many costs
    1/2, one that comes n steps late 1 - e^(-n/tau). The integral is exact, its tail behind the last step included:
    between two steps, and after the last, f - g only decays.

    reference, candidate: (batch, steps, *shape), 0/1 or payloads. tau: time constant in steps. Gives (batch, *shape).
    Raises InputError for shapes that differ and a tau that is not positive.
    Source: van Rossum 2001, Neural Computation 13:751 (doi:10.1162/089976601300014321).
    """
    check_time_constant(tau)
    if reference.shape != candidate.shape or reference.ndim < 2:
        fact = f"have shapes {reference.shape} and {candidate.shape}"
        raise InputError(Fault("trains", fact, "(batch, steps, *shape), alike, is needed", "Cut both to one length."))
    batch, steps, shape = reference.shape[0], reference.shape[1], reference.shape[2:]
    before, after = (values.reshape(batch, steps, -1) for values in (reference, candidate))
    found = np.zeros((batch, before.shape[2]))
    for sample in range(batch):  # of most neurons both trains are the same: only the others are filtered
        unequal = (before[sample] != after[sample]).any(axis=0)
        change = before[sample][:, unequal].astype(np.float64) - after[sample][:, unequal]
        found[sample, unequal] = _energy(change, tau)
    return found.reshape(batch, *shape)


def relative_distance(reference: NDArray[Any], candidate: NDArray[Any], tau: float = TIME_CONSTANT) -> float:
    """Van Rossum distance over all trains, in units of the reference's distance from silence.

    0: identical; 1: as far off as if nothing fired. Where the reference is silent and the candidate is not, infinity.
    """
    lost = math.sqrt(float(van_rossum(reference, candidate, tau).sum()))
    whole = math.sqrt(float(van_rossum(reference, np.zeros_like(reference), tau).sum())) if lost else 1.0
    return lost / whole if whole else math.inf


def relative_error(reference: NDArray[Any], candidate: NDArray[Any]) -> float:
    """Root mean square of the difference of two arrays over that of the reference; infinity where that is zero."""
    lost = math.sqrt(float(np.square(np.asarray(candidate, np.float64) - reference).mean()))
    whole = math.sqrt(float(np.square(np.asarray(reference, np.float64)).mean())) if lost else 1.0
    return lost / whole if whole else math.inf


def check_time_constant(tau: Any) -> None:
    """InputError when tau is no positive number of steps."""
    if isinstance(tau, bool) or not isinstance(tau, int | float | np.number) or not 0 < tau < math.inf:
        limit = "a time constant is a positive number of steps"
        raise InputError(Fault("tau", f"is {tau!r}", limit, f"Leave it out for {TIME_CONSTANT:g} steps."))


def _energy(change: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
    """1/tau * integral of the square of each column's trace, (steps, n) -> (n,)."""
    kept = math.exp(-1 / tau)
    trace, squares = np.zeros(change.shape[1]), np.zeros(change.shape[1])
    for row in change:
        trace *= kept
        trace += row
        squares += np.square(trace)
    last = np.square(trace)
    return np.asarray(((1 - kept**2) * (squares - last) + last) / 2)
