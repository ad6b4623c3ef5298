"""The operations of an ONNX model, for `neurokit inspect`."""

from __future__ import annotations

import math
from os import PathLike
from pathlib import Path
from typing import Any

from neurokit.converters.listing import Listing, Piece
from neurokit.converters.onnx_reading import MOST_NODES, name_of, parsed


def listing(source: str | PathLike[str] | Any, *, inputs: str | None = None) -> Listing:
    """Operations of an `.onnx` file or an onnx.ModelProto, in the model's order. FormatError as `from_onnx.load`."""
    model = parsed(Path(source)) if isinstance(source, str | PathLike) else source
    graph = model.graph
    held = {tensor.name: math.prod(tensor.dims) for tensor in graph.initializer}
    shapes = {value.name: _sizes(value) for value in (*graph.value_info, *graph.output)}
    pieces = [Piece(value.name, "input", _sizes(value)) for value in graph.input if value.name not in held]
    taken: set[str] = set()
    counted: set[str] = set()
    for index, node in enumerate(graph.node[:MOST_NODES]):
        name = name_of(node, index)
        while name in taken:  # as the converter names them
            name += "'"
        taken.add(name)
        own = [value for value in dict.fromkeys(node.input) if value in held and value not in counted]
        counted.update(own)
        kind = f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
        shape = shapes.get(node.output[0]) if node.output else None
        pieces.append(Piece(name, kind, shape, sum(held[value] for value in own)))
    opsets = [str(entry.version) for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    writer = " ".join(filter(None, (model.producer_name, model.producer_version)))
    told = f"ONNX model, opset {', '.join(opsets) or 'not stated'}{f', written by {writer}' if writer else ''}"
    return Listing(tuple(pieces), (("format", told),))


def _sizes(value: Any) -> tuple[int, ...] | None:
    """Sizes of a value, None where the model leaves one free."""
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
        return None
    sizes = [size.dim_value for size in value.type.tensor_type.shape.dim]
    return tuple(sizes) if sizes and all(sizes) else None
