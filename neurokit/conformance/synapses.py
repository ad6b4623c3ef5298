"""What the suite tries of each synapse model that a Program may hold: the ends of every range, and random values.

A new model gets one entry in SYNAPSES; `suite` fails while it has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.conformance.draws import Draws
from neurokit.conformance.images import IMAGE_MAPS
from neurokit.conformance.synapse_kinds import SIGNS, Drawn, Edge, SynapseKind, drawn_weights, weights
from neurokit.graph.check import MAX_DELAY, WEIGHT_EXPONENT_RANGE
from neurokit.graph.synapses import Dense, Injection, Shape, Sparse, Synapse

SOURCES, TARGETS = 9, 6  # of flat edge cases


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
    return Dense(drawn_weights(draws, shape), exponent=draws.integer(-2, 3)), target


def _random_sparse(draws: Draws, source: Shape, target: Shape) -> Drawn:
    shape = (int(np.prod(target)), int(np.prod(source)))
    matrix = _sparse(drawn_weights(draws, shape), draws.generator(), draws.choice((0.3, 0.05, 1.0)))
    return Sparse(_one_sign_clipped(matrix), exponent=draws.integer(-2, 3)), target


def _one_sign_clipped(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """Chance may have left one sign only, whose limits are narrower."""
    if matrix.nnz and not matrix.data.min() < 0 < matrix.data.max():
        matrix.data = np.clip(matrix.data, -255, 255)
    return matrix


def _eye(shape: Shape) -> NDArray[np.int64]:
    return np.eye(int(np.prod(shape)), dtype=np.int64)


SYNAPSES: Mapping[type[Synapse], SynapseKind] = {
    Dense: SynapseKind(lambda shape: Dense(_eye(shape)), _dense_edges, _random_dense),
    Sparse: SynapseKind(lambda shape: Sparse(sp.csr_matrix(_eye(shape))), _sparse_edges, _random_sparse),
    **IMAGE_MAPS,
    Injection: SynapseKind(lambda shape: Injection(), lambda: iter(()), lambda *_: None, delay=0),
}
