"""The tensors of a StereoSpike's state_dict: which generation it is, what each key belongs to, what is wrong with it.

v2 (arXiv 2109.13751v2) convolves densely, 5x5 (residual blocks and predictions 3x3). v3 (IEEE Access 2022) convolves
each channel by itself, 7x7, then mixes channels, 1x1. Layers in the order of their computation:

    bottom, conv1..4, bottleneck.{0,1}.conv{1,2}, deconv4..1, and predict_depth4..1, which all add to the depth
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.quantised import QuantisedTensor
from neurokit.errors import ConversionError, Fault

Tensor: TypeAlias = "NDArray[Any] | QuantisedTensor"
Generation: TypeAlias = Literal["v2", "v3"]

BLOCKS = ("bottleneck.0.conv1", "bottleneck.0.conv2", "bottleneck.1.conv1", "bottleneck.1.conv2")
ENCODER = ("bottom", "conv1", "conv2", "conv3", "conv4")
DECODER = ("deconv4", "deconv3", "deconv2", "deconv1")
LAYERS = (*ENCODER, *BLOCKS, *DECODER)
PREDICTIONS = ("predict_depth4", "predict_depth3", "predict_depth2", "predict_depth1")
KNOWN_BY = "bottom.0.weight"  # every generation has it

_SETTLED = re.compile(r"(.*\.)?(scale|zero_point)$")  # ranges of activations that a quantised forward rounds to
_UNUSED = ("biases",)  # v3 has them, and its forward does not use them
_OF_A_TWIN = re.compile(r".*\.(running_mean|running_var|num_batches_tracked)$")


@dataclass(frozen=True, eq=False)
class Weights:
    """One convolution: `dense`, or a channel by itself (`depthwise`) and then channels mixed (`pointwise`).

    (out, in, rows, columns); depthwise (in, 1, rows, columns), pointwise (out, in, 1, 1). Biases of predictions:
    depthwise_bias (in,), bias (out,). PLIF's `w`, a number, where its neuron has one.
    """

    dense: Tensor | None = None
    depthwise: Tensor | None = None
    pointwise: Tensor | None = None
    depthwise_bias: NDArray[np.float64] | None = None
    bias: NDArray[np.float64] | None = None
    w: float | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """A state_dict put in order. layers: by the names above. channels: of the input, 2 a camera.

    quantised: whether weights are stored as integers. skips: False where a quantised
    checkpoint says that its decoder adds none (nothing ever went through the addition).
    """

    generation: Generation
    layers: Mapping[str, Weights]
    channels: int
    quantised: bool
    skips: bool


def is_stereospike(names: Any) -> bool:
    """Whether these keys are a StereoSpike's, of whatever generation, complete or not."""
    texts = [str(name) for name in names]  # of a dict that may be anything
    prefix = _prefix(texts)
    found = {text.removeprefix(prefix) for text in texts}
    return KNOWN_BY in found and any(name.startswith("bottleneck.0.conv1.") for name in found)


def _prefix(names: Any) -> str:
    """What stands before every name of the network, as in a checkpoint that holds other things, too."""
    return min((name[: -len(KNOWN_BY)] for name in names if name.endswith(KNOWN_BY)), key=len, default="")


def read_model(tensors: Mapping[str, Tensor], source: str) -> Model:
    """The network of a state_dict. Tensors beside it (an optimiser's), under other prefixes, are left alone.

    ConversionError with every key that is missing, belongs to nothing, or has another shape than it must have.
    """
    prefix = _prefix(tensors)
    own = {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}
    if KNOWN_BY not in own:
        limit = f"every StereoSpike has the key '{KNOWN_BY}'"
        raise ConversionError(Fault(source, "holds no StereoSpike", limit, "Pass its state_dict, whole."))
    reader = _Reader(own)
    model = reader.model()
    if reader.faults:
        raise ConversionError(reader.faults)
    return model


class _Reader:
    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = tensors
        separable = sum(f"{name}.1.weight" in tensors for name in ENCODER)
        self.generation: Generation = "v3" if separable > 1 else "v2"
        self.used: set[str] = set()
        self.faults: list[Fault] = []

    def model(self) -> Model:
        bottom = self.tensors.get("bottom.1.weight" if self.generation == "v3" else KNOWN_BY)
        width = int(bottom.shape[0]) if bottom is not None and len(bottom.shape) == 4 else 0
        first = self.tensors[KNOWN_BY]
        axis = 0 if self.generation == "v3" else 1
        channels = int(first.shape[axis]) if len(first.shape) == 4 else 0
        if channels not in (0, 2, 4):
            fact = f"takes {channels} channels"
            limit = "StereoSpike sees 4, ON and OFF of two cameras, or 2, of one"
            self.faults.append(Fault(KNOWN_BY, fact, limit, "Pass the weights of such a network."))
        layers = {}
        sizes = _channels(width or 32, channels or 4)
        with_w = any(self._w_key(name) in self.tensors for name in LAYERS)
        for name in (*LAYERS, *PREDICTIONS):
            layers[name] = self._layer(name, *sizes[name], with_w)
        quantised = any(isinstance(value, QuantisedTensor) for value in self.tensors.values())
        self.faults += self._surplus(quantised)
        return Model(self.generation, layers, channels, quantised, self._skips(quantised))

    def _skips(self, quantised: bool) -> bool:
        """A quantiser that nothing passed keeps the scale 1 that torch gives it."""
        scale = self.tensors.get("skip_add.scale")
        return not (quantised and isinstance(scale, np.ndarray) and scale.size == 1 and float(scale) == 1.0)

    def _layer(self, name: str, out: int, inner: int, with_w: bool) -> Weights:
        prediction = name in PREDICTIONS
        first, second = self._weight_names(name)
        bias = depthwise_bias = None
        if self.generation == "v2":
            kernel = 3 if prediction or name in BLOCKS else 5
            dense = self._tensor(f"{first}.weight", (out, inner, kernel, kernel))
            parts: dict[str, Any] = {"dense": dense}
            bias = self._floats(f"{first}.bias", (out,)) if prediction else None
        else:
            depthwise = self._tensor(f"{first}.weight", (inner, 1, 7, 7))
            parts = {"depthwise": depthwise, "pointwise": self._tensor(f"{second}.weight", (out, inner, 1, 1))}
            if prediction:
                depthwise_bias = self._floats(f"{first}.bias", (inner,))
                bias = self._floats(f"{second}.bias", (out,))
        w = self._w(name) if with_w and not prediction else None
        return Weights(**parts, depthwise_bias=depthwise_bias, bias=bias, w=w)

    def _weight_names(self, name: str) -> tuple[str, str]:
        """Names of the two convolutions, without `.weight`."""
        if name in PREDICTIONS:  # a Sequential with a factor behind it, or, where that is folded in, by itself
            inner = f"{name}.up" if f"{name}.up.1.weight" in self.tensors else f"{name}.0.up"
            return f"{inner}.1", f"{inner}.2"
        if name in DECODER:
            return f"{name}.0.up.1", f"{name}.0.up.2"
        return f"{name}.0", f"{name}.1"

    def _w_key(self, name: str) -> str:
        if name in BLOCKS:
            return f"{name.rpartition('.')[0]}.sn{name[-1]}.w"
        return f"{name}.2.w" if name in DECODER or self.generation == "v2" else f"{name}.3.w"

    def _w(self, name: str) -> float | None:
        found = self._floats(self._w_key(name), ())
        return None if found is None else float(found)

    def _tensor(self, key: str, shape: tuple[int, ...]) -> Tensor | None:
        if key not in self.tensors:
            limit = f"StereoSpike {self.generation} has it, of shape {shape}"
            mend = "Pass the whole state_dict of one generation (v2: dense 5x5; v3: 7x7 a channel, then 1x1)."
            self.faults.append(Fault(key, "is missing", limit, mend))
            return None
        self.used.add(key)
        found = self.tensors[key]
        if tuple(found.shape) != shape and not (shape == () and found.shape == (1,)):
            limit = f"beside its neighbours it has shape {shape} in StereoSpike {self.generation}"
            mend = "Pass weights of one network; its base width is the channels of 'bottom'."
            self.faults.append(Fault(key, f"has shape {tuple(found.shape)}", limit, mend))
            return None
        values = found.values if isinstance(found, QuantisedTensor) else found
        if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
            fact = "holds what is no finite number"
            self.faults.append(Fault(key, fact, "weights are finite numbers", "Train or save it again."))
            return None
        return found

    def _floats(self, key: str, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
        found = self._tensor(key, shape)
        if found is None:
            return None
        return np.asarray(plain(found), np.float64).reshape(shape)

    def _surplus(self, quantised: bool) -> Iterator[Fault]:
        for key in self.tensors:
            if key in self.used or key in _UNUSED or (quantised and _SETTLED.match(key)):
                continue
            if any(fault.node == key for fault in self.faults):
                continue
            fact, mend = f"belongs to no layer of StereoSpike {self.generation}", "Remove it, or pass a plain model."
            limit = "a key that is not used would change what the network computes"
            if _OF_A_TWIN.match(key):
                fact, limit = (
                    "belongs to a BatchNorm",
                    "only StereoSpike's analogue twin has these, and it does not spike",
                )
                mend = "Pass the spiking network's state_dict, or convert the twin as a plain network (kind='torch')."
            yield Fault(key, fact, limit, mend)


def _channels(width: int, channels: int) -> dict[str, tuple[int, int]]:
    """(out, in) of each layer."""
    wide = [width << k for k in range(5)]
    found = dict(zip(ENCODER, zip(wide, [channels, *wide[:-1]], strict=True), strict=True))
    found |= dict.fromkeys(BLOCKS, (wide[4], wide[4]))
    for k in (4, 3, 2, 1):
        found[f"deconv{k}"] = wide[k - 1], wide[k]
        found[f"predict_depth{k}"] = 1, wide[k - 1]
    return found


def plain(tensor: Tensor) -> NDArray[np.float64]:
    """A tensor's numbers in floats."""
    return tensor.dequantised() if isinstance(tensor, QuantisedTensor) else np.asarray(tensor, np.float64)
