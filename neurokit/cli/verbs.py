"""The verbs, one function each; their docstrings are the help texts."""

from __future__ import annotations

from pathlib import Path

import typer

import neurokit as nk
from neurokit.cli import options as opt
from neurokit.cli import verb_options as only
from neurokit.cli.deploy import deploy
from neurokit.cli.doctor import doctor
from neurokit.cli.files import (
    Reading,
    check_output,
    compiled,
    read_graph,
    read_source,
    record_keys,
    survey_source,
)
from neurokit.cli.inputs import Encoding, read_inputs
from neurokit.cli.learning import learn
from neurokit.cli.proofs import profiled_run, report, targets, verify
from neurokit.cli.running import Outputs
from neurokit.cli.screen import progress_bar, say, say_json, stage_bars
from neurokit.cli.surveys import survey_facts, tell_survey
from neurokit.cli.texts import graph_facts, run_facts, tell_compilation, tell_graph, tell_run

app = typer.Typer(
    help="Trained spiking networks to Intel Loihi's integers, proven step by step.",
    epilog="Exit codes: 0 done, 1 faults found (not convertible, not the same, does not fit), 2 usage or files.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        say(f"neurokit {nk.__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass


@app.command()
def convert(
    source: opt.Source,
    output: opt.ToNetwork,
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
    as_json: opt.AsJson = False,
) -> None:
    """Read a trained network and save it, still in floats, as a Network in a .nk file, or as NIR in a .nir file."""
    check_output(output, ".nir" if output.suffix.lower() == ".nir" else ".nk", source)
    network = read_source(source, Reading(kind, dt, reset, inputs, shape, spec, code, calibrate, fires, integration))
    network.save(output)
    _show(network, as_json)


@app.command()
def inspect(
    source: opt.Source,
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
    as_json: opt.AsJson = False,
) -> None:
    """Say what a file holds before any work: each node supported, approximated or unsupported, why, and the mend.

    Also which conventions it states, what must be passed, and what it becomes. Exit code 1 when a node is unsupported,
    2 when something must be passed before anything can be said.
    """
    reading = Reading(kind, dt, reset, inputs, shape, spec, code, calibrate, fires, integration)
    survey = survey_source(source, reading)
    say_json(survey_facts(survey)) if as_json else tell_survey(survey)
    if not survey.ok:
        raise typer.Exit(1 if survey.tried else 2)


@app.command()
def compile(
    source: opt.Source,
    output: opt.ToNk,
    bits: opt.Bits = None,
    window: opt.Window = None,
    calibrate: opt.CalibrateOn = None,
    schedule: opt.ScheduleOf = None,
    kind: opt.Kind = None,
    dt: opt.Dt = None,
    reset: opt.Reset = None,
    inputs: opt.Inputs = None,
    as_json: opt.AsJson = False,
) -> None:
    """Bring a network to Loihi's integers, save the Program in a .nk file, and say what was lost."""
    check_output(output, ".nk", source, calibrate)
    program = compiled(read_graph(source, Reading(kind, dt, reset, inputs)), bits, window, calibrate, schedule)
    program.save(output)
    say_json(graph_facts(program)) if as_json else tell_compilation(program)


@app.command()
def run(
    source: opt.Source,
    data: opt.Data,
    output: opt.ToNpz = None,
    steps: opt.Steps = None,
    backend: opt.OnBackend = opt.Backend.simulator,
    record: opt.Record = None,
    to: opt.ToFile = None,
    checkpoint: opt.CheckpointFile = None,
    every: opt.Every = 60.0,
    time_limit: opt.TimeLimit = None,
    silicon: opt.FollowSilicon = None,
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
    """Run a Program (a source is compiled first) and tell how much everything spiked."""
    outputs = Outputs(output, to, checkpoint, every)
    outputs.check(source, *data, silicon)
    program = compiled(read_graph(source, Reading(kind, dt, reset, inputs)), bits, window)
    arrays = read_inputs(program, data, steps, Encoding(bin, counts, fit, size, encode, seed, threshold, time_unit))
    keys = record_keys(program, record or [])
    recording = outputs.run(program, arrays, steps, backend.value, keys, time_limit, silicon)
    say_json(run_facts(recording)) if as_json else tell_run(recording)


app.command()(learn)


app.command()(verify)


@app.command()
def place(
    source: opt.Source,
    chip: opt.OnChip = opt.Chip.loihi2,
    bits: opt.Bits = None,
    kind: opt.Kind = None,
    dt: opt.Dt = None,
    reset: opt.Reset = None,
    inputs: opt.Inputs = None,
    picture: opt.Picture = None,
    host: opt.OnHost = False,
    as_json: opt.AsJson = False,
) -> None:
    """Find cores and chips, and say what binds them; exit code 1 when the network does not fit."""
    program = compiled(read_graph(source, Reading(kind, dt, reset, inputs)), bits, None)
    placement = nk.place(program, chip.value, host=host)
    if picture is not None:
        placement.picture(picture)
    say_json(placement.to_dict(cores=True)) if as_json else say(str(placement))
    if picture is not None and not as_json:
        say(f"wrote {picture}")
    if not placement.ok:
        raise typer.Exit(1)


@app.command()
def profile(
    source: opt.Source,
    data: opt.Data,
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
    """Count spikes and operations of a run, and estimate energy and time on a chip, with bounds.

    With --measure the run is on a board, and its own figures stand beside the estimate.
    """
    program = compiled(read_graph(source, Reading(kind, dt, reset, inputs)), bits, window)
    arrays = read_inputs(program, data, steps, Encoding(bin, counts, fit, size, encode, seed, threshold, time_unit))
    profiled = profiled_run(program, arrays, steps, nk.place(program, chip.value), measure, time_limit)
    say_json(profiled.to_dict()) if as_json else say(str(profiled))


app.command()(report)
app.command()(targets)


@app.command()
def conformance(
    backend: only.AnyBackend = "simulator",
    networks: only.Networks = 60,
    seed: only.Seed = 0,
    start: only.Start = 0,
    edges: only.Edges = True,
    truths: only.Truths = False,
    time_limit: opt.TimeLimit = None,
    as_json: opt.AsJson = False,
) -> None:
    """Compare a backend with the meaning of Programs, every value; exit code 1 when anything differs."""
    with progress_bar("comparing") as progress:
        found = nk.conformance(
            backend,
            networks=networks,
            seed=seed,
            start=start,
            edges=edges,
            truths=truths,
            time_limit=time_limit,
            progress=progress,
        )
    say_json(found.to_dict()) if as_json else say(str(found))
    if not found.ok:
        raise typer.Exit(1)


app.command()(deploy)


app.command()(doctor)


@app.command()
def demo(output: opt.ToPage = Path("report.html"), as_json: opt.AsJson = False) -> None:
    """Take a trained digit classifier through the whole toolkit and write a report."""
    check_output(output, ".html")
    from neurokit.demo import run_demo  # brings in scikit-learn

    with stage_bars() as stage:
        done = run_demo(output, stage)
    if as_json:
        numbers = {"accuracy_before": done.before, "accuracy_after": done.after, "seconds": done.seconds}
        say_json({"ok": done.parity.ok, "page": str(done.page), **numbers, "summary": dict(done.summary())})
    else:
        for name, value in done.summary():
            say(f"{name:>16}  {value}")
    if not done.parity.ok:
        raise typer.Exit(1)


def _show(graph: nk.Network | nk.Program, as_json: bool) -> None:
    say_json(graph_facts(graph)) if as_json else tell_graph(graph)
