"""The command line: the same verbs as the API. Exit code 0: done; 1: faults found; 2: usage (arguments, files)."""

from __future__ import annotations

import os
import sys

from neurokit.cli.hints import verb_of
from neurokit.cli.screen import drop_stdout, say, say_error, say_faults, tolerate_encodings
from neurokit.cli.verbs import app
from neurokit.errors import FormatError, InputError, NeurokitError, OutputError

__all__ = ["app", "main"]

USAGE = (FormatError, InputError, OutputError)  # exit code 2; the others are faults in what was given, 1
TRACEBACK = "NEUROKIT_TRACEBACK"  # environment variable: show where our own bugs are
INTERRUPTED = 128 + 2  # exit code of a program that SIGINT ends


def main() -> None:
    """Entry point: whatever goes wrong becomes one message and an exit code, never a traceback."""
    tolerate_encodings()
    try:
        app()
    except NeurokitError as error:
        say_faults(error.faults, verb_of(sys.argv[1:]))
        raise SystemExit(2 if isinstance(error, USAGE) else 1) from None
    except SystemExit as end:
        if end.code == INTERRUPTED:
            say("interrupted", stderr=True)
        raise
    except MemoryError as error:
        say_error(f"not enough memory ({error}). Give fewer samples or steps, or record less.")
        raise SystemExit(1) from None
    except OSError as error:
        if os.environ.get(TRACEBACK):
            raise
        drop_stdout()  # a full disk behind it, perhaps
        say_error(f"the system refused: {error}.")
        raise SystemExit(2) from None
    except Exception as error:  # the last resort, so that users see one line
        if os.environ.get(TRACEBACK):
            raise
        say_error(
            f"a defect of neurokit: {type(error).__name__}: {error}. Set {TRACEBACK}=1 to see where, and please report."
        )
        raise SystemExit(1) from None
