"""NeuroBench's metrics of a run, as its package 2.3.0 defines them (Yik et al., arXiv 2304.04640).

They compare algorithms, whatever they run on. They are no energies: nothing here enters `energy.py`, and an adder's
0.9 pJ times the effective accumulations leaves out memory, neurons and messages, which is most of it.

Layers with weights are, as there, linear ones and convolutions; pools, resized and transposed convolutions are none,
and are named in `left_out`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.errors import Fault, InputError
from neurokit.graph.network import Network, Program, Projection
from neurokit.graph.neurons import Neuron
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Injection, Shape, Sparse, Synapse
from neurokit.profiling.count import fan_out, total_of
from neurokit.records import Recording

FLOAT = 4  # bytes of a parameter of a Network: single precision, as frameworks keep them

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class NeuroBench:
    """Metrics of a run.

    parameters, constants: bytes of weights and biases, and of the neurons' constants; zeros count. A Network's are
    taken in single precision, a Program's in the narrowest of 1, 2, 4 bytes that holds an array.
    connection_sparsity: zero weights over weights, None without weights. activation_sparsity: zeros over what spiking
    populations send, over neurons, steps and samples.
    effective_accumulates, effective_multiplies: synaptic operations per sample in which neither input nor weight is 0,
    of inputs that are all 0, 1 or -1, and of others; biases are none. dense: the same with nothing skipped.
    membrane_updates: per sample, potentials that differ from those of the step before (all, in the first step); None
    where the run did not record them. left_out: what is not among these numbers, and why.
    """

    parameters: int
    constants: int
    connection_sparsity: float | None
    activation_sparsity: float
    effective_accumulates: float
    effective_multiplies: float
    dense: float
    membrane_updates: float | None
    left_out: tuple[str, ...]

    @property
    def footprint(self) -> int:
        """Bytes of parameters and constants."""
        return self.parameters + self.constants

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"footprint": self.footprint, **vars(self), "left_out": list(self.left_out)}

    def __str__(self) -> str:
        """One line a metric."""
        connection = "no weights" if self.connection_sparsity is None else f"{self.connection_sparsity:.4f}"
        updates = "not recorded" if self.membrane_updates is None else f"{self.membrane_updates:,.0f}"
        lines = [
            "NeuroBench (no energies, and not to be multiplied into any)",
            f"  footprint: {self.footprint:,} bytes, {self.parameters:,} of them weights and biases",
            f"  connection sparsity: {connection}",
            f"  activation sparsity: {self.activation_sparsity:.4f}",
            f"  operations per sample: {self.effective_accumulates:,.0f} effective ACs, "
            f"{self.effective_multiplies:,.0f} effective MACs, {self.dense:,.0f} dense",
            f"  membrane updates per sample: {updates}",
        ]
        return "\n".join([*lines, *(f"  left out: {what}" for what in self.left_out)])


def neurobench(recording: Recording, inputs: ArrayLike | Mapping[str, ArrayLike] | None = None) -> NeuroBench:
    """NeuroBench's metrics of a run of a Network or a Program.

    inputs: the arrays that were run, (batch, steps, *shape) or (steps, *shape) as there (by name where there are
    several): needed to tell multiplications from accumulations; without them inputs are taken for spikes. Payloads of
    graded neurons are told by `spikes`, where they were recorded. membrane_updates needs the potentials:
    record=(("name", "v"), ...). Raises InputError for inputs of another shape and recordings that are none.
    """
    if not isinstance(recording, Recording):
        raise InputError(
            Fault("recording", f"is a {type(recording).__name__}", "a Recording is needed", "Pass nk.run(...).")
        )
    graph: Network | Program = recording.program
    given = _given(recording, graph, inputs)
    samples, notes = recording.batch or 1, []
    weights = zeros = 0
    accumulates = multiplies = dense = 0.0
    for projection in graph.projections:
        synapse = _weighted(projection)
        if synapse is None:
            if not isinstance(projection.synapses[-1], Injection):
                kinds = ", ".join(type(map_).__name__ for map_ in projection.synapses)
                notes.append(f"{projection.name}: {kinds} is not a linear layer or a convolution alone")
            continue
        source = graph.shape_of(projection.source)
        size, nonzero = _entries(synapse)
        weights, zeros = weights + size, zeros + size - nonzero
        spikes, payloads, note = _events(recording, graph, projection.source, source, given)
        notes += [note] if note else []
        reached = fan_out(synapse, source)
        accumulates += float((spikes * reached).sum())
        multiplies += float((payloads * reached).sum())
        dense += float(_all_operations(synapse, source)) * samples * recording.steps
    updates, missing = _membrane_updates(recording, graph)
    return NeuroBench(
        *_footprint(graph),
        connection_sparsity=zeros / weights if weights else None,
        activation_sparsity=_activation_sparsity(recording, graph),
        effective_accumulates=accumulates / samples,
        effective_multiplies=multiplies / samples,
        dense=dense / samples,
        membrane_updates=updates,
        left_out=tuple(dict.fromkeys([*notes, *missing])),
    )


def _weighted(projection: Projection) -> Synapse | None:
    """The layer with weights that a projection is, after its Flattens; None where it is none, or has maps before."""
    maps = [map_ for map_ in projection.synapses if not isinstance(map_, Flatten)]
    return maps[0] if len(maps) == 1 and isinstance(maps[0], (Dense, Sparse, Conv2d)) else None


def _entries(synapse: Synapse) -> tuple[int, int]:
    """(weights, those that are not zero); a sparse matrix has its zeros, too."""
    if isinstance(synapse, Sparse):
        return int(np.prod(synapse.weight.shape)), int(np.count_nonzero(synapse.weight.data))
    assert isinstance(synapse, (Dense, Conv2d))
    return synapse.weight.size, int(np.count_nonzero(synapse.weight))


def _all_operations(synapse: Synapse, source: Shape) -> int:
    """Of one step in which every input and every weight counts; a convolution's padding does not."""
    if isinstance(synapse, Conv2d):
        return int(fan_out(replace(synapse, weight=np.ones_like(synapse.weight)), source).sum())
    return _entries(synapse)[0]


def _given(recording: Recording, graph: Network | Program, inputs: Any) -> dict[str, NDArray[Any]]:
    """Input arrays by name, (batch, steps, *shape)."""
    if inputs is None:
        return {}
    named = inputs if isinstance(inputs, Mapping) else {next(iter(graph.inputs)): inputs}
    found = {}
    for name, values in named.items():
        if name not in graph.inputs:
            known = f"inputs: {', '.join(graph.inputs)}"
            raise InputError(Fault("inputs", f"'{name}' is none of the graph's", known, "Name one of them."))
        array = np.asarray(values)
        array = array[None] if recording.batch is None else array
        expected = (recording.batch or 1, recording.steps, *graph.shape_of(name))
        if array.shape != expected:
            fact = f"'{name}' has shape {array.shape}"
            mend = "Pass the arrays that were run, with their steps."
            raise InputError(Fault("inputs", fact, f"the recording is of {expected}", mend))
        found[name] = array
    return found


def _events(
    recording: Recording, graph: Network | Program, name: str, shape: Shape, given: Mapping[str, NDArray[Any]]
) -> tuple[Ints, Ints, str]:
    """Events of each neuron of a source in steps whose values are all 0, 1 or -1, and in others; a note, or "".

    As in the package, a step's values are looked at together, over the batch.
    """
    totals, nothing = total_of(recording, name, shape), np.zeros(shape, np.int64)
    if name in graph.populations:
        if not graph.populations[name].neuron.graded:
            return totals, nothing, ""
        if name not in recording.spikes:
            note = f"whether what {name} sends is 0, 1 or -1: its values were not recorded, and count as multiplied"
            return nothing, totals, note
        values: Any = recording.spikes[name]
        values = np.asarray(values[:])[None] if recording.batch is None else values
    elif name in given:
        values = given[name]
    else:
        return totals, nothing, f"whether {name} sends spikes alone: they count as such; pass inputs="
    spiking = np.ones(recording.steps, bool)
    for sample in range(len(values)):  # one by one: they may lie in a file
        spiking &= np.isin(values[sample], (-1, 0, 1)).reshape(recording.steps, -1).all(axis=1)
    spikes, payloads = nothing.copy(), nothing.copy()
    for sample in range(len(values)):
        events = values[sample] != 0
        spikes += events[spiking].sum(axis=0)
        payloads += events[~spiking].sum(axis=0)
    return spikes, payloads, ""


def _activation_sparsity(recording: Recording, graph: Network | Program) -> float:
    sent = possible = 0
    for name, population in graph.populations.items():
        if population.neuron.spiking:
            sent += int(total_of(recording, name, population.shape).sum())
            possible += population.size * recording.steps * (recording.batch or 1)
    return (possible - sent) / possible if possible else 0.0


def _membrane_updates(recording: Recording, graph: Network | Program) -> tuple[float | None, list[str]]:
    spiking = [name for name, population in graph.populations.items() if population.neuron.spiking]
    without = [name for name in spiking if "v" not in graph.populations[name].neuron.states]
    notes = [f"membrane updates of {', '.join(without)}: such neurons have no potential v"] if without else []
    spiking = [name for name in spiking if name not in without]
    missing = [name for name in spiking if (name, "v") not in recording.states]
    if missing:
        mend = "run with record=((name, 'v'), ...)"
        return None, [*notes, f"membrane updates: v of {', '.join(missing)} was not recorded; {mend}"]
    updates = 0
    for name in spiking:
        potentials = recording.states[name, "v"]
        for sample in range(recording.batch or 1):  # one by one: they may lie in a file
            v = np.asarray(potentials[sample] if recording.batch is not None else potentials[:])
            updates += v[:1].size + int(np.count_nonzero(v[1:] != v[:-1]))
    return updates / (recording.batch or 1), notes


def _footprint(graph: Network | Program) -> tuple[int, int]:
    """Bytes of weights and biases, and of the neurons' constants; an array that several share counts once."""
    integer = isinstance(graph, Program)
    maps = {id(map_): map_ for projection in graph.projections for map_ in projection.synapses}.values()
    parameters = sum(_bytes(getattr(map_, name, None), integer) for map_ in maps for name in ("weight", "bias"))
    return parameters, sum(_constants(population.neuron, integer) for population in graph.populations.values())


def _constants(neuron: Neuron, integer: bool) -> int:
    return sum(_bytes(value, integer) for value in vars(neuron).values() if isinstance(value, np.ndarray))


def _bytes(values: Any, integer: bool) -> int:
    """Of an array, zeros included; of a sparse matrix, its entries with their places (4 bytes each)."""
    if values is None:
        return 0
    if not isinstance(values, np.ndarray):
        places = 4 * (values.indices.size + values.indptr.size) if hasattr(values, "indptr") else 0
        return places + _bytes(np.asarray(values.data if places else values), integer)
    if not integer:
        return values.size * FLOAT
    largest = int(np.abs(values.astype(np.int64)).max(initial=0))
    return values.size * next(size for size in (1, 2, 4, 8) if largest < 1 << (8 * size - 1))
