"""The growth curves as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes

MEASURED, FITTED, GREY = "#1f5f8b", "#d9822b", "#7a7a7a"


def draw_growth(part: dict[str, Any], path: Path) -> None:
    """Time over synaptic events for each kind of synapse, over the fan-out of silent neurons, and memory."""
    figure = pyplot.figure(figsize=(9.5, 5.6), layout="constrained")
    grid = figure.add_gridspec(2, 6)
    axes = [figure.add_subplot(grid[0, 2 * k : 2 * k + 2]) for k in range(3)]
    axes += [figure.add_subplot(grid[1, :3]), figure.add_subplot(grid[1, 3:])]
    for axis, curve in zip(axes[:3], part["curves"], strict=True):
        _curve(axis, curve)
    _silent(axes[3], part["silent"])
    _memory(axes[4], part)
    for axis in (axes[0], axes[3]):
        axis.set_ylabel("µs a step", fontsize=8)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    pyplot.close(figure)


def _curve(axis: Axes, curve: dict[str, Any]) -> None:
    thousands = [operations / 1e3 for operations in curve["operations"]]
    cut = curve["linear_points"]
    axis.plot(thousands, curve["us"], "o", color=MEASURED, markersize=4)
    words = []
    if curve["r2"] is not None:
        ends = [thousands[0], thousands[cut - 1]]
        axis.plot(ends, [curve["base_us"] + curve["slope_ns"] * x for x in ends], color=FITTED, linewidth=1.5)
        words.append(f"line: R² {curve['r2']:.3f}")
    if curve["flat"] is not None:
        level = sum(curve["us"][cut:]) / len(curve["us"][cut:])
        axis.plot([thousands[cut], thousands[-1]], [level, level], "--", color=FITTED, linewidth=1.5)
        start = f"from {100 * curve['activities'][cut]:.0f} % " if cut else ""
        words.append(f"{start}flat within {100 * (curve['flat'] - 1):.0f} %")
    axis.set_title(curve["name"], fontsize=9)
    axis.text(0.97, 0.05, "\n".join(words), transform=axis.transAxes, fontsize=8, ha="right", color=GREY)
    axis.set_xlabel("1000 synaptic events a step", fontsize=8)
    axis.set_xlim(left=0)
    axis.set_ylim(0, 1.1 * max(curve["us"]))


def _silent(axis: Axes, silent: dict[str, Any]) -> None:
    axis.plot(silent["fan_outs"], silent["us"], "o-", color=MEASURED, markersize=4, linewidth=1)
    axis.set_ylim(0, 1.6 * max(silent["us"]))
    axis.set_title("silent neurons", fontsize=9)
    axis.set_xlabel("synapses of each of 1900 silent sources", fontsize=8)
    axis.text(
        0.97,
        0.05,
        f"flat within {100 * (silent['flat'] - 1):.0f} %",
        transform=axis.transAxes,
        fontsize=8,
        ha="right",
        color=GREY,
    )


def _memory(axis: Axes, part: dict[str, Any]) -> None:
    rows = part["memory"]
    names = [_words(row) for row in rows]
    ratios = [row["ratio"] for row in rows]
    axis.barh(names, ratios, color=MEASURED, height=0.6)
    axis.axvline(part["memory_asked"], color=FITTED, linewidth=1.5)
    for place, ratio in enumerate(ratios):
        text = f" {ratio:.2f}"
        axis.text(max(ratio, part["memory_asked"]), place, text, va="center", fontsize=8, color=GREY)
    axis.set_xlim(0, 1.2 * max(*ratios, part["memory_asked"]))
    axis.invert_yaxis()
    axis.set_title("memory of a run", fontsize=9)
    axis.set_xlabel(f"times weights + states (line: {part['memory_asked']:g})", fontsize=8)


def _words(row: dict[str, Any]) -> str:
    neurons = row["neurons"]
    written = f"{neurons / 1e6:.2g} M" if neurons >= 1e6 else f"{neurons / 1e3:.3g} k"
    return f"{row['kind']} {written}"
