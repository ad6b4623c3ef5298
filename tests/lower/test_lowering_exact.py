"""Where integers can hold a network exactly, Network and Program spike alike, step for step behind the latency."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF, CubaLIF, Integrator
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Sparse, SumPool2d
from tests.networks import compiled_or_refused, joined, network, random_network
from tests.programs import seeds

DT = 1e-3


def whole(rng, *shape, density=1.0):
    """Integers that use all of 8 bits, so that the scale is 1."""
    weight = rng.integers(-60, 90, shape) * (rng.random(shape) < density)
    flat = weight.reshape(-1)
    flat[0], flat[-1] = 127, -40
    return weight.astype(float)


def neuron(rng, shape):
    """Integrate and fire with whole numbers."""
    threshold = float(rng.integers(70, 400)) if rng.random() < 0.7 else rng.integers(70, 400, shape).astype(float)
    reset, fires = str(rng.choice(["hard", "soft"])), str(rng.choice([">", ">="]))
    return IF(threshold, v_reset=float(rng.choice([0, 0, -20, 30])), reset=reset, fires=fires)


def bias(rng, n, least=-30, most=60):
    return rng.integers(least, most, n).astype(float) if rng.random() < 0.7 else None


def assert_alike(graph, x, names=None, **options):
    program = nk.compile(graph, **options)
    for row in program.report:
        assert row.weight_error == row.threshold_error == 0.0, "the network was meant to fit exactly"
    names = list(graph.populations) if names is None else names
    steps = x.shape[-len(graph.inputs["in"].shape) - 1]
    wanted = nk.run(graph, x, record=tuple(names))
    found = nk.run(program, x, steps=steps + max(program.latency.values()), record=tuple(names))
    for name in names:
        spikes = found.aligned(name)
        length = steps if spikes.shape[0] >= steps else spikes.shape[0]
        np.testing.assert_array_equal(spikes[:length], wanted.spikes[name][:length], name)
    return wanted


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_deep_vectors_with_biases(seed):
    rng = np.random.default_rng(seed)
    sizes = [int(n) for n in rng.integers(3, 8, int(rng.integers(2, 6)))]
    layers = [(Dense(whole(rng, b, a), bias(rng, b)), neuron(rng, (b,))) for a, b in pairwise(sizes)]
    graph = network(*layers, shape=(sizes[0],))
    assert_alike(graph, (rng.random((40, sizes[0])) < 0.4).astype(int))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_deep_images_with_biases(seed):
    rng = np.random.default_rng(seed)
    pool = SumPool2d(2, 2)
    layers = [
        (Conv2d(whole(rng, 3, 2, 3, 3), padding=1, bias=bias(rng, 3)), neuron(rng, (3, 8, 8))),
        ((pool, Conv2d(whole(rng, 2, 3, 2, 2), bias=bias(rng, 2))), neuron(rng, (2, 3, 3))),
        ((Flatten(), Dense(whole(rng, 5, 18), bias(rng, 5))), neuron(rng, (5,))),
    ]
    assert_alike(network(*layers, shape=(2, 8, 8)), (rng.random((25, 2, 8, 8)) < 0.3).astype(int))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_branches_and_skips(seed):
    rng = np.random.default_rng(seed)
    layers = [(Dense(whole(rng, 5, 5), bias(rng, 5)), neuron(rng, (5,))) for _ in range(4)]
    graph = network(*layers, shape=(5,))
    for source, target in (("in", "p2"), ("p0", "p3"), ("in", "p3")):
        if rng.random() < 0.6:
            graph = joined(graph, Projection(source, target, (Dense(whole(rng, 5, 5)),)))
    assert_alike(graph, (rng.random((40, 5)) < 0.4).astype(int))


@pytest.mark.parametrize("start", [0, 1])
def test_a_convolution_flattened_into_a_vector(start):
    """Flattening is only another view: the vector's population has as many neurons, and the same ones."""
    rng = np.random.default_rng(0)
    maps = (Conv2d(whole(rng, 2, 1, 3, 3)), Flatten(start, -1))
    assert_alike(network((maps, IF(200.0)), shape=(1, 5, 5)), (rng.random((20, 1, 5, 5)) < 0.4).astype(int))


def test_a_pool_flattened_into_a_vector():
    graph = network(((SumPool2d(2, 2), Flatten()), IF(2.0)), shape=(2, 4, 4))
    assert_alike(graph, (np.random.default_rng(0).random((20, 2, 4, 4)) < 0.4).astype(int))


def looped(rng, biased):
    """Layers that feed back with a delay of one to three steps, the last from behind."""
    layers = [(Dense(whole(rng, 4, 4), bias(rng, 4, 20, 200) if biased else None), neuron(rng, (4,))) for _ in range(3)]
    graph = network(*layers, shape=(4,), dt=DT)
    wide = DT * rng.integers(1, 4, (4, 1))
    graph = joined(graph, Projection("p1", "p1", (Dense(whole(rng, 4, 4)),), wide))
    return joined(graph, Projection("p2", "p1", (Dense(whole(rng, 4, 4)),), DT * 2))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_loops_without_biases(seed):
    rng = np.random.default_rng(seed)
    assert_alike(looped(rng, False), (rng.random((40, 4)) < 0.4).astype(int))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_loops_with_biases(seed):
    """A biased population must not be heard from before its time has come: its spikes before step `latency` are not
    the source's, and over a delay they arrive after the target's reset."""
    rng = np.random.default_rng(seed)
    assert_alike(looped(rng, True), (rng.random((40, 4)) < 0.4).astype(int))


def test_the_smallest_loop_with_a_bias():
    graph = network((Dense([[127.0]]), IF(127.0)), (Dense([[127.0]], np.array([80.0])), IF(127.0)), shape=(1,), dt=DT)
    graph = joined(graph, Projection("p1", "p1", (Dense([[-127.0]]),), DT))
    wanted = assert_alike(graph, np.zeros((12, 1), int))
    assert wanted.spikes["p1"].any()


def test_a_delayed_skip_behind_a_bias():
    """The same without a loop: the source delays the biased population's spikes by two steps."""
    graph = network((Dense([[127.0]]), IF(127.0)), (Dense([[127.0]], np.array([200.0])), IF(127.0)),
                    (Dense([[127.0]]), IF(127.0)), shape=(1,), dt=DT)  # fmt: skip
    late = replace(graph.projections[2], delay=2 * DT)
    graph = replace(graph, projections=(*graph.projections[:2], late))
    graph = joined(graph, Projection("in", "p2", (Dense([[-127.0]]),), 0.0))
    assert_alike(graph, np.zeros((12, 1), int))


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(3, 9))
def test_windows_are_separate_presentations(seed, window):
    """A Program with window=n, given n-step presentations in a row, equals the Network run on each from zero."""
    rng = np.random.default_rng(seed)
    layers = [(Dense(whole(rng, 4, 4), bias(rng, 4)), neuron(rng, (4,))) for _ in range(3)]
    graph = network(*layers, shape=(4,))
    program = nk.compile(graph, window=window)
    x = (rng.random((5, window, 4)) < 0.5).astype(int)
    names = tuple(graph.populations)
    wanted = nk.run(graph, x, record=names)
    found = nk.run(program, x.reshape(5 * window, 4), steps=5 * window + 3, record=names)
    for name in names:
        spikes = found.aligned(name)[: 5 * window].reshape(5, window, 4)
        np.testing.assert_array_equal(spikes, wanted.spikes[name], name)


def test_integrators_add_up_exactly():
    rng = np.random.default_rng(0)
    graph = network((Dense(whole(rng, 3, 5)), IF(100.0)), (Dense(whole(rng, 2, 3)), Integrator()), shape=(5,))
    program = nk.compile(graph)
    x = (rng.random((30, 5)) < 0.4).astype(int)
    found = nk.run(program, x, steps=32).states["p1", "v"][2:]
    wanted = nk.run(graph, x).states["p1", "v"]
    if np.abs(found).max() < 2**23 - 1:
        np.testing.assert_array_equal(found, wanted * 64 * program.report[1].scale)
    else:
        assert any("saturat" in note for note in program.report[1].notes)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_current_based_neurons_spike_much_alike(seed):
    """Decays of 12 bits and weights of 8: not equal, but the counts of a hundred steps lie within a few spikes."""
    rng = np.random.default_rng(seed)
    neuron = CubaLIF(tau_syn=5e-3, tau_mem=12e-3, threshold=float(rng.uniform(0.2, 0.6)))
    graph = network((Dense(rng.normal(0.3, 1, (30, 40))), neuron), shape=(40,), dt=DT)
    x = (rng.random((200, 40)) < 0.1).astype(int)
    program = nk.compile(graph)
    wanted = nk.run(graph, x).spikes["p0"]
    found = nk.run(program, x, steps=201).aligned("p0")
    counts = wanted.sum(axis=0), found.sum(axis=0)
    assert wanted.sum() > 100, "the neurons were meant to be active"
    assert np.abs(counts[0].astype(int) - counts[1]).max() <= max(3, 0.1 * counts[0].max())
    assert (wanted == found).mean() > 0.9


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_random_networks_run_and_report(seed):
    """Whatever compiles runs, and only with whole numbers."""
    graph = random_network(seed)
    program = compiled_or_refused(graph)
    if program is None:
        return
    rec = nk.run(program, np.ones((6, *graph.inputs["in"].shape), int), record=tuple(graph.populations))
    assert all(values.dtype == np.uint8 for values in rec.spikes.values())


@pytest.mark.parametrize("make", [Dense, lambda w: Sparse(np.asarray(w))], ids=["dense", "sparse"])
def test_events_and_payloads_scale_alike(make):
    """A graded input of n is n events in an integrate-and-fire network."""
    graph = network((make([[127.0, -3.0]]), Integrator()))
    program = nk.compile(graph)
    x = np.array([[5, 2], [0, 7], [-4, 1]])
    found = nk.run(program, x, steps=4).states["p0", "v"][1:]
    np.testing.assert_array_equal(found, nk.run(graph, x).states["p0", "v"] * 64 * program.report[0].scale)
