"""The layers of a SLAYER `.net` file, for `neurokit inspect`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any

import numpy as np

from neurokit.converters.hdf5 import read_tree
from neurokit.converters.listing import Listing, Piece
from neurokit.converters.slayer_synapses import delays_its_spikes
from neurokit.converters.slayer_values import Layer, text


def listing(source: str | PathLike[str], *, inputs: str | None = None) -> Listing:
    """Layers of a `.net` file, named as their populations. Raises FormatError as `from_slayer.load` does."""
    groups = read_tree(source, "a SLAYER network").get("layer")
    layers = groups if isinstance(groups, Mapping) else {}
    numbered = sorted((int(name), group) for name, group in layers.items() if name.isdecimal() and len(name) < 9)
    pieces = tuple(_piece(index, group, inputs) for index, group in numbered if isinstance(group, Mapping))
    found = [Layer(k, text(g.get("type", "")) or "", g, False) for k, g in numbered if isinstance(g, Mapping)]
    return Listing(pieces, (("format", "SLAYER network (lava-dl HDF5)"), *_delays(found), *_comparison(found)))


def _piece(index: int, group: Mapping[str, Any], inputs: str | None) -> Piece:
    kind = (text(group["type"]) if "type" in group else None) or "layer of no type"
    neuron = group.get("neuron")
    words = f"{kind}, {text(neuron['type'])}" if isinstance(neuron, Mapping) and "type" in neuron else kind
    if inputs == "spikes" and kind == "input":
        words = f"{words}, passed by"
    held = sum(_size(group.get(name)) for name in ("weight", "weight_rec", "bias", "delay", "delay_rec"))
    return Piece(f"{index}-{kind}", words, _numbers(group.get("shape")), held)


def _delays(layers: list[Layer]) -> Iterator[tuple[str, str]]:
    for leaving, where in ((False, "at targets"), (True, "of what leaves, as in SLAYER")):
        late = [np.ravel(np.asarray(layer.data["delay"])) for layer in layers if "delay" in layer.data]
        kinds = [delays_its_spikes(layer) for layer in layers if "delay" in layer.data]
        late = [v for v, kind in zip(late, kinds, strict=True) if kind == leaving and v.size and v.dtype.kind in "iuf"]
        if late:
            least, most = min(values.min() for values in late), max(values.max() for values in late)
            yield "delays stated", f"{least:g} to {most:g} steps, {where}"


def _comparison(layers: list[Layer]) -> Iterator[tuple[str, str]]:
    groups = [layer.data.get("neuron") for layer in layers]
    kinds = {text(group["type"]) for group in groups if isinstance(group, Mapping) and "type" in group}
    if "CUBA" in kinds:
        yield "comparison", "CUBA is read as >=, as until lava-dl 0.2; from 0.3 on it is >: fires='>'"


def _size(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(_size(part) for part in value.values())
    return 0 if value is None else int(np.size(value))


def _numbers(value: Any) -> tuple[int, ...] | None:
    array = np.ravel(np.asarray([] if value is None else value))
    if not array.size or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        return None
    return tuple(int(n) for n in array)
