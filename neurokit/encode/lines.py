"""Events as text, one a line: `t x y p` as rpg's datasets have it, or columns named in a first line.

Separated by blanks, commas, semicolons or tabs; lines that start with '#' or '%' are comments. A first line of two
numbers is the sensor's width and height. Times are seconds where the first is written with a point or any has a
fraction, else microseconds.
"""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path

import numpy as np

from neurokit.encode.events import NAMES, Events, damaged, of_columns
from neurokit.encode.files import Size, check_count, content, merged_size
from neurokit.errors import FormatError

SEPARATORS = (",", ";", "\t")
COLUMNS = list(NAMES)


def read_lines(path: Path, size: Size | None) -> Events:
    """Events of a text file; its clock begins with its first event."""
    raw = content(path).tobytes()
    if b"\0" in raw[:65536]:
        raise damaged(str(path), "is no text", "Name it as what it is, or pass kind=.")
    text = raw.decode("latin-1")
    lines, begin = _first_lines(text)
    if not lines:
        return Events.of([0][:0], [0][:0], [0][:0], [0][:0], size=size, source=str(path))
    check_count(path, text.count("\n"))
    separator = next((mark for mark in SEPARATORS if mark in lines[0]), None)
    names, stated, skip = COLUMNS, None, 0
    first = [word.strip() for word in lines[0].split(separator)]
    if len(first) == 2 and all(word.isdecimal() for word in first):
        stated, skip = (int(first[1][:7]), int(first[0][:7])), 1
    elif not any(_is_number(word) for word in first):
        names, skip = first, 1
    if skip == len(lines):
        return Events.of([0][:0], [0][:0], [0][:0], [0][:0], size=merged_size(path, stated, size), source=str(path))
    words = [word.strip() for word in lines[skip].split(separator)]
    if len(words) != len(names):
        fact, limit = f"has {len(words)} numbers in a line", f"the columns are {', '.join(names)}"
        raise damaged(str(path), fact, "Name the columns in the first line.", limit)
    table = _numbers(path, text[begin + len(lines[0]) :] if skip else text, separator)
    columns = dict(zip(names, table.T, strict=True))
    time = next((name for name in names if name.lower() in NAMES["t"]), None)
    if time is not None and not re.search(r"[.eE]", words[names.index(time)]) and _are_whole(columns[time]):
        columns[time] = _microseconds(path, columns[time])
    return of_columns(columns, merged_size(path, stated, size), str(path), FormatError, origin=None)


def _first_lines(text: str) -> tuple[list[str], int]:
    """The first two lines that are no comments (fewer where there are no more), and where the first begins."""
    lines: list[str] = []
    begin = 0
    for found in re.finditer(r"[^\r\n]+", text):
        line = found[0]
        if line.strip() and line.strip()[0] not in "#%":
            begin = begin if lines else found.start()
            lines.append(line)
            if len(lines) == 2:
                break
    return lines, begin


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _are_whole(t: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Whether no time has a fraction; NaN and infinity, which are refused later, have none."""
    return bool(((t == np.rint(t)) | ~np.isfinite(t)).all())


def _numbers(path: Path, text: str, separator: str | None) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(lines, columns) of the lines that hold events."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # no lines: an empty table
            return np.loadtxt(io.StringIO(text), delimiter=separator, comments=("#", "%"), ndmin=2)
    except ValueError as error:
        raise damaged(str(path), f"cannot be read ({str(error)[:200]})") from error


def _microseconds(
    path: Path, t: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if not (np.abs(t) < 2**53).all():
        raise damaged(str(path), "a time is NaN, infinite or too late")
    return np.rint(t).astype(np.int64)
