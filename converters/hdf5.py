"""Opening HDF5 files so that whatever is wrong with one becomes one clear FormatError."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import h5py

from neurokit.errors import Fault, FormatError, one_line
from neurokit.untrusted_hdf5 import trouble_with

Tree: TypeAlias = dict[str, Any]  # group -> Tree, dataset -> numpy value or bytes

# What h5py raises for truncated, damaged, cyclic (RecursionError is a RuntimeError) or oversized content.
_DAMAGE = (OSError, KeyError, RuntimeError, TypeError, ValueError, OverflowError, MemoryError, EOFError)


@contextmanager
def opened(path: str | PathLike[str], kind: str, task: Callable[[Path], object] | None = None) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading.

    kind: what the file should be, in words, e.g. "a SLAYER network". task: what else will be done with the file; a
    child process tries it first.
    Raises FormatError when the file is missing, a folder, unreadable, empty, no HDF5, truncated or damaged, also
    when that shows only while reading inside the `with` block.
    """
    place = _checked(path, kind, task)
    try:
        with h5py.File(place, "r") as file:
            yield file
    except _DAMAGE as error:
        fact = f"is truncated or damaged ({one_line(error)})"
        raise _format_error(place, fact, kind, "Copy or export it again.") from error


def read_tree(path: str | PathLike[str], kind: str) -> Tree:
    """All groups and datasets of an HDF5 file as nested dicts. Raises FormatError as `opened` does."""
    with opened(path, kind, _whole_tree) as file:
        return _tree(file)


def _whole_tree(path: Path) -> Tree:
    with h5py.File(path, "r") as file:
        return _tree(file)


def _tree(group: h5py.Group) -> Tree:
    tree: Tree = {}
    for name in group:
        item = group[name]
        value = _tree(item) if isinstance(item, h5py.Group) else item[()]
        if not isinstance(value, h5py.Empty):  # mlGeNN creates datasets with a type, but without a value
            tree[name if isinstance(name, str) else name.decode("utf-8", "replace")] = value
    return tree


def _checked(path: str | PathLike[str], kind: str, task: Callable[[Path], object] | None) -> Path:
    if not isinstance(path, str | PathLike):
        raise _format_error("source", f"is a {type(path).__name__}", kind, "Pass its path.")
    place = Path(path)
    try:
        if place.is_dir():
            raise _format_error(place, "is a folder", kind, "Name the file inside it.")
        if place.exists() and not place.is_file():  # opening a pipe would wait for ever
            raise _format_error(place, "is not a regular file", kind, "Copy its content to a file.")
        with place.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError as error:
        raise _format_error(place, "does not exist", kind, "Check the path.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise _format_error(
            place, f"cannot be opened ({reason})", kind, "Check the path and its permissions."
        ) from error
    if empty:
        raise _format_error(place, "is empty", kind, "Copy or export it again.")
    if not h5py.is_hdf5(place):
        raise _format_error(place, "is not an HDF5 file", kind, "Check that this is the right file.")
    if trouble := trouble_with(place, task=None if task is None else lambda: task(place)):
        raise _format_error(place, f"is not read: it {trouble}", kind, "Copy or export it again.")
    return place


def _format_error(place: Path | str, fact: str, kind: str, mend: str) -> FormatError:
    return FormatError(Fault(str(place), fact, f"{kind} is an HDF5 file", mend))
