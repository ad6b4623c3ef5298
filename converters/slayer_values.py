"""What the datasets of a SLAYER `.net` layer hold, and what can be wrong with them as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.neurons import IntArray
from neurokit.graph.resonators import IMAGINARY
from neurokit.graph.synapses import Shape

COMPLEX = {"": "real", IMAGINARY: "imag"}  # port -> dataset below "weight"
EXPORT = "Export the quantised network again (SLAYER's export_hdf5)."

# dense_comp: a name that netx knows for complex weights, though SLAYER writes dense for them, too.
DENSE = ("dense", "dense_rec", "dense_comp")
IMAGES = ("conv", "convT", "pool", "unpool")


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer as the file holds it.

    index: its number in the file. kind: its type. data: its datasets by name. last: no later layer has neurons.
    channels: of the images that it reads; None: unknown, or no images.
    """

    index: int
    kind: str
    data: Mapping[str, Any]
    last: bool
    channels: int | None = None

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


def input_shape(layer: Layer) -> Shape:
    """Shape of an input layer as stored: (channels, height, width) or (n,)."""
    return tuple(int(n) for n in np.ravel(layer.data["shape"]))


def input_shape_faults(layer: Layer) -> Iterator[Fault]:
    """What is wrong with the stored shape of an input layer."""
    if "shape" not in layer.data:
        yield missing(layer, "shape")
        return
    faults = list(number_faults(layer, "shape", layer.data["shape"], 1))
    yield from faults
    if not faults and np.size(layer.data["shape"]) not in (1, 3):
        fact = f"shape is {np.ravel(layer.data['shape']).tolist()}"
        yield Fault(layer.name, fact, "an input is (n,) or (channels, height, width)", EXPORT)


def weights(layer: Layer) -> dict[str, Any]:
    """A layer's weight arrays by the port of its neurons that they feed: complex ones have a part for each of two."""
    weight = layer.data.get("weight")
    if not isinstance(weight, Mapping):
        return {} if weight is None else {"": weight}
    return {port: weight[part] for port, part in COMPLEX.items() if part in weight}


def exponent(layer: Layer) -> int:
    """Loihi's exponent of a layer's weights (`wgtExp` of SLAYER's LOIHI neurons): they count times 2**it."""
    group = layer.data.get("neuron")
    value = np.ravel(group.get("wgtExp", 0)) if isinstance(group, Mapping) else np.zeros(1)
    return int(value[0]) if value.size == 1 and value.dtype.kind in "biuf" and np.isfinite(value[0]) else 0


def size(layer: Layer) -> int | None:
    """Number of targets of a dense layer, output channels of others; None when there is no weight array."""
    weight = next(iter(weights(layer).values()), None)
    if not isinstance(weight, np.ndarray | np.number) or not np.size(weight):
        return None
    if layer.kind in ("pool", "unpool"):
        return layer.channels
    if layer.kind == "convT":
        groups = np.ravel(layer.data.get("groups", 1))
        known = np.ndim(weight) > 1 and groups.size == 1 and groups.dtype.kind in "iu"
        return int(np.shape(weight)[1] * groups[0]) if known else None
    if np.ndim(weight) > 1:
        return int(np.shape(weight)[0])
    stated = np.ravel(layer.data.get("outFeatures", 1))  # a flat weight is one row, unless the file says otherwise
    rows = int(stated[0]) if stated.size == 1 and stated.dtype.kind in "iu" else 1
    return rows if rows > 0 and np.size(weight) % rows == 0 else 1


def spread(value: Any, shape: Shape) -> IntArray:
    """Values as integers that broadcast to `shape`: (), one a channel (C, 1, 1), or one a neuron."""
    values = np.ravel(value).astype(np.int64)
    if (values == values[0]).all():
        return np.asarray(values[0])
    if len(shape) == 3 and values.size == shape[0]:
        return values.reshape(-1, 1, 1)
    return values.reshape(shape)


def numbers(value: Any) -> NDArray[Any]:
    """The values, or none of what are no numbers (`number_faults` reports them)."""
    array = np.asarray(value)
    return array if array.dtype.kind in "biuf" else np.zeros(0)


def number_faults(layer: Layer, key: str, value: Any, smallest: int | None = None) -> Iterator[Fault]:
    """Whether a dataset holds whole numbers, none below `smallest`."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or not array.size:
        yield Fault(layer.name, f"{key} holds no numbers", "it holds integers", EXPORT)
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
        yield Fault(layer.name, f"{key} is beyond 32 bits", "Loihi holds at most 24 bits", EXPORT)
    elif smallest is not None and array.min() < smallest:
        yield Fault(layer.name, f"{key} is {int(array.min())}", f"it is at least {smallest}", EXPORT)


def count_faults(layer: Layer, key: str, value: Any) -> Iterator[Fault]:
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
        yield Fault(layer.name, f"{key} holds {np.size(value)} values", f"it holds {allowed}", EXPORT)


def missing(layer: Layer, key: str) -> Fault:
    return Fault(layer.name, f"has no '{key}'", f"a {layer.kind} layer needs it", EXPORT)
