"""The picture of a placement: every chip's mesh with its loaded cores, and what each population takes."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch, Rectangle
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.files import written_aside
from neurokit.place.placement import Placement, plural
from neurokit.place.split import SYNAPTIC_MEMORY

KINDS = ("png", "svg", "pdf")
_MOST_CHIPS = 40  # drawn; the others are counted
_MOST_NAMED = 30  # populations with a bar of their own
_INK, _SOFT, _LINE, _FREE, _BAD = "#1d2329", "#5c6670", "#c9ced3", "#f3f4f5", "#a33a00"


def write_picture(placement: Placement, path: str | os.PathLike[str]) -> None:
    """Write `placement.picture(path)`."""
    page = Path(path)
    kind = page.suffix.lstrip(".").lower()
    if kind not in KINDS:
        limit = f"a picture is a {', '.join(f'.{known}' for known in KINDS)} file"
        raise InputError(Fault(str(page), f"has the suffix '{page.suffix}'", limit, "Use path='placement.png'."))
    with written_aside(page) as aside:
        aside.write_bytes(picture(placement, kind))


def picture(placement: Placement, kind: str = "png") -> bytes:
    """The picture as a file of `kind` (png, svg or pdf)."""
    shown = min(placement.chips, _MOST_CHIPS)
    across = next(n for n, most in ((1, 1), (2, 4), (3, 9), (4, 16), (8, _MOST_CHIPS)) if shown <= most)
    down = -(-shown // across)
    bars = min(len(placement.populations), _MOST_NAMED)
    side = {1: 6.4, 2: 4.6, 3: 3.4, 4: 2.8, 8: 1.7}[across]  # inches of a chip
    height = max(side * 0.56 * down + 0.3 * down, 0.27 * bars + 0.9)
    figure = Figure(figsize=(side * across + 5.6, height + 0.9), layout="constrained")
    chips, table = figure.subplots(1, 2, width_ratios=(side * across, 5.2))
    colours = _colours(placement)
    _mesh(chips, placement, colours, shown, across)
    _bars(table, placement, colours)
    title, *notes = placement.heading()
    faults = f"{plural('fault', len(placement.faults))}: it does not fit" if placement.faults else ""
    figure.suptitle(title, x=0.012, ha="left", fontsize=14, fontweight="bold", color=_INK)
    under = "\n".join(filter(None, [*notes, faults]))
    figure.supxlabel(under, x=0.012, ha="left", fontsize=9, color=_BAD if faults else _SOFT)
    file = io.BytesIO()
    metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    figure.savefig(file, format=kind, dpi=130, metadata=metadata, facecolor="white")
    return file.getvalue()


def _colours(placement: Placement) -> dict[str, Any]:
    """One a population: distinct ones for few, along a scale, in their order, for many."""
    names = list(placement.populations)
    if len(names) <= 10:
        return {name: colormaps["tab10"](number) for number, name in enumerate(names)}
    scale = colormaps["turbo"]
    return {name: scale(0.06 + 0.88 * number / (len(names) - 1)) for number, name in enumerate(names)}


def _corners(placement: Placement) -> tuple[NDArray[np.float64], float, float]:
    """Lower left corner of each core of a chip, (cores of the mesh, 2), and the width and height a chip takes."""
    chip = placement.chip
    columns, rows = chip.mesh
    inner = int(np.ceil(np.sqrt(chip.cores_per_tile)))
    core = np.arange(max(columns * rows * chip.cores_per_tile, chip.cores.value))
    router, within = np.divmod(core, chip.cores_per_tile)
    y, x = np.divmod(router, columns)
    tile = inner + 0.35
    corner = np.stack([x * tile + within % inner, -(y * tile + within // inner)], axis=1).astype(np.float64)
    return corner, columns * tile + 1.6, rows * tile + 2.6


def _mesh(axes: Any, placement: Placement, colours: dict[str, Any], shown: int, across: int) -> None:
    corner, wide, high = _corners(placement)
    usable = placement.chip.cores.value
    owner = np.concatenate([np.full(p.cores, n) for n, p in enumerate(placement.populations.values())])
    load = np.concatenate([np.max(list(p.loads().values()), axis=0) for p in placement.populations.values()])
    palette = list(colours.values())
    for number in range(shown):
        left, top = number % across * wide, -(number // across) * high
        here = np.flatnonzero(placement.places.chip == number)
        _panel(axes, left, top, corner)
        ground = [Rectangle((left + x, top + y), 0.88, 0.88) for x, y in corner]
        faces = [_FREE if core < usable else "#dfe2e5" for core in range(len(corner))]
        axes.add_collection(PatchCollection(ground, facecolor=faces, edgecolor=_LINE, linewidth=0.4))
        filled, pale = [], []
        for block in here:
            x, y = corner[placement.places.core[block]]
            pale.append(Rectangle((left + x, top + y), 0.88, 0.88))
            filled.append(Rectangle((left + x, top + y), 0.88, 0.88 * min(1.0, max(0.06, load[block]))))
        own = [palette[owner[block]] for block in here]
        axes.add_collection(PatchCollection(pale, facecolor=[(*c[:3], 0.22) for c in own], linewidth=0))
        axes.add_collection(PatchCollection(filled, facecolor=own, linewidth=0))
        text = f"chip {number + 1}: {len(here)} of {usable} cores"
        axes.text(left, top + 1.35, text, fontsize=9 if across <= 2 else 6.5, color=_INK, va="bottom")
    if placement.chips > shown:
        rest = f"... and {placement.chips - shown} more chips"
        axes.text(0, -math.ceil(shown / across) * high + 1.6, rest, fontsize=9, color=_SOFT, va="top")
    axes.set_xlim(-0.6, across * wide - 0.6)
    axes.set_ylim(-math.ceil(shown / across) * high + 1.2, 2.6)
    axes.set_aspect("equal")
    axes.axis("off")


def _panel(axes: Any, left: float, top: float, corner: NDArray[np.float64]) -> None:
    (right, _), (_, bottom) = corner.max(axis=0), corner.min(axis=0)
    box = FancyBboxPatch(
        (left, top + bottom),
        right + 0.88,
        0.88 - bottom,
        boxstyle="round,pad=0.35,rounding_size=0.3",
        facecolor="white",
        edgecolor=_SOFT,
        linewidth=0.8,
    )
    axes.add_patch(box)


def _bars(axes: Any, placement: Placement, colours: dict[str, Any]) -> None:
    """For each population how full its fullest core is of its tightest resource, and of synaptic memory."""
    populations = list(placement.populations.values())[:_MOST_NAMED]
    for row, placed in enumerate(populations):
        fullest = max(placed.uses, key=lambda use: use.utilisation)
        memory = next(use for use in placed.uses if use.resource == SYNAPTIC_MEMORY)
        colour = colours[placed.population]
        axes.barh(row, 1, height=0.62, color=_FREE, edgecolor=_LINE, linewidth=0.4)
        over = fullest.utilisation > 1
        axes.barh(row, min(1.0, fullest.utilisation), height=0.62, color=_BAD if over else colour)
        axes.plot([min(1.0, memory.utilisation)] * 2, [row - 0.31, row + 0.31], color=_INK, linewidth=1.2)
        text = f"{_share(fullest.utilisation)} {fullest.resource}"
        axes.text(1.03, row, text, va="center", fontsize=8, color=_BAD if over else _SOFT)
    names = [f"{p.population}  {plural('core', p.cores)}" for p in populations]
    axes.set_yticks(range(len(populations)), names, fontsize=8, color=_INK)
    axes.set_xlim(0, 1.75)
    axes.set_ylim(len(populations) - 0.4, -1.2)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    left_out = len(placement.populations) - len(populations)
    more = f" (and {left_out} more)" if left_out else ""
    axes.set_title(f"Fullest core of each population{more}", fontsize=9, color=_SOFT, loc="left")
    keys = [Patch(color=_SOFT, label="fullest resource"), Patch(color=_INK, label="line: synaptic memory")]
    axes.legend(handles=keys, fontsize=7, loc="upper right", frameon=False, ncols=2, handlelength=0.8, borderaxespad=0)


def _share(value: float) -> str:
    if value >= 10:
        return f"{value:,.0f} x"
    return "<1%" if 0 < value < 0.005 else f"{value:.0%}"
