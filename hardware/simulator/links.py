"""Projections made ready for the kernels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.graph.network import Projection
from neurokit.graph.synapses import Conv2d, Dense, Injection, Shape, Sparse
from neurokit.hardware.simulator import convolution, kernels
from neurokit.lower.fixedpoint import shift, wrap24
from neurokit.lower.fold import to_matrix

Rows = NDArray[Any]


class Link:
    """One projection: adds the input that spikes cause. `delay` is the scalar part, in steps.

    splits: whether `add` treats every (step, sample) by itself, so that threads may share them.
    """

    splits = True

    def __init__(self, source: str, delay: int, exponent: int = 0) -> None:
        self.source = source
        self.delay = delay
        self.exponent = exponent

    def add(self, rows: Rows, acc: Rows, largest: float) -> None:
        """Add to acc (steps, samples, targets) what rows (steps, samples, sources) cause; payloads up to `largest`."""
        if self.exponent == 0 and not self._wraps(largest):
            self._accumulate(rows, acc, largest)
            return
        wide = np.zeros(acc.shape, np.int64)
        self._accumulate(rows, wide, largest)
        acc += self._finish(wide).astype(acc.dtype)

    def _wraps(self, largest: float) -> bool:
        return False

    def _finish(self, wide: Rows) -> Rows:
        return shift(wide, self.exponent)

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        raise NotImplementedError


class DenseLink(Link):
    """Every source to every target."""

    def __init__(self, source: str, delay: int, synapse: Dense) -> None:
        super().__init__(source, delay, synapse.exponent)
        self.weight: Rows = np.ascontiguousarray(synapse.weight.T.astype(_narrow(synapse.weight)))
        self.short = self.weight.dtype.kind == "i" and self.weight.min() >= -256 and self.weight.max() <= 255

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        binary = kernels.dense_short if self.short else kernels.dense_binary
        kernel = binary if rows.dtype == np.uint8 else kernels.dense_graded
        kernel(_flat(rows), self.weight, _flat(acc))


class SparseLink(Link):
    """Listed synapses."""

    def __init__(self, source: str, delay: int, weight: sp.csr_matrix, exponent: int) -> None:
        super().__init__(source, delay, exponent)
        self.start, self.target, self.weight = _by_source(weight)

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        kernels.sparse_events(_flat(rows), self.start, self.target, self.weight, _flat(acc))


class ConvLink(Link):
    """Two-dimensional convolution; its integer result wraps at 24 bits, as Lava's does."""

    def __init__(self, source: str, delay: int, synapse: Conv2d, shape: Shape) -> None:
        super().__init__(source, delay, synapse.exponent)
        self.integer = synapse.weight.dtype.kind in "iu"
        self.plan = convolution.plan_convolution(synapse, shape, _narrow(synapse.weight))

    def _wraps(self, largest: float) -> bool:
        return self.integer and self.plan.reach * largest >= 2**23

    def _finish(self, wide: Rows) -> Rows:
        return wrap24(shift(wide, self.exponent))

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        convolution.convolve(self.plan, _flat(rows), _flat(acc), largest)


class ExpandedConvLink(SparseLink):
    """A convolution's synapses of one delay, listed; their sum wraps as a convolution's."""

    def _wraps(self, largest: float) -> bool:
        return True

    def _finish(self, wide: Rows) -> Rows:
        return wrap24(shift(wide, self.exponent))


class InjectionLink(Link):
    """External current, one to one."""

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        acc += rows.astype(acc.dtype)


class DelayedLink(Link):
    """Synapses with delays of their own; what is still under way waits in `pending`.

    Rows are those of one step earlier (delay 1); row t arrives at pending[t + delay - 1].
    """

    splits = False

    def __init__(self, source: str, weight: sp.csr_matrix, delays: sp.csr_matrix, exponent: int) -> None:
        super().__init__(source, 1, exponent)
        self.start, self.target, self.weight = _by_source(weight)
        self.delays = np.ascontiguousarray(delays.tocsc().data, dtype=np.int64) - 1
        self.longest = int(self.delays.max(initial=0))
        self.pending: Rows | None = None

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        steps, samples, targets = acc.shape
        pending = np.zeros((steps + self.longest, samples, targets), acc.dtype)
        if self.pending is not None:
            pending[: self.longest] = self.pending
        kernels.delayed_events(rows, self.start, self.target, self.weight, self.delays, pending)
        acc += pending[:steps]
        self.pending = pending[steps:]

    def waiting(self, samples: int, targets: int, kind: Any) -> Rows:
        """A copy of what is still under way: (longest, samples, targets)."""
        return np.zeros((self.longest, samples, targets), kind) if self.pending is None else self.pending.copy()


def make_links(projection: Projection, steps: NDArray[np.int64], source: Shape) -> list[Link]:
    """Links for a projection with one synapse. steps: its delays in whole steps. source: shape of the source."""
    synapse, name = _shifted(projection.synapse), projection.source
    if isinstance(synapse, Injection):
        return [InjectionLink(name, int(steps.max()))]
    if (steps == steps.flat[0]).all():
        return [_uniform(name, int(steps.flat[0]), synapse, source)]
    assert isinstance(synapse, Dense | Sparse | Conv2d), "only weights have delays of their own"
    matrix = to_matrix(synapse, source)
    delays = _delays_of(matrix, steps)
    convolution = isinstance(synapse, Conv2d) and synapse.weight.dtype.kind in "iu"
    if synapse.exponent >= 0 and delays.data.min(initial=1) >= 1 and not convolution:
        return [DelayedLink(name, matrix, delays, synapse.exponent)]
    # the sum of each delay is rounded (Lava's DelayDense) or wrapped by itself, so each delay is a link of its own
    kind = ExpandedConvLink if convolution else SparseLink
    return [kind(name, int(d), _where(matrix, delays.data == d), synapse.exponent) for d in np.unique(delays.data)]


def _shifted(synapse: Any) -> Any:
    """A positive exponent moves into the weights: shifting left commutes with sums that wrap."""
    if isinstance(synapse, Injection) or synapse.exponent <= 0:
        return synapse
    return replace(synapse, weight=synapse.weight * 2**synapse.exponent, exponent=0)


def _uniform(name: str, delay: int, synapse: Any, source: Shape) -> Link:
    if isinstance(synapse, Dense):
        return DenseLink(name, delay, synapse)
    if isinstance(synapse, Sparse):
        return SparseLink(name, delay, synapse.weight, synapse.exponent)
    return ConvLink(name, delay, synapse, source)


def _delays_of(matrix: sp.csr_matrix, steps: NDArray[np.int64]) -> sp.csr_matrix:
    rows, columns = matrix.tocoo().row, matrix.tocoo().col
    values = np.broadcast_to(steps, matrix.shape)[rows, columns]
    return sp.csr_matrix((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def _where(matrix: sp.csr_matrix, keep: NDArray[np.bool_]) -> sp.csr_matrix:
    coo = matrix.tocoo()
    return sp.csr_matrix((coo.data[keep], (coo.row[keep], coo.col[keep])), shape=matrix.shape)


def _by_source(weight: sp.csr_matrix) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]:
    columns = weight.tocsc()
    return columns.indptr.astype(np.int64), columns.indices.astype(np.int64), columns.data.astype(_narrow(columns.data))


def _narrow(weight: NDArray[Any]) -> type:
    """Smallest type the kernels take for these weights."""
    if weight.dtype.kind not in "iu":
        return np.float64
    low, high = (int(weight.min()), int(weight.max())) if weight.size else (0, 0)
    return next(
        kind for kind in (np.int8, np.int16, np.int32) if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max
    )


def _flat(array: Rows) -> Rows:
    return array.reshape(-1, array.shape[-1])
