"""What the codes share: layers become nodes of `dataflow`, one by one."""

from __future__ import annotations

import math

import scipy.sparse as sp

from neurokit.converters import dataflow
from neurokit.converters.layers import Layer, Layers, Rectifier
from neurokit.graph.network import Network
from neurokit.graph.synapses import Flatten, Sparse


def ends(layers: Layers, name: str) -> bool:
    """Whether the Sink `name` reads one rectifier as it is, so that no other neurons need to hold its value."""
    given = layers.before[name]
    return len(given) == 1 and isinstance(layers.nodes[given[0]], Rectifier)


class Emitted:
    """Nodes of `dataflow` in the making; `ends` says which of them has the values of a layer."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self.nodes: dict[str, dataflow.Node] = {}
        self.edges: list[tuple[str, str]] = []
        self.ends: dict[str, str] = {}
        self.cells: dict[str, str] = {}

    def before(self, name: str) -> list[str]:
        """What leads to layer `name`."""
        return [self.ends.get(start, start) for start in self.layers.before[name]]

    def add(self, name: str, node: dataflow.Node, *before: str) -> str:
        """A new node behind `before`; its name, made unique."""
        while name in self.nodes or name in self.layers.nodes:
            name += "'"
        return self.put(name, node, *before)

    def put(self, name: str, node: dataflow.Node, *before: str) -> str:
        """A node under the very name of the layer that it stands for."""
        self.nodes[name] = node
        self.edges += [(start, name) for start in before]
        return name

    def copy(self, name: str, node: Layer) -> None:
        """A layer that no code changes."""
        assert not isinstance(node, Rectifier), "rectifiers become neurons"
        if isinstance(node, dataflow.Linear) and isinstance(node.synapse, Flatten) and node.shape is not None:
            identity = sp.identity(math.prod(node.shape), format="csr")
            node = dataflow.Linear(Sparse(identity), node.shape)
        before = self.before(name)
        if isinstance(node, dataflow.Sink) and ends(self.layers, name):
            before = [self.cells[start] for start in self.layers.before[name]]
        self.ends[name] = self.put(name, node, *before)  # type: ignore[arg-type]

    def neurons(self, name: str, cells: dataflow.Cells) -> str:
        """The population of rectifier `name`; its name."""
        self.cells[name] = self.ends[name] = self.put(name, cells, *self.before(name))
        return self.ends[name]

    def output(self, name: str, cells: dataflow.Cells) -> None:
        """Neurons that hold the value of the Sink `name`, under its name."""
        made = self.put(name, cells, *self.before(name))
        self.add(f"{name}.read", dataflow.Sink(), made)

    def build(self, dt: float | None) -> Network:
        """The Network. ConversionError and GraphError as `dataflow.build`."""
        layers = self.layers
        return dataflow.build(self.nodes, self.edges, dt=dt, source=layers.source, kind=layers.kind)
