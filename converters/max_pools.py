"""Max pools, and bounded rectifiers, as plain rectifiers: max(a, b) = b + max(a - b, 0).

A window of n columns takes ceil(log2 n) steps of such pairs, its rows likewise. So a pool of 2 x 2 has two populations
of differences and, where no value lies below zero, a third one that gathers the sum: what follows then hears one
population of the pool's size instead of three larger ones. In a graded code every step is exact.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from neurokit.converters.dataflow import Linear, Scale
from neurokit.converters.layers import Edge, Layer, Layers, MaxPool, Rectifier
from neurokit.converters.windows import Window, each_channel, picked_places
from neurokit.graph.synapses import Shape, Synapse


def without_max_pools(layers: Layers) -> Layers:
    """The same function with each max pool as rectifiers of differences, named `<pool>.1`, `<pool>.2`, ...

    The population that gathers them, where there is one, bears the pool's own name.
    """
    growing = _Growing(layers)
    for name in layers.order:
        node = layers.nodes[name]
        if isinstance(node, MaxPool):
            _expand(growing, name, node)
        else:
            growing.copy(name)
    return growing.result()


def without_bounds(layers: Layers) -> Layers:
    """The same function with min(max(x, 0), upper) as max(x, 0) - max(x - upper, 0), the second one `<name>.over`."""
    growing = _Growing(layers)
    for name in layers.order:
        node = layers.nodes[name]
        if not isinstance(node, Rectifier) or node.upper is None:
            growing.copy(name)
            continue
        before, shape = growing.before(name), layers.shapes[name]
        plain = growing.put(name, replace(node, upper=None), *before)
        shifted = growing.add(f"{name}.less", Scale(np.ones(()), np.full((), -node.upper)), *before)
        over = growing.add(f"{name}.over", Rectifier(shape), shifted)
        minus = growing.add(f"{name}.minus", Scale(np.full((), -1.0)), over)
        growing.ends[name] = growing.add(f"{name}.bounded", Scale(np.ones(())), plain, minus)
    return growing.result()


class _Growing:
    """A copy of layers in the making, in which one node may become several; `ends` says which one has its values."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self.nodes: dict[str, Layer] = {}
        self.edges: list[Edge] = []
        self.ends: dict[str, str] = {}

    def before(self, name: str) -> list[str]:
        """What leads to `name` in the copy."""
        return [self.ends[start] for start in self.layers.before[name]]

    def add(self, name: str, node: Layer, *before: str) -> str:
        """A new node behind `before`; its name, made unique."""
        while name in self.nodes or name in self.layers.nodes:
            name += "'"
        return self.put(name, node, *before)

    def put(self, name: str, node: Layer, *before: str) -> str:
        """A node under the very name of the one that it replaces."""
        self.nodes[name] = node
        self.edges += [(start, name) for start in before]
        return name

    def copy(self, name: str) -> None:
        """The node as it is."""
        self.ends[name] = self.put(name, self.layers.nodes[name], *self.before(name))

    def result(self) -> Layers:
        """The copy."""
        return replace(self.layers, nodes=self.nodes, edges=tuple(self.edges))


def _expand(growing: _Growing, name: str, pool: MaxPool) -> None:
    layers = growing.layers
    positive = all(start in layers.positive for start in layers.before[name])
    given = layers.before[name]
    like = given[0] if len(given) == 1 and isinstance(layers.nodes[given[0]], Rectifier) else None
    source = growing.before(name)
    shape = layers.shapes[given[0]]
    tree = _Tree(growing, name, like, positive)
    if len(source) > 1:
        source = [growing.add(f"{name}.sum", Scale(np.ones(())), *source)]
    columns, shape = tree.along(2, pool, source[0], shape)
    rows, shape = tree.along(1, pool, columns, shape)
    growing.ends[name] = growing.put(name, Rectifier(shape, like=like), rows) if positive else rows


class _Tree:
    """The pairs of one pool. An operand is a node, or one tap of the windows over an image: (node, tap)."""

    def __init__(self, growing: _Growing, name: str, like: str | None, positive: bool) -> None:
        self.growing, self.name, self.like, self.positive = growing, name, like, positive
        self.level = 0

    def along(self, axis: int, pool: MaxPool, source: str, shape: Shape) -> tuple[str, Shape]:
        """The node of the largest values along one axis of the image `source`, and its shape."""
        taps = pool.kernel[axis - 1]
        target = (*shape[:axis], pool.size[axis - 1], *shape[axis + 1 :])
        picks = [_pick(axis, pool, tap, shape, self.positive) for tap in range(taps)]
        if taps == 1:
            return self.growing.add(f"{self.name}.pick", Linear(picks[0], target), source), target
        operands: list[Linear | str] = [Linear(pick, target) for pick in picks]
        while len(operands) > 1:
            self.level += 1
            pairs = [operands[i : i + 2] for i in range(0, len(operands), 2)]
            operands = [self._larger(pair[0], pair[1], source, target) if len(pair) == 2 else pair[0] for pair in pairs]
        (last,) = operands
        assert isinstance(last, str), "there were two taps at least"
        return last, target

    def _larger(self, a: Linear | str, b: Linear | str, source: str, shape: Shape) -> str:
        first, second = (self._value(operand, source) for operand in (a, b))
        minus = self.growing.add(f"{self.name}.minus", Scale(np.full((), -1.0)), second)
        difference = Rectifier(shape, like=self.like)
        rest = self.growing.add(f"{self.name}.{self.level}", difference, first, minus)
        return self.growing.add(f"{self.name}.larger", Scale(np.ones(())), second, rest)

    def _value(self, operand: Linear | str, source: str) -> str:
        return operand if isinstance(operand, str) else self.growing.add(f"{self.name}.tap", operand, source)


def _pick(axis: int, pool: MaxPool, tap: int, shape: Shape, positive: bool) -> Synapse:
    """What tap `tap` of the windows along `axis` sees; places outside the image are 0, or another tap's of the window.

    0 where no value lies below zero: it never wins there either.
    """
    along = Window(
        pool.kernel[axis - 1], pool.stride[axis - 1], pool.dilation[axis - 1], pool.begin[axis - 1], pool.size[axis - 1]
    )
    places = along.stride * np.arange(along.size) + along.dilation * np.arange(along.taps)[:, None] - along.begin
    inside = (places >= 0) & (places < shape[axis])
    if positive or inside.all():
        taps = np.zeros((along.taps, 1))
        taps[tap] = 1
        across = Window(1, 1, 1, 0, shape[3 - axis])
        windows = (along, across) if axis == 1 else (across, along)
        return each_channel(taps if axis == 1 else taps.T, windows, shape)
    seen = np.where(inside, np.arange(along.taps)[:, None], -along.taps)
    nearest = np.abs(seen - tap).argmin(axis=0)  # the tap of each window that lies in the image, next to this one
    chosen = places[nearest, np.arange(along.size)]
    return picked_places(np.arange(math.prod(shape)).reshape(shape).take(chosen, axis).ravel(), math.prod(shape))
