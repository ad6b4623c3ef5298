"""States of a Program in the units of its Network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Network, Program
from neurokit.graph.neurons import IF, LIF, CubaLIF, Integrator, LeakyIntegrator
from neurokit.lower.discretise import recurrence
from neurokit.lower.scale import UNIT

SPIKES = "spikes"
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
        if population.neuron.graded:
            payload = np.asarray(row.payload_scale)
            found[row.population] = Units({SPIKES: payload}, {SPIKES: np.zeros(())}, None)
            continue
        if not isinstance(population.neuron, IF | LIF | CubaLIF | Integrator | LeakyIntegrator):
            continue
        model, unit = recurrence(population.neuron, network.dt), np.asarray(row.scale * UNIT)
        scale = {"v": unit, "u": unit * model.gain_v, "refractory": np.ones(())}
        bias = program.neuron(row.population).bias  # which the Network sends through u
        rest = {"v": model.initial, "u": bias / scale["u"], "refractory": np.zeros(())}
        span = float((model.threshold - model.initial).min())
        spans = {"v": span, "u": span / float(np.max(model.gain_v)), "refractory": 1.0}
        found[row.population] = Units(scale, rest, spans if population.neuron.spiking else None)
    return found
