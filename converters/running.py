"""Sources run in their own framework: what the parity ladder stands on. Importing this module imports no framework.

A row's function takes (source, network, inputs (name -> (batch, time, *shape)), steps, limits) and gives a SourceRun,
or why there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from numpy.typing import NDArray

from neurokit.graph.network import Network


@dataclass(frozen=True, eq=False)
class SourceRun:
    """What the source gave, by population of its Network.

    framework: name and version. sent: spikes, (batch, steps, *shape). values: what a population stands for at each
    step, of plain networks (the sum of what it has sent until then) and of readouts, likewise. states: (population,
    state) -> likewise, of a source of integers, in its own. note: what the source left out, "" where nothing.
    """

    framework: str
    sent: Mapping[str, NDArray[Any]]
    values: Mapping[str, NDArray[Any]]
    states: Mapping[tuple[str, str], NDArray[Any]] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Limits:
    """How a source is run. window: as nk.compile's, None: no reset. seconds: for a run in a process of its own."""

    window: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Runtime:
    """package: that must be importable. install: what brings it. run: "module:function"."""

    package: str
    install: str
    run: str


RUNTIMES: Mapping[str, Runtime] = {
    "onnx": Runtime("onnxruntime", "pip install neurokit-lava[onnx]", "neurokit.converters.run_onnx:run"),
    "torch": Runtime("torch", "pip install torch", "neurokit.converters.run_torch:run"),
    "net": Runtime("lava", "pip install neurokit-lava[dl]", "neurokit.converters.run_slayer:run"),
}
WITHOUT: Mapping[str, str] = {
    "nir": "a NIR graph has no runtime of its own: pass expected= with what the framework that wrote it gives",
}


def run_source(
    source: Any,
    kind: str,
    network: Network,
    inputs: Mapping[str, NDArray[Any]],
    steps: int,
    limits: Limits = Limits(),
) -> SourceRun | str:
    """The source's own run, or why there is none. Whatever the framework raises comes as it is."""
    if kind not in RUNTIMES:
        return WITHOUT.get(kind, f"sources of kind '{kind}' have no runtime here: pass expected= with what they give")
    runtime = RUNTIMES[kind]
    if find_spec(runtime.package) is None:
        return f"{runtime.package} is not installed ({runtime.install})"
    module, _, name = runtime.run.partition(":")
    function: Callable[..., SourceRun | str] = getattr(import_module(module), name)
    return function(source, network, inputs, steps, limits)
