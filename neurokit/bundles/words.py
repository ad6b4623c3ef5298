"""The texts of a bundle: README.md and requirements.txt."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Sequence
from contextlib import suppress

from neurokit.bundles.manifest import Manifest
from neurokit.errors import Fault

DISTRIBUTION = "neurokit-lava"
UNKNOWN = "0"  # a checkout that was never installed

FILES = """\
| file | what |
|---|---|
| run.py | runs everything here and writes results.npz; `--backend simulator`, `lava`, `lava-inprocess`, `loihi2` |
| *.nk | Programs: HDF5, specified in neurokit's docs/format.md |
| inputs.npz, inputs/ | inputs by name, (samples, steps, *shape), integers; later steps see zeros |
| expected.npz | what neurokit's simulator gives, arrays by name as below |
| bundle.json | steps, samples and fingerprints of the programs, and the SHA-256 of the files |
| requirements.txt | what it was made with, pinned |
"""
RUNNING = """\
## Run it
Python 3.10 (Lava needs it; the simulator runs on 3.10 to 3.13). neurokit-lava is its wheel: build it with
`python -m build` in a checkout of that version, and say where it lies:

    python -m venv venv
    venv/bin/python -m pip install --find-links FOLDER_OF_THE_WHEEL -r requirements.txt
    venv/bin/python run.py                     # first here: must end with "as expected"
    venv/bin/python run.py --backend loihi2    # on the board: needs Intel's lava-loihi

Which board: PARTITION=... or BOARD=... of a cluster with SLURM, or NXSDKHOST=ADDRESS of one on the network, and
LOIHI_GEN=N3C1 where it is no N3B3 (docs/hardware.md of neurokit; `neurokit doctor` says what is missing).

Exit code 0: all as expected, 1: not, or refused, 2: a file or an argument is wrong.
"""
FORMAT = """\
## Results of a runner of your own
results.npz holds, for each job J of bundle.json, `J/spikes/POPULATION` (samples, steps, *shape; 0 or 1, or payloads),
`J/states/POPULATION/STATE` where bundle.json asks for it, `J/weights/PROJECTION` of what learned, the strings
`J/program` (the job's fingerprint) and `J/inputs` (its `given`), and the string `backend`. Index t is Lava's time_step
t + 1, states are after spike and reset. Populations that were not recorded may be left out, outputs may not.

The checksum is SHA-256 over the arrays with a J/spikes, J/states or J/weights name, for each in the order of its
UTF-8 bytes: length of the name, name, number of axes, sizes of the axes, elements in C order; every number as a
little-endian signed integer of 8 bytes.
"""
PROGRAM = """\
# A bundle of neurokit for {target}

{jobs}
Expected output: {checksum} (SHA-256, see below).

"""
KIT = """\
# First-light kit of neurokit for {target}

{count} micro-programs whose outputs tell apart what a chip may do otherwise than Lava's CPU models. Nothing here
has run on silicon. predictions.npz holds what each hypothesis predicts: `JOB/FIELD=VALUE/spikes/POPULATION`.

{jobs}
Output of Lava's arithmetic: {checksum} (SHA-256, see below). A chip that gives another one is not broken: read what

    neurokit deploy --check results.npz --bundle . -o silicon.json

says, and send silicon.json along (format: docs/silicon.md of neurokit).

"""


def version() -> str:
    """Of this neurokit, as it is installed."""
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(DISTRIBUTION)
    return UNKNOWN


def requirements() -> str:
    """neurokit and its own requirements, at the versions that are installed here."""
    lines = [f"{DISTRIBUTION}=={version()}"]
    with suppress(importlib.metadata.PackageNotFoundError):
        for wanted in importlib.metadata.requires(DISTRIBUTION) or []:
            bare, _, marker = wanted.partition(";")
            name = re.split(r"[^A-Za-z0-9._-]", bare.strip(), maxsplit=1)[0]
            if "extra" in marker:
                continue
            with suppress(importlib.metadata.PackageNotFoundError):
                pinned = f"{name}=={importlib.metadata.version(name)}"
                lines.append(f"{pinned}; {marker.strip()}" if marker else pinned)
    return "\n".join(lines) + "\n"


def readme(manifest: Manifest, wraps: Sequence[Fault]) -> str:
    """README.md. wraps: what left its range in the simulator."""
    jobs = "".join(
        f"* {job.name}: {job.samples} sample{'' if job.samples == 1 else 's'} of {job.steps} steps, program "
        f"{job.fingerprint[:12]}\n"
        for job in manifest.jobs
    )
    head = KIT if manifest.kind == "first-light" else PROGRAM
    text = head.format(target=manifest.target, count=len(manifest.jobs), jobs=jobs, checksum=manifest.expected)
    if manifest.forced:
        text += f"**Written with --force: {manifest.target} has no parts for this program.** The board will not give\n"
        text += "the expected output, or refuse it:\n" + "".join(f"* {words}\n" for words in manifest.forced) + "\n"
    if wraps and manifest.kind == "program":
        text += "Integers left their range in the simulator, where a chip may go another way:\n"
        text += "".join(f"* {fault}\n" for fault in wraps) + "\n"
    after = (
        ""
        if manifest.kind == "first-light"
        else ("Afterwards, with neurokit: `neurokit deploy --check results.npz --bundle .` compares step by step.\n\n")
    )
    return f"{text}{FILES}\n{RUNNING}\n{after}{FORMAT}"
