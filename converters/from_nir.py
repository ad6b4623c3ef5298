"""NIR graphs (`.nir` files or nir.NIRGraph objects) as Networks. Source: nir 1.0.8 (doi:10.1038/s41467-024-52259-9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias, cast

import nir
import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from neurokit.converters.arguments import check_arguments, choice_faults, step_faults
from neurokit.converters.hdf5 import opened
from neurokit.converters.nir_nodes import Map, Node, is_map, is_neuron, linear_map, neuron, unsupported
from neurokit.errors import ConversionError, Fault, FormatError
from neurokit.graph.check import check_network
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import Neuron, Reset
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Shape, Sparse, Synapse, chain_shape

Nodes: TypeAlias = Mapping[str, Node]
Edges: TypeAlias = Sequence[tuple[str, str]]
Chains: TypeAlias = dict[str, tuple[Map, ...]]  # source -> the linear maps between it and a node

_KIND = "a NIR graph"
# What nir.read raises for graphs it rejects: shapes, types, unknown or missing fields.
_REJECTED = (ValueError, AssertionError, TypeError, KeyError, AttributeError, IndexError, NotImplementedError)


def load(
    source: str | PathLike[str] | Any,
    *,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
) -> Network:
    """Read a NIR graph.

    Neuron nodes become populations with their NIR names; the linear nodes between two of them become the maps of one
    projection, without delay (NIR's edges take no time). The sum of several inputs of a linear node is distributed:
    each source gets a projection of its own, and the first one carries the bias. Outputs are the populations that
    feed an Output node.

    source: a path or a nir.NIRGraph. dt: seconds per step; NIR states none, and neurons with time constants need it.
    reset: None or "hard" (v := v_reset, NIR's equations), or "soft" (v := v - v_threshold; some exporters mean it).
    inputs: None or "spikes"; NIR has no input layers.

    Raises FormatError when the file cannot be read, ConversionError with every node that cannot be converted,
    GraphError when shapes do not fit or dt is missing, InputError for arguments that do not fit.
    """
    check_arguments(_argument_faults(dt, reset, inputs))
    graph = source if isinstance(source, nir.NIRGraph) else _read(source)
    nodes: Nodes = {str(name): node for name, node in graph.nodes.items()}
    edges: Edges = [(str(start), str(end)) for start, end in graph.edges]
    neurons, maps, faults = _convert(nodes, cast(Reset, reset or "hard"))
    structure = [*_edge_faults(nodes, edges), *_cycle_faults(nodes, edges)]
    faults += structure
    if not structure:
        incoming, found = _trace(nodes, edges, maps)
        faults += [*found, *_output_faults(nodes, incoming, neurons)]
    if faults:
        raise ConversionError(faults)
    name = "nir.NIRGraph" if isinstance(source, nir.NIRGraph) else Path(source).name
    return check_network(_network(nodes, neurons, incoming, None if dt is None else float(dt), name))


def _argument_faults(dt: float | None, reset: str | None, inputs: str | None) -> Iterator[Fault]:
    yield from step_faults(dt)
    yield from choice_faults("reset", reset, ("hard", "soft"), "Leave it out for NIR's own (hard).")
    yield from choice_faults(
        "inputs", inputs, ("spikes",), "Leave it out: only a .net file has an input layer to drive."
    )


def _read(path: str | PathLike[str]) -> Any:
    """Read a file without nir's type check, which takes all kernels for square; `load` checks shapes itself."""
    with opened(path, _KIND) as file:
        if "node" not in file:
            mend = "Check that this is a graph written by nir.write."
            raise FormatError(Fault(str(path), "has no /node group", f"{_KIND} holds one", mend))
        stated = file["node/type"][()] if "type" in file["node"] else b"untyped"
    kind = stated.decode("utf8", "replace") if isinstance(stated, bytes) else str(stated)
    if kind != "NIRGraph":
        fact = f"holds a node of type {kind}"
        raise ConversionError(Fault(str(path), fact, "neurokit reads graphs", "Put it into a nir.NIRGraph."))
    try:
        graph = nir.read(path, type_check=False)
    except (OSError, RuntimeError) as error:
        message = " ".join(str(error).split())
        fact = f"is truncated or damaged ({message})"
        raise FormatError(Fault(str(path), fact, f"{_KIND} is an HDF5 file", "Copy or export it again.")) from error
    except _REJECTED as error:
        message = " ".join(str(error).split()) or "no reason given"
        fact = f"nir rejects the graph ({type(error).__name__}: {message})"
        raise ConversionError(
            Fault(str(path), fact, "nir must be able to read it", "Repair and export it again.")
        ) from error
    return graph


def _convert(nodes: Nodes, reset: Reset) -> tuple[dict[str, tuple[Neuron, Shape]], dict[str, Map], list[Fault]]:
    """Neurons (with their shapes) and linear maps by node, and the faults of all nodes."""
    neurons: dict[str, tuple[Neuron, Shape]] = {}
    maps: dict[str, Map] = {}
    faults: list[Fault] = []
    for name, node in nodes.items():
        try:
            if is_neuron(node):
                neurons[name] = neuron(name, node, reset)
            elif is_map(node):
                maps[name] = linear_map(name, node)
            elif isinstance(node, nir.Input) and not _shape(node.input_type, "input"):
                faults.append(Fault(name, "states no shape", "an input has one", "Write it with its shape."))
            elif not isinstance(node, nir.Input | nir.Output):
                faults.append(unsupported(name, node))
        except ConversionError as error:
            faults += error.faults
    return neurons, maps, faults


def _shape(types: Mapping[str, Any] | None, key: str) -> Shape:
    """A node's input_type or output_type as a tuple, () when it is not stated."""
    stated = (types or {}).get(key)
    return () if stated is None else tuple(int(length) for length in np.ravel(stated))


def _edge_faults(nodes: Nodes, edges: Edges) -> Iterator[Fault]:
    for edge, count in Counter(edges).items():
        name = f"{edge[0]}->{edge[1]}"
        for end in edge:
            if end not in nodes:
                yield Fault(
                    name, f"node '{end}' does not exist", "an edge joins two nodes", "Repair the graph's edges."
                )
        if count > 1:
            yield Fault(name, f"is listed {count} times", "an edge is listed once", "Remove the repeats.")
    starts, ends = {start for start, _ in edges}, {end for _, end in edges}
    for name, node in nodes.items():
        if name not in ends and not isinstance(node, nir.Input):
            yield Fault(name, "no edge leads to it", "only an Input starts a path", "Add an Input node and an edge.")
        if name not in starts and not is_neuron(node) and not isinstance(node, nir.Output):
            yield Fault(
                name, "no edge leads on from it", "paths end in a neuron or Output", "Add an edge, or remove it."
            )


def _cycle_faults(nodes: Nodes, edges: Edges) -> Iterator[Fault]:
    index = {name: i for i, name in enumerate(nodes)}
    known = [(index[start], index[end]) for start, end in edges if start in index and end in index]
    if not known:
        return
    rows, columns = zip(*known, strict=True)
    adjacency = sp.coo_matrix((np.ones(len(known)), (rows, columns)), shape=(len(index), len(index)))
    _, labels = connected_components(adjacency, directed=True, connection="strong")
    sizes = np.bincount(labels)
    for name, i in index.items():
        if sizes[labels[i]] > 1 or (i, i) in known:
            members = ", ".join(other for other, j in index.items() if labels[j] == labels[i])
            yield Fault(
                name,
                f"is part of a cycle ({members})",
                "neurokit converts feed-forward graphs",
                "Recurrence is not supported yet: train a feed-forward network.",
            )


def _trace(nodes: Nodes, edges: Edges, maps: Mapping[str, Map]) -> tuple[dict[str, Chains], list[Fault]]:
    """What reaches each node from which source, through which maps, before the node itself does anything.

    Nodes with faults of their own count as sources, so that the search for faults goes on behind them.
    """
    before: dict[str, list[str]] = {name: [] for name in nodes}
    for start, end in edges:
        before[end].append(start)
    incoming: dict[str, Chains] = {}
    outgoing: dict[str, Chains] = {}
    faults: list[Fault] = []
    for name in TopologicalSorter(before).static_order():
        chains: Chains = {}
        for previous in before[name]:
            for source, chain in outgoing[previous].items():
                if source in chains:
                    faults.append(_two_paths(name, source))
                chains[source] = chain
        incoming[name] = chains
        if name in maps:
            own = maps[name]  # the sum of its inputs is distributed over the sources; its bias counts once
            outgoing[name] = {s: (*c, own if i == 0 else _unbiased(own)) for i, (s, c) in enumerate(chains.items())}
        else:
            outgoing[name] = {name: ()}
    return incoming, faults


def _two_paths(name: str, source: str) -> Fault:
    limit = "one projection joins two populations"
    return Fault(
        name, f"two paths lead to it from '{source}'", limit, "Merge the paths into one, or put neurons between."
    )


def _unbiased(own: Map) -> Map:
    return replace(own, bias=None) if isinstance(own, Dense | Conv2d) else own


def _output_faults(
    nodes: Nodes, incoming: Mapping[str, Chains], neurons: Mapping[str, tuple[Neuron, Shape]]
) -> Iterator[Fault]:
    for name, node in nodes.items():
        if not isinstance(node, nir.Output):
            continue
        stated = _shape(node.output_type, "output")
        for source, chain in incoming[name].items():
            shape = neurons[source][1] if source in neurons else ()
            if chain or isinstance(nodes[source], nir.Input):
                fact = f"reads '{source}' without neurons between"
                yield Fault(name, fact, "outputs are populations", "Add an LI node in front of the Output.")
            elif stated and shape and stated != shape:
                limit = "an Output has the shape of what it reads (nir's type check rejects the graph, too)"
                fact = f"has shape {stated}, but '{source}' has {shape}"
                yield Fault(name, fact, limit, f"Write the Output with shape {shape}.")


def _network(
    nodes: Nodes,
    neurons: Mapping[str, tuple[Neuron, Shape]],
    incoming: Mapping[str, Chains],
    dt: float | None,
    source: str,
) -> Network:
    starts = {
        name: Input(name, _shape(node.input_type, "input"))
        for name, node in nodes.items()
        if name in incoming and isinstance(node, nir.Input)
    }
    shapes: dict[str, Shape] = {name: start.shape for name, start in starts.items()}
    populations: dict[str, Population] = {}
    projections: list[Projection] = []
    for name, chains in incoming.items():  # in the order of the data's way, so that shapes of sources are known
        if name not in neurons:
            continue
        found = {start: _synapses(chain, shapes[start]) for start, chain in chains.items()}
        model, shape = neurons[name]
        for start, synapses in found.items():
            shape = shape or chain_shape(synapses, shapes[start]) or ()
        shapes[name] = shape
        populations[name] = Population(name, shape, model)
        projections += [Projection(start, name, synapses) for start, synapses in found.items()]
    ends = [start for name, node in nodes.items() if isinstance(node, nir.Output) for start in incoming[name]]
    outputs = {name: populations[name] for name in populations if name in ends}
    return Network(starts, populations, tuple(projections), outputs, dt=dt, source=source)


def _synapses(chain: tuple[Map, ...], shape: Shape) -> tuple[Synapse, ...]:
    """The maps of a projection from a population of `shape`; the identity where no map has weights."""
    if all(isinstance(own, Flatten) for own in chain):
        return (Sparse(sp.identity(int(np.prod(shape)), format="csr")),)
    return chain
