"""The verb `learn`: the rule asked for, the run, and what learning did."""

from __future__ import annotations

import ast
import inspect
import types
from pathlib import Path
from typing import Any

import numpy as np
import typer

import neurokit as nk
from neurokit.cli import options as opt
from neurokit.cli import verb_options as only
from neurokit.cli.files import Reading, check_output, compiled, read_graph
from neurokit.cli.inputs import Encoding, read_inputs
from neurokit.cli.running import INTERRUPTED
from neurokit.cli.screen import progress_bar, say, say_json, say_table
from neurokit.errors import Fault, InputError, Interrupted, RuleError
from neurokit.graph.learned import plastic_projections, weights_of
from neurokit.profiling.estimate import digits

RULES = {  # those that make a Rule from numbers
    name: value
    for name, value in vars(nk.rules).items()
    if isinstance(value, types.FunctionType) and name not in ("rule", "rule_text")
}


def learn(
    source: opt.Source,
    data: opt.Data,
    output: opt.ToNk,
    rule: only.RuleName = None,
    sets: only.RuleSets = None,
    on: only.OnProjection = None,
    modulation: only.ModulationInput = None,
    passes: only.Passes = 1,
    floats: only.InFloats = False,
    freeze: only.Freeze = False,
    steps: opt.Steps = None,
    backend: opt.OnBackend = opt.Backend.simulator,
    time_limit: opt.TimeLimit = None,
    bits: opt.Bits = None,
    calibrate: opt.CalibrateOn = None,
    kind: opt.Kind = None,
    dt: opt.Dt = None,
    reset: opt.Reset = None,
    inputs: opt.Inputs = None,
    as_json: opt.AsJson = False,
) -> None:
    """Let a network learn on data by a plasticity rule, save it with its new weights, and tell what changed.

    Samples are presented in order to one learner. The file that it writes can learn on, run, or be verified.
    """
    check_output(output, ".nk", source, calibrate, *data)
    graph = with_rule(read_graph(source, Reading(kind, dt, reset, inputs)), rule, sets or [], on, modulation)
    if not floats:
        graph = compiled(graph, bits, None, calibrate)
    arrays = read_inputs(graph, data, steps, Encoding())
    recording, whole = present(graph, arrays, steps, backend.value, passes, time_limit)
    learned = recording.program
    (learned.frozen() if freeze else learned).save(output)
    facts = learn_facts(graph, recording)
    say_json(facts) if as_json else tell_learning(facts, output)
    if not whole:
        raise typer.Exit(INTERRUPTED)


def with_rule(
    graph: nk.Network | nk.Program, rule: str | None, sets: list[str], on: str | None, modulation: str | None
) -> nk.Network | nk.Program:
    """The graph with the rule asked for; unchanged where it has one and none is asked for. InputError otherwise."""
    learns = plastic_projections(graph)
    if rule is None:
        given = {"--set": sets, "--on": on, "--modulation": modulation}
        faults = [
            Fault(n, "was given without --rule", "it belongs to one", "Pass --rule.") for n, v in given.items() if v
        ]
        if not learns:
            fact, limit = "was not given", "the network has no plastic projection of its own"
            faults.append(Fault("--rule", fact, limit, f"Pass one of {', '.join(RULES)}."))
        if faults:
            raise InputError(faults)
        return graph
    if isinstance(graph, nk.Program):
        fact = "was given for a Program"
        limit = "a rule speaks of the source's units, which a Program has no more"
        raise InputError(Fault("--rule", fact, limit, "Give the source, or a .nk file of neurokit convert."))
    made = _rule(rule, sets)
    return graph.with_plasticity(_projection(graph, on), made, modulation=modulation)


def _projection(network: nk.Network, on: str | None) -> str:
    names = [p.name for p in network.projections]
    if on is not None or len(names) == 1:
        return on if on is not None else names[0]
    fact, limit = "was not given", f"the network has the projections {', '.join(names)}"
    raise InputError(Fault("--on", fact, limit, f"Pass one of them, as --on '{names[-1]}'."))


def _rule(name: str, sets: list[str]) -> Any:
    if name not in RULES:
        raise InputError(Fault("--rule", f"'{name}' is unknown", f"known: {', '.join(RULES)}", "Name one of them."))
    parameters = inspect.signature(RULES[name]).parameters
    values: dict[str, Any] = {}
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals or key not in parameters:
            limit = f"{name} has {', '.join(parameters)}"
            raise InputError(Fault("--set", f"'{text}' sets nothing of {name}", limit, "Write name=number."))
        try:
            values[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            values[key] = getattr(nk.rules, value, value)  # a set of parameters by its name
    needed = [k for k, p in parameters.items() if p.default is p.empty and k not in values]
    if needed:
        limit = f"{name} has {', '.join(parameters)}"
        raise InputError(
            Fault("--set", f"{', '.join(needed)} of {name} were not given", limit, "Pass --set name=number.")
        )
    try:
        return RULES[name](**values)
    except TypeError as error:
        raise InputError(
            Fault("--set", f"{name} does not take this ({error})", "numbers", "Write name=number.")
        ) from error
    except RuleError as error:
        raise InputError(error.faults) from error


def present(
    graph: nk.Network | nk.Program, arrays: Any, steps: int | None, backend: str, passes: int, time_limit: float | None
) -> tuple[nk.Recording, bool]:
    """Present the inputs `passes` times in order; (the last recording, whether all was done). Ctrl-C keeps what is."""
    with progress_bar("learning") as progress:
        for number in range(passes):
            try:
                recording = nk.run(graph, arrays, steps, backend, time_limit=time_limit, progress=progress)
            except Interrupted as interrupt:
                say(f"interrupted in pass {number + 1} of {passes}", stderr=True)
                return interrupt.recording, False
            graph = recording.program
    return recording, True


def learn_facts(before: nk.Network | nk.Program, recording: nk.Recording) -> dict[str, Any]:
    """For JSON: per projection that learned, what became of its weights."""
    after = plastic_projections(recording.program)
    rows = []
    for name, projection in plastic_projections(before).items():
        old, new = (np.asarray(weights_of(p), np.float64) for p in (projection, after[name]))
        change = new - old
        rails = recording.rails.get(name)
        rows.append(
            {
                "projection": name,
                "rule": projection.plasticity.name if projection.plasticity else "",
                "weights": int(old.size),
                "changed": int(np.count_nonzero(change)),
                "mean_before": float(old.mean()) if old.size else 0.0,
                "mean_after": float(new.mean()) if new.size else 0.0,
                "rms_change": float(np.sqrt(np.square(change).mean())) if old.size else 0.0,
                "at_lower_bound": None if rails is None else rails.low,
                "at_upper_bound": None if rails is None else rails.high,
                "updates": None if name not in recording.updates else int(recording.updates[name].sum()),
            }
        )
    return {"kind": type(before).__name__, "backend": recording.backend, "seconds": recording.seconds, "learned": rows}


def tell_learning(facts: dict[str, Any], output: Path) -> None:
    """The same as a table."""
    columns = ("projection", "rule", "weights", "changed", "mean before", "after", "rms change", "low", "high")
    rows = []
    for row in facts["learned"]:
        counts = (f"{row['weights']:,}", f"{row['changed']:,}")
        means = (digits(row["mean_before"]), digits(row["mean_after"]), digits(row["rms_change"]))
        ends = tuple("-" if row[key] is None else f"{row[key]:,}" for key in ("at_lower_bound", "at_upper_bound"))
        rows.append((row["projection"], row["rule"], *counts, *means, *ends))
    unit = "the chip's units" if facts["kind"] == "Program" else "the source's units"
    took = f"learned in {facts['seconds']:.3g} s on {facts['backend']}"
    say(f"{took}; means and change in {unit}; low, high: how many weights sit at a bound")
    say_table(columns, rows, left=2)
    say(f"written to {output}")
