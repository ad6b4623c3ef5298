"""A run in the simulator: groups of samples, each through blocks of time, into a Recorder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Interrupted
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Keeper, Place, Progress
from neurokit.hardware.simulator.blocks import batch_first, kernel_type, out_of_time, time_first
from neurokit.hardware.simulator.count_kernels import FEW_STEPS, count_rows, count_share, count_spikes
from neurokit.hardware.simulator.engine import Engine
from neurokit.hardware.simulator.kernels import count_events
from neurokit.hardware.simulator.team import SHARED_BYTES, Team, one_blas_thread
from neurokit.interrupts import Interrupts
from neurokit.lower.fold import fold
from neurokit.recorder import Recorder

FIRST_BLOCK = 32  # steps; twice as many where threads are to share the steps of layers (`chain`)
BLOCK_SECONDS = 0.25  # of wall time that a block may take: Ctrl-C and the time limit wait for its end


class Runner:
    """Runs `inputs` (name -> (batch, steps, *shape)) for the recorder's steps."""

    def __init__(
        self,
        recorder: Recorder,
        inputs: Mapping[str, NDArray[Any]],
        team: Team,
        *,
        time_limit: float | None,
        progress: Progress | None,
        graph: Program | None = None,
    ) -> None:
        """graph: what runs in place of the recorder's, with the same populations."""
        program = self.graph = recorder.graph if graph is None else graph
        self.biases: Mapping[str, NDArray[np.float64]] | None = None
        if isinstance(program, Network):
            self.graph, self.biases = fold(program)
        self.kinds = {name: kernel_type(values, isinstance(program, Program), team) for name, values in inputs.items()}
        self.inputs = inputs
        self.recorder = recorder
        self.team = team
        self.time_limit = time_limit
        self.progress = progress
        self.started = time.monotonic()
        self._size = 1  # samples that run side by side

    @property
    def seconds(self) -> float:
        """Wall time since the beginning."""
        return time.monotonic() - self.started

    def run(self, keeper: Keeper | None) -> None:
        """From the beginning, or from where the keeper's place is. Interrupted between two blocks."""
        place = None if keeper is None else keeper.place()
        engine = None
        turns, size = self._turns(None if place is None else place.size)
        self._size = size
        try:
            with one_blas_thread(), Interrupts() as interrupts:
                for number in range(0 if place is None else place.first // size, len(turns)):
                    samples = turns[number]
                    count = len(range(self.recorder.batch)[samples])
                    if engine is None or engine.samples != count:
                        engine = Engine(self.graph, count, self.biases, self.team)
                    engine.clear()
                    if place is not None:
                        engine.restore(place.snapshot)
                    self._run_group(engine, number * size, samples, interrupts, keeper)
                    place = None
        finally:
            if engine is not None:
                self._note_learning(engine)

    def _turns(self, size: int | None) -> tuple[list[slice], int]:
        """Groups of samples that run side by side, in order, and how many are in one.

        Where there is learning each of them is a learner, whose samples follow each other.
        """
        batch, learners = self.recorder.batch, self.recorder.learners
        if self.graph.learns:
            share = batch // learners
            return [slice(k, batch, share) for k in range(share)], learners
        size = size or samples_at_once(self.graph, batch)
        return [slice(first, min(first + size, batch)) for first in range(0, batch, size)], size

    def _note_learning(self, engine: Engine) -> None:
        """Weights as they are now, whatever ended the run."""
        for name, plastic in engine.plastic.items():
            self.recorder.learned[name] = plastic.weights()
            self.recorder.updates[name] = np.array(plastic.updates)

    def _run_group(
        self, engine: Engine, first: int, samples: slice, interrupts: Interrupts, keeper: Keeper | None
    ) -> None:
        """first: of the samples, in the order in which they come."""
        inputs = {name: values[samples] for name, values in self.inputs.items()}
        counts = self.recorder.counts_of(samples)
        engine.count_into({name: values for name, values in counts.items() if name in self.graph.populations})
        shared = self.team.size > 1 and any(part.whole for part in engine.parts)
        pace, steps = _Pace(engine.block, 2 * FIRST_BLOCK if shared else FIRST_BLOCK), self.recorder.steps

        def keep() -> None:
            if keeper is not None:
                keeper.keep(Place(first, self._size, engine.snapshot()))

        while engine.now < steps:
            self._check_time(engine.now, keep)
            start, began = engine.now, time.monotonic()
            stop = min(start + pace.steps, steps, self._next_record(start))
            self._run_block(engine, samples, inputs, counts, stop)
            self._record_variables(engine, samples)
            pace.adapt(stop - start, time.monotonic() - began)
            try:
                if self.progress is not None:
                    self.progress(first * steps + stop * engine.samples, self.recorder.batch * steps)
                interrupts.check()
            except KeyboardInterrupt as interrupt:
                keep()
                raise Interrupted from interrupt
            if keeper is not None and keeper.due():
                keep()

    def _next_record(self, step: int) -> int:
        """Step up to which no variables of plastic projections are to be recorded."""
        every = self.recorder.every
        return (step // every + 1) * every if self.recorder.variables else self.recorder.steps

    def _record_variables(self, engine: Engine, samples: slice) -> None:
        if self.recorder.variables and engine.now % self.recorder.every == 0:
            found = {(name, what): engine.plastic[name].watch(what) for name, what in self.recorder.variables}
            self.recorder.write_variables(samples, engine.now, found)

    def _run_block(
        self,
        engine: Engine,
        samples: slice,
        inputs: Mapping[str, NDArray[Any]],
        counts: Mapping[str, NDArray[np.int64]],
        stop: int,
    ) -> None:
        start, recorder = engine.now, self.recorder
        step_counts: dict[str, NDArray[np.int64]] = {}
        given: dict[str, NDArray[Any]] = {}
        for name, values in inputs.items():
            given[name] = time_first(values, start, stop).astype(self.kinds[name], copy=False)
            if given[name].dtype == np.uint8:
                step_counts[name] = self._count(given[name], counts[name])
            else:
                step_counts[name] = np.zeros((1, stop - start), np.int64)
                count_events(given[name], counts[name], step_counts[name][0])
        into = {
            name: values
            for name, values in recorder.rows_of(samples, start, stop).items()
            if values.dtype == engine.neurons(name).output_type
        }
        most = min(engine.block, recorder.steps)
        try:
            states = engine.advance(given, stop - start, list(recorder.states), into, lent=True, most=most)
        finally:
            self.team.settle()
        for name, found in engine.take_overflows().items():
            recorder.overflows[name] += found
        shapes = {name: population.shape for name, population in self.graph.populations.items()}
        recorder.write(
            samples,
            start,
            {name: batch_first(engine.output(name), shapes[name]) for name in recorder.spikes if name not in into},
            {key: batch_first(values, shapes[key[0]]) for key, values in states.items()},
            {name: shares.sum(axis=0) for name, shares in step_counts.items()} | engine.take_step_counts(),
        )

    def _count(self, rows: NDArray[np.uint8], counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add spikes (steps, samples, n) to those of each neuron; those of each step, (shares, steps), when settled."""
        if len(rows) < FEW_STEPS:
            totals = np.zeros((1, len(rows)), np.int64)
            count_rows(rows, totals[0])
            count_spikes(rows, counts)
            return totals
        parts, size = self.team.size if rows.nbytes > SHARED_BYTES else 1, rows.shape[2]
        shares = np.zeros((parts, len(rows)), np.int64)
        cuts = pairwise(size * k // parts for k in range(parts + 1))
        tasks = [partial(count_share, rows, counts, s, *cut) for s, cut in zip(shares, cuts, strict=True)]
        if parts > 1:
            self.team.beside(tasks)
        else:
            tasks[0]()
        return shares

    def _check_time(self, step: int, keep: Callable[[], None]) -> None:
        if self.time_limit is not None and self.seconds > self.time_limit:
            keep()
            raise out_of_time(self.time_limit, step, self.recorder.steps)


def samples_at_once(graph: Program | Network, batch: int) -> int:
    """So many that a step's states stay within a core's cache beside the weights, but at least one."""
    neurons = sum(population.size for population in graph.populations.values())
    return min(batch, int(np.clip((1 << 14) // max(1, neurons), 1, 64)))


@dataclass
class _Pace:
    """How many steps a block has, so that it takes about BLOCK_SECONDS at most; up to `most`."""

    most: int
    steps: int = FIRST_BLOCK

    def __post_init__(self) -> None:
        self.steps = min(self.most, self.steps)

    def adapt(self, steps: int, seconds: float) -> None:
        """After a block of so many steps."""
        fitting = int(steps * BLOCK_SECONDS / max(seconds, 1e-9))
        self.steps = max(1, min(self.most, 4 * steps, max(steps // 4, fitting)))
