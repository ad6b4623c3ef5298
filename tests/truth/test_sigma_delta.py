"""Sigma-delta ground truths of the lava-dl wheel (gts/pilotnet_sdnn, gts/tinynet_sdnn): 0 differences in all of them.

Images are stored as (width, height, channels), time last. The wheel's own tests feed the same files to netx on Lava.
"""

from __future__ import annotations

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.graded_neurons import FixedDelta, FixedSigma, FixedSigmaDelta
from neurokit.graph.network import Input, Population, Projection
from neurokit.graph.synapses import Conv2d, Dense, Injection
from tests.data import truth

BACKENDS = ["simulator", "lava-inprocess"]
PILOTNET = "gts/pilotnet_sdnn/"
TINY = "gts/tinynet_sdnn/"
BITS = 12  # spike_exp 6 + state_exp 6, netx's
THRESHOLD = 20 << BITS  # of tinynet, from the wheel's test


def stored(name):
    """A file with time first and images channels first, as integers."""
    return np.load(truth(name)).T.astype(np.int64)


@pytest.fixture(scope="module")
def pilotnet():
    return nk.compile(nk.convert(truth(f"{PILOTNET}network.net")))


@pytest.mark.parametrize("backend", BACKENDS)
def test_pilotnet_output(pilotnet, backend):
    """The image is shown at every step; 9 steps, one for each layer."""
    image = stored(f"{PILOTNET}input.npy")
    expected = stored(f"{PILOTNET}output.npy")
    found = nk.run(pilotnet, np.broadcast_to(image, (len(expected), *image.shape[1:])), backend=backend)
    np.testing.assert_array_equal(found.spikes["9-dense"], expected)
    assert np.count_nonzero(expected) == 8


def test_pilotnet_layers(pilotnet):
    """20 steps of the input's payloads and of the first two layers' sigma: 1,162,800 values of these, 0 differ."""
    image = stored(f"{PILOTNET}input.npy")
    record = ("0-input", ("1-conv", "sigma"), ("2-conv", "sigma"))
    found = nk.run(pilotnet, np.broadcast_to(image, (20, *image.shape[1:])), record=record)
    np.testing.assert_array_equal(found.spikes["0-input"], stored(f"{PILOTNET}act0.npy"))
    for layer in (1, 2):
        expected = stored(f"{PILOTNET}sigma{layer}.npy")
        np.testing.assert_array_equal(found.states[f"{layer}-conv", "sigma"], expected)
        assert expected.any()


def test_pilotnet_populations(pilotnet):
    kinds = [type(population.neuron).__name__ for population in pilotnet.populations.values()]
    assert kinds == ["FixedDelta", *["FixedSigmaDelta"] * 7, "FixedSigma"]
    assert pilotnet.latency["9-dense"] == 8


@pytest.mark.parametrize("backend", BACKENDS)
def test_tinynet_input(backend):
    """48 x 16 pixels that follow a sine, encoded: every payload of 15 steps."""
    image = stored(f"{TINY}input_bias.npy")
    course = np.sin(2 * np.pi * np.arange(15) / 15)
    data = (image * course[:, None, None, None]).astype(int)
    program = _program(Injection(), FixedDelta(THRESHOLD, 6, 6), image.shape, image.shape)
    expected = stored(f"{TINY}input.npy")
    np.testing.assert_array_equal(nk.run(program, data, backend=backend).spikes["neurons"], expected)
    assert np.count_nonzero(expected) > 1000


@pytest.mark.parametrize("backend", BACKENDS)
def test_tinynet_convolution(backend):
    """The recorded input payloads through the first layer; its kernel is for a true convolution, hence turned round.

    The wheel runs this layer for one step only: what the file holds is the bias, and nothing after step 0.
    """
    kernel = np.load(truth(f"{TINY}layer1_kernel.npy")).transpose(0, 3, 2, 1)[:, :, ::-1, ::-1]
    bias = np.load(truth(f"{TINY}layer1_bias.npy"))[:, None, None] << BITS
    neuron = FixedSigmaDelta(THRESHOLD, 6, 6, activation_bias=bias)
    program = _program(Conv2d(kernel, stride=(2, 2)), neuron, (3, 16, 16), (24, 6, 6))
    expected = stored(f"{TINY}layer1.npy")
    found = nk.run(program, stored(f"{TINY}input.npy"), steps=16, backend=backend).spikes["neurons"]
    np.testing.assert_array_equal(found[:1], expected[:1])
    assert expected[:1].any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_tinynet_dense(backend):
    """Spikes where the first layer sent something through the second, a decoder; the wheel's block drops payloads."""
    weight = np.load(truth(f"{TINY}layer2_weight.npy"))
    data = np.load(truth(f"{TINY}layer1.npy")).reshape(-1, 16).T != 0
    program = _program(Dense(weight), FixedSigma(), (864,), (100,))
    expected = stored(f"{TINY}layer2.npy")
    np.testing.assert_array_equal(nk.run(program, data, backend=backend).spikes["neurons"], expected)
    assert np.count_nonzero(expected) > 100


def _program(synapse, neuron, source, target):
    """One input, one population, and the connection's own step between them."""
    delay = 0.0 if isinstance(synapse, Injection) else 1e-3
    neurons = Population("neurons", target, neuron)
    network = nk.Network(
        {"input": Input("input", source)},
        {"neurons": neurons},
        (Projection("input", "neurons", (synapse,), delay),),
        {"neurons": neurons},
        dt=1e-3,
    )
    return nk.compile(network)
