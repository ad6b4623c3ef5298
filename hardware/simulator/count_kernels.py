"""Counting spikes, rows of 0 and 1 in bytes: by neuron and by step.

No type annotations, as in `kernels`.
"""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import gather, nonzero
from neurokit.hardware.simulator.vectors import add_bytes, wide_registers

FEW_STEPS = 3  # fewer do not pay for passing over all counts
COUNTED = 1 << 14  # neurons at a time, of which a few steps have a list of events


@njit(nogil=True, cache=True)
def count_spikes(spikes, counts):
    """Add the spikes (steps, samples, n), 0 or 1, to counts (samples, n)."""
    for start in range(0, counts.shape[1], COUNTED):
        count_span(spikes, counts, start, min(start + COUNTED, counts.shape[1]))


@njit(nogil=True, cache=True)
def count_span(spikes, counts, start, stop):
    """The same for the neurons from start to stop only."""
    wide_registers()
    steps, samples, _ = spikes.shape
    index = np.empty(stop - start + 4 if steps < FEW_STEPS else 0, np.int32)
    for b in range(samples):
        if steps < FEW_STEPS:
            count = counts[b, start:stop]
            for t in range(steps):
                for k in range(gather(spikes[t, b, start:stop], index)):
                    count[index[k]] += 1
            continue
        for first in range(0, steps, 255):  # as many as a byte can count
            add_bytes(spikes, first, min(first + 255, steps), b, start, stop, counts[b])


@njit(nogil=True, cache=True)
def tally_span(spikes, tally, start, stop):
    """The same into bytes, (samples, n) uint8, which hold no more than 255."""
    wide_registers()
    for b in range(spikes.shape[1]):
        counted = tally[b, start:stop]
        for t in range(spikes.shape[0]):
            row = spikes[t, b, start:stop]
            for j in range(counted.size):
                counted[j] += row[j]


@njit(nogil=True, cache=True)
def add_tally(tally, counts):
    """Add a tally to counts, both (samples, n), and start it over."""
    wide_registers()
    for b in range(tally.shape[0]):
        counted, total = tally[b], counts[b]
        for j in range(counted.size):
            total[j] += counted[j]
        counted[:] = 0


@njit(nogil=True, cache=True)
def count_share(spikes, counts, totals, start, stop):
    """Add the spikes of the neurons from start to stop to counts (samples, n), and their number to totals (steps,).

    In one pass, row by row, so that spikes are read from memory once.
    """
    wide_registers()
    steps, samples, _ = spikes.shape
    tally = np.empty(min(COUNTED, stop - start), np.uint8)
    for first in range(start, stop, COUNTED):
        last = min(first + COUNTED, stop)
        for b in range(samples):
            count, part = counts[b, first:last], tally[: last - first]
            for begin in range(0, steps, 255):  # as many as a byte can count
                part[:] = 0
                for t in range(begin, min(begin + 255, steps)):
                    row = spikes[t, b, first:last]
                    totals[t] += nonzero(row)
                    for j in range(part.size):
                        part[j] += row[j]
                for j in range(part.size):
                    count[j] += part[j]


@njit(nogil=True, cache=True)
def count_rows(spikes, totals):
    """Add the number of spikes (steps, samples, n) of each step to totals (steps,)."""
    for t in range(spikes.shape[0]):
        for b in range(spikes.shape[1]):
            totals[t] += nonzero(spikes[t, b])


@njit(nogil=True, cache=True)
def count_some(rows, every):
    """How many entries of each `every`th of rows (n, m) are not zero."""
    total = 0
    for r in range(0, rows.shape[0], every):
        total += nonzero(rows[r])
    return total
