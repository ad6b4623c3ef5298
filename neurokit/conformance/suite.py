"""The suite: every case on a backend, counted; and whether it has a case for every model."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from neurokit import api
from neurokit.conformance.cases import edge_cases
from neurokit.conformance.generator import random_case
from neurokit.conformance.neurons import NEURONS
from neurokit.conformance.report import Conformance, Outcome
from neurokit.conformance.running import run_case, run_truth
from neurokit.conformance.synapses import SYNAPSES
from neurokit.conformance.truths import TRUTHS
from neurokit.errors import BackendError, Fault, InputError
from neurokit.graph.neurons import FixedNeuron
from neurokit.graph.synapses import Flatten, Synapse, Upsample2d
from neurokit.hardware.base import Backend, Progress

NETWORK_ONLY = (Upsample2d, Flatten)  # synapses that a Network may hold and a Program may not: `compile` leaves none
NETWORKS = 60


def conformance(
    backend: str | Backend = "simulator",
    *,
    networks: int = NETWORKS,
    seed: int = 0,
    start: int = 0,
    edges: bool = True,
    truths: bool = False,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Conformance:
    """Run Programs on `backend` and compare every spike, payload, state and count with what they mean.

    backend: a name ("simulator", "lava", "lava-inprocess"), "module:attribute" of your own, or an object with `name`,
    `accepts` and `run` (`hardware.base.Backend`). networks, seed, start: random networks number `start`,
    `start + 1`, ... of a seed's endless series; each depends on its number alone, so a long suite can be cut into
    parts. edges: whether to run the fixed cases, every model at the ends of its ranges. truths: whether to compare with
    the recordings of the lava-dl wheel too, where that is installed. time_limit: seconds for each run. A case that the
    backend refuses is counted as refused, with its reason; an exception is a failure.

    Raises InputError for arguments, BackendError for an unknown backend.
    """
    for name, value in (("networks", networks), ("seed", seed), ("start", start)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
            raise InputError(Fault(name, f"is {value!r}", "a whole number of at least 0", "Pass one."))
    if networks == 0 and not edges and not truths:
        raise InputError(Fault("networks", "is 0, without edges or truths", "nothing is compared", "Ask for some."))
    runner = find_backend(backend)
    jobs = [partial(run_case, case, runner, time_limit) for case in (edge_cases() if edges else ())]
    if truths:
        jobs += [partial(run_truth, name, make, runner, time_limit) for name, make in TRUTHS.items()]
    jobs += [partial(_run_random, seed, number, runner, time_limit) for number in range(start, start + networks)]
    outcomes = []
    for job in jobs:
        outcomes.append(job())
        if progress is not None:
            progress(len(outcomes), len(jobs))
    return Conformance(runner.name, seed, tuple(outcomes), operators(), tuple(uncovered()))


def _run_random(seed: int, number: int, backend: Backend, time_limit: float | None) -> Outcome:
    return run_case(random_case(seed, number), backend, time_limit)  # drawn when its turn comes


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
    """Public subclasses of the graph's, at any depth; converters have some of their own, which no Network holds."""
    for model in base.__subclasses__():
        if not model.__name__.startswith("_") and model.__module__.startswith("neurokit.graph."):
            yield model
        yield from _models(model)


def uncovered() -> Iterator[str]:
    """Models that the tables have no entry for: a gap of the suite, which fails it."""
    known = {model.__name__ for model in (*NEURONS, *SYNAPSES)}
    return (name for name in operators() if name not in known)
