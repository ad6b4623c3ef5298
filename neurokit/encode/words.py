"""Clocks inside streams of words: the upper bits of the time come in words of their own, and wrap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]
WRAP_MARGIN = 10  # as in OpenEB's decoders: a fall by all but so many is a wrap, any other a time that went back


def of_words(
    marks: NDArray[np.bool_], values: NDArray[Any], *, bits: int, shift: int
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """For each word the time that the last mark up to it set (microseconds); and what to note.

    marks: which words carry upper bits. values: those bits. bits: how many, after which they wrap. shift: their place.
    """
    upper = values[marks].astype(np.int64)
    wraps = np.diff(upper, prepend=upper[:1]) <= -(2**bits - 1 - WRAP_MARGIN)
    upper = (upper + (np.cumsum(wraps) << bits)) << shift
    time = last(marks, upper)
    return time, (f"the clock of {bits + shift} bits wrapped {int(wraps.sum())} times",) if wraps.any() else ()


def last(marks: NDArray[np.bool_], values: NDArray[Any]) -> NDArray[Any]:
    """For each word the value of the last mark up to it, 0 before the first. values: one for each mark."""
    seen = np.cumsum(marks)
    found: NDArray[Any] = np.concatenate((np.zeros(1, values.dtype), values))[seen]
    return found


def after_first(
    chosen: NDArray[np.int64], marks: NDArray[np.bool_], what: str = "the first time"
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Those of the chosen words before which a mark came, and a note about the others."""
    first = int(np.argmax(marks)) if marks.any() else len(marks)
    skip = int(np.searchsorted(chosen, first))
    return chosen[skip:], (f"{skip:,} words of events before {what} were left out",) if skip else ()
