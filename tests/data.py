"""Where real data lie: beside the repository, and in the wheel of lava-dl. Tests skip where they are absent."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
TRUTH = "tests/lava/lib/dl/netx/"  # in the lava-dl wheel


def shared(*parts):
    """A file of ../shared/data, or a skip that says which one is missing."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(('../shared/data', *parts))} is not there")
    return path


def truth(name):
    """A ground-truth file of the lava-dl wheel (tests/lava/lib/dl/netx/NAME), or a skip."""
    try:
        files = metadata.files("lava-dl") or []
    except metadata.PackageNotFoundError:
        pytest.skip("lava-dl is not installed (pip install --no-deps lava-dl==0.6.0 supplies its files)")
    for file in files:
        if str(file) == TRUTH + name:
            return Path(str(file.locate()))
    pytest.skip(f"this lava-dl does not ship {name}")


def nmnist(count=1000, steps=300, milliseconds=1.0):
    """The first `count` recordings: event counts (count, steps, 2, 34, 34) int16 and labels (count,).

    Channel = polarity, rows = y; `.bs2` holds 5 bytes an event (see ../shared/data/README.md).
    """
    lines = shared("nmnist_train1k", "train1K.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line.strip() and line.strip()[0].isdigit()][:count]
    events = np.zeros((len(rows), steps, 2, 34, 34), np.int16)
    for k, (number, _) in enumerate(rows):
        raw = np.fromfile(shared("nmnist_train1k", f"{number}.bs2"), np.uint8).reshape(-1, 5).astype(np.int64)
        microseconds = (raw[:, 2] & 127) << 16 | raw[:, 3] << 8 | raw[:, 4]
        step = (microseconds / (1000 * milliseconds)).astype(np.int64)
        inside = step < steps
        np.add.at(events[k], tuple(a[inside] for a in (step, raw[:, 2] >> 7, raw[:, 1], raw[:, 0])), 1)
    return events, np.array([int(label) for _, label in rows])
