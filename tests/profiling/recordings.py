"""Recordings made by hand from given spikes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Input, Network, Population, Program, Projection
from neurokit.graph.neurons import IF
from neurokit.graph.synapses import Dense
from neurokit.records import Recorded, Recording
from tests.place.programs import program

Arrays = Mapping[str, NDArray[Any]]


def record(
    graph: Program | Network,
    spikes: Arrays,
    states: Mapping[tuple[str, str], NDArray[Any]] | None = None,
    backend: str = "simulator",
) -> Recording:
    """A recording whose spikes of every input and population are given: name -> (batch, steps, *shape)."""
    batch, steps = next(iter(spikes.values())).shape[:2]
    events = {name: np.asarray(values) != 0 for name, values in spikes.items()}
    return Recording(
        program=graph,
        steps=steps,
        batch=batch,
        spikes=Recorded({name: values for name, values in spikes.items() if name in graph.populations}, "spikes"),
        states=Recorded(states or {}, "states"),
        counts={name: values.sum(axis=1, dtype=np.int64) for name, values in events.items()},
        step_counts={
            name: values.reshape(batch, steps, -1).sum(axis=(0, 2), dtype=np.int64) for name, values in events.items()
        },
        backend=backend,
    )


def unbatched(recording: Recording) -> Recording:
    """The first sample alone, without a batch axis; its step counts are those of the batch."""
    return Recording(
        recording.program,
        recording.steps,
        None,
        Recorded({name: values[0] for name, values in recording.spikes.items()}, "spikes"),
        Recorded({key: values[0] for key, values in recording.states.items()}, "states"),
        {name: values[0] for name, values in recording.counts.items()},
        backend=recording.backend,
    )


def random_spikes(graph: Program | Network, batch: int, steps: int, seed: int = 0, rate: float = 0.2) -> dict[str, Any]:
    """Spikes of every input and population."""
    rng = np.random.default_rng(seed)
    names = (*graph.inputs, *graph.populations)
    return {name: (rng.random((batch, steps, *graph.shape_of(name))) < rate).astype(np.uint8) for name in names}


def three_layers(**fields: Any) -> Program:
    """in (6) -> a (5) -> b (4) -> out (3), dense, some weights zero."""
    rng = np.random.default_rng(5)
    sizes = {"in": 6, "a": 5, "b": 4, "out": 3}
    names = list(sizes)
    weights = {(s, t): Dense(rng.integers(-2, 3, (sizes[t], sizes[s]))) for s, t in pairwise(names)}
    return program({"in": (6,)}, {name: (sizes[name],) for name in names[1:]}, weights, **fields)


def as_network(made: Program) -> Network:
    """A float network of the same populations (its weights do not matter to the tests)."""
    populations = {name: Population(name, p.shape, IF()) for name, p in made.populations.items()}
    projections = tuple(Projection(p.source, p.target, p.synapses) for p in made.projections)
    outputs = {name: populations[name] for name in made.outputs}
    return Network({n: Input(n, i.shape) for n, i in made.inputs.items()}, populations, projections, outputs)
