"""Plain trained networks as layers with activations: what a code (rate_coding, sigma_delta) turns into neurons.

The nodes are those of `dataflow`, with a Rectifier or a MaxPool where a spiking network has Cells; edges mean the same:
several into a node add. Readers of plain formats (ONNX, torch.nn) make `Layers`, and know nothing of the codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

import numpy as np

from neurokit.converters.dataflow import Join, Linear, Scale, Sink, Source
from neurokit.errors import ConversionError, Fault
from neurokit.graph.synapses import Flatten, Pair, Shape


@dataclass(frozen=True, eq=False)
class Rectifier:
    """y = max(x, 0), and no more than `upper`.

    shape: None where it is that of what arrives. like: the node whose values these are differences of, so that one
    unit should mean the same in both (the populations of a max pool); None elsewhere.
    """

    shape: Shape | None = None
    upper: float | None = None
    like: str | None = None


@dataclass(frozen=True, eq=False)
class MaxPool:
    """Largest value of each window, every channel by itself. Padded places never win.

    kernel, stride, dilation: (y, x). begin: rows and columns padded in front. size: (rows, columns) of the result.
    """

    kernel: Pair
    stride: Pair
    begin: Pair
    size: Pair
    dilation: Pair = (1, 1)


Layer: TypeAlias = Source | Linear | Scale | Join | Sink | Rectifier | MaxPool
Edge: TypeAlias = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Layers:
    """A plain network. nodes: by name. edges: (from, to); into a Join in the order of its parts.

    source: name for reports. kind: of the source in words, e.g. "an ONNX model".
    """

    nodes: Mapping[str, Layer]
    edges: tuple[Edge, ...]
    source: str = ""
    kind: str = "a plain network"

    @cached_property
    def before(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes that lead to each node, in the order of the edges."""
        return _neighbours(self.nodes, self.edges)

    @cached_property
    def after(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes that each node leads to."""
        return _neighbours(self.nodes, ((end, start) for start, end in self.edges))

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Names in the order of the data's way. ConversionError for a cycle, which no plain network has."""
        try:
            return tuple(TopologicalSorter(self.before).static_order())
        except CycleError as error:
            names = ", ".join(dict.fromkeys(error.args[1]))
            mend = "Remove it: plain networks are feed-forward."
            raise ConversionError(Fault(names, "form a cycle", f"{self.kind} has none", mend)) from error

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """Shape of each node's values, batch not counted. ConversionError with all nodes that do not fit."""
        shapes: dict[str, Shape] = {}
        faults: list[Fault] = []
        for name in self.order:
            given = [shapes[start] for start in self.before[name] if start in shapes]
            if len(given) < len(self.before[name]):
                continue  # behind a fault
            found = _shape(self.nodes[name], given)
            if found is None:
                listed = ", ".join(map(str, given)) or "nothing"
                fact = f"a {type(self.nodes[name]).__name__} that is given {listed}"
                faults.append(Fault(name, fact, "shapes must chain", "Check sizes and channels."))
            else:
                shapes[name] = found
        if faults:
            raise ConversionError(faults)
        return shapes

    @cached_property
    def positive(self) -> frozenset[str]:
        """Nodes none of whose values is ever below zero, as far as their kinds tell."""
        found: set[str] = set()
        for name in self.order:
            node, given = self.nodes[name], self.before[name]
            if isinstance(node, Rectifier) or (all(n in found for n in given) and _keeps_sign(node)):
                found.add(name)
        return frozenset(found)


def _keeps_sign(node: Layer) -> bool:
    """Whether values of zero and more stay so."""
    if isinstance(node, Source):
        return False
    if isinstance(node, Scale):
        return bool((node.factor >= 0).all()) and (node.offset is None or bool((node.offset >= 0).all()))
    if isinstance(node, Linear):
        weight, bias = getattr(node.synapse, "weight", np.ones(1)), getattr(node.synapse, "bias", None)
        values = weight if isinstance(weight, np.ndarray) else weight.data
        return bool((values >= 0).all()) and (bias is None or bool((bias >= 0).all()))
    return True


def _shape(node: Layer, given: list[Shape]) -> Shape | None:
    if isinstance(node, Source):
        return node.shape
    if not given:
        return None
    if isinstance(node, Join):
        axis = node.axis % len(given[0])
        if len({(*shape[:axis], *shape[axis + 1 :]) for shape in given}) > 1:
            return None
        return (*given[0][:axis], sum(shape[axis] for shape in given), *given[0][axis + 1 :])
    if len(set(given)) > 1:
        return None
    if isinstance(node, MaxPool):
        return (given[0][0], *node.size) if len(given[0]) == 3 else None
    if isinstance(node, Linear):
        found = node.synapse.output_shape(given[0])
        return found if found is None or node.shape is None else node.shape
    stated = getattr(node, "shape", None)
    return stated or given[0]


def _neighbours(nodes: Iterable[str], pairs: Iterable[Edge]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {name: [] for name in nodes}
    for start, end in pairs:
        found[end].append(start)
    return {name: tuple(neighbours) for name, neighbours in found.items()}


def read_part(layers: Layers) -> Layers:
    """The layers without those that no output depends on; inputs stay."""
    kept: set[str] = set()
    for name in reversed(layers.order):
        if isinstance(layers.nodes[name], Sink | Source) or any(later in kept for later in layers.after[name]):
            kept.add(name)
    nodes = {name: node for name, node in layers.nodes.items() if name in kept}
    return replace(layers, nodes=nodes, edges=tuple(edge for edge in layers.edges if edge[1] in kept))


def simplified(layers: Layers) -> Layers:
    """The same function with ReLUs in front of max pools, and reshapes left to the rectifiers beside them.

    max(relu(x)) = relu(max(x)): with the ReLU in front a pool sees no value below zero, which a rate can hold.
    """
    return _reshapes(_rectified_first(layers))


def _rectified_first(layers: Layers) -> Layers:
    renamed: dict[str, str] = {}
    for name, node in layers.nodes.items():
        later = layers.after[name]
        alone = isinstance(node, MaxPool) and len(later) == 1 and layers.before[later[0]] == (name,)
        if alone and isinstance(layers.nodes[later[0]], Rectifier):
            renamed |= {name: later[0], later[0]: name}
    edges = tuple((renamed.get(start, start), renamed.get(end, end)) for start, end in layers.edges)
    return replace(layers, edges=edges)


def _reshapes(layers: Layers) -> Layers:
    """Reshapes between a linear map and a rectifier, or behind one that nothing else hears, go into its shape."""
    for name, node in layers.nodes.items():
        if not isinstance(node, Linear) or not isinstance(node.synapse, Flatten) or node.shape is None:
            continue
        later, earlier = layers.after[name], layers.before[name]
        beside = [n for n in later if len(later) == 1 and layers.before[n] == (name,)]
        beside += [n for n in earlier if len(earlier) == 1 and layers.after[n] == (name,)]
        for neighbour in beside:
            rectifier = layers.nodes[neighbour]
            if isinstance(rectifier, Rectifier):
                nodes = {key: value for key, value in layers.nodes.items() if key != name}
                nodes[neighbour] = replace(rectifier, shape=node.shape)
                layers = Layers(nodes, _bridged(layers.edges, name), layers.source, layers.kind)
                break
    return layers


def _bridged(edges: Iterable[Edge], name: str) -> tuple[Edge, ...]:
    """`edges` with `name` left out: what followed it follows what led to it."""
    edges = list(edges)
    before = [start for start, end in edges if end == name]
    kept: list[Edge] = []
    for start, end in edges:
        if start == name:
            kept += [(former, end) for former in before]
        elif end != name:
            kept.append((start, end))
    return tuple(kept)
