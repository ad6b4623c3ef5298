"""Run the jobs of a bundle, here or on a board, and write what came out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit import api
from neurokit.bundles.arrays import checksum, read_npz, write_npz
from neurokit.bundles.manifest import RESULTS, WRITER, Job, Kind, Manifest, read_manifest
from neurokit.errors import BackendError, Fault, FormatError, NeurokitError, OverflowWarning
from neurokit.files import written_aside
from neurokit.graph.learned import plastic_projections, weights_of
from neurokit.graph.network import Program
from neurokit.hardware.base import Backend
from neurokit.records import Recording

MEASURED = ("spikes", "states", "weights")  # second part of the names of arrays that are compared


@dataclass(frozen=True)
class Outcome:
    """What a run of a bundle left.

    path: of the results. found, expected: checksums. failed: job -> what the backend said.
    """

    path: Path
    found: str
    expected: str
    failed: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether everything expected came out."""
        return self.found == self.expected and not self.failed


def run_bundle(
    folder: str | os.PathLike[str], backend: str | Backend = "simulator", output: str | os.PathLike[str] | None = None
) -> Outcome:
    """Run all jobs and write results.npz (into the bundle, or to `output`), aside and then renamed.

    backend: a name of nk.run, "loihi2" for the board, or a backend. In a first-light kit a job that the backend refuses
    is written down and the others run; BackendError when all are refused, or the only one.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    runner = api.get_backend(backend)
    target = folder / RESULTS if output is None else Path(output)
    with written_aside(target) as aside:
        arrays, failed = _run_all(folder, manifest, runner)
        about = {"backend": np.asarray(runner.name), **_origins(manifest)}
        errors = {f"{name}/error": np.asarray(words) for name, words in failed.items()}
        write_npz(aside, {**arrays, **about, **errors})
    return Outcome(target, checksum(arrays), manifest.expected, failed)


@contextmanager
def overflows_of(kind: Kind) -> Iterator[None]:
    """No warning where micro-programs wrap: they are made to."""
    with warnings.catch_warnings():
        if kind == "first-light":
            warnings.simplefilter("ignore", OverflowWarning)
        yield


def measured(recording: Recording, name: str, states: tuple[tuple[str, str], ...]) -> dict[str, NDArray[Any]]:
    """All spikes, the states asked for, and weights that learned: `NAME/spikes/POPULATION` and so on."""
    program = recording.program
    found = {f"{name}/spikes/{population}": recording.spikes[population] for population in program.populations}
    found |= {
        f"{name}/states/{population}/{state}": recording.states[population, state] for population, state in states
    }
    for projection, plastic in plastic_projections(program).items():
        found[f"{name}/weights/{projection}"] = weights_of(plastic)
    return found


def read_job(folder: Path, job: Job) -> tuple[Program, dict[str, NDArray[Any]]]:
    """Program and inputs of a job."""
    program = api.load(folder / job.program)
    if not isinstance(program, Program):
        mend = "Make the bundle again from a compiled Program."
        raise FormatError(Fault(str(folder / job.program), "holds a Network", "backends run Programs", mend))
    return program, read_npz(folder / job.inputs, WRITER)


def _run_all(folder: Path, manifest: Manifest, runner: Backend) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    arrays: dict[str, NDArray[Any]] = {}
    failed: dict[str, str] = {}
    last: NeurokitError | None = None
    for job in manifest.jobs:
        program, inputs = read_job(folder, job)
        try:
            with overflows_of(manifest.kind):
                recording = api.run(program, inputs, job.steps, runner, (*program.populations, *job.states))
            arrays |= measured(recording, job.name, job.states)
        except BackendError as error:
            failed[job.name], last = str(error), error
    if last is not None and len(failed) == len(manifest.jobs):
        raise last
    return arrays, failed


def _origins(manifest: Manifest) -> dict[str, NDArray[Any]]:
    """Which program and inputs each job had."""
    programs = {f"{job.name}/program": np.asarray(job.fingerprint) for job in manifest.jobs}
    return programs | {f"{job.name}/inputs": np.asarray(job.given) for job in manifest.jobs}
