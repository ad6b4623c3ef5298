"""What learning leaves: graphs with the weights as they are after it, what of it can be recorded, weights at bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.graph.check import weight_fault
from neurokit.graph.check_plasticity import LEARNING
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.network import Network, Program, Projection, _Graph
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.graph.synapses import Conv2d, Shape, Sparse, Synapse

Graph = TypeVar("Graph", bound="Network | Program")
WEIGHT, TAG, SECOND_TAG = "weight", "tag", "tag2"
MIXED = -256, 254  # what fixed weights of mixed sign reach, see `check.weight_fault`


@dataclass(frozen=True)
class Rails:
    """Weights of a plastic projection that sit at a bound of its rule, over all learners.

    low, high: at the lower and at the upper one. new: of these, that did not before the run. total: all weights.
    """

    low: int
    high: int
    new: int
    total: int

    @property
    def share(self) -> float:
        """Of all weights, those that learning brought to a bound."""
        return self.new / self.total if self.total else 0.0


def plastic_projections(graph: _Graph) -> dict[str, Projection]:
    """Those that learn, by name."""
    return {p.name: p for p in graph.projections if p.plasticity is not None}


def weights_of(projection: Projection) -> NDArray[Any]:
    """Of the map that learns; of a sparse one its data, in the order of its rows."""
    synapse: Any = _map(projection)
    return np.asarray(synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight)


def with_weights(graph: Graph, weights: Mapping[str, NDArray[Any]]) -> Graph:
    """The graph with other weights: projection -> array in the form of `weights_of`."""
    projections = [
        replace(p, synapses=tuple(_changed(s, weights[p.name]) if s is _map(p) else s for s in p.synapses))
        if p.name in weights
        else p
        for p in graph.projections
    ]
    return replace(graph, projections=tuple(projections))


def frozen(graph: Graph) -> Graph:
    """The graph with its weights as they are and no rules, nor what feeds third factors only.

    A Program's weights learn in 9 bits; what a chip holds as fixed ones of mixed sign has 8: beyond -128..127 they are
    rounded to even numbers, if any of a projection lie there.
    """
    kept = without_third_factors(graph)
    return replace(kept, projections=tuple(_fixed(p) for p in kept.projections))


def without_third_factors(graph: Graph) -> Graph:
    """The graph without the projections into third-factor ports, and without the inputs that feed nothing else."""
    projections = tuple(p for p in graph.projections if p.port not in THIRD_FACTORS)
    unused = {p.source for p in graph.projections} - {p.source for p in projections}
    inputs = {name: node for name, node in graph.inputs.items() if name not in unused}
    kept = replace(graph, projections=projections, inputs=inputs)
    if isinstance(kept, Program):
        kept = replace(kept, input_scale={name: s for name, s in kept.input_scale.items() if name not in unused})
    return kept


def _fixed(projection: Projection) -> Projection:
    if projection.plasticity is None:
        return projection
    stays = replace(projection, plasticity=None)
    weights = weights_of(projection)
    if not isinstance(projection.plasticity, FixedRule) or weight_fault(weights) is None:
        return stays
    even = np.clip(2 * np.rint(weights / 2).astype(np.int32), MIXED[0], MIXED[1])
    return replace(stays, synapses=tuple(_changed(s, even) if s is _map(projection) else s for s in stays.synapses))


def variables(graph: _Graph, projection: Projection) -> dict[str, Shape]:
    """What can be recorded of a plastic projection, with its shape; synaptic variables are (targets, sources)."""
    rule, synapse = projection.plasticity, _map(projection)
    sources = int(np.prod(graph.shape_of(projection.source)))
    targets = graph.populations[projection.target].size
    shared = isinstance(synapse, Conv2d)
    weight: Any = synapse.weight  # type: ignore[attr-defined]  # maps that learn have one
    matrix: Shape = tuple(weight.shape)
    found: dict[str, Shape] = {WEIGHT: matrix}
    if isinstance(rule, FixedRule):
        products = (*rule.dw, *rule.dt, *rule.dd)
        factors = {factor.variable for product in products for factor in product.factors}
        tags = {TAG: rule.dt, SECOND_TAG: rule.dd}
        found |= {name: matrix for name, terms in tags.items() if terms and not shared}
        sizes = {"x1": sources, "x2": sources, "y1": targets, "y2": targets, "y3": targets}
        return found | {name: (size,) for name, size in sizes.items() if name in factors}
    assert rule is not None, "it is plastic"
    tags_ = {TAG: rule.tag, SECOND_TAG: rule.second_tag}
    found |= {name: matrix for name, terms in tags_.items() if terms and not shared}
    found |= {name: ((sources if trace.side == "pre" else targets),) for name, trace in rule.traces.items()}
    return found | dict.fromkeys(rule.signals, (targets,))


def recorded(projection: Projection, name: str, values: NDArray[Any]) -> NDArray[Any]:
    """A variable of some learners in the shape of `variables`: sparse ones as matrices."""
    synapse = _map(projection)
    if name not in (WEIGHT, TAG, SECOND_TAG) or not isinstance(synapse, Sparse):
        return values
    pattern = synapse.weight
    return np.stack([sp.csr_matrix((v, pattern.indices, pattern.indptr), pattern.shape).toarray() for v in values])


def rails_of(graph: _Graph, learned: Mapping[str, NDArray[Any]]) -> dict[str, Rails]:
    """Of each projection that learned: (learners, *shape) weights as they now are, against those of the graph."""
    found = {}
    for name, projection in plastic_projections(graph).items():
        if name in learned:
            assert projection.plasticity is not None, "it is plastic"
            low, high = projection.plasticity.bounds
            before, now = weights_of(projection), learned[name]
            at_low, at_high, was = now <= low, now >= high, (before <= low) | (before >= high)
            new = int(np.count_nonzero((at_low | at_high) & ~was))
            found[name] = Rails(int(np.count_nonzero(at_low)), int(np.count_nonzero(at_high)), new, now.size)
    return found


def _map(projection: Projection) -> Synapse:
    return next(synapse for synapse in projection.synapses if isinstance(synapse, LEARNING))


def _changed(synapse: Any, values: NDArray[Any]) -> Synapse:
    if not isinstance(synapse, Sparse):
        changed: Synapse = replace(synapse, weight=values)
        return changed
    old = synapse.weight
    return replace(synapse, weight=sp.csr_matrix((values, old.indices, old.indptr), old.shape))
