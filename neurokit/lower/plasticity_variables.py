"""What the variables of a rule become on the chip: their slots, how large they get, and the signals of the neuron.

Peaks are observed where a calibration ran the rule in floats, else they follow from the rule and its surroundings, with
sources and targets assumed to spike in ASSUMED_RATE of the steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurokit.errors import Fault
from neurokit.graph.check_plasticity import HEARS
from neurokit.graph.fixed_plasticity import MAX_TRACE, FixedSignal, FixedTrace
from neurokit.graph.lif_family import ALIF
from neurokit.graph.neurons import Neuron
from neurokit.graph.plasticity import Rule, Signal, Trace
from neurokit.graph.signals import MODULATION
from neurokit.lower.discretise import recurrence
from neurokit.lower.plasticity_scales import Free
from neurokit.lower.plasticity_terms import EngineTerm

ASSUMED_RATE = 0.05  # spikes a step: 50 Hz at 1 ms
HOLDS = 65535.0  # tau in steps of what never decays (lava-nc 0.10.0 divides by tau)
MOST_TAG = 255
CENTRE = 128  # of the second tag, which Lava cuts at 0 from below
MARGIN = 1.25  # above an observed peak, and above what a tag is compared with
QUIET = 0.25  # of its peak that a signal usually has
NEAR_PEAK = 0.7  # of all factors' peaks together that a tag may have to follow for long
CUT = 0.05  # relative error of a limit from which on it is told
DECAY_BITS = 12  # of what decays in a neuron
PRE, POST = ("x1", "x2"), ("y1", "y2", "y3")


@dataclass(frozen=True)
class Surroundings:
    """What a rule meets at its projection.

    name: of the projection. dt: seconds a step. weight_scale: chip units per unit of weight. neuron: the target's, in
    floats. potential_scale: chip units of v per unit of potential. port_scale, port_peak: of what arrives at each port
    of third factors, chip units per physical unit and the largest physical |value|, None where unknown.
    graded: whether the source sends payloads; payload_scale: chip units of payload per physical unit.
    observed: largest physical |value| of traces, signals, "tag" and "tag2" in a float run, by name.
    most_trace: chip value at which traces and signals are full.
    """

    name: str
    dt: float
    weight_scale: float
    neuron: Neuron
    potential_scale: float = 1.0
    port_scale: Mapping[str, float] = field(default_factory=dict)
    port_peak: Mapping[str, float | None] = field(default_factory=dict)
    graded: bool = False
    payload_scale: float = 1.0
    observed: Mapping[str, float] = field(default_factory=dict)
    most_trace: int = MAX_TRACE


def slots(rule: Rule) -> tuple[dict[str, str], list[Fault]]:
    """The chip's trace of each trace and signal; faults where there are too few."""
    signals = [name for name, signal in rule.signals.items() if signal.function != "constant"]
    pre = sorted((n for n, t in rule.traces.items() if t.side == "pre"), key=lambda n: not rule.traces[n].overwrites)
    post = [name for name, trace in rule.traces.items() if trace.side == "post"] + signals
    faults = []
    if len([name for name in pre if rule.traces[name].overwrites]) > 1:
        limit, mend = "only x1 takes a payload", "Let one of them be overwritten."
        faults.append(Fault(rule.name, "has two traces that payloads overwrite", limit, mend))
    for what, names, available in (("source", pre, PRE), ("target", post, POST)):
        if len(names) > len(available):
            fact = f"needs {len(names)} values of the {what} ({', '.join(names)})"
            limit = f"the learning engine has {', '.join(available)}"
            mend = "Leave one out, join two into one, or evaluate their product in the neuron."
            faults.append(Fault(rule.name, fact, limit, mend))
    return dict(zip(pre, PRE, strict=False)) | dict(zip(post, POST, strict=False)), faults


def trace_variable(name: str, trace: Trace, slot: str, around: Surroundings, as_signal: bool) -> Free | Fault:
    """A trace of spikes: its impulse is a whole number, or what saturates at `limit` there."""
    size = abs(trace.impulse)
    if trace.overwrites:
        if not around.graded:
            limit, mend = "x1 becomes half of a payload", "Use a graded source, or a trace with an impulse."
            return Fault(
                around.name, f"trace '{name}' takes payloads, which a spiking source does not send", limit, mend
            )
        scale = around.payload_scale / (2 * trace.impulse)
        peak = around.most_trace / abs(scale)
        return Free(slot, peak, peak * QUIET, abs(scale), (scale,))
    steps = trace.tau / around.dt
    usual = 1 + ASSUMED_RATE * steps
    peak = size * (1 + ASSUMED_RATE * steps + 3 * math.sqrt(ASSUMED_RATE * steps / 2))
    peak = around.observed[name] * MARGIN if around.observed.get(name) else peak
    if math.isinf(peak):
        peak = size * around.most_trace
    if trace.limit < math.inf:
        scale = math.copysign(around.most_trace / trace.limit, trace.impulse)
        typical = min(trace.limit, size * usual) / 2
        return Free(slot, trace.limit, typical, abs(scale), (scale,))
    largest = max(1, min(around.most_trace, math.floor(around.most_trace * size / peak)))
    choices = tuple(impulse / trace.impulse for impulse in range(largest, 0, -1))
    if (
        as_signal
    ):  # evaluated in the neuron, with 12 bits after the point: any scale will do, but a whole one for before()
        choices = choices[: max(1, len(choices) // 2 + 1)]
    return Free(slot, peak, min(peak, size * usual) / 2, choices[0], choices)


def fixed_trace(name: str, trace: Trace, scale: float, dt: float, notes: list[str]) -> FixedTrace | Fault:
    """The trace in the connection. scale: chip units per physical unit."""
    tau = trace.tau / dt if math.isfinite(trace.tau) else HOLDS
    if trace.overwrites:
        full = MAX_TRACE / abs(scale)
        if math.isfinite(trace.limit) and abs(full / trace.limit - 1) > CUT:
            notes.append(
                f"'{name}' is cut off at {full:.3g}, where its {MAX_TRACE} units end, not at {trace.limit:.3g}"
            )
        return FixedTrace(0.0, min(tau, HOLDS), True)
    exact = trace.impulse * scale
    impulse = round(exact * 256) / 256
    if exact > MAX_TRACE:
        limit = f"a spike adds at most {MAX_TRACE} of {MAX_TRACE} units, at which the trace saturates"
        return Fault(
            name, f"its impulse is {trace.impulse / trace.limit:.3g} of its limit", limit, "Lower the impulse."
        )
    if impulse == 0:
        limit = "an impulse has 8 bits after the point"
        return Fault(name, f"its impulse is {exact:.2g} units", limit, "Raise the impulse, or lower the trace's limit.")
    if abs(impulse / exact - 1) > 1e-9:
        notes.append(f"the impulse of '{name}' is {impulse / exact - 1:+.2%} off")
    return FixedTrace(impulse, min(tau, HOLDS))


def signal_variable(name: str, signal: Signal, slot: str, around: Surroundings) -> Free | Fault:
    """A signal; its scale is free up to where its largest value is 127."""
    found = _signal_peak(name, signal, around)
    if isinstance(found, Fault):
        return found
    peak = min(found, signal.limit)
    peak = min(peak, around.observed[name] * MARGIN) if around.observed.get(name) else peak
    if peak <= 0 or not math.isfinite(peak):
        fact = f"signal '{name}' ({signal.function}) is 0 or without bound"
        return Fault(around.name, fact, "its 7 bits follow its largest value", "Give it a limit=.")
    typical = peak * QUIET
    if signal.function == "adaptation_decay":  # at rest most of the time
        typical = _leak(signal, around) + 0.1 * peak
    most = around.most_trace / peak
    return Free(slot, peak, typical, most, (most,) if signal.limit == peak else ())


def _signal_peak(name: str, signal: Signal, around: Surroundings) -> float | Fault:
    """Largest |value| before the signal's own limit."""
    kind, numbers = signal.function, signal.parameters
    size = abs(numbers.get("scale", 1.0))
    if port := HEARS.get(kind):
        arriving = around.port_peak.get(port)
        if arriving is None and signal.limit == math.inf:
            fact = f"signal '{name}' hears the port '{port}', and how large what arrives there is, nobody knows"
            limit = "its 7 bits follow its largest value"
            mend = "Pass calibrate= with sample inputs, the learning signal among them, or give the Signal a limit=."
            return Fault(around.name, fact, limit, mend)
        if arriving is None:
            return signal.limit
        steps = 1 / -math.expm1(-around.dt / numbers["tau"]) if kind == "modulation_trace" else 1.0
        return size * arriving * steps
    if kind in ("pseudo_derivative", "adaptation_decay"):
        threshold = _threshold(name, around)
        if isinstance(threshold, Fault):
            return threshold
        psi = size * numbers["dampening"] / threshold
        if kind == "pseudo_derivative":
            return psi
        assert isinstance(around.neuron, ALIF), "check_plasticity refuses others"
        return _leak(signal, around) + psi * float(np.abs(around.neuron.beta).max())
    if kind == "spike":
        return size
    if kind == "spike_trace":
        steps = numbers["tau"] / around.dt
        return abs(numbers["impulse"]) * (1 + ASSUMED_RATE * steps + 3 * math.sqrt(ASSUMED_RATE * steps / 2))
    assert kind in ("potential_above", "potential_below"), f"no peak for {kind}"
    return _potential_peak(name, signal, around)


def _leak(signal: Signal, around: Surroundings) -> float:
    assert isinstance(around.neuron, ALIF), "check_plasticity refuses others"
    return float(abs(signal.parameters["scale"]) * -np.expm1(-around.dt / around.neuron.tau_adaptation).min())


def _threshold(name: str, around: Surroundings) -> float | Fault:
    """The threshold that all neurons of the target share, from rest."""
    model = recurrence(around.neuron, around.dt)
    values = np.unique(model.threshold)
    if values.size > 1 or model.initial.any() or values[0] <= 0:
        fact = f"signal '{name}' is measured in thresholds, which differ between neurons or do not start at 0"
        mend = "Use one threshold for all neurons of the target, and a resting potential of 0."
        return Fault(around.name, fact, "the engine's coefficients are shared by all synapses", mend)
    return float(values[0])


def _potential_peak(name: str, signal: Signal, around: Surroundings) -> float | Fault:
    """Potentials reach from -threshold to twice the threshold, as far as one knows; a readout has none."""
    model, numbers = recurrence(around.neuron, around.dt), signal.parameters
    size, highest = abs(numbers["scale"]), float(np.max(model.threshold))
    if not math.isfinite(highest):
        if signal.limit < math.inf or around.observed.get(name):
            return math.inf if signal.limit == math.inf else signal.limit
        fact = f"signal '{name}' is the potential of a readout, which has no threshold"
        mend = "Give the Signal a limit=, or pass calibrate= with sample inputs."
        return Fault(around.name, fact, "its 7 bits follow its largest value", mend)
    reach = 2 * highest - numbers["level"] if signal.function == "potential_above" else numbers["level"] + highest
    return size * max(reach, highest / MAX_TRACE)


def fixed_signal(signal: Signal, scale: float, around: Surroundings) -> FixedSignal:
    """The signal in chip units (`lower.fixedpoint.signals`). scale: chip units per physical unit of the signal."""
    kind, numbers = signal.function, dict(signal.parameters)
    if port := HEARS.get(kind):
        numbers["scale"] *= scale / around.port_scale.get(port, 1.0)
    elif kind == "pseudo_derivative":
        threshold = _threshold("", around)
        assert isinstance(threshold, float), "signal_variable refused others"
        numbers["scale"] *= scale / threshold
    elif kind in ("adaptation_decay", "spike"):
        numbers["scale"] *= scale
    elif kind == "spike_trace":
        numbers["impulse"] *= scale
    else:
        model = recurrence(around.neuron, around.dt)
        numbers["scale"] *= scale / around.potential_scale
        numbers["level"] = (numbers["level"] - float(np.mean(model.initial))) * around.potential_scale
    if "tau" in numbers:
        numbers["tau"] = min(numbers["tau"] / around.dt, HOLDS)
    return FixedSignal(kind, numbers, scale)


def lost_decay(name: str, signal: Signal, around: Surroundings) -> list[Fault]:
    """A neuron's trace whose decay rounds to nothing in 4096ths (`lower.fixedpoint.signals`)."""
    tau = signal.parameters.get("tau", math.inf)
    if math.isinf(tau) or round(-math.expm1(-around.dt / tau) * (1 << DECAY_BITS)):
        return []
    fact = f"its trace decays by {around.dt / tau:.2g} of itself in a step, which rounds to 0"
    limit = f"a neuron's decay has {DECAY_BITS} bits: a time constant is {2 << DECAY_BITS:,} steps or less"
    mend = f"Choose a larger dt than {around.dt:g} s, or a shorter time constant."
    return [Fault(f"{around.name}: signal '{name}'", fact, limit, mend)]


SIGNED = MODULATION, "gated_modulation"  # signals that have halves


def halves(signal: FixedSignal) -> tuple[FixedSignal, FixedSignal]:
    """A signed modulation as its positive and its negative part."""
    assert signal.function in SIGNED, "others have no sign, or no halves"
    size = abs(signal.parameters["scale"])
    found = [
        FixedSignal(f"{signal.function}_{half}", {"scale": size}, signal.scale) for half in ("positive", "negative")
    ]
    return (found[0], found[1]) if signal.parameters["scale"] > 0 else (found[1], found[0])


def tag_variable(
    name: str, terms: tuple[EngineTerm, ...], variables: Mapping[str, Free], around: Surroundings, start: float
) -> Free:
    """A tag; its scale is free up to where its peak fills 8 bits, the second's 7 on either side of CENTRE.

    What it is compared with is inside too, however little a calibration moved it: a tag that cannot get there would
    never be said to be above. Where a calibration moved it not at all, the range is just that.
    """
    slot, most, offset = ("t", MOST_TAG, 0) if name == "tag" else ("d", MOST_TAG - CENTRE, CENTRE)
    limit = MARGIN * max((abs(a.offset) for t in terms for a in t.atoms if a.variable == name and a.sign), default=0.0)
    observed = around.observed.get(name)
    estimated = not observed and (observed is None or not limit)
    peak = _tag_peak(name, terms, variables) if estimated else (observed or 0.0) * MARGIN
    peak = max(peak, abs(start), limit) or 1.0  # 0: nothing ever moves it
    return Free(slot, peak, peak * QUIET, most / peak, (), offset)


def _tag_peak(name: str, terms: Any, variables: Mapping[str, Free]) -> float:
    """Where gains near their peaks and the decay meet, but at least what one step may add."""
    gains, decay, single = {1.0: 0.0, -1.0: 0.0}, 0.0, 0.0
    for term in (t for t in terms if t.target == name):
        own = [a for a in term.atoms if a.variable == name and not a.sign]
        others = [a for a in term.atoms if a.variable in variables and a.variable != name and not a.sign]
        usual = abs(term.coefficient) * math.prod(max(variables[a.variable].typical, abs(a.offset)) for a in others)
        most = abs(term.coefficient) * math.prod(max(variables[a.variable].peak, abs(a.offset)) for a in others)
        if own and term.coefficient < 0:
            decay += usual * (1.0 if term.gate == "u" else ASSUMED_RATE)
        elif not own:
            sign = math.copysign(1.0, term.coefficient)
            gains[sign] += NEAR_PEAK * most if term.gate == "u" else 2 * ASSUMED_RATE * usual
            single = max(single, most * (NEAR_PEAK if term.gate == "u" else 1.0))
    steps = 1 / min(max(decay, 1e-3), 1.0)
    return max(max(gains.values()) * steps, single)
