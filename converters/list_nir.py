"""The nodes of a NIR graph, for `neurokit inspect`."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np

from neurokit.converters.from_nir import _read, natural
from neurokit.converters.hdf5 import opened
from neurokit.converters.listing import Listing, Piece

RESET = "NIR states none: hard (v := v_reset) is taken; pass reset='soft' where the writer subtracts"


def listing(source: str | PathLike[str] | Any, *, inputs: str | None = None) -> Listing:
    """Nodes of a `.nir` file or a nir.NIRGraph. Raises FormatError and ConversionError as `from_nir.load` does."""
    graph = _read(source) if isinstance(source, str | PathLike) else source
    far = _depths(graph)
    pieces = sorted(graph.nodes.items(), key=lambda item: (far[item[0]], natural(str(item[0]))))
    facts = [("format", "NIR graph")]
    if isinstance(source, str | PathLike):
        facts = [("format", f"NIR graph{_writer(source)}")]
    if any(hasattr(node, "v_threshold") for _, node in pieces):
        facts.append(("reset", RESET))
    return Listing(tuple(_piece(str(name), node) for name, node in pieces), tuple(facts))


def _writer(path: str | PathLike[str]) -> str:
    with opened(path, "a NIR graph") as file:
        stated = file["version"][()] if "version" in file else b""
    text = stated.decode("ascii", "replace") if isinstance(stated, bytes) else str(stated)
    return f", written by nir {text}" if text else ""


def _depths(graph: Any) -> dict[str, int]:
    """Edges from the nearest Input; nodes that none leads to come last."""
    depth = {name: 0 if type(node).__name__ == "Input" else len(graph.nodes) for name, node in graph.nodes.items()}
    frontier = [name for name, far in depth.items() if far == 0]
    while frontier:
        reached = [end for start, end in graph.edges if start in set(frontier) and depth.get(end) == len(depth)]
        step = depth[frontier[0]] + 1
        frontier = list(dict.fromkeys(reached))
        depth |= dict.fromkeys(frontier, step)
    return depth


def _piece(name: str, node: Any) -> Piece:
    kind = type(node).__name__
    inner = getattr(node, "nodes", None)
    if isinstance(inner, dict):  # a subgraph
        parts = [_piece(str(part), found) for part, found in inner.items()]
        return Piece(name, f"{kind} of {len(parts)} nodes", None, sum(part.parameters for part in parts))
    values = [v for v in vars(node).values() if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    return Piece(name, kind, _shape(node), sum(value.size for value in values))


def _shape(node: Any) -> tuple[int, ...] | None:
    stated = (getattr(node, "output_type", None) or {}).get("output")
    if stated is None:
        return None
    numbers = np.ravel(np.asarray(stated))
    return tuple(int(n) for n in numbers) if numbers.size and numbers.dtype.kind in "iuf" else None
