"""Run what this folder holds (README.md) and write results.npz.

    python run.py                      on neurokit's simulator
    python run.py --backend lava       on Lava's CPU models (Python 3.10)
    python run.py --backend loihi2     on the board
Exit code 0: as expected, 1: not, or refused, 2: a file or an argument is wrong.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from neurokit.bundles.running import run_bundle
from neurokit.errors import FormatError, InputError, NeurokitError, OutputError

BACKENDS = ("simulator", "lava", "lava-inprocess", "loihi2")


def main() -> int:
    """Run, and tell."""
    parser = argparse.ArgumentParser(description="Run this bundle and write results.npz.")
    parser.add_argument("--backend", choices=BACKENDS, default="simulator")
    parser.add_argument("--output", type=Path, help="file to write; default: results.npz in this folder")
    chosen = parser.parse_args()
    try:
        outcome = run_bundle(Path(__file__).resolve().parent, chosen.backend, chosen.output)
    except NeurokitError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, FormatError | InputError | OutputError) else 1
    for name, words in outcome.failed.items():
        sys.stderr.write(f"{name} was refused: {words}\n")
    sys.stdout.write(f"wrote    {outcome.path}\nfound    {outcome.found}\nexpected {outcome.expected}\n")
    sys.stdout.write("as expected\n" if outcome.ok else "NOT as expected: neurokit deploy --check tells where\n")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
