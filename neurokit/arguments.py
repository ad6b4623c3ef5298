"""Arguments of the public functions: what users may pass becomes what the stages take, or an error that says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.errors import Fault, InputError
from neurokit.graph.check import check_network, check_program
from neurokit.graph.learned import plastic_projections, variables
from neurokit.graph.network import Network, Program, Projection
from neurokit.hardware.base import RecordKey

Inputs: TypeAlias = "ArrayLike | Mapping[str, ArrayLike]"
Record: TypeAlias = "tuple[RecordKey, ...] | RecordKey"


def need_graph(graph: Any) -> None:
    """Raise InputError when `graph` is neither Network nor Program."""
    if not isinstance(graph, Network | Program):
        what = f"is a {type(graph).__name__}"
        raise InputError(Fault("network", what, "a Network or Program is needed", "Call nk.convert or nk.load first."))


def check_graph(graph: Any) -> None:
    """Raise InputError when `graph` is neither Network nor Program, GraphError with every fault when it is unsound."""
    need_graph(graph)
    if isinstance(graph, Program):
        check_program(graph)
    else:
        check_network(graph)


def check_inputs(graph: Program | Network, inputs: Inputs) -> tuple[dict[str, NDArray[Any]], bool]:
    """Inputs by name with a batch axis, integers for a Program; and whether they came batched. InputError otherwise."""
    given, faults = _by_name(graph, inputs)
    arrays: dict[str, NDArray[Any]] = {}
    batched: set[bool] = set()
    for name in graph.inputs.keys() & given.keys():
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
        fact = f"hold {sizes} samples" if len(batched) == 1 else "come with and without a batch axis"
        raise InputError(Fault("inputs", fact, "all inputs have the same batch", "Give equal batches."))
    return arrays, batched.pop()


def _by_name(graph: Program | Network, inputs: Inputs) -> tuple[dict[str, ArrayLike], list[Fault]]:
    """Values by name of input, and what is wrong with the names. InputError for a bare one where there are several."""
    if isinstance(inputs, Mapping):
        given = dict(inputs)
    elif len(graph.inputs) == 1:
        return {next(iter(graph.inputs)): inputs}, []
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
    return given, faults


def _check_array(
    name: str, value: ArrayLike, shape: tuple[int, ...], integer: bool
) -> tuple[NDArray[Any], bool] | Fault:
    wanted = f"shape (batch, time, {_commas(shape)}) or (time, {_commas(shape)})"
    array = _as_numbers(name, value, wanted)
    if isinstance(array, Fault):
        return array
    has_batch = array.ndim == len(shape) + 2
    if array.ndim not in (len(shape) + 1, len(shape) + 2) or array.shape[array.ndim - len(shape) :] != shape:
        return Fault(
            name, f"has shape {array.shape}", f"{wanted} is needed", "Move or add axes: images are channels first."
        )
    if 0 in array.shape:
        return Fault(name, f"is empty: shape {array.shape}", "at least one sample and one step", "Pass data.")
    if not has_batch:
        array = array[None]
    values = _check_values(name, array, integer)
    return values if isinstance(values, Fault) else (values, has_batch)


def _as_numbers(name: str, value: ArrayLike, wanted: str) -> NDArray[Any] | Fault:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:
        return Fault(name, f"is no array ({error})", f"{wanted} is needed", "Pass one array of numbers.")
    if array.dtype.kind not in "biuf":
        return Fault(name, f"has type {array.dtype}", "numbers are needed", "Pass integers.")
    return array


def _check_values(name: str, array: NDArray[Any], integer: bool) -> NDArray[Any] | Fault:
    if array.dtype.kind in "bui" and array.dtype.itemsize <= 2:  # all their values are payloads
        return array
    low, high = (0 if array.dtype.kind in "bu" else array.min()), array.max()
    if array.dtype.kind == "f" and not (np.isfinite(low) and np.isfinite(high)):
        return Fault(name, "holds NaN or infinity", "inputs are finite", "Repair the data.")
    if not integer:
        return array
    if array.dtype.kind == "f" and (array != np.rint(array)).any():
        return Fault(
            name,
            "holds fractions",
            "a Program takes integers (spikes 0/1 or graded payloads)",
            "Encode or scale and round, e.g. by program.scaled(inputs).",
        )
    if low < -(2**23) or high >= 2**23:
        return Fault(name, f"holds {low} to {high}", "payloads have 24 bits signed", "Scale the data down.")
    return array.astype(np.int32) if array.dtype.kind == "f" else array


def check_step(
    graph: Program | Network, inputs: Inputs, batch: int | None
) -> tuple[dict[str, NDArray[Any]], int | None]:
    """Inputs of one step, or of a block, as (batch, steps, *shape); and the block's steps, None for one step.

    With batch None: (*shape) or (time, *shape), else (batch, *shape) or (batch, time, *shape). InputError otherwise.
    """
    given, faults = _by_name(graph, inputs)
    arrays: dict[str, NDArray[Any]] = {}
    blocks: dict[str, int | None] = {}
    for name in graph.inputs.keys() & given.keys():
        shape = graph.inputs[name].shape
        checked = _check_step_array(name, given[name], shape, batch, isinstance(graph, Program))
        if isinstance(checked, Fault):
            faults.append(checked)
        else:
            arrays[name], blocks[name] = checked
    if faults:
        raise InputError(faults)
    if len(set(blocks.values())) > 1:
        said = ", ".join(f"{name}: {'one step' if n is None else f'{n} steps'}" for name, n in blocks.items())
        raise InputError(Fault("inputs", f"hold {said}", "all inputs take the same steps", "Give equal blocks."))
    return arrays, next(iter(blocks.values()))


def _check_step_array(
    name: str, value: ArrayLike, shape: tuple[int, ...], batch: int | None, integer: bool
) -> tuple[NDArray[Any], int | None] | Fault:
    lead = () if batch is None else (batch,)
    one, block = (_commas((*lead, *extra, *shape)) for extra in ((), ("time",)))
    wanted = f"shape ({one}) for one step or ({block}) for a block"
    array = _as_numbers(name, value, wanted)
    if isinstance(array, Fault):
        return array
    is_block = array.ndim == len(lead) + 1 + len(shape)
    if array.shape != (*lead, *(array.shape[len(lead) : len(lead) + 1] if is_block else ()), *shape):
        fact, mend = f"has shape {array.shape}", "Add or take away axes; the batch is fixed by nk.open(batch=)."
        return Fault(name, fact, f"{wanted} is needed", mend)
    steps = array.shape[len(lead)] if is_block else None
    if steps == 0:
        return Fault(name, f"is empty: shape {array.shape}", "at least one step", "Pass data.")
    values = _check_values(name, array, integer)
    return values if isinstance(values, Fault) else (values.reshape(batch or 1, steps or 1, *shape), steps)


def check_steps(arrays: Mapping[str, NDArray[Any]], steps: int | None) -> int:
    """Steps to run: those asked for, else as many as the longest input. InputError otherwise."""
    longest = max(array.shape[1] for array in arrays.values())
    if steps is None:
        return longest
    return check_count("steps", steps, "Leave it out, or pass a number.")


def check_count(name: str, value: Any, mend: str) -> int:
    """`value` when it is a whole number of at least 1; InputError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(Fault(name, f"is {value!r}", "a whole number of at least 1", mend))
    return int(value)


def check_positive(arguments: Mapping[str, Any]) -> None:
    """Raise InputError for those arguments that are given and no positive number of seconds."""
    faults = [
        Fault(name, f"is {value!r}", "a positive number of seconds", "Leave it out, or pass a number.")
        for name, value in arguments.items()
        if value is not None
        and (isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < np.inf)
    ]
    if faults:
        raise InputError(faults)


def refuse(arguments: Mapping[str, Any], limit: str) -> None:
    """Raise InputError for those arguments that were given (are not None), since they would do nothing."""
    given = {name: value for name, value in arguments.items() if value is not None}
    if given:
        raise InputError([Fault(name, f"is {value!r}", limit, "Leave it out.") for name, value in given.items()])


def check_record(graph: Program | Network, record: Any, *, learning: bool = True) -> tuple[RecordKey, ...]:
    """Population names, (name, state) and (projection, variable) pairs; one alone will do. InputError otherwise.

    learning: whether variables of plastic projections can be recorded.
    """
    names = graph.populations
    plastic = plastic_projections(graph)
    owners = {*names, *(p.name for p in graph.projections)}
    if isinstance(record, str) or (_is_pair(record) and record[0] in owners and record[1] not in names):
        record = (record,)
    if isinstance(record, Mapping) or not hasattr(record, "__iter__"):
        raise InputError(
            Fault("record", f"is {record!r}", "names and (name, state) pairs", "Pass e.g. ('p0', ('p0', 'v')).")
        )
    keys: list[RecordKey] = []
    faults = []
    for key in record:
        if isinstance(key, str) and key in names:
            keys.append(key)
        elif _is_pair(key) and key[0] in names and key[1] in names[key[0]].neuron.states:
            keys.append((key[0], key[1]))
        elif _is_pair(key) and key[0] in owners and key[0] not in names:
            fault = _variable_fault(graph, plastic, key, learning)
            if fault is None:
                keys.append((key[0], key[1]))
            else:
                faults.append(fault)
        elif _is_pair(key) and key[0] in names:
            states = names[key[0]].neuron.states
            known, mend = ", ".join(states), f"Record ('{key[0]}', '{states[-1]}')."
            faults.append(Fault(key[0], f"has no state '{key[1]}'", f"states: {known}", mend))
        else:
            known = ", ".join(names)
            faults.append(Fault(str(key), "is no population", f"populations: {known}", "Record one of them."))
    if faults:
        raise InputError(faults)
    return tuple(keys)


def _variable_fault(
    graph: Program | Network, plastic: Mapping[str, Projection], key: tuple[str, str], learning: bool
) -> Fault | None:
    """Why a variable of a projection cannot be recorded."""
    name, variable = key
    if name not in plastic:
        mend = "Its weights stay as they are: leave it out."
        return Fault(name, f"'{variable}' of it was asked for", "it learns nothing", mend)
    if not learning:
        fact, mend = f"'{variable}' of it was asked for", "Read session.program, or use nk.run(record_every=)."
        return Fault(name, fact, "a session records populations", mend)
    known = variables(graph, plastic[name])
    if variable in known:
        return None
    return Fault(name, f"has no variable '{variable}'", f"it has {', '.join(known)}", "Record one of these.")


def check_learning(graph: Program | Network, batch: int | None, learners: Any, every: Any, steps: int) -> int:
    """How many learners there are. InputError for numbers that do not fit the batch, and where nothing learns."""
    if not graph.learns:
        given = {"learners": None if learners in (None, 1) else learners, "record_every": every}
        refuse(given, "no projection of it has a plasticity rule")
        return 1
    if every is not None:
        check_count("record_every", every, "Leave it out for one record at the end of each sample.")
        if every > steps:
            limit = f"a sample has {steps} steps"
            raise InputError(Fault("record_every", f"is {every}", limit, "Record more often, or leave it out."))
    count = check_count("learners", 1 if learners is None else learners, "Leave it out for one learner.")
    if (batch or 1) % count:
        limit = "each learner gets as many samples as the others"
        mend = "Pass a batch that is a multiple of learners."
        raise InputError(Fault("learners", f"is {count} for a batch of {batch or 1}", limit, mend))
    return count


def sample_faults(graph: Program | Network, steps: int) -> list[Fault]:
    """What is wrong with `steps` of a sample where the source says for how long it shows one, for a SampleWarning."""
    if not graph.steps_per_sample:
        return []
    shown, late = sample_steps(graph)
    if shown <= steps <= shown + late:
        return []
    limit = f"the source shows one for {shown} steps from rest{f', which {late} more let through' if late else ''}"
    mend = "Pass presented(x), x of shape (batch, 1, *shape): several samples are a batch, not a sequence."
    return [Fault(", ".join(graph.inputs), f"a sample has {steps} step{'s' * (steps > 1)}", limit, mend)]


def sample_steps(graph: Program | Network) -> tuple[int, int]:
    """Steps for which the source shows a sample (0: it says none), and that the deepest population is behind it."""
    if isinstance(graph, Program):
        return graph.steps_per_sample * graph.steps_per_frame, max(graph.latency.values(), default=0)
    return graph.steps_per_sample, 0


def _is_pair(key: Any) -> bool:
    return isinstance(key, tuple | list) and len(key) == 2 and all(isinstance(part, str) for part in key)


def _commas(shape: tuple[Any, ...]) -> str:
    return ", ".join(map(str, shape))
