"""Programs built by hand, for tests of placement and profiling."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from neurokit.graph.check import check_program
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Injection, Synapse


def lif(**fields: Any) -> LoihiLIF:
    """A neuron of no particular kind."""
    return LoihiLIF(np.array(4096), np.array(128), np.array(6400), **fields)


def program(
    inputs: Mapping[str, tuple[int, ...]],
    populations: Mapping[str, tuple[int, ...]],
    projections: Mapping[tuple[str, str], Synapse],
    **fields: Any,
) -> Program:
    """A checked Program of LIF populations; delays of one step, injections none; the last population is the output."""
    nodes = {name: Population(name, shape, lif()) for name, shape in populations.items()}
    joined = tuple(
        Projection(*ends, (synapse,), np.array(0 if isinstance(synapse, Injection) else 1))
        for ends, synapse in projections.items()
    )
    last = list(nodes)[-1]
    outputs = {last: nodes[last]}
    return check_program(Program({n: Input(n, s) for n, s in inputs.items()}, nodes, joined, outputs, **fields))


def chain(*sizes: int, weight: int = 1) -> Program:
    """Dense layers of `sizes` neurons, all weights equal; the first size is the input's."""
    names = ["in", *(f"fc{i}" for i in range(1, len(sizes)))]
    weights = {
        (names[i], names[i + 1]): Dense(np.full((sizes[i + 1], sizes[i]), weight)) for i in range(len(sizes) - 1)
    }
    return program({"in": (sizes[0],)}, {n: (s,) for n, s in zip(names[1:], sizes[1:], strict=True)}, weights)


def pilotnet() -> Program:
    """The shapes of lava-dl's PilotNet LIF (network.net, blob bd720b9), random weights of the same range."""
    rng = np.random.default_rng(0)
    shapes = {
        "input": (3, 66, 200),
        "conv0": (24, 32, 99),
        "conv1": (36, 15, 49),
        "conv2": (48, 7, 24),
        "conv3": (64, 4, 22),
        "conv4": (64, 2, 20),
        "dense0": (100,),
        "dense1": (50,),
        "dense2": (10,),
        "out": (1,),
    }
    extremes = {"conv0": (-20, 18), "conv1": (-12, 10), "conv2": (-10, 8), "conv3": (-8, 8), "conv4": (-8, 8)}
    windows = {"conv3": ((2, 1), (1, 0)), "conv4": ((1, 1), (0, 0))}
    names = list(shapes)
    synapses: dict[tuple[str, str], Synapse] = {("pixels", "input"): Injection()}
    for source, target in pairwise(names):
        low, high = extremes.get(target, (-6, 6))
        into, out = shapes[source], shapes[target]
        if target in extremes:
            weights = 2 * rng.integers(low // 2, high // 2, (out[0], into[0], 3, 3), endpoint=True)
            weights.flat[:2] = low, high
            stride, padding = windows.get(target, ((2, 2), (0, 0)))
            synapses[source, target] = Conv2d(weights, stride, padding)
        else:
            synapses[source, target] = Dense(2 * rng.integers(-3, 3, (out[0], int(np.prod(into))), endpoint=True))
    return program({"pixels": (3, 66, 200)}, shapes, synapses)
