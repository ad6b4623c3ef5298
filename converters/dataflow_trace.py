"""Shapes of the nodes of an operator graph, and the paths of data through it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias, TypeVar

import numpy as np

from neurokit.converters.dataflow_maps import MAX_ENTRIES
from neurokit.converters.dataflow_nodes import Cells, Join, Linear, Node, Scale, Sink, Source, Wait
from neurokit.converters.dataflow_order import Edges, order
from neurokit.converters.dataflow_paths import Path, Unfit, delayed, merged, nothing, placed_in, scaled_by, through
from neurokit.errors import ConversionError, Fault
from neurokit.graph.neurons import FloatArray
from neurokit.graph.synapses import Shape, Synapse

Paths: TypeAlias = dict[str, list[Path]]  # by source
T = TypeVar("T")

MAX_PATHS = 1_000_000  # through all nodes together


class Tracer:
    """Shapes of all nodes, and the paths that reach populations and outputs."""

    def __init__(self, nodes: Mapping[str, Node], edges: Edges) -> None:
        self.nodes = nodes
        self.before: dict[str, list[str]] = {name: [] for name in nodes}
        self.after: dict[str, list[str]] = {name: [] for name in nodes}
        for start, end in edges:
            self.before[end].append(start)
            self.after[start].append(end)
        self.shapes: dict[str, Shape] = {}
        self.faults: list[Fault] = []
        self.count = 0

    def run(self) -> dict[str, Paths]:
        """Paths into each population and output; none where there are faults."""
        self._infer()
        if self.faults:
            return {}
        outgoing: dict[str, Paths] = {}
        arriving: dict[str, Paths] = {}
        for name in self._sweep():
            paths = self._gather(name, outgoing)
            if isinstance(self.nodes[name], Cells | Sink):
                arriving[name] = paths
            else:
                outgoing[name] = self._pass(name, paths)
        return arriving

    # ---------------------------------------------------------------------------------------------------- shapes

    def _infer(self) -> None:
        """Shapes from the inputs on, by whichever predecessor is known first; then whether the others agree."""
        ready = [
            name
            for name, node in self.nodes.items()
            if isinstance(node, Source) or (isinstance(node, Cells) and node.shape)
        ]
        waiting = {name: len(self.before[name]) for name, node in self.nodes.items() if isinstance(node, Join)}
        failed: set[str] = set()
        place = 0
        for name in ready:
            self.shapes[name] = self._stated(name) or ()
            self.faults += [Fault(name, *unfit.words) for unfit in _unsized(self.shapes[name])]
        while place < len(ready):
            name = ready[place]
            place += 1
            for later in self.after[name]:
                if later in waiting:
                    waiting[later] -= 1
                    if waiting[later]:
                        continue
                if later in self.shapes or later in failed:
                    continue
                try:
                    self.shapes[later] = self._shape(later, self.shapes[name])
                    for unfit in _unsized(self.shapes[later]):
                        raise unfit
                    ready.append(later)
                except Unfit as unfit:
                    failed.add(later)
                    self.faults.append(Fault(later, *unfit.words))
        self.faults += [fault for name in self.shapes for fault in self._agreement(name)]
        if not self.faults:
            self.faults += [
                Fault(name, "has no known shape", "shapes follow from the inputs", "Connect it to an input.")
                for name in self.nodes
                if name not in self.shapes
            ]

    def _stated(self, name: str) -> Shape | None:
        node = self.nodes[name]
        return node.shape if isinstance(node, Source | Cells | Sink) else None

    def _shape(self, name: str, given: Shape) -> Shape:
        node = self.nodes[name]
        if isinstance(node, Linear):
            return _shaped(node, _after(node.synapse, given))
        if isinstance(node, Join):
            return self._joined_shape(node, [self.shapes[start] for start in self.before[name]])
        if isinstance(node, Scale):
            _like(node.factor, given, "a factor")
            _like(node.offset, given, "an offset")
        elif isinstance(node, Wait):
            _like(node.delay, given, "a delay")
            if not (node.delay >= 0).all() or not np.isfinite(node.delay).all():
                raise Unfit("holds a delay that is negative or not finite", "delays are at least 0", "Repair it.")
        return self._stated(name) or given

    def _joined_shape(self, node: Join, shapes: Sequence[Shape]) -> Shape:
        rank = len(shapes[0])
        axis = node.axis + rank if node.axis < 0 else node.axis
        others = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
        if not 0 <= axis < rank or len(others) > 1 or len({len(shape) for shape in shapes}) > 1:
            listed = ", ".join(map(str, shapes[:8]))
            raise Unfit(
                f"joins shapes {listed} along axis {node.axis}", "all other sizes are alike", "Check sizes and axis."
            )
        return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])

    def _agreement(self, name: str) -> list[Fault]:
        node = self.nodes[name]
        given = {self.shapes[start] for start in self.before[name] if start in self.shapes}
        if isinstance(node, Sink) and node.shape:
            wrong = [shape for shape in given if _long(shape) != _long(node.shape)]
            mend = f"Write the output with shape {wrong[0]}." if wrong else ""
            limit = "an output has the shape of what it reads"
            return [Fault(name, f"has shape {node.shape}, but reads shape {wrong[0]}", limit, mend)] if wrong else []
        if isinstance(node, Cells) and node.shape:  # it takes any shape of its size, images only their own
            limit, mend = f"the target has shape {node.shape}", "Check sizes and channels."
            return [
                Fault(f"{start}->{name}", f"gives shape {self.shapes[start]}", limit, mend)
                for start in dict.fromkeys(self.before[name])
                if start in self.shapes and math.prod(self.shapes[start]) != math.prod(node.shape)
            ]
        if len(given) < 2 or isinstance(node, Join) or self._stated(name):
            return []
        listed = " and ".join(map(str, sorted(given)[:8]))
        return [Fault(name, f"adds shapes {listed}", "what is added has one shape", "Check sizes and channels.")]

    # ----------------------------------------------------------------------------------------------------- paths

    def _sweep(self) -> list[str]:
        """All nodes but inputs, linear nodes in the order of the data's way; populations cut the ways."""
        mixing = [name for name, node in self.nodes.items() if not isinstance(node, Source | Cells | Sink)]
        inner = set(mixing)
        pairs = [(start, name) for name in mixing for start in self.before[name] if start in inner]
        return [*order(mixing, pairs), *(n for n, node in self.nodes.items() if isinstance(node, Cells | Sink))]

    def _gather(self, name: str, outgoing: Mapping[str, Paths]) -> Paths:
        """Paths that end in front of `name`, those of one source and one delay added."""
        node, shape = self.nodes[name], self.shapes[name]
        found: Paths = {}
        offset = 0
        for start in self.before[name]:
            own = self.shapes[start]
            coming = outgoing[start] if start in outgoing else {start: [Path(own, own)]}
            axis = node.axis % len(shape) if isinstance(node, Join) else 0
            for origin, paths in coming.items():
                if isinstance(node, Join):
                    paths = [self._placed(name, path, axis, offset) for path in paths]
                found.setdefault(origin, []).extend(paths)
            offset += own[axis] if isinstance(node, Join) else 0
        if isinstance(node, Cells | Sink):
            return found  # `joined` does the rest
        for origin, paths in found.items():
            if len(paths) > 1:
                found[origin] = self._try(name, partial(merged, paths), partial(list, paths[:1]))
            self._count(name, len(found[origin]))
        return found

    def _pass(self, name: str, paths: Paths) -> Paths:
        """Paths behind `name`: the first one brings its constant."""
        node, shape = self.nodes[name], self.shapes[name]
        passed: Paths = {}
        first = True
        for origin, several in paths.items():
            for path in several:
                blank = partial(nothing, path, shape)  # to go on with behind a fault
                if isinstance(node, Linear):
                    path = self._try(name, partial(through, path, node.synapse, shape, first), blank)
                elif isinstance(node, Scale):
                    offset = None if node.offset is None or not first else _wide(node.offset, shape)
                    path = self._try(name, partial(scaled_by, path, _wide(node.factor, shape), offset), blank)
                elif isinstance(node, Wait):
                    path = self._try(name, partial(delayed, path, _narrow(node.delay, shape)), blank)
                passed.setdefault(origin, []).append(path)
                first = False
        return passed

    def _placed(self, name: str, path: Path, axis: int, offset: int) -> Path:
        shape = self.shapes[name]
        return self._try(name, partial(placed_in, path, shape, axis, offset), partial(nothing, path, shape))

    def _try(self, name: str, act: Callable[[], T], instead: Callable[[], T]) -> T:
        """What `act` gives, or what `instead` does and a fault of `name`."""
        try:
            return act()
        except Unfit as unfit:
            self.faults.append(Fault(name, *unfit.words))
            return instead()

    def _count(self, name: str, paths: int) -> None:
        self.count += paths
        if self.count > MAX_PATHS:
            limit = f"at most {MAX_PATHS:,} are followed"
            raise ConversionError(Fault(name, "is where too many paths meet", limit, "Put neurons between."))


def _after(synapse: Synapse, given: Shape) -> Shape:
    shape = synapse.output_shape(given)
    if shape is None:
        weight = getattr(synapse, "weight", None)
        sizes = f"{tuple(weight.shape)}" if weight is not None and weight.ndim else ""
        fact = f"{type(synapse).__name__}{sizes} does not accept shape {given}"
        raise Unfit(fact, "shapes must chain", "Check sizes and channels.")
    bias = getattr(synapse, "bias", None)
    if bias is not None and bias.shape != shape[:1]:
        limit, mend = f"it must be {shape[:1]}", "Give one bias a target or output channel."
        raise Unfit(f"bias has shape {bias.shape}", limit, mend)
    return shape


def _long(shape: Shape) -> list[int]:
    """Sizes without those of 1, which exporters leave behind for the batch."""
    return [size for size in shape if size > 1]


def _unsized(shape: Shape) -> list[Unfit]:
    """What is wrong with a shape by itself."""
    if not shape or min(shape) < 1:
        return [Unfit(f"has shape {shape}", "sizes are at least 1", "Check sizes, kernels and strides.")]
    if math.prod(shape) > MAX_ENTRIES:
        return [Unfit(f"has shape {shape}", f"at most {MAX_ENTRIES:,} elements are read", "Repair the source.")]
    return []


def _shaped(node: Linear, found: Shape) -> Shape:
    """The shape that a Linear states for a vector."""
    if node.shape is None or node.shape == found:
        return found
    if len(found) != 1 or math.prod(node.shape) != found[0]:
        limit = "a map's vector may be given another shape of its size"
        raise Unfit(f"gives shape {found}, and states {node.shape}", limit, "Check sizes and channels.")
    return node.shape


def _channelwise(values: FloatArray, shape: Shape) -> FloatArray:
    """One value a channel, the first axis, where there are as many."""
    return values.reshape(-1, *(1,) * (len(shape) - 1)) if values.shape == shape[:1] else values


def _wide(values: FloatArray, shape: Shape) -> FloatArray:
    return np.broadcast_to(_channelwise(np.asarray(values, np.float64), shape), shape)


def _narrow(values: FloatArray, shape: Shape) -> FloatArray:
    values = np.asarray(values, np.float64)
    first = values.reshape(-1)[0]
    return np.asarray(first) if (values == first).all() else _wide(values, shape)


def _like(values: FloatArray | None, shape: Shape, what: str) -> None:
    if values is None:
        return
    try:
        fits = np.broadcast_shapes(_channelwise(np.asarray(values), shape).shape, shape) == shape
    except ValueError:
        fits = False
    if not fits or not np.size(values):
        fact = f"has {what} of shape {np.shape(values)} for values of shape {shape}"
        raise Unfit(fact, "one value, one a channel, or one an element", "Give it in the shape of what arrives.")
