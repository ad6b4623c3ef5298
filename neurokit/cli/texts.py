"""What the verbs tell about a graph, a compilation and a run, as text and as facts for JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.cli.screen import say, say_table
from neurokit.errors import Fault
from neurokit.graph.text import summary, timing
from neurokit.lower.targets import target_faults
from neurokit.profiling.estimate import digits, quantity
from neurokit.profiling.report import percent

STOCK = "loihi2-stock"
SAMPLES_SHOWN, VALUES_SHOWN = 10, 4


def tell_graph(graph: nk.Network | nk.Program) -> None:
    """Inputs and populations of a graph, as a table."""
    facts = summary(graph)
    step = "" if graph.dt is None else f", steps of {quantity(graph.dt, 's')}"
    say(f"{facts['kind']} from {Path(graph.source).name or 'memory'}: {facts['neurons']:,} neurons{step}")
    for name, shape in facts["inputs"].items():
        say(f"input '{name}': {_shape(shape)}")
    for row in facts["populations"]:
        latency = "" if row["latency"] is None else f", latency {_many(row['latency'], 'step')}"
        say(f"population '{row['population']}': {_shape(row['shape'])} {row['model']}, {row['conventions']}{latency}")
        for projection in row["incoming"]:
            say(f"  from {projection}")
    say(f"outputs: {', '.join(graph.outputs)}")
    if isinstance(graph, nk.Program):
        tell_targets(graph)


def graph_facts(graph: nk.Network | nk.Program) -> dict[str, Any]:
    """For JSON; of a Program also what compilation did, and what the chip's stock parts lack."""
    facts = summary(graph)
    if isinstance(graph, nk.Program):
        facts["report"] = [vars(row) for row in graph.report]
        facts["stock_faults"] = [vars(fault) for fault in _stock_faults(graph)]
    return facts


def tell_compilation(program: nk.Program) -> None:
    """What compilation did to each population, and what can run the Program."""
    columns = (
        "population",
        "bits",
        "exponent",
        "scale",
        "weights",
        "threshold",
        "decay",
        "output",
        "headroom",
        "latency",
    )
    rows = []
    for row in program.report:
        errors = (_off(error) for error in (row.weight_error, row.threshold_error, row.decay_error))
        numbers = (str(row.weight_bits), str(row.weight_exponent), digits(row.scale))
        output = "-" if row.output_error is None else _off(row.output_error)
        room = "/".join("-" if bits is None else f"{bits:.1f}" for bits in (row.headroom, row.worst_headroom))
        rows.append((row.population, *numbers, *errors, output, room, str(program.latency[row.population])))
    say(
        f"{Path(program.source).name or 'Network'} in integers; weights, threshold, decay, output: how far they are off"
    )
    say("headroom: bits that the largest current leaves of its 24, on samples / in the worst case (below 0: may wrap)")
    say_table(columns, rows)
    say(timing(program))
    notes: dict[str, list[str]] = {}
    for row in program.report:
        for note in row.notes:
            notes.setdefault(note, []).append(row.population)
    for note, names in notes.items():
        say(f"{', '.join(names)}: {note}")
    tell_targets(program)


def run_facts(recording: nk.Recording) -> dict[str, Any]:
    """For JSON: spikes in total; of each output those per sample and neuron, and `final_v` when it never spikes."""
    return {
        "source": Path(recording.program.source).name,
        "backend": recording.backend,
        "samples": recording.batch or 1,
        "steps": recording.steps,
        "complete": recording.complete,
        "seconds": recording.seconds,
        "spikes": {name: int(counts.sum()) for name, counts in recording.counts.items()},
        "outputs": {
            name: {"spikes": _batched(recording.counts[name], recording), "final_v": _final_v(recording, name)}
            for name in recording.program.outputs
        },
    }


def tell_run(recording: nk.Recording) -> None:
    """Spikes of all inputs and populations, and what each output says."""
    samples, steps = recording.batch or 1, recording.steps
    name = Path(recording.program.source).name or "Program"
    took = f"{_many(samples, 'sample')} of {_many(steps, 'step')} in {quantity(recording.seconds, 's')}"
    say(f"{name} on {recording.backend}: {took}")
    rows = []
    for name, counts in recording.counts.items():
        total = int(counts.sum())
        rows.append((name, f"{counts.size // samples:,}", f"{total:,}", percent(total / (counts.size * steps))))
    say_table(("input or population", "neurons", "spikes", "per neuron and step"), rows)
    for name in recording.program.outputs:
        _tell_output(recording, name)


def _tell_output(recording: nk.Recording, name: str) -> None:
    values, what = _final_v(recording, name), "highest v after the last step"
    if values is None:
        values, what = _batched(recording.counts[name], recording), "most spikes"
    say(f"output '{name}', neurons with {what}:")
    for sample, row in enumerate(values[:SAMPLES_SHOWN]):
        flat = row.reshape(-1)
        best = np.argsort(-flat, kind="stable")[:VALUES_SHOWN]
        ranked = ", ".join(f"{_index(int(k), row.shape)} ({flat[k]:,})" for k in best if flat[k] or what[0] == "h")
        say(f"  sample {sample}: {ranked or 'no spikes'}")
    if len(values) > SAMPLES_SHOWN:
        say(f"  and {len(values) - SAMPLES_SHOWN:,} more samples: --json prints all")


def _final_v(recording: nk.Recording, name: str) -> NDArray[Any] | None:
    """v of a readout after the last step, (samples, *shape)."""
    if recording.program.outputs[name].neuron.spiking or (name, "v") not in recording.states:
        return None
    states = recording.states[name, "v"]
    return states[-1][None] if recording.batch is None else states[:, -1]


def _batched(values: NDArray[Any], recording: nk.Recording) -> NDArray[Any]:
    return values[None] if recording.batch is None else values


def tell_targets(program: nk.Program) -> None:
    """What can run the Program, and what of it the chip's stock parts lack."""
    say(f"runs on: {', '.join(('simulator', *program.targets))}")
    faults: dict[str, list[str]] = {}
    for fault in _stock_faults(program):
        faults.setdefault(f"{fault.fact}; {fault.limit}", []).append(f"'{fault.node}'")
    for why, names in faults.items():
        say(f"not on {STOCK}: {', '.join(names)}: {why}")


def _stock_faults(program: nk.Program) -> list[Fault]:
    return [] if STOCK in program.targets else target_faults(program, STOCK)


def _off(error: float) -> str:
    return "exact" if error == 0 else percent(error)


def _shape(shape: list[int]) -> str:
    return "×".join(map(str, shape))


def _index(flat: int, shape: tuple[int, ...]) -> str:
    found = [int(k) for k in np.unravel_index(flat, shape)]
    return str(found[0]) if len(found) == 1 else f"({', '.join(map(str, found))})"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
