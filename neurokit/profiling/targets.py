"""What each target has of a Program, what stands for the rest, and how much of its decisions that leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neurokit.errors import Fault
from neurokit.graph.network import Program
from neurokit.lower.approximate import Replaced
from neurokit.profiling.decisions import Decision


@dataclass(frozen=True, eq=False)
class TargetRow:
    """One target.

    accepts: whether it takes the Program as it is. program: what it would run, the Program itself or by stock parts;
    None where `left` names what no part comes near. replaced: what stands for what it lacks.
    decisions: of what it would run, at each output of several neurons; agreement is with the Program. spikes: of its
    outputs, differing: those of `compared` values that are not the Program's. All None or empty without inputs.
    """

    target: str
    accepts: bool
    program: Program | None
    replaced: tuple[Replaced, ...]
    left: tuple[Fault, ...]
    decisions: tuple[Decision, ...] = ()
    compared: int | None = None
    differing: int | None = None

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.accepts:
            return "as it is"
        if self.program is None:
            return "not"
        return "exactly, by other parts" if all(row.exact for row in self.replaced) else "approximately"

    @property
    def results(self) -> list[str]:
        """What was measured, in words."""
        found = []
        for d in self.decisions:
            correct = "" if d.accuracy is None else f"{d.accuracy:.2%} correct, "
            found.append(f"'{d.output}' by {d.basis}: {correct}{d.agreement:.2%} as the Program, {d.samples} samples")
        if self.compared:
            found.append(f"{self.differing:,} of {self.compared:,} values of outputs differ")
        return found

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "target": self.target,
            "accepts": self.accepts,
            "state": self.state,
            "replaced": [{**vars(r.fault), "words": r.words, "exact": r.exact} for r in self.replaced],
            "left": [vars(fault) for fault in self.left],
            "decisions": [vars(decision) for decision in self.decisions],
            "compared": self.compared,
            "differing": self.differing,
            "results": self.results,
        }


@dataclass(frozen=True, eq=False)
class Targets:
    """A row a target; see `nk.targets`. samples, steps: of the run they were compared in, None without inputs."""

    rows: tuple[TargetRow, ...]
    samples: int | None = None
    steps: int | None = None

    def __getitem__(self, target: str) -> TargetRow:
        """The row of a target; KeyError where there is none."""
        found = {row.target: row for row in self.rows}
        return found[target]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"samples": self.samples, "steps": self.steps, "rows": [row.to_dict() for row in self.rows]}

    def __str__(self) -> str:
        """A line a target, and below what it lacks, what stands for it, and what was measured."""
        lines = []
        for row in self.rows:
            lines.append(f"{row.target}: {row.state}")
            lines += [f"  {replaced}" for replaced in row.replaced]
            lines += [f"  no stock part: {fault}" for fault in row.left]
            lines += [f"  {words}" for words in row.results]
        return "\n".join(lines)
