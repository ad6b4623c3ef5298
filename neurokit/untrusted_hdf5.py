"""Untrusted HDF5 files: tried in a child process, and nothing in them may lead out of the file.

The C library hangs or crashes on some damaged files (of 2,500 random changes of a small `.nir` file one hung for good),
and a file may name others, whose content would then be read as weights: external links, external storage, virtual
datasets.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py

from neurokit.system import available_memory
from neurokit.trial_read import MEMORY, OBJECTION, trouble_in_child

MOST_OBJECTS = 1_000_000
CAN_FORK = hasattr(os, "fork")
DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError, EOFError)  # what h5py raises


def trouble_with(
    path: str | os.PathLike[str], *, tree: bool = True, task: Callable[[], object] | None = None
) -> str | None:
    """What makes an HDF5 file unfit to be read, as the end of a sentence whose subject is the file; None if nothing.

    tree: whether no group may be linked twice, as those must not who go through all groups (a cycle has no end, and
    thirty groups, each linked twice in the one before, are a thousand millions).
    task: what the caller is going to do with the file. What HDF5 does with a damaged file depends on the order in
    which its parts are asked for, so that going through all of it is not enough.
    A child process reads all of it first and does the task; then its links are looked at here. A file that merely
    raises what h5py raises is left to the caller, who says it better.
    """
    place = Path(path)
    trouble = trouble_in_child(lambda: _tried(place, tree, task), place)
    if trouble != OBJECTION and CAN_FORK:
        return trouble
    with suppress(*DAMAGE), h5py.File(place, "r") as file:
        for name, item in _walk(file, tree):
            if objection := _objection(name, item):
                return objection
    return None


def _tried(path: Path, tree: bool, task: Callable[[], object] | None) -> bool:
    """In the child: whether the file leads out; if not, the task is done, whatever could not be read before."""
    leads_out = False
    with suppress(*DAMAGE):
        leads_out = _read_all(path, tree)
    if not leads_out and task is not None:
        task()
    return leads_out


def _read_all(path: Path, tree: bool) -> bool:
    """Read every group, dataset and attribute, as far as there is something to be had; whether one leads out.

    MemoryError when it is too much.
    """
    left = (available_memory() or MEMORY) // 2
    with h5py.File(path, "r") as file:
        for name, item in _walk(file, tree):
            with suppress(*DAMAGE):
                if _objection(name, item):
                    return True
            with suppress(*DAMAGE):
                for attribute in item.attrs:
                    with suppress(*DAMAGE):  # one that is damaged says nothing of the next
                        item.attrs[attribute]
            if isinstance(item, h5py.Dataset):
                with suppress(*DAMAGE):
                    left -= item.nbytes
                    if left < 0:
                        raise MemoryError
                    item[()]
    return False


def _objection(name: str, item: Any) -> str | None:
    """What is wrong with an object that `_walk` gives: that it leads to another file, or what `_walk` says itself."""
    if isinstance(item, str):
        return item
    if isinstance(item, h5py.Dataset) and item.external:
        return f"reads another file: '{name}' is a dataset with external storage"
    if isinstance(item, h5py.Dataset) and item.is_virtual:
        return f"reads another file: '{name}' is a virtual dataset"
    return None


def _walk(file: h5py.File, tree: bool) -> Iterator[tuple[str, Any]]:
    """(path, object) of all that hard links lead to, each once; (path, objection) of links that must not be.

    MemoryError when there are too many.
    """
    waiting: list[tuple[str, Any]] = [("", file)]
    seen, count = {h5py.h5o.get_info(file.id).addr}, 0
    while waiting:
        name, item = waiting.pop()
        yield name, item
        if not isinstance(item, h5py.Group):
            continue
        with suppress(*DAMAGE):
            for raw in item.id:
                count += 1
                if count > MOST_OBJECTS:
                    raise MemoryError
                path = f"{name}/{raw.decode('utf-8', 'replace')}"
                with suppress(*DAMAGE):
                    link = item.id.links.get_info(raw)
                    if link.type == h5py.h5l.TYPE_EXTERNAL:
                        yield path, f"reads another file: '{path}' is an external link"
                    elif link.type == h5py.h5l.TYPE_SOFT and tree:
                        yield path, f"is no tree: '{path}' is a soft link"
                    elif link.type == h5py.h5l.TYPE_HARD and link.u not in seen:
                        seen.add(link.u)
                        waiting.append((path, item[raw]))
                    elif link.type == h5py.h5l.TYPE_HARD and tree and isinstance(item[raw], h5py.Group):
                        yield path, f"is no tree: '{path}' is a group that stands elsewhere too"
