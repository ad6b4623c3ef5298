"""Events in MATLAB files (scipy.io): ST-MNIST's `spiketrain`, Orchard's `TD`, and columns by name.

spiketrain (101, n)      ST-MNIST (See et al. 2020): for each time of the last row, in seconds, -1, 0 or 1 of each of
                         10x10 taxels; taxel k is row k // 10, column k % 10 here
TD                       a struct of x, y, p, ts as Orchard's MATLAB functions make it: counted from 1, p 1 or 2
x, y, t (ts), p (pol)    columns, counted from 0
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.encode.arrays import DAMAGED
from neurokit.encode.events import Events, damaged, of_columns
from neurokit.encode.files import Size, check_count, merged_size
from neurokit.errors import FormatError
from neurokit.rehearsal import rehearse

TAXELS = (10, 10)


def read_mat(path: Path, size: Size | None) -> Events:
    """Events of a MATLAB file (versions 4 to 7; 7.3 is HDF5, which kind='.h5' reads); tried in a child first."""
    if trouble := rehearse(lambda: _loaded(path), path):
        raise damaged(str(path), f"cannot be read: it {trouble}")
    found = _loaded(path)
    if "spiketrain" in found:
        return _spiketrain(path, np.asarray(found["spiketrain"]), size)
    if "TD" in found:
        return _td(path, found["TD"], size)
    arrays = {name: values for name, values in found.items() if isinstance(values, np.ndarray)}
    return of_columns(arrays, size, str(path), FormatError)


def _loaded(path: Path) -> dict[str, Any]:
    import scipy.io
    from scipy.io.matlab import MatReadError

    try:
        found = scipy.io.loadmat(path)
    except (*DAMAGED, MatReadError, IndexError) as error:
        raise damaged(str(path), f"cannot be read ({type(error).__name__}: {error})") from error
    return {name: values for name, values in found.items() if not name.startswith("__")}


def _spiketrain(path: Path, train: NDArray[Any], size: Size | None) -> Events:
    taxels = TAXELS[0] * TAXELS[1]
    if train.ndim != 2 or train.shape[0] != taxels + 1 or train.dtype.kind not in "biuf":
        fact = f"its spiketrain has shape {train.shape} and type {train.dtype}"
        raise damaged(str(path), fact, limit=f"{taxels + 1} rows of numbers are needed")
    found = merged_size(path, TAXELS, size)
    step, taxel = np.nonzero(train[:-1].T)  # in the order of time
    check_count(path, len(step))
    times = train[-1].astype(np.float64)[step]
    columns = (times, taxel % TAXELS[1], taxel // TAXELS[1], train[taxel, step])
    return Events.of(*columns, size=found, source=str(path), error=FormatError)


def _td(path: Path, td: Any, size: Size | None) -> Events:
    names = getattr(getattr(td, "dtype", None), "names", None) or ()
    if {"x", "y", "p", "ts"} - set(names) or np.size(td) != 1:
        raise damaged(str(path), f"its TD has {', '.join(names) or 'no fields'}", limit="x, y, p and ts are needed")
    parts = td.ravel()[0]
    x, y, p, ts = (np.asarray(parts[name]).ravel() for name in ("x", "y", "p", "ts"))
    if any(part.dtype.kind not in "biuf" for part in (x, y, p, ts)):
        raise damaged(str(path), "its TD holds no numbers")
    polarity = np.where(p == 1, 0, np.where(p == 2, 1, p))
    microseconds = ts if ts.dtype.kind in "iu" else _whole(path, ts)
    columns = (microseconds, x.astype(np.float64) - 1, y.astype(np.float64) - 1, polarity)
    return Events.of(*columns, size=size, source=str(path), error=FormatError)


def _whole(path: Path, ts: NDArray[Any]) -> NDArray[np.int64]:
    """MATLAB's numbers are doubles: these are microseconds all the same."""
    if not (np.abs(ts) < 2**53).all():
        raise damaged(str(path), "a time of its TD is NaN, infinite or too late")
    return np.asarray(np.rint(ts), np.int64)
