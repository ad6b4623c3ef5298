"""Traces and spikes of plastic synapses, step by step: what `lower.fixedpoint.learning` computes.

Arrays of one side (the sources' or the targets') of one learner: values (traces in use, neurons) and times (neurons,),
int16, see `plastic_source`. No type annotations, as in `kernels`.
"""

from __future__ import annotations

import numpy as np

from neurokit.hardware.simulator.caching import njit


@njit(nogil=True, cache=True)
def mix(z):
    """The mixer of `lower.fixedpoint.learning_numbers`."""
    z = np.uint32(np.uint32(z ^ np.uint32(z >> np.uint32(16))) * np.uint32(0x7FEB352D))
    z = np.uint32(np.uint32(z ^ np.uint32(z >> np.uint32(15))) * np.uint32(0x846CA68B))
    return np.uint32(z ^ np.uint32(z >> np.uint32(16)))


@njit(nogil=True, cache=True)
def number(index, key):
    """The random number of an element."""
    return mix(np.uint32(mix(np.uint32(index + 1)) ^ np.uint32(key)))


@njit(nogil=True, cache=True)
def note_spikes(values, times, sent, within, wholes, fractions, overwrites, signals, repaired, shared, keys):
    """Spikes of a step: their time, and the impulse of those that have had one in this epoch.

    sent: (neurons,). wholes, fractions, overwrites: (traces,), of the impulses. signals: whether values are signals,
    which no spike changes. shared: the number of all neurons; keys: (traces,) of their own ones.
    """
    for j in range(sent.size):
        if sent[j] == 0:
            continue
        for k in range(len(values)):
            if overwrites[k]:
                half = np.int64(sent[j]) >> 1
                values[k, j] = (half + (np.int64(sent[j]) & half & 1)) & 0xFF
            elif times[j] > 0 and not signals:
                drawn = np.int64(number(j, keys[k]) >> np.uint32(24)) if repaired else shared
                values[k, j] = min(max(values[k, j] + wholes[k] + (drawn < fractions[k]), 0), 127)
        times[j] = within


@njit(nogil=True, cache=True)
def follow_traces(values, times, history, keeps, wholes, fractions, signs, repaired, decay, impulse, keys):
    """Traces over an epoch that ends: history (epoch + 1, or 1 of one step; traces, neurons).

    keeps: (traces,) what a step leaves. signs: whether spikes leave the values alone. decay, impulse: the numbers of
    all neurons; keys: (epoch, 2, traces) of their own ones, by step, for the decay and the impulse.
    """
    epoch = len(keys)
    if len(history) > 1:
        history[0, :, : times.size] = values
    for t in range(1, epoch + 1):
        place = t if len(history) > 1 else 0
        for k in range(len(values)):
            before = values[k] if t == 1 else history[place - 1, k]
            after = history[place, k]
            for j in range(times.size):
                left = keeps[k] * before[j]
                whole = np.floor(left)
                drawn = number(j, keys[t - 1, 0, k]) / 4294967296.0 if repaired else decay
                after[j] = np.int16(whole) + (drawn < left - whole)
            if signs:
                continue
            for j in range(times.size):
                if times[j] == t:
                    drawn = np.int64(number(j, keys[t - 1, 1, k]) >> np.uint32(24)) if repaired else impulse
                    after[j] = min(max(after[j] + wholes[k] + (drawn < fractions[k]), 0), 127)


@njit(nogil=True, cache=True)
def note_targets(times, history, own, mask, fired):
    """What targets hand to their synapses at the end of an epoch; how many of them spiked.

    times: (neurons,), zeroed. history: as above. own: (traces, neurons), written: traces at the last spike, where
    epochs have more than one step. mask: (neurons,), written, see `plastic_source`. fired: (neurons,) int32, written.
    """
    count = 0
    single = len(history) == 1
    for j in range(times.size):
        time = times[j]
        mask[j] = time if not single else -time
        if time:
            fired[count] = j
            count += 1
        if not single:
            for k in range(len(own)):
                own[k, j] = history[time, k, j]
        times[j] = 0
    return count


@njit(nogil=True, cache=True)
def note_sources(times, mask):
    """What sources hand to their synapses; how many of them spiked. times: (neurons,), zeroed."""
    count = 0
    for i in range(times.size):
        mask[i] = times[i]
        count += times[i] != 0
        times[i] = 0
    return count


@njit(nogil=True, cache=True)
def fill_keys(seeds, streams, clock, keys):
    """keys[learner, k]: of the random numbers of stream k in a step; see `lower.fixedpoint.learning_numbers.key`."""
    for m in range(len(seeds)):
        start = mix(np.uint32(seeds[m]))
        for k in range(len(streams)):
            keys[m, k] = mix(np.uint32(mix(np.uint32(start ^ np.uint32(streams[k]))) ^ np.uint32(clock)))


MODULATION, POSITIVE, NEGATIVE, REWARD, DERIVATIVE, CONSTANT, SPIKE, SPIKE_TRACE, MODULATION_TRACE = range(9)
ABOVE, BELOW, GATED, GATED_POSITIVE, GATED_NEGATIVE = range(9, 14)
MOST = (1 << 23) - 1  # |x| of a signal; potentials have no more
MOST_TRACE = (1 << 19) - 1


@njit(nogil=True, cache=True)
def toward_zero(value, places):
    """value >> places, rounding towards zero."""
    return value >> places if value >= 0 else -((-value) >> places)


@njit(nogil=True, cache=True)
def lif_compared(v_before, left_before, u, keep, bias, threshold, holds, v, near):
    """LIF neurons: v as it was compared with the threshold, and how near it came, 0 while refractory.

    v_before, left_before: states before the step, (0,) the second of neurons that have none. u: after it. keep: 4096
    less v's decay. holds: whether v stands while refractory. v, near: (n,) int64, written.
    """
    for j in range(v.size):
        found = np.int64(np.int32(toward_zero(np.int64(v_before[j]) * keep[j], 12) + np.int64(u[j])))
        found = min(max(np.int64(np.int32(found + bias[j])), -MOST), MOST)
        waits = left_before.size > 0 and left_before[j] > 0
        v[j] = v_before[j] if holds and waits else found
        near[j] = 0 if waits else max(threshold[j] - abs(v[j] - threshold[j]), 0)


@njit(nogil=True, cache=True)
def alif_compared(v_after, adaptation, left_before, threshold, mantissa, shift, v, near):
    """The same of LoihiALIF, whose threshold moves; v_after, adaptation: states after the step."""
    for j in range(v.size):
        moving = threshold[j] + toward_zero(np.int64(adaptation[j]) * mantissa[j], shift[j])
        v[j] = v_after[j]
        near[j] = 0 if left_before[j] > 0 else max(threshold[j] - abs(v[j] - moving), 0)


@njit(nogil=True, cache=True)
def write_signals(kinds, gains, bases, numbers, places, memory, v, near, sent, arrived, out):
    """Signals of a population after a step, as `lower.fixedpoint.signals` has them.

    kinds: (signals,) which function. gains, bases: (signals, n) in 2**-32. numbers: (signals, 3): level, 4096 less
    decay, impulse. places: (signals,) rows of out (traces, n) int16 to write, negative for none. memory: (signals, n).
    v, near: see `lif_compared`, of no account where no signal asks for the potential. arrived: (2, n).
    """
    for s in range(len(kinds)):
        kind, level, kept, impulse = kinds[s], numbers[s, 0], numbers[s, 1], numbers[s, 2]
        if places[s] < 0 and kind not in (SPIKE_TRACE, MODULATION_TRACE):
            continue
        for j in range(sent.size):
            x = np.int64(0)
            if kind == MODULATION:
                x = arrived[0, j]
            elif kind == POSITIVE:
                x = max(arrived[0, j], 0)
            elif kind == NEGATIVE:
                x = max(-arrived[0, j], 0)
            elif kind >= GATED:
                if arrived[1, j] != 0:
                    x = np.int64(arrived[0, j])
                    x = max(x, 0) if kind == GATED_POSITIVE else max(-x, 0) if kind == GATED_NEGATIVE else x
            elif kind == REWARD:
                x = arrived[1, j]
            elif kind == SPIKE:
                x = np.int64(sent[j])
            elif kind in (SPIKE_TRACE, MODULATION_TRACE):
                if kind == SPIKE_TRACE:
                    added = impulse * (sent[j] != 0)
                else:
                    added = toward_zero(impulse * min(max(arrived[0, j], -MOST), MOST), 20)
                x = min(max(toward_zero(memory[s, j] * kept, 12) + added, -MOST_TRACE), MOST_TRACE)
                memory[s, j] = x
            elif kind == DERIVATIVE:
                x = near[j]
            elif kind == ABOVE:
                x = max(v[j] - level, 0)
            elif kind == BELOW:
                x = max(level - v[j], 0)
            if places[s] >= 0:
                total = bases[s, j] + gains[s, j] * min(max(x, -MOST), MOST)
                out[places[s], j] = min(max(toward_zero(total, 32), -127), 127)
