"""Projections made ready for the kernels."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.graph.network import Projection
from neurokit.graph.synapses import Conv2d, Convolving, Dense, Injection, Shape, Sparse, Weighted
from neurokit.hardware.simulator import convolution, kernels
from neurokit.hardware.simulator.vectors import LANES
from neurokit.lower.fold import to_matrix

Rows = NDArray[Any]

NARROWED = 8  # rows of weights at a time
LOCK = Lock()  # of counters


class Link:
    """One projection: adds the input that spikes cause. `delay` is the scalar part, in steps.

    splits: whether `add` treats every (step, sample) by itself, so that threads may share them.
    plastic: whether its weights change, see `plastic.PlasticLink`. blas: whether it may call BLAS.
    port: of the target's neurons, which it feeds; or one of a third factor.
    reach: no |sum| for payloads of size 1 is larger. strongest: largest |weight|.
    bits: integers of the result have so many, and wrap. wrapped: how many have.
    toward_zero: whether a negative exponent rounds towards zero, as another silicon may (`silicon`), and not down.
    """

    splits = True
    plastic = False
    blas = False
    port = ""
    reach = float("inf")
    strongest = float("inf")
    bits = 32
    wrapped = 0
    toward_zero = False

    def __init__(self, source: str, delay: int, exponent: int = 0) -> None:
        self.source = source
        self.delay = delay
        self.exponent = exponent

    def add(self, rows: Rows, acc: Rows, largest: float) -> None:
        """Add to acc (steps, samples, targets) what rows (steps, samples, sources) cause; payloads up to `largest`."""
        bound = self.bound(rows, largest) if acc.dtype.kind == "i" else 0.0
        if self.exponent == 0 and bound < 2 ** (self.bits - 1):
            self._accumulate(rows, acc, largest)
            return
        part = np.zeros(acc.shape, np.int32 if bound < 2**31 else np.int64)
        self._accumulate(rows, part, largest)
        self._add_sums(part, acc)

    def bound(self, rows: Rows, largest: float) -> float:
        """No |sum| is larger."""
        bound = self.reach * largest
        if bound >= 2 ** (self.bits - 1) and self.strongest < bound:
            bound = min(bound, self.strongest * kernels.largest_sum(_flat(rows)))
        return bound

    def take_wrapped(self) -> int:
        """How many sums have wrapped since the last call."""
        taken, self.wrapped = self.wrapped, 0
        return taken

    def round_to_zero(self) -> None:
        """See `toward_zero`."""
        self.toward_zero = True

    def _add_sums(self, sums: Rows, acc: Rows) -> None:
        if self.toward_zero:
            sums[sums < 0] += (1 << -self.exponent) - 1
        wrapped = kernels.add_sums(sums.ravel(), -self.exponent, self.bits, acc.ravel())
        if wrapped:
            with LOCK:  # threads may share a link
                self.wrapped += wrapped

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        raise NotImplementedError


class DenseLink(Link):
    """Every source to every target; weights of 8 bits are kept as bytes."""

    def __init__(self, source: str, delay: int, synapse: Dense) -> None:
        super().__init__(source, delay, synapse.exponent)
        self.strongest = largest_of(synapse.weight)
        self.reach = self.strongest * synapse.weight.shape[1]
        self.weight: Bytes | Rows = as_bytes(synapse.weight) or np.ascontiguousarray(
            synapse.weight.T, _narrow(synapse.weight)
        )

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        rows, acc = _flat(rows), _flat(acc)
        if not isinstance(self.weight, Bytes):
            kernel = kernels.dense_binary if rows.dtype == np.uint8 else kernels.dense_graded
            kernel(rows, self.weight, acc)
        elif rows.dtype == np.uint8:
            kernels.dense_bytes(rows, *self.weight, acc)
        elif acc.dtype == np.int32:
            kernels.dense_bytes_graded(rows, *self.weight, acc)
        else:
            kernels.dense_graded(rows, self.weight.plain(acc.shape[1]), acc)


class SparseLink(Link):
    """Listed synapses."""

    def __init__(self, source: str, delay: int, weight: sp.csr_matrix, exponent: int) -> None:
        super().__init__(source, delay, exponent)
        self.start, self.target, self.weight = _by_source(weight)
        self.strongest = largest_of(weight.data)
        self.reach = self.strongest * int(np.diff(weight.indptr).max(initial=0))

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        kernels.sparse_events(_flat(rows), self.start, self.target, self.weight, _flat(acc))


class ConvLink(Link):
    """Two-dimensional convolution; its integer result wraps at 24 bits, as Lava's does."""

    bits = 24
    blas = True

    def __init__(self, source: str, delay: int, synapse: Conv2d, shape: Shape) -> None:
        super().__init__(source, delay, synapse.exponent)
        self.plan = convolution.plan_convolution(synapse, shape, _narrow(synapse.weight))
        self.reach = self.plan.reach

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        convolution.convolve(self.plan, _flat(rows), _flat(acc), largest)


class ExpandedConvLink(SparseLink):
    """A convolution's synapses of one delay, listed; their sum wraps as a convolution's."""

    bits = 24


class InjectionLink(Link):
    """External current, one to one."""

    reach = strongest = 1.0

    def _accumulate(self, rows: Rows, acc: Rows, largest: float) -> None:
        acc += rows.astype(acc.dtype)


class DelayedLink(Link):
    """Synapses of several delays; what is still under way waits in `pending`, (longest, samples, n).

    Rows are those of the shortest delay; `longest` is the longest one less that.
    """

    splits = False
    longest = 0
    pending: Rows | None = None

    link: Link | None = None  # that does the work, where it is another

    def round_to_zero(self) -> None:
        """See `Link.toward_zero`."""
        super().round_to_zero()
        if self.link is not None:
            self.link.round_to_zero()

    def take_wrapped(self) -> int:
        """See `Link.take_wrapped`."""
        return super().take_wrapped() if self.link is None else self.link.take_wrapped()

    def waiting(self, samples: int, targets: int, kind: Any) -> Rows:
        """A copy of what is still under way; kind: type of the targets' input."""
        return np.zeros((self.longest, samples, targets), kind) if self.pending is None else self.pending.copy()

    def _begin(self, shape: tuple[int, ...], kind: Any) -> Rows:
        """Room for what arrives in a block of `shape` and after it, with what has been under way before."""
        room = np.zeros((shape[0] + self.longest, *shape[1:]), kind)
        if self.pending is not None:
            room[: self.longest] = self.pending
        return room


class _DelayedRows(DelayedLink):
    """Another link behind or before delays of its own for each target or source."""

    def __init__(self, link: Link, delays: NDArray[np.int64]) -> None:
        super().__init__(link.source, link.delay)
        self.link: Link = link
        self.blas = link.blas
        self.reach = link.reach
        self.delays = _narrow_delays(delays - link.delay)
        self.longest = int(self.delays.max())


class DelayedTargets(_DelayedRows):
    """A delay of its own for each target: the sums wait."""

    def add(self, rows: Rows, acc: Rows, largest: float) -> None:
        """See `Link.add`."""
        sums = np.zeros(acc.shape, acc.dtype)
        self.link.add(rows, sums, largest)
        room = self._begin(acc.shape, acc.dtype)
        kernels.delay_targets(sums, self.delays, room)
        acc += room[: len(acc)]
        self.pending = room[len(acc) :]


class DelayedSources(_DelayedRows):
    """A delay of its own for each source: the spikes wait. Rounded or wrapped sums are those of each delay."""

    def add(self, rows: Rows, acc: Rows, largest: float) -> None:
        """See `Link.add`."""
        kind = rows.dtype if self.pending is None else np.promote_types(rows.dtype, self.pending.dtype)
        room = self._begin(rows.shape, kind)
        kernels.delay_sources(rows, self.delays, room)
        if self.pending is not None and kind != np.uint8:
            largest = max(largest, largest_of(self.pending))
        late, self.pending = room[: len(acc)], room[len(acc) :]
        exact = acc.dtype.kind == "f" or self.link.bits == 32 or self.link.bound(late, largest) < 2**23
        if self.link.exponent == 0 and exact:  # one sum, then, is the sum of all
            self.link.add(late, acc, largest)
            return
        for delay in np.unique(self.delays):
            self.link.add(late * (self.delays == delay).astype(late.dtype), acc, largest)

    def waiting(self, samples: int, targets: int, kind: Any) -> Rows:
        """See `DelayedLink.waiting`."""
        return super().waiting(samples, len(self.delays), np.uint8)


class DelayedSynapses(DelayedLink):
    """Listed synapses, a delay of its own for each."""

    def __init__(self, source: str, weight: sp.csr_matrix, delays: sp.csr_matrix, exponent: int) -> None:
        super().__init__(source, int(delays.data.min()), exponent)
        self.start, self.target, self.weight = _by_source(weight)
        self.delays = _narrow_delays(delays.tocsc().data - self.delay)
        self.longest = int(self.delays.max(initial=0))
        self.strongest = largest_of(weight.data)
        self.reach = self.strongest * int(np.diff(weight.indptr).max(initial=0))

    def add(self, rows: Rows, acc: Rows, largest: float) -> None:
        """See `Link.add`."""
        wide = acc.dtype.kind == "i" and self.reach * largest >= 2**31
        kind = np.dtype(np.int64) if wide else acc.dtype
        room = self._begin(acc.shape, kind if self.pending is None else np.promote_types(kind, self.pending.dtype))
        kernels.delayed_events(rows, self.start, self.target, self.weight, self.delays, room)
        if room.dtype == acc.dtype:
            acc += room[: len(acc)]
        else:
            self._add_sums(room[: len(acc)], acc)
        self.pending = room[len(acc) :]


def make_links(projection: Projection, steps: NDArray[np.int64], source: Shape) -> list[Link]:
    """Links for a projection with one synapse. steps: its delays in whole steps. source: shape of the source."""
    synapse, name = _shifted(projection.synapse), projection.source
    if isinstance(synapse, Injection):
        return [InjectionLink(name, int(steps.max()))]
    if (steps == steps.flat[0]).all():
        return [_uniform(name, int(steps.flat[0]), synapse, source)]
    assert isinstance(synapse, Weighted), "only weights have delays of their own"
    steps = np.atleast_2d(steps)
    if (steps == steps[:, :1]).all():
        return [DelayedTargets(_uniform(name, int(steps.min()), synapse, source), steps[:, 0])]
    if (steps == steps[:1]).all():
        return [DelayedSources(_uniform(name, int(steps.min()), synapse, source), steps[0])]
    matrix = to_matrix(synapse, source)
    delays = _delays_of(matrix, steps)
    convolution = isinstance(synapse, Convolving) and synapse.weight.dtype.kind in "iu"
    apart = synapse.exponent < 0 or convolution  # the sum of each delay is rounded, or wrapped, by itself
    if not apart and matrix.nnz:
        return [DelayedSynapses(name, matrix, delays, synapse.exponent)]
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
    if isinstance(synapse, Conv2d):
        return ConvLink(name, delay, synapse, source)
    from neurokit.hardware.simulator.image_links import image_link  # which builds on this module

    return image_link(name, delay, synapse, source)


def _delays_of(matrix: sp.csr_matrix, steps: NDArray[np.int64]) -> sp.csr_matrix:
    rows, columns = matrix.tocoo().row, matrix.tocoo().col
    values = np.broadcast_to(steps, matrix.shape)[rows, columns]
    return sp.csr_matrix((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def _where(matrix: sp.csr_matrix, keep: NDArray[np.bool_]) -> sp.csr_matrix:
    coo = matrix.tocoo()
    return sp.csr_matrix((coo.data[keep], (coo.row[keep], coo.col[keep])), shape=matrix.shape)


def _by_source(weight: sp.csr_matrix) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[Any]]:
    columns = weight.tocsc()
    return columns.indptr.astype(np.int64), columns.indices.astype(np.int32), columns.data.astype(_narrow(columns.data))


class Bytes(NamedTuple):
    """Integers as (values - offset) << shift. values: (sources, targets, padded to 64) uint8."""

    values: NDArray[np.uint8]
    offset: int
    shift: int

    def plain(self, targets: int) -> NDArray[np.int32]:
        """The integers, (sources, targets)."""
        return (self.values[:, :targets].astype(np.int32) - self.offset) << self.shift


def as_bytes(weight: Rows) -> Bytes | None:
    """Integer weights (targets, sources) as bytes, None where they do not fit; any of Loihi's sign modes does."""
    if weight.dtype.kind not in "iu" or weight.size == 0:
        return None
    low, high, bits = int(weight.min()), int(weight.max()), int(np.bitwise_or.reduce(weight, axis=None))
    shift = (bits & -bits).bit_length() - 1 if bits else 0
    if (high >> shift) - (low >> shift) > 255:
        return None
    targets, sources = weight.shape
    lines = -(-targets // LANES)
    if sources * lines * LANES > kernels.CACHE_BYTES:
        lines |= 1  # rows a power of two apart would share a few places of the cache
    values = np.zeros((sources, lines * LANES), np.uint8)
    for first in range(0, targets, NARROWED):  # narrowed before they are turned: no whole copy of wider integers
        part = weight[first : first + NARROWED]
        values[:, first : first + len(part)] = ((part >> shift) - (low >> shift)).astype(np.uint8).T
    return Bytes(values, -(low >> shift), shift)


def largest_of(values: Rows) -> float:
    """Largest size of an entry (numpy's abs of the smallest integer is negative)."""
    return max(-float(values.min()), float(values.max())) if values.size else 0.0


def _narrow(weight: NDArray[Any]) -> type:
    """Smallest type the kernels take for these weights."""
    if weight.dtype.kind not in "iu":
        return np.float64
    low, high = (int(weight.min()), int(weight.max())) if weight.size else (0, 0)
    return next(
        kind for kind in (np.int8, np.int16, np.int32) if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max
    )


def _narrow_delays(delays: NDArray[np.int64]) -> NDArray[Any]:
    """Delays in 8 bits, which hold all of a Program; a Network's may be longer."""
    return delays.astype(np.uint8 if delays.max(initial=0) < 256 else np.int32)


def _flat(array: Rows) -> Rows:
    return array.reshape(-1, array.shape[-1])
