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
from neurokit.causes.switching import attribute as taken_apart
from neurokit.errors import BackendError, Fault, InputError
from neurokit.graph.check import check_program, need_program
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Backend, Progress, RecordKey
from neurokit.profiling.comparing import compare
from neurokit.profiling.decisions import decide
from neurokit.profiling.parity import Parity, Rung
from neurokit.profiling.trains import TIME_CONSTANT, check_time_constant
from neurokit.profiling.units import units
from neurokit.records import Recording

IN_PROCESS_NOTE = "Lava's own compiled models, driven in one process"


def verify(
    source: str | os.PathLike[str] | Network | Program,
    inputs: Inputs,
    *,
    program: Program | None = None,
    labels: ArrayLike | None = None,
    bits: int | None = None,
    window: int | None = None,
    dt: float | None = None,
    reset: str | None = None,
    steps: int | None = None,
    tau: float = TIME_CONSTANT,
    attribute: int = 4,
    lava: int = 1,
    backend: str | Backend = "lava-inprocess",
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Parity:
    """Climb the ladder: source's Network (float, its own timing) -> Program on the simulator -> Program on Lava.

    source: a path, a Network or a Program; a path is converted with `dt` and `reset` (for a format's other choices call
    nk.convert first), a Network compiled with `bits` (default 8) and `window`, unless its `program` is given. inputs,
    steps: as for `nk.run`; the Program runs longer by its latency. labels: one class a sample, for accuracies.
    tau: time constant of the spike trains' distance, in steps. attribute: how many of the samples the loss of the
    integers is taken apart with, cause by cause (about 20 runs), and states compared with; 0 leaves both out.
    lava: how many of the samples run on Lava too, with all spikes and states compared; 0 leaves Lava out. backend:
    "lava-inprocess" or "lava" (its multi-process runtime, slower). time_limit: seconds for Lava.

    The first rung compares every population's spikes, shifted by latency, and may differ (rounding; with `window` the
    Network, which knows none, is not reset); Lava's must be identical. `Parity.first_divergence` names layer, step,
    neuron and what that says; `Parity.attribution` which cause loses how much, and where it enters. All spikes of all
    populations are kept: give as many samples as memory holds. Raises as convert, compile and run do.
    """
    check_time_constant(tau)
    check_samples({"lava": lava, "attribute": attribute})
    graph = _graph(source, dt, reset)
    program = _program(graph, program, bits, window)
    runner = _runner(backend, program) if lava else None
    network = graph if isinstance(graph, Network) and not graph.is_integer else None
    if network is None and runner is None:
        raise InputError(
            Fault("lava", "is 0", "a source of integers is compared with nothing but Lava", "Let samples run on it.")
        )
    arrays, _ = check_inputs(program if network is None else network, inputs)
    length = check_steps(arrays, steps)
    longest = length + max(program.latency.values(), default=0)
    populations = tuple(program.populations)
    stages: dict[str, Recording] = {}
    if network is not None:
        stages["network"] = api.run(network, arrays, length, record=populations, progress=progress)
    stages["program"] = simulated = api.run(program, arrays, longest, record=populations, progress=progress)
    decisions = decide(stages, labels)  # before Lava, which is slow: labels that do not fit are told soon
    rungs, attribution = [], None
    if network is not None:
        some = {name: values[:attribute] for name, values in arrays.items()}
        names = ("network", "program")
        rung = compare(stages["network"], simulated, exact=False, shift=program.latency, names=names, tau=tau)
        if attribute:
            rung = _with_states(rung, network, program, some, length)
            attribution = taken_apart(network, program, some, length, tau=tau)
        rungs.append(rung)
    if runner is not None:
        few = {name: values[:lava] for name, values in arrays.items()}
        rung = _with_lava(program, few, longest, runner, time_limit, progress)
        rungs.append(replace(rung, note="; ".join(filter(None, (rung.note, _samples_note(lava, simulated))))))
    return Parity(tuple(rungs), decisions, attribution)


def check_samples(numbers: Mapping[str, Any]) -> None:
    """InputError for what is no number of samples."""
    faults = [
        Fault(name, f"is {value!r}", "a whole number of samples", "Pass 0 to leave it out.")
        for name, value in numbers.items()
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0
    ]
    if faults:
        raise InputError(faults)


def _with_states(
    rung: Rung, network: Network, program: Program, inputs: Mapping[str, NDArray[Any]], steps: int
) -> Rung:
    """The rung with the states of some samples, in the Network's units, before each layer's spikes."""
    convert = units(network, program)
    keys: tuple[RecordKey, ...] = tuple((name, state) for name in convert for state in ("u", "v"))
    if not keys:
        return rung
    here = api.run(network, inputs, steps, record=keys)
    there = api.run(program, inputs, steps + max(program.latency.values(), default=0), record=keys)
    states = compare(here, there, exact=False, shift=program.latency, convert=convert).layers
    layers = []
    for layer in rung.layers:
        layers += [s for s in states if s.population == layer.population and s.what != "spikes"]
        layers.append(layer)
    samples = next(iter(inputs.values())).shape[0]
    note = f"states of {samples} sample{'' if samples == 1 else 's'}, off when by more than 1 % of the way to threshold"
    return replace(rung, layers=tuple(layers), note="; ".join(filter(None, (rung.note, note))))


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


def _program(graph: Network | Program, program: Program | None, bits: int | None, window: int | None) -> Program:
    """The Program given, the Program itself, or the compiled Network; what would do nothing is refused."""
    if program is not None:
        refuse({"bits": bits, "window": window}, "program= is compiled already")
        if isinstance(graph, Program):
            fact = "was given beside a Program"
            raise InputError(Fault("program", fact, "it is compared with a Network", "Pass the source it came from."))
        return check_program(need_program(program))
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
