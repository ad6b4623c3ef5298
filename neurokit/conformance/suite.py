"""Run every case on a backend, compare all it leaves with the interpreter, and count."""

from __future__ import annotations

import importlib
import inspect
from collections import Counter
from collections.abc import Iterator
from itertools import chain, product
from typing import Any

import numpy as np

from neurokit import api
from neurokit.conformance.cases import Case, edge_cases
from neurokit.conformance.generator import random_case
from neurokit.conformance.interpreter import Interpreter
from neurokit.conformance.neurons import NEURONS
from neurokit.conformance.report import Conformance, Outcome, Status
from neurokit.conformance.synapses import SYNAPSES
from neurokit.errors import BackendError, Fault, InputError, PayloadError
from neurokit.graph.neurons import FixedNeuron
from neurokit.graph.synapses import Flatten, Synapse, Upsample2d
from neurokit.hardware.base import Backend, Progress, RecordKey
from neurokit.profiling.parity import LayerParity, Parity, compare
from neurokit.records import Recording

NETWORK_ONLY = (Upsample2d, Flatten)  # synapses that a Network may hold and a Program may not: `compile` leaves none
NETWORKS = 60


def conformance(
    backend: str | Backend = "simulator",
    *,
    networks: int = NETWORKS,
    seed: int = 0,
    start: int = 0,
    edges: bool = True,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Conformance:
    """Run Programs on `backend` and compare every spike, payload, state and count with what they mean.

    backend: a name ("simulator", "lava", "lava-inprocess"), "module:attribute" of your own, or an object with `name`,
    `accepts` and `run` (`hardware.base.Backend`). networks, seed, start: random networks number `start`,
    `start + 1`, ... of a seed's endless series; each depends on its number alone, so a long suite can be cut into
    parts. edges: whether to run the fixed cases, every model at the ends of its ranges. time_limit: seconds for each
    case. A case that the backend refuses is counted as refused, with its reason; an exception is a failure.

    Raises InputError for arguments, BackendError for an unknown backend.
    """
    for name, value in (("networks", networks), ("seed", seed), ("start", start)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
            raise InputError(Fault(name, f"is {value!r}", "a whole number of at least 0", "Pass one."))
    if networks == 0 and not edges:
        raise InputError(Fault("networks", "is 0, without the edges too", "nothing would be compared", "Ask for some."))
    runner = find_backend(backend)
    drawn = (random_case(seed, number) for number in range(start, start + networks))
    cases = chain(edge_cases() if edges else (), drawn)
    total = networks + (sum(1 for _ in edge_cases()) if edges else 0)
    outcomes = []
    for case in cases:
        outcomes.append(run_case(case, runner, time_limit))
        if progress is not None:
            progress(len(outcomes), total)
    return Conformance(runner.name, seed, tuple(outcomes), operators(), tuple(uncovered()))


def run_case(case: Case, backend: Backend, time_limit: float | None = None) -> Outcome:
    """Compare one case; whatever the backend raises becomes part of the outcome."""
    refusals = backend.accepts(case.program)
    if refusals:
        return Outcome(case.name, case.operators, "refused", reason="; ".join(_reason(fault) for fault in refusals))
    names = tuple(case.program.populations)
    states = [(name, state) for name in names for state in case.program.neuron(name).states]
    record: tuple[RecordKey, ...] = (*names, *states)
    wanted = Interpreter().run(case.program, case.inputs, case.steps)
    try:
        found = api.run(case.program, case.inputs, case.steps, backend, record, time_limit=time_limit)
        blind = api.run(case.program, case.inputs, case.steps, backend, names, time_limit=time_limit)
        return _compared(case, backend.name, wanted, found, blind)
    except PayloadError as error:
        return Outcome(case.name, case.operators, "refused", reason=error.faults[0].limit)
    except Exception as error:  # noqa: BLE001  # a backend of somebody's own may raise anything
        return Outcome(case.name, case.operators, "failed", reason=f"{type(error).__name__}: {error}")


def _compared(case: Case, backend: str, wanted: Recording, found: Recording, blind: Recording) -> Outcome:
    """Spikes (payloads, where any is not 0 or 1), states and counts of all populations, and the spikes of `blind`.

    blind: a run without recorded states, in which a backend may go other ways (the simulator takes whole blocks).
    """
    rungs = [
        compare(wanted, found, exact=True, names=("interpreter", backend)),
        compare(wanted, blind, exact=True, names=("interpreter", f"{backend} recording no states")),
    ]
    compared: Counter[str] = Counter()
    differing: Counter[str] = Counter()
    for layer in (layer for rung in rungs for layer in rung.layers):
        what = "payloads" if _graded(wanted, layer) else layer.what
        compared[what] += layer.compared
        differing[what] += layer.differing
    for run, kind in product((found, blind), ("counts", "step_counts")):
        for name, values in getattr(wanted, kind).items():
            compared["counts"] += values.size
            differing["counts"] += int(np.count_nonzero(values != getattr(run, kind)[name]))
    fired = sum(int(wanted.counts[name].sum()) for name in case.program.populations)
    parting = Parity(tuple(rungs)).first_divergence
    reason = "" if parting is None else str(parting)
    if not reason and differing["counts"]:
        reason = "spikes agree, but their counts do not"
    status: Status = "differs" if reason else "same"
    return Outcome(case.name, case.operators, status, dict(compared), dict(differing), fired, reason)


def _graded(wanted: Recording, layer: LayerParity) -> bool:
    """Whether a layer's spikes are payloads."""
    if layer.what != "spikes":
        return False
    sent = wanted.spikes[layer.population]
    return bool(((sent != 0) & (sent != 1)).any())


def _reason(fault: Fault) -> str:
    return f"{fault.fact}; {fault.limit}"


def find_backend(backend: str | Backend) -> Backend:
    """A backend by name, "module:attribute" (an object, or a class to call), or itself."""
    if not isinstance(backend, str) or ":" not in backend:
        return api.get_backend(backend)
    module, _, attribute = backend.partition(":")
    mend = "Name an object with name, accepts and run, in a module that Python finds."
    try:
        found: Any = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise BackendError(
            Fault(backend, f"cannot be imported ({error})", "module:attribute is needed", mend)
        ) from error
    made: Any = found() if inspect.isclass(found) else found
    missing = [name for name in ("name", "accepts", "run") if getattr(made, name, None) is None]
    if missing:
        raise BackendError(Fault(backend, f"has no {', '.join(missing)}", "a backend has all three", mend))
    runner: Backend = made
    return runner


def operators() -> tuple[str, ...]:
    """Every neuron and synapse model that a Program may hold, read from the code."""
    found = [*_models(FixedNeuron), *(model for model in _models(Synapse) if model not in NETWORK_ONLY)]
    return tuple(dict.fromkeys(model.__name__ for model in found))


def _models(base: type[Any]) -> Iterator[type[Any]]:
    """Public subclasses of neurokit's, at any depth."""
    for model in base.__subclasses__():
        if not model.__name__.startswith("_") and model.__module__.startswith("neurokit."):
            yield model
        yield from _models(model)


def uncovered() -> Iterator[str]:
    """Models that the tables have no entry for: a gap of the suite, which fails it."""
    known = {model.__name__ for model in (*NEURONS, *SYNAPSES)}
    return (name for name in operators() if name not in known)
