"""NIR graphs (`.nir` files or nir.NIRGraph objects) as Networks. Source: nir 1.0.8 (doi:10.1038/s41467-024-52259-9)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, cast

import nir

from neurokit.converters.arguments import check_arguments, choice_faults, step_faults
from neurokit.converters.dataflow import Cells, Node, Source, build
from neurokit.converters.dataflow_order import structure_faults
from neurokit.converters.hdf5 import opened
from neurokit.converters.nir_nodes import converted
from neurokit.errors import ConversionError, Fault, FormatError
from neurokit.graph.network import Network
from neurokit.graph.neurons import Integrator, Reset

_KIND = "a NIR graph"
# What nir.read raises for graphs it rejects: shapes, types, unknown or missing fields.
_REJECTED = (ValueError, AssertionError, TypeError, KeyError, AttributeError, IndexError, NotImplementedError)


def load(
    source: str | PathLike[str] | Any,
    *,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
) -> Network:
    """Read a NIR graph.

    Neuron nodes become populations with their NIR names; the linear nodes between two of them become the maps of one
    projection, without delay (NIR's edges take no time). The sum of several inputs of a linear node is distributed:
    each source gets a projection of its own, and the first one carries the bias. Outputs are the populations that
    feed an Output node.

    source: a path or a nir.NIRGraph. dt: seconds per step; NIR states none, and neurons with time constants need it.
    reset: None or "hard" (v := v_reset, NIR's equations), or "soft" (v := v - v_threshold; some exporters mean it).
    inputs: None or "spikes"; NIR has no input layers.

    Raises FormatError when the file cannot be read, ConversionError with every node that cannot be converted,
    GraphError when shapes do not fit or dt is missing, InputError for arguments that do not fit.
    """
    check_arguments(_argument_faults(dt, reset, inputs))
    graph = source if isinstance(source, nir.NIRGraph) else _read(source)
    edges = [(str(start), str(end)) for start, end in graph.edges]
    nodes, faults = _nodes(graph, cast(Reset, reset or "hard"))
    faults += _repeats(edges)
    if faults:
        raise ConversionError([*faults, *structure_faults(nodes, edges, _KIND)])
    name = "nir.NIRGraph" if isinstance(source, nir.NIRGraph) else Path(source).name
    return build(nodes, edges, dt=None if dt is None else float(dt), source=name, kind=_KIND)


def _argument_faults(dt: float | None, reset: str | None, inputs: str | None) -> Iterator[Fault]:
    yield from step_faults(dt)
    yield from choice_faults("reset", reset, ("hard", "soft"), "Leave it out for NIR's own (hard).")
    yield from choice_faults(
        "inputs", inputs, ("spikes",), "Leave it out: only a .net file has an input layer to drive."
    )


def _read(path: str | PathLike[str]) -> Any:
    """Read a file without nir's type check, which takes all kernels for square; `load` checks shapes itself."""
    with opened(path, _KIND) as file:
        if "node" not in file:
            mend = "Check that this is a graph written by nir.write."
            raise FormatError(Fault(str(path), "has no /node group", f"{_KIND} holds one", mend))
        stated = file["node/type"][()] if "type" in file["node"] else b"untyped"
    kind = stated.decode("utf8", "replace") if isinstance(stated, bytes) else str(stated)
    if kind != "NIRGraph":
        fact = f"holds a node of type {kind}"
        raise ConversionError(Fault(str(path), fact, "neurokit reads graphs", "Put it into a nir.NIRGraph."))
    try:
        graph = nir.read(path, type_check=False)
    except (OSError, RuntimeError) as error:
        message = " ".join(str(error).split())
        fact = f"is truncated or damaged ({message})"
        raise FormatError(Fault(str(path), fact, f"{_KIND} is an HDF5 file", "Copy or export it again.")) from error
    except _REJECTED as error:
        message = " ".join(str(error).split()) or "no reason given"
        fact = f"nir rejects the graph ({type(error).__name__}: {message})"
        raise ConversionError(
            Fault(str(path), fact, "nir must be able to read it", "Repair and export it again.")
        ) from error
    return graph


def _nodes(graph: Any, reset: Reset) -> tuple[dict[str, Node], list[Fault]]:
    """The nodes in the natural order of their names, which a file does not keep otherwise, and their faults.

    A population stands in for a node with faults of its own, so that the search for faults goes on.
    """
    nodes: dict[str, Node] = {}
    faults: list[Fault] = []
    for name, node in sorted(graph.nodes.items(), key=lambda item: natural(str(item[0]))):
        name = str(name)
        try:
            nodes[name] = converted(name, node, reset)
        except ConversionError as error:
            faults += error.faults
            nodes[name] = Source((1,)) if type(node).__name__ == "Input" else Cells(Integrator())
    return nodes, faults


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts "a10" behind "a2"."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


def _repeats(edges: Sequence[tuple[str, str]]) -> Iterator[Fault]:
    for (start, end), count in Counter(edges).items():
        if count > 1:
            fact = f"is listed {count} times"
            yield Fault(f"{start}->{end}", fact, "an edge is listed once", "Remove the repeats.")
