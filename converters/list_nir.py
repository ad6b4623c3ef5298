"""The nodes of a NIR graph, for `neurokit inspect`."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np

from neurokit.converters.from_nir import read_graph
from neurokit.converters.hdf5 import opened
from neurokit.converters.listing import Listing, Piece
from neurokit.converters.nir_graphs import Flat, flattened, natural

CONVENTIONS = (
    "NIR states none of reset, comparison and integration: its equations' are taken (hard, >, Euler) where the file's "
    "metadata say nothing else; pass reset=, fires= or integration= where the writer meant others"
)


def listing(source: str | PathLike[str] | Any, *, inputs: str | None = None) -> Listing:
    """Nodes of a `.nir` file or a nir.NIRGraph, those of subgraphs as `outer.inner`, along the data's way.

    Raises FormatError and ConversionError as `from_nir.load` does.
    """
    flat = flattened(read_graph(source) if isinstance(source, str | PathLike) else source)
    far = _depths(flat)
    nodes = sorted(flat.nodes.items(), key=lambda item: (far[item[0]], natural(item[0])))
    version = _version(source) if isinstance(source, str | PathLike) else ""
    facts = [("format", f"NIR graph, written by nir {version}" if version else "NIR graph")]
    if any(hasattr(node, "v_threshold") for _, node in nodes):
        facts.append(("conventions", CONVENTIONS))
    return Listing(tuple(_piece(name, node) for name, node in nodes), tuple(facts))


def _version(path: str | PathLike[str]) -> str:
    with opened(path, "a NIR graph") as file:
        stated = file["version"][()] if "version" in file else b""
    return stated.decode("ascii", "replace") if isinstance(stated, bytes) else str(stated)


def _depths(flat: Flat) -> dict[str, int]:
    """Edges from the nearest Input; nodes that none leads to come last."""
    after: dict[str, list[str]] = {}
    for start, end in flat.edges:
        after.setdefault(start, []).append(end)
    starts = [n for n, node in flat.nodes.items() if type(node).__name__ == "Input" and n not in flat.doors]
    depth = dict.fromkeys(starts, 0)
    waiting = list(starts)
    for name in waiting:  # grows while it is read: breadth first
        for end in after.get(name, ()):
            if end not in depth:
                depth[end] = depth[name] + 1
                waiting.append(end)
    return {name: depth.get(name, len(flat.nodes)) for name in flat.nodes}


def _piece(name: str, node: Any) -> Piece:
    values = [v for v in vars(node).values() if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    return Piece(name, type(node).__name__, _shape(node), sum(value.size for value in values))


def _shape(node: Any) -> tuple[int, ...] | None:
    stated = (getattr(node, "output_type", None) or {}).get("output")
    if stated is None:
        return None
    numbers = np.ravel(np.asarray(stated))
    return tuple(int(n) for n in numbers) if numbers.size and numbers.dtype.kind in "iuf" else None
