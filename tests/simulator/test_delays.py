"""Delays by source, by target and by synapse, under every map, across blocks of any width and from a saved state."""

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.check import check_program
from neurokit.graph.network import Input, Network, Population, Program, Projection
from neurokit.graph.neurons import IF, LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Sparse
from neurokit.hardware.simulator import engine
from neurokit.hardware.simulator.links import (
    DelayedSources,
    DelayedSynapses,
    DelayedTargets,
    ExpandedConvLink,
    SparseLink,
    make_links,
)
from tests import reference
from tests.overflowing import ON_PURPOSE

pytestmark = ON_PURPOSE

SHAPE = (2, 4, 5)
SIZES = {"by source": (1, 40), "by target": (40, 1), "by synapse": (40, 40), "of a vector": (40,)}


def synapses(rng):
    full = rng.integers(-128, 128, (40, 40))
    yield from (Dense(full, exponent=exponent) for exponent in (-2, 0, 3))
    yield from (Sparse(full * (rng.random((40, 40)) < 0.3), exponent=exponent) for exponent in (-2, 0, 3))
    yield Conv2d(rng.integers(-128, 128, (2, 2, 3, 3)), padding=(1, 1))


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("number", range(7))
def test_delays_up_to_62(number, size, graded, monkeypatch):
    rng = np.random.default_rng(number)
    synapse = list(synapses(rng))[number]
    target = synapse.output_shape(SHAPE)
    population = Population("out", target, LoihiLIF(400, 100, 64 * 300))
    delay = rng.choice([1, 2, 30, 63], size)
    graph = check_program(
        Program(
            {"in": Input("in", SHAPE)},
            {"out": population},
            (Projection("in", "out", (synapse,), delay),),
            {"out": population},
        )
    )
    x = (rng.random((90, *SHAPE)) < 0.2) * (rng.integers(-(2**17), 2**17, (90, *SHAPE)) if graded else 1)
    x[50:] = x[50:] != 0  # payloads are still under way when only spikes follow
    _, u, v = reference.run(graph, {"in": x}, 90)
    for width in (256, 7):
        monkeypatch.setattr(engine.Engine, "block", property(lambda _, width=width: width))
        found = nk.run(graph, x, record=(("out", "u"), ("out", "v")))
        np.testing.assert_array_equal(found.states["out", "u"], u["out"])
        np.testing.assert_array_equal(found.states["out", "v"], v["out"])


def test_what_waits_is_saved_and_restored(tmp_path):
    rng = np.random.default_rng(0)
    for size in SIZES.values():
        population = Population("out", (40,), LoihiLIF(400, 100, 64 * 300))
        projection = Projection("in", "out", (Dense(rng.integers(-128, 128, (40, 40))),), rng.integers(1, 64, size))
        graph = Program({"in": Input("in", (40,))}, {"out": population}, (projection,), {"out": population})
        x = (rng.random((80, 40)) < 0.2) * rng.integers(-9, 10, (80, 40))
        wanted = nk.run(graph, x).spikes["out"]
        with nk.open(graph) as session:
            session.step(x[:33])
            session.save(tmp_path / "state.nk")
        with nk.open(graph) as session:
            session.restore(tmp_path / "state.nk")
            np.testing.assert_array_equal(session.step(x[33:]), wanted[33:])


@pytest.mark.parametrize("steps", [(255, 256, 257), (1, 300, 70_000)])
@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (3, 3)])
def test_delays_of_a_network_may_be_longer_than_a_byte_tells(shape, steps):
    delay = 1e-3 * np.broadcast_to(np.reshape(steps, (3, 1) if shape == (3, 1) else (1, 3)), shape)
    population = Population("out", (3,), IF(np.array(0.5)))
    projection = Projection("in", "out", (Dense(np.eye(3)),), np.triu(delay) if shape == (3, 3) else delay)
    graph = Network({"in": Input("in", (3,))}, {"out": population}, (projection,), {"out": population}, dt=1e-3)
    spikes = nk.run(graph, np.ones((1, 3)), steps=max(steps) + 1).spikes["out"]
    assert [np.flatnonzero(column).tolist() for column in spikes.T] == [[n] for n in steps]


def test_each_kind_of_delay_has_its_link():
    rng = np.random.default_rng(0)
    dense, image = Dense(rng.integers(-128, 128, (40, 40))), Conv2d(rng.integers(-9, 9, (2, 2, 3, 3)), padding=(1, 1))
    rounded = Dense(dense.weight, exponent=-1)

    def kinds(synapse, size):
        links = make_links(Projection("a", "b", (synapse,)), rng.integers(1, 9, size), SHAPE)
        return {type(link) for link in links}

    assert kinds(dense, (1, 40)) == kinds(rounded, (1, 40)) == kinds(image, (1, 40)) == {DelayedSources}
    assert kinds(dense, (40, 1)) == kinds(rounded, (40, 1)) == kinds(image, (40, 1)) == {DelayedTargets}
    assert kinds(dense, (40, 40)) == {DelayedSynapses}
    assert kinds(rounded, (40, 40)) == {SparseLink}
    assert kinds(image, (40, 40)) == {ExpandedConvLink}
