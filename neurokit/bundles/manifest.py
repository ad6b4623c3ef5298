"""bundle.json: what a bundle holds, and by which checksums it is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeAlias, get_args

from neurokit.bundles.arrays import file_checksum
from neurokit.errors import Fault, FormatError

FORMAT, VERSION = "neurokit-bundle", 1
MANIFEST, EXPECTED, RESULTS, SCRIPT = "bundle.json", "expected.npz", "results.npz", "run.py"
WRITER = "neurokit deploy"
Kind: TypeAlias = Literal["program", "first-light"]


@dataclass(frozen=True)
class Job:
    """One Program to run. name: first part of its arrays' names in expected.npz and results.npz.

    program, inputs: files in the bundle. fingerprint: of the Program. given: checksum of the inputs' arrays.
    states: (population, state) pairs to record beside all spikes, where the backend can.
    """

    name: str
    program: str
    inputs: str
    steps: int
    samples: int
    fingerprint: str
    given: str
    states: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Manifest:
    """A bundle. kind: one Program, or the first-light kit. expected: checksum of the arrays of expected.npz.

    forced: faults of the target that --force passed over. files: SHA-256 by file. neurokit: version that wrote it.
    """

    kind: Kind
    target: str
    forced: tuple[str, ...]
    jobs: tuple[Job, ...]
    expected: str
    files: Mapping[str, str]
    neurokit: str


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write bundle.json."""
    held = {"format": FORMAT, "version": VERSION, **asdict(manifest)}
    (folder / MANIFEST).write_text(json.dumps(held, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """bundle.json of a folder, its files compared with their checksums. FormatError names what is wrong with either."""
    path = folder / MANIFEST
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        manifest = _parsed(path, held)
    except FileNotFoundError as error:
        mend = "Name the folder that was written, with --bundle."
        raise FormatError(
            Fault(str(path), "there is no such file", f"a bundle is a folder of {WRITER}", mend)
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        limit = f"a whole {MANIFEST} of {WRITER} is needed"
        raise FormatError(Fault(str(path), f"cannot be read ({error})", limit, "Copy the bundle again.")) from error
    faults = [
        Fault(str(folder / name), fact, f"{MANIFEST} states its checksum", "Copy the bundle again, whole.")
        for name, wanted in manifest.files.items()
        if (fact := _changed(folder / name, wanted))
    ]
    if faults:
        raise FormatError(faults)
    return manifest


def _parsed(path: Path, held: Any) -> Manifest:
    if held["format"] != FORMAT:
        raise ValueError(f"its format is {held['format']!r}")
    if held["version"] != VERSION:
        fact, limit = f"has version {held['version']!r}", f"this neurokit reads version {VERSION}"
        raise FormatError(Fault(str(path), fact, limit, "Update neurokit."))
    if held["kind"] not in get_args(Kind):
        raise ValueError(f"its kind is {held['kind']!r}")
    jobs = tuple(_job(job) for job in held["jobs"])
    files = {_inside(name): str(wanted) for name, wanted in held["files"].items()}
    missing = {EXPECTED, *(job.program for job in jobs), *(job.inputs for job in jobs)} - set(files)
    if missing or not jobs:
        raise ValueError(f"it has no checksum of {', '.join(sorted(missing))}" if missing else "it has no jobs")
    forced = tuple(str(words) for words in held["forced"])
    return Manifest(held["kind"], str(held["target"]), forced, jobs, str(held["expected"]), files, held["neurokit"])


def _job(held: Any) -> Job:
    states = tuple((str(population), str(state)) for population, state in held["states"])
    files = _inside(held["program"]), _inside(held["inputs"])
    sizes = int(held["steps"]), int(held["samples"])
    return Job(str(held["name"]), *files, *sizes, str(held["fingerprint"]), str(held["given"]), states)


def _inside(name: str) -> str:
    """The name of a file in the bundle; ValueError for one that leads elsewhere."""
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise ValueError(f"{name!r} leads out of the bundle")
    return name


def _changed(path: Path, wanted: str) -> str:
    """What is wrong with a file; nothing when it is as it was written."""
    try:
        return "" if file_checksum(path) == wanted else "is not the file that was written"
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
