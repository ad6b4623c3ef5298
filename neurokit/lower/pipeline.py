"""Compilation: Network -> Program."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import CompileError, Fault
from neurokit.graph.check import check_network, check_program
from neurokit.graph.fixed_plasticity import Arithmetic, FixedRule
from neurokit.graph.graded_neurons import Delta, Relay, Sigma, SigmaDelta
from neurokit.graph.network import LayerReport, Network, Population, Program, Projection
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.graph.plasticity import Rule
from neurokit.graph.resonators import ResonateAndFire
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.graph.synapses import Sparse, Weighted
from neurokit.lower.activity import Activity
from neurokit.lower.align import depths, latencies, steps_of
from neurokit.lower.bounds import bounds
from neurokit.lower.fold import fold
from neurokit.lower.graded import quantise_graded
from neurokit.lower.payloads import GRADED, Plan, plan
from neurokit.lower.plastic_projections import Plastic, lower_plastic, plastic, remembers_signals, scale_below
from neurokit.lower.quantise import Quantised, quantise
from neurokit.lower.schedule import check_schedule, forgets, scheduled, steps_per_frame
from neurokit.lower.targets import targets_of
from neurokit.lower.third_factors import Port, quantise_port

PASSED = "integers passed through"  # note of a population whose source held integers already


def compile_network(
    network: Network,
    *,
    bits: int = 8,
    window: int | None = None,
    activity: Activity | None = None,
    arithmetic: Arithmetic = "lava",
    schedule: str = "pipeline",
) -> Program:
    """Bring a Network to Loihi's integers; networks that are integers already pass through unchanged.

    bits: width of weights, 1 to 8, sign included where weights have both signs.
    window: reset a population at depth k before steps k, k + window, ... None: a float source's population at depth k
    is reset once, before step k, so that its bias starts with the input as in the source; integer sources are not.
    activity: what a float run on sample inputs showed; sigma-delta neurons and relays need it for their scales.
    arithmetic: of the projections that learn, see `FixedRule`.
    schedule: "pipeline" or "hold", see `lower.schedule`.
    """
    check_arguments(bits, window)
    if arithmetic not in get_args(Arithmetic):
        choices = " or ".join(repr(choice) for choice in get_args(Arithmetic))
        raise CompileError(Fault("arithmetic", f"is {arithmetic!r}", f"it is {choices}", "Choose one of them."))
    check_network(network)
    check_schedule(network, schedule, window)
    if network.is_integer and bits != 8:
        fact = f"bits={bits} for a source that holds integers already"
        raise CompileError(Fault("bits", fact, "they pass through unchanged", "Leave bits out."))
    if network.is_integer:
        program = _pass_through(network, window)
    else:
        program = _lower(network, bits, window, activity, arithmetic, schedule)
    program = _with_headroom(check_program(program), activity)
    return replace(program, targets=targets_of(program))


def check_arguments(bits: int, window: int | None) -> None:
    """CompileError for bits and windows that are none."""
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
    if faults := [f for p in network.projections for f in _rule_in_seconds(p)]:
        raise CompileError(faults)
    for p in network.projections:
        single, biases = fold(replace(network, projections=(p,)))
        if biases:
            raise CompileError(
                Fault(p.name, "has a bias of its own", "an integer population holds its bias itself", "Move it there.")
            )
        projections.append(_whole_weights(replace(single.projections[0], delay=steps_of(p, network.dt))))
    report = tuple(LayerReport(name, 1.0, 8, 0, 0.0, 0.0, 0.0, (PASSED,)) for name in populations)
    return _program(network, populations, tuple(projections), depth, report)


def _rule_in_seconds(projection: Projection) -> Iterator[Fault]:
    """A Rule speaks of a float source's units."""
    if isinstance(projection.plasticity, Rule):
        fact = f"holds integers and carries the Rule '{projection.plasticity.name}'"
        limit = "what a unit of weight and potential stands for, such a source does not tell"
        yield Fault(projection.name, fact, limit, "Give it a FixedRule, or put the rule on the float source.")


def _whole_weights(projection: Projection) -> Projection:
    """Floats that are whole numbers, as text files give them, become integers; others stay, to be refused by name."""
    synapse = projection.synapse
    if not isinstance(synapse, Weighted):
        return projection
    values = synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight
    if values.dtype.kind == "f" and (values % 1 == 0).all():
        synapse = replace(synapse, weight=synapse.weight.astype(np.int64))
    return replace(projection, synapses=(synapse,))


def _lower(
    network: Network, bits: int, window: int | None, activity: Activity | None, arithmetic: Arithmetic, schedule: str
) -> Program:
    folded, biases = fold(network)
    latency = latencies(folded)
    aligned = scheduled(folded, latency, schedule)
    scales = plan(folded, activity, bits, sorted(folded.populations, key=lambda name: latency[name]))
    incoming_of = {
        name: [p for p in aligned if p.target == name and p.port not in THIRD_FACTORS] for name in folded.populations
    }
    results, plastics = _all_quantised(folded, incoming_of, biases, bits, scales)
    own = any(_own_bias(population) for population in folded.populations.values())
    biased = bool(biases) or own or any(result.made_up for result in results.values())
    early = own or any(_sends_early(result.neuron, latency[name]) for name, result in results.items())
    settles = window is None and (not biased or _settles(folded))
    populations: dict[str, Population] = {}
    synapses: dict[str, Projection] = {}
    reports = []
    for name, population in folded.populations.items():
        result, incoming = results[name], incoming_of[name]
        neuron = result.neuron
        late = latency[name] > 0 and early and _heard_late(folded, name)
        forgetful = forgets(population.neuron, folded.dt, window) and not remembers_signals(folded, name)
        if isinstance(neuron, LoihiLIF) and forgetful:
            # so that it does on a chip, too, whose decay of v ends at 4095/4096: LIFReset is cleared in every step
            neuron = replace(neuron, reset_interval=1, reset_offset=latency[name] if late else 0, held=late)
        elif not (settles and isinstance(population.neuron, GRADED)):
            neuron = replace(neuron, reset_interval=int(window or 0), reset_offset=latency[name], held=late)
        populations[name] = replace(population, neuron=neuron)
        synapses |= {p.name: replace(p, synapses=(s,)) for p, s in zip(incoming, result.synapses, strict=True)}
        reports.append(_with_delays(result.report, incoming))
    learned, reports = _learning(folded, aligned, plastics, reports, scales, bits, activity, arithmetic)
    synapses |= learned
    ordered = tuple(synapses[p.name] for p in aligned)
    scaled = {name: scale for name, scale in scales.payload.items() if name in folded.inputs and scale != 1}
    program = _program(network, populations, ordered, latency, tuple(reports))
    return replace(program, input_scale=scaled, steps_per_frame=steps_per_frame(program.latency, schedule))


def _all_quantised(
    folded: Network,
    incoming_of: Mapping[str, list[Projection]],
    biases: Mapping[str, NDArray[np.float64]],
    bits: int,
    scales: Plan,
) -> tuple[dict[str, Quantised], list[Plastic]]:
    """Each population in integers, and what learns; CompileError with all faults."""
    results: dict[str, Quantised] = {}
    plastics: list[Plastic] = []
    faults: list[Fault] = []
    for name, population in folded.populations.items():
        incoming, bias = incoming_of[name], biases.get(name, np.zeros(()))
        learning, refused = plastic(population, incoming, folded.dt, scales.payload)
        faults += refused
        result = _quantised(folded, population, incoming, bias, bits, scales)
        if learning and isinstance(result, Quantised):  # once more, so that the rule's bound is a whole weight
            most = scale_below(learning, result.report.scale)
            result = _quantised(folded, population, incoming, bias, bits, scales, most)
        if isinstance(result, Quantised):
            results[name] = result
            plastics += learning
        else:
            faults += result
    if faults:
        raise CompileError(faults)
    return results, plastics


def _learning(
    folded: Network,
    aligned: tuple[Projection, ...],
    plastics: list[Plastic],
    reports: list[LayerReport],
    scales: Plan,
    bits: int,
    activity: Activity | None,
    arithmetic: Arithmetic,
) -> tuple[dict[str, Projection], list[LayerReport]]:
    """Projections that carry a third factor or learn, and the reports with what is to be said of them."""
    found: dict[str, Projection] = {}
    ports: dict[str, dict[str, Port]] = {}
    faults: list[Fault] = []
    scale = {row.population: row.scale for row in reports}
    silent = {name: scale[name] for name, p in folded.populations.items() if not p.neuron.spiking}
    for name, port in dict.fromkeys((p.target, p.port) for p in aligned if p.port in THIRD_FACTORS):
        arriving = [p for p in aligned if (p.target, p.port) == (name, port)]
        made = quantise_port(folded, arriving, {**scales.payload, **silent}, activity, bits)
        if isinstance(made, Port):
            ports.setdefault(name, {})[port] = made
            found |= {p.name: p for p in made.projections}
        else:
            faults += made
    notes: dict[str, list[str]] = {}
    for each in plastics if not faults else ():
        source, target = each.projection.source, each.projection.target
        neuron = folded.populations[target].neuron
        graded = source in folded.inputs or folded.populations[source].neuron.graded
        sender = (graded, scales.payload.get(source, 1.0))
        assert folded.dt is not None, "check_plasticity refuses rules without a step"
        lowered = lower_plastic(
            each, neuron, scale[target], ports.get(target, {}), folded.dt, sender, activity, arithmetic
        )
        if not isinstance(lowered, Projection):
            faults += lowered
            continue
        found[lowered.name] = lowered
        assert isinstance(lowered.plasticity, FixedRule), "lowered"
        said = (f"{lowered.name} learns: {note}" for note in lowered.plasticity.report.notes)
        notes.setdefault(target, []).extend(said)
    if faults:
        raise CompileError(faults)
    return found, [replace(row, notes=(*row.notes, *notes.get(row.population, ()))) for row in reports]


def _quantised(
    folded: Network,
    population: Population,
    incoming: list[Projection],
    bias: NDArray[np.float64],
    bits: int,
    scales: Plan,
    most: float = math.inf,
) -> Quantised | list[Fault]:
    neuron, name = population.neuron, population.name
    if isinstance(neuron, ResonateAndFire) or (isinstance(neuron, GRADED) and name not in scales.graded):
        return [_no_scale(population)]
    arriving = []
    for p in incoming:
        spikes = p.source in folded.populations and not folded.populations[p.source].neuron.graded
        arriving.append(scales.incoming(p, folded.shape_of(p.source), spikes))
    if name in scales.graded:
        result = quantise_graded(population, arriving, bias, bits, scales.graded[name])
    else:
        result = quantise(population, arriving, bias, bits, folded.dt, min(most, scales.most.get(name, math.inf)))
    if not isinstance(result, Quantised) or isinstance(neuron, Relay):  # whose sums have 32 bits and no state
        return result
    left = math.log2(2 * scales.most.get(name, math.inf) / result.report.scale)  # `most` leaves one bit
    return replace(result, report=replace(result.report, headroom=_finite(left)))


def _with_headroom(program: Program, activity: Activity | None) -> Program:
    """The report with each population's worst case, for inputs as large as those seen (spikes without samples)."""
    scale = program.input_scale
    seen = {} if activity is None else {n: r.peak * scale.get(n, 1.0) for n, r in activity.inputs.items()}
    worst = bounds(program, {name: max(1.0, value) for name, value in seen.items()})
    rows = (replace(row, worst_headroom=_finite(worst[row.population].headroom)) for row in program.report)
    return replace(program, report=tuple(rows))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _no_scale(population: Population) -> Fault:
    neuron, kind = population.neuron, type(population.neuron).__name__
    if isinstance(neuron, GRADED):
        limit, mend = "weights do not tell how large its values become", "Pass calibrate= with samples of the input."
        return Fault(population.name, f"is {kind} in floats", limit, mend)
    mend = f"Build it of Fixed{kind} and integer weights, or convert a quantised SLAYER .net."
    return Fault(population.name, f"is {kind} in floats", "no scale is chosen for it yet", mend)


def _sends_early(neuron: FixedNeuron, latency: int) -> bool:
    """Whether its bias alone could make it send in the steps before the input reaches it."""
    if neuron.graded or not neuron.spiking or not neuron.bias.any():
        return False
    if not isinstance(neuron, LoihiLIF):
        return True
    return bool((np.maximum(neuron.bias, 0) * latency > neuron.threshold).any())


def _own_bias(population: Population) -> bool:
    return isinstance(population.neuron, SigmaDelta) and bool(population.neuron.bias.any())


def _settles(network: Network) -> bool:
    """Whether what populations do before the input reaches them leaves no trace, so that none has to be reset.

    Changes that a sigma-delta network sends before then are part of the sums that stand when the input comes. (Lava's
    sigma-delta processes, on the chip or not, are never reset.)
    """
    kinds = [population.neuron for population in network.populations.values()]
    if not all(isinstance(neuron, Delta | SigmaDelta | Sigma) for neuron in kinds):
        return False
    sources = {p.source for p in network.projections if p.source in network.populations}
    values = [name for name in sources if isinstance(network.populations[name].neuron, Sigma)]
    first = all(
        p.source in network.inputs
        for p in network.projections
        if isinstance(network.populations[p.target].neuron, Delta)
    )
    return first and not values and not any(p.delay.any() for p in network.projections)


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
        steps_per_sample=network.steps_per_sample,
    )
