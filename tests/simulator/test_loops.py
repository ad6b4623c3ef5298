"""Recurrent parts inside one kernel: the same as the plain reference, and as the engine's own steps."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.conformance.draws import Seeded
from neurokit.conformance.neurons import NEURONS
from neurokit.conformance.synapses import weights
from neurokit.graph.check import check_program
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Dense, Sparse
from neurokit.hardware.simulator import engine, parts
from tests import reference
from tests.overflowing import ON_PURPOSE
from tests.programs import seeds
from tests.simulator.test_extremes import everything, same

pytestmark = ON_PURPOSE


def recurrent(seed):
    """One to three populations, each joined with each by chance, dense or sparse, with delays of 1 to 4 steps."""
    draws = Seeded(seed)
    rng = draws.generator()
    names = [f"p{k}" for k in range(draws.integer(1, 3))]
    sizes = {name: draws.choice([1, 5, 63, 64, 70]) for name in names}
    populations = {
        n: Population(n, (size,), NEURONS[LoihiLIF].random(draws, (size,), False)) for n, size in sizes.items()
    }

    def drawn(shape):
        found = weights(rng, shape, draws.choice(["odd and mixed", "mixed beyond 127", "excitatory"]))
        return np.clip(found, -255, 255) if not found.min() < 0 < found.max() else found

    projections = [Projection("in", n, (Dense(drawn((sizes[n], 6))),), draws.integer(1, 2)) for n in names]
    for k, (a, b) in enumerate((a, b) for a in names for b in names):
        if k == 0 or not draws.one_in(3):
            matrix = drawn((sizes[b], sizes[a]))
            if draws.one_in(2):
                synapse = Sparse(sp.csr_matrix(np.clip(matrix, -128, 127) * (rng.random(matrix.shape) < 0.3)))
            else:
                synapse = Dense(matrix, exponent=draws.integer(0, 2))
            projections.append(Projection(a, b, (synapse,), draws.integer(1, 4)))
    outputs = {names[0]: populations[names[0]]}
    return check_program(Program({"in": Input("in", (6,))}, populations, tuple(projections), outputs))


@given(seeds, st.sampled_from([1, 3]), st.sampled_from([1, 2]))
@settings(max_examples=40, deadline=None)
def test_random_recurrent_programs(seed, batch, threads):
    graph = recurrent(seed)
    x = (np.random.default_rng(seed).random((batch, 25, 6)) < 0.4).astype(np.int64)
    found = everything(graph, x, threads=threads)
    for k in range(batch):
        spikes, u, v = reference.run(graph, {"in": x[k]}, 25)
        for name in graph.populations:
            np.testing.assert_array_equal(found.states[name, "u"][k], u[name], f"u of {name}")
            np.testing.assert_array_equal(found.states[name, "v"][k], v[name], f"v of {name}")
            np.testing.assert_array_equal(found.spikes[name][k], spikes[name], f"spikes of {name}")


@pytest.mark.parametrize("seed", range(8))
def test_with_and_without_the_kernel(seed, monkeypatch):
    graph = recurrent(seed)
    x = (np.random.default_rng(seed).random((2, 40, 6)) < 0.3).astype(np.int64)
    fused = everything(graph, x)
    monkeypatch.setattr(parts.loops, "fits", lambda stages: False)
    same(fused, everything(graph, x))


@pytest.mark.parametrize("block", [1, 2, 7])
def test_blocks_carry_what_is_under_way(block, monkeypatch):
    graph = recurrent(3)
    x = (np.random.default_rng(1).random((30, 6)) < 0.3).astype(np.int64)
    whole = everything(graph, x)
    monkeypatch.setattr(engine.Engine, "block", block)
    same(whole, everything(graph, x))


def test_which_parts_it_runs():
    def taken(graph):
        return [parts.loops.fits(part.stages) for part in engine.Engine(graph, 1).parts if part.cyclic]

    population = Population("p", (4,), LoihiLIF(4096, 0, 640))
    start = {"in": Input("in", (4,))}
    feed = Projection("in", "p", (Dense(np.ones((4, 4), int)),), 1)

    def looped(synapse, delay=1):
        return Program(start, {"p": population}, (feed, Projection("p", "p", (synapse,), delay)), {"p": population})

    matrix = np.arange(16).reshape(4, 4)
    assert taken(looped(Dense(matrix))) == [True]
    assert taken(looped(Dense(matrix, exponent=-1))) == [False]
    assert taken(looped(Dense(matrix), matrix + 1)) == [False]
    assert nk.run(looped(Dense(matrix), matrix + 1), np.ones((20, 4), int)).spikes["p"].any()
