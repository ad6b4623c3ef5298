"""The verb `deploy`: bundles for a board, what came back from it, and the first-light kit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import neurokit as nk
from neurokit.bundles.manifest import read_manifest
from neurokit.cli import options as opt
from neurokit.cli.files import Reading, check_output, compiled, read_graph
from neurokit.cli.inputs import Encoding, read_inputs
from neurokit.cli.screen import say, say_json
from neurokit.errors import Fault, InputError
from neurokit.firstlight.identify import identify
from neurokit.firstlight.kit import write_kit
from neurokit.lower.silicon import save_silicon

CHECKING = "What came back"
MaybeSource = Annotated[Path | None, typer.Argument(metavar="SOURCE", help="A Program (.nk), or a source to compile.")]
ToFolder = Annotated[
    Path | None, typer.Option("--output", "-o", help="The folder to write; of a checked kit, the silicon file (.json).")
]
OnTarget = Annotated[str | None, typer.Option(help="loihi2 (loihi2-stock), loihi1 or lava-cpu; default: loihi2.")]
Force = Annotated[bool, typer.Option("--force", help="Write it although the target lacks parts; its README says so.")]
FirstLight = Annotated[bool, typer.Option("--first-light", help="Write the kit that tells what a chip does otherwise.")]
CheckOf = Annotated[
    Path | None,
    typer.Option("--check", metavar="RESULTS", rich_help_panel=CHECKING, help="Compare results.npz with a bundle."),
]
OfBundle = Annotated[
    Path | None,
    typer.Option(
        "--bundle", rich_help_panel=CHECKING, help="The bundle or kit they are of; default: the results' folder."
    ),
]


def deploy(
    source: MaybeSource = None,
    data: opt.MaybeData = None,
    output: ToFolder = None,
    target: OnTarget = None,
    steps: opt.Steps = None,
    force: Force = False,
    first_light: FirstLight = False,
    check: CheckOf = None,
    bundle: OfBundle = None,
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
    """Write a folder to copy to a board; compare what comes back.

    `deploy model.nk inputs.npz -o bundle`: program, inputs, script, expected output with a checksum. Exit code 1 when
    the target lacks a part. `deploy --check results.npz --bundle bundle`: step by step; exit code 1 at a difference.
    `deploy --first-light -o kit`, and `--check` of its results: which arithmetic the chip has.
    """
    reading = Reading(kind, dt, reset, inputs)
    encoding = Encoding(bin, counts, fit, size, encode, seed, threshold, time_unit)
    making = {"SOURCE": source, "DATA": data, "--steps": steps, "--bits": bits, "--window": window, **vars(reading)}
    making |= {**vars(encoding), "--force": force or None}
    if check is not None:
        _refuse({**making, "--target": target, "--first-light": first_light or None}, "--check reads what came back")
        _check(check, bundle, output, as_json)
        return
    _refuse({"--bundle": bundle}, "it goes with --check")
    if output is None:
        raise InputError(Fault("--output", "is missing", "a folder is written", "Name one with -o."))
    if first_light:
        _refuse(making, "the first-light kit has its own programs and inputs")
        made = write_kit(output, target or "loihi2")
    else:
        if source is None or not data:
            what = "SOURCE" if source is None else "DATA"
            limit = "a bundle holds a program and its inputs"
            raise InputError(Fault(what, "is missing", limit, "Name it, or pass --check or --first-light."))
        program = compiled(read_graph(source, reading), bits, window)
        arrays = read_inputs(program, data, steps, encoding)
        made = nk.deploy(program, arrays, output, target=target or "loihi2", steps=steps, force=force)
    facts = {"path": str(made.path), "target": made.target, "checksum": made.checksum}
    if as_json:
        say_json({**facts, "forced": [str(fault) for fault in made.forced]})
        return
    say(f"wrote {made.path} for {made.target}; expected output {made.checksum[:16]}")
    for fault in made.forced:
        say(f"forced: {fault}")


def _check(results: Path, bundle: Path | None, output: Path | None, as_json: bool) -> None:
    folder = results.absolute().parent if bundle is None else bundle
    if read_manifest(folder).kind == "first-light":
        _identify(results, folder, output, as_json)
        return
    _refuse({"--output": output}, "only the check of a first-light kit writes a file")
    parity = nk.check_results(results, folder)
    divergence = parity.first_divergence
    if as_json:
        say_json(parity.to_dict())
    else:
        say("as expected" if parity.ok else str(parity))
        for rung in parity.rungs:
            if parity.ok and rung.note:
                say(f"note: {rung.note}")
    if divergence is not None or not parity.ok:
        raise typer.Exit(1)


def _identify(results: Path, folder: Path, output: Path | None, as_json: bool) -> None:
    if output is not None:
        check_output(output, ".json", results)
    found = identify(results, folder)
    if output is not None:
        save_silicon(found, output)
    say_json(found.to_dict()) if as_json else say(str(found))
    if not found.ok:
        raise typer.Exit(1)


def _refuse(given: dict[str, Any], limit: str) -> None:
    """InputError for options that would do nothing."""
    faults = [
        Fault(
            name if name.startswith("--") or name.isupper() else f"--{name.replace('_', '-')}",
            "was given",
            limit,
            "Leave it out.",
        )
        for name, value in given.items()
        if value is not None and value != []
    ]
    if faults:
        raise InputError(faults)
