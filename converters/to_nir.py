"""Networks as NIR graphs and `.nir` files: `network.save("x.nir")`. Source: nir 1.0.8.

What NIR has no node for is refused. A soft reset, and firing at v >= threshold, are written as metadata of their
nodes (`reset`, `fires`), which `from_nir` reads, and a MetadataWarning says so: NIR's equations have one reset and
fire at v > threshold, and other readers go by them, or by conventions of their own. The step is written as `dt` in
the graph's metadata. Every graph is read back and compared before it is given away.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import nir
import numpy as np

from neurokit.converters.dataflow_order import feedback
from neurokit.converters.from_nir import load
from neurokit.converters.nir_graphs import natural
from neurokit.converters.nir_writing import Unwritable, is_readout_relay, neuron_node, synapse_nodes
from neurokit.errors import ConversionError, Fault, MetadataWarning
from neurokit.files import written_aside
from neurokit.graph.fingerprint import fingerprint
from neurokit.graph.network import Network, Population, Program, Projection
from neurokit.graph.neurons import FloatArray, Neuron
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Shape, Sparse, SumPool2d, Synapse

Pair = tuple[str, str]


def save(graph: Network | Program, path: str | os.PathLike[str]) -> None:
    """Write a Network to a `.nir` file (aside, then renamed).

    Raises ConversionError with everything that NIR cannot express, and for a Program; OutputError when the place
    cannot be written. Warns (MetadataWarning) of what other readers may miss.
    """
    made = to_nir(graph)
    with written_aside(path) as aside:
        nir.write(aside, made)


def to_nir(network: Network | Program) -> Any:
    """A nir.NIRGraph of a Network; names of populations and inputs stay. Raises and warns as `save` does."""
    if isinstance(network, Program):
        limit = "NIR holds floats and seconds"
        raise ConversionError(Fault("program", "holds integers", limit, "Save the Network that it was compiled from."))
    writer = _Writer(network)
    graph = writer.run()
    if writer.faults:
        raise ConversionError(writer.faults)
    _check_read_back(network, graph)
    if said := list(_said_in_metadata(network)):
        warnings.warn("\n".join(map(str, said)), MetadataWarning, stacklevel=4)
    return graph


class _Writer:
    """Nodes and edges under construction."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.faults: list[Fault] = []
        self.nodes: dict[str, Any] = {}
        self.edges: list[Pair] = []
        self.unwritten = _feedback_steps(network)

    def run(self) -> Any:
        network = self.network
        for name in (*network.inputs, *network.populations):
            if "/" in name or not name.strip("."):
                limit = "a .nir file keeps names as paths"
                self.faults.append(Fault(name, "is no name for a node", limit, "Rename it, without slashes."))
        for name, node in network.inputs.items():
            self.nodes[name] = nir.Input(np.array(node.shape))
        for name, population in network.populations.items():
            self._try(name, self._population, population)
        for projection in network.projections:
            self._try(projection.name, self._projection, projection)
        for name, population in network.outputs.items():
            if not is_readout_relay(network, population):
                end = self._free("output" if len(network.outputs) == 1 else f"{name}.output")
                self.nodes[end] = nir.Output(np.array(population.shape))
                self.edges.append((name, end))
        metadata = {} if network.dt is None else {"dt": float(network.dt)}
        return nir.NIRGraph(self.nodes, self.edges, metadata, type_check=False)

    def _try(self, name: str, write: Any, part: Population | Projection) -> None:
        try:
            write(part)
        except Unwritable as found:
            self.faults.append(Fault(name, *found.words))

    def _population(self, population: Population) -> None:
        if is_readout_relay(self.network, population):
            self.nodes[population.name] = nir.Output(np.array(population.shape))
        else:
            self.nodes[population.name] = neuron_node(nir, population)

    def _projection(self, projection: Projection) -> None:
        if projection.port:
            raise Unwritable(f"feeds port '{projection.port}'", "NIR's neurons have one input", "Save it as .nk.")
        source, target = self.network.shape_of(projection.source), self.network.shape_of(projection.target)
        delay = projection.delay if projection.name not in self.unwritten else np.zeros(())
        before, behind = _split(delay, math.prod(source), math.prod(target))
        chain = [_wait(before, source)] if before.any() else []
        chain += synapse_nodes(nir, projection.synapses, source, target)
        chain += [_wait(behind, target)] if behind.any() else []
        last = projection.source
        for number, node in enumerate(chain):
            name = self._free(f"{projection.name}.{number}")
            self.nodes[name] = node
            self.edges.append((last, name))
            last = name
        self.edges.append((last, projection.target))

    def _free(self, name: str) -> str:
        taken = self.nodes.keys() | self.network.populations.keys()
        return next(n for n in (name, *(f"{name}_{k}" for k in range(len(taken) + 1))) if n not in taken)


def _wait(delay: FloatArray, shape: Shape) -> Any:
    return nir.Delay(np.broadcast_to(delay, shape) if delay.ndim == 0 else delay.reshape(shape))


def _split(delay: FloatArray, sources: int, targets: int) -> tuple[FloatArray, FloatArray]:
    """Delays of the source's and of the target's elements whose sums are those of the synapses."""
    zero = np.zeros(())
    if delay.ndim == 0:
        return zero, delay
    if delay.ndim < 2 or delay.shape[0] == 1:
        return np.broadcast_to(delay.reshape(-1), sources), zero
    if delay.shape[1] == 1:
        return zero, np.broadcast_to(delay[:, 0], targets)
    behind = delay.min(axis=1)
    before = (delay - behind[:, None])[0]
    if (behind[:, None] + before != delay).any():
        limit = "NIR's Delay delays neurons, not synapses"
        raise Unwritable("has delays of single synapses", limit, "Make them sums of one a source and one a target.")
    return before, behind


def _feedback_steps(network: Network) -> set[str]:
    """Projections whose delay `from_nir` adds by itself: one step where a loop closes."""
    if network.dt is None:
        return set()
    names, starts = (sorted(part, key=natural) for part in (network.populations, network.inputs))
    pairs = [(p.source, p.target) for p in network.projections]
    instant = {(p.source, p.target) for p in network.projections if not p.delay.all() and p.source not in starts}
    step = {(p.source, p.target) for p in network.projections if p.delay.ndim == 0 and p.delay == network.dt}
    back = feedback(starts, names, pairs, [*instant, *step])
    left = back & step
    again = feedback(starts, names, pairs, [*instant, *left])
    return {f"{source}->{target}" for source, target in left} if again == left else set()


def _said_in_metadata(network: Network) -> Iterator[Fault]:
    for population in network.populations.values():
        neuron: Any = population.neuron
        said = [
            f"{field}={getattr(neuron, field)!r}"
            for field, usual in (("reset", "hard"), ("fires", ">"))
            if getattr(neuron, field, usual) != usual
        ]
        if said:
            limit = "NIR's equations have a hard reset and fire at v > threshold"
            mend = "Tell whoever reads the file by other means."
            yield Fault(population.name, f"{' and '.join(said)} stand in metadata only", limit, mend)


# ----------------------------------------------------------------------------------------------------- reading back


def _check_read_back(network: Network, graph: Any) -> None:
    """ConversionError that names what would not read back as it is."""
    found = _normal(load(graph, dt=network.dt))
    wanted = _normal(network)
    if fingerprint(found) == fingerprint(wanted):
        return
    parts: list[tuple[str, Any, Any]] = [
        (name, wanted.populations.get(name), found.populations.get(name))
        for name in wanted.populations.keys() | found.populations.keys()
    ]
    theirs = {p.name: p for p in found.projections}
    ours = {p.name: p for p in wanted.projections}
    parts += [(name, ours.get(name), theirs.get(name)) for name in ours.keys() | theirs.keys()]
    faults = [
        Fault(
            name,
            "would be read back as something else",
            "NIR has no form of its own for it",
            "Save it as .nk, or fold its maps into one.",
        )
        for name, one, other in sorted(parts, key=lambda part: part[0])
        if one is None or other is None or _alone(wanted, one) != _alone(found, other)
    ]
    whole = Fault("network", "would be read back as something else", "inputs, outputs or dt differ", "Save it as .nk.")
    raise ConversionError(faults or whole)


def _alone(network: Network, part: Population | Projection) -> str:
    """A fingerprint of one part."""
    projections = (part,) if isinstance(part, Projection) else ()
    populations = {part.name: part} if isinstance(part, Population) else {}
    return fingerprint(Network({}, populations, projections, {}))


def _normal(network: Network) -> Network:
    """The same network, told in one way: order of names, single values where all are alike, no bias of zeros."""
    populations = {
        name: replace(network.populations[name], neuron=_plain_neuron(network.populations[name]))
        for name in sorted(network.populations)
    }
    projections = sorted(network.projections, key=lambda projection: projection.name)
    return Network(
        {name: network.inputs[name] for name in sorted(network.inputs)},
        populations,
        tuple(replace(p, synapses=_plain_chain(p.synapses), delay=_plain(p.delay, p.delay.shape)) for p in projections),
        {name: populations[name] for name in sorted(network.outputs)},
        dt=network.dt,
    )


def _plain_neuron(population: Population) -> Neuron:
    changed = {
        field: _plain(value, population.shape)
        for field, value in vars(population.neuron).items()
        if isinstance(value, np.ndarray)
    }
    return replace(population.neuron, **changed)  # type: ignore[type-var]


def _plain(values: FloatArray, shape: Shape) -> FloatArray:
    values = np.asarray(values, np.float64)
    first = values.reshape(-1)[0]
    return np.asarray(first) if (values == first).all() else np.broadcast_to(values, shape)


def _plain_chain(synapses: tuple[Synapse, ...]) -> tuple[Synapse, ...]:
    """Without the Flattens in front of maps that take any shape."""
    kept = [
        one
        for one, following in zip(synapses, (*synapses[1:], None), strict=True)
        if not (isinstance(one, Flatten) and isinstance(following, Dense | Sparse | Flatten))
    ]
    return tuple(map(_plain_synapse, kept))


def _plain_synapse(synapse: Synapse) -> Synapse:
    if isinstance(synapse, SumPool2d):
        return replace(synapse, weight=np.asarray(synapse.weight, np.float64))
    if not isinstance(synapse, Dense | Sparse | Conv2d):
        return synapse
    bias = None if synapse.bias is None or not synapse.bias.any() else np.asarray(synapse.bias, np.float64)
    if isinstance(synapse, Sparse):
        weight = synapse.weight.astype(np.float64)
        weight.eliminate_zeros()
        return Sparse(weight, bias)
    return replace(synapse, weight=synapse.weight.astype(np.float64), bias=bias)
