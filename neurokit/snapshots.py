"""State files: what a network carries from step to step, in HDF5 (docs/format.md). No pickle, no code."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, FormatError, GraphError, InputError
from neurokit.files import written_aside

FORMAT, VERSION = "neurokit-state", 1


@dataclass(frozen=True)
class Origin:
    """What a state belongs to. program: its fingerprint. batch: samples. backend: name."""

    program: str
    batch: int
    backend: str


def save_state(path: str | os.PathLike[str], origin: Origin, time: int, snapshot: Mapping[str, NDArray[Any]]) -> None:
    """Write a state after `time` steps (aside, then renamed). OutputError when the place cannot be written."""
    with written_aside(path) as aside, h5py.File(aside, "w") as file:
        file.attrs.update({"format": FORMAT, "version": VERSION, "time": time, **vars(origin)})
        write_snapshot(file, snapshot)


def load_state(path: str | os.PathLike[str], origin: Origin) -> tuple[int, dict[str, NDArray[Any]]]:
    """Steps done and arrays by name. FormatError for what is no whole state file, InputError for another's state."""
    with reading(path, FORMAT, VERSION, "session.save") as file:
        check_origin(path, origin, file.attrs)
        return int(file.attrs["time"]), read_snapshot(file)


def write_snapshot(group: h5py.Group, snapshot: Mapping[str, NDArray[Any]]) -> None:
    """Arrays as `state/<k>`, numbered, with their names as attributes: a name may hold any character."""
    for k, (name, values) in enumerate(snapshot.items()):
        node = group.create_dataset(f"state/{k}", data=values, compression="gzip" if values.size >= 64 else None)
        node.attrs["name"] = name


def read_snapshot(group: h5py.Group) -> dict[str, NDArray[Any]]:
    """What `write_snapshot` wrote."""
    return {str(node.attrs["name"]): np.asarray(node[()]) for node in group["state"].values()}


def check_origin(path: str | os.PathLike[str], origin: Origin, found: Mapping[str, Any]) -> None:
    """Raise InputError when the attributes `found` name another program, batch or backend."""
    faults = []
    for what, wanted in vars(origin).items():
        given = type(wanted)(found[what])
        if given != wanted and what == "program":
            fact, limit = f"is of another program ({given[:12]})", f"this one is {wanted[:12]}"
            faults.append(Fault(str(path), fact, limit, "Open the program that it was saved with."))
        elif given != wanted:
            fact, limit = f"has {what} {given}", f"here it is {wanted}"
            faults.append(Fault(str(path), fact, limit, f"Pass {what}={given!r}."))
    if faults:
        raise InputError(faults)


@contextmanager
def reading(path: str | os.PathLike[str], form: str, version: int, writer: str) -> Iterator[h5py.File]:
    """An open file of format `form`; FormatError when it is missing, damaged, something else or of another version."""
    name = str(path)
    try:
        if not Path(path).is_file():
            fact = "is a folder" if Path(path).is_dir() else "there is no such file"
            raise FormatError(Fault(name, fact, f"a file of {writer} is needed", "Check the path."))
        with h5py.File(path, "r") as file:
            found = file.attrs.get("format")
            if found != form:
                fact = f"has the format {found!r}"
                raise FormatError(Fault(name, fact, f"'{form}' is needed", f"Write it with {writer}."))
            if file.attrs["version"] != version:
                fact = f"has version {file.attrs['version']}"
                raise FormatError(Fault(name, fact, f"this neurokit reads version {version}", "Update neurokit."))
            yield file
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, GraphError) as error:
        fact, limit = f"cannot be read ({error})", f"a whole file of {writer} (HDF5) is needed"
        raise FormatError(Fault(name, fact, limit, "Write it again: it is damaged.")) from error
