"""Where the synapses of a plastic projection are: which source and target each joins, and which weight it shares.

`places` gives them for a dense, sparse or convolutional map. A rule's terms are evaluated on a part of them (those
whose source or target has just spiked), on arrays of one shape: (targets, sources) of a dense map, (synapses,) of any
other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, GraphError
from neurokit.graph.synapses import Conv2d, Dense, Shape, Sparse, Synapse
from neurokit.lower.fold import to_matrix

Floats: TypeAlias = NDArray[np.float64]
Chosen: TypeAlias = "NDArray[np.int64] | slice"
ALL = slice(None)


class Part(ABC):
    """Some of the synapses. size: how many."""

    size: int

    @abstractmethod
    def pre(self, values: Floats) -> Floats:
        """A value of each source, (sources,), as it broadcasts over the part."""

    @abstractmethod
    def post(self, values: Floats) -> Floats:
        """A value of each target, (targets,), as it broadcasts over the part."""

    @abstractmethod
    def pre_at(self, history: Floats, times: NDArray[np.int64]) -> Floats:
        """Values of the sources, (steps, sources), each at a step of its target's own, (targets,)."""

    @abstractmethod
    def post_at(self, history: Floats, times: NDArray[np.int64]) -> Floats:
        """Values of the targets, (steps, targets), each at a step of its source's own, (sources,)."""

    @abstractmethod
    def joint(self, matrix: Floats) -> Floats:
        """A value of each pair, (targets, sources), as it stands at the synapses."""

    @abstractmethod
    def weights(self, values: Floats) -> Floats:
        """The weight of each synapse."""

    @abstractmethod
    def tags(self, values: Floats) -> Floats:
        """What each synapse has of its own."""

    @abstractmethod
    def add_to_weights(self, values: Floats, change: Floats) -> None:
        """Add a change of each synapse, which may broadcast, to its weight."""

    @abstractmethod
    def add_to_tags(self, values: Floats, change: Floats) -> None:
        """Add a change of each synapse, which may broadcast, to what it has of its own."""

    @abstractmethod
    def clip_weights(self, values: Floats, low: float, high: float) -> None:
        """Bring the part's weights into bounds."""


class Places(ABC):
    """All synapses. weight_shape: of the weights as a rule changes them. tag_shape: of what each synapse has."""

    sources: int
    targets: int
    weight_shape: tuple[int, ...]
    tag_shape: tuple[int, ...]

    @abstractmethod
    def part(self, sources: NDArray[np.bool_] | None, targets: NDArray[np.bool_] | None) -> Part | None:
        """Those of the marked sources and targets (None: all); None where there is none."""

    @abstractmethod
    def rows(self, weights: Floats) -> Floats:
        """Sum of each group of weights that one target (of a convolution: one output channel) has: broadcasts to
        `weight_shape`."""

    @abstractmethod
    def deliver(self, weights: Floats, pre: Floats) -> Floats:
        """Synaptic input: payloads of the sources (sources,) -> (targets,)."""

    @abstractmethod
    def reverse(self, weights: Floats, post: Floats) -> Floats:
        """The same backwards: values of the targets (targets,) -> (sources,)."""


def places(synapse: Synapse, source: Shape) -> Places:
    """The synapses of a map without bias, from a source of that shape. GraphError for a map that cannot be plastic."""
    if isinstance(synapse, Dense):
        return Grid(*synapse.weight.shape)
    if isinstance(synapse, Sparse):
        rows, columns = synapse.weight.tocoo().row, synapse.weight.indices
        owner = np.arange(len(columns))
        return Listed(rows, columns, owner, synapse.weight.shape, (len(columns),), rows)
    if isinstance(synapse, Conv2d):
        return _convolution(synapse, source)
    fact, limit = f"is a {type(synapse).__name__}", "dense, sparse and convolutional (Conv2d) weights can learn"
    raise GraphError(Fault("plasticity", fact, limit, "Give the rule to a projection with weights of such a kind."))


def initial_weights(synapse: Synapse) -> Floats:
    """The map's weights as `Places` holds them, a copy."""
    assert isinstance(synapse, Dense | Sparse | Conv2d), "see `places`"
    values: Any = synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight
    shape = (-1,) if isinstance(synapse, Sparse | Conv2d) else values.shape
    return np.array(values, np.float64).reshape(shape)


def with_weights(synapse: Synapse, weights: Floats) -> Synapse:
    """The map with other weights, as `Places` holds them."""
    assert isinstance(synapse, Dense | Sparse | Conv2d), "see `places`"
    if isinstance(synapse, Sparse):
        matrix = synapse.weight.copy()
        matrix.data = weights.copy()
        return replace(synapse, weight=matrix)
    return replace(synapse, weight=weights.reshape(synapse.weight.shape))


@dataclass(frozen=True, eq=False)
class _GridPart(Part):
    columns: Chosen
    rows: Chosen
    size: int

    def pre(self, values: Floats) -> Floats:
        return values[self.columns][None, :]

    def post(self, values: Floats) -> Floats:
        return values[self.rows][:, None]

    def pre_at(self, history: Floats, times: NDArray[np.int64]) -> Floats:
        return np.asarray(history[times[self.rows]][:, self.columns])

    def post_at(self, history: Floats, times: NDArray[np.int64]) -> Floats:
        return np.asarray(history[times[self.columns]][:, self.rows].T)

    def joint(self, matrix: Floats) -> Floats:
        return np.asarray(matrix[self._index])

    def weights(self, values: Floats) -> Floats:
        return np.asarray(values[self._index])

    def tags(self, values: Floats) -> Floats:
        return np.asarray(values[self._index])

    def add_to_weights(self, values: Floats, change: Floats) -> None:
        values[self._index] += change

    def add_to_tags(self, values: Floats, change: Floats) -> None:
        values[self._index] += change

    def clip_weights(self, values: Floats, low: float, high: float) -> None:
        values[self._index] = np.clip(values[self._index], low, high)

    @property
    def _index(self) -> Any:
        if isinstance(self.columns, slice) or isinstance(self.rows, slice):
            return self.rows, self.columns
        return np.ix_(self.rows, self.columns)


class Grid(Places):
    """Every source to every target: arrays are (targets, sources)."""

    def __init__(self, targets: int, sources: int) -> None:
        self.targets, self.sources = targets, sources
        self.weight_shape = self.tag_shape = (targets, sources)

    def part(self, sources: NDArray[np.bool_] | None, targets: NDArray[np.bool_] | None) -> Part | None:
        """See `Places.part`."""
        columns: Chosen = ALL if sources is None else np.flatnonzero(sources)
        rows: Chosen = ALL if targets is None else np.flatnonzero(targets)
        width = self.sources if isinstance(columns, slice) else len(columns)
        height = self.targets if isinstance(rows, slice) else len(rows)
        return _GridPart(columns, rows, width * height) if width and height else None

    def rows(self, weights: Floats) -> Floats:
        """See `Places.rows`."""
        return np.asarray(weights.sum(axis=1, keepdims=True))

    def deliver(self, weights: Floats, pre: Floats) -> Floats:
        """See `Places.deliver`."""
        return np.asarray(weights @ pre)

    def reverse(self, weights: Floats, post: Floats) -> Floats:
        """See `Places.reverse`."""
        return np.asarray(post @ weights)


@dataclass(frozen=True, eq=False)
class _ListedPart(Part):
    whole: Listed
    index: Chosen
    size: int

    def pre(self, values: Floats) -> Floats:
        return np.asarray(values[self.whole.column[self.index]])

    def post(self, values: Floats) -> Floats:
        return np.asarray(values[self.whole.row[self.index]])

    def pre_at(self, history: Floats, times: NDArray[np.int64]) -> Floats:
        row, column = self.whole.row[self.index], self.whole.column[self.index]
        return np.asarray(history[times[row], column])

    def post_at(self, history: Floats, times: NDArray[np.int64]) -> Floats:
        row, column = self.whole.row[self.index], self.whole.column[self.index]
        return np.asarray(history[times[column], row])

    def joint(self, matrix: Floats) -> Floats:
        return np.asarray(matrix[self.whole.row[self.index], self.whole.column[self.index]])

    def weights(self, values: Floats) -> Floats:
        return np.asarray(values[self._owner])

    def tags(self, values: Floats) -> Floats:
        return np.asarray(values[self.index])

    def add_to_weights(self, values: Floats, change: Floats) -> None:
        owner = self._owner
        values += np.bincount(owner, np.broadcast_to(change, owner.shape), len(values))

    def add_to_tags(self, values: Floats, change: Floats) -> None:
        values[self.index] += change

    def clip_weights(self, values: Floats, low: float, high: float) -> None:
        owner = self._owner
        values[owner] = np.clip(values[owner], low, high)

    @property
    def _owner(self) -> NDArray[np.int64]:
        return self.whole.owner[self.index]


class Listed(Places):
    """Synapses in a list: row and column of each, and which weight it has.

    group: of each weight, whose sum `rows` gives.
    """

    def __init__(
        self,
        row: NDArray[Any],
        column: NDArray[Any],
        owner: NDArray[Any],
        shape: tuple[int, int],
        weight_shape: tuple[int, ...],
        group: NDArray[Any],
    ) -> None:
        self.targets, self.sources = shape
        self.row, self.column, self.owner = (np.asarray(a, np.int64) for a in (row, column, owner))
        self.weight_shape, self.tag_shape = weight_shape, (len(row),)
        self._group = np.asarray(group, np.int64)

    def part(self, sources: NDArray[np.bool_] | None, targets: NDArray[np.bool_] | None) -> Part | None:
        """See `Places.part`."""
        if sources is None and targets is None:
            return _ListedPart(self, ALL, len(self.row)) if len(self.row) else None
        chosen = np.ones(len(self.row), np.bool_)
        if sources is not None:
            chosen &= sources[self.column]
        if targets is not None:
            chosen &= targets[self.row]
        index = np.flatnonzero(chosen)
        return _ListedPart(self, index, len(index)) if len(index) else None

    def rows(self, weights: Floats) -> Floats:
        """See `Places.rows`."""
        return np.asarray(np.bincount(self._group, weights)[self._group], np.float64)

    def deliver(self, weights: Floats, pre: Floats) -> Floats:
        """See `Places.deliver`."""
        return np.asarray(np.bincount(self.row, weights[self.owner] * pre[self.column], self.targets), np.float64)

    def reverse(self, weights: Floats, post: Floats) -> Floats:
        """See `Places.reverse`."""
        return np.asarray(np.bincount(self.column, weights[self.owner] * post[self.row], self.sources), np.float64)


def _convolution(synapse: Conv2d, source: Shape) -> Listed:
    """Every tap at every place is a synapse of its own; those of one tap share its weight."""
    numbered = replace(synapse, weight=np.arange(1, synapse.weight.size + 1).reshape(synapse.weight.shape), bias=None)
    matrix = to_matrix(numbered, source).tocoo()
    taps = np.arange(synapse.weight.size)
    channel = taps // (synapse.weight.size // synapse.weight.shape[0])
    owner = np.rint(matrix.data).astype(np.int64) - 1
    return Listed(matrix.row, matrix.col, owner, matrix.shape, (synapse.weight.size,), channel)
