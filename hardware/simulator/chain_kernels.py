"""Convolutions with LIF neurons one behind the other, a few steps of each in turn, by threads that do not meet.

Every thread has a share of the neurons of each layer and says how far it has come with it; before it reads what others
have sent it waits for them, by looking, in the hope that they are all but there. No type annotations, as in `kernels`.
"""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic

from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.layer_kernels import convolve_and_fire
from neurokit.hardware.simulator.vectors import wide_registers

LAYERS = 8  # of a call: always as many, since kernels are compiled for their number
APART = 16  # numbers of 8 bytes from one layer's place to the next one's: no two are in neighbouring cache lines
LOOKS = 50_000  # at what others have done, some 50 us, before the caller is asked whether to go on


@intrinsic
def read_shared(typingctx, array, place):
    """array[place], int64, as another thread left it; what that wrote before is there, too."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(array)(context, builder, arguments[0]).data
        return builder.load_atomic(builder.gep(data, [arguments[1]]), "acquire", 8)

    return types.int64(array, types.intp), generate


@intrinsic
def write_shared(typingctx, array, place, value):
    """Let array[place], int64, be `value` for other threads, after all that was written before."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(array)(context, builder, arguments[0]).data
        builder.store_atomic(arguments[2], builder.gep(data, [arguments[1]]), "release", 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), generate


@njit(nogil=True, cache=True)
def run_chain(layers, shares, spans, sources, delays, width, skew, number, done, place):
    """One thread's share of all layers over a block; False where it has to wait for others: call it again then.

    layers: LAYERS of them, of which the first ones count, as many as there are shares. Each (before, rows, rests,
    words, geometry, held): rows (steps, samples, sources) uint8 arrive after those of before; rests (steps,), words,
    geometry and held, `layers.Layer`'s, are as for `convolve_and_fire`.
    shares: (layers, 4), as there; empty where the thread has nothing to do. spans: (layers, 2) first and last step.
    sources: the layer that feeds each and is waited for, or -1; delays: in how many steps. width: steps of a layer at a
    time. skew: turns by which a layer stays behind the one before. number: the thread's. done: (threads, APART *
    (layers + 1)), up to which step each is done, and whether all are. place: (2,) turn and layer, (0, 0) in the first
    call.
    """
    count = shares.shape[0]
    turns = 0
    for k in range(count):
        turns = max(turns, -(-(spans[k, 1] - spans[k, 0]) // width) + skew * k)
    while place[0] < turns:
        while place[1] < count:
            k = place[1]
            begin = spans[k, 0] + (place[0] - skew * k) * width
            if spans[k, 0] <= begin < spans[k, 1]:
                end = min(begin + width, spans[k, 1])
                if sources[k] >= 0 and not _has_come(done, sources[k] * APART, end - delays[k]):
                    return False
                if shares[k, 0] < shares[k, 1] and shares[k, 2] < shares[k, 3]:
                    _run_steps(*layers[k], shares[k], begin, end)
                write_shared(done[number], k * APART, end)
            place[1] += 1
        place[1] = 0
        place[0] += 1
    write_shared(done[number], count * APART, 1)
    if not _has_come(done, count * APART, 1):
        return False
    for k in range(count):
        _settle(*layers[k][5], number, done.shape[0])
    return True


@njit(nogil=True, cache=True)
def _has_come(done, place, step):
    """Whether done[:, place] is `step` or more for all threads, at once or soon."""
    number = 0
    for _ in range(LOOKS):
        while number < done.shape[0] and read_shared(done[number], place) >= step:
            number += 1
        if number == done.shape[0]:
            return True
    return False


@njit(nogil=True, cache=True)
def _run_steps(before, rows, rests, words, geometry, held, share, begin, end):
    """Some steps of a layer, see `run_chain`."""
    (u, v), spikes, counts, tally, _, totals, wraps, parameters, soft, way = held
    part, first = (share[0], share[1], share[2], share[3]), before.shape[0]
    while begin < end:
        stop = min(end, first) if begin < first else end
        some = before[begin:stop] if begin < first else rows[begin - first : stop - first]
        rested, sent, summed = rests[begin:stop], spikes[begin:stop], totals[begin:stop]
        others = (tally, summed, wraps, parameters, soft, way)
        convolve_and_fire(some, *geometry, part, words, rested, u, v, sent, counts, *others)
        begin = stop


@njit(nogil=True, cache=True)
def _settle(states, spikes, counts, tally, tallies, totals, wraps, parameters, soft, way, number, threads):
    """Add one of `threads` parts of all tallies to the counts, (samples, n), and start it over."""
    wide_registers()
    size = counts.shape[1]
    start, stop = size * number // threads, size * (number + 1) // threads
    for n in range(tallies.shape[0]):
        for b in range(counts.shape[0]):
            counted, total = tallies[n, b, start:stop], counts[b, start:stop]
            for j in range(counted.size):
                total[j] += counted[j]
            counted[:] = 0
