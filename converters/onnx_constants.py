"""ONNX operators evaluated in numpy: on constants, and on tables of places, which show how data are rearranged.

Each function takes an operation and its inputs and gives its outputs. What would become too large is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.dataflow_paths import Unfit
from neurokit.converters.onnx_records import Operation

Array: TypeAlias = NDArray[Any]
Function: TypeAlias = Callable[[Operation, Sequence[Any]], "tuple[Array, ...]"]

MOST = 1 << 27  # numbers of one result
MOST_DATA = 1 << 24  # values of a layer


def evaluated(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    """Outputs of one operation on arrays (None for an input that is left out). Unfit where they do not fit it."""
    try:
        return FUNCTIONS[operation.kind](operation, inputs)
    except Unfit:
        raise
    except (ValueError, IndexError, TypeError, KeyError, AttributeError, ZeroDivisionError, OverflowError) as error:
        fact = f"cannot be evaluated ({' '.join(str(error).split())})"
        raise Unfit(fact, "its inputs fit its attributes", "Export it again, e.g. with torch.onnx.export.") from error


def bounded(count: int, most: int = MOST) -> None:
    """Unfit where a result would have more than `most` numbers."""
    if count > most:
        raise Unfit(f"makes {count:,} numbers", f"at most {most:,} are computed", "Split the model.")


def axes_of(operation: Operation, inputs: Sequence[Any], place: int = 1) -> tuple[int, ...] | None:
    """`axes`, an attribute at first and an input since opset 13 (18 in reductions)."""
    found = operation.attributes.get("axes")
    if found is None and len(inputs) > place and inputs[place] is not None:
        found = inputs[place]
    return None if found is None else tuple(int(axis) for axis in np.ravel(found))


def _reshape(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    data, wanted = inputs[0], [int(size) for size in np.ravel(inputs[1])]
    if not operation.attributes.get("allowzero", 0):
        wanted = [data.shape[i] if size == 0 else size for i, size in enumerate(wanted)]
    return (data.reshape(wanted),)


def _flatten(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    axis = int(operation.attributes.get("axis", 1))
    shape = inputs[0].shape
    axis = axis + len(shape) if axis < 0 else axis
    return (inputs[0].reshape(math.prod(shape[:axis]), -1),)


def _squeeze(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    axes = axes_of(operation, inputs)
    return (np.squeeze(inputs[0], axes),)


def _unsqueeze(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    return (np.expand_dims(inputs[0], axes_of(operation, inputs) or ()),)


def _transpose(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    return (np.transpose(inputs[0], operation.attributes.get("perm")),)


def _slice(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    data = inputs[0]
    if "starts" in operation.attributes:
        starts, ends = operation.attributes["starts"], operation.needed("ends")
        axes, steps = operation.attributes.get("axes"), None
    else:
        starts, ends, axes, steps = (*inputs[1:], None, None, None, None)[:4]
    starts, ends = np.ravel(starts), np.ravel(ends)
    axes = range(len(starts)) if axes is None else np.ravel(axes)
    steps = np.ones(len(starts), int) if steps is None else np.ravel(steps)
    where: list[Any] = [slice(None)] * data.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        last = None if step < 0 and end < -data.shape[int(axis)] else int(end)
        where[int(axis)] = slice(int(start), last, int(step))
    return (data[tuple(where)],)


def _split(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    data, axis, parts = inputs[0], int(operation.attributes.get("axis", 0)), len(operation.outputs)
    sizes = operation.attributes.get("split")
    if sizes is None and len(inputs) > 1 and inputs[1] is not None:
        sizes = np.ravel(inputs[1])
    if sizes is None:
        most = -(-data.shape[axis] // parts)
        return tuple(data.take(range(i * most, min((i + 1) * most, data.shape[axis])), axis) for i in range(parts))
    if sum(int(size) for size in sizes) != data.shape[axis]:
        raise ValueError("the parts do not add up to the whole")
    return tuple(np.split(data, np.cumsum(sizes)[:-1], axis))


def _gather(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    data, places, axis = inputs[0], np.asarray(inputs[1]), int(operation.attributes.get("axis", 0))
    bounded(data.size // max(1, data.shape[axis]) * places.size)
    return (np.take(data, places.astype(np.int64), axis),)


def _expand(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    shape = np.broadcast_shapes(inputs[0].shape, tuple(int(size) for size in np.ravel(inputs[1])))
    bounded(math.prod(shape))
    return (np.broadcast_to(inputs[0], shape),)


def _tile(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    repeats = [int(n) for n in np.ravel(inputs[1])]
    bounded(inputs[0].size * math.prod(repeats))
    return (np.tile(inputs[0], repeats),)


def _depth_to_space(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    n, c, h, w = inputs[0].shape
    b = int(operation.needed("blocksize"))
    if operation.attributes.get("mode", "DCR") == "DCR":
        split = inputs[0].reshape(n, b, b, c // (b * b), h, w).transpose(0, 3, 4, 1, 5, 2)
    else:
        split = inputs[0].reshape(n, c // (b * b), b, b, h, w).transpose(0, 1, 4, 2, 5, 3)
    return (split.reshape(n, c // (b * b), h * b, w * b),)


def _space_to_depth(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    n, c, h, w = inputs[0].shape
    b = int(operation.needed("blocksize"))
    split = inputs[0].reshape(n, c, h // b, b, w // b, b).transpose(0, 3, 5, 1, 2, 4)
    return (split.reshape(n, c * b * b, h // b, w // b),)


def _concat(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    return (np.concatenate(inputs, int(operation.attributes.get("axis", 1))),)


def _shape(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    start, end = operation.attributes.get("start", 0), operation.attributes.get("end")
    return (np.asarray(inputs[0].shape[start:end], np.int64),)


def _constant(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    (key,) = operation.attributes
    value = operation.attributes[key]
    if key not in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        raise ValueError(f"a constant of kind {key}")
    kind = None if key == "value" else np.float32 if "float" in key else np.int64
    return (np.asarray(value, kind),)


def _constant_of_shape(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    shape = tuple(int(size) for size in np.ravel(inputs[0]))
    bounded(math.prod(shape))
    value = np.ravel(operation.attributes.get("value", np.zeros(1, np.float32)))
    return (np.full(shape, value[0]),)


def _range(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    start, limit, step = (np.ravel(value)[0] for value in inputs)
    bounded(int(max(0, math.ceil((float(limit) - float(start)) / float(step)))))
    return (np.arange(start, limit, step),)


_TYPES = {1: "f4", 2: "u1", 3: "i1", 4: "u2", 5: "i2", 6: "i4", 7: "i8", 9: "?", 10: "f4", 11: "f8", 12: "u4", 13: "u8"}


def _cast(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    return (np.asarray(inputs[0]).astype(_TYPES[int(operation.needed("to"))]),)


def _dequantize(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    data, scale = np.asarray(inputs[0], np.float32), np.asarray(inputs[1], np.float32)
    zero = np.zeros((), np.float32) if len(inputs) < 3 or inputs[2] is None else np.asarray(inputs[2], np.float32)
    axis = int(operation.attributes.get("axis", 1))
    if operation.attributes.get("block_size", 0):
        raise ValueError("scales of blocks")
    if scale.ndim == 1 and scale.size > 1:
        along = [1] * data.ndim
        along[axis] = -1
        scale, zero = scale.reshape(along), zero.reshape(along) if zero.ndim else zero
    return ((data - zero) * scale,)


def _reduce(function: Any) -> Function:
    def reduced(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
        keep, axes = bool(operation.attributes.get("keepdims", 1)), axes_of(operation, inputs) or None
        if axes is None and operation.attributes.get("noop_with_empty_axes", 0):
            return (np.asarray(inputs[0]),)
        return (np.asarray(function(inputs[0], axis=axes, keepdims=keep)),)

    return reduced


def _numbers(function: Any) -> Function:
    """An elementwise function that broadcasts as numpy's; integers stay integers."""

    def computed(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
        arrays = [np.asarray(value) for value in inputs]
        bounded(math.prod(np.broadcast_shapes(*(array.shape for array in arrays))))
        with np.errstate(all="ignore"):
            return (np.asarray(function(*arrays), arrays[0].dtype),)

    return computed


def _divide(a: Array, b: Array) -> Array:
    if a.dtype.kind not in "iu":
        return np.asarray(a / b)
    return np.asarray(np.trunc(a / b))


def _clip(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    low, high = bounds_of(operation, inputs)
    return (np.clip(inputs[0], low, high),)


def bounds_of(operation: Operation, inputs: Sequence[Any]) -> tuple[float, float]:
    """Clip's bounds: attributes before opset 11, then inputs."""
    low, high = (*inputs[1:], None, None)[:2]
    low = operation.attributes.get("min", -math.inf) if low is None else np.ravel(low)[0]
    high = operation.attributes.get("max", math.inf) if high is None else np.ravel(high)[0]
    return float(low), float(high)


def _product(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    a, b = (np.asarray(value) for value in inputs)
    bounded(a.size * (b.shape[-1] if b.ndim else 1))  # the result, and the work at most MOST times a row
    return (np.matmul(a, b),)


def _compared(function: Any) -> Function:
    """As `_numbers`, with a type of its own."""

    def computed(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
        bounded(math.prod(np.broadcast_shapes(*(np.shape(value) for value in inputs))))
        return (np.asarray(function(*inputs)),)

    return computed


def _modulo(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    return _numbers(np.fmod if operation.attributes.get("fmod", 0) else np.mod)(operation, inputs)


def _same(operation: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    return (np.asarray(inputs[0]),)


REARRANGING: Mapping[str, Function] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Slice": _slice,
    "Split": _split,
    "Gather": _gather,
    "Expand": _expand,
    "Tile": _tile,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Identity": _same,
}
FUNCTIONS: Mapping[str, Function] = {
    **REARRANGING,
    "Concat": _concat,
    "Shape": _shape,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Range": _range,
    "Cast": _cast,
    "DequantizeLinear": _dequantize,
    "ReduceProd": _reduce(np.prod),
    "ReduceSum": _reduce(np.sum),
    "ReduceMean": _reduce(np.mean),
    "Add": _numbers(np.add),
    "Sub": _numbers(np.subtract),
    "Mul": _numbers(np.multiply),
    "Div": _numbers(_divide),
    "Pow": _numbers(np.power),
    "Neg": _numbers(np.negative),
    "Abs": _numbers(np.abs),
    "Sqrt": _numbers(np.sqrt),
    "Exp": _numbers(np.exp),
    "Reciprocal": _numbers(lambda a: 1 / a),
    "Floor": _numbers(np.floor),
    "Ceil": _numbers(np.ceil),
    "Relu": _numbers(lambda a: np.maximum(a, 0)),
    "Clip": _clip,
    "MatMul": _product,
    "Equal": _compared(np.equal),
    "Less": _compared(np.less),
    "Greater": _compared(np.greater),
    "And": _compared(np.logical_and),
    "Or": _compared(np.logical_or),
    "Not": lambda operation, inputs: (np.logical_not(inputs[0]),),
    "Where": _compared(np.where),
    "Mod": _modulo,
}
