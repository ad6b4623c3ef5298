"""iniVation's AEDAT files: 4.0 (DV), 3.1 (cAER, DVS Gesture) and 2.0 (jAER).

https://docs.inivation.com/software/software-advanced-usage/file-formats/index.html. 4.0 is read by the library `aedat`
(MIT, kept by Neuromorphic Systems), which aborts the process on some damaged files, so it works in a child.
Of 2.0 the addresses are those of jAER's DVS128 and DAVIS cameras (their `Extractor` classes): columns are counted from
the right there, rows from the bottom; here, as everywhere, from the left and from the top.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.encode.events import Events, damaged
from neurokit.encode.files import Size, check_count, content, merged_size
from neurokit.encode.words import Columns
from neurokit.errors import Fault, FormatError, InputError
from neurokit.trial_read import read_in_child

MAGIC = re.compile(rb"#!AER-DAT(\d)\.(\d)\r?\n")
END_OF_HEADER = b"#!END-HEADER"
PACKET = 28  # bytes of a packet's header in 3.1
POLARITY_EVENTS = 1


def read_aedat(path: Path, size: Size | None) -> Events:
    """Events of an AEDAT file of any version."""
    with path.open("rb") as file:
        found = MAGIC.match(file.read(16))
    if found is None:
        raise damaged(str(path), "does not begin with #!AER-DAT", "Check that it is an AEDAT file.")
    version = found[1].decode(), found[2].decode()
    readers: dict[str, Callable[[Path, Size | None], Events]] = {"2": _read_2, "3": _read_3, "4": _read_4}
    if version not in (("2", "0"), ("3", "1"), ("4", "0")):
        fact = f"has version {'.'.join(version)}"
        raise damaged(str(path), fact, "Convert it with DV or jAER.", "2.0, 3.1 and 4.0 are known")
    return readers[version[0]](path, size)


# ------------------------------------------------------------------------------------------------------------ AEDAT 4


def _read_4(path: Path, size: Size | None) -> Events:
    try:
        import aedat
    except ImportError as error:
        fact, mend = "is an AEDAT 4 file, which the package aedat reads", "Install neurokit-lava[events]."
        raise InputError(Fault(str(path), fact, "it is not installed", mend)) from error
    found = read_in_child(
        lambda: _decoded(aedat.Decoder, path), path, lambda trouble: damaged(str(path), f"cannot be read: it {trouble}")
    )
    height, width = (int(n) for n in found["size"])
    columns = (found["t"], found["x"], found["y"], found["polarity"])
    sensor = merged_size(path, (height, width), size)
    return Events.of(*columns, size=sensor, source=str(path), error=FormatError, origin=None)


def _decoded(decoder: Callable[[str], Any], path: Path) -> dict[str, NDArray[Any]]:
    """Columns of all packets of the one stream of events, and the sensor's size."""
    try:
        found = decoder(str(path))
        streams = {k: s for k, s in found.id_to_stream().items() if s["type"] == "events"}
        if len(streams) != 1:
            fact = f"has {len(streams)} streams of events"
            raise damaged(str(path), fact, "Write one camera to a file.", "one is read")
        (number, stream), count = next(iter(streams.items())), 0
        packets = []
        for packet in found:
            if packet.get("stream_id") == number and "events" in packet:
                count += len(packet["events"])
                check_count(path, count)
                packets.append(packet["events"])
    except (RuntimeError, OSError, ValueError, AttributeError) as error:
        raise damaged(str(path), f"cannot be read ({error})") from error
    events = np.concatenate(packets) if packets else np.zeros(0, [("t", "u8"), ("x", "u2"), ("y", "u2"), ("on", "?")])
    size = np.array([stream["height"], stream["width"]], np.int64)
    return {"t": events["t"], "x": events["x"], "y": events["y"], "polarity": events["on"], "size": size}


# ---------------------------------------------------------------------------------------------------------- AEDAT 3.1


def _read_3(path: Path, size: Size | None) -> Events:
    """Packets of little-endian events; of the polarity events: 15 bits of x, 15 of y, polarity, valid; then the time.

    The time has 31 bits; the packet's header counts how often it overflowed.
    """
    raw = content(path)
    start = _after_header(path, raw, END_OF_HEADER)
    data, times, notes = [], [], []
    position = start
    while position + PACKET <= len(raw):  # each round moves on by a header at least
        kind, _, width, _, overflow, capacity, count, _ = _packet(raw, position)
        stop = position + PACKET + capacity * width
        if not width or count > capacity or stop > len(raw):
            notes.append(f"the packet at byte {position:,} is cut short or damaged: the rest was left out")
            break
        if kind == POLARITY_EVENTS and width == 8 and count:
            body = raw[position + PACKET : position + PACKET + 8 * count].copy().view("<u4")
            valid = body[0::2] & 1 == 1
            data.append(body[0::2][valid])
            times.append(body[1::2][valid].astype(np.int64) + (overflow << 31))
        position = stop
    if not data and notes:
        raise damaged(str(path), notes[0])
    words, t = _joined(data, np.uint32), _joined(times, np.int64)
    columns = (t, words >> 17 & 0x7FFF, words >> 2 & 0x7FFF, words >> 1 & 1)
    return Events.of(*columns, size=size, source=str(path), notes=tuple(notes), error=FormatError, origin=None)


def _packet(raw: NDArray[np.uint8], position: int) -> tuple[int, ...]:
    """eventType, eventSource, eventSize, eventTSOffset, eventTSOverflow, eventCapacity, eventNumber, eventValid."""
    header = raw[position : position + PACKET]
    return tuple(int(n) for n in (*header[:4].copy().view("<u2"), *header[4:].copy().view("<u4")))


def _joined(parts: list[NDArray[np.generic]], kind: type[np.generic]) -> NDArray[np.int64]:
    joined: NDArray[np.int64] = np.concatenate(parts) if parts else np.zeros(0, kind)
    return joined


# ---------------------------------------------------------------------------------------------------------- AEDAT 2.0


@dataclass(frozen=True)
class Camera:
    """How a camera of jAER packs an event into its address.

    size: (rows, columns). row, column: (shift, mask). polarity: shift. on: the bit of brighter. special: bits that are
    set in addresses that are no such events (frames, inertial samples, triggers).
    """

    name: str
    size: Size
    row: tuple[int, int]
    column: tuple[int, int]
    polarity: int
    on: int
    special: int


def _davis(name: str, rows: int, columns: int) -> Camera:
    return Camera(name, (rows, columns), (22, 0x1FF), (12, 0x3FF), 11, on=1, special=1 << 31 | 1 << 10)


CAMERAS = (
    Camera("DVS128", (128, 128), (8, 0x7F), (1, 0x7F), 0, on=0, special=1 << 15 | 1 << 31),
    _davis("Davis346", 260, 346),
    _davis("Davis240", 180, 240),
)


def _read_2(path: Path, size: Size | None) -> Events:
    """Pairs of big-endian 32-bit words, an address and a time, behind lines that start with '#'."""
    raw = content(path)
    start = _after_comments(raw)
    body = raw[start:]
    words = body[: len(body) // 8 * 8].copy().view(">u4")
    notes = [f"the file is cut short: its last {len(body) % 8} bytes were left out"] if len(body) % 8 else []
    head = raw[:start].tobytes().decode("latin-1")
    chip = next((line.partition(":")[2].strip() for line in head.splitlines() if "AEChip:" in line), "")
    camera = next((camera for camera in CAMERAS if camera.name.lower() in chip.lower()), None)
    if camera is None:
        known = ", ".join(camera.name for camera in CAMERAS)
        fact = f"was recorded with '{chip}'" if chip else "does not name its camera (AEChip)"
        raise damaged(str(path), fact, "Convert it with DV, or write AEDAT 4.", f"{known} are known")
    columns, said = _addresses(camera, words[0::2].astype(np.uint32), words[1::2].astype(np.int64))
    found = merged_size(path, camera.size, size)
    said = (*notes, *said)
    return Events.of(*columns, size=found, source=str(path), notes=said, error=FormatError, origin=None)


def _addresses(camera: Camera, address: NDArray[np.uint32], t: NDArray[np.int64]) -> tuple[Columns, tuple[str, ...]]:
    wraps = np.diff(t, prepend=t[:1]) < -(2**31)
    notes = (f"the clock of 32 bits wrapped {int(wraps.sum())} times",) if wraps.any() else ()
    t = t + (np.cumsum(wraps) << 32)
    real = address & camera.special == 0
    address, t = address[real], t[real]
    (row, rows), (column, columns) = camera.row, camera.column
    y = camera.size[0] - 1 - (address >> row & rows).astype(np.int64)
    x = camera.size[1] - 1 - (address >> column & columns).astype(np.int64)
    return (t, x, y, address >> camera.polarity & 1 == camera.on), notes


def _after_comments(raw: NDArray[np.uint8]) -> int:
    """Where the lines that start with '#' end."""
    text, start = raw.tobytes(), 0
    while text[start : start + 1] == b"#":
        end = text.find(b"\n", start)
        start = len(text) if end < 0 else end + 1
    return start


def _after_header(path: Path, raw: NDArray[np.uint8], mark: bytes) -> int:
    text = raw[: 1 << 20].tobytes()
    place = text.find(mark)
    end = text.find(b"\n", place)
    if place < 0 or end < 0:
        raise damaged(str(path), f"its header does not end with {mark.decode()}")
    return end + 1
