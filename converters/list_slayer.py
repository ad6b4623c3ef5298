"""The layers of a SLAYER `.net` file, for `neurokit inspect`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any

import numpy as np

from neurokit.converters.hdf5 import read_tree
from neurokit.converters.listing import Listing, Piece
from neurokit.converters.slayer_values import text


def listing(source: str | PathLike[str], *, inputs: str | None = None) -> Listing:
    """Layers of a `.net` file, named as their populations. Raises FormatError as `from_slayer.load` does."""
    groups = read_tree(source, "a SLAYER network").get("layer")
    layers = groups if isinstance(groups, Mapping) else {}
    numbered = sorted((int(name), group) for name, group in layers.items() if name.isdecimal())
    pieces = tuple(_piece(index, group, inputs) for index, group in numbered if isinstance(group, Mapping))
    return Listing(pieces, (("format", "SLAYER network (lava-dl HDF5)"), *_delays([group for _, group in numbered])))


def _piece(index: int, group: Mapping[str, Any], inputs: str | None) -> Piece:
    kind = (text(group["type"]) if "type" in group else None) or "layer of no type"
    neuron = group.get("neuron")
    words = f"{kind}, {text(neuron['type'])}" if isinstance(neuron, Mapping) and "type" in neuron else kind
    if inputs == "spikes" and kind == "input":
        words = f"{words}, passed by"
    held = sum(_size(group.get(name)) for name in ("weight", "bias", "delay"))
    return Piece(f"{index}-{kind}", words, _numbers(group.get("shape")), held)


def _delays(groups: list[Any]) -> Iterator[tuple[str, str]]:
    late = [np.ravel(np.asarray(g["delay"])) for g in groups if isinstance(g, Mapping) and "delay" in g]
    late = [values for values in late if values.size and values.dtype.kind in "iuf"]
    if late:
        least, most = min(values.min() for values in late), max(values.max() for values in late)
        yield "delays stated", f"{least:g} to {most:g} steps, at targets"


def _size(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(_size(part) for part in value.values())
    return 0 if value is None else int(np.size(value))


def _numbers(value: Any) -> tuple[int, ...] | None:
    array = np.ravel(np.asarray([] if value is None else value))
    if not array.size or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        return None
    return tuple(int(n) for n in array)
