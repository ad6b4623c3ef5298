"""The kernel of a SwitchedLIF over a block of time; see `kernels` for the rules that kernels follow."""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import at


@njit(nogil=True, cache=True)
def wrapped(value):
    """A whole number as it comes out of Lava's int32 sums and its one wrap at 24 bits; see `kernels.lif_block`."""
    value -= 4294967296.0 * np.floor((value + 2147483648.0) / 4294967296.0)
    if value > 8388608.0:
        return value - 16777216.0
    if value <= -8388608.0:
        return value + 16777216.0
    return value


@njit(nogil=True, cache=True)
def switched_block(
    acc,
    u,
    v,
    left,
    spikes,
    keep_u,
    keep_v,
    current,
    bias,
    threshold,
    reset_value,
    refractory,
    soft,
    inclusive,
    holds,
    truncates,
    limited,
):
    """See `switched.SwitchedLIF`. acc, states and constants float64, in units of v; spikes uint8, written."""
    steps, samples, size = acc.shape
    for t in range(steps):
        for b in range(samples):
            a_row, u_row, v_row, left_row, s_row = acc[t, b], u[b], v[b], left[b], spikes[t, b]
            for j in range(size):
                kept_u, kept_v = u_row[j] * at(keep_u, j), v_row[j] * at(keep_v, j)
                if truncates and at(keep_u, j) != 1.0:  # what does not decay is not multiplied, so nothing is cut
                    kept_u = np.trunc(kept_u)
                if truncates and at(keep_v, j) != 1.0:
                    kept_v = np.trunc(kept_v)
                arriving = kept_u + a_row[j] + at(current, j)
                if limited:
                    arriving = wrapped(arriving)
                potential = kept_v + arriving + at(bias, j)
                if limited:
                    potential = min(max(potential, -8388607.0), 8388607.0)
                waits = left_row[j] > 0.0
                if holds and waits:
                    potential = v_row[j]
                limit = at(threshold, j)
                fires = (potential > limit or (inclusive and potential == limit)) and not waits
                after = at(reset_value, j)
                if soft:
                    after = potential - after
                u_row[j] = arriving
                v_row[j] = after if fires else potential
                left_row[j] = at(refractory, j) if fires else max(left_row[j] - 1.0, 0.0)
                s_row[j] = np.uint8(fires)
