"""The `.nk` file: a Network or a Program in HDF5, specified in docs/format.md. No pickle, no code."""

from __future__ import annotations

import dataclasses
import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.sparse as sp

from neurokit.errors import Fault, FormatError, GraphError
from neurokit.files import written_aside
from neurokit.graph import graded_neurons, lif_family, neurons, resonators, stored, synapses
from neurokit.graph.check import check_network, check_program
from neurokit.graph.io_rules import rule_of_text, rule_text
from neurokit.graph.network import Input, LayerReport, Network, Population, Program, Projection
from neurokit.untrusted_hdf5 import trouble_with

FORMAT, VERSION = "neurokit", 2
PLAIN = 1  # version of graphs without plasticity, which readers of version 1 know

# Writers of other formats by suffix: functions of (graph, path). Looked up by name, since they lie in higher layers.
WRITERS = {".nir": "neurokit.converters.to_nir:save"}

NEURONS = {
    "IF": neurons.IF,
    "LIF": neurons.LIF,
    "CubaLIF": neurons.CubaLIF,
    "Integrator": neurons.Integrator,
    "LeakyIntegrator": neurons.LeakyIntegrator,
    "CubaLeakyIntegrator": neurons.CubaLeakyIntegrator,
    "TernaryLIF": lif_family.TernaryLIF,
    "ALIF": lif_family.ALIF,
    "ATRLIF": lif_family.ATRLIF,
    "QIF": lif_family.QIF,
    "Theta": lif_family.Theta,
    "LoihiLIF": neurons.LoihiLIF,
    "LoihiRefractoryLIF": lif_family.LoihiRefractoryLIF,
    "LoihiShiftedLIF": lif_family.LoihiShiftedLIF,
    "LoihiTernaryLIF": lif_family.LoihiTernaryLIF,
    "LoihiALIF": lif_family.LoihiALIF,
    "LoihiATRLIF": lif_family.LoihiATRLIF,
    "LoihiQIF": lif_family.LoihiQIF,
    "Sigma": graded_neurons.Sigma,
    "Delta": graded_neurons.Delta,
    "SigmaDelta": graded_neurons.SigmaDelta,
    "ResonateAndFire": resonators.ResonateAndFire,
    "FixedResonateAndFire": resonators.FixedResonateAndFire,
    "FixedAdaptiveResonateAndFire": resonators.FixedAdaptiveResonateAndFire,
    "Relay": graded_neurons.Relay,
    "FixedRelay": graded_neurons.FixedRelay,
    "FixedSigma": graded_neurons.FixedSigma,
    "FixedDelta": graded_neurons.FixedDelta,
    "FixedSigmaDelta": graded_neurons.FixedSigmaDelta,
}
SYNAPSES = {
    "Dense": synapses.Dense,
    "Sparse": synapses.Sparse,
    "Conv2d": synapses.Conv2d,
    "ResizeConv2d": synapses.ResizeConv2d,
    "ConvTranspose2d": synapses.ConvTranspose2d,
    "SumPool2d": synapses.SumPool2d,
    "Upsample2d": synapses.Upsample2d,
    "Flatten": synapses.Flatten,
    "Injection": synapses.Injection,
}


def save(graph: Network | Program, path: str | os.PathLike[str]) -> None:
    """Write `graph` to `path` (aside, then renamed), in the format of its suffix, `.nk` where it names no other.

    Raises OutputError when the place cannot be written, and what the format's own writer raises.
    """
    if address := WRITERS.get(Path(path).suffix.lower()):
        module, _, name = address.partition(":")
        getattr(import_module(module), name)(graph, path)
        return
    with written_aside(path) as aside, h5py.File(aside, "w") as file:
        write_graph(file, graph)


def write_graph(file: h5py.Group, graph: Network | Program) -> None:
    """Write what a `.nk` file holds into a group, the root of a file or any other."""
    file.attrs.update(
        {
            "format": FORMAT,
            "version": VERSION if graph.learns else PLAIN,
            "kind": type(graph).__name__.lower(),
            "source": graph.source,
            "outputs": json.dumps(list(graph.outputs)),
        }
    )
    if graph.dt is not None:
        file.attrs["dt"] = graph.dt
    if graph.steps_per_sample:
        file.attrs["steps_per_sample"] = graph.steps_per_sample
    if isinstance(graph, Program):
        file.attrs["latency"] = json.dumps(dict(graph.latency))
        file.attrs["targets"] = json.dumps(list(graph.targets))
        if graph.input_scale:
            file.attrs["input_scale"] = json.dumps(dict(graph.input_scale))
        if graph.steps_per_frame != 1:
            file.attrs["steps_per_frame"] = graph.steps_per_frame
        file.attrs["report"] = json.dumps([dataclasses.asdict(row) for row in graph.report])
    for k, node in enumerate(graph.inputs.values()):
        file.create_group(f"inputs/{k}").attrs.update({"name": node.name, "shape": node.shape})
    for k, population in enumerate(graph.populations.values()):
        group = file.create_group(f"populations/{k}")
        group.attrs.update({"name": population.name, "shape": population.shape})
        _write(group, population.neuron)
    for k, projection in enumerate(graph.projections):
        group = file.create_group(f"projections/{k}")
        group.attrs.update({"source": projection.source, "target": projection.target})
        group["delay"] = projection.delay
        if projection.port:
            group.attrs["port"] = projection.port
        if projection.plasticity is not None:  # a dataset: attributes hold 64 kB at most
            group["plasticity"] = rule_text(projection.plasticity)
        for j, synapse in enumerate(projection.synapses):
            _write(group.create_group(f"synapses/{j}"), synapse)


def load(path: str | os.PathLike[str]) -> Network | Program:
    """Read a `.nk` file and check it. FormatError when it is missing, damaged, of another kind or version."""
    name = str(path)
    try:
        if not Path(path).is_file():
            fact = "is a folder" if Path(path).is_dir() else "there is no such file"
            raise FormatError(Fault(name, fact, "a .nk file is needed", "Check the path."))
        if not h5py.is_hdf5(path):
            raise FormatError(
                Fault(
                    name,
                    "cannot be read: no HDF5 file, or cut short",
                    "a whole .nk file is needed",
                    "Convert or copy it again.",
                )
            )
        if trouble := trouble_with(path, task=lambda: _read_file(path)):
            raise FormatError(
                Fault(name, f"is not read: it {trouble}", "a whole .nk file is needed", "Convert or copy it again.")
            )
        graph = _read_file(path)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, GraphError) as error:
        raise FormatError(
            Fault(
                name, f"cannot be read ({error})", "a whole .nk file (HDF5) is needed", "Write it again: it is damaged."
            )
        ) from error
    return check_program(graph) if isinstance(graph, Program) else check_network(graph)


def _read_file(path: str | os.PathLike[str]) -> Network | Program:
    """What stands in the file, unchecked."""
    name = str(path)
    with h5py.File(path, "r") as file:
        if file.attrs.get("format") != FORMAT:
            raise FormatError(
                Fault(name, "is no .nk file", "its format is not 'neurokit'", "Convert it first: nk.convert.")
            )
        if file.attrs["version"] not in (PLAIN, VERSION):
            found = file.attrs["version"]
            limit = f"this neurokit reads versions {PLAIN} and {VERSION}"
            raise FormatError(Fault(name, f"has version {found}", limit, "Update neurokit."))
        return read_graph(file)


def read_graph(file: h5py.Group) -> Network | Program:
    """What `write_graph` wrote, unchecked. What h5py and numpy raise where something is missing or damaged."""
    inputs = [Input(*_named(g)) for g in _members(file, "inputs")]
    populations = {}
    for group in _members(file, "populations"):
        name, shape = _named(group)
        populations[name] = Population(name, shape, _read(group, NEURONS))
    projections = tuple(_projection(group) for group in _members(file, "projections"))
    outputs = {name: populations[name] for name in stored.table(file, "outputs", list)}
    common: dict[str, Any] = {
        "inputs": {node.name: node for node in inputs},
        "populations": populations,
        "projections": projections,
        "outputs": outputs,
        "dt": stored.positive("dt", file.attrs["dt"]) if "dt" in file.attrs else None,
        "source": stored.text("source", file.attrs["source"]),
        "steps_per_sample": stored.integer("steps_per_sample", file.attrs.get("steps_per_sample", 0)),
    }
    kind = file.attrs["kind"]
    if kind == "network":
        return Network(**common)
    if kind != "program":
        raise ValueError(f"kind {kind!r}")
    latency = {name: stored.integer("latency", v) for name, v in stored.table(file, "latency", dict).items()}
    targets = tuple(stored.text("targets", v) for v in stored.table(file, "targets", list))
    scale = {}
    if "input_scale" in file.attrs:
        scale = {name: stored.positive("input_scale", v) for name, v in stored.table(file, "input_scale", dict).items()}
    report = tuple(_report(row) for row in stored.table(file, "report", list))
    held = stored.integer("steps_per_frame", file.attrs.get("steps_per_frame", 1))
    return Program(**common, latency=latency, targets=targets, report=report, input_scale=scale, steps_per_frame=held)


def _named(group: h5py.Group) -> tuple[str, tuple[int, ...]]:
    name = stored.text("name", group.attrs["name"])
    return name, stored.shape(f"the shape of {name!r}", group.attrs["shape"])


def _projection(group: h5py.Group) -> Projection:
    source, target = (stored.text(end, group.attrs[end]) for end in ("source", "target"))
    synapses = tuple(_read(part, SYNAPSES) for part in _members(group, "synapses"))
    delay = stored.array("delay", group["delay"][()])
    port = stored.text("port", group.attrs.get("port", ""))
    rule = rule_of_text(group["plasticity"].asstr()[()]) if "plasticity" in group else None
    return Projection(source, target, synapses, delay, port, rule)


def _report(row: Any) -> LayerReport:
    """A row of the report; None stands where a field may be so."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(LayerReport):
        value = row.get(field.name) if isinstance(row, dict) else None
        if field.name == "notes":
            values["notes"] = tuple(stored.text("notes", note) for note in value or ())
        elif value is not None:
            values[field.name] = stored.value_of(field.name, str(field.type), value)
    return LayerReport(**values)


def _write(group: h5py.Group, node: Any) -> None:
    """Fields of a dataclass: arrays as datasets, sparse matrices as three, the rest as attributes, None left out."""
    group.attrs["type"] = type(node).__name__
    if not dataclasses.is_dataclass(node):
        return
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if sp.issparse(value):
            part = group.create_group(field.name)
            part.attrs["shape"] = value.shape
            for name in ("data", "indices", "indptr"):
                part.create_dataset(name, data=getattr(value, name), compression="gzip")
        elif isinstance(value, np.ndarray):
            small = value.size < 64  # compression costs more than it saves, and scalars cannot have it
            group.create_dataset(field.name, data=value, compression=None if small else "gzip")
        elif value is not None:
            group.attrs[field.name] = value


def _read(group: h5py.Group, table: dict[str, Any]) -> Any:
    kind: Any = table[stored.text("type", group.attrs["type"])]
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ():
        if field.name in group.attrs:
            values[field.name] = stored.value_of(field.name, str(field.type), group.attrs[field.name])
        elif field.name in group:
            values[field.name] = stored.value_of(field.name, str(field.type), group[field.name])
    return kind(**values)


def _members(parent: h5py.Group, name: str) -> list[h5py.Group]:
    if name not in parent:
        return []
    group = parent[name]
    if not isinstance(group, h5py.Group):
        raise ValueError(f"{name} is no group")
    return [group[key] for key in sorted(group, key=int)]
