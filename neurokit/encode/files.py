"""Files of recordings: which reader a suffix stands for, and what is checked before one is called."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurokit.encode.events import WIDEST, Events, damaged, is_size
from neurokit.errors import Fault, InputError
from neurokit.system import available_memory, in_bytes

Size = tuple[int, int]
Reader = Callable[[Path, "Size | None"], Events]

READERS = {
    ".dat": "neurokit.encode.prophesee:read_dat",
    ".raw": "neurokit.encode.prophesee:read_raw",
    ".bin": "neurokit.encode.atis:read_atis",
    ".bs2": "neurokit.encode.atis:read_atis",
    ".aedat": "neurokit.encode.aedat:read_aedat",
    ".aedat4": "neurokit.encode.aedat:read_aedat",
    ".mat": "neurokit.encode.matlab:read_mat",
    ".npz": "neurokit.encode.arrays:read_npz",
    ".npy": "neurokit.encode.arrays:read_npy",
    ".h5": "neurokit.encode.hdf5:read_hdf5",
    ".hdf5": "neurokit.encode.hdf5:read_hdf5",
    ".csv": "neurokit.encode.lines:read_lines",
    ".txt": "neurokit.encode.lines:read_lines",
}
BYTES_PER_EVENT = 64  # while they are read: columns, their checked copies, an order


def read(
    path: str | os.PathLike[str], *, size: Size | None = None, kind: str | None = None, time_unit: str | None = None
) -> Events:
    """Read a recording of events; how is told by the suffix (READERS), or by kind=, a suffix of the same table.

    size: (rows, columns) of the sensor where the file does not tell (it is checked where it does).
    time_unit: "us" or "s", of a `.mat` file, which tells no unit; None: whole numbers are microseconds, columns with
    fractions seconds. In all other formats integers are microseconds and floats seconds.
    Untrusted files are read in bounded time and memory; what a library cannot be trusted with, a child process reads.
    `Events.notes` says what was mended (times that wrapped or went back, a file cut short).

    Raises FormatError (missing, cut short, damaged, of an unknown suffix) and InputError (arguments).
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(kind, str | None):
        name, value = ("kind", kind) if isinstance(path, str | os.PathLike) else ("path", path)
        raise InputError(Fault(name, f"is {value!r}", "a file's path, and kind= a suffix", "Pass a path."))
    place = Path(path)
    suffix = (kind if kind is not None else place.suffix).lower()
    suffix = suffix if suffix.startswith(".") else f".{suffix}"
    if suffix not in READERS:
        known = ", ".join(READERS)
        raise InputError(Fault(str(path), f"'{suffix}' is no suffix of recordings", f"known: {known}", "Pass kind=."))
    if size is not None and not is_size(size):
        raise InputError(Fault("size", f"is {size!r}", f"(rows, columns) from 1 to {WIDEST}", "Pass e.g. (34, 34)."))
    if time_unit not in (None, "us", "s") or (time_unit is not None and suffix != ".mat"):
        fact, limit = (
            f"is {time_unit!r} for a {suffix} file",
            'it is "us" or "s", of a .mat file: others tell their unit',
        )
        raise InputError(Fault("time_unit", fact, limit, "Leave it out."))
    check_file(place)
    if time_unit is not None:
        from neurokit.encode.matlab import read_mat

        return read_mat(place, size, time_unit)
    module, _, name = READERS[suffix].partition(":")
    reader: Reader = getattr(importlib.import_module(module), name)
    return reader(place, size)


def is_recording(path: Path) -> bool:
    """Whether the suffix belongs to recordings alone (.npy and .npz hold any arrays)."""
    return path.suffix.lower() in READERS.keys() - {".npy", ".npz"}


def content(path: Path) -> NDArray[np.uint8]:
    """All bytes of a file."""
    try:
        return np.fromfile(path, np.uint8)
    except OSError as error:
        raise damaged(str(path), f"cannot be read ({error.strerror or error})") from error


def most_events() -> int:
    """How many events fit into half of the memory that is left."""
    return max(1, (available_memory() or 2**33) // 2 // BYTES_PER_EVENT)


def check_count(path: Path, count: int) -> None:
    """FormatError when so many events do not fit into memory."""
    if count > most_events():
        fact = f"holds, or claims to hold, {count:,} events"
        limit = f"half of the memory that is left holds {most_events():,}"
        raise damaged(str(path), fact, "Cut it into shorter recordings.", limit)


def merged_size(path: Path, stated: Size | None, given: Size | None) -> Size | None:
    """The sensor's size from the file or the caller; FormatError when both are there and differ, or it is none."""
    if stated is not None and not is_size(stated):
        raise damaged(str(path), f"says that its sensor has {stated[0]} rows and {stated[1]} columns")
    if stated is not None and given is not None and tuple(given) != stated:
        fact = f"says that its sensor has {stated[0]} rows and {stated[1]} columns, not {given[0]} and {given[1]}"
        raise damaged(str(path), fact, "Leave size= out.", "size= is for files that do not tell")
    return stated if stated is not None else given


def check_file(path: Path) -> None:
    """FormatError when there is no such file, it is empty, or too large for memory."""
    if not path.is_file():
        fact = "is a folder" if path.is_dir() else "is no file" if path.exists() else "there is no such file"
        raise damaged(str(path), fact, "Check the path.")
    length = path.stat().st_size
    if not length:
        raise damaged(str(path), "is empty", "Copy it again.")
    left = available_memory()
    if left is not None and length > left // 2:
        fact, limit = f"has {in_bytes(length)}", f"half of the memory that is left is {in_bytes(left // 2)}"
        raise damaged(str(path), fact, "Cut it into shorter recordings.", limit)
