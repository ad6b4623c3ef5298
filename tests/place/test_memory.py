from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from neurokit.graph.network import Projection
from neurokit.graph.synapses import Conv2d, Dense, ResizeConv2d, Sparse
from neurokit.lower.images import Picked, picked
from neurokit.place.chips import LOIHI1, LOIHI2
from neurokit.place.layout import Layout
from neurokit.place.memory import (
    conv_words,
    dense_words,
    row_words,
    sparse_words,
    stored_bits,
    stored_synapses,
    synapse_bits,
    weight_bits,
)
from tests.place.programs import pilotnet

# Per-core words that Intel's compiler printed for PilotNet LIF (lava-dl @d825ac5): layer -> (bits that give it, words).
COMPILER = {"conv0": (5, 81), "conv1": (6, 864), "conv2": (6, 1620), "conv3": (4, 2160), "conv4": (4, 2880)}


def kernel(name: str) -> Picked:
    program = pilotnet()
    (projection,) = program.incoming(name)
    assert isinstance(projection.synapse, Conv2d)
    return picked(projection.synapse, program.shape_of(projection.source))


def kernel_words(form: Picked, bits: int, layout: Layout | None = None) -> int:
    return conv_words(form, stored_synapses(form, LOIHI2.format), bits, LOIHI2.format, layout)


@pytest.mark.parametrize("name", COMPILER)
def test_the_compilers_words_of_pilotnets_convolutions(name: str) -> None:
    bits, words = COMPILER[name]
    assert kernel_words(kernel(name), bits) == words


def test_our_own_bits_give_a_quarter_less_for_two_of_them() -> None:
    """The compiler gives conv1 and conv2 6 bits where their even weights of at most 12 need 4."""
    maps = {name: kernel(name) for name in COMPILER}
    words = {name: kernel_words(found, weight_bits(found.kernel())) for name, found in maps.items()}
    assert words == {"conv0": 81, "conv1": 648, "conv2": 1296, "conv3": 2160, "conv4": 2880}


@pytest.mark.parametrize(("targets", "sources", "words"), [(50, 100, 1300), (10, 50, 150), (1, 10, 10)])
def test_the_compilers_words_of_pilotnets_small_dense_layers(targets: int, sources: int, words: int) -> None:
    dense = Dense(np.ones((targets, sources), np.int64))
    projection = Projection("a", "b", (dense,), np.array(1))
    assert dense_words(dense, targets, synapse_bits(projection, (sources,), LOIHI2.format), LOIHI2.format) == words


@given(st.lists(st.integers(-256, 255), min_size=1, max_size=6))
def test_weight_bits_are_the_fewest_that_hold_the_weights(weights: list[int]) -> None:
    used = [w for w in weights if w]
    shift = min((w & -w).bit_length() - 1 for w in used) if used else 0
    scaled = [w >> shift for w in weights]
    for bits in range(1, 10):
        signed = set(range(-(2 ** (bits - 1)), 2 ** (bits - 1)))
        positive = set(range(2**bits))
        if any(set(scaled) <= held for held in (signed, positive, {-w for w in positive})):
            break
    assert weight_bits(np.array(weights)) == bits


def test_no_weights_take_one_bit() -> None:
    assert weight_bits(np.zeros((2, 2), np.int64)) == weight_bits(np.zeros((0, 3), np.int64)) == 1


@given(st.integers(0, 400), st.integers(1, 20))
def test_words_of_a_row(synapses: int, bits: int) -> None:
    assert row_words(synapses, bits, LOIHI2.format) == (math.ceil((10 + synapses * bits) / 64) if synapses else 0)
    chunks = [min(64, synapses - start) for start in range(0, synapses, 64)]
    assert row_words(synapses, bits, LOIHI1.format) == sum(math.ceil((n * bits + 10) / 64) for n in chunks)


@pytest.mark.parametrize(
    ("synapse", "delay", "loihi1", "loihi2"),
    [
        (Dense(np.array([[100, -100]])), 1, 6, 16),  # 100 = 25 << 2: 6 bits with the sign; Loihi 2 stores 8 + 8
        (Dense(np.array([[127, -127]])), 1, 8, 16),
        (Dense(np.array([[63, -63, 1]])), 1, 8, 16),  # Loihi 1 has no 7-bit weights
        (Dense(np.array([[127, -127]])), 2, 14, 22),
        (Sparse(sp.csr_matrix(np.array([[127, -127]]))), 1, 18, 16),
        (Conv2d(np.array([[[[127, -127]]]])), 1, 8, 8),
    ],
)
def test_bits_of_a_stored_synapse(synapse: Dense | Sparse | Conv2d, delay: int, loihi1: int, loihi2: int) -> None:
    projection = Projection("a", "b", (synapse,), np.array(delay))
    source = (1, 1, 2) if isinstance(synapse, Conv2d) else (synapse.weight.shape[1],)
    assert synapse_bits(projection, source, LOIHI1.format) == loihi1
    assert synapse_bits(projection, source, LOIHI2.format) == loihi2


def test_groups_and_split_channels_shorten_the_rows() -> None:
    conv = picked(Conv2d(np.ones((8, 2, 3, 3), np.int64), groups=2), (4, 5, 5))
    assert kernel_words(conv, 8) == 4 * 9 * math.ceil((10 + 4 * 8) / 64)
    one_group = Layout((8, 3, 3), "tiles", (4, 3, 3))
    assert kernel_words(conv, 8, one_group) == 2 * 9 * math.ceil((10 + 4 * 8) / 64)
    across = Layout((8, 3, 3), "tiles", (3, 3, 3))  # channels 3 to 5 are of both groups
    assert kernel_words(conv, 8, across) == 2 * 9 * (1 + 1)
    wide = picked(Conv2d(np.ones((64, 2, 3, 3), np.int64)), (2, 5, 5))
    quarter = Layout((64, 3, 3), "tiles", (16, 3, 3))
    assert kernel_words(wide, 8, quarter) == 2 * 9 * math.ceil((10 + 16 * 8) / 64)


def test_a_resized_kernel_takes_a_row_for_each_way_its_taps_meet() -> None:
    """Twofold: an output sees its source as taps {0}, {1, 2} or {0, 1}, {2} along each axis, four sets in all."""
    conv = ResizeConv2d((8, 8), np.ones((8, 2, 3, 3), np.int64))
    form = picked(conv, (2, 4, 4))
    words = math.ceil((10 + 8 * 8) / 64)
    assert kernel_words(form, 8) == 2 * 16 * words
    assert kernel_words(form, 8, Layout((8, 6, 6), "tiles", (8, 1, 1))) == 2 * 4 * words, "two sets along each axis"
    assert kernel_words(form, 8, Layout((8, 6, 6), "tiles", (8, 1, 6))) == 2 * 8 * words
    rows, columns = (axis.alike() for axis in form.axes)
    assert rows == (0, 2, 4, 1, 3, 5)
    assert kernel_words(form, 8, Layout((8, 6, 6), "tiles", (8, 3, 3), rows, columns)) == 2 * 4 * words, "a phase"
    projection = Projection("a", "b", (conv,), np.array(1))
    assert synapse_bits(projection, (2, 4, 4), LOIHI2.format) == 3, "sums of 1, 2 and 4 take three bits"


def test_sums_of_taps_that_are_too_wide_for_a_weight_are_stored_in_parts() -> None:
    conv = ResizeConv2d((8, 8), np.full((8, 2, 3, 3), 101))
    form = picked(conv, (2, 4, 4))
    stored = stored_synapses(form, LOIHI2.format)
    assert sorted(stored.ravel().tolist()) == [1] * 4 + [2] * 8 + [4] * 4, "101, 202 and 404, at most 127 a synapse"
    by_synapses = sum(math.ceil((10 + 8 * 8 * n) / 64) for n in stored.ravel())
    assert kernel_words(form, 8) == 2 * by_synapses
    projection = Projection("a", "b", (conv,), np.array(1))
    assert stored_bits(projection, (2, 4, 4), LOIHI2.format) == 8
    assert (stored_synapses(picked(replace(conv, weight=conv.weight // 101), (2, 4, 4)), LOIHI2.format) == 1).all()


def test_sparse_words_are_those_of_the_fullest_core() -> None:
    rng = np.random.default_rng(3)
    weights = rng.integers(-3, 4, (30, 20)) * (rng.random((30, 20)) < 0.3)
    core_of = np.arange(30) // 8
    expected = max(
        sum(math.ceil((10 + n * 16) / 64) for n in (weights[core_of == core] != 0).sum(axis=0) if n)
        for core in range(4)
    )
    assert sparse_words(sp.csr_matrix(weights), core_of, 4, 16, LOIHI2.format).max() == expected
    assert not sparse_words(sp.csr_matrix((30, 20), dtype=np.int64), core_of, 4, 16, LOIHI2.format).any()
