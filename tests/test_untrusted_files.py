"""Files that crash, hang or fill their library, and files that lead to others: told by a child, never met here."""

import ctypes
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

import neurokit as nk
from neurokit import trial_read, untrusted_hdf5
from neurokit.trial_read import read_in_child, trouble_in_child
from tests.cli.sources import write_nir, write_small_net
from tests.fuzz.mutations import mutated


@pytest.fixture
def path(tmp_path):
    (tmp_path / "x").write_bytes(b"some")
    return tmp_path / "x"


def fill():
    return bytes(2**40)


def raise_one():
    raise ValueError("as the parent will meet it")


def panic():
    raise BaseException("as PyO3's")


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (lambda: None, None),
        (raise_one, None),
        (lambda: True, trial_read.OBJECTION),
        (lambda: ctypes.string_at(0), "crashes the library that reads it (SIGSEGV)"),
        (os.abort, "crashes the library that reads it (SIGABRT)"),
        (fill, "takes more than"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "somebody else killed the process that read it (SIGKILL)"),
        (panic, "ends the process that reads it"),
        (lambda: os._exit(9), "ends the process that reads it"),
    ],
)
def test_what_a_child_meets(path, task, words, capfd):
    found = trouble_in_child(task, path)
    assert found is None if words is None else words in found
    assert capfd.readouterr() == ("", "")


def test_a_child_that_hangs(path):
    def spin():
        while True:
            pass

    began = os.times()
    assert trouble_in_child(spin, path, seconds=0.5) == "takes more than 0.5 s of processor time"
    ended = os.times()
    assert ended.children_user + ended.children_system - began.children_user - began.children_system < 1.5


def test_a_child_that_waits(path, monkeypatch):
    monkeypatch.setattr(trial_read, "PATIENCE", 1)
    started = time.monotonic()
    assert trouble_in_child(lambda: time.sleep(60), path, seconds=0.3) == "is not read within 0 s"
    assert time.monotonic() - started < 30


def test_what_a_child_does_is_thrown_away(path, monkeypatch):
    things = []
    assert trouble_in_child(lambda: things.append(1), path) is None
    assert not things
    monkeypatch.delattr(os, "fork")
    assert trouble_in_child(os.abort, path) is None  # nothing is tried


def test_a_program_that_ignores_its_children(path):
    former = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert trouble_in_child(lambda: None, path) is None
    finally:
        signal.signal(signal.SIGCHLD, former)


def test_threads_try_files_too(path):
    """Python takes the thread that forked for the child's main one."""
    with ThreadPoolExecutor(1) as pool:
        assert "SIGABRT" in pool.submit(trouble_in_child, os.abort, path).result()
        assert "memory" in pool.submit(trouble_in_child, fill, path).result()


def test_an_interrupt_ends_the_child_too(path, monkeypatch):
    children = []

    def interrupted(child, seconds):
        children.append(child)
        raise KeyboardInterrupt

    monkeypatch.setattr(trial_read, "_wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trouble_in_child(lambda: time.sleep(60), path)
    with pytest.raises(ChildProcessError):
        os.waitpid(children[0], os.WNOHANG)


# ------------------------------------------------------------------------------------------------- read in a child only


def refusal(words):
    return nk.errors.FormatError(nk.errors.Fault("x", words, "a file", "Copy it."))


def test_arrays_come_from_a_child(path):
    sent = {"a": np.arange(5), "b": np.zeros((0, 2), bool)}
    found = read_in_child(lambda: sent, path, refusal)
    assert list(found) == ["a", "b"]
    for name, array in sent.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def refuse():
    raise nk.errors.FormatError(
        [nk.errors.Fault("x", "is 1", "it must be 2", "Pass 2."), nk.errors.Fault("y", "a", "b", "c")]
    )


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (raise_one, "(ValueError: as the parent will meet it)"),
        (refuse, "it must be 2"),
        (os.abort, "crashes the library that reads it (SIGABRT)"),
        (panic, "ends the process"),
        (lambda: os._exit(0), "is left unread by the process that tried"),
        (lambda: {"a": np.array([{}])}, "is left unread by the process that tried"),  # nothing is pickled
    ],
)
def test_what_goes_wrong_in_a_child_that_reads(path, task, words):
    with pytest.raises(nk.errors.FormatError) as caught:
        read_in_child(task, path, refusal)
    assert words in str(caught.value)
    assert len(caught.value.faults) == (2 if task is refuse else 1)


def test_where_nothing_forks_it_is_read_at_once(path, monkeypatch):
    monkeypatch.delattr(os, "fork")
    assert read_in_child(lambda: {"a": 1}, path, refusal) == {"a": 1}


# ----------------------------------------------------------------------------------------------------------------- HDF5


def leading_out(path, how):
    """A .nir file whose weights are in another one."""
    write_nir(path)
    other = path.with_name("secret.h5")
    with h5py.File(other, "w") as file:
        file["x"] = np.ones((5, 6), np.float32)
    with h5py.File(path, "r+") as file:
        del file["node/nodes/fc1/weight"]
        if how == "link":
            file["node/nodes/fc1/weight"] = h5py.ExternalLink("secret.h5", "x")
        elif how == "storage":
            file["node/nodes/fc1"].create_dataset("weight", (5, 6), np.float32, external=[(str(other), 2048, 120)])
        else:
            layout = h5py.VirtualLayout((5, 6), np.float32)
            layout[:] = h5py.VirtualSource("secret.h5", "x", (5, 6))
            file.create_virtual_dataset("node/nodes/fc1/weight", layout)


@pytest.mark.parametrize("how", ["link", "storage", "virtual"])
@pytest.mark.parametrize("forks", [True, False])
def test_files_that_lead_to_others(tmp_path, how, forks, monkeypatch):
    if not forks:
        monkeypatch.delattr(os, "fork")
        monkeypatch.setattr(untrusted_hdf5, "CAN_FORK", False)
    leading_out(tmp_path / "x.nir", how)
    with pytest.raises(nk.errors.FormatError, match=r"reads another file: '/node/nodes/fc1/weight' is an? "):
        nk.convert(tmp_path / "x.nir", dt=1e-3)


def test_shapes_that_fill_memory(tmp_path):
    write_nir(tmp_path / "x.nir")
    with h5py.File(tmp_path / "x.nir", "r+") as file:
        del file["node/nodes/fc1/weight"]
        file["node/nodes/fc1"].create_dataset("weight", (10**7, 10**7), np.float32, chunks=(10, 10))
    with pytest.raises(nk.errors.FormatError, match="of memory"):
        nk.convert(tmp_path / "x.nir", dt=1e-3)


def test_cycles_and_deep_nesting(tmp_path):
    for write, name in ((write_nir, "x.nir"), (write_small_net, "x.net")):
        write(tmp_path / name)
        with h5py.File(tmp_path / name, "r+") as file:
            file["loop"] = file["/"]
            group = file
            for _ in range(300):
                group = group.create_group("g")
        assert untrusted_hdf5.trouble_with(tmp_path / name, tree=False) is None
        with pytest.raises(nk.errors.FormatError, match="is no tree: '/loop' is a group that stands elsewhere too"):
            nk.convert(tmp_path / name, **({"dt": 1e-3} if name == "x.nir" else {}))


@pytest.mark.parametrize("soft", [True, False])
def test_groups_linked_again_and_again(tmp_path, soft):
    """Forty groups, each twice in the one before: who goes through them all never comes to an end."""
    path = write_nir(tmp_path / "x.nir")
    with h5py.File(path, "r+") as file:
        group = file["node/nodes"]
        for _ in range(40):
            inner = group.create_group("a")
            group["b"] = h5py.SoftLink(inner.name) if soft else inner
            group = inner
    with pytest.raises(nk.errors.FormatError, match="is no tree: '/node/nodes/b' is a"):
        nk.convert(path, dt=1e-3)


def test_a_file_that_hangs_hdf5(tmp_path):
    """Found by the fuzz test: a damaged heap, over which HDF5 2.0 goes round for ever."""
    network = nk.convert(write_nir(tmp_path / "x.nir"), dt=1e-3)
    path = tmp_path / "x.nk"
    nk.compile(network).save(path)
    whole = path.read_bytes()
    for seed in (1694, 293, 462, 8113):
        path.write_bytes(mutated(whole, seed))
        with pytest.raises(nk.errors.FormatError):
            nk.load(path)


def test_old_files_are_read_as_before(tmp_path):
    path: Path = write_nir(tmp_path / "x.nir")
    assert untrusted_hdf5.trouble_with(path) is None
    assert set(nk.convert(path, dt=1e-3).populations) == {"hidden", "last"}


def test_a_damaged_attribute_hides_no_other(tmp_path, monkeypatch):
    """Found by fuzzing: the child left off at the first that could not be read, and the second hung the parent."""
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs["a"], file.attrs["b"] = 1, 2
    asked = tmp_path / "asked"

    def read(self, name):
        with asked.open("a") as notes:  # from the child, too
            notes.write(name)
        raise OSError("damaged")

    monkeypatch.setattr(h5py.AttributeManager, "__getitem__", read)
    assert untrusted_hdf5.trouble_with(path) is None
    assert asked.read_text() == "ab"


def test_the_task_is_tried_too(path):
    with h5py.File(path, "w"):
        pass
    assert untrusted_hdf5.trouble_with(path, task=raise_one) is None
    assert "SIGABRT" in untrusted_hdf5.trouble_with(path, task=os.abort)
    path.write_bytes(b"no HDF5 file, which ends the walk before the task")
    assert "SIGABRT" in untrusted_hdf5.trouble_with(path, task=os.abort)
