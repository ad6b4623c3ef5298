"""e-prop's networks by stock parts of Loihi beside the full model, in floats and in 8 bits.

    python examples/10_eprop_train.py pattern; python examples/10_eprop_train.py pattern --reset hard
    python examples/19_eprop_stock.py evidence [--seeds 0 1 2 3 4]
    python examples/19_eprop_stock.py pattern  [--seeds 0 1 2 3 4] [--trained build/eprop]
    python examples/19_eprop_stock.py table

Stock parts: LIF neurons with hard resets and no refractory period; in the place of adaptation an interneuron that is a
stock LIF with a slow current (neurokit/converters/eprop_stock.py). Evidence accumulation compares the networks of
examples/eprop: evidence-seed*.npz, the full model; the same with stock parts; and stock-seed*.npz, which went on
learning with stock parts in the loop (`10_eprop_train.py evidence --stock --falling --iterations 150`). Pattern
generation compares networks that were trained with soft and with hard resets.

What is done is not done again: results are added to docs/eprop-stock.json, and `table` writes docs/eprop.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.converters.eprop import network_of
from neurokit.converters.eprop_net import load_eprop_net
from neurokit.converters.eprop_stock import SlowInhibition, stock_network_of
from neurokit.files import between_marks, written_aside
from neurokit.graph.network import Network
from neurokit.learn.eprop.forward import run
from neurokit.learn.tasks.evidence import EvidenceAccumulation
from neurokit.learn.tasks.pattern import PatternGeneration
from neurokit.learn.tasks.trials import Trials

HERE = Path(__file__).resolve().parent
NETWORKS, DOCS = HERE / "eprop", HERE.parent / "docs"
RESULTS, PAGE = DOCS / "eprop-stock.json", DOCS / "eprop.md"
BEGIN, END = "<!-- stock -->\n", "<!-- end of stock -->\n"
TRIALS, CALIBRATION = 128, 4
FULL, STOCK, TUNED = "full model", "stock parts, not trained with them", "stock parts, trained with them"
SOFT, HARD = "soft reset", "hard reset (stock)"


def compiled(network: Network, x: NDArray[Any], calibrate: NDArray[Any]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Readouts of the Program of 8 bits over x (trials, steps, inputs), in the network's unit; and its targets."""
    program = nk.compile(network, calibrate={"x": calibrate})
    late = program.latency["out"]
    unit = 64 * next(row.scale for row in program.report if row.population == "out")  # currents enter times 64
    potential = nk.run(program, {"x": x}, x.shape[1] + late, record=(("out", "v"),)).states["out", "v"]
    return potential[:, late:] / unit, program.targets


def evidence(seed: int, name: str) -> dict[str, Any]:
    """Errors of trials that no training has seen."""
    net = load_eprop_net(NETWORKS / f"{'stock' if name == TUNED else 'evidence'}-seed{seed}.npz")
    how = None if name == FULL else SlowInhibition()
    shown = EvidenceAccumulation().trials(np.random.default_rng(98), TRIALS + CALIBRATION)
    x = shown.x[:TRIALS]
    label = replace(shown.loss, labels=shown.loss.labels[:TRIALS])  # type: ignore[type-var]
    network = network_of(net) if how is None else stock_network_of(net, how)
    y, targets = compiled(network, x, shown.x[TRIALS:])
    many = EvidenceAccumulation().trials(np.random.default_rng(99), 1024)
    floats = run(net, many.x, inhibition=how)
    return {
        "floats, 1024 trials": many.loss.errors(floats.y),  # type: ignore[attr-defined]
        "hertz": round(1000 * float(floats.rates.mean()), 1),
        "floats": label.errors(run(net, x, inhibition=how).y),  # type: ignore[attr-defined]
        "8 bits": label.errors(y),  # type: ignore[attr-defined]
        "targets": targets,
    }


def pattern(seed: int, name: str, trained: Path) -> dict[str, Any]:
    """Losses of the one pattern."""
    net = load_eprop_net(trained / f"pattern-eprop-symmetric-{'soft' if name == SOFT else 'hard'}-seed{seed}.npz")
    shown: Trials = PatternGeneration(seed).trials(np.random.default_rng(0), 1)
    y, targets = compiled(network_of(net), shown.x, shown.x)
    silence = shown.loss.loss(np.zeros((1, *PatternGeneration(seed).target.shape)))
    return {
        "floats": round(shown.loss.loss(run(net, shown.x).y), 3),
        "8 bits": round(shown.loss.loss(y), 3),
        "silence": round(silence, 1),
        "targets": targets,
    }


def read() -> dict[str, Any]:
    """Results so far."""
    return dict(json.loads(RESULTS.read_text(encoding="utf-8"))) if RESULTS.exists() else {}


def add(key: str, measure: Callable[[], dict[str, Any]]) -> None:
    """Measure what is not there yet."""
    if key in (rows := read()):
        return
    rows = dict(sorted((rows | {key: measure()}).items()))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in rows.items())
    with written_aside(RESULTS) as aside:
        aside.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    print(key, rows[key], flush=True)


def table(results: dict[str, Any]) -> str:
    """Markdown: mean, and each seed in brackets."""

    def cell(task: str, name: str, field: str) -> str:
        values = [row[field] for key, row in results.items() if key.startswith(f"{task}, {name}, seed")]
        digits = 3 if task == "evidence" else 2
        each = ", ".join(f"{value:.{digits}f}" for value in values)
        return f"{np.mean(values):.{digits}f} ({each})" if values else ""

    lines = [
        f"| evidence accumulation, errors | floats, 1,024 trials | floats, {TRIALS} trials | 8 bits, the same trials |",
        "|---|---|---|---|",
    ]
    for name in (FULL, STOCK, TUNED):
        cells = [cell("evidence", name, field) for field in ("floats, 1024 trials", "floats", "8 bits")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "| pattern generation, losses | floats | 8 bits |", "|---|---|---|"]
    lines += [f"| {n} | {cell('pattern', n, 'floats')} | {cell('pattern', n, '8 bits')} |" for n in (SOFT, HARD)]
    return "\n".join(lines) + "\n"


def rewritten(page: str, results: dict[str, Any]) -> str:
    """docs/eprop.md with the table of `results`."""
    return between_marks(page, BEGIN, END, table(results))


def main() -> None:
    """Measure, or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("evidence", "pattern", "table"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--trained", type=Path, default=Path("build/eprop"), help="pattern: the folder of networks")
    options = parser.parse_args()
    for seed in options.seeds if options.what != "table" else ():
        if options.what == "evidence":
            for name in (TUNED, FULL, STOCK):  # the one that may be missing first
                add(f"evidence, {name}, seed {seed}", partial(evidence, seed, name))
        else:
            for name in (SOFT, HARD):
                add(f"pattern, {name}, seed {seed}", partial(pattern, seed, name, options.trained))
    page = PAGE.read_text(encoding="utf-8")
    with written_aside(PAGE) as aside:
        aside.write_text(rewritten(page, read()), encoding="utf-8")


if __name__ == "__main__":
    main()
