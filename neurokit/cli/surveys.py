"""What `neurokit inspect` tells of a source, as text and as facts for JSON."""

from __future__ import annotations

from typing import Any

import neurokit as nk
from neurokit.cli.screen import fault_words, say, say_table
from neurokit.cli.texts import graph_facts, tell_graph, tell_targets
from neurokit.converters.survey import APPROXIMATED, Survey
from neurokit.profiling.report import percent

NODES_SHOWN = 60
VERB = "inspect"


def survey_facts(survey: Survey) -> dict[str, Any]:
    """For JSON: the survey, what the source becomes, and how far behind the input each population is in integers."""
    network = None if survey.network is None else graph_facts(survey.network)
    program = None
    if survey.program is not None:
        program = {"latency": dict(survey.program.latency), "targets": ["simulator", *survey.program.targets]}
    return {**survey.to_dict(), "network": network, "program": program}


def tell_survey(survey: Survey) -> None:
    """Nodes, what is wrong with them, what must be passed, conventions, and what the source becomes."""
    count = len(survey.findings)
    nodes = f"{count:,} node{'' if count == 1 else 's'}, {survey.parameters:,} parameters, " if count else ""
    fine = f"{percent(survey.share) if count else 'nothing'} supported"
    say(f"{survey.source}: {nodes}{fine if survey.tried else 'not tried: something must be passed first'}")
    rows = []
    for finding in survey.findings[:NODES_SHOWN]:
        piece = finding.piece
        shape = "" if piece.shape is None else "×".join(map(str, piece.shape))
        held = f"{piece.parameters:,}" if piece.parameters else ""
        rows.append((piece.name, piece.kind, shape, finding.status, held))
    if rows:
        say_table(("node", "kind", "shape", "status", "parameters"), rows, left=4)
    if count > NODES_SHOWN:
        say(f"and {count - NODES_SHOWN:,} more nodes: --json lists all")
    _tell_findings(survey)
    for need in survey.needs:
        say(f"to be passed: {fault_words(need, verb=VERB)}")
    for what, words in survey.facts:
        say(f"{what}: {words}")
    for remark in survey.remarks:
        say(f"note: {remark}")
    _tell_graph(survey)


def _tell_findings(survey: Survey) -> None:
    alike: dict[str, list[str]] = {}
    for finding in survey.findings:
        if finding.status == APPROXIMATED:
            for words in finding.how:
                alike.setdefault(f"approximated: {words}", []).append(finding.piece.name)
        for fault in finding.faults:
            alike.setdefault(f"unsupported: {fault_words(fault, named=False, verb=VERB)}", []).append(
                finding.piece.name
            )
    for words, names in alike.items():
        shown = ", ".join(f"'{name}'" for name in names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        say(f"{shown}: {words}")
    for fault in survey.faults:
        say(f"fault: {fault_words(fault, verb=VERB)}")


def _tell_graph(survey: Survey) -> None:
    if survey.network is None:
        return
    taken = ", ".join(f"{name}={value!r}" for name, value in survey.stood_in)
    say(f"\nwith {taken} standing in for what must be passed:" if taken else "")
    tell_graph(survey.network)
    if survey.program is not None and isinstance(survey.network, nk.Network):
        most = max(survey.program.latency.values(), default=0)
        say(f"in integers (8 bits) it answers {most} step{'' if most == 1 else 's'} after its input")
        tell_targets(survey.program)
