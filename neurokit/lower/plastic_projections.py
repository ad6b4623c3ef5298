"""Compilation of projections that learn: their weights' scale, and their rule in the engine's integers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from neurokit.errors import Fault
from neurokit.graph.check import WEIGHT_EXPONENT_RANGE
from neurokit.graph.fixed_plasticity import Arithmetic, FixedRule
from neurokit.graph.network import Network, Population, Projection
from neurokit.graph.neurons import Neuron
from neurokit.graph.plasticity import Rule
from neurokit.graph.synapses import Conv2d, Dense, Sparse
from neurokit.lower.activity import Activity
from neurokit.lower.discretise import recurrence
from neurokit.lower.payloads import GRADED
from neurokit.lower.plasticity import lower_rule, sign_mode
from neurokit.lower.plasticity_variables import Surroundings
from neurokit.lower.scale import TINY, UNIT, values_of
from neurokit.lower.third_factors import Port

MOST = 255  # |weight| in the learning engine: lava-nc 0.10.0, learning/constants.py
GIVEN_UP = 2**6  # by which the scale may fall for a bound: a threshold of 12 bits keeps 6 (lower.scale.WHOLE_THRESHOLD)
UNBOUNDED = 127  # of |weight| that the start may have where the rule has no bounds: they may double


@dataclass(frozen=True, eq=False)
class Plastic:
    """A projection that learns, before its weights are rounded.

    projection: folded and aligned. gain: of the neuron, in chip units of weight per physical one and unit of scale.
    """

    projection: Projection
    rule: Rule
    gain: float

    @property
    def largest(self) -> float:
        """The largest |weight| there will be, physical."""
        bounds = [abs(bound) for bound in self.rule.bounds]
        return max(bounds) if math.isfinite(max(bounds)) else self.start * MOST / UNBOUNDED

    @property
    def start(self) -> float:
        """The largest |weight| there is."""
        return float(np.abs(values_of(self.projection.synapse)).max(initial=0.0))

    def exponent(self, scale: float) -> int:
        """The smallest at which the largest weight fits, `scale` being units per unit of potential."""
        low, high = WEIGHT_EXPONENT_RANGE
        return min(max(math.ceil(math.log2(self.largest * self.gain * scale / MOST) - TINY), low), high)


def remembers_signals(network: Network, population: str) -> bool:
    """Whether the neurons keep traces for what learns, which a reset would clear with their potential."""
    rules = [p.plasticity for p in network.projections if p.target == population and isinstance(p.plasticity, Rule)]
    traces = any(signal.function in ("modulation_trace", "spike_trace") for r in rules for signal in r.signals.values())
    return traces or any(r.signals and any(trace.side == "post" for trace in r.traces.values()) for r in rules)


def plastic(
    population: Population, projections: list[Projection], dt: float | None, units: Mapping[str, float]
) -> tuple[list[Plastic], list[Fault]]:
    """Those of a population's incoming projections that learn. units: payload scales by source."""
    found, faults = [], []
    for projection in projections:
        rule = projection.plasticity
        if not isinstance(rule, Rule):
            continue
        faults += _faults(population, projection, rule, dt)
        if not faults:
            model = recurrence(population.neuron, dt)
            gain = float(np.mean(model.gain_u * model.gain_v)) / units.get(projection.source, 1.0)
            found.append(Plastic(projection, rule, gain))
    return found, faults


def _faults(population: Population, projection: Projection, rule: Rule, dt: float | None) -> list[Fault]:
    name = projection.name
    if isinstance(population.neuron, GRADED):
        limit = f"'{population.name}' is {type(population.neuron).__name__}, whose scale is that of its messages"
        mend = "Let projections into LIF neurons or leaky readouts learn, or run the Network."
        return [Fault(name, "is to learn on the chip", limit, mend)]
    if not isinstance(projection.synapse, Dense | Sparse | Conv2d):
        limit = "its maps become one that does not learn"
        mend = "Put a population between the maps, or write them as one Dense, Sparse or Conv2d map."
        return [Fault(name, f"becomes a {type(projection.synapse).__name__} and is to learn", limit, mend)]
    model = recurrence(population.neuron, dt)
    gain = model.gain_u * model.gain_v
    if (np.abs(gain - gain.flat[0]) > TINY * np.abs(gain)).any():
        limit = "the learning engine has one unit of weight for a projection"
        mend = "Give all neurons of the target the same time constants and gains."
        return [Fault(name, f"'{population.name}' weights its input differently from neuron to neuron", limit, mend)]
    if not np.abs(values_of(projection.synapse)).max(initial=0.0) and not math.isfinite(max(map(abs, rule.bounds))):
        limit = "a unit of weight follows the largest weight or the rule's bounds"
        return [Fault(name, f"all weights are 0 and rule '{rule.name}' has no bounds", limit, "Give it bounds=.")]
    return []


def scale_below(found: list[Plastic], scale: float) -> float:
    """The largest scale up to `scale` at which the first bounded rule's bound is MOST units at a whole exponent.

    And at which the largest weights there will be fit the largest exponent, unless that costs more than GIVEN_UP.
    """
    fits = min(MOST * 2.0 ** WEIGHT_EXPONENT_RANGE[1] / (each.largest * each.gain) for each in found)
    if fits >= scale / GIVEN_UP:
        scale = min(scale, fits)
    for each in found:
        if math.isfinite(max(map(abs, each.rule.bounds))):
            whole = MOST / (each.largest * each.gain)
            return whole * 2.0 ** math.floor(math.log2(scale / whole) + TINY)
    return scale


def lower_plastic(
    each: Plastic,
    neuron: Neuron,
    scale: float,
    ports: Mapping[str, Port],
    dt: float,
    source: tuple[bool, float],
    activity: Activity | None,
    arithmetic: Arithmetic,
) -> Projection | list[Fault]:
    """The projection in integers with its FixedRule.

    scale: of the population, units of weight per unit of potential. source: whether it sends payloads, their scale.
    """
    exponent = each.exponent(scale)
    weight_scale = each.gain * scale / 2.0**exponent
    peaks = {} if activity is None else activity.peaks
    name = each.projection.name
    around = Surroundings(
        name=name,
        dt=dt,
        weight_scale=weight_scale,
        neuron=neuron,
        potential_scale=UNIT * scale,
        port_scale={port: found.scale for port, found in ports.items()},
        port_peak={port: found.peak for port, found in ports.items()},
        graded=source[0],
        payload_scale=source[1],
        observed={variable: peak for (node, variable), peak in peaks.items() if node == name},
    )
    rule = lower_rule(each.rule, around, arithmetic)
    if not isinstance(rule, FixedRule):
        return rule
    bounds = sign_mode(each.rule)
    synapse = _whole(each.projection.synapse, weight_scale, exponent, bounds)
    return replace(each.projection, synapses=(synapse,), plasticity=rule)


def _whole(synapse: Any, scale: float, exponent: int, bounds: tuple[int, int]) -> Any:
    """Weights in units, all listed ones kept though they be 0: they may grow."""
    values = synapse.weight.data if isinstance(synapse, Sparse) else synapse.weight
    whole = np.clip(np.rint(values * scale), *bounds).astype(np.int64)
    if isinstance(synapse, Sparse):
        matrix = sp.csr_matrix((whole, synapse.weight.indices, synapse.weight.indptr), synapse.weight.shape)
        return Sparse(matrix, exponent=exponent)
    return replace(synapse, weight=whole, exponent=exponent)
