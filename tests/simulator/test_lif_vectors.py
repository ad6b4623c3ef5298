"""LoihiLIF's vector instructions against the arithmetic of `lower.fixedpoint`: every decay, edges of every state."""

import numpy as np
import pytest

from neurokit.graph.neurons import LoihiLIF
from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.lif_vectors import (
    HAS_ROUNDING,
    MEMORYLESS,
    NARROW,
    NEURONS,
    PLAIN,
    WIDE,
    make_lif_span,
)
from neurokit.lower.fixedpoint.lif import lif_step

TOP = 2**23
MAGNITUDES = sorted({*range(10), *(2**k + d for k in range(3, 24) for d in (-1, 0, 1) if 2**k + d <= TOP), 5592405})
EDGES = np.array([*(-m for m in MAGNITUDES), *MAGNITUDES])
DECAYS = np.arange(4097)
WAYS = [(wide, rounding) for wide in (NARROW, WIDE) for rounding in (False, True)]
SHIFT = 6  # of input to the units of u


def span_of(way, rounding):
    """The kernel itself, where it can run."""
    if rounding and not HAS_ROUNDING:
        pytest.skip("the processor has no AVX-512, whose rounding this is")
    span = make_lif_span(way, rounding)

    @njit(cache=False)
    def run(acc, first, count, u, v, spikes, start, wraps, keep_u, keep_v, bias, threshold, reset_value, strides, soft, shift):
        constants = (keep_u, keep_v, bias, threshold, reset_value, strides, soft, shift)
        return span(acc, first, count, u, v, spikes, start, wraps, *constants)

    return run


def kernel(way, rounding):
    """One step of all neurons."""
    span = span_of(way, rounding)

    @njit(cache=False)
    def run(acc, u, v, spikes, wraps, keep_u, keep_v, bias, threshold, reset_value, strides, soft):
        constants = (keep_u, keep_v, bias, threshold, reset_value, strides, soft)
        return span(acc, 0, acc.size, u, v, spikes, 0, wraps, *constants, SHIFT)

    return run


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: f"{'wide' if way[0] == WIDE else 'narrow'}-{way[1]}")
def way(request):
    return request.param[0] == WIDE, kernel(*request.param)


def assert_same_step(run, neuron, acc, u, v):
    """One step of `neuron`, whose parameters are all numbers or all (n,), by `run` and by the fixed-point rules."""
    n = acc.size
    fields = (neuron.current_decay, neuron.voltage_decay, neuron.bias, neuron.threshold, neuron.reset_value)
    strides = np.array([field.ndim for field in fields])
    rows = [np.broadcast_to(field, n if field.ndim else NEURONS) for field in fields]
    keeps = [(1 - row / 4096).astype(np.float32) for row in rows[:2]]
    others = [np.ascontiguousarray(row, np.int32) for row in rows[2:]]
    given = [np.array(values, np.int32) for values in (acc, u, v)]
    spikes, wraps = np.full(n, 7, np.uint8), np.zeros(2, np.int64)
    total = run(*given, spikes, wraps, *keeps, *others, strides, neuron.reset == "soft")
    u_after, v_after, fires = lif_step(neuron, np.asarray(u, np.int64), np.asarray(v, np.int64), np.asarray(acc))
    np.testing.assert_array_equal(given[1], u_after)
    np.testing.assert_array_equal(given[2], v_after)
    np.testing.assert_array_equal(spikes, fires)
    assert total == fires.sum()
    return wraps


def test_every_decay_of_every_edge(way):
    """Both states: u through its own decay alone, v through its own with u gone."""
    u, decay = (values.ravel() for values in np.meshgrid(EDGES, DECAYS))
    run, zero, never = way[1], np.zeros_like(u), np.full(u.size, 2**23)
    assert_same_step(run, LoihiLIF(decay, np.full(u.size, 4096), never), zero, u, zero)
    v = np.clip(u, -TOP + 1, TOP - 1)
    assert_same_step(run, LoihiLIF(np.full(u.size, 4096), decay, never), zero, zero, v)
    beyond = np.clip(2 * u, -2 * TOP + 2, 2 * TOP - 2)  # where a soft reset by less than nothing may leave v
    assert_same_step(run, LoihiLIF(np.full(u.size, 4096), decay, never), zero, zero, beyond)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("n", [1, 15, 16, 17, 63, 64, 65, 100, 4000])
def test_random_states_and_rows_of_any_length(way, n, soft):
    rng = np.random.default_rng(n)
    wide, run = way
    top = 2**31 - 1 if wide else 2**17
    acc = rng.choice([0, 1, -1, top, -top, top - 1], n) + (rng.random(n) < 0.5) * rng.integers(-1000, 1000, n)
    acc = np.clip(acc, -top, top)
    u = rng.integers(-TOP + 1, TOP + 1, n) if not wide else rng.integers(-(2**31), 2**31, n)
    v = rng.integers(-TOP + 1, TOP, n)
    reset = "soft" if soft else "hard"
    for size in ((n,), ()):
        values = {"current_decay": rng.integers(0, 4097, size), "voltage_decay": rng.integers(0, 4097, size)}
        values |= {"threshold": rng.integers(0, 2**17, size) << 6, "reset_value": rng.integers(-TOP + 1, TOP, size)}
        neuron = LoihiLIF(**values, bias_mantissa=rng.integers(-4096, 4096, size), reset=reset)
        assert_same_step(run, neuron, acc, u, v)


def test_wraps_and_clips_are_counted(way):
    wide, run = way
    neuron = LoihiLIF(np.array(0), np.array(0), np.array(TOP - 64))
    acc = np.array([1, 0, -1, 2**17, -(2**17), 0, 1])
    u = np.array([TOP - 64, TOP, -TOP + 64, 0, 0, -TOP + 1, TOP])
    v = np.array([0, TOP - 1, -TOP + 1, 0, 0, -TOP + 1, 0])
    # u: TOP stays, -TOP becomes TOP, +-TOP from input alone: the same; TOP + 64 wraps
    wraps = assert_same_step(run, neuron, np.tile(acc, 3), np.tile(u, 3), np.tile(v, 3))
    expected = (u + 64 * acc > TOP) | (u + 64 * acc <= -TOP)
    after = np.where(u + 64 * acc > TOP, u + 64 * acc - 2 * TOP, u + 64 * acc)
    after = np.where(after <= -TOP, after + 2 * TOP, after)
    np.testing.assert_array_equal(wraps, [3 * expected.sum(), 3 * (np.abs(v + after) > TOP - 1).sum()])
    if wide:  # the shift itself overflows, though what is left is in range
        np.testing.assert_array_equal(assert_same_step(run, neuron, np.array([2**26]), [0], [0]), [1, 0])


def test_a_current_beyond_24_bits_decays_as_it_is():
    """Wrapped once, as in Lava, it may stay out of range: only the wide kernel is given such."""
    for rounding in (False, True):
        run = kernel(WIDE, rounding)
        u = np.array([2**31 - 1, -(2**31), 2**24 + 1, -(2**24) - 3, 2**30 + 12345])
        for decay in (0, 1, 1234, 4095, 4096):
            neuron = LoihiLIF(np.array(decay), np.array(4096), np.array(64))
            assert_same_step(run, neuron, np.zeros(5, int), u, np.zeros(5, int))


@pytest.mark.parametrize("rounding", [False, True])
@pytest.mark.parametrize("memoryless", [False, True])
def test_shared_constants_and_hard_resets(memoryless, rounding):
    """The kernels for these: rows from the middle of arrays, input that is to be doubled, beside which nothing moves."""
    run, rng = span_of(MEMORYLESS if memoryless else PLAIN, rounding), np.random.default_rng(4)
    for n in (1, 16, 71, 64, 299):
        fields = [4096 if memoryless else rng.integers(4096), rng.integers(4097), rng.integers(2**17) << 6]
        reset_value, mantissa = rng.integers(-TOP + 1, TOP), rng.integers(-4096, 4096, n if n % 2 else ())
        neuron = LoihiLIF(*(np.array(field) for field in fields), mantissa, 0, reset_value=np.array(reset_value))
        acc = rng.choice([0, 1, -(2**16) + 1, 2**16 - 1, 5000], n + 9)
        u, v = (rng.integers(-TOP + 1, TOP, n + 20).astype(np.int32) for _ in "uv")
        keeps = [np.full(NEURONS, 1 - field / 4096, np.float32) for field in fields[:2]]
        others = [np.full(NEURONS, value, np.int32) for value in (0, neuron.threshold, reset_value)]
        others[0] = np.zeros(n + 20, np.int32) if n % 2 else np.full(NEURONS, neuron.bias, np.int32)
        others[0][5 : 5 + n] = neuron.bias
        spikes, wraps = np.full(n + 20, 7, np.uint8), np.zeros(2, np.int64)
        wanted = lif_step(neuron, u[5 : 5 + n].astype(np.int64), v[5 : 5 + n].astype(np.int64), 2 * acc[3 : 3 + n])
        before, outside = u.copy(), np.r_[0:5, 5 + n : n + 20]
        untouched = [row[outside].copy() for row in (u, v, spikes)]
        constants = (*keeps, *others, np.array([0, 0, n % 2, 0, 0]), False)
        total = run(acc.astype(np.int32), 3, n, u, v, spikes, 5, wraps, *constants, SHIFT + 1)
        np.testing.assert_array_equal(u[5 : 5 + n], before[5 : 5 + n] if memoryless else wanted[0])
        np.testing.assert_array_equal(v[5 : 5 + n], wanted[1])
        np.testing.assert_array_equal(spikes[5 : 5 + n], wanted[2])
        assert total == wanted[2].sum()
        for row, former in zip((u, v, spikes), untouched, strict=True):
            np.testing.assert_array_equal(row[outside], former)
