"""Neurons and synapses as NIR nodes. The nir package is handed in, so that only two files import it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from neurokit.converters.dataflow_maps import MAX_ENTRIES, is_diagonal
from neurokit.graph.graded_neurons import Relay
from neurokit.graph.network import Network, Population
from neurokit.graph.neurons import (
    IF,
    LIF,
    CubaLeakyIntegrator,
    CubaLIF,
    FixedNeuron,
    FloatArray,
    Integrator,
    LeakyIntegrator,
    Neuron,
)
from neurokit.graph.synapses import (
    Conv2d,
    Dense,
    Flatten,
    Shape,
    Sparse,
    SumPool2d,
    Synapse,
)

NODES: dict[type[Neuron], tuple[str, tuple[str, ...]]] = {
    IF: ("IF", ("r", "threshold", "v_reset")),
    LIF: ("LIF", ("tau", "r", "v_leak", "threshold", "v_reset")),
    CubaLIF: ("CubaLIF", ("tau_syn", "tau_mem", "r", "v_leak", "threshold", "v_reset", "w_in")),
    Integrator: ("I", ("r",)),
    LeakyIntegrator: ("LI", ("tau", "r", "v_leak")),
    CubaLeakyIntegrator: ("CubaLI", ("tau_syn", "tau_mem", "r", "v_leak", "w_in")),
}
_THEIRS = {"threshold": "v_threshold"}  # our field -> NIR's name, where they differ


class Unwritable(Exception):
    """What NIR cannot express: (fact, limit, mend)."""

    def __init__(self, fact: str, limit: str, mend: str) -> None:
        self.words = fact, limit, mend
        super().__init__(fact)


def is_readout_relay(network: Network, population: Population) -> bool:
    """Whether the population is what `dataflow` makes of an output without neurons, and NIR's Output says it."""
    neuron = population.neuron
    if not isinstance(neuron, Relay) or neuron.activation != "unit" or neuron.latched or (neuron.gain != 1).any():
        return False
    return population.name in network.outputs and not any(p.source == population.name for p in network.projections)


def neuron_node(nir: Any, population: Population) -> Any:
    """The node of a population; a soft reset and `>=` go into its metadata."""
    neuron = population.neuron
    if type(neuron) not in NODES:
        what = "integers" if isinstance(neuron, FixedNeuron) else f"{type(neuron).__name__} neurons"
        limit = f"NIR holds float neurons: {', '.join(name for name, _ in NODES.values())}"
        raise Unwritable(f"holds {what}", limit, "Save it as .nk.")
    name, fields = NODES[type(neuron)]
    if getattr(neuron, "refractory", np.zeros(())).any():
        raise Unwritable("has a refractory period", "NIR's neurons have none", "Save it as .nk, or set it to 0.")
    if getattr(neuron, "reset", "hard") == "soft" and (getattr(neuron, "subtracts", np.ones(())) != 1).any():
        limit = "a soft reset written to NIR subtracts the threshold"
        raise Unwritable("subtracts something else than its threshold", limit, "Save it as .nk.")
    if getattr(neuron, "v_initial", np.zeros(())).any():
        raise Unwritable("starts at a potential of its own", "NIR's IF starts at 0", "Save it as .nk.")
    values = {_THEIRS.get(f, f): np.array(np.broadcast_to(getattr(neuron, f), population.shape)) for f in fields}
    node = getattr(nir, name)(**values)
    node.metadata = {
        field: getattr(neuron, field)
        for field, usual in (("reset", "hard"), ("fires", ">"))
        if getattr(neuron, field, usual) != usual
    }
    return node


def synapse_nodes(nir: Any, synapses: tuple[Synapse, ...], source: Shape, target: Shape) -> list[Any]:
    """The nodes of a projection's maps, from values of shape `source` to a population of shape `target`."""
    nodes: list[Any] = []
    shape = source
    for number, synapse in enumerate(synapses):
        last = number == len(synapses) - 1
        if last and isinstance(synapse, Sparse) and is_diagonal(synapse) and _keeps(synapse, shape, target):
            nodes += _scale(nir, synapse, shape)
            continue  # values keep their shape
        if type(synapse) not in _WRITERS:
            limit = "NIR has Linear, Affine, Conv2d, SumPool2d, AvgPool2d, Flatten and Scale"
            mend = "Save it as .nk, or write it as a matrix."
            raise Unwritable(f"holds a {type(synapse).__name__}", limit, mend)
        nodes += _WRITERS[type(synapse)](nir, synapse, shape)
        after = synapse.output_shape(shape)
        assert after is not None, "the network is sound"
        shape = after
    if shape != target and shape == (math.prod(target),):
        raise Unwritable(
            f"gives a vector to a population of shape {target}",
            "NIR has no node that makes images of vectors",
            "Save it as .nk, or use populations without rows and columns.",
        )
    if shape != target and math.prod(shape) == math.prod(target):
        nodes.append(nir.Flatten({"input": np.array(shape)}, 0, -1))
    return nodes


def _keeps(synapse: Sparse, shape: Shape, target: Shape) -> bool:
    return shape == target or bool((synapse.weight.data == 1).all())


def _scale(nir: Any, synapse: Any, shape: Shape) -> list[Any]:
    if (synapse.weight.data == 1).all():
        return []  # an edge is the identity
    return [nir.Scale(synapse.weight.data.reshape(shape))]


def _linear(nir: Any, synapse: Any, shape: Shape) -> list[Any]:
    nodes = [nir.Flatten({"input": np.array(shape)}, 0, -1)] if len(shape) > 1 else []
    sparse = isinstance(synapse, Sparse)
    if sparse and math.prod(synapse.weight.shape) > MAX_ENTRIES:
        raise Unwritable(
            f"holds a sparse matrix of shape {synapse.weight.shape}",
            f"NIR's are dense, and at most {MAX_ENTRIES:,} entries are written",
            "Save it as .nk.",
        )
    weight = _floats(synapse.weight.toarray() if sparse else synapse.weight)
    node = nir.Linear(weight) if synapse.bias is None else nir.Affine(weight, _floats(synapse.bias))
    node.metadata = {"sparse": True} if sparse else {}  # the same map, however it is stored
    return [*nodes, node]


def _conv2d(nir: Any, synapse: Any, shape: Shape) -> list[Any]:
    bias = np.zeros(len(synapse.weight)) if synapse.bias is None else _floats(synapse.bias)
    geometry = (np.array(synapse.stride), np.array(synapse.padding), np.array(synapse.dilation))
    return [nir.Conv2d(np.array(shape[1:]), _floats(synapse.weight), *geometry, synapse.groups, bias)]


def _pool(nir: Any, synapse: Any, shape: Shape) -> list[Any]:
    geometry = [np.array(pair) for pair in (synapse.kernel, synapse.stride, synapse.padding)]
    weight = float(synapse.weight)
    if weight == 1 / math.prod(synapse.kernel):
        return [nir.AvgPool2d(*geometry)]
    nodes = [nir.SumPool2d(*geometry)]
    return nodes if weight == 1 else [*nodes, nir.Scale(np.full(synapse.output_shape(shape), weight))]


def _flatten(nir: Any, synapse: Any, shape: Shape) -> list[Any]:
    return [nir.Flatten({"input": np.array(shape)}, synapse.start, synapse.end)]


def _floats(values: Any) -> FloatArray:
    return np.array(values, np.float64)


_WRITERS: dict[type[Synapse], Callable[[Any, Any, Shape], list[Any]]] = {
    Dense: _linear,
    Sparse: _linear,
    Conv2d: _conv2d,
    SumPool2d: _pool,
    Flatten: _flatten,
}
