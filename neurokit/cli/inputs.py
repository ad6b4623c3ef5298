"""What the verbs run on: arrays as they are, or recordings of events, images, values and sound made into spikes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

import neurokit as nk
from neurokit.cli.files import read_arrays
from neurokit.cli.options import Encode, Fit, TimeUnit
from neurokit.cli.screen import is_watched, say
from neurokit.encode import Events, from_array
from neurokit.encode.events import NAMES
from neurokit.encode.files import is_recording
from neurokit.encode.pictures import SUFFIXES as PICTURES
from neurokit.encode.pictures import read_picture, read_wave
from neurokit.errors import Fault, InputError
from neurokit.profiling.estimate import quantity

SOUND = ".wav"


@dataclass(frozen=True)
class Encoding:
    """Options that say how spikes are made; None where they were not given."""

    bin: float | None = None
    counts: bool | None = None
    fit: Fit | None = None
    size: str | None = None
    encode: Encode | None = None
    seed: int | None = None
    threshold: float | None = None
    time_unit: TimeUnit | None = None


def read_inputs(graph: nk.Network | nk.Program, data: list[Path], steps: int | None, encoding: Encoding) -> Any:
    """Inputs of `graph` from files: one array or archive, or several recordings (images, sounds) as a batch."""
    files = [_opened(path, encoding) for path in data]
    kinds = {file.kind for file in files}
    if len(kinds) > 1:
        fact = f"are {' and '.join(sorted(kinds))}"
        raise InputError(Fault("data", fact, "all files of a batch are of one kind", "Run them one after the other."))
    (kind,) = kinds
    _check_options(kind, encoding)
    if kind == "arrays":
        return _whole(graph, files[0].path, _arrays(files))
    shape = _only_input(graph)
    if kind == "recordings":
        return _recordings(graph, shape, files, steps, encoding)
    parts = [_encoded(file, shape, steps, graph, encoding) for file in files]
    if len(parts) == 1:
        return parts[0]
    if any(part.ndim != len(shape) + 1 for part in parts):
        raise InputError(Fault("data", "holds batches", "of several files each holds a sample", "Give one file."))
    longest = max(len(part) for part in parts)
    joined = np.zeros((len(parts), longest, *shape), np.result_type(*parts))
    for row, part in zip(joined, parts, strict=True):
        row[: len(part)] = part
    return joined


@dataclass(frozen=True)
class File:
    """A file of inputs: its kind (arrays, recordings, images, values, sound), and what .npy and .npz files hold."""

    path: Path
    kind: str
    held: Any = None


def _opened(path: Path, encoding: Encoding) -> File:
    suffix = path.suffix.lower()
    if suffix == SOUND or suffix in PICTURES:
        return File(path, "sound" if suffix == SOUND else "images")
    if is_recording(path):
        return File(path, "recordings")
    held = read_arrays(path)
    if encoding.encode is not None:
        return File(path, "values", held)
    return File(path, "recordings" if _are_events(held) else "arrays", held)


def _are_events(held: Any) -> bool:
    """Whether .npy or .npz holds events: a structured array, or columns of that name."""
    if not isinstance(held, dict):
        return getattr(held, "dtype", np.dtype(float)).names is not None
    if len(held) == 1:
        return _are_events(next(iter(held.values())))
    lower = {name.lower() for name in held}
    return all(lower & set(NAMES[key]) for key in ("t", "x", "p"))


CODES = {"images": ("rate", "regular", "latency", "graded"), "sound": ("gammatone", "mel", "delta")}
CODES["values"] = (*CODES["images"], "delta")
USES = {  # beside --encode
    "recordings": {"bin", "counts", "fit", "size", "time_unit"},
    "images": {"fit"},
    "rate": {"seed"},
    "delta": {"threshold"},
    "gammatone": {"bin"},
    "mel": {"bin"},
}


def _check_options(kind: str, encoding: Encoding) -> None:
    """Refuse options that would do nothing; ask for those that are needed."""
    chosen = None if encoding.encode is None else encoding.encode.value
    used = USES.get(kind, set()) | USES.get(chosen or "", set()) | ({"encode"} if kind in CODES else set())
    what = f"{kind} by {chosen}" if chosen is not None and kind in CODES else kind
    faults = [
        Fault(f"--{field.name.replace('_', '-')}", "was given", f"it says nothing about {what}", "Leave it out.")
        for field in fields(encoding)
        if getattr(encoding, field.name) is not None and field.name not in used
    ]
    if kind in CODES and chosen not in CODES[kind]:
        fact = "was not given" if chosen is None else f"is {chosen}"
        known, becomes = ", ".join(CODES[kind]), "becomes" if kind == "sound" else "become"
        faults.append(Fault("--encode", fact, f"{kind} {becomes} spikes by {known}", "Pass one of them."))
    needed = {"rate": ("seed", "it is drawn at random"), "delta": ("threshold", "it tells changes of at least that")}
    if chosen in needed and kind in CODES:
        name, why = needed[chosen]
        if getattr(encoding, name) is None:
            faults.append(
                Fault(f"--{name}", "was not given", f"--encode {chosen}: {why}", f"Pass --{name} and a number.")
            )
    if faults:
        raise InputError(faults)


def _arrays(files: list[File]) -> Any:
    if len(files) > 1:
        fact, mend = f"are {len(files)} files of arrays", "Stack the samples in one array: (batch, time, *shape)."
        raise InputError(Fault("data", fact, "one is taken", mend))
    return files[0].held


def _whole(graph: nk.Network | nk.Program, path: Path, arrays: Any) -> Any:
    """The arrays, those of a Program that hold fractions scaled as its calibration says."""
    if not isinstance(graph, nk.Program):
        return arrays
    by_name = arrays if isinstance(arrays, dict) else dict.fromkeys(list(graph.inputs)[:1], arrays)
    scaled = {name: v for name, v in by_name.items() if name in graph.inputs and _has_fractions(v)}
    faults = [
        Fault(
            str(path),
            f"holds fractions for '{name}'",
            "no scale was chosen for them",
            "Run neurokit compile with --calibrate and such data, then the .nk file that it writes.",
        )
        for name in scaled
        if name not in graph.input_scale
    ]
    if faults:
        raise InputError(faults)
    for name in scaled:
        say(f"{path.name}: '{name}' was multiplied by {graph.input_scale[name]:g}, as calibrated", stderr=True)
    by_name = {**by_name, **graph.scaled(scaled)}
    return by_name if isinstance(arrays, dict) else next(iter(by_name.values()))


def _has_fractions(values: Any) -> bool:
    return values.dtype.kind == "f" and bool((np.isfinite(values) & (values != np.rint(values))).any())


def _only_input(graph: nk.Network | nk.Program) -> tuple[int, ...]:
    if len(graph.inputs) != 1:
        fact, mend = f"are {', '.join(graph.inputs)}", "Make the arrays with nk.encode and save them by name (.npz)."
        raise InputError(Fault("inputs", fact, "files are encoded for one input", mend))
    return next(iter(graph.inputs.values())).shape


def _step(graph: nk.Network | nk.Program, encoding: Encoding) -> float:
    """Seconds of a step: --bin, or as the network says."""
    found = encoding.bin if encoding.bin is not None else graph.dt
    if found is None:
        fact = f"the network ({Path(graph.source).name or 'from memory'}) does not say how long a step is"
        raise InputError(Fault("--bin", fact, "recordings are cut into steps", "Pass --bin 1e-3 for steps of 1 ms."))
    return found


def _recordings(
    graph: nk.Network | nk.Program, shape: tuple[int, ...], files: list[File], steps: int | None, encoding: Encoding
) -> Any:
    """(recordings, steps, *shape), or (steps, *shape) of one."""
    dt, size = _step(graph, encoding), _size(encoding.size)
    read = [_read(file, size, encoding.time_unit) for file in files]
    faults = [
        Fault(
            str(file.path), "does not tell its sensor's size", f"the input is flat, {shape[0]:,}", "Pass --size 34x34."
        )
        for file, events in zip(files, read, strict=True)
        if events.size is None and len(shape) == 1
    ]
    if faults:
        raise InputError(faults)
    fit = None if encoding.fit is None else encoding.fit.value
    spikes = nk.encode.batch(read, dt, steps=steps, shape=shape, counts=bool(encoding.counts), fit=fit)
    for file, events in zip(files, read, strict=True):
        for note in events.notes:
            say(f"{file.path.name}: {note}", stderr=True)
        if is_watched():
            said = f"{len(events):,} events in {quantity(events.duration, 's')}, steps of {quantity(dt, 's')}"
            say(f"{file.path.name}: {said}", stderr=True)
    return spikes[0] if len(read) == 1 else spikes


def _read(file: File, size: tuple[int, int] | None, unit: TimeUnit | None) -> Events:
    if file.held is None or isinstance(file.held, dict):
        return nk.encode.read(file.path, size=size, time_unit=None if unit is None else unit.value)
    return from_array(file.held, size=size, source=str(file.path))


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text)
    if found is None:
        raise InputError(Fault("--size", f"is '{text}'", "rows x columns of the sensor", "Pass e.g. 240x320."))
    return int(found[1]), int(found[2])


# ----------------------------------------------------------------------------------------- images, values and sound


def _encoded(
    file: File, shape: tuple[int, ...], steps: int | None, graph: nk.Network | nk.Program, encoding: Encoding
) -> Any:
    """Spikes of one file, (time, *shape), or (batch, time, *shape) for an array with a batch axis."""
    chosen = encoding.encode.value if encoding.encode is not None else ""
    if chosen == "delta":
        return _delta(file, shape, encoding)
    if file.kind == "sound":
        rate, wave = read_wave(file.path)
        bank = nk.encode.FilterBank(rate, _step(graph, encoding), channels=math.prod(shape), kind=chosen)
        return bank.encode(wave).reshape(-1, *shape)
    if steps is None:
        fact, mend = "was not given", "Pass --steps and a number."
        raise InputError(Fault("--steps", fact, f"{file.kind} last as many steps as you say", mend))
    makers: dict[str, Callable[[int], Any]] = {
        "rate": lambda steps: nk.encode.Rate(steps, encoding.seed or 0),
        "regular": nk.encode.Regular,
        "latency": nk.encode.Latency,
        "graded": nk.encode.Graded,
    }
    if file.kind == "images":
        return makers[chosen](steps).encode(read_picture(file.path, shape, resize=_may_resize(encoding)))
    values = nk.encode.scaled(_one_array(file))
    if values.shape not in (shape, (*values.shape[:1], *shape)):
        wanted = ", ".join(map(str, shape))
        fact, limit = f"has shape {values.shape}", f"shape ({wanted}) or (batch, {wanted}) is needed"
        raise InputError(Fault(str(file.path), fact, limit, "Move or add axes: images are channels first."))
    return makers[chosen](steps).encode(values, batched=values.ndim > len(shape))


def _may_resize(encoding: Encoding) -> bool:
    if encoding.fit not in (None, Fit.resize):
        raise InputError(Fault("--fit", f"is {encoding.fit.value}", "images are resized or left", "Pass --fit resize."))
    return encoding.fit is Fit.resize


def _delta(file: File, shape: tuple[int, ...], encoding: Encoding) -> Any:
    """Down and up spikes of a signal (time, *signal) for an input of (2, *signal), or of as many neurons."""
    coder = nk.encode.Delta(encoding.threshold or 0)
    spikes = coder.encode(read_wave(file.path)[1] if file.kind == "sound" else _one_array(file))
    if spikes[0].size != math.prod(shape):
        fact, limit = f"gives {spikes[0].size} channels, down and up", f"the input has {math.prod(shape)}"
        raise InputError(Fault(str(file.path), fact, limit, "Use another network or signal."))
    return spikes.reshape(len(spikes), *shape)


def _one_array(file: File) -> Any:
    if isinstance(file.held, dict):
        raise InputError(Fault(str(file.path), "holds arrays by name", "one array is encoded", "Save it as .npy."))
    return file.held
