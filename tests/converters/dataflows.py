"""Random operator graphs, and a plain evaluation of them node by node, for tests of `dataflow`."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from neurokit.converters import dataflow as df
from neurokit.graph.graded_neurons import Relay
from neurokit.graph.synapses import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    Shape,
    Sparse,
    SumPool2d,
    Synapse,
    Upsample2d,
    nearest,
)
from tests.converters.interpreter import _apply

DT = 1e-3


class Growing:
    """A graph under construction: every call of `grow` adds a node behind others."""

    def __init__(self, seed: int, delays: bool = True) -> None:
        self.random = np.random.default_rng(seed)
        self.delays = delays
        self.nodes: dict[str, df.Node] = {}
        self.edges: list[tuple[str, str]] = []
        self.shapes: dict[str, Shape] = {}
        for k in range(self.random.integers(1, 3)):
            shape = (3, 4, 4)
            self.nodes[f"in{k}"], self.shapes[f"in{k}"] = df.Source(shape), shape

    def grow(self) -> None:
        names = list(self.nodes)
        start = names[self.random.integers(max(0, len(names) - 5), len(names))]
        shape = self.shapes[start]
        kinds = ["cells", "scale", "dense", "join", "sparse"] + ["wait"] * self.delays
        if len(shape) == 3:
            kinds += ["conv"] * 4 + ["pool", "up", "transpose", "flatten"]
        node = getattr(self, "_" + kinds[self.random.integers(len(kinds))])(shape)
        if node is None:
            return
        name = f"n{len(names)}"
        before = [start]
        same = [other for other in names if self.shapes[other] == shape]
        while self.random.random() < 0.5:
            before.append(same[self.random.integers(len(same))])
        if isinstance(node, df.Join):
            rank, axis = len(shape), node.axis % len(shape)
            size = sum(self.shapes[other][axis] for other in before)
            after = (*shape[:axis], size, *shape[axis + 1 : rank])
        else:
            after = node.synapse.output_shape(shape) if isinstance(node, df.Linear) else shape
        if after is None or np.prod(after) > 400:
            return
        self.nodes[name], self.shapes[name] = node, after
        self.edges += [(other, name) for other in before]

    def finish(self) -> None:
        """Outputs behind all that nobody reads."""
        read = {start for start, _ in self.edges}
        for name in list(self.nodes):
            if name not in read:
                self.nodes["out-" + name] = df.Sink()
                self.edges.append((name, "out-" + name))

    def behind_reshapes(self, name: str) -> str:
        """The population whose values `name` gives as they are, maybe reshaped."""
        while not isinstance(self.nodes[name], df.Cells):
            (name,) = (start for start, end in self.edges if end == name)
        return name

    def _values(self, *shape: int) -> np.ndarray:
        return self.random.normal(0, 0.5, shape)

    def _maybe(self, *shape: int) -> np.ndarray | None:
        return self._values(*shape) if self.random.random() < 0.6 else None

    def _cells(self, shape: Shape) -> df.Node:
        return df.Cells(Relay(activation="relu"), shape if self.random.random() < 0.5 else None)

    def _scale(self, shape: Shape) -> df.Node:
        own = [(), shape[:1], shape][self.random.integers(3)]
        return df.Scale(self._values(*own), self._maybe(*own))

    def _dense(self, shape: Shape) -> df.Node:
        out = [3, 5, 48][self.random.integers(3)]
        return df.Linear(Dense(self._values(out, int(np.prod(shape))), self._maybe(out)))

    def _sparse(self, shape: Shape) -> df.Node:
        weight = self._values(6, int(np.prod(shape))) * (self.random.random((6, int(np.prod(shape)))) < 0.2)
        return df.Linear(Sparse(sp.csr_matrix(weight), self._maybe(6)))

    def _join(self, shape: Shape) -> df.Node:
        return df.Join(int(self.random.integers(-1, len(shape))))

    def _wait(self, shape: Shape) -> df.Node:
        own = [(), (), shape[:1], shape][self.random.integers(4)]
        return df.Wait(self.random.integers(0, 3, own) * DT)

    def _conv(self, shape: Shape) -> df.Node:
        size = [1, 3, 3][self.random.integers(3)]
        groups = shape[0] if self.random.random() < 0.3 else 1
        out = shape[0] if groups > 1 or self.random.random() < 0.7 else 2
        padding = size // 2 if self.random.random() < 0.8 else 0
        weight = self._values(out, shape[0] // groups, size, size)
        stride = 1 if self.random.random() < 0.8 else 2
        return df.Linear(Conv2d(weight, (stride, stride), (padding, padding), (1, 1), groups, self._maybe(out)))

    def _pool(self, shape: Shape) -> df.Node:
        padding = int(self.random.integers(2))
        return df.Linear(SumPool2d((2, 2), (1, 2), (padding, padding), np.asarray(0.25)))

    def _up(self, shape: Shape) -> df.Node:
        return df.Linear(Upsample2d((shape[1] + 1, shape[2] + 2)))

    def _transpose(self, shape: Shape) -> df.Node:
        return df.Linear(ConvTranspose2d(self._values(shape[0], 2, 2, 2), (1, 2), bias=self._maybe(2)))

    def _flatten(self, shape: Shape) -> df.Node:
        return df.Linear(Flatten(int(self.random.integers(2)), -1))


def evaluate(graph: Growing, inputs: dict[str, np.ndarray], steps: int) -> dict[str, np.ndarray]:
    """What every node gives, (steps, *shape), by the words of `dataflow`'s docstrings; edges lead forward."""
    given: dict[str, np.ndarray] = {}
    for name, node in graph.nodes.items():
        coming = [given[start] for start, end in graph.edges if end == name]
        if isinstance(node, df.Source):
            given[name] = inputs[name]
        elif isinstance(node, df.Join):
            axis = node.axis if node.axis < 0 else node.axis + 1
            given[name] = np.concatenate(coming, axis)
        else:
            given[name] = _one(node, np.sum(coming, axis=0), steps)
    return given


def _one(node: df.Node, x: np.ndarray, steps: int) -> np.ndarray:
    shape = x.shape[1:]
    if isinstance(node, df.Cells):
        return np.maximum(x, 0)
    if isinstance(node, df.Linear):
        return np.stack([_mapped(node.synapse, row) for row in x])
    if isinstance(node, df.Scale):
        return x * _spread(node.factor, shape) + (0 if node.offset is None else _spread(node.offset, shape))
    if isinstance(node, df.Wait):
        late = np.broadcast_to(np.rint(_spread(node.delay, shape) / DT).astype(int), shape)
        result = np.zeros(x.shape)
        for step in range(steps):
            for delay in range(step + 1):
                result[step] = np.where(late == delay, x[step - delay], result[step])
        return result
    return x


def _spread(values: np.ndarray, shape: Shape) -> np.ndarray:
    return values.reshape(-1, *(1,) * (len(shape) - 1)) if values.shape == shape[:1] else values


def _mapped(synapse: Synapse, x: np.ndarray) -> np.ndarray:
    if isinstance(synapse, Upsample2d):
        rows, columns = (nearest(n, size) for n, size in zip(x.shape[1:], synapse.size, strict=True))
        return x[:, rows][:, :, columns]
    if isinstance(synapse, ConvTranspose2d):  # stride (1, 2), a kernel of 2 by 2
        y = np.zeros(synapse.output_shape(x.shape) or ())
        for ky, kx in np.ndindex(2, 2):
            part = np.tensordot(synapse.weight[:, :, ky, kx], x, (0, 0))
            y[:, ky : ky + x.shape[1], kx : kx + 2 * x.shape[2] : 2] += part
        return y if synapse.bias is None else y + synapse.bias[:, None, None]
    return _apply(synapse, x)
