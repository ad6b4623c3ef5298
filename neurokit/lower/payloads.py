"""How many units of an integer payload stand for a unit of what the source sends.

Graded values have a scale of their own at every population, chosen backwards from who hears them: as fine as the
message's bits allow, but so that the weighted sums, with weights that use all their bits, fit the hearers' states.
On a loop everybody hears everybody, and each would coarsen the others' messages: there states are as fine as their bits
allow, and the sums of SigmaDelta neurons are shifted down to them.
Spikes are 0 and 1 on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.check import loops
from neurokit.graph.fixed_plasticity import MAX_TRACE
from neurokit.graph.graded_neurons import EXPONENT_RANGE, MULTIPLIER_RANGE, Delta, Relay, Sigma, SigmaDelta
from neurokit.graph.lif_family import QIF, Theta
from neurokit.graph.network import Network, Population, Projection
from neurokit.graph.plasticity import Rule
from neurokit.graph.resonators import ResonateAndFire
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.graph.synapses import Shape, Sparse
from neurokit.lower.activity import SUM, Activity
from neurokit.lower.discretise import recurrence
from neurokit.lower.exact import LARGEST_SHIFT, exact_scale
from neurokit.lower.rounding import Map, clipped, rows_of
from neurokit.lower.scale import (
    LARGEST_SUM,
    MAX_EXPONENT,
    TINY,
    UNIT,
    exponent_of,
    row_sums,
    scale_limit,
    values_of,
)
from neurokit.lower.schedule import forgets

LARGEST_PAYLOAD = 1 << 14  # where somebody weighs it, and its state is not sent itself: finer than 8-bit weights need
SPARED = 2  # bits that the smallest weights on a loop give up for finer messages
LEAST_PAYLOAD = 1 << 8  # below it values would be coarser than the weights, which then give up bits instead
LARGEST_STATE = 1 << 22  # half of the 24 bits of states and of a convolution's sum

GRADED = (Sigma, Delta, SigmaDelta, Relay)


@dataclass(frozen=True, eq=False)
class Incoming:
    """A projection with one map, the shape of its source, and what that sends.

    payload_scale: units of payload per unit of the source's value. payload: largest |payload|, None where unknown.
    moment: mean of x x^T in units of the source's value, see `moments.moment`; None where unknown. reached: see
    `moments.reached`.
    """

    projection: Projection
    shape: Shape
    payload_scale: float = 1.0
    payload: float | None = None
    moment: NDArray[np.float64] | None = None
    reached: float | None = None

    def weighted(self, synapse: Any, least: int = 0, window: int = 1) -> Map:
        """`synapse`, made of the projection's with weights per unit of payload, as rounding takes it; see `Map`."""
        rows = rows_of(synapse)
        fits = self.moment is not None and rows is not None and rows.shape[-1] == self.moment.shape[-1]
        moment = self.moment * self.payload_scale**2 if fits and self.moment is not None else None
        return Map(synapse, moment, least, max(1.0, self.payload or 1.0), window, self.reached)


@dataclass(frozen=True, eq=False)
class Scales:
    """state: units per unit of the input's value. payload: units of payload per unit of what is sent.

    exponent: the state exponent. least: the lowest exponent that weights may have.
    """

    state: float
    payload: float
    exponent: int = 0
    least: int = 0


@dataclass(frozen=True, eq=False)
class Plan:
    """Scales that are settled before any population is quantised.

    payload: by input and population, 1 where nothing is said. graded: of graded populations. most: by population,
    `largest_scale`, where activity is known. activity: None where it is not.
    """

    payload: Mapping[str, float] = field(default_factory=dict)
    graded: Mapping[str, Scales] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)
    activity: Activity | None = None

    def incoming(self, projection: Projection, shape: Shape, spikes: bool) -> Incoming:
        """`projection` with what its source sends. shape: of the source. spikes: whether that is 0 or 1."""
        if self.activity is None:
            return Incoming(projection, shape, payload=1.0 if spikes else None)
        scale = self.payload.get(projection.source, 1.0)
        payload = math.ceil(scale * self.activity.sent(projection.source))
        moment = self.activity.moments.get(projection.name)
        return Incoming(projection, shape, scale, payload, moment, self.activity.reached.get(projection.name))


def plan(folded: Network, activity: Activity | None, bits: int, order: Sequence[str]) -> Plan:
    """Choose payload scales. folded: one map a projection. order: of populations, sources before targets."""
    if activity is None:
        return Plan()
    most = {name: largest_scale(folded, population, activity) for name, population in folded.populations.items()}
    looped = on_loops(folded)
    caps = payload_caps(folded, activity, bits, order, most, looped)
    payload = {name: caps[name] for name in folded.inputs}
    graded = {}
    for name in order:
        neuron = folded.populations[name].neuron
        known = [p for p in folded.incoming(name) if p.source in payload and p.port not in THIRD_FACTORS]
        if isinstance(neuron, GRADED):
            arriving = [
                Incoming(p, folded.shape_of(p.source), payload[p.source], moment=activity.moments.get(p.name))
                for p in known
            ]
            graded[name] = choose_scales(neuron, arriving, bits, most[name], caps[name], name in looped)
        payload[name] = graded[name].payload if name in graded else 1.0
    return Plan(payload, graded, most, activity)


def on_loops(network: Network) -> frozenset[str]:
    """SigmaDelta populations that hear themselves, maybe by way of others."""
    inner = [(p.source, p.target) for p in network.projections if p.source in network.populations]
    found = {name for loop in loops(network.populations, inner) for name in loop}
    return frozenset(n for n in found if isinstance(network.populations[n].neuron, SigmaDelta))


def payload_caps(
    folded: Network,
    activity: Activity,
    bits: int,
    order: Sequence[str],
    most: Mapping[str, float],
    looped: frozenset[str] = frozenset(),
) -> dict[str, float]:
    """Largest payload scale of every input and population that sends numbers, 1 of those that spike.

    looped: `on_loops`. Inputs that hold whole numbers keep them as they are; others get a power of two, which people
    can multiply by.
    """
    caps: dict[str, float] = {}
    for name in reversed(order):
        graded = folded.populations[name].neuron.graded
        caps[name] = _cap(folded, name, activity, bits, most, caps, looped) if graded else 1.0
    for name in folded.inputs:
        found = 1.0 if activity.inputs[name].whole else _cap(folded, name, activity, bits, most, caps, looped)
        caps[name] = 2.0 ** math.floor(math.log2(found))
    return caps


def _cap(
    folded: Network,
    name: str,
    activity: Activity,
    bits: int,
    most: Mapping[str, float],
    caps: Mapping[str, float],
    looped: frozenset[str],
) -> float:
    sent = activity.sent(name) or 1.0
    heard = any(p.source == name and values_of(p.synapse).any() for p in folded.projections)
    own = name in folded.populations and isinstance(folded.populations[name].neuron, Sigma | Delta)
    alone = name in looped and all(_alone(p.synapse) for p in folded.projections if p.source == name)
    cap = (LARGEST_PAYLOAD if heard and not own and not alone else LARGEST_STATE) / sent
    for projection in folded.projections:
        heard = projection.source == name and projection.port not in THIRD_FACTORS
        values = values_of(projection.synapse) if heard else np.zeros(0)
        if values.any():
            target = folded.populations[projection.target]
            state = most[target.name] * _gain(target, folded.dt)
            sent_scale = caps.get(target.name, math.inf)  # not known yet on a loop
            if isinstance(target.neuron, Sigma | Delta):  # they send the state itself
                state = min(state, sent_scale)
            if isinstance(target.neuron, SigmaDelta):
                state = min(state, sent_scale * 2 ** EXPONENT_RANGE[1])
            exact = exact_scale([values], bits)
            if target.name in looped:
                state *= 1 << LARGEST_SHIFT + (0 if _alone(projection.synapse) else SPARED)
                exact = None  # whose unit the finer states would not keep
            if not isinstance(target.neuron, GRADED):
                state *= 1 << LARGEST_SHIFT
                exact = exact if forgets(target.neuron, folded.dt) else None  # others' scale does not follow it
            cap = min(cap, state / (exact or scale_limit(values, bits)))
    return min(max(cap, LEAST_PAYLOAD / sent), taken_up(folded, name, sent))


def taken_up(folded: Network, name: str, sent: float) -> float:
    """Payload per unit at which traces that payloads overwrite are full.

    They are where the rule cuts them off, or at the largest that is sent; a trace takes half of a payload.
    """
    rules = (p.plasticity for p in folded.projections if p.source == name and isinstance(p.plasticity, Rule))
    held = [trace for rule in rules for trace in rule.traces.values() if trace.overwrites and trace.impulse]
    return min((2 * MAX_TRACE / min(t.limit / abs(t.impulse), sent) for t in held), default=math.inf)


def _alone(synapse: Any) -> bool:
    """Whether each target hears one source, so that nothing is added up before sums are shifted down."""
    return isinstance(synapse, Sparse) and int(np.diff(synapse.weight.indptr).max(initial=0)) <= 1


def largest_scale(folded: Network, population: Population, activity: Activity) -> float:
    """Largest number of units that a unit of a state may be, for the observed states to fit.

    Of neurons with a current it counts units of weight, of which one moves v by 64, per unit of v; of graded ones
    units of the state.
    """
    name, neuron = population.name, population.neuron
    if isinstance(neuron, Relay):
        reach = ((row_sums(p.synapse).max(initial=0.0), activity.sent(p.source)) for p in folded.incoming(name))
        sums = sum(float(row) * sent for row, sent in reach)
        return LARGEST_SUM / sums if sums else math.inf
    if isinstance(neuron, Sigma | Delta | SigmaDelta):
        constants = [np.abs(getattr(neuron, field, np.zeros(()))).max() for field in ("threshold", "bias")]
        highest = max(activity.peak(name, "sigma", "act", SUM), *map(float, constants))
        return LARGEST_STATE / highest if highest else math.inf
    if isinstance(neuron, QIF | Theta | ResonateAndFire):  # refused elsewhere
        return math.inf
    model = recurrence(neuron, folded.dt)
    drive = activity.peak(name, "u", "i") * float(np.abs(model.gain_v).max())
    if not neuron.spiking:
        drive = max(drive, activity.peak(name, "v") + float(np.abs(model.initial).max()))
    return LARGEST_STATE / (UNIT * drive) if drive else math.inf


def _gain(population: Population, dt: float | None) -> float:
    """What the neuron multiplies its input by before it meets the threshold."""
    if isinstance(population.neuron, QIF | Theta | ResonateAndFire | Sigma | Delta | SigmaDelta | Relay):
        return 1.0
    model = recurrence(population.neuron, dt)
    return float(np.abs(model.gain_u * model.gain_v).max())


def per_payload(incoming: Incoming) -> Any:
    """The map with weights per unit of payload."""
    synapse: Any = incoming.projection.synapse
    return replace(synapse, weight=synapse.weight * (1 / incoming.payload_scale))


def choose_scales(
    neuron: Any, incoming: Sequence[Incoming], bits: int, most: float, cap: float, looped: bool = False
) -> Scales:
    """Scales of a graded population.

    incoming: those projections whose sources have their scale. most: largest scale of the state
    (`payloads.largest_scale`). cap: largest payload scale (`payloads.payload_caps`). looped: of SigmaDelta on a loop.
    """
    if looped and most < math.inf:
        return _looped_scales(incoming, bits, most, cap)
    if isinstance(neuron, Sigma | Delta):  # they send the state itself
        most = min(most, cap)
    maps = [found for found in (p.weighted(per_payload(p)) for p in incoming) if values_of(found.synapse).any()]
    values = [values_of(found.synapse) for found in maps]
    full = min(most, max((scale_limit(v, bits) for v in values), default=cap))
    exact = exact_scale(values, bits)
    if exact is None and maps:
        full, _ = clipped(maps, full, most, bits, None)
    state = min(exact or full, most)
    over = max((exponent_of(v, state, bits) for v in values), default=0) - MAX_EXPONENT
    state /= 2 ** max(0, over)
    if isinstance(neuron, SigmaDelta):
        exponent = max(0, math.ceil(math.log2(state / cap) - TINY))
        state /= 2 ** max(0, exponent - EXPONENT_RANGE[1])
        exponent = min(exponent, EXPONENT_RANGE[1])
        return Scales(state, state / 2**exponent, exponent)
    if isinstance(neuron, Relay):
        gain = float(np.abs(neuron.gain).max())
        return Scales(state, min(cap, MULTIPLIER_RANGE[1] * state / gain) if gain else cap)
    return Scales(state, state)


def _looped_scales(incoming: Sequence[Incoming], bits: int, most: float, cap: float) -> Scales:
    """As `choose_scales`, of SigmaDelta on a loop: the state as fine as its bits and its messages allow."""
    state = min(most, cap * 2 ** EXPONENT_RANGE[1])
    weights = [values_of(per_payload(p)) for p in incoming]
    exact = exact_scale([found for found in weights if found.any()], bits)
    if exact is not None:  # a power of two times it keeps such weights
        state = exact * 2.0 ** math.floor(math.log2(state / exact))
    exponent = max(0, math.ceil(math.log2(state / cap) - TINY))
    return Scales(state, state / 2**exponent, exponent, -LARGEST_SHIFT)
