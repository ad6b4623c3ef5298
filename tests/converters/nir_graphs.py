"""Random NIR graphs of all that nir 1.0.8 can say, for the round trip."""

from __future__ import annotations

import nir
import numpy as np

from neurokit.graph.synapses import Flatten, Shape

DT = 1e-3


class Growing:
    """A sound graph under construction; every draw is from `random`."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: dict[str, nir.NIRNode] = {}
        self.edges: list[tuple[str, str]] = []
        self.shapes: dict[str, Shape] = {}
        self.ends: set[str] = set()  # readouts, which nothing reads
        for k in range(self.random.integers(1, 3)):
            shape = ((2, 6, 6), (5,))[self.random.integers(2)]
            self._add(f"in{k}", nir.Input(np.array(shape)), shape)

    def grow(self) -> None:
        names = [name for name in self.nodes if name not in self.ends]
        start = names[self.random.integers(max(0, len(names) - 4), len(names))]
        shape = self.shapes[start]
        kinds = ["neuron"] * 5 + ["scale", "scale", "delay"]
        kinds += ["conv"] * 3 + ["pool", "pool", "flatten"] if len(shape) == 3 else ["linear"] * 3
        name = f"{self.random.choice(list('abc'))}{len(self.nodes)}"
        made = getattr(self, "_" + kinds[self.random.integers(len(kinds))])(name, shape)
        if made is None or min(made[1]) < 1:
            return
        self._add(name, *made)
        same = [other for other in names if self.shapes[other] == shape and other != start]
        before = [start, *([same[self.random.integers(len(same))]] if same and self.random.random() < 0.3 else [])]
        self.edges += [(other, name) for other in before]
        if isinstance(made[0], nir.LIF | nir.IF | nir.CubaLIF) and self.random.random() < 0.3:
            self._loop(name, made[1])

    def finish(self) -> nir.NIRGraph:
        read = {start for start, _ in self.edges}
        for name in list(self.nodes):
            if name not in read:
                self.nodes[f"out-{name}"] = nir.Output(np.array(self.shapes[name]))
                self.edges.append((name, f"out-{name}"))
        order = self.random.permutation(len(self.edges))
        return nir.NIRGraph(self.nodes, [self.edges[k] for k in order], type_check=False)

    def _add(self, name: str, node: nir.NIRNode, shape: Shape) -> None:
        self.nodes[name], self.shapes[name] = node, shape

    def _loop(self, name: str, shape: Shape) -> None:
        if len(shape) == 1:
            self._add(f"{name}-rec", nir.Linear(self._values(shape[0], shape[0])), shape)
            self.edges += [(name, f"{name}-rec"), (f"{name}-rec", name)]
            if self.random.random() < 0.3:
                self._add(f"{name}-late", nir.Delay(self._times(shape)), shape)
                self.edges[-1:] = [(f"{name}-rec", f"{name}-late"), (f"{name}-late", name)]
        else:
            self.edges.append((name, name))

    def _values(self, *shape: int) -> np.ndarray:
        return self.random.normal(0, 1, shape)

    def _times(self, shape: Shape) -> np.ndarray:
        alike = self.random.random() < 0.5
        return np.broadcast_to(self.random.integers(0, 3, () if alike else shape) * DT, shape).copy()

    def _positive(self, shape: Shape, low: float, high: float) -> np.ndarray:
        alike = self.random.random() < 0.7
        return np.broadcast_to(self.random.uniform(low, high, () if alike else shape), shape).copy()

    def _neuron(self, name: str, shape: Shape) -> tuple[nir.NIRNode, Shape]:
        kind = self.random.choice(["IF", "LIF", "CubaLIF", "Threshold", "I", "LI", "CubaLI"])
        if kind in ("I", "LI", "CubaLI"):
            self.ends.add(name)
        fields = {"v_threshold": self._positive(shape, 0.5, 2), "r": self._positive(shape, 0.5, 2)}
        fields |= {"v_reset": self._positive(shape, -0.2, 0.2), "v_leak": self._positive(shape, -0.1, 0.1)}
        fields |= {tau: self._positive(shape, 2e-3, 1e-2) for tau in ("tau", "tau_syn", "tau_mem")}
        fields |= {"w_in": self._positive(shape, 0.5, 1), "threshold": self._positive(shape, 0.5, 1)}
        model = getattr(nir, kind)
        return model(**{field: fields[field] for field in model.__dataclass_fields__ if field in fields}), shape

    def _scale(self, name: str, shape: Shape) -> tuple[nir.NIRNode, Shape]:
        return nir.Scale(self._positive(shape, 0.5, 2)), shape

    def _delay(self, name: str, shape: Shape) -> tuple[nir.NIRNode, Shape]:
        return nir.Delay(self._times(shape)), shape

    def _linear(self, name: str, shape: Shape) -> tuple[nir.NIRNode, Shape]:
        size = int(self.random.integers(2, 6))
        weight = self._values(size, *shape)
        return (nir.Linear(weight) if self.random.random() < 0.5 else nir.Affine(weight, self._values(size))), (size,)

    def _conv(self, name: str, shape: Shape) -> tuple[nir.NIRNode, Shape] | None:
        groups = shape[0] if self.random.random() < 0.3 else 1
        weight = self._values(2 * groups, shape[0] // groups, 3, 3)
        padding = int(self.random.integers(2))
        bias = self._values(len(weight)) if self.random.random() < 0.5 else np.zeros(len(weight))
        rows, columns = (n + 2 * padding - 2 for n in shape[1:])
        if len(weight) > 8:
            return None
        return nir.Conv2d(shape[1:], weight, 1, padding, 1, groups, bias), (len(weight), rows, columns)

    def _pool(self, name: str, shape: Shape) -> tuple[nir.NIRNode, Shape]:
        pool = nir.SumPool2d if self.random.random() < 0.5 else nir.AvgPool2d
        node = pool(np.array([2, 2]), np.array([1, 2]), np.array([0, 0]))
        return node, (shape[0], shape[1] - 1, (shape[2] - 2) // 2 + 1)

    def _flatten(self, name: str, shape: Shape) -> tuple[nir.NIRNode, Shape]:
        return nir.Flatten({"input": np.array(shape)}, 0, -1), Flatten().output_shape(shape) or ()


JUNK = [
    *(None, np.nan, np.inf, -1, 0, 10**12, 1.5, True, "x", b"x", {}, [], [[1], [2, 3]], object(), np.array(1j)),
    *(np.array([]), np.array([np.nan]), np.zeros((0, 3)), np.array(["a"]), np.array([10**12, 10**12])),
    *(np.ones((2, 2, 2, 2, 2)), np.array([1, 2, 3, 4, 5]), -np.ones(3)),
]


def mutated(seed: int) -> tuple[nir.NIRGraph, float | None]:
    """A random graph with one or two things wrong with its fields, edges or nodes; and a step, or none."""
    growing = Growing(seed)
    for _ in range(8):
        growing.grow()
    graph, random = growing.finish(), growing.random
    for _ in range(random.integers(1, 3)):
        names = list(graph.nodes)
        name, other = (names[k] for k in random.integers(len(names), size=2))
        what = random.integers(4)
        if what == 0:
            node = graph.nodes[name]
            field = str(random.choice(list(vars(node))))
            value = JUNK[random.integers(len(JUNK))]
            inside = field.endswith("_type") and random.random() < 0.8
            setattr(node, field, {field.removesuffix("_type"): value} if inside else value)
        elif what == 1 and graph.edges:
            place = random.integers(len(graph.edges))
            start, end = graph.edges[place]
            graph.edges[place] = (start, other) if random.random() < 0.5 else (other, end)
        elif what == 2:
            graph.edges.append((name, other))
        elif len(names) > 1:
            del graph.nodes[name]
    return graph, DT if random.random() < 0.8 else None
