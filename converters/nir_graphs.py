"""Subgraphs of a NIR graph written out: one level of nodes and edges, and their order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neurokit.errors import ConversionError, Fault

MAX_DEPTH = 256  # subgraphs within subgraphs; their names grow with it


@dataclass(frozen=True)
class Flat:
    """A graph without subgraphs.

    nodes: in the natural order of their names, since a file keeps none. doors: those that were Input or Output of a
    subgraph, and only pass on what they get.
    """

    nodes: dict[str, Any]
    edges: list[tuple[str, str]]
    doors: frozenset[str]
    faults: list[Fault]


def flattened(graph: Any) -> Flat:
    """A nir.NIRGraph without subgraphs: the nodes of `outer` are called `outer.inner`.

    An edge to a subgraph leads to its Input, one from it comes from its Output. Where there are several, the edge
    names one: `outer.input`.
    """
    flat = Flat({}, [], frozenset(), [])
    edges: list[tuple[str, str]] = []
    doors: dict[str, tuple[list[str], list[str]]] = {}  # of each subgraph: its inputs and outputs
    seen: set[int] = set()
    waiting: list[tuple[str, int, Any]] = [("", 0, graph)]
    while waiting:
        prefix, depth, level = waiting.pop()
        if id(level) in seen:
            limit = "each subgraph is an object of its own"
            flat.faults.append(Fault(prefix[:-1], "is a graph that appears twice", limit, "Copy the subgraph."))
            continue
        seen.add(id(level))
        if depth > MAX_DEPTH:
            limit, mend = f"at most {MAX_DEPTH} levels are read", "Write the inner nodes into the outer graph."
            raise ConversionError(Fault(f"{prefix[:40]}...", "lies too deep within subgraphs", limit, mend))
        here = [(f"{prefix}{start}", f"{prefix}{end}") for start, end in level.edges]
        flat.faults.extend(_repeats(here))
        edges += here
        for name, node in level.nodes.items():
            whole = f"{prefix}{name}"
            if whole in flat.nodes or whole in doors:
                flat.faults.append(Fault(whole, "is the name of two nodes", "names are unique", "Rename one."))
            elif _kind(node) == "NIRGraph":
                waiting.append((f"{whole}.", depth + 1, node))
                doors[whole] = _doors(node, whole)
            else:
                flat.nodes[whole] = node
    joined = [(_door(start, doors, 1, flat.faults), _door(end, doors, 0, flat.faults)) for start, end in edges]
    passing = frozenset(name for sides in doors.values() for side in sides for name in side)
    return Flat({name: flat.nodes[name] for name in sorted(flat.nodes, key=natural)}, joined, passing, flat.faults)


def natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """A key that sorts "a10" behind "a2"."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    numbers = [part.lstrip("0") if part[0] in "0123456789" else None for part in parts]
    keys = [
        (1, 0, part) if number is None else (0, len(number), number)
        for part, number in zip(parts, numbers, strict=True)
    ]
    return keys, name


def _kind(node: Any) -> str:
    return type(node).__name__


def _doors(graph: Any, name: str) -> tuple[list[str], list[str]]:
    inputs = [f"{name}.{inner}" for inner, node in graph.nodes.items() if _kind(node) == "Input"]
    outputs = [f"{name}.{inner}" for inner, node in graph.nodes.items() if _kind(node) == "Output"]
    return inputs, outputs


def _door(name: str, doors: Mapping[str, tuple[list[str], list[str]]], side: int, faults: list[Fault]) -> str:
    """The node that an edge to (side 0) or from (side 1) `name` means."""
    if name not in doors:
        return name
    found = doors[name][side]
    if len(found) != 1:
        what = ("Input", "Output")[side]
        fault = Fault(
            name,
            f"is a subgraph of {len(found)} {what} nodes",
            f"an edge {('to', 'from')[side]} it means its only one",
            f"Name one in the edge, e.g. '{found[0] if found else name + '.' + what.lower()}'.",
        )
        if fault not in faults:
            faults.append(fault)
    return found[0] if found else name


def _repeats(edges: Sequence[tuple[str, str]]) -> Iterator[Fault]:
    for (start, end), count in Counter(edges).items():
        if count > 1:
            fact = f"is listed {count} times"
            yield Fault(f"{start}->{end}", fact, "an edge is listed once", "Remove the repeats.")
