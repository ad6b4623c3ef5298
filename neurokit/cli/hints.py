"""Options of the command line for the arguments of the API that a mend names, as the verb at hand has them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

OPTIONS = (  # arguments of the API that mends name
    *("fit", "size", "seed", "threshold", "time_unit"),
    *("kind", "dt", "reset", "inputs", "shape", "spec", "code", "calibrate", "fires", "integration"),
    *("bits", "window"),
    *("steps", "time_limit", "backend", "record", "labels", "lava", "attribute", "tau", "to", "checkpoint"),
)
BEFORE = ("convert", "compile")  # verbs that write a .nk file for the others


def hint(mend: str, verb: str | None = None) -> str:
    """` (On the command line: --dt.)`, or nothing.

    verb: the one that failed; options that it lacks are told of the verbs that make a .nk file, or not at all. None:
    any verb, so that options are told as they are.
    """
    named = [f"--{name.replace('_', '-')}" for name in OPTIONS if re.search(rf"\b{name}=", mend)]
    taken = options_of_verbs()
    own = taken.get(verb or "")
    here = [option for option in named if own is None or option in own]
    words = [", ".join(here)] if here else []
    for option in named:
        others = [f"neurokit {other}" for other in BEFORE if option in taken[other]]
        if option not in here and others:
            words.append(f"{option} of {' or '.join(others)}, whose .nk file goes in here")
    return f" (On the command line: {'; '.join(words)}.)" if words else ""


def verb_of(arguments: Sequence[str]) -> str | None:
    """The verb among the arguments of a command."""
    return next((argument for argument in arguments if argument in options_of_verbs()), None)


@cache
def options_of_verbs() -> Mapping[str, frozenset[str]]:
    """Options by verb, as they are declared."""
    from typer.main import get_command

    from neurokit.cli.verbs import app  # it imports what prints, which imports this

    group = get_command(app)
    commands = getattr(group, "commands", {})
    return {
        name: frozenset(option for parameter in command.params for option in parameter.opts)
        for name, command in commands.items()
    }
