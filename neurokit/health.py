"""What this machine can run: Python, packages, compiled kernels, Lava, the way to a board, each with the mend."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from neurokit.errors import BackendError, InputError
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Dense
from neurokit.hardware.lava import loading
from neurokit.system import available_memory, in_bytes

State: TypeAlias = Literal["ok", "absent", "broken"]
CORE = ("numpy", "scipy", "numba", "h5py", "nir", "onnx", "typer", "rich", "jinja2", "matplotlib", "scikit-learn")
SERVES = {  # packages that are not needed, what they are for and how they come
    "onnxruntime": ("the ladder's rung of ONNX sources", "pip install neurokit-lava[onnx]"),
    "torch": ("torch modules, .pt and .pth files", "pip install neurokit-lava[torch]"),
    "safetensors": (".safetensors files", "pip install neurokit-lava[torch]"),
    "lava-dl": ("training with SLAYER, and the ladder's rung of .net sources", "pip install neurokit-lava[dl]"),
    "tonic": ("tonic's data sets and transforms", "pip install neurokit-lava[data]"),
    "aedat": (".aedat4 recordings", "pip install neurokit-lava[events]"),
    "hdf5plugin": ("compressed .h5 recordings", "pip install neurokit-lava[events]"),
}
RUN_LIMIT = 60.0  # seconds that a backend may take for the ten steps of a check


@dataclass(frozen=True)
class Check:
    """One thing looked at. state: "ok"; "absent": something is left out; "broken": what is there does not work.

    found: what is there. mend: what to do, "" where nothing is to be done. needed: neurokit does not run without it.
    """

    name: str
    state: State
    found: str
    mend: str = ""
    needed: bool = False


@dataclass(frozen=True)
class Health:
    """All checks, in order."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether all that neurokit needs is there, and nothing that is there is broken."""
        return not any(c.state == "broken" or (c.needed and c.state != "ok") for c in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}

    def __str__(self) -> str:
        """A line a check, and its mend below."""
        width = max(len(check.name) for check in self.checks)
        lines = []
        for check in self.checks:
            mark = {"ok": "ok", "absent": "--", "broken": "!!"}[check.state]
            lines.append(f"{mark}  {check.name:<{width}}  {check.found}")
            if check.mend:
                lines.append(f"    {'':<{width}}  {check.mend}")
        return "\n".join(lines)


def doctor() -> Health:
    """Look at everything, and run ten steps of a small Program on each backend. Nothing is raised, nothing changed."""
    return Health((*_interpreter(), *_packages(), _kernels(), *_backends(), *_board()))


def _interpreter() -> Iterator[Check]:
    version = platform.python_version()
    mend = ""
    if sys.version_info[:2] != (3, 10) and loading.fault() is not None:
        mend = f"Lava is pinned to Python 3.10. Beside its pin: {loading.BESIDE_ITS_PIN}"
    yield Check("Python", "ok", f"{version} on {platform.system()} {platform.machine()}", mend)
    memory = available_memory()
    free = "memory not known" if memory is None else f"{in_bytes(memory)} of memory free"
    yield Check("machine", "ok", f"{os.cpu_count()} processors, {free}")


def _packages() -> Iterator[Check]:
    versions = {name: _version(name) for name in CORE}
    missing = [name for name, version in versions.items() if version is None]
    found = ", ".join(f"{name} {version}" for name, version in versions.items() if version is not None)
    mend = f"Install {', '.join(missing)}." if missing else ""
    yield Check("packages", "absent" if missing else "ok", found, mend, needed=True)
    for name, (use, install) in SERVES.items():
        version = _version(name)
        if version is None:
            yield Check(name, "absent", f"not installed: needed for {use}", install)
        else:
            yield Check(name, "ok", f"{version}: {use}")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _kernels() -> Check:
    """Whether compiled kernels are kept, and where."""
    from neurokit.hardware.simulator import kernels  # loads numba

    kept = getattr(kernels.count_events, "_cache", None)
    place = getattr(kept, "cache_path", None)
    if place is None:
        mend = "Set NUMBA_CACHE_DIR to a folder that can be written."
        return Check("kernels", "broken", "compiled kernels cannot be kept: every start compiles for seconds", mend)
    files = list(Path(place).glob("*.nbc")) if Path(place).is_dir() else []
    state = f"{len(files)} compiled" if files else "none compiled yet: the first run takes about 15 seconds longer"
    return Check("kernels", "ok", f"{state}, kept in {place}")


def _backends() -> Iterator[Check]:
    expected: Any = None
    for name in ("simulator", "lava-inprocess", "lava"):
        if name != "simulator" and (why := loading.fault()) is not None:
            yield Check(name, "absent", f"{why.fact}; {why.limit}", why.mend)
            continue
        try:
            spikes = _ten_steps(name)
        except BackendError as error:
            yield Check(name, "broken", error.faults[0].fact, error.faults[0].mend, needed=name == "simulator")
            continue
        expected = spikes if expected is None else expected
        same = bool(np.array_equal(spikes, expected))
        found = (
            "runs" if name == "simulator" else "runs, bit for bit as the simulator" if same else "gives other spikes"
        )
        mend = "" if same else "Run neurokit conformance --backend " + name
        yield Check(name, "ok" if same else "broken", found, mend, needed=name == "simulator")


def _ten_steps(backend: str) -> Any:
    from neurokit.api import run  # it loads the stages

    neuron = LoihiLIF(np.asarray(4096), np.asarray(512), np.asarray(64 * 3), bias_mantissa=np.asarray(7))
    out = Population("out", (2,), neuron)
    link = Projection("in", "out", (Dense(np.array([[2, 4], [-2, 6]])),), np.asarray(1))
    program = Program({"in": Input("in", (2,))}, {"out": out}, (link,), {"out": out})
    inputs = np.tile(np.array([[1, 0], [0, 1]], np.uint8), (5, 1))
    return run(program, inputs, backend=backend, time_limit=RUN_LIMIT).spikes["out"]


def _board() -> Iterator[Check]:
    """The way to a Loihi: Intel's extension of Lava, a queue of boards or a board on the network, and the backend.

    Nothing is run on a board: that would take one from somebody else.
    """
    from neurokit.hardware.loihi import extension  # the whole backend: not before somebody asks
    from neurokit.hardware.loihi.hosts import generation_of, of_environment

    lacking = extension.fault()
    if lacking is None:
        optional = {**extension.FOR_STATES, **extension.PROBES}
        without = [f"without {module} ({use})" for module, use in optional.items() if not extension.there(module)]
        yield Check("lava-loihi", "ok", ", ".join(["installed", *without]))
    else:
        state: State = "absent" if extension.missing() == extension.EVERY_RUN else "broken"
        yield Check("lava-loihi", state, f"{lacking.fact}; {lacking.limit}", lacking.mend)
    queue = shutil.which("sinfo")
    none = "no sinfo on the path: boards of a cluster are reached through SLURM"
    mend = "Log in to a host of the cluster, or name a board on the network: NXSDKHOST=ADDRESS (docs/hardware.md)."
    yield Check("SLURM", "ok" if queue else "absent", queue or none, "" if queue else mend)
    host = of_environment()
    why = next((fault for fault in (loading.fault(), lacking, host.fault()) if fault is not None), None)
    if why is not None:
        yield Check("loihi2", "absent", f"no run on a board from here: {why.fact}", why.mend)
        return
    try:
        generation = generation_of(None)
    except InputError as error:
        yield Check("loihi2", "broken", error.faults[0].fact, error.faults[0].mend)
        return
    yield Check("loihi2", "ok", f"would run on {generation} ({host.name}); not tried, and not shown on silicon yet")
