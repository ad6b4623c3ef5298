"""The command as a process: signals, pipes, `python -m`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import neurokit as nk

PROGRAM = (sys.executable, "-m", "neurokit")


def start(*arguments, **keywords):
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **keywords,
    )


def living(session):
    """Processes of a session that still run; zombies do not."""
    found = subprocess.run(["ps", "-s", str(session), "-o", "stat=,args="], capture_output=True, text=True).stdout
    return [line for line in found.splitlines() if not line.startswith("Z")]


@pytest.mark.parametrize("backend", ["simulator", "lava", "lava-inprocess"])
def test_ctrl_c(files, tmp_path, backend):
    """Exit 130 at once, few words, what was done written (Lava's: whole samples, none here), no process left."""
    (tmp_path / "x.npz").write_text("old")
    steps = 30_000_000 if backend == "simulator" else 500_000
    process = start("run", files.program, files.data, "--backend", backend, "--steps", steps, "-o", "x.npz")
    try:
        wait_until_busy(process, forks=backend == "lava")
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        pressed = time.monotonic()
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert time.monotonic() - pressed < 5
    steps, _, words = err.partition(" ")
    assert (process.returncode, out) == (130, "")
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]
    if backend == "simulator":
        assert words == "steps were done: see x.npz\ninterrupted\n"
        found = np.load("x.npz")
        assert (found["steps_done"] == int(steps)).any()
        assert found["spikes/last"].shape[1] == int(steps)
    else:
        assert (steps, words) == ("0", "steps were done\ninterrupted\n")
        assert (tmp_path / "x.npz").read_text() == "old"
    time.sleep(0.2)
    assert living(process.pid) == []


def test_a_checkpoint_goes_on(files, tmp_path):
    """Into a file, with a checkpoint, stopped, and the same command again; then the same as in one go."""
    arguments = ("run", files.program, files.data, "--steps", 100_000, "--record", "hidden:v", "--json")
    kept = ("--to", "rec.h5", "--checkpoint", "run.ck", "--every", 0.2)
    process = start(*arguments, *kept)
    try:
        for _ in range(600):
            if (tmp_path / "run.ck").exists():
                break
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, out) == (130, "")
    assert err.endswith("steps were done: see rec.h5\nthe same command goes on from run.ck\ninterrupted\n")
    part = nk.load_recording("rec.h5")
    assert not part.complete
    again = start(*arguments, *kept)
    out, err = again.communicate(timeout=60)
    assert (again.returncode, err) == (0, "")
    assert not (tmp_path / "run.ck").exists()
    found = nk.load_recording("rec.h5")
    wanted = nk.run(nk.load(files.program), np.load(files.data), 100_000, record=("hidden", "v"))
    np.testing.assert_array_equal(found.states["hidden", "v"], wanted.states["hidden", "v"])
    np.testing.assert_array_equal(found.counts["hidden"], wanted.counts["hidden"])


def wait_until_busy(process, seconds=3.0, *, forks=False):
    """Until it has used so much processor time (its imports take a second), or has two children if it `forks` to work.

    Imports have one brief child, too, which a busy machine makes last.
    """
    for _ in range(600):
        assert process.poll() is None, process.communicate()
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        children = forks and len(living(process.pid)) > 2
        if (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > seconds or children:
            time.sleep(0.5)
            return
        time.sleep(0.1)
    pytest.fail("it never became busy")


def test_a_reader_that_leaves(files):
    """As `head` does: no traceback, no message."""
    np.save("wide.npy", np.zeros((400, 2, 6), np.uint8))
    for arguments in (("inspect", files.program), ("run", files.program, "wide.npy", "--json")):
        process = start(*arguments)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        with process.stderr:
            assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 141


def test_a_full_disk_behind_stdout(files):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*PROGRAM, "inspect", str(files.program)], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "error: the system refused: [Errno 28] No space left on device.\n")


def test_exit_codes_and_plain_pipes(files):
    done = subprocess.run([*PROGRAM, "run", "nope.nk", "x.npy"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: 'nope.nk': ")
    assert done.stderr.count("\n") == 1
