"""Several `layers.Layer`s of a block at once, one behind the other or not, by one thread or several.

Each thread goes through all of them a few steps at a time, without coming back to Python: spikes are read while they
are in the caches (see `chain_kernels`). Threads share the neurons of each layer, or, where resets allow it, the steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurokit.hardware.simulator.chain_kernels import APART, LAYERS, run_chain
from neurokit.hardware.simulator.layers import MOST_STEPS, Layer, apart, cuts, read_only
from neurokit.hardware.simulator.team import WORTH, Team

if TYPE_CHECKING:
    from neurokit.hardware.simulator.parts import Part, States

FEWEST_STEPS = 16  # that are worth a call
WIDTH = 64  # steps of a layer at a time
SKEW = 1  # see `chain_kernels.run_chain`: with it threads seldom wait for each other
UNEVEN = 1.25  # times the mean that the longest span of steps may be, if threads are to share steps
SLEEP_SECONDS = 50e-6  # of a thread for which others have nothing, after it has looked for some time


class Chain:
    """Layers that run together from step `now` on. rows: of each what it is sent, in one or two pieces, for all steps.

    spikes: of each (steps, samples, n), to be written. sources: by which of them each is fed, -1 where by no one here.
    Threads share the steps where scheduled resets make those after a cut independent of those before (`cut_steps`),
    with states of their own; else the neurons.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        rows: Sequence[Sequence[NDArray[np.uint8]]],
        spikes: Sequence[NDArray[np.uint8]],
        sources: Sequence[int],
        now: int,
        threads: int,
    ) -> None:
        count, steps = len(layers), len(spikes[0])
        assert count <= LAYERS, "see `how_many`"
        assert steps <= MOST_STEPS, "see `run_together`"
        self._layers = layers
        self._delays = np.array([layer.link.delay for layer in layers])
        rests = [layer.rests(now, steps) for layer in layers]
        spans = cut_steps(rests, sources, self._delays, threads) if threads > 1 else None
        self._by_steps = spans is not None
        if spans is None:
            self._sources, self._shares = np.array(sources), _shares(layers, threads)
            self._spans = np.tile(np.array([0, steps]), (threads, count, 1))
        else:
            self._sources, self._shares = np.full(count, -1), [_shares(layers, 1)[0]] * threads
            self._spans = spans
            for layer in layers:
                layer.make_states(threads)
        self._done = np.zeros((threads, (count + 1) * APART), np.int64)
        self._totals = [apart(threads, steps) for _ in layers]
        self._wraps = [apart(threads, 2) for _ in layers]
        self._failed = False
        shared = [_arriving(rows[k], rests[k]) for k in range(count)]
        self._tasks: list[Callable[[], None]] = []
        for number in range(threads):
            given = []
            for k, layer in enumerate(layers):
                words = layer.room(rows[k][-1][:WIDTH], number)
                counted = (self._totals[k][number], self._wraps[k][number])
                held = layer.held(spikes[k], *counted, number if self._by_steps else 0)
                given.append((*shared[k], words, layer.geometry, held))
            filled = tuple(given + [given[-1]] * (LAYERS - count))
            self._tasks.append(partial(self._work, filled, number))

    def run(self, team: Team) -> None:
        """All steps, by as many threads as the chain is made for."""
        tasks, self._tasks = self._tasks, []  # which refer to this object: spikes' memory is to be free at once
        team.run(tasks, self._give_up)
        for layer, totals, wraps in zip(self._layers, self._totals, self._wraps, strict=True):
            layer.note(totals, wraps)
            if self._by_steps:
                layer.take_states(len(tasks) - 1)

    def _work(self, layers: tuple[Any, ...], number: int) -> None:
        place, looked = np.zeros(2, np.int64), 0
        skew = 0 if self._by_steps or len(self._spans) == 1 else SKEW
        given = (self._shares[number], self._spans[number], self._sources, self._delays, WIDTH, skew)
        try:
            while not run_chain(layers, *given, number, self._done, place):
                if self._failed:
                    return
                looked += 1
                time.sleep(0 if looked < 100 else SLEEP_SECONDS)
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        """Let those who wait for others end."""
        self._failed = True


def cut_steps(
    rests: Sequence[NDArray[np.bool_]], sources: Sequence[int], delays: NDArray[np.int64], threads: int
) -> NDArray[np.int64] | None:
    """Spans of steps for each thread and layer, (threads, layers, 2), that need nothing of each other, or None.

    rests: (steps,) whether the states of a layer are zero before a step. A cut is a step of each layer before which it
    rests, and which comes after that of the layer that feeds it by its delay.
    """
    steps = len(rests[0])
    later = np.zeros(len(rests), np.int64)  # than the cut of what nobody here feeds
    for k, source in enumerate(sources):
        later[k] = later[source] + delays[k] if source >= 0 else 0
    good = np.ones(steps, np.bool_)
    for rest, by in zip(rests, later, strict=True):
        good &= np.append(rest[by:], np.zeros(min(by, steps), np.bool_))
    places = np.flatnonzero(good)
    if len(places) == 0:
        return None
    wanted = np.arange(1, threads) * steps / threads
    cuts = places[np.abs(places - wanted[:, None]).argmin(axis=1)]
    ends = np.array([0, *cuts, steps])
    if (np.diff(ends) < 1).any() or np.diff(ends).max() > UNEVEN * steps / threads:
        return None
    first = np.array([np.zeros_like(later), *(cut + later for cut in cuts)])
    spans: NDArray[np.int64] = np.stack([first, np.array([*first[1:], np.full_like(later, steps)])], axis=2)
    return spans


def _arriving(rows: Sequence[NDArray[np.uint8]], rests: NDArray[np.bool_]) -> tuple[Any, ...]:
    before, last = rows if len(rows) == 2 else (rows[0][:0], rows[0])
    return read_only(before), read_only(last), rests


def how_many(parts: Sequence[Part], start: int, stop: int, states: States) -> int:
    """How many of the first parts may run as a chain over these steps of a block; 1 where that is not worth while."""
    if stop - start < FEWEST_STEPS:
        return 1
    fitting = takewhile(lambda part: part.sent_to_layer(start, stop, states), parts[:LAYERS])
    return max(1, len(list(fitting)))


def run_together(parts: Sequence[Part], start: int, stop: int, now: int, states: States, team: Team) -> None:
    """Steps start to stop of the block that began at step `now`, of parts that `how_many` has found."""
    began = time.thread_time()
    seconds = sum(part.seconds_per_step for part in parts)
    threads = team.size if seconds * (stop - start) > len(parts) * WORTH else 1
    layers = [part.layer for part in parts]
    owner = {layer.stage.name: k for k, layer in enumerate(layers)}
    for part in parts:
        part.note_reach()
    calls = -(-(stop - start) // MOST_STEPS)
    for first, last in cuts(stop - start, calls, first=True):
        first, last = start + first, start + last
        rows = [part.sent_to_layer(first, last, states) for part in parts]
        spikes = [layer.stage.block[first:last] for layer in layers]
        sources = [owner.get(layer.link.source, -1) for layer in layers]
        Chain(layers, rows, spikes, sources, now + first, threads).run(team)
    spent = threads * max(1e-9, time.thread_time() - began) / (stop - start)
    costs = [layer.seconds() for layer in layers]
    for part, cost, sent in zip(parts, costs, rows, strict=True):
        part.note_layer(spent * cost / sum(costs), sent[-1])


def _shares(layers: Sequence[Layer], threads: int) -> list[NDArray[np.int64]]:
    """Of each thread (layers, 4); the first or the last threads have more to do, in turns."""
    shares = np.zeros((threads, len(layers), 4), np.int64)
    first = False
    for k, layer in enumerate(layers):
        found = layer.shares(threads, first)
        shares[: len(found), k] = found
        first ^= found[0] != layer.shares(threads, not first)[0]
    return list(shares)
