"""Folding: each projection's chain of maps becomes one map and a constant.

Pools, resizes and flattens need no neurons of their own: a pool before a dense layer multiplies into its weights, a
pool before a convolution becomes a larger kernel with a larger stride, a resize before a convolution is one map with
it, and what fits none of these becomes listed synapses.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.graph.network import Network
from neurokit.graph.synapses import (
    Conv2d,
    Convolving,
    Dense,
    Flatten,
    Injection,
    ResizeConv2d,
    Shape,
    Sparse,
    SumPool2d,
    Synapse,
    Upsample2d,
    Weighted,
)
from neurokit.lower.images import Picked, picked


def fold(network: Network) -> tuple[Network, dict[str, NDArray[np.float64]]]:
    """A network whose projections have one map without bias, and the biases by population.

    Requires a sound network. The biases (broadcasting to the population's shape) are the sum over its projections, as
    synaptic input per step. What the network computes stays the same, up to the order of float sums.
    """
    biases: dict[str, NDArray[np.float64]] = {}
    projections = []
    for projection in network.projections:
        target = network.populations[projection.target].shape
        synapse, bias = fold_chain(projection.synapses, network.shape_of(projection.source), target)
        projections.append(replace(projection, synapses=(synapse,)))
        if bias.any():
            biases[projection.target] = biases.get(projection.target, np.zeros(())) + bias
    return replace(network, projections=tuple(projections)), biases


def fold_chain(synapses: tuple[Synapse, ...], source: Shape, target: Shape) -> tuple[Synapse, NDArray[np.float64]]:
    """One map for a chain, and its constant, which broadcasts to `target`."""
    constant = _constant(synapses, source, target)
    maps: list[tuple[Synapse, Shape]] = []
    shape = source
    for synapse in synapses:
        if not isinstance(synapse, Flatten):
            maps.append((synapse, shape))
        shape = _fits(synapse.output_shape(shape))
    while len(maps) > 1:
        (first, at), (second, between) = maps[0], maps[1]
        maps[:2] = [(_join(first, at, second, between), at)]
    if not maps:
        return Sparse(sp.identity(math.prod(source), format="csr")), constant
    single = _single(*maps[0])
    if isinstance(single, Convolving) and single.output_shape(source) != target:  # flattened: these give images only
        single = Sparse(to_matrix(single, source))
    return single, constant


def to_matrix(synapse: Synapse, source: Shape) -> sp.csr_matrix:
    """The map as a matrix (targets, sources) over flattened populations, biases left out."""
    if isinstance(synapse, Dense):
        return sp.csr_matrix(synapse.weight)
    if isinstance(synapse, Sparse):
        return synapse.weight
    if isinstance(synapse, Flatten | Injection):
        return sp.identity(math.prod(source), format="csr")
    image = _single(synapse, source)
    assert isinstance(image, Convolving), "all other maps are handled above"
    return _image_matrix(picked(image, source))


def _join(first: Synapse, source: Shape, second: Synapse, between: Shape) -> Synapse:
    if isinstance(first, SumPool2d) and isinstance(second, Conv2d) and _tiles(first, source):
        return _pool_into_convolution(first, second)
    if isinstance(first, Upsample2d) and isinstance(second, Conv2d | SumPool2d):
        after = picked(second, between).convolution
        return ResizeConv2d(first.size, after.weight, after.stride, after.padding, after.dilation, after.groups)
    matrix = to_matrix(second, between) @ to_matrix(first, source)
    if isinstance(second, Dense):
        return Dense(matrix.toarray())
    return Sparse(matrix)


def _single(synapse: Synapse, source: Shape) -> Synapse:
    if isinstance(synapse, Upsample2d):
        return ResizeConv2d(synapse.size, np.ones((source[0], 1, 1, 1), np.int32), groups=source[0])
    if isinstance(synapse, Weighted) and not isinstance(synapse, SumPool2d):
        return replace(synapse, bias=None)
    return synapse


def _tiles(pool: SumPool2d, source: Shape) -> bool:
    """Whether the windows cover the image exactly once, so that a padded convolution after it sees nothing else."""
    whole = all(n % k == 0 for n, k in zip(source[1:], pool.kernel, strict=True))
    return pool.kernel == pool.stride and pool.padding == (0, 0) and whole


def _pool_into_convolution(pool: SumPool2d, convolution: Conv2d) -> Conv2d:
    """Every tap becomes a window of equal taps; dilation becomes zeros between them."""
    weight = convolution.weight
    out, inner, rows, columns = weight.shape
    (dil_y, dil_x), (pool_y, pool_x) = convolution.dilation, pool.kernel
    spread = np.zeros((out, inner, dil_y * (rows - 1) + 1, dil_x * (columns - 1) + 1), weight.dtype)
    spread[:, :, ::dil_y, ::dil_x] = weight
    taps = np.kron(spread, np.ones(pool.kernel, weight.dtype)) * pool.weight
    return Conv2d(
        taps,
        (convolution.stride[0] * pool_y, convolution.stride[1] * pool_x),
        (convolution.padding[0] * pool_y, convolution.padding[1] * pool_x),
        (1, 1),
        convolution.groups,
    )


def _image_matrix(form: Picked) -> sp.csr_matrix:
    """Listed synapses of a map between images; taps that see the same source place add up."""
    convolution, (axis_y, axis_x) = form.convolution, form.axes
    out, inner, rows, columns = convolution.weight.shape
    target = (out, axis_y.source_of.shape[1], axis_x.source_of.shape[1])
    oc, ic, oy, ox = np.ix_(*(np.arange(n) for n in (out, inner, *target[1:])))
    channel = oc // (out // convolution.groups) * inner + ic
    parts = []
    for ky, kx in np.ndindex(rows, columns):  # one tap at a time keeps the index arrays small
        y, x = axis_y.source_of[ky][oy], axis_x.source_of[kx][ox]
        inside = np.broadcast_to((y >= 0) & (x >= 0), (out, inner, *target[1:]))
        values = convolution.weight[:, :, ky, kx, None, None]
        source = (channel * form.source[1] + y) * form.source[2] + x
        grids = ((oc * target[1] + oy) * target[2] + ox, source, values)
        parts.append([np.broadcast_to(grid, inside.shape)[inside] for grid in grids])
    targets, sources, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return sp.csr_matrix((weights, (targets, sources)), shape=(math.prod(target), math.prod(form.source)))


def _constant(synapses: tuple[Synapse, ...], source: Shape, target: Shape) -> NDArray[np.float64]:
    """Response of the chain to silence, one value a channel where that is enough."""
    value: NDArray[np.float64] | None = None
    shape = source
    for synapse in synapses:
        after = _fits(synapse.output_shape(shape))
        if value is not None:
            value = np.asarray(to_matrix(synapse, shape) @ value, np.float64)
        bias = getattr(synapse, "bias", None)
        if bias is not None and bias.any():
            per_target = np.repeat(np.asarray(bias, np.float64), math.prod(after) // bias.size)
            value = per_target if value is None else value + per_target
        shape = after
    if value is None:
        return np.zeros(())
    value = value.reshape(target)
    if len(target) == 3 and (value == value[:, :1, :1]).all():
        return value[:, :1, :1]
    return value


def _fits(shape: Shape | None) -> Any:
    assert shape is not None, "the network has been checked"
    return shape
