"""A convolution and the LIF neurons behind it in one kernel: the same as the interpreter, and as the two by turns."""

import numpy as np
import pytest
from hypothesis import assume, given, settings

import neurokit as nk
from neurokit.conformance.draws import Seeded
from neurokit.conformance.neurons import NEURONS
from neurokit.graph.check import check_program
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d
from neurokit.hardware.simulator import layer_kernels, parts, runner
from neurokit.hardware.simulator.engine import Engine
from neurokit.hardware.simulator.layers import Layer
from neurokit.hardware.simulator.vectors import HAS_DOT
from tests import reference
from tests.overflowing import ON_PURPOSE
from tests.programs import seeds
from tests.simulator.test_extremes import everything, same

pytestmark = [ON_PURPOSE, pytest.mark.skipif(not HAS_DOT, reason="the processor has no AVX512-VNNI, which it asks for")]

MODES = [(-128, 127, 1), (-256, 254, 2), (0, 255, 1), (-255, 0, 1)]


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Whatever the activity."""
    monkeypatch.setattr(Layer, "suits", lambda self, rows: rows.dtype == np.uint8)


def two_layers(seed):
    """Random images, kernels, strides and sign modes; neurons with parameters of their own, resets now and then."""
    draws = Seeded(seed)
    rng, shape = draws.generator(), (draws.choice([1, 3, 4, 6]), draws.integer(5, 40), draws.integer(5, 40))
    graph, source, populations, projections = {"in": Input("in", shape)}, "in", {}, []
    for name in ("a", "b"):
        groups = shape[0] if draws.one_in(4) else 1
        low, high, step = draws.choice(MODES)
        outputs = groups * draws.choice([1, 3, 8, 11] if groups == 1 else [1, 2])
        size = (outputs, shape[0] // groups, draws.integer(1, 3), draws.integer(1, 3))
        kernel = rng.integers(low // step, high // step + 1, size) * step
        strides, padding = ((draws.integer(1, 3), draws.integer(1, 3)) for _ in range(2))
        padding = tuple(p - 1 for p in padding)
        options = {"dilation": (1, draws.integer(1, 2)), "groups": groups, "exponent": draws.integer(0, 2)}
        synapse = Conv2d(kernel, stride=strides, padding=padding, **options)
        target = synapse.output_shape(shape)
        assume(target is not None)
        populations[name] = Population(name, target, NEURONS[LoihiLIF].random(draws, target, False))
        projections.append(Projection(source, name, (synapse,), draws.integer(1, 3)))
        source, shape = name, target
    return check_program(Program(graph, populations, tuple(projections), {"b": populations["b"]}))


def images(graph, batch, steps, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((batch, steps, *graph.inputs["in"].shape)) < rng.choice([0.05, 0.5, 1])).astype(np.uint8)


def used(graph):
    return [part._layer is not None for part in Engine(graph, 1).parts]


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_random_layers(seed):
    graph = two_layers(seed)
    x = images(graph, 2, 7, seed)
    found = everything(graph, x)
    for k in range(2):
        spikes, u, v = reference.run(graph, {"in": x[k].astype(np.int64)}, 7)
        for name in graph.populations:
            np.testing.assert_array_equal(found.states[name, "u"][k], u[name], f"u of {name}")
            np.testing.assert_array_equal(found.states[name, "v"][k], v[name], f"v of {name}")
            np.testing.assert_array_equal(found.spikes[name][k], spikes[name], f"spikes of {name}")


def whole(neuron, shape=(5, 33, 41), outputs=12, **geometry):
    """A layer of several tiles, of lines and of channels."""
    kernel = np.random.default_rng(0).integers(-128, 128, (outputs, shape[0], 3, 3))
    synapse = Conv2d(kernel, **geometry)
    out = Population("out", synapse.output_shape(shape), neuron)
    projection = Projection("in", "out", (synapse,), 1)
    return check_program(Program({"in": Input("in", shape)}, {"out": out}, (projection,), {"out": out}))


GEOMETRIES = [{}, {"padding": (1, 1)}, {"stride": (2, 2)}, {"stride": (1, 3), "padding": (2, 0)}]
RESETTING = LoihiLIF(300, 100, 64 * 900, reset_interval=5, reset_offset=2)
MEMORYLESS = LoihiLIF(4096, 100, 64 * 900, 5, 3, reset_interval=5, reset_offset=2)
SOFT = LoihiLIF(0, 0, 64 * 9000, 5, 3, reset="soft", reset_value=64 * 9000)


@pytest.mark.parametrize(
    "geometry", [{}, {"padding": (1, 1)}, {"stride": (2, 2)}, {"stride": (1, 3), "padding": (2, 0)}]
)
@pytest.mark.parametrize("neuron", [RESETTING, MEMORYLESS, SOFT])
def test_all_that_is_told_is_the_same_without(neuron, geometry, monkeypatch):
    """Blocks of many steps, states not watched: spikes, counts of neurons and steps, overflows, whatever the batch."""
    graph = whole(neuron, **geometry)
    assert used(graph) == [True]
    for batch in (1, 3):
        x = images(graph, batch, 40)
        together = nk.run(graph, x)
        assert together.overflows["out"].saturated or neuron is not SOFT
        with monkeypatch.context() as patch:
            patch.setattr(parts.layers, "fits", lambda stage: False)
            apart = nk.run(graph, x)
        same(together, apart)
        np.testing.assert_array_equal(together.step_counts["out"], apart.step_counts["out"])
        np.testing.assert_array_equal(together.counts["out"], together.spikes["out"].sum(axis=1))


@pytest.mark.parametrize("neuron", [RESETTING, MEMORYLESS])
def test_what_is_left_after_a_block(neuron):
    """States, which are not written at every step, and counts, which are first made in bytes."""
    graph, steps = whole(neuron, (4, 6, 9)), 256
    x = np.ones((1, steps, *graph.inputs["in"].shape), np.uint8)
    x[:, :, 2:] = images(graph, 1, steps)[:, :, 2:]
    engine = Engine(graph, 1)
    engine.advance({"in": x.reshape(steps, 1, -1)}, steps)
    spikes, u, v = reference.run(graph, {"in": x[0].astype(np.int64)}, steps)
    neurons = engine.neurons("out")
    np.testing.assert_array_equal(neurons.states["u"][0], u["out"][-1].ravel())
    np.testing.assert_array_equal(neurons.states["v"][0], v["out"][-1].ravel())
    np.testing.assert_array_equal(neurons.counts[0], spikes["out"].sum(axis=0).ravel())
    np.testing.assert_array_equal(neurons.take_step_counts(), spikes["out"].reshape(steps, -1).sum(axis=1))
    assert u["out"][-1].any()
    assert neurons.counts.max() > 0


def test_images_larger_than_what_is_laid_out_at_a_time():
    shape = (8, 200, 330)
    graph = whole(RESETTING, shape, 3)
    assert shape[0] // 4 * shape[1] * shape[2] > layer_kernels.WORDS
    x = images(graph, 1, 3)
    spikes, u, _ = reference.run(graph, {"in": x[0].astype(np.int64)}, 3)
    found = everything(graph, x[0])
    np.testing.assert_array_equal(found.spikes["out"], spikes["out"])
    np.testing.assert_array_equal(found.states["out", "u"], u["out"])


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("shape", [(5, 33, 41), (64, 4, 22)])
def test_shared_by_lines_or_by_channels(shape, threads, monkeypatch):
    monkeypatch.setattr(parts, "WORTH", 0.0)
    monkeypatch.setattr(runner, "SHARED_BYTES", 0)
    graph = whole(RESETTING, shape, 40, padding=(1, 0))
    x = images(graph, 2, 30)
    same(nk.run(graph, x, threads=1), nk.run(graph, x, threads=threads))


def test_what_it_does_not_take():
    """Sums that might wrap at 24 bits, neurons held silent, payloads: one after the other then."""
    heavy = whole(RESETTING, (1000, 3, 3), 1)
    assert used(heavy) == [True]
    kernel = np.full((1, 8300, 3, 3), 127)
    population = Population("out", (1, 1, 1), RESETTING)
    projection = Projection("in", "out", (Conv2d(kernel),), 1)
    wrapping = Program({"in": Input("in", (8300, 3, 3))}, {"out": population}, (projection,), {"out": population})
    assert used(check_program(wrapping)) == [False]
    assert used(whole(LoihiLIF(300, 100, 64 * 900, reset_offset=3, held=True))) == [False]
    graph = whole(RESETTING)
    x = 3 * images(graph, 1, 6)[0].astype(np.int64)
    np.testing.assert_array_equal(nk.run(graph, x).spikes["out"], reference.run(graph, {"in": x}, 6).spikes["out"])


def test_a_session_starts_over_in_silence():
    """What was laid out before a reset is not taken for what came before the first step."""
    graph = whole(RESETTING)
    x = images(graph, 1, 12)[0]
    wanted = nk.run(graph, x).spikes["out"]
    with nk.open(graph) as session:
        for pieces in ([x], [x[:5], x[5:]], list(x[:, None])):
            found = np.concatenate([session.step(piece) for piece in pieces])
            np.testing.assert_array_equal(found, wanted)
            session.reset()
