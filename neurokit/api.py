"""The public functions: they join the stages, check arguments, and hand results on."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.errors import BackendError, CompileError, Fault, InputError
from neurokit.graph import io
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Backend, Progress, RecordKey
from neurokit.lower.pipeline import compile_network
from neurokit.records import Recorded, Recording

Inputs = ArrayLike | Mapping[str, ArrayLike]

BACKENDS = {
    "simulator": "neurokit.hardware.simulator.backend:Simulator",
    "lava": "neurokit.hardware.lava.backend:LavaBackend",
    "lava-inprocess": "neurokit.hardware.lava.backend:in_process",
}


def convert(
    source: Any,
    *,
    kind: str | None = None,
    dt: float | None = None,
    reset: str | None = None,
    inputs: str | None = None,
) -> Network:
    """Read a trained network: a path (.nir, .net, .nk) or a nir.NIRGraph.

    kind: "nir" or "slayer" where the suffix does not tell. dt: seconds per step where the format leaves it out (NIR
    does). reset: "hard" or "soft" where the format leaves it out. inputs: for a `.net` with an input layer: "current"
    (default) keeps the layer as a population into which currents are injected, "spikes" feeds past it.

    Raises FormatError (unreadable file) or ConversionError (every node that cannot be converted, each with its mend).
    """
    if isinstance(source, str | os.PathLike) and kind is None and Path(source).suffix == ".nk":
        graph = io.load(source)
        if isinstance(graph, Program):
            raise InputError(
                Fault(
                    str(source), "is a compiled Program", "convert gives a Network", "Use nk.load and run it as it is."
                )
            )
        return graph
    from neurokit.converters.table import convert as dispatch

    return dispatch(source, kind=kind, dt=dt, reset=reset, inputs=inputs)


def compile(network: Network, *, bits: int = 8, calibrate: Inputs | None = None, window: int | None = None) -> Program:
    """Bring a Network to Loihi's integers. Already-integer sources (.net) pass through unchanged.

    bits: width of weights, 1 to 8. window: reset a population at depth k before steps k, k + window, ...
    calibrate: sample inputs to choose scales by; not there yet (CompileError).
    Raises CompileError or GraphError with every fault, each naming node, fact, limit and mend.
    """
    if calibrate is not None:
        raise CompileError(
            Fault(
                "calibrate",
                "was given",
                "calibration on data is not supported yet",
                "Leave it out: scales follow weights.",
            )
        )
    if isinstance(network, Program):
        raise InputError(Fault("network", "is a Program", "it is compiled already", "Run it as it is."))
    return compile_network(network, bits=bits, window=window)


def run(
    program: Program | Network,
    inputs: Inputs,
    steps: int | None = None,
    backend: str | Backend = "simulator",
    record: tuple[RecordKey, ...] | RecordKey = (),
    *,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Recording:
    """Run a Program on a backend, or a Network in float semantics with its source's own timing.

    inputs: (batch, time, *shape) or one sample (time, *shape), a bare array for a single input, else by name; integers
    for a Program (0/1 spikes or graded payloads), numbers for a Network. steps: default the input's length; fewer use
    its beginning, more see zeros afterwards. record: population names (their spikes) and (name, "u" | "v") pairs.
    time_limit: wall seconds.

    A single unbatched sample is given back unbatched. Each sample starts from zero state.
    Raises InputError (shape, type, steps, unknown names) and BackendError (refused, failed, out of time).
    """
    arrays, batched = check_inputs(program, inputs)
    steps = check_steps(arrays, steps)
    chosen = _check_record(program, record)
    runner = get_backend(backend)
    if isinstance(program, Network):
        if runner.name != "simulator":
            raise BackendError(
                Fault(
                    runner.name,
                    "was given a Network",
                    "backends run Programs",
                    "Call nk.compile, or use the simulator.",
                )
            )
        if program.is_integer:
            program = compile_network(program)
    else:
        faults = runner.accepts(program)
        if faults:
            raise BackendError(faults)
    recording = runner.run(
        program,  # type: ignore[arg-type]  # the simulator, checked above, also takes a Network
        arrays,
        steps,
        chosen,
        time_limit=time_limit,
        progress=progress,
    )
    return recording if batched else _unbatched(recording)


def get_backend(backend: str | Backend) -> Backend:
    """The backend of that name; BackendError for an unknown one."""
    if not isinstance(backend, str):
        return backend
    if backend not in BACKENDS:
        raise BackendError(
            Fault("backend", f"'{backend}' is unknown", f"known: {', '.join(BACKENDS)}", "Name one of them.")
        )
    module, _, name = BACKENDS[backend].partition(":")
    found: Backend = getattr(importlib.import_module(module), name)()
    return found


def load(path: str | os.PathLike[str]) -> Network | Program:
    """Read a `.nk` file."""
    return io.load(path)


def check_inputs(graph: Program | Network, inputs: Inputs) -> tuple[dict[str, NDArray[Any]], bool]:
    """Inputs by name with a batch axis, integers for a Program; and whether they came batched. InputError otherwise."""
    if isinstance(inputs, Mapping):
        given = dict(inputs)
    elif len(graph.inputs) == 1:
        given = {next(iter(graph.inputs)): inputs}
    else:
        raise InputError(
            Fault("inputs", "is a bare array", f"there are inputs {', '.join(graph.inputs)}", "Pass a dict by name.")
        )
    faults = [
        Fault(str(name), "is no input", f"inputs: {', '.join(graph.inputs)}", "Use these names.")
        for name in given.keys() - graph.inputs.keys()
    ]
    faults += [
        Fault(name, "has no data", f"shape (batch, time, {_commas(node.shape)}) is needed", "Pass an array for it.")
        for name, node in graph.inputs.items()
        if name not in given
    ]
    arrays: dict[str, NDArray[Any]] = {}
    batched: set[bool] = set()
    for name in given.keys() & graph.inputs.keys():
        checked = _check_array(name, given[name], graph.inputs[name].shape, isinstance(graph, Program))
        if isinstance(checked, Fault):
            faults.append(checked)
        else:
            arrays[name], has_batch = checked
            batched.add(has_batch)
    if faults:
        raise InputError(faults)
    sizes = {name: array.shape[0] for name, array in arrays.items()}
    if len(set(sizes.values())) > 1 or len(batched) > 1:
        raise InputError(
            Fault("inputs", f"hold {sizes} samples", "all inputs have the same batch", "Give equal batches.")
        )
    return arrays, batched.pop()


def _check_array(
    name: str, value: ArrayLike, shape: tuple[int, ...], integer: bool
) -> tuple[NDArray[Any], bool] | Fault:
    wanted = f"shape (batch, time, {_commas(shape)}) or (time, {_commas(shape)})"
    try:
        array = np.asarray(value)
    except ValueError as error:
        return Fault(name, f"is no array ({error})", f"{wanted} is needed", "Pass one array of numbers.")
    if array.dtype.kind not in "biuf":
        return Fault(name, f"has type {array.dtype}", "numbers are needed", "Pass integers.")
    has_batch = array.ndim == len(shape) + 2
    if array.ndim not in (len(shape) + 1, len(shape) + 2) or array.shape[array.ndim - len(shape) :] != shape:
        return Fault(
            name, f"has shape {array.shape}", f"{wanted} is needed", "Move or add axes: images are channels first."
        )
    if 0 in array.shape:
        return Fault(name, f"is empty: shape {array.shape}", "at least one sample and one step", "Pass data.")
    if not has_batch:
        array = array[None]
    low, high = array.min(), array.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        return Fault(name, "holds NaN or infinity", "inputs are finite", "Repair the data.")
    if not integer:
        return array, has_batch
    if array.dtype.kind == "f" and (array != np.rint(array)).any():
        return Fault(
            name,
            "holds fractions",
            "a Program takes integers (spikes 0/1 or graded payloads)",
            "Encode or scale and round.",
        )
    if low < -(2**23) or high >= 2**23:
        return Fault(name, f"holds {low} to {high}", "payloads have 24 bits signed", "Scale the data down.")
    return array.astype(np.int32) if array.dtype.kind == "f" else array, has_batch


def check_steps(arrays: Mapping[str, NDArray[Any]], steps: int | None) -> int:
    """Steps to run: those asked for, else as many as the longest input. InputError otherwise."""
    longest = max(array.shape[1] for array in arrays.values())
    if steps is None:
        return longest
    if not isinstance(steps, int | np.integer) or isinstance(steps, bool) or steps < 1:
        raise InputError(
            Fault("steps", f"is {steps!r}", "a whole number of at least 1", "Leave it out, or pass a number.")
        )
    return int(steps)


def _check_record(graph: Program | Network, record: tuple[RecordKey, ...] | RecordKey) -> tuple[RecordKey, ...]:
    keys: tuple[RecordKey, ...]
    if isinstance(record, str):
        keys = (record,)
    elif len(record) == 2 and record[0] in graph.populations and record[1] in ("u", "v"):
        keys = ((str(record[0]), str(record[1])),)  # one (name, state) pair
    else:
        keys = tuple(record)
    faults = []
    for key in keys:
        name = key if isinstance(key, str) else key[0]
        if name not in graph.populations:
            known = ", ".join(graph.populations)
            faults.append(Fault(str(name), "is no population", f"populations: {known}", "Record one of them."))
        elif not isinstance(key, str) and (len(key) != 2 or key[1] not in ("u", "v")):
            faults.append(Fault(str(name), f"has no state {key[1:]}", "states: u, v", f"Record ('{name}', 'v')."))
    if faults:
        raise InputError(faults)
    return keys


def _unbatched(recording: Recording) -> Recording:
    return replace(
        recording,
        batch=None,
        spikes=Recorded({name: values[0] for name, values in recording.spikes.items()}, "spikes"),
        states=Recorded({key: values[0] for key, values in recording.states.items()}, "states"),
        counts={name: values[0] for name, values in recording.counts.items()},
    )


def _commas(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))
