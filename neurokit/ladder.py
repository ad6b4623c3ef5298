"""The parity ladder: run one source in every form, and compare form with form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit import api
from neurokit.arguments import Inputs, check_inputs, check_steps, refuse
from neurokit.converters.running import Limits, SourceRun, run_source
from neurokit.converters.table import choose
from neurokit.errors import BackendError, Fault, FormatError, InputError, VerificationInterrupted
from neurokit.graph.check import check_network, check_program, need_program
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Backend, Progress, RecordKey
from neurokit.profiling.attribution import Attribution
from neurokit.profiling.comparing import compare
from neurokit.profiling.conventions import Conventions
from neurokit.profiling.decisions import Decision, decide
from neurokit.profiling.parity import Parity, Rung
from neurokit.profiling.trains import TIME_CONSTANT, check_time_constant
from neurokit.profiling.units import units
from neurokit.records import Recording
from neurokit.source_rung import SourceRung, given, stand_on, stand_on_integers

UNASKED = ("spikes", "refractory")  # compared anyhow; a count, which the spikes say
IN_PROCESS_NOTE = "Lava's own compiled models, driven in one process"


def verify(
    source: Any,
    inputs: Inputs,
    *,
    network: Network | None = None,
    program: Program | None = None,
    expected: Inputs | None = None,
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
    """Climb the ladder: source in its own framework -> Network (float) -> Program on the simulator -> Program on Lava.

    source: a path, a live torch module, a Network or a Program. It is converted with `dt` and `reset`, unless its
    `network` is given (for whatever else nk.convert takes), and that compiled with `bits` (default 8) and `window`,
    unless its `program` is. The source itself runs in onnxruntime or torch where these are installed; for others
    `expected` is what their framework gives: spikes by population (of readouts values), an array for a single output.
    inputs, steps: as for `nk.run`, in the Network's units; the Program runs longer by its latency. labels: one class a
    sample, for accuracies. tau: time constant of the spike trains' distance, in steps.
    attribute: how many of the samples the loss of the integers is taken apart with, cause by cause (about 20 runs), and
    states compared with; 0 leaves both out. lava: how many of the samples run on Lava too, with all spikes and states
    compared; 0 leaves Lava out. backend: "lava-inprocess" or "lava" (its multi-process runtime, slower).
    time_limit: seconds for Lava, and for netx.

    The source's rung may differ by rounding of floats (of a source that has integers not at all); where it differs by
    more, `Parity.conventions` says which convention is another. The next compares every population's spikes, shifted by
    latency, and may differ (with `window` the Network, which knows none, is not reset); `Parity.attribution` says which
    cause loses how much, and where it enters. Lava's must be identical. `Parity.first_divergence` names layer, step,
    neuron and what that says.
    All spikes of all populations are kept: give as many samples as memory holds. Raises as convert, compile and run do;
    Ctrl-C raises neurokit.errors.VerificationInterrupted with the Parity as far as it is known, once there is a rung.
    """
    check_time_constant(tau)
    check_samples({"lava": lava, "attribute": attribute})
    graph = _graph(source, network, dt, reset)
    program, notes = program_of(graph, program, bits, window, inputs)
    runner = _runner(backend, program) if lava else None
    net = graph if isinstance(graph, Network) and not graph.is_integer else None
    if net is None:
        _integers_alone(runner, expected)
    arrays, _ = check_inputs(program if net is None else net, inputs)
    whole = arrays if net is None or not program.input_scale else program.scaled(arrays)
    length = check_steps(arrays, steps)
    longest = length + max(program.latency.values(), default=0)
    populations = tuple(program.populations)
    climb = _Climb(notes=notes)
    try:
        if net is not None:
            floats = api.run(net, arrays, length, record=populations, progress=progress)
            climb.stand(_ground(source, net, arrays, floats, expected, attribute, tau))
            climb.stages["network"] = floats
        climb.stages["program"] = simulated = api.run(program, whole, longest, record=populations, progress=progress)
        climb.decisions = decide(climb.stages, labels)  # before what is slow: labels that do not fit are told soon
        if net is None:
            limits = Limits(window, time_limit)
            ground = _ground_of_integers(source, graph, program, whole, (length, longest), expected, lava, limits, tau)
            climb.stand(ground)
            climb.decisions = decide(climb.stages, labels)
        else:
            some = {name: values[:attribute] for name, values in arrays.items()}
            climb.rungs.append(_against_program(floats, simulated, some, attribute, tau))
            if attribute:
                from neurokit.causes.switching import attribute as taken_apart  # loads the simulator: when asked

                climb.at = "while the loss was taken apart (attribute=0 leaves that out)"
                climb.attribution = taken_apart(net, program, some, length, tau=tau, progress=progress)
        if runner is not None:
            climb.at = f"while {'the program' if lava == 1 else 'it'} ran on Lava (lava=0 leaves that out)"
            few = {name: values[:lava] for name, values in whole.items()}
            rung = _with_lava(program, few, longest, runner, time_limit, progress)
            note = "; ".join(filter(None, (rung.note, _samples_note(lava, simulated))))
            climb.rungs.append(replace(rung, note=note))
    except KeyboardInterrupt as interrupt:
        if not climb.rungs:
            raise
        climb.notes.append(f"Ctrl-C ended it {climb.at}: what is missing here was not looked at")
        raise VerificationInterrupted(climb.parity()) from interrupt
    return climb.parity()


@dataclass
class _Climb:
    """What a ladder has found so far. at: what it is at, for who interrupts it."""

    notes: list[str]
    rungs: list[Rung] = field(default_factory=list)
    stages: dict[str, Recording] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    attribution: Attribution | None = None
    conventions: Conventions | None = None
    at: str = "after the source's rung"

    def stand(self, ground: SourceRung | str) -> None:
        """Take the source's rung, or the note why there is none."""
        if isinstance(ground, str):
            if ground:
                self.notes.append(f"the source itself was not run: {ground}")
            return
        self.rungs.append(ground.rung)
        self.conventions = ground.conventions
        others = list(self.stages.values())
        whole = all(ground.stage.batch == (other.batch or 1) for other in others)
        if not others or (whole and others[0].program.outputs.keys() <= ground.stage.spikes.keys()):
            self.stages = {"source": ground.stage, **self.stages}

    def parity(self) -> Parity:
        """As it stands."""
        return Parity(tuple(self.rungs), self.decisions, self.attribution, self.conventions, tuple(self.notes))


def _against_program(
    floats: Recording, simulated: Recording, some: Mapping[str, NDArray[Any]], states: int, tau: float
) -> Rung:
    """The Network against the Program: spikes of all samples, states of `some` unless `states` is 0."""
    network, program = floats.program, simulated.program
    names, convert = ("network", "program"), units(network, program)
    rung = compare(floats, simulated, exact=False, shift=program.latency, names=names, tau=tau, convert=convert)
    return _with_states(rung, network, program, some, floats.steps) if states else rung


def _integers_alone(runner: Backend | None, expected: Any) -> None:
    """A source of integers has Lava to be compared with, or what is expected of it, and nothing else."""
    if runner is None and expected is None:
        raise InputError(
            Fault(
                "lava",
                "is 0",
                "a source of integers is compared with nothing but Lava",
                "Let samples run on it, or pass expected=.",
            )
        )


def _ground_of_integers(
    source: Any,
    graph: Network | Program,
    program: Program,
    inputs: Mapping[str, NDArray[Any]],
    steps: tuple[int, int],
    expected: Inputs | None,
    lava: int,
    limits: Limits,
    tau: float,
) -> SourceRung | str:
    """The source's rung where it has the chip's integers, or why there is none; "" for a Network or Program.

    steps: of the input, and with what the last layer lags behind. lava: samples that are run by a framework of Lava's.
    """
    if expected is not None:
        run: SourceRun | str = given(expected, program, len(next(iter(inputs.values()))), steps[0])
        return run if isinstance(run, str) else stand_on_integers(run, program, inputs, steps[0], tau)
    if isinstance(source, Network | Program) or api.is_saved(source) or not isinstance(graph, Network) or not lava:
        return ""
    few = {name: values[:lava] for name, values in inputs.items()}
    try:
        run = run_source(source, choose(source, None).kind, graph, few, steps[1], limits)
    except FormatError:  # it was converted with kind=
        return "its suffix does not say what it is"
    return run if isinstance(run, str) else stand_on_integers(run, program, few, steps[1], tau)


def _ground(
    source: Any,
    network: Network,
    arrays: Mapping[str, NDArray[Any]],
    floats: Recording,
    expected: Inputs | None,
    samples: int,
    tau: float,
) -> SourceRung | str:
    """The source's rung, or why there is none; "" for a source that is a Network already."""
    if expected is not None:
        run: SourceRun | str = given(expected, network, len(next(iter(arrays.values()))), floats.steps)
    elif isinstance(source, Network | Program) or api.is_saved(source):
        return ""
    else:
        try:
            kind = choose(source, None).kind
        except FormatError:  # it was converted with kind=
            return "its suffix does not say what it is"
        run = run_source(source, kind, network, arrays, floats.steps)
    return run if isinstance(run, str) else stand_on(run, floats, arrays, samples, tau)


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
    keys: tuple[RecordKey, ...] = tuple((name, s) for name, u in convert.items() for s in u.scale if s not in UNASKED)
    if not keys:
        return rung
    here = api.run(network, inputs, steps, record=keys)
    whole = program.scaled(inputs) if program.input_scale else inputs
    there = api.run(program, whole, steps + max(program.latency.values(), default=0), record=keys)
    states = compare(here, there, exact=False, shift=program.latency, convert=convert).layers
    known = {(layer.population, layer.what) for layer in rung.layers}
    states = tuple(s for s in states if (s.population, s.what) not in known)
    layers = []
    for layer in rung.layers:
        if layer.what in ("spikes", "value"):
            layers += [s for s in states if s.population == layer.population]
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


def program_of(
    graph: Network | Program, program: Program | None, bits: int | None, window: int | None, inputs: Inputs
) -> tuple[Program, list[str]]:
    """The Program given, the Program itself, or the compiled Network, and what to say of it; refuses what does nothing.

    Scales of graded neurons, and of inputs that are no whole numbers, follow from values, and the inputs are there.
    """
    if program is not None:
        refuse({"bits": bits, "window": window}, "program= is compiled already")
        if isinstance(graph, Program):
            fact = "was given beside a Program"
            raise InputError(Fault("program", fact, "it is compared with a Network", "Pass the source it came from."))
        _refuse_held(graph, program := check_program(need_program(program)))
        return _its_program(graph, program), []
    if isinstance(graph, Program):
        refuse({"bits": bits, "window": window}, "a Program is compiled already")
        return graph, []
    if graph.is_integer or not (any(p.neuron.graded for p in graph.populations.values()) or _fractions(graph, inputs)):
        return api.compile(graph, bits=8 if bits is None else bits, window=window), []
    made = api.compile(graph, bits=8 if bits is None else bits, window=window, calibrate=inputs)
    return made, ["the Program's scales were chosen on these inputs; pass program= compiled with others to be strict"]


def _refuse_held(network: Network, program: Program) -> None:
    """InputError for frames that are held: the Network's steps are frames, and the Program's are not."""
    if program.steps_per_frame > 1 and not network.is_integer:
        fact = f"holds each frame for {program.steps_per_frame} steps"
        mend = "Pass the one of schedule='pipeline', or the held one alone: nk.verify(program, program.presented(x))."
        raise InputError(Fault("program", fact, "it is compared with the Network step by step", mend))


def _its_program(network: Network, program: Program) -> Program:
    """The Program, if it has the inputs and populations of the Network."""
    inputs = {name: found.shape for name, found in program.inputs.items()}
    if inputs != {name: found.shape for name, found in network.inputs.items()}:
        its, others = (", ".join(f"{n} {i.shape}" for n, i in graph.inputs.items()) for graph in (program, network))
        limit, mend = f"the Network has {others}", "Pass the Program that was compiled from it."
        raise InputError(Fault("program", f"has the inputs {its}", limit, mend))
    strange = [name for name in program.populations if name not in network.populations]
    if strange:
        fact, limit = f"has {', '.join(strange[:4])}", f"the Network has {', '.join(list(network.populations)[:4])}"
        raise InputError(Fault("program", fact, limit, "Pass the Program that was compiled from it."))
    return program


def _fractions(network: Network, inputs: Inputs) -> bool:
    """Whether an input is no whole number, so that a Program takes it scaled."""
    arrays, _ = check_inputs(network, inputs)
    return any(values.dtype.kind == "f" and bool((values != np.rint(values)).any()) for values in arrays.values())


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


def _graph(source: Any, network: Network | None, dt: float | None, reset: str | None) -> Network | Program:
    if network is not None:
        refuse({"dt": dt, "reset": reset}, "network= states it itself")
        return check_network(network)
    if not isinstance(source, Network | Program) and not api.is_saved(source):
        return api.convert(source, dt=dt, reset=reset)
    refuse({"dt": dt, "reset": reset}, "a Network, a Program and a .nk file state it themselves")
    return source if isinstance(source, Network | Program) else api.load(source)
