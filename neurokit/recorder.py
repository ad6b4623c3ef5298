"""Where a run is written down, block by block: in memory, or in datasets of a file, which take slices as arrays do."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import astuple, fields
from typing import Any, NamedTuple, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.learned import plastic_projections, rails_of, recorded, variables, weights_of, with_weights
from neurokit.graph.network import Input, Network, Population, Program
from neurokit.records import Overflow, Recorded, Recording

LARGE = 8 << 20  # bytes from which large pages (2 MB) are worth it

Key: TypeAlias = "str | tuple[str, str]"
Make: TypeAlias = Callable[["Wanted"], Any]  # something that takes and gives slices: (batch, steps, *shape)


class Wanted(NamedTuple):
    """An array that a run fills. key: a population (its spikes), (population, state) or (projection, variable)."""

    key: Key
    shape: tuple[int, ...]
    kind: type[np.generic]

    @property
    def size(self) -> int:
        """Bytes."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.kind).itemsize


def wanted(
    graph: Program | Network, batch: int, steps: int, record: Iterable[Key], every: int | None = None
) -> list[Wanted]:
    """What `record` asks for, the spikes of outputs, and v of outputs that do not spike; each once.

    every: steps between two records of what belongs to plastic projections, None: once a sample.
    """
    silent = [(name, "v") for name, p in graph.outputs.items() if not p.neuron.spiking]
    keys: list[Key] = list(dict.fromkeys([*record, *graph.outputs, *silent]))
    integer = isinstance(graph, Program)

    def kind(key: Key, population: Population) -> type[np.generic]:
        if isinstance(key, str) and not population.neuron.graded:
            return np.uint8
        return np.int32 if integer else np.float64

    plastic = plastic_projections(graph)
    found = []
    for key in keys:
        if of_plastic(key, plastic):
            shape = variables(graph, plastic[key[0]])[key[1]]
            taken = steps // (every or max(1, steps))
            found.append(Wanted(key, (batch, taken, *shape), np.int32 if integer else np.float64))
        else:
            population = graph.populations[key if isinstance(key, str) else key[0]]
            found.append(Wanted(key, (batch, steps, *population.shape), kind(key, population)))
    return found


def of_plastic(key: Key, plastic: Container[str]) -> TypeGuard[tuple[str, str]]:
    """Whether a key names a variable of one of these plastic projections."""
    return isinstance(key, tuple) and key[0] in plastic


def in_memory(array: Wanted) -> NDArray[Any]:
    """Zeros, which take memory as they are written; many of them in large pages, which take a third of the time."""
    advice = getattr(mmap, "MADV_HUGEPAGE", None)  # Linux has it
    if advice is None or array.size < LARGE:
        return np.zeros(array.shape, array.kind)
    memory = mmap.mmap(-1, array.size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel built without
        memory.madvise(advice)
    return np.frombuffer(memory, array.kind).reshape(array.shape)


class Recorder:
    """Arrays of one run, (batch, steps, *shape), and its counters, as `Recording` has them.

    steps_done: (batch,) steps that each sample has done; what lies behind has not been written.
    overflows: population -> the numbers of its `Overflow`; empty where nothing is counted.
    variables: of `states`, those of plastic projections, written every `every` steps. learners: that run side by side.
    learned: projection -> (learners, *shape) weights, updates: projection -> (learners,), as they were last noted.
    """

    def __init__(
        self,
        graph: Program | Network,
        batch: int,
        steps: int,
        record: Iterable[Key],
        make: Make = in_memory,
        *,
        every: int | None = None,
        learners: int = 1,
    ) -> None:
        self.graph = graph
        self.batch = batch
        self.steps = steps
        self.plastic = plastic_projections(graph)
        self.every, self.learners = every or max(1, steps), learners
        self.learned: dict[str, NDArray[Any]] = {}
        self.updates: dict[str, NDArray[np.int64]] = {}
        self.arrays = {array.key: make(array) for array in wanted(graph, batch, steps, record, every)}
        self.spikes = {key: array for key, array in self.arrays.items() if isinstance(key, str)}
        states = {key: array for key, array in self.arrays.items() if isinstance(key, tuple)}
        self.variables = {key: array for key, array in states.items() if key[0] in self.plastic}
        self.states = {key: array for key, array in states.items() if key not in self.variables}
        nodes: dict[str, Input | Population] = {**graph.inputs, **graph.populations}
        self.counts = {name: np.zeros((batch, *node.shape), np.int64) for name, node in nodes.items()}
        self.step_counts = {name: np.zeros(steps, np.int64) for name in nodes}
        self.steps_done = np.zeros(batch, np.int64)
        counted = graph.populations if isinstance(graph, Program) else ()
        self.overflows = {name: np.zeros(len(fields(Overflow)), np.int64) for name in counted}

    def write(
        self,
        samples: slice,
        start: int,
        spikes: Mapping[str, NDArray[Any]],
        states: Mapping[tuple[str, str], NDArray[Any]],
        step_counts: Mapping[str, NDArray[np.int64]],
    ) -> None:
        """A block of some samples: arrays (samples, steps, *shape) from step `start` on, and counts of its steps."""
        stop = start + len(next(iter(step_counts.values())))
        for name, values in spikes.items():
            self.spikes[name][samples, start:stop] = values
        for key, values in states.items():
            self.states[key][samples, start:stop] = values
        for name, totals in step_counts.items():
            self.step_counts[name][start:stop] += totals
        self.steps_done[samples] = stop

    def write_variables(self, samples: slice, step: int, values: Mapping[tuple[str, str], NDArray[Any]]) -> None:
        """Variables of plastic projections after so many steps, which are a multiple of `every`."""
        for (name, variable), found in values.items():
            shown = recorded(self.plastic[name], variable, found)
            self.variables[name, variable][samples, step // self.every - 1] = shown

    def rows_done(self, key: Key, steps: int) -> int:
        """How many rows of an array are written after so many steps of a sample."""
        return steps // self.every if of_plastic(key, self.plastic) else steps

    def rows_of(self, samples: slice, start: int, stop: int) -> dict[str, NDArray[Any]]:
        """Steps of the spikes of one sample as views to write to, (steps, 1, n); none of several, or of a file."""
        if len(range(self.batch)[samples]) != 1:
            return {}
        held = {name: values for name, values in self.spikes.items() if isinstance(values, np.ndarray)}
        return {name: values[samples.start, start:stop].reshape(stop - start, 1, -1) for name, values in held.items()}

    def counts_of(self, samples: slice) -> dict[str, NDArray[np.int64]]:
        """Views of the counts of some samples, (samples, n), to be added to."""
        return {name: values[samples].reshape(values[samples].shape[0], -1) for name, values in self.counts.items()}

    def take(self, recording: Recording) -> None:
        """Take over the whole of a recording of the same run, with its batch axis."""
        steps = recording.steps
        for key, array in self.arrays.items():
            rows = self.rows_done(key, steps)
            array[:, :rows] = recording.spikes[key] if isinstance(key, str) else recording.states[key]
        for name, values in self.counts.items():
            values[...] = recording.counts[name]
            self.step_counts[name][:steps] = recording.step_counts[name]
        self.learned = {
            name: np.stack([weights_of(plastic_projections(program)[name]) for program in recording.programs])
            for name in self.plastic
        }
        self.updates = dict(recording.updates)
        if recording.overflows is None:
            self.overflows.clear()
        for name, overflow in (recording.overflows or {}).items():
            self.overflows[name][...] = astuple(overflow)
        self.steps_done[...] = steps if recording.steps_done is None else recording.steps_done

    def recording(self, backend: str, seconds: float) -> Recording:
        """What has been written: of an unfinished run as many steps as the farthest sample has done."""
        steps = int(self.steps_done.max())
        programs = self.programs()
        states = {**self.states, **self.variables}
        return Recording(
            program=programs[0] if len(programs) == 1 else None,
            steps=steps,
            batch=self.batch,
            spikes=Recorded({name: values[:, :steps] for name, values in self.spikes.items()}, "spikes"),
            states=Recorded({key: x[:, : self.rows_done(key, steps)] for key, x in states.items()}, "states"),
            counts=dict(self.counts),
            step_counts={name: values[:steps] for name, values in self.step_counts.items()},
            backend=backend,
            seconds=seconds,
            overflows={name: Overflow(*map(int, values)) for name, values in self.overflows.items()} or None,
            steps_done=None if (self.steps_done == self.steps).all() else self.steps_done.copy(),
            programs=programs,
            updates=dict(self.updates),
            rails=rails_of(self.graph, self.learned),
            record_every=self.every if self.variables else None,
        )

    def programs(self) -> tuple[Program | Network, ...]:
        """The graph after learning, of each learner; the graph itself where nothing was learned."""
        if not self.learned:
            return (self.graph,) * self.learners
        return tuple(with_weights(self.graph, {n: w[k] for n, w in self.learned.items()}) for k in range(self.learners))
