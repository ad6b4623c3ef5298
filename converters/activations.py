"""What plain layers compute, in numpy: the reference that scales and biases are taken from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.dataflow import Join, Linear, Scale, Source
from neurokit.converters.layers import Layers, MaxPool, Rectifier
from neurokit.graph.synapses import (
    Conv2d,
    Convolving,
    Dense,
    Flatten,
    ResizeConv2d,
    Shape,
    Sparse,
    Synapse,
    Upsample2d,
)
from neurokit.lower.images import picked

Values: TypeAlias = NDArray[Any]  # (batch, *shape)
Visit: TypeAlias = Callable[[str, Values], None]

ROOM = 1 << 26  # bytes that a layer's values may take at once, more or less


def evaluate(layers: Layers, inputs: Mapping[str, Values], visit: Visit, silent: bool = False) -> None:
    """Compute every node's values for one batch and show them to `visit`; values go when nobody needs them.

    inputs: by the names of the sources, (batch, *shape), in the float type to compute in.
    silent: rectifiers are shown what arrives, but pass on zeros: what reaches a node then are the constants alone.
    """
    waiting = {name: len(layers.after[name]) for name in layers.nodes}
    values: dict[str, Values] = {}
    for name in layers.order:
        node = layers.nodes[name]
        given = [values[start] for start in layers.before[name]]
        found = inputs[name] if isinstance(node, Source) else _value(layers, name, given)
        visit(name, found)
        values[name] = np.zeros_like(found) if silent and isinstance(node, Rectifier) else found
        for start in layers.before[name]:
            waiting[start] -= 1
            if not waiting[start]:
                del values[start]


def batches(layers: Layers, inputs: Mapping[str, Values]) -> Iterator[dict[str, Values]]:
    """`inputs` in parts so small that the largest layer's values stay in bounds."""
    largest = max(math.prod(shape) for shape in layers.shapes.values())
    at_once = max(1, ROOM // (4 * largest))
    for first in range(0, len(next(iter(inputs.values()))), at_once):
        yield {name: np.asarray(values[first : first + at_once], np.float32) for name, values in inputs.items()}


def constants(layers: Layers) -> dict[str, NDArray[np.float64]]:
    """What reaches each node from biases alone, all inputs and rectifiers silent: (*shape) by name."""
    found: dict[str, NDArray[np.float64]] = {}
    zeros = {n: np.zeros((1, *node.shape)) for n, node in layers.nodes.items() if isinstance(node, Source)}

    def keep(name: str, values: Values) -> None:
        if not isinstance(layers.nodes[name], Rectifier):
            found[name] = values[0]

    evaluate(layers, zeros, keep, silent=True)
    return found


def _value(layers: Layers, name: str, given: list[Values]) -> Values:
    node = layers.nodes[name]
    if isinstance(node, Join):
        axis = node.axis % (given[0].ndim - 1)
        return np.concatenate(given, axis=axis + 1)
    total = given[0]
    for more in given[1:]:
        total = total + more
    if isinstance(node, Linear):
        return applied(node.synapse, total).reshape(len(total), *layers.shapes[name])
    if isinstance(node, Scale):
        return scaled(node, total)
    if isinstance(node, Rectifier):
        return np.clip(total, 0, node.upper).reshape(len(total), *layers.shapes[name])
    return _pooled(node, total) if isinstance(node, MaxPool) else total


def scaled(node: Scale, values: Values) -> Values:
    """values * factor + offset; a vector holds one number a channel of an image."""

    def fitting(numbers: Any) -> Values:
        numbers = np.asarray(numbers, values.dtype)
        return np.asarray(numbers.reshape(-1, 1, 1) if numbers.ndim == 1 and values.ndim == 4 else numbers)

    result = values * fitting(node.factor)
    return np.asarray(result if node.offset is None else result + fitting(node.offset))


def applied(synapse: Synapse, values: Values) -> Values:
    """The map with its bias, over a batch, in the type of `values`."""
    flat = values.reshape(len(values), -1)
    if isinstance(synapse, Flatten):
        shape = synapse.output_shape(values.shape[1:])
        return values.reshape(len(values), *(shape or (-1,)))
    if isinstance(synapse, Upsample2d):
        form = picked(ResizeConv2d(synapse.size, np.ones((1, 1, 1, 1))), values.shape[1:])
        return _taken(values, form.rows, form.columns)
    if isinstance(synapse, Dense):
        result = flat @ synapse.weight.T.astype(values.dtype)
    elif isinstance(synapse, Sparse):
        result = (synapse.weight.astype(values.dtype) @ flat.T).T
    else:
        assert isinstance(synapse, Convolving), "all other maps are handled above"
        form = picked(synapse, values.shape[1:])
        result = _convolved(form.convolution, _taken(values, form.rows, form.columns))
    bias = getattr(synapse, "bias", None)
    if bias is None:
        return np.asarray(result)
    return np.asarray(result + bias.astype(values.dtype).reshape(-1, *(1,) * (result.ndim - 2)))


def _taken(values: Values, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Values:
    """Rows and columns of images, zeros where an index is -1."""
    for axis, index in ((2, rows), (3, columns)):
        if np.array_equal(index, np.arange(values.shape[axis])):
            continue
        values = values.take(np.maximum(index, 0), axis)
        if (index < 0).any():
            values[_along(axis, index < 0)] = 0
    return values


def _along(axis: int, index: Any) -> Any:
    """`index` along one axis, everything along those before it."""
    return (*[slice(None)] * axis, index)


def _convolved(own: Conv2d, values: Values) -> Values:
    """Tap by tap, so that no copy of all windows is made."""
    target = own.output_shape(values.shape[1:])
    assert target is not None, "shapes have been checked"
    batch, groups = len(values), own.groups
    edges = [(0, 0), (0, 0), *((p, p) for p in own.padding)]
    padded = np.pad(values, edges) if any(own.padding) else values
    weight = own.weight.reshape(groups, -1, *own.weight.shape[1:]).astype(values.dtype)
    result = np.zeros((batch, groups, weight.shape[1], target[1] * target[2]), values.dtype)
    for y, x in np.ndindex(weight.shape[3:]):
        tap = np.ascontiguousarray(weight[..., y, x])
        if not tap.any():
            continue
        seen = padded[..., _places(own, 0, y, target), _places(own, 1, x, target)]
        seen = seen.reshape(batch, groups, weight.shape[2], -1)
        result += np.matmul(tap, seen) if weight.shape[2] > 1 else tap * seen
    return result.reshape(batch, *target)


def _places(own: Conv2d, axis: int, tap: int, target: Shape) -> slice:
    first = tap * own.dilation[axis]
    return slice(first, first + own.stride[axis] * (target[1 + axis] - 1) + 1, own.stride[axis])


def _pooled(pool: MaxPool, values: Values) -> Values:
    """Axis by axis; places outside the image are lower than any other."""
    for axis in (0, 1):
        place = pool.stride[axis] * np.arange(pool.size[axis]) - pool.begin[axis]
        best = np.full((*values.shape[: 2 + axis], pool.size[axis], *values.shape[3 + axis :]), -np.inf, values.dtype)
        for tap in range(pool.kernel[axis]):
            index = place + tap * pool.dilation[axis]
            inside = (index >= 0) & (index < values.shape[2 + axis])
            where = _along(2 + axis, inside)
            best[where] = np.maximum(best[where], values.take(index[inside], 2 + axis))
        values = best
    return values
