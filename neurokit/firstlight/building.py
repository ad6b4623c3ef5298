"""Parts of the micro-programs: neurons without memory where none is asked about, and inputs of single spikes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.graph.synapses import Dense

UNIT = 64  # of v and of thresholds: one unit of synaptic input, shifted by 6
FORGETS, KEEPS = 4096, 0  # decays: no memory, no leak


@dataclass(frozen=True, eq=False)
class Probe:
    """A micro-program that asks for one field of Silicon.

    inputs: name -> (1, steps, n). states: what to record beside spikes.
    """

    name: str
    field: str
    program: Program
    inputs: Mapping[str, NDArray[np.int64]]
    steps: int
    states: tuple[tuple[str, str], ...] = ()


def neuron(
    threshold: int,
    current: int = FORGETS,
    voltage: int = FORGETS,
    bias: tuple[Sequence[int], int] = ((0,), 0),
    reset: tuple[int, int] = (0, 0),
) -> LoihiLIF:
    """A LIF; threshold in units of synaptic input, bias as (mantissas, exponent), reset as (interval, offset)."""
    mantissa = np.asarray(bias[0], np.int64)
    return LoihiLIF(
        current_decay=np.asarray(current),
        voltage_decay=np.asarray(voltage),
        threshold=np.asarray(UNIT * threshold),
        bias_mantissa=mantissa if mantissa.size > 1 else mantissa[0],
        bias_exponent=np.asarray(bias[1]),
        reset_interval=reset[0],
        reset_offset=reset[1],
    )


def synapses(source: str, target: str, weights: Any, exponent: int = 0, delay: Any = 1) -> Projection:
    """A Dense projection. weights: (targets, sources)."""
    return Projection(source, target, (Dense(np.asarray(weights, np.int64), exponent=exponent),), np.asarray(delay))


def program(inputs: Mapping[str, int], neurons: Mapping[str, tuple[int, FixedNeuron]], *wires: Projection) -> Program:
    """inputs: name -> width. neurons: name -> (how many, neuron). Every population is an output."""
    populations = {name: Population(name, (width,), kind) for name, (width, kind) in neurons.items()}
    latency = dict.fromkeys(inputs, 0)
    for wire in wires:  # sources are listed before their targets
        latency[wire.target] = min(latency.get(wire.target, 1 << 30), latency[wire.source] + int(wire.delay.min()))
    return Program(
        inputs={name: Input(name, (width,)) for name, width in inputs.items()},
        populations=populations,
        projections=wires,
        outputs=populations,
        latency={name: latency[name] for name in populations},
        source="first-light kit",
    )


def spikes(steps: int, *times: Sequence[int]) -> NDArray[np.int64]:
    """(1, steps, n): a spike of line k at each of times[k]."""
    made = np.zeros((1, steps, len(times)), np.int64)
    for line, at in enumerate(times):
        made[0, list(at), line] = 1
    return made
