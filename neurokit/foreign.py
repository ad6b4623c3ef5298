"""HDF5 files of foreign origin: tried in a child process, and nothing in them may lead out of the file.

The C library hangs or crashes on some damaged files (of 2,500 random changes of a small `.nir` file one hung for good),
and a file may name others, whose content would then be read as weights: external links, external storage, virtual
datasets.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py

from neurokit.rehearsal import MEMORY, OBJECTION, rehearse
from neurokit.system import available_memory

MOST_OBJECTS = 1_000_000
CAN_FORK = hasattr(os, "fork")
DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError, EOFError)  # what h5py raises


def trouble_with(path: str | os.PathLike[str], *, tree: bool = True) -> str | None:
    """What makes an HDF5 file unfit to be read, as the end of a sentence whose subject is the file; None if nothing.

    tree: whether no group may be linked twice, as those must not who go through all groups (a cycle has no end, and
    thirty groups, each linked twice in the one before, are a thousand millions).
    A child process reads all of it first; then its links are looked at here. A file that merely raises what h5py
    raises is left to the caller, who says it better.
    """
    place = Path(path)
    trouble = rehearse(lambda: _read_all(place, tree), place)
    if trouble != OBJECTION and CAN_FORK:
        return trouble
    with suppress(*DAMAGE), h5py.File(place, "r") as file:
        for objection in _objections(file, tree):
            return objection
    return None


def _read_all(path: Path, tree: bool) -> bool:
    """Read every group, dataset and attribute, as far as there is something to be had; whether one leads out.

    MemoryError when it is too much.
    """
    left = (available_memory() or MEMORY) // 2
    with h5py.File(path, "r") as file:
        for _, item in _walk(file):
            with suppress(*DAMAGE):
                dict(item.attrs)
            if isinstance(item, h5py.Dataset):
                with suppress(*DAMAGE):
                    if item.external or item.is_virtual:
                        return True
                    left -= item.nbytes
                    if left < 0:
                        raise MemoryError
                    item[()]
        return any(True for _ in _objections(file, tree))


def _walk(file: h5py.File) -> Iterator[tuple[str, Any]]:
    """All objects that hard links lead to, each once; MemoryError when there are too many."""
    waiting: list[tuple[str, Any]] = [("", file)]
    seen: set[tuple[int, int]] = set()
    while waiting:
        name, item = waiting.pop()
        with suppress(*DAMAGE):
            place = h5py.h5o.get_info(item.id)
            if (place.fileno, place.addr) in seen:
                continue
            seen.add((place.fileno, place.addr))
        if len(seen) + len(waiting) > MOST_OBJECTS:
            raise MemoryError
        yield name, item
        if isinstance(item, h5py.Group):
            with suppress(*DAMAGE):
                waiting.extend(_members(name, item))


def _members(parent: str, group: h5py.Group) -> Iterator[tuple[str, Any]]:
    for name in group:
        with suppress(*DAMAGE):
            if isinstance(group.get(name, getlink=True), h5py.HardLink):
                yield f"{parent}/{name}", group[name]


def _objections(file: h5py.File, tree: bool) -> Iterator[str]:
    """What leads to other files; of a tree also what leads to a group a second time, so that it would never end."""
    linked = {h5py.h5o.get_info(file.id).addr}
    for path, item in _walk(file):
        with suppress(*DAMAGE):
            if isinstance(item, h5py.Group):
                for name in item:
                    yield from _of_link(f"{path}/{name}", item, name, linked if tree else None)
            elif isinstance(item, h5py.Dataset) and item.external:
                yield f"reads another file: '{path}' is a dataset with external storage"
            elif isinstance(item, h5py.Dataset) and item.is_virtual:
                yield f"reads another file: '{path}' is a virtual dataset"


def _of_link(path: str, group: h5py.Group, name: str, linked: set[int] | None) -> Iterator[str]:
    with suppress(*DAMAGE):
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            yield f"reads another file: '{path}' is an external link"
        elif linked is not None and isinstance(link, h5py.SoftLink):
            yield f"is no tree: '{path}' is a soft link"
        elif linked is not None and group.get(name, getclass=True) is h5py.Group:
            place = h5py.h5o.get_info(group[name].id).addr
            if place in linked:
                yield f"is no tree: '{path}' is a group that stands elsewhere too"
            linked.add(place)
