"""Sharing work among threads changes nothing but the time."""

import os
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import neurokit as nk
from neurokit.errors import InputError
from neurokit.graph.neurons import IF, CubaLIF
from neurokit.graph.synapses import Conv2d, Dense
from neurokit.hardware.simulator import blocks, parts, runner, stepper, team, wave
from neurokit.hardware.simulator.team import Team
from tests.networks import network
from tests.overflowing import ON_PURPOSE
from tests.programs import random_input, random_program
from tests.simulator.test_extremes import everything, same

pytestmark = ON_PURPOSE


@pytest.fixture(autouse=True, params=["rows", "belt"])
def always_shared(request, monkeypatch):
    """However little work there is: the rows of each synapse, or different layers side by side."""
    for module in (team, wave, parts):
        monkeypatch.setattr(module, "WORTH", 0.0)
    for module in (runner, blocks):
        monkeypatch.setattr(module, "SHARED_BYTES", 0)
    monkeypatch.setattr(wave, "HEAVY", 0.0 if request.param == "rows" else 2.0)
    return request.param


@pytest.mark.parametrize("seed", range(12))
def test_any_number_of_threads_gives_the_same(seed):
    graph = random_program(seed)
    x = np.stack([random_input(seed + k, graph, graded=seed % 2 == 0) for k in range(3)])
    alone = everything(graph, x, threads=1)
    for threads in (2, 3, 7):
        same(alone, everything(graph, x, threads=threads))


def test_one_sample_of_a_network_in_floats_is_the_same():
    rng = np.random.default_rng(0)
    net = network((Dense(rng.normal(size=(20, 30))), CubaLIF(tau_syn=4e-3, tau_mem=9e-3)), shape=(30,), dt=1e-3)
    x = rng.random((600, 30)) < 0.3
    same(nk.run(net, x, threads=1), nk.run(net, x, threads=2))


def test_sessions_take_threads():
    graph = random_program(1)
    x = random_input(1, graph)
    with nk.open(graph, threads=1) as alone, nk.open(graph, threads=np.int64(3)) as shared:
        assert [session._stepper._engine.team.size for session in (alone, shared)] == [1, 3]
        np.testing.assert_equal(alone.step(x), shared.step(x))


def test_an_error_of_one_thread_comes_out_and_the_others_have_ended():
    done = []

    def good():
        done.append(1)

    def bad():
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        Team(2).run([good, bad])
    with pytest.raises(ValueError, match="bad"):
        Team(3).run([bad, good, good])
    assert len(done) == 3


def test_what_nobody_has_begun_is_run_here():
    team, let_go, begun, done = Team(2), threading.Event(), threading.Event(), []

    def long():
        begun.set()
        assert let_go.wait(10)

    def here():
        done.append(threading.current_thread() is threading.main_thread())

    team.beside([long, here])
    assert not begun.is_set()
    team.run([lambda: begun.wait(10), lambda: None])
    team.run([here, here])  # while the other thread is busy
    assert done == [True, True]
    assert begun.is_set()
    let_go.set()
    team.settle()
    assert len(done) == 3


@pytest.mark.parametrize("run", [False, True])
def test_an_error_beside_comes_out_when_settled(run):
    team, ended = Team(2), []

    def bad():
        raise ValueError("beside")

    team.beside([bad, lambda: ended.append(1)])
    if run:
        team.run([lambda: None, lambda: None])
    with pytest.raises(ValueError, match="beside"):
        team.settle()
    team.settle()  # nothing is left
    assert ended in ([], [1])


def test_a_forked_process_gets_threads_of_its_own():
    shared = Team(2)
    shared.run([list, list])
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # instead of waiting for ever for threads that stayed with the parent
        shared.run([list, list])
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_runs_that_overlap_leave_blas_as_it_was():
    def threads():
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    with threadpool_limits(limits=2):
        before = threads()
        first, second = team.one_blas_thread(), team.one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert set(threads()) == {1}
        second.__exit__(None, None, None)
        assert threads() == before != []


def test_a_session_limits_blas_only_where_it_may_be_called(monkeypatch):
    """Limiting it takes as long as a quarter of a small step."""
    limited = []
    entered = stepper.one_blas_thread
    monkeypatch.setattr(stepper, "one_blas_thread", lambda: limited.append(True) or entered())
    dense = network((Dense(np.full((3, 3), 0.4)), IF()), shape=(3,), dt=1e-3)
    image = network((Conv2d(np.full((2, 1, 2, 2), 0.4)), IF()), shape=(1, 4, 4), dt=1e-3)
    learns = dense.with_plasticity("in->p0", nk.rules.stdp())
    of_each_target = np.repeat([0.0, 1e-3], 9)[:, None]
    late = replace(image, projections=(replace(image.projections[0], delay=of_each_target),))
    for graph, calls in ((nk.compile(dense), 0), (dense, 0), (nk.compile(image), 1), (learns, 1), (late, 1)):
        limited.clear()
        with nk.open(graph) as session:
            session.step(np.zeros(next(iter(graph.inputs.values())).shape))
        assert len(limited) == calls


def test_an_error_on_the_belt_ends_all(always_shared, monkeypatch):
    layer = (Dense(np.full((3, 3), 0.4)), IF())
    graph = nk.compile(network(layer, layer, layer, shape=(3,)))
    run, calls = parts.Part.run, []

    def breaks(self, *arguments):
        calls.append(self)
        if len(calls) == 2:
            raise ValueError("broken")
        run(self, *arguments)

    monkeypatch.setattr(parts.Part, "run", breaks)
    with pytest.raises(ValueError, match="broken"):
        nk.run(graph, np.ones((60, 3), int), threads=3)


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_a_wrong_number_is_refused(threads):
    graph = random_program(0)
    with pytest.raises(InputError, match="'threads': is"):
        nk.run(graph, random_input(0, graph), threads=threads)
    with pytest.raises(InputError, match="'threads': is"):
        nk.open(graph, threads=threads)


def test_other_backends_take_no_threads():
    graph = random_program(0)
    with pytest.raises(InputError, match="only the simulator shares its work"):
        nk.run(graph, random_input(0, graph), backend="lava-inprocess", threads=2)
