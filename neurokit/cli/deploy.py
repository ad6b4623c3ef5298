"""The verb `deploy`: bundles for a board, and what came back from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import neurokit as nk
from neurokit.cli import options as opt
from neurokit.cli.files import Reading, compiled, read_graph
from neurokit.cli.inputs import Encoding, read_inputs
from neurokit.cli.screen import say, say_json
from neurokit.errors import Fault, InputError

CHECKING = "What came back"
MaybeSource = Annotated[Path | None, typer.Argument(metavar="SOURCE", help="A Program (.nk), or a source to compile.")]
MaybeData = Annotated[
    list[Path] | None, typer.Argument(metavar="DATA...", help="Inputs, as for `neurokit run`: .npy, .npz, recordings.")
]
ToFolder = Annotated[Path | None, typer.Option("--output", "-o", help="The folder to write.")]
OnTarget = Annotated[str | None, typer.Option(help="loihi2 (loihi2-stock), loihi1 or lava-cpu; default: loihi2.")]
Force = Annotated[bool, typer.Option("--force", help="Write it although the target lacks parts; its README says so.")]
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
    data: MaybeData = None,
    output: ToFolder = None,
    target: OnTarget = None,
    steps: opt.Steps = None,
    force: Force = False,
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
    """
    reading = Reading(kind, dt, reset, inputs)
    encoding = Encoding(bin, counts, fit, size, encode, seed, threshold, time_unit)
    making = {"SOURCE": source, "DATA": data, "--steps": steps, "--bits": bits, "--window": window, **vars(reading)}
    making |= {**vars(encoding), "--force": force or None}
    if check is not None:
        _refuse({**making, "--target": target, "--output": output}, "--check reads what came back")
        _check(check, bundle, as_json)
        return
    _refuse({"--bundle": bundle}, "it goes with --check")
    if output is None:
        raise InputError(Fault("--output", "is missing", "a folder is written", "Name one with -o."))
    if source is None or not data:
        what = "SOURCE" if source is None else "DATA"
        raise InputError(
            Fault(what, "is missing", "a bundle holds a program and its inputs", "Name it, or pass --check.")
        )
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


def _check(results: Path, bundle: Path | None, as_json: bool) -> None:
    folder = results.absolute().parent if bundle is None else bundle
    parity = nk.check_results(results, folder)
    if as_json:
        say_json(parity.to_dict())
    else:
        say("as expected" if parity.ok else str(parity))
        for rung in parity.rungs:
            if parity.ok and rung.note:
                say(f"note: {rung.note}")
    if not parity.ok:
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
