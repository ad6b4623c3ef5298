"""The learning engine driven by the spikes and signals of a float network, so that only its arithmetic differs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.fixed_plasticity import MAX_TRACE, FixedRule, FixedSignal
from neurokit.graph.neurons import Neuron
from neurokit.graph.plasticity import Rule, Term, Value
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.learn.agreement import Setting
from neurokit.learn.observed import Seen
from neurokit.lower.fixedpoint.learning import initial_state, learning_step, next_sample
from neurokit.lower.plasticity import lower_rule
from neurokit.lower.plasticity_variables import Surroundings

Floats = NDArray[np.float64]
SIGNED = {"modulation_positive": 1.0, "modulation_negative": -1.0}


@dataclass(frozen=True)
class Driven:
    """Weights in the network's unit, as `Seen.weights`; railed: share at a bound of the engine at the end."""

    weights: list[Floats]
    railed: float


def lowered(
    name: str, rule: Rule, seen: Seen, neuron: Neuron, dt: float, graded: bool, setting: Setting
) -> FixedRule | list[Fault]:
    """`rule` on the engine with so many bits, its scales by what was seen.

    Weights: the largest that occurred, or the rule's bound, is 2**weight_bits - 1. Traces and signals: their largest is
    2**trace_bits - 1; traces with a limit are to saturate there, which only 7 bits do.
    """
    limits = [n for n, trace in rule.traces.items() if trace.limit < math.inf]
    if setting.trace_bits < 7 and limits:
        limit = "the engine's traces saturate at 127, the limit of 7 bits"
        return [
            Fault(name, f"'{limits[0]}' has a limit and is to have {setting.trace_bits} bits", limit, "Use 7 bits.")
        ]
    largest = max(abs(bound) for bound in rule.bounds)
    if not math.isfinite(largest):
        largest = max(seen.peaks["w"], float(np.abs(seen.weights[0]).max()), 1e-300)
    payload = max((float(np.abs(values).max()) for values in seen.pre), default=1.0)
    around = Surroundings(
        name=name,
        dt=dt,
        weight_scale=(2**setting.weight_bits - 1) / largest,
        neuron=neuron,
        port_peak=dict.fromkeys(THIRD_FACTORS, _port_peak(rule, seen)),
        graded=graded,
        payload_scale=2 * MAX_TRACE / payload if graded else 1.0,
        observed={name: peak for name, peak in seen.peaks.items() if peak},
        most_trace=2**setting.trace_bits - 1,
    )
    return lower_rule(slower(rule, setting.epoch, dt), around, "lava" if setting.arithmetic == "lava" else "repaired")


def slower(rule: Rule, epoch: int, dt: float) -> Rule:
    """The rule evaluated in every `epoch`th step only, its terms of every step so many times as large.

    Of a tag that fades by a share c per step, they grow by (1 - (1 - c)**epoch) / c: it then fades as much in an epoch,
    and rests at the same value.
    """
    if epoch == 1:
        return rule
    tags = {"tag": "tag", "second_tag": "tag2", "weight": "w"}
    changed = {}
    for name, variable in tags.items():
        terms: tuple[Term, ...] = getattr(rule, name)
        fades = -sum(t.scale for t in terms if t.gate == "step" and t.factors == (Value(variable),))
        growth = (1 - (1 - fades) ** epoch) / fades if 0 < fades <= 1 else float(epoch)
        changed[name] = tuple(replace(t, scale=t.scale * growth) if t.gate == "step" else t for t in terms)
    return replace(rule, interval=epoch * (rule.interval or dt), **changed)  # type: ignore[arg-type]  # of these fields


def drive(fixed: FixedRule, seen: Seen, synapse: Any, blocks: int) -> Driven:
    """Run the engine over what was seen.

    A source's spike gates the engine in the step in which it is sent, one before it arrives: the engine takes one step
    more, and sees the sources ahead of all else. synapse: Dense or Sparse, whose layout `seen.weights` have.
    """
    where = _where(synapse)
    scale = fixed.report.weight_scale
    start = np.clip(np.rint(_matrix(seen.weights[0], where) * scale), *fixed.bounds).astype(np.int64)
    state, found = initial_state(fixed, start), [_values(start, where) / scale]
    for sample, (arrives, post) in enumerate(zip(seen.pre, seen.post, strict=True)):
        steps = len(arrives)
        state = next_sample(fixed, state) if sample else state
        sent = np.zeros((steps + 1, *arrives[0].shape), np.int64)
        sent[:-1] = _payloads(np.asarray(arrives), fixed)
        chip = _signals(fixed, {name: np.asarray(rows[sample]) for name, rows in seen.signals.items()}, post)
        edges = set(np.linspace(0, steps, blocks + 1).round().astype(int).tolist())
        silent = np.zeros_like(post[0])
        for now in range(steps + 1):
            fired = post[now - 1] if now else silent
            state = learning_step(fixed, state, sent[now], fired, chip[now] if fixed.three_factor else None)
            if now and now in edges:
                found.append(_values(state.weight, where) / scale)
    ends = _values(state.weight, where)
    low, high = fixed.bounds
    return Driven(found, float(((ends <= low) | (ends >= high)).mean()))


def _port_peak(rule: Rule, seen: Seen) -> float:
    """The largest that any signal of the rule can have heard; `observed` says more of each."""
    scales = [abs(signal.parameters.get("scale", 1.0)) or 1.0 for signal in rule.signals.values()]
    return max((seen.peaks.get(name, 0.0) for name in rule.signals), default=1.0) / min(scales, default=1.0) or 1.0


def _signals(fixed: FixedRule, physical: Mapping[str, Floats], post: Any) -> NDArray[np.int64]:
    """y1 to y3 in each step of the engine, (steps + 1, 3, targets): whole numbers towards zero."""
    found = np.zeros((len(post) + 1, 3, len(post[0])), np.int64)
    by_slot = {slot: (name, "," in slots) for name, slots in fixed.report.assigned.items() for slot in slots.split(",")}
    for k, slot in enumerate(("y1", "y2", "y3")):
        if slot in fixed.signals:
            signal = fixed.signals[slot]
            values = _physical(signal, *by_slot.get(slot, ("", False)), physical, post)
            found[1:, k] = np.clip(np.trunc(signal.scale * values), -MAX_TRACE, MAX_TRACE)
    return found


def _physical(signal: FixedSignal, name: str, half: bool, physical: Mapping[str, Floats], post: Any) -> Any:
    """What the signal is in the rule's units, (steps, targets).

    name: of the rule's signal, or of a trace. half: whether it is its positive or negative part only.
    """
    if signal.function == "constant":
        return signal.parameters["value"] / signal.scale
    if name not in physical:
        return _trace(signal, np.asarray(post))
    return np.maximum(SIGNED[signal.function] * physical[name], 0.0) if half else physical[name]


def _trace(signal: FixedSignal, post: Floats) -> Floats:
    """A trace of the target's spikes, which in rules of three factors the neuron evaluates."""
    assert signal.function == "spike_trace", f"{signal.function} is no signal of the rule"
    values, z = np.zeros(post.shape), np.zeros(post.shape[1])
    for now, fired in enumerate(post):
        z = z * math.exp(-1 / signal.parameters["tau"]) + signal.parameters["impulse"] / signal.scale * (fired != 0)
        values[now] = z
    return values


def _payloads(arrives: Floats, fixed: FixedRule) -> NDArray[np.int64]:
    """0 and 1, or payloads that an overwritten trace takes half of."""
    overwritten = [(slot, trace) for slot, trace in fixed.traces.items() if trace.overwrites]
    if not overwritten:
        return np.asarray(arrives != 0, np.int64)
    (name,) = (name for name, slot in fixed.report.assigned.items() if slot == overwritten[0][0])
    scale = fixed.report.trace_scales[name]
    return np.asarray(np.rint(2 * scale * arrives), np.int64)


def _where(synapse: Any) -> tuple[NDArray[Any], NDArray[Any], tuple[int, int]] | None:
    """Rows and columns of listed synapses; None of a dense map."""
    weight = synapse.weight
    if not sp.issparse(weight):
        return None
    coo = weight.tocoo()
    return coo.row, coo.col, weight.shape


def _matrix(values: Floats, where: tuple[NDArray[Any], NDArray[Any], tuple[int, int]] | None) -> Floats:
    if where is None:
        return values
    matrix = np.zeros(where[2])
    matrix[where[0], where[1]] = values
    return matrix


def _values(matrix: NDArray[Any], where: tuple[NDArray[Any], NDArray[Any], tuple[int, int]] | None) -> Floats:
    return np.asarray(matrix if where is None else matrix[where[0], where[1]], np.float64)
