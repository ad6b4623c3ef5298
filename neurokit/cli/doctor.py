"""The verb `doctor`."""

from __future__ import annotations

import typer

import neurokit as nk
from neurokit.cli import options as opt
from neurokit.cli.screen import say, say_json


def doctor(as_json: opt.AsJson = False) -> None:
    """Say what this machine has and can run, and mend by mend what it lacks; exit code 1 when something is broken."""
    health = nk.doctor()
    say_json(health.to_dict()) if as_json else say(str(health))
    if not health.ok:
        raise typer.Exit(1)
