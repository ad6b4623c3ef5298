"""Execution: layer by layer over blocks of time, step by step only where the graph has cycles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Network, Program, Projection
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.hardware.simulator.kinds import make_neurons
from neurokit.hardware.simulator.links import DelayedLink, Link, largest_of, make_links
from neurokit.hardware.simulator.neurons import Neurons
from neurokit.hardware.simulator.parts import Part, components, delay_steps
from neurokit.hardware.simulator.plastic import PlasticLink, make_plastic
from neurokit.hardware.simulator.silicon import TowardZero
from neurokit.hardware.simulator.stage import POTENTIAL, Stage, base_of
from neurokit.hardware.simulator.team import Team
from neurokit.hardware.simulator.wave import run_parts
from neurokit.lower.fixedpoint.lif import HALF_RANGE
from neurokit.lower.fold import to_matrix
from neurokit.lower.plastic_synapses import with_weights

BLOCK_BYTES = 128 << 20  # of synaptic input, were it held at once: well inside memory
SENT_BYTES = 6 << 20  # of spikes of a population for each thread, which its targets are to find in the caches
FEW_STEPS = 16  # of a block, which it has whatever they take from the caches, since each block has its price


class Engine:
    """Runs a sound Program, or a Network whose projections have one map each, from zero state.

    plastic: links of the projections that learn, by projection; each sample is a learner then. potentials: what
    readouts send as third factors, by `POTENTIAL` names.
    """

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
        self.plastic: dict[str, PlasticLink] = {}
        self.potentials: dict[str, Stage] = {}
        self.stages = {name: Stage(name, int(np.prod(i.shape)), None) for name, i in graph.inputs.items()}
        for name, population in graph.populations.items():
            self.stages[name] = Stage(name, population.size, make_neurons(population, samples, graph.dt))
            if biases is not None and name in biases:
                self.stages[name].bias = np.broadcast_to(biases[name], population.shape).ravel().astype(np.float64)
        for projection in graph.projections:
            steps = delay_steps(projection, graph)
            shown = projection if isinstance(graph, Program) else _in_floats(projection)
            links = self._links(shown, steps)
            for link in links:
                link.port = projection.port
                if isinstance(projection, TowardZero):
                    link.round_to_zero()
            self.stages[projection.target].links += links
            source = self._source_of(projection, links)
            source.history = max([source.history, *(link.delay for link in links)])
        for plastic in self.plastic.values():
            plastic.read = self.weights
        sources = {**self.stages, **self.potentials}
        self.parts = [
            Part([self.stages[name] for name in names], cyclic, sources, samples) for names, cyclic in components(graph)
        ]
        for stage in sources.values():
            stage.silence(samples)

    def _links(self, projection: Projection, steps: NDArray[np.int64]) -> list[Link]:
        graph = self.graph
        if projection.plasticity is None:
            return make_links(projection, steps, graph.shape_of(projection.source))
        target = graph.populations[projection.target]
        link = make_plastic(projection, steps, graph.shape_of(projection.source), target, self.samples, graph.dt)
        self.plastic[projection.name] = link
        return [link]

    def _source_of(self, projection: Projection, links: list[Link]) -> Stage:
        """What the links of a projection read: spikes, or the potential that a readout sends as a third factor."""
        population = self.graph.populations.get(projection.source)
        if projection.port not in THIRD_FACTORS or population is None or population.neuron.spiking:
            return self.stages[projection.source]
        name = POTENTIAL.format(projection.source)
        if name not in self.potentials:
            self.potentials[name] = Stage(name, population.size, None)
        for link in links:
            link.source = name
        return self.potentials[name]

    def weights(self, name: str, learner: int) -> NDArray[np.float64]:
        """Weights of a projection as they now are, as a matrix (targets, sources)."""
        (projection,) = (p for p in self.graph.projections if p.name == name)
        synapse = projection.synapse
        if name in self.plastic:
            synapse = with_weights(synapse, self.plastic[name].weights()[learner])
        matrix = to_matrix(synapse, self.graph.shape_of(projection.source))
        return np.asarray(matrix.toarray(), np.float64)

    @property
    def uses_blas(self) -> bool:
        """Whether a step may call BLAS, which is then to keep to one thread (`team.one_blas_thread`)."""
        return any(link.blas for stage in self.stages.values() for link in stage.links)

    @property
    def block(self) -> int:
        """Steps that one block may hold."""
        widest = max(stage.size for stage in self.stages.values())
        row = widest * self.samples
        sent = max(FEW_STEPS, self.team.size * SENT_BYTES // row)
        most = sent if any(part.whole for part in self.parts) else 256  # others go through chunks of their own
        found = max(1, min(256, BLOCK_BYTES // (8 * row), most))
        if self.team.size == 1:
            return found
        together = self.team.size * math.lcm(*(max(1, part.window) for part in self.parts if part.whole))
        return found - found % together if found > together else found  # threads may share steps between resets

    def advance(
        self,
        inputs: Mapping[str, NDArray[Any]],
        steps: int,
        watch: Sequence[tuple[str, str]] = (),
        into: Mapping[str, NDArray[Any]] | None = None,
        lent: bool = False,
        most: int = 0,
    ) -> dict[tuple[str, str], NDArray[Any]]:
        """Run `steps` steps. inputs: name -> (steps, samples, n), uint8 only where all are 0 or 1.

        into: arrays of the same form for the spikes of some populations, of their type. lent: whether the inputs stay
        as they are until the end of all; those in `into` must. Spikes of the others stay in `stages` until the next
        call. most: steps that later calls may have, for which memory is taken at once. Gives the watched states:
        (name, state) -> (steps, samples, n).
        """
        for stage in self.stages.values():
            if stage.neurons is None:
                self._take_input(stage, inputs[stage.name], lent)
            elif into is not None and stage.name in into:
                stage.lend(into[stage.name])
            else:
                stage.move_on(steps, stage.neurons.output_type, most)
        for stage in self.potentials.values():
            stage.move_on(steps, self.neurons(base_of(stage.name)).state_type)
            stage.largest = np.inf if isinstance(self.graph, Network) else HALF_RANGE
        read = {(base_of(name), "v"): stage.block for name, stage in self.potentials.items()}
        states = {key: read[key] if key in read else self._record_for(key, steps) for key in watch}
        run_parts(self.parts, steps, self.now, {**read, **states}, self.team)
        self.now += steps
        return {key: values.copy() if key in read else values for key, values in states.items()}

    def output(self, name: str) -> NDArray[Any]:
        """Spikes of the last block: (steps, samples, n)."""
        return self.stages[name].block

    def neurons(self, name: str) -> Neurons:
        """Neurons of population `name`."""
        neurons = self.stages[name].neurons
        assert neurons is not None, "populations have neurons"
        return neurons

    def _record_for(self, key: tuple[str, str], steps: int) -> NDArray[Any]:
        neurons = self.neurons(key[0])
        return np.empty((steps, *neurons.states[key[1]].shape), neurons.state_type)

    def _take_input(self, stage: Stage, given: NDArray[Any], lent: bool) -> None:
        if lent and given.flags.c_contiguous:
            stage.lend(given)
        else:
            stage.move_on(len(given), given.dtype)
            stage.block[:] = given
        graded = [rows for rows in (stage.past, stage.block) if rows is not None and rows.dtype != np.uint8]
        stage.largest = max([1.0, *(largest_of(rows) for rows in graded)])

    def count_into(self, counts: Mapping[str, NDArray[np.int64]]) -> None:
        """Add the events of each population to arrays of somebody else's from now on: name -> (samples, n)."""
        for name, values in counts.items():
            self.neurons(name).counts = values

    def take_step_counts(self) -> dict[str, NDArray[np.int64]]:
        """Events of each population since the last call: (steps,) over neurons and samples."""
        return {n: stage.neurons.take_step_counts() for n, stage in self.stages.items() if stage.neurons is not None}

    def take_overflows(self) -> dict[str, NDArray[np.int64]]:
        """What left its range since the last call, see `records.Overflow`: of those populations of a Program where
        something did."""
        found = {}
        for name, stage in self.stages.items():
            if stage.neurons is None or not isinstance(self.graph, Program):
                continue
            sums = sum(link.take_wrapped() for link in stage.links)
            left, clipped = stage.neurons.wraps.tolist()
            if left or clipped or sums:
                graded = stage.neurons.neuron.graded
                found[name] = np.array([0 if graded else left, clipped, sums, left if graded else 0], np.int64)
                stage.neurons.wraps[:] = 0
        return found

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all that is carried from step to step; names of stages come last, they may hold any character."""
        found: dict[str, NDArray[Any]] = {"now": np.array(self.now)}
        for key, stage in self._histories().items():
            steps = len(stage.block)
            found[key] = stage.joined(steps - stage.history, steps).copy()
        for name, stage in self.stages.items():
            if stage.neurons is None:
                continue
            for state, values in stage.neurons.states.items():
                found[f"state/{state}/{name}"] = values.copy()
            for k, link in enumerate(stage.links):
                if isinstance(link, DelayedLink):
                    found[f"pending/{k}/{name}"] = link.waiting(self.samples, stage.size, stage.neurons.input_type)
        for name, plastic in self.plastic.items():
            found |= {f"plastic/{what}/{name}": values for what, values in plastic.keep().items()}
        return found

    def restore(self, snapshot: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `snapshot` gave, here or in another engine of the same graph and samples."""
        self.clear()
        self.now = int(snapshot["now"])
        for name, plastic in self.plastic.items():
            plastic.take({what: snapshot[f"plastic/{what}/{name}"] for what in plastic.keep()})
        for key, stage in self._histories().items():
            past = snapshot[key].copy()
            stage.put(past, self.samples, past.dtype)
        for name, stage in self.stages.items():
            if stage.neurons is not None:
                stage.neurons.reach = np.inf  # nothing is known of what it went through
            for state, values in stage.neurons.states.items() if stage.neurons is not None else ():
                values[...] = snapshot[f"state/{state}/{name}"]
            for k, link in enumerate(stage.links):
                if isinstance(link, DelayedLink):
                    link.pending = snapshot[f"pending/{k}/{name}"].copy()

    def _histories(self) -> dict[str, Stage]:
        """What is remembered of the past, by its name in a snapshot (files take no \\0, which `POTENTIAL` has)."""
        found = {f"history/{name}": stage for name, stage in self.stages.items()}
        return found | {f"potential/{base_of(name)}": stage for name, stage in self.potentials.items()}

    def clear(self) -> None:
        """Back to zero state and step 0; what has learned keeps its weights, not its traces and tags."""
        self.now = 0
        for plastic in self.plastic.values():
            plastic.rest()
        for stage in (*self.stages.values(), *self.potentials.values()):
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
