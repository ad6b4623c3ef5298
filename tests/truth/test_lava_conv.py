"""Convolutions against the ten ground truths of the lava-nc wheel (tests/lava/proc/conv/ground_truth/gt_conv_paris_*).

The files hold torch's float32 result for a random image in [0, 1) and integer weights, in Lava's order (width, height,
channels) and for a true convolution: ours is torch's (channels, height, width), kernel flipped. Stride 1 to 5, padding
0 to 4, dilation 1 to 4 (each its own in y and x), 1 to 4 groups.

Largest difference to the files, over all: 1.05e-3 where values reach 2071, for the matrix, the float kernel and the
integer kernel alike, i.e. the files' own float32; among the three of ours: 0 for float kernel and matrix, exact
equality in integers.
"""

from __future__ import annotations

from importlib import metadata

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.network import Input, Population, Projection
from neurokit.graph.neurons import Integrator, LoihiLIF
from neurokit.graph.synapses import Conv2d
from neurokit.lower.fold import to_matrix
from tests.tolerances import FLOAT64_SUMS, TORCH_CONVOLUTION

FOLDER = "tests/lava/proc/conv/ground_truth/"
BASE, DIGITS = 32, 6  # 30 bits of the image as payloads of 5 bits: |sum| stays below 2**17, where u wraps
CASES = [pytest.param(i, marks=pytest.mark.slow) if i == 6 else i for i in range(10)]  # 6: 21 million connections


@pytest.fixture(scope="module")
def case():
    """A function: number -> (Conv2d with integer weights, image, torch's result)."""
    try:
        files = metadata.files("lava-nc") or []
    except metadata.PackageNotFoundError:
        pytest.skip("lava-nc is not installed")
    places = {file.name: file.locate() for file in files if str(file).startswith(FOLDER)}

    def load(number):
        name = f"gt_conv_paris_{number}.npz"
        if name not in places:
            pytest.skip(f"this lava-nc does not ship {name}")
        data = np.load(str(places[name]))
        weight = data["weights"].transpose(0, 3, 2, 1)[:, :, ::-1, ::-1]
        geometry = (data[key][::-1] for key in ("stride", "padding", "dilation"))
        return Conv2d(weight, *geometry, int(data["groups"])), data["input"].T, data["out_gt"].T

    return load


@pytest.mark.parametrize("number", CASES)
def test_integer_kernel(case, number):
    """The image as payloads, one digit of base 32 a step; the convolution is linear, so the digits add up."""
    synapse, image, expected = case(number)
    digits = digits_of(image)
    found = run_integers(synapse, digits, expected.shape)
    exact = to_matrix(synapse, image.shape) @ digits.reshape(DIGITS, -1).T
    np.testing.assert_array_equal(found, exact.T.reshape(found.shape))
    np.testing.assert_allclose(combined(found), expected, **TORCH_CONVOLUTION)


@pytest.mark.parametrize("number", [1, 3, 5, 8])
def test_integer_kernel_with_few_events(case, number):
    """The same image spread over 16 parts: few pixels a step, hence the kernel that scatters events."""
    synapse, image, expected = case(number)
    part = np.random.default_rng(number).integers(0, 16, image.shape)
    steps = np.concatenate([digits_of(image * (part == p)) for p in range(16)])
    found = run_integers(synapse, steps, expected.shape).reshape(16, DIGITS, *expected.shape).sum(axis=0)
    np.testing.assert_allclose(combined(found), expected, **TORCH_CONVOLUTION)


@pytest.mark.parametrize("number", CASES)
def test_float_kernel_and_matrix(case, number):
    synapse, image, expected = case(number)
    matrix = (to_matrix(synapse, image.shape) @ image.ravel()).reshape(expected.shape)
    np.testing.assert_allclose(matrix, expected, **TORCH_CONVOLUTION)
    floats = Conv2d(
        synapse.weight.astype(float), synapse.stride, synapse.padding, synapse.dilation, groups=synapse.groups
    )
    found = nk.run(network(floats, Integrator(), image.shape, expected.shape, 0.0), image[None])
    np.testing.assert_allclose(found.states["out", "v"][0], matrix, **FLOAT64_SUMS)


def digits_of(image):
    """(6, *image shape) integers 0 to 31: the leading 30 bits after the point."""
    powers = float(BASE) ** np.arange(1, DIGITS + 1)
    return np.floor(image * powers[:, None, None, None]) % BASE


def combined(digits):
    """The number of which `digits` (6, ...) are the digits."""
    return np.tensordot(float(BASE) ** -np.arange(1.0, DIGITS + 1), digits, 1)


def run_integers(synapse, payloads, shape):
    """The synaptic input of each step, read from a neuron that holds no current: u = 64 a."""
    readout = LoihiLIF(current_decay=4096, voltage_decay=4096, threshold=64, emits=False)
    program = nk.compile(network(synapse, readout, payloads.shape[1:], shape, 1e-3))
    found = nk.run(program, payloads, steps=len(payloads) + 1, record=("out", "u")).states["out", "u"][1:]
    assert not (found % 64).any()
    return found // 64


def network(synapse, neuron, source, target, delay):
    out = Population("out", target, neuron)
    projection = Projection("in", "out", (synapse,), delay)
    return nk.Network({"in": Input("in", source)}, {"out": out}, (projection,), {"out": out}, dt=1e-3)
