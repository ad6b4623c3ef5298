"""What the suite tries of each synapse model that a Program may hold: the ends of every range, and random values.

A new model gets one entry in SYNAPSES; `suite` fails while it has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.conformance.draws import Draws
from neurokit.graph.check import MAX_DELAY, WEIGHT_EXPONENT_RANGE
from neurokit.graph.synapses import Conv2d, Dense, Injection, Shape, Sparse, Synapse, pair

Drawn = tuple[Synapse, Shape]  # a synapse, and the shape of what it feeds

SOURCES, TARGETS = 9, 6  # of flat edge cases
IMAGE: Shape = (4, 7, 6)
# Loihi's sign modes: lowest, highest, step. Mixed signs reach beyond -128..127 with even weights only.
SIGNS = {
    "mixed": (-128, 127, 1),
    "odd and mixed": (-127, 127, 2),
    "mixed beyond 127": (-256, 254, 2),
    "excitatory": (0, 255, 1),
    "inhibitory": (-255, 0, 1),
    "small": (-8, 7, 1),
    "zero": (0, 0, 1),
}


@dataclass(frozen=True)
class Edge:
    """One value tried: a projection from `source` to `target`."""

    label: str
    synapse: Synapse
    source: Shape
    target: Shape
    delay: Any = 1


@dataclass(frozen=True)
class SynapseKind:
    """What is tried of one model.

    one_to_one: the map that passes an image of the given shape on as it is. edges: see `Edge`.
    random: any sound one from a source shape, to the target shape given if it can, else to one of its own; None where
    it takes no such source. delay: of its one-to-one map.
    """

    one_to_one: Callable[[Shape], Synapse]
    edges: Callable[[], Iterator[Edge]]
    random: Callable[[Draws, Shape, Shape], Drawn | None]
    delay: int = 1


def weights(rng: np.random.Generator, shape: Shape, sign: str) -> NDArray[np.int64]:
    """Integers of a sign mode, its two ends among them where there is room."""
    low, high, step = SIGNS[sign]
    found = low + step * rng.integers(0, (high - low) // step + 1, shape)
    if found.size > 1:
        found.flat[0], found.flat[-1] = low, high
    return found


def _drawn_weights(draws: Draws, shape: Shape) -> NDArray[np.int64]:
    found = weights(draws.generator(), shape, draws.choice([name for name in SIGNS if name != "zero"]))
    one_sign = not found.min() < 0 < found.max()  # by chance, or alone; then the limits are these
    return np.clip(found, -255, 255) if one_sign else found


# ------------------------------------------------------------------------------------------------------ dense, sparse


def _sparse(weight: NDArray[np.int64], rng: np.random.Generator, share: float = 0.5) -> sp.csr_matrix:
    mask = rng.random(weight.shape) < share
    mask.flat[0] = mask.flat[-1] = True
    return sp.csr_matrix(weight * mask)


def _matrix_edges(make: Callable[[NDArray[np.int64], int], Synapse]) -> Iterator[Edge]:
    rng = np.random.default_rng(1)
    shape = (TARGETS, SOURCES)

    def edge(label: str, sign: str = "odd and mixed", exponent: int = 0, delay: Any = 1) -> Edge:
        return Edge(label, make(weights(rng, shape, sign), exponent), (SOURCES,), (TARGETS,), delay)

    for sign in SIGNS:
        yield edge(f"{sign} weights", sign)
    for exponent in (*WEIGHT_EXPONENT_RANGE, -1, 3):
        yield edge(f"exponent {exponent}", exponent=exponent)
        yield edge(f"exponent {exponent}, even weights", "mixed beyond 127", exponent)
    for delay in (2, MAX_DELAY + 1):
        yield edge(f"delay {delay}", delay=delay)
    for what, of in (("target", (TARGETS, 1)), ("source", (1, SOURCES)), ("synapse", shape)):
        for exponent in (0, -2):
            delays = rng.integers(1, 20, of)
            delays.flat[0], delays.flat[-1] = 1, MAX_DELAY + 1
            yield edge(f"a delay for each {what}, exponent {exponent}", exponent=exponent, delay=delays)


def _dense_edges() -> Iterator[Edge]:
    yield from _matrix_edges(lambda weight, exponent: Dense(weight, exponent=exponent))
    yield Edge("from image to image", Dense(weights(np.random.default_rng(2), (8, 12), "mixed")), (3, 2, 2), (2, 2, 2))


def _sparse_edges() -> Iterator[Edge]:
    rng = np.random.default_rng(3)
    yield from _matrix_edges(lambda weight, exponent: Sparse(_sparse(weight, rng), exponent=exponent))
    yield Edge("no synapse at all", Sparse(sp.csr_matrix((TARGETS, SOURCES), dtype=np.int64)), (SOURCES,), (TARGETS,))


def _random_dense(draws: Draws, source: Shape, target: Shape) -> Drawn:
    shape = (int(np.prod(target)), int(np.prod(source)))
    return Dense(_drawn_weights(draws, shape), exponent=draws.integer(-2, 3)), target


def _random_sparse(draws: Draws, source: Shape, target: Shape) -> Drawn:
    shape = (int(np.prod(target)), int(np.prod(source)))
    matrix = _sparse(_drawn_weights(draws, shape), draws.generator(), draws.choice((0.3, 0.05, 1.0)))
    return Sparse(_one_sign_clipped(matrix), exponent=draws.integer(-2, 3)), target


def _one_sign_clipped(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """Chance may have left one sign only, whose limits are narrower."""
    if matrix.nnz and not matrix.data.min() < 0 < matrix.data.max():
        matrix.data = np.clip(matrix.data, -255, 255)
    return matrix


# -------------------------------------------------------------------------------------------------------- convolution


def _conv_edges() -> Iterator[Edge]:
    rng = np.random.default_rng(4)

    def edge(label: str, sign: str = "odd and mixed", delay: Any = 1, **options: Any) -> Edge:
        weight = weights(rng, (4, 4 // options.get("groups", 1), 3, 2), sign)
        if options.get("exponent", 0) < 0:
            weight = weight >> 3 << 3  # Lava works the exponent into the weights: nothing may be lost
        conv = Conv2d(weight, **options)
        shape = conv.output_shape(IMAGE)
        assert shape is not None, "IMAGE is large enough"
        return Edge(label, conv, IMAGE, shape, delay)

    for sign in SIGNS:
        yield edge(f"{sign} weights", sign)
    for exponent in (-3, 1, WEIGHT_EXPONENT_RANGE[1]):
        yield edge(f"exponent {exponent}", exponent=exponent)
    for delay in (2, MAX_DELAY + 1):
        yield edge(f"delay {delay}", delay=delay)
    for options in (
        {"stride": (2, 1), "padding": (1, 0)},
        {"stride": (3, 2), "padding": (0, 2)},
        {"padding": (2, 2), "dilation": (2, 1)},
        {"dilation": (1, 3), "stride": (2, 2), "padding": (1, 3), "groups": 2},
        {"groups": 2, "exponent": 3},
        {"groups": 4, "stride": (1, 3), "padding": (2, 2)},
    ):
        yield edge(", ".join(f"{name} {value}" for name, value in options.items()), **options)
    yield Edge("sums beyond 24 bits", Conv2d(np.full((2, 1, 2, 2), 255), exponent=7), (1, 4, 4), (2, 3, 3))
    yield edge("a delay for each target channel", delay=np.repeat(np.arange(1, 5), 25)[:, None])


def _random_conv(draws: Draws, source: Shape, target: Shape) -> Drawn | None:
    if len(source) != 3:
        return None
    groups = draws.choice([g for g in (1, 2, source[0]) if source[0] % g == 0])
    kernel = (groups * draws.integer(1, 2), source[0] // groups, draws.integer(1, 3), draws.integer(1, 3))
    stride, padding, dilation = (
        pair([draws.integer(*ends), draws.integer(*ends)]) for ends in ((1, 2), (0, 2), (1, 2))
    )
    weight, exponent = _drawn_weights(draws, kernel), draws.integer(0, 3)
    conv = Conv2d(weight, stride, padding, dilation, groups, exponent=exponent)
    shape = conv.output_shape(source)
    return None if shape is None else (conv, shape)


def _eye(shape: Shape) -> NDArray[np.int64]:
    return np.eye(int(np.prod(shape)), dtype=np.int64)


def _conv_eye(shape: Shape) -> Synapse:
    return Conv2d(np.eye(shape[0], dtype=np.int64)[:, :, None, None])


SYNAPSES: Mapping[type[Synapse], SynapseKind] = {
    Dense: SynapseKind(lambda shape: Dense(_eye(shape)), _dense_edges, _random_dense),
    Sparse: SynapseKind(lambda shape: Sparse(sp.csr_matrix(_eye(shape))), _sparse_edges, _random_sparse),
    Conv2d: SynapseKind(_conv_eye, _conv_edges, _random_conv),
    Injection: SynapseKind(lambda shape: Injection(), lambda: iter(()), lambda *_: None, delay=0),
}
