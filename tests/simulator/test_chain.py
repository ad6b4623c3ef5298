"""Joint layers in one kernel, a few steps of each in turn: the same as one by one, by any number of threads."""

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.check import check_program
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d
from neurokit.hardware.simulator import chain, parts, runner, stage, wave
from neurokit.hardware.simulator.chain import Chain, cut_steps
from neurokit.hardware.simulator.engine import Engine
from neurokit.hardware.simulator.layers import Layer
from neurokit.hardware.simulator.pool import Pool
from neurokit.hardware.simulator.team import Team
from neurokit.hardware.simulator.vectors import HAS_DOT
from tests.overflowing import ON_PURPOSE
from tests.simulator.test_extremes import same

pytestmark = [ON_PURPOSE, pytest.mark.skipif(not HAS_DOT, reason="the processor has no AVX512-VNNI, which it asks for")]

SHAPE = (3, 14, 17)


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Whatever the activity and however little work there is."""
    monkeypatch.setattr(Layer, "suits", lambda self, rows: rows.dtype == np.uint8)
    monkeypatch.setattr(runner, "FIRST_BLOCK", 20)
    for module in (chain, parts, wave):
        monkeypatch.setattr(module, "WORTH", 0.0)


@pytest.fixture
def chained(monkeypatch):
    """Names of the layers of each chain, and whether threads shared the steps."""
    found = []
    run = Chain.run

    def noted(self, team):
        found.append(([layer.stage.name for layer in self._layers], self._by_steps))
        run(self, team)

    monkeypatch.setattr(Chain, "run", noted)
    return found


def layered(resets, seed=0, names="abc", delays=(1, 2, 1), sources=None):
    """Convolutions one behind the other, or as `sources` has it; resets: (interval, offset) of each."""
    rng = np.random.default_rng(seed)
    shapes, populations, projections = {"in": SHAPE}, {}, []
    for k, name in enumerate(names):
        source = ("in", *names)[k] if sources is None else sources[k]
        kernel = rng.integers(-128, 128, (4 + 5 * k, shapes[source][0], 3, 3))
        synapse = Conv2d(kernel, padding=(1, 1), stride=(1, 1 + k % 2))
        shapes[name] = synapse.output_shape(shapes[source])
        interval, offset = resets[k]
        neuron = LoihiLIF(300 + 3796 * (k % 2), 100, 64 * 500, reset_interval=interval, reset_offset=offset)
        populations[name] = Population(name, shapes[name], neuron)
        projections.append(Projection(source, name, (synapse,), delays[k]))
    last = names[-1]
    return check_program(
        Program({"in": Input("in", SHAPE)}, populations, tuple(projections), {last: populations[last]})
    )


def spikes(steps, batch=1, rate=0.3):
    return (np.random.default_rng(5).random((batch, steps, *SHAPE)) < rate).astype(np.uint8)


def apart(graph, x, monkeypatch, **options):
    with monkeypatch.context() as patch:
        patch.setattr(wave, "how_many", lambda *arguments: 1)
        return nk.run(graph, x, threads=1, **options)


def equal(one, other):
    same(one, other)
    for name in one.step_counts:
        np.testing.assert_array_equal(one.step_counts[name], other.step_counts[name])


ALIGNED = [(8, 1), (8, 3), (8, 4)]
UNALIGNED = [(8, 1), (8, 2), (7, 3)]
NONE = [(0, 0)] * 3


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("resets", [ALIGNED, UNALIGNED, NONE])
def test_the_same_however_it_is_shared(resets, threads, monkeypatch, chained):
    """Spikes, counts of neurons and steps, overflows, over blocks that begin anywhere."""
    graph, x = layered(resets), spikes(150)
    wanted = apart(graph, x, monkeypatch)
    for record in ((), ("a",), ("a", "b", "c")):
        equal(nk.run(graph, x, threads=threads, record=record), apart(graph, x, monkeypatch, record=record))
    assert {tuple(names) for names, _ in chained} == {("a", "b", "c")}
    assert any(by_steps for _, by_steps in chained) == (threads > 1 and resets is ALIGNED)
    assert wanted.spikes["c"].any()


@pytest.mark.parametrize("threads", [1, 2])
def test_states_after_blocks_and_several_samples(threads, chained):
    """What the neurons hold goes on from call to call, whoever did the last steps."""
    graph, x = layered(ALIGNED), spikes(90, batch=2)
    rows = x.swapaxes(0, 1).reshape(90, 2, -1)
    one, other = Engine(graph, 2), Engine(graph, 2, team=Team(threads))
    for start, stop in ((0, 5), (5, 45), (45, 46), (46, 90)):
        other.advance({"in": rows[start:stop]}, stop - start)
        for step in range(start, stop):
            one.advance({"in": rows[step : step + 1]}, 1)
        for name in graph.populations:
            for state, values in one.neurons(name).states.items():
                np.testing.assert_array_equal(other.neurons(name).states[state], values, f"{state} of {name}")
            np.testing.assert_array_equal(other.neurons(name).counts, one.neurons(name).counts)
            np.testing.assert_array_equal(other.output(name)[-1], one.output(name)[-1])
    assert len(chained) == 2


def test_layers_beside_each_other(monkeypatch, chained):
    """Two that one feeds, and one that the input feeds, too."""
    graph = layered(ALIGNED, sources=("in", "a", "in"))
    x = spikes(150)
    equal(nk.run(graph, x, threads=2), apart(graph, x, monkeypatch))
    assert all(len(names) == 3 for names, _ in chained)
    assert chained


def test_many_layers_are_several_chains(monkeypatch, chained):
    names = "abcdefghij"
    graph = layered([(0, 0)] * 10, names=names, delays=[1] * 10)
    x = spikes(60, rate=0.6)
    equal(nk.run(graph, x, threads=2), apart(graph, x, monkeypatch))
    assert {len(found) for found, _ in chained} == {8, 2}


def test_watched_states_and_few_steps_run_one_after_the_other(chained):
    graph, x = layered(ALIGNED), spikes(60)
    nk.run(graph, x, threads=2, record=[("b", "v")])
    assert all(len(names) == 1 or "b" not in names for names, _ in chained)
    chained.clear()
    with nk.open(graph, threads=2) as session:
        for step in x[0]:
            session.step(step)
    assert not chained


def test_waiting_for_others_ends(monkeypatch):
    """A thread that is late, for which others look in vain at first."""
    graph, x = layered(UNALIGNED), spikes(100)
    wanted = apart(graph, x, monkeypatch)
    work = Chain._work

    def late(self, layers, number):
        time.sleep(0.03 * number)
        work(self, layers, number)

    monkeypatch.setattr(Chain, "_work", late)
    equal(nk.run(graph, x, threads=2), wanted)


def test_an_error_of_one_thread_ends_the_others(monkeypatch):
    run = chain.run_chain

    def broken(*arguments):
        if arguments[-3] == 1:
            raise ValueError("broken")
        return run(*arguments)

    monkeypatch.setattr(chain, "run_chain", broken)
    with pytest.raises(ValueError, match="broken"):
        nk.run(layered(UNALIGNED), spikes(100), threads=2)


def test_a_thread_that_cannot_start_ends_the_others(monkeypatch):
    begun, ended = [], []
    work, submit = Chain._work, ThreadPoolExecutor.submit

    def noted(self, layers, number):
        begun.append(number)
        work(self, layers, number)
        ended.append(number)

    def refuses(self, task):
        if begun:
            raise RuntimeError("no more threads")
        future = submit(self, task)
        while not begun and isinstance(task, partial) and task.func.__name__ == "noted":
            time.sleep(1e-3)
        return future

    monkeypatch.setattr(Chain, "_work", noted)
    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuses)
    with pytest.raises(RuntimeError, match="no more threads"):
        nk.run(layered(UNALIGNED), spikes(100), threads=3)
    assert begun == ended == [1]


def test_a_run_leaves_nothing_that_refers_to_its_memory(monkeypatch):
    """Not even until the next collection of what refers to itself."""
    pool = Pool()
    monkeypatch.setattr(stage, "POOL", pool)
    graph, x = layered(ALIGNED), spikes(600)
    gc.collect()
    gc.disable()
    try:
        first = nk.run(graph, x, threads=2)
        held = pool.size
        again = nk.run(graph, x, threads=2)
    finally:
        gc.enable()
    assert 0 < held == pool.size
    equal(first, again)


def rests(steps, interval, offset):
    return np.arange(steps) % interval == offset


def test_cuts():
    """Where each layer rests a delay after the one before, and not too unevenly."""
    delays = np.array([1, 2, 1])
    aligned = [rests(40, 8, 1), rests(40, 8, 3), rests(40, 8, 4)]
    spans = cut_steps(aligned, [-1, 0, 1], delays, 2)
    np.testing.assert_array_equal(spans, [[[0, 17], [0, 19], [0, 20]], [[17, 40], [19, 40], [20, 40]]])
    assert cut_steps([rests(40, 8, 1), rests(40, 8, 2)], [-1, 0], delays, 2) is None
    assert cut_steps([rests(40, 8, 1), rests(40, 8, 2)], [-1, -1], delays, 2) is None
    assert cut_steps([rests(40, 30, 1)], [-1], delays, 2) is None
    assert cut_steps([np.zeros(40, np.bool_)], [-1], delays, 2) is None
    assert cut_steps([rests(6, 1, 0), rests(6, 1, 0)], [-1, 0], np.array([1, 9]), 2) is None
    thirds = cut_steps([rests(60, 4, 0)], [-1], delays, 3)
    np.testing.assert_array_equal(thirds[:, 0], [[0, 20], [20, 40], [40, 60]])
