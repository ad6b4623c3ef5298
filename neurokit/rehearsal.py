"""Foreign files are read in a child process first, where a library may crash, hang or take all memory.

The libraries that read HDF5, MATLAB's and AEDAT 4 files are written in C and Rust; on some damaged files they end the
process (measured: `aedat` aborts within some hundred random changes of a header). A child that is forked, limited in
processor time and memory, does the same work and throws it away; if it lives, so does its parent, who then does it.
That costs the reading twice and a fork of a few milliseconds; a fresh interpreter would cost 0.2 s.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from neurokit.system import available_memory, in_bytes

BASE_SECONDS, BYTES_PER_SECOND = 2.0, 5e6  # of processor time; a slow codec still keeps up
PATIENCE = 20  # seconds on the wall for one of them: a busy machine, a slow disk
MEMORY = 2**33  # bytes, where the system does not tell what it has
OBJECTION = "is objected to"
SHORTEST_WAIT, LONGEST_WAIT = 0.0005, 0.02
DONE, RAISED, FULL, PANICKED, OBJECTED = 0, 3, 4, 5, 6  # exit codes of the child


def rehearse(
    task: Callable[[], object], path: Path, *, seconds: float | None = None, memory: int | None = None
) -> str | None:
    """What goes wrong with the process that does `task`; None when nothing does, or the task raises an Exception.

    OBJECTION when the task gives True: that it objects to the file.

    path: the file that is read; its length sets the limit of processor time, where no seconds are given. memory: bytes
    beyond what the process has, default half of what is left. Where a process cannot fork (Windows) nothing is tried.
    """
    if not hasattr(os, "fork"):
        return None
    seconds = seconds or BASE_SECONDS + path.stat().st_size / BYTES_PER_SECOND
    memory = memory or (available_memory() or MEMORY) // 2
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: the child starts none and takes no lock
        child = os.fork()
    if child == 0:
        _perform(task, seconds, memory)
    try:
        status = _wait(child, PATIENCE * seconds)
    except BaseException:
        _end(child)
        raise
    if status is None:
        _end(child)
        return f"takes more than {seconds:.0f} s"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number in (signal.SIGXCPU, signal.SIGKILL):
            return f"takes more than {seconds:.0f} s"
        return f"crashes the library that reads it ({signal.Signals(number).name})"
    if os.WEXITSTATUS(status) == FULL:
        return f"takes more than {in_bytes(memory)} of memory"
    if os.WEXITSTATUS(status) == OBJECTED:
        return OBJECTION
    return None if os.WEXITSTATUS(status) in (DONE, RAISED) else "ends the process that reads it"


def _perform(task: Callable[[], object], seconds: float, memory: int) -> None:
    """In the child: do it, silently, and leave without cleaning up what is the parent's."""
    code = RAISED
    try:
        _limit(seconds, memory)
        code = OBJECTED if task() is True else DONE
    except MemoryError:
        code = FULL
    except Exception:  # noqa: BLE001 - the parent meets it again and says what it is
        code = RAISED
    except BaseException:  # noqa: BLE001 - a panic of Rust, which the parent must not meet
        code = PANICKED
    finally:
        os._exit(code)


def _limit(seconds: float, memory: int) -> None:
    import resource

    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    faults = sys.modules.get("faulthandler")
    if faults is not None:
        faults.disable()
    whole = int(seconds) + 1
    wanted = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: whole, resource.RLIMIT_AS: _taken() + memory}
    for limit, value in wanted.items():
        with suppress(ValueError, OSError):
            hard = resource.getrlimit(limit)[1]
            resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _taken() -> int:
    """Bytes of address space that the process has."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _wait(child: int, seconds: float) -> int | None:
    """The child's status, None when it is not done in time."""
    end, pause = time.monotonic() + seconds, SHORTEST_WAIT
    while True:
        try:
            found, status = os.waitpid(child, os.WNOHANG)
        except ChildProcessError:  # SIGCHLD is ignored here, so the system has thrown the status away
            return DONE
        if found:
            return status
        if time.monotonic() > end:
            return None
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_WAIT)


def _end(child: int) -> None:
    with suppress(OSError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
