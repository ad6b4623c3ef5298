"""What a report says, as plain data: the page and the JSON beside it both come from this."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from typing import Any

import numpy as np

from neurokit.graph.network import Program
from neurokit.place.chips import Range
from neurokit.place.placement import Placement, plural
from neurokit.profiling import depth_view, learning_view
from neurokit.profiling.comparing import depth_order
from neurokit.profiling.depth_view import DepthView
from neurokit.profiling.estimate import Estimate, digits, quantity
from neurokit.profiling.estimate import count as written
from neurokit.profiling.learning_view import LearningView
from neurokit.profiling.parity import Parity
from neurokit.profiling.profile import Profile
from neurokit.profiling.targets import Targets
from neurokit.records import Recording

RASTER_NEURONS = 48  # rows per population
RASTER_STEPS = 600

Summary = Sequence[tuple[str, str]]
Json = dict[str, Any]


def build(
    profile: Profile | None,
    parity: Parity | None,
    placement: Placement | None,
    recording: Recording | None,
    title: str,
    summary: Summary,
    targets: Targets | None = None,
    depth: DepthView | None = None,
    learning: LearningView | None = None,
) -> Json:
    """Everything the report shows; None for what was not given."""
    recording = recording or (profile.recording if profile is not None else None)
    program = recording.program if recording is not None else placement.program if placement is not None else None
    return {
        "title": title,
        "subtitle": _subtitle(program, recording),
        "summary": [
            *_given(summary),
            *_depth_tiles(depth),
            *_learning_tiles(learning),
            *_headlines(profile, parity, placement),
        ],
        "depth": None if depth is None else depth_view.content(depth, profile),
        "learning": None if learning is None else learning_view.content(learning, profile),
        "layers": _layers(program),
        "raster": None if recording is None else raster(recording),
        "profile": None if profile is None else profile.to_dict(),
        "parity": None if parity is None else parity.to_dict(),
        "placement": None if placement is None else placement.to_dict(),
        "targets": None if targets is None else targets.to_dict(),
        "coefficients": None if profile is None else _coefficients(profile),
        "provenance": _provenance(program, recording),
    }


def raster(recording: Recording, sample: int = 0) -> Json | None:
    """Spikes of one sample: of every recorded population, up to RASTER_NEURONS of the neurons that spiked, evenly
    drawn, in the first RASTER_STEPS steps. None when no spikes were recorded."""
    rows = []
    for name in depth_order(recording.program):
        if name not in recording.spikes:
            continue
        spikes = recording.spikes[name] if recording.batch is None else recording.spikes[name][sample]
        spikes = np.asarray(spikes).reshape(len(spikes), -1)  # those of a file are read here
        active = np.flatnonzero(spikes.any(axis=0))
        shown = active[np.linspace(0, len(active) - 1, min(len(active), RASTER_NEURONS)).astype(np.int64)]
        window = spikes[:RASTER_STEPS]
        rows.append(
            {
                "population": name,
                "neurons": spikes.shape[1],
                "active": len(active),
                "shown": [
                    {"neuron": int(neuron), "steps": np.flatnonzero(window[:, neuron]).tolist()} for neuron in shown
                ],
            }
        )
    if not rows:
        return None
    return {"sample": sample, "steps": min(recording.steps, RASTER_STEPS), "of_steps": recording.steps, "rows": rows}


def _given(summary: Summary) -> list[Json]:
    return [{"label": label, "value": value, "detail": "", "state": ""} for label, value in summary]


def _depth_tiles(depth: DepthView | None) -> list[Json]:
    if depth is None or not depth.errors:
        return []
    stage, error = list(depth.errors.items())[-1]
    kind = "synthetic, " if depth.synthetic else ""
    return [_tile("Mean depth error", f"{100 * error.mean:.1f} cm", f"{kind}{stage}, {written(error.maps)} maps")]


def _learning_tiles(learning: LearningView | None) -> list[Json]:
    if learning is None:
        return []
    stage, losses = list(learning.losses.items())[-1]
    detail = f"{stage}, {digits(losses[0])} at first, {written(len(losses))} {learning.iteration}s"
    tiles = [_tile("Loss after learning", digits(losses[-1]), detail)]
    for stage, found in learning.interference.items():
        tiles.append(_tile("Forgetting", digits(found.forgetting), f"{stage}, of {digits(found.a.after_a)} before"))
    return tiles


def _headlines(profile: Profile | None, parity: Parity | None, placement: Placement | None) -> list[Json]:
    tiles: list[Json] = []
    if parity is not None:
        tiles += _parity_tiles(parity)
    if profile is not None:
        what = "Energy per sample" if profile.time is not None else "Dynamic energy per sample"
        tiles.append(_estimate_tile(what, profile.energy.total))
        if profile.time is not None:
            tiles.append(_estimate_tile("Time per sample", profile.time.sample))
        if profile.energy.power is not None:
            tiles.append(_estimate_tile("Mean power", profile.energy.power))
        for row in () if profile.measured is None else profile.measured.rows[:1]:
            tiles.append(_tile(f"Measured: {row.what}", quantity(row.measured, row.unit), row.words))
        operations = f"{written(profile.spikes)} spikes"
        tiles.append(_tile("Synaptic operations per sample", quantity(profile.synaptic_operations, ""), operations))
    if placement is not None:
        board = f", {placement.board}" if placement.board else ""
        detail = f"{plural(f'{placement.chip.title} chip', placement.chips)}{board}"
        tiles.append(_tile("Cores", written(placement.cores), detail))
        if placement.faults:
            tiles.append(_tile("Placement", "Does not fit", plural("fault", len(placement.faults)), "bad"))
    return tiles


def _parity_tiles(parity: Parity) -> list[Json]:
    exact = [rung for rung in parity.rungs if rung.exact]
    checked = [*exact, *(rung for rung in parity.rungs if rung.within is not None)]
    kept = sum(rung.ok for rung in checked)
    value = ("Holds" if parity.ok else "Broken") if checked else "Not checked"
    detail = f"{kept} of {len(checked)} {'exact comparisons identical' if checked == exact else 'comparisons hold'}"
    tiles = [_tile("Parity", value, detail, ("good" if parity.ok else "bad") if checked else "")]
    last = parity.decisions[-1] if parity.decisions else None
    if last is not None and last.accuracy is not None:
        tiles.append(_tile("Accuracy", f"{100 * last.accuracy:.1f} %", f"{last.stage}, {last.samples} samples"))
    elif last is not None:
        tiles.append(_tile("Same decision", f"{100 * last.agreement:.1f} %", f"{last.stage}, {last.samples} samples"))
    return tiles


def _estimate_tile(label: str, estimate: Estimate) -> Json:
    value, _, bounds = str(estimate).partition(" (")
    return _tile(label, value, f"estimate, {bounds.rstrip(')')} {value.split()[-1]}")


def _tile(label: str, value: str, detail: str = "", state: str = "") -> Json:
    return {"label": label, "value": value, "detail": detail, "state": state}


def _layers(program: Any) -> list[Json] | None:
    """The compile report with shapes and latencies, None where there is none."""
    if not isinstance(program, Program) or not (program.report or program.latency):
        return None
    reports = {report.population: vars(report) for report in program.report}
    return [
        {
            "population": name,
            "shape": list(program.populations[name].shape),
            "latency": program.latency.get(name),
            "report": {**reports[name], "notes": list(reports[name]["notes"])} if name in reports else None,
        }
        for name in depth_order(program)
    ]


def _coefficients(profile: Profile) -> list[Json]:
    """Every coefficient behind the energy and time, with its source."""
    ranges = {name: value for name, value in vars(profile.chip.coefficients).items() if isinstance(value, Range)}
    return [{"coefficient": name.replace("_", " "), **vars(value)} for name, value in ranges.items()]


def _subtitle(program: Any, recording: Recording | None) -> str:
    parts = []
    if program is not None:
        neurons = sum(population.size for population in program.populations.values())
        populations = len(program.populations)
        parts.append(
            f"{written(neurons)} neuron{'s' if neurons != 1 else ''} in "
            f"{populations} population{'s' if populations != 1 else ''}"
        )
    if recording is not None:
        samples = recording.batch or 1
        parts.append(f"{written(samples)} sample{'s' if samples != 1 else ''} of {written(recording.steps)} steps")
    return ", ".join(parts)


def _provenance(program: Any, recording: Recording | None) -> Json:
    """Versions and source; nothing of the machine or the moment, so that equal runs give equal reports."""
    versions = {name: _version(name) for name in ("neurokit-lava", "numpy", "scipy", "lava-nc")}
    return {
        "source": (program.source if program is not None else "") or "not stated",
        "backend": "not stated" if recording is None else recording.backend,
        "dt": None if program is None else program.dt,
        "versions": versions,
    }


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
