"""The lowest rung of the parity ladder: what the source gives in its own framework, against its Network.

A source that has the chip's integers already is held against its Program, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit import api
from neurokit.converters.running import SourceRun
from neurokit.errors import Fault, InputError
from neurokit.graph.network import Network, Program
from neurokit.graph.neurons import FixedNeuron, Integrator
from neurokit.hardware.base import RecordKey
from neurokit.profiling.comparing import compare, compare_values
from neurokit.profiling.conventions import Conventions
from neurokit.profiling.parity import LayerParity, Rung
from neurokit.profiling.values import sends_changes, values
from neurokit.records import Recorded, Recording

WITHIN = 0.1  # of the distance from silence: float sums in another order or precision stay below, conventions do not
NAMES = "source", "network"


@dataclass(frozen=True, eq=False)
class SourceRung:
    """The rung, the source's run for decisions, and which convention explains a difference (None where none does)."""

    rung: Rung
    stage: Recording
    conventions: Conventions | None


def stand_on(
    run: SourceRun, recording: Recording, inputs: Mapping[str, NDArray[Any]], samples: int, tau: float
) -> SourceRung | str:
    """Compare a source's run with its Network's `recording` (all spikes); a reason where they share nothing.

    inputs: as the Network was given them; on `samples` of them conventions are switched where the two differ.
    """
    network = recording.program
    sent = {name: np.asarray(values) for name, values in run.sent.items() if name in recording.spikes}
    layers: list[LayerParity] = []
    if sent:
        layers += compare(_recording(network, recording, sent), recording, exact=False, tau=tau).layers
    rates = [name for name in run.values if _is_rate(network, name)]
    for name, own in run.values.items():
        found = _value(name, recording, bool(rates))
        if found is not None:
            layers.append(compare_values(name, own[:, -found.shape[1] :], found))
    if not layers and not set(run.values) & set(network.outputs):
        return f"{run.framework} gives nothing that a population of the network stands for"
    places = {name: place for place, name in enumerate(network.populations)}
    layers.sort(key=lambda layer: places[layer.population])
    note = f"the source ran in {run.framework}"
    if rates:
        note += "; a rate code approaches its values: compared are those of the last step"
    rung = Rung(*NAMES, False, tuple(layers), note, tau, None if rates else WITHIN)
    conventions = None
    if sent and not rung.ok and samples:
        from neurokit.causes.conventions import switched  # loads the simulator: not before it is asked

        some = {name: values[:samples] for name, values in inputs.items()}
        few = {name: values[:samples] for name, values in sent.items()}
        conventions = switched(network, some, recording.steps, few, tau)
    return SourceRung(rung, _stage(network, recording, run, sent), conventions)


def stand_on_integers(
    run: SourceRun, program: Program, inputs: Mapping[str, NDArray[Any]], steps: int, tau: float
) -> SourceRung | str:
    """Compare the run of a source that has integers with its Program on the simulator, which must be identical.

    inputs: of the samples that the source has run, as the Program takes them. steps: that it ran for.
    """
    sent = {name: np.asarray(values) for name, values in run.sent.items()}
    states = {key: np.asarray(values) for key, values in run.states.items()}
    record: tuple[RecordKey, ...] = (*sent, *states)
    if not record:
        return f"{run.framework} gives nothing that a population of the program stands for"
    here = api.run(program, inputs, steps, record=record)
    reference = replace(_recording(program, here, sent), states=Recorded(states, "states"))
    known = replace(here, states=Recorded({key: here.states[key] for key in states}, "states"))
    note = "; ".join(filter(None, (f"the source ran in {run.framework}", run.note)))
    rung = compare(reference, known, exact=True, names=(NAMES[0], "program"), tau=tau, note=note)
    conventions = None
    if sent and not rung.ok:
        from neurokit.causes.conventions import switched_program  # loads the simulator: not before it is asked

        conventions = switched_program(program, inputs, steps, sent, tau)
    stage = replace(reference, states=Recorded(states, "states"))
    return SourceRung(rung, stage, conventions)


def given(expected: Any, network: Network | Program, samples: int, steps: int) -> SourceRun:
    """What the user says the source gives. InputError where it fits no population.

    expected: name -> spikes (a readout's or a graded neuron's value) of (batch, steps, *shape), or an array for a
    single output; without batch for one sample.
    """
    arrays = expected if isinstance(expected, Mapping) else dict.fromkeys(list(network.outputs)[:2], expected)
    faults, sent, held, states = [], {}, {}, {}
    if not isinstance(expected, Mapping) and len(network.outputs) > 1:
        fact = f"is one array, but there are the outputs {', '.join(network.outputs)}"
        raise InputError(Fault("expected", fact, "each needs its own", "Pass a dict by name."))
    for name, array in arrays.items():
        found = np.asarray(array)
        if name not in network.populations:
            known = ", ".join(network.populations)
            faults.append(Fault(f"expected['{name}']", "is no population", f"there are {known}", "Use these names."))
            continue
        population = network.populations[name]
        wanted = (samples, steps, *population.shape)
        found = found[None] if found.ndim == len(wanted) - 1 else found
        if found.shape != wanted or found.dtype.kind not in "biuf":
            fact = f"has type {found.dtype} and shape {found.shape}"
            mend = "Give what the source's framework gives for the same inputs."
            faults.append(Fault(f"expected['{name}']", fact, f"numbers of shape {wanted} are needed", mend))
        elif not np.isfinite(found).all():
            faults.append(
                Fault(f"expected['{name}']", "holds NaN or infinity", "values are finite", "Repair the data.")
            )
        elif population.neuron.spiking and not population.neuron.graded:
            spikes = found.astype(np.uint8)
            if (spikes != found).any():
                fact, mend = f"holds {found[spikes != found][0]:g}", "Give the spikes, not potentials or rates."
                faults.append(Fault(f"expected['{name}']", fact, "it spikes: 0 or 1 a step", mend))
            sent[name] = spikes
        elif isinstance(population.neuron, FixedNeuron) and (found != np.rint(found)).any():
            fact, mend = f"holds {found[found != np.rint(found)][0]:g}", "Give the integers of the source."
            faults.append(Fault(f"expected['{name}']", fact, "the source has whole numbers", mend))
        elif isinstance(population.neuron, FixedNeuron) and population.neuron.spiking:
            sent[name] = found.astype(np.int64)
        elif isinstance(population.neuron, FixedNeuron):
            states[name, "v"] = found.astype(np.int64)
        else:
            held[name] = found.astype(np.float64)
    if faults:
        raise InputError(faults)
    return SourceRun("what was expected", sent, held, states)


def _is_rate(network: Network, name: str) -> bool:
    """Whether spikes of `name` stand for a plain number by how many there are."""
    neuron = network.populations[name].neuron
    return neuron.spiking and not neuron.graded


def _value(name: str, recording: Recording, rates: bool) -> NDArray[np.float64] | None:
    """What population `name` stands for at each step; None where spikes do not say it.

    rates: whether the network is in a rate code: an integrator then holds the sum of all steps, and the last mean is
    the value.
    """
    neuron = recording.program.populations[name].neuron
    if neuron.spiking and neuron.graded:
        return values(neuron, recording.spikes[name])
    if neuron.spiking or (name, "v") not in recording.states:
        return None
    v = np.asarray(recording.states[name, "v"], np.float64)
    return v[:, -1:] / v.shape[1] if rates and isinstance(neuron, Integrator) else v


def _recording(network: Network | Program, like: Recording, spikes: Mapping[str, Any]) -> Recording:
    empty: Recorded[tuple[str, str]] = Recorded({}, "states")
    return Recording(network, like.steps, like.batch, Recorded(spikes, "spikes"), empty, {})


def _stage(network: Network, recording: Recording, run: SourceRun, sent: Mapping[str, Any]) -> Recording:
    """The source's run as decisions are read: a value is the sum of what was sent until then."""
    spikes, states = dict(sent), {}
    for name in network.outputs:
        neuron = network.populations[name].neuron
        if name in run.values and neuron.spiking:
            changes = sends_changes(neuron) or not neuron.graded  # of a rate code: decided by the sum, too
            spikes[name] = np.diff(run.values[name], axis=1, prepend=0.0) if changes else run.values[name]
        elif name in run.values:
            states[name, "v"] = run.values[name]
    return replace(_recording(network, recording, spikes), states=Recorded(states, "states"))
