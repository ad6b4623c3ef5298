"""The picture of a fidelity sweep: cosine, scale and signs over each number that was changed, and over time blocks."""

from __future__ import annotations

import base64
import html
import io
from typing import Any

from matplotlib.figure import Figure

from neurokit.learn.agreement import AXES, Fidelity, swept

ROWS = (("cosine", "cosine"), ("scale", "scale (1: right size)"), ("sign", "equal signs"))
STYLES = {"float": "-", "own": "--"}


def picture(fidelity: Fidelity, kind: str = "png") -> bytes:
    """The picture as a file of `kind` (png, svg or pdf)."""
    panels = [(axis, name) for axis, name in AXES if _counts(fidelity, axis)]
    blocks = sorted({row.block for row in fidelity.rows if row.block != "all"}, key=lambda b: int(b.split("/")[0]))
    columns = max(1, len(panels) + bool(blocks))
    figure = Figure(figsize=(1.5 + 3.0 * columns, 8.0), layout="constrained")
    axes = figure.subplots(len(ROWS), columns, squeeze=False, sharey="row")
    for column, (axis, name) in enumerate(panels):
        _sweep(fidelity, axes[:, column], axis, name)
    if blocks:
        _blocks(fidelity, axes[:, -1], blocks)
    for row, (_, name) in enumerate(ROWS):
        axes[row, 0].set_ylabel(name)
    lines, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside lower center", ncols=min(3, max(1, len(names))), fontsize="small")
    figure.suptitle(f"'{fidelity.rule}': weight changes on the learning engine beside floats ({fidelity.base})")
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=110)
    return file.getvalue()


def page(fidelity: Fidelity) -> str:
    """The picture and the table as one HTML page that needs nothing else."""
    image = base64.b64encode(picture(fidelity)).decode()
    title = html.escape(f"Fidelity of {fidelity.rule}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        "<style>body{font:15px system-ui;margin:2em;max-width:75em}pre{overflow-x:auto}img{max-width:100%}</style>"
        f'</head><body><h1>{title}</h1><img alt="cosine, scale and signs" src="data:image/png;base64,{image}">'
        f"<pre>{html.escape(str(fidelity))}</pre></body></html>\n"
    )


def _counts(fidelity: Fidelity, axis: str) -> bool:
    """Whether that number was changed."""
    return any(len(points) > 1 for points in swept(fidelity.rows, fidelity.base, axis).values())


def _sweep(fidelity: Fidelity, axes: Any, axis: str, name: str) -> None:
    for number, ((projection, driven), points) in enumerate(swept(fidelity.rows, fidelity.base, axis).items()):
        places = [str(value) for value, _ in points]
        for panel, (field, _) in zip(axes, ROWS, strict=True):
            values = [getattr(found, field) for _, found in points]
            label = f"{projection}, {'spikes of the float network' if driven == 'float' else 'all in integers'}"
            panel.plot(places, values, STYLES[driven], marker="o", color=f"C{number % 10}", label=label)
    _finish(axes, name)


def _blocks(fidelity: Fidelity, axes: Any, blocks: list[str]) -> None:
    keys = dict.fromkeys((row.projection, row.driven) for row in fidelity.rows)
    for number, (projection, driven) in enumerate(keys):
        found = {
            row.block: row.agreement
            for row in fidelity.rows
            if (row.projection, row.driven, row.setting) == (projection, driven, fidelity.base)
        }
        places = [block for block in blocks if block in found]
        for panel, (field, _) in zip(axes, ROWS, strict=True):
            values = [getattr(found[block], field) for block in places]
            panel.plot(places, values, STYLES[driven], marker="o", color=f"C{number % 10}")
    _finish(axes, "time block")


def _finish(axes: Any, name: str) -> None:
    for panel in axes:
        panel.grid(alpha=0.3)
        panel.margins(x=0.12)
    axes[1].axhline(1.0, color="grey", linewidth=0.8)
    axes[-1].set_xlabel(name)
