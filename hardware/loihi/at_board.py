"""The process at the board: `python -m neurokit.hardware.loihi.at_board FOLDER`, started by `remote`.

Commands come as lines of JSON on standard input, answers go as lines of JSON to the file descriptor in the second
argument; Lava and nxcore print what they like to the log.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from neurokit.errors import Fault, NeurokitError, one_line
from neurokit.graph.io import load
from neurokit.graph.network import Program
from neurokit.hardware.lava import loading
from neurokit.hardware.loihi.board import Board
from neurokit.hardware.loihi.job import PROGRAM, Job


def main(folder: Path, answers: Callable[[dict[str, Any]], None]) -> None:
    """Build, and answer commands until there are none."""
    board: Board | None = None
    try:
        program = load(folder / PROGRAM)
        assert isinstance(program, Program), "its parent has saved one"
        board = Board(folder, program, Job.load(folder))
        answers({"ok": True})
        for line in sys.stdin:
            command = json.loads(line)
            if command["do"] == "finish":
                board.finish()
                answers({"ok": True})
                break
            board.advance(int(command["steps"]))
            answers({"ok": True, "steps": board.steps})
    except Exception as error:  # noqa: BLE001  # ours, Lava's, or the board's: told to the parent, which raises it
        traceback.print_exc()
        answers({"ok": False, "faults": [vars(fault) for fault in _faults(error)]})
    finally:
        if board is not None:
            board.stop()


def _faults(error: Exception) -> Sequence[Fault]:
    """Those of our own error, also where Lava's compiler has wrapped it."""
    refused = next((e for e in _chain(error) if isinstance(e, NeurokitError)), None)
    if refused is not None:
        return refused.faults
    fact = f"Lava or the board failed: {type(error).__name__}: {one_line(error, 300)}"
    return [Fault("loihi2", fact, "it ran in a process of its own, whose log is below", "Look at the log.")]


def _chain(error: BaseException | None) -> list[BaseException]:
    """An error and what it came from."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _answer_to(descriptor: int) -> Callable[[dict[str, Any]], None]:
    def answer(content: dict[str, Any]) -> None:
        os.write(descriptor, (json.dumps(content) + "\n").encode())

    return answer


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to answer
    loading.die_with_parent()
    os.register_at_fork(after_in_child=loading.die_with_parent)  # Lava's own processes must not outlive this one
    main(Path(sys.argv[1]), _answer_to(int(sys.argv[2])))
