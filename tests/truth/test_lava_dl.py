"""Smaller ground truths of the lava-dl wheel (gts/tinynet, gts/dense, gts/ntidigits).

Measured: 0 differences in all of them; counts stand with each test.
"""

from __future__ import annotations

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.network import Input, Population, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense
from tests.data import truth

TINY_WINDOW = 17
TINY_STEPS = 15  # columns 1 to 15 of the files; column 0 is empty


def tiny(name):
    """A file of gts/tinynet with time first: (16, channels, height, width); stored as (1, C, H, W, T)."""
    return np.load(truth(f"gts/tinynet/{name}.npy"))[0].transpose(3, 0, 1, 2).astype(np.int64)


def tiny_image():
    """The input layer's current (3, 16, 16); stored as (width, height, channels)."""
    return np.load(truth("gts/tinynet/input_bias.npy")).T.astype(np.int64)


@pytest.fixture(scope="module")
def tiny_recording():
    """tiny.net driven by a constant current for three windows of 17 steps."""
    program = nk.compile(nk.convert(truth("tiny.net"), inputs="current"), window=TINY_WINDOW)
    image = tiny_image()
    record = ("0-input", "1-conv", ("1-conv", "u"))
    return nk.run(program, np.broadcast_to(image, (3 * TINY_WINDOW + 2, *image.shape)), record=record)


@pytest.mark.parametrize("window", [0, 1, 2])
@pytest.mark.parametrize(
    ("k", "name", "file"), [(0, "0-input", "input"), (1, "1-conv", "layer1"), (2, "2-conv", "output")]
)
def test_tiny_spikes(tiny_recording, k, name, file, window):
    """Layer k starts from zero before steps k, k + 17, ...; the file's column 1 + j is step k + 17 window + j of ours,
    j < 15, so that the output's columns 1: are our steps 2 to 16, 19 to 33 and 36 to 50."""
    first = k + TINY_WINDOW * window
    ours = tiny_recording.spikes[name][first : first + TINY_STEPS]
    np.testing.assert_array_equal(ours, tiny(file)[1:])
    assert ours.any()


def test_tiny_current(tiny_recording):
    """u of layer 1 is 64 times the file's current; the layer holds no current from step to step."""
    u = tiny_recording.states["1-conv", "u"][1 : 1 + TINY_STEPS]
    np.testing.assert_array_equal(u, 64 * tiny("current")[1:])


def test_tiny_convolution_layer_built_by_hand():
    """lava-dl's own test of the block: its kernel and bias files, fed with the recorded input spikes.

    The kernel file is (out, width, height, in) for Lava's true convolution, hence flipped here.
    """
    kernel = np.load(truth("gts/tinynet/layer1_kernel.npy")).transpose(0, 3, 2, 1)[:, :, ::-1, ::-1]
    bias = np.load(truth("gts/tinynet/layer1_bias.npy"))[:, None, None]
    neuron = LoihiLIF(4096, 1024, 25 * 64, bias, 6)
    hand = _network(Conv2d(kernel, stride=(2, 2)), neuron, (3, 16, 16), (24, 6, 6))
    found = nk.run(nk.compile(hand, window=TINY_WINDOW), tiny("input")[1:], steps=16, record=("neurons", "u"))
    np.testing.assert_array_equal(found.spikes["neurons"][1:], tiny("layer1")[1:])
    np.testing.assert_array_equal(found.states["neurons", "u"][1:], 64 * tiny("current")[1:])


def test_dense():
    """200 -> 256, 2,000 steps: vth mantissa 6, no current memory, voltage decay 415, fires at v > 6 * 64.

    Spikes equal column t at our step t (1,826 spikes; the files' reading has the connection's step in it), and u is
    64 times the file's current.
    """
    weight = np.load(truth("gts/dense/weight.npy"))
    neuron = LoihiLIF(current_decay=4096, voltage_decay=415, threshold=6 * 64)
    program = nk.compile(_network(Dense(weight), neuron, (200,), (256,)))
    found = nk.run(program, np.load(truth("gts/dense/in.npy")).T, record=("neurons", "u"))
    expected = np.load(truth("gts/dense/out.npy")).T
    np.testing.assert_array_equal(found.spikes["neurons"], expected)
    np.testing.assert_array_equal(found.states["neurons", "u"], 64 * np.load(truth("gts/dense/current.npy")).T)
    assert expected.sum() == 1826


def test_ntidigits_with_axonal_delays():
    """64 -> 256 -> 256 -> 242 with delays of up to 62 steps by neuron, 3,000 steps.

    The file's column t + 1 is our step t: SLAYER's input block takes a step of its own. 22,572 spikes, 0 differ. The
    last layer of the file, `average`, has no neurons; the converter leaves it out and says so in `source`.
    """
    network = nk.convert(truth("gts/ntidigits/ntidigits.net"))
    assert "without its last layer 5-average" in network.source
    program = nk.compile(network)
    assert max(projection.delay.max() for projection in program.projections) == 63
    found = nk.run(program, np.load(truth("gts/ntidigits/input.npy")).T)
    expected = np.load(truth("gts/ntidigits/output.npy")).T
    np.testing.assert_array_equal(found.spikes["4-dense"][:-1], expected[1:])
    assert expected[1:].sum() == 22572
    assert not expected[0].any()


def _network(synapse, neuron, source, target):
    """One input, one population, and the connection's own step between them."""
    neurons = Population("neurons", target, neuron)
    return nk.Network(
        {"input": Input("input", source)},
        {"neurons": neurons},
        (Projection("input", "neurons", (synapse,), 1e-3),),
        {"neurons": neurons},
        dt=1e-3,
    )
