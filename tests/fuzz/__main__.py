"""Fuzz all formats, or those named: `python -m tests.fuzz [--count N] [--first SEED] [NAME ...]`.

Each format has a process of its own, so that a crash or a hang of one is told, with the seed, and the others go on. A
line a format; the exit code is 1 when anything went wrong. docs/fuzzing.md holds the last whole run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

MEMORY = 2**32  # bytes of address space; this process has less than two thirds of it with all libraries
CHILD_SECONDS = 0.25  # of processor time for HDF5 and its like, instead of 1: of a hundred damaged files one hangs it
PATIENCE = 600  # seconds on the wall that one file may take, on a busy machine, before the system ends the process
HEADER = "| format | mutations | read | refused | wrong | CPU s | ms a file | slowest, s |"


def main():
    from tests.fuzz.formats import FORMATS

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(f"'{name}'" for name in FORMATS))
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--in-this-process", action="store_true", help="one format, its outcome as JSON")
    given = parser.parse_args()
    if unknown := set(given.names) - set(FORMATS):
        parser.error(f"{', '.join(sorted(unknown))}: the formats are {', '.join(FORMATS)}")
    if given.in_this_process:
        print(json.dumps(one(given.names[0], range(given.first, given.first + given.count))))
        return 0
    print(HEADER, "|---|--:|--:|--:|--:|--:|--:|--:|", sep="\n", flush=True)
    return max([shown(name, given.first, given.count) for name in given.names or FORMATS])


def shown(name, first, count):
    """Fuzz a format in a process of its own and print its line; the exit code."""
    with tempfile.TemporaryDirectory(prefix="neurokit-fuzz-") as folder:
        command = [sys.executable, "-m", "tests.fuzz", "--in-this-process", name]
        command += ["--first", str(first), "--count", str(count)]
        with Path(folder, "said").open("w") as said:  # libtiff has something to say about almost every file
            where = os.environ | {"NEUROKIT_FUZZ": folder}
            ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=said, env=where, text=True, check=False)
        if ran.returncode:
            seed = Path(folder, "seed").read_text() if Path(folder, "seed").exists() else "none"
            print(f"| {name} | | | | ended by {ran.returncode} at seed {seed} | | | |", flush=True)
            print(Path(folder, "said").read_text()[-2000:], file=sys.stderr)
            return 1
    found = json.loads(ran.stdout)
    wrong, seconds = found["wrong"], found["seconds"]
    print(
        f"| {name} | {count:,} | {found['read']:,} | {found['refused']:,} | {len(wrong)} | {seconds:.0f} |"
        f" {1000 * seconds / count:.1f} | {found['slowest']:.2f} |",
        flush=True,
    )
    for seed, what in list(wrong.items())[:20]:
        print(f"    {name}, seed {seed}: {what[:400]}", file=sys.stderr, flush=True)
    return int(bool(wrong))


def one(name, seeds):
    """The outcome of a format, as a dict."""
    from neurokit import trial_read
    from tests.fuzz.formats import FORMATS
    from tests.fuzz.mutations import fuzz

    trial_read.BASE_SECONDS = CHILD_SECONDS
    warnings.simplefilter("error")  # as pytest does
    kind, folder = FORMATS[name], Path(os.environ["NEUROKIT_FUZZ"])
    whole = folder / f"whole{kind.suffix}"
    kind.write(whole)
    kind.read(whole)
    return vars(fuzz(kind, whole.read_bytes(), folder / f"damaged{kind.suffix}", watched(seeds, folder)))


def watched(seeds, folder):
    """The seeds; the one under way stands in a file, and the system ends what does not end."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))  # what takes more is a fault, and nobody else's trouble
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for seed in seeds:
        (folder / "seed").write_text(str(seed))
        signal.alarm(PATIENCE)
        yield seed
    signal.alarm(0)


if __name__ == "__main__":
    sys.exit(main())
