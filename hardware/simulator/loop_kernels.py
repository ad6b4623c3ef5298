"""The kernel of recurrent parts: synapses and neurons of many steps without leaving compiled code.

No type annotations, as in `kernels`.
"""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import dense_bytes, lif_block, sparse_events
from neurokit.hardware.simulator.lif_vectors import WIDE
from neurokit.hardware.simulator.vectors import wide_registers

DENSE, SPARSE = 0, 1


@njit(nogil=True, cache=True)
def loop_block(
    acc,
    spikes,
    history,
    links,
    weights,
    starts,
    targets,
    values,
    populations,
    u,
    v,
    u_record,
    v_record,
    wraps,
    soft,
    keep_u,
    keep_v,
    bias,
    threshold,
    reset_value,
):
    """Populations of LoihiLIF that feed each other, over a block; see `loops` for the tables.

    acc: (steps, samples, n) int32, what arrives from outside; what arrives from inside is added. spikes: (history +
    steps, samples, n), the first `history` rows given, the others written. Constants are rows of `lif_block`'s.
    """
    wide_registers()
    steps, samples, _ = acc.shape
    strides, totals = np.ones(5, np.int64), np.zeros(1, np.int64)  # events are counted when all is done
    for t in range(steps):
        for k in range(links.shape[0]):
            kind, source, sources, target, size, delay, first, width, offset, shift = links[k]
            for b in range(samples):
                row = spikes[history + t - delay, b, source : source + sources].reshape(1, sources)
                out = acc[t, b, target : target + size].reshape(1, size)
                if kind == DENSE:
                    weight = weights[first : first + sources * width].reshape(sources, width)
                    dense_bytes(row, weight, offset, shift, out)
                else:
                    start = starts[width : width + sources + 1]
                    sparse_events(row, start, targets[first:], values[first:], out)
        for p in range(populations.shape[0]):
            place, size = populations[p]
            stop = place + size
            for b in range(samples):
                lif_block(
                    acc[t, b, place:stop].reshape(1, 1, size),
                    u[b, place:stop].reshape(1, size),
                    v[b, place:stop].reshape(1, size),
                    spikes[history + t, b, place:stop].reshape(1, 1, size),
                    totals,
                    wraps[p],
                    keep_u[place:stop],
                    keep_v[place:stop],
                    bias[place:stop],
                    threshold[place:stop],
                    reset_value[place:stop],
                    strides,
                    soft[p],
                    WIDE,
                )
        if u_record.shape[0]:
            u_record[t] = u
            v_record[t] = v
