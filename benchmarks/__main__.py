"""`python -m benchmarks [--json FILE] [--repeats N]`: times the simulator against Lava in one run."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import compare
from benchmarks.workloads import dense, pilotnet
from neurokit.files import written_aside


def main() -> None:
    """Time every workload, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument("--repeats", type=int, default=3, help="pairs of runs a workload")
    options = parser.parse_args()
    results = []
    for make in (dense, pilotnet):
        work = make()
        print(f"timing {work.name} ...", file=sys.stderr, flush=True)
        results.append(compare(work, options.repeats))
    print(table(results))
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        facts = {"machine": machine(), "command": "python -m benchmarks", "results": results}
        with written_aside(options.json) as aside:
            aside.write_text(json.dumps(facts, indent=2) + "\n")


def table(results: list[dict[str, Any]]) -> str:
    """Markdown, CPU milliseconds a step."""
    lines = ["| workload | simulator, ms a step | Lava 0.10, ms a step | ratio |", "|---|---|---|---|"]
    for row in results:
        ours, theirs = row["simulator_ms_per_step"]["median"], row["lava_ms_per_step"]["median"]
        lines.append(f"| {row['workload']} | {ours:.4f} | {theirs:.3g} | {row['ratio']:.0f} × |")
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What ran it."""
    names = {line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")}
    return {"processor": ", ".join(sorted(names)), "cores": os.cpu_count(), "python": platform.python_version()}


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


if __name__ == "__main__":
    main()
