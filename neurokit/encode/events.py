"""A recording of events as arrays, whatever file or array it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.errors import Fault, FormatError, InputError, NeurokitError

WIDEST = 2**16  # rows or columns that an event can name
LATEST = 2**62  # microseconds; differences of two times then fit int64


@dataclass(frozen=True, eq=False)
class Events:
    """Events of one recording, in the order of their times.

    t: (n,) int64, microseconds, never falling. x: (n,) uint16, columns from the left. y: (n,) uint16, rows from the
    top. polarity: (n,) uint8, 1 where it grew brighter, 0 where it grew darker. size: (rows, columns) of the sensor,
    None where the file does not tell. origin: microseconds at which the recording begins; `to_spikes` counts from
    there. source: file or array. notes: what was found odd and how it was mended.

    `Events.of` takes arrays of any order and type, and checks them. Raises InputError.
    """

    t: NDArray[np.int64]
    x: NDArray[np.uint16]
    y: NDArray[np.uint16]
    polarity: NDArray[np.uint8]
    size: tuple[int, int] | None = None
    origin: int = 0
    source: str = "events"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        wanted = {"t": np.int64, "x": np.uint16, "y": np.uint16, "polarity": np.uint8}
        found = {name: getattr(self, name) for name in wanted}
        faults = [
            Fault(name, "is another array", f"one axis of {np.dtype(wanted[name])} is needed", "Call Events.of.")
            for name, array in found.items()
            if not isinstance(array, np.ndarray) or array.dtype != wanted[name] or array.ndim != 1
        ]
        if not faults and len({len(array) for array in found.values()}) > 1:
            fact = f"have {', '.join(f'{len(array):,}' for array in found.values())} entries"
            faults = [Fault("t, x, y, polarity", fact, "an event has one of each", "Give equally many.")]
        if not faults and (np.diff(self.t) < 0).any():
            faults = [Fault("t", "falls", "events are in the order of their times", "Call Events.of, which sorts.")]
        if faults:
            raise InputError(faults)

    def __len__(self) -> int:
        return len(self.t)

    def __repr__(self) -> str:
        size = "" if self.size is None else f", sensor {self.size[0]}×{self.size[1]}"
        return f"<Events from {self.source}: {len(self):,} in {self.duration:.6g} s{size}>"

    @property
    def duration(self) -> float:
        """Seconds from the first event to the last."""
        return float(self.t[-1] - self.t[0]) / 1e6 if len(self) else 0.0

    def selected(self, chosen: NDArray[Any]) -> Events:
        """The events of a mask or of increasing indices."""
        parts = (self.t[chosen], self.x[chosen], self.y[chosen], self.polarity[chosen])
        return Events(*parts, self.size, self.origin, self.source, self.notes)

    def to_array(self) -> NDArray[Any]:
        """A structured array with the fields and types of tonic: x, y int16, t int64, p bool.

        InputError where an event lies beyond row or column 32767.
        """
        furthest = max(int(self.x.max(initial=0)), int(self.y.max(initial=0)))
        if furthest > np.iinfo(np.int16).max:
            fact, mend = f"has an event in row or column {furthest}", "Use x, y, t and polarity as they are."
            raise InputError(Fault(self.source, fact, "tonic's rows and columns are int16", mend))
        found = np.empty(len(self), [("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", np.bool_)])
        found["x"], found["y"], found["t"], found["p"] = self.x, self.y, self.t, self.polarity
        return found

    @classmethod
    def of(
        cls,
        t: ArrayLike,
        x: ArrayLike,
        y: ArrayLike,
        polarity: ArrayLike,
        *,
        size: tuple[int, int] | None = None,
        origin: int | None = 0,
        source: str = "events",
        notes: tuple[str, ...] = (),
        error: type[NeurokitError] = InputError,
    ) -> Events:
        """Events of arrays (n,). t: integers are microseconds, floats seconds. polarity: 0 or -1, and 1; or bools.

        Times that go back are sorted, with a note. origin: None stands for the time of the first event. Raises
        `error` when lengths differ, numbers are no such numbers, or events lie outside of `size` = (rows, columns).
        """
        arrays = {"t": np.asarray(t), "x": np.asarray(x), "y": np.asarray(y), "polarity": np.asarray(polarity)}
        faults = _array_faults(arrays, source)
        if faults:
            raise error(faults)
        times, late = _microseconds(arrays["t"])
        faults = [_fault(source, late, f"times are finite and below 2**62 µs, {late}")] if late else []
        faults += _place_faults(arrays["x"], arrays["y"], size, source)
        faults += _polarity_faults(arrays["polarity"], source)
        if faults:
            raise error(faults)
        columns = (
            arrays["x"].astype(np.uint16),
            arrays["y"].astype(np.uint16),
            (arrays["polarity"] > 0).view(np.uint8),
        )
        backwards = int((np.diff(times) < 0).sum())
        if backwards:
            order = np.argsort(times, kind="stable")
            times, columns = times[order], (columns[0][order], columns[1][order], columns[2][order])
            notes = (*notes, f"time went back {backwards:,} times: events were sorted")
        begin = origin if origin is not None else int(times[0]) if len(times) else 0
        return cls(times, *columns, None if size is None else (int(size[0]), int(size[1])), begin, source, notes)


def from_array(
    events: Any, *, size: tuple[int, int] | None = None, origin: int | None = None, source: str = "array"
) -> Events:
    """Events of a structured array, as tonic's datasets give them: fields t, x, y, p in any order and type.

    size: (rows, columns); tonic's `sensor_size` is (columns, rows, polarities). origin: microseconds, None for the
    first event, from which tonic's ToFrame counts too. A tonic array without y (audio) has one row. Raises InputError.
    """
    return structured(np.asarray(events), size, source, InputError, origin)


def structured(
    array: NDArray[Any],
    size: tuple[int, int] | None,
    source: str,
    error: type[NeurokitError],
    origin: int | None = 0,
) -> Events:
    """Events of a structured array whose fields bear one of the NAMES."""
    if array.dtype.names is None or array.ndim != 1:
        fact = f"has type {array.dtype} and shape {array.shape}"
        raise error(_fault(source, fact, f"a structured array (n,) with fields {', '.join(NAMES)} is needed"))
    return of_columns({name: array[name] for name in array.dtype.names}, size, source, error, origin)


NAMES = {
    "t": ("t", "ts", "time", "times", "timestamp", "timestamps"),
    "x": ("x", "xs", "column", "columns"),
    "y": ("y", "ys", "row", "rows"),
    "p": ("p", "ps", "pol", "polarity", "polarities", "on"),
}


def of_columns(
    columns: dict[str, Any],
    size: tuple[int, int] | None,
    source: str,
    error: type[NeurokitError],
    origin: int | None = 0,
    notes: tuple[str, ...] = (),
) -> Events:
    """Events of arrays by name; y may be missing where all is in one row, as in recordings of sound."""
    lower = {name.lower(): values for name, values in columns.items()}
    found = {key: next((lower[name] for name in names if name in lower), None) for key, names in NAMES.items()}
    if found["y"] is None and found["x"] is not None:
        found["y"] = np.zeros(np.shape(found["x"]), np.uint16)
    lacking = [key for key, values in found.items() if values is None]
    if lacking:
        fact = f"has no {', '.join(lacking)}, only {', '.join(columns) or 'nothing'}"
        raise error(_fault(source, fact, f"events have {', '.join(NAMES)}"))
    t, x, y, p = (np.asarray(values).ravel() for values in found.values())
    return Events.of(t, x, y, p, size=size, source=source, notes=notes, error=error, origin=origin)


def is_size(size: Any) -> bool:
    """Whether it is (rows, columns) of a sensor."""
    pair = isinstance(size, tuple | list) and len(size) == 2
    return pair and all(isinstance(n, int | np.integer) and 1 <= n <= WIDEST for n in size)


def _fault(source: str, fact: str, limit: str) -> Fault:
    return Fault(source, fact, limit, "Check what wrote it.")


def _array_faults(arrays: dict[str, NDArray[Any]], source: str) -> list[Fault]:
    faults = [
        _fault(source, f"its {name} is of type {array.dtype}, shape {array.shape}", "one axis of numbers is needed")
        for name, array in arrays.items()
        if array.ndim != 1 or array.dtype.kind not in "biuf"
    ]
    lengths = {name: len(array) for name, array in arrays.items() if array.ndim == 1}
    if not faults and len(set(lengths.values())) > 1:
        faults = [_fault(source, f"holds {lengths} values", "an event has one of each")]
    return faults


def _microseconds(t: NDArray[Any]) -> tuple[NDArray[np.int64], str]:
    """Times in microseconds, and what is wrong with them."""
    if t.dtype.kind == "f":
        with np.errstate(over="ignore"):
            scaled = t.astype(np.float64) * 1e6
        if not (np.abs(scaled) < LATEST).all():  # NaN is not below either
            return np.zeros(0, np.int64), "a time is NaN, infinite or too late"
        return np.rint(scaled).astype(np.int64), ""
    if len(t) and (int(t.max()) >= LATEST or int(t.min()) <= -LATEST):
        return np.zeros(0, np.int64), f"a time is {int(t.max())}"
    return t.astype(np.int64), ""


def _place_faults(x: NDArray[Any], y: NDArray[Any], size: tuple[int, int] | None, source: str) -> list[Fault]:
    if size is not None and not is_size(size):
        mend = "Pass e.g. (240, 320): tonic's sensor_size has columns first, and polarities."
        return [Fault(source, f"its sensor's size is {size!r}", f"(rows, columns) from 1 to {WIDEST}", mend)]
    rows, columns = (WIDEST, WIDEST) if size is None else size
    with np.errstate(invalid="ignore"):
        inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
        if x.dtype.kind == "f" or y.dtype.kind == "f":
            inside &= (x == np.rint(x)) & (y == np.rint(y))
    outside = np.flatnonzero(~inside)
    if not len(outside):
        return []
    k = int(outside[0])
    fact = f"{len(outside):,} events lie outside, the first (number {k}) at x {x[k]}, y {y[k]}"
    limit = f"the sensor has {rows} rows and {columns} columns, counted from 0"
    return [Fault(source, fact, limit, "Pass the size of the sensor, or check what wrote it.")]


def _polarity_faults(polarity: NDArray[Any], source: str) -> list[Fault]:
    odd = (polarity != 0) & (polarity != 1)
    if polarity.dtype.kind in "if":
        odd &= polarity != -1
    if not odd.any():
        return []
    fact = f"{int(odd.sum()):,} events have another polarity, the first {polarity[odd][0]}"
    return [_fault(source, fact, "polarity is 1, and 0 or -1")]


def damaged(
    source: str, fact: str, mend: str = "Copy it again, or check what wrote it.", limit: str = ""
) -> FormatError:
    """A FormatError about a file of events."""
    return FormatError(Fault(source, fact, limit or "a whole recording is needed", mend))
