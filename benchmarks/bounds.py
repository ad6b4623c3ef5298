"""How long a workload must take at least on this machine, and how near a measured time comes.

Per step and sample, from what a run counted:
* synaptic operations: each event of a source meets each of its non-zero weights (`profiling.count.fan_out`), at the
  peak of `probe` for its kind: "row" for dense weights, "scatter" for convolutions, "listed" for sparse ones. Dense
  weights and convolutions may also be done as a matrix product over all sources, silent ones too, at the peak
  "product8" for weights of a byte, "product" (float32) for others. The bound takes the quicker way for each projection,
  whichever way the simulator chose.
* neuron updates: NEURON_OPERATIONS additions of int32 by kind of neuron ("register32").
* bytes: weights met (a dense row for each event; a listed synapse with its target; a convolution's kernel once), neuron
  states read and written, a byte a neuron and source for spikes. A population's bytes pass at the speed measured for an
  array as large as its working set: all its incoming weights, and its states for all samples of a call.
The bound is max(sum of operations / peak, sum of bytes / bandwidth). It leaves out what any simulator must do besides
(finding the events, carrying sums from synapses to neurons, counting, recording), so 1 cannot be reached.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from benchmarks.probe import Machine
from neurokit.graph.graded_neurons import FixedDelta, FixedSigma, FixedSigmaDelta
from neurokit.graph.network import Program, Projection
from neurokit.graph.neurons import LoihiLIF, Neuron
from neurokit.profiling.count import fan_out
from neurokit.records import Recording

# Operations of a neuron in 32-bit lanes, by the shortest way known (`simulator.lif_vectors`). LIF: two decays, each to
# float32, times a share and back (6), input shifted and added (2), sum with u and bias (2), both ranges tested, with
# one branch where something is to be mended (5), compare, reset (2), spike to a byte (1).
# Sigma: one sum. Delta: shift, difference to what was sent, residue, size, compare, what is sent and what is left (2),
# stored away. SigmaDelta: both, a bias and a rectifier.
NEURON_OPERATIONS: dict[type[Neuron], int] = {LoihiLIF: 18, FixedSigma: 1, FixedDelta: 8, FixedSigmaDelta: 11}
STATE_BYTES = 4  # of one state variable of a neuron
INDEX_BYTES = 4  # the target of a listed synapse


@dataclass(frozen=True)
class Demand:
    """What one step of one sample needs at least.

    synaptic_operations: events x fan-out. bytes: see the module. operation_seconds, transfer_seconds: the two sides of
    the bound.
    """

    synaptic_operations: float
    bytes: float
    operation_seconds: float
    transfer_seconds: float

    @property
    def seconds(self) -> float:
        """The bound."""
        return max(self.operation_seconds, self.transfer_seconds)

    @property
    def bound_by(self) -> str:
        """The side that binds."""
        return "operations" if self.operation_seconds >= self.transfer_seconds else "bytes"


@dataclass(frozen=True)
class Way:
    """One way to do a projection: seconds of operations, bytes of weights."""

    seconds: float
    bytes: float


def demand(recording: Recording, machine: Machine) -> Demand:
    """What a step of a recorded run of a Program needs at least on `machine`."""
    program = recording.program
    samples = recording.batch or 1
    presented = samples * recording.steps
    operations = seconds = transferred = transfer = 0.0
    for name, population in program.populations.items():
        held = population.size * STATE_BYTES * len(population.neuron.states)
        moved = 2.0 * held + population.size
        incoming = program.incoming(name)
        bandwidth = machine.read(held * samples + sum(_resident(p) for p in incoming))
        seconds += population.size * NEURON_OPERATIONS[type(population.neuron)] / machine.register32
        for projection in incoming:
            events = _events(recording, projection.source, program)
            met = float((events * fan_out(projection.synapse, events.shape)).sum()) / presented
            found = ways(projection, population.shape, met, float(events.sum()) / presented, machine)
            way = min(found, key=lambda w: max(w.seconds, w.bytes / bandwidth))
            operations += met
            seconds += way.seconds
            moved += events.size + way.bytes
        transferred += moved
        transfer += moved / bandwidth
    return Demand(operations, transferred, seconds, transfer)


def ways(projection: Projection, target: tuple[int, ...], met: float, events: float, machine: Machine) -> Iterator[Way]:
    """How a projection may be done. met, events: synaptic operations and events of a step."""
    weight = getattr(projection.synapse, "weight", None)
    if weight is None:  # a current from outside
        yield Way(0.0, 0.0)
        return
    width = _width(weight)
    if sp.issparse(weight):
        yield Way(met / machine.listed, met * (width + INDEX_BYTES))
        return
    product = machine.product8 if width == 1 else machine.product
    if weight.ndim == 4:
        yield Way(met / machine.scatter, min(met, weight.size) * width)
        yield Way(weight.size * math.prod(target[1:]) / product, weight.size * width)
        return
    yield Way(met / machine.row, events * weight.shape[0] * width)
    yield Way(weight.size / product, weight.size * width)


def _events(recording: Recording, name: str, program: Program) -> Any:
    """Events of each neuron over all steps and samples, in the population's shape."""
    shape = program.shape_of(name)
    return np.asarray(recording.counts[name]).reshape(-1, *shape).sum(axis=0)


def _resident(projection: Projection) -> float:
    """Bytes of all weights of a projection, stored as narrowly as they can be."""
    weight = getattr(projection.synapse, "weight", None)
    if weight is None:
        return 0.0
    if sp.issparse(weight):
        return float(weight.nnz * (_width(weight) + INDEX_BYTES))
    return float(weight.size * _width(weight))


def _width(weight: Any) -> int:
    """Bytes of one weight."""
    values = weight.data if sp.issparse(weight) else weight
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    return 1 if low >= -128 and high <= 127 else 2
