"""The simulator at the edges of the arithmetic, and whatever it may choose by itself: blocks, samples, paths.

The plain reference (tests/reference.py) says what is right; `test_exact.py` compares random programs with it.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.errors import BackendError
from neurokit.graph.check import check_program
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import IF, LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Injection, Sparse
from neurokit.hardware.simulator import conv_kernels, engine, runner
from neurokit.hardware.simulator import convolution as layout
from neurokit.lower.fixedpoint import lif_step
from tests import reference
from tests.networks import network
from tests.overflowing import ON_PURPOSE
from tests.programs import random_input, random_program, seeds

pytestmark = ON_PURPOSE

LIMIT = 2**23 - 1


def program(synapse, neuron, shape=(1,), target=None, delay=1):
    target = target or synapse.output_shape(shape)
    start, population = Input("in", shape), Population("out", target, neuron)
    projection = Projection("in", "out", (synapse,), delay)
    return check_program(Program({"in": start}, {"out": population}, (projection,), {"out": population}))


def injected(neuron, n):
    return program(Injection(), neuron, (n,), (n,), 0)


def everything(graph, x, **options):
    names = tuple(graph.populations)
    record = (*names, *((name, state) for name in names for state in "uv"))
    return nk.run(graph, x, record=record, **options)


def assert_as_reference(graph, x):
    found = everything(graph, x)
    spikes, u, v = reference.run(graph, {"in": x}, len(x))
    for name in graph.populations:
        np.testing.assert_array_equal(found.states[name, "u"], u[name], f"u of {name}")
        np.testing.assert_array_equal(found.states[name, "v"], v[name], f"v of {name}")
        np.testing.assert_array_equal(found.spikes[name], spikes[name], f"spikes of {name}")
    return found


def same(a, b):
    for kind in ("spikes", "states", "counts", "step_counts"):
        one, other = getattr(a, kind), getattr(b, kind)
        assert list(one) == list(other)
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], f"{kind} of {key}")


# ------------------------------------------------------------------------------------------------------------- neurons


def drive(neuron, currents):
    """States over time of one injected neuron, by the simulator and by lif_step."""
    found = everything(injected(neuron, 1), np.asarray(currents)[:, None])
    u = v = np.zeros(1, np.int64)
    wanted = []
    for a in currents:
        u, v, s = lif_step(neuron, u, v, np.array([a]))
        wanted.append((int(u[0]), int(v[0]), int(s[0])))
    arrays = (found.states["out", "u"], found.states["out", "v"], found.spikes["out"])
    assert np.concatenate(arrays, axis=1).tolist() == [list(row) for row in wanted]
    return wanted


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("decay", [0, 1, 4095, 4096])
def test_current_at_the_edge_of_24_bits(sign, decay):
    edge = 2**17  # << 6 is 2**23
    currents = sign * np.array([edge, 0, edge - 1, 1, 1, edge, edge, -edge, 3 * edge, 0, LIMIT, LIMIT, -LIMIT])
    drive(LoihiLIF(decay, 0, LIMIT - 63, reset_value=0), currents)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("decay", [0, 1, 2048, 4096])
def test_potential_saturates(sign, decay):
    found = drive(LoihiLIF(4096, decay, LIMIT - 63, emits=False), sign * np.full(6, 2**17 - 1))
    assert sign * found[-1][1] <= LIMIT
    if decay == 0:
        assert found[-1][1] == sign * LIMIT


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.one_of(st.integers(-300, 300), st.integers(-LIMIT, LIMIT)), min_size=1, max_size=12),
    st.sampled_from([0, 1, 7, 2048, 4095, 4096]),
    st.sampled_from([0, 1, 7, 2048, 4095, 4096]),
    st.integers(0, LIMIT - 63),
    st.integers(-4096, 4095),
    st.integers(-7, 7),
    st.booleans(),
)
def test_any_current_through_any_neuron(currents, current_decay, voltage_decay, threshold, mantissa, exponent, soft):
    reset = {"reset": "soft", "reset_value": threshold} if soft else {"reset": "hard", "reset_value": -threshold // 3}
    drive(LoihiLIF(current_decay, voltage_decay, threshold, mantissa, exponent, **reset), currents)


def test_a_threshold_at_the_top_is_reached_by_one_value_only():
    highest = (2**17 - 1) << 6
    spikes = [s for _, _, s in drive(LoihiLIF(4096, 0, highest), [2**17 - 1, 1, 0, 0])]
    assert spikes == [0, 1, 0, 0]


# ------------------------------------------------------------------------------------------------------------ synapses


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("exponent", [-7, -1, 0, 3, 7])
def test_sums_wrap_like_int32(kind, exponent):
    weight = np.array([[127, -128, 3, 50], [-1, 1, -1, 1]])
    synapse = Dense(weight, exponent=exponent) if kind == "dense" else Sparse(weight, exponent=exponent)
    x = np.array([[LIMIT, -LIMIT, 5, 0], [LIMIT] * 4, [1, 0, 1, 1], [-LIMIT, 3, 0, LIMIT], [0] * 4])
    graph = program(synapse, LoihiLIF(4096, 0, 64000), (4,))
    found = everything(graph, x).states["out", "u"]
    for t in range(1, len(x)):
        total = (weight @ x[t - 1]) << exponent if exponent > 0 else (weight @ x[t - 1]) >> -exponent
        u, _, _ = lif_step(graph.neuron("out"), np.zeros(2, int), np.zeros(2, int), total)
        np.testing.assert_array_equal(found[t], u, f"step {t}")


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.int32, np.int64])
@pytest.mark.parametrize("exponent", [-1, 0, 3])
def test_the_type_of_integer_weights_does_not_matter(kind, exponent):
    weight = np.array([[100, 3], [7, 127]])
    x = np.array([[1, 1], [0, 1], [1, 0], [0, 0]])
    wanted = everything(program(Dense(weight, exponent=exponent), LoihiLIF(4096, 0, 64000), (2,)), x)
    for synapse in (Dense(weight.astype(kind), exponent=exponent), Sparse(weight.astype(kind), exponent=exponent)):
        same(everything(program(synapse, LoihiLIF(4096, 0, 64000), (2,)), x), wanted)


GEOMETRIES = [
    {"groups": 1},
    {"groups": 2},
    {"stride": 2, "padding": 1},
    {"stride": (3, 1), "padding": (0, 2)},
    {"dilation": 2, "padding": 2},
    {"dilation": (1, 3), "stride": (2, 2), "padding": (1, 3), "groups": 2},
]


def convolution(rng, top=127, **geometry):
    weight = rng.integers(-top, top + 1, (4, 4 // geometry.get("groups", 1), 3, 2))
    return Conv2d(weight, **geometry)


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@pytest.mark.parametrize("activity", [0.02, 0.5, 1.0])
def test_scatter_and_product_agree(geometry, activity):
    """For spikes and payloads, at activities on both sides of the price where the engine changes over."""
    rng = np.random.default_rng(1)
    graph = program(convolution(rng, **geometry), LoihiLIF(300, 100, 64 * 900), (4, 7, 6))
    x = (rng.random((6, 4, 7, 6)) < activity) * rng.integers(-9, 10, (6, 4, 7, 6))
    for values in (x, (x != 0).astype(int)):
        assert_as_reference(graph, values)
        assert_same_by_both_ways(graph, values)


def assert_same_by_both_ways(graph, values):
    """The scatter and the matrix product, each called by itself."""
    (projection,) = graph.projections
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "HAS_DOT", False)
        plan = layout.plan_convolution(projection.synapse, graph.inputs["in"].shape, np.int32)
    rows = np.ascontiguousarray(values.reshape(len(values), -1).astype(np.int32))
    size = int(np.prod(graph.populations["out"].shape))
    found = []
    for exact in (False, True):
        acc = np.zeros((len(values), size), np.int32)
        if exact:
            taps = plan.geometry[6] * plan.geometry[7] * plan.geometry[0]
            columns = np.zeros((taps, plan.geometry[4] * plan.geometry[5]), np.float32)
            for row, out in zip(rows, acc, strict=True):
                conv_kernels._product(row, plan.as_matrix, plan.geometry, columns, out)
        else:
            layout.convolve_rows(rows, plan.by_source, np.zeros((1, 1, 1), np.float32), plan.geometry, acc, False)
        found.append(acc)
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_convolutions_on_another_processor(geometry, monkeypatch):
    """Where none multiplies bytes: scatter and float32 product, whichever is cheaper."""
    monkeypatch.setattr(layout, "HAS_DOT", False)
    rng = np.random.default_rng(2)
    synapse = convolution(rng, **geometry)
    for activity in (0.02, 0.5, 1.0):
        x = (rng.random((5, 4, 9, 8)) < activity) * rng.integers(-9, 10, (5, 4, 9, 8))
        for values in (x, (x != 0).astype(int)):
            assert_as_reference(program(synapse, LoihiLIF(300, 100, 64 * 900), (4, 9, 8)), values)


@pytest.mark.parametrize("payload", [3, 2**11, 2**12, 2**14, 2**19, LIMIT])  # sums of 2**12 to 2**34
@pytest.mark.parametrize("geometry", [GEOMETRIES[0], GEOMETRIES[5]], ids=str)
def test_payloads_beyond_float32_and_beyond_24_bits(payload, geometry):
    """The float32 product ends where sums pass 2**24, and a convolution's sum wraps from 2**23 on."""
    rng = np.random.default_rng(payload)
    synapse = convolution(rng, **geometry)
    x = rng.integers(-payload, payload + 1, (5, 4, 7, 6))
    graph = program(synapse, LoihiLIF(4096, 0, 64 * 90000), (4, 7, 6))
    assert_as_reference(graph, x)


def test_a_convolution_wraps_at_exactly_24_bits():
    for total, wanted in ((2**23 - 1, 2**23 - 1), (2**23, -(2**23)), (-(2**23), -(2**23)), (-(2**23) - 1, 2**23 - 1)):
        synapse = Conv2d(np.array([[[[1]], [[1]]]]))
        graph = program(synapse, LoihiLIF(4096, 0, 64 * 90000), (2, 1, 1))
        first = np.clip(total, -LIMIT, LIMIT)
        x = np.array([first, total - first]).reshape(1, 2, 1, 1)
        found = nk.run(graph, x, steps=2, record=("out", "u")).states["out", "u"][1].item()
        u, _, _ = lif_step(graph.neuron("out"), 0, 0, wanted)
        assert found == u


def test_many_active_sources_of_the_largest_weights():
    """The int16 sums of the dense kernel take 128 weights at a time: -256 * 128 is the very end of their range."""
    for value, n in ((-256, 1), (254, 1), (-255, 0), (255, 0)):
        weight = np.full((3, 700), value)
        weight[:, :n] = 2 if value < 0 else -2  # of mixed sign, where 256 is allowed
        graph = program(Dense(weight), LoihiLIF(4096, 0, 64 * 90000), (700,))
        x = np.ones((3, 700), int)
        x[1, ::2] = 0
        assert_as_reference(graph, x)


def test_a_convolution_with_an_exponent():
    rng = np.random.default_rng(0)
    for exponent in (1, 4, 7):
        synapse = replace(convolution(rng), exponent=exponent)
        graph = program(synapse, LoihiLIF(4096, 0, 64 * 90000), (4, 5, 5))
        assert_as_reference(graph, rng.integers(-900, 900, (4, 4, 5, 5)))


def test_a_convolution_with_delays_of_its_own_wraps_too():
    """What a convolution means does not depend on how its delays are stored: every delay's sum wraps at 24 bits."""
    synapse = Conv2d(np.array([[[[127]], [[100]]]]))
    graph = program(synapse, LoihiLIF(4096, 0, 64 * 90000), (2, 1, 1), delay=[[1, 2]])
    assert_as_reference(graph, np.full((4, 2, 1, 1), 2**17))


def test_float_networks_with_integer_weights_keep_fractions():
    """Whole weights in a float network (a checkpoint of a quantised net) take fractional inputs like any others."""
    weight = np.ones((2, 1, 3, 3))
    x = np.full((3, 1, 8, 8), 0.3)
    results = []
    for kind in (np.int64, np.float64):
        graph = network((Conv2d(weight.astype(kind)), IF(threshold=1e6)), shape=(1, 8, 8))
        results.append(nk.run(graph, x, record=("p0", "v")).states["p0", "v"])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-12)


# ----------------------------------------------------------------------------------- blocks, samples, and what is kept


@settings(max_examples=25, deadline=None)
@given(seed=seeds, width=st.integers(1, 9))
def test_blocks_of_any_width_give_the_same(seed, width):
    graph = random_program(seed)
    x = random_input(seed, graph, graded=bool(seed % 2))
    wanted = everything(graph, x, steps=27)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.Engine, "block", property(lambda _: width))
        same(everything(graph, x, steps=27), wanted)


def test_runs_longer_than_a_block():
    """256 steps a block: 700 steps are three, and the reference knows no blocks."""
    graph = random_program(26)
    x = random_input(3, graph, steps=700)
    assert engine.Engine(graph, 1).block < 700
    found = nk.run(graph, x, record=tuple(graph.populations))
    spikes, _, _ = reference.run(graph, {"in": x}, 700)
    for name in graph.populations:
        np.testing.assert_array_equal(found.spikes[name], spikes[name])


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("offset", [0, 1, 255, 256])
@pytest.mark.parametrize("interval", [0, 1, 7, 255, 256, 512])
def test_resets_at_the_borders_of_blocks(interval, offset, watched):
    neuron = LoihiLIF(0, 0, 64 * 2000, bias_mantissa=1, reset_interval=interval, reset_offset=offset)
    graph = program(Dense([[1]]), neuron)
    x = (np.arange(600) % 3 == 0).astype(int)[:, None]
    found = nk.run(graph, x, record=("out", ("out", "v")) if watched else ("out",))
    spikes, _, v = reference.run(graph, {"in": x}, 600)
    np.testing.assert_array_equal(found.spikes["out"], spikes["out"])
    if watched:
        np.testing.assert_array_equal(found.states["out", "v"], v["out"])


def test_delays_across_the_borders_of_blocks():
    rng = np.random.default_rng(0)
    weight = rng.integers(-128, 128, (5, 6))
    for delay in (1, 40, 63, rng.integers(1, 64, (5, 6)), rng.integers(1, 64, (5, 1))):
        for exponent in (-2, 0, 2):
            graph = program(Dense(weight, exponent=exponent), LoihiLIF(500, 100, 64 * 100), (6,), delay=delay)
            x = (rng.random((300, 6)) < 0.2).astype(int)
            spikes, _, _ = reference.run(graph, {"in": x}, 300)
            np.testing.assert_array_equal(nk.run(graph, x).spikes["out"], spikes["out"])


@pytest.mark.parametrize("samples", [1, 2, 3, 7])
def test_samples_at_once_do_not_matter(samples, monkeypatch):
    """Seven samples in engines of 1, 2, 3 and 7: the last engine is smaller."""
    graph = random_program(11)
    x = np.stack([random_input(k, graph) for k in range(7)])
    wanted = [everything(graph, values) for values in x]
    monkeypatch.setattr(runner, "samples_at_once", lambda *_: samples)
    found = everything(graph, x)
    for k, alone in enumerate(wanted):
        for kind in ("spikes", "states", "counts"):
            for key, values in getattr(found, kind).items():
                np.testing.assert_array_equal(values[k], getattr(alone, kind)[key])
    for name, total in found.step_counts.items():
        np.testing.assert_array_equal(total, sum(alone.step_counts[name] for alone in wanted))


def test_spikes_under_way_do_not_reach_the_next_sample(monkeypatch):
    """Each sample begins from zero, also in an engine that has just run another one."""
    monkeypatch.setattr(runner, "samples_at_once", lambda *_: 1)
    for delay in (5, [[5], [1]]):
        graph = program(Dense([[9], [9]]), LoihiLIF(0, 0, 640), delay=delay)
        x = np.zeros((3, 6, 1), int)
        x[0, 3:] = 1
        found = everything(graph, x)
        assert np.isscalar(delay) or found.states["out", "u"][0].any()
        for key, values in found.states.items():
            assert not values[1:].any(), key


def test_payloads_in_one_sample_do_not_change_another():
    graph = random_program(11)
    spikes, payloads = random_input(1, graph), random_input(2, graph, graded=True)
    together = everything(graph, np.stack([spikes, payloads]))
    alone = everything(graph, spikes)
    for key, values in alone.states.items():
        np.testing.assert_array_equal(together.states[key][0], values)


def test_the_same_again():
    graph = random_program(5)
    x = np.stack([random_input(k, graph, graded=True) for k in range(3)])
    same(everything(graph, x), everything(graph, x))


def test_counters_are_kept_whatever_is_recorded():
    graph = random_program(5)
    x = random_input(5, graph)
    assert set(nk.run(graph, x).counts) == {*graph.inputs, *graph.populations}
    same_counts = everything(graph, x)
    for name, values in nk.run(graph, x).counts.items():
        np.testing.assert_array_equal(values, same_counts.counts[name])


def test_the_time_limit():
    graph = program(Dense([[1]]), LoihiLIF(0, 0, 64))
    with pytest.raises(
        BackendError, match=r"'simulator': is at step 0 of 10; the time limit is 1e-09 s\. Raise it, or run less\."
    ):
        nk.run(graph, np.ones((10, 1), int), time_limit=1e-9)
    assert nk.run(graph, np.ones((10, 1), int), time_limit=60).steps == 10


def test_progress_ends_with_everything_done(monkeypatch):
    monkeypatch.setattr(runner, "samples_at_once", lambda *_: 2)
    graph, calls = program(Dense([[1]]), LoihiLIF(0, 0, 64)), []
    nk.run(graph, np.ones((5, 10, 1), int), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(20, 50), (40, 50), (50, 50)]
