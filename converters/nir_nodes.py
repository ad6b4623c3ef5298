"""One NIR node as a neuron or a linear map. Equations: nir 1.0.8, nir/ir/neuron.py, conv.py, linear.py, pooling.py.

Nodes are told apart by the name of their type, so that only `from_nir.py` imports nir.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from neurokit.converters import dataflow
from neurokit.converters.dataflow import Cells, Linear, Scale, Sink, Source, Wait
from neurokit.errors import ConversionError, Fault
from neurokit.graph.neurons import IF, LIF, CubaLIF, FloatArray, Integrator, LeakyIntegrator, Neuron, Reset
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Pair, Shape, SumPool2d, pair

Node: TypeAlias = Any  # a nir.NIRNode; nir has no type information
Map: TypeAlias = Dense | Conv2d | SumPool2d | Flatten

_SPIKING = ("r", "v_threshold", "v_reset")
_NEURONS: dict[str, tuple[Callable[..., Neuron], tuple[str, ...]]] = {
    "IF": (IF, _SPIKING),
    "LIF": (LIF, (*_SPIKING, "tau", "v_leak")),
    "CubaLIF": (CubaLIF, (*_SPIKING, "tau_syn", "tau_mem", "v_leak", "w_in")),
    "I": (Integrator, ("r",)),
    "LI": (LeakyIntegrator, ("r", "tau", "v_leak")),
}
_OURS = {"v_threshold": "threshold"}  # NIR's name -> our field, where they differ
_MENDS = {
    "CubaLI": "read out through an LI node.",
    "Conv1d": "write it as a Conv2d over images of height 1.",
    "Delay": "remove it from the graph.",
    "NIRGraph": "write the nodes of the subgraph into the graph itself.",
    "Scale": "multiply the weights of a neighbouring layer instead.",
    "Threshold": "use an IF node.",
}
_EXPORT = "Export the graph again."


def converted(name: str, node: Node, reset: Reset) -> dataflow.Node:
    """The node for `dataflow.build`. Raises ConversionError when its fields do not make one."""
    kind = type(node).__name__
    if kind in _NEURONS:
        model, shape = neuron(name, node, reset)
        return Cells(model, shape or None)
    if kind in _MAPS:
        return Linear(_MAPS[kind](name, node))
    if kind == "Scale":
        return Scale(_floats(name, "scale", node.scale))
    if kind == "Delay":
        return Wait(_floats(name, "delay", node.delay))
    if kind == "Input":
        shape = stated_shape(node.input_type, "input")
        if not shape:
            raise _error(name, "states no shape", "an input has one", "Write it with its shape.")
        return Source(shape)
    if kind == "Output":
        return Sink(stated_shape(node.output_type, "output") or None)
    limit = f"neurokit reads Input, Output, Scale, Delay, {', '.join([*_NEURONS, *_MAPS])}"
    raise _error(name, f"is a {kind} node", limit, f"It is not supported yet: {_MENDS.get(kind, 'remove it.')}")


def stated_shape(types: Mapping[str, Any] | None, key: str) -> Shape:
    """A node's input_type or output_type as a tuple, () when it is not stated."""
    stated = (types or {}).get(key)
    return () if stated is None else tuple(int(length) for length in np.ravel(stated))


def neuron(name: str, node: Node, reset: Reset) -> tuple[Neuron, Shape]:
    """Neuron and population shape of a node; () for a node whose parameters are single numbers.

    It fires at v > v_threshold. Parameters that are alike in all neurons become scalars.
    Raises ConversionError when a parameter is no array of numbers, or shapes differ.
    """
    make, names = _NEURONS[type(node).__name__]
    values = {field: _floats(name, field, getattr(node, field)) for field in names}
    try:
        shape = np.broadcast_shapes(*(value.shape for value in values.values()))
    except ValueError:
        shapes = ", ".join(f"{field} {value.shape}" for field, value in values.items())
        raise _error(name, f"has parameters of shapes {shapes}", "all have one value a neuron") from None
    fields: dict[str, Any] = {_OURS.get(field, field): _shared(value) for field, value in values.items()}
    if "threshold" in fields:
        fields.update(reset=reset, fires=">")
    return make(**fields), tuple(int(length) for length in shape)


def _dense(name: str, node: Node) -> Dense:
    weight = _floats(name, "weight", node.weight)
    if weight.ndim != 2:
        raise _error(name, f"weight has shape {weight.shape}", "it is (targets, sources)")
    bias = getattr(node, "bias", None)
    return Dense(weight, None if bias is None else _floats(name, "bias", bias).reshape(-1))


def _conv2d(name: str, node: Node) -> Conv2d:
    weight = _floats(name, "weight", node.weight)
    if weight.ndim != 4:
        raise _error(name, f"weight has shape {weight.shape}", "it is (out, in / groups, height, width)")
    stride, dilation = _pair(name, "stride", node.stride), _pair(name, "dilation", node.dilation)
    if isinstance(node.padding, str | bytes):
        text = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
        padding = _named_padding(name, text, weight.shape[2:], stride, dilation)
    else:
        padding = _pair(name, "padding", node.padding)
    bias = None if node.bias is None else _floats(name, "bias", node.bias).reshape(-1)
    return Conv2d(weight, stride, padding, dilation, _pair(name, "groups", node.groups)[0], bias)


def _named_padding(name: str, padding: str, kernel: Shape, stride: Pair, dilation: Pair) -> Pair:
    """torch's "valid" and "same" in numbers."""
    if padding == "valid":
        return 0, 0
    if padding != "same":
        raise _error(name, f"padding is '{padding}'", "it is 'same', 'valid' or numbers")
    if stride != (1, 1):
        raise _error(name, f"padding is 'same' with stride {stride}", "'same' needs stride 1")
    y, x = (d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
    if y % 2 or x % 2:
        mend = "Use a kernel of odd size, or give padding as numbers."
        raise _error(name, f"padding is 'same' with a kernel of {kernel}", "both sides are padded alike", mend)
    return y // 2, x // 2


def _sum_pool(name: str, node: Node) -> SumPool2d:
    kernel, stride, padding = (
        _pair(name, field, getattr(node, field)) for field in ("kernel_size", "stride", "padding")
    )
    return SumPool2d(kernel, stride, padding)


def _average_pool(name: str, node: Node) -> SumPool2d:
    pool = _sum_pool(name, node)
    if min(pool.kernel) < 1:
        raise _error(name, f"kernel_size is {pool.kernel}", "it is at least 1")
    return SumPool2d(pool.kernel, pool.stride, pool.padding, weight=np.asarray(1 / (pool.kernel[0] * pool.kernel[1])))


def _flatten(name: str, node: Node) -> Flatten:
    return Flatten(_pair(name, "start_dim", node.start_dim)[0], _pair(name, "end_dim", node.end_dim)[0])


_MAPS: dict[str, Callable[[str, Node], Map]] = {
    "Affine": _dense,
    "Linear": _dense,
    "Conv2d": _conv2d,
    "SumPool2d": _sum_pool,
    "AvgPool2d": _average_pool,
    "Flatten": _flatten,
}


def _floats(name: str, field: str, value: Any) -> FloatArray:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if value is None or not array.size:
        raise _error(name, f"{field} holds no numbers", "it is an array of numbers")
    return array


def _pair(name: str, field: str, value: Any) -> Pair:
    numbers = _floats(name, field, value)
    if numbers.size > 2 or (numbers != np.rint(numbers)).any():
        raise _error(name, f"{field} is {numbers.tolist()}", "it is one or two whole numbers (y, x)")
    return pair(numbers)


def _shared(values: FloatArray) -> FloatArray:
    """One scalar where all values are alike."""
    first = values.reshape(-1)[0]
    return np.asarray(first) if (values == first).all() else values


def _error(name: str, fact: str, limit: str, mend: str = _EXPORT) -> ConversionError:
    return ConversionError(Fault(name, fact, limit, mend))
