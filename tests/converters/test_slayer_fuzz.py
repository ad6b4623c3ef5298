"""Damaged `.net` files: refused by one of our errors, or read, in bounded time; nothing else happens.

Measured: 10,000 mutations of 13 files (the slow test), no crash and no other error; a file takes some 0.05 s.
"""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from neurokit.converters.from_slayer import load
from neurokit.errors import ConversionError, NeurokitError
from tests import support
from tests.converters.conftest import conv, cuba

SECONDS = 5  # of processor time for one file
KINDS = [name for name in support.SOURCES if name.startswith("SLAYER")]


def mutate(content, rng):
    """A few bytes changed, or the end cut off."""
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        place = rng.randrange(len(damaged))
        damaged[place] = rng.choice([0, 255, rng.randrange(256), damaged[place] ^ 1 << rng.randrange(8)])
    return bytes(damaged[: rng.randrange(len(damaged))] if rng.random() < 0.05 else damaged)


def read_damaged(folder, seed, count):
    """Load `count` mutations; how many were refused, and the processor seconds of the slowest."""
    contents = [support.SOURCES[name](folder).read_bytes() for name in KINDS]
    rng, path, refused, slowest = random.Random(seed), folder / "damaged.net", 0, 0.0
    for _ in range(count):
        path.write_bytes(mutate(rng.choice(contents), rng))
        began = time.process_time()
        try:
            load(path)
        except NeurokitError:
            refused += 1
        slowest = max(slowest, time.process_time() - began)
    return refused, slowest


def test_damaged_files(tmp_path):
    refused, slowest = read_damaged(tmp_path, 1, 150)
    assert 0 < refused < 150
    assert slowest < SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_ten_thousand_damaged_files(tmp_path, seed):
    assert read_damaged(tmp_path, seed, 1000)[1] < SECONDS


@pytest.mark.parametrize(("shape", "kernel"), [([10**9, 3, 3], (2, 2)), ([1000, 300, 300], (200, 200))])
def test_kernels_that_would_fill_the_memory(write_net, shape, kernel):
    """The file holds a pool's kernel once; listed for each channel it may be larger than any memory."""
    layer = conv(np.ones((1, 1, *kernel)), shape, type="pool", neuron=cuba())
    with pytest.raises(ConversionError, match="neurons or synapses; neurokit reads up to"):
        load(write_net({"type": "input", "shape": shape}, layer))


def test_unpooling_without_end(write_net):
    layer = conv(np.ones((1, 1, 50, 50)), [3, 1500, 1500], type="unpool", stride=50)
    with pytest.raises(ConversionError, match="'2-unpool': has about"):
        load(write_net({"type": "input", "shape": [3, 30, 30]}, layer, layer))
