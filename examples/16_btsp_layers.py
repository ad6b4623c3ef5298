"""Layers that learn at dendritic plateaus: digits, and Fashion-MNIST beside backpropagation, Hebb and frozen layers.

    python examples/16_btsp_layers.py digits   [--seeds 0 1 2 3 4] [--out build/btsp]
    python examples/16_btsp_layers.py fashion  [--methods published gated ...] [--data FOLDER]   784-500-500-10
    python examples/16_btsp_layers.py longer | long               three, ten times as many images; backprop@0.03: a rate
    python examples/16_btsp_layers.py feedback                                        transposed, random or learned
    python examples/16_btsp_layers.py readout              the best outputs for what `long` left, and for frozen layers
    python examples/16_btsp_layers.py summary | picture

Each run writes a small JSON file into --out (seed 0 of Fashion-MNIST also what the pictures need, `long` its networks),
and what is there already is not run again. `summary` prints tables of them and gathers them in docs/btsp-layers.json;
`picture` draws docs/images/btsp_layers.png and btsp_features*.png. Fashion-MNIST: `apt-get install
dataset-fashion-mnist`, or --data.

Result (five seeds, 95 % intervals): digits 94.8 ± 1.1 % ("published"), 95.0 ± 1.6 % ("gated"). Fashion-MNIST after
20,000 images: "gated" 71.0 ± 7.8 %; with the best output for its targets 74.3 ± 4.1 %, hidden layers frozen at
the start 60.2 ± 3.5 %; but a classifier gets the same from both (docs/btsp.md).
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

from neurokit.converters.btsp_net import load_dendritic_net
from neurokit.files import written_aside
from neurokit.learn.btsp.angles import angles
from neurokit.learn.btsp.controls import features, ridge_accuracy, without_dendrites
from neurokit.learn.btsp.gradient import descend, from_below
from neurokit.learn.btsp.network import DendriticNet, Sizes
from neurokit.learn.btsp.pictures import draw_curves, draw_features
from neurokit.learn.btsp.readout import heard, nonnegative
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
IMAGES = ROOT / "docs" / "images"
RESULTS = ROOT / "docs" / "btsp-layers.json"
KEPT = Path(__file__).parent / "btsp" / "digits.npz"
METHODS = ("published", "gated", "local", "hebb", "frozen", "early", "backprop")
PROBED = 20  # training images whose angles are measured
LONG = ("published", "gated", "local", "frozen", "early", "backprop")
DRAWN = ("published", "gated", "early")
READABLE = ("frozen", "published", "gated", "backprop")
FITTED = 5_000  # first training images, for the best outputs
SEEN = 100  # samples between two points of the weights' trajectories


@dataclass(frozen=True)
class Setting:
    """sizes, constants: of the networks. samples: training images, each seen once. rates: a factor on the learning rate
    of a method (backprop: its rate), searched on seed 100 and the images held out. held: last training images, for
    curves; fitted: first ones, for readouts; tested: first test images. Networks are kept where `kept` is set."""

    sizes: Sizes
    constants: Constants
    samples: int
    rates: dict[str, float]
    methods: tuple[str, ...] = METHODS
    held: int = 250
    fitted: int = 1_000
    tested: int = 2_000
    kept: bool = False


SETTINGS = {
    "fashion": Setting(PUBLISHED_SIZES, EIANN_5L, 2_000, {"backprop": 0.3}),
    "longer": Setting(PUBLISHED_SIZES, EIANN_5L, 6_000, {"backprop": 0.3}, ("published", "gated", "early", "backprop")),
    "long": Setting(PUBLISHED_SIZES, EIANN_5L, 20_000, {"backprop": 0.1}, LONG, 1_000, 10_000, 10_000, kept=True),
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
    setting: Setting
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
        samples, held = self.setting.samples, self.setting.held
        if done % (samples // 5) == 0:
            x, y = self.data.x[-held:], self.data.y[-held:]
            self.curve.append((done, accuracy(net, x, y)))
        if not self.descends and done in (samples // 10, samples):
            x, target = self.data.x[-PROBED:], one_hot(self.data.y[-PROBED:], 10)
            found = angles(net, x, target, self.rule)
            self.angles[done] = {"mean": found.mean, "single": found.single}


def fashion_run(name: str, method: str, seed: int, data: Images, out: Path) -> dict[str, Any]:
    """One network, one method: accuracy on all test images, and what was watched."""
    setting = SETTINGS[name]
    method, _, rate = method.partition("@")
    constants = BALANCED.resized(PUBLISHED_SIZES, setting.sizes) if method == "backprop" else setting.constants
    net = initial(setting.sizes, seed, "random" if method in ("random", "learned") else "transposed", constants)
    rule, began, keep = rule_of(method, setting), time.process_time(), seed == 0 and name in ("fashion", "long")
    if method in ("frozen", "hebb", "backprop"):
        net = without_dendrites(net)
    watch = Watch(data, rule, method == "backprop", setting, keep, [], {}, [])
    watch(0, net)
    order = np.random.default_rng([seed, 1]).choice(len(data.x) - setting.held, setting.samples, replace=False)
    x, y = data.x[order], data.y[order]
    if method == "backprop":
        after = descend(net, x, y, float(rate or setting.rates[method]), seed=seed, watch=watch, every=SEEN)
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
    if setting.kept:
        after.save(out / f"net-{name}-{method}-{seed}.npz")
    right, told = judged(after, data, setting)
    found: dict[str, Any] = {"accuracy": right, "readable": told}
    return found | {"curve": watch.curve, "angles": watch.angles, "seconds": time.process_time() - began}


def judged(net: DendriticNet, data: Images, setting: Setting) -> tuple[float, float]:
    """Shares of the first test images that the network, and a ridge readout of its last hidden layer, get right."""
    last, out = (f"{label}E" for label in net.sizes.labels[-2:])
    labels = data.test_y[: setting.tested]
    seen = features(net, data.test_x[: setting.tested], (last, out))
    learned = features(net, data.x[: setting.fitted], (last,))[last], data.y[: setting.fitted]
    right = float((seen[out].argmax(1) == labels).mean())
    return right, ridge_accuracy(learned, (seen[last], labels), 10)


def readout_run(method: str, seed: int, data: Images, out: Path) -> dict[str, Any]:
    """The best outputs for the hidden layers that `method` left in "long"; frozen ones are as they were at the start.

    accuracy: of the network itself with the output that fits its targets best under Dale's law; classes: of the best
    classifier under Dale's law; readable: of the ridge readout.
    """
    setting, began = SETTINGS["long"], time.process_time()
    if method == "frozen":
        net = initial(setting.sizes, seed, constants=setting.constants)
    else:
        net = load_dendritic_net(out / f"net-long-{method}-{seed}.npz")
    last, top = "OutputE_H2E", setting.constants.output.w_max
    (x, taken), (test_x, _) = (heard(net, d) for d in (data.x[:FITTED], data.test_x))
    y, test_y = data.y[:FITTED], data.test_y
    best = nonnegative(x, y, 10, "targets", inhibition=taken, w_max=top)
    classes = nonnegative(x, y, 10, "classes")
    fitted = replace(net, weights=dict(net.weights) | {last: best})
    return {
        "accuracy": accuracy(fitted, data.test_x, test_y),
        "classes": float(((test_x @ classes.T).argmax(1) == test_y).mean()),
        "readable": ridge_accuracy((x, y), (test_x, test_y), 10),
        "seconds": time.process_time() - began,
    }


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
        for key in ("accuracy", "classes", "readable"):
            if all(key in run for run in found.values()):
                mean, half = interval([100 * run[key] for run in found.values()])
                told += f"  {key} {mean:5.1f} ± {half:4.1f} %"
        print(told)
    ahead(runs, "readout", "frozen")
    ahead(runs, "long", "early")
    for name, found in runs.items():
        for at in next(iter(found.values())).get("angles", {}):
            for kind in ("mean", "single"):
                named = [run["angles"][at][kind] for run in found.values()]
                known = {m: [a[m] for a in named if not math.isnan(a[m])] for m in named[0]}
                told = "  ".join(f"{m} {np.mean(v):5.1f}" if v else f"{m}     -" for m, v in known.items())
                print(f"{name:22} {int(at):6,} samples, angle of {kind}: {told}")
    RESULTS.write_text(json.dumps(runs, separators=(",", ":")) + "\n")


def ahead(runs: Runs, setting: str, base: str) -> None:
    """Points by which methods are ahead of `base`, in pairs of the same seed: mean and 95 % interval."""
    start = runs.get(f"{setting}-{base}", {})
    for name, found in runs.items():
        both = [seed for seed in found if seed in start]
        if name.startswith(f"{setting}-") and name != f"{setting}-{base}" and both:
            told = f"{name:22} ahead of {base}, {len(both)} pairs"
            for key in ("accuracy", "classes", "readable"):
                if all(key in found[seed] for seed in both):
                    mean, half = interval([100 * (found[seed][key] - start[seed][key]) for seed in both])
                    told += f"  {key} {mean:+5.1f} ± {half:4.1f}"
            print(told)


def main() -> None:
    """One subcommand."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("digits", *SETTINGS, "readout", "summary", "picture"))
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--data", type=Path, default=DEBIAN)
    parser.add_argument("--out", type=Path, default=Path("build/btsp"))
    arguments = parser.parse_args()
    if arguments.what == "summary":
        return summary(arguments.out)
    if arguments.what == "picture":
        draw_curves(gathered(arguments.out), arguments.out, IMAGES / "btsp_layers.png", setting="long", rows=DRAWN)
        draw_features(arguments.out, IMAGES / "btsp_features_compared.png")  # `fashion`: beside Hebb, backpropagation
        return draw_features(arguments.out, IMAGES / "btsp_features.png", setting="long", rows=DRAWN)
    name, out = arguments.what, arguments.out
    data = None if name == "digits" else fashion_mnist(arguments.data)
    known = {"digits": ("published", "gated", "local", "frozen"), "readout": READABLE}
    known |= {setting: SETTINGS[setting].methods for setting in SETTINGS}
    for seed in arguments.seeds:
        for method in arguments.methods or known[name]:
            if data is None:
                done(out, name, method, seed, lambda m=method, s=seed: digits_run(m, s))  # type: ignore[misc]
            elif name == "readout":
                done(out, name, method, seed, lambda m=method, s=seed, d=data: readout_run(m, s, d, out))  # type: ignore[misc]
            else:
                run = lambda m=method, s=seed, d=data: fashion_run(name, m, s, d, out)  # noqa: E731
                done(out, name, method, seed, run)
    return None


if __name__ == "__main__":
    main()
