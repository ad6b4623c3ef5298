"""One NIR node as a neuron or a linear map. Equations: nir 1.0.8, nir/ir/neuron.py, conv.py, linear.py, pooling.py.

Nodes are told apart by the name of their type, so that only `from_nir.py` imports nir.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import scipy.sparse as sp

from neurokit.converters import dataflow
from neurokit.converters.dataflow import Cells, Linear, Scale, Sink, Source, Wait
from neurokit.errors import ConversionError, Fault
from neurokit.graph.neurons import (
    IF,
    LIF,
    CubaLeakyIntegrator,
    CubaLIF,
    Fires,
    FloatArray,
    Integrator,
    LeakyIntegrator,
    Neuron,
    Reset,
)
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Pair, Shape, Sparse, SumPool2d, pair

Node: TypeAlias = Any  # a nir.NIRNode; nir has no type information
Map: TypeAlias = Dense | Sparse | Conv2d | SumPool2d

_SPIKING = ("r", "v_threshold", "v_reset")
_NEURONS: dict[str, tuple[Callable[..., Neuron], tuple[str, ...]]] = {
    "IF": (IF, _SPIKING),
    "LIF": (LIF, (*_SPIKING, "tau", "v_leak")),
    "CubaLIF": (CubaLIF, (*_SPIKING, "tau_syn", "tau_mem", "v_leak", "w_in")),
    "I": (Integrator, ("r",)),
    "LI": (LeakyIntegrator, ("r", "tau", "v_leak")),
    "CubaLI": (CubaLeakyIntegrator, ("r", "tau_syn", "tau_mem", "v_leak", "w_in")),
}
_OURS = {"v_threshold": "threshold"}  # NIR's name -> our field, where they differ
_EXPORT = "Export the graph again."


@dataclass(frozen=True)
class Conventions:
    """What NIR leaves open, or the nodes' metadata say.

    reset, fires: None where each node's metadata say, else "hard" and ">", as in NIR's equations. dt: seconds a step.
    exponential: states decay by exp(-dt / tau) a step instead of 1 - dt / tau; what comes in enters as in Euler's
    method, by dt / tau. continuous: IF and I add dt r x a step, not r x. lines: the graph convolves in one dimension,
    so values of shape (channels, length) are images (channels, 1, length).
    """

    reset: Reset | None = None
    fires: Fires | None = None
    dt: float | None = None
    exponential: bool = False
    continuous: bool = False
    lines: bool = False

    def lifted(self, values: FloatArray) -> FloatArray:
        """An array of one value an element, as the Network has its elements."""
        return values.reshape(self.shape(values.shape))

    def shape(self, shape: Shape) -> Shape:
        """A shape of the graph, as the Network has it."""
        return (shape[0], 1, shape[1]) if self.lines and len(shape) == 2 else shape


def converted(name: str, node: Node, conventions: Conventions) -> dataflow.Node:
    """The node for `dataflow.build`. Raises ConversionError when its fields do not make one."""
    kind = type(node).__name__
    if kind in _NEURONS:
        model, shape = _neuron(name, node, conventions)
        return Cells(model, shape or None)
    if kind == "Threshold":
        return _threshold(name, node, conventions)
    if kind == "Flatten":
        return Linear(_flatten(name, node, conventions))
    if kind in _MAPS:
        return Linear(_MAPS[kind](name, node))
    if kind == "Scale":
        return Scale(conventions.lifted(_floats(name, "scale", node.scale)))
    if kind == "Delay":
        return Wait(conventions.lifted(_floats(name, "delay", node.delay)))
    if kind == "Input":
        shape = stated_shape(name, node.input_type, "input")
        if not shape:
            raise _error(name, "states no shape", "an input has one", "Write it with its shape.")
        if len(shape) == 4 and shape[0] == 1:  # an image with the batch axis of the sample that was traced
            shape = shape[1:]
        return Source(conventions.shape(shape))
    if kind == "Output":
        return Sink(conventions.shape(stated_shape(name, node.output_type, "output")) or None)
    limit = f"neurokit reads Input, Output, Scale, Delay, Threshold, Flatten, {', '.join([*_NEURONS, *_MAPS])}"
    raise _error(name, f"is a {kind} node", limit, "Replace it by nodes of nir 1.0.8.")


def stated_shape(name: str, types: Any, key: str) -> Shape:
    """A node's input_type or output_type as a tuple, () when it is not stated."""
    stated = types.get(key) if isinstance(types, Mapping) else None
    if stated is None:
        return ()
    sizes = _floats(name, f"the shape of its {key}", stated)
    if not _whole(sizes):
        raise _error(name, f"the shape of its {key} is {sizes.tolist()}", "sizes are whole numbers")
    return tuple(int(length) for length in np.ravel(sizes))


def _neuron(name: str, node: Node, conventions: Conventions) -> tuple[Neuron, Shape]:
    """Neuron and population shape of a node; () for a node whose parameters are single numbers.

    Parameters that are alike in all neurons become scalars.
    Raises ConversionError when a parameter is no array of numbers, or shapes differ.
    """
    make, names = _NEURONS[type(node).__name__]
    values = {field: _floats(name, field, getattr(node, field)) for field in names}
    try:
        shape = np.broadcast_shapes(*(value.shape for value in values.values()))
    except ValueError:
        shapes = ", ".join(f"{field} {value.shape}" for field, value in values.items())
        raise _error(name, f"has parameters of shapes {shapes}", "all have one value a neuron") from None
    fields: dict[str, Any] = {
        _OURS.get(field, field): _shared(conventions.lifted(value)) for field, value in values.items()
    }
    if conventions.continuous and "tau" not in fields and "tau_mem" not in fields:
        if conventions.dt is None:
            raise _error(name, "integrates over time", "the step is unknown", "Pass dt= in seconds.")
        fields["r"] = fields["r"] * conventions.dt
    if conventions.exponential:
        _decay_exactly(name, fields, conventions.dt)
    if "threshold" in fields:
        fields["reset"] = conventions.reset or _metadata(name, node, "reset", ("hard", "soft"))
        fields["fires"] = conventions.fires or _metadata(name, node, "fires", (">", ">="))
    return make(**fields), conventions.shape(tuple(int(length) for length in shape))


def _decay_exactly(name: str, fields: dict[str, Any], dt: float | None) -> None:
    """Time constants with which Euler's method decays by exp(-dt / tau), and gains that keep dt / tau times theirs."""
    for tau, gain in (("tau", "r"), ("tau_mem", "r"), ("tau_syn", "w_in")):
        if tau not in fields:
            continue
        if dt is None:
            raise _error(name, f"{tau} is a time", "an exponential decay needs the step", "Pass dt= in seconds.")
        if not (fields[tau] > 0).all():
            raise _error(name, f"{tau} is not positive", "time constants are positive", "Repair the source.")
        exact = dt / -np.expm1(-dt / fields[tau])
        fields[gain] = fields[gain] * exact / fields[tau]
        fields[tau] = exact


def metadata_of(node: Node) -> Mapping[str, Any]:
    """A node's metadata, empty where it has none."""
    found = getattr(node, "metadata", None)
    return found if isinstance(found, Mapping) else {}


def _metadata(name: str, node: Node, key: str, allowed: tuple[str, ...]) -> str:
    """What a node's metadata state, the first of `allowed` where they do not."""
    stated = metadata_of(node).get(key, allowed[0])
    text = stated.decode("utf8", "replace") if isinstance(stated, bytes) else stated
    if not isinstance(text, str) or text not in allowed:
        choices = " or ".join(map(repr, allowed))
        raise _error(name, f"its metadata state {key} {text!r}", f"it is {choices}", f"Pass {key}=.")
    return str(text)


def _threshold(name: str, node: Node, conventions: Conventions) -> Cells:
    """A neuron that forgets all within a step: v = x, which is a LIF whose time constant is the step."""
    threshold = conventions.lifted(_floats(name, "threshold", node.threshold))
    dt = conventions.dt
    if dt is None:
        limit = "its neuron forgets within a step, and NIR states none"
        raise _error(name, "is a Threshold node", limit, "Pass dt= in seconds, e.g. nk.convert(path, dt=1e-3).")
    fires = conventions.fires or _metadata(name, node, "fires", (">", ">="))
    neuron = LIF(tau=np.asarray(dt), threshold=_shared(threshold), fires=cast(Fires, fires))
    return Cells(neuron, threshold.shape or None)


def _dense(name: str, node: Node) -> Dense | Sparse:
    weight = _floats(name, "weight", node.weight)
    if weight.ndim != 2:
        raise _error(name, f"weight has shape {weight.shape}", "it is (targets, sources)")
    bias = getattr(node, "bias", None)
    bias = None if bias is None else _floats(name, "bias", bias).reshape(-1)
    if metadata_of(node).get("sparse") is not None:  # `to_nir` says so; it is the same map
        return Sparse(sp.csr_matrix(weight), bias)
    return Dense(weight, bias)


def _conv2d(name: str, node: Node) -> Conv2d:
    weight = _floats(name, "weight", node.weight)
    if weight.ndim != 4:
        raise _error(name, f"weight has shape {weight.shape}", "it is (out, in / groups, height, width)")
    stride, dilation = _pair(name, "stride", node.stride), _pair(name, "dilation", node.dilation)
    return _convolution(name, node, weight, stride, dilation)


def _conv1d(name: str, node: Node) -> Conv2d:
    """A convolution over images of height 1."""
    weight = _floats(name, "weight", node.weight)
    if weight.ndim != 3:
        raise _error(name, f"weight has shape {weight.shape}", "it is (out, in / groups, length)")
    stride, dilation = ((1, _number(name, field, getattr(node, field))) for field in ("stride", "dilation"))
    return _convolution(name, node, weight[:, :, None, :], stride, dilation)


def _convolution(name: str, node: Node, weight: FloatArray, stride: Pair, dilation: Pair) -> Conv2d:
    """A bias of zeros is none: nir has no other way to write that."""
    if isinstance(node.padding, str | bytes):
        text = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
        padding = _named_padding(name, text, weight.shape[2:], stride, dilation)
    elif type(node).__name__ == "Conv1d":
        padding = 0, _number(name, "padding", node.padding)
    else:
        padding = _pair(name, "padding", node.padding)
    bias = None if node.bias is None else _floats(name, "bias", node.bias).reshape(-1)
    bias = bias if bias is not None and bias.any() else None
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


def _flatten(name: str, node: Node, conventions: Conventions) -> Flatten:
    start, end = (_number(name, field, getattr(node, field)) for field in ("start_dim", "end_dim"))
    if not conventions.lines or len(stated_shape(name, node.input_type, "input") or (0, 0)) != 2:
        return Flatten(start, end)
    first, last = start % 2, end % 2  # of (channels, length), which is (channels, 1, length) here
    return Flatten(0, -1) if first < last else Flatten(2 * first, 2 * last)


_MAPS: dict[str, Callable[[str, Node], Map]] = {
    "Affine": _dense,
    "Linear": _dense,
    "Conv1d": _conv1d,
    "Conv2d": _conv2d,
    "SumPool2d": _sum_pool,
    "AvgPool2d": _average_pool,
}


def _floats(name: str, field: str, value: Any) -> FloatArray:
    try:
        found = np.asarray(value)
        array = np.empty(0) if np.iscomplexobj(found) else np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if value is None or not array.size:
        raise _error(name, f"{field} holds no numbers", "it is an array of numbers")
    return array


def _pair(name: str, field: str, value: Any) -> Pair:
    numbers = _floats(name, field, value)
    if numbers.size > 2 or not _whole(numbers):
        raise _error(name, f"{field} is {numbers.tolist()}", "it is one or two whole numbers (y, x)")
    return pair(numbers)


def _whole(numbers: FloatArray) -> bool:
    return bool(np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all())


def _number(name: str, field: str, value: Any) -> int:
    numbers = _floats(name, field, value)
    if numbers.size != 1 or not _whole(numbers):
        raise _error(name, f"{field} is {numbers.tolist()}", "it is one whole number")
    return int(numbers.reshape(-1)[0])


def _shared(values: FloatArray) -> FloatArray:
    """One scalar where all values are alike."""
    first = values.reshape(-1)[0]
    return np.asarray(first) if (values == first).all() else values


def _error(name: str, fact: str, limit: str, mend: str = _EXPORT) -> ConversionError:
    return ConversionError(Fault(name, fact, limit, mend))
