"""NIR graphs (`.nir` files or nir.NIRGraph objects) as Networks. Source: nir 1.0.8 (doi:10.1038/s41467-024-52259-9)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, cast

import nir
import numpy as np

from neurokit.converters.arguments import check_arguments, choice_faults, step_faults
from neurokit.converters.dataflow import Cells, Node, Source, Wait, build
from neurokit.converters.dataflow_order import structure_faults
from neurokit.converters.hdf5 import opened
from neurokit.converters.nir_graphs import Flat, flattened
from neurokit.converters.nir_nodes import Conventions, converted, metadata_of
from neurokit.errors import ConversionError, Fault, FormatError
from neurokit.graph.network import Network
from neurokit.graph.neurons import Fires, Integrator, Reset

_KIND = "a NIR graph"
# What nir.read raises for graphs it rejects: shapes, types, unknown or missing fields.
_REJECTED = (
    *(ValueError, AssertionError, TypeError, KeyError, AttributeError, IndexError, NotImplementedError),
    DeprecationWarning,  # numpy's, of what nir compares
)


def load(
    source: str | PathLike[str] | Any,
    *,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
    fires: str | None = None,
    integration: str | None = None,
) -> Network:
    """Read a NIR graph.

    Neuron nodes become populations with their NIR names, those of subgraphs `outer.inner`; `dataflow` says what
    becomes of the linear nodes and of loops: NIR's edges take no time, and a loop without a Delay gets one step.
    A Threshold node becomes a LIF that forgets within the step. Where a graph convolves in one dimension, its values
    of shape (channels, length) appear as images of shape (channels, 1, length).

    source: a path or a nir.NIRGraph. dt: seconds per step; NIR states none, and neurons with time constants, Delay
    and Threshold nodes and loops need it.
    reset: "hard" (v := v_reset, NIR's equations) or "soft" (v := v - v_threshold; some exporters mean it).
    fires: ">" (NIR's equations) or ">=" (some exporters mean it). None: what a node's metadata state (`reset`,
    `fires`; `to_nir` writes them, and `dt` of the graph), else NIR's equations.
    integration: None or "euler": v += dt/tau (v_leak - v + r x), as Norse, snnTorch and Lava do; "exponential": v
    decays by exp(-dt/tau) a step and x enters with dt/tau r, as in Rockpool and sinabs. Currents alike. IF and I add
    r x a step, since spikes are events of unit size; "continuous": they add dt r x (SpikingJelly writes r = 1/dt).
    inputs: None or "spikes"; NIR has no input layers.

    Raises FormatError when the file cannot be read, ConversionError with every node that cannot be converted,
    GraphError when the network is unsound or dt is missing, InputError for arguments that do not fit.
    """
    check_arguments(_argument_faults(dt, reset, inputs, fires, integration))
    graph = source if isinstance(source, nir.NIRGraph) else read_graph(source)
    dt = _stated_step(graph) if dt is None else float(dt)
    flat = flattened(graph)
    conventions = Conventions(
        cast("Reset | None", reset),
        cast("Fires | None", fires),
        dt,
        exponential=integration == "exponential",
        continuous=integration == "continuous",
        lines=any(type(node).__name__ == "Conv1d" for node in flat.nodes.values()),
    )
    nodes, faults = _nodes(flat, conventions)
    if faults:
        raise ConversionError([*faults, *structure_faults(nodes, flat.edges, _KIND)])
    name = "nir.NIRGraph" if isinstance(source, nir.NIRGraph) else Path(source).name
    return build(nodes, flat.edges, dt=dt, source=name, kind=_KIND)


def _stated_step(graph: Any) -> float | None:
    """The step in the graph's metadata, where `to_nir` writes it."""
    stated = metadata_of(graph).get("dt")
    if stated is None:
        return None
    if faults := list(step_faults(stated)):
        fault = Fault("metadata", f"state dt {stated!r}", faults[0].limit, faults[0].mend)
        raise ConversionError(fault)
    return float(stated)


def _argument_faults(
    dt: float | None, reset: str | None, inputs: str | None, fires: str | None, integration: str | None
) -> Iterator[Fault]:
    yield from step_faults(dt)
    yield from choice_faults("reset", reset, ("hard", "soft"), "Leave it out for NIR's own (hard).")
    yield from choice_faults(
        "inputs", inputs, ("spikes",), "Leave it out: only a .net file has an input layer to drive."
    )
    yield from choice_faults("fires", fires, (">", ">="), "Leave it out for NIR's own (>).")
    yield from choice_faults(
        "integration", integration, ("euler", "exponential", "continuous"), "Leave it out for Euler's method."
    )


def read_graph(path: str | PathLike[str]) -> Any:
    """Read a file without nir's type check, which takes all kernels for square; `load` checks shapes itself."""
    with opened(path, _KIND, _read) as file:
        if "node" not in file:
            mend = "Check that this is a graph written by nir.write."
            raise FormatError(Fault(str(path), "has no /node group", f"{_KIND} holds one", mend))
        stated = file["node/type"][()] if "type" in file["node"] else b"untyped"
    kind = stated.decode("utf8", "replace") if isinstance(stated, bytes) else str(stated)
    if kind != "NIRGraph":
        fact = f"holds a node of type {kind}"
        raise ConversionError(Fault(str(path), fact, "neurokit reads graphs", "Put it into a nir.NIRGraph."))
    try:
        graph = _read(path)
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


def _read(path: str | PathLike[str]) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "The truth value of an empty array")  # a type that is no text
        return nir.read(path, type_check=False)


def _nodes(flat: Flat, conventions: Conventions) -> tuple[dict[str, Node], list[Fault]]:
    """The nodes for `build`, and all faults. A population stands in for a faulty one, so that the search goes on."""
    nodes: dict[str, Node] = {}
    faults = list(flat.faults)
    for name, node in flat.nodes.items():
        if name in flat.doors:
            nodes[name] = Wait(np.zeros(()))  # passes on what it gets
            continue
        try:
            nodes[name] = converted(name, node, conventions)
        except ConversionError as error:
            faults += error.faults
            nodes[name] = Source((1,)) if type(node).__name__ == "Input" else Cells(Integrator())
    return nodes, faults
