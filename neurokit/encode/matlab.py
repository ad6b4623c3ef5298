"""Events in MATLAB files (scipy.io): ST-MNIST's `spiketrain`, Orchard's `TD`, and columns by name.

spiketrain (101, n)      ST-MNIST (See et al. 2020): for each time of the last row, in seconds, -1, 0 or 1 of each of
                         10x10 taxels; taxel k is row k // 10, column k % 10 here
TD                       a struct of x, y, p, ts as Orchard's MATLAB functions make it: counted from 1, p 1 or 2, ts in
                         microseconds
x, y, t (ts), p (pol)    columns, counted from 0

MATLAB's numbers are doubles unless somebody asks for others, so that a type tells no unit. The rule for the times of
TD and of columns: `time_unit` where it is given ("us" or "s"); else whole numbers are microseconds, whatever their
type, and what has fractions are seconds in columns, with a note, and refused in a TD, whose format says microseconds.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.encode.arrays import DAMAGED
from neurokit.encode.events import LATEST, NAMES, Events, damaged, of_columns
from neurokit.encode.files import Size, check_count, merged_size
from neurokit.errors import FormatError
from neurokit.trial_read import read_in_child

TAXELS = (10, 10)
TIMES = NAMES["t"]
PASS_UNIT = 'Pass time_unit="us" or time_unit="s" (--time-unit).'
Arrays = dict[str, NDArray[Any]]


def read_mat(path: Path, size: Size | None, time_unit: str | None = None) -> Events:
    """Events of a MATLAB file (versions 4 to 7; 7.3 is HDF5, which kind='.h5' reads); a child process reads it.

    time_unit: see the module. FormatError for what is damaged or has other variables.
    """
    found = read_in_child(lambda: _loaded(path), path, lambda trouble: damaged(str(path), f"cannot be read: {trouble}"))
    if "spiketrain" in found:
        if time_unit is not None:
            fact = "holds a spiketrain, whose times are seconds"
            raise damaged(str(path), fact, "Leave time_unit= out.", "time_unit= is for TD and columns")
        return _spiketrain(path, found["spiketrain"], size)
    prefix = "TD."
    if any(name.startswith(prefix) for name in found):
        fields = {name.removeprefix(prefix): values for name, values in found.items() if name.startswith(prefix)}
        return _td(path, fields, size, time_unit)
    times, notes = _times(path, found, time_unit, fractions="s")
    return of_columns(found | times, size, str(path), FormatError, notes=notes)


def _loaded(path: Path) -> Arrays:
    """Variables that are arrays of numbers; the fields of a struct TD as TD.x and so on."""
    import scipy.io
    from scipy.io.matlab import MatReadError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", "We do not support byte ordering")  # what follows would be noise
            found = scipy.io.loadmat(path)
    except (*DAMAGED, MatReadError, IndexError, NameError, UserWarning) as error:
        raise damaged(str(path), f"cannot be read ({type(error).__name__}: {error})") from error
    td = found.get("TD")
    names = getattr(getattr(td, "dtype", None), "names", None) or ()
    if td is not None and ({"x", "y", "p", "ts"} - set(names) or np.size(td) != 1):
        raise damaged(str(path), f"its TD has {', '.join(names) or 'no fields'}", limit="x, y, p and ts are needed")
    arrays = {name: values for name, values in found.items() if isinstance(values, np.ndarray)}
    if td is not None:
        arrays |= {f"TD.{name}": np.asarray(td.ravel()[0][name]).ravel() for name in ("x", "y", "p", "ts")}
    numbers = {name: values for name, values in arrays.items() if values.dtype.kind in "biuf"}
    if td is not None and any(f"TD.{name}" not in numbers for name in ("x", "y", "p", "ts")):
        raise damaged(str(path), "its TD holds no numbers")
    return numbers


def _spiketrain(path: Path, train: NDArray[Any], size: Size | None) -> Events:
    taxels = TAXELS[0] * TAXELS[1]
    if train.ndim != 2 or train.shape[0] != taxels + 1:
        fact = f"its spiketrain has shape {train.shape} and type {train.dtype}"
        raise damaged(str(path), fact, limit=f"{taxels + 1} rows of numbers are needed")
    found = merged_size(path, TAXELS, size)
    step, taxel = np.nonzero(train[:-1].T)  # in the order of time
    check_count(path, len(step))
    times = train[-1].astype(np.float64)[step]
    columns = (times, taxel % TAXELS[1], taxel // TAXELS[1], train[taxel, step])
    return Events.of(*columns, size=found, source=str(path), error=FormatError)


def _td(path: Path, fields: Arrays, size: Size | None, time_unit: str | None) -> Events:
    p = fields["p"]
    polarity = np.where(p == 1, 0, np.where(p == 2, 1, p))
    times, notes = _times(path, fields, time_unit, fractions=None)
    columns = (times["ts"], fields["x"].astype(np.float64) - 1, fields["y"].astype(np.float64) - 1, polarity)
    return Events.of(*columns, size=size, source=str(path), notes=notes, error=FormatError)


def _times(
    path: Path, columns: Arrays, time_unit: str | None, *, fractions: str | None
) -> tuple[Arrays, tuple[str, ...]]:
    """The times as integers of microseconds or as floats of seconds, which `Events.of` tells apart; and a note.

    fractions: the unit of what is not whole where none is given; None: refused.
    """
    name = next((name for name in columns if name.lower() in TIMES), None)
    if name is None:  # `of_columns` says what is missing
        return {}, ()
    values = columns[name]
    if values.dtype.kind != "f":
        return {name: values.astype(np.float64) if time_unit == "s" else values}, ()
    if not (np.abs(values) < LATEST).all():
        raise damaged(str(path), f"a time in its {name} is NaN, infinite or too late")
    whole = bool((values == np.rint(values)).all())
    unit = time_unit or ("us" if whole else fractions)
    if unit is None:
        fact = f"its {name} has fractions, {values[values != np.rint(values)][0]:g} the first"
        raise damaged(str(path), fact, PASS_UNIT, "a TD counts whole microseconds")
    if unit == "s":
        note = () if time_unit else (f"{name} has fractions: read as seconds. {PASS_UNIT}",)
        return {name: values.astype(np.float64)}, note
    note = () if time_unit or fractions is None else (f"{name} is whole: read as microseconds. {PASS_UNIT}",)
    return {name: np.rint(values).astype(np.int64)}, note
