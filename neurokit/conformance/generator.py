"""Random sound Programs with inputs: chains, branches, loops, images and vectors, of any operator in the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.conformance.cases import Case, Wires, build
from neurokit.conformance.draws import Draws, Seeded
from neurokit.conformance.graded import GRADED
from neurokit.conformance.neurons import NEURONS
from neurokit.conformance.synapses import SYNAPSES
from neurokit.graph.check import MAX_DELAY, check_program
from neurokit.graph.network import Program
from neurokit.graph.neurons import MAX_POTENTIAL, FixedNeuron
from neurokit.graph.synapses import Convolving, Dense, Injection, Shape, Sparse, Synapse


def random_case(seed: int, number: int) -> Case:
    """Case `number` of a seed's endless series."""
    return draw_case(Seeded(seed, number), f"random {seed}:{number}")


def draw_case(draws: Draws, name: str) -> Case:
    """A Program of 1 to 4 populations and 1 to 3 inputs, and 1 to 5 samples for it."""
    program = draw_program(draws)
    longest = max(int(np.max(projection.delay)) for projection in program.projections)
    steps = (300 if draws.one_in(25) else draws.choice((14, 14, 30))) + longest  # more than a block of the simulator's
    values = draw_inputs(draws, program, draws.choice((1, 2, 5)), draws.integer(1, steps))
    return Case(name, program, values, steps)


def draw_program(draws: Draws, neurons: Sequence[type[FixedNeuron]] = tuple(NEURONS), inputs: int = 3) -> Program:
    """neurons: the models to take. inputs: how many at most; the first is called "in"."""
    shapes = {"in": _draw_shape(draws)}
    targets: dict[str, Shape] = {}
    wires: Wires = {}
    for k in range(draws.integer(1, 4)):
        name, source = f"p{k}", draws.choice(list(shapes))
        synapse, shape = _draw_synapse(draws, shapes[source])
        wires[source, name] = synapse, draw_delay(draws, synapse, shapes[source], shape)
        shapes[name] = targets[name] = shape
    _join(draws, shapes, targets, wires)
    entries = _draw_entries(draws, targets, wires, inputs - 1)
    heard = {source for source, _ in wires}
    tame = [model for model in neurons if model not in GRADED] or neurons
    models = tame if _has_loop(targets, wires) and not draws.one_in(4) else neurons
    populations = {
        name: (shape, NEURONS[draws.choice(models)].random(draws, shape, name not in heard))
        for name, shape in targets.items()
    }
    last = tuple(targets)[-1]
    outputs = tuple(dict.fromkeys([last, draws.choice(list(targets))]))
    return _draw_ports(draws, build({"in": shapes["in"], **entries}, populations, wires, outputs))


def draw_inputs(draws: Draws, program: Program, batch: int, length: int) -> dict[str, NDArray[Any]]:
    """Spikes, or signed payloads, of any activity: name -> (batch, length, *shape)."""
    found = {}
    for name, node in program.inputs.items():
        rng, shape = draws.generator(), (batch, length, *node.shape)
        active = rng.random(shape) < draws.choice((0.3, 0.05, 0.9))
        most = draws.choice((0, 0, 0, 50, 5_000, MAX_POTENTIAL if draws.one_in(4) else 300))
        found[name] = active * rng.integers(-most, most + 1, shape) if most else active.astype(np.int64)
    return found


def _draw_shape(draws: Draws) -> Shape:
    if draws.one_in(3):
        return (_draw_width(draws),)
    sizes = (8, 14) if draws.one_in(12) else (2, 6)
    return (draws.choice((1, 2, 4)), draws.integer(*sizes), draws.integer(*sizes))


def _draw_width(draws: Draws) -> int:
    """Few neurons, now and then enough of them to fill the registers and tiles of fast kernels."""
    return draws.integer(60, 300) if draws.one_in(8) else draws.integer(1, 9)


def _draw_synapse(draws: Draws, source: Shape) -> tuple[Synapse, Shape]:
    """Any model that takes the source, a convolution more often than not where that is an image."""
    models = [model for model in SYNAPSES if model is not Injection]
    images = [model for model in models if model not in (Dense, Sparse)]
    wanted = draws.choice((*models, *images))
    target = _draw_shape(draws) if draws.one_in(3) else (_draw_width(draws),)
    for model in (wanted, Dense):
        found = SYNAPSES[model].random(draws, source, target)
        if found is not None:
            return found
    raise AssertionError("Dense takes any source")


def _join(draws: Draws, shapes: Mapping[str, Shape], targets: Mapping[str, Shape], wires: Wires) -> None:
    """Further ways into populations: branches that meet, loops, self-connections."""
    for target, shape in targets.items():
        for source in shapes:
            if (source, target) not in wires and draws.one_in(5):
                model = draws.choice((Dense, Sparse))
                found = SYNAPSES[model].random(draws, shapes[source], shape)
                assert found is not None, "they take any source"
                wires[source, target] = found[0], draw_delay(draws, found[0], shapes[source], shape)


def _draw_ports(draws: Draws, program: Program) -> Program:
    """Let projections feed any port of neurons that have several."""
    ports = {name: population.neuron.ports for name, population in program.populations.items()}
    if all(len(names) == 1 for names in ports.values()):
        return program
    projections = tuple(replace(p, port=draws.choice(ports[p.target])) for p in program.projections)
    return check_program(replace(program, projections=projections))


def _has_loop(targets: Mapping[str, Shape], wires: Wires) -> bool:
    """Whether payloads may come round: they grow beyond Lava's 32 bits then, and the case is mostly refused there."""
    place = {name: k for k, name in enumerate(targets)}
    return any(place.get(source, -1) >= place[target] for source, target in wires)


def _draw_entries(draws: Draws, targets: Mapping[str, Shape], wires: Wires, most: int) -> dict[str, Shape]:
    """Further inputs: currents injected at once, or spikes."""
    entries: dict[str, Shape] = {}
    for k in range(most):
        if draws.one_in(4):
            name, target = f"more{k}", draws.choice(list(targets))
            entries[name] = targets[target]
            if draws.one_in(2):
                found = SYNAPSES[Dense].random(draws, targets[target], targets[target])
                assert found is not None, "Dense takes any source"
                wires[name, target] = found[0], draw_delay(draws, found[0], targets[target], targets[target])
            else:
                wires[name, target] = Injection(), 0
    return entries


def draw_delay(draws: Draws, synapse: Synapse, source: Shape, target: Shape) -> Any:
    """Uniform, or one for each target, source or synapse; now and then the longest that Loihi has."""
    most = MAX_DELAY + 1 if draws.one_in(25) else 5
    if draws.integer(0, 2) < 2 or (isinstance(synapse, Convolving) and not draws.one_in(8)):
        return draws.choice((1, 1, 1, draws.integer(1, most)))
    sizes = int(np.prod(target)), int(np.prod(source))
    shape = draws.choice(((sizes[0], 1), (1, sizes[1]), sizes))
    return draws.generator().integers(1, most + 1, shape)
