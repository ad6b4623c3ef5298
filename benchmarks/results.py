"""What was measured, kept as JSON: build/bench.json of this run, docs/benchmarks.json of the last accepted one.

{"machine": {"processor", "cores", ...}, "commit", "date" (UTC), "limit": see `probe.Machine`, "parts": {name: ...}}.
Each part has the commit and date of its own measurement, as `--only` and `--resume` keep those of earlier runs.
A part is written as soon as it is measured, so a run that was interrupted goes on with `--resume`.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from neurokit.files import written_aside

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = ROOT / "docs/benchmarks.json"
SLOWER = 1.15  # times an earlier run's time, above which a row is marked


def start() -> dict[str, Any]:
    """An empty record of a run that begins now."""
    return {"machine": machine(), "commit": _commit(), "date": _now(), "limit": None, "parts": {}}


def load(path: Path) -> dict[str, Any] | None:
    """A record, or None where there is none."""
    if not path.exists():
        return None
    record: dict[str, Any] = json.loads(path.read_text())
    return record


def keep(record: dict[str, Any], path: Path) -> None:
    """Write a record, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as aside:
        aside.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def same_machine(record: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether times of the two can be compared at all."""
    return bool(record["machine"] == other["machine"])


def is_slower(now: float, then: float) -> bool:
    """By more than what two runs differ anyway."""
    return now > SLOWER * then


def machine() -> dict[str, Any]:
    """What runs it."""
    names = {line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")}
    memory = [int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    return {
        "processor": ", ".join(sorted(names)),
        "cores": os.cpu_count(),
        "memory_gb": round(memory[0] / 2**20) if memory else None,
        "python": platform.python_version(),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M")
