"""From a Program back to a Network: weights as the chip has them, learned ones too, in the source's units.

A unit of weight stands for 1 / scale of the source's potential (`LayerReport.scale`) behind the neuron's gains, so
w = integer 2**exponent / (scale gains), times the units of payload per unit of what the source sends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import ConversionError, Fault, InputError
from neurokit.graph.check import check_network, check_program, need_program
from neurokit.graph.check_plasticity import LEARNING
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.learned import without_third_factors
from neurokit.graph.network import LayerReport, Network, Population, Program, Projection
from neurokit.graph.neurons import Neuron
from neurokit.graph.plasticity import Rule
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, Injection, ResizeConv2d, Sparse, Synapse
from neurokit.lower.discretise import recurrence
from neurokit.lower.fold import fold_chain
from neurokit.lower.neurons_to_floats import bias_of, float_neuron
from neurokit.lower.payloads import GRADED
from neurokit.lower.pipeline import PASSED

Floats = NDArray[np.float64]


def to_network(program: Program, source: Network | None = None) -> Network:
    """The Network that a Program computes, in floats and seconds, with its weights as they are now.

    source: the Network it was compiled from: its neurons, biases, rules and third factors are taken, only weights come
    from the Program. Without it neurons come from the Program's integers too (LIF, CubaLIF, ALIF and integrators, their
    potential counted from rest), nothing is plastic any more, and what feeds third factors only is left out. A Program
    of integers that passed through gives a Network that holds them still.
    Raises InputError (no Program, or one that was not compiled from `source`), ConversionError (neurons that only
    `source` can tell, a bias that no map can hold).
    """
    need_program(program)
    check_program(program)
    if source is not None:
        return _onto(program, source)
    program = without_third_factors(program)
    rows = {row.population: row for row in program.report}
    if missing := [name for name in program.populations if name not in rows]:
        fact, mend = f"no report tells the scale of {', '.join(missing)}", "Pass source=, the Network it was made from."
        raise ConversionError(Fault("program", fact, "integers alone have no unit", mend))
    if any(PASSED in row.notes for row in rows.values()):
        return _whole(program)
    faults: list[Fault] = []
    populations = {}
    for name, population in program.populations.items():
        neuron = float_neuron(population, rows[name].scale, program.dt)
        if isinstance(neuron, Fault):
            faults.append(neuron)
        else:
            populations[name] = replace(population, neuron=neuron)
    if faults:
        raise ConversionError(faults)
    projections = [_projection(program, p, rows, 1.0) for p in program.projections]
    for name, population in program.populations.items():
        bias = bias_of(population, rows[name].scale)
        if bias.any():
            _give_bias(projections, name, np.broadcast_to(bias, population.shape))
    return check_network(_network(program, populations, projections))


def _whole(program: Program) -> Network:
    projections = [replace(p, delay=_seconds(p, p.delay, program.dt), plasticity=None) for p in program.projections]
    return check_network(_network(program, dict(program.populations), projections))


def _network(program: Program, populations: Mapping[str, Population], projections: list[Projection]) -> Network:
    outputs = {name: populations[name] for name in program.outputs}
    shown = program.steps_per_sample
    return Network(
        program.inputs, populations, tuple(projections), outputs, program.dt, program.source, steps_per_sample=shown
    )


def _seconds(projection: Projection, steps: Any, dt: float | None) -> Floats:
    if dt is None and np.any(steps):
        mend = "Compile a Network that has dt, or pass source=."
        raise ConversionError(Fault(projection.name, "has a delay in steps", "the step's length is unknown", mend))
    return np.asarray(steps, np.float64) * (dt or 0.0)


def _projection(program: Program, projection: Projection, rows: Mapping[str, LayerReport], gain: Any) -> Projection:
    late = program.latency.get(projection.target, 0) - program.latency.get(projection.source, 0)
    delay = _seconds(projection, projection.delay - late, program.dt)
    if isinstance(projection.synapse, Injection):
        return replace(projection, delay=delay)
    synapse = _floats(projection, program, rows, gain)
    return replace(projection, synapses=(synapse,), delay=delay, plasticity=None)


def _floats(projection: Projection, program: Program, rows: Mapping[str, LayerReport], gain: Any) -> Synapse:
    """The projection's map with weights in the source's units. gain: of the target's neurons, () or per neuron."""
    synapse: Any = projection.synapse
    sender = rows.get(projection.source)
    payload = program.input_scale.get(projection.source, 1.0) if sender is None else sender.payload_scale
    unit = 2.0**synapse.exponent * payload / rows[projection.target].scale
    gain = np.asarray(gain, np.float64)
    if gain.size > 1 and (gain != gain.flat[0]).any():
        unit = _per_target(synapse, unit / np.broadcast_to(gain, program.populations[projection.target].shape))
    else:
        unit = unit / float(gain.flat[0])
    if isinstance(synapse, Sparse):
        each = unit if np.ndim(unit) == 0 else np.repeat(unit, np.diff(synapse.weight.indptr))
        weight = synapse.weight.astype(np.float64)
        weight.data = weight.data * each
        return replace(synapse, weight=weight, exponent=0)
    return replace(synapse, weight=synapse.weight * unit, exponent=0)  # type: ignore[no-any-return]


def _per_target(synapse: Synapse, unit: Floats) -> Floats:
    """`unit` of each target as it broadcasts to the map's weights."""
    if isinstance(synapse, Sparse):
        return unit.ravel()
    if isinstance(synapse, Dense):
        return unit.reshape(-1, 1)
    assert isinstance(synapse, Conv2d | ResizeConv2d), "other maps become sparse where gains differ (lower.quantise)"
    return unit[:, :1, :1, None]


# ------------------------------------------------------------------------------------------------ onto the source


def _onto(program: Program, source: Network) -> Network:
    if faults := list(_others(program, source)):
        raise InputError(faults)
    if source.is_integer:
        weights = {p.name: p.synapses for p in program.projections}
        return replace(source, projections=tuple(replace(p, synapses=weights[p.name]) for p in source.projections))
    rows = {row.population: row for row in program.report}
    learned = {p.name: p for p in program.projections}
    projections = []
    for own in source.projections:
        found = learned[own.name]
        if isinstance(found.synapse, Injection) or own.port in THIRD_FACTORS:  # neither learns; ports have own scales
            projections.append(own)
            continue
        target = source.populations[own.target]
        gain = _gain(target.neuron, source.dt)
        synapse: Any = _floats(found, program, rows, gain)
        _, constant = fold_chain(own.synapses, source.shape_of(own.source), target.shape)
        if constant.any():
            synapse = _with_bias(synapse, np.broadcast_to(constant, target.shape))
            if synapse is None:
                raise ConversionError(_no_place(own.name))
        projections.append(replace(own, synapses=(_within(synapse, own.plasticity),)))
    return check_network(replace(source, projections=tuple(projections)))


def _within(synapse: Any, rule: Rule | FixedRule | None) -> Any:
    """`synapse` inside the bounds of its rule: rounded neurons and exponents may make the largest weight a bit more."""
    if rule is None or not isinstance(synapse, LEARNING):
        return synapse
    low, high = rule.bounds
    if isinstance(synapse, Sparse):
        weight = synapse.weight.copy()
        weight.data = np.clip(weight.data, low, high)
        return replace(synapse, weight=weight)
    return replace(synapse, weight=np.clip(synapse.weight, low, high))


def _others(program: Program, source: Any) -> Iterator[Fault]:
    mend = "Pass the Network that the Program was compiled from."
    if not isinstance(source, Network):
        yield Fault("source", f"is a {type(source).__name__}", "a Network is needed", mend)
        return
    for what, here, there in (
        ("populations", program.populations, source.populations),
        ("projections", {p.name: p for p in program.projections}, {p.name: p for p in source.projections}),
    ):
        if different := sorted(set(here) ^ set(there)):
            fact = f"the {what} {', '.join(different)} are in one of the two only"
            yield Fault("source", fact, "the Program has another source", mend)
    for name in program.populations:
        if name in source.populations and source.populations[name].shape != program.populations[name].shape:
            fact = f"has shape {source.populations[name].shape}, in the Program {program.populations[name].shape}"
            yield Fault(name, fact, "the Program has another source", mend)


def _gain(neuron: Neuron, dt: float | None) -> Floats:
    if isinstance(neuron, GRADED):
        return np.ones(())
    model = recurrence(neuron, dt)
    return np.asarray(model.gain_u * model.gain_v)


# ------------------------------------------------------------------------------------------------------------ biases


def _give_bias(projections: list[Projection], name: str, bias: Floats) -> None:
    """The bias to the first map into `name` that can hold it."""
    for place, projection in enumerate(projections):
        if projection.target == name and projection.port == "":
            synapse = _with_bias(projection.synapse, bias)
            if synapse is not None:
                projections[place] = replace(projection, synapses=(synapse,))
                return
    raise ConversionError(_no_place(name))


def _with_bias(synapse: Any, bias: Floats) -> Synapse | None:
    if isinstance(synapse, Dense | Sparse):
        return replace(synapse, bias=bias.ravel())
    channels = bias.ndim == 3 and bool((bias == bias[:, :1, :1]).all())
    if channels and isinstance(synapse, Conv2d | ResizeConv2d | ConvTranspose2d):
        return replace(synapse, bias=bias[:, 0, 0])
    return None


def _no_place(name: str) -> Fault:
    limit = "a convolution has one bias for each output channel, a pool none"
    return Fault(name, "has a bias that its maps cannot hold", limit, "Call nk.expand(program) first.")
