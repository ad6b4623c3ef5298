"""Random graded neurons, and Programs in which each is a population of its own beside the others."""

from __future__ import annotations

import numpy as np

from neurokit.conformance.draws import Seeded
from neurokit.conformance.graded import GRADED
from neurokit.graph.check import check_program
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.synapses import Injection

EDGES = np.array([0, 1, -1, 2**23 - 1, -(2**23) + 1, 2**31 - 1, -(2**31), 2**19, -(2**19)])


def any_neuron(model, seed, shape):
    """One of `model`: of the suite's edges, whose parameters are for 8 neurons, or random."""
    if seed % 3:
        return GRADED[model].random(Seeded(seed), shape, False)
    edges = list(GRADED[model].edges())
    return edges[seed % len(edges)][1]


def payloads(rng, shape):
    """int32 values: none, small, of 24 bits, at the edges."""
    large = int(rng.choice([3, 1000, 2**23, 2**31 - 1]))
    values = rng.integers(-large, large, shape)
    values[rng.random(shape) < 0.4] = 0
    return np.where(rng.random(shape) < 0.05, rng.choice(EDGES, shape), values)


def side_by_side(neurons, shape):
    """A Program of one input that every neuron model is given as it is."""
    populations = {f"p{k}": Population(f"p{k}", shape, neuron) for k, neuron in enumerate(neurons)}
    projections = tuple(Projection("in", name, (Injection(),), 0) for name in populations)
    last = f"p{len(populations) - 1}"
    return check_program(Program({"in": Input("in", shape)}, populations, projections, {last: populations[last]}))
