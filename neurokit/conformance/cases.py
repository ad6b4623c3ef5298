"""A case: one Program and its inputs. Here those made on purpose; `generator` has the random ones.

Every edge of every neuron model is driven through every synapse model; every edge of every synapse model feeds a plain
LoihiLIF, by spikes and by payloads; and graphs are joined in every way they can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.conformance.kinds import WIDTH
from neurokit.conformance.neurons import DRIVE, NEURONS, STEPS, plain_lif
from neurokit.conformance.synapse_kinds import Edge, weights
from neurokit.conformance.synapses import SYNAPSES
from neurokit.graph.check import MAX_DELAY, check_program
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import FixedNeuron
from neurokit.graph.synapses import Conv2d, Dense, Injection, Shape, Synapse

Wires = dict[tuple[str, str], tuple[Synapse, Any]]  # (source, target) -> (synapse, delay in steps)


@dataclass(frozen=True, eq=False)
class Case:
    """inputs: name -> integers (batch, time, *shape); steps: to run, the input's length or more."""

    name: str
    program: Program
    inputs: Mapping[str, NDArray[Any]]
    steps: int

    @property
    def operators(self) -> tuple[str, ...]:
        """Names of the neuron and synapse models in it, each once."""
        neurons = [type(population.neuron).__name__ for population in self.program.populations.values()]
        synapses = [type(projection.synapse).__name__ for projection in self.program.projections]
        return tuple(dict.fromkeys([*neurons, *synapses]))


def build(
    inputs: Mapping[str, Shape],
    populations: Mapping[str, tuple[Shape, FixedNeuron]],
    projections: Wires,
    outputs: tuple[str, ...],
) -> Program:
    """A sound Program from names."""
    made = {name: Population(name, *rest) for name, rest in populations.items()}
    return check_program(
        Program(
            inputs={name: Input(name, shape) for name, shape in inputs.items()},
            populations=made,
            projections=tuple(Projection(s, t, (syn,), np.array(d)) for (s, t), (syn, d) in projections.items()),
            outputs={name: made[name] for name in outputs},
        )
    )


def to_ports(program: Program, ports: tuple[str, ...]) -> Program:
    """The program with each of its projections once for each of `ports`, which its only population has."""
    projections = tuple(replace(p, port=port) for p in program.projections for port in ports)
    return check_program(replace(program, projections=projections))


def edge_cases() -> Iterator[Case]:
    """All that are not random, always the same."""
    yield from _neuron_cases()
    yield from _synapse_cases()
    yield from _graph_cases()


def _neuron_cases() -> Iterator[Case]:
    shape = (1, 1, WIDTH)
    values = DRIVE.reshape(1, STEPS, *shape)
    for model, kind in NEURONS.items():
        for label, neuron in kind.edges():
            for through, synapses in SYNAPSES.items():
                wire = synapses.one_to_one(shape), synapses.delay
                program = build({"in": shape}, {"out": (shape, neuron)}, {("in", "out"): wire}, ("out",))
                name = f"{model.__name__}: {label}, through {through.__name__}"
                yield Case(name, to_ports(program, neuron.ports), {"in": values}, STEPS + 4)


def _synapse_cases() -> Iterator[Case]:
    for model, kind in SYNAPSES.items():
        for edge in kind.edges():
            yield from _edge(f"{model.__name__}: {edge.label}", edge)


def _edge(name: str, edge: Edge) -> Iterator[Case]:
    """By spikes and by payloads, long enough for the longest delay."""
    neuron = plain_lif()
    wire: Wires = {("in", "out"): (edge.synapse, edge.delay)}
    program = build({"in": edge.source}, {"out": (edge.target, neuron)}, wire, ("out",))
    rng = np.random.default_rng(5)
    mask = rng.random((2, 12, *edge.source)) < 0.4
    steps = 11 + int(np.max(edge.delay))
    yield Case(f"{name}, spikes", program, {"in": mask.astype(np.int64)}, steps)
    payloads = mask * rng.integers(-1000, 1001, mask.shape)
    yield Case(f"{name}, payloads", program, {"in": payloads}, steps)


# ------------------------------------------------------------------------------------------------------------- graphs


def _graph_cases() -> Iterator[Case]:
    rng = np.random.default_rng(6)
    lif = plain_lif

    def dense(targets: int, sources: int) -> Dense:
        return Dense(weights(rng, (targets, sources), "mixed"))

    def case(name: str, program: Program, steps: int = 30) -> Case:
        shapes = {key: node.shape for key, node in program.inputs.items()}
        values = {key: (rng.random((2, 15, *shape)) < 0.5).astype(np.int64) for key, shape in shapes.items()}
        return Case(f"Graph: {name}", program, values, steps)

    fed: Wires = {("in", "a"): (dense(5, 4), 1)}
    five, four = ((5,), lif()), ((4,), lif())
    for delay in (1, 2, MAX_DELAY + 1):
        wires: Wires = {**fed, ("a", "a"): (dense(5, 5), delay)}
        yield case(f"self-connection of delay {delay}", build({"in": (4,)}, {"a": five}, wires, ("a",)), 15 + 2 * delay)
    delays = rng.integers(1, 9, (5, 5))
    wires = {**fed, ("a", "a"): (dense(5, 5), delays)}
    yield case("self-connection, a delay for each synapse", build({"in": (4,)}, {"a": five}, wires, ("a",)))
    wires = {**fed, ("a", "b"): (dense(4, 5), 1), ("b", "a"): (dense(5, 4), 3), ("b", "b"): (dense(4, 4), 2)}
    yield case("recurrence between two", build({"in": (4,)}, {"a": five, "b": four}, wires, ("a", "b")))
    ring: Wires = {("a", "b"): (dense(4, 5), 1), ("b", "c"): (dense(5, 4), 1), ("c", "a"): (dense(5, 5), 1)}
    yield case("a ring of three", build({"in": (4,)}, {"c": five, "b": four, "a": five}, {**fed, **ring}, ("c",)))
    wires = {("in", "a"): (dense(5, 4), 2), ("other", "a"): (dense(5, 3), 1), ("now", "a"): (Injection(), 0)}
    several = build({"in": (4,), "other": (3,), "now": (5,)}, {"a": five}, wires, ("a",))
    yield case("several inputs into one population", several)
    wires = {**fed, ("in", "b"): (dense(4, 4), 1), ("a", "c"): (dense(5, 5), 1), ("b", "c"): (dense(5, 4), 4)}
    yield case("branches that meet", build({"in": (4,)}, {"a": five, "b": four, "c": five}, wires, ("c", "a")))
    alone = ((4,), lif(bias_mantissa=900))
    apart = build({"in": (4,), "unheard": (2,)}, {"a": five, "alone": alone}, fed, ("a", "alone"))
    yield case("parts that are not connected", apart)
    conv, back = Conv2d(weights(rng, (2, 2, 3, 3), "mixed"), padding=(1, 1)), dense(5, 32)
    image: tuple[Shape, FixedNeuron] = ((2, 4, 4), lif())
    wires = {("in", "x"): (conv, 1), ("x", "x"): (conv, 2), ("x", "a"): (back, 1), ("a", "x"): (dense(32, 5), 1)}
    yield case("a recurrent convolution", build({"in": (2, 4, 4)}, {"x": image, "a": five}, wires, ("a", "x")))
