"""MVSEC's HDF5 files, a slice at a time: what a child process reads of them.

    *_data.hdf5   davis/{left,right}/events (n, 4): column, row, seconds, polarity ±1; image_raw (m, rows, columns)
    *_gt.hdf5     davis/left/depth_image_rect (k, rows, columns) metres; depth_image_rect_ts (k,) seconds

The files have up to 3.5 GB, so nothing is read whole but the times of the maps. Zhu et al. 2018, The Multivehicle
Stereo Event Camera Dataset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurokit.encode.events import damaged
from neurokit.errors import Fault, FormatError
from neurokit.trial_read import read_in_child

SIDES = ("left", "right")
JITTER = 1e-3  # seconds by which times of events may go back
MOST_AT_ONCE = 20_000_000  # events, or pixels of maps, that are read at once: 0.6 GB, a hundred times MVSEC's
COLUMNS = ("column", "row", "seconds", "polarity")
DEPTH, DEPTH_TIMES = "davis/left/depth_image_rect", "davis/left/depth_image_rect_ts"
WANTED = "MVSEC's layout is davis/left/events and davis/right/events, davis/left/depth_image_rect and _ts"


@dataclass(frozen=True, eq=False)
class Contents:
    """What two files hold. times: (k,) seconds of the maps. shape: rows, columns of a map.

    spans: of left and right events, the first and the last time in seconds. sizes: of left and right images, where
    there are any.
    """

    times: NDArray[np.float64]
    shape: tuple[int, int]
    spans: tuple[tuple[float, float], tuple[float, float]]
    sizes: tuple[tuple[int, int] | None, tuple[int, int] | None]


def contents(data: Path, truth: Path) -> Contents:
    """Times and sizes of a sequence's two files. Raises FormatError with all that is missing or does not fit."""
    found = _in_child(data, lambda: _of_data(data))
    found |= _in_child(truth, lambda: _of_truth(truth))
    rows, columns = (int(n) for n in found["shape"])
    spans = [tuple(float(t) for t in found[f"{side} span"]) for side in SIDES]
    sizes = [tuple(int(n) for n in found[f"{side} size"]) or None for side in SIDES]
    return Contents(found["times"], (rows, columns), (spans[0], spans[1]), (sizes[0], sizes[1]))  # type: ignore[arg-type]


def events_between(data: Path, begin: float, end: float) -> dict[str, NDArray[np.float64]]:
    """(n, 4) events of "left" and "right" with begin <= time <= end in seconds. Raises FormatError."""

    def read() -> dict[str, NDArray[Any]]:
        with h5py.File(data, "r") as file:
            return {side: _slice(data, file, side, begin, end) for side in SIDES}

    return _in_child(data, read)


def maps_between(truth: Path, first: int, last: int) -> NDArray[np.float32]:
    """(last - first, rows, columns) metres: the maps from number `first` on, before `last`. Raises FormatError."""

    def read() -> dict[str, NDArray[Any]]:
        with h5py.File(truth, "r") as file:
            depth = _dataset(truth, file, DEPTH)
            _check_size(truth, "pixels of depth", (last - first) * int(np.prod(depth.shape[1:], dtype=object)))
            return {"depth": np.asarray(depth[first:last], np.float32)}

    return _in_child(truth, read)["depth"]


def _in_child(path: Path, task: Callable[[], dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise damaged(str(path), "is a folder" if path.is_dir() else "there is no such file", "Check the path.")
    return read_in_child(task, path, lambda trouble: damaged(str(path), f"is not read: it {trouble}"))


def _of_data(path: Path) -> dict[str, NDArray[Any]]:
    faults: list[Fault] = []
    found: dict[str, NDArray[Any]] = {}
    with h5py.File(path, "r") as file:
        for side in SIDES:
            try:
                events = _events(path, file, side)
            except FormatError as error:
                faults += error.faults
                continue
            found[f"{side} span"] = np.array([events[0, 2], events[-1, 2]], np.float64)
            image = file.get(f"davis/{side}/image_raw")
            sized = isinstance(image, h5py.Dataset) and len(image.shape) == 3
            found[f"{side} size"] = np.array(image.shape[1:] if sized else (), np.int64)
    if faults:
        raise FormatError(faults)
    return found


def _of_truth(path: Path) -> dict[str, NDArray[Any]]:
    faults: list[Fault] = []
    with h5py.File(path, "r") as file:
        parts = {}
        for name in (DEPTH, DEPTH_TIMES):
            try:
                parts[name] = _dataset(path, file, name)
            except FormatError as error:
                faults += error.faults
        if faults:
            raise FormatError(faults)
        _check_size(path, "times of depth", int(np.prod(parts[DEPTH_TIMES].shape, dtype=object)))
        depth, times = parts[DEPTH], np.asarray(parts[DEPTH_TIMES], np.float64)
        if len(depth.shape) != 3 or times.shape != depth.shape[:1]:
            fact = f"has depth of shape {depth.shape} with times of shape {times.shape}"
            raise damaged(str(path), fact, limit="(maps, rows, columns) and (maps,) belong together")
        if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
            fact = "has times of depth that are not finite, or do not rise"
            raise damaged(str(path), fact, limit="each map has a later time than the one before")
        return {"times": times, "shape": np.array(depth.shape[1:], np.int64)}


def _events(path: Path, file: Any, side: str) -> Any:
    events = _dataset(path, file, f"davis/{side}/events")
    if len(events.shape) != 2 or events.shape[1] != len(COLUMNS) or not len(events) or events.dtype.kind not in "iuf":
        fact = f"has {side} events of shape {events.shape} and type {events.dtype}"
        raise damaged(str(path), fact, limit=f"(n, 4) numbers: {', '.join(COLUMNS)}, at least one event")
    return events


def _dataset(path: Path, file: Any, name: str) -> Any:
    """A dataset that lies in this file: neither link nor dataset may lead to another one."""
    at = ""
    for part in name.split("/"):
        at = f"{at}/{part}" if at else part
        link = file.get(at, getlink=True)
        if link is None:
            mend = "Pass the *_data.hdf5 and *_gt.hdf5 of one sequence, copied whole."
            raise damaged(str(path), f"has no {name}", mend, WANTED)
        if not isinstance(link, h5py.HardLink):
            raise damaged(str(path), f"may lead to another file: '{at}' is a link", limit="data lie in the file itself")
    found = file[name]
    if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
        fact = f"has a '{name}' that is no dataset, or one whose data lie in another file"
        raise damaged(str(path), fact, limit="data lie in the file itself")
    return found


def _slice(path: Path, file: Any, side: str, begin: float, end: float) -> NDArray[np.float64]:
    events = _events(path, file, side)
    first, last = _before(events, begin - JITTER), _before(events, end + 2 * JITTER)
    _check_size(path, f"{side} events between {begin:.6f} and {end:.6f} s", last - first)
    found = np.asarray(events[first:last], np.float64)
    times = found[:, 2]
    back = np.maximum.accumulate(times) - times if len(times) else times
    if not np.isfinite(found).all() or (back > JITTER).any():
        at = first + int(np.argmax(back)) if np.isfinite(found).all() else first
        fact = f"has {side} events whose times go back by more than {JITTER * 1e3:g} ms, near number {at:,}"
        raise damaged(str(path), fact, "Sort the events by time, in both cameras alike.", "events are in order of time")
    return found[(times >= begin) & (times <= end)]


def _check_size(path: Path, what: str, count: int) -> None:
    if count > MOST_AT_ONCE:
        fact, limit = f"has, or claims to have, {count:,} {what}", f"at most {MOST_AT_ONCE:,} are read at once"
        raise damaged(str(path), fact, "Copy it again, or ask for fewer windows at once: most=1.", limit)


def _before(events: Any, time: float) -> int:
    """How many events are before `time`, by halving: a file of 3 GB is asked some thirty times."""
    low, high = 0, len(events)
    while low < high:
        middle = (low + high) // 2
        if float(events[middle, 2]) < time:
            low = middle + 1
        else:
            high = middle
    return low
