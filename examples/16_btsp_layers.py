"""Layers that learn at dendritic plateaus: digits, and Fashion-MNIST beside backpropagation, Hebb and frozen layers.

    python examples/16_btsp_layers.py digits   [--seeds 0 1 2 3 4] [--out build/btsp]
    python examples/16_btsp_layers.py fashion  [--methods published gated ...] [--data FOLDER]   784-500-500-10
    python examples/16_btsp_layers.py longer                                       three times as many images
    python examples/16_btsp_layers.py feedback                                        transposed, random or learned
    python examples/16_btsp_layers.py summary | picture

Each run writes a small JSON file into --out (seed 0 of Fashion-MNIST also what the pictures need), and what is there
already is not run again. `summary` prints tables of them and gathers them in docs/btsp-layers.json; `picture` draws
docs/images/btsp_layers.png and btsp_features.png. Fashion-MNIST: `apt-get install dataset-fashion-mnist`, or --data.

Result (five seeds, 95 % intervals): digits 94.8 ± 1.1 % ("published"), 95.0 ± 1.6 % ("gated"). Fashion-MNIST after
2,000 images: BTSP 59.1 ± 9.8 %, backpropagation 49 ± 12 %, hidden layers frozen 10 % (what that means: docs/btsp.md).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from neurokit.files import written_aside
from neurokit.learn.btsp.angles import angles
from neurokit.learn.btsp.controls import features, ridge_accuracy, without_dendrites
from neurokit.learn.btsp.gradient import descend, from_below
from neurokit.learn.btsp.network import DendriticNet, Sizes
from neurokit.learn.btsp.pictures import draw_curves, draw_features
from neurokit.learn.btsp.rules import Learning
from neurokit.learn.btsp.start import (
    BALANCED,
    DIGITS,
    DIGITS_RATES,
    DIGITS_SIZES,
    EIANN_5L,
    PUBLISHED_SIZES,
    Constants,
    initial,
)
from neurokit.learn.btsp.training import accuracy, one_hot, train
from neurokit.learn.tasks.images import DEBIAN, Images, digits, fashion_mnist

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "btsp-layers.json"
KEPT = Path(__file__).parent / "btsp" / "digits.npz"
METHODS = ("published", "gated", "local", "hebb", "frozen", "early", "backprop")
PROBED = 20  # training images whose angles are measured
VALIDATION, READOUT, TEST = 250, 1_000, 2_000  # last training images: curves; first: ridge readout; test images
SEEN = 100  # samples between two points of the weights' trajectories


@dataclass(frozen=True)
class Setting:
    """sizes, constants: of the networks. samples: training images, each seen once. rates: a factor on the learning rate
    of a method (backprop: its rate), searched on seed 100 and the validation images."""

    sizes: Sizes
    constants: Constants
    samples: int
    rates: dict[str, float]
    methods: tuple[str, ...] = METHODS


SETTINGS = {
    "fashion": Setting(PUBLISHED_SIZES, EIANN_5L, 2_000, {"backprop": 0.3}),
    "longer": Setting(PUBLISHED_SIZES, EIANN_5L, 6_000, {"backprop": 0.3}, ("published", "gated", "early", "backprop")),
    "feedback": Setting(PUBLISHED_SIZES, EIANN_5L, 2_000, {}, ("random", "learned")),
}
FEEDBACK_RATE = 1e-3


def rule_of(method: str, setting: Setting) -> Learning:
    """The rule of hidden layers and output; for backprop a rule that changes nothing."""
    rate = setting.rates.get(method, 1.0)
    if method in ("published", "gated", "local"):
        return Learning(method, method, rate=rate, constants=setting.constants)  # type: ignore[arg-type]
    if method in ("random", "learned"):
        return Learning(feedback_rate=FEEDBACK_RATE if method == "learned" else 0.0, constants=setting.constants)
    hidden: Any = "hebb" if method == "hebb" else "frozen"
    return Learning(hidden, "local", rate=rate, dendrites=False, constants=setting.constants)


@dataclass(eq=False)
class Watch:
    """What is measured while a network learns."""

    data: Images
    rule: Learning
    descends: bool
    samples: int
    keep: bool
    curve: list[tuple[int, float]]
    angles: dict[int, Any]
    weights: list[NDArray[np.float32]]

    def __call__(self, done: int, net: DendriticNet) -> None:
        """After so many samples."""
        if self.keep:
            picks = np.random.default_rng(7)
            shown = [net.weights[name] for name in from_below(net)]
            self.weights.append(np.array([m.flat[picks.integers(0, m.size, 12)] for m in shown]))
        if done % (self.samples // 5) == 0:
            x, y = self.data.x[-VALIDATION:], self.data.y[-VALIDATION:]
            self.curve.append((done, accuracy(net, x, y)))
        if not self.descends and done in (self.samples // 10, self.samples):
            x, target = self.data.x[-PROBED:], one_hot(self.data.y[-PROBED:], 10)
            found = angles(net, x, target, self.rule)
            self.angles[done] = {"mean": found.mean, "single": found.single}


def fashion_run(name: str, method: str, seed: int, data: Images, out: Path) -> dict[str, Any]:
    """One network, one method: accuracy on all test images, and what was watched."""
    setting = SETTINGS[name]
    constants = BALANCED.resized(PUBLISHED_SIZES, setting.sizes) if method == "backprop" else setting.constants
    net = initial(setting.sizes, seed, "random" if method in ("random", "learned") else "transposed", constants)
    rule, began, keep = rule_of(method, setting), time.process_time(), seed == 0 and name == "fashion"
    if method in ("frozen", "hebb", "backprop"):
        net = without_dendrites(net)
    watch = Watch(data, rule, method == "backprop", setting.samples, keep, [], {}, [])
    watch(0, net)
    order = np.random.default_rng([seed, 1]).choice(len(data.x) - VALIDATION, setting.samples, replace=False)
    x, y = data.x[order], data.y[order]
    if method == "backprop":
        after = descend(net, x, y, setting.rates[method], seed=seed, watch=watch, every=SEEN)
    elif method == "early":
        first = setting.samples // 10
        begun = train(net, x[:first], y[:first], rule_of("published", setting), seed=seed, watch=watch, every=SEEN)
        later = lambda done, now: watch(first + done, now)  # noqa: E731
        after = train(without_dendrites(begun), x[first:], y[first:], rule, seed=seed, watch=later, every=SEEN)
    else:
        after = train(net, x, y, rule, seed=seed, watch=watch, every=SEEN)
    if keep:
        before, now = (n.weights["H1E_InputE"][:12] for n in (net, after))
        np.savez_compressed(out / f"layers-{name}-{method}-{seed}.npz", before=before, after=now, weights=watch.weights)
    right, told = judged(after, data)
    found: dict[str, Any] = {"accuracy": right, "readable": told}
    return found | {"curve": watch.curve, "angles": watch.angles, "seconds": time.process_time() - began}


def judged(net: DendriticNet, data: Images) -> tuple[float, float]:
    """Shares of the first test images that the network, and a ridge readout of its last hidden layer, get right."""
    last, out = (f"{label}E" for label in net.sizes.labels[-2:])
    seen = features(net, data.test_x[:TEST], (last, out))
    learned = features(net, data.x[:READOUT], (last,))[last], data.y[:READOUT]
    right = float((seen[out].argmax(1) == data.test_y[:TEST]).mean())
    return right, ridge_accuracy(learned, (seen[last], data.test_y[:TEST]), 10)


def digits_run(method: str, seed: int) -> dict[str, Any]:
    """64-200-200-10 on scikit-learn's digits; "gated" of seed 0 is kept for the converter."""
    data, began = digits(), time.process_time()
    net = initial(DIGITS_SIZES, seed, constants=DIGITS)
    rule = rule_of(method, Setting(DIGITS_SIZES, DIGITS, len(data.x), {}))
    net = without_dendrites(net) if method == "frozen" else net
    rule = replace(rule, discount=0.0)
    net = train(net, data.x, data.y, rule, seed=seed, rates=DIGITS_RATES)
    seconds = time.process_time() - began
    if method == "gated" and seed == 0:
        keep(net, KEPT)
    return {"accuracy": accuracy(net, data.test_x, data.test_y), "seconds": seconds}


def keep(net: DendriticNet, path: Path) -> None:
    """As .npz, weights rounded to 11 bits so that the file is small."""
    weights = {name: matrix.astype(np.float16).astype(np.float32) for name, matrix in net.weights.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(net, weights=weights).save(path)


def done(out: Path, name: str, method: str, seed: int, run: Callable[[], dict[str, Any]]) -> None:
    """Run it, if it has not been."""
    path = out / f"layers-{name}-{method}-{seed}.json"
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    found = run()
    with written_aside(path) as aside:
        Path(aside).write_text(json.dumps(found) + "\n")
    print(f"{path.stem}: {found['accuracy']:.1%}, {found['seconds']:.0f} s", flush=True)


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half of its 95 % interval (Student's t)."""
    if len(values) < 2:
        return float(np.mean(values)), math.nan
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values)), float(half)


Runs = dict[str, dict[str, dict[str, Any]]]


def gathered(out: Path) -> Runs:
    """setting-method -> seed -> result, of all runs in `out`."""
    runs: Runs = {}
    for path in sorted(out.glob("layers-*.json")):
        _, setting, method, seed = path.stem.split("-")
        runs.setdefault(f"{setting}-{method}", {})[seed] = json.loads(path.read_text())
    return runs


def summary(out: Path) -> None:
    """Tables of all runs in `out`: accuracy, what a ridge readout gets from layer 2, and angles to the gradient."""
    runs = gathered(out)
    for name, found in runs.items():
        told = f"{name:22} {len(found)} seeds"
        for key in ("accuracy", "readable"):
            if all(key in run for run in found.values()):
                mean, half = interval([100 * run[key] for run in found.values()])
                told += f"  {key} {mean:5.1f} ± {half:4.1f} %"
        print(told)
    for name, found in runs.items():
        for at in next(iter(found.values())).get("angles", {}):
            for kind in ("mean", "single"):
                named = [run["angles"][at][kind] for run in found.values()]
                known = {m: [a[m] for a in named if not math.isnan(a[m])] for m in named[0]}
                told = "  ".join(f"{m} {np.mean(v):5.1f}" if v else f"{m}     -" for m, v in known.items())
                print(f"{name:22} {int(at):6,} samples, angle of {kind}: {told}")
    RESULTS.write_text(json.dumps(runs, separators=(",", ":")) + "\n")


def main() -> None:
    """One subcommand."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("digits", *SETTINGS, "summary", "picture"))
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--data", type=Path, default=DEBIAN)
    parser.add_argument("--out", type=Path, default=Path("build/btsp"))
    arguments = parser.parse_args()
    if arguments.what == "summary":
        return summary(arguments.out)
    if arguments.what == "picture":
        draw_curves(gathered(arguments.out), arguments.out, ROOT / "docs" / "images" / "btsp_layers.png")
        return draw_features(arguments.out, ROOT / "docs" / "images" / "btsp_features.png")
    name, out = arguments.what, arguments.out
    data = None if name == "digits" else fashion_mnist(arguments.data)
    known = ("published", "gated", "local", "frozen") if name == "digits" else SETTINGS[name].methods
    for seed in arguments.seeds:
        for method in arguments.methods or known:
            if data is None:
                done(out, name, method, seed, lambda m=method, s=seed: digits_run(m, s))  # type: ignore[misc]
            else:
                run = lambda m=method, s=seed, d=data: fashion_run(name, m, s, d, out)  # noqa: E731
                done(out, name, method, seed, run)
    return None


if __name__ == "__main__":
    main()
