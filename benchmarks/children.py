"""Children that can be killed with all of theirs: Lava hangs now and then, and peers are not ours."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MERCY_SECONDS = 3.0  # between asking and killing; Python's resource tracker frees shared memory meanwhile


@dataclass(frozen=True)
class Outcome:
    """What a child left: its last line of output, and why there is none (`reason` is empty on success)."""

    line: str
    reason: str


def run_child(
    command: Sequence[str], seconds: float, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Outcome:
    """Run `command` for at most `seconds`; its group is ended in any case, so nothing outlives the call.

    environment: variables to add.
    """
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        start_new_session=True,  # a process group of its own, whose number is the child's
    ) as child:
        try:
            out, err = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return Outcome("", f"took more than {seconds:g} s")
        finally:
            _end_group(child)
    if child.returncode:
        return Outcome("", f"exit code {child.returncode}: {_last(err) or _last(out)}")
    return Outcome(_last(out), "" if out.strip() else "it printed nothing")


def _end_group(child: subprocess.Popen[str]) -> None:
    """Ask all of the group to end, then make them."""
    deadline = time.monotonic() + MERCY_SECONDS
    with contextlib.suppress(ProcessLookupError):  # raised as soon as the group is empty
        os.killpg(child.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            child.poll()
            os.killpg(child.pid, 0)
            time.sleep(0.01)
        os.killpg(child.pid, signal.SIGKILL)


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
