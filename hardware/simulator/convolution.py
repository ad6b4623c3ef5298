"""Convolutions laid out for their kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.synapses import Conv2d, Shape
from neurokit.hardware.simulator.conv_kernels import IMAGE_NS, SCATTER_NS, convolve_rows
from neurokit.hardware.simulator.kernels import count_nonzero
from neurokit.hardware.simulator.product import Product, plan_product
from neurokit.hardware.simulator.vectors import HAS_DOT

TOGETHER = 1 << 15  # weights that are looked at together
EXACT_FLOAT32 = 2**24  # integers up to here are exact in float32, partial sums included


@dataclass(frozen=True, eq=False)
class ConvPlan:
    """A Conv2d laid out for the kernels.

    by_source: (in channels, kernel rows, kernel columns, out channels / groups), contiguous over targets.
    as_matrix: (groups, out channels / groups, taps) float32, or None for float weights and where there is a product.
    geometry: (in channels, in rows, in columns, out channels, out rows, out columns, kernel rows, kernel columns,
        stride y, x, padding y, x, dilation y, x, groups).
    reach: largest possible |sum| for payloads of size 1.
    product: the same as dot products of bytes, or None. worth: events a row from which on that is cheaper.
    """

    by_source: NDArray[Any]
    as_matrix: NDArray[np.float32] | None
    geometry: NDArray[np.int64]
    reach: float
    product: Product | None
    worth: float


def plan_convolution(synapse: Conv2d, source: Shape, weight_type: Any) -> ConvPlan:
    """Lay out `synapse`, whose source has shape `source`, with weights as `weight_type`."""
    weight = synapse.weight
    out_channels, per_group, rows, columns = weight.shape
    target = synapse.output_shape(source)
    if target is None:  # our own bug: the graph has been checked
        raise AssertionError(f"{synapse} does not fit {source}")
    groups = synapse.groups
    grouped = weight.reshape(groups, out_channels // groups, per_group, rows, columns)
    by_source = np.ascontiguousarray(grouped.astype(weight_type).transpose(0, 2, 3, 4, 1)).reshape(
        groups * per_group, rows, columns, out_channels // groups
    )
    product = plan_product(synapse, source, target) if HAS_DOT else None
    per_event = rows * columns * (out_channels // groups) / (synapse.stride[0] * synapse.stride[1]) * 1e-9 * SCATTER_NS
    scattered = 1e-9 * IMAGE_NS * target[0] * target[1] * target[2]  # whatever the events
    as_matrix = None
    if weight.dtype.kind in "iu" and product is None:
        as_matrix = np.ascontiguousarray(grouped.reshape(groups, out_channels // groups, -1), np.float32)
    geometry = (*source, *target, rows, columns, *synapse.stride, *synapse.padding, *synapse.dilation, groups)
    return ConvPlan(
        by_source,
        as_matrix,
        np.array(geometry, np.int64),
        _reach(weight),
        product,
        max(0.0, product.seconds - scattered) / per_event if product is not None else np.inf,
    )


def _reach(weight: NDArray[Any]) -> float:
    """The largest sum of |weights| of an output channel; some channels at a time, so that no large copy is made."""
    flat = weight.reshape(len(weight), -1)
    together = max(1, TOGETHER // max(1, flat.shape[1]))
    pieces = (flat[k : k + together] for k in range(0, len(flat), together))
    return max((float(np.abs(piece, dtype=np.float64).sum(axis=1).max()) for piece in pieces), default=0.0)


def worth_product(plan: ConvPlan, rows: NDArray[Any], events: int, largest: float) -> bool:
    """Whether dot products are the cheaper way for rows with so many events."""
    if plan.product is None:
        return False
    dearer = 1 if rows.dtype == np.uint8 else plan.product.digits(largest)
    return events > dearer * plan.worth * len(rows)


def convolve(plan: ConvPlan, rows: NDArray[Any], acc: NDArray[Any], largest: float) -> None:
    """Add the convolution of each row to acc. rows: (n, in) payloads up to `largest`; acc: (n, out), channels first."""
    events = count_nonzero(rows)
    if events == 0:
        return
    if plan.product is not None and acc.dtype == np.int32 and worth_product(plan, rows, events, largest):
        plan.product.add(rows, acc, largest)
        return
    exact = plan.as_matrix is not None and plan.reach * largest < EXACT_FLOAT32
    matrix = plan.as_matrix if plan.as_matrix is not None and exact else np.zeros((1, 1, 1), np.float32)
    convolve_rows(rows, plan.by_source, matrix, plan.geometry, acc, exact)
