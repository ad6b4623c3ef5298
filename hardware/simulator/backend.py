"""The simulator as a backend: checked inputs in, a Recording out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from neurokit.errors import BackendError, Fault
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Progress, RecordKey
from neurokit.hardware.simulator.blocks import batch_first, kernel_type, time_first, watched
from neurokit.hardware.simulator.engine import Engine
from neurokit.hardware.simulator.kernels import count_events
from neurokit.hardware.simulator.stepper import SimulatorStepper
from neurokit.hardware.simulator.team import Team, available
from neurokit.lower.fold import fold
from neurokit.records import Recorded, Recording


class Simulator:
    """Numba simulator: Programs in integers, Networks in floats with their own timing."""

    name = "simulator"

    def __init__(self, threads: int | None = None) -> None:
        """threads: that share the work, None for as many as there are cores. The result does not depend on it."""
        self.threads = threads or available()

    def accepts(self, program: Program) -> list[Fault]:
        """Nothing is refused: every sound Program runs."""
        return []

    def run(
        self,
        program: Program | Network,
        inputs: Mapping[str, NDArray[Any]],
        steps: int,
        record: tuple[RecordKey, ...],
        *,
        time_limit: float | None = None,
        progress: Progress | None = None,
    ) -> Recording:
        """See `hardware.base.Backend.run`; also takes a Network."""
        started = time.monotonic()
        batch = next(iter(inputs.values())).shape[0]
        graph, biases = (program, None) if isinstance(program, Program) else fold(program)
        team = Team(self.threads)
        engine = Engine(graph, min(batch, _samples_at_once(graph)), biases, team)
        kinds = {name: kernel_type(values, isinstance(program, Program)) for name, values in inputs.items()}
        parts = []
        with threadpool_limits(limits=1):
            for first in range(0, batch, engine.samples):
                size = min(engine.samples, batch - first)
                if size != engine.samples:
                    engine = Engine(graph, size, biases, team)
                engine.clear()
                chosen: Mapping[str, NDArray[Any]] = {
                    name: values[first : first + size].astype(kinds[name], copy=False)
                    for name, values in inputs.items()
                }
                clock = _Clock(started, time_limit, progress, first * steps, size, batch * steps)
                parts.append(_Part(engine, chosen, steps, record, clock))
        return _join(program, parts, steps, batch, time.monotonic() - started)

    def open(
        self, program: Program | Network, batch: int, record: tuple[RecordKey, ...], *, time_limit: float | None = None
    ) -> SimulatorStepper:
        """See `hardware.base.Opens`."""
        return SimulatorStepper(program, batch, record, time_limit, self.threads)


def _samples_at_once(graph: Program | Network) -> int:
    """So many that a step's states stay within a core's cache beside the weights, but at least one."""
    neurons = sum(population.size for population in graph.populations.values())
    return int(np.clip((1 << 14) // max(1, neurons), 1, 64))


@dataclass(frozen=True)
class _Clock:
    """Time limit and progress of a group of `size` samples, before which `done` of `total` sample steps were over."""

    started: float
    time_limit: float | None
    progress: Progress | None
    done: int
    size: int
    total: int

    def check(self, step: int, steps: int) -> None:
        """Raise BackendError past the limit."""
        if self.time_limit is not None and time.monotonic() - self.started > self.time_limit:
            limit = f"the time limit is {self.time_limit:g} s"
            raise BackendError(Fault("simulator", f"is at step {step} of {steps}", limit, "Raise it, or run less."))

    def tell(self, step: int) -> None:
        """Each sample of the group has run `step` steps."""
        if self.progress is not None:
            self.progress(self.done + step * self.size, self.total)


class _Part:
    """Recorded arrays of some samples, batch first."""

    def __init__(
        self,
        engine: Engine,
        inputs: Mapping[str, NDArray[Any]],
        steps: int,
        record: tuple[RecordKey, ...],
        clock: _Clock,
    ) -> None:
        graph, samples = engine.graph, engine.samples
        names, watch = watched(graph, record)
        shapes = {name: p.shape for name, p in graph.populations.items()}
        kinds = {name: engine.neurons(name) for name in shapes}
        self.spikes = {name: np.zeros((samples, steps, *shapes[name]), kinds[name].output_type) for name in names}
        self.states = {key: np.zeros((samples, steps, *shapes[key[0]]), kinds[key[0]].state_type) for key in watch}
        sizes = {name: int(np.prod(node.shape)) for name, node in graph.inputs.items()}
        self.counts = {name: np.zeros((samples, size), np.int64) for name, size in sizes.items()}
        self.step_counts = {name: np.zeros(steps, np.int64) for name in sizes}
        for start in range(0, steps, engine.block):
            clock.check(start, steps)
            stop = min(start + engine.block, steps)
            block = {name: time_first(values, start, stop) for name, values in inputs.items()}
            for name, values in block.items():
                count_events(values, self.counts[name], self.step_counts[name][start:stop])
            states = engine.advance(block, stop - start, watch)
            for name, out in self.spikes.items():
                out[:, start:stop] = batch_first(engine.output(name), shapes[name])
            for key, kept in self.states.items():
                kept[:, start:stop] = batch_first(states[key], shapes[key[0]])
            clock.tell(stop)
        for name, node in graph.inputs.items():
            self.counts[name] = self.counts[name].reshape(samples, *node.shape)
        for name, (counts, step_counts) in engine.take_counts().items():
            self.counts[name] = counts.reshape(samples, *shapes[name])
            self.step_counts[name] = step_counts


def _join(program: Program | Network, parts: list[_Part], steps: int, batch: int, seconds: float) -> Recording:
    def together(name: str) -> dict[Any, NDArray[Any]]:
        found = [getattr(part, name) for part in parts]
        return found[0] if len(found) == 1 else {key: np.concatenate([part[key] for part in found]) for key in found[0]}

    return Recording(
        program=program,
        steps=steps,
        batch=batch,
        spikes=Recorded(together("spikes"), "spikes"),
        states=Recorded(together("states"), "states"),
        counts=together("counts"),
        step_counts={n: np.sum([part.step_counts[n] for part in parts], axis=0) for n in parts[0].step_counts},
        backend="simulator",
        seconds=seconds,
    )
