"""The parity ladder: run one source in every form, and compare form with form."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import ArrayLike

from neurokit import api
from neurokit.arguments import Inputs, check_inputs, check_steps
from neurokit.errors import BackendError, Fault, InputError
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Backend, Progress, RecordKey
from neurokit.profiling.decisions import decide
from neurokit.profiling.parity import Parity, compare
from neurokit.records import Recording

IN_PROCESS_NOTE = "Lava's own compiled models, driven in one process"


def verify(
    source: str | os.PathLike[str] | Network | Program,
    inputs: Inputs,
    *,
    labels: ArrayLike | None = None,
    bits: int = 8,
    window: int | None = None,
    dt: float | None = None,
    reset: str | None = None,
    steps: int | None = None,
    lava: int = 1,
    backend: str | Backend = "lava-inprocess",
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Parity:
    """Climb the ladder: source's Network (float, its own timing) -> Program on the simulator -> Program on Lava.

    source: a path, a Network or a Program; a Network is compiled with `bits` and `window`. inputs, steps: as for
    `nk.run`; the Program runs longer by its latency. labels: one class a sample, for accuracies. lava: how many of the
    samples run on Lava too, with all spikes and states compared; 0 leaves Lava out. backend: "lava-inprocess" or "lava"
    (its multi-process runtime, slower). time_limit: seconds for Lava.

    The first rung compares every population's spikes, shifted by latency, and may differ (rounding); Lava's must be
    identical. `Parity.first_divergence` names layer, step, neuron and cause. Raises as convert, compile and run do.
    """
    if lava < 0:
        raise InputError(Fault("lava", f"is {lava}", "a number of samples", "Pass 0 to leave Lava out."))
    graph = _graph(source, dt, reset)
    program = graph if isinstance(graph, Program) else api.compile(graph, bits=bits, window=window)
    runner = _runner(backend, program) if lava else None
    network = graph if isinstance(graph, Network) and not graph.is_integer else None
    if network is None and runner is None:
        raise InputError(
            Fault("lava", "is 0", "a source of integers is compared with nothing but Lava", "Let samples run on it.")
        )
    arrays, _ = check_inputs(program if network is None else network, inputs)
    length = check_steps(arrays, steps)
    populations: tuple[RecordKey, ...] = tuple(program.populations)
    longest = length + max(program.latency.values(), default=0)
    stages: dict[str, Recording] = {}
    rungs = []
    simulated = api.run(program, arrays, longest, record=populations, progress=progress)
    if network is not None:
        stages["network"] = api.run(network, arrays, length, record=populations)
        rungs.append(
            compare(stages["network"], simulated, exact=False, shift=program.latency, names=("network", "program"))
        )
    stages["program"] = simulated
    decisions = decide(stages, labels)  # before Lava, which is slow: labels that do not fit are told soon
    if runner is not None:
        some = {name: values[:lava] for name, values in arrays.items()}
        everything = (*populations, *((name, state) for name in program.populations for state in "uv"))
        here = api.run(program, some, longest, record=everything)
        there = api.run(program, some, longest, runner, everything, time_limit=time_limit, progress=progress)
        notes = (IN_PROCESS_NOTE if runner.name == "lava-inprocess" else "", _samples_note(lava, simulated))
        note = "; ".join(filter(None, notes))
        rungs.append(compare(here, there, exact=True, names=("program", runner.name), note=note))
    return Parity(tuple(rungs), decisions)


def _runner(backend: str | Backend, program: Program) -> Backend:
    """The backend to compare with; told before anything runs when it is none, or refuses the Program."""
    runner = api.get_backend(backend)
    if runner.name == "simulator":
        raise InputError(
            Fault("backend", "is the simulator", "it is compared with another", "Pass 'lava-inprocess' or 'lava'.")
        )
    faults = runner.accepts(program)
    if faults:
        raise BackendError(faults)
    return runner


def _samples_note(lava: int, simulated: Recording) -> str:
    samples = simulated.batch or 1
    return f"{lava} of {samples} samples" if lava < samples else ""


def _graph(source: Any, dt: float | None, reset: str | None) -> Network | Program:
    if isinstance(source, Network | Program):
        return source
    if isinstance(source, str | os.PathLike) and str(source).endswith(".nk"):
        return api.load(source)
    return api.convert(source, dt=dt, reset=reset)
