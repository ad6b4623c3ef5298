"""Execution: layer by layer over blocks of time, step by step only where the graph has cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from neurokit.graph.network import Network, Program, Projection
from neurokit.hardware.simulator.kinds import make_neurons
from neurokit.hardware.simulator.links import DelayedLink, Link, make_links
from neurokit.hardware.simulator.neurons import Neurons
from neurokit.hardware.simulator.team import Team, Work
from neurokit.lower.align import steps_of

BLOCK_BYTES = 64 << 20  # of synaptic input held at once; 64 MB keeps a block well inside memory, far above any cache


@dataclass(eq=False)
class Stage:
    """One input or population while it runs.

    spikes: (history + block, samples, n), time first; the newest `history` rows before the block are kept.
    bias: constant synaptic input of a Network's maps, (n,), or None.
    """

    name: str
    size: int
    neurons: Neurons | None
    links: list[Link] = field(default_factory=list)
    history: int = 0
    bias: NDArray[np.float64] | None = None
    spikes: NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    largest: float = 1.0
    work: Work = field(default_factory=Work)

    def silence(self, samples: int) -> None:
        """Nothing is under way."""
        kind = np.uint8 if self.neurons is None else self.neurons.output_type
        self.spikes = np.zeros((self.history, samples, self.size), kind)
        self.largest = 1.0


class Engine:
    """Runs a sound Program, or a Network whose projections have one map each, from zero state."""

    def __init__(
        self,
        graph: Program | Network,
        samples: int,
        biases: Mapping[str, NDArray[np.float64]] | None = None,
        team: Team | None = None,
    ) -> None:
        self.graph = graph
        self.samples = samples
        self.team = team or Team(1)
        self.now = 0
        self.stages = {name: Stage(name, int(np.prod(i.shape)), None) for name, i in graph.inputs.items()}
        for name, population in graph.populations.items():
            self.stages[name] = Stage(name, population.size, make_neurons(population, samples, graph.dt))
            if biases is not None and name in biases:
                self.stages[name].bias = np.broadcast_to(biases[name], population.shape).ravel().astype(np.float64)
        for projection in graph.projections:
            steps = delay_steps(projection, graph)
            shown = projection if isinstance(graph, Program) else _in_floats(projection)
            links = make_links(shown, steps, graph.shape_of(projection.source))
            self.stages[projection.target].links += links
            source = self.stages[projection.source]
            source.history = max([source.history, *(link.delay for link in links)])
        self.order = _order(graph)
        for stage in self.stages.values():
            stage.silence(samples)

    @property
    def block(self) -> int:
        """Steps that one block may hold."""
        widest = max(stage.size for stage in self.stages.values())
        return max(1, min(256, BLOCK_BYTES // (8 * widest * self.samples)))

    def advance(
        self, inputs: Mapping[str, NDArray[Any]], steps: int, watch: Sequence[tuple[str, str]] = ()
    ) -> dict[tuple[str, str], NDArray[Any]]:
        """Run `steps` steps. inputs: name -> (steps, samples, n), uint8 only where all are 0 or 1.

        Spikes stay in `stages` until the next call. Gives the watched states: (name, state) -> (steps, samples, n).
        """
        for stage in self.stages.values():
            self._open_block(stage, inputs.get(stage.name), steps)
        states = {key: self._record_for(key, steps) for key in watch}
        for names, cyclic in self.order:
            width = 1 if cyclic else steps
            for start in range(0, steps, width):
                for name in names:
                    self._run_stage(self.stages[name], start, start + width, states)
        self.now += steps
        return states

    def output(self, name: str) -> NDArray[Any]:
        """Spikes of the last block: (steps, samples, n)."""
        stage = self.stages[name]
        return stage.spikes[stage.history :]

    def neurons(self, name: str) -> Neurons:
        """Neurons of population `name`."""
        neurons = self.stages[name].neurons
        assert neurons is not None, "populations have neurons"
        return neurons

    def _record_for(self, key: tuple[str, str], steps: int) -> NDArray[Any]:
        neurons = self.neurons(key[0])
        return np.empty((steps, *neurons.states[key[1]].shape), neurons.state_type)

    def _open_block(self, stage: Stage, given: NDArray[Any] | None, steps: int) -> None:
        kept = stage.spikes[stage.spikes.shape[0] - stage.history :]
        kind = kept.dtype if given is None else np.promote_types(given.dtype, kept.dtype)
        block = np.empty((stage.history + steps, self.samples, stage.size), kind)
        block[: stage.history] = kept
        if given is not None:
            block[stage.history :] = given
            stage.largest = 1.0 if kind == np.uint8 else float(np.abs(block.astype(np.float64)).max(initial=1.0))
        stage.spikes = block

    def _arriving(self, link: Link, start: int, stop: int) -> NDArray[Any]:
        """What arrives through `link` in steps start to stop of the block: (steps, samples, sources)."""
        source = self.stages[link.source]
        first = source.history + start - link.delay
        return source.spikes[first : first + stop - start]

    def _run_stage(self, stage: Stage, start: int, stop: int, states: dict[tuple[str, str], NDArray[Any]]) -> None:
        neurons = stage.neurons
        if neurons is None:
            return
        acc = np.zeros((stop - start, self.samples, stage.size), neurons.input_type)
        if stage.bias is not None:
            acc += stage.bias
        feeds = [(link, self._arriving(link, start, stop), self.stages[link.source].largest) for link in stage.links]
        stage.work.share(self.team, feeds, acc)
        watched = [key for key in states if key[0] == stage.name]
        first = stage.history + start
        for a, b in neurons.segments(self.now + start, self.now + stop, bool(watched)):
            low, high = a - self.now - start, b - self.now - start
            neurons.advance(self.now + start + low, acc[low:high], stage.spikes[first + low : first + high])
            for key in watched:
                states[key][start + low] = neurons.states[key[1]]
        if neurons.output_type is not np.uint8:
            sent = stage.spikes[first : first + stop - start]
            stage.largest = max(stage.largest, float(np.abs(sent).max()))

    def take_counts(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Spikes of each population since the last call: (samples, n), and (steps,) over neurons and samples."""
        return {name: stage.neurons.take_counts() for name, stage in self.stages.items() if stage.neurons is not None}

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all that is carried from step to step; names of stages come last, they may hold any character."""
        found: dict[str, NDArray[Any]] = {"now": np.array(self.now)}
        for name, stage in self.stages.items():
            found[f"history/{name}"] = stage.spikes[stage.spikes.shape[0] - stage.history :].copy()
            if stage.neurons is None:
                continue
            for state, values in stage.neurons.states.items():
                found[f"state/{state}/{name}"] = values.copy()
            for k, link in enumerate(stage.links):
                if isinstance(link, DelayedLink):
                    found[f"pending/{k}/{name}"] = link.waiting(self.samples, stage.size, stage.neurons.input_type)
        return found

    def restore(self, snapshot: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `snapshot` gave, here or in another engine of the same graph and samples."""
        self.clear()
        self.now = int(snapshot["now"])
        for name, stage in self.stages.items():
            stage.spikes = snapshot[f"history/{name}"].copy()
            stage.largest = max(1.0, float(np.abs(stage.spikes.astype(np.float64)).max(initial=0.0)))
            for state, values in stage.neurons.states.items() if stage.neurons is not None else ():
                values[...] = snapshot[f"state/{state}/{name}"]
            for k, link in enumerate(stage.links):
                if isinstance(link, DelayedLink):
                    link.pending = snapshot[f"pending/{k}/{name}"].copy()

    def clear(self) -> None:
        """Back to zero state and step 0."""
        self.now = 0
        for stage in self.stages.values():
            stage.silence(self.samples)
            if stage.neurons is not None:
                stage.neurons.clear()
            for link in stage.links:
                if isinstance(link, DelayedLink):
                    link.pending = None


def _in_floats(projection: Projection) -> Projection:
    """A Network's weights as floats, also where the source wrote whole numbers."""
    synapse: Any = projection.synapse
    return replace(projection, synapses=(replace(synapse, weight=synapse.weight.astype(np.float64)),))


def delay_steps(projection: Projection, graph: Program | Network) -> NDArray[np.int64]:
    """Delays of a projection in whole steps, in the shape they are stored in."""
    return np.asarray(projection.delay, np.int64) if isinstance(graph, Program) else steps_of(projection, graph.dt)


def _order(graph: Program | Network) -> list[tuple[list[str], bool]]:
    """Strongly connected components from source to sink: (names in order of undelayed edges, whether cyclic)."""
    names = list(graph.populations)
    place = {name: i for i, name in enumerate(names)}
    edges = [
        (place[p.source], place[p.target], not delay_steps(p, graph).all())
        for p in graph.projections
        if p.source in place
    ]
    ones = np.ones(len(edges), np.int8)
    ends = ([e[0] for e in edges], [e[1] for e in edges])
    matrix = sp.coo_matrix((ones, ends), shape=(len(names), len(names)))
    count, label = connected_components(matrix, directed=True, connection="strong")
    between = {(label[a], label[b]) for a, b, _ in edges if label[a] != label[b]}
    loops = {label[a] for a, b, _ in edges if label[a] == label[b]}
    result = []
    for component in _topological(count, between):
        members = [i for i in range(len(names)) if label[i] == component]
        local = {m: k for k, m in enumerate(members)}
        undelayed = {(local[a], local[b]) for a, b, at_once in edges if at_once and a in local and b in local}
        ordered = [names[members[k]] for k in _topological(len(members), undelayed)]
        result.append((ordered, component in loops))
    return result


def _topological(count: int, edges: set[tuple[int, int]]) -> list[int]:
    """Sources before targets; `check_network` has refused cycles of undelayed edges."""
    before: dict[int, set[int]] = {i: set() for i in range(count)}
    for source, target in edges:
        before[target].add(source)
    return list(TopologicalSorter(before).static_order())
