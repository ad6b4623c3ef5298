"""The walk through an ONNX model: values are constants, which are folded, or data, which nodes of `layers` give.

Data have a batch of one throughout, so that Shape has a value and every size is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.converters import onnx_maps as maps
from neurokit.converters.dataflow import Linear, Scale, Sink, Source
from neurokit.converters.dataflow_paths import Unfit
from neurokit.converters.layers import Layer, Rectifier
from neurokit.converters.onnx_constants import FUNCTIONS, MOST_DATA, REARRANGING, bounded, evaluated
from neurokit.converters.onnx_maps import AGAIN
from neurokit.converters.onnx_records import Model, Operation
from neurokit.converters.windows import picked_places
from neurokit.errors import Fault
from neurokit.graph.synapses import Flatten, Shape, Synapse


@dataclass(frozen=True)
class Data:
    """A value that depends on the input. node: whose it is. shape: ONNX's, with a batch of one."""

    node: str
    shape: Shape


Value: TypeAlias = "Data | NDArray[Any] | None"
Operator: TypeAlias = "Callable[[Reader, Operation, Sequence[Value]], Data]"


def node_shape(shape: Shape) -> Shape:
    """The shape of the node that holds data of ONNX's `shape`: an image, or a vector."""
    if len(shape) in (3, 4) and shape[0] == 1:
        return maps.image_of(shape)
    return (math.prod(shape),)


class Reader:
    """Layers in the making."""

    def __init__(self, model: Model, shapes: Mapping[str, Shape], operators: Mapping[str, Operator]) -> None:
        self.model = model
        self.operators = operators
        self.values: dict[str, Value] = dict(model.constants)
        self.nodes: dict[str, Layer] = {}
        self.edges: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.broken: set[str] = set()  # values behind a fault
        self.padded: dict[str, tuple[Data, list[tuple[int, int]]]] = {}  # nodes of zero padding: of what, how much
        self.left_out: list[str] = []
        self.reserved = set(model.outputs)
        for name, shape in shapes.items():
            self.nodes[name] = Source(node_shape(shape))
            self.values[name] = Data(name, shape)

    # --------------------------------------------------------------------------------------------------- the walk

    def read(self, operation: Operation) -> None:
        """One operation; its outputs become values, or its fault is kept."""
        if self.broken.intersection(operation.inputs):
            self.broken.update(operation.outputs)
            return
        try:
            inputs = [self.values[name] if name else None for name in operation.inputs]
            outputs = self._outputs(operation, inputs)
        except Unfit as unfit:
            self._refuse(operation, *unfit.words)
        except KeyError as error:
            mend = "Remove what reads it, such as a mask or indices."
            self._refuse(operation, f"reads {error}, which is not made here", "operators give their first output", mend)
        except (ValueError, IndexError, TypeError, OverflowError) as error:  # attributes that no exporter writes
            fact = f"cannot be read ({' '.join(str(error).split())})"
            self._refuse(operation, fact, "its inputs fit its attributes", AGAIN)
        else:
            self.values.update(zip(operation.outputs, outputs, strict=False))

    def _refuse(self, operation: Operation, fact: str, limit: str, mend: str) -> None:
        self.faults.append(Fault(operation.name, fact, limit, mend))
        self.broken.update(operation.outputs)

    def _outputs(self, operation: Operation, inputs: list[Value]) -> Sequence[Value]:
        kind, constant = operation.kind, not any(isinstance(value, Data) for value in inputs)
        if kind == "Shape" and isinstance(inputs[0], Data):
            return evaluated(operation, [np.broadcast_to(np.zeros(()), inputs[0].shape)])
        if constant and kind in FUNCTIONS:
            return evaluated(operation, inputs)
        if kind in REARRANGING:
            return self._rearranged(operation, inputs)
        if kind not in self.operators:
            raise Unfit(f"is a {kind} of data", "it is computed for constants only", AGAIN)
        return [self.operators[kind](self, operation, inputs)]

    def finish(self) -> None:
        """Outputs."""
        for name in self.model.outputs:
            value = self.values.get(name)
            if name in self.broken:
                continue
            if not isinstance(value, Data):
                self.faults.append(Fault(name, "does not depend on an input", "outputs are computed", "Remove it."))
                continue
            sink = name
            while sink in self.nodes:
                sink += "'"
            self.nodes[sink] = Sink()
            self.edges.append((value.node, sink))

    # ---------------------------------------------------------------------------------------------------- building

    def add(self, operation: Operation, layer: Layer, shape: Shape, *before: str, part: str = "") -> Data:
        """A node named after the operation, behind others; the data it gives."""
        name = operation.name + part
        while name in self.nodes or name in self.reserved:
            name += "'"
        self.nodes[name] = layer
        self.edges += [(start, name) for start in before]
        return Data(name, shape)

    def linear(self, operation: Operation, own: Synapse, data: Data, shape: Shape, part: str = "") -> Data:
        """A map to data of ONNX's `shape`."""
        inner = node_shape(shape)
        given = own.output_shape(node_shape(data.shape))
        stated = None if given == inner else inner
        if stated is not None and given is not None and len(given) > 1:  # an image that goes on as a vector
            image = self.add(operation, Linear(own), shape, data.node, part=part)
            return self.add(operation, Linear(Flatten()), shape, image.node, part=f"{part}.vector")
        return self.add(operation, Linear(own, stated), shape, data.node, part=part)

    def scaled(self, operation: Operation, data: Data, factor: Any = 1.0, offset: Any = None, part: str = "") -> Data:
        """data * factor + offset, constants that broadcast to the data."""
        shift = None if offset is None else _spread(offset, data.shape)
        return self.add(operation, Scale(_spread(factor, data.shape), shift), data.shape, data.node, part=part)

    def sum(self, operation: Operation, terms: Sequence[Data], part: str = "") -> Data:
        """The sum of data of one shape."""
        if len({term.shape for term in terms}) > 1 or len({node_shape(term.shape) for term in terms}) > 1:
            listed = " and ".join(str(term.shape) for term in terms)
            mend = "Expand the smaller one first, in torch by expand_as."
            raise Unfit(f"combines shapes {listed}", "data that are added have one shape", mend)
        counts: dict[str, int] = {}
        for term in terms:
            counts[term.node] = counts.get(term.node, 0) + 1
        several = [
            node
            if count == 1
            else self.scaled(operation, Data(node, terms[0].shape), float(count), part=f"{part}.times").node
            for node, count in counts.items()
        ]
        return self.add(operation, Scale(np.ones(())), terms[0].shape, *several, part=part)

    def rectified(self, operation: Operation, data: Data, upper: float | None = None, part: str = "") -> Data:
        """min(max(data, 0), upper)."""
        return self.add(operation, Rectifier(upper=upper), data.shape, data.node, part=part)

    def _rearranged(self, operation: Operation, inputs: list[Value]) -> Sequence[Value]:
        """Data in another order: found by doing the same to a table of places."""
        data = inputs[0]
        if not isinstance(data, Data) or any(isinstance(value, Data) for value in inputs[1:]):
            raise Unfit("is told by data how to rearrange", "shapes and indices are constants", AGAIN)
        size = math.prod(data.shape)
        bounded(size, MOST_DATA)
        tables = evaluated(operation, [np.arange(size).reshape(data.shape), *inputs[1:]])
        for table in tables:
            bounded(table.size, MOST_DATA)
        parts = [f".{i}" if len(tables) > 1 else "" for i in range(len(tables))]
        return [self.placed(operation, data, table, part) for table, part in zip(tables, parts, strict=True)]

    def placed(self, operation: Operation, data: Data, table: NDArray[Any], part: str = "") -> Data:
        """Element i of the result is element table[i] of the data, 0 where that is -1."""
        shape, size = tuple(int(n) for n in table.shape), math.prod(data.shape)
        if not table.size:
            raise Unfit("gives no values", "shapes are at least 1", AGAIN)
        before, after = node_shape(data.shape), node_shape(shape)
        if table.size == size and (table.ravel() == np.arange(size)).all():
            if before == after:
                return Data(data.node, shape)
            stated = None if len(after) == 1 else after
            return self.add(operation, Linear(Flatten(), stated), shape, data.node, part=part)
        return self.linear(operation, picked_places(table.ravel(), size), data, shape, part)


def _spread(value: Any, shape: Shape) -> NDArray[np.float64]:
    """A constant as numbers for a node: one, one a channel, or one a value."""
    inner = node_shape(shape)
    try:
        wide = np.broadcast_to(np.asarray(value, np.float64), shape).reshape(inner)
    except ValueError as error:
        fact = f"combines shape {shape} and a constant of shape {np.shape(value)}"
        raise Unfit(fact, "constants broadcast to the data", AGAIN) from error
    if not np.isfinite(wide).all():
        raise Unfit("computes with NaN or infinity", "constants are finite", "Repair the source.")
    if (wide == wide.flat[0]).all():
        return np.asarray(wide.flat[0])
    if len(inner) == 3 and (wide == wide[:, :1, :1]).all():
        return wide[:, :1, :1]
    return wide


def data_of(value: Value, what: str = "input") -> Data:
    if not isinstance(value, Data):
        raise Unfit(f"its {what} is a constant", "it takes data", AGAIN)
    return value


def constant_of(inputs: Sequence[Value], place: int, what: str) -> NDArray[Any]:
    value = inputs[place] if len(inputs) > place else None
    if not isinstance(value, np.ndarray):
        fact = f"its {what} is computed from the input" if isinstance(value, Data) else f"has no {what}"
        raise Unfit(fact, f"the {what} is a constant", "Replace it by an operator with trained weights.")
    return value
