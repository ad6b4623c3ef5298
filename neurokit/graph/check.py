"""Invariants of a Network and a Program; all faults are reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_args

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from neurokit.errors import Fault, GraphError, InputError
from neurokit.graph.check_parameters import parameter_faults
from neurokit.graph.check_plasticity import plasticity_faults, third_factor_faults
from neurokit.graph.check_times import time_faults
from neurokit.graph.graded_neurons import Activation, Overflow, Rounding
from neurokit.graph.network import Network, Population, Program, Projection, _Graph
from neurokit.graph.neurons import Fires, FixedNeuron, Range, Reset, WhileRefractory
from neurokit.graph.resonators import FiresAt
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.graph.synapses import ConvTranspose2d, Injection, Sparse, Synapse, Weighted, chain_shape

WEIGHT_EXPONENT_RANGE = (-8, 7)  # nengo-loihi @e564f66, hardware/validate.py
MAX_DELAY = 62  # beyond the connection's own step, so 63 steps from spike to arrival (lava-dl 0.6.0, num_delay_bits)


def check_network(network: Network) -> Network:
    """Give back `network` when it is sound; raise GraphError with every fault otherwise."""
    faults = [*_structure(network), *_network_values(network)]
    if not faults:
        faults = [*_kinds(network), *_undelayed_loops(network), *plasticity_faults(network)]
    _raise(faults)
    return network


def need_program(value: Any) -> Program:
    """`value` when it is a Program; InputError that says what it is instead."""
    if isinstance(value, Program):
        return value
    what = type(value).__name__
    mend = (
        "Call nk.compile on it first." if isinstance(value, Network) else "Call nk.convert and nk.compile, or nk.load."
    )
    raise InputError(Fault("program", f"is a {what}", "a Program is needed", mend))


def check_program(program: Program) -> Program:
    """Give back `program` when it is sound and within the chip's ranges; else raise GraphError with every fault."""
    faults = list(_structure(program))
    if not faults:
        faults += [f for p in program.populations.values() for f in _neuron_ranges(p)]
        faults += [f for p in program.projections for f in _program_projection(p)]
        faults += plasticity_faults(program)
    _raise(faults)
    return program


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise GraphError(faults)


def _structure(graph: Network | Program) -> Iterator[Fault]:
    yield from _names(graph)
    if graph.steps_per_sample < 0:
        mend = "Pass 0 where the source says none."
        yield Fault("steps_per_sample", f"is {graph.steps_per_sample}", "a number of steps is 0 or more", mend)
    for population in graph.populations.values():
        yield from _population(population)
    seen: set[str] = set()
    for projection in graph.projections:
        if projection.name in seen:
            yield Fault(
                projection.name,
                "two projections join the same source and target",
                "a projection is known by its ends",
                "Merge them into one, or put a population between.",
            )
        seen.add(projection.name)
        yield from _projection(graph, projection)


def _names(graph: _Graph) -> Iterator[Fault]:
    what = type(graph).__name__
    for kind, nodes in (("input", graph.inputs), ("population", graph.populations), ("output", graph.outputs)):
        if not nodes:
            yield Fault(what, f"there is no {kind}", "a network needs at least one", f"Give the source one: {kind}.")
        for key, node in nodes.items():
            if key != node.name:
                yield Fault(key, f"is listed under '{key}' but named '{node.name}'", "both must agree", "Rename one.")
    for name in graph.inputs.keys() & graph.populations.keys():
        yield Fault(name, "is an input and a population", "names are unique", "Rename one.")
    for name in graph.outputs:
        if name not in graph.populations:
            yield Fault(name, "is an output but no population", "outputs are populations", "Name a population.")
    for node in graph.inputs.values():
        if not node.shape or min(node.shape) < 1:
            yield Fault(node.name, f"has shape {node.shape}", "sizes are at least 1", "Give the input's shape.")


def _population(population: Population) -> Iterator[Fault]:
    name, shape = population.name, population.shape
    if not shape or min(shape) < 1:
        yield Fault(name, f"has shape {shape}", "sizes are at least 1", "Give the population's shape.")
        return
    yield from _conventions(population)
    yield from parameter_faults(population)
    for field, value in vars(population.neuron).items():
        if not isinstance(value, np.ndarray):
            continue
        if not np.isfinite(value).all():
            yield Fault(name, f"{field} holds NaN or infinity", "parameters are finite", "Repair the source.")
        try:
            fits = np.broadcast_shapes(value.shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            yield Fault(
                name,
                f"{field} has shape {value.shape}",
                f"it must broadcast to {shape}",
                "Give one value or one a neuron.",
            )


def _conventions(population: Population) -> Iterator[Fault]:
    conventions = {
        "reset": Reset,
        "fires": Fires,
        "while_refractory": WhileRefractory,
        "activation": Activation,
        "rounding": Rounding,
        "overflow": Overflow,
        "fires_at": FiresAt,
    }
    for field, kind in conventions.items():
        allowed = get_args(kind)
        found = getattr(population.neuron, field, allowed[0])
        if found not in allowed:
            choices = " or ".join(repr(choice) for choice in allowed)
            yield Fault(population.name, f"{field} is {found!r}", f"it is {choices}", "Choose one of them.")


def _projection(graph: _Graph, projection: Projection) -> Iterator[Fault]:
    name = projection.name
    if projection.source not in graph.inputs and projection.source not in graph.populations:
        yield Fault(name, f"source '{projection.source}' does not exist", "ends must exist", "Name a population.")
        return
    if projection.target not in graph.populations:
        yield Fault(name, f"target '{projection.target}' is no population", "ends must exist", "Name a population.")
        return
    ports = graph.populations[projection.target].neuron.ports
    if projection.port in THIRD_FACTORS:
        yield from third_factor_faults(graph, projection)
    elif projection.port not in ports:
        choices = " or ".join(repr(port) for port in ports)
        yield Fault(name, f"port is {projection.port!r}", f"its target has {choices}", "Choose one of them.")
        return
    if projection.port and any(getattr(synapse, "bias", None) is not None for synapse in projection.synapses):
        yield Fault(name, "has a bias", "constants enter by port ''", "Give the bias to a projection of that port.")
    sender = graph.populations.get(projection.source)
    if sender is not None and not sender.neuron.spiking and projection.port not in THIRD_FACTORS:  # it hears potentials
        yield Fault(
            projection.source,
            f"never spikes, but '{projection.target}' listens to it",
            "integrators are readouts",
            "Make it an output, or use a spiking neuron.",
        )
    source, target = graph.shape_of(projection.source), graph.shape_of(projection.target)
    found = chain_shape(projection.synapses, source)
    if found is None:
        maps = ", ".join(_describe(s) for s in projection.synapses)
        yield Fault(name, f"{maps} does not accept shape {source}", "shapes must chain", "Check sizes and channels.")
    elif int(np.prod(found)) != int(np.prod(target)) or (len(found) == 3 and found != target):
        yield Fault(name, f"gives shape {found}", f"the target has shape {target}", "Check sizes and channels.")
    for synapse in projection.synapses:
        yield from _weights(name, synapse)
        if isinstance(synapse, Injection) and projection.source not in graph.inputs:
            yield Fault(name, "injects a current", "only inputs inject currents", "Use a weight of 1 instead.")
    delay = projection.delay
    if not np.isfinite(delay).all() or (delay < 0).any():
        yield Fault(name, "a delay is negative or not finite", "delays are at least 0", "Repair the source.")
    shape = (int(np.prod(target)), int(np.prod(source)))
    try:
        np.broadcast_to(delay, shape)
    except ValueError:
        yield Fault(
            name, f"delay has shape {delay.shape}", f"it must broadcast to {shape}", "One value, or (targets, 1)."
        )


def _weights(name: str, synapse: Synapse) -> Iterator[Fault]:
    if not isinstance(synapse, Weighted):
        return
    values = synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight
    if not np.isfinite(values).all():
        yield Fault(name, "a weight is NaN or infinite", "weights are finite", "Repair the source: training diverged?")
    bias = getattr(synapse, "bias", None)
    if bias is not None and synapse.weight.ndim >= 2:  # other weights fit no shape, which is told by itself
        size = synapse.weight.shape[0]
        if isinstance(synapse, ConvTranspose2d):
            size = synapse.weight.shape[1] * synapse.groups
        if bias.shape != (size,):
            yield Fault(
                name,
                f"bias has shape {bias.shape}",
                f"it must be ({size},)",
                "Give one bias a target or output channel.",
            )
        if not np.isfinite(bias).all():
            yield Fault(name, "a bias is NaN or infinite", "biases are finite", "Repair the source.")


def _network_values(network: Network) -> Iterator[Fault]:
    for population in network.populations.values():
        yield from time_faults(population, network.dt)
    if network.dt is not None and not (np.isfinite(network.dt) and network.dt > 0):
        yield Fault("dt", f"is {network.dt}", "a step is a positive number of seconds", "Pass dt= in seconds.")


def _kinds(network: Network) -> Iterator[Fault]:
    """A network is float or integer throughout."""
    integer = [name for name, p in network.populations.items() if isinstance(p.neuron, FixedNeuron)]
    if integer and not network.is_integer:
        yield Fault(
            ", ".join(integer),
            "are integer neurons among float ones",
            "a network is one or the other",
            "Use one kind throughout.",
        )
    for projection in network.projections:
        if network.dt is None and projection.delay.any():
            yield Fault(projection.name, "has a delay in seconds", "the step is unknown", "Pass dt= in seconds.")
    if integer:
        return
    for projection in network.projections:
        for synapse in projection.synapses:
            if isinstance(synapse, Injection):
                yield Fault(
                    projection.name,
                    "injects a current into a float neuron",
                    "only integer populations take injections",
                    "Use a Dense or Sparse identity instead.",
                )
            elif getattr(synapse, "exponent", 0):
                yield Fault(
                    projection.name, "has an exponent", "float weights have none", "Multiply it into the weights."
                )


def _undelayed_loops(network: Network) -> Iterator[Fault]:
    """Loops in which a spike would return in its own step: what lies on one can never be ordered."""
    edges = {
        (p.source, p.target)
        for p in network.projections
        if not p.delay.all()
        and p.source in network.populations
        and p.port not in THIRD_FACTORS  # heard after all neurons
    }
    for loop in loops(network.populations, edges):
        yield Fault(
            ", ".join(loop),
            "lie on a loop without delay" if len(loop) > 1 else "feeds itself without delay",
            "a spike cannot arrive before it is sent",
            "Give one of the loop's projections a delay of a step or more.",
        )


def loops(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The strongly connected parts that hold a cycle, each in the order of `names`."""
    order = list(names)
    place = {name: i for i, name in enumerate(order)}
    pairs = [(place[a], place[b]) for a, b in edges]
    matrix = sp.coo_matrix((np.ones(len(pairs)), tuple(zip(*pairs, strict=True)) or ([], [])), shape=(len(order),) * 2)
    _, label = connected_components(matrix, directed=True, connection="strong")
    cyclic = sorted({int(label[a]) for a, b in pairs if label[a] == label[b]})
    return [[name for name, part in zip(order, label, strict=True) if part == number] for number in cyclic]


def _neuron_ranges(population: Population) -> Iterator[Fault]:
    name, neuron = population.name, population.neuron
    if not isinstance(neuron, FixedNeuron):
        yield Fault(name, f"neuron is {type(neuron).__name__}", "a Program holds integer neurons", "Call nk.compile.")
        return
    for found in neuron.ranges():
        yield from _range(name, found)
    if neuron.reset_interval < 0 or neuron.reset_offset < 0:
        yield Fault(
            name, "the reset schedule is negative", "interval and offset are at least 0", "Repair the schedule."
        )


def _range(name: str, parameter: Range) -> Iterator[Fault]:
    field, values, limits, why = parameter
    low, high = int(np.min(values)), int(np.max(values))
    if low < limits[0] or high > limits[1]:
        found = low if low < limits[0] else high
        yield Fault(
            name,
            f"{field} is {found}",
            f"Loihi holds {limits[0]} to {limits[1]} ({why})",
            "Scale the population's weights, threshold and bias down together.",
        )


def _program_projection(projection: Projection) -> Iterator[Fault]:
    name, delay = projection.name, projection.delay
    if len(projection.synapses) != 1:
        yield Fault(
            name, f"chains {len(projection.synapses)} maps", "a Program has one a projection", "Call nk.compile."
        )
        return
    synapse = projection.synapse
    if isinstance(synapse, Injection):
        if delay.any():
            yield Fault(name, "a delayed current", "injected currents arrive in their own step", "Set delay 0.")
        return
    if not isinstance(synapse, Weighted):
        yield Fault(name, f"is a {type(synapse).__name__}", "a Program holds weights only", "Call nk.compile.")
        return
    low, high = WEIGHT_EXPONENT_RANGE
    if not low <= synapse.exponent <= high:
        yield Fault(
            name, f"weight exponent is {synapse.exponent}", f"Loihi holds {low} to {high}", "Rescale the layer."
        )
    if delay.size and delay.min() == 0:
        yield Fault(
            name,
            "has no delay",
            "every connection of Loihi takes at least one step",
            "Give it a delay of one step (dt seconds in a Network of integers, 1 in a Program).",
        )
    elif delay.dtype.kind not in "iu" or delay.min() < 1 or delay.max() > MAX_DELAY + 1:
        yield Fault(
            name,
            f"delays run from {delay.min()} to {delay.max()} steps",
            f"whole steps from 1 to {MAX_DELAY + 1} (6-bit delays; lava-dl refuses more than {MAX_DELAY} extra)",
            "Use a larger dt, shorter delays, or relay populations.",
        )
    weights = synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight
    if weights.dtype.kind not in "iu":
        yield Fault(name, "weights are not whole numbers", "a Program holds integers only", "Quantise and round them.")
        return
    if projection.plasticity is not None:
        return  # what learns keeps odd weights in all its range: check_plasticity
    fact = weight_fault(weights)
    if fact is not None:
        yield Fault(name, *fact)


def weight_fault(weights: Any) -> tuple[str, str, str] | None:
    """(fact, limit, mend) when integer weights fit no sign mode of Loihi's 8-bit synapses, else None.

    Mixed signs: -128..127, or even numbers in -256..254 (Lava drops the lowest bit). One sign: up to 255.
    Source: lava-nc 0.10.0, utils/weightutils.py; lava-dl 0.6.0, netx/utils.py optimize_weight_bits.
    """
    if not weights.size:
        return None
    low, high = int(weights.min()), int(weights.max())
    if low >= 0 or high <= 0:
        if max(high, -low) > 255:
            return (
                f"a weight is {high if high > 255 else low}",
                "weights of one sign reach 255",
                "Rescale the layer's weights and threshold.",
            )
        return None
    if low >= -128 and high <= 127:
        return None
    if low < -256 or high > 254:
        return (
            f"weights run from {low} to {high}",
            "weights of mixed sign reach from -256 to 254",
            "Rescale the layer's weights and threshold.",
        )
    if (weights % 2).any():
        return (
            f"odd weights beyond +-127 (they run from {low} to {high})",
            "weights of mixed sign beyond -128..127 are even",
            "Round them to even numbers, or rescale the layer.",
        )
    return None


def _describe(synapse: Synapse) -> str:
    weight = getattr(synapse, "weight", None)
    return type(synapse).__name__ + (f"{tuple(weight.shape)}" if weight is not None and weight.ndim else "")
