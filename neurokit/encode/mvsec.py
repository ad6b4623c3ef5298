"""MVSEC's indoor_flying sequences as windows of events with their depth, as StereoSpike takes them.

    files = find("mvsec", 1)                            the HDF5 files and rectification maps in a folder
    for frames in windows(files, tested_maps(1)): ...     StereoFrames, a few at a time

Every event goes to where the rectification maps send its pixel (cut off, not rounded, as StereoSpike does) and is
counted in the 50 ms that end with its map of depth. Of that, holes of fewer than 24 pixels are closed
(`holes.area_closing`) and zeros become NaN. Sequences are published at https://daniilidis-group.github.io/mvsec.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.encode import mvsec_file
from neurokit.encode.events import Events, damaged
from neurokit.encode.holes import area_closing
from neurokit.encode.mvsec_file import SIDES, Contents
from neurokit.encode.stereo import WINDOW, StereoFrames, counted
from neurokit.errors import Fault, FormatError, InputError, one_line

HOLE = 24  # pixels; StereoSpike's datasets/MVSEC/mvsec_dataset.py
MOST_AT_ONCE = 16  # maps
WIDEST_GAP = 4  # maps between two that are read at once
# First map and the one behind the last, of the sequence that a split tests on: Zhu et al. 2018 (TSES), as Tulyakov et
# al. 2019 take them (github.com/tlkvstepan/event_stereo_ICCV2019, dataset.py); 200 of them, drawn, are for validation.
TESTED = {1: (140, 1201), 2: (120, 1421), 3: (73, 1616)}
FOR_VALIDATION = 200
# Where StereoSpike starts to count (datasets/MVSEC/indices.py): its index i is map first + 2 + i, because two chunks
# go before (N_warmup = N_train = 1 in test.py), and its windows follow each other from the first map on.
STEREOSPIKE_FIRST = {1: 139, 2: 119, 3: 72}
STEREOSPIKE_CHUNKS = 2

Transform = Callable[[NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True)
class Files:
    """Files of a sequence. rectification: of left and right, the text files of columns (x_map) and rows (y_map)."""

    sequence: int
    data: Path
    truth: Path
    rectification: tuple[tuple[Path, Path], tuple[Path, Path]]


def find(folder: str | Path, sequence: int) -> Files:
    """The files of indoor_flying<sequence>, in `folder` or below it. Raises FormatError with all that are missing."""
    place = Path(folder)
    if not place.is_dir():
        raise damaged(str(place), "there is no such folder", "Pass where the files of MVSEC lie.")
    name = f"indoor_flying{sequence}"
    wanted = [f"{name}_data.hdf5", f"{name}_gt.hdf5"]
    wanted += [f"indoor_flying_{side}_{axis}_map.txt" for side in SIDES for axis in "xy"]
    found = {file: sorted(place.rglob(file)) for file in wanted}
    faults = [
        Fault(file, f"is not in {place} or below", "a sequence has data, truth and four maps", _mend(file))
        for file, paths in found.items()
        if not paths
    ]
    if faults:
        raise FormatError(faults)
    data, truth, *maps = (found[file][0] for file in wanted)
    return Files(sequence, data, truth, ((maps[0], maps[1]), (maps[2], maps[3])))


def tested_maps(split: int) -> list[int]:
    """Numbers of the maps that Tulyakov et al. test split 1, 2 or 3 on, in the sequence of that number.

    Their code shuffles the maps with Python's generator and seed 0 and keeps all but the first 200.
    """
    if split not in TESTED:
        raise InputError(Fault("split", f"is {split!r}", "splits are 1, 2 and 3", "Pass one of them."))
    numbers = list(range(*TESTED[split]))
    random.Random(0).shuffle(numbers)
    return sorted(numbers[FOR_VALIDATION:])


def windows(
    files: Files,
    maps: Sequence[int],
    *,
    counted_from: int | None = None,
    transform: Transform | None = None,
    most: int = MOST_AT_ONCE,
) -> Iterator[StereoFrames]:
    """Windows of 50 ms of the maps with these numbers (rising), at most `most` at a time.

    counted_from: None ends each window with its own map. A map's number: windows are counted from there, one every 50
    ms from the camera's first event on, as StereoSpike's code does, although maps need not be exactly 50 ms apart.
    transform: of tonic or one's own, applied to the rectified events of each window and camera (structured: x, y, t
    in microseconds, p). Raises FormatError where the files do not fit each other, and for windows without events.
    """
    rectified = _rectification(files)
    found = mvsec_file.contents(files.data, files.truth)
    _check(files, found, rectified)
    numbers = _checked_maps(maps, len(found.times), files)
    ends = _ends(files, found.times, numbers, counted_from)
    for block in _blocks(numbers, most):
        depth = mvsec_file.maps_between(files.truth, numbers[block[0]], numbers[block[-1]] + 1)
        span = (float(ends[:, block[0]].min()) - WINDOW, float(ends[:, block[-1]].max()))
        events = mvsec_file.events_between(files.data, *span)
        counts = np.zeros((len(block), 4, *found.shape), np.int16)
        for k, at in enumerate(block):
            for side, name in enumerate(SIDES):
                inside = _window(events[name], float(ends[side, at]), counted_from is not None)
                if not len(inside):
                    raise _empty(files, name, numbers[at], float(ends[side, at]))
                placed = _placed(files, name, inside, rectified[side])
                counts[k, 2 * side : 2 * side + 2] = _counts(placed, found.shape, transform)
        chosen = [numbers[at] - numbers[block[0]] for at in block]
        closed = np.stack([_closed(depth[k]) for k in chosen])
        scenes = np.full(len(block), files.sequence, np.int64)
        yield StereoFrames(counts, closed, found.times[[numbers[at] for at in block]], scenes)


def _mend(file: str) -> str:
    return "Unpack MVSEC's indoor_flying_calib.zip there." if file.endswith(".txt") else "Copy the file there."


def _rectification(files: Files) -> list[NDArray[np.float64]]:
    """Of left and right, (2, rows, columns): the column and the row that a pixel goes to."""
    faults, found = [], []
    for paths in files.rectification:
        pair = []
        for path in paths:
            try:
                pair.append(np.loadtxt(path, ndmin=2))
            except (OSError, ValueError) as error:
                fact = f"cannot be read as numbers ({one_line(error)})"
                faults.append(Fault(str(path), fact, "a text file of rows of numbers is needed", "Unpack it again."))
        if len(pair) == 2 and pair[0].shape != pair[1].shape:
            fact = f"has shape {pair[1].shape}, the map of columns {pair[0].shape}"
            faults.append(Fault(str(paths[1]), fact, "both are (rows, columns)", "Unpack them again."))
        elif len(pair) == 2:
            found.append(np.stack(pair))
    if faults:
        raise FormatError(faults)
    return found


def _check(files: Files, found: Contents, rectified: list[NDArray[np.float64]]) -> None:
    """FormatError with all in which left, right and depth do not fit each other: sizes and clocks."""
    faults = []
    rows, columns = found.shape
    for (side, maps), size in zip(zip(SIDES, rectified, strict=True), found.sizes, strict=True):
        for what, shape in (("rectification maps", maps.shape[1:]), ("images", size)):
            if shape is not None and tuple(shape) != found.shape:
                fact = f"has {side} {what} of {shape[0]}×{shape[1]} pixels, and depth of {rows}×{columns}"
                mend = "Take data, depth and maps of the same two cameras."
                faults.append(Fault(str(files.data), fact, "left, right and depth have one size", mend))
    first, last = float(found.times[0]), float(found.times[-1])
    for side, (begin, end) in zip(SIDES, found.spans, strict=True):
        if not (begin < last and end > first):
            fact = f"has {side} events from {begin:.6g} to {end:.6g} s, and depth from {first:.6g} to {last:.6g} s"
            mend = "Give all times in seconds of one clock (tonic's reader starts each camera at 0)."
            faults.append(Fault(str(files.data), fact, "left, right and depth have one clock", mend))
    if faults:
        raise FormatError(faults)


def _checked_maps(maps: Sequence[int], many: int, files: Files) -> list[int]:
    numbers = [int(number) for number in maps]
    if not numbers or numbers != sorted(set(numbers)) or numbers[0] < 0:
        fact = f"are {len(numbers)} numbers that do not rise from 0 on" if numbers else "are none"
        raise InputError(Fault("maps", fact, "numbers of maps of depth, each once, rising", "Sort them."))
    if numbers[-1] >= many:
        fact, limit = f"names map {numbers[-1]}", f"{files.truth.name} has {many:,} maps, counted from 0"
        raise InputError(Fault("maps", fact, limit, "Take maps of this sequence, or copy the file again."))
    return numbers


def _ends(files: Files, times: NDArray[Any], numbers: list[int], counted_from: int | None) -> NDArray[np.float64]:
    """(2, n) seconds, the ends of the windows of left and right."""
    if counted_from is None:
        return np.tile(times[numbers], (2, 1))
    if not 0 <= counted_from <= numbers[0]:
        fact, limit = f"is {counted_from}", f"it is a map's number, at most that of the first map, {numbers[0]}"
        raise InputError(Fault("counted_from", fact, limit, "Pass None to end windows with their maps."))
    begin = float(times[counted_from]) - WINDOW
    events = mvsec_file.events_between(files.data, begin, begin + 2 * WINDOW)
    first: list[float] = []
    for side in SIDES:
        after = events[side][events[side][:, 2] > begin]
        if not len(after):
            raise _empty(files, side, counted_from, begin + WINDOW)
        first.append(float(after[:, 2].min()))
    return np.asarray(np.array(first)[:, None] + WINDOW * (np.array(numbers) - counted_from + 1), np.float64)


def _blocks(numbers: list[int], most: int) -> Iterator[list[int]]:
    """Places in `numbers`, cut where there are too many at once or maps are far from each other."""
    block: list[int] = []
    for at, number in enumerate(numbers):
        if block and (len(block) == most or number - numbers[block[-1]] > WIDEST_GAP):
            yield block
            block = []
        block.append(at)
    yield block


def _window(events: NDArray[Any], end: float, counted: bool) -> NDArray[Any]:
    """Events of the 50 ms before `end`: StereoSpike leaves both ends out, else the later one belongs to it."""
    times = events[:, 2]
    return events[(times > end - WINDOW) & ((times < end) if counted else (times <= end))]


def _placed(files: Files, side: str, events: NDArray[Any], maps: NDArray[Any]) -> Events:
    """Events where the rectification maps send them; those that leave the picture are left out, as everywhere."""
    rows, columns = maps.shape[1:]
    x, y = events[:, 0], events[:, 1]
    if not ((x >= 0) & (x < columns) & (y >= 0) & (y < rows)).all():
        fact = f"has {side} events up to column {x.max():g} and row {y.max():g}, from {x.min():g} and {y.min():g}"
        limit = f"the sensor has {rows}×{columns} pixels, as its rectification maps"
        raise damaged(str(files.data), fact, "Take data and maps of the same camera.", limit)
    to = maps[:, y.astype(np.int64), x.astype(np.int64)]
    inside = (to[0] >= 0) & (to[0] < columns) & (to[1] >= 0) & (to[1] < rows)
    column, row = np.floor(to[:, inside]).astype(np.int64)
    on = np.where(events[inside, 3] == 1, 1, 0)  # StereoSpike: all that is not 1 is OFF
    return Events.of(events[inside, 2], column, row, on, size=(rows, columns), source=str(files.data))


def _counts(events: Events, shape: tuple[int, int], transform: Transform | None) -> NDArray[np.int16]:
    """(2, rows, columns) ON and OFF events, after a transform of tonic's kind."""
    if transform is not None:
        array = transform(events.to_array())
        events = Events.of(array["t"], array["x"], array["y"], array["p"], size=shape, source="transform's events")
    return counted(events.y.astype(np.int64) * shape[1] + events.x, events.polarity == 1, shape)


def _closed(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    closed = area_closing(depth, HOLE).astype(np.float32)
    closed[~(closed > 0)] = np.nan
    return closed


def _empty(files: Files, side: str, number: int, end: float) -> FormatError:
    fact = f"has no {side} events in the 50 ms before {end:.6f} s, of map {number}"
    return damaged(str(files.data), fact, "Leave that map out of maps=.", "a window holds events of both cameras")
