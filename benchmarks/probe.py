"""What one thread of this machine can do at best, measured with loops that a compiler makes (numba) and with BLAS.

Bandwidth: reading an array over and over, for sizes from 16 KB to 128 MB; each size takes the better of a loop that
combines 64-bit words by exclusive or, and BLAS's scalar product of the array's halves.

Synaptic operations, all on data in the first cache. Each has to load its weight, so its peak includes that:
* row: weights of a byte, rows of 1024, eight at a time into sums of 16 bits; two bytes are added as one number, and the
  upper one by itself, which takes three instructions for two weights and none to widen them.
* scatter: an int8 weight added to an int32 that is read and written back for every weight, rows of 1024.
* listed: int8 weights added at places that a list of indices names.
* product: float32 multiply-adds, the better of BLAS's 512x512 matrix product and of a chain in registers.
* product8: multiply-adds of bytes by the processor's dot-product instruction where it has one, else as product.
And for reference, and for neurons: register16, register32, additions whose operands are all in registers (a chain of
additions and exclusive ors in turns, which no compiler joins; each counts as one).

Every figure is the best of several trials in CPU seconds: what disturbs a trial only ever slows it down.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from neurokit.hardware.simulator.vectors import CHANNELS, HAS_DOT, dot_tile_wide, wide_registers

SIZES = tuple(1 << k for k in range(14, 28))
TRIALS = 5
CHAIN = 16  # operations on an element while it is in a register
ROWS, COLUMNS = 16, 1024  # 16 KB of weights
TAPS, PLACES = 144, 48  # of a tile of dot products


@dataclass(frozen=True)
class Machine:
    """Operations per second of one thread, see the module, and bytes per second by size of the array read."""

    row: float
    scatter: float
    listed: float
    product: float
    product8: float
    register16: float
    register32: float
    bandwidth: dict[int, float]

    def read(self, size: float) -> float:
        """Bytes per second for a working set of `size` bytes: of the largest array measured that is no larger.

        So the limit is rather stated too fast than too slow.
        """
        fitting = [n for n in self.bandwidth if n <= size]
        return self.bandwidth[max(fitting)] if fitting else self.bandwidth[min(self.bandwidth)]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "bandwidth": {str(size): value for size, value in self.bandwidth.items()}}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Machine:
        """What `to_json` gave."""
        return Machine(**{**data, "bandwidth": {int(size): value for size, value in data["bandwidth"].items()}})


def probe(sizes: tuple[int, ...] = SIZES, trials: int = TRIALS) -> Machine:
    """Measure this machine: a few seconds."""
    weight = np.random.default_rng(0).integers(-128, 128, (ROWS, COLUMNS)).astype(np.int8)
    places = np.random.default_rng(1).permutation(COLUMNS).astype(np.int32)
    sums = np.zeros((2, COLUMNS // 2), np.uint16)
    square = np.ones((512, 512), np.float32)
    passes, synapses, chained = 100, 100.0 * weight.size, 100.0 * CHAIN * COLUMNS
    loops: dict[str, list[tuple[Callable[[], Any], float]]] = {
        "row": [(partial(_add_rows, weight.view(np.uint16), *sums, passes), synapses)],
        "scatter": [(partial(_scatter_rows, weight, np.zeros(COLUMNS, np.int32), passes), synapses)],
        "listed": [(partial(_add_listed, weight, places, np.zeros(COLUMNS, np.int32), passes), synapses)],
        "product": [
            (partial(np.dot, square, square), 512.0**3),
            (partial(_multiply_add, np.ones(COLUMNS, np.float32), np.float32(0.5), np.float32(0.1), passes), chained),
        ],
        "register16": [
            (partial(_add_short, np.arange(COLUMNS, dtype=np.int16), np.int16(3), np.int16(5), passes), chained)
        ],
        "register32": [
            (partial(_add_integer, np.arange(COLUMNS, dtype=np.int32), np.int32(3), np.int32(5), passes), chained)
        ],
    }
    loops["product8"] = list(loops["product"])
    if HAS_DOT:
        words = np.arange(TAPS + PLACES, dtype=np.int32)
        offsets, factors = np.arange(TAPS, dtype=np.int32), np.arange(TAPS * CHANNELS, dtype=np.int32)
        dots = partial(_dot_products, words, offsets, factors, np.zeros(CHANNELS * PLACES, np.int32), passes)
        loops["product8"].append((dots, 4.0 * passes * TAPS * CHANNELS * PLACES))
    peaks = {name: max(_per_second(loop, amount, trials) for loop, amount in each) for name, each in loops.items()}
    return Machine(**peaks, bandwidth=monotone({size: _read(size, trials) for size in sizes}))


def monotone(bandwidth: dict[int, float]) -> dict[int, float]:
    """What a large array is read at, a smaller one can be read at too: lifts what was measured in a bad moment."""
    best, result = 0.0, {}
    for size in sorted(bandwidth, reverse=True):
        best = max(best, bandwidth[size])
        result[size] = best
    return dict(sorted(result.items()))


def _read(size: int, trials: int) -> float:
    words, halves = np.arange(size // 8), np.ones((2, size // 8), np.float32)
    passes = max(1, (1 << 24) // size)
    loops = (partial(_combine, words, passes), partial(_scalar_products, halves, passes))
    return max(_per_second(loop, passes * size, trials) for loop in loops)


def _scalar_products(halves: NDArray[np.float32], passes: int) -> None:
    for _ in range(passes):
        np.dot(halves[0], halves[1])


def _per_second(call: Callable[[], Any], amount: float, trials: int) -> float:
    """amount / CPU seconds of the best trial; the first call warms up."""
    call()
    best = float("inf")
    for _ in range(trials):
        started, calls = time.process_time(), 0
        while time.process_time() - started < 0.01:
            call()
            calls += 1
        best = min(best, (time.process_time() - started) / calls)
    return amount / best


@njit(nogil=True, cache=True)
def _combine(words, passes):
    wide_registers()
    total = np.int64(0)
    for _ in range(passes):
        for j in range(words.size):
            total ^= words[j]
        total += 1
    return total


@njit(nogil=True, cache=True)
def _add_rows(pairs, both, high, passes):
    wide_registers()
    for _ in range(passes):
        for k in range(0, pairs.shape[0], 8):
            a, b, c, d = pairs[k], pairs[k + 1], pairs[k + 2], pairs[k + 3]
            e, f, g, h = pairs[k + 4], pairs[k + 5], pairs[k + 6], pairs[k + 7]
            for j in range(both.size):
                first = np.uint16(np.uint16(a[j] + b[j]) + np.uint16(c[j] + d[j]))
                both[j] += first + np.uint16(np.uint16(e[j] + f[j]) + np.uint16(g[j] + h[j]))
                first = np.uint16(np.uint16((a[j] >> 8) + (b[j] >> 8)) + np.uint16((c[j] >> 8) + (d[j] >> 8)))
                second = np.uint16(np.uint16((e[j] >> 8) + (f[j] >> 8)) + np.uint16((g[j] >> 8) + (h[j] >> 8)))
                high[j] += first + second


@njit(nogil=True, cache=True)
def _scatter_rows(weight, acc, passes):
    wide_registers()
    for _ in range(passes):
        for k in range(weight.shape[0]):
            row = weight[k]
            for j in range(acc.size):
                acc[j] += row[j]


@njit(nogil=True, cache=True)
def _add_listed(weight, places, acc, passes):
    for _ in range(passes):
        for k in range(weight.shape[0]):
            row = weight[k]
            for j in range(places.size):
                acc[places[j]] += row[j]


@njit(nogil=True, cache=True)
def _add_short(values, mask, term, passes):
    wide_registers()
    for _ in range(passes):
        for j in range(values.size):
            value = values[j]
            for _ in range(CHAIN // 2):
                value = np.int16(np.int16(value ^ mask) + term)
            values[j] = value


@njit(nogil=True, cache=True)
def _add_integer(values, mask, term, passes):
    wide_registers()
    for _ in range(passes):
        for j in range(values.size):
            value = values[j]
            for _ in range(CHAIN // 2):
                value = np.int32(np.int32(value ^ mask) + term)
            values[j] = value


@njit(nogil=True, cache=True, fastmath={"contract"})
def _multiply_add(values, factor, term, passes):
    wide_registers()
    for _ in range(passes):
        for j in range(values.size):
            value = values[j]
            for _ in range(CHAIN):
                value = value * factor + term
            values[j] = value


@njit(nogil=True, cache=True)
def _dot_products(words, offsets, factors, out, passes):
    for _ in range(passes):
        dot_tile_wide(words, 0, offsets, factors, 0, out, 0, PLACES)
