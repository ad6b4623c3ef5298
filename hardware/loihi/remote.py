"""The process at the board as its parent sees it: started, told, waited for so long and no longer, ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from typing import Any

from neurokit.errors import BackendError, Fault
from neurokit.graph.network import Program
from neurokit.hardware.lava.deadline import Deadline
from neurokit.hardware.loihi.job import LOG, PROGRAM, Arrays, Job

LOOK_SECONDS = 0.2  # between two looks at the deadline
STOP_SECONDS = 20.0  # for Lava to give the board back by itself; a run's result is there already
LOG_LINES = 4  # of the log's end, in an error


class Remote:
    """One network on the board, in a process group of its own, with a folder for what both share."""

    def __init__(self, program: Program, job: Job, deadline: Deadline) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="neurokit-loihi-"))
        self._answers, write_end = os.pipe()
        self._started: list[subprocess.Popen[str]] = []  # the process, once there is one, for `_end` to end
        self._end = weakref.finalize(self, _end, self._started, self.folder, self._answers)
        try:
            program.save(self.folder / PROGRAM)
            job.save(self.folder)
            self.arrays = Arrays.make(self.folder, program, job)
            with (self.folder / LOG).open("w", encoding="utf-8") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "neurokit.hardware.loihi.at_board", str(self.folder), str(write_end)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    text=True,
                    pass_fds=(write_end,),
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(p or os.getcwd() for p in sys.path)},
                    start_new_session=True,
                )
                self._started.append(process)
            os.close(write_end)
            write_end = -1
            self._wait(deadline)
        except BaseException:
            if write_end >= 0:
                os.close(write_end)
            self.close()
            raise

    def advance(self, steps: int, deadline: Deadline) -> None:
        """Run on; inputs lie in `arrays.feeds`, outputs are in `arrays.sinks` afterwards."""
        self._tell({"do": "advance", "steps": steps}, deadline)

    def finish(self, deadline: Deadline) -> None:
        """Let it write down what was probed and measured, and give the board back."""
        self._tell({"do": "finish"}, deadline)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._started[0].wait(STOP_SECONDS)

    def close(self) -> None:
        """End the process and all that it has started, and remove the folder. May be called more than once."""
        self._end()

    def _tell(self, command: dict[str, Any], deadline: Deadline) -> None:
        pipe = self._started[0].stdin
        assert pipe is not None, "it has a pipe"
        with contextlib.suppress(BrokenPipeError):  # the answer, or its absence, tells
            pipe.write(json.dumps(command) + "\n")
            pipe.flush()
        self._wait(deadline)

    def _wait(self, deadline: Deadline) -> None:
        """Until there is an answer; BackendError with the faults it tells, for a process that ended, and in time."""
        line = b""
        while not line.endswith(b"\n"):
            deadline.check()
            ready, _, _ = select.select([self._answers], [], [], LOOK_SECONDS)
            if ready:
                part = os.read(self._answers, 1 << 16)
                if not part:
                    raise BackendError(self._died())
                line += part
        answer = json.loads(line)
        if not answer["ok"]:
            raise BackendError([self._with_log(Fault(**fault)) for fault in answer["faults"]])

    def _died(self) -> Fault:
        code = self._started[0].wait(STOP_SECONDS)
        fact = f"the process at the board ended with exit code {code}"
        return self._with_log(Fault("loihi2", fact, "it is to answer", "Look at the log."))

    def _with_log(self, fault: Fault) -> Fault:
        """The fault with the log's last lines, where it refers to the log."""
        if not fault.mend.endswith("Look at the log."):
            return fault
        lines = (self.folder / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
        last = " | ".join([line.strip() for line in lines if line.strip()][-LOG_LINES:])
        return Fault(fault.node, fault.fact, fault.limit, f"{fault.mend} Its end: {last}")


def _end(started: list[subprocess.Popen[str]], folder: Path, answers: int) -> None:
    """Kill the process group, collect the process, remove the folder."""
    for process in started:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
    started.clear()
    with contextlib.suppress(OSError):
        os.close(answers)
    shutil.rmtree(folder, ignore_errors=True)
