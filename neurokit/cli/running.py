"""The verb `run`, beyond its arguments: what it writes, also when Ctrl-C ends it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

import neurokit as nk
from neurokit.cli.files import check_output
from neurokit.cli.screen import is_watched, progress_bar, say
from neurokit.errors import Interrupted
from neurokit.files import check_writable

INTERRUPTED = 128 + 2  # exit code of a program that SIGINT ends


@dataclass(frozen=True)
class Outputs:
    """Files that a run writes. npz: at the end. to: while it runs. checkpoint: every so many seconds, and read."""

    npz: Path | None
    to: Path | None
    checkpoint: Path | None
    every: float

    def check(self, *inputs: Path | None) -> None:
        """OutputError when one cannot be written, has another suffix, or is read by this command."""
        if self.npz is not None:
            check_output(self.npz, ".npz", *inputs)
        if self.to is not None:
            check_output(self.to, ".h5", *inputs)
        if self.checkpoint is not None:
            check_writable(self.checkpoint)

    def run(
        self,
        program: nk.Program,
        arrays: Any,
        steps: int | None,
        backend: str,
        keys: Any,
        time_limit: float | None,
        silicon: Path | None = None,
    ) -> nk.Recording:
        """Run; Ctrl-C writes what was done and ends the command."""
        if backend == "simulator" and is_watched():
            say(f"takes {nk.memory(program, arrays, steps, keys)}", stderr=True)
        with progress_bar("running") as progress:
            try:
                recording = nk.run(
                    program,
                    arrays,
                    steps,
                    backend,
                    keys,
                    time_limit=time_limit,
                    progress=progress,
                    to=self.to,
                    checkpoint=self.checkpoint,
                    every=self.every,
                    silicon=silicon,
                )
            except Interrupted as interrupt:
                stopped: nk.Recording = interrupt.recording
            else:
                self._save(recording)
                return recording
        self._tell(stopped)
        raise typer.Exit(INTERRUPTED)

    def _save(self, recording: nk.Recording) -> None:
        if self.npz is not None:
            recording.save(self.npz)

    def _tell(self, stopped: nk.Recording) -> None:
        """After Ctrl-C: an output of earlier is replaced only if there is something new."""
        written = [self.to] if self.to is not None else []
        if stopped.steps and self.npz is not None:
            self._save(stopped)
            written.append(self.npz)
        places = f": see {' and '.join(map(str, written))}" if written else ""
        say(f"{stopped.steps} steps were done{places}", stderr=True)
        if self.checkpoint is not None and self.checkpoint.exists():
            say(f"the same command goes on from {self.checkpoint}", stderr=True)
