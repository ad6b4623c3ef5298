"""Order of neurons: images are (channels, height, width) in a Program and (width, height, channels) in Lava."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Program, Projection
from neurokit.graph.synapses import Shape


def lava_shape(shape: Shape) -> Shape:
    """Shape of a population in Lava: an image turned round, anything else as it is."""
    return shape[::-1] if len(shape) == 3 else shape


def to_lava(values: Any, shape: Shape) -> NDArray[Any]:
    """A parameter of a population of `shape` (it may broadcast), in Lava's order."""
    full = np.broadcast_to(values, shape)
    return np.ascontiguousarray(full.T if len(shape) == 3 else full)


def from_lava(values: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """(..., *lava_shape(shape)) as (..., *shape): a view."""
    if len(shape) != 3:
        return values
    lead = values.ndim - 3
    return values.transpose(*range(lead), lead + 2, lead + 1, lead)


def order(shape: Shape) -> NDArray[np.int64]:
    """For each neuron in Lava's flat order, its place in the Program's flat order: (n,)."""
    return to_lava(np.arange(int(np.prod(shape))).reshape(shape), shape).ravel()


def rows_and_columns(program: Program, projection: Projection) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where Lava's flat targets and sources are in the Program's weights: inputs come in the Program's order."""
    source = program.shape_of(projection.source)
    columns = np.arange(int(np.prod(source))) if projection.source in program.inputs else order(source)
    return order(program.shape_of(projection.target)), columns
