"""States of a Program in the units of its Network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.lif_family import ADAPTATION_UNIT, ALIF, ATRLIF, TernaryLIF
from neurokit.graph.network import LayerReport, Network, Program
from neurokit.graph.neurons import IF, LIF, CubaLeakyIntegrator, CubaLIF, Integrator, LeakyIntegrator
from neurokit.lower.discretise import recurrence
from neurokit.lower.scale import UNIT

SPIKES = "spikes"
_LIFS = (IF, LIF, CubaLIF, Integrator, LeakyIntegrator, CubaLeakyIntegrator, ALIF, ATRLIF, TernaryLIF)
SHARE = 0.01  # of what a state may be off by: of the distance from rest to threshold, or of a readout's own size


@dataclass(frozen=True, eq=False)
class Units:
    """How one population's integers become floats: value / scale + rest, for each state that has such a rule.

    scale, rest: state -> numbers that broadcast to the population. span: state -> distance from rest to threshold in
    the float's units, None for a readout.
    """

    scale: Mapping[str, NDArray[np.float64]]
    rest: Mapping[str, NDArray[np.float64]]
    span: Mapping[str, float] | None

    def floats(self, state: str, values: NDArray[Any]) -> NDArray[np.float64]:
        """The integers of `state`, (batch, steps, *shape), in the Network's units."""
        return np.asarray(values / self.scale[state] + self.rest[state])

    def tolerance(self, state: str, reference: NDArray[Any]) -> float:
        """By how much a state may be off before it counts as different: a hundredth of the way to threshold.

        Payloads may be off by a unit.
        """
        if state == SPIKES:
            return float(1 / self.scale[state].min())
        if self.span is not None:
            return SHARE * self.span[state]
        return SHARE * float(np.sqrt(np.square(reference).mean())) or SHARE


def units(network: Network, program: Program) -> dict[str, Units]:
    """Of every population whose compile report states its scale: states of the LIF family, payloads of graded ones."""
    found = {}
    for row in program.report:
        population = network.populations.get(row.population)
        if population is None or row.scale <= 0:
            continue
        if isinstance(population.neuron, _LIFS):
            found[row.population] = _of_potentials(population.neuron, network.dt, row, program)
        elif population.neuron.graded:
            payload = np.asarray(row.payload_scale)
            found[row.population] = Units({SPIKES: payload}, {SPIKES: np.zeros(())}, None)
    return found


def _of_potentials(neuron: Any, dt: float | None, row: LayerReport, program: Program) -> Units:
    model, unit, zero = recurrence(neuron, dt), np.asarray(row.scale * UNIT), np.zeros(())
    current = "i" if isinstance(neuron, ATRLIF) else "u"
    through = unit * model.gain_v
    bias = program.neuron(row.population).bias  # which the Network sends through the current
    scale = {"v": unit, current: through, "refractory": np.ones(())}
    rest = {"v": model.initial, current: bias / through, "refractory": zero}
    span = float((model.threshold - model.initial).min())
    spans = {"v": span, current: span / float(np.max(model.gain_v)), "refractory": 1.0}
    if isinstance(neuron, ATRLIF):
        scale |= {"theta": unit, "r": unit}
        rest |= {"theta": zero, "r": zero}
        spans |= {"theta": span, "r": span}
    if isinstance(neuron, ALIF):  # of which a spike adds 1
        scale["adaptation"], rest["adaptation"], spans["adaptation"] = np.asarray(float(ADAPTATION_UNIT)), zero, 1.0
    if neuron.graded:  # a ternary one
        scale[SPIKES], rest[SPIKES] = np.asarray(row.payload_scale), zero
        return Units(scale, rest, {**spans, SPIKES: 1.0})
    return Units(scale, rest, spans if neuron.spiking else None)
