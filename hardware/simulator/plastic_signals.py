"""Signals of a Program's targets while it runs: third factors by `lower.fixedpoint.signals`, learner by learner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import FixedSignal
from neurokit.graph.lif_family import LoihiALIF, LoihiRefractoryLIF
from neurokit.graph.network import Population
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.graph.signals import GATED, THIRD_FACTORS
from neurokit.hardware.simulator import plastic_kernels as kernels
from neurokit.hardware.simulator.links import Rows
from neurokit.lower.fixedpoint import resets_before
from neurokit.lower.fixedpoint.lif import DECAY_SHIFT
from neurokit.lower.fixedpoint.signals import NAMES, IntegerSignal, Moment, integer_signal, signal_step

WITHOUT_STATES = {"modulation", "modulation_positive", "modulation_negative", "modulation_trace", "reward"} | {
    *GATED,
    "constant",
    "spike",
    "spike_trace",
}


FAST = LoihiLIF, LoihiRefractoryLIF, LoihiALIF  # those whose signals a kernel knows
KINDS = {
    "modulation": kernels.MODULATION,
    "modulation_positive": kernels.POSITIVE,
    "modulation_negative": kernels.NEGATIVE,
    "gated_modulation": kernels.GATED,
    "gated_modulation_positive": kernels.GATED_POSITIVE,
    "gated_modulation_negative": kernels.GATED_NEGATIVE,
    "reward": kernels.REWARD,
    "pseudo_derivative": kernels.DERIVATIVE,
    "adaptation_decay": kernels.DERIVATIVE,
    "constant": kernels.CONSTANT,
    "spike": kernels.SPIKE,
    "spike_trace": kernels.SPIKE_TRACE,
    "modulation_trace": kernels.MODULATION_TRACE,
    "potential_above": kernels.ABOVE,
    "potential_below": kernels.BELOW,
}


class FixedSignals:
    """y1 to y3 of one population, for some learners. needs_before: whether a signal asks for the potential.

    fast: whether a kernel knows these neurons; the others go the way of the reference. tables: what it takes.
    """

    def __init__(
        self, signals: Mapping[str, FixedSignal], population: Population, learners: int, names: tuple[str, ...]
    ) -> None:
        assert isinstance(population.neuron, FixedNeuron), "a Program holds integer neurons"
        self.neuron = _flat(population.neuron)
        self.names = names
        self.signals = {k: integer_signal(s, self.neuron, population.size) for k, s in signals.items()}
        self.needs_before = any(signal.function not in WITHOUT_STATES for signal in signals.values())
        self.memory = np.zeros((learners, len(NAMES), population.size), np.int64)
        self.fast = type(self.neuron) in FAST and not self.neuron.held
        if self.fast:
            self.tables = self._tables(population.size)
            self.chip = self.constants()
            self.potential = np.zeros((2, population.size), np.int64)

    def _tables(self, size: int) -> tuple[NDArray[Any], ...]:
        found = [self.signals.get(name) for name in NAMES]
        none = IntegerSignal("constant", np.zeros(size, np.int64), np.zeros(size, np.int64))
        rows = [none if signal is None else signal for signal in found]
        return (
            np.array([KINDS[row.function] for row in rows], np.int64),
            np.stack([row.gain for row in rows]),
            np.stack([row.base for row in rows]),
            np.array([(row.level, (1 << DECAY_SHIFT) - row.decay, row.impulse) for row in rows], np.int64),
            np.array([self.names.index(name) if name in self.names else -1 for name in NAMES], np.int64),
        )

    def constants(self) -> tuple[Any, ...]:
        """What a kernel takes of the neurons, in rows of a value a neuron: see `lif_compared`, `alif_compared`."""
        neuron, size = self.neuron, self.memory.shape[2]
        if isinstance(neuron, LoihiALIF):
            rows: tuple[Any, ...] = neuron.threshold, neuron.beta_mantissa, neuron.beta_shift
        else:
            assert isinstance(neuron, LoihiLIF), "see `fast`"
            rows = (1 << DECAY_SHIFT) - np.asarray(neuron.voltage_decay, np.int64), neuron.bias, neuron.threshold
        found = tuple(np.broadcast_to(np.asarray(row, np.int64), (size,)).copy() for row in rows)
        if isinstance(neuron, LoihiALIF):
            return found
        return (*found, isinstance(neuron, LoihiRefractoryLIF) and neuron.while_refractory == "holds")

    def evaluate(
        self,
        step: int,
        before: Mapping[str, Rows],
        after: Mapping[str, Rows],
        sent: Rows,
        arrived: Mapping[str, Rows],
        out: NDArray[np.int16],
    ) -> None:
        """Write the signals of a step to out (learners, names, targets); see `signals.Moment`."""
        if self.fast:
            self._by_kernel(step, before, after, sent, arrived, out)
            return
        for k, memory in enumerate(self.memory):
            rows = [{name: x[k].astype(np.int64) for name, x in all_.items()} for all_ in (before, after, arrived)]
            moment = Moment(step, rows[0], rows[1], sent[k].astype(np.int64), rows[2])
            values, memory[...] = signal_step(self.signals, self.neuron, memory, moment)
            out[k] = values[[NAMES.index(name) for name in self.names]]

    def _by_kernel(
        self,
        step: int,
        before: Mapping[str, Rows],
        after: Mapping[str, Rows],
        sent: Rows,
        arrived: Mapping[str, Rows],
        out: NDArray[np.int16],
    ) -> None:
        if resets_before(self.neuron, step):
            self.memory[...] = 0
        third = np.zeros((len(sent), len(THIRD_FACTORS), sent.shape[1]), np.int32)
        for port, values in arrived.items():
            third[:, THIRD_FACTORS.index(port)] = values
        for k, memory in enumerate(self.memory):
            if self.needs_before:
                self._compare({name: x[k] for name, x in before.items()}, {name: x[k] for name, x in after.items()})
            kernels.write_signals(*self.tables, memory, *self.potential, sent[k], third[k], out[k])

    def _compare(self, before: Mapping[str, Rows], after: Mapping[str, Rows]) -> None:
        if isinstance(self.neuron, LoihiALIF):
            states = after["v"], after["adaptation"], before["refractory"]
            kernels.alif_compared(*states, *self.chip, *self.potential)
            return
        left = before["refractory"] if isinstance(self.neuron, LoihiRefractoryLIF) else np.zeros(0, np.int32)
        kernels.lif_compared(before["v"], left, after["u"], *self.chip, *self.potential)

    def rest(self) -> None:
        """A sample begins."""
        self.memory[...] = 0

    def keep(self) -> dict[str, NDArray[Any]]:
        """Copies of what is carried."""
        return {"signals": self.memory.copy()}

    def take(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `keep` gave."""
        self.memory[...] = kept["signals"]


def _flat(neuron: FixedNeuron) -> FixedNeuron:
    """With parameters in the order of the weights' rows."""
    values: dict[str, Any] = {f.name: getattr(neuron, f.name) for f in fields(neuron)}
    flat: dict[str, Any] = {
        name: value.ravel() for name, value in values.items() if isinstance(value, np.ndarray) and value.ndim > 1
    }
    return replace(neuron, **flat)
