"""LoihiLIF's vector instructions against the arithmetic of `lower.fixedpoint`: every decay, edges of every state."""

import itertools

import numpy as np
import pytest

from neurokit.graph.neurons import LoihiLIF
from neurokit.hardware.simulator.caching import njit
from neurokit.hardware.simulator.lif_vectors import (
    HAS_ROUNDING,
    INPUT_SHIFT,
    MEMORYLESS,
    NARROW,
    NEURONS,
    PLAIN,
    WIDE,
    make_lif_rows,
)
from neurokit.lower.fixedpoint.lif import lif_step

TOP = 2**23
MAGNITUDES = sorted({*range(10), *(2**k + d for k in range(3, 24) for d in (-1, 0, 1) if 2**k + d <= TOP), 5592405})
EDGES = np.array([*(-m for m in MAGNITUDES), *MAGNITUDES])
DECAYS = np.arange(4097)
WAYS = [(wide, rounding) for wide in (NARROW, WIDE) for rounding in (False, True)]


def rows_of(rounding):
    """The kernel itself, where it can run."""
    if rounding and not HAS_ROUNDING:
        pytest.skip("the processor has no AVX-512, whose rounding this is")
    kernel = make_lif_rows(rounding)

    @njit(cache=False)
    def run(acc, places, u, v, spikes, start, distance, wraps, constants, shift, way, last):
        """places: pitch, rows, size."""
        return kernel(acc, *places, u, v, spikes, start, distance, wraps, *constants, shift, way, last)

    return run


def kernel(way, rounding):
    """One step of all neurons."""
    rows = rows_of(rounding)

    def run(acc, u, v, spikes, wraps, *constants):
        return rows(acc, (0, 1, acc.size), u, v, spikes, 0, 0, wraps, constants, INPUT_SHIFT, way, True)

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
def test_rows_of_shared_constants_and_hard_resets(rounding):
    """What these leave out: every row as by the rules, and beside the rows nothing moves. Input is to be doubled."""
    run, rng = rows_of(rounding), np.random.default_rng(4)
    for way, last, size, rows in itertools.product((PLAIN, MEMORYLESS), (False, True), (1, 16, 71, 299), (1, 3)):
        pitch, distance, start = size + 2, size + 5, 7
        n = start + rows * distance
        fields = [4096 if way == MEMORYLESS else rng.integers(4096), rng.integers(4097), rng.integers(2**17) << 6]
        bias, reset_value = rng.integers(-4096, 4096, n if size > 16 else ()), rng.integers(-TOP + 1, TOP)
        acc = rng.choice([0, 1, -(2**16) + 1, 2**16 - 1, 5000], rows * pitch)
        u, v = (rng.integers(-TOP + 1, TOP, n).astype(np.int32) for _ in "uv")
        spikes, wraps = np.full(n, 7, np.uint8), np.zeros(2, np.int64)
        wanted, fired = [values.copy() for values in (u, v, spikes)], 0
        for k in range(rows):
            mine = slice(start + k * distance, start + k * distance + size)
            own = LoihiLIF(
                *(np.array(field) for field in fields), bias[mine] if bias.ndim else bias, reset_value=reset_value
            )
            arriving = 2 * acc[k * pitch : k * pitch + size]
            after = lif_step(own, u[mine].astype(np.int64), v[mine].astype(np.int64), arriving)
            for values, row in zip(wanted, after, strict=True):
                values[mine] = row
            if way == MEMORYLESS and not last:
                wanted[0][mine] = u[mine]
            fired += after[2].sum()
        keeps = [np.full(NEURONS, 1 - field / 4096, np.float32) for field in fields[:2]]
        others = [np.full(NEURONS, value, np.int32) for value in (fields[2], reset_value)]
        biases = np.ascontiguousarray(bias, np.int32) if bias.ndim else np.full(NEURONS, bias, np.int32)
        constants = (*keeps, biases, *others, np.array([0, 0, bias.ndim, 0, 0]), False)
        places = (pitch, rows, size)
        acc = acc.astype(np.int32)
        total = run(acc, places, u, v, spikes, start, distance, wraps, constants, INPUT_SHIFT + 1, way, last)
        assert total == fired
        for found, values in zip((u, v, spikes), wanted, strict=True):
            np.testing.assert_array_equal(found, values)
