"""ONNX operators as layers: a function each, and the table of them. Source: onnx 1.23, Operators.md."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.converters import onnx_elementwise as elementwise
from neurokit.converters import onnx_maps as maps
from neurokit.converters.dataflow import Join
from neurokit.converters.dataflow_paths import Unfit
from neurokit.converters.layers import Layers, MaxPool, read_part
from neurokit.converters.onnx_constants import FUNCTIONS, MOST_DATA, axes_of, bounded
from neurokit.converters.onnx_maps import AGAIN
from neurokit.converters.onnx_reader import Data, Operator, Reader, Value, constant_of, data_of, node_shape
from neurokit.converters.onnx_records import Model, Operation
from neurokit.errors import ConversionError
from neurokit.graph.synapses import Dense, Shape, Sparse, SumPool2d, Upsample2d, nearest

KIND = "an ONNX model"


def layers_of(model: Model, shapes: Mapping[str, Shape]) -> tuple[Layers, tuple[str, ...]]:
    """The model as layers, and the names of final operations that are left out (Softmax).

    shapes: of the inputs, with a batch of one. Raises ConversionError with every operation that cannot be converted.
    """
    reader = Reader(model, shapes, OPERATORS)
    for operation in model.operations:
        reader.read(operation)
    reader.finish()
    if reader.faults:
        raise ConversionError(reader.faults)
    layers = Layers(reader.nodes, tuple(reader.edges), model.source, KIND)
    return read_part(layers), tuple(reader.left_out)


# ------------------------------------------------------------------------------------------------------- linear maps


def _conv(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    data, weight = data_of(inputs[0]), constant_of(inputs, 1, "weights")
    bias = constant_of(inputs, 2, "bias") if len(inputs) > 2 and inputs[2] is not None else None
    before = reader.padded.get(data.node)
    if before is not None and operation.attributes.get("auto_pad", "NOTSET") in ("NOTSET", "VALID"):
        data, own = before[0], maps.with_pads(operation, before[1])
        result = maps.conv(own, data.shape, weight, bias)
    else:
        result = maps.conv(operation, data.shape, weight, bias)
    shape = result.output_shape(node_shape(data.shape))
    assert shape is not None, "its windows fit"
    return reader.linear(operation, result, data, maps.onnx_shape(shape, data.shape))


def _conv_transpose(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    data, weight = data_of(inputs[0]), constant_of(inputs, 1, "weights")
    bias = constant_of(inputs, 2, "bias") if len(inputs) > 2 and inputs[2] is not None else None
    before = data.shape
    for number, own in enumerate(maps.conv_transpose(operation, before, weight, bias)):
        shape = own.output_shape(node_shape(data.shape))
        assert shape is not None, "its sizes have been computed"
        data = reader.linear(operation, own, data, maps.onnx_shape(shape, before), ".cut" if number else "")
    return data


def _gemm(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    data, weight = data_of(inputs[0]), constant_of(inputs, 1, "weights")
    if operation.attributes.get("transA", 0):
        raise Unfit("transposes its data", "it has transA = 0", AGAIN)
    matrix = weight.T if operation.attributes.get("transB", 0) else weight
    if len(data.shape) != 2 or matrix.ndim != 2:
        raise Unfit(f"is given shape {data.shape} and weights {weight.shape}", "both are matrices", AGAIN)
    own, shape = maps.product(data.shape, matrix * float(operation.attributes.get("alpha", 1.0)), left=False)
    if len(inputs) > 2 and inputs[2] is not None:
        bias = constant_of(inputs, 2, "bias") * float(operation.attributes.get("beta", 1.0))
        if isinstance(own, Dense):
            return reader.linear(operation, Dense(own.weight, _wide(bias, shape).ravel()), data, shape)
        return reader.scaled(operation, reader.linear(operation, own, data, shape, ".product"), 1.0, bias)
    return reader.linear(operation, own, data, shape)


def _wide(value: NDArray[Any], shape: Shape) -> NDArray[Any]:
    try:
        return np.broadcast_to(value, shape)
    except ValueError as error:
        fact = f"has a bias of shape {value.shape} for shape {shape}"
        raise Unfit(fact, "constants broadcast to the data", AGAIN) from error


def _matmul(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    a, b = inputs[:2]
    if isinstance(a, Data) and isinstance(b, Data):
        limit, mend = "one factor is a constant", "Attention has no form in spikes here: train without it."
        raise Unfit("multiplies two values that depend on the input", limit, mend)
    left = isinstance(b, Data)
    data, weight = data_of(b if left else a), constant_of(inputs, 0 if left else 1, "matrix")
    own, shape = maps.product(data.shape, weight, left)
    return reader.linear(operation, own, data, shape)


def _batch_norm(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    data = data_of(inputs[0])
    if operation.attributes.get("training_mode", 0):
        raise Unfit("is in training mode", "a trained network has fixed means", "Call model.eval() before the export.")
    names = ("scale", "bias", "mean", "variance")
    scale, bias, average, variance = (
        constant_of(inputs, place, name).astype(np.float64) for place, name in enumerate(names, 1)
    )
    spread = variance + float(operation.attributes.get("epsilon", 1e-5))
    if (spread <= 0).any():
        raise Unfit("has a variance that is not positive", "variances are positive", "Repair the source.")
    factor = scale / np.sqrt(spread)
    along = (-1, *(1,) * (len(data.shape) - 2))
    return reader.scaled(operation, data, factor.reshape(along), (bias - average * factor).reshape(along))


def _reduce(reader: Reader, operation: Operation, inputs: Sequence[Value], total: bool) -> Data:
    data, axes = data_of(inputs[0]), axes_of(operation, inputs)
    if not axes:
        if operation.attributes.get("noop_with_empty_axes", 0):
            return data
        axes = tuple(range(len(data.shape)))
    free = any(sizes[:1] == (None,) for sizes in reader.model.inputs.values())
    if free and len(data.shape) > 1 and data.shape[0] == 1 and any(axis % len(data.shape) == 0 for axis in axes):
        limit, mend = "samples stay apart", "Leave the batch axis out, or export it with a batch of one."
        raise Unfit(f"reduces the axes {tuple(axes)}, the free batch among them", limit, mend)
    own, shape = maps.mean(data.shape, axes, bool(operation.attributes.get("keepdims", 1)), total)
    return reader.linear(operation, own, data, shape)


# ------------------------------------------------------------------------------------------------------------- pools


def _average_pool(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    data = data_of(inputs[0])
    own, factor, shape = maps.average_pool(operation, data.shape)
    if factor is None:
        return reader.linear(operation, own, data, shape)
    total = reader.linear(operation, own, data, shape, ".sum")
    return reader.scaled(operation, total, factor.reshape(shape))


def _global_average(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    data = data_of(inputs[0])
    kernel, shape = maps.global_pool(data.shape)
    own = SumPool2d(kernel, (1, 1), weight=np.asarray(1 / math.prod(kernel)))
    return reader.linear(operation, own, data, shape)


def _max_pool(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    data = data_of(inputs[0])
    pool, shape = maps.max_pool(operation, data.shape)
    return reader.add(operation, pool, shape, data.node)


def _global_max(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    data = data_of(inputs[0])
    kernel, shape = maps.global_pool(data.shape)
    return reader.add(operation, MaxPool(kernel, (1, 1), (0, 0), (1, 1)), shape, data.node)


def _resize(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    data = data_of(inputs[0])
    image = maps.image_of(data.shape)
    mode = operation.attributes.get("mode", "nearest")
    policy = operation.attributes.get("keep_aspect_ratio_policy", "stretch")
    if mode not in ("nearest", "linear") or operation.attributes.get("antialias", 0):
        limit = "nearest and linear are converted, without antialias"
        raise Unfit(f"interpolates ({mode})", limit, "Train with mode='nearest' or 'bilinear'.")
    if policy != "stretch":
        raise Unfit(f"keeps the aspect ratio ({policy})", "sizes are taken as they stand", AGAIN)
    wanted, scales = _sizes(operation, inputs, data.shape)
    if wanted[:2] != data.shape[:2]:
        raise Unfit(f"resizes {data.shape} to {wanted}", "rows and columns are resized", AGAIN)
    bounded(math.prod(wanted), MOST_DATA)
    size, scales = node_shape(wanted)[1:], [1.0, *scales][-2:] if len(wanted) == 3 else scales[-2:]
    axes = list(zip(image[1:], size, scales, strict=True))
    old = reader.model.opset < 11
    if mode == "linear":
        rows, columns = (maps.interpolation(operation, *axis, old) for axis in axes)
        own = sp.kron(sp.kron(sp.identity(image[0]), rows), columns, format="csr")
        return reader.linear(operation, Sparse(own), data, wanted)
    places = [maps.resized_places(operation, *axis, old) for axis in axes]
    if all((place == nearest(n, after)).all() for place, (n, after, _) in zip(places, axes, strict=True)):
        return reader.linear(operation, Upsample2d((size[0], size[1])), data, wanted)
    table = np.arange(math.prod(image)).reshape(image)[:, places[0]][:, :, places[1]]
    return reader.placed(operation, data, table.reshape(wanted))


def _sizes(operation: Operation, inputs: Sequence[Value], shape: Shape) -> tuple[Shape, list[float]]:
    """Sizes after a resize, and the scales of all axes."""
    if "scales" in operation.attributes:
        scales: Any = operation.attributes["scales"]
    else:
        place = len(inputs) - 1 if len(inputs) < 3 else 2
        scales = constant_of(inputs, place, "scales") if len(inputs) < 4 else ()
    if len(inputs) > 3 and inputs[3] is not None:
        sizes = [int(n) for n in np.ravel(constant_of(inputs, 3, "sizes"))]
        scales = [after / before for after, before in zip(sizes, shape, strict=False)]
    else:
        scales = [float(scale) for scale in np.ravel(scales)]
        sizes = [math.floor(before * scale) for before, scale in zip(shape, scales, strict=False)]
    if len(sizes) != len(shape) or min(sizes) < 1 or not all(math.isfinite(scale) for scale in scales):
        raise Unfit(f"resizes {shape} to {tuple(sizes)}", "one size of at least 1 an axis", AGAIN)
    return tuple(sizes), list(scales)


def _pad(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    data = data_of(inputs[0])
    found = operation.attributes.get("pads")
    found = constant_of(inputs, 1, "pads") if found is None else found
    value = operation.attributes.get("value", 0.0)
    if len(inputs) > 2 and inputs[2] is not None:
        value = np.ravel(constant_of(inputs, 2, "value"))[0]
    axes = range(len(data.shape))
    if len(inputs) > 3 and inputs[3] is not None:
        axes = [int(axis) % len(data.shape) for axis in np.ravel(constant_of(inputs, 3, "axes"))]  # type: ignore[assignment]
    numbers = [int(n) for n in np.ravel(found)]
    if len(numbers) != 2 * len(axes):
        raise Unfit(f"pads are {tuple(numbers)}", "two numbers an axis", AGAIN)
    pairs = [(0, 0)] * len(data.shape)
    for place, axis in enumerate(axes):
        pairs[axis] = numbers[place], numbers[place + len(axes)]
    mode = operation.attributes.get("mode", "constant")
    if mode not in ("constant", "reflect", "edge"):
        raise Unfit(f"pads by '{mode}'", "constant, reflect and edge are converted", AGAIN)
    if mode == "constant" and float(value):
        raise Unfit(f"pads with {float(value):g}", "zeros are converted", "Pad with zeros.")
    padded = (size + max(0, a) + max(0, b) for size, (a, b) in zip(data.shape, pairs, strict=True))
    bounded(math.prod(padded), MOST_DATA)
    table = np.arange(math.prod(data.shape)).reshape(data.shape)
    table = table[tuple(slice(max(0, -a), n - max(0, -b)) for n, (a, b) in zip(data.shape, pairs, strict=True))]
    positive = [(max(0, a), max(0, b)) for a, b in pairs]
    table = np.pad(table, positive, mode, constant_values=-1) if mode == "constant" else np.pad(table, positive, mode)
    result = reader.placed(operation, data, table)
    if mode == "constant" and min(min(pair) for pair in pairs) >= 0 and not any(map(any, pairs[:2])):
        reader.padded[result.node] = data, pairs[2:]
    return result


def _concat(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    parts = [data_of(value, "part") for value in inputs]
    axis = int(operation.attributes.get("axis", 1))
    offsets = np.cumsum([0, *(math.prod(part.shape) for part in parts)])
    bounded(int(offsets[-1]), MOST_DATA)
    tables = [first + np.arange(math.prod(p.shape)).reshape(p.shape) for first, p in zip(offsets, parts, strict=False)]
    try:
        table = np.concatenate(tables, axis)
    except ValueError as error:
        listed = ", ".join(str(part.shape) for part in parts)
        raise Unfit(f"joins shapes {listed} along axis {axis}", "all other sizes are alike", AGAIN) from error
    inner = {node_shape(part.shape) for part in parts}
    axis %= table.ndim
    if all(len(shape) == 3 for shape in inner) and len(node_shape(table.shape)) == 3 and axis > 0:
        along = {1: 0, 2: 2 if table.ndim == 3 else 1, 3: 2}[axis]
        return reader.add(operation, Join(along), table.shape, *_apart(reader, operation, parts))
    vectors = [reader.placed(operation, p, np.arange(math.prod(p.shape)), f".{i}") for i, p in enumerate(parts)]
    joined = reader.add(operation, Join(0), (1, table.size), *_apart(reader, operation, vectors))
    return reader.placed(operation, joined, table, ".sorted")


def _apart(reader: Reader, operation: Operation, parts: Sequence[Data]) -> list[str]:
    """Nodes of the parts, each one once: edges do not repeat."""
    nodes: list[str] = []
    for place, part in enumerate(parts):
        again = part.node in nodes
        nodes.append(reader.scaled(operation, part, part=f".copy{place}").node if again else part.node)
    return nodes


# ------------------------------------------------------------------------------------------------------------- others


def _same(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    if len(inputs) > 2 and isinstance(inputs[2], np.ndarray) and inputs[2].any():  # Dropout's training_mode
        raise Unfit("is in training mode", "a trained network drops nothing", "Call model.eval() before the export.")
    return data_of(inputs[0])


def _cast(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    if int(operation.needed("to")) not in (1, 10, 11, 16):
        raise Unfit("rounds data to integers", "data are floats", "Leave rounding to nk.compile.")
    return data_of(inputs[0])


def _softmax(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    readers = {name for other in reader.model.operations for name in other.inputs}
    if operation.outputs[0] in readers or operation.outputs[0] not in reader.model.outputs:
        limit = "it is left out where it comes last, since it does not change which output is largest"
        raise Unfit(f"is a {operation.kind} that others read", limit, "Cut the model behind it.")
    reader.left_out.append(operation.name)
    return data_of(inputs[0])


OPERATORS: Mapping[str, Operator] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "BatchNormalization": _batch_norm,
    "ReduceMean": partial(_reduce, total=False),
    "ReduceSum": partial(_reduce, total=True),
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global_average,
    "MaxPool": _max_pool,
    "GlobalMaxPool": _global_max,
    "Resize": _resize,
    "Upsample": _resize,
    "Pad": _pad,
    "Concat": _concat,
    "Add": elementwise.add,
    "Sum": elementwise.add,
    "Sub": elementwise.subtract,
    "Mul": elementwise.multiply,
    "Div": elementwise.divide,
    "Neg": elementwise.negative,
    "Relu": elementwise.relu,
    "Clip": elementwise.clip,
    "LeakyRelu": elementwise.leaky,
    "PRelu": elementwise.prelu,
    "Abs": elementwise.absolute,
    "HardSigmoid": elementwise.hard_sigmoid,
    "Max": partial(elementwise.extreme, sign=1.0),
    "Min": partial(elementwise.extreme, sign=-1.0),
    "Dropout": _same,
    "Cast": _cast,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
}
KNOWN = frozenset(OPERATORS) | frozenset(FUNCTIONS)
