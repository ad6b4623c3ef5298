"""Rounding of weights for what arrives: the error of the weighted sum counts, not that of single weights.

With x what one target's synapses carry and M = E[x x^T], a row of weights w rounded to q has the squared error
(w - q) M (w - q)^T of the sum. `round_rows` rounds one weight after the other and lets the later ones make up for the
error of the earlier (optimal brain surgeon: Hassibi and Stork 1992; as here: Frantar et al. 2022, arXiv:2210.17323,
GPTQ). `clipped` finds the steps and exponents: at few bits it pays to cut off the largest weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, ResizeConv2d
from neurokit.lower.exact import WHOLE
from neurokit.lower.scale import MAX_EXPONENT, exponent_of, largest_integer, synapses_of, values_of

Floats = NDArray[np.float64]

DAMPING = 0.01  # share of the mean second moment that is added to each, so that silent sources have a say (GPTQ's)
BLOCK = 64  # weights of a row that are rounded before the rest is corrected at once
SAMPLED_ROWS = 64  # rows by which steps are compared
CLIPPINGS = np.geomspace(1.0, 4.0, 13)  # full scale over the largest weight kept
OCTAVES = (-2, -1, 0, 1, 2)  # exponents beside the one with which all weights fit
ACTIVE = 0.1  # share of sources that send in a step, where there is no moment


class Map(NamedTuple):
    """A map whose weights are to be rounded.

    moment: (groups, d, d) of what a target's d synapses carry, or None. least: exponent. payload: largest |payload|.
    window: steps over which a target adds up what arrives. reached: share of steps in which anything reaches it, None
    where unknown.
    """

    synapse: Any
    moment: Floats | None
    least: int = 0
    payload: float = 1.0
    window: int = 1
    reached: float | None = None


def rows_of(synapse: Any) -> Floats | None:
    """Weights as (groups, rows, synapses of a target); None for maps that are not laid out so (listed ones, pools)."""
    if isinstance(synapse, Dense):
        return np.asarray(synapse.weight, np.float64)[None]
    if isinstance(synapse, Conv2d | ResizeConv2d):
        weight = synapse.weight
        return np.asarray(weight, np.float64).reshape(synapse.groups, weight.shape[0] // synapse.groups, -1)
    if isinstance(synapse, ConvTranspose2d):
        turned = _turned(synapse.weight, synapse.groups)
        return np.asarray(turned, np.float64).reshape(synapse.groups, turned.shape[1], -1)
    return None


def with_rows(synapse: Any, rows: Any, exponent: int) -> Any:
    """`synapse` with the weights `rows`, laid out as `rows_of` gives them."""
    if isinstance(synapse, ConvTranspose2d):
        outer, inner = synapse.weight.shape[0] // synapse.groups, synapse.weight.shape[1]
        turned = rows.reshape(synapse.groups, inner, outer, *synapse.weight.shape[2:])
        weight = turned.swapaxes(1, 2)[..., ::-1, ::-1].reshape(synapse.weight.shape)
        return replace(synapse, weight=np.ascontiguousarray(weight), exponent=exponent)
    return replace(synapse, weight=rows.reshape(synapse.weight.shape), exponent=exponent)


def _turned(weight: Any, groups: int) -> Any:
    """(in, out / groups, y, x) of a transposed convolution as (groups, out / groups, in / groups, y, x)."""
    grouped = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    return grouped.swapaxes(1, 2)[..., ::-1, ::-1]


def limits(values: Floats, bits: int) -> tuple[int, int]:
    """Smallest and largest integer of weights like `values`."""
    most = largest_integer(values, bits)
    below, above = values.min(initial=0) < 0, values.max(initial=0) > 0
    least = -most - 1 if below and above and bits > 1 else -most  # mixed signs are two's complement
    return (least if below else 0), (most if above else 0)


def squared_error(rows: Floats, moment: Floats) -> float:
    """Mean square of what weights `rows` (groups, rows, d) add up to, summed over rows."""
    return float(np.sum((rows @ moment) * rows))


def clipped(maps: Sequence[Map], scale: float, most: float, bits: int, snap: float | None) -> tuple[float, list[int]]:
    """The scale of at most `most`, and an exponent for each map, with the least error of the sums.

    scale: with which to begin, at which some weight uses its bits in full. snap: a number that times the scale is to
    be whole, or None. Maps without a moment keep all their weights within their bits.
    """
    found: tuple[float, float, list[int]] | None = None
    sampled = [_sampled(m) for m in maps]
    for clipping in CLIPPINGS:
        candidate = min(scale * clipping, most)
        if snap is not None:
            candidate = max(1.0, np.floor(candidate * snap * (1 + 1e-9))) / snap
        chosen = [_exponent(m, rows, candidate, bits) for m, rows in zip(maps, sampled, strict=True)]
        error = sum(e for _, e in chosen)
        if all(e <= MAX_EXPONENT for e, _ in chosen) and (found is None or error < found[0] * (1 - 1e-6)):
            found = error, float(candidate), [e for e, _ in chosen]
    assert found is not None, "at the scale given all exponents fit"
    return found[1], found[2]


def exponents_at(maps: Sequence[Map], scale: float, bits: int) -> list[int]:
    """As `clipped`, the scale being given."""
    return [_exponent(m, _sampled(m), scale, bits)[0] for m in maps]


def _sampled(found: Map) -> Floats | None:
    rows = rows_of(found.synapse)
    if rows is None or found.moment is None:
        return None
    every = max(1, rows.shape[1] // SAMPLED_ROWS)
    return rows[:, ::every]


def _exponent(found: Map, rows: Floats | None, scale: float, bits: int) -> tuple[int, float]:
    """The best exponent of a map at a scale, and the error of its sums then, by rounding to the nearest."""
    values = values_of(found.synapse)
    fits = exponent_of(values, scale, bits, found.least)
    blind = rows is None or found.moment is None
    if not values.any() or (blind and fits >= 0):
        return fits, 0.0
    low, high = limits(values, bits)
    near = () if blind else (fits + octave for octave in OCTAVES)
    least = found.least if found.payload > 1 else min(0, fits)
    errors = {}
    for exponent in {*near, *range(fits, 1)}:  # whole weights up to 0, where nothing is shifted down
        if least <= exponent <= max(MAX_EXPONENT, fits):
            error = _guessed if blind else _measured
            step = 2.0**exponent / scale
            errors[exponent] = error(found, rows, step, (low, high)) + _cut(found, rows, exponent, scale)
    best = min(sorted(errors), key=lambda exponent: errors[exponent])
    return best, 0.0 if blind else errors[best]


def _measured(found: Map, rows: Floats | None, step: float, bounds: tuple[int, int]) -> float:
    """Squared error of the sums of `rows`."""
    assert rows is not None, "see `_exponent`"
    assert found.moment is not None, "see `_exponent`"
    return squared_error(rows - np.clip(np.rint(rows / step), *bounds) * step, found.moment)


def _guessed(found: Map, rows: Floats | None, step: float, bounds: tuple[int, int]) -> float:
    """As `_measured`, of one row on average."""
    values = values_of(found.synapse)
    return _expected(found, values - np.clip(np.rint(values / step), *bounds) * step)


def _expected(found: Map, values: Floats) -> float:
    """Mean square of what weights `values` add up to, if sources send now and then, each by itself."""
    carried = found.window * ACTIVE
    each = (carried**2 + carried) * found.payload**2
    return float(np.square(values).mean()) * synapses_of(found.synapse) * each


def share_cut(maps: Sequence[Map], exponents: Sequence[int], scale: float) -> float:
    """Root mean square of what shifting takes off the sums, over that of the sums."""
    cut = total = 0.0
    for found, exponent in zip(maps, exponents, strict=True):
        rows = _sampled(found)
        values = values_of(found.synapse)
        if values.any():
            cut += _cut(found, rows, exponent, scale)
            known = rows is not None and found.moment is not None
            total += squared_error(rows, found.moment) if known else _expected(found, values)  # type: ignore[arg-type]
    return float(np.sqrt(cut / total)) if total else 0.0


def mean_cut(found: Map, exponent: int) -> float:
    """Units that shifting takes off a step's sum on average; 0 where one does not know when there is one."""
    if exponent >= 0 or found.reached is None or not values_of(found.synapse).any():
        return 0.0
    return found.reached * (1 - 2.0**exponent) / 2


def _cut(found: Map, rows: Floats | None, exponent: int, scale: float) -> float:
    """Squared error by shifting sums down, which rounds them down in every step, for as many rows as there are.

    With k bits cut off it is a value of 0 to 1 - 2**-k units, all alike often; over a window the means add up, as far
    as they are not made up for (`mean_cut`).
    """
    if exponent >= 0:
        return 0.0
    parts = 2.0**-exponent
    mean, variance = (parts - 1) / (2 * parts), (parts**2 - 1) / (12 * parts**2)
    if found.reached is not None:
        mean *= float(np.sqrt(found.reached * (1 - found.reached)))
    targets = 1 if rows is None or found.moment is None else rows.shape[0] * rows.shape[1]
    return targets * ((found.window * mean) ** 2 + found.window * variance) / scale**2


def round_map(found: Map, scale: float, exponent: int, bits: int) -> Any:
    """The map with integer weights at `scale` and `exponent`, rounded for what its synapses carry."""
    rows, values = rows_of(found.synapse), values_of(found.synapse)
    assert rows is not None, "the caller asked for a moment"
    assert found.moment is not None, "the caller asked for a moment"
    step, bounds = 2.0**exponent / scale, limits(values, bits)
    nearest = np.clip(np.rint(rows / step), *bounds)
    if np.abs(rows - nearest * step).max(initial=0) < WHOLE * step:  # nothing is lost
        return with_rows(found.synapse, nearest.astype(np.int64), exponent)
    fed = np.stack([round_rows(r, m, step, *bounds) for r, m in zip(rows, found.moment, strict=True)])
    better = squared_error(rows - fed * step, found.moment) < squared_error(rows - nearest * step, found.moment)
    return with_rows(found.synapse, (fed if better else nearest).astype(np.int64), exponent)


def round_rows(rows: Floats, moment: Floats, step: float, low: int, high: int) -> Floats:
    """Integers q in low..high for which q * step is near `rows` (rows, d) by the error of the weighted sums.

    moment: (d, d). Weights of the strongest sources come first; what rounding (or clipping) takes from one is given to
    those that follow, as far as they are active together.
    """
    damped = moment + np.eye(len(moment)) * (DAMPING * float(np.mean(np.diag(moment))) or 1.0)
    order = np.argsort(-np.diag(damped), kind="stable")
    factor = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T  # upper: inverse = factor^T factor
    left, result = rows[:, order].copy(), np.zeros(rows.shape)
    for start in range(0, len(order), BLOCK):
        stop = min(start + BLOCK, len(order))
        errors = np.zeros((len(rows), stop - start))
        for k in range(start, stop):
            result[:, k] = np.clip(np.rint(left[:, k] / step), low, high)
            errors[:, k - start] = (left[:, k] - result[:, k] * step) / factor[k, k]
            left[:, k:stop] -= errors[:, k - start, None] * factor[k, k:stop]
        left[:, stop:] -= errors @ factor[start:stop, stop:]
    integers = np.empty_like(result)
    integers[:, order] = result
    return integers
