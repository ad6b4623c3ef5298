"""What a network takes in the simulator, before it runs: weights and states as they are laid out, a block of steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from neurokit.graph.network import Network, Program
from neurokit.graph.neurons import Neuron
from neurokit.graph.synapses import Synapse
from neurokit.hardware.base import RecordKey
from neurokit.hardware.simulator.engine import Engine
from neurokit.hardware.simulator.parts import BELT_BYTES
from neurokit.hardware.simulator.runner import samples_at_once
from neurokit.hardware.simulator.team import Team, available
from neurokit.lower.fold import fold
from neurokit.recorder import wanted


class Taken(NamedTuple):
    """Bytes. blocks: spikes, synaptic input and recorded states of the steps that are in work at once."""

    weights: int
    states: int
    blocks: int


def taken(program: Program | Network, batch: int, record: Iterable[RecordKey]) -> Taken:
    """What a run of so many samples takes beside its recording. Lays the weights out once to see.

    Up to `pool.KEPT` bytes that earlier runs took stay with the process.
    """
    graph: Program | Network = program
    biases = None
    if isinstance(program, Network):
        graph, biases = fold(program)
    team = Team(available())  # more threads take longer blocks
    engine = Engine(graph, samples_at_once(graph, batch), biases, team)
    seen: set[int] = set()
    weights = sum(_bytes(stage.links, seen) for stage in engine.stages.values())
    states = sum(_bytes(stage.neurons, seen) for stage in engine.stages.values())
    rows = engine.block * engine.samples
    widest = 8 if isinstance(graph, Network) else 4
    blocks = 0
    for stage in engine.stages.values():
        if stage.neurons is None:  # as given, time first, and in the kernels' type; then beside the last block's
            blocks += 3 * widest * rows * stage.size
        else:
            kept = (2 * stage.history * engine.samples + rows) * stage.size  # see Stage.move_on
            held = max(8 * stage.size, min(BELT_BYTES, widest * rows * stage.size))  # synaptic input
            blocks += kept * np.dtype(stage.neurons.output_type).itemsize + held
    for array in wanted(graph, engine.samples, engine.block, record):
        blocks += 2 * array.size  # time first, and batch first
    return Taken(weights, states, blocks)


def _bytes(value: Any, seen: set[int]) -> int:
    """Bytes of all arrays that an object holds, each once."""
    if id(value) in seen or isinstance(value, Neuron | Synapse):  # those are the program's
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        return value.nbytes
    if sp.issparse(value):
        return _bytes((value.data, value.indices, value.indptr), seen)
    if isinstance(value, dict):
        return sum(_bytes(member, seen) for member in value.values())
    if isinstance(value, list | tuple):
        return sum(_bytes(member, seen) for member in value)
    return sum(_bytes(member, seen) for member in getattr(value, "__dict__", {}).values())
