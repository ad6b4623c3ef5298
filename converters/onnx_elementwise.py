"""ONNX operators on single values as layers: sums, constant factors, and what rectifiers make: clips, slopes, maxima.

Source: onnx, Operators.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from neurokit.converters.dataflow_paths import Unfit
from neurokit.converters.onnx_constants import bounds_of
from neurokit.converters.onnx_reader import Data, Reader, Value, constant_of, data_of
from neurokit.converters.onnx_records import Operation

# ------------------------------------------------------------------------------------------------- sums and products


def add(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    """Add, Sum."""
    terms = [value for value in inputs if isinstance(value, Data)]
    data = reader.sum(operation, terms, ".sum") if len(terms) > 1 else terms[0]
    offset: Any = 0.0
    for value in inputs:
        if isinstance(value, np.ndarray):
            offset = offset + value.astype(np.float64)
    return reader.scaled(operation, data, 1.0, offset) if len(terms) < len(inputs) else data


def subtract(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    """Sub."""
    a, b = inputs
    if isinstance(a, Data) and isinstance(b, Data):
        return reader.sum(operation, [a, reader.scaled(operation, b, -1.0, part=".minus")])
    if isinstance(a, Data):
        return reader.scaled(operation, a, 1.0, -constant_of(inputs, 1, "second term").astype(np.float64))
    return reader.scaled(operation, data_of(b), -1.0, constant_of(inputs, 0, "first term"))


def multiply(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    """Mul with a constant."""
    data = [value for value in inputs if isinstance(value, Data)]
    if len(data) > 1:
        limit, mend = "one factor is a constant", "Gates have no form in spikes here: train without them."
        raise Unfit("multiplies two values that depend on the input", limit, mend)
    place = 1 if isinstance(inputs[0], Data) else 0
    return reader.scaled(operation, data[0], constant_of(inputs, place, "factor"))


def divide(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    """Div by a constant."""
    divisor = constant_of(inputs, 1, "divisor").astype(np.float64)
    if not divisor.all():
        raise Unfit("divides by zero", "constants are finite", "Repair the source.")
    return reader.scaled(operation, data_of(inputs[0]), 1 / divisor)


def negative(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    """Neg."""
    return reader.scaled(operation, data_of(inputs[0]), -1.0)


# -------------------------------------------------------------------------------------------------------- rectifiers


def relu(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    """Relu."""
    return reader.rectified(operation, data_of(inputs[0]))


def clip(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    """Clip: a rectifier, shifted and bounded; ReLU6 is one of upper bound 6."""
    data = data_of(inputs[0])
    for place, what in ((1, "lower bound"), (2, "upper bound")):
        if len(inputs) > place and inputs[place] is not None:
            constant_of(inputs, place, what)
    low, high = bounds_of(operation, inputs)
    if not low < high:
        raise Unfit(f"has the bounds {low:g} and {high:g}", "the lower one is lower", "Repair the source.")
    if math.isinf(low):  # high - max(high - x, 0)
        if math.isinf(high):
            return data
        turned = reader.rectified(operation, reader.scaled(operation, data, -1.0, high, part=".turned"))
        return reader.scaled(operation, turned, -1.0, high, part=".bounded")
    upper = None if math.isinf(high) else high - low
    if low == 0:
        return reader.rectified(operation, data, upper)
    raised = reader.rectified(operation, reader.scaled(operation, data, 1.0, -low, part=".less"), upper)
    return reader.scaled(operation, raised, 1.0, low, part=".bounded")


def _two_sided(reader: Reader, operation: Operation, data: Data, slope: Any) -> Data:
    """max(x, 0) + slope * max(-x, 0)."""
    above = reader.rectified(operation, data)
    turned = reader.scaled(operation, data, -1.0, part=".turned")
    below = reader.rectified(operation, turned, part=".below")
    return reader.sum(operation, [above, reader.scaled(operation, below, slope, part=".slope")], ".sum")


def leaky(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    """LeakyRelu."""
    return _two_sided(reader, operation, data_of(inputs[0]), -float(operation.attributes.get("alpha", 0.01)))


def prelu(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    """PRelu."""
    slope = constant_of(inputs, 1, "slope").astype(np.float64)
    return _two_sided(reader, operation, data_of(inputs[0]), -slope)


def absolute(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    """Abs."""
    return _two_sided(reader, operation, data_of(inputs[0]), 1.0)


def hard_sigmoid(reader: Reader, operation: Operation, inputs: Sequence[Value]) -> Data:
    """HardSigmoid."""
    alpha, beta = (float(operation.attributes.get(n, usual)) for n, usual in (("alpha", 0.2), ("beta", 0.5)))
    return reader.rectified(operation, reader.scaled(operation, data_of(inputs[0]), alpha, beta, part=".line"), 1.0)


def extreme(reader: Reader, operation: Operation, inputs: Sequence[Value], sign: float) -> Data:
    """Max: b + max(a - b, 0); Min, of sign -1: b - max(b - a, 0)."""
    terms = sorted(inputs, key=lambda value: not isinstance(value, Data))
    total = data_of(terms[0])
    for place, value in enumerate(terms[1:]):
        part = "" if place == len(terms) - 2 else f".{place}"
        if isinstance(value, Data):
            minus = [
                reader.scaled(operation, d, s, part=f"{part}.{n}")
                for d, s, n in ((total, sign, "a"), (value, -sign, "b"))
            ]
            more = reader.rectified(operation, reader.sum(operation, minus, f"{part}.less"), part=part)
            total = reader.sum(
                operation, [value, reader.scaled(operation, more, sign, part=f"{part}.more")], f"{part}.sum"
            )
        else:
            bound = np.asarray(value, np.float64)
            less = reader.scaled(operation, total, sign, -sign * bound, part=f"{part}.less")
            total = reader.scaled(
                operation, reader.rectified(operation, less, part=part), sign, bound, part=f"{part}.sum"
            )
    return total
