"""Layers that learn at dendritic plateaus: digits, and Fashion-MNIST beside backpropagation, Hebb and frozen layers.

    python examples/16_btsp_layers.py digits   [--seeds 0 1 2 3 4] [--out build/btsp]
    python examples/16_btsp_layers.py summary  [--out build/btsp]

Each run writes a small JSON file into --out, and what is there already is not run again; `summary` prints tables of
them and gathers them in docs/btsp-layers.json.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from neurokit.files import written_aside
from neurokit.learn.btsp.network import DendriticNet
from neurokit.learn.btsp.rules import Learning
from neurokit.learn.btsp.start import DIGITS, DIGITS_RATES, DIGITS_SIZES, initial
from neurokit.learn.btsp.training import accuracy, train
from neurokit.learn.tasks.images import digits

RESULTS = Path(__file__).parents[1] / "docs" / "btsp-layers.json"
KEPT = Path(__file__).parent / "btsp" / "digits.npz"


def digits_run(method: str, seed: int) -> dict[str, Any]:
    """64-200-200-10 on scikit-learn's digits; "gated" of seed 0 is kept for the converter."""
    data, began = digits(), time.process_time()
    rule = Learning(method, method, discount=0.0, constants=DIGITS)  # type: ignore[arg-type]
    net = train(initial(DIGITS_SIZES, seed, constants=DIGITS), data.x, data.y, rule, seed=seed, rates=DIGITS_RATES)
    seconds = time.process_time() - began
    if method == "gated" and seed == 0:
        keep(net, KEPT)
    return {"accuracy": accuracy(net, data.test_x, data.test_y), "seconds": seconds}


def keep(net: DendriticNet, path: Path) -> None:
    """As .npz, weights rounded to 11 bits so that the file is small."""
    weights = {name: matrix.astype(np.float16).astype(np.float32) for name, matrix in net.weights.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(net, weights=weights).save(path)


def done(out: Path, setting: str, method: str, seed: int) -> dict[str, Any]:
    """The result of a run, which is run now if it has not been."""
    path = out / f"layers-{setting}-{method}-{seed}.json"
    if not path.exists():
        found = digits_run(method, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(path) as aside:
            Path(aside).write_text(json.dumps(found) + "\n")
        print(f"{path.stem}: {found['accuracy']:.1%}, {found['seconds']:.0f} s", flush=True)
    found = json.loads(path.read_text())
    return dict(found)


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half of its 95 % interval (Student's t)."""
    if len(values) < 2:
        return float(np.mean(values)), float("nan")
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values)), float(half)


def summary(out: Path) -> None:
    """A table of all runs in `out`."""
    runs: dict[str, dict[str, dict[str, Any]]] = {}
    for path in sorted(out.glob("layers-*.json")):
        _, setting, method, seed = path.stem.split("-")
        runs.setdefault(f"{setting}-{method}", {})[seed] = json.loads(path.read_text())
    for name, found in runs.items():
        mean, half = interval([100 * run["accuracy"] for run in found.values()])
        print(f"{name:40} {len(found)} seeds  {mean:5.1f} ± {half:.1f} %")
    RESULTS.write_text(json.dumps(runs, indent=1) + "\n")


def main() -> None:
    """One subcommand."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("digits", "summary"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--out", type=Path, default=Path("build/btsp"))
    arguments = parser.parse_args()
    if arguments.what == "summary":
        summary(arguments.out)
        return
    for method in ("published", "gated"):
        for seed in arguments.seeds:
            done(arguments.out, arguments.what, method, seed)


if __name__ == "__main__":
    main()
