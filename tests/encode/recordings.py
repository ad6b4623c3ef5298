"""Recordings written byte by byte from the formats' specifications, and plain loops that read them: slow, and ours only
in the tests."""

from __future__ import annotations

import struct
import zlib

import numpy as np


def some_events(count=200, rows=40, columns=60, span=30_000, seed=1):
    """Times (sorted), columns, rows, polarities."""
    rng = np.random.default_rng(seed)
    t = np.sort(rng.integers(0, span, count))
    return t, rng.integers(0, columns, count), rng.integers(0, rows, count), rng.integers(0, 2, count)


# -------------------------------------------------------------------------------------------------------------- writers


def write_atis(path, t, x, y, p):
    path.write_bytes(
        b"".join(
            bytes((xi, yi, pi << 7 | ti >> 16, ti >> 8 & 255, ti & 255))
            for ti, xi, yi, pi in zip(*(map(int, column) for column in (t, x, y, p)), strict=True)
        )
    )
    return path


def write_dat(path, t, x, y, p, kind=12, size=(40, 60)):
    head = f"% Data file containing CD events\n% Version 2\n% Width {size[1]}\n% Height {size[0]}\n".encode()
    body = b"".join(struct.pack("<II", ti, xi | yi << 14 | pi << 28) for ti, xi, yi, pi in rows(t, x, y, p))
    path.write_bytes(head + bytes((kind, 8)) + body)
    return path


def write_evt2(path, t, x, y, p):
    words, high = [], None
    for ti, xi, yi, pi in rows(t, x, y, p):
        if ti >> 6 != high:
            high = ti >> 6
            words.append(8 << 28 | high & 0xFFFFFFF)
            words.append(10 << 28)  # a trigger
        words.append(pi << 28 | (ti & 63) << 22 | xi << 11 | yi)
    path.write_bytes(b"% evt 2.0\n% geometry 60x40\n% end\n" + struct.pack(f"<{len(words)}I", *words))
    return path


def write_evt21(path, t, x, y, p):
    words, high = [], None
    for ti, xi, yi, pi in rows(t, x, y, p):
        if ti >> 6 != high:
            high = ti >> 6
            words.append((8 << 28 | high) << 32)
        words.append((pi << 28 | (ti & 63) << 22 | xi // 32 * 32 << 11 | yi) << 32 | 1 << xi % 32)
    head = b"% format EVT21;height=40;width=60\n% end\n"
    path.write_bytes(head + struct.pack(f"<{len(words)}Q", *words))
    return path


def write_evt3(path, words, head=b"% evt 3.0\n% format EVT3;height=720;width=1280\n% end\n"):
    path.write_bytes(head + struct.pack(f"<{len(words)}H", *words))
    return path


def evt3_words(count=3000, seed=3):
    """A lawful stream of all kinds of words, with a clock that wraps."""
    rng = np.random.default_rng(seed)
    words, clock = [8 << 12 | 4090, 6 << 12, 0 << 12 | 7, 3 << 12 | 100], 4090
    for _ in range(count):
        kind = int(rng.choice([0, 2, 3, 4, 5, 6, 8, 10, 14], p=[0.15, 0.3, 0.1, 0.1, 0.1, 0.15, 0.04, 0.03, 0.03]))
        low = int(rng.integers(0, 4096))
        if kind == 8:
            clock += 1
            low = clock % 4096
        elif kind == 0:
            low %= 720
        elif kind in (2, 3):
            low = low & 0x800 | int(rng.integers(0, 400))
        words.append(kind << 12 | low)
        if kind in (4, 5) and rng.random() < 0.7:
            words.append(3 << 12 | int(rng.integers(0, 400)))
    return words


def write_aedat2(path, t, address, chip="eu.seebetter.ini.chip.davis.Davis346red"):
    head = f"#!AER-DAT2.0\r\n# AEChip: {chip}\r\n".encode()
    path.write_bytes(head + b"".join(struct.pack(">II", a, ti) for ti, a in zip(t, address, strict=True)))
    return path


def write_aedat3(path, t, x, y, p, overflow=0, packet=50):
    """Packets of polarity events, each followed by one of special events."""
    body, events = b"", list(rows(t, x, y, p))
    for first in range(0, len(events), packet):
        part = events[first : first + packet]
        body += struct.pack("<HHIIIIII", 1, 1, 8, 4, overflow, len(part) + 3, len(part), len(part))
        body += b"".join(struct.pack("<II", xi << 17 | yi << 2 | pi << 1 | 1, ti) for ti, xi, yi, pi in part)
        body += bytes(24)  # what the packet could hold besides
        body += struct.pack("<HHIIIIII", 0, 1, 8, 4, overflow, 1, 1, 1) + bytes(8)
    path.write_bytes(b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n" + body)
    return path


def rows(*columns):
    return zip(*(map(int, column) for column in columns), strict=True)


# -------------------------------------------------------------------------------------------------------- plain readers


def plain_atis(path):
    raw, events = path.read_bytes(), []
    for k in range(0, len(raw), 5):
        x, y, high, middle, low = raw[k : k + 5]
        events.append(((high % 128) * 65536 + middle * 256 + low, x, y, high // 128))
    return events


def plain_dat(path):
    raw = path.read_bytes()
    while raw.startswith(b"%"):
        raw = raw[raw.index(b"\n") + 1 :]
    events = []
    for t, data in struct.iter_unpack("<II", raw[2 : 2 + (len(raw) - 2) // 8 * 8]):
        events.append((t, data % 16384, data // 16384 % 16384, data // 268435456 % 2))
    return events


def plain_evt2(path):
    raw = path.read_bytes()
    while raw.startswith(b"%"):
        raw = raw[raw.index(b"\n") + 1 :]
    high, events = 0, []
    for (word,) in struct.iter_unpack("<I", raw[: len(raw) // 4 * 4]):
        kind = word >> 28
        if kind == 8:
            high = (word & 0xFFFFFFF) * 64
        elif kind < 2:
            events.append((high + (word >> 22) % 64, (word >> 11) % 2048, word % 2048, kind))
    return events


def plain_evt3(words):
    """The state machine of the specification, word by word."""
    high = low = base = up = row = wraps = 0
    events = []
    for word in words:
        kind, data = word >> 12, word & 0xFFF
        if kind == 0:
            row = data & 0x7FF
        elif kind == 2:
            events.append((wraps * 2**24 + high * 4096 + low, data & 0x7FF, row, data >> 11))
        elif kind == 3:
            base, up = data & 0x7FF, data >> 11
        elif kind in (4, 5):
            width = 12 if kind == 4 else 8
            for bit in range(width):
                if data >> bit & 1:
                    events.append((wraps * 2**24 + high * 4096 + low, base + bit, row, up))
            base += width
        elif kind == 6:
            low = data
        elif kind == 8:
            wraps += data < high - 4000
            high, low = data, 0
    return events


def plain_mat(path):
    """The one matrix of doubles in a compressed MATLAB 5 file."""
    raw = path.read_bytes()
    kind, length = struct.unpack_from("<II", raw, 128)
    assert kind == 15
    data = zlib.decompressobj().decompress(raw[136 : 136 + length])
    place, parts = 8, []
    while len(parts) < 4:  # flags, dimensions, name, numbers
        kind, length = struct.unpack_from("<II", data, place)
        if kind >> 16:
            parts.append((kind & 0xFFFF, data[place + 4 : place + 4 + (kind >> 16)]))
            place += 8
        else:
            parts.append((kind, data[place + 8 : place + 8 + length]))
            place += 8 + (length + 7) // 8 * 8
    rows, columns = struct.unpack("<ii", parts[1][1])
    assert parts[2][1].rstrip(b"\0") == b"spiketrain"
    assert parts[3][0] == 9
    return np.frombuffer(parts[3][1], "<f8").reshape(columns, rows).T


def plain_aedat4(path):
    """Stream 0 of an AEDAT 4 file whose packets are LZ4 frames: flatbuffers with one vector of 16-byte events."""
    raw = path.read_bytes()
    assert raw.startswith(b"#!AER-DAT4.0\r\n")
    place = 14
    place += 4 + struct.unpack_from("<I", raw, place)[0]
    events = []
    while place + 8 <= len(raw):
        stream, length = struct.unpack_from("<iI", raw, place)
        body = raw[place + 8 : place + 8 + length]
        place += 8 + length
        if stream != 0 or len(body) < length or not body.startswith(b"\x04\x22\x4d\x18"):
            continue
        data = plain_lz4(body)
        table = 4 + struct.unpack_from("<I", data, 4)[0]  # behind the length of the whole
        layout = table - struct.unpack_from("<i", data, table)[0]
        field = table + struct.unpack_from("<H", data, layout + 4)[0]
        vector = field + struct.unpack_from("<I", data, field)[0]
        for k in range(struct.unpack_from("<I", data, vector)[0]):
            events.append(struct.unpack_from("<qhh?", data, vector + 4 + 16 * k))
    return events


def plain_lz4(frame):
    """An LZ4 frame (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md) without checking its sums."""
    flags = frame[4]
    place = 7 + 8 * (flags >> 3 & 1) + 4 * (flags & 1)
    out = bytearray()
    while size := struct.unpack_from("<I", frame, place)[0]:
        block = frame[place + 4 : place + 4 + (size & 0x7FFFFFFF)]
        place += 4 + len(block) + 4 * (flags >> 4 & 1)
        if size >> 31:
            out += block
        else:
            plain_block(block, out)
    return bytes(out)


def plain_block(block, out):
    place = 0
    while True:
        token = block[place]
        count, place = plain_length(block, place + 1, token >> 4)
        out += block[place : place + count]
        place += count
        if place >= len(block):
            return
        back = block[place] + 256 * block[place + 1]
        count, place = plain_length(block, place + 2, token & 15)
        for _ in range(count + 4):
            out.append(out[-back])


def plain_length(block, place, count):
    if count == 15:
        while block[place] == 255:
            count, place = count + 255, place + 1
        count, place = count + block[place], place + 1
    return count, place
