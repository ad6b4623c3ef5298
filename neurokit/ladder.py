"""The parity ladder: run one source in every form, and compare form with form."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit import api
from neurokit.arguments import Inputs, check_inputs, check_steps, refuse
from neurokit.errors import BackendError, Fault, InputError
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Backend, Progress, RecordKey
from neurokit.profiling.decisions import decide
from neurokit.profiling.parity import Parity, Rung, compare
from neurokit.records import Recording

IN_PROCESS_NOTE = "Lava's own compiled models, driven in one process"


def verify(
    source: str | os.PathLike[str] | Network | Program,
    inputs: Inputs,
    *,
    labels: ArrayLike | None = None,
    bits: int | None = None,
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

    source: a path, a Network or a Program; a path is converted with `dt` and `reset` (for a format's other choices call
    nk.convert first), a Network compiled with `bits` (default 8) and `window`. inputs, steps: as for `nk.run`; the
    Program runs longer by its latency. labels: one class a sample, for accuracies. lava: how many of the samples run on
    Lava too, with all spikes and states compared; 0 leaves Lava out. backend: "lava-inprocess" or "lava" (its
    multi-process runtime, slower). time_limit: seconds for Lava.

    The first rung compares every population's spikes, shifted by latency, and may differ (rounding; with `window` the
    Network, which knows none, is not reset); Lava's must be identical. `Parity.first_divergence` names layer, step,
    neuron and cause. All spikes of all populations are kept: give as many samples as memory holds. Raises as convert,
    compile and run do.
    """
    if isinstance(lava, bool) or not isinstance(lava, int | np.integer) or lava < 0:
        raise InputError(Fault("lava", f"is {lava!r}", "a whole number of samples", "Pass 0 to leave Lava out."))
    graph = _graph(source, dt, reset)
    program = _program(graph, bits, window)
    runner = _runner(backend, program) if lava else None
    network = graph if isinstance(graph, Network) and not graph.is_integer else None
    if network is None and runner is None:
        raise InputError(
            Fault("lava", "is 0", "a source of integers is compared with nothing but Lava", "Let samples run on it.")
        )
    arrays, _ = check_inputs(program if network is None else network, inputs)
    length = check_steps(arrays, steps)
    populations = tuple(program.populations)
    longest = length + max(program.latency.values(), default=0)
    stages: dict[str, Recording] = {}
    rungs = []
    if network is not None:
        stages["network"] = api.run(network, arrays, length, record=populations, progress=progress)
    stages["program"] = simulated = api.run(program, arrays, longest, record=populations, progress=progress)
    if network is not None:
        names = ("network", "program")
        rungs.append(compare(stages["network"], simulated, exact=False, shift=program.latency, names=names))
    decisions = decide(stages, labels)  # before Lava, which is slow: labels that do not fit are told soon
    if runner is not None:
        some = {name: values[:lava] for name, values in arrays.items()}
        rung = _with_lava(program, some, longest, runner, time_limit, progress)
        rungs.append(replace(rung, note="; ".join(filter(None, (rung.note, _samples_note(lava, simulated))))))
    return Parity(tuple(rungs), decisions)


def _with_lava(
    program: Program,
    inputs: Mapping[str, NDArray[Any]],
    steps: int,
    runner: Backend,
    time_limit: float | None,
    progress: Progress | None,
) -> Rung:
    """All spikes and states of the simulator against the runner's."""
    states = [(name, state) for name, p in program.populations.items() for state in p.neuron.states]
    everything: tuple[RecordKey, ...] = (*program.populations, *states)
    here = api.run(program, inputs, steps, record=everything)
    there = api.run(program, inputs, steps, runner, everything, time_limit=time_limit, progress=progress)
    note = IN_PROCESS_NOTE if runner.name == "lava-inprocess" else ""
    return compare(here, there, exact=True, names=("program", runner.name), note=note)


def _program(graph: Network | Program, bits: int | None, window: int | None) -> Program:
    """The Program itself, or the compiled Network; what would do nothing is refused."""
    if isinstance(graph, Network):
        return api.compile(graph, bits=8 if bits is None else bits, window=window)
    refuse({"bits": bits, "window": window}, "a Program is compiled already")
    return graph


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
    if not isinstance(source, Network | Program) and not api.is_saved(source):
        return api.convert(source, dt=dt, reset=reset)
    refuse({"dt": dt, "reset": reset}, "a Network, a Program and a .nk file state it themselves")
    return source if isinstance(source, Network | Program) else api.load(source)
