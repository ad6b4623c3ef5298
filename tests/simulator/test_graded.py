"""Graded neurons in the simulator: kernels against the reference, floats against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit.conformance.cases import Case, build
from neurokit.conformance.graded import GRADED
from neurokit.conformance.interpreter import interpret
from neurokit.conformance.suite import run_case
from neurokit.errors import GraphError
from neurokit.graph.check import check_program
from neurokit.graph.graded_neurons import (
    Delta,
    FixedDelta,
    FixedRelay,
    FixedSigma,
    FixedSigmaDelta,
    Relay,
    Sigma,
    SigmaDelta,
)
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Flatten
from neurokit.hardware.simulator.backend import Simulator
from neurokit.hardware.simulator.kinds import make_neurons
from neurokit.lower.fixedpoint import neuron_step
from tests.graded import any_neuron, payloads, side_by_side
from tests.networks import network
from tests.overflowing import ON_PURPOSE
from tests.programs import seeds

pytestmark = ON_PURPOSE

STEPS, SAMPLES = 25, 2


def reference(neuron, inputs):
    """(payloads, last states) step by step; inputs (steps, samples, *shape)."""
    states = {name: np.zeros(inputs.shape[1:], np.int64) for name in neuron.states}
    sent = np.zeros_like(inputs)
    for step, a in enumerate(inputs):
        since = step - neuron.reset_offset
        if since == 0 or (since > 0 and neuron.reset_interval and since % neuron.reset_interval == 0):
            states = {name: np.zeros_like(values) for name, values in states.items()}
        if neuron.held and since < 0:
            continue
        states, sent[step] = neuron_step(neuron, states, a)
    return sent, states


@pytest.mark.parametrize("model", GRADED)
@settings(max_examples=40, deadline=None)
@given(seeds)
def test_kernels_equal_the_reference(model, seed):
    rng = np.random.default_rng(seed)
    shape = (3, 2, 8) if rng.random() < 0.5 else (8,)
    neuron = any_neuron(model, seed, shape)
    inputs = payloads(rng, (STEPS, SAMPLES, *shape))
    neurons = make_neurons(Population("p", shape, neuron), SAMPLES, None)
    sent = np.zeros((STEPS, SAMPLES, int(np.prod(shape))), np.int32)
    acc = inputs.reshape(sent.shape).astype(np.int32)
    for start, stop in neurons.segments(0, STEPS, single=False):
        neurons.advance(start, acc[start:stop], sent[start:stop])

    expected, states = reference(neuron, inputs)

    np.testing.assert_array_equal(sent, expected.reshape(sent.shape))
    for name, values in states.items():
        np.testing.assert_array_equal(neurons.states[name], values.reshape(SAMPLES, -1))
    np.testing.assert_array_equal(neurons.counts, (expected != 0).sum(axis=0).reshape(SAMPLES, -1))
    assert np.concatenate(neurons.step_counts).sum() == np.count_nonzero(expected)


def encode(values, threshold, cumulative):
    """Delta encoder in plain floats: (steps, n) -> (steps, n)."""
    before, residue, error, rows = np.zeros(values.shape[1]), 0.0, 0.0, []
    for now in values:
        delta = now - before + residue
        error = error + delta if cumulative else delta
        sent = np.where(np.abs(error) >= threshold, delta, 0)
        error, residue, before = np.where(sent != 0, 0, error), delta - sent, now
        rows.append(sent)
    return np.array(rows)


@pytest.mark.parametrize("cumulative", [False, True])
@pytest.mark.parametrize("activation", ["relu", "unit"])
def test_floats_compute_what_numpy_computes(cumulative, activation):
    """An encoder, a sigma-delta layer and a decoder, in floats: to the last bit, the sums being in one order."""
    rng = np.random.default_rng(3)
    data = rng.normal(size=(30, 4)).cumsum(axis=0)
    first, second = rng.normal(size=(6, 4)), rng.normal(size=(2, 6))
    bias, threshold = rng.normal(size=6), rng.uniform(0.1, 0.5, 6)
    hidden = SigmaDelta(threshold, bias, activation, cumulative)
    eye = Dense(np.eye(4))
    net = network((eye, Delta(0.3, cumulative)), (Dense(first), hidden), (Dense(second), Sigma()), shape=(4,))

    found = nk.run(net, data, record=("p0", "p1", ("p1", "act")))

    coded = encode(data, 0.3, cumulative)
    np.testing.assert_array_equal(found.spikes["p0"], coded)
    sigma = np.cumsum(coded @ first.T, axis=0) + bias
    act = np.maximum(sigma, 0) if activation == "relu" else sigma
    np.testing.assert_allclose(found.states["p1", "act"], act, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.spikes["p1"], encode(act, threshold, cumulative), rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.spikes["p2"], np.cumsum(found.spikes["p1"] @ second.T, axis=0), rtol=0, atol=1e-12)
    assert 0 < np.count_nonzero(found.spikes["p1"]) < found.spikes["p1"].size
    assert found.spikes["p2"].dtype == np.float64


def test_a_decoded_network_is_the_plain_network():
    """Without thresholds a sigma-delta network gives, at each step, what ReLU layers give for that step's image."""
    rng = np.random.default_rng(4)
    images = rng.normal(size=(7, 2, 5, 5))
    kernel, bias = rng.normal(size=(3, 2, 3, 3)), rng.normal(size=(3, 1, 1))
    weight = rng.normal(size=(4, 27))
    net = network(
        (Conv2d(np.eye(2)[:, :, None, None]), Delta()),
        (Conv2d(kernel), SigmaDelta(bias=bias)),
        ((Flatten(), Dense(weight)), Sigma()),
        shape=(2, 5, 5),
    )
    windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(2, 3))
    plain = np.maximum(np.einsum("tcyxij,ocij->toyx", windows, kernel) + bias, 0).reshape(7, 27) @ weight.T
    np.testing.assert_allclose(nk.run(net, images).spikes["p2"], plain, rtol=0, atol=1e-9)


def test_what_the_shift_cuts_off_is_lost():
    """lava-nc 0.10.0's known defect: 7 quarters in steps of 1.75 units decode to 4 + 0, not to 7."""
    neuron = FixedDelta(threshold=0, spike_exponent=0, state_exponent=2)
    states = {name: np.zeros(1, np.int64) for name in neuron.states}
    states["act"] = np.array([1])  # a quarter of a unit before
    after, sent = neuron_step(neuron, states, np.array([2]))
    assert sent == [1]
    assert after["residue"] == [0]
    assert after["act"] == [8]


def test_a_small_sum_of_errors_is_sent_when_accumulated():
    """1 a step with threshold 3: |d| grows with the residue and passes at 3, its accumulated error at 1 + 2."""
    data = np.arange(1, 7)[:, None]
    plain = nk.run(network((Dense(np.eye(1)), Delta(3.0)), shape=(1,)), data).spikes["p0"].ravel()
    accumulated = (
        nk.run(network((Dense(np.eye(1)), Delta(3.0, cumulative=True)), shape=(1,)), data).spikes["p0"].ravel()
    )
    assert plain.tolist() == [0, 0, 3, 0, 0, 3]
    assert accumulated.tolist() == [0, 2, 0, 2, 0, 2]


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [("down", [-3, -2, -2, -1, -1, 0, 0, 1, 1, 2, 2]), ("nearest", [-2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3]),
     ("zero", [-2, -2, -1, -1, 0, 0, 0, 1, 1, 2, 2])],
)  # fmt: skip
def test_relays_round(rounding, expected):
    """Halves of -5 to 5."""
    assert relayed(FixedRelay(1, 1, rounding=rounding), np.arange(-5, 6)) == expected


def test_relays_stay_within_24_bits():
    data = np.array([2**22, 2**22 + 1, -(2**22), -(2**22) - 1, 2**23 - 1])
    assert relayed(FixedRelay(2), data) == [2**23 - 1, 2**23 - 1, -(2**23), -(2**23), 2**23 - 1]
    assert relayed(FixedRelay(2, overflow="wrap"), data) == [-(2**23), 2 - 2**23, -(2**23), 2**23 - 2, -2]
    assert relayed(FixedRelay(-2, activation="relu"), data) == [0, 0, 2**23 - 1, 2**23 - 1, 0]


def test_a_latched_relay_keeps_its_value():
    """Also a rectified one; a reset lets it go."""
    data = np.array([0, 5, 0, 0, -3, 0, 7, 0])
    assert relayed(FixedRelay(latched=True), data) == [0, 5, 5, 5, -3, -3, 7, 7]
    assert relayed(FixedRelay(latched=True, activation="relu"), data) == [0, 5, 5, 5, 0, 0, 7, 7]
    assert relayed(FixedRelay(latched=True, reset_interval=3), data) == [0, 5, 5, 0, -3, -3, 7, 7]


def relayed(neuron, values):
    """What one neuron sends when it is given one value a step."""
    return nk.run(side_by_side([neuron], (1,)), values[:, None]).spikes["p0"].ravel().tolist()


@pytest.mark.parametrize("latched", [False, True])
def test_float_relays_compute_what_numpy_computes(latched):
    rng = np.random.default_rng(8)
    data = rng.normal(size=(20, 3)) * (rng.random((20, 3)) < 0.5)
    gain = np.array([0.5, -2.0, 3.0])
    net = network((Dense(np.eye(3)), Relay(gain, "relu", latched)), shape=(3,))
    expected, last = [], np.zeros(3)
    for row in data:
        last = np.where((row == 0) & latched, last, np.maximum(gain * row, 0))
        expected.append(last)
    np.testing.assert_array_equal(nk.run(net, data).spikes["p0"], expected)


def test_an_analogue_intermediate():
    """StereoSpike v3: depthwise 7x7, a relay with a scale for each channel, pointwise."""
    rng = np.random.default_rng(9)
    depthwise, pointwise = rng.integers(-128, 128, (3, 1, 7, 7)), rng.integers(-128, 128, (5, 3, 1, 1))
    scale = np.array([37, 90, 12])
    image = rng.integers(0, 4, (4, 3, 9, 9))
    populations = {
        "analogue": Population("analogue", (3, 9, 9), FixedRelay(scale[:, None, None], 8, rounding="nearest")),
        "out": Population("out", (5, 9, 9), FixedSigma()),
    }
    projections = (
        Projection("in", "analogue", (Conv2d(depthwise, padding=(3, 3), groups=3),), 1),
        Projection("analogue", "out", (Conv2d(pointwise),), 1),
    )
    program = Program({"in": Input("in", (3, 9, 9))}, populations, projections, {"out": populations["out"]})
    found = nk.run(check_program(program), image[:1], steps=3, record="analogue")
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image[0], ((0, 0), (3, 3), (3, 3))), (7, 7), axis=(1, 2))
    exact = np.einsum("cyxij,cij->cyx", windows, depthwise[:, 0])
    analogue = np.floor(exact * scale[:, None, None] / 256 + 0.5)
    np.testing.assert_array_equal(found.spikes["analogue"][1], analogue)
    np.testing.assert_array_equal(found.spikes["out"][2], np.einsum("oc,cyx->oyx", pointwise[..., 0, 0], analogue))


def test_ranges_are_checked():
    bad = FixedSigmaDelta(threshold=2**23, spike_exponent=8, state_exponent=-1, activation_bias=-(2**23))
    with pytest.raises(GraphError) as caught:
        side_by_side([bad], (2,))
    assert [fault.fact for fault in caught.value.faults] == [
        "threshold is 8388608",
        "spike exponent is 8",
        "state exponent is -1",
        "bias is -8388608",
    ]
    with pytest.raises(GraphError) as caught:
        side_by_side([FixedRelay([40000, 0], [0, 32], rounding="up")], (2,))
    assert [fault.fact for fault in caught.value.faults] == ["rounding is 'up'"]
    with pytest.raises(GraphError) as caught:
        side_by_side([FixedRelay([40000, 0], [0, 32])], (2,))
    assert [fault.fact for fault in caught.value.faults] == ["multiplier is 40000", "shift is 32"]
    with pytest.raises(GraphError, match="activation is 'tanh'; it is 'relu' or 'unit'"):
        side_by_side([FixedSigmaDelta(activation="tanh")], (2,))


def test_the_smallest_payload_is_not_taken_for_a_small_one():
    """-(2**31) has no opposite in 32 bits; sums are as wide as it needs."""
    into = Dense([[128], [1]], exponent=1)
    wide = Dense(np.full((3, 2), 3), exponent=-8)
    wires = {("in", "sigma"): (into, 1), ("sigma", "out"): (wide, 1)}
    neurons = {"sigma": ((2,), FixedSigma()), "out": ((3,), LoihiLIF(4096, 4096, 64))}
    program = build({"in": (1,)}, neurons, wires, ("sigma", "out"))
    case = Case("smallest payload", program, {"in": np.full((1, 1, 1), -(2**23))}, 4)
    assert interpret(program, {"in": case.inputs["in"][0]}, 4)[0]["sigma"][1, 0] == -(2**31)
    assert run_case(case, Simulator()).status == "same"
