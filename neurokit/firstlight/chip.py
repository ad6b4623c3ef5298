"""A chip simulated plainly, with any of the suspected differences: the predictions of the first-light kit.

With the default Silicon it computes what a Program means. It is slow (numpy, a step at a time), and takes LIF and
sigma-delta neurons, which is what stock targets have.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.conformance.interpreter import matrix_of, recorded, stacked
from neurokit.errors import Fault
from neurokit.graph.graded_neurons import FixedDelta, FixedSigma, FixedSigmaDelta
from neurokit.graph.network import Program, Projection
from neurokit.graph.neurons import MAX_DECAY, MAX_POTENTIAL, FixedNeuron, LoihiLIF
from neurokit.graph.synapses import Convolving, Injection, Shape
from neurokit.hardware.base import Progress, RecordKey
from neurokit.hardware.simulator.silicon import silicon_faults
from neurokit.lower.fixedpoint import ACTIVATION_SHIFT, chip_weights, neuron_step, resets_before, shift, wrap24, wrap32
from neurokit.lower.fixedpoint.lif import DECAY_SHIFT, HALF_RANGE
from neurokit.lower.silicon import Silicon
from neurokit.records import Recording

Ints = NDArray[np.int64]
NEURONS = (LoihiLIF, FixedSigma, FixedDelta, FixedSigmaDelta)
NARROW = 1 << 21  # nengo-loihi @e564f66, Q_BITS
MARKER = 128  # lava-nc/lava#282


class SimulatedChip:
    """A backend for nk.run that follows a Silicon; everything is recorded, whatever `record` says."""

    def __init__(self, silicon: Silicon = Silicon()) -> None:  # noqa: B008  # frozen
        self.silicon = silicon

    @property
    def name(self) -> str:
        """Name in recordings."""
        return "simulated-chip"

    def accepts(self, program: Program) -> list[Fault]:
        """Neurons other than LIF and sigma-delta, and what learns, are refused."""
        limit, mend = "the simulated chip has LIF and sigma-delta neurons", "Run it on backend='simulator'."
        faults = [
            Fault(name, f"is {type(p.neuron).__name__}", limit, mend)
            for name, p in program.populations.items()
            if type(p.neuron) not in NEURONS  # not their subclasses
        ]
        learns = [
            Fault(p.name, "learns", "the simulated chip does not", mend)
            for p in program.projections
            if p.plasticity is not None
        ]
        return faults + learns or silicon_faults(program, self.silicon)

    def run(
        self,
        program: Program,
        inputs: Mapping[str, NDArray[Any]],
        steps: int,
        record: tuple[RecordKey, ...] = (),
        *,
        record_every: int | None = None,
        time_limit: float | None = None,
        progress: Progress | None = None,
    ) -> Recording:
        """See `hardware.base.Backend.run`; there is no time limit."""
        started = time.monotonic()
        batch = next(iter(inputs.values())).shape[0]
        samples = [simulate(program, {n: x[k] for n, x in inputs.items()}, steps, self.silicon) for k in range(batch)]
        return recorded(program, *stacked(samples), steps, self.name, started)


def simulate(
    program: Program, inputs: Mapping[str, NDArray[Any]], steps: int, silicon: Silicon
) -> tuple[dict[str, Ints], dict[tuple[str, str], Ints]]:
    """One sample from zero state: (what each input and population sent, states that a probe reads by (name, state)).

    inputs: name -> (time, *shape). All arrays are (steps, *shape).
    """
    shapes = {name: program.shape_of(name) for name in [*program.inputs, *program.populations]}
    sent = {name: np.zeros((steps, *shape), np.int64) for name, shape in shapes.items()}
    for name, values in inputs.items():
        sent[name][: len(values)] = values[:steps]
    cells = {name: _Cell(program.neuron(name), shapes[name], silicon) for name in program.populations}
    wires = {name: [_Wire(p, shapes, silicon) for p in program.incoming(name)] for name in cells}
    seen = {(n, s): np.zeros((steps, *shapes[n]), np.int64) for n, c in cells.items() for s in c.neuron.states}
    for t in range(steps):
        for name, cell in cells.items():
            if not (cell.neuron.held and t < cell.neuron.reset_offset):
                a = sum((wire.arriving(sent[wire.source], t) for wire in wires[name]), np.zeros(shapes[name], np.int64))
                sent[name][t] = cell.step(a, t)
            for state, values in cell.seen.items():
                seen[name, state][t] = values
    return sent, seen


class _Cell:
    """Neurons of a population and their states. seen: what a probe reads of them."""

    def __init__(self, neuron: FixedNeuron, shape: Shape, silicon: Silicon) -> None:
        self.neuron = neuron
        self.silicon = silicon
        self.states = {s: np.broadcast_to(neuron.initial.get(s, 0), shape).astype(np.int64) for s in neuron.states}
        self.start = dict(self.states)
        self.seen = dict(self.states)
        self.waits = np.zeros(shape, np.int64)  # refractory steps left

    def step(self, a: Ints, t: int) -> Ints:
        """Payloads sent at step t."""
        if self._resets(t):
            cleared = {"u-and-v": self.states, "v": ("v",), "u": ("u",), "none": ()}[self.silicon.reset_states]
            self.states |= {state: self.start[state] for state in cleared}
        if isinstance(self.neuron, LoihiLIF):
            return self._lif(self.neuron, a)
        self.states, payload = neuron_step(self.neuron, self.states, a)
        self.seen = self.states
        return _payload(payload, self.silicon)

    def _resets(self, t: int) -> bool:
        scheduled = self.neuron.reset_interval > 0 or self.neuron.reset_offset > 0
        return scheduled and t > 0 and resets_before(self.neuron, t - self.silicon.reset_offset)

    def _lif(self, neuron: LoihiLIF, a: Ints) -> Ints:
        silicon, before = self.silicon, self.states["u"]
        decayed = _decay(before, neuron.current_decay + silicon.current_decay_offset, silicon.current_rounding)
        u = _accumulated(decayed, a, silicon.accumulator)
        v = _decay(self.states["v"], neuron.voltage_decay + silicon.voltage_decay_offset, silicon.voltage_rounding)
        v = wrap32(v + (u if silicon.potential_uses == "new-current" else before))
        v = wrap32(v + np.left_shift(neuron.bias, silicon.bias_shift))
        v = wrap24(v) if silicon.potential_limit == "wraps" else np.clip(v, -MAX_POTENTIAL, MAX_POTENTIAL)
        v = np.where(self.waits > 0, self.states["v"], v)
        spikes = (v > neuron.threshold) if silicon.threshold_rule == ">" else (v >= neuron.threshold)
        spikes = spikes & (self.waits == 0) & neuron.emits
        self.waits = np.where(spikes, silicon.refractory_steps, np.maximum(self.waits - 1, 0))
        after = neuron.reset_value if neuron.reset == "hard" else v - neuron.reset_value
        if neuron.reset == "hard" and silicon.after_spike == "stays-128":
            after = np.asarray(MARKER)
        v = np.where(spikes, after, v)
        self.states = {"u": u, "v": v}
        read = {"reads-128": np.asarray(MARKER), "reads-decay": neuron.voltage_decay}.get(silicon.after_spike, v)
        self.seen = {"u": u, "v": np.where(spikes, read, v)}
        return np.asarray(spikes, np.int64)


def _accumulated(decayed: Ints, a: Ints, rule: str) -> Ints:
    """u from the decayed u and the synaptic input a."""
    added = wrap32(np.left_shift(a, ACTIVATION_SHIFT))
    if rule == "sum-wraps-21":
        added = (added + NARROW) % (2 * NARROW) - NARROW
    elif rule == "sum-saturates-21":
        added = np.clip(added, 1 - NARROW, NARROW - 1)
    u = wrap32(decayed + added)
    if rule == "u-saturates-23":
        return np.asarray(np.clip(u, -MAX_POTENTIAL, MAX_POTENTIAL))
    high = np.where(u > HALF_RANGE, u - 2 * HALF_RANGE, u)  # Lava's single wrap
    return np.where(high <= -HALF_RANGE, u + 2 * HALF_RANGE, high)


def _decay(state: Ints, constant: Any, rounding: str) -> Ints:
    """state (4096 - constant) / 4096."""
    kept = MAX_DECAY - np.clip(constant, 0, MAX_DECAY)
    if rounding == "down":
        return np.asarray((state * kept) >> DECAY_SHIFT)
    up = {"toward-zero": 0, "nearest": 1 << (DECAY_SHIFT - 1), "away": (1 << DECAY_SHIFT) - 1}[rounding]
    return np.asarray(np.sign(state) * ((np.abs(state) * kept + up) >> DECAY_SHIFT))


def _payload(values: Ints, silicon: Silicon) -> Ints:
    """What arrives of a payload; 24 bits are not enforced, as they are not in Lava."""
    if silicon.payload_bits < 24:
        half = 1 << (silicon.payload_bits - 1)
        values = (values + half) % (2 * half) - half
    if silicon.payload_sign == "magnitude":
        return np.abs(values)
    return np.maximum(values, 0) if silicon.payload_sign == "positive-only" else values


class _Wire:
    """A projection: its weights as the chip holds them, by delay."""

    def __init__(self, projection: Projection, shapes: Mapping[str, Shape], silicon: Silicon) -> None:
        self.source = projection.source
        self.target_shape = shapes[projection.target]
        self.convolves = isinstance(projection.synapse, Convolving)
        self.injects = isinstance(projection.synapse, Injection)
        self.parts = [] if self.injects else list(self._by_delay(projection, shapes[projection.source], silicon))

    def arriving(self, sent: Ints, t: int) -> Ints:
        """Synaptic input of step t."""
        if self.injects:
            now: Ints = sent[t]
            return now
        total = np.zeros(int(np.prod(self.target_shape)), np.int64)
        for delay, summed in self.parts:
            if t >= delay and sent[t - delay].any():
                part = summed(sent[t - delay].ravel())
                total += wrap24(part) if self.convolves else part
        return total.reshape(self.target_shape)

    def _by_delay(
        self, projection: Projection, source: Shape, silicon: Silicon
    ) -> Iterator[tuple[int, Callable[[Ints], Ints]]]:
        matrix = matrix_of(projection.synapse, source)
        exponent = int(getattr(projection.synapse, "exponent", 0))
        if not self.convolves:
            held = chip_weights(matrix, exponent)
            matrix, exponent = _truncated(held.mantissa.astype(np.int64), silicon.weight_truncation), held.exponent
        place = np.broadcast_to(projection.delay, matrix.shape)
        for delay in np.unique(projection.delay):
            late = int(delay) + (silicon.delay_offset if delay > 1 else 0)
            yield late, _summing(np.where(place == delay, matrix, 0), exponent, silicon.negative_shift)


def _truncated(mantissa: Ints, rule: str) -> Ints:
    if rule == "none":
        return mantissa
    return mantissa & ~1 if rule == "down" else np.sign(mantissa) * (np.abs(mantissa) & ~1)


def _summing(matrix: Ints, exponent: int, rule: str) -> Callable[[Ints], Ints]:
    """The weighted sum, shifted."""
    if exponent < 0 and rule.startswith("weight"):
        small = matrix >> -exponent if rule == "weight-down" else np.sign(matrix) * (np.abs(matrix) >> -exponent)
        return lambda sent: small @ sent
    if exponent < 0 and rule == "sum-toward-zero":
        return lambda sent: np.sign(matrix @ sent) * (np.abs(matrix @ sent) >> -exponent)
    return lambda sent: shift(matrix @ sent, exponent)
