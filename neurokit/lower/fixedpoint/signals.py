"""Third factors in integers: what a neuron hands to its plastic synapses in a step (`graph.signals` in chip units).

All functions have one form, which a kernel can compute too (int64):

    value = base + gain x, divided by 2**32 and rounded towards zero, clipped to +-127

with a whole number x, clipped to +-(2**23 - 1), and base and gain rounded to whole numbers beforehand:

    modulation              x = m, what arrives at the port "modulation"      gain = scale
    modulation_positive     x = max(0, m)
    modulation_negative     x = max(0, -m)
    gated_modulation...     the same three where r is not 0, else 0
    reward                  x = r, what arrives at the port "reward"
    modulation_trace        x = z of what arrives                             gain = 2**-12
    pseudo_derivative       x = max(0, threshold - |v - threshold'|),         gain = scale dampening / threshold
                            0 while refractory
    adaptation_decay        the same x                                        gain = scale dampening beta / threshold**2
                                                                              base = scale adaptation_decay / 4096
    constant                x = 0                                             base = value
    spike                   x = what the neuron sends                         gain = scale
    spike_trace             x = z                                             gain = 2**-12
    potential_above         x = max(0, v - level)                             gain = scale
    potential_below         x = max(0, level - v)                             gain = scale

v is the potential as it is compared with the threshold (before a reset of this step), threshold' = threshold + (beta
adaptation) the one it is compared with, beta = beta_mantissa 2**(12 - beta_shift) of LoihiALIF, level rounded. z is a
trace in 4096ths, of the neuron's own spikes z := D(z, decay) + impulse [spike], of what arrives z := D(z, decay) +
scale m (scale in 2**-32, the product rounded towards zero to 4096ths), clipped to +-(2**19 - 1), with D as of the
neurons (rounds towards zero), decay = 4096 (1 - exp(-1 / tau)) and impulse in 4096ths, both rounded. tau: steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.fixed_plasticity import MAX_TRACE, FixedSignal
from neurokit.graph.lif_family import LoihiALIF, LoihiRefractoryLIF, LoihiShiftedLIF
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.graph.signals import MODULATION, REWARD
from neurokit.lower.fixedpoint.lif import DECAY_SHIFT, MAX_POTENTIAL, Ints, States, decay, potential
from neurokit.lower.fixedpoint.lif_family import shifted_potential
from neurokit.lower.fixedpoint.neuron import resets_before

SHIFT = 32
TRACE_BITS = 12
ADAPTATION_BITS = 12  # a spike adds 4096 to LoihiALIF's adaptation
MOST_TRACE = ((MAX_TRACE + 1) << TRACE_BITS) - 1
MOST_GAIN = (MAX_TRACE + 1) << SHIFT  # at which an x of 1 is the largest value already
NAMES = "y1", "y2", "y3"
_TRACES = "spike_trace", "modulation_trace"
_DERIVATIVES = "pseudo_derivative", "adaptation_decay"
_POTENTIALS = "potential_above", "potential_below"

_WithPotential: TypeAlias = LoihiLIF | LoihiALIF  # the first stands for those with a refractory period or a shift too


@dataclass(frozen=True, eq=False)
class IntegerSignal:
    """A signal of one population, its constants whole numbers: gain, base (n,); the others of all its neurons.

    impulse: of a spike_trace in 4096ths, of a modulation_trace in 2**-32 per unit that arrives.
    """

    function: str
    gain: Ints
    base: Ints
    level: int = 0
    decay: int = 0
    impulse: int = 0


class Compared(NamedTuple):
    """v as it was compared, the neuron's threshold, the one that v was compared with, who was refractory: (n,)."""

    v: Ints
    threshold: Ints
    adapted: Ints
    waits: NDArray[np.bool_]


def integer_signal(signal: FixedSignal, neuron: FixedNeuron, size: int) -> IntegerSignal:
    """The constants of `signal` at a population of `size` neurons, for which `signal_faults` has nothing to say."""
    function, given = signal.function, signal.parameters
    gain: Any = given.get("scale", 0.0)
    base: Any = 0.0
    if function == "constant":
        base = given["value"]
    elif function in _TRACES:
        gain = 2.0**-TRACE_BITS
    elif function in _DERIVATIVES:
        assert isinstance(neuron, _WithPotential), "signal_faults refuses others"
        gain = gain * given["dampening"] / neuron.threshold
    if function == "adaptation_decay":
        assert isinstance(neuron, LoihiALIF), "signal_faults refuses others"
        gain = gain / neuron.threshold * neuron.beta_mantissa * 2.0 ** (ADAPTATION_BITS - neuron.beta_shift)
        base = given["scale"] * neuron.adaptation_decay / (1 << DECAY_SHIFT)
    tau, impulse = given.get("tau", 0.0), round(given.get("impulse", 0.0) * (1 << TRACE_BITS))
    if function == "modulation_trace":
        impulse = int(_whole(given["scale"], 1)[0])
    return IntegerSignal(
        function=function,
        gain=_whole(gain, size),
        base=_whole(base, size),
        level=round(given.get("level", 0.0)),
        decay=round((1 << DECAY_SHIFT) * -np.expm1(-1 / tau)) if tau else 1 << DECAY_SHIFT,
        impulse=impulse,
    )


def _whole(values: Any, size: int) -> Ints:
    """In 2**-32, (size,)."""
    rounded = np.rint(np.asarray(values, np.float64) * 2.0**SHIFT)
    return np.broadcast_to(np.clip(rounded, -MOST_GAIN, MOST_GAIN).astype(np.int64).ravel(), (size,))


def signal_faults(population: str, neuron: FixedNeuron, signals: Mapping[str, FixedSignal]) -> list[Fault]:
    """What neurons of this kind cannot evaluate."""
    return [
        Fault(population, f"signal '{signal.function}' ({name}) of a {type(neuron).__name__}", *why)
        for name, signal in signals.items()
        if (why := _refusal(signal.function, neuron)) is not None
    ]


def _refusal(function: str, neuron: FixedNeuron) -> tuple[str, str] | None:
    if function in (*_DERIVATIVES, *_POTENTIALS) and not isinstance(neuron, _WithPotential):
        return (
            "LIF neurons, with a refractory period or adaptation or without, know their potential",
            "Use such neurons.",
        )
    if function == "adaptation_decay" and not isinstance(neuron, LoihiALIF):
        return "it is the leak of an adaptation, which ALIF has", "Leave it out, or use ALIF."
    if function in _DERIVATIVES and isinstance(neuron, _WithPotential) and not (neuron.threshold > 0).all():
        return "the pseudo-derivative is measured in thresholds above 0", "Give the neurons a threshold."
    return None


def compared(neuron: FixedNeuron, before: States, after: States) -> Compared:
    """What was compared in a step that led from the states `before` (any scheduled reset done) to `after`."""
    assert isinstance(neuron, _WithPotential), "signal_faults refuses others"
    threshold = np.broadcast_to(neuron.threshold, after["v"].shape)
    if isinstance(neuron, LoihiALIF):
        added = after["adaptation"] * neuron.beta_mantissa
        adapted = threshold + np.sign(added) * (np.abs(added) >> neuron.beta_shift)
        return Compared(np.asarray(after["v"]), threshold, adapted, np.asarray(before["refractory"] > 0))
    u = np.asarray(after["u"], np.int64)
    if isinstance(neuron, LoihiShiftedLIF):
        v = shifted_potential(neuron, before["v"], u)
    else:
        v = potential(before["v"], neuron.voltage_decay, u, neuron.bias)
    waits = np.zeros(v.shape, bool)
    if isinstance(neuron, LoihiRefractoryLIF):
        waits = np.asarray(before["refractory"] > 0)
        v = np.where(waits, before["v"], v) if neuron.while_refractory == "holds" else v
    return Compared(v, threshold, threshold, waits)


@dataclass(frozen=True, eq=False)
class Moment:
    """A step of a population, over when signals are evaluated; arrays (n,) in one order, that of the weights' rows.

    step: 0-based, of the sample. before, after: states, after the scheduled reset of this step and after the step.
    sent: payloads. arrived: sums at the ports of third factors, those without a projection left out.
    """

    step: int
    before: States
    after: States
    sent: Ints
    arrived: Mapping[str, Ints] = field(default_factory=dict)

    def at(self, port: str) -> Ints:
        """What arrived at `port`."""
        return np.asarray(self.arrived[port], np.int64) if port in self.arrived else np.zeros(len(self.sent), np.int64)


def signal_step(
    signals: Mapping[str, IntegerSignal], neuron: FixedNeuron, memory: Ints, moment: Moment
) -> tuple[Ints, Ints]:
    """(y1 to y3: (3, n), zero where there is none; memory), memory (3, n) of traces, zeros at a sample's start.

    A neuron that is held sends nothing, a scheduled reset clears the memory too.
    """
    values, memory = np.zeros_like(memory), memory.copy()
    if neuron.held and moment.step < neuron.reset_offset:
        return values, memory
    if resets_before(neuron, moment.step):
        memory[...] = 0
    for name, signal in signals.items():
        k = NAMES.index(name)
        if signal.function in _TRACES:
            memory[k] = _remembered(signal, memory[k], moment)
        x = np.clip(_X[signal.function](signal, neuron, memory[k], moment), -MAX_POTENTIAL, MAX_POTENTIAL)
        sum_ = signal.base + signal.gain * x
        values[k] = np.clip(np.sign(sum_) * (np.abs(sum_) >> SHIFT), -MAX_TRACE, MAX_TRACE)
    return values, memory


def _remembered(signal: IntegerSignal, memory: Ints, moment: Moment) -> Ints:
    if signal.function == "spike_trace":
        added = signal.impulse * (moment.sent != 0)
    else:
        arrived = np.clip(moment.at(MODULATION), -MAX_POTENTIAL, MAX_POTENTIAL)
        added = np.sign(signal.impulse * arrived) * (np.abs(signal.impulse * arrived) >> (SHIFT - TRACE_BITS))
    return np.asarray(np.clip(decay(memory, signal.decay) + added, -MOST_TRACE, MOST_TRACE))


def _nearness(signal: IntegerSignal, neuron: FixedNeuron, memory: Ints, moment: Moment) -> Ints:
    found = compared(neuron, moment.before, moment.after)
    near = np.maximum(found.threshold - np.abs(found.v - found.adapted), 0)
    return np.where(found.waits, 0, near)


def _gated(moment: Moment) -> Ints:
    return np.where(moment.at(REWARD) != 0, moment.at(MODULATION), 0)


_X: Mapping[str, Callable[[IntegerSignal, FixedNeuron, Ints, Moment], Ints]] = {
    "modulation": lambda signal, neuron, memory, moment: moment.at(MODULATION),
    "modulation_positive": lambda signal, neuron, memory, moment: np.maximum(moment.at(MODULATION), 0),
    "modulation_negative": lambda signal, neuron, memory, moment: np.maximum(-moment.at(MODULATION), 0),
    "gated_modulation": lambda signal, neuron, memory, moment: _gated(moment),
    "gated_modulation_positive": lambda signal, neuron, memory, moment: np.maximum(_gated(moment), 0),
    "gated_modulation_negative": lambda signal, neuron, memory, moment: np.maximum(-_gated(moment), 0),
    "reward": lambda signal, neuron, memory, moment: moment.at(REWARD),
    "pseudo_derivative": _nearness,
    "adaptation_decay": _nearness,
    "constant": lambda signal, neuron, memory, moment: np.zeros_like(memory),
    "spike": lambda signal, neuron, memory, moment: np.asarray(moment.sent, np.int64),
    "spike_trace": lambda signal, neuron, memory, moment: memory,
    "modulation_trace": lambda signal, neuron, memory, moment: memory,
    "potential_above": lambda signal, neuron, memory, moment: np.maximum(
        compared(neuron, moment.before, moment.after).v - signal.level, 0
    ),
    "potential_below": lambda signal, neuron, memory, moment: np.maximum(
        signal.level - compared(neuron, moment.before, moment.after).v, 0
    ),
}
