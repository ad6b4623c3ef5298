"""Integers that leave their range are counted by population and kind, as the plain arithmetic counts them, and told."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit.errors import OverflowWarning
from neurokit.graph.check import check_program
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import IF, LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Injection
from neurokit.lower.fixedpoint import lif_step
from neurokit.records import Overflow
from tests.networks import network
from tests.programs import random_input, random_program, seeds

LIMIT = 2**23 - 1


def program(synapse, neuron, shape, delay=1):
    target = synapse.output_shape(shape)
    population = Population("out", target, neuron)
    projection = Projection("in", "out", (synapse,), delay)
    return check_program(Program({"in": Input("in", shape)}, {"out": population}, (projection,), {"out": population}))


def quietly(graph, x, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OverflowWarning)
        return nk.run(graph, x, **options)


def counted(neuron, currents):
    """By lif_step, neuron by neuron: currents (steps, n)."""
    u = v = np.zeros(currents.shape[1], np.int64)
    wrapped = clipped = 0
    for a in currents:
        exact = np.sign(u) * (np.abs(u) * (4096 - neuron.current_decay) >> 12) + (a << 6)
        before = v
        u, v, _ = lif_step(neuron, u, v, a)
        wrapped += np.sum((exact > 2**23) | (exact <= -(2**23)))
        free = np.sign(before) * (np.abs(before) * (4096 - neuron.voltage_decay) >> 12) + u + neuron.bias
        clipped += np.sum(np.abs(free) > LIMIT)
    return Overflow(int(wrapped), int(clipped), 0)


@pytest.mark.parametrize("decay", [0, 300, 4096])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_currents_and_potentials(decay, size):
    rng = np.random.default_rng(size)
    neuron = LoihiLIF(decay, decay // 2, LIMIT - 63, bias_mantissa=7)
    x = rng.integers(-(2**18), 2**18, (40, size))
    x[::3] //= 2**10
    found = quietly(program(Injection(), neuron, (size,), 0), x)
    assert found.overflows["out"] == counted(neuron, x)
    assert found.overflows["out"].current > 0


def test_a_current_that_comes_back_into_range_has_wrapped_too():
    """2**26 << 6 is 0 in 32 bits."""
    graph = program(Dense([[128, 0]]), LoihiLIF(4096, 0, 640), (2,))
    x = np.array([[2**19, 0], [0, 0]])
    found = quietly(graph, x, record=("out", "u"))
    assert not found.states["out", "u"].any()
    assert found.overflows["out"].current == 1


def test_sums_of_a_convolution():
    graph = program(Conv2d(np.array([[[[1]], [[1]]]])), LoihiLIF(4096, 0, 64 * 90000, emits=False), (2, 1, 1))
    edge = np.array([[LIMIT, 0], [LIMIT, 1], [-LIMIT, -1], [-LIMIT, -2], [1, 1], [0, 0]]).reshape(6, 2, 1, 1)
    assert quietly(graph, edge).overflows["out"].sums == 2


@pytest.mark.parametrize("delay", [1, np.array([[1, 1]]), np.array([[1, 2]])], ids=["one", "alike", "apart"])
def test_sums_of_32_bits(delay):
    graph = program(Dense([[200, 200]]), LoihiLIF(4096, 0, 640), (2,), delay)
    x = np.array([[LIMIT, LIMIT], [LIMIT, -LIMIT], [2**22, 0], [0, 0], [0, 0]])
    second = x[:-1, 1] if np.max(delay) == 2 else x[1:, 1]
    exact = 200 * (x[1:, 0] + second)
    wanted = int(np.sum((exact >= 2**31) | (exact < -(2**31))))
    first = int(np.max(delay) == 1 and 200 * x[0].sum() >= 2**31)
    assert quietly(graph, x, threads=2).overflows["out"].sums == wanted + first
    assert wanted + first > 0


def test_what_is_told():
    graph = program(Dense([[128]]), LoihiLIF(0, 0, 640), (1,))
    text = r"'out': its current u wrapped 3 times; u has 24 bits: .*\. Scale its weights or payloads down, or let u"
    with pytest.warns(OverflowWarning, match=text) as caught:
        nk.run(graph, np.full((5, 1), 1500))
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_sessions_tell_too():
    """Counts as those of one run; a warning where a population wraps for the first time."""
    graph = program(Dense([[128]]), LoihiLIF(0, 0, 640), (1,))
    x = np.full((60, 1), 100)
    wanted = quietly(graph, x).overflows
    assert wanted["out"].current > 1
    with nk.open(graph) as session:
        assert session.overflows is None
        session.step(x[0])
        assert session.overflows == {"out": Overflow()}
        with pytest.warns(OverflowWarning, match="'out': its current u wrapped") as caught:
            session.step(x[1:40])
        assert caught[0].filename == __file__
        for t in range(40, 60):  # pytest makes warnings errors: it is not said again
            session.step(x[t])
        assert session.overflows == wanted
        session.reset()
        assert session.overflows is None
        with pytest.warns(OverflowWarning):
            session.step(x)
        assert session.overflows == wanted
    with nk.open(network((Dense(np.eye(2)), IF()))) as session:
        session.step(np.ones(2))
        assert session.overflows is None


def test_saturation_is_no_fault():
    """The chip clips v, too; pytest makes warnings errors."""
    graph = program(Dense([[128]]), LoihiLIF(4096, 0, 640, emits=False), (1,))
    found = nk.run(graph, np.full((20, 1), 1000))
    assert found.overflows["out"] == Overflow(0, 18, 0)


def test_floats_do_not_wrap():
    graph = network((Dense(np.full((2, 2), 1e9)), IF(threshold=1e6)))
    assert nk.run(graph, np.ones((3, 2))).overflows is None


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_same_however_it_is_run(seed):
    """Blocks, threads, samples at once, and states that are watched do not matter."""
    graph = random_program(seed)
    x = np.stack([random_input(seed + k, graph, graded=True) for k in range(3)])
    found = quietly(graph, x).overflows
    watched = tuple((name, "v") for name in graph.populations)
    assert quietly(graph, x, record=watched, threads=1).overflows == found
    parts = [quietly(graph, values).overflows for values in x]
    for name, total in found.items():
        assert total.current == sum(part[name].current for part in parts)
        assert total.saturated == sum(part[name].saturated for part in parts)
        assert total.sums == sum(part[name].sums for part in parts)


def test_files_and_checkpoints_keep_them(tmp_path):
    graph = program(Dense([[128]]), LoihiLIF(0, 0, 640), (1,))
    x = np.full((2, 50, 1), 1500)
    wanted = quietly(graph, x).overflows
    assert quietly(graph, x, to=tmp_path / "run.h5").overflows == wanted
    assert nk.load_recording(tmp_path / "run.h5").overflows == wanted
    calls = []

    def stop(done, total):
        calls.append(done)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with pytest.raises(nk.errors.Interrupted):
        quietly(graph, x, checkpoint=tmp_path / "kept.h5", progress=stop)
    assert quietly(graph, x, checkpoint=tmp_path / "kept.h5").overflows == wanted
