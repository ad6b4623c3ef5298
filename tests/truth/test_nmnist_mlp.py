"""Weights trained for Loihi 1 with SLAYER, put together by examples/02_nmnist_mlp_by_hand.py: every spike is right.

The reference is SLAYER's arithmetic written out here in numpy (slayerPytorch, src/cuda/spikeLoihiKernels.h); it has no
code in common with ours. Measured: 0 of 179,200,000 spikes of the hidden layer and 3,500,000 of the output differ over
1,000 recordings of 350 steps; 1000 of 1,000 are classified correctly (they are the training set). The network runs in
5 s of CPU time.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import neurokit as nk
from tests.data import shared

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "02_nmnist_mlp_by_hand.py"
STEPS = 350
CHUNK = 50


@pytest.fixture(scope="module")
def example():
    """The example as a module; its name begins with a digit."""
    spec = importlib.util.spec_from_file_location("nmnist_mlp_by_hand", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def program(example):
    folder = shared("loihi_nmnist_mlp", "network.yaml").parent
    return nk.compile(example.saved_and_loaded(example.build_network(folder)))


def test_fifty_recordings(example, program):
    assert check_recordings(example, program, 50) == 50


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_all_recordings(example, program):
    assert check_recordings(example, program, 1000) == 1000


def test_recordings_are_read_as_slayer_reads_them(example):
    """Byte by byte: times rounded to milliseconds (half to even), index p * 1156 + y * 34 + x, repeats set 1."""
    spikes, labels = example.read_recordings(shared("nmnist_train1k"), 2)
    expected = np.zeros_like(spikes)
    for k in range(2):
        raw = shared("nmnist_train1k", f"{k + 1}.bs2").read_bytes()
        for x, y, high, middle, low in zip(*(raw[i::5] for i in range(5)), strict=True):
            step = round((high % 128 * 65536 + middle * 256 + low) / 1000)
            if step < STEPS:
                expected[k, step, high // 128 * 1156 + y * 34 + x] = 1
    np.testing.assert_array_equal(spikes, expected)
    assert list(labels) == [5, 0]


def check_recordings(example, program, count):
    """Compare every spike; give the number of recordings classified correctly by output spikes."""
    spikes, labels = example.read_recordings(shared("nmnist_train1k"), count)
    assert spikes.shape == (count, STEPS, 2 * 34 * 34)
    weights = [read_weights("NMNISTFc1.txt", 512), read_weights("NMNISTFc2.txt", 10)]
    correct = 0
    for first in range(0, count, CHUNK):
        chunk = spikes[first : first + CHUNK]
        found = nk.run(program, chunk, record="hidden").spikes
        hidden = slayer_layer(chunk, weights[0])
        output = slayer_layer(hidden, weights[1])
        np.testing.assert_array_equal(found["hidden"], hidden)
        np.testing.assert_array_equal(found["output"], output)
        assert 0.001 < hidden.mean() < 0.5
        correct += int((output.sum(axis=1).argmax(axis=1) == labels[first : first + CHUNK]).sum())
    return correct


def read_weights(name, targets):
    """(targets, sources) integers; the file lists them row after row."""
    words = shared("loihi_nmnist_mlp", name).read_text().split()
    return np.array([int(word) for word in words]).reshape(targets, -1)


def slayer_layer(spikes, weight):
    """LOIHI neurons, then the axonal delay of one step. spikes: (recordings, steps, sources) -> (..., targets)."""
    recordings, steps, sources = spikes.shape
    summed = sp.csr_matrix(spikes.reshape(-1, sources).astype(np.int64)) @ weight.T
    summed = np.asarray(summed).reshape(recordings, steps, -1)
    u = v = np.zeros((recordings, len(weight)), np.int64)
    fired = np.zeros(summed.shape, np.uint8)
    for t in range(steps):
        u = toward_zero(u * (4096 - 1024)) + 64 * summed[:, t]
        v = toward_zero(v * (4096 - 128)) + u
        fired[:, t] = v > 80 * 64
        v = v * (1 - fired[:, t].astype(np.int64))
    return np.pad(fired, ((0, 0), (1, 0), (0, 0)))[:, :-1]


def toward_zero(product):
    """product / 4096 without its fraction."""
    return np.where(product < 0, -(-product // 4096), product // 4096)
