"""Prophesee's EVT 3.0: 16-bit words that change a state (row, base column, time), and events that read it.

https://docs.prophesee.ai/stable/data/encoding_formats/evt3.html. Types: 0 row; 2 one event; 3 base column and polarity;
4 and 5 masks of 12 and 8 pixels from the base on, which then moves by as many; 6 and 8 lower and upper 12 bits of the
time, an upper one sets the lower to zero as in OpenEB's decoder. Others (triggers, continuations) are no events.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.encode.files import check_count
from neurokit.encode.words import Columns, after_first, last, of_words

ROW, SINGLE, BASE, MASK_12, MASK_8, LOW, HIGH = 0, 2, 3, 4, 5, 6, 8


def decode(path: Path, words: NDArray[np.uint16]) -> tuple[Columns, tuple[str, ...]]:
    """Events of the words and what to note."""
    kind, data = words >> 12, words & 0xFFF
    high, row, base = kind == HIGH, kind == ROW, kind == BASE
    time, notes = of_words(high, data, bits=12, shift=12)
    either = high | (kind == LOW)
    time = time + last(either, np.where(high, 0, data)[either].astype(np.int64))
    step = np.where(kind == MASK_12, 12, 0) + np.where(kind == MASK_8, 8, 0)
    moved = np.cumsum(step) - step  # by how many pixels masks moved the base, from the beginning
    column = last(base, (data & 0x7FF)[base].astype(np.int64) - moved[base]) + moved
    up, line = last(base, data[base] >> 11), last(row, data[row] & 0x7FF)

    masks, early = after_first(np.flatnonzero(step), base, "the first column")
    chosen, late = after_first(np.union1d(masks, np.flatnonzero(kind == SINGLE)), high)
    chosen, lost = after_first(chosen, row, "the first row")
    bits = _bits(kind[chosen], data[chosen])
    check_count(path, int(np.count_nonzero(bits)))
    which, offset = np.nonzero(bits)
    word = chosen[which]
    single = kind[word] == SINGLE
    x = np.where(single, data[word] & 0x7FF, column[word] + offset)
    polarity = np.where(single, data[word] >> 11, up[word])
    return (time[word], x, line[word], polarity), (*notes, *early, *late, *lost)


def _bits(kind: NDArray[Any], data: NDArray[Any]) -> NDArray[np.bool_]:
    """(words, 12): which pixels of a mask are set; an event by itself sets the first."""
    masks = np.where(kind == SINGLE, 1, np.where(kind == MASK_8, data & 0xFF, data)).astype(np.uint16)
    found = np.empty((len(masks), 12), np.bool_)
    for bit in range(12):
        found[:, bit] = masks >> np.uint16(bit) & np.uint16(1)
    return found
