"""Sigma-delta networks, relays and large payloads from floats: what integers give, beside a plain numpy forward."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.errors import CompileError, InputError, OverflowWarning
from neurokit.graph.graded_neurons import Delta, Relay, Sigma, SigmaDelta
from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF, LIF, Integrator
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Sparse
from tests.lower.compiled import faults_of, integers, weights_of
from tests.networks import joined, network
from tests.programs import seeds
from tests.tolerances import EIGHT_BIT_LAYERS


def same(n):
    return Sparse(sp.identity(n, format="csr"))


def held(images, steps=8):
    """(n, *shape) as samples whose image stands still: (n, steps, *shape)."""
    return np.repeat(images[:, None], steps, axis=1)


def decoded(program, inputs, name):
    """What population `name` of a Program stands for after the last step, and the recording."""
    steps = inputs.shape[1] + max(program.latency.values())
    inputs = np.concatenate([inputs, np.repeat(inputs[:, -1:], steps - inputs.shape[1], axis=1)], axis=1)
    rec = nk.run(program, program.scaled(inputs), record=((name, "sigma"),))
    (row,) = [row for row in program.report if row.population == name]
    return rec.spikes[name][:, -1] / row.payload_scale, rec


def relative(found, wanted):
    return float(np.sqrt(np.square(found - wanted).mean() / np.square(wanted).mean()))


class Plain:
    """A random ReLU network (convolution, two dense layers), as sigma-delta neurons and as numpy computes it."""

    def __init__(self, seed, threshold=0.0):
        rng = np.random.default_rng(seed)
        self.spread = rng.uniform(0.05, 5.0)
        self.kernel = rng.normal(size=(4, 2, 3, 3)) * rng.uniform(0.02, 2.0)
        self.dense = rng.normal(size=(12, 4 * 36)) * rng.uniform(0.005, 0.5)
        self.last = rng.normal(size=(5, 12))
        self.biases = [rng.normal(size=size) * self.spread for size in ((4, 1, 1), 12, 5)]
        first, second, third = self.biases
        self.net = network(
            (Conv2d(np.eye(2)[:, :, None, None]), Delta(threshold=threshold)),
            (Conv2d(self.kernel), SigmaDelta(bias=first, threshold=threshold)),
            ((Flatten(), Dense(self.dense)), SigmaDelta(bias=second, threshold=threshold)),
            (Dense(self.last), SigmaDelta(bias=third, activation="unit", threshold=threshold)),
            (same(5), Sigma()),
            shape=(2, 8, 8),
        )
        self.images = rng.uniform(-0.3, 1.0, size=(6, 2, 8, 8)) * self.spread

    def forward(self, images):
        first, second, third = self.biases
        windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(2, 3))
        values = np.maximum(np.einsum("ncyxij,ocij->noyx", windows, self.kernel) + first, 0)
        values = np.maximum(values.reshape(len(images), -1) @ self.dense.T + second, 0)
        return values @ self.last.T + third


# ------------------------------------------------------------------------------------------------- sigma-delta networks


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_a_relu_network_in_integers(seed):
    plain = Plain(seed)
    program = nk.compile(plain.net, calibrate=held(plain.images, 2))
    assert program.input_scale["in"] == 2.0 ** round(np.log2(program.input_scale["in"]))
    assert "loihi2-stock" in program.targets
    found, rec = decoded(program, held(plain.images), "p4")
    assert relative(found, plain.forward(plain.images)) < EIGHT_BIT_LAYERS
    assert np.abs(rec.states["p4", "sigma"]).max() < 1 << 23
    assert not rec.wraps()


def test_each_bit_less_is_worse():
    """The error doubles with each bit less, on average over networks."""
    errors = {bits: [] for bits in (8, 6, 4, 2)}
    for seed in range(6):
        plain = Plain(seed)
        for bits, found in errors.items():
            program = nk.compile(plain.net, bits=bits, calibrate=held(plain.images, 2))
            found.append(relative(decoded(program, held(plain.images), "p4")[0], plain.forward(plain.images)))
    means = [float(np.mean(found)) for found in errors.values()]
    assert all(2 * low < high for low, high in pairwise(means)), means


@settings(max_examples=10, deadline=None)
@given(seeds, st.sampled_from([1e-3, 1.0, 1e3]))
def test_the_unit_of_the_input_does_not_matter(seed, unit):
    """A network whose inputs and biases are `unit` times as large gets the same weights (a power of two apart)."""
    plain = Plain(seed)
    program = nk.compile(plain.net, calibrate=held(plain.images, 2))
    again = nk.compile(plain.net, calibrate=held(plain.images, 2))
    assert integers(program) == integers(again)
    larger = Plain(seed)
    populations = {
        name: replace(p, neuron=replace(p.neuron, bias=p.neuron.bias * unit)) if isinstance(p.neuron, SigmaDelta) else p
        for name, p in larger.net.populations.items()
    }
    net = replace(larger.net, populations=populations, outputs={"p4": populations["p4"]})
    program = nk.compile(net, calibrate=held(plain.images, 2) * unit)
    found, _ = decoded(program, held(plain.images) * unit, "p4")
    assert relative(found, plain.forward(plain.images) * unit) < EIGHT_BIT_LAYERS


def test_samples_may_be_twice_as_large_as_those_of_the_calibration():
    plain = Plain(3)
    program = nk.compile(plain.net, calibrate=held(plain.images, 2))
    found, rec = decoded(program, held(2 * plain.images), "p4")
    assert relative(found, plain.forward(2 * plain.images)) < EIGHT_BIT_LAYERS
    assert not rec.wraps()


def test_whole_inputs_stay_as_they_are():
    """Images of 0 to 255 are payloads already; the encoder passes them on exactly."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, size=(4, 30))
    weight = rng.normal(size=(6, 30)) * 0.01
    net = network((same(30), Delta()), (Dense(weight), SigmaDelta()), (same(6), Sigma()), shape=(30,))
    program = nk.compile(net, calibrate=held(images, 2))
    assert program.input_scale == {}
    rec = nk.run(program, held(images, 4), record="p0")
    np.testing.assert_array_equal(rec.spikes["p0"][:, 1], images)
    found, _ = decoded(program, held(images), "p2")
    assert relative(found, np.maximum(images @ weight.T, 0)) < EIGHT_BIT_LAYERS


def test_video_follows_within_the_threshold():
    """Each step's image is the last one's plus noise: small changes wait, decoded values stay near."""
    plain = Plain(5, threshold=0.02)
    rng = np.random.default_rng(2)
    video = plain.images[:, None] + np.cumsum(rng.normal(size=(6, 12, 2, 8, 8)) * 0.05 * plain.spread, axis=1)
    program = nk.compile(plain.net, calibrate=video)
    flat = nk.run(plain.net, video).spikes["p4"]
    rec = nk.run(program, program.scaled(video), steps=12 + program.latency["p4"])
    found = rec.aligned("p4") / program.report[-1].payload_scale
    assert relative(found, flat) < 2 * EIGHT_BIT_LAYERS


def test_a_recurrent_layer():
    """Its own values of the step before come back; one weight scale fits both projections."""
    rng = np.random.default_rng(4)
    weight, back = rng.normal(size=(7, 5)) * 0.3, rng.normal(size=(7, 7)) * 0.1
    net = network((same(5), Delta()), (Dense(weight), SigmaDelta(bias=0.1)), (same(7), Sigma()), shape=(5,), dt=1.0)
    net = joined(net, Projection("p1", "p1", (Dense(back),), 1.0))
    x = rng.normal(size=(3, 20, 5))
    program = nk.compile(net, calibrate=x)
    value, wanted = np.zeros((3, 7)), []
    for t in range(20):
        value = np.maximum(x[:, t] @ weight.T + value @ back.T + 0.1, 0)
        wanted.append(value)
    rec = nk.run(program, program.scaled(x), steps=20 + program.latency["p2"])
    found = rec.aligned("p2") / program.report[-1].payload_scale
    assert relative(found, np.stack(wanted, 1)) < EIGHT_BIT_LAYERS


@settings(max_examples=15, deadline=None)
@given(seeds, st.booleans())
def test_relays(seed, rectify):
    """A gain for each channel; the next map sees the rescaled values."""
    rng = np.random.default_rng(seed)
    gain = rng.uniform(0.2, 3.0, size=(3, 1, 1))
    depthwise, pointwise = rng.normal(size=(3, 1, 3, 3)), rng.normal(size=(2, 3, 1, 1))
    net = network(
        (Conv2d(depthwise, groups=3), Relay(gain=gain, activation="relu" if rectify else "unit")),
        (Conv2d(pointwise), Sigma()),
        shape=(3, 6, 6),
    )
    images = rng.normal(size=(4, 3, 6, 6)) * rng.uniform(0.01, 100)
    windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(2, 3))
    between = np.einsum("ncyxij,cij->ncyx", windows, depthwise[:, 0]) * gain
    wanted = np.einsum("ncyx,oc->noyx", np.maximum(between, 0) if rectify else between, pointwise[:, :, 0, 0])
    program = nk.compile(net, calibrate=images[:, None])
    rec = nk.run(program, program.scaled(images[:, None]), steps=3)
    found = rec.spikes["p1"][:, -1] / program.report[-1].payload_scale
    assert relative(found, wanted) < EIGHT_BIT_LAYERS


# ----------------------------------------------------------------------------------------- large payloads into spikes


def rates(net, graph, inputs, steps):
    latency = graph.latency["p0"] if isinstance(graph, nk.Program) else 0
    return nk.run(graph, inputs, steps=steps + latency).spikes["p0"][:, latency:].mean(axis=1)


@pytest.mark.parametrize("neuron", [IF(threshold=900.0, reset="soft"), LIF(tau=0.02, threshold=100.0)])
def test_images_injected_in_every_step(neuron):
    """784 pixels of 0 to 255: with one integer a weight their sum would leave 24 bits; the exponent takes it down."""
    rng = np.random.default_rng(6)
    net = network((Dense(rng.normal(size=(20, 784)) * 0.1), neuron), shape=(784,), dt=1e-3)
    images = held(rng.integers(0, 256, size=(5, 784)), 40)
    program = nk.compile(net, calibrate=images)
    assert program.projections[0].synapse.exponent < 0
    assert 64 <= np.abs(weights_of(program.projections[0])).max() <= 127
    assert not nk.run(program, images, steps=41).wraps()
    float_rates, found = (rates(net, graph, images, 40) for graph in (net, program))
    assert float_rates.max() > 0.08
    assert np.abs(found - float_rates).max() < 2.5 / 40
    if isinstance(neuron, IF):
        with pytest.warns(OverflowWarning):
            nk.run(nk.compile(net), images, steps=41)


def test_fractional_currents():
    """Inputs in floats are taken times a power of two."""
    rng = np.random.default_rng(7)
    net = network((Dense(rng.normal(size=(8, 10))), LIF(tau=0.02, threshold=0.3)), shape=(10,), dt=1e-3)
    x = rng.normal(size=(4, 50, 10)) * 3
    program = nk.compile(net, calibrate=x)
    with pytest.raises(InputError, match=r"holds fractions.*program\.scaled"):
        nk.run(program, x)
    found, wanted = rates(net, program, program.scaled(x), 50), rates(net, net, x, 50)
    assert np.abs(found - wanted).max() < 2.5 / 50


def test_a_readout_that_is_calibrated_does_not_saturate():
    net = network((Dense(np.full((1, 50), 1.0)), Integrator()), shape=(50,))
    x = np.ones((1, 200, 50))
    program = nk.compile(net, calibrate=x)
    rec = nk.run(program, x, steps=201)
    assert rec.overflows["p0"].saturated == 0
    assert rec.states["p0", "v"][0, -1] / (64 * program.report[0].scale) == pytest.approx(10_000)


# --------------------------------------------------------------------------------------------------- refusals and files


def test_without_samples():
    net = network((same(2), Delta()), (Dense(np.eye(2)), SigmaDelta()))
    found = faults_of(CompileError, lambda: nk.compile(net))
    assert found == [
        f"'{name}': is {kind} in floats; weights do not tell how large its values become. "
        "Pass calibrate= with samples of the input."
        for name, kind in (("p0", "Delta"), ("p1", "SigmaDelta"))
    ]


def test_a_constant_in_every_step():
    net = network((Dense(np.eye(2), np.ones(2)), SigmaDelta()))
    (found,) = faults_of(CompileError, lambda: nk.compile(net, calibrate=np.ones((3, 2))))
    assert found == (
        "'p0': is SigmaDelta and a projection into it has a bias; a constant would arrive in every step, and its "
        "neurons have no place for one. Give SigmaDelta its bias= instead."
    )


def test_values_far_above_single_weights():
    """100,000 sources of 255 each: 24 bits hold their sum only if weights are ones."""
    net = network((Dense(np.r_[np.ones(100_000), -1.01][None]), SigmaDelta()), shape=(100_001,))
    (found,) = faults_of(CompileError, lambda: nk.compile(net, calibrate=np.full((1, 100_001), 255.5)))
    assert "its sums are so large beside single weights that these keep integers to" in found


def test_the_scale_of_inputs_is_saved(tmp_path):
    plain = Plain(1)
    program = nk.compile(plain.net, calibrate=held(plain.images, 2))
    program.save(tmp_path / "p.nk")
    again = nk.load(tmp_path / "p.nk")
    assert again.input_scale == program.input_scale
    assert again.report == program.report


def test_scaled():
    plain = Plain(1)
    program = nk.compile(plain.net, calibrate=held(plain.images, 2))
    x, scale = held(plain.images), program.input_scale["in"]
    np.testing.assert_array_equal(program.scaled({"in": x})["in"], np.rint(x * scale))
    assert program.scaled(x).dtype == np.int32
    with pytest.raises(InputError, match=r"payloads have 24 bits signed\. Compile with calibrate= of such data"):
        program.scaled(x * 1e6)


def test_lava_computes_the_same():
    plain = Plain(2)
    program = nk.compile(plain.net, calibrate=held(plain.images, 2))
    x = program.scaled(held(plain.images[:1], 6))
    found, wanted = (
        nk.run(program, x, steps=10, backend=name).spikes["p4"] for name in ("lava-inprocess", "simulator")
    )
    np.testing.assert_array_equal(found, wanted)


def test_scaled_refuses_what_are_no_inputs():
    program = nk.compile(network((same(2), Delta()), (same(2), SigmaDelta())), calibrate=np.ones((2, 2)))
    for inputs, words in (
        (None, "has type object"),
        (["a"], "has type"),
        ([1j], "has type"),
        ({"x": 1}, "is no input"),
    ):
        with pytest.raises(InputError, match=words):
            program.scaled(inputs)
    joint = replace(program, inputs={**program.inputs, "other": replace(program.inputs["in"], name="other")})
    with pytest.raises(InputError, match="'inputs': is a bare array; there are inputs in, other"):
        joint.scaled(np.ones((2, 2)))


def test_a_delta_behind_weights():
    """Its messages hold too little of its state; a SigmaDelta behind a Delta on the source, as the mend says, does."""
    rng = np.random.default_rng(0)
    first, samples = Dense(rng.normal(size=(4, 60_000))), rng.random((2, 8, 60_000))
    rest = ((Dense(rng.normal(size=(5, 4))), SigmaDelta()), (Dense(rng.normal(size=(3, 5))), Sigma()))
    behind = network((first, Delta()), *rest, shape=(60_000,))
    (found,) = faults_of(CompileError, lambda: nk.compile(behind, calibrate=samples))
    assert "'p0': its weights keep integers to" in found
    assert "a SigmaDelta behind these weights" in found
    mended = network((same(60_000), Delta()), (first, SigmaDelta(activation="unit")), *rest, shape=(60_000,))
    assert len(nk.compile(mended, calibrate=samples).report) == 4


@pytest.mark.parametrize("neuron", [IF(), SigmaDelta()])
def test_samples_next_to_nothing(neuron):
    net = network((Dense(np.eye(3)), neuron), shape=(3,))
    with pytest.raises(InputError, match=r"'in': reaches only 1e-310; scales follow values from 1e-100 on"):
        nk.compile(net, calibrate=np.full((1, 4, 3), 1e-310))
    assert nk.compile(net, calibrate=np.zeros((1, 4, 3))).input_scale == {}
