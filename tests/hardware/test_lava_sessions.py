"""Sessions on Lava: the same as one run, and nothing hangs or stays behind."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import time
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

import neurokit as nk
from neurokit.conformance.generator import random_case
from neurokit.errors import BackendError, FormatError
from neurokit.graph.synapses import Conv2d
from neurokit.hardware.lava import stepper as lava_stepper
from neurokit.hardware.lava.backend import LavaBackend
from tests.cuts import assert_case_streams, assert_cut_equal, cuts, streamed
from tests.hardware.programs import one_projection
from tests.hardware.test_lava_failures import chain, children, in_fresh_python, session
from tests.overflowing import ON_PURPOSE
from tests.programs import random_input, random_program, seeds
from tests.saying import fault

pytestmark = ON_PURPOSE

pytest.importorskip("lava", reason="Lava needs Python 3.10")
RNG = np.random.default_rng
BOTH = pytest.mark.parametrize("backend", ["lava-inprocess", "lava"])
X = RNG(1).integers(0, 2, (12, 3))


def runs(program: Any, values: Any) -> bool:
    """Whether Lava takes the program and the values."""
    try:
        nk.run(program, values, backend="lava-inprocess")
    except BackendError:
        return False
    return True


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seeds)
def test_a_cut_sequence_equals_one_run(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Blocks longer than Lava's at once among them, and payloads that come late."""
    monkeypatch.setattr(lava_stepper, "ROWS", 5)
    rng, program = RNG(seed), random_program(seed)
    values = random_input(seed, program, 20, graded=bool(rng.random() < 0.3))
    values[: rng.integers(0, 10)] &= 1
    assume(runs(program, values))
    assert_cut_equal(program, {"in": values}, rng, "lava-inprocess")


@pytest.mark.parametrize("first", [0, 100, 200])
def test_a_cut_sequence_equals_one_run_in_processes(first: int) -> None:
    program = next(made for made in map(random_program, range(first, first + 100)) if not LavaBackend().accepts(made))
    values = random_input(first, program, 20)
    whole = nk.run(program, values, record=tuple(program.populations))
    with nk.open(program, "lava", record=tuple(program.populations)) as opened:
        found = streamed(opened, {"in": values}, cuts(RNG(first), 20))
    for name in program.populations:
        np.testing.assert_array_equal(found[name], whole.spikes[name])
    assert children() == set()


@BOTH
def test_batch_reset_and_blocks(backend: str) -> None:
    values = np.stack([X, 1 - X])
    whole = nk.run(chain(), values)
    with nk.open(chain(), backend, batch=2, record=("hidden", ("out", "v"))) as opened:
        first = opened.step(values)
        np.testing.assert_array_equal(first, whole.spikes["out"])
        assert opened.spikes["hidden"].shape == (2, 12, 4)
        opened.reset()
        assert opened.time == 0
        given = [opened.step(values[:, t]) for t in range(12)]
        np.testing.assert_array_equal(np.stack(given, 1), first)
        assert opened.latency.steps == 24
    assert children() == set()


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_a_restored_state_gives_the_identical_rest(tmp_path_factory: Any, seed: int) -> None:
    path = tmp_path_factory.mktemp("states") / "state.nk"
    program = random_program(seed)
    values, cut = random_input(seed, program, 20), seed % 20
    assume(runs(program, values))
    keys = tuple((name, p.neuron.states[-1]) for name, p in program.populations.items())
    first = nk.open(program, "lava-inprocess", record=keys)
    if cut:
        first.step(values[:cut])
    first.save(path)
    second = nk.open(program, "lava-inprocess", record=keys, state=path)
    assert second.time == cut
    np.testing.assert_array_equal(second.step(values[cut:]), first.step(values[cut:]))
    for key in keys:
        np.testing.assert_array_equal(second.states[key], first.states[key])
    first.restore(path)
    first.step(values[cut:])
    np.testing.assert_array_equal(second.states[keys[0]], first.states[keys[0]])


@pytest.mark.parametrize("number", range(25))
def test_every_kind_of_neuron_and_synapse_streams(number: int, tmp_path: Any) -> None:
    """Lava's own models among them, some of which scale their parameters in their first step."""
    case = random_case(7, number)
    if not runs(case.program, {name: values[:1] for name, values in case.inputs.items()}):
        pytest.skip("Lava refuses it")
    assert_case_streams(case, "lava-inprocess", tmp_path / "state.nk")


def test_a_damaged_state_changes_nothing(tmp_path: Any) -> None:
    path, whole = tmp_path / "state.nk", nk.run(chain(), np.concatenate([X, X]))
    with nk.open(chain(), "lava-inprocess") as opened:
        opened.step(X)
        opened.save(path)
        with h5py.File(path, "r+") as file:
            del file["state/3"]
        assert "lacks arrays, or has others" in fault(lambda: opened.restore(path), FormatError)
        assert opened.time == 12
        np.testing.assert_array_equal(opened.step(X), whole.spikes["out"][12:])


def test_states_belong_to_a_backend(tmp_path: Any) -> None:
    with nk.open(chain()) as opened:
        opened.save(tmp_path / "state.nk")
    said = fault(lambda: nk.open(chain(), "lava-inprocess", state=tmp_path / "state.nk"))
    assert "has backend simulator; here it is lava-inprocess." in said


def test_lavas_processes_do_not_give_their_state_away(tmp_path: Any) -> None:
    with nk.open(chain(), "lava") as opened:
        opened.step(X)
        said = fault(lambda: opened.save(tmp_path / "state.nk"), BackendError)
        assert "do not give their state away" in said
        opened.step(X)
        assert opened.time == 24
    assert not list(tmp_path.iterdir())


@BOTH
def test_payloads_that_would_overflow(backend: str) -> None:
    made = one_projection(Conv2d(np.full((1, 1, 3, 3), 127)), (1, 5, 5), (1, 3, 3))
    opened = nk.open(made, backend)
    opened.step(np.ones((1, 5, 5), int))
    with pytest.raises(BackendError, match=r"payloads of 4000000 may sum to .*Scale the input down"):
        opened.step(np.full((1, 5, 5), 4_000_000))
    assert "is closed" in fault(lambda: opened.step(np.ones((1, 5, 5), int)))
    assert children() == set()


# ---------------------------------------------------------------------------------------- nothing hangs, nothing stays


def failing(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    from neurokit.hardware.lava.processes import basic

    original, calls = basic.neuron_step, []

    def step(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) > 3:
            act()
        return original(*arguments)

    monkeypatch.setattr(basic, "neuron_step", step)


@BOTH
def test_a_model_that_fails(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    failing(monkeypatch, lambda: 1 / 0)
    opened = nk.open(chain(), backend)
    for x in X[:3]:
        opened.step(x)
    with pytest.raises(BackendError, match=r"'hidden': its Lava model failed.*ZeroDivisionError"):
        opened.step(X[3])
    assert "is closed" in fault(lambda: opened.step(X[4]))
    assert children() == set()


@BOTH
def test_a_model_that_hangs(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    failing(monkeypatch, lambda: time.sleep(0.5 if backend == "lava-inprocess" else 60))
    opened = nk.open(chain(), backend, time_limit=0.4)
    began = time.monotonic()
    with pytest.raises(BackendError, match=r"took more than 0\.4 s"):
        opened.step(X)
    assert time.monotonic() - began < 10
    assert children() == set()


def test_a_forgotten_session_ends_its_processes() -> None:
    opened = nk.open(chain(), "lava")
    opened.step(X[0])
    assert len(children()) > 4
    del opened
    gc.collect()
    assert children() == set()


@pytest.mark.parametrize("early", ["", "import weakref; weakref.finalize(weakref, print, end='')"])
def test_an_interpreter_that_exits_with_an_open_session(early: str) -> None:
    """Also where weakref registered its clean-up before multiprocessing did."""
    code = f"""
        {early}
        import neurokit as nk
        from tests.hardware.test_lava_sessions import *
        opened = nk.open(chain(), "lava")
        print(opened.step(X).shape)
    """
    assert in_fresh_python(code) == ("(12, 2)\n", "", 0)


def test_ctrl_c_in_a_step() -> None:
    code = """
        import os, signal, threading, time
        import neurokit as nk
        from neurokit.hardware.lava import loading; loading.load()
        from neurokit.hardware.lava.processes import basic
        from tests.hardware.test_lava_sessions import *
        original = basic.neuron_step
        def slow(*arguments):
            time.sleep(0.02)
            return original(*arguments)
        basic.neuron_step = slow
        for backend in "lava", "lava-inprocess":
            opened = nk.open(chain(), backend)
            opened.step(X[0])
            threading.Timer(1, lambda: os.killpg(0, signal.SIGINT)).start()
            try:
                opened.step(np.ones((1000, 3), int))
            except KeyboardInterrupt:
                print("interrupted", children())
    """
    assert in_fresh_python(code) == ("interrupted set()\n" * 2, "", 0)


def test_nothing_outlives_a_session_whose_process_is_killed() -> None:
    code = """
        from tests.hardware.test_lava_sessions import *
        opened = nk.open(chain(), "lava")
        opened.step(X)
        print("ready", flush=True)
        time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        assert len(session(started.pid)) > 5
        started.kill()
    for _ in range(100):
        if not session(started.pid):
            break
        time.sleep(0.02)
    assert session(started.pid) == set()
