"""Environments of their own for programs that cannot live beside neurokit."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import run_child
from benchmarks.results import ROOT

INSTALL_SECONDS = 600.0


@dataclass(frozen=True)
class Environment:
    """name: folder under build/peers. versions: of Python, the best first. packages: with pinned versions."""

    name: str
    versions: tuple[str, ...]
    packages: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where it is."""
        return ROOT / "build/peers" / self.name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin/python"

    def make(self) -> str:
        """Make it unless it is there; the reason where that cannot be done, else nothing."""
        stamp, wanted = self.folder / "packages.txt", "\n".join(self.packages)
        if stamp.exists() and stamp.read_text() == wanted:
            return ""
        interpreter = next(interpreters(self.versions), None)
        if interpreter is None:
            return f"no Python {' or '.join(self.versions)} with venv here"
        shutil.rmtree(self.folder, ignore_errors=True)
        print(f"making {self.folder} ...", file=sys.stderr, flush=True)
        made = run_child([interpreter, "-m", "venv", str(self.folder)], INSTALL_SECONDS)
        if not self.python.exists():
            return f"no environment: {made.reason}"
        pip = [str(self.python), "-m", "pip", "install", "--no-input", *self.packages]
        installed = run_child(pip, INSTALL_SECONDS)
        if installed.reason:
            return f"not installable: {installed.reason}"
        stamp.write_text(wanted)
        return ""


def interpreters(versions: tuple[str, ...]) -> Iterator[str]:
    """Pythons of these versions that run and can make environments: this one, or by name on the PATH."""
    for version in versions:
        for candidate in (sys.executable, f"python{version}", "python3"):
            program = f"import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2] == {version!r})"
            path = shutil.which(candidate)
            if path is not None and run_child([path, "-c", program], 30).line == "True":
                yield path
