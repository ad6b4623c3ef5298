"""What a float neuron evaluates for its synapses in each step: the equations of `graph.signals`.

v is the membrane potential as it was compared with the threshold. Kernels keep it after the reset, so it is computed
once more from the state before the step and what the step made of its current.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.graded_neurons import Delta, Relay, Sigma, SigmaDelta
from neurokit.graph.lif_family import ALIF, ATRLIF, QIF, TernaryLIF
from neurokit.graph.neurons import (
    IF,
    LIF,
    CubaLeakyIntegrator,
    CubaLIF,
    Integrator,
    LeakyIntegrator,
    Neuron,
)
from neurokit.graph.plasticity import Signal
from neurokit.graph.signals import GATED, MODULATION, REWARD
from neurokit.lower.discretise import recurrence, step_of

Floats: TypeAlias = NDArray[np.float64]
States: TypeAlias = Mapping[str, Floats]
Potential: TypeAlias = Callable[[Any, "float | None", States, States], Floats]
Threshold: TypeAlias = Callable[[Any, "float | None", States, States], "tuple[Floats, Floats]"]

FROM_POTENTIAL = "pseudo_derivative", "adaptation_decay", "potential_above", "potential_below"  # signals that need v
TRACES = "spike_trace", "modulation_trace"  # signals that remember


class FloatSignals:
    """The signals of one plastic projection, evaluated by its target.

    signals: by the rule's names. neuron: the target's. shape: of the arrays that come in, whose last axis is the
    population, flattened; parameters of the neuron broadcast to `population`. dt: seconds a step, None where unknown.
    """

    def __init__(
        self,
        signals: Mapping[str, Signal],
        neuron: Neuron,
        population: tuple[int, ...],
        shape: tuple[int, ...],
        dt: float | None,
    ) -> None:
        self._signals = signals
        self._neuron = _flat(neuron, population)
        self._dt = dt
        self._traces = {name: np.zeros(shape) for name, s in signals.items() if s.function in TRACES}
        self.needs_before = any(s.function in FROM_POTENTIAL for s in signals.values())

    def rest(self) -> None:
        """As at the start of a sample."""
        for values in self._traces.values():
            values[:] = 0

    @property
    def traces(self) -> Mapping[str, Floats]:
        """What is carried from step to step."""
        return self._traces

    def evaluate(
        self, before: States, after: States, sent: NDArray[Any], arrived: Mapping[str, Floats]
    ) -> dict[str, Floats]:
        """The signals of one step: states before and after it, what the neurons sent, and the sums that arrived at the
        ports of third factors, those that are none left out; all of the constructor's shape, and so are the values."""
        found = {}
        for name, signal in self._signals.items():
            values = self._evaluate(name, signal, before, after, sent, arrived)
            found[name] = np.clip(values, -signal.limit, signal.limit) if signal.limit < math.inf else values
        return found

    def _evaluate(
        self,
        name: str,
        signal: Signal,
        before: States,
        after: States,
        sent: NDArray[Any],
        arrived: Mapping[str, Floats],
    ) -> Floats:
        kind, numbers = signal.function, signal.parameters
        if kind in FROM_POTENTIAL:
            return self._from_potential(kind, numbers, before, after)
        if kind in TRACES:
            return self._trace(name, numbers, sent, arrived)
        heard = arrived.get("reward" if kind == "reward" else MODULATION)
        heard = np.zeros(sent.shape) if heard is None else heard
        if kind in GATED:
            gate = arrived.get(REWARD)
            heard = heard * (0.0 if gate is None else gate != 0)
            kind = kind.removeprefix("gated_")
        if kind in ("modulation", "reward"):
            return numbers["scale"] * heard
        if kind == "modulation_positive":
            return numbers["scale"] * np.maximum(heard, 0.0)
        if kind == "modulation_negative":
            return numbers["scale"] * np.maximum(-heard, 0.0)
        if kind == "constant":
            return np.full(sent.shape, numbers["value"])
        assert kind == "spike", "see `graph.signals`"
        return numbers["scale"] * np.asarray(sent, np.float64)

    def _trace(
        self, name: str, numbers: Mapping[str, float], sent: NDArray[Any], arrived: Mapping[str, Floats]
    ) -> Floats:
        """A memory of spikes (they have an impulse), or of what arrives."""
        trace, step = self._traces[name], 1.0 if self._dt is None else self._dt
        trace *= math.exp(-step / numbers["tau"])
        if self._signals[name].function == "spike_trace":
            trace += numbers["impulse"] * (sent != 0)
        elif MODULATION in arrived:
            trace += numbers["scale"] * arrived[MODULATION]
        np.clip(trace, -self._signals[name].limit, self._signals[name].limit, out=trace)  # as integers do at 127
        return trace.copy()

    def _from_potential(self, kind: str, numbers: Mapping[str, float], before: States, after: States) -> Floats:
        neuron, dt = self._neuron, self._dt
        if kind == "potential_above":
            return numbers["scale"] * np.maximum(potential(neuron, dt, before, after) - numbers["level"], 0.0)
        if kind == "potential_below":
            return numbers["scale"] * np.maximum(numbers["level"] - potential(neuron, dt, before, after), 0.0)
        derivative = pseudo_derivative(neuron, dt, before, after, numbers["dampening"])
        if kind == "pseudo_derivative":
            return numbers["scale"] * derivative
        assert kind == "adaptation_decay", "see `graph.signals`"
        assert isinstance(neuron, ALIF), "see `signal_faults`"
        rho = np.exp(-step_of(neuron, dt) / neuron.tau_adaptation)
        return np.asarray(numbers["scale"] * (1 - rho + neuron.beta * derivative))


def potential(neuron: Neuron, dt: float | None, before: States, after: States) -> Floats:
    """v as it was compared with the threshold."""
    return POTENTIALS[type(neuron)](neuron, dt, before, after)


def pseudo_derivative(neuron: Neuron, dt: float | None, before: States, after: States, dampening: float) -> Floats:
    """dampening / threshold max(0, 1 - |v - threshold'| / threshold), zero while refractory."""
    base, moving = THRESHOLDS[type(neuron)](neuron, dt, before, after)
    bump = np.maximum(0.0, 1.0 - np.abs(potential(neuron, dt, before, after) - moving) / base)
    left = before.get("refractory")
    return np.asarray(dampening / base * (bump if left is None else bump * (left == 0)))


def signal_faults(node: str, signals: Mapping[str, Signal], neuron: Neuron) -> list[Fault]:
    """What these float neurons cannot evaluate."""
    faults, kind = [], type(neuron).__name__
    for name, signal in signals.items():
        where = f"signal '{name}' ({signal.function})"
        if signal.function == "adaptation_decay" and not isinstance(neuron, ALIF):
            faults.append(Fault(node, where, f"a {kind} has no adaptation", "Give it ALIF neurons as its target."))
        elif signal.function == "pseudo_derivative" and type(neuron) not in THRESHOLDS:
            mend = "Give it IF, LIF, CubaLIF, ALIF, ATRLIF or QIF neurons as its target."
            faults.append(Fault(node, where, f"a {kind} has no threshold of its potential", mend))
        elif signal.function in FROM_POTENTIAL and type(neuron) not in POTENTIALS:
            mend = "Give it a target of other neurons, or a signal of spikes."
            faults.append(Fault(node, where, f"a {kind} has no membrane potential", mend))
    return faults


def _flat(neuron: Neuron, shape: tuple[int, ...]) -> Neuron:
    """The neuron with its arrays flattened as a population of `shape` is, so that they broadcast to (..., n)."""
    if not is_dataclass(neuron):
        return neuron
    arrays = {f.name: getattr(neuron, f.name) for f in fields(neuron)}
    rows = {n: np.broadcast_to(a, shape).ravel() for n, a in arrays.items() if isinstance(a, np.ndarray) and a.ndim}
    return replace(neuron, **rows) if rows else neuron


def _recurrent(neuron: Any, dt: float | None, before: States, after: States) -> Floats:
    r = recurrence(neuron, dt)
    v = r.keep_v * before["v"] + r.gain_v * after["u"] + r.leak
    left = before.get("refractory")
    return np.where(left > 0, before["v"], v) if r.holds and left is not None else v


def _as_kept(neuron: Any, dt: float | None, before: States, after: States) -> Floats:
    return after["v"]


def _quadratic(neuron: QIF, dt: float | None, before: States, after: States) -> Floats:
    v = before["v"]
    return np.asarray(v + step_of(neuron, dt) / neuron.tau * (v * (v - 1) + after["u"]))


def _above_refractory(neuron: ATRLIF, dt: float | None, before: States, after: States) -> Floats:
    return np.asarray(after["v"] - (1 - step_of(neuron, dt) / neuron.tau_refractory) * before["r"])


def _sigma(neuron: Any, dt: float | None, before: States, after: States) -> Floats:
    return after["sigma"]


def _biased_sigma(neuron: SigmaDelta, dt: float | None, before: States, after: States) -> Floats:
    return np.asarray(after["sigma"] + neuron.bias)


def _activity(neuron: Any, dt: float | None, before: States, after: States) -> Floats:
    return after["act"]


def _fixed_threshold(neuron: Any, dt: float | None, before: States, after: States) -> tuple[Floats, Floats]:
    return neuron.threshold, neuron.threshold


def _adaptive_threshold(neuron: ALIF, dt: float | None, before: States, after: States) -> tuple[Floats, Floats]:
    return neuron.threshold, np.asarray(neuron.threshold + neuron.beta * after["adaptation"])


def _moving_threshold(neuron: ATRLIF, dt: float | None, before: States, after: States) -> tuple[Floats, Floats]:
    keep = 1 - step_of(neuron, dt) / neuron.tau_threshold
    return neuron.threshold, np.asarray(keep * (before["theta"] - neuron.threshold) + neuron.threshold)


POTENTIALS: Mapping[type[Neuron], Potential] = {
    IF: _recurrent,
    LIF: _recurrent,
    CubaLIF: _recurrent,
    TernaryLIF: _recurrent,
    Integrator: _as_kept,
    LeakyIntegrator: _as_kept,
    CubaLeakyIntegrator: _as_kept,
    ALIF: _as_kept,
    ATRLIF: _above_refractory,
    QIF: _quadratic,
    Relay: _as_kept,
    Sigma: _sigma,  # graded neurons: what their activation is applied to
    SigmaDelta: _biased_sigma,
    Delta: _activity,
}

THRESHOLDS: Mapping[type[Neuron], Threshold] = {
    IF: _fixed_threshold,
    LIF: _fixed_threshold,
    CubaLIF: _fixed_threshold,
    ALIF: _adaptive_threshold,
    ATRLIF: _moving_threshold,
    QIF: _fixed_threshold,
}
