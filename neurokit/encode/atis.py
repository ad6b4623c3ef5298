"""N-MNIST's and N-Caltech101's `.bin` and SLAYER's `.bs2`: 5 bytes an event, of an ATIS camera.

Bytes: x, y, polarity and 7 bits of the time, 16 more bits of the time, in microseconds from the recording's beginning
(Orchard et al. 2015, https://www.garrickorchard.com/datasets/n-mnist). A row of 240, which the sensor does not have,
marks an overflow of the camera's 13-bit clock: all later times are 2**13 us later, and the mark is no event.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurokit.encode.events import Events, damaged
from neurokit.encode.files import Size, check_count, content
from neurokit.errors import FormatError

RECORD = 5
OVERFLOW_ROW, OVERFLOW = 240, 2**13


def read_atis(path: Path, size: Size | None) -> Events:
    """Events of a `.bin` or `.bs2` file; it does not tell the sensor's size (34x34 for N-MNIST)."""
    raw = content(path)
    if len(raw) % RECORD:
        raise damaged(str(path), f"has {len(raw):,} bytes", limit="events have 5 bytes each")
    check_count(path, len(raw) // RECORD)
    x, y, high, middle, low = raw.reshape(-1, RECORD).T
    t = (high & 127).astype(np.int64) << 16 | middle.astype(np.int64) << 8 | low
    marks = y == OVERFLOW_ROW
    notes: tuple[str, ...] = ()
    if marks.any():
        t += OVERFLOW * np.cumsum(marks)
        notes = (f"{int(marks.sum()):,} overflow marks of the clock were counted",)
    real = ~marks
    columns = (t[real], x[real], y[real], high[real] >> 7)
    return Events.of(*columns, size=size, source=str(path), notes=notes, error=FormatError)
