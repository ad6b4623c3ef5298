"""The range of every rectifier's activations on sample data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.activations import Values, batches, evaluate
from neurokit.converters.layers import Layers, Rectifier

MOST = 1 << 22  # activations of a layer that a percentile is taken of; of more, evenly many are left out


def percentiles(
    layers: Layers, samples: Mapping[str, Values], percentile: float = 100.0, per_channel: bool = False
) -> dict[str, NDArray[np.float64]]:
    """Percentile of each rectifier's activations on `samples`, never 0: () by name, or (channels, 1, 1).

    A rectifier that is never active on the samples gets 1, or the smallest of the others' where channels
    have their own.
    A rectifier of differences (`like`) has the range of what they are differences of.
    """
    count = len(next(iter(samples.values())))
    kept: dict[str, list[Values]] = {n: [] for n, node in layers.nodes.items() if isinstance(node, Rectifier)}
    peaks = dict.fromkeys(kept, 0.0)

    def keep(name: str, values: Values) -> None:
        if name not in kept or layers.nodes[name].like:  # type: ignore[union-attr]
            return
        peaks[name] = max(peaks[name], float(values.max(initial=0)))
        size = math.prod(values.shape[1:])
        channels = values.shape[1] if per_channel and values.ndim == 4 else 1
        rows = values.reshape(len(values), channels, -1).swapaxes(0, 1).reshape(channels, -1)
        kept[name].append(rows[:, :: max(1, count * size // MOST)].copy())

    for part in batches(layers, samples):
        evaluate(layers, part, keep)
    ranges: dict[str, NDArray[np.float64]] = {}
    for name in layers.order:
        if kept.get(name):
            ranges[name] = _range(np.concatenate(kept[name], axis=1), peaks[name], percentile)
    for name in kept:
        like: Any = layers.nodes[name].like  # type: ignore[union-attr]
        if like:
            ranges[name] = ranges[like]
    return ranges


def _range(rows: Values, peak: float, percentile: float) -> NDArray[np.float64]:
    """rows: (channels, activations)."""
    found = np.percentile(rows.astype(np.float64), percentile, axis=1)
    quiet = found <= 0
    if quiet.any():  # nearly silent: what is there at all
        found[quiet] = rows[quiet].max(axis=1)
    found[found <= 0] = found[found > 0].min() if (found > 0).any() else peak or 1.0
    return np.asarray(found[0]) if len(found) == 1 else found[:, None, None]
