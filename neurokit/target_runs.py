"""`nk.targets`: which targets take a Program, and what is left of it where they do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from neurokit import api
from neurokit.arguments import Inputs, check_inputs, check_steps
from neurokit.errors import Fault, InputError
from neurokit.graph.check import check_program, need_program
from neurokit.graph.fingerprint import fingerprint
from neurokit.graph.network import Program
from neurokit.lower.approximate import approximated
from neurokit.lower.targets import TARGETS, input_faults, target_gaps
from neurokit.profiling.decisions import decide
from neurokit.profiling.targets import TargetRow, Targets
from neurokit.records import Recording


def targets(
    program: Program,
    inputs: Inputs | None = None,
    labels: ArrayLike | None = None,
    *,
    steps: int | None = None,
    only: Sequence[str] = TARGETS,
) -> Targets:
    """What each target has of `program`, what stands for the rest, and with inputs how well.

    Where a target lacks a part, the stock parts that come nearest stand for it (a reset to zero for one by
    subtraction, listed synapses for a resized convolution); what nothing stands for is named with the reason. With
    inputs, the Program and each approximation run in the simulator: accuracies by `labels` (one class a sample),
    agreement with the Program's own decisions, and how many values of the outputs differ. Numbers other than 0 and 1
    are then among what loihi1 lacks; without inputs nothing tells of them.
    inputs, steps: as for `nk.run`; the run is longer by the Program's latency. only: targets to look at.
    Raises InputError (inputs, labels, unknown targets) and GraphError (an unsound Program).
    """
    check_program(need_program(program))
    unknown = [target for target in only if target not in TARGETS]
    if unknown:
        raise InputError(
            [Fault("only", f"'{t}' is unknown", f"known: {', '.join(TARGETS)}", "Name them.") for t in unknown]
        )
    if inputs is None:
        if labels is not None:
            mend = "Pass inputs=, too."
            raise InputError(Fault("labels", "are there without inputs", "decisions are made in a run", mend))
        return Targets(tuple(_row(program, target) for target in only))
    arrays, _ = check_inputs(program, inputs)
    length = check_steps(arrays, steps) + max(program.latency.values(), default=0)
    rows = [_row(program, target, input_faults(program, arrays, target)) for target in only]
    if labels is None and not any(row.program is not None and row.replaced for row in rows):
        return Targets(tuple(rows))  # nothing is to be compared
    ran = {fingerprint(program): api.run(program, arrays, length)}
    own = next(iter(ran.values()))
    decide({"program": own}, labels)  # labels that do not fit are told before anything else runs
    for k, row in enumerate(rows):
        if row.program is not None:
            key = fingerprint(row.program)
            if key not in ran:
                ran[key] = api.run(row.program, arrays, length)
            rows[k] = _compared(row, own, ran[key], labels)
    return Targets(tuple(rows), own.batch or 1, length)


def _row(program: Program, target: str, entering: Sequence[Fault] = ()) -> TargetRow:
    """entering: what of the inputs the target does not take, whatever its parts."""
    found = approximated(program, target)
    accepts = not target_gaps(program, target) and not entering
    made = None if entering else found.program
    return TargetRow(target, accepts, made, found.replaced, (*found.left, *entering))


def _compared(row: TargetRow, own: Recording, other: Recording, labels: ArrayLike | None) -> TargetRow:
    decisions = tuple(d for d in decide({"program": own, row.target: other}, labels) if d.stage == row.target)
    pairs = [(own.spikes[name], other.spikes[name]) for name in own.program.outputs]
    pairs += [(own.states[key], other.states[key]) for key in own.states]
    compared = sum(one.size for one, _ in pairs)
    differing = sum(int(np.count_nonzero(np.asarray(one) != np.asarray(two))) for one, two in pairs)
    return TargetRow(
        row.target, row.accepts, row.program, row.replaced, row.left, decisions, compared=compared, differing=differing
    )
