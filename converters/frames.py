"""Inputs over time as the samples of a network that knows no time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def frames_of(inputs: Mapping[str, NDArray[Any]], steps: int) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """Each different step of each sample once, (frames, *shape), and which frame each (sample, step) is, flat.

    inputs: name -> (batch, time, *shape). Steps past the input's end are zeros.
    """
    flat = {}
    for name, values in inputs.items():
        missing = steps - values.shape[1]
        padded = np.concatenate([values, np.zeros((len(values), max(0, missing), *values.shape[2:]))], axis=1)
        flat[name] = padded[:, :steps].reshape(-1, *values.shape[2:])
    rows = np.concatenate([values.reshape(len(values), -1) for values in flat.values()], axis=1)
    changed = np.ones(len(rows), bool)  # of steps in a row that are alike only the first is run
    changed[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return {name: values[changed] for name, values in flat.items()}, np.cumsum(changed) - 1
