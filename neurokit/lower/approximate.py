"""A Program by the parts that a target has, as near as they come."""

from __future__ import annotations

from dataclasses import dataclass, replace

from neurokit.errors import CompileError, Fault
from neurokit.graph.network import Program
from neurokit.lower.expand import expand
from neurokit.lower.targets import Gap, target_gaps, targets_of

ROUNDS = 8  # a part may lack something in its turn, such as a threshold that is a multiple of 64


@dataclass(frozen=True)
class Replaced:
    """One thing that a target lacks and a part of it stands for. words: what stands for it. exact: see `stock`."""

    fault: Fault
    words: str
    exact: bool

    def __str__(self) -> str:
        how = ", exactly" if self.exact else ""
        return f"'{self.fault.node}': {self.fault.fact}; instead: {self.words}{how}"


@dataclass(frozen=True, eq=False)
class Approximated:
    """program: None where something is left that no part comes near. replaced: what was, in order. left: the rest."""

    program: Program | None
    replaced: tuple[Replaced, ...]
    left: tuple[Fault, ...]


def approximated(program: Program, target: str) -> Approximated:
    """`program` by stock parts of `target`; the very Program where it has everything."""
    replaced: list[Replaced] = []
    left: dict[str, Fault] = {}
    for turn in range(ROUNDS):
        gaps = [gap for gap in target_gaps(program, target) if str(gap.fault) not in left]
        able = [gap for gap in gaps if gap.stock is not None and turn < ROUNDS - 1]
        left |= {str(gap.fault): gap.fault for gap in gaps if gap not in able}
        if not able:
            break
        program, done, failed = _without(program, able)
        replaced += done
        left |= {str(fault): fault for fault in failed}
    faults = tuple(left.values())
    made = None if faults else replace(program, targets=targets_of(program)) if replaced else program
    return Approximated(made, tuple(replaced), faults)


def _without(program: Program, gaps: list[Gap]) -> tuple[Program, list[Replaced], list[Fault]]:
    """One round: neurons are changed, projections written out."""
    done, failed, names = [], [], []
    populations = dict(program.populations)
    for gap in gaps:
        assert gap.stock is not None, "the caller chose them"
        node = gap.fault.node
        if gap.stock.change is None:
            names.append(node)
        else:
            populations[node] = replace(populations[node], neuron=gap.stock.change(populations[node].neuron))
        done.append(Replaced(gap.fault, gap.stock.words, gap.stock.exact))
    changed = replace(program, populations=populations, outputs={n: populations[n] for n in program.outputs})
    if names:
        try:
            changed = expand(changed, *dict.fromkeys(names))
        except CompileError as error:
            failed = [*(gap.fault for gap in gaps if gap.fault.node in names), *error.faults]
            done = [row for row in done if row.fault.node not in names]
    return changed, done, failed
