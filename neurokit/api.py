"""The public functions: they join the stages, check arguments, and hand results on."""

from __future__ import annotations

import importlib
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neurokit.arguments import (
    Inputs,
    Record,
    check_count,
    check_graph,
    check_inputs,
    check_learning,
    check_positive,
    check_record,
    check_steps,
    need_graph,
    refuse,
    sample_faults,
)
from neurokit.budget import Memory, recording_bytes
from neurokit.calibration import observe
from neurokit.errors import BackendError, CompileError, Fault, InputError, OverflowWarning, RailWarning, SampleWarning
from neurokit.graph import io
from neurokit.graph.fixed_plasticity import Arithmetic
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Backend, Opens, Progress
from neurokit.longrun import Run
from neurokit.lower.pipeline import compile_network
from neurokit.lower.schedule import Schedule
from neurokit.lower.silicon import SiliconLike, silicon_of
from neurokit.records import Recording
from neurokit.session import Session
from neurokit.system import available_memory

BACKENDS = {
    "simulator": "neurokit.hardware.simulator.backend:Simulator",
    "lava": "neurokit.hardware.lava.backend:LavaBackend",
    "lava-inprocess": "neurokit.hardware.lava.backend:in_process",
    "loihi2": "neurokit.hardware.loihi.backend:Loihi2",
}


def convert(
    source: Any,
    *,
    kind: str | None = None,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
    shape: tuple[int, ...] | None = None,
    spec: Any = None,
    code: str | None = None,
    calibrate: ArrayLike | None = None,
    fires: str | None = None,
    integration: str | None = None,
) -> Network:
    """Read a trained network: a path (.nir, .net, .onnx, .nk), bare weights (.pt, .pth, .safetensors, .npz) with
    `spec`, or an object of nir, onnx or torch.

    kind: "nir", "net" (SLAYER), "onnx", "torch" or "weights" where the suffix does not tell; "eprop" for an EpropNet or
    its file (neurokit.converters.eprop, which also reads others' e-prop networks). "btsp" for a DendriticNet, its file,
    or EIANN's weights, of which spec is the YAML file (neurokit.converters.btsp). "stereospike": a StereoSpike's
    state_dict, also as a dict of arrays; files of weights that have its keys need no kind (docs/stereospike.md), and
    spec is a neurokit.converters.stereospike.StereoSpike then.
    dt: seconds per step, reset: "hard" or "soft", fires: ">" or ">=", where the source leaves it out (NIR does).
    integration: "euler", "exponential" or "continuous", how a NIR graph's neurons go over a step.
    inputs: for a `.net` with an input layer: "current" (default) keeps it as a population into which currents are
    injected, "spikes" feeds past it. shape: of one sample of the input. spec: the layers and neurons that bare weights
    belong to (neurokit.converters.from_weights). code: "rate", "sigma-delta" or (BTSP's) "graded", how a network
    without spikes is to spike; calibrate: sample inputs (batch, *shape) to balance a rate code by.

    Raises FormatError (unreadable file), ConversionError (every node that cannot be converted, each with its mend),
    GraphError (the network is unsound) or InputError (arguments).
    """
    from neurokit.converters.table import Options
    from neurokit.converters.table import convert as dispatch

    options = Options(dt, reset, inputs, shape, spec, code, calibrate, fires, integration)
    if is_saved(source) and kind in (None, "nk"):
        refuse(options.given(), "a .nk file states it itself")
        graph = io.load(source)
        if isinstance(graph, Program):
            raise InputError(
                Fault(
                    str(source), "is a compiled Program", "convert gives a Network", "Use nk.load and run it as it is."
                )
            )
        return graph
    return dispatch(source, kind, options)


def compile(
    network: Network,
    *,
    bits: int = 8,
    calibrate: Inputs | None = None,
    window: int | None = None,
    arithmetic: Arithmetic = "lava",
    schedule: Schedule = "pipeline",
) -> Program:
    """Bring a Network to Loihi's integers. Already-integer sources (.net) pass through unchanged.

    bits: width of weights, 1 to 8. window: reset a population at depth k before steps k, k + window, ...
    calibrate: sample inputs, as for `run`: the Network is run on them, and scales follow what it does then. Sigma-delta
    neurons and relays need it, and inputs that are no spikes. Where inputs are no whole numbers the Program takes
    them scaled: `program.scaled(inputs)`, by `program.input_scale`.
    arithmetic: of projections that learn: "lava", as Lava's models have it, or "repaired", without their defects, in
    the simulator only (docs/plasticity.md). Rules that hear a learning signal need calibrate=, with the signal among
    the inputs, or a limit of their own.
    schedule: how branches of unequal depth meet. "pipeline": the input may change in every step, short branches wait by
    delays. "hold": each step of the source's input stays for `program.steps_per_frame` steps, without delays, which
    Lava's convolutions do not have; for networks without loops whose neurons forget everything after a step, or are
    reset in every one (window=1). `program.presented(x)` puts an input into the Program's time, `rec.aligned(name)`
    takes the results back out of it.
    Raises CompileError or GraphError with every fault, each naming node, fact, limit and mend; InputError for anything
    but a Network, and for sample inputs that do not fit it.
    """
    if isinstance(network, Program):
        raise InputError(Fault("network", "is a Program", "it is compiled already", "Run it as it is."))
    need_graph(network)  # compile_network checks the rest
    if calibrate is None:
        return compile_network(network, bits=bits, window=window, arithmetic=arithmetic, schedule=schedule)
    if network.is_integer:
        fact, mend = "was given for a source that holds integers already", "Leave it out."
        raise CompileError(Fault("calibrate", fact, "they pass through unchanged", mend))
    activity = observe(network, calibrate)
    if network.steps_per_sample:
        _warn_of_steps(network, check_steps(check_inputs(network, calibrate)[0], None))
    return compile_network(
        network, bits=bits, window=window, activity=activity, arithmetic=arithmetic, schedule=schedule
    )


def run(
    program: Program | Network,
    inputs: Inputs,
    steps: int | None = None,
    backend: str | Backend = "simulator",
    record: Record = (),
    *,
    time_limit: float | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    to: str | os.PathLike[str] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    every: float = 60.0,
    learners: int = 1,
    record_every: int | None = None,
    silicon: SiliconLike = None,
) -> Recording:
    """Run a Program on a backend, or a Network in float semantics with its source's own timing.

    inputs: (batch, time, *shape) or one sample (time, *shape), a bare array for a single input, else by name; integers
    for a Program (0/1 spikes or graded payloads), numbers for a Network. steps: default the input's length; fewer use
    its beginning, more see zeros afterwards. record: population names (their spikes) and (name, "u" | "v") pairs.
    time_limit: wall seconds. threads: of the simulator, None for as many as there are cores; results do not depend on
    it. silicon: a silicon file (docs/silicon.md), or what `load_silicon` gives: the simulator follows that chip's
    arithmetic in place of Lava's; what it cannot follow is a BackendError.

    to: a file (HDF5, docs/format.md) into which blocks are written as they finish, for recordings larger than memory;
    the Recording given back reads from it, and so does `nk.load_recording(to)` later. The file appears when the run
    has ended. checkpoint: a file in which the unfinished run is kept every `every` seconds, and when Ctrl-C or
    time_limit ends it.
    If it is there already the run goes on from it, with the identical rest and the identical Recording; so the same
    call, made again, finishes what was left. It goes when the run has ended. (Other backends than the simulator
    write `to` at the end, and keep no checkpoints.)

    Ctrl-C raises neurokit.errors.Interrupted between two blocks (within about half a second): its `recording` holds
    what was done, and so does the file `to`.

    A single unbatched sample is given back unbatched. Each sample starts from zero state (a
    Network's neurons from rest, v = v_leak; a Program's v counts from there).

    Where projections have a plasticity rule the weights change during the run. The samples of a batch are presented in
    order to one learner: neurons, traces and tags start anew with each, weights stay, and so do the random numbers of
    stochastic rounding. `rec.program` is the Program (or Network) with the weights as they are in the end, also of an
    interrupted run; run it again to learn on (from traces and tags at their start), or `rec.program.frozen()` to stop
    learning. learners: so many independent learners run side by side, each takes a consecutive share of the batch;
    learner k's random numbers are those of a rule whose seed is k larger; `rec.programs` has what each learned.
    record may name variables of plastic projections, ("a->b", "weight"), "tag", "tag2" or traces, which are recorded
    every `record_every` steps of a sample, None: at its end (see `Recording.record_every`). A RailWarning says where
    learning brought many weights to a bound.

    A Program's populations lag behind the input by `program.latency`, a step a connection: to let a whole input of T
    steps through, pass steps=T + max(program.latency.values()), and read `rec.aligned(name)`, which leaves out the
    steps before the input arrives (in which a bias may make neurons fire). A Network has its source's own timing.
    Where the source says for how long it shows a sample (`steps_per_sample`), a SampleWarning tells other lengths.
    Where integers wrap (`Recording.overflows`) one OverflowWarning says in which populations, and what mends it.
    Raises InputError (shape, type, steps, unknown names, a checkpoint of another run, a recording larger than
    memory), GraphError (an unsound graph), BackendError (refused, failed, out of time), FormatError (a damaged
    checkpoint) and OutputError (a file that cannot be written).
    """
    check_graph(program)
    runner = _runner(backend, threads, silicon)
    chosen = check_record(program, record)
    program = _runnable(program, runner)
    arrays, batched = check_inputs(program, inputs)
    steps = check_steps(arrays, steps)
    check_positive({"every": every, "time_limit": time_limit})
    batch = next(iter(arrays.values())).shape[0] if batched else None
    count = check_learning(program, batch, learners, record_every, steps)
    _warn_of_steps(program, steps)
    limits = (time_limit, progress, record_every, count)
    recording = Run(runner, program, arrays, steps, chosen, batch, *limits).start(to, checkpoint, every)
    if faults := recording.wraps():
        warnings.warn("\n".join(map(str, faults)), OverflowWarning, stacklevel=2)
    if faults := recording.railed():
        warnings.warn("\n".join(map(str, faults)), RailWarning, stacklevel=2)
    return recording


def open(
    program: Program | Network,
    backend: str | Backend = "simulator",
    *,
    batch: int | None = None,
    record: Record = (),
    deadline: float | None = None,
    state: str | os.PathLike[str] | None = None,
    time_limit: float | None = None,
    threads: int | None = None,
    silicon: SiliconLike = None,
) -> Session:
    """A session: the network stands ready, `session.step(x)` takes a step or a block and carries the state.

    program, backend, record, threads, silicon: as for `run`. batch: samples that run side by side, all inputs and
    outputs then have that axis in front; None for one sample without it. deadline: seconds a step may take,
    `session.latency` counts the calls that took longer. state: a file of `session.save` to go on from. time_limit: wall
    seconds for one call of `step`, past which it is given up (BackendError); Lava's default is 600.

    Where projections learn, `session.program` is the Program as it has become, each sample of a batch has weights of
    its own (`session.programs`), and `session.reset` begins a new sample: weights stay.

    Close it, or write `with nk.open(...) as session:`. Outputs are those of one `run` over the whole sequence, however
    it is cut. Raises as `run` does; FormatError or InputError for `state`.
    """
    runner = _runner(backend, threads, silicon)
    check_graph(program)
    program = _runnable(program, runner)
    chosen = check_record(program, record, learning=False)
    check_positive({"deadline": deadline, "time_limit": time_limit})
    if batch is not None:
        batch = check_count("batch", batch, "Leave it out for one sample.")
    if not isinstance(runner, Opens):
        fact, mend = "has no sessions", "Use nk.run, or another backend."
        raise BackendError(Fault(runner.name, fact, "its class has no method 'open'", mend))
    stepper = runner.open(program, batch or 1, chosen, time_limit=time_limit)
    session = Session(program, stepper, runner.name, batch=batch, deadline=deadline)
    if state is not None:
        try:
            session.restore(state)
        except BaseException:
            session.close()
            raise
    return session


def memory(program: Program | Network, inputs: Inputs | int, steps: int | None = None, record: Record = ()) -> Memory:
    """What `run` takes in the simulator, before it runs; `run` itself refuses recordings that do not fit.

    inputs: as for `run`, or only how many samples there are (`steps` must be given then). steps, record: as for `run`.
    Raises InputError and GraphError as `run` does. The kernels' weights are laid out once to see what they take.
    """
    check_graph(program)
    chosen = check_record(program, record)
    if isinstance(inputs, int | np.integer):
        batch = check_count("inputs", inputs, "Pass how many samples there are, or the inputs.")
        steps = check_count("steps", steps, "Pass steps=, or the inputs.")
    else:
        arrays, _ = check_inputs(program, inputs)
        batch, steps = next(iter(arrays.values())).shape[0], check_steps(arrays, steps)
    if isinstance(program, Network) and program.is_integer:
        program = compile_network(program)
    from neurokit.hardware.simulator.memory import taken

    size = recording_bytes(program, batch, steps, chosen)
    return Memory(*taken(program, batch, chosen), recording=size, available=available_memory())


def _runnable(program: Program | Network, runner: Backend) -> Program | Network:
    """What the backend is given: a sound graph, accepted, compiled where its integers say all. Errors as for `run`."""
    if isinstance(program, Network):
        if runner.name != "simulator":
            fact, mend = "was given a Network", "Call nk.compile, or use the simulator."
            raise BackendError(Fault(runner.name, fact, "backends run Programs", mend))
        return compile_network(program) if program.is_integer else program
    if faults := runner.accepts(program):
        raise BackendError(faults)
    return program


def _warn_of_steps(graph: Program | Network, steps: int) -> None:
    """A SampleWarning, at the place from which `run` or `compile` was called."""
    if faults := sample_faults(graph, steps):
        warnings.warn("\n".join(map(str, faults)), SampleWarning, stacklevel=3)


def is_saved(source: Any) -> bool:
    """Whether `source` names a `.nk` file."""
    return isinstance(source, str | os.PathLike) and Path(source).suffix.lower() == ".nk"


def get_backend(backend: str | Backend) -> Backend:
    """The backend of that name; BackendError for an unknown one."""
    if not isinstance(backend, str) and hasattr(backend, "accepts") and hasattr(backend, "run"):
        return backend
    if not isinstance(backend, str) or backend not in BACKENDS:
        raise BackendError(
            Fault("backend", f"'{backend}' is unknown", f"known: {', '.join(BACKENDS)}", "Name one of them.")
        )
    module, _, name = BACKENDS[backend].partition(":")
    found: Backend = getattr(importlib.import_module(module), name)()
    return found


def _runner(backend: str | Backend, threads: int | None, silicon: SiliconLike) -> Backend:
    """The backend; the simulator with what only it takes."""
    if threads is None and silicon is None:
        return get_backend(backend)
    faults = []
    if threads is not None and backend != "simulator":
        faults.append(Fault("threads", f"is {threads!r}", "only the simulator shares its work", "Leave it out."))
    if silicon is not None and backend != "simulator":
        limit = "only the simulator follows one; other backends are what they are"
        faults.append(Fault("silicon", "is given", limit, "Leave it out, or use backend='simulator'."))
    if faults:
        raise InputError(faults)
    count = None if threads is None else check_count("threads", threads, "Leave it out for all.")
    simulator = importlib.import_module("neurokit.hardware.simulator.backend").Simulator
    found: Backend = simulator(count, silicon_of(silicon))
    return found


def load(path: str | os.PathLike[str]) -> Network | Program:
    """Read a `.nk` file."""
    return io.load(path)
