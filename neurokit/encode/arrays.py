"""Events in numpy's files: a structured array (.npy, .npz), or columns by name (.npz). Nothing is unpickled."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from neurokit.encode.events import NAMES, Events, damaged, of_columns, structured
from neurokit.encode.files import BYTES_PER_EVENT, Size, check_count, most_events
from neurokit.errors import FormatError, NeurokitError
from neurokit.system import in_bytes

DAMAGED = (
    *(ValueError, OSError, EOFError, KeyError, NotImplementedError, RuntimeError, SyntaxError, TypeError),
    *(AttributeError, OverflowError, MemoryError, zipfile.BadZipFile, zlib.error, tokenize.TokenError, struct.error),
)
MAGIC = {".npy": b"\x93NUMPY", ".npz": b"PK"}


def read_npy(path: Path, size: Size | None) -> Events:
    """Events of a structured array (n,), or of one with columns t, x, y, p; they begin with the first event."""
    _check_magic(path, ".npy")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)  # a header that lies about the length is refused
        check_count(path, array.size)
        array = np.array(array)
    except NeurokitError:
        raise
    except DAMAGED as error:
        raise damaged(str(path), f"cannot be read ({error})") from error
    return _of_array(array, path, size)


def read_npz(path: Path, size: Size | None) -> Events:
    """Events of arrays t, x, y, p by these or like names, or of the one structured array in the file."""
    _check_magic(path, ".npz")
    try:
        with zipfile.ZipFile(path) as archive:
            whole = sum(member.file_size for member in archive.infolist())
        most = most_events() * BYTES_PER_EVENT
        if whole > most:
            fact, limit = f"claims to hold {in_bytes(whole)}", f"half of the memory that is left is {in_bytes(most)}"
            raise damaged(str(path), fact, "Cut it into shorter recordings.", limit)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
    except NeurokitError:
        raise
    except DAMAGED as error:
        raise damaged(str(path), f"cannot be read ({error})") from error
    if len(arrays) == 1 and (array := next(iter(arrays.values()))).ndim:
        return _of_array(array, path, size)
    return of_columns(arrays, size, str(path), FormatError, origin=None)


def _of_array(array: np.ndarray[Any, Any], path: Path, size: Size | None) -> Events:
    if array.dtype.names is None and array.ndim == 2 and array.shape[1] == len(NAMES):
        return of_columns(dict(zip(NAMES, array.T, strict=True)), size, str(path), FormatError, origin=None)
    return structured(array, size, str(path), FormatError, origin=None)


def _check_magic(path: Path, suffix: str) -> None:
    with path.open("rb") as file:
        if not file.read(8).startswith(MAGIC[suffix]):
            raise damaged(str(path), f"is no {suffix} file, whatever its name says", "Save it with numpy.")
