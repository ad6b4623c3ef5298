"""What a conformance run found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["same", "differs", "refused", "failed", "absent"]

WHAT = ("spikes", "payloads", "u", "v", "counts")
SHOWN = 10  # cases told in full


@dataclass(frozen=True)
class Outcome:
    """One case on one backend.

    operators: models in it. compared, differing: values by what they are ("spikes", "payloads", a state, "counts").
    fired: spikes in all populations, so that silent networks do not pass for proofs.
    reason: where it first differs, why it was refused, what was raised, or which wheel is absent.
    """

    case: str
    operators: tuple[str, ...]
    status: Status
    compared: Mapping[str, int] = field(default_factory=dict)
    differing: Mapping[str, int] = field(default_factory=dict)
    fired: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Conformance:
    """All outcomes.

    operators: every model that a Program may hold. uncovered: those without a case, which fail the suite.
    """

    backend: str
    seed: int
    outcomes: tuple[Outcome, ...]
    operators: tuple[str, ...]
    uncovered: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Something was compared, nothing differs or failed, and the suite has a case for every model."""
        return self.count("same") > 0 and not self.count("differs") and not self.count("failed") and not self.uncovered

    def count(self, status: Status) -> int:
        """Cases that ended so."""
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def compared(self) -> dict[str, int]:
        """Values compared, by what they are."""
        return _sums(outcome.compared for outcome in self.outcomes)

    @property
    def differing(self) -> dict[str, int]:
        """Values that differ, by what they are."""
        return _sums(outcome.differing for outcome in self.outcomes)

    @property
    def covered(self) -> dict[str, dict[str, int]]:
        """Model -> cases that were compared, that differ or failed, and that were refused."""
        rows = {name: {"compared": 0, "wrong": 0, "refused": 0} for name in self.operators}
        for outcome in self.outcomes:
            for name in outcome.operators:
                row = rows.setdefault(name, {"compared": 0, "wrong": 0, "refused": 0})
                row["compared"] += outcome.status in ("same", "differs")
                row["wrong"] += outcome.status in ("differs", "failed")
                row["refused"] += outcome.status == "refused"
        return rows

    @property
    def refusals(self) -> dict[str, int]:
        """Reason -> cases, the most frequent first."""
        return dict(Counter(o.reason for o in self.outcomes if o.status == "refused").most_common())

    @property
    def wrong(self) -> tuple[Outcome, ...]:
        """Outcomes that differ or failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status in ("differs", "failed"))

    def to_dict(self) -> dict[str, Any]:
        """For JSON; cases in full only where something is wrong."""
        return {
            "ok": self.ok,
            "backend": self.backend,
            "seed": self.seed,
            "networks": len(self.outcomes),
            **{status: self.count(status) for status in ("same", "differs", "refused", "failed", "absent")},
            "fired": sum(outcome.fired for outcome in self.outcomes),
            "compared": self.compared,
            "differing": self.differing,
            "operators": self.covered,
            "uncovered": list(self.uncovered),
            "refusals": self.refusals,
            "wrong": [vars(outcome) for outcome in self.wrong],
        }

    def __str__(self) -> str:
        """Counts, a line a model, reasons of refusals, and the first cases that are wrong."""
        state = "conforms" if self.ok else "does NOT conform"
        fired = sum(outcome.fired for outcome in self.outcomes)
        lines = [
            f"{self.backend} {state}: {len(self.outcomes):,} networks, {self.count('same'):,} the same, "
            f"{self.count('differs'):,} different, {self.count('failed'):,} failed, {self.count('refused'):,} refused"
        ]
        values = [f"{self.compared[what]:,} {what} ({self.differing[what]:,} differ)" for what in self.compared]
        lines.append(f"  compared: {', '.join(values) or 'nothing'}; {fired:,} spikes fired")
        for name, row in self.covered.items():
            told = ", ".join(f"{number:,} {what}" for what, number in row.items() if number or what == "compared")
            lines.append(f"  {name}: {'NO CASE in the suite' if name in self.uncovered else told}")
        lines += [f"  refused {number:,} times: {reason}" for reason, number in self.refusals.items()]
        lines += [f"  {o.case}: absent: {o.reason}" for o in self.outcomes if o.status == "absent"]
        lines += [f"  {outcome.case}: {outcome.status}: {outcome.reason}" for outcome in self.wrong[:SHOWN]]
        if len(self.wrong) > SHOWN:
            lines.append(f"  and {len(self.wrong) - SHOWN:,} more")
        return "\n".join(lines)


def _sums(parts: Any) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(dict.fromkeys(part, 0))
        total.update(part)
    return {what: total[what] for what in sorted(total, key=_place)}


def _place(what: str) -> tuple[int, str]:
    return (WHAT.index(what) if what in WHAT else len(WHAT), what)
