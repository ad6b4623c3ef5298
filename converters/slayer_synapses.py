"""Synapses and delays of one layer of a SLAYER `.net` file; `slayer_layers.layer_faults` comes first.

Sources: lava-dl 0.6.0, slayer/synapse/layer.py, slayer/block/base.py and netx/hdf5.py. Of pooling and unpooling the
file holds one kernel, which SLAYER applies to each channel by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.slayer_values import IMAGES, Layer, exponent, numbers, size, weights
from neurokit.errors import Fault
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, Pair, Shape, Sparse, pair
from neurokit.lower.fold import to_matrix

MAX_SYNAPSES = 2**27  # of a pool: more than any network for this chip has, and some GB when listed
Steps: TypeAlias = NDArray[np.int64]
Found: TypeAlias = Dense | Sparse | Conv2d | ConvTranspose2d


def synapses(layer: Layer, source: Shape) -> tuple[dict[str, Found], Shape | None]:
    """The integer weights by the port of its neurons that they feed, and the shape that they give.

    source: shape of what the layer reads. The shape is None where the weights do not fit it.
    """
    found: dict[str, Found] = {}
    shape: Shape | None = None
    for port, weight in weights(layer).items():
        found[port], shape = _synapse(layer, _whole(layer, weight), source)
    return found, shape


def size_faults(layer: Layer, source: Shape) -> Iterator[Fault]:
    """Whether a kernel that the file holds once would make more neurons or synapses than any machine has."""
    if layer.kind not in ("pool", "unpool") or len(source) != 3:
        return
    weight = np.asarray(next(iter(weights(layer).values())))
    kernel = np.broadcast_to(np.zeros((), np.int64), (1, 1, *weight.shape[2:4]))
    stride, padding, dilation = (pair(layer.data[key]) for key in ("stride", "padding", "dilation"))
    if layer.kind == "unpool":
        shape = ConvTranspose2d(kernel, stride, padding, (0, 0), dilation).output_shape((1, *source[1:]))
    else:
        shape = Conv2d(kernel, stride, padding, dilation).output_shape((1, *(2 * n for n in source[1:])))
    synapses = source[0] * (1 if shape is None else math.prod(shape)) * (weight.size if layer.kind == "pool" else 1)
    if synapses > MAX_SYNAPSES:
        fact = f"has about {synapses:.2g} neurons or synapses"
        yield Fault(layer.name, fact, f"neurokit reads up to {MAX_SYNAPSES:.2g} a layer", "Check sizes and kernel.")


def recurrent(layer: Layer) -> Dense:
    """From a recurrent layer's neurons back to them."""
    return _dense(layer, _whole(layer, layer.data["weight_rec"]))


def _whole(layer: Layer, weight: Any) -> NDArray[np.int64]:
    """Weights as integers; a negative exponent, for which they are multiples of its power, is divided out."""
    return np.asarray(np.asarray(weight).astype(np.int64) >> max(0, -exponent(layer)))


def _dense(layer: Layer, weight: NDArray[np.int64]) -> Dense:
    return Dense(weight.reshape(size(layer) or 1, -1), exponent=max(0, exponent(layer)))


def _synapse(layer: Layer, weight: NDArray[np.int64], source: Shape) -> tuple[Found, Shape | None]:
    if layer.kind not in IMAGES:
        dense = _dense(layer, weight)
        return dense, dense.output_shape(source)
    weight = weight.reshape(weight.shape[:4])
    stride, padding, dilation = (pair(layer.data[key]) for key in ("stride", "padding", "dilation"))
    groups = int(np.ravel(layer.data.get("groups", 1))[0])
    if layer.kind in ("pool", "unpool"):
        groups = source[0]
        weight = np.repeat(weight, groups, axis=0)
    power = max(0, exponent(layer))
    if layer.kind in ("convT", "unpool"):
        transposed = ConvTranspose2d(weight, stride, padding, (0, 0), dilation, groups, exponent=power)
        return transposed, transposed.output_shape(source)
    convolution = Conv2d(weight, stride, padding, dilation, groups, exponent=power)
    if layer.kind == "pool" and len(source) == 3:
        return _pool(convolution, source)
    return convolution, convolution.output_shape(source)


def _pool(convolution: Conv2d, source: Shape) -> tuple[Found, Shape | None]:
    """SLAYER's Pool adds n % k zeros at the end of n rows (or columns) that its kernel of k does not divide."""
    channels, rows, columns = source
    beyond: Pair = (rows % convolution.weight.shape[2], columns % convolution.weight.shape[3])
    larger = (channels, rows + beyond[0], columns + beyond[1])
    shape = convolution.output_shape(larger)
    if shape is None or shape == convolution.output_shape(source):
        return convolution, shape
    places = np.arange(np.prod(larger)).reshape(larger)[:, :rows, :columns].ravel()
    return Sparse(to_matrix(convolution, larger)[:, places], exponent=convolution.exponent), shape


def arrival_steps(layer: Layer, shape: Shape) -> Steps:
    """Steps beyond the connection's own one that what the layer reads takes; shape: of its neurons.

    Shape () where all are alike; else (targets, 1), (1, sources) or (targets, sources).
    """
    if "delay" not in layer.data or delays_its_spikes(layer):
        return np.zeros((), np.int64)
    delay = np.asarray(layer.data["delay"]).astype(np.int64)
    if (delay == delay.flat[0]).all():
        return np.asarray(delay.flat[0])
    if delay.ndim == 2:
        return delay
    if layer.kind in IMAGES:
        return np.repeat(delay, int(np.prod(shape[1:])))[:, None]
    return delay[:, None] if delay.size == shape[0] else delay[None, :]


def recurrent_steps(layer: Layer) -> Steps:
    """The same of what a recurrent layer's neurons send to themselves: `delay_rec`, as mlGeNN writes it."""
    delay = np.asarray(layer.data.get("delay_rec", 0)).astype(np.int64)
    return np.asarray(delay.flat[0]) if (delay == delay.flat[0]).all() else delay


def leaving_steps(layer: Layer, shape: Shape) -> Steps:
    """Steps by which a layer's spikes are late for the next layer; () or (1, neurons)."""
    if "delay" not in layer.data or not delays_its_spikes(layer):
        return np.zeros((), np.int64)
    delay = np.ravel(layer.data["delay"]).astype(np.int64)
    if (delay == delay[0]).all():
        return np.asarray(delay[0])
    return np.repeat(delay, int(np.prod(shape)) // delay.size)[None, :]


def delays_its_spikes(layer: Layer) -> bool:
    """Whether `delay` is one of the spikes that leave, as in SLAYER, and not of those that arrive, as in netx.

    The two differ where a neuron has more than what arrives: a bias, or its own spikes. For layers that netx reads with
    delays, the plain dense ones, its reading counts.
    """
    if "delay" not in layer.data or np.ndim(layer.data["delay"]) == 2:
        return False
    biased = bool(numbers(layer.data.get("bias", 0)).any())
    return layer.kind == "dense_rec" or (layer.kind in IMAGES and biased)
