"""From events to spikes: (time, polarity, row, column) arrays of a stated bin, cut to a network's input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.encode.events import LATEST, Events
from neurokit.encode.room import zeros
from neurokit.errors import Fault, InputError

Shape = tuple[int, ...]
FITS = ("crop", "pool", "resize")
POLARITIES = 2


def to_spikes(
    events: Events,
    dt: float,
    *,
    shape: Shape | None = None,
    steps: int | None = None,
    start: int | None = None,
    counts: bool = False,
    fit: str | None = None,
) -> NDArray[Any]:
    """Spikes (steps, *shape): events of step k came in [start + k dt, start + (k + 1) dt).

    dt: seconds. shape: of the network's input: (2, rows, columns) with polarity 0 (darker) and 1, (1, rows, columns) or
    (rows, columns) with both together, or flat, (2 rows columns,) in the order polarity, row, column, or
    (rows columns,); default (2, *events.size). steps: default up to the last event; events outside are left out.
    start: microseconds, default `events.origin`. counts: how many events came (uint8, or int32 where one is above 255)
    instead of 0 and 1 (uint8), which is the default.

    fit: what happens when the sensor has another size: "crop" takes its middle (events outside are left out), "pool"
    joins k x k pixels and needs a whole k for each axis, "resize" takes any ratio: column x becomes x * columns //
    sensor's columns. None refuses. A sensor of unknown size is taken to be as the shape says.

    1 M events take 0.03 to 0.1 s (docs/encoding.md). Raises InputError.
    """
    _check_events(events)
    channels, rows, columns, shape = _plan(events, shape)
    x, y, inside = _fitted(events, (rows, columns), fit)
    begin = events.origin if start is None else _checked_start(start)
    step = _steps_of(events.t, begin, dt)
    count = _count_steps(step, steps, events, dt)
    where = step * POLARITIES + events.polarity if channels == POLARITIES else step
    where = (where * rows + y) * columns + x
    chosen = inside & (step >= 0) & (step < count)
    if not chosen.all():
        where = where[chosen]
    times: Any = 1
    if counts:
        where, times = _tallied(where)
    kind = np.dtype(np.uint8 if np.max(times, initial=0) < 256 else np.int32)
    spikes = zeros((count, *shape), kind, _mend(dt))
    spikes.reshape(-1)[where] = times
    return spikes


def _tallied(where: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places that occur, in order, and how often: faster than np.add.at on a large array, and kinder to caches."""
    ordered = np.sort(where)
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    return ordered[first], np.diff(first, append=len(ordered))


def batch(recordings: Sequence[Events], dt: float, *, steps: int | None = None, **options: Any) -> NDArray[Any]:
    """Spikes (recordings, steps, *shape) of several recordings, shorter ones followed by silence.

    options: as `to_spikes` takes them. Raises InputError.
    """
    if isinstance(recordings, Events):
        raise InputError(Fault("recordings", "is one recording", "a batch has several", "Pass a list of them."))
    if not len(recordings):
        raise InputError(Fault("recordings", "are none", "at least one is needed", "Pass a recording."))
    parts = [to_spikes(events, dt, steps=steps, **options) for events in recordings]
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        found = ", ".join(map(str, sorted(shapes)))
        raise InputError(Fault("recordings", f"have shapes {found}", "a batch has one shape", "Pass shape= and fit=."))
    longest, kind = max(len(part) for part in parts), np.result_type(*parts)
    joined = zeros((len(parts), longest, *parts[0].shape[1:]), kind, _mend(dt))
    for row, part in zip(joined, parts, strict=True):
        row[: len(part)] = part
    return joined


def from_frames(frames: ArrayLike, *, shape: Shape | None = None, counts: bool = True) -> NDArray[Any]:
    """Spikes of frames (..., time, polarity, rows, columns), as tonic's ToFrame gives them, for a network's input.

    shape: as `to_spikes` takes it; both polarities are added where it has one. counts: False makes 0 and 1 of them.
    Raises InputError for fractions, negative numbers and other sizes.
    """
    array = np.asarray(frames)
    if array.ndim < 4 or array.dtype.kind not in "biuf":
        fact = f"have shape {array.shape} and type {array.dtype}"
        raise InputError(Fault("frames", fact, "numbers (..., time, polarity, rows, columns)", "Use ToFrame of tonic."))
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array == np.rint(array)).all()):
        raise InputError(Fault("frames", "hold fractions, NaN or infinity", "spikes are counted", "Do not scale them."))
    if array.size and (array.min() < 0 or array.max() >= 2**31):
        raise InputError(Fault("frames", "hold negative or huge numbers", "spikes are counted", "Do not scale them."))
    *lead, polarities, rows, columns = array.shape
    spikes = array.astype(np.int32) if counts else (array > 0).astype(np.uint8)
    if shape is None:
        return spikes
    shape = _checked_shape(shape)
    size = polarities * rows * columns
    if shape in ((1, rows, columns), (rows, columns), (rows * columns,)) and polarities == POLARITIES:
        joined = spikes.sum(axis=-3, keepdims=True, dtype=np.int32)
        spikes = joined if counts else (joined > 0).astype(np.uint8)
    elif shape not in ((polarities, rows, columns), (size,)):
        fact = f"have {polarities} polarities, {rows} rows and {columns} columns"
        raise InputError(Fault("frames", fact, f"the input is {_times(shape)}", "Pool or crop them with tonic."))
    return spikes.reshape(*lead, *shape)


def _check_events(events: Any) -> None:
    if not isinstance(events, Events):
        limit, mend = "it is nk.encode.Events", "Call nk.encode.from_array, or nk.encode.read for a file."
        raise InputError(Fault("events", f"is of type {type(events).__name__}", limit, mend))


def _checked_start(start: Any) -> int:
    if isinstance(start, bool) or not isinstance(start, int | np.integer) or abs(int(start)) > LATEST:
        raise InputError(
            Fault("start", f"is {start!r}", "a whole number of microseconds", "Leave it out, or pass one.")
        )
    return int(start)


def _checked_shape(shape: Any) -> Shape:
    sizes = tuple(shape) if isinstance(shape, tuple | list) else ()
    if not sizes or not all(isinstance(n, int | np.integer) and n >= 1 for n in sizes):
        mend = "Pass e.g. (2, 34, 34)."
        raise InputError(Fault("shape", f"is {shape!r}", "whole numbers of at least 1 are needed", mend))
    return tuple(int(n) for n in sizes)


def _plan(events: Events, shape: Shape | None) -> tuple[int, int, int, Shape]:
    """Channels (1 or 2), rows and columns that are filled, and the shape of a step."""
    if shape is None:
        if events.size is None:
            fact = "does not tell the size of its sensor"
            raise InputError(Fault(events.source, fact, "spikes need a shape", "Pass shape=(2, rows, columns)."))
        return (POLARITIES, *events.size, (POLARITIES, *events.size))
    shape = _checked_shape(shape)
    if len(shape) == 3 and shape[0] in (1, POLARITIES):
        return (*shape, shape)
    if len(shape) == 2:
        return (1, *shape, shape)
    if len(shape) == 1 and events.size is not None:
        rows, columns = events.size
        if shape[0] in (rows * columns, POLARITIES * rows * columns):
            return shape[0] // (rows * columns), rows, columns, shape
    limit = "(2, rows, columns), (1, rows, columns), (rows, columns), or as many as the sensor has pixels"
    size = "an unknown sensor" if events.size is None else f"a sensor of {_times(events.size)}"
    mend = "Pass the sensor's size, or the shape of the network's input."
    raise InputError(Fault("shape", f"is {shape} for {size}", limit, mend))


def _fitted(
    events: Events, size: tuple[int, int], fit: str | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Columns and rows in the input, and which events lie in it."""
    if fit is not None and fit not in FITS:
        raise InputError(Fault("fit", f"is {fit!r}", f"known: {', '.join(FITS)}", "Name one of them."))
    x, y = events.x.astype(np.int64), events.y.astype(np.int64)
    sensor = events.size
    if sensor is None:
        outside = int(((x >= size[1]) | (y >= size[0])).sum())
        if outside:
            fact = f"{outside:,} events lie outside of {_times(size)}, and the file does not tell its sensor's size"
            mend = "Pass size= to read(), and fit=."
            raise InputError(Fault(events.source, fact, "events lie in the input", mend))
        sensor = size
    if sensor != size:
        _check_fit(events.source, sensor, size, fit)
        if fit == "crop":
            y, x = y - (sensor[0] - size[0]) // 2, x - (sensor[1] - size[1]) // 2
        else:
            y, x = y * size[0] // sensor[0], x * size[1] // sensor[1]
    return x, y, (x >= 0) & (x < size[1]) & (y >= 0) & (y < size[0])


def _check_fit(source: str, sensor: tuple[int, int], size: tuple[int, int], fit: str | None) -> None:
    fact = f"comes from a sensor of {_times(sensor)}"
    limit = f"the input has {_times(size)}"
    larger = all(n >= m for n, m in zip(sensor, size, strict=True))
    whole = larger and all(n % m == 0 for n, m in zip(sensor, size, strict=True))
    choices = [name for name, possible in zip(FITS, (larger, whole, True), strict=True) if possible]
    if fit not in choices:
        said = f"Pass fit={' or '.join(map(repr, choices))}."
        raise InputError(Fault(source, fact, limit, said if fit is None else f"'{fit}' cannot do that. {said}"))


def _steps_of(t: NDArray[np.int64], start: int, dt: float) -> NDArray[np.int64]:
    if isinstance(dt, bool) or not isinstance(dt, int | float | np.number) or not 0 < dt < math.inf:
        raise InputError(Fault("dt", f"is {dt!r}", "a positive number of seconds", "Pass the length of a step."))
    width = dt * 1e6
    if width >= 1 and abs(width - round(width)) < 1e-6 * width:
        return (t - start) // round(width)
    with np.errstate(over="ignore"):
        found = np.floor((t - start) / width)
    return np.asarray(np.clip(found, -(2.0**62), 2.0**62), np.int64)


def _count_steps(step: NDArray[np.int64], steps: int | None, events: Events, dt: float) -> int:
    if steps is not None:
        if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
            raise InputError(Fault("steps", f"is {steps!r}", "a whole number of at least 1", "Leave it out."))
        return int(steps)
    if not len(step):
        raise InputError(Fault(events.source, "holds no events", "its length is unknown", "Pass steps=."))
    if step[-1] < 0:
        raise InputError(Fault("start", "comes after the last event", f"of {events.source}", "Leave it out."))
    return int(step[-1]) + 1


def _mend(dt: float) -> str:
    return f"Pass a dt larger than {dt:g} s, fewer steps=, a later start=, or pool."


def _times(shape: Shape) -> str:
    return "×".join(map(str, shape))
