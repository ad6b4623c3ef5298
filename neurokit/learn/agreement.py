"""How far one weight change agrees with another, and the results of a sweep as table, JSON and picture."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, OutputError
from neurokit.files import written_aside

NEGLIGIBLE = 1e-3  # of the largest float change, below which a synapse's sign means nothing


@dataclass(frozen=True)
class Agreement:
    """A weight change beside its reference, over the synapses of a block.

    cosine: of the angle between them, NaN where either is zero. scale: <change, reference> / |reference|**2: 1 is the
    right size. sign: share of equal signs among synapses whose reference is not negligible. size: |change| /
    |reference|. moved: share of synapses that have changed at all.
    """

    cosine: float
    scale: float
    sign: float
    size: float
    moved: float


def agreement(change: NDArray[np.float64], reference: NDArray[np.float64]) -> Agreement:
    """Of two changes of the same synapses, of any shape."""
    change, reference = np.ravel(change), np.ravel(reference)
    norms = float(np.linalg.norm(change)), float(np.linalg.norm(reference))
    inner = float(change @ reference)
    counted = np.abs(reference) > NEGLIGIBLE * np.abs(reference).max(initial=0.0)
    return Agreement(
        cosine=inner / norms[0] / norms[1] if all(norms) else float("nan"),
        scale=inner / norms[1] ** 2 if norms[1] else float("nan"),
        sign=float((np.sign(change) == np.sign(reference))[counted].mean()) if counted.any() else float("nan"),
        size=norms[0] / norms[1] if norms[1] else float("nan"),
        moved=float((change != 0).mean()) if change.size else float("nan"),
    )


def rms(values: NDArray[np.float64]) -> float:
    """Root mean square, 0 of nothing."""
    return float(np.sqrt(np.mean(np.square(values)))) if np.size(values) else 0.0


@dataclass(frozen=True)
class Setting:
    """What the chip's learning engine was given.

    weight_bits: of weights (the sign not counted), at most 8. trace_bits: of traces and signals, at most 7. epoch:
    steps from one evaluation to the next. arithmetic: "lava" or "repaired", see `FixedRule`.
    """

    weight_bits: int = 8
    trace_bits: int = 7
    epoch: int = 1
    arithmetic: str = "repaired"

    def __str__(self) -> str:
        return f"w{self.weight_bits} t{self.trace_bits} epoch {self.epoch} {self.arithmetic}"


@dataclass(frozen=True)
class Measured:
    """One block of one run on the learning engine. block: "all", or the time block k as "k/n".

    driven: "float" where the engine saw the spikes and signals of the float network, so that only the engine differs;
    "own" where the whole network ran in integers. railed: share of weights that ended at a bound of the engine. units:
    root mean square of the float change in units of the engine's weights: changes of few units come out by chance.
    """

    projection: str
    block: str
    driven: str
    setting: Setting
    agreement: Agreement
    railed: float
    units: float


AXES = (
    ("weight_bits", "weight bits"),
    ("trace_bits", "trace bits"),
    ("epoch", "epoch length (steps)"),
    ("arithmetic", "rounding"),
)


@dataclass(frozen=True)
class Fidelity:
    """Results of `nk.fidelity`. base: the setting from which one number at a time was changed.

    notes: what lowering said, by projection. refused: settings that cannot be had, each with the reason.
    """

    rule: str
    base: Setting
    rows: tuple[Measured, ...]
    notes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def at(self, projection: str, driven: str = "float", block: str = "all", **changed: Any) -> Agreement:
        """Of one projection and block at the base setting with some numbers changed; KeyError where it is not there."""
        wanted = replace(self.base, **changed)
        for row in self.rows:
            if (row.projection, row.driven, row.block, row.setting) == (projection, driven, block, wanted):
                return row.agreement
        raise KeyError(f"{projection}, {driven}, {block}, {wanted}")

    def __str__(self) -> str:
        head = "projection", "block", "spikes", "weights", "traces", "epoch", "rounding", "cosine", "scale", "signs"
        lines = [(*head, "moved", "railed", "units")]
        for row in self.rows:
            a, s = row.agreement, row.setting
            numbers = f"{a.cosine:.4f}", f"{a.scale:.3f}", f"{a.sign:.1%}", f"{a.moved:.1%}", f"{row.railed:.1%}"
            units = f"{row.units:.1f}"
            setting = f"{s.weight_bits} bit", f"{s.trace_bits} bit", str(s.epoch), s.arithmetic
            lines.append((row.projection, row.block, row.driven, *setting, *numbers, units))
        widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
        table = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines]
        title = f"'{self.rule}': weight changes of the learning engine beside those in floats"
        return "\n".join([title, *table, *self.notes, *(f"not possible: {text}" for text in self.refused)])

    def to_json(self) -> str:
        """All numbers; NaN as null."""
        plain = asdict(self)
        for row in plain["rows"]:
            row["agreement"] = {k: v if np.isfinite(v) else None for k, v in row["agreement"].items()}
        return json.dumps(plain, indent=1, allow_nan=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture (.png, .svg, .pdf), a page with picture and table (.html), the numbers (.json) or the table
        (.txt). OutputError for other endings and where it cannot be written."""
        from neurokit.learn.picture import page, picture  # matplotlib takes half a second

        suffix = Path(path).suffix.lower()
        if suffix in (".png", ".svg", ".pdf"):
            content = picture(self, suffix[1:])
        elif suffix in (".html", ".json", ".txt"):
            text = f"{self}\n" if suffix == ".txt" else page(self) if suffix == ".html" else self.to_json()
            content = text.encode()
        else:
            limit, mend = "it is .png, .svg, .pdf, .html, .json or .txt", "Name a file of that kind."
            raise OutputError(Fault(str(path), f"ends in '{suffix}'", limit, mend))
        with written_aside(path) as aside:
            aside.write_bytes(content)


def swept(rows: Sequence[Measured], base: Setting, axis: str) -> dict[tuple[str, str], list[tuple[Any, Agreement]]]:
    """Of whole runs, by projection and what drove it: values of one axis, all else as in `base`, with the agreement."""
    found: dict[tuple[str, str], list[tuple[Any, Agreement]]] = {}
    for row in rows:
        value = getattr(row.setting, axis)
        if row.block == "all" and row.setting == replace(base, **{axis: value}):
            found.setdefault((row.projection, row.driven), []).append((value, row.agreement))
    return {key: sorted(points, key=lambda point: str(point[0])) for key, points in found.items()}
