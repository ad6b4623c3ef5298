"""Events in HDF5: DSEC's and rpg's columns, Metavision's and h5py's compound arrays.

    events/t, x, y, p         DSEC (https://dsec.ifi.uzh.ch), with t_offset, which is added; also at the root
    events/ts, xs, ys, ps     rpg and event_utils (seconds where they are floats)
    CD/events                 Metavision: one array of fields x, y, p, t; its codec must be installed
    events                    one array of fields
The group or array may have another name if it is the only one that holds events.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurokit.encode.events import NAMES, Events, damaged, of_columns, structured
from neurokit.encode.files import Size, check_count, merged_size
from neurokit.errors import FormatError, NeurokitError
from neurokit.trial_read import read_in_child
from neurokit.untrusted_hdf5 import trouble_with

PLACES = ("events", "CD/events", "CD", "/")
DAMAGED = (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, EOFError)


def read_hdf5(path: Path, size: Size | None) -> Events:
    """Events of an HDF5 file in one of these layouts; a child process reads it, as HDF5 may crash or hang."""
    if trouble := trouble_with(path, tree=False):
        raise damaged(str(path), f"is not read: it {trouble}")
    found = read_in_child(
        lambda: _arrays(_read(path, size)), path, lambda trouble: damaged(str(path), f"is not read: it {trouble}")
    )
    columns = (found["t"], found["x"], found["y"], found["polarity"])
    rows = tuple(int(n) for n in found["size"])
    sensor = (rows[0], rows[1]) if rows else None
    return Events(*columns, sensor, int(found["origin"]), str(path), tuple(str(note) for note in found["notes"]))


def _arrays(events: Events) -> dict[str, NDArray[Any]]:
    """All that a recording holds, to be handed over."""
    columns: dict[str, NDArray[Any]] = {"t": events.t, "x": events.x, "y": events.y, "polarity": events.polarity}
    columns |= {"size": np.array(events.size or (), np.int64), "origin": np.array(events.origin, np.int64)}
    return columns | {"notes": np.array(events.notes, np.str_)}


def _read(path: Path, size: Size | None) -> Events:
    with suppress(ImportError):  # brings the codecs that DSEC uses
        import hdf5plugin  # noqa: F401
    try:
        with h5py.File(path, "r") as file:
            return _events(path, file, size)
    except NeurokitError:
        raise
    except DAMAGED as error:
        mend = "Copy it again; if it is compressed with a codec of its own, install neurokit-lava[events]."
        raise damaged(str(path), f"cannot be read ({error})", mend) from error


def _events(path: Path, file: h5py.File, size: Size | None) -> Events:
    found = next((file[name] for name in PLACES if name in file and _holds_events(file[name])), None)
    if found is None:
        limit = f"a group or array with {', '.join(NAMES)} at {', '.join(PLACES)} is needed"
        raise damaged(
            str(path),
            f"holds {', '.join(list(file)[:8]) or 'nothing'}",
            "Name them so, or pass arrays to nk.encode.Events.of.",
            limit,
        )
    stated = merged_size(path, _size(file, found), size)
    if isinstance(found, h5py.Dataset):
        check_count(path, found.size)
        return structured(found[()].ravel(), stated, str(path), FormatError, origin=None)
    columns = {name: part for name, part in found.items() if isinstance(part, h5py.Dataset) and _is_column(name)}
    check_count(path, max(part.size for part in columns.values()))
    arrays = {name: part[()] for name, part in columns.items()}
    if "t_offset" in file and not np.shape(file["t_offset"]):
        time = next(name for name in arrays if name.lower() in NAMES["t"])
        if arrays[time].dtype.kind not in "iu":
            fact, limit = (
                f"has a t_offset and times of type {arrays[time].dtype}",
                "both are whole microseconds in DSEC",
            )
            raise damaged(str(path), fact, "Write the times as integers.", limit)
        arrays[time] = arrays[time].astype(np.int64) + int(file["t_offset"][()])
    return of_columns(arrays, stated, str(path), FormatError, origin=None)


def _holds_events(part: Any) -> bool:
    names = part.dtype.names if isinstance(part, h5py.Dataset) else tuple(part)
    lower = [name.lower() for name in names or ()]
    return all(any(name in lower for name in NAMES[key]) for key in ("t", "x", "p"))


def _is_column(name: str) -> bool:
    return any(name.lower() in names for names in NAMES.values())


def _size(file: h5py.File, found: Any) -> Size | None:
    """(rows, columns) from attributes: height and width, or sensor_resolution (rows, columns) as event_utils has it."""
    for attributes in (found.attrs, file.attrs):
        if "height" in attributes and "width" in attributes:
            return int(attributes["height"]), int(attributes["width"])
        if "sensor_resolution" in attributes:
            rows, columns = np.ravel(attributes["sensor_resolution"])[:2]
            return int(rows), int(columns)
    return None
