"""Untrusted files are read in a child process first, where a library may crash, hang or take all memory.

The libraries that read HDF5, MATLAB's and AEDAT 4 files are written in C and Rust; on some damaged files they end the
process (measured: `aedat` aborts within some hundred random changes of a header). A child that is forked, limited in
processor time and memory, does the work. `read_in_child` hands over what it read, where that is plain arrays;
`trouble_in_child` throws it away: if the child lives, so does its parent, who then does the same. A fork costs a few
milliseconds; a fresh interpreter would cost 0.2 s.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, FormatError, NeurokitError
from neurokit.system import available_memory, in_bytes

BASE_SECONDS, BYTES_PER_SECOND = 1.0, 5e6  # of processor time; a small file takes some 0.02 s, a slow codec keeps up
PATIENCE = 40  # seconds on the wall for one of them: a busy machine, a slow disk
MEMORY = 2**33  # bytes, where the system does not tell what it has
OBJECTION = "is objected to"
SHORTEST_WAIT, LONGEST_WAIT = 0.0005, 0.02
DONE, RAISED, FULL, PANICKED, OBJECTED = 0, 3, 4, 5, 6  # exit codes of the child
OUT_OF_TIME = (signal.SIGPROF, signal.SIGXCPU) if hasattr(signal, "SIGXCPU") else ()  # what the limits send


def trouble_in_child(
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
        return f"is not read within {PATIENCE * seconds:.0f} s"
    if os.WIFSIGNALED(status):
        return _of_signal(os.WTERMSIG(status), seconds)
    if os.WEXITSTATUS(status) == FULL:
        return f"takes more than {in_bytes(memory)} of memory"
    if os.WEXITSTATUS(status) == OBJECTED:
        return OBJECTION
    return None if os.WEXITSTATUS(status) in (DONE, RAISED) else "ends the process that reads it"


def _of_signal(number: int, seconds: float) -> str:
    if number in OUT_OF_TIME:
        return f"takes more than {seconds:.1f} s of processor time"
    if number == signal.SIGKILL:  # ours is sent after all the others' time is up; so somebody else's
        return (
            "cannot be tried: the system, short of memory, or somebody else killed the process that read it (SIGKILL);"
            " try again"
        )
    return f"crashes the library that reads it ({signal.Signals(number).name})"


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
    for number in (signal.SIGINT, signal.SIGTERM, *OUT_OF_TIME):
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    faults = sys.modules.get("faulthandler")
    if faults is not None:
        faults.disable()
    signal.setitimer(signal.ITIMER_PROF, seconds)  # to a fraction of a second; the other limit holds if it is undone
    whole = int(seconds) + 2
    wanted = {resource.RLIMIT_CORE: (0, 0), resource.RLIMIT_CPU: (whole, whole + 1)}  # asked to end, then killed
    wanted[resource.RLIMIT_AS] = (_taken() + memory,) * 2
    for limit, values in wanted.items():
        with suppress(ValueError, OSError):
            hard = resource.getrlimit(limit)[1]
            most = max(values) if hard == resource.RLIM_INFINITY else hard
            resource.setrlimit(limit, (min(values[0], most), min(values[1], most)))


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


def read_in_child(
    task: Callable[[], Mapping[str, NDArray[Any]]], path: Path, refusal: Callable[[str], NeurokitError]
) -> dict[str, NDArray[Any]]:
    """What `task` reads, made in a child process and handed over as plain arrays.

    For libraries that write beyond their memory on damaged files: what they ruined ends with the child (measured:
    scipy's reader of MATLAB files brought down a process some thousand damaged files later).
    A FormatError of `task` is raised here; any other end raises `refusal` of what happened, the end of a sentence
    whose subject is the file. Where a process cannot fork, `task` is simply called.
    """
    if not hasattr(os, "fork"):
        return dict(task())
    with tempfile.TemporaryFile() as sheet:
        if trouble := trouble_in_child(lambda: _hand_over(task, sheet), path):
            raise refusal(trouble)
        sheet.seek(0)
        found = json.loads(sheet.readline() or '{"raised": "is left unread by the process that tried"}')
        if "faults" in found:
            raise FormatError([Fault(*parts) for parts in found["faults"]])
        if "raised" in found:
            raise refusal(found["raised"])
        return {name: np.load(sheet, allow_pickle=False) for name in found["names"]}


def _hand_over(task: Callable[[], Mapping[str, NDArray[Any]]], sheet: IO[bytes]) -> None:
    """In the child: one line of JSON, then the arrays."""
    arrays: Mapping[str, NDArray[Any]] = {}
    try:
        arrays = task()
        head: dict[str, Any] = {"names": list(arrays)}
    except FormatError as error:
        head = {"faults": [(fault.node, fault.fact, fault.limit, fault.mend) for fault in error.faults]}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - of whatever kind, it is the library's word on a damaged file
        head = {"raised": f"({type(error).__name__}: {' '.join(str(error).split())})"}
    sheet.write(json.dumps(head).encode() + b"\n")
    for array in arrays.values():
        np.save(sheet, array, allow_pickle=False)
    sheet.flush()
