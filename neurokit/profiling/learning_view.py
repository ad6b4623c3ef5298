"""What a report shows of learning: losses, alignment per block of weights, forgetting, and what learning costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from neurokit.errors import Fault, InputError
from neurokit.profiling.profile import Profile

Json = dict[str, Any]

MOST_POINTS = 400  # of a loss curve
MOST_STAGES = 6  # as many as the page has colours that can be told apart
WIDTH, HEIGHT = 600, 180  # of the curves' picture, in its own units


class Agrees(Protocol):
    """As `learn.agreement.Agreement`."""

    @property
    def cosine(self) -> float:
        """Of the angle between a change and its reference."""

    @property
    def scale(self) -> float:
        """Of the change along its reference."""


class Kept(Protocol):
    """Losses of a task, as `learn.sequential.Losses`."""

    @property
    def before(self) -> float:
        """Before anything was learned."""

    @property
    def after_a(self) -> float:
        """After the first task."""

    @property
    def after_b(self) -> float:
        """After the second task."""


class Hosted(Protocol):
    """What a host does for a network that learns, as `learn.btsp.on_chip.OnHost`."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def does(self) -> str:
        """What it does."""

    @property
    def why(self) -> str:
        """Why the chip does not."""

    @property
    def when(self) -> str:
        """How often."""

    @property
    def values(self) -> int:
        """Numbers that go between the host and the chip each time."""


class Interferes(Protocol):
    """As `learn.sequential.Interference`."""

    @property
    def a(self) -> Kept:
        """Losses of the first task."""

    @property
    def b(self) -> Kept:
        """Losses of the second task."""

    @property
    def forgetting(self) -> float:
        """What the second task added to the first one's loss."""

    @property
    def overlap(self) -> Mapping[str, float]:
        """Block -> cosine of the first task's gradient with the second one's change."""


@dataclass(frozen=True, eq=False)
class LearningView:
    """What learning did, to be shown.

    losses: stage ("float", "chip", ...) -> the loss after each iteration, at least one. alignment: comparison ("chip
    beside e-prop", "e-prop beside BPTT", ...) -> block -> agreement of weight changes, as `learn.chain.chain` gives
    it. interference: stage -> what a second task did to the first (`learn.sequential.interference`). iteration: what
    one is ("trial", "iteration of 64 trials"). notes: sentences to be told with them. host: steps of learning that a
    host does, which are then no part of what the chip does.
    Raises InputError for no losses, too many stages, and losses that are not finite.
    """

    losses: Mapping[str, Sequence[float]]
    alignment: Mapping[str, Mapping[str, Agrees]] = field(default_factory=dict)
    interference: Mapping[str, Interferes] = field(default_factory=dict)
    iteration: str = "iteration"
    notes: tuple[str, ...] = ()
    host: tuple[Hosted, ...] = ()

    def __post_init__(self) -> None:
        faults = []
        if not 1 <= len(self.losses) <= MOST_STAGES:
            limit = f"1 to {MOST_STAGES} curves can be told apart"
            faults.append(Fault("losses", f"has {len(self.losses)} stages", limit, "Give the stages that matter."))
        for stage, values in self.losses.items():
            if np.ndim(values) != 1 or not np.size(values) or not np.isfinite(values).all():
                fact = f"has shape {np.shape(values)}, or NaN"
                limit = "a finite number for each iteration is needed"
                faults.append(Fault(f"losses[{stage!r}]", fact, limit, "Cut the curve where training stopped."))
        if faults:
            raise InputError(faults)


def content(view: LearningView, profile: Profile | None) -> Json:
    """The section as plain data; energies are those of the profile's learning, where the chip has a number for it."""
    return {
        "iteration": view.iteration,
        "losses": _curves(view.losses),
        "size": [WIDTH, HEIGHT],
        "alignment": [_alignment(name, blocks) for name, blocks in view.alignment.items()],
        "blocks": list(dict.fromkeys(block for blocks in view.alignment.values() for block in blocks)),
        "interference": [_interference(stage, found) for stage, found in view.interference.items()],
        "energy": _energy(profile),
        "host": [
            {"name": h.name, "does": h.does, "why": h.why, "when": h.when, "values": int(h.values)} for h in view.host
        ],
        "notes": list(view.notes),
    }


def _curves(losses: Mapping[str, Sequence[float]]) -> list[Json]:
    """Each with a path on one pair of axes: all iterations across, 0 (or the least) to the largest loss upwards."""
    longest = max(len(values) for values in losses.values())
    low = min(0.0, min(min(values) for values in losses.values()))
    span = max(max(values) for values in losses.values()) - low or 1.0
    found = []
    for stage, values in losses.items():
        shown = np.unique(np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).round().astype(int))
        points = [
            f"{WIDTH * k / max(longest - 1, 1):.1f} {HEIGHT * (1 - (values[k] - low) / span):.1f}"
            for k in shown.tolist()
        ]
        first, last, least = float(values[0]), float(values[-1]), float(min(values))
        path = f"M{' L'.join(points)}"
        found.append(
            {"stage": stage, "iterations": len(values), "first": first, "last": last, "least": least, "path": path}
        )
    return found


def _alignment(name: str, blocks: Mapping[str, Agrees]) -> Json:
    cells = {block: {"cosine": _number(a.cosine), "scale": _number(a.scale)} for block, a in blocks.items()}
    return {"comparison": name, "blocks": cells}


def _interference(stage: str, found: Interferes) -> Json:
    return {
        "stage": stage,
        "a": [found.a.before, found.a.after_a, found.a.after_b],
        "b": [found.b.before, found.b.after_a, found.b.after_b],
        "forgetting": found.forgetting,
        "overlap": {block: _number(value) for block, value in found.overlap.items()},
    }


def _energy(profile: Profile | None) -> Json | None:
    """The learning part of a sample's energy, or why there is none."""
    if profile is None:
        return None
    parts = [part for part in profile.energy.parts if part.name == "learning"]
    notes = [note for note in profile.caveats if note.startswith("Learning")]
    if not parts and not notes:
        return None
    return {"part": parts[0].to_dict() if parts else None, "notes": notes, "chip": profile.chip.title}


def _number(value: float) -> float | None:
    """NaN as None: JSON has none."""
    return float(value) if np.isfinite(value) else None
