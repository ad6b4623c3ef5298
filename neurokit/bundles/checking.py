"""What came back from a board, compared with what the simulator gave."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.bundles.arrays import read_npz
from neurokit.bundles.manifest import EXPECTED, RESULTS, WRITER, Job, Manifest, read_manifest
from neurokit.bundles.running import MEASURED, read_job
from neurokit.errors import Fault, InputError
from neurokit.graph.network import Program
from neurokit.profiling.comparing import compare
from neurokit.profiling.parity import Difference, LayerParity, Parity, Rung
from neurokit.profiling.trains import relative_error
from neurokit.records import Recorded, Recording

RUN = "run.py of the bundle"


@dataclass(frozen=True, eq=False)
class Results:
    """Results that belong to a bundle. arrays, expected: job -> its arrays by name without the job's."""

    folder: Path
    manifest: Manifest
    backend: str
    arrays: Mapping[str, Mapping[str, NDArray[Any]]]
    expected: Mapping[str, Mapping[str, NDArray[Any]]]
    errors: Mapping[str, str]


def check_results(results: str | os.PathLike[str] | None = None, bundle: str | os.PathLike[str] = ".") -> Parity:
    """Compare results.npz of a bundle's run.py with what the simulator gave: all that both hold, element by element.

    results: default results.npz in the bundle. The Parity has a rung a job; `first_divergence` names population, step
    and neuron. Populations that the results leave out are told in the rung's note; outputs must be there.
    FormatError for what is missing, damaged or no bundle; InputError for results of another program, of other inputs,
    or of other shapes.
    """
    read = read_results(results, bundle)
    rungs, notes = [], []
    for job in read.manifest.jobs:
        if job.name in read.errors:
            notes.append(f"{job.name} was refused: {read.errors[job.name]}")
        else:
            rungs.append(_rung(read, job))
    return Parity(tuple(rungs), notes=tuple(notes))


def read_results(results: str | os.PathLike[str] | None, bundle: str | os.PathLike[str]) -> Results:
    """Results and bundle, each whole and belonging to each other; errors as for `check_results`."""
    folder = Path(bundle)
    manifest = read_manifest(folder)
    path = folder / RESULTS if results is None else Path(results)
    found = read_npz(path, RUN)
    expected = _split(read_npz(folder / EXPECTED, WRITER), manifest)
    errors = {job.name: str(found[f"{job.name}/error"]) for job in manifest.jobs if f"{job.name}/error" in found}
    jobs = [job for job in manifest.jobs if job.name not in errors]
    if not jobs:
        fact, limit = "every job was refused", "something to compare is needed"
        raise InputError(
            Fault(str(path), fact, limit, f"Run it on a backend that takes it: {next(iter(errors.values()))}")
        )
    if faults := [fault for job in jobs for fault in _origin(path, job, found)]:
        raise InputError(faults)
    arrays = _split(found, manifest)
    faults = [fault for job in jobs for fault in _shapes(path, job, arrays[job.name], expected[job.name])]
    faults += [fault for job in jobs for fault in _outputs(path, read_job(folder, job)[0], job, arrays[job.name])]
    if faults:
        raise InputError(faults)
    return Results(folder, manifest, str(found.get("backend", "unknown")), arrays, expected, errors)


def _split(arrays: Mapping[str, NDArray[Any]], manifest: Manifest) -> dict[str, dict[str, NDArray[Any]]]:
    """Measured arrays by job."""
    found: dict[str, dict[str, NDArray[Any]]] = {job.name: {} for job in manifest.jobs}
    for name, values in arrays.items():
        job, _, rest = name.partition("/")
        if job in found and rest.partition("/")[0] in MEASURED and "/" in rest:
            found[job][rest] = values
    return found


def _origin(path: Path, job: Job, found: Mapping[str, NDArray[Any]]) -> list[Fault]:
    faults = []
    mend = "Run run.py of this bundle again, or name the bundle that the results are of."
    for what, wanted in (("program", job.fingerprint), ("inputs", job.given)):
        key = f"{job.name}/{what}"
        if key not in found:
            fact = f"does not say of which {what} it is"
            faults.append(Fault(str(path), fact, f"an array '{key}' is needed (README.md of the bundle)", mend))
        elif str(found[key]) != wanted:
            of = "another program" if what == "program" else "other inputs"
            fact = f"is of {of} ({str(found[key])[:12]})"
            faults.append(Fault(str(path), fact, f"this bundle's is {wanted[:12]}", mend))
    return faults


def _shapes(path: Path, job: Job, found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[Fault]:
    faults = []
    for name, values in found.items():
        node = f"{job.name}/{name}"
        if name not in expected:
            mend = "Leave it out, or run run.py."
            faults.append(Fault(node, "is not in the bundle", f"it expects {', '.join(expected)}", mend))
        elif values.dtype.kind not in "biuf":
            faults.append(Fault(node, f"has type {values.dtype}", "numbers are needed", "Write integers."))
        elif values.shape != expected[name].shape:
            fact, limit = f"has shape {values.shape} in {path.name}", f"{expected[name].shape} is expected"
            mend = f"Run all {job.samples} samples for {job.steps} steps; axes are (samples, steps, *shape)."
            faults.append(Fault(node, fact, limit, mend))
    return faults


def _outputs(path: Path, program: Program, job: Job, found: Mapping[str, Any]) -> list[Fault]:
    return [
        Fault(f"{job.name}/spikes/{name}", f"is missing in {path.name}", "outputs must be there", "Record it.")
        for name in program.outputs
        if f"spikes/{name}" not in found
    ]


def _rung(read: Results, job: Job) -> Rung:
    program, _ = read_job(read.folder, job)
    found, expected = read.arrays[job.name], read.expected[job.name]
    names = ("expected", read.backend if job.name == "program" else f"{job.name} on {read.backend}")
    pair = [_recording(program, job, arrays, by) for arrays, by in ((expected, "expected"), (found, read.backend))]
    rung = compare(pair[0], pair[1], exact=True, names=names)
    weights = tuple(_weights(name, expected[name], found[name], job) for name in found if name.startswith("weights/"))
    left_out = [name for name in expected if name not in found]
    note = f"not recorded, so not compared: {', '.join(left_out)}" if left_out else ""
    return replace(rung, layers=(*rung.layers, *weights), note=note)


def _recording(program: Program, job: Job, arrays: Mapping[str, NDArray[Any]], backend: str) -> Recording:
    keys = {name: name.split("/", 1) for name in arrays}
    spikes = {rest: arrays[name] for name, (kind, rest) in keys.items() if kind == "spikes"}
    states = {
        pair: arrays[f"states/{pair[0]}/{pair[1]}"] for pair in job.states if f"states/{pair[0]}/{pair[1]}" in arrays
    }
    return Recording(
        program=program,
        steps=job.steps,
        batch=job.samples,
        spikes=Recorded(spikes, "spikes"),
        states=Recorded(states, "states"),
        counts={},
        step_counts={},
        backend=backend,
        seconds=0.0,
    )


def _weights(name: str, expected: NDArray[Any], found: NDArray[Any], job: Job) -> LayerParity:
    """Learned weights, which are there once, after the last step."""
    unequal = expected != found
    first = None
    if unequal.any():
        place = tuple(int(k) for k in np.unravel_index(int(np.argmax(unequal)), unequal.shape))
        first = Difference(0, job.steps - 1, place, float(expected[place]), float(found[place]))
    means = float(expected.mean()) if expected.size else 0.0, float(found.mean()) if found.size else 0.0
    distance = relative_error(expected, found) if first is not None else 0.0
    differing = int(np.count_nonzero(unequal))
    return LayerParity(name.partition("/")[2], "weight", expected.size, differing, first, *means, distance)
