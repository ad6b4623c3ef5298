"""Compilation: Network -> Program."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurokit.errors import CompileError, Fault
from neurokit.graph.check import check_network, check_program
from neurokit.graph.graded_neurons import Delta, Relay, Sigma, SigmaDelta
from neurokit.graph.network import LayerReport, Network, Population, Program, Projection
from neurokit.graph.neurons import FixedNeuron
from neurokit.graph.resonators import ResonateAndFire
from neurokit.graph.synapses import Sparse, Weighted
from neurokit.lower.align import align, depths, latencies, steps_of
from neurokit.lower.fold import fold
from neurokit.lower.quantise import Quantised, quantise
from neurokit.lower.targets import targets_of


def compile_network(network: Network, *, bits: int = 8, window: int | None = None) -> Program:
    """Bring a Network to Loihi's integers; networks that are integers already pass through unchanged.

    bits: width of weights, 1 to 8, sign included where weights have both signs.
    window: reset a population at depth k before steps k, k + window, ... None: a float source's population at depth k
    is reset once, before step k, so that its bias starts with the input as in the source; integer sources are not.
    """
    _arguments(bits, window)
    check_network(network)
    if network.is_integer and bits != 8:
        fact = f"bits={bits} for a source that holds integers already"
        raise CompileError(Fault("bits", fact, "they pass through unchanged", "Leave bits out."))
    program = _pass_through(network, window) if network.is_integer else _lower(network, bits, window)
    program = check_program(program)
    return replace(program, targets=targets_of(program))


def _arguments(bits: int, window: int | None) -> None:
    faults = []
    if isinstance(bits, bool) or not isinstance(bits, int | np.integer) or not 1 <= bits <= 8:
        faults.append(Fault("bits", f"is {bits!r}", "weights have 1 to 8 bits", "Pass bits=8 or fewer."))
    if window is not None and (isinstance(window, bool) or not isinstance(window, int | np.integer) or window < 1):
        faults.append(
            Fault("window", f"is {window!r}", "a window is a number of steps", "Pass window=None or at least 1.")
        )
    if faults:
        raise CompileError(faults)


def _pass_through(network: Network, window: int | None) -> Program:
    depth = depths(network)
    populations = {}
    for name, population in network.populations.items():
        neuron = population.neuron
        assert isinstance(neuron, FixedNeuron), "the caller asked is_integer"
        if window is not None:
            neuron = replace(neuron, reset_interval=int(window), reset_offset=depth[name])
        populations[name] = replace(population, neuron=neuron)
    projections = []
    for p in network.projections:
        single, biases = fold(replace(network, projections=(p,)))
        if biases:
            raise CompileError(
                Fault(p.name, "has a bias of its own", "an integer population holds its bias itself", "Move it there.")
            )
        projections.append(_whole_weights(replace(single.projections[0], delay=steps_of(p, network.dt))))
    report = tuple(LayerReport(name, 1.0, 8, 0, 0.0, 0.0, 0.0, ("integers passed through",)) for name in populations)
    return _program(network, populations, tuple(projections), depth, report)


def _whole_weights(projection: Projection) -> Projection:
    """Floats that are whole numbers, as text files give them, become integers; others stay, to be refused by name."""
    synapse = projection.synapse
    if not isinstance(synapse, Weighted):
        return projection
    values = synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight
    if values.dtype.kind == "f" and (values % 1 == 0).all():
        synapse = replace(synapse, weight=synapse.weight.astype(np.int64))
    return replace(projection, synapses=(synapse,))


def _lower(network: Network, bits: int, window: int | None) -> Program:
    folded, biases = fold(network)
    latency = latencies(folded)
    aligned = align(folded, latency)
    populations: dict[str, Population] = {}
    synapses: dict[str, Projection] = {}
    reports = []
    faults: list[Fault] = []
    biased = bool(biases)
    for name, population in folded.populations.items():
        if isinstance(population.neuron, Sigma | Delta | SigmaDelta | Relay | ResonateAndFire):
            faults.append(_no_scale(population))
            continue
        incoming = [p for p in aligned if p.target == name]
        sources = [(p, folded.shape_of(p.source)) for p in incoming]
        driven = any(p.source in folded.inputs for p in incoming)
        result = quantise(population, sources, biases.get(name, np.zeros(())), bits, network.dt, driven)
        if not isinstance(result, Quantised):
            faults += result
            continue
        late = latency[name] > 0 and biased and _heard_late(folded, name)
        neuron = replace(result.neuron, reset_interval=int(window or 0), reset_offset=latency[name], held=late)
        populations[name] = replace(population, neuron=neuron)
        synapses |= {p.name: replace(p, synapses=(s,)) for p, s in zip(incoming, result.synapses, strict=True)}
        reports.append(_with_delays(result.report, incoming))
    if faults:
        raise CompileError(faults)
    ordered = tuple(synapses[p.name] for p in aligned)
    return _program(network, populations, ordered, latency, tuple(reports))


def _no_scale(population: Population) -> Fault:
    kind = type(population.neuron).__name__
    mend = f"Build it of Fixed{kind} and integer weights, or convert a quantised SLAYER .net."
    return Fault(population.name, f"is {kind} in floats", "no scale is chosen for it yet", mend)


def _heard_late(network: Network, name: str) -> bool:
    """Whether spikes of `name` before its own start could arrive after another's: over a delay of the source."""
    return any(p.source == name and p.delay.any() for p in network.projections)


def _with_delays(report: LayerReport, incoming: list[Projection]) -> LayerReport:
    waits = [
        f"{p.name} waits {int(p.delay.min()) - 1} steps for longer branches" for p in incoming if p.delay.min() > 1
    ]
    return replace(report, notes=(*report.notes, *waits))


def _program(
    network: Network,
    populations: dict[str, Population],
    projections: tuple[Projection, ...],
    latency: dict[str, int],
    report: tuple[LayerReport, ...],
) -> Program:
    return Program(
        network.inputs,
        populations,
        projections,
        {name: populations[name] for name in network.outputs},
        latency={name: latency[name] for name in populations},
        report=report,
        dt=network.dt,
        source=network.source,
    )
