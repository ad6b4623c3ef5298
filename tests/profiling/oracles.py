"""Packages of others that tests compare with: each in a folder of its own, run in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def installed(folder: Path, requirement: str, *options: str) -> Path:
    """`folder` with the package alone in it; the test is skipped where it cannot be installed."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *options, "--target", str(folder)]
    done = subprocess.run([*command, requirement], capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:]
        pytest.skip(f"{requirement.replace('==', ' ')} cannot be installed: {said}")
    return folder


def answer(script: str, argument: str, package: Path, folder: Path) -> Any:
    """What a script says as JSON on its last line, run in `folder` with the package and one argument."""
    (folder / "script.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py", argument],
        cwd=folder,
        env={"PYTHONPATH": str(package), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
