"""Single kernels against numpy: sizes on both sides of every vector, strip and block; every sign mode of weights."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurokit.hardware.simulator import blocks, caching, count_kernels, kernels
from neurokit.hardware.simulator.links import Bytes, as_bytes
from neurokit.hardware.simulator.team import Team
from tests.programs import seeds

SIGN_MODES = [(-128, 127, 1), (-256, 254, 2), (0, 255, 1), (-255, 0, 1), (5, 5, 1), (0, 0, 1), (-1024, 1016, 8)]
SIZES = [1, 3, 63, 64, 65, 128, 255, 256, 257, 300, 1000]


def weights(rng, mode, shape):
    low, high, step = mode
    return rng.integers(low // step, high // step + 1, shape) * step


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(0, 400), st.sampled_from([np.uint8, np.int32, np.float64]), st.floats(0, 1))
def test_gather_finds_the_events(seed, size, kind, activity):
    rng = np.random.default_rng(seed)
    row = ((rng.random(size) < activity) * rng.choice([1, 1, 3, 255], size)).astype(kind)
    row = -row if kind != np.uint8 else row
    index = np.full(size + 4, -1, np.int32)
    found = kernels.gather(row, index)
    np.testing.assert_array_equal(index[:found], np.flatnonzero(row))


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 64), (2, 2, 90), (4, 1, 64), (256, 1, 70), (600, 2, 130)])
def test_events_are_counted_by_neuron_and_by_step(shape, kind):
    rng = np.random.default_rng(0)
    values = (rng.random(shape) < 0.9).astype(kind) * 5
    counts, step_counts = np.ones(shape[1:], np.int64), np.ones(shape[0], np.int64)
    kernels.count_events(values, counts, step_counts)
    np.testing.assert_array_equal(counts, 1 + (values != 0).sum(axis=0))
    np.testing.assert_array_equal(step_counts, 1 + (values != 0).sum(axis=(1, 2)))


@pytest.mark.parametrize("mode", SIGN_MODES, ids=str)
def test_weights_are_kept_as_bytes(mode):
    weight = weights(np.random.default_rng(0), mode, (130, 7))
    kept = as_bytes(weight)
    assert isinstance(kept, Bytes)
    np.testing.assert_array_equal(kept.plain(130), weight.T)


@pytest.mark.parametrize("weight", [np.array([[-127, 129]]), np.array([[0.5]]), np.zeros((3, 0), int)], ids=str)
def test_what_does_not_fit_bytes_is_not_made_to(weight):
    assert as_bytes(weight) is None


@pytest.mark.parametrize("mode", SIGN_MODES, ids=str)
@pytest.mark.parametrize("targets", SIZES)
@pytest.mark.parametrize("graded", [False, True])
def test_dense_rows(mode, targets, graded):
    """From no event to more than 256, whose sum 16 bits would not hold."""
    rng = np.random.default_rng(targets)
    weight = weights(rng, mode, (targets, 700))
    rows = (rng.random((6, 700)) < np.array([[0], [0.002], [0.1], [0.4], [0.9], [1]])).astype(np.int32)
    if graded:
        rows *= rng.integers(-(2**23), 2**23, rows.shape, np.int32)
    start = rng.integers(-1000, 1000, (6, targets)).astype(np.int32)
    wanted = (start + rows.astype(np.int64) @ weight.T).astype(np.int32)  # wraps, as the kernels do
    found, kept = start.copy(), as_bytes(weight)
    if graded:
        kernels.dense_bytes_graded(rows, *kept, found)
    else:
        kernels.dense_bytes(rows.astype(np.uint8), *kept, found)
    np.testing.assert_array_equal(found, wanted)


def test_weights_larger_than_the_cache():
    rng = np.random.default_rng(0)
    weight = rng.integers(-128, 128, (1100, 1500))
    kept = as_bytes(weight)
    assert kept.values.size > kernels.CACHE_BYTES
    rows = (rng.random((130, 1500)) < rng.choice([0, 0.01, 0.6], (130, 1))).astype(np.uint8)
    found = np.zeros((130, 1100), np.int32)
    kernels.dense_bytes(rows, *kept, found)
    np.testing.assert_array_equal(found, rows.astype(np.int64) @ weight.T)


@pytest.mark.parametrize("kind", [np.int32, np.int64])
@pytest.mark.parametrize("bits", [24, 32])
@pytest.mark.parametrize("places", [0, 1, 7])
def test_sums_shifted_and_wrapped(kind, bits, places):
    rng = np.random.default_rng(places)
    edge = 1 << (bits - 1)
    sums = np.concatenate([rng.integers(-(2**30), 2**30, 200), [-1, 0, 1, edge - 1, edge, -edge, -edge - 1]])
    sums = sums.astype(kind)
    found = np.full(sums.size, 3, np.int32)
    count = kernels.add_sums(sums, places, bits, found)
    exact = sums.astype(np.int64) >> places
    wanted = (exact + edge) % (2 * edge) - edge
    np.testing.assert_array_equal(found, (3 + wanted).astype(np.int32))
    assert count == np.sum(wanted != exact)


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_the_largest_sum_of_sizes(seed):
    rows = np.random.default_rng(seed).integers(-(2**23), 2**23, (3, 50)).astype(np.int32)
    assert kernels.largest_sum(rows) == np.abs(rows.astype(np.int64)).sum(axis=1).max()


def test_kept_kernels_are_those_of_all_files_they_are_made_of():
    """A kernel of one file calls what others write for the compiler; lif_vectors names no decorator."""
    names = {file.name for file in caching.kernel_files()}
    folder = caching.kernel_files()[0].parent
    assert {"kernels.py", "layer_kernels.py", "lif_vectors.py", "vectors.py"} <= names
    assert {file.name for file in folder.glob("*.py") if "llvmlite" in file.read_text()} <= names


@pytest.mark.parametrize("steps", [1, 3, 256])
@pytest.mark.parametrize("size", [1, 70, count_kernels.COUNTED + 5])
def test_spikes_are_counted_by_neuron_and_by_step(steps, size):
    rng = np.random.default_rng(size)
    spikes = (rng.random((steps, 2, size)) < 0.5).astype(np.uint8)
    spikes[:, :, 0] = 1
    counts, totals = rng.integers(0, 9, (2, size)), rng.integers(0, 9, steps)
    wanted = counts + spikes.sum(axis=0), totals + spikes.sum(axis=(1, 2))
    cuts = [0, size // 3, size]
    for start, stop in itertools.pairwise(cuts):
        count_kernels.count_share(spikes, counts, totals, start, stop)
    np.testing.assert_array_equal(counts, wanted[0])
    np.testing.assert_array_equal(totals, wanted[1])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_type_of_inputs_is_found_by_several_threads(threads, monkeypatch):
    monkeypatch.setattr(blocks, "SHARED_BYTES", 0)
    values = np.zeros((1, 7, 5), np.int64)
    assert blocks.kernel_type(values, True, Team(threads)) is np.uint8
    for place in np.ndindex(values.shape):
        wrong = values.copy()
        wrong[place] = 2
        assert blocks.kernel_type(wrong, True, Team(threads)) is np.int32
        assert blocks.kernel_type(wrong.astype(float), False, Team(threads)) is np.float64
        assert blocks.kernel_type(-wrong, True, Team(threads)) is np.int32
