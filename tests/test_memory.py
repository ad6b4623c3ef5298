"""How much memory a run takes, told before it starts; recordings that do not fit are refused."""

import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurokit as nk
from neurokit import longrun, system
from neurokit.graph.neurons import IF
from neurokit.graph.synapses import Dense
from tests.networks import network
from tests.overflowing import ON_PURPOSE
from tests.saying import fault

pytestmark = ON_PURPOSE

EYE = Dense(np.eye(2))
NETWORK = network((EYE, IF(0.5)), (EYE, IF(0.5)))
PROGRAM = nk.compile(NETWORK)
X = np.random.default_rng(1).integers(0, 2, (3, 40, 2))


def test_memory_is_told_before_a_run():
    found = nk.memory(PROGRAM, X, 100, record=("p0", ("p0", "v")))
    again = nk.memory(PROGRAM, 3, 100, record=("p0", ("p0", "v")))
    assert found == replace(again, available=found.available)
    assert found.recording == 3 * 100 * (2 + 2 + 4 * 2) + 8 * 3 * (2 + 2 + 2) + 8 * 100 * 3
    assert found.states >= 3 * 2 * 2 * 8
    assert found.weights >= 8
    assert found.total == found.weights + found.states + found.blocks + found.recording
    assert "recording 6.1 kB" in str(found)
    assert nk.memory(NETWORK, 1, 10).total > 0


def test_wrong_arguments_of_memory():
    assert fault(lambda: nk.memory(PROGRAM, 3)).startswith("'steps': is None")
    assert fault(lambda: nk.memory(PROGRAM, 0, 10)).startswith("'inputs': is 0")
    assert fault(lambda: nk.memory(PROGRAM, np.ones((3, 3)), 10)).startswith("'in': has shape (3, 3)")
    assert "has no state 'w'" in fault(lambda: nk.memory(PROGRAM, 3, 10, record=(("p0", "w"),)))


def test_a_recording_larger_than_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(longrun, "available_memory", lambda: 1_000_000)
    said = fault(lambda: nk.run(PROGRAM, X, 100_000, record=("p0", ("p0", "v"))))
    assert said == (
        "'record': the recording takes 6.0 MB; 1.0 MB of memory are free. Write it to a file with to=, record less, or"
        " run fewer steps or samples."
    )
    found = nk.run(PROGRAM, X, 100_000, record=("p0", ("p0", "v")), to=tmp_path / "rec.h5")
    assert found.spikes["p0"].shape == (3, 100_000, 2)
    assert nk.run(PROGRAM, X).complete
    monkeypatch.setattr(longrun, "available_memory", lambda: None)  # nobody knows
    assert nk.run(PROGRAM, X).complete


def test_available_memory(monkeypatch, tmp_path):
    def put(name, text):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    machine = put("meminfo", "MemTotal: 900 kB\nMemAvailable:     500 kB\n")
    parts = put("stat", "anon 1\ninactive_file 60000\n")
    taken = put("current", "160000\n")
    monkeypatch.setattr(system, "MACHINE", machine)
    for limit, free in (("max", 512_000), ("300000", 200_000), ("50000", 0), ("9000000", 512_000)):
        monkeypatch.setattr(system, "GROUPS", ((put("max", limit), taken, parts, "inactive_file"),))
        assert system.available_memory() == free
    monkeypatch.setattr(system, "GROUPS", ((str(tmp_path / "no"), taken, parts, "inactive_file"),))
    assert system.available_memory() == 512_000
    monkeypatch.setattr(system, "MACHINE", str(tmp_path / "no"))
    assert system.available_memory() > 2**20  # all that the machine has
    assert [system.in_bytes(n) for n in (7, 999, 1000, 5940, 12e6, 3e9, 4e15)] == [
        *("7 B", "999 B", "1.0 kB", "5.9 kB", "12 MB", "3.0 GB", "4000 TB")
    ]


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak")
def test_the_estimate_bounds_what_is_taken(tmp_path):
    """Of a run in a process of its own: the estimate is no smaller than its growth, and less than twice that."""
    code = """
        from pathlib import Path
        import neurokit as nk
        from tests.test_memory import wide
        program, x = wide()
        nk.run(program, x[:1, :2])  # kernels and threads are there
        def memory(what):
            return 1024 * int(Path("/proc/self/status").read_text().split(what + ":")[1].split()[0])
        expected = nk.memory(program, len(x), 600, record=("p0", ("p1", "v")))
        before = memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
        found = nk.run(program, x, 600, record=("p0", ("p1", "v")))
        print(memory("VmHWM") - before, expected.total, expected)
    """
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "MALLOC_MMAP_THRESHOLD_": "65536"}  # frees are seen
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    grown, expected = (int(word) for word in done.stdout.split()[:2])
    assert 50e6 < grown < expected < 2 * grown, done.stdout


def wide():
    """A program of 2 x 1500 neurons, and 16 samples for it."""
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=(1500, size)) / 20 for size in (400, 1500)]
    graph = network(*((Dense(weight), IF(0.5)) for weight in weights), shape=(400,))
    return nk.compile(graph), rng.integers(0, 2, (16, 300, 400), np.uint8)
