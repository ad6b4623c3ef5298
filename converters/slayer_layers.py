"""What can be wrong with one layer of a SLAYER `.net` file, apart from whether it fits the layer before.

Layout of the file: lava-dl 0.6.0, slayer/block/base.py (`export_hdf5`) and netx/hdf5.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from neurokit.converters.slayer_neuron_faults import neuron_faults
from neurokit.converters.slayer_neurons import resonates
from neurokit.converters.slayer_synapses import delays_its_spikes
from neurokit.converters.slayer_values import (
    COMPLEX,
    DENSE,
    EXPORT,
    IMAGES,
    Layer,
    count_faults,
    exponent,
    input_shape_faults,
    missing,
    number_faults,
    size,
    weights,
)
from neurokit.errors import Fault
from neurokit.graph.check import MAX_DELAY, weight_fault
from neurokit.graph.resonators import IMAGINARY
from neurokit.graph.synapses import Shape, pair

_GEOMETRY = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}  # key -> smallest value
_UNGROUPED = ("pool", "unpool")
_LAYERS = f"neurokit reads input, flatten, {', '.join((*DENSE, *IMAGES))} layers"
_LATER = "It is not supported yet:"
_MENDS = {
    "concat": "train a network without skips instead.",
    "average": "only the last layer may average; remove it.",
}


def layer_faults(layer: Layer) -> Iterator[Fault]:
    """Everything in one layer that cannot be converted, apart from whether it fits the layer before."""
    if layer.kind == "flatten":
        return
    if layer.kind not in ("input", *DENSE, *IMAGES) or (layer.kind == "input" and layer.index > 0):
        mend = _MENDS.get(layer.kind, "train without it.")
        yield Fault(layer.name, f"is a layer of type '{layer.kind}'", _LAYERS, f"{_LATER} {mend}")
        return
    yield from input_shape_faults(layer) if layer.kind == "input" else _weight_faults(layer)
    yield from neuron_faults(layer)
    yield from _delay_faults(layer)


def _weight_faults(layer: Layer) -> Iterator[Fault]:
    found = weights(layer)
    if not found:
        yield missing(layer, "weight")
    yield from _complex_faults(layer, found)
    for port, weight in found.items():
        key = f"weight/{COMPLEX[port]}" if isinstance(layer.data["weight"], Mapping) else "weight"
        yield from _synapse_faults(layer, key, weight)
    if layer.kind == "dense_rec":
        yield from _recurrent_faults(layer)
    elif "weight_rec" in layer.data:
        limit = "layers of type dense_rec have them"
        yield Fault(layer.name, "has recurrent weights", limit, EXPORT)
    if layer.kind in IMAGES:
        yield from _geometry_faults(layer)
    if "bias" in layer.data:
        faults = list(number_faults(layer, "bias", layer.data["bias"]))
        yield from faults or count_faults(layer, "bias", layer.data["bias"])


def _synapse_faults(layer: Layer, key: str, weight: Any) -> Iterator[Fault]:
    faults = list(number_faults(layer, key, weight))
    yield from faults
    fact = None if faults else weight_fault(np.asarray(weight))
    if fact is not None:
        yield Fault(layer.name, *fact)
    power = exponent(layer)
    if not faults and power < 0 and (np.asarray(weight) % 2**-power).any():
        limit = f"with the exponent {power} they are multiples of {2**-power}, or bits behind the point are lost"
        mend = f"Multiply vThMant and biases by {2**-power} and leave wgtExp out."
        yield Fault(layer.name, f"{key} is not divisible by its exponent", limit, mend)


def _recurrent_faults(layer: Layer) -> Iterator[Fault]:
    if "weight_rec" not in layer.data:
        yield missing(layer, "weight_rec")
        return
    weight, targets = layer.data["weight_rec"], size(layer)
    yield from _synapse_faults(layer, "weight_rec", weight)
    if targets is not None and np.size(weight) != targets**2:
        fact = f"weight_rec has shape {np.shape(weight)}"
        yield Fault(layer.name, fact, f"it is ({targets}, {targets}), one row a neuron", EXPORT)
    if resonates(layer):
        limit = "SLAYER does not export them either"
        yield Fault(layer.name, "has complex recurrent weights", limit, "Train with CUBA neurons.")


def _complex_faults(layer: Layer, found: Mapping[str, Any]) -> Iterator[Fault]:
    """Complex weights go with resonators."""
    turning, is_complex = resonates(layer), isinstance(layer.data.get("weight"), Mapping)
    if is_complex and not turning:
        yield Fault(layer.name, "has complex weights", "only resonate-and-fire neurons take them", "Use real weights.")
    if turning and found and not is_complex:
        fact = f"has resonate-and-fire neurons in a {layer.kind} layer with real weights"
        yield Fault(layer.name, fact, "SLAYER gives them complex weights", f"Use SLAYER's block.rf.{_block(layer)}.")
    if len(found) == 2 and len({np.shape(weight) for weight in found.values()}) > 1:
        shapes = " and ".join(str(np.shape(weight)) for weight in found.values())
        yield Fault(layer.name, f"weight/real and weight/imag have shapes {shapes}", "they must agree", EXPORT)
    if is_complex and len(found) == 1:
        yield missing(layer, f"weight/{COMPLEX['' if IMAGINARY in found else IMAGINARY]}")


def _block(layer: Layer) -> str:
    return "Dense" if layer.kind in DENSE else layer.kind[0].upper() + layer.kind[1:]


def _geometry_faults(layer: Layer) -> Iterator[Fault]:
    for weight in weights(layer).values():
        shape = np.shape(weight)
        if len(shape) < 4 or len(shape) > 5 or shape[4:] not in ((), (1,)):
            limit = "a kernel is (out, in / groups, height, width), of convT (in, out / groups, height, width)"
            yield Fault(layer.name, f"weight has shape {shape}", limit, EXPORT)
        elif layer.kind in _UNGROUPED and shape[:2] != (1, 1):
            limit = f"a {layer.kind} layer has one kernel, (1, 1, height, width)"
            yield Fault(layer.name, f"weight has shape {shape}", limit, EXPORT)
    keys = {key: smallest for key, smallest in _GEOMETRY.items() if key != "groups" or layer.kind not in _UNGROUPED}
    faults = [fault for key, smallest in keys.items() for fault in _number_pair_faults(layer, key, smallest)]
    yield from faults
    if layer.kind == "unpool" and not faults:
        yield from _unpool_faults(layer)


def _number_pair_faults(layer: Layer, key: str, smallest: int) -> Iterator[Fault]:
    if key not in layer.data:
        yield missing(layer, key)
        return
    faults = list(number_faults(layer, key, layer.data[key], smallest))
    yield from faults
    allowed = (1,) if key == "groups" else (1, 2)
    if not faults and np.size(layer.data[key]) not in allowed:
        fact = f"{key} holds {np.size(layer.data[key])} numbers"
        yield Fault(layer.name, fact, f"it holds {' or '.join(map(str, allowed))}", EXPORT)


def _unpool_faults(layer: Layer) -> Iterator[Fault]:
    """SLAYER unpools all channels as one image, one above the other, so rows must not reach beyond a channel."""
    kernel = next((np.shape(weight)[2:3] for weight in weights(layer).values()), ())
    stride, padding, dilation = (pair(layer.data[key])[0] for key in ("stride", "padding", "dilation"))
    if kernel and (stride, padding, dilation) != (kernel[0], 0, 1):
        fact = f"has a kernel of {kernel[0]} rows, stride {stride}, padding {padding}, dilation {dilation}"
        limit = "with anything but a stride of the kernel's size SLAYER mixes rows of neighbouring channels"
        yield Fault(layer.name, fact, limit, "Use a stride of the kernel's size without padding, or a convT layer.")


def _delay_faults(layer: Layer) -> Iterator[Fault]:
    for key in ("delay", "delay_rec"):
        if key in layer.data:
            yield from _one_delay_faults(layer, key)


def _one_delay_faults(layer: Layer, key: str) -> Iterator[Fault]:
    delay = np.asarray(layer.data[key])
    faults = list(number_faults(layer, key, delay, 0))
    if faults:
        yield from faults
        return
    if layer.kind == "input":
        if delay.any():
            limit = "neurokit reads delays of layers with weights"
            yield Fault(layer.name, "delays its spikes", limit, f"{_LATER} delay the data.")
        return
    if delay.max() > MAX_DELAY:
        fact = f"a delay is {int(delay.max())} steps"
        limit = f"Loihi delays by up to {MAX_DELAY} steps beyond the connection's own"
        yield Fault(layer.name, fact, limit, "Train with a smaller max_delay, or a larger Ts.")
    allowed = _delay_shapes(layer, key)
    if allowed and delay.size > 1 and delay.shape not in allowed:
        fact = f"{key} has shape {delay.shape}"
        yield Fault(layer.name, fact, f"it is one number or {' or '.join(map(str, allowed))}", EXPORT)
    if key == "delay" and layer.last and delays_its_spikes(layer) and delay.any():
        limit = "a last layer's spikes are not delayed: nothing reads them"
        mend = "Train the last layer without delay, or shift its output by the delays yourself and leave them out."
        yield Fault(layer.name, "delays its spikes", limit, mend)


def _delay_shapes(layer: Layer, key: str) -> list[Shape]:
    """The shapes that a layer's delays may have; none where a fault hides its size."""
    targets, weight = size(layer), np.asarray(next(iter(weights(layer).values()), ()))
    if not targets:
        return []
    if key == "delay_rec":
        return [(targets, targets)]
    if layer.kind not in DENSE:
        return [(targets,)]
    sources = weight.size // targets
    inputs: list[Shape] = [] if layer.kind == "dense_rec" else [(sources,)]
    return [(targets,), *inputs, (targets, sources)]
