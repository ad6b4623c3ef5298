"""The worst case: how large sums and states of a Program can become, whatever its inputs do within their range.

Bounds hold for every input whose payloads are no larger than stated; they are seldom met, since they let all sources
fire at once on the synapses of one sign. Where nothing but the width of a state ends it, the bound is infinite. What
the shift of a sigma-delta neuron cuts off each message (up to 1) is left out of the running sums.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.graded_neurons import FixedDelta, FixedRelay, FixedSigma, FixedSigmaDelta
from neurokit.graph.lif_family import LoihiTernaryLIF
from neurokit.graph.network import Program, Projection
from neurokit.graph.neurons import MAX_DECAY, MAX_POTENTIAL, LoihiLIF
from neurokit.graph.resonators import FixedResonateAndFire
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.graph.synapses import Conv2d, Dense, Injection, Sparse
from neurokit.lower.scale import UNIT, row_sums

LAVAS_SUM = (MAX_POTENTIAL + 1) // UNIT  # |sum| of one step at which u wraps in Lava's models: 2**17


@dataclass(frozen=True)
class Bound:
    """The worst case of one population.

    sum: |synaptic input| of a step. current: |u|; of neurons without one the largest |state|. potential: |v|.
    All in the chip's units. sent: largest |payload|. running: largest |sum of all payloads so far| (what a sigma sees).
    """

    sum: float
    current: float
    potential: float
    sent: float
    running: float

    @property
    def headroom(self) -> float:
        """Bits between the worst case of u (or a graded neuron's states) and the 24 there are; below 0 it may wrap."""
        if not self.current:
            return math.inf
        return -math.inf if math.isinf(self.current) else math.log2((MAX_POTENTIAL + 1) / self.current)


def bounds(program: Program, payloads: Mapping[str, float] | None = None) -> dict[str, Bound]:
    """The worst case by population. payloads: largest |payload| by input; spikes of 0 and 1 where nothing is said.

    What a loop of graded neurons feeds back has no bound; spikes have.
    """
    sent = {name: float((payloads or {}).get(name, 1.0)) for name in program.inputs}
    running = dict.fromkeys(program.inputs, math.inf)
    for name, population in program.populations.items():
        sent[name], running[name] = (math.inf if population.neuron.graded else 1.0), math.inf
        if isinstance(population.neuron, LoihiTernaryLIF):
            sent[name] = 1.0
    found: dict[str, Bound] = {}
    for _ in program.populations:  # each round settles what lies a connection further on
        before = dict(found)
        for name in program.populations:
            found[name] = _bound(program, name, sent, running)
        sent |= {name: bound.sent for name, bound in found.items()}
        running |= {name: bound.running for name, bound in found.items()}
        if before == found:
            break
    return found


def _bound(program: Program, name: str, sent: Mapping[str, float], running: Mapping[str, float]) -> Bound:
    neuron: Any = program.neuron(name)
    incoming = tuple(_grown(p) for p in program.incoming(name) if p.port not in THIRD_FACTORS)
    total = _reach(incoming, sent)
    if isinstance(neuron, FixedSigma | FixedSigmaDelta):
        return _adding(neuron, total, _reach(incoming, running))
    if isinstance(neuron, FixedDelta):
        act = total * 2.0 ** (neuron.spike_exponent + neuron.state_exponent)
        cut = 2.0**neuron.state_exponent
        return Bound(total, 2 * act, 2 * act, 2 * act / cut, act / cut)
    if isinstance(neuron, FixedRelay):
        factor = float((np.abs(neuron.multiplier) / 2.0**neuron.shift).max())
        value = min(total * factor + 1, float(MAX_POTENTIAL + 1)) if total else 0.0
        return Bound(total, value, value, value, math.inf)
    if isinstance(neuron, FixedResonateAndFire):
        return Bound(total, math.inf, math.inf, 1.0, math.inf)
    decay = float(np.min(neuron.current_decay)) / MAX_DECAY
    current = UNIT * total / decay if decay else (math.inf if total else 0.0)
    potential = math.inf
    if type(neuron) is LoihiLIF and current <= MAX_POTENTIAL:  # u does not wrap
        negative = any(_negative(program, p.source, sent) for p in incoming)
        down = UNIT * _reach(incoming, sent, -1) / (decay or 1.0)
        potential = _potential(neuron, current, current if negative else down)
    return Bound(total, current, potential, 1.0, math.inf)


def _grown(projection: Projection) -> Projection:
    """What learns may have any weight within its rule's bounds."""
    rule, synapse = projection.plasticity, projection.synapse
    if not isinstance(rule, FixedRule) or not isinstance(synapse, Dense | Sparse | Conv2d):
        return projection
    largest = max(rule.bounds, key=abs)
    if isinstance(synapse, Sparse):
        weight: Any = synapse.weight.copy()
        weight.data = np.full_like(weight.data, largest)
    else:
        weight = np.full_like(synapse.weight, largest)
    return replace(projection, synapses=(replace(synapse, weight=weight),))


def _adding(neuron: FixedSigma | FixedSigmaDelta, total: float, sigma: float) -> Bound:
    """Sigma adds up what arrives: no more than the sources' running sums."""
    if isinstance(neuron, FixedSigma):
        return Bound(total, sigma, sigma, sigma, math.inf)
    act = sigma + float(np.abs(neuron.activation_bias).max())
    cut = 2.0**neuron.state_exponent
    return Bound(total, 2 * act, act, 2 * act / cut, act / cut)


def _negative(program: Program, source: str, sent: Mapping[str, float]) -> bool:
    """Whether a source may send payloads below zero."""
    if source in program.inputs:
        return sent[source] > 1
    neuron = program.neuron(source)
    return neuron.graded or isinstance(neuron, LoihiTernaryLIF)


def _potential(neuron: LoihiLIF, current: float, inhibition: float) -> float:
    """|v| after spike and reset: upwards a spike ends it, downwards only the leak does. inhibition: largest -u."""
    leak = float(np.min(neuron.voltage_decay)) / MAX_DECAY
    bias = float(np.abs(neuron.bias).max())

    def piled(drive: float) -> float:
        return 0.0 if not drive else (drive / leak if leak else math.inf)

    if not neuron.emits:
        return min(piled(current + bias), float(MAX_POTENTIAL))
    down = piled(inhibition + float(np.maximum(-neuron.bias, 0).max()))
    after = float(np.abs(neuron.reset_value).max()) if neuron.reset == "hard" else 0.0
    up = max(float(neuron.threshold.max()), after)
    if neuron.reset == "soft" and current + bias > float(neuron.reset_value.min()):  # a spike may not bring it down
        up = math.inf
    return min(max(up, down, after), float(MAX_POTENTIAL))


def _reach(incoming: tuple[Projection, ...], sent: Mapping[str, float], sign: int = 0) -> float:
    """Largest |sum| that payloads `sent` can cause; of synapses of one sign only where `sign` is -1 or 1."""
    total = 0.0
    for projection in incoming:
        synapse: Any = projection.synapse
        if isinstance(synapse, Injection):
            total += sent[projection.source]
            continue
        row = float(row_sums(synapse, sign).max(initial=0.0))
        if row:
            cut = np.unique(projection.delay).size if synapse.exponent < 0 else 0  # each delay's sum is rounded down
            total += row * sent[projection.source] * 2.0**synapse.exponent + cut
    return total
