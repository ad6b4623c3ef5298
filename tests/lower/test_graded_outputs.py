"""Graded neurons that nobody hears: their messages meet no weight, so they may use the 24 bits of payloads."""

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.graded_neurons import Delta, Relay, Sigma, SigmaDelta
from neurokit.graph.synapses import Dense
from tests.lower.compiled import weights_of
from tests.networks import network

STEPS = 12
EIGHT_BITS = 0.01  # of the root mean square: weights of at most 127 are off by 0.29 each


def drawn(scale, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(4, 50)) * scale, rng.random((3, STEPS, 50))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize(
    "neuron", [Delta(), SigmaDelta(activation="unit"), Sigma(), Relay()], ids=lambda n: type(n).__name__
)
def test_outputs_keep_the_bits_of_their_weights(neuron, scale):
    """Delta kept 4 bits and Sigma was refused while outputs had the 14 bits of messages that are heard."""
    weight, x = drawn(scale)
    sums = x @ weight.T  # of Sigma's input: changes, that add up
    wanted = np.cumsum(sums, axis=1) if isinstance(neuron, Sigma) else sums
    program = nk.compile(network((Dense(weight), neuron), shape=(50,)), calibrate=x)
    (row,) = program.report
    if isinstance(neuron, SigmaDelta):  # its input is changes, too
        wanted = np.cumsum(sums, axis=1)
    assert row.weight_error < EIGHT_BITS
    assert np.abs(weights_of(program.projections[0])).max() >= 64
    rec = nk.run(program, program.scaled(x), steps=STEPS + 1)
    assert not rec.wraps()
    found = rec.aligned("p0") / row.payload_scale
    if isinstance(neuron, Delta | SigmaDelta):
        found = np.cumsum(found, axis=1)
    error = np.sqrt(np.square(found - wanted).mean() / np.square(wanted).mean())
    assert error < EIGHT_BITS / 2


def test_samples_may_be_twice_as_large():
    weight, x = drawn(1.0)
    for neuron in (Delta(), Sigma()):
        program = nk.compile(network((Dense(weight), neuron), shape=(50,)), calibrate=x)
        rec = nk.run(program, program.scaled(1.9 * x), steps=STEPS + 1)
        assert np.abs(rec.spikes["p0"]).max() < 1 << 23
        assert not rec.wraps()


def test_what_is_heard_keeps_to_messages_of_16_bits():
    weight, x = drawn(1.0)
    net = network((Dense(weight), SigmaDelta()), (Dense(np.ones((2, 4)) / 3), Sigma()), shape=(50,))
    program = nk.compile(net, calibrate=x)
    rec = nk.run(program, program.scaled(x), record="p0")
    assert np.abs(rec.spikes["p0"]).max() < 1 << 15


def test_a_delta_that_is_heard_behind_real_weights():
    """It sends its state itself: as fine as its hearers' 24 bits allow, not as coarse as 16-bit messages."""
    rng = np.random.default_rng(0)
    first, second, x = rng.normal(size=(4, 6)), rng.normal(size=(5, 4)), rng.random((2, 8, 6))
    net = network((Dense(first), Delta()), (Dense(second), SigmaDelta()), (Dense(np.eye(5)), Sigma()), shape=(6,))
    program = nk.compile(net, calibrate=x)
    assert np.abs(weights_of(program.projections[0])).max() >= 64
    steps = 8 + program.latency["p2"]
    found = nk.run(program, program.scaled(x), steps=steps).aligned("p2") / program.report[-1].payload_scale
    wanted = np.maximum(x @ first.T @ second.T, 0)
    assert np.sqrt(np.square(found - wanted).mean() / np.square(wanted).mean()) < EIGHT_BITS
