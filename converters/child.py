"""Work in an interpreter of its own, for what may print, hang or end the process: arrays in, arrays or a reason out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray


def ask_child(
    module: str, request: Mapping[str, NDArray[Any]], seconds: float, *words: str
) -> dict[str, NDArray[Any]] | str:
    """Run `python -m module REQUEST ANSWER *words`, both .npz files.

    Gives what it answered, or what went wrong, as a verb phrase. The child and whatever it started are gone when this
    returns, also when Ctrl-C ends it. seconds: on the wall.
    """
    if not sys.executable:
        return "needs a Python to start, and this one does not know where it lies"
    with tempfile.TemporaryDirectory(prefix="neurokit-") as folder:
        asked, answer = Path(folder, "request.npz"), Path(folder, "answer.npz")
        np.savez(asked, **request)
        command = [sys.executable, "-m", module, str(asked), str(answer), *words]
        wrong = _run(command, seconds)
        if not answer.exists():
            return wrong or "ended without an answer"
        try:
            with np.load(answer, allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
        except (OSError, ValueError, EOFError, BadZipFile):
            return f"gives an answer that cannot be read ({wrong or 'exit code 0'})"
    return f"fails: {arrays['error']}" if "error" in arrays else arrays


def _run(command: list[str], seconds: float) -> str:
    """What went wrong with the child, "" for nothing."""
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)  # it imports what this process would
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
        start_new_session=os.name == "posix",  # a group of its own, which Ctrl-C does not reach and we can end whole
    )
    try:
        _, said = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"took more than {seconds:g} s (time_limit= bounds it)"
    finally:
        _end(child)
    words = said.decode("utf-8", "replace").strip().splitlines()
    last = f": {words[-1][:300]}" if words else ""
    if child.returncode < 0:
        return f"was ended by {_name_of(-child.returncode)}{last}"
    return f"ended with exit code {child.returncode}{last}" if child.returncode else ""


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the child with its group, and collect it."""
    with suppress(OSError):
        if os.name == "posix":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    if child.stderr is not None:
        child.stderr.close()
    child.wait()
