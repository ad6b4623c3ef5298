"""ONNX models as plain records: the only place that reads protobuf. Source: onnx 1.23, onnx.proto.

Nothing is executed, and nothing outside the model's folder is read.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from neurokit.converters.onnx_records import Model, Operation
from neurokit.errors import ConversionError, Fault, FormatError

OPSETS = (7, 26)  # 7 brought numpy's broadcasting
MOST_BYTES = 1 << 31  # protobuf's own limit
MOST_NODES = 100_000
MOST_VALUES = 1 << 29  # numbers in all constants together
CONVERTED = "neurokit converts layers of rectifiers: convolutions, products, pools, sums, ReLU and its like, reshapes"
SAMPLE = "Export it again, e.g. with torch.onnx.export."


def read(source: str | PathLike[str] | Any, known: frozenset[str]) -> Model:
    """The model of a file or an onnx.ModelProto. known: kinds of operations that the caller can convert.

    FormatError when the file is missing or no ONNX model, ConversionError with every fault of the graph's structure.
    """
    if isinstance(source, onnx.ModelProto):
        model, folder, name = source, None, "onnx.ModelProto"
    else:
        model, folder, name = parsed(Path(source)), Path(source).parent, Path(source).name
    if not all(isinstance(text, str) for text in _texts(model.graph)):  # protobuf gives bytes where UTF-8 is broken
        raise FormatError(Fault(name, "holds names that are no UTF-8 text", "names are text", SAMPLE))
    opset, faults = _opset(model, name)
    faults += _structure(model.graph, name, known)
    constants, found = _constants(model.graph, folder)
    operations, unread = _operations(model.graph, known)
    faults += [*found, *unread]
    if not faults:
        faults += _checked(model, name)
    if faults:
        raise ConversionError(faults)
    inputs = {value.name: _sizes(value) for value in model.graph.input if value.name not in constants}
    outputs = tuple(value.name for value in model.graph.output)
    return Model(inputs, outputs, constants, operations, opset, name)


def parsed(path: Path) -> onnx.ModelProto:
    """The protobuf message of a file. FormatError when it is missing or no ONNX model."""
    limit = "an ONNX model is a protobuf file"
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise FormatError(Fault(str(path), "is a folder", limit, "Name the .onnx file in it."))
        if size >= MOST_BYTES:
            fact, mend = f"has {size:,} bytes", "Save it with external data."
            raise FormatError(Fault(str(path), fact, "protobuf holds less than 2 GiB", mend))
        content = path.read_bytes()
    except OSError as error:
        fact = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise FormatError(Fault(str(path), fact, limit, "Check the path.")) from error
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except (DecodeError, RecursionError, RuntimeError) as error:
        fact = "is no ONNX model, or truncated, or damaged"
        raise FormatError(Fault(str(path), fact, limit, "Copy or export it again.")) from error
    if not model.HasField("graph") or not model.graph.node:
        raise FormatError(Fault(str(path), "holds no graph", limit, SAMPLE))
    return model


def _texts(graph: onnx.GraphProto) -> Iterator[Any]:
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
    for tensor in graph.initializer:
        yield tensor.name
        yield from (text for entry in tensor.external_data for text in (entry.key, entry.value))
    for value in (*graph.input, *graph.output):
        yield value.name


def _opset(model: onnx.ModelProto, name: str) -> tuple[int, list[Fault]]:
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    faults = []
    low, high = OPSETS
    if len(versions) != 1 or not low <= versions[0] <= high:
        fact = f"states opset {', '.join(map(str, versions)) or 'none'}"
        mend = "Bring it to another opset with onnx.version_converter."
        faults.append(Fault(name, fact, f"neurokit reads opsets {low} to {high} of ai.onnx", mend))
    if model.functions:
        listed = ", ".join(function.name for function in model.functions[:8])
        limit = "neurokit reads operators of ai.onnx"
        faults.append(Fault(name, f"defines functions ({listed})", limit, "Inline them with onnx.inliner."))
    return (versions or [0])[0], faults


# ------------------------------------------------------------------------------------------------------- structure


def _structure(graph: onnx.GraphProto, name: str, known: frozenset[str]) -> Iterator[Fault]:
    if len(graph.node) > MOST_NODES:
        yield Fault(name, f"has {len(graph.node):,} nodes", f"at most {MOST_NODES:,} are read", "Split the model.")
        return
    initial = {tensor.name for tensor in graph.initializer}
    for kind in ("sparse_initializer", "quantization_annotation"):
        if len(getattr(graph, kind)) and kind == "sparse_initializer":
            yield Fault(name, "has sparse initialisers", "neurokit reads dense ones", "Write them as dense tensors.")
    starts = [value for value in graph.input if value.name not in initial]
    if not starts:
        yield Fault(name, "has no input", "a network needs at least one", SAMPLE)
    if not graph.output:
        yield Fault(name, "has no output", "a network needs at least one", SAMPLE)
    for value in (*starts, *graph.output):
        if not value.type.HasField("tensor_type"):
            yield Fault(value.name, "is no tensor", "inputs and outputs are tensors", SAMPLE)
    for tensor_name, count in Counter(tensor.name for tensor in graph.initializer).items():
        if count > 1:
            yield Fault(tensor_name, f"is given {count} times", "an initialiser's name is unique", "Rename one.")
    yield from _values(graph, initial | {value.name for value in starts})


def _values(graph: onnx.GraphProto, given: set[str]) -> Iterator[Fault]:
    """Whether every value has one maker, which comes before its readers."""
    made = Counter(output for node in graph.node for output in node.output if output)
    for value, count in made.items():
        if count > 1 or value in given:
            yield Fault(value, "is made more than once", "each value has one maker", "Rename one.")
    ready = set(given)
    for index, node in enumerate(graph.node):
        for value in node.input:
            if not value or value in ready:
                continue
            fact = f"reads '{value}', which nothing makes"
            mend = SAMPLE
            if value in made:
                fact = f"reads '{value}', which is made by a later node"
                mend = "Sort the nodes; a cycle cannot be: ONNX graphs have none."
            yield Fault(name_of(node, index), fact, "nodes come in the order of the data's way", mend)
        ready.update(node.output)
    for output in graph.output:
        if output.name not in ready:
            yield Fault(output.name, "is an output that nothing makes", "outputs are made by nodes", SAMPLE)


def name_of(node: onnx.NodeProto, index: int) -> str:
    """A node's own name, else that of its first output, else its kind and place."""
    return node.name or next((output for output in node.output if output), f"{node.op_type}_{index}")


def _operations(graph: onnx.GraphProto, known: frozenset[str]) -> tuple[tuple[Operation, ...], list[Fault]]:
    faults: list[Fault] = []
    found = []
    taken: set[str] = set()
    for index, node in enumerate(graph.node[:MOST_NODES]):
        name = name_of(node, index)
        while name in taken:
            name += "'"
        taken.add(name)
        domain = "" if node.domain in ("", "ai.onnx") else f"{node.domain}."
        if domain or node.op_type not in known:
            fact = f"is a {domain}{node.op_type}"
            faults.append(Fault(name, fact, CONVERTED, _instead(node.op_type)))
            continue
        attributes = {}
        for attribute in node.attribute:
            try:
                attributes[attribute.name] = _attribute(attribute)
            except (ValueError, TypeError) as error:
                fact = f"attribute '{attribute.name}' cannot be read ({error})"
                faults.append(Fault(name, fact, "numbers, names and small tensors are read", SAMPLE))
        found.append(Operation(name, node.op_type, tuple(node.input), tuple(node.output), attributes))
    return tuple(found), faults


_MENDS = {
    "Sigmoid": "Train with ReLU, or leave it out where it comes last.",
    "Tanh": "Train with ReLU.",
    "Gelu": "Train with ReLU.",
    "Erf": "Train with ReLU (this is a GELU).",
    "LSTM": "Train a spiking recurrent network and convert it from NIR.",
    "GRU": "Train a spiking recurrent network and convert it from NIR.",
    "RNN": "Train a spiking recurrent network and convert it from NIR.",
}


def _instead(kind: str) -> str:
    return _MENDS.get(kind, "Replace it in the model by such, or cut the model before it.")


def _attribute(attribute: AttributeProto) -> Any:
    if attribute.ref_attr_name or attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
        raise ValueError("it is a graph of its own")
    if attribute.type == AttributeProto.TENSOR:
        return _array(attribute.t, None)
    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("utf8", "replace")
    if attribute.type in (AttributeProto.FLOATS, AttributeProto.INTS):
        return tuple(value)
    if not isinstance(value, int | float):
        raise TypeError(f"it is of type {AttributeProto.AttributeType.Name(attribute.type)}")
    return value


# ------------------------------------------------------------------------------------------------------- constants


def _constants(graph: onnx.GraphProto, folder: Path | None) -> tuple[dict[str, NDArray[Any]], list[Fault]]:
    constants: dict[str, NDArray[Any]] = {}
    faults: list[Fault] = []
    total = 0
    for tensor in graph.initializer:
        total += math.prod(max(0, size) for size in tensor.dims)
        if total > MOST_VALUES:
            limit = f"at most {MOST_VALUES:,} are read"
            faults.append(Fault(tensor.name, f"brings the constants to {total:,} numbers", limit, "Split the model."))
            break
        try:
            constants[tensor.name] = _array(tensor, folder)
        except (ValueError, TypeError, OverflowError, OSError, KeyError, MemoryError) as error:
            fact = f"cannot be read ({' '.join(str(error).split())})"
            faults.append(Fault(tensor.name, fact, "an initialiser holds as many numbers as its sizes say", SAMPLE))
            continue
        if constants[tensor.name].dtype.kind == "f" and not np.isfinite(constants[tensor.name]).all():
            fact = "holds NaN or infinity"
            faults.append(Fault(tensor.name, fact, "weights are finite", "Repair the source: training diverged?"))
    return constants, faults


_KINDS = frozenset(TensorProto.DataType.values())


def _array(tensor: TensorProto, folder: Path | None) -> NDArray[Any]:
    """The tensor as an array; what it says of itself is believed only as far as there are bytes."""
    shape = tuple(int(size) for size in tensor.dims)
    if any(size < 0 for size in shape):
        raise ValueError(f"sizes {shape} are negative")
    count = math.prod(shape)
    if tensor.data_type in (TensorProto.STRING, TensorProto.UNDEFINED) or tensor.data_type not in _KINDS:
        raise ValueError("it holds no numbers")
    kind = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    if tensor.data_location == TensorProto.EXTERNAL:
        return _external(tensor, folder, kind, count).reshape(shape)
    if count > MOST_VALUES or (
        tensor.HasField("raw_data") and kind.itemsize * count > 8 * max(1, len(tensor.raw_data))
    ):
        raise ValueError(f"{len(tensor.raw_data)} bytes for sizes {shape}")
    array = np.asarray(numpy_helper.to_array(tensor))
    if array.shape != shape:
        raise ValueError(f"{array.size} numbers for sizes {shape}")
    return array.astype(np.float32) if array.dtype.kind not in "biuf" else array


def _external(tensor: TensorProto, folder: Path | None, kind: np.dtype[Any], count: int) -> NDArray[Any]:
    """Numbers of a file beside the model; never of one outside its folder."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    if folder is None:
        raise ValueError("its data lie in another file, and an onnx.ModelProto has no folder")
    path = (folder / location).resolve()
    if not location or Path(location).is_absolute() or not path.is_relative_to(folder.resolve()):
        raise ValueError(f"its data lie outside the model's folder ('{location}')")
    if not path.is_file():
        raise ValueError(f"the file '{location}' with its data is not there")
    offset, length = int(entries.get("offset", 0)), count * kind.itemsize
    if int(entries.get("length", length)) != length or offset < 0 or offset + length > path.stat().st_size:
        raise ValueError(f"'{location}' does not hold {length} bytes from {offset} on")
    return np.fromfile(path, kind.newbyteorder("<"), count, offset=offset).astype(kind)


def _sizes(value: onnx.ValueInfoProto) -> tuple[int | None, ...]:
    sizes = value.type.tensor_type.shape.dim
    return tuple(int(size.dim_value) if size.HasField("dim_value") and size.dim_value > 0 else None for size in sizes)


def _checked(model: onnx.ModelProto, name: str) -> list[Fault]:
    """What ONNX's own checker says of a graph whose structure is sound: attributes and their types.

    Initialisers go in as inputs, so that their bytes are not copied and no other file is opened.
    """
    bare = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    bare.graph.name = "graph"
    bare.graph.node.extend(model.graph.node)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    bare.graph.input.extend(value for value in model.graph.input if value.name not in tensors)
    bare.graph.input.extend(
        helper.make_tensor_value_info(key, tensor.data_type, tensor.dims) for key, tensor in tensors.items()
    )
    bare.graph.output.extend(model.graph.output)
    for value in (*bare.graph.input, *bare.graph.output):
        value.type.tensor_type.shape.SetInParent()  # the checker wants one; sizes are found out later
    try:
        onnx.checker.check_model(bare)
    except (onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        message = " ".join(str(error).split())[:400]
        return [Fault(name, f"onnx's checker rejects it ({message})", "a valid model is needed", SAMPLE)]
    return []
