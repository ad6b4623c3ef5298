"""Pictures of layers that learn: accuracy, angles, weights over samples; receptive fields before and after."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Runs = Mapping[str, Mapping[str, Mapping[str, Any]]]
COLOURS = {
    "published": "#1f5fa8",
    "gated": "#3aa0c8",
    "local": "#7a5ab5",
    "hebb": "#c2571a",
    "frozen": "#888888",
    "early": "#d4a017",
    "backprop": "#2b8a3e",
}
NAMES = {"published": "BTSP, published", "gated": "BTSP, gated", "local": "local error", "hebb": "Hebb"}
NAMES |= {"frozen": "hidden layers frozen", "early": "frozen after a tenth"}
LAYERS = ("layer 1", "layer 2", "output")
ROWS = ("published", "hebb", "backprop")


def draw_curves(
    runs: Runs, folder: Path, path: Path, *, setting: str = "fashion", rows: tuple[str, ...] = ROWS
) -> None:
    """Accuracy, what other outputs get, angles to the gradient, and weights of seed 0 of three methods, the `rows`.

    folder: of the runs. setting: of which the runs are named "<setting>-<method>"; the best outputs are of "readout".
    """
    figure = Figure(figsize=(13, 10.5), layout="constrained")
    grid = figure.subplots(3, 3)
    _accuracy(grid[0, 0], runs, setting)
    _readable(grid[0, 1], runs, setting)
    _angles_of_feedback(grid[0, 2], runs)
    for k, axes in enumerate(grid[1]):
        _angles(axes, runs, setting, k)
    for axes, method in zip(grid[2], rows, strict=True):
        _weights(axes, folder / f"layers-{setting}-{method}-0.npz", method)
    grid[0, 0].legend(fontsize="small", frameon=False)
    for axes in grid.flat:
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Fashion-MNIST: mean over seeds (in brackets how many), shaded 95 % interval; weights of seed 0")
    _write(figure, path)


def _accuracy(axes: Axes, runs: Runs, setting: str) -> None:
    for method, colour in COLOURS.items():
        found = runs.get(f"{setting}-{method}", {})
        if not found:
            continue
        samples = [point[0] for point in next(iter(found.values()))["curve"]]
        values = 100 * np.array([[point[1] for point in run["curve"]] for run in found.values()])
        _band(axes, samples, values, colour, f"{NAMES.get(method, method)} ({len(found)})")
    axes.set(xlabel="training images", ylabel="validation images right (%)", ylim=(0, 85), title="784-500-500-10")


def _readable(axes: Axes, runs: Runs, setting: str) -> None:
    """Bars, dark to pale: the network's own accuracy, that of the best outputs, of a classifier, of a ridge readout."""
    methods = [m for m in COLOURS if f"{setting}-{m}" in runs or f"readout-{m}" in runs]
    shown = (("own", "accuracy"), ("best", "accuracy"), ("best", "classes"), ("best", "readable"))
    for bar, (kind, key) in enumerate(shown):
        for k, method in enumerate(methods):
            own, best = (runs.get(f"{name}-{method}", {}) for name in (setting, "readout"))
            seeds = own if kind == "own" or (key == "readable" and not best) else best
            values = 100 * np.array([run[key] for run in seeds.values()])
            if len(values):
                at = k + 0.2 * (bar - 1.5)
                axes.bar(at, values.mean(), 0.19, color=COLOURS[method], alpha=(1.0, 0.65, 0.4, 0.2)[bar])
                axes.plot([at] * len(values), values, ".", color="black", markersize=2)
    axes.set_xticks(range(len(methods)), methods, rotation=30, fontsize="small")
    axes.set(ylabel="test images right (%)", ylim=(0, 90))
    axes.set_title("network; best output; classifier; ridge (dark to pale)", fontsize="medium")


def _band(axes: Axes, samples: list[int], values: Any, colour: str, name: str) -> None:
    """Mean over the first axis, the seeds, and its 95 % interval if there are three."""
    from scipy.stats import t as student  # slow to import

    mean = values.mean(0)
    axes.plot(samples, mean, color=colour, label=name)
    if len(values) > 2:
        half = student.ppf(0.975, len(values) - 1) * values.std(0, ddof=1) / np.sqrt(len(values))
        axes.fill_between(samples, mean - half, mean + half, color=colour, alpha=0.15, linewidth=0)


def _angles(axes: Axes, runs: Runs, setting: str, layer: int) -> None:
    for method in ("published", "gated", "local"):
        for kind, style in (("mean", "-"), ("single", ":")):
            samples, values = _angle_of(runs, f"{setting}-{method}", layer, kind)
            if samples:
                label = f"{NAMES[method]}, {'all images' if kind == 'mean' else 'one image'}"
                axes.plot(samples, values, style, marker="o", markersize=3, color=COLOURS[method], label=label)
    axes.axhline(90, color="#bbbbbb", linewidth=0.8)
    axes.set(xlabel="training images", ylabel="angle to steepest descent (°)", ylim=(0, 150))
    axes.set_title(f"784-500-500-10, {LAYERS[layer]}")
    if layer == 0:
        axes.legend(fontsize="x-small", frameon=False, ncols=2, loc="lower left")


def _angle_of(runs: Runs, name: str, layer: int, kind: str) -> tuple[list[int], list[float]]:
    found = list(runs.get(name, {}).values())
    if not found:
        return [], []
    at = list(found[0]["angles"])
    values = np.array([[list(run["angles"][k][kind].values())[layer] for k in at] for run in found], float)
    means = [float(column[~np.isnan(column)].mean()) if (column == column).any() else np.nan for column in values.T]
    return [int(k) for k in at], means


def _angles_of_feedback(axes: Axes, runs: Runs) -> None:
    names = {"transposed": "fashion-published", "random": "feedback-random", "learned": "feedback-learned"}
    for (feedback, name), colour in zip(names.items(), ("#1f5fa8", "#c2571a", "#2b8a3e"), strict=True):
        for layer, style in ((0, ":"), (1, "-")):
            samples, values = _angle_of(runs, name, layer, "mean")
            if samples:
                axes.plot(samples, values, style, color=colour, label=f"{feedback}, {LAYERS[layer]}")
    axes.axhline(90, color="#bbbbbb", linewidth=0.8)
    axes.set(xlabel="training images", ylabel="angle to steepest descent (°)", ylim=(0, 150))
    axes.set_title("784-500-500-10: feedback")
    axes.legend(fontsize="x-small", frameon=False, ncols=2)


def _weights(axes: Axes, path: Path, method: str) -> None:
    if not path.exists():
        return
    with np.load(path, allow_pickle=False) as kept:
        weights = kept["weights"]  # (points, layers, weights)
    for k, colour in enumerate(("#1f5fa8", "#c2571a", "#2b8a3e")):
        for j in range(weights.shape[2]):
            label = LAYERS[k] if j == 0 else None
            axes.plot(np.arange(len(weights)) * 0.1, weights[:, k, j], color=colour, linewidth=0.8, label=label)
    axes.set(
        xlabel="thousand training images", ylabel="weight", title=f"12 weights of a layer: {NAMES.get(method, method)}"
    )
    axes.legend(fontsize="small", frameon=False)


def draw_features(folder: Path, path: Path, *, setting: str = "fashion", rows: tuple[str, ...] = ROWS) -> None:
    """Receptive fields of the first 12 neurons of layer 1 (seed 0), for each of `rows`: before, after, change."""
    figure = Figure(figsize=(12, 1.1 * (1 + 2 * len(rows)) + 0.5), layout="constrained")
    grid = figure.subplots(1 + 2 * len(rows), 12)
    for at, method in enumerate(rows):
        with np.load(folder / f"layers-{setting}-{method}-0.npz", allow_pickle=False) as kept:
            before, after = kept["before"], kept["after"]
        if at == 0:
            _fields(grid[0], before, f"{NAMES.get(method, method)}: before", False)
        _fields(grid[1 + 2 * at], after, NAMES.get(method, method), False)
        _fields(grid[2 + 2 * at], after - before, "change", True)
    shades = "white 0; change: red up, blue down; each row has its own scale"
    figure.suptitle(f"Weights from the 28 x 28 pixels to 12 neurons of layer 1 (seed 0; {shades})")
    _write(figure, path)


def _fields(row: Any, weights: Any, name: str, signed: bool) -> None:
    top = max(float(np.abs(weights).max()), 1e-9)
    for axes, field in zip(row, weights, strict=True):
        limits = (-top, top) if signed else (0, top)
        axes.imshow(field.reshape(28, 28), cmap="RdBu_r" if signed else "Greys", vmin=limits[0], vmax=limits[1])
        axes.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize="small")


def _write(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
