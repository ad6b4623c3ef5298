"""The verbs `verify` and `report`: both climb the ladder, on the same sources and by the same options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

import neurokit as nk
from neurokit.cli import options as opt
from neurokit.cli.files import (
    Reading,
    check_compiling,
    check_output,
    compiled,
    converted,
    read_arrays,
    read_graph,
    read_labels,
    source_of,
)
from neurokit.cli.inputs import Encoding, read_inputs
from neurokit.cli.running import INTERRUPTED
from neurokit.cli.screen import progress_bar, say, say_json
from neurokit.errors import VerificationInterrupted
from neurokit.ladder import program_of


@dataclass(frozen=True)
class Ladder:
    """How to climb it: the arguments of `nk.verify` that both verbs take, as their options have them."""

    labels: Path | None
    expected: Path | None
    bits: int | None
    window: int | None
    steps: int | None
    tau: float
    attribute: int
    lava: int
    backend: opt.Lava
    time_limit: float | None

    def read(
        self, source: Path, data: list[Path], reading: Reading, encoding: Encoding
    ) -> tuple[nk.Network | nk.Program, Any, Any]:
        """The source, its inputs and their labels; what is wrong with them is told before anything runs."""
        graph = read_graph(source, reading)
        truth = read_labels(self.labels)
        check_compiling(graph, self.bits, self.window)
        return graph, read_inputs(graph, data, self.steps, encoding), truth

    def climb(
        self, source: Path, graph: nk.Network | nk.Program, arrays: Any, truth: Any, *, as_json: bool
    ) -> nk.Parity:
        """Verify; Ctrl-C tells what was found so far and ends the command."""
        given = None if self.expected is None else read_arrays(self.expected)
        try:
            with progress_bar("verifying") as progress:
                return nk.verify(
                    source_of(source, graph),
                    arrays,
                    network=converted(source, graph),
                    expected=given,
                    labels=truth,
                    bits=self.bits,
                    window=self.window,
                    steps=self.steps,
                    tau=self.tau,
                    attribute=self.attribute,
                    lava=self.lava,
                    backend=self.backend.value,
                    time_limit=self.time_limit,
                    progress=progress,
                )
        except VerificationInterrupted as interrupt:
            say_json(interrupt.parity.to_dict()) if as_json else say(str(interrupt.parity))
            raise typer.Exit(INTERRUPTED) from None


def verify(
    source: opt.Source,
    data: opt.Data,
    labels: opt.Labels = None,
    expected: opt.Expected = None,
    attribute: opt.Attribute = 4,
    tau: opt.Tau = 10.0,
    lava: opt.Samples = 1,
    backend: opt.OnLava = opt.Lava.lava_inprocess,
    steps: opt.Steps = None,
    time_limit: opt.TimeLimit = None,
    bits: opt.Bits = None,
    window: opt.Window = None,
    kind: opt.Kind = None,
    dt: opt.Dt = None,
    reset: opt.Reset = None,
    inputs: opt.Inputs = None,
    shape: opt.SampleShape = None,
    spec: opt.Spec = None,
    code: opt.CodeOf = None,
    calibrate: opt.Calibrate = None,
    fires: opt.FiresAt = None,
    integration: opt.Integrating = None,
    bin: opt.Bin = None,
    counts: opt.Counts = None,
    fit: opt.FitTo = None,
    size: opt.SensorSize = None,
    time_unit: opt.TimeUnitOf = None,
    encode: opt.EncodeAs = None,
    seed: opt.RateSeed = None,
    threshold: opt.Threshold = None,
    as_json: opt.AsJson = False,
) -> None:
    """Prove that every form computes the same: source, integers, Lava; say what the integers lose, and by what cause.

    Exit code 1 when the Program on the simulator and on Lava differ, or the source in its own framework by too much.
    """
    reading = Reading(kind, dt, reset, inputs, shape, spec, code, calibrate, fires, integration)
    encoding = Encoding(bin, counts, fit, size, encode, seed, threshold, time_unit)
    ladder = Ladder(labels, expected, bits, window, steps, tau, attribute, lava, backend, time_limit)
    graph, arrays, truth = ladder.read(source, data, reading, encoding)
    parity = ladder.climb(source, graph, arrays, truth, as_json=as_json)
    say_json(parity.to_dict()) if as_json else say(str(parity))
    if not lava and not as_json and not any(rung.exact for rung in parity.rungs):
        say("Lava was left out, so nothing had to be exact")
    if not parity.ok:
        raise typer.Exit(1)


def report(
    source: opt.Source,
    data: opt.Data,
    output: opt.ToPage = Path("report.html"),
    labels: opt.Labels = None,
    expected: opt.Expected = None,
    attribute: opt.Attribute = 4,
    tau: opt.Tau = 10.0,
    lava: opt.Samples = 1,
    backend: opt.OnLava = opt.Lava.lava_inprocess,
    chip: opt.OnChip = opt.Chip.loihi2,
    steps: opt.Steps = None,
    measure: opt.MeasureSteps = None,
    time_limit: opt.TimeLimit = None,
    bits: opt.Bits = None,
    window: opt.Window = None,
    kind: opt.Kind = None,
    dt: opt.Dt = None,
    reset: opt.Reset = None,
    inputs: opt.Inputs = None,
    shape: opt.SampleShape = None,
    spec: opt.Spec = None,
    code: opt.CodeOf = None,
    calibrate: opt.Calibrate = None,
    fires: opt.FiresAt = None,
    integration: opt.Integrating = None,
    bin: opt.Bin = None,
    counts: opt.Counts = None,
    fit: opt.FitTo = None,
    size: opt.SensorSize = None,
    time_unit: opt.TimeUnitOf = None,
    encode: opt.EncodeAs = None,
    seed: opt.RateSeed = None,
    threshold: opt.Threshold = None,
    as_json: opt.AsJson = False,
) -> None:
    """Verify, place and profile, and write it all as one HTML page and as JSON; exit code as verify's and place's."""
    check_output(output, ".html", source, *data, labels, expected)
    reading = Reading(kind, dt, reset, inputs, shape, spec, code, calibrate, fires, integration)
    encoding = Encoding(bin, counts, fit, size, encode, seed, threshold, time_unit)
    ladder = Ladder(labels, expected, bits, window, steps, tau, attribute, lava, backend, time_limit)
    graph, arrays, truth = ladder.read(source, data, reading, encoding)
    program, _ = program_of(graph, None, bits, window, arrays)
    parity = ladder.climb(source, graph, arrays, truth, as_json=as_json)
    placement = nk.place(program, chip.value)
    whole = program.scaled(arrays) if program.input_scale and program is not graph else arrays
    profiled = profiled_run(program, whole, steps, placement, measure, time_limit)
    title = f"neurokit: {Path(graph.source).name or source.name}"
    found = nk.targets(program, whole, truth, steps=steps)
    nk.report(profiled, parity, placement, targets=found, title=title, path=output)
    ok = parity.ok and placement.ok
    state = "parity holds" if parity.ok else "parity is BROKEN"
    fits = "fits" if placement.ok else "does NOT fit"
    pages = {"page": str(output), "json": str(output.with_suffix(".json"))}
    if as_json:
        say_json({**pages, "ok": ok, "parity": parity.ok, "fits": placement.ok})
    else:
        say(f"{state}; {fits} on {placement.chip.title}; wrote {pages['page']} and {pages['json']}")
    if not ok:
        raise typer.Exit(1)


def targets(
    source: opt.Source,
    data: opt.MaybeData = None,
    labels: opt.Labels = None,
    steps: opt.Steps = None,
    bits: opt.Bits = None,
    window: opt.Window = None,
    kind: opt.Kind = None,
    dt: opt.Dt = None,
    reset: opt.Reset = None,
    inputs: opt.Inputs = None,
    bin: opt.Bin = None,
    counts: opt.Counts = None,
    fit: opt.FitTo = None,
    size: opt.SensorSize = None,
    time_unit: opt.TimeUnitOf = None,
    encode: opt.EncodeAs = None,
    seed: opt.RateSeed = None,
    threshold: opt.Threshold = None,
    as_json: opt.AsJson = False,
) -> None:
    """Say what lava-cpu, loihi2-stock and loihi1 have of a Program, and with DATA what their parts leave of it.

    Exit code 1 when no chip takes it, not even by other parts.
    """
    program = compiled(read_graph(source, Reading(kind, dt, reset, inputs)), bits, window)
    encoding = Encoding(bin, counts, fit, size, encode, seed, threshold, time_unit)
    arrays = read_inputs(program, data, steps, encoding) if data else None
    found = nk.targets(program, arrays, read_labels(labels), steps=steps)
    say_json(found.to_dict()) if as_json else say(str(found))
    if not any(row.program is not None for row in found.rows if row.target != "lava-cpu"):
        raise typer.Exit(1)


def profiled_run(
    program: nk.Program,
    arrays: Any,
    steps: int | None,
    placement: nk.Placement,
    measure: int | None = None,
    time_limit: float | None = None,
) -> nk.Profile:
    """The profile of a run that records all spikes. measure: steps to measure on a board; None: in the simulator."""
    backend: Any = "simulator"
    if measure is not None:
        from neurokit.hardware.loihi import Loihi2, Measure  # the whole backend: not at each command's start

        backend = Loihi2(measure=Measure(steps=measure))
    names = tuple(program.populations)
    with progress_bar("running") as progress:
        recording = nk.run(program, arrays, steps, backend, names, progress=progress, time_limit=time_limit)
    return nk.profile(recording, placement)
