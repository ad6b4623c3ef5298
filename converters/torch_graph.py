"""Traced neurons and expressions as the operator graph that `dataflow` turns into a Network. Knows no torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from neurokit.converters.dataflow import Cells, Join, Linear, Node, Scale, Sink, Source, Wait, build
from neurokit.converters.dataflow_maps import MAX_ENTRIES, spread_bias, unbiased
from neurokit.converters.torch_expressions import (
    Affine,
    Concatenation,
    Decision,
    Expression,
    Expressions,
    Leaf,
    Map,
    Reshape,
    Total,
    Unknown,
)
from neurokit.converters.torch_neurons import Found, OneToOne
from neurokit.converters.torch_sums import leaves, summand, unequal_sums
from neurokit.errors import ConversionError, Fault
from neurokit.graph.network import Network
from neurokit.graph.synapses import Dense, Flatten, Shape, Sparse, Synapse
from neurokit.lower.fold import to_matrix


@dataclass(frozen=True, eq=False)
class Traced:
    """What following a module has found.

    inputs: shapes by name. populations: by name, what each is and what it was given at its calls. outputs: what the
    module returned at last. expressions: their keeper.
    """

    inputs: Mapping[str, Shape]
    populations: Mapping[str, tuple[Found, Sequence[Expression]]]
    outputs: Sequence[Expression]
    expressions: Expressions


@dataclass(frozen=True)
class Emitted:
    """Nodes whose sum a value is. flat: they give vectors, whatever the value's shape."""

    names: tuple[str, ...]
    flat: bool


def network(traced: Traced, dt: float | None, source: str) -> Network:
    """The Network. ConversionError with all faults."""
    graph = _Graph(traced, dt)
    graph.run()
    if graph.faults:
        raise ConversionError(graph.faults)
    return build(graph.nodes, graph.edges, dt=dt, source=source, kind="a torch module")


@dataclass(eq=False)
class _Graph:
    traced: Traced
    dt: float | None
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    done: dict[int, Emitted] = field(default_factory=dict)
    waits: dict[tuple[str, int], str] = field(default_factory=dict)

    def run(self) -> None:
        """All nodes and edges."""
        for name, shape in self.traced.inputs.items():
            self.nodes[name] = Source(shape)
        for name, (found, given) in self.traced.populations.items():
            self.nodes[name] = Cells(found.neuron, given[-1].shape)
        for name, (found, given) in self.traced.populations.items():
            self._feed(name, self._emit(self._steady(name, given)))
            if found.back is not None:
                self._feed(name, self._back(name, found.back, given[-1].shape))
        read: set[str] = set()
        steps = max((len(given) for _, given in self.traced.populations.values()), default=0)
        decided = [part for own in self.traced.outputs for part in _decided(own)]
        parts = [summand(part, steps, self.traced.expressions) for part in decided]
        self.faults += [fault for part in parts for fault in unequal_sums(part, steps)]
        for part in parts:
            now = max((leaf.time or 0 for leaf in leaves(part)), default=0)
            self._output(self.traced.expressions.aged(part, now), read)
        self._potentials(parts)

    def _steady(self, name: str, given: Sequence[Expression]) -> Expression:
        """What a neuron is given in every step, but those in which what came before the first one is missing."""
        aged = self.traced.expressions.aged
        last = aged(given[-1], len(given) - 1)
        known = max((leaf.time or 0 for leaf in leaves(last)), default=0)  # the first step that sees all it is made of
        if any(aged(given[step], step) is not last for step in range(max(0, min(known, len(given) - 2)), len(given))):
            limit = "a population has one place in the network, and the same in every step"
            mend = "Give each layer a neuron module of its own, and compute the same in each step."
            fact = f"is given something else at each call (of the {len(given)} that were followed)"
            self.faults.append(Fault(name, fact, limit, mend))
        if any(leaf.time is not None and leaf.time < 0 for leaf in leaves(last)):
            limit = "values go from step to step"
            self.faults.append(
                Fault(name, "is given what is known only later", limit, "Call the neurons in the order of the steps.")
            )
        return last

    def _potentials(self, parts: Sequence[Expression]) -> None:
        """What returns nothing but potentials of spiking neurons means another output than their spikes."""
        returned = [leaf for part in parts for leaf in leaves(part)]
        if any(leaf.part == "spikes" for leaf in returned):
            return  # the states beside them are there to be handed back
        for name in dict.fromkeys(leaf.name for leaf in returned):
            if self.traced.populations[name][0].neuron.spiking:
                limit = "an output of spiking neurons is their spikes"
                mend = f"Return them, too, and record the potential: nk.run(..., record=(('{name}', 'v'),))."
                self.faults.append(Fault(name, "has its potential returned without its spikes", limit, mend))

    def _output(self, own: Expression, read: set[str]) -> None:
        if isinstance(own, Unknown):
            return
        while isinstance(own, Reshape):
            own = own.argument
        if isinstance(own, Leaf) and own.name in self.traced.populations:
            if own.name not in read:
                read.add(own.name)
                self._add("output", Sink(), (own.name,))
            return
        emitted = self._emit(own)
        if emitted.names and ",".join(emitted.names) not in read:
            read.add(",".join(emitted.names))
            self._add("output", Sink(), emitted.names)

    # ------------------------------------------------------------------------------------------------------ nodes

    def _add(self, name: str, node: Node, before: Sequence[str]) -> str:
        """A node of this name or one like it, fed by `before`; what feeds it twice does so through a Scale."""
        free = name or type(node).__name__.lower()
        count = 1
        while free in self.nodes:
            count += 1
            free = f"{name or type(node).__name__.lower()}_{count}"
        self.nodes[free] = node
        self._feed(free, Emitted(tuple(before), False))
        return free

    def _feed(self, name: str, emitted: Emitted) -> None:
        for start in emitted.names:
            if (start, name) in self.edges:
                start = self._add(f"{start}.again", Scale(np.ones(())), (start,))
            self.edges.append((start, name))

    def _back(self, name: str, back: Synapse, shape: Shape) -> Emitted:
        if isinstance(back, OneToOne):
            weight = np.broadcast_to(back.weight, shape).ravel()
            back = Sparse(sp.diags(weight, format="csr"))
        return Emitted((self._add(f"{name}.recurrent", Linear(back), (self._wait(name, 1),)),), False)

    def _wait(self, name: str, steps: int) -> str:
        if not steps:
            return name
        if (name, steps) not in self.waits:
            if self.dt is None:
                limit = "a step takes time, and the module states none"
                self.faults.append(Fault(name, "is fed back a step later", limit, "Pass dt= in seconds, e.g. dt=1e-3."))
            delay = np.asarray(steps * (self.dt or 1.0))
            self.waits[name, steps] = self._add(f"{name}.before", Wait(delay), (name,))
        return self.waits[name, steps]

    # ------------------------------------------------------------------------------------------------ expressions

    def _emit(self, own: Expression) -> Emitted:
        if id(own) not in self.done:
            self.done[id(own)] = self._made(own)
        return self.done[id(own)]

    def _made(self, own: Expression) -> Emitted:
        if isinstance(own, Leaf):
            return self._leaf(own)
        if isinstance(own, Map):
            return self._map(own)
        if isinstance(own, Affine):
            return self._affine(own)
        if isinstance(own, Reshape):
            return self._reshape(own)
        if isinstance(own, Total):
            return self._total(own)
        if isinstance(own, Concatenation):
            return self._concatenation(own)
        if isinstance(own, Decision):
            limit = "neurons are driven step by step"
            mend = "Read the outputs after the run instead, or put it behind the last layer."
            self.faults.append(Fault(own.place or "module", f"goes on from '{own.what}'", limit, mend))
        return Emitted((), False)

    def _leaf(self, own: Leaf) -> Emitted:
        if own.part == "state":
            limit = "populations send spikes, not potentials"
            mend = "Use the spikes, or a readout that is an output."
            self.faults.append(Fault(own.name, "has its potential used by other layers", limit, mend))
        return Emitted((self._wait(own.name, own.time or 0),), False)

    def _map(self, own: Map) -> Emitted:
        before = self._emit(own.argument)
        synapse = own.synapse
        gives = synapse.output_shape(own.given)
        listed = isinstance(synapse, Dense | Sparse)
        if not listed and (before.flat or own.given != own.argument.shape or gives != own.shape):
            synapse, listed = self._listed(own, gives or own.shape), True
        name = self._add(own.place or type(synapse).__name__.lower(), Linear(synapse), before.names)
        return Emitted((name,), listed and len(own.shape) > 1)

    def _listed(self, own: Map, gives: Shape) -> Synapse:
        """A map of images as a matrix, for values that are none in the graph."""
        window = getattr(own.synapse, "kernel", None) or own.synapse.weight.shape[2:]  # type: ignore[attr-defined]
        if math.prod(gives) * math.prod(window) * own.given[0] > MAX_ENTRIES:
            limit = f"at most {MAX_ENTRIES:,} weights are written out"
            mend = "Keep values in the shape (channels, rows, columns) between convolutions."
            self.faults.append(Fault(own.place or "module", "works on reshaped values", limit, mend))
            return Flatten()
        return Sparse(to_matrix(unbiased(own.synapse), own.given), spread_bias(own.synapse, gives))

    def _affine(self, own: Affine) -> Emitted:
        before = self._emit(own.argument)
        arrays = [np.broadcast_to(value, own.shape) if value.ndim else value for value in (own.factor, own.offset)]
        if before.flat:
            arrays = [value.ravel() if value.ndim else value for value in arrays]
        factor, offset = arrays
        name = self._add(own.place or "scale", Scale(factor, offset if offset.any() else None), before.names)
        return Emitted((name,), before.flat)

    def _reshape(self, own: Reshape) -> Emitted:
        before = self._vector(own.argument, own.place)
        return Emitted(before.names, len(own.shape) > 1)

    def _vector(self, own: Expression, place: str) -> Emitted:
        """`own` as vectors."""
        before = self._emit(own)
        if before.flat or len(own.shape) < 2 or not before.names:
            return Emitted(before.names, len(own.shape) > 1)
        return Emitted((self._add(place or "flatten", Linear(Flatten()), before.names),), True)

    def _total(self, own: Total) -> Emitted:
        parts = [self._emit(term) for term in own.terms]
        flat = any(part.flat for part in parts)
        if flat:
            parts = [self._vector(term, own.place) for term in own.terms]
        names = tuple(name for part in parts for name in part.names)
        if len(set(names)) < len(names):
            names = (self._add(own.place or "sum", Scale(np.ones(())), names),)
        return Emitted(names, flat)

    def _concatenation(self, own: Concatenation) -> Emitted:
        parts = [self._emit(term) for term in own.terms]
        flat = any(part.flat for part in parts)
        if flat:
            parts = [self._vector(term, own.place) for term in own.terms]
        names = []
        for part in parts:
            one = (
                part.names[0] if len(part.names) == 1 else self._add(own.place or "sum", Scale(np.ones(())), part.names)
            )
            names.append(self._add(f"{one}.again", Scale(np.ones(())), (one,)) if one in names else one)
        joined = self._add(own.place or "join", Join(0 if flat else own.axis), names)
        if not flat or own.axis == 0:
            return Emitted((joined,), flat)
        places = np.concatenate([_places(own.terms, k) for k in range(len(own.terms))], axis=own.axis).ravel()
        order = sp.csr_matrix((np.ones(places.size), (np.arange(places.size), places)), shape=(places.size,) * 2)
        return Emitted((self._add(own.place or "order", Linear(Sparse(order)), (joined,)),), True)


def _places(terms: Sequence[Expression], which: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Places of one term's values in the vector of all terms, one after the other."""
    start = sum(math.prod(term.shape) for term in terms[:which])
    shape = terms[which].shape
    return np.arange(start, start + math.prod(shape)).reshape(shape)


def _decided(own: Expression) -> Iterator[Expression]:
    """What an output is read from: behind sums over time and decisions."""
    if not isinstance(own, Decision):
        yield own
        return
    for part in own.terms[-1:]:
        yield from _decided(part)
