"""Lava fails loudly, soon and cleanly: no hang, no process, thread or file left behind, and the next run works."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurokit.errors import BackendError
from neurokit.graph.network import Program
from neurokit.graph.synapses import Conv2d, Dense
from neurokit.hardware.lava.backend import LavaBackend, in_process
from neurokit.hardware.lava.export import to_lava
from neurokit.hardware.lava.tape import Tape
from tests.hardware.programs import neuron, one_projection, program, spikes, weights

pytest.importorskip("lava", reason="Lava needs Python 3.10")
RNG = np.random.default_rng
BOTH = pytest.mark.parametrize("backend", [LavaBackend(), in_process()], ids=lambda backend: backend.name)


def chain() -> Program:
    """in -> hidden -> out; `hidden` is our own process, so that a test can make it fail."""
    return program(
        {"in": (3,)},
        {"hidden": ((4,), neuron(reset="soft")), "out": ((2,), neuron())},
        {("in", "hidden"): (Dense(weights(RNG(1), (4, 3))), 1), ("hidden", "out"): (Dense(weights(RNG(2), (2, 4))), 1)},
        ("out",),
    )


INPUTS = {"in": spikes(RNG(3), 1, 6, 3)}


def works(backend: LavaBackend) -> bool:
    return backend.run(chain(), INPUTS, 6, ()).spikes["out"].shape == (1, 6, 2)


def children() -> set[int]:
    """Live children of this process, without Python's resource tracker, which stays until the end."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:  # it has just gone
            continue
        if parent == os.getpid() and b"resource_tracker" not in command:
            found.add(int(stat.parent.name))
    return found


def session(leader: int) -> set[int]:
    """Live processes of a session."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just gone
            state, _, _, of_session = stat.read_text().rsplit(")", 1)[1].split()[:4]
            if int(of_session) == leader and state != "Z":
                found.add(int(stat.parent.name))
    return found


def open_things() -> tuple[set[int], int, int]:
    """(child processes, threads, open files) after what failed has been let go."""
    gc.collect()
    return children(), threading.active_count(), len(os.listdir("/proc/self/fd"))


@pytest.fixture(scope="module")
def _warm() -> None:
    works(LavaBackend())  # what Python itself keeps open from the first time on


@pytest.fixture(autouse=True)
def _nothing_left_behind(_warm: None) -> Iterator[None]:
    before = open_things()
    yield
    for _ in range(50):  # threads of closed ports need a moment
        after = open_things()
        if after == before:
            return
        time.sleep(0.02)
    assert after == before


def fail_at(monkeypatch: pytest.MonkeyPatch, call: int, action: Callable[[], Any]) -> None:
    """Do `action` in the model of `hidden` at its step `call` (from 0)."""
    from neurokit.hardware.lava.processes import basic

    original, calls = vars(basic)["neuron_step"], iter(range(10**6))

    def neuron_step(*arguments: Any) -> Any:
        if next(calls) == call:
            action()
        return original(*arguments)

    monkeypatch.setattr(basic, "neuron_step", neuron_step)


def raise_error() -> None:
    raise ValueError("a broken synapse")


@BOTH
def test_a_model_that_raises(backend: LavaBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        fail_at(patch, 3, raise_error)
        started = time.monotonic()
        with pytest.raises(BackendError, match=r"'hidden': its Lava model failed.*ValueError: a broken") as caught:
            backend.run(chain(), INPUTS, 6, ())
        assert time.monotonic() - started < 5
        assert isinstance(caught.value.__cause__, ValueError)
    assert works(backend)


class _Unreadable(Exception):
    def __init__(self, first: str, second: str) -> None:  # pickle gives back only the message
        super().__init__(first + second)


def raise_unreadable() -> None:
    raise _Unreadable("a", "b")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("action", "message"), [(raise_unreadable, "its Lava model failed"), (die, "its process died with exit code -9")]
)
def test_a_process_that_dies_or_raises_something_odd(
    action: Callable[[], None], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail_at(patch, 2, action)
        with pytest.raises(BackendError, match=f"'hidden': {message}"):
            LavaBackend().run(chain(), INPUTS, 6, ())
    assert works(LavaBackend())


def test_a_model_that_cannot_be_built(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Tape, "attach", lambda tape, model: raise_error())
        with pytest.raises(BackendError, match=r"'hidden': .*a broken synapse"):
            LavaBackend().run(chain(), INPUTS, 6, ())
    assert works(LavaBackend())


def test_processes_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    from lava.magma.runtime.runtime import Runtime

    def too_many(runtime: Any) -> None:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(Runtime, "_build_runtime_services", too_many)
        with pytest.raises(BackendError, match=r"its 5 processes cannot be started.*Too many open files"):
            LavaBackend().run(chain(), INPUTS, 6, ())
    assert works(LavaBackend())


def test_a_worker_that_may_have_no_children() -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_faults_in_a_worker) == ["this process is a daemonic one"]


def _faults_in_a_worker() -> list[str]:
    assert works(in_process())
    return [fault.fact.split(",")[0] for fault in LavaBackend().accepts(chain())]


@BOTH
def test_time_limit(backend: LavaBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        fail_at(patch, 2, lambda: time.sleep(30 if backend.executor == "process" else 0.6))
        started = time.monotonic()
        with pytest.raises(BackendError, match=r"took more than 0.5 s.*Raise time_limit="):
            backend.run(chain(), INPUTS, 6, (), time_limit=0.5)
        assert time.monotonic() - started < 5
    assert works(backend)


def in_fresh_python(code: str, *options: str) -> tuple[str, str, int]:
    """(stdout, stderr, exit code) of code in a session of its own."""
    command = [sys.executable, *options, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, start_new_session=True, check=False)
    return done.stdout, done.stderr, done.returncode


def test_interrupt() -> None:
    """Ctrl-C goes to the whole process group; one KeyboardInterrupt comes out, and the next run works."""
    code = """
        import os, signal, threading, time
        from neurokit.hardware.lava import loading; loading.load()
        from neurokit.hardware.lava.backend import LavaBackend, in_process
        from neurokit.hardware.lava.processes import basic
        from tests.hardware.test_lava_failures import INPUTS, chain, children, works
        original = basic.neuron_step
        def slow(*arguments):
            time.sleep(0.02)
            return original(*arguments)
        for backend in LavaBackend(), in_process():
            works(backend)  # imports what it needs, so that the interrupt comes while steps run
            basic.neuron_step = slow
            threading.Timer(1, lambda: os.killpg(0, signal.SIGINT)).start()
            try:
                backend.run(chain(), INPUTS, 1000, ())
            except KeyboardInterrupt:
                basic.neuron_step = original
                print("interrupted", works(backend), children())
    """
    assert in_fresh_python(code) == ("interrupted True set()\n" * 2, "", 0)


def test_nothing_outlives_a_process_that_is_killed() -> None:
    code = """
        from tests.hardware.test_lava_failures import *
        works(LavaBackend())
        print("ready", flush=True)
        LavaBackend().run(chain(), INPUTS, 10**6, ())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        time.sleep(0.5)
        assert len(session(started.pid)) > 5
        started.kill()
    for _ in range(100):
        if not session(started.pid):
            break
        time.sleep(0.02)
    assert session(started.pid) == set()


def test_lava_that_is_missing_or_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.9.0")
    (fault,) = LavaBackend().accepts(chain())
    assert str(fault).startswith("'lava': lava-nc is version 0.9.0; this backend needs lava-nc 0.10.0")
    with pytest.raises(BackendError, match="Install lava-nc"):
        in_process().run(chain(), INPUTS, 6, ())
    with pytest.raises(BackendError, match="Install lava-nc"):
        to_lava(chain())


def test_importing_lava() -> None:
    """It happens late, and the start method, which Lava sets and which may not be set before, stays as it was."""
    code = """
        import multiprocessing, sys
        multiprocessing.set_start_method("spawn")
        from tests.hardware.test_lava_failures import LavaBackend, chain, works
        print(LavaBackend().accepts(chain()), "lava.magma.core" in sys.modules)
        print(works(LavaBackend()), multiprocessing.get_start_method())
    """
    assert in_fresh_python(code, "-W", "error") == ("[] False\nTrue spawn\n", "", 0)


def test_nothing_is_kept_in_lavas_lists_nor_on_its_loggers() -> None:
    import logging

    from lava.magma.core.process.process import ProcessServer
    from lava.magma.core.process.variable import VarServer

    def held() -> list[int]:
        loggers = [logging.getLogger(name) for name in (None, "lava.magma.compiler.compiler")]
        return [len(ProcessServer().processes), len(VarServer().vars), *(len(logger.handlers) for logger in loggers)]

    before = held()
    assert works(LavaBackend())
    assert works(in_process())
    assert held() == before


CONV = Conv2d(np.arange(1, 10).reshape(1, 1, 3, 3))


@pytest.mark.parametrize("synapse", [CONV, Dense(np.full((9, 25), -99), exponent=-2)])
def test_payloads_whose_sums_overflow(synapse: Any) -> None:
    made = one_projection(synapse, (1, 5, 5), (1, 3, 3))
    with pytest.raises(BackendError, match=r"'in->out': payloads of 134217728 may sum to .*Scale the input down"):
        in_process().run(made, {"in": np.full((1, 1, 1, 5, 5), -(2**27))}, 1, ())
