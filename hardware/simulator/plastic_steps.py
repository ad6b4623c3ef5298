"""A step of synapses that learn: its spikes, its evaluation, its sums.

Arrays are in named tuples, and have a leading axis of learners; a kernel serves those from learners[0] to learners[1].
No type annotations of functions, as in `kernels`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.kernels import add_sums
from neurokit.hardware.simulator.plastic_kernels import (
    fill_keys,
    follow_traces,
    note_sources,
    note_spikes,
    note_targets,
)
from neurokit.hardware.simulator.vectors import wide_registers
from neurokit.lower.fixedpoint.learning import FRACTION_BITS

ALL_BUT_ONE = (1 << FRACTION_BITS) - 1
# COUNTERS: evaluations that wait, whether tags may be out of range, steps of the sample, steps and evaluations over all
# samples, and the first evaluation whose number `Numbers.rounding` holds
WAITING, FORCED, STEP, CLOCK, EVENT, FIRST = COUNTERS = range(6)
COUNT, DUE, FORCE, NUMBER, KEYS = range(5)  # columns of `Held.flags`; a key each for w, t and d
FLAGS = 7


class Held(NamedTuple):
    """Rows of synapses and the evaluations that wait for them, see `plastic_source`."""

    seen: NDArray[np.int64]  # (learners, sources) how many of the evaluations a row has behind it
    w: NDArray[np.int16]  # (learners, sources, targets), or (learners, 1, synapses) of sparse ones
    t: NDArray[np.int16]
    d: NDArray[np.int16]
    target: NDArray[np.int32]  # (synapses,) of sparse ones
    start: NDArray[np.int64]  # (sources + 1,) of sparse ones
    xs: NDArray[np.int16]
    xt: NDArray[np.int16]
    ys: NDArray[np.int16]
    yo: NDArray[np.int16]
    yt: NDArray[np.int16]
    fired: NDArray[np.int32]
    flags: NDArray[np.int64]
    constants: NDArray[np.int64]
    targets: int


class Sides(NamedTuple):
    """Traces of sources and targets: (learners, traces, neurons), spike times (learners, neurons), see `kinds_of`."""

    x: NDArray[np.int16]
    x_time: NDArray[np.int16]
    x_kind: tuple[Any, ...]
    y: NDArray[np.int16]
    y_time: NDArray[np.int16]
    y_kind: tuple[Any, ...]


class Numbers(NamedTuple):
    """Random numbers that a learner's synapses share, see `plastic_numbers.LavaStreams`."""

    repeated: NDArray[np.int64]  # (learners, steps)
    decay: NDArray[np.float64]  # (learners, steps, 2)
    impulse: NDArray[np.int64]
    rounding: NDArray[np.int64]  # (learners, evaluations)


class Keys(NamedTuple):
    """Keys of the numbers that all have of their own, see `plastic_numbers.HashKeys`."""

    seeds: NDArray[np.int64]
    streams: tuple[NDArray[np.int64], ...]
    repeated: NDArray[np.int64]
    history: NDArray[np.int64]
    rounding: NDArray[np.int64]


class Schedule(NamedTuple):
    """When a rule is evaluated, and for how many synapses."""

    epoch: int
    period: int  # epochs between u's turns
    exponent: int  # of the sums
    repaired: bool
    third: bool  # y1 to y3 are signals
    tags: bool  # of Lava's arithmetic, which may leave their range
    lockstep: bool  # keep all evaluations, since other learners' do
    open: tuple[bool, bool, bool]  # gates x0, y0, u in use
    weight_open: tuple[bool, bool, bool]  # those of weights
    fan_out: NDArray[np.int64]
    fan_in: NDArray[np.int64]


@njit(nogil=True, cache=True)
def note_step(learners, sides, sent, fired, within, rule, shared, keys):
    """`note_spikes` of both sides. shared: (learners,) the number of all targets. keys: (learners, traces of both)."""
    x, x_time, x_kind, y, y_time, y_kind = sides
    traces = x.shape[1]
    for m in range(learners[0], learners[1]):
        kind = x_kind[1], x_kind[2], x_kind[3]
        note_spikes(x[m], x_time[m], sent[m], within, *kind, False, rule.repaired, 0, keys[m, :traces])
        kind = y_kind[1], y_kind[2], y_kind[3]
        note_spikes(y[m], y_time[m], fired[m], within, *kind, rule.third, rule.repaired, shared[m], keys[m, traces:])


@njit(nogil=True, cache=True)
def end_epoch(learners, e, sides, rule, held, decay, impulse, keys):
    """Traces to the end of an epoch, and what its evaluation, the `e`th that waits, needs of them and of the spikes.

    decay, impulse: (learners, 2), numbers of all sources and all targets; keys: (learners, epoch, 2, traces of both
    sides). Gives (learners, 2) how many sources and targets spiked.
    """
    x, x_time, x_kind, y, y_time, y_kind = sides
    traces = x.shape[1]
    signs = rule.third and rule.repaired
    counts = np.zeros((len(x), 2), np.int64)
    for m in range(learners[0], learners[1]):
        kind = x_kind[0], x_kind[1], x_kind[2], False, rule.repaired
        xs, ys = held.xs[m, e], held.ys[m, e]
        follow_traces(x[m], x_time[m], xs, *kind, decay[m, 0], impulse[m, 0], keys[m, :, :, :traces])
        kind = y_kind[0], y_kind[1], y_kind[2], signs, rule.repaired
        follow_traces(y[m], y_time[m], ys, *kind, decay[m, 1], impulse[m, 1], keys[m, :, :, traces:])
        x[m] = xs[-1, :, : x.shape[2]]
        if not rule.third:
            y[m] = ys[-1, :, : y.shape[2]]
        counts[m, 0] = note_sources(x_time[m], held.xt[m, e])
        counts[m, 1] = note_targets(y_time[m], ys, held.yo[m, e], held.yt[m, e], held.fired[m, e])
    return counts


@njit(nogil=True, cache=True)
def end_step(learners, k, sent, fired, sides, numbers, keys, rule, held, updates, counters):
    """Spikes of a step, the `k`th of `numbers`, and at the end of an epoch its evaluation, which then waits.

    sent: (learners, sources), fired: (learners, targets). updates: (learners,), added to. counters: see COUNTERS.
    Gives whether no more evaluations may wait.
    """
    counters[STEP] += 1
    counters[CLOCK] += 1
    clock = counters[CLOCK]
    if rule.repaired:
        fill_keys(keys.seeds, keys.streams[0], clock, keys.repeated)
    within = (counters[STEP] - 1) % rule.epoch + 1
    note_step(learners, sides, sent, fired, within, rule, numbers.repeated[:, k], keys.repeated)
    if within < rule.epoch:
        return False
    counters[EVENT] += 1
    if rule.repaired:
        for n in range(rule.epoch):
            fill_keys(keys.seeds, keys.streams[1], clock - rule.epoch + 1 + n, keys.history[:, n, 0])
            fill_keys(keys.seeds, keys.streams[2], clock - rule.epoch + 1 + n, keys.history[:, n, 1])
        fill_keys(keys.seeds, keys.streams[3], clock, keys.rounding)
    e = counters[WAITING]
    counts = end_epoch(learners, e, sides, rule, held, numbers.decay[:, k], numbers.impulse[:, k], keys.history)
    due = counters[STEP] // rule.epoch % rule.period == 0
    opened, force = rule.lockstep, False
    for m in range(learners[0], learners[1]):
        updates[m] += count_updates(held.xt[m, e], held.yt[m, e], due, rule)
        flags = held.flags[m, e]
        flags[0], flags[1], flags[2] = counts[m, 1], due, counters[FORCED]
        x_open, y_open, u_open = rule.open
        opened |= (x_open and counts[m, 0] > 0) or (y_open and counts[m, 1] > 0) or (u_open and due)
        if rule.repaired:
            flags[4:] = keys.rounding[m]
        else:
            flags[3] = numbers.rounding[m, counters[EVENT] - counters[FIRST]]
            force |= rule.tags and flags[3] == ALL_BUT_ONE
    if opened or counters[FORCED]:
        counters[WAITING] += 1
        # a tag rounded down from its least sum is one below its range, which it comes back into unasked
        counters[FORCED] = force
    return counters[WAITING] == held.xs.shape[1]


@njit(nogil=True, cache=True)
def count_updates(spiked, fired, due, rule):
    """Evaluations of one learner's weights, one for each open gate. spiked: (sources,), fired: (at least targets,)."""
    x_open, y_open, u_open = rule.weight_open
    total = 0
    if x_open:
        for i in range(spiked.size):
            total += rule.fan_out[i] * (spiked[i] != 0)
    if y_open:
        for j in range(rule.fan_in.size):
            total += rule.fan_in[j] * (fired[j] != 0)
    if u_open and due:
        total += rule.fan_in.sum()
    return total


@njit(nogil=True, cache=True)
def add_waiting(learners, sums, exponent, acc):
    """Sums of the step before, (learners, targets), to a step's acc, and zeroed; how many of them wrapped."""
    wide_registers()
    wrapped = 0
    for m in range(learners[0], learners[1]):
        row, out = sums[m], acc[m]
        for j in range(row.size):
            value = np.int64(row[j])
            value = value << exponent if exponent > 0 else value >> -exponent
            wrapped += value != np.int64(np.int32(value))
            out[j] += np.int32(value)
            row[j] = 0
    return wrapped


@njit(nogil=True, cache=True)
def add_payload(out, payload, row):
    """out += payload * row, which may be longer."""
    wide_registers()
    for j in range(out.size):
        out[j] += payload * row[j]


@njit(nogil=True, cache=True)
def deliver(learners, sent, weight, places, out):
    """out += (weight.T @ sent) >> places, of weights that stay, (sources, targets); how many sums wrapped.

    sent: (learners, sources), out: (learners, targets) int32.
    """
    wide_registers()
    wrapped, sums = 0, np.zeros(out.shape[1], np.int64)
    for m in range(learners[0], learners[1]):
        sums[:] = 0
        row = sent[m]
        for i in range(row.size):
            if row[i] != 0:
                add_payload(sums, np.int64(row[i]), weight[i])
        wrapped += add_sums(sums, places, 32, out[m])
    return wrapped


@njit(nogil=True, cache=True)
def deliver_listed(learners, sent, start, target, weight, places, out):
    """The same of listed synapses."""
    wrapped, sums = 0, np.zeros(out.shape[1], np.int64)
    for m in range(learners[0], learners[1]):
        sums[:] = 0
        row = sent[m]
        for i in range(row.size):
            if row[i] != 0:
                for k in range(start[i], start[i + 1]):
                    sums[target[k]] += np.int64(row[i]) * weight[k]
        wrapped += add_sums(sums, places, 32, out[m])
    return wrapped


@njit(nogil=True, cache=True)
def list_sent(learners, sent, listed, numbers):
    """Sources that sent something, of each learner: listed (learners, sources), the first numbers (learners,) of it."""
    for m in range(learners[0], learners[1]):
        row, out, count = sent[m], listed[m], 0
        for i in range(row.size):
            if row[i] != 0:
                out[count] = i
                count += 1
        numbers[m] = count


@njit(nogil=True, cache=True)
def list_all(learners, listed, numbers):
    """The same of all sources."""
    for m in range(learners[0], learners[1]):
        for i in range(listed.shape[1]):
            listed[m, i] = i
        numbers[m] = listed.shape[1]


@njit(nogil=True, cache=True)
def add_rows(out, first, second, third, fourth):
    """out += the sum of four rows of weights, which may be longer."""
    wide_registers()
    for j in range(out.size):
        out[j] += np.int32(np.int32(first[j]) + np.int32(second[j]) + np.int32(third[j]) + np.int32(fourth[j]))


@njit(nogil=True, cache=True)
def add_sent(learners, listed, numbers, sent, sums, held):
    """sums[m, j] += weight * sent[m, i] over the listed sources; of binary spikes and dense rows four at a time."""
    wide_registers()
    one = sums.dtype.type(1)
    for m in range(learners[0], learners[1]):
        out, rows, f = sums[m], listed[m], 0
        if held.target.size > 0:
            line = held.w[m, 0]
            for f in range(numbers[m]):
                i = rows[f]
                payload = one * sent[m, i]
                for k in range(held.start[i], held.start[i + 1]):
                    out[held.target[k]] += payload * line[k]
            continue
        if held.start.size > 0:  # a sparse matrix without synapses
            continue
        w = held.w[m]
        if sent.itemsize == 1:
            while f + 4 <= numbers[m]:
                add_rows(out, w[rows[f]], w[rows[f + 1]], w[rows[f + 2]], w[rows[f + 3]])
                f += 4
        while f < numbers[m]:
            add_payload(out, one * sent[m, rows[f]], w[rows[f]])
            f += 1
