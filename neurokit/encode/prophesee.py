"""Prophesee's `.dat` and `.raw` files (EVT 2.0, 2.1 and 3.0), from the published formats.

https://docs.prophesee.ai/stable/data/file_formats/dat.html, .../file_formats/raw.html, and
.../encoding_formats/evt2.html, evt21.html, evt3.html. No library is used: expelliarmus (GPL) is no longer kept, faery
brings video codecs and refuses the Event2d type that N-CARS is written in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.encode import evt3
from neurokit.encode.events import Events, damaged
from neurokit.encode.files import Size, check_count, content, merged_size
from neurokit.encode.words import Columns, after_first, of_words
from neurokit.errors import FormatError

HEADER_LIMIT = 65536  # bytes; cameras write some hundred
CD_EVENTS = {0: "Event2d", 12: "EventCD"}
DAT_WRAP = 2**32  # microseconds
SIZES_OF_SENSORS = {"gen3": (480, 640), "gen31": (480, 640), "gen41": (720, 1280), "imx636": (720, 1280)}


def read_dat(path: Path, size: Size | None) -> Events:
    """Events of a DAT file; version 2 is the only one that is published."""
    raw = content(path)
    keys, start = _header(path, raw)
    if not start:
        raise damaged(str(path), "has no header", "Check that it is a DAT file of Prophesee.", "lines begin with '%'")
    if len(raw) < start + 2:
        raise damaged(str(path), "ends before its events")
    kind, width = int(raw[start]), int(raw[start + 1])
    if keys.get("version", "2") != "2":
        raise damaged(str(path), f"has version {keys['version']}", "Convert it with Metavision.", "2 is known")
    if kind not in CD_EVENTS or width != 8:
        known = ", ".join(f"{number} ({name})" for number, name in CD_EVENTS.items())
        raise damaged(str(path), f"holds events of type {kind} and {width} bytes", limit=f"8 bytes and {known}")
    body = raw[start + 2 :]
    words = body[: len(body) // 8 * 8].copy().view("<u4")  # a copy is aligned
    check_count(path, len(words) // 2)
    notes = _cut(len(body) % 8)
    t, data = words[0::2].astype(np.int64), words[1::2]
    wraps = np.diff(t, prepend=t[:1]) < -(DAT_WRAP // 2)
    if wraps.any():
        t = t + DAT_WRAP * np.cumsum(wraps)
        notes = (*notes, f"the clock of 32 bits wrapped {int(wraps.sum())} times")
    columns = (t, data & 0x3FFF, data >> 14 & 0x3FFF, data >> 28 & 1)
    found = merged_size(path, _size(keys), size)
    return Events.of(*columns, size=found, source=str(path), notes=notes, error=FormatError)


def read_raw(path: Path, size: Size | None) -> Events:
    """Events of a RAW file: EVT 2.0, 2.1 or 3.0, as its header says. It begins with its first event."""
    raw = content(path)
    keys, start = _header(path, raw)
    encoding, stated = _encoding(path, keys)
    word = {"2": 4, "2.1": 8, "3": 2}[encoding]
    body = raw[start:]
    whole = body[: len(body) // word * word].copy()
    decoders: dict[str, Callable[[Path, Any], tuple[Columns, tuple[str, ...]]]]
    decoders = {"2": _evt2, "2.1": _evt21, "3": evt3.decode}
    decode = decoders[encoding]
    columns, notes = decode(path, whole.view(f"<u{word}"))
    found = merged_size(path, stated, size)
    said = (*_cut(len(body) % word), *notes)
    return Events.of(*columns, size=found, source=str(path), notes=said, error=FormatError, origin=None)


def _evt2(path: Path, words: NDArray[np.uint32]) -> tuple[Columns, tuple[str, ...]]:
    """32-bit words: 0 OFF and 1 ON events (6 bits of time, 11 of x, 11 of y), 8 the time's upper 28 bits."""
    kind = words >> 28
    time, notes = of_words(kind == 8, words & 0xFFFFFFF, bits=28, shift=6)
    chosen = np.flatnonzero(kind <= 1)
    check_count(path, len(chosen))
    timed, said = after_first(chosen, kind == 8)
    data = words[timed]
    t = time[timed] | (data >> 22 & 0x3F).astype(np.int64)
    return (t, data >> 11 & 0x7FF, data & 0x7FF, data >> 28), (*notes, *said)


def _evt21(path: Path, words: NDArray[np.uint64]) -> tuple[Columns, tuple[str, ...]]:
    """64-bit words as in EVT 2.0, x in steps of 32 and a mask of 32 bits for the pixels from there on."""
    kind = (words >> np.uint64(60)).astype(np.uint8)
    high = (words >> np.uint64(32) & np.uint64(0xFFFFFFF)).astype(np.int64)
    time, notes = of_words(kind == 8, high, bits=28, shift=6)
    timed, said = after_first(np.flatnonzero(kind <= 1), kind == 8)
    data = words[timed]
    masks = data.astype(np.uint32)  # the lower half
    count = np.zeros(len(masks), np.int64)
    for bit in range(32):
        count += (masks >> np.uint32(bit)) & np.uint32(1)
    check_count(path, int(count.sum()))
    which = np.repeat(np.arange(len(timed)), count)
    pixel = np.flatnonzero((masks[:, None] >> np.arange(32, dtype=np.uint32) & np.uint32(1)).ravel()) % 32
    upper = (data >> np.uint64(32)).astype(np.int64)
    t = (time[timed] | (upper >> 22 & 0x3F))[which]
    x, y = (upper >> 11 & 0x7FF)[which] + pixel, (upper & 0x7FF)[which]
    return (t, x, y, kind[timed][which]), (*notes, *said)


def _header(path: Path, raw: NDArray[np.uint8]) -> tuple[dict[str, str], int]:
    """Keys and values of the lines that start with '% ', and where the rest begins."""
    text, keys, start = raw[:HEADER_LIMIT].tobytes(), {}, 0
    while text[start : start + 1] == b"%" and text[start : start + 2] != b"%%":
        end = text.find(b"\n", start)
        if end < 0:
            raise damaged(str(path), "its header does not end")
        key, _, value = text[start + 1 : end].decode("latin-1").strip().partition(" ")
        start = end + 1
        if key.lower() == "end":
            break
        keys[key.lower()] = value.strip()
    return keys, start


def _encoding(path: Path, keys: dict[str, str]) -> tuple[str, Size | None]:
    """Which encoding, and the sensor's size where the header tells: '% evt 2.0', or '% format EVT3;height=720;...'."""
    name, *fields = keys.get("format", "").split(";")
    version = name.upper().removeprefix("EVT") or keys.get("evt", "")
    encoding = {"2": "2", "2.0": "2", "21": "2.1", "2.1": "2.1", "3": "3", "3.0": "3"}.get(version)
    if encoding is None:
        fact = f"its encoding is {version!r}" if version else "its header names no encoding"
        raise damaged(str(path), fact, "Check that it is a RAW file of Prophesee.", "EVT 2.0, 2.1 and 3.0 are known")
    given = dict(field.split("=", 1) for field in fields if "=" in field)
    return encoding, _size({**keys, **given})


def _size(keys: dict[str, str]) -> Size | None:
    """From height and width, a geometry ('640x480'), or the name of the sensor."""
    if "geometry" in keys and (found := re.fullmatch(r"(\d{1,5})x(\d{1,5})", keys["geometry"])):
        return int(found[2]), int(found[1])
    if keys.get("height", "").isdecimal() and keys.get("width", "").isdecimal():
        return int(keys["height"][:6]), int(keys["width"][:6])
    return SIZES_OF_SENSORS.get(keys.get("sensor_name", "").lower())


def _cut(left: int) -> tuple[str, ...]:
    return (f"the file is cut short: its last {left} bytes are no whole event and were left out",) if left else ()
