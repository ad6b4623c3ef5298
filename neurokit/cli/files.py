"""What the verbs read and write: sources, .nk files, arrays; and where results may go."""

from __future__ import annotations

import os
import tokenize
import zipfile
import zlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

import neurokit as nk
from neurokit.api import is_saved
from neurokit.cli.options import Code, Feed, Fires, Integration, ResetMode, Schedule
from neurokit.errors import Fault, FormatError, InputError, OutputError
from neurokit.files import check_writable

DAMAGED = (ValueError, OSError, EOFError, KeyError, NotImplementedError, RuntimeError, SyntaxError)
DAMAGED_ARCHIVE = (zipfile.BadZipFile, zlib.error, tokenize.TokenError)


@dataclass(frozen=True)
class Reading:
    """Options that say how to read a source; None leaves it to the file."""

    kind: str | None = None
    dt: float | None = None
    reset: ResetMode | None = None
    inputs: Feed | None = None
    shape: str | None = None
    spec: Path | None = None
    code: Code | None = None
    calibrate: Path | None = None
    fires: Fires | None = None
    integration: Integration | None = None


def read_graph(source: Path, reading: Reading) -> nk.Network | nk.Program:
    """A Network or Program of a .nk file, or a converted source."""
    if not _is_nk(source, reading):
        return read_source(source, reading)
    _check_reading(source, reading)
    return nk.load(source)


def read_source(source: Path, reading: Reading) -> nk.Network:
    """A converted source, or the Network of a .nk file."""
    if _is_nk(source, reading):
        _check_reading(source, reading)
    return nk.convert(source, **_options(reading))


def survey_source(source: Path, reading: Reading) -> nk.Survey:
    """What a source or a .nk file holds."""
    if _is_nk(source, reading):
        _check_reading(source, reading)
    return nk.inspect(source, **_options(reading))


def _options(reading: Reading) -> dict[str, Any]:
    """As arguments of nk.convert."""
    chosen = (reading.reset, reading.inputs, reading.code, reading.fires, reading.integration)
    reset, inputs, code, fires, integration = (None if choice is None else choice.value for choice in chosen)
    return {
        "kind": reading.kind,
        "dt": reading.dt,
        "reset": reset,
        "inputs": inputs,
        "shape": None if reading.shape is None else tuple(int(part) for part in reading.shape.split(",")),
        "spec": reading.spec,
        "code": code,
        "calibrate": None if reading.calibrate is None else read_arrays(reading.calibrate),
        "fires": fires,
        "integration": integration,
    }


def source_of(source: Path, graph: nk.Network | nk.Program) -> Any:
    """What the ladder stands on: the source itself, or what a .nk file holds."""
    return graph if is_saved(source) or isinstance(graph, nk.Program) else source


def converted(source: Path, graph: nk.Network | nk.Program) -> nk.Network | None:
    """The source's Network, as the ladder takes it beside the source; None where it stands on the graph itself."""
    return None if source_of(source, graph) is graph or isinstance(graph, nk.Program) else graph


def _is_nk(source: Path, reading: Reading) -> bool:
    return is_saved(source) and reading.kind is None


def _check_reading(source: Path, reading: Reading) -> None:
    """Refuse options that would do nothing for a .nk file."""
    fact = f"was given, but {source} is a .nk file"
    faults = [
        Fault(f"--{field.name}", fact, "it says how to read a source (.nir, .net)", "Leave it out, or name the source.")
        for field in fields(reading)
        if getattr(reading, field.name) is not None
    ]
    if faults:
        raise InputError(faults)


def check_compiling(
    graph: nk.Network | nk.Program,
    bits: int | None,
    window: int | None,
    calibrate: Path | None = None,
    schedule: Schedule | None = None,
) -> None:
    """Refuse options that would do nothing: the integers of a Program, or of an integer source, stay as they are."""
    given: dict[str, int | Path | str | None] = {}
    held = None if schedule is None else schedule.value
    limit, mend = "a Program is compiled already", "Leave it out, or compile its source again."
    if isinstance(graph, nk.Program):
        given = {"--bits": bits, "--window": window, "--calibrate": calibrate, "--schedule": held}
    elif graph.is_integer:
        given = {"--bits": bits, "--calibrate": calibrate, "--schedule": held}
        limit, mend = "the source's weights are integers already and pass unchanged", "Leave it out."
    faults = [Fault(name, f"is {value}", limit, mend) for name, value in given.items() if value is not None]
    if faults:
        raise InputError(faults)


def compiled(
    graph: nk.Network | nk.Program,
    bits: int | None,
    window: int | None,
    calibrate: Path | None = None,
    schedule: Schedule | None = None,
) -> nk.Program:
    """The Program itself, or the compiled Network. calibrate: a file of sample inputs."""
    check_compiling(graph, bits, window, calibrate, schedule)
    if isinstance(graph, nk.Program):
        return graph
    samples = None if calibrate is None else read_arrays(calibrate)
    held = schedule is Schedule.hold
    return nk.compile(graph, bits=bits or 8, window=window, calibrate=samples, schedule="hold" if held else "pipeline")


def check_output(output: Path, suffix: str, *inputs: Path | None) -> None:
    """OutputError when `output` has another suffix, is one of the files that are read, or cannot be written."""
    if output.suffix.lower() != suffix:
        fact = f"has the suffix '{output.suffix}'" if output.suffix else "has no suffix"
        mend = f"Name it {output.with_suffix(suffix).name}." if output.name else "Name a file."
        raise OutputError(Fault(str(output), fact, f"the result is a {suffix} file", mend))
    for given in inputs:
        if given is not None and os.path.realpath(given) == os.path.realpath(output):
            fact = "is read by this command"
            raise OutputError(Fault(str(output), fact, "it would be replaced by the result", "Choose another path."))
    check_writable(output)


def read_arrays(path: Path) -> Any:
    """An array, or arrays by name from .npz; never unpickles."""
    limit = "inputs are .npy or .npz files of numbers"
    if not path.is_file():
        fact = "is a folder" if path.is_dir() else "is no file" if path.exists() else "there is no such file"
        raise FormatError(Fault(str(path), fact, limit, "Check the path."))
    try:
        with path.open("rb") as file:  # numpy leaves a file of its own open where it fails
            start = file.read(6)
            if not start:
                raise FormatError(Fault(str(path), "is empty", limit, "Write it again with np.save."))
            if start[:2] != b"PK" and start != b"\x93NUMPY":
                fact = "is neither .npy nor .npz, whatever its name says"
                raise FormatError(Fault(str(path), fact, limit, "Save the array with np.save."))
            file.seek(0)
            loaded = np.load(file, allow_pickle=False)
            return {name: loaded[name] for name in loaded.files} if start[:2] == b"PK" else loaded
    except (*DAMAGED, *DAMAGED_ARCHIVE) as error:
        if "allow_pickle" in str(error):
            fact = "holds pickled Python objects, which neurokit never loads"
            raise FormatError(Fault(str(path), fact, limit, "Save an array of numbers.")) from error
        fact = f"is truncated or damaged ({error})"
        raise FormatError(Fault(str(path), fact, limit, "Copy it again, or write it again with np.save.")) from error


def read_labels(path: Path | None) -> Any:
    """The array of a .npy file, or None."""
    labels = None if path is None else read_arrays(path)
    if isinstance(labels, dict):
        fact = f"holds arrays by name ({', '.join(labels) or 'none'})"
        raise FormatError(Fault(str(path), fact, "labels are one array", "Save them with np.save to a .npy file."))
    return labels


def record_keys(graph: nk.Program, names: list[str]) -> tuple[Any, ...]:
    """`name`, or (name, state) of `name:state`; a population may have a colon in its name."""
    keys: list[Any] = []
    for name in names:
        population, _, state = name.rpartition(":")
        keys.append((population, state) if name not in graph.populations and population in graph.populations else name)
    return tuple(keys)
