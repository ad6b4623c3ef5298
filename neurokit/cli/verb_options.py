"""Options that one verb alone has: those of `conformance`, then those of `learn`."""

from __future__ import annotations

from typing import Annotated

import typer

AnyBackend = Annotated[
    str,
    typer.Option(
        "--backend",
        help="simulator, lava, lava-inprocess, or module:attribute of a backend of your own.",
        metavar="NAME",
    ),
]
Networks = Annotated[int, typer.Option(metavar="N", min=0, help="Random networks to run.")]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Which series of random networks.")]
Start = Annotated[
    int, typer.Option(metavar="N", min=0, help="The first network of the series: go on where a run ended.")
]
Edges = Annotated[bool, typer.Option(help="Run the fixed cases too: every model at the ends of its ranges.")]
Truths = Annotated[
    bool, typer.Option(help="Compare with the recordings of the lava-dl wheel too, where it is installed.")
]

LEARNING = "What learns"
RuleName = Annotated[
    str | None,
    typer.Option("--rule", rich_help_panel=LEARNING, help="A rule of nk.rules, e.g. stdp; default: what SOURCE has."),
]
RuleSets = Annotated[
    list[str] | None,
    typer.Option("--set", rich_help_panel=LEARNING, help="A parameter of the rule, name=value; may be repeated."),
]
OnProjection = Annotated[
    str | None,
    typer.Option("--on", rich_help_panel=LEARNING, help="The projection that learns, as 'source->target'."),
]
ModulationInput = Annotated[
    str | None,
    typer.Option(
        "--modulation", rich_help_panel=LEARNING, help="Input that brings the rule's third factor, a value a neuron."
    ),
]
Passes = Annotated[int, typer.Option(min=1, rich_help_panel=LEARNING, help="Times that DATA are presented, in order.")]
InFloats = Annotated[
    bool, typer.Option("--floats", rich_help_panel=LEARNING, help="Learn in floats; the result is a Network.")
]
Freeze = Annotated[
    bool,
    typer.Option("--freeze", rich_help_panel=LEARNING, help="Save it without its rule: it learns no more."),
]
