"""Long runs: recordings in files, Ctrl-C, checkpoints. What is given back is what a plain run gives, bit for bit."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import h5py
import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit import checkpoint
from neurokit.errors import BackendError, FormatError, Interrupted, OutputError
from neurokit.graph.neurons import IF, LeakyIntegrator
from neurokit.graph.synapses import Dense
from neurokit.hardware.simulator import runner
from neurokit.interrupts import Interrupts
from tests.networks import network, random_network
from tests.overflowing import ON_PURPOSE
from tests.programs import random_input, random_program, seeds
from tests.saying import fault

pytestmark = ON_PURPOSE

EYE = Dense(np.eye(2))
NETWORK = network((EYE, IF(0.5)), (EYE, IF(0.5)))
PROGRAM = nk.compile(NETWORK)
X = np.random.default_rng(1).integers(0, 2, (3, 40, 2))


def everything(graph):
    return (*graph.populations, *((n, s) for n, p in graph.populations.items() for s in p.neuron.states))


def assert_same(found, wanted):
    """Two recordings of the same run."""
    assert (found.steps, found.batch, found.complete) == (wanted.steps, wanted.batch, wanted.complete)
    for kind in ("spikes", "states", "counts", "step_counts"):
        here, there = getattr(found, kind), getattr(wanted, kind)
        assert set(here) == set(there)
        for key in here:
            assert here[key].dtype == there[key].dtype
            np.testing.assert_array_equal(here[key], there[key], f"{kind} of {key}")


class Stop:
    """Presses Ctrl-C when the run has come so far, once."""

    def __init__(self, at):
        self.at = at

    def __call__(self, done, total):
        if self.at is not None and done >= self.at:
            self.at = None
            os.kill(os.getpid(), signal.SIGINT)


def shorten(patch):
    """Blocks of 4 steps, groups of 2 samples."""
    patch.setattr(runner, "FIRST_BLOCK", 4)
    patch.setattr(runner, "samples_at_once", lambda graph, batch: min(batch, 2))
    patch.setattr(runner._Pace, "adapt", lambda *_: None)


@pytest.fixture
def short_blocks(monkeypatch):
    shorten(monkeypatch)


# --------------------------------------------------------------------------------------------------- recorded in files


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_a_recording_in_a_file(tmp_path_factory, seed):
    path = tmp_path_factory.mktemp("recordings") / "rec.h5"
    graph = random_program(seed) if seed % 3 else random_network(seed)
    values = random_input(seed, graph, 25, graded=bool(seed % 2))
    values = np.stack([values, values[::-1]]) if seed % 5 else values
    wanted = nk.run(graph, values, record=everything(graph))
    assert_same(nk.run(graph, values, record=everything(graph), to=path), wanted)
    found = nk.load_recording(path)
    assert_same(found, wanted)
    assert found.backend == "simulator"
    assert found.seconds > 0
    if isinstance(graph, nk.Program):
        again = nk.run(found.program, values, record=everything(graph))  # the program is in the file
        assert_same(again, wanted)
    assert set(os.listdir(path.parent)) == {"rec.h5"}


def test_arrays_of_a_file_are_read_as_they_are_indexed(tmp_path):
    wanted = nk.run(PROGRAM, X, record=("p0", ("p0", "v")))
    found = nk.run(PROGRAM, X, record=("p0", ("p0", "v")), to=tmp_path / "rec.h5")
    stored, array = found.states["p0", "v"], wanted.states["p0", "v"]
    assert not isinstance(stored, np.ndarray)
    assert (stored.shape, stored.dtype, stored.ndim, stored.size, len(stored)) == ((3, 40, 2), np.int32, 3, 240, 3)
    for index in (0, -1, (0, 3), (slice(None), 5), (..., 1), (1, slice(3, 20, 4), 0), slice(1, 3)):
        np.testing.assert_array_equal(stored[index], array[index])
    np.testing.assert_array_equal(np.stack(list(stored)), array)
    assert np.asarray(stored, np.float32).dtype == np.float32
    assert "in " in repr(stored)
    np.testing.assert_array_equal(found.aligned("p1"), wanted.aligned("p1"))
    one = nk.run(PROGRAM, X[0], to=tmp_path / "one.h5")
    assert (one.batch, one.spikes["p1"].shape, one.counts["p1"].shape) == (None, (40, 2), (2,))
    assert nk.profile(found).activity
    (tmp_path / "rec.h5").unlink()
    assert "cannot be read any more" in fault(lambda: stored[0], FormatError)


@pytest.mark.parametrize("batch", [True, False])
def test_a_backend_that_gives_all_at_the_end(tmp_path, batch):
    pytest.importorskip("lava", reason="Lava needs Python 3.10")
    values = X if batch else X[0]
    found = nk.run(PROGRAM, values, backend="lava-inprocess", record=everything(PROGRAM), to=tmp_path / "rec.h5")
    assert_same(found, nk.run(PROGRAM, values, record=everything(PROGRAM)))
    said = fault(lambda: nk.run(PROGRAM, values, backend="lava-inprocess", checkpoint=tmp_path / "ck"), BackendError)
    assert said.startswith("'lava-inprocess': keeps no checkpoints;")


def test_a_file_that_cannot_be_written(tmp_path):
    for option in ("to", "checkpoint"):
        for path, fact in ((tmp_path / "no" / "x", "cannot be written"), (tmp_path, "is a folder")):
            where = {option: path}
            assert fact in fault(lambda where=where: nk.run(PROGRAM, X, **where), OutputError)
    both = {"to": tmp_path / "x", "checkpoint": tmp_path / "." / "x"}
    assert "is the file of 'to'" in fault(lambda: nk.run(PROGRAM, X, **both))
    assert "every" in fault(lambda: nk.run(PROGRAM, X, every=0))


def test_an_error_leaves_the_former_file(tmp_path):
    path = tmp_path / "rec.h5"
    nk.run(PROGRAM, X, to=path)
    with pytest.raises(BackendError, match="time limit"):
        nk.run(PROGRAM, X, to=path, time_limit=1e-9)
    assert os.listdir(tmp_path) == ["rec.h5"]
    assert nk.load_recording(path).complete


def test_damaged_and_foreign_recordings(tmp_path):
    path = tmp_path / "rec.h5"
    nk.run(PROGRAM, X, to=path)
    whole = path.read_bytes()
    assert "there is no such file" in fault(lambda: nk.load_recording(tmp_path / "none"), FormatError)
    for cut in (0, 512, len(whole) // 2):
        path.write_bytes(whole[:cut])
        assert "cannot be read" in fault(lambda: nk.load_recording(path), FormatError)
    PROGRAM.save(path)
    assert "has the format 'neurokit'" in fault(lambda: nk.load_recording(path), FormatError)
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        del file["program/populations/0"]
    assert "cannot be read" in fault(lambda: nk.load_recording(path), FormatError)


# --------------------------------------------------------------------------------------------------------------- Ctrl-C


def assert_partial(found, done):
    """A recording of which each sample has done so many steps."""
    steps = max(done)
    whole = nk.run(PROGRAM, X[:, :steps] if steps else X[:, :1], record=everything(PROGRAM))
    assert (found.complete, found.steps, found.batch) == (False, steps, 3)
    assert list(found.steps_done) == done
    for key in everything(PROGRAM):
        kind = "spikes" if isinstance(key, str) else "states"
        array, wanted = getattr(found, kind)[key], getattr(whole, kind)[key]
        for sample, n in enumerate(done):
            np.testing.assert_array_equal(array[sample, :n], wanted[sample, :n])
            assert not np.any(array[sample, n:])
    for name in PROGRAM.populations:
        np.testing.assert_array_equal(found.counts[name], found.spikes[name][:].sum(axis=1))
        np.testing.assert_array_equal(found.step_counts[name], found.spikes[name][:].sum(axis=(0, 2)))
    assert "not complete" in repr(found)


@pytest.mark.usefixtures("short_blocks")
@pytest.mark.parametrize(("at", "done"), [(1, [4, 4, 0]), (40, [20, 20, 0]), (80, [40, 40, 0]), (81, [40, 40, 4])])
@pytest.mark.parametrize("to", [None, "rec.h5"])
def test_ctrl_c_leaves_what_was_done(tmp_path, at, done, to):
    path = None if to is None else tmp_path / to
    with pytest.raises(Interrupted) as caught:
        nk.run(PROGRAM, X, record=everything(PROGRAM), progress=Stop(at), to=path)
    assert isinstance(caught.value, KeyboardInterrupt)
    assert not isinstance(caught.value, Exception)
    assert_partial(caught.value.recording, done)
    if path is not None:
        assert_partial(nk.load_recording(path), done)
    caught.value.recording.save(tmp_path / "part.npz")
    assert list(np.load(tmp_path / "part.npz")["steps_done"]) == done
    assert os.listdir(tmp_path) == sorted(filter(None, ["part.npz", to])) or path is not None


@pytest.mark.usefixtures("short_blocks")
def test_ctrl_c_of_one_sample():
    with pytest.raises(Interrupted) as caught:
        nk.run(PROGRAM, X[0], progress=Stop(8))
    found = caught.value.recording
    assert (found.batch, found.steps, int(found.steps_done), found.spikes["p1"].shape) == (None, 8, 8, (8, 2))


def test_ctrl_c_at_the_very_end_is_not_lost():
    with pytest.raises(KeyboardInterrupt):
        nk.run(PROGRAM, X, progress=Stop(3 * 40))
    assert nk.run(PROGRAM, X).complete


def test_interrupts_wait_once():
    seen = []

    def press():
        os.kill(os.getpid(), signal.SIGINT)
        seen.append("waits")

    def checks():
        with Interrupts() as interrupts:
            press()
            interrupts.check()
            seen.append("never here")

    def impatient():
        with Interrupts():
            press()
            press()
            seen.append("never here")

    def never_checks():
        with Interrupts():
            press()

    for act in (checks, impatient, never_checks):
        with pytest.raises(KeyboardInterrupt):
            act()
    assert seen == ["waits"] * 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupts_in_another_thread():
    done = []
    thread = threading.Thread(target=lambda: done.append(nk.run(PROGRAM, X).complete))
    thread.start()
    thread.join()
    assert done == [True]


def test_an_interrupt_handler_of_the_users_own_is_asked(tmp_path):
    asked = []
    former = signal.signal(signal.SIGINT, lambda *_: asked.append(1))
    try:
        assert nk.run(PROGRAM, X, progress=Stop(1)).complete  # it does not want to stop
    finally:
        signal.signal(signal.SIGINT, former)
    assert asked == [1]


def test_blocks_are_short_however_slow_steps_are(monkeypatch):
    pace = runner._Pace(256)
    assert pace.steps == 32
    pace.adapt(32, 3.2)
    assert pace.steps == 8  # one slow block, perhaps of compiling, does not count for all
    for _ in range(5):
        pace.adapt(pace.steps, pace.steps * 0.1)
    assert pace.steps == 2
    for _ in range(5):
        pace.adapt(pace.steps, pace.steps * 1e-5)
    assert pace.steps == 256
    pace.adapt(1, 100.0)
    assert pace.steps == 1


def test_ctrl_c_in_a_process(tmp_path):
    """A real signal, while kernels run."""
    code = """
        import numpy as np, neurokit as nk
        from neurokit.errors import Interrupted
        from tests.test_long_runs import PROGRAM
        print("ready", flush=True)
        try:
            show = lambda *_: print(end="x", flush=True)
            nk.run(PROGRAM, np.ones((1, 2)), steps=100_000_000, to="rec.h5", progress=show)
        except Interrupted as stopped:
            print(stopped.recording.complete, 0 < stopped.recording.steps < 100_000_000)
    """
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        assert started.stdout.read(3) == "xxx"
        started.send_signal(signal.SIGINT)
        pressed = time.monotonic()
        assert started.stdout.read().lstrip("x") == "False True\n"
    assert time.monotonic() - pressed < 5
    assert started.returncode == 0
    found = nk.load_recording(tmp_path / "rec.h5")
    np.testing.assert_array_equal(found.counts["p1"], found.spikes["p1"][:].sum(axis=0))


# ---------------------------------------------------------------------------------------------------------- checkpoints


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_a_run_that_goes_on_gives_the_identical_recording(tmp_path_factory, seed):
    folder = tmp_path_factory.mktemp("checkpoints")
    rng = np.random.default_rng(seed)
    graph = random_program(seed) if rng.random() < 0.6 else random_network(seed)
    values = np.stack([random_input(seed + k, graph, 30, graded=bool(seed % 2)) for k in range(3)])
    options = {"record": everything(graph), "checkpoint": folder / "run.ck"}
    if rng.random() < 0.5:
        options["to"] = folder / "rec.h5"
    wanted = nk.run(graph, values, record=everything(graph))
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        for _ in range(2):
            try:
                nk.run(graph, values, **options, progress=Stop(int(rng.integers(1, 90))))
            except Interrupted:
                assert (folder / "run.ck").exists()
        found = nk.run(graph, values, **options)
    assert_same(found, wanted)
    assert not (folder / "run.ck").exists()


@pytest.mark.usefixtures("short_blocks")
def test_a_run_that_was_killed_goes_on_from_the_last_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "MOST_EFFORT", 1e9)
    path, seen = tmp_path / "run.ck", []

    def die(done, total):
        seen.append(done)
        if done > 90:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        nk.run(PROGRAM, X, record=everything(PROGRAM), checkpoint=path, every=1e-9, progress=die)
    again = []
    options = {"record": everything(PROGRAM), "checkpoint": path}
    found = nk.run(PROGRAM, X, **options, progress=lambda done, total: again.append(done))
    assert_same(found, nk.run(PROGRAM, X, record=everything(PROGRAM)))
    assert again[0] == seen[-1]  # the step that raised was not kept, the one before was
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("short_blocks")
def test_a_run_out_of_time_goes_on_from_where_it_was(tmp_path):
    path, seen = tmp_path / "run.ck", []

    def slow(done, total):
        seen.append(done)
        time.sleep(0.01)

    with pytest.raises(BackendError, match="the time limit is"):
        nk.run(PROGRAM, X, checkpoint=path, time_limit=0.05, progress=slow)
    again = []
    found = nk.run(PROGRAM, X, checkpoint=path, progress=lambda done, total: again.append(done))
    assert_same(found, nk.run(PROGRAM, X))
    assert again[0] == seen[-1] + 8  # two samples at once, four steps on
    assert len(seen) > 1


@pytest.mark.usefixtures("short_blocks")
def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    path = tmp_path / "run.ck"
    with pytest.raises(Interrupted):
        nk.run(PROGRAM, X, checkpoint=path, progress=Stop(8))
    kept = path.read_bytes()
    other = nk.compile(network((EYE, IF(0.25)), (EYE, LeakyIntegrator(2e-2)), dt=1e-3))
    for act, what in (
        (lambda: nk.run(other, X, checkpoint=path), "another program"),
        (lambda: nk.run(PROGRAM, 1 - X, checkpoint=path), "another inputs"),
        (lambda: nk.run(PROGRAM, X, 39, checkpoint=path), "another steps"),
        (lambda: nk.run(PROGRAM, X, record="p0", checkpoint=path), "another record"),
        (lambda: nk.run(PROGRAM, 1 - X, 39, checkpoint=path), "other inputs and steps"),
    ):
        assert f"was made with {what}; a checkpoint belongs to one run" in fault(act)
        assert path.read_bytes() == kept
    assert nk.run(PROGRAM, X, checkpoint=path).complete


@pytest.mark.parametrize("name", ["time_limit", "every"])
@pytest.mark.parametrize("value", [0, -1, np.nan, "5", True])
def test_times_are_positive_numbers(name, value):
    assert f"'{name}': is {value!r}; a positive number of seconds" in fault(lambda: nk.run(PROGRAM, X, **{name: value}))


@pytest.mark.usefixtures("short_blocks")
@pytest.mark.parametrize("to", [False, True])
def test_a_run_goes_on_whose_record_has_another_order(to, tmp_path):
    path, file = tmp_path / "run.ck", {"to": tmp_path / "run.h5"} if to else {}
    record = everything(PROGRAM)
    with pytest.raises(Interrupted):
        nk.run(PROGRAM, X, record=record, checkpoint=path, progress=Stop(8), **file)
    found = nk.run(PROGRAM, X, record=record[::-1], checkpoint=path, **file)
    assert_same(found, nk.run(PROGRAM, X, record=record))


@pytest.mark.usefixtures("short_blocks")
def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.ck"
    with pytest.raises(Interrupted):
        nk.run(PROGRAM, X, checkpoint=path, progress=Stop(8))
    kept = path.read_bytes()
    for damaged in (kept[:-500], b"no file of ours", b""):
        path.write_bytes(damaged)
        assert "cannot be read" in fault(lambda: nk.run(PROGRAM, X, checkpoint=path), FormatError)
    nk.run(PROGRAM, X, to=tmp_path / "rec.h5")
    said = fault(lambda: nk.run(PROGRAM, X, checkpoint=tmp_path / "rec.h5"), FormatError)
    assert "has the format 'neurokit-recording'; 'neurokit-checkpoint' is needed" in said
