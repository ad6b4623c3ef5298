"""Start-up: `neurokit run` of a small network as a process, from start to exit, first (no kernel cache) and warm.

Also by itself: `python -m benchmarks.startup`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import neurokit as nk
from neurokit.conformance.cases import build
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense

REPEATS = 5
LIMITS = {"warm": 2.0, "first": 20.0}  # seconds, in all


def measure(repeats: int = REPEATS) -> dict[str, Any]:
    """Seconds (wall, cpu) of the first run and of the best of `repeats` warm ones; kernel specialisations compiled."""
    with tempfile.TemporaryDirectory() as folder:
        program, data, cache = (Path(folder) / name for name in ("small.nk", "x.npy", "kernels"))
        _small().save(program)
        np.save(data, (np.random.default_rng(1).random((4, 50, 2, 12, 12)) < 0.2).astype(np.uint8))
        command = [sys.executable, "-m", "neurokit", "run", str(program), str(data)]
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as users have it
        first = _run(command, environment)
        warm = [_run(command, environment) for _ in range(repeats)]
        return {
            "network": "2x12x12 -> conv 8x10x10 -> dense 100 -> 10, recurrent; 4 samples of 50 steps",
            "first": first,
            "warm": {key: min(run[key] for run in warm) for key in ("wall", "cpu")},
            "limits": LIMITS,
            "kernels": len(list(cache.rglob("*.nbc"))),
        }


def _small() -> nk.Program:
    rng, lif = np.random.default_rng(0), LoihiLIF(1000, 200, 64 * 60)
    conv = Conv2d(rng.integers(-60, 61, (8, 2, 3, 3)))
    dense = [Dense(rng.integers(-60, 61, shape)) for shape in ((100, 800), (10, 100), (100, 100))]
    return build(
        {"in": (2, 12, 12)},
        {"conv": ((8, 10, 10), lif), "hidden": ((100,), lif), "out": ((10,), lif)},
        {
            ("in", "conv"): (conv, 1),
            ("conv", "hidden"): (dense[0], 1),
            ("hidden", "hidden"): (dense[2], 2),
            ("hidden", "out"): (dense[1], 1),
        },
        ("out",),
    )


def _run(command: list[str], environment: Mapping[str, str]) -> dict[str, float]:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True, timeout=300)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - started
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": round(wall, 3), "cpu": round(cpu, 3)}


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
