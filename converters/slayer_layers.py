"""One layer of a SLAYER `.net` file: what is wrong with it, and its synapses and delays.

`layer_faults` comes first; the other functions take a layer without faults. Layout of the file: lava-dl 0.6.0,
slayer/block/base.py (`export_hdf5`) and netx/hdf5.py (`create_dense`, `create_conv`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.slayer_neurons import neuron_faults, resonates
from neurokit.converters.slayer_values import (
    COMPLEX,
    EXPORT,
    Layer,
    count_faults,
    input_shape_faults,
    missing,
    number_faults,
    size,
    weights,
)
from neurokit.errors import Fault
from neurokit.graph.check import MAX_DELAY, weight_fault
from neurokit.graph.resonators import IMAGINARY
from neurokit.graph.synapses import Conv2d, Dense, Shape, pair

_GEOMETRY = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}  # key -> smallest value
_LAYERS = "neurokit reads input, dense, conv and flatten layers"
_LATER = "It is not supported yet:"
_MENDS = {
    "dense_rec": "train a feed-forward network instead.",
    "dense_comp": "train with real weights instead.",
    "pool": "train with a strided convolution instead.",
    "unpool": "train without it.",
    "convT": "train without it.",
    "concat": "train a network without skips instead.",
    "average": "only the last layer may average; remove it.",
}


def layer_faults(layer: Layer) -> Iterator[Fault]:
    """Everything in one layer that cannot be converted, apart from whether it fits the layer before."""
    if layer.kind == "flatten":
        return
    if layer.kind not in ("input", "dense", "conv") or (layer.kind == "input" and layer.index > 0):
        mend = _MENDS.get(layer.kind, "train without it.")
        yield Fault(layer.name, f"is a layer of type '{layer.kind}'", _LAYERS, f"{_LATER} {mend}")
        return
    yield from input_shape_faults(layer) if layer.kind == "input" else _weight_faults(layer)
    yield from neuron_faults(layer)
    yield from _delay_faults(layer)


def synapses(layer: Layer) -> dict[str, Dense | Conv2d]:
    """The integer weights of a dense or conv layer, by the port of its neurons that they feed."""
    return {port: _synapse(layer, np.asarray(weight).astype(np.int64)) for port, weight in weights(layer).items()}


def _synapse(layer: Layer, weight: NDArray[np.int64]) -> Dense | Conv2d:
    if layer.kind == "dense":
        return Dense(weight.reshape(size(layer) or 1, -1))
    stride, padding, dilation = (pair(layer.data[key]) for key in ("stride", "padding", "dilation"))
    groups = int(np.ravel(layer.data["groups"])[0])
    return Conv2d(weight.reshape(weight.shape[:4]), stride, padding, dilation, groups)


def delay_steps(layer: Layer, shape: Shape) -> NDArray[np.int64]:
    """Steps from a spike to its arrival: the connection's own one and the layer's delay.

    Shape () where all are alike; else (targets, 1), (1, sources) or (targets, sources) for a population of `shape`.
    """
    delay = np.asarray(layer.data.get("delay", 0)).astype(np.int64)
    if (delay == delay.flat[0]).all():
        delay = delay.reshape(-1)[0]
    elif delay.ndim == 1 and layer.kind == "conv":
        delay = np.repeat(delay, int(np.prod(shape[1:])))[:, None]
    elif delay.ndim == 1:
        delay = delay[:, None] if delay.size == shape[0] else delay[None, :]
    return np.asarray(delay + 1)


def _weight_faults(layer: Layer) -> Iterator[Fault]:
    if "weight_rec" in layer.data:
        yield Fault(layer.name, "has recurrent weights", _LAYERS, f"{_LATER} {_MENDS['dense_rec']}")
    found = weights(layer)
    if not found:
        yield missing(layer, "weight")
    yield from _complex_faults(layer, found)
    for port, weight in found.items():
        key = f"weight/{COMPLEX[port]}" if isinstance(layer.data["weight"], Mapping) else "weight"
        faults = list(number_faults(layer, key, weight))
        yield from faults
        fact = None if faults else weight_fault(np.asarray(weight))
        if fact is not None:
            yield Fault(layer.name, *fact)
    if layer.kind == "conv":
        yield from _geometry_faults(layer)
    if "bias" in layer.data:
        faults = list(number_faults(layer, "bias", layer.data["bias"]))
        yield from faults or count_faults(layer, "bias", layer.data["bias"])


def _complex_faults(layer: Layer, found: Mapping[str, Any]) -> Iterator[Fault]:
    """Complex weights go with resonators, in dense layers, as in netx."""
    turning, is_complex = resonates(layer), isinstance(layer.data.get("weight"), Mapping)
    if is_complex and not turning:
        yield Fault(layer.name, "has complex weights", "only resonate-and-fire neurons take them", "Use real weights.")
    if turning and found and (not is_complex or layer.kind != "dense"):
        fact = (
            f"has resonate-and-fire neurons in a {layer.kind} layer with {'complex' if is_complex else 'real'} weights"
        )
        yield Fault(layer.name, fact, "netx reads dense layers with complex weights", "Use SLAYER's block.rf.Dense.")
    if len(found) == 2 and len({np.shape(weight) for weight in found.values()}) > 1:
        shapes = " and ".join(str(np.shape(weight)) for weight in found.values())
        yield Fault(layer.name, f"weight/real and weight/imag have shapes {shapes}", "they must agree", EXPORT)
    if is_complex and len(found) == 1:
        yield missing(layer, f"weight/{COMPLEX['' if IMAGINARY in found else IMAGINARY]}")


def _geometry_faults(layer: Layer) -> Iterator[Fault]:
    shape = np.shape(layer.data.get("weight", 0))
    if "weight" in layer.data and (len(shape) < 4 or len(shape) > 5 or shape[4:] not in ((), (1,))):
        fact = f"weight has shape {shape}"
        yield Fault(layer.name, fact, "a convolution has (out, in / groups, height, width)", EXPORT)
    for key, smallest in _GEOMETRY.items():
        if key not in layer.data:
            yield missing(layer, key)
            continue
        faults = list(number_faults(layer, key, layer.data[key], smallest))
        yield from faults
        allowed = (1,) if key == "groups" else (1, 2)
        if not faults and np.size(layer.data[key]) not in allowed:
            fact = f"{key} holds {np.size(layer.data[key])} numbers"
            yield Fault(layer.name, fact, f"it holds {' or '.join(map(str, allowed))}", EXPORT)


def _delay_faults(layer: Layer) -> Iterator[Fault]:
    if "delay" not in layer.data:
        return
    delay = np.asarray(layer.data["delay"])
    faults = list(number_faults(layer, "delay", delay, 0))
    if faults:
        yield from faults
        return
    if layer.kind == "input":
        if delay.any():
            limit = "neurokit reads delays of dense and conv layers"
            yield Fault(layer.name, "delays its spikes", limit, f"{_LATER} delay the data.")
        return
    if delay.max() > MAX_DELAY:
        fact = f"a delay is {int(delay.max())} steps"
        limit = f"Loihi delays by up to {MAX_DELAY} steps beyond the connection's own"
        yield Fault(layer.name, fact, limit, "Train with a smaller max_delay, or a larger Ts.")
    targets, weight = size(layer), np.asarray(next(iter(weights(layer).values()), ()))
    allowed: list[Shape] = [(targets,)] if targets else []
    if targets and layer.kind == "dense":
        sources = weight.size // targets
        allowed += [(sources,), (targets, sources)]
    if targets and delay.size > 1 and delay.shape not in allowed:
        fact = f"delay has shape {delay.shape}"
        yield Fault(layer.name, fact, f"it is one number or {' or '.join(map(str, allowed))}", EXPORT)
