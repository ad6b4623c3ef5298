"""The command line: the same verbs as the API. Exit code 0: done; 1: faults found; 2: usage (arguments, files)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

import neurokit as nk
from neurokit.errors import Fault, FormatError, InputError, NeurokitError, OutputError
from neurokit.files import check_writable
from neurokit.graph.text import summary

app = typer.Typer(
    help="Trained spiking networks to Intel Loihi's integers, proven step by step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)

USAGE = (FormatError, InputError, OutputError)  # exit code 2; the others are faults in what was given, 1


class Chip(str, Enum):
    """Chips that placement knows."""

    loihi1 = "loihi1"
    loihi2 = "loihi2"


Source = Annotated[Path, typer.Argument(help="A trained network (.nir, .net) or a .nk file.")]
Data = Annotated[Path, typer.Argument(help="Inputs: .npy, or .npz with one array an input; (batch, time, *shape).")]
Compiled = Annotated[Path, typer.Argument(help="A compiled .nk file, or a source, which is then compiled.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Dt = Annotated[float | None, typer.Option(help="Seconds per step, where the format leaves it out (NIR).")]
Reset = Annotated[str | None, typer.Option(help="'hard' or 'soft', where the format leaves it out (NIR).")]
Inputs = Annotated[str | None, typer.Option(help="'current' or 'spikes': how a .net input layer is fed.")]
Bits = Annotated[int, typer.Option(help="Width of weights, 1 to 8.")]
Window = Annotated[int | None, typer.Option(help="Reset a population at depth k before steps k, k + WINDOW, ...")]
Steps = Annotated[int | None, typer.Option(help="Steps to run; default the input's length.")]


def main() -> None:
    """Entry point: our errors become one message and an exit code, never a traceback."""
    try:
        app(standalone_mode=True)
    except NeurokitError as error:
        for fault in error.faults:
            err.print(f"[bold red]error[/] {_escape(str(fault))}")
        raise SystemExit(2 if isinstance(error, USAGE) else 1) from None
    except KeyboardInterrupt:
        err.print("interrupted")
        raise SystemExit(130) from None


@app.command()
def convert(
    source: Source,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .nk file to write.")],
    dt: Dt = None,
    reset: Reset = None,
    inputs: Inputs = None,
    as_json: AsJson = False,
) -> None:
    """Read a trained network and save it as a Network in a .nk file."""
    network = nk.convert(source, dt=dt, reset=reset, inputs=inputs)
    network.save(output)
    _show(network, as_json)


@app.command()
def inspect(source: Source, dt: Dt = None, reset: Reset = None, inputs: Inputs = None, as_json: AsJson = False) -> None:
    """Say what a file holds: populations, conventions, connections, targets."""
    _show(_load(source, dt, reset, inputs), as_json)


@app.command()
def compile(
    source: Source,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .nk file to write.")],
    bits: Bits = 8,
    window: Window = None,
    dt: Dt = None,
    reset: Reset = None,
    inputs: Inputs = None,
    as_json: AsJson = False,
) -> None:
    """Bring a network to Loihi's integers and save the Program."""
    program = _program(source, bits, window, dt, reset, inputs)
    program.save(output)
    if as_json:
        _print_json({**summary(program), "report": [vars(row) for row in program.report]})
        return
    table = Table("population", "scale", "bits", "exponent", "weight error", "threshold error", "decay error", "notes")
    for row in program.report:
        errors = (f"{value:.2%}" for value in (row.weight_error, row.threshold_error, row.decay_error))
        table.add_row(
            row.population,
            f"{row.scale:.4g}",
            str(row.weight_bits),
            str(row.weight_exponent),
            *errors,
            "; ".join(row.notes),
        )
    out.print(table)
    out.print(f"runs on: {', '.join(program.targets)}")


@app.command()
def run(
    program: Compiled,
    data: Data,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write spikes, states, counts (.npz).")] = None,
    steps: Steps = None,
    backend: Annotated[str, typer.Option(help="simulator, lava or lava-inprocess.")] = "simulator",
    record: Annotated[list[str] | None, typer.Option(help="Populations, or POPULATION:u, POPULATION:v.")] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds.")] = None,
    bits: Bits = 8,
    window: Window = None,
    dt: Dt = None,
    as_json: AsJson = False,
) -> None:
    """Run a Program and tell the outputs' spike counts."""
    if output is not None:
        check_writable(output)
    compiled = _program(program, bits, window, dt)
    arrays = _arrays(data)
    with _bar("running") as progress:
        recording = nk.run(
            compiled, arrays, steps, backend, _record(record or []), time_limit=time_limit, progress=progress
        )
    if output is not None:
        recording.save(output)
    facts = {
        "backend": recording.backend,
        "samples": recording.batch or 1,
        "steps": recording.steps,
        "seconds": recording.seconds,
        "spikes": {name: int(counts.sum()) for name, counts in recording.counts.items()},
        "output counts": {name: _first(recording.counts[name], recording.batch) for name in compiled.outputs},
    }
    if as_json:
        _print_json(facts)
        return
    for name, value in facts.items():
        out.print(f"{name}: {_escape(str(value))}", soft_wrap=True)


@app.command()
def verify(
    source: Source,
    data: Data,
    labels: Annotated[Path | None, typer.Option(help="Classes of the samples (.npy).")] = None,
    lava: Annotated[int, typer.Option(help="Samples to run on Lava too; 0 leaves it out.")] = 1,
    backend: Annotated[str, typer.Option(help="lava-inprocess or lava.")] = "lava-inprocess",
    bits: Bits = 8,
    window: Window = None,
    steps: Steps = None,
    dt: Dt = None,
    reset: Reset = None,
    as_json: AsJson = False,
) -> None:
    """Climb the parity ladder; exit code 1 when a rung that must be exact is not."""
    truth = None if labels is None else _arrays(labels)
    with _bar("verifying") as progress:
        parity = nk.verify(
            source,
            _arrays(data),
            labels=truth,
            bits=bits,
            window=window,
            dt=dt,
            reset=reset,
            steps=steps,
            lava=lava,
            backend=backend,
            progress=progress,
        )
    _print_json(parity.to_dict()) if as_json else out.print(_escape(str(parity)), soft_wrap=True)
    if not parity.ok:
        raise typer.Exit(1)


@app.command()
def place(program: Compiled, chip: Chip = Chip.loihi2, bits: Bits = 8, dt: Dt = None, as_json: AsJson = False) -> None:
    """Estimate cores and what binds them; exit code 1 when it does not fit."""
    placement = nk.place(_program(program, bits, None, dt), chip.value)
    _print_json(placement.to_dict()) if as_json else out.print(_escape(str(placement)), soft_wrap=True)
    if not placement.ok:
        raise typer.Exit(1)


@app.command()
def profile(
    program: Compiled,
    data: Data,
    chip: Chip = Chip.loihi2,
    steps: Steps = None,
    bits: Bits = 8,
    window: Window = None,
    dt: Dt = None,
    as_json: AsJson = False,
) -> None:
    """Count spikes and operations of a run, and estimate energy and time on a chip."""
    profiled = _profiled(_program(program, bits, window, dt), data, steps, chip)
    _print_json(profiled.to_dict()) if as_json else out.print(_escape(str(profiled)), soft_wrap=True)


@app.command()
def report(
    source: Source,
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path("report.html"),
    labels: Annotated[Path | None, typer.Option(help="Classes of the samples (.npy).")] = None,
    lava: Annotated[int, typer.Option(help="Samples to run on Lava too; 0 leaves it out.")] = 1,
    chip: Chip = Chip.loihi2,
    bits: Bits = 8,
    window: Window = None,
    steps: Steps = None,
    dt: Dt = None,
    reset: Reset = None,
    as_json: AsJson = False,
) -> None:
    """Verify, place and profile, and write it all as one HTML page and as JSON."""
    check_writable(output)
    graph = _load(source, dt, reset, None)
    program = graph if isinstance(graph, nk.Program) else nk.compile(graph, bits=bits, window=window)
    arrays, truth = _arrays(data), None if labels is None else _arrays(labels)
    with _bar("verifying") as progress:
        parity = nk.verify(
            graph, arrays, labels=truth, bits=bits, window=window, steps=steps, lava=lava, progress=progress
        )
    page = nk.report(_profiled(program, data, steps, chip), parity, nk.place(program, chip.value), path=output)
    _print_json({"page": str(page), "ok": parity.ok}) if as_json else out.print(f"wrote {page}")
    if not parity.ok:
        raise typer.Exit(1)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="The report to write.")] = Path("report.html"),
    as_json: AsJson = False,
) -> None:
    """Take a trained digit classifier through the whole toolkit and write a report."""
    from neurokit.demo import run_demo  # brings in scikit-learn

    check_writable(output)
    with Progress(*_columns(), console=err, transient=True) as bars:
        tasks: list[Any] = []

        def stage(name: str) -> Any:
            for task in tasks:
                bars.update(task, visible=False)
            tasks.append(bars.add_task(name, total=None))
            return lambda done, total: bars.update(tasks[-1], completed=done, total=total)

        done = run_demo(output, stage)
    lines = done.summary()
    if as_json:
        _print_json(dict(lines))
        return
    for name, value in lines:
        out.print(f"[bold]{name:>16}[/]  {_escape(value)}", soft_wrap=True)


def _profiled(program: nk.Program, data: Path, steps: int | None, chip: Chip) -> nk.Profile:
    with _bar("running") as progress:
        recording = nk.run(program, _arrays(data), steps, record=tuple(program.populations), progress=progress)
    return nk.profile(recording, nk.place(program, chip.value))


def _load(source: Path, dt: float | None, reset: str | None, inputs: str | None) -> nk.Network | nk.Program:
    return nk.load(source) if source.suffix == ".nk" else nk.convert(source, dt=dt, reset=reset, inputs=inputs)


def _program(
    source: Path,
    bits: int,
    window: int | None,
    dt: float | None,
    reset: str | None = None,
    inputs: str | None = None,
) -> nk.Program:
    graph = _load(source, dt, reset, inputs)
    return graph if isinstance(graph, nk.Program) else nk.compile(graph, bits=bits, window=window)


def _arrays(path: Path) -> Any:
    """An array, or arrays by name from .npz; never unpickles."""
    if not path.is_file():
        raise FormatError(Fault(str(path), "there is no such file", "inputs are .npy or .npz", "Check the path."))
    try:
        loaded = np.load(path, allow_pickle=False)
        return {name: loaded[name] for name in loaded.files} if isinstance(loaded, np.lib.npyio.NpzFile) else loaded
    except (ValueError, OSError, EOFError) as error:
        raise FormatError(
            Fault(
                str(path), f"cannot be read ({error})", "inputs are .npy or .npz of numbers", "Write it with np.save."
            )
        ) from error


def _record(names: list[str]) -> tuple[Any, ...]:
    """`name` or `name:u`."""
    split = (name.rpartition(":") for name in names)
    return tuple(
        (left, right) if left and right in ("u", "v") else left + colon + right for left, colon, right in split
    )


def _first(counts: Any, batch: int | None) -> list[int]:
    """Counts of a single sample, or summed over the batch."""
    return np.ravel(counts if batch is None else counts.sum(axis=0)).tolist()  # type: ignore[no-any-return]


def _show(graph: nk.Network | nk.Program, as_json: bool) -> None:
    facts = summary(graph)
    if as_json:
        _print_json(facts)
        return
    out.print(f"{facts['kind']} from {facts['source'] or 'nowhere'}, {facts['neurons']:,} neurons")
    for name, shape in facts["inputs"].items():
        out.print(f"input {name}: {shape}")
    table = Table("population", "shape", "model", "conventions", "fed by", "latency")
    for row in facts["populations"]:
        shape = "×".join(map(str, row["shape"]))
        latency = "" if row["latency"] is None else str(row["latency"])
        table.add_row(row["population"], shape, row["model"], row["conventions"], "\n".join(row["incoming"]), latency)
    out.print(table)
    if "targets" in facts:
        out.print(f"runs on: {', '.join(facts['targets'])}")


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


def _columns() -> tuple[Any, ...]:
    return TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()


@contextmanager
def _bar(name: str) -> Iterator[Any]:
    """A progress bar on stderr, only where somebody watches."""
    with Progress(*_columns(), console=err, transient=True, disable=not err.is_terminal) as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
