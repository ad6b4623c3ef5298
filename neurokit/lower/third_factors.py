"""Third factors in integers: the projections into a population's ports MODULATION and REWARD.

All that arrive at one port share one scale: units of the sum per physical unit. A spike counts 1, an input what its
payload scale makes of it, a readout sends its state v.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from neurokit.errors import Fault
from neurokit.graph.check import WEIGHT_EXPONENT_RANGE
from neurokit.graph.network import Network, Projection
from neurokit.lower.activity import Activity
from neurokit.lower.discretise import recurrence
from neurokit.lower.quantise import rounded
from neurokit.lower.rounding import Map
from neurokit.lower.scale import TINY, UNIT, largest_integer, row_sums, values_of

LARGEST_SUM = 1 << 22  # what a signal is made of has 24 bits (`lower.fixedpoint.signals`); half of them
LOWEST = WEIGHT_EXPONENT_RANGE[0] + 1  # the last one is for Lava's even weights


@dataclass(frozen=True)
class Port:
    """What arrives at a port. scale: units per physical unit. peak: largest physical |value|, None where unknown."""

    projections: tuple[Projection, ...]
    scale: float
    peak: float | None


def quantise_port(
    folded: Network,
    arriving: Sequence[Projection],
    units: Mapping[str, float],
    activity: Activity | None,
    bits: int,
) -> Port | list[Fault]:
    """Integers for the folded projections into one port of one population.

    units: by source, chip units that it sends per physical unit (of a readout: of weight per unit of potential).
    """
    faults, sent, peaks = [], {}, []
    for projection in arriving:
        population = folded.populations.get(projection.source)
        if projection.plasticity is not None:
            limit = "on the chip a third factor's weights stay; only projections that bring input learn"
            mend = "Run the Network in floats, or take the rule off: network.with_plasticity(name, None)."
            faults.append(Fault(projection.name, "carries a third factor and is to learn", limit, mend))
        sent[projection.name] = units.get(projection.source, 1.0)
        if population is not None and not population.neuron.spiking:
            sent[projection.name] *= UNIT
            if recurrence(population.neuron, folded.dt).initial.any():
                limit = "a Program's v counts from rest, so what it sends would be off by that"
                fact = f"'{projection.source}' sends its potential, which rests at another value than 0"
                faults.append(Fault(projection.name, fact, limit, "Set its v_leak to 0."))
        peaks.append(_peak(folded, projection, activity))
    if faults:
        return faults
    target, port = arriving[0].target, arriving[0].port
    observed = None if activity is None else activity.peaks.get((target, port))
    known = [peak for peak in peaks if peak is not None]
    peak = observed or (sum(known) if len(known) == len(peaks) else None)
    strongest = {p.name: max(float(abs(values_of(p.synapse)).max(initial=0.0)), 1e-300) for p in arriving}
    finest = {p.name: sent[p.name] * largest_integer(values_of(p.synapse), bits) / strongest[p.name] for p in arriving}
    scale = max(finest.values())
    if peak:
        scale *= 2.0 ** min(0, math.floor(math.log2(LARGEST_SUM / (peak * scale))))
    exponents = {name: math.ceil(math.log2(scale / fine) - TINY) for name, fine in finest.items()}
    scale *= 2.0 ** -max(0, max(exponents.values()) - WEIGHT_EXPONENT_RANGE[1])
    made = []
    for p in arriving:
        exponent = max(LOWEST, math.ceil(math.log2(scale / finest[p.name]) - TINY))
        made.append(replace(p, synapses=(rounded(Map(p.synapse, None, 0), scale / sent[p.name], exponent, bits),)))
    return Port(tuple(made), scale, peak)


def _peak(folded: Network, projection: Projection, activity: Activity | None) -> float | None:
    """Largest |value| that one projection can bring."""
    row = float(row_sums(projection.synapse).max(initial=0.0))
    population = folded.populations.get(projection.source)
    if population is not None and population.neuron.spiking and not population.neuron.graded:
        return row
    if activity is None:
        return None
    source = projection.source
    silent = population is not None and not population.neuron.spiking
    return row * (activity.peak(source, "v") if silent else activity.sent(source))
