"""Run one case on a backend and compare all it leaves with the interpreter, or with a recording."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit import api
from neurokit.conformance.cases import Case
from neurokit.conformance.interpreter import Interpreter
from neurokit.conformance.report import Outcome, Status
from neurokit.conformance.truths import Expected, Truth
from neurokit.errors import Fault, OverflowWarning, PayloadError
from neurokit.hardware.base import Backend, RecordKey
from neurokit.profiling.comparing import compare
from neurokit.profiling.parity import LayerParity, Parity
from neurokit.records import Recording


def run_case(case: Case, backend: Backend, time_limit: float | None = None) -> Outcome:
    """Compare one case; whatever the backend raises becomes part of the outcome."""
    return _guarded(case, backend, lambda: _compared_with_interpreter(case, backend, time_limit))


def run_truth(name: str, make: Callable[[], Truth], backend: Backend, time_limit: float | None = None) -> Outcome:
    """Compare with a recording; "absent" where its wheel is not installed."""
    try:
        truth = make()
    except FileNotFoundError as error:
        return Outcome(f"truth: {name}", (), "absent", reason=str(error))
    return _guarded(truth.case, backend, lambda: _compared_with_recording(truth, backend, time_limit))


def _guarded(case: Case, backend: Backend, job: Callable[[], Outcome]) -> Outcome:
    """What the job gives; or the backend's refusal; or what it raised."""
    try:
        refusals = backend.accepts(case.program)
        if refusals:
            return Outcome(case.name, case.operators, "refused", reason="; ".join(_reason(fault) for fault in refusals))
        return job()
    except PayloadError as error:
        return Outcome(case.name, case.operators, "refused", reason=error.faults[0].limit)
    except Exception as error:  # noqa: BLE001  # a backend of somebody's own may raise anything
        return Outcome(case.name, case.operators, "failed", reason=f"{type(error).__name__}: {error}")


def _compared_with_interpreter(case: Case, backend: Backend, time_limit: float | None) -> Outcome:
    names = tuple(case.program.populations)
    states = [(name, state) for name in names for state in case.program.neuron(name).states]
    record: tuple[RecordKey, ...] = (*names, *states)
    wanted = Interpreter().run(case.program, case.inputs, case.steps)
    found = _run(case, backend, record, time_limit)
    blind = _run(case, backend, names, time_limit)
    return _compared(case, backend.name, wanted, found, blind)


def _run(case: Case, backend: Backend, record: tuple[RecordKey, ...], time_limit: float | None) -> Recording:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OverflowWarning)  # cases leave every range on purpose
        return api.run(case.program, case.inputs, case.steps, backend, record, time_limit=time_limit)


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


def _compared_with_recording(truth: Truth, backend: Backend, time_limit: float | None) -> Outcome:
    case = truth.case
    record: tuple[RecordKey, ...] = tuple(
        dict.fromkeys(e.population if e.what == "spikes" else (e.population, e.what) for e in truth.expected)
    )
    found = _run(case, backend, record, time_limit)
    compared: Counter[str] = Counter()
    differing: Counter[str] = Counter()
    reason, fired = "", 0
    for expected in truth.expected:
        values = _recorded(found, expected)
        unequal = values != expected.values
        compared[expected.what] += unequal.size
        differing[expected.what] += int(np.count_nonzero(unequal))
        fired += int(np.count_nonzero(values)) if expected.what == "spikes" else 0
        if unequal.any() and not reason:
            place = np.unravel_index(int(np.argmax(unequal)), unequal.shape)
            reason = (
                f"'{expected.population}' first differs from the recording in {expected.what}, at step "
                f"{expected.first + int(place[0])}, neuron {tuple(int(k) for k in place[1:])}: "
                f"{expected.values[place]} recorded, {values[place]} in {backend.name}"
            )
    status: Status = "differs" if reason else "same"
    return Outcome(case.name, case.operators, status, dict(compared), dict(differing), fired, reason)


def _recorded(found: Recording, expected: Expected) -> NDArray[Any]:
    """Of the one sample, the steps that the recording has."""
    name, what = expected.population, expected.what
    values = found.spikes[name] if what == "spikes" else found.states[name, what]
    return values[0, expected.first : expected.first + len(expected.values)]
