"""Children end in time, and all of theirs with them."""

import sys
import time
from pathlib import Path

import pytest

from benchmarks.children import run_child

HANGS = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(600)
"""


def test_the_last_line_is_the_answer():
    outcome = run_child([sys.executable, "-c", "print('noise'); print(3)"], 30)
    assert (outcome.line, outcome.reason) == ("3", "")


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise ValueError('so')", "exit code 1: ValueError: so"),
        ("pass", "it printed nothing"),
    ],
)
def test_failures_have_reasons(program, reason):
    outcome = run_child([sys.executable, "-c", program], 30)
    assert (outcome.line, outcome.reason) == ("", reason)


def test_a_hanging_child_goes_with_its_own(tmp_path):
    note = tmp_path / "pid"
    outcome = run_child([sys.executable, "-c", HANGS, str(note)], 2)
    assert outcome.reason == "took more than 2 s"
    deadline = time.monotonic() + 10
    while _runs(int(note.read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(int(note.read_text()))


def _runs(pid: int) -> bool:
    """Linux only; a zombie that nobody collects runs no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
