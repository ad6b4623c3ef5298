"""Convolutions as dot products of bytes: against scipy, for every geometry, sign mode and size of payload."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate2d

from neurokit.graph.synapses import Conv2d
from neurokit.hardware.simulator import product
from neurokit.hardware.simulator.vectors import HAS_DOT
from tests.programs import seeds

pytestmark = pytest.mark.skipif(not HAS_DOT, reason="the processor has no AVX512-VNNI; the simulator scatters instead")
SIGN_MODES = [(-128, 127, 1), (-256, 254, 2), (0, 255, 1), (-255, 0, 1), (1, 3, 64), (0, 0, 1)]


def convolve(synapse, x):
    """Cross-correlation channel by channel; x (channels, rows, columns)."""
    weight, (dy, dx), (sy, sx) = synapse.weight, synapse.dilation, synapse.stride
    spread = np.zeros((*weight.shape[:2], dy * (weight.shape[2] - 1) + 1, dx * (weight.shape[3] - 1) + 1), np.int64)
    spread[:, :, ::dy, ::dx] = weight
    padded = np.pad(x.astype(np.int64), ((0, 0), (synapse.padding[0],) * 2, (synapse.padding[1],) * 2))
    result = []
    for o, kernels in enumerate(spread):
        first = o // (len(weight) // synapse.groups) * weight.shape[1]
        total = sum(correlate2d(padded[first + i], kernel, "valid") for i, kernel in enumerate(kernels))
        result.append(total[::sy, ::sx])
    return np.stack(result)


def assert_as_scipy(synapse, rows, largest):
    shape = rows.shape[1:]
    target = synapse.output_shape(shape)
    plan = product.plan_product(synapse, shape, target)
    start = np.random.default_rng(0).integers(-9, 10, (len(rows), int(np.prod(target)))).astype(np.int32)
    found = start.copy()
    plan.add(np.ascontiguousarray(rows.reshape(len(rows), -1)), found, largest)
    for row, before, after in zip(rows, start, found, strict=True):
        wanted = before + convolve(synapse, row).ravel()
        np.testing.assert_array_equal(after, wanted.astype(np.int32))  # wraps at 32 bits, as the kernel does


def random_case(rng):
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    low, high, step = SIGN_MODES[rng.integers(len(SIGN_MODES))]
    kernel = tuple(int(n) for n in rng.integers(1, 6, 2))
    weight = rng.integers(
        low // step, high // step + 1, (groups * int(rng.integers(1, 19)), int(rng.integers(1, 10)), *kernel)
    )
    stride, dilation = (tuple(int(n) for n in rng.integers(1, top, 2)) for top in (4, 3))
    padding = tuple(int(n) for n in rng.integers(0, 4, 2))
    synapse = Conv2d(weight * step, stride, padding, dilation, groups)
    shape = (weight.shape[1] * groups, *(int(n) for n in rng.integers(1, 40, 2)))
    return synapse, shape


@settings(max_examples=150, deadline=None)
@given(seeds, st.sampled_from([0, 1, 100, 127, 128, 2**15 - 1, 2**15, 2**23 - 1, 2**23]))
def test_any_geometry(seed, payload):
    rng = np.random.default_rng(seed)
    synapse, shape = random_case(rng)
    if synapse.output_shape(shape) is None:
        return
    active = rng.random((3, *shape)) < np.array([0, 0.1, 1]).reshape(3, 1, 1, 1)
    if payload == 0:
        assert_as_scipy(synapse, active.astype(np.uint8), 1.0)
    else:
        values = active * rng.integers(-payload, payload + 1, active.shape)
        values[2].flat[:2] = payload, -payload
        assert_as_scipy(synapse, values.astype(np.int32), float(payload))


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 47), (1, 48), (1, 49), (2, 33), (30, 64), (24, 32), (25, 31), (1, 800), (60, 70)]
)
def test_sizes_around_tiles_and_chunks(size):
    rng = np.random.default_rng(0)
    synapse = Conv2d(rng.integers(-128, 128, (9, 5, 1, 1)))
    assert_as_scipy(synapse, rng.integers(0, 2, (2, 5, *size)).astype(np.uint8), 1.0)


@pytest.mark.parametrize("weight", [np.full((1, 1, 1, 1), 0.5), np.array([-128, 129]).reshape(2, 1, 1, 1)], ids=str)
def test_weights_that_are_no_bytes(weight):
    assert product.plan_product(Conv2d(weight), (1, 3, 3), (len(weight), 3, 3)) is None
