"""One layer of a SLAYER `.net` file: what is wrong with it, and its neurons, synapses and delays.

`layer_faults` comes first; the other functions take a layer without faults. Layout of the file: lava-dl 0.6.0,
slayer/block/base.py (`export_hdf5`) and netx/hdf5.py (`create_dense`, `create_conv`, `get_neuron_params`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.check import MAX_DELAY, weight_fault
from neurokit.graph.neurons import MAX_THRESHOLD_MANTISSA, IntArray, LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Shape, pair

BIAS_EXPONENT = 6  # a `.net` bias counts like a weight, whose products Loihi shifts left by 6
MEMORYLESS = 4096  # a decay of 4096/4096 per step

_NEURONS = ("LOIHI", "CUBA")
_PARAMETERS = ("iDecay", "vDecay", "vThMant")
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
_EXPORT = "Export the quantised network again (SLAYER's export_hdf5)."


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer as the file holds it.

    index: its number in the file. kind: its type. data: its datasets by name. last: no later layer has neurons.
    """

    index: int
    kind: str
    data: Mapping[str, Any]
    last: bool

    @property
    def name(self) -> str:
        """`<index>-<type>`, also the name of its population."""
        return f"{self.index}-{self.kind}"


def text(value: Any) -> str | None:
    """A string dataset as text: SLAYER stores bytes, or an array of one."""
    array = np.ravel(np.asarray(value))
    if array.size != 1:
        return None
    item = array[0]
    return item.decode("ascii", "replace") if isinstance(item, bytes) else str(item)


def layer_faults(layer: Layer) -> Iterator[Fault]:
    """Everything in one layer that cannot be converted, apart from whether it fits the layer before."""
    if layer.kind == "flatten":
        return
    if layer.kind not in ("input", "dense", "conv") or (layer.kind == "input" and layer.index > 0):
        mend = _MENDS.get(layer.kind, "train without it.")
        yield Fault(layer.name, f"is a layer of type '{layer.kind}'", _LAYERS, f"{_LATER} {mend}")
        return
    yield from input_shape_faults(layer) if layer.kind == "input" else _weight_faults(layer)
    yield from _neuron_faults(layer)
    yield from _delay_faults(layer)


def input_shape(layer: Layer) -> Shape:
    """Shape of an input layer as stored: (channels, height, width) or (n,)."""
    return tuple(int(n) for n in np.ravel(layer.data["shape"]))


def input_shape_faults(layer: Layer) -> Iterator[Fault]:
    """What is wrong with the stored shape of an input layer."""
    if "shape" not in layer.data:
        yield _missing(layer, "shape")
        return
    faults = list(_number_faults(layer, "shape", layer.data["shape"], 1))
    yield from faults
    if not faults and np.size(layer.data["shape"]) not in (1, 3):
        fact = f"shape is {np.ravel(layer.data['shape']).tolist()}"
        yield Fault(layer.name, fact, "an input is (n,) or (channels, height, width)", _EXPORT)


def size(layer: Layer) -> int | None:
    """Number of targets of a dense layer, output channels of a conv layer; None when there is no weight array."""
    weight = layer.data.get("weight")
    if not isinstance(weight, np.ndarray | np.number) or not np.size(weight):
        return None
    if np.ndim(weight) > 1:
        return int(np.shape(weight)[0])
    stated = np.ravel(layer.data.get("outFeatures", 1))  # a flat weight is one row, unless the file says otherwise
    rows = int(stated[0]) if stated.size == 1 and stated.dtype.kind in "iu" else 1
    return rows if rows > 0 and np.size(weight) % rows == 0 else 1


def synapse(layer: Layer) -> Dense | Conv2d:
    """The integer weights of a dense or conv layer."""
    weight = np.asarray(layer.data["weight"]).astype(np.int64)
    if layer.kind == "dense":
        return Dense(weight.reshape(size(layer) or 1, -1))
    stride, padding, dilation = (pair(layer.data[key]) for key in ("stride", "padding", "dilation"))
    groups = int(np.ravel(layer.data["groups"])[0])
    return Conv2d(weight.reshape(weight.shape[:4]), stride, padding, dilation, groups)


def neuron(layer: Layer, shape: Shape) -> LoihiLIF:
    """The neurons of a layer whose population has `shape`.

    LOIHI fires at v > 64 vThMant, CUBA at v >= 64 vThMant. Without a neuron group (the last layer only) it is what
    netx's comment calls it, a non-leaky integrator that never fires: v sums input and bias, as SLAYER's output summed
    over steps. (netx's code sums in u and adds the bias once; without a bias v is the same.)
    """
    has_bias = layer.kind != "input" and "bias" in layer.data
    bias = _spread(layer.data["bias"], shape) if has_bias else np.zeros((), np.int64)
    group = layer.data.get("neuron")
    if group is None:
        decay, leak, mantissa = np.array(MEMORYLESS), np.array(0), np.array(MAX_THRESHOLD_MANTISSA + 1)
        kind: str | None = None
    else:
        decay, leak, mantissa = (_spread(group[key], shape) for key in _PARAMETERS)
        kind = text(group["type"])
    emits = bool((mantissa <= MAX_THRESHOLD_MANTISSA).all())
    threshold = 64 * np.minimum(mantissa, MAX_THRESHOLD_MANTISSA)
    return LoihiLIF(
        current_decay=decay,
        voltage_decay=leak,
        threshold=threshold - 1 if kind == "CUBA" and emits else threshold,
        bias_mantissa=bias,
        bias_exponent=np.array(BIAS_EXPONENT),
        emits=emits,
    )


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


def _spread(value: Any, shape: Shape) -> IntArray:
    """Values as integers that broadcast to `shape`: (), one a channel (C, 1, 1), or one a neuron."""
    values = np.ravel(value).astype(np.int64)
    if (values == values[0]).all():
        return np.asarray(values[0])
    if len(shape) == 3 and values.size == shape[0]:
        return values.reshape(-1, 1, 1)
    return values.reshape(shape)


def _weight_faults(layer: Layer) -> Iterator[Fault]:
    if "weight_rec" in layer.data:
        yield Fault(layer.name, "has recurrent weights", _LAYERS, f"{_LATER} {_MENDS['dense_rec']}")
    weight = layer.data.get("weight")
    if weight is None:
        yield _missing(layer, "weight")
    elif isinstance(weight, Mapping):
        yield Fault(layer.name, "has complex weights", _LAYERS, f"{_LATER} {_MENDS['dense_comp']}")
    else:
        faults = list(_number_faults(layer, "weight", weight))
        yield from faults
        fact = None if faults else weight_fault(np.asarray(weight))
        if fact is not None:
            yield Fault(layer.name, *fact)
    if layer.kind == "conv":
        yield from _geometry_faults(layer)
    if "bias" in layer.data:
        faults = list(_number_faults(layer, "bias", layer.data["bias"]))
        yield from faults or _count_faults(layer, "bias", layer.data["bias"])


def _geometry_faults(layer: Layer) -> Iterator[Fault]:
    shape = np.shape(layer.data.get("weight", 0))
    if "weight" in layer.data and (len(shape) < 4 or len(shape) > 5 or shape[4:] not in ((), (1,))):
        fact = f"weight has shape {shape}"
        yield Fault(layer.name, fact, "a convolution has (out, in / groups, height, width)", _EXPORT)
    for key, smallest in _GEOMETRY.items():
        if key not in layer.data:
            yield _missing(layer, key)
            continue
        faults = list(_number_faults(layer, key, layer.data[key], smallest))
        yield from faults
        allowed = (1,) if key == "groups" else (1, 2)
        if not faults and np.size(layer.data[key]) not in allowed:
            fact = f"{key} holds {np.size(layer.data[key])} numbers"
            yield Fault(layer.name, fact, f"it holds {' or '.join(map(str, allowed))}", _EXPORT)


def _neuron_faults(layer: Layer) -> Iterator[Fault]:
    group = layer.data.get("neuron")
    if group is None:
        if not layer.last:
            limit = "only the last layer may be a readout without neurons"
            yield Fault(layer.name, "has no neuron group", limit, "Export the layer with its neuron.")
        return
    if not isinstance(group, Mapping) or "type" not in group:
        yield _missing(layer, "neuron/type")
        return
    kind = text(group["type"])
    if kind not in _NEURONS:
        fact = f"has neurons of type '{kind}'"
        yield Fault(layer.name, fact, f"neurokit reads {' and '.join(_NEURONS)}", f"{_LATER} train with CUBA neurons.")
        return
    for key in _PARAMETERS:
        if key not in group:
            yield _missing(layer, f"neuron/{key}")
            continue
        faults = list(_number_faults(layer, f"neuron/{key}", group[key], 0))
        yield from faults or _count_faults(layer, f"neuron/{key}", group[key])
        if key == "vThMant" and not faults:
            yield from _threshold_faults(layer, np.ravel(group[key]))
    yield from _feature_faults(layer, group)


def _threshold_faults(layer: Layer, mantissa: NDArray[Any]) -> Iterator[Fault]:
    above = mantissa > MAX_THRESHOLD_MANTISSA
    if above.any() and not (layer.last and above.all()):
        limit = f"Loihi holds 17 bits ({MAX_THRESHOLD_MANTISSA}); above it only a last layer, which then never fires"
        fact = f"vThMant is {int(mantissa.max())}"
        yield Fault(layer.name, fact, limit, "Rescale the layer's weights and threshold.")


def _feature_faults(layer: Layer, group: Mapping[str, Any]) -> Iterator[Fault]:
    plain = {"refDelay": 1, "wgtExp": 0, "weight_exp": 0, "gradedSpike": 0, "messageBits": 0}
    mends = {
        "refDelay": "train with a refractory delay of 1 (none).",
        "wgtExp": "scale the weights instead.",
        "weight_exp": "train with a batch norm that has no weight exponent.",
        "gradedSpike": "train with binary spikes.",
        "messageBits": "train with binary spikes.",
    }
    for key, value in plain.items():
        if key not in group:
            continue
        found = np.ravel(group[key])
        if found.dtype.kind not in "biuf" or (found != value).any():
            fact = f"{key} is {found[0] if found.size == 1 else found.tolist()}"
            yield Fault(layer.name, fact, f"neurokit reads {key} {value} only", f"{_LATER} {mends[key]}")


def _delay_faults(layer: Layer) -> Iterator[Fault]:
    if "delay" not in layer.data:
        return
    delay = np.asarray(layer.data["delay"])
    faults = list(_number_faults(layer, "delay", delay, 0))
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
    targets, weight = size(layer), np.asarray(layer.data.get("weight", ()))
    allowed: list[Shape] = [(targets,)] if targets else []
    if targets and layer.kind == "dense":
        sources = weight.size // targets
        allowed += [(sources,), (targets, sources)]
    if targets and delay.size > 1 and delay.shape not in allowed:
        fact = f"delay has shape {delay.shape}"
        yield Fault(layer.name, fact, f"it is one number or {' or '.join(map(str, allowed))}", _EXPORT)


def _number_faults(layer: Layer, key: str, value: Any, smallest: int | None = None) -> Iterator[Fault]:
    """Whether a dataset holds whole numbers, none below `smallest`."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or not array.size:
        yield Fault(layer.name, f"{key} holds no numbers", "it holds integers", _EXPORT)
        return
    bad = int(array.size - np.count_nonzero(np.isfinite(array)))
    if bad:
        fact = f"{bad} of {array.size} values of {key} are NaN or infinite"
        yield Fault(layer.name, fact, "they are finite", "Repair the source: training diverged?")
        return
    fraction = np.abs(array - np.rint(array)) if array.dtype.kind == "f" else np.zeros(1)
    if fraction.any():
        count = np.count_nonzero(fraction)
        fact = f"{count} of {array.size} values of {key} are fractional (largest fraction {float(fraction.max()):.3g})"
        yield Fault(layer.name, fact, "Loihi holds integers", "Export the quantised weights (SLAYER's pre_hook_fx).")
    elif float(np.abs(array.astype(np.float64)).max()) >= 2**31:
        yield Fault(layer.name, f"{key} is beyond 32 bits", "Loihi holds at most 24 bits", _EXPORT)
    elif smallest is not None and array.min() < smallest:
        yield Fault(layer.name, f"{key} is {int(array.min())}", f"it is at least {smallest}", _EXPORT)


def _count_faults(layer: Layer, key: str, value: Any) -> Iterator[Fault]:
    """Whether there is one value, or one a target, channel or input."""
    if layer.kind == "input":
        if any(input_shape_faults(layer)):
            return
        shape = input_shape(layer)
        wanted = {1, int(np.prod(shape)), shape[0]}
    else:
        wanted = {1, size(layer) or np.size(value)}
    if np.size(value) not in wanted:
        allowed = " or ".join(str(count) for count in sorted(wanted))
        yield Fault(layer.name, f"{key} holds {np.size(value)} values", f"it holds {allowed}", _EXPORT)


def _missing(layer: Layer, key: str) -> Fault:
    return Fault(layer.name, f"has no '{key}'", f"a {layer.kind} layer needs it", _EXPORT)
