"""Signals of a Program's targets while it runs: third factors by `lower.fixedpoint.signals`, learner by learner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import FixedSignal
from neurokit.graph.network import Population
from neurokit.graph.neurons import FixedNeuron
from neurokit.hardware.simulator.links import Rows
from neurokit.lower.fixedpoint.signals import NAMES, Moment, integer_signal, signal_step

WITHOUT_STATES = {"modulation", "modulation_positive", "modulation_negative", "modulation_trace", "reward"} | {
    "constant",
    "spike",
    "spike_trace",
}


class FixedSignals:
    """y1 to y3 of one population, for some learners. needs_before: whether a signal asks for the potential."""

    def __init__(self, signals: Mapping[str, FixedSignal], population: Population, learners: int) -> None:
        assert isinstance(population.neuron, FixedNeuron), "a Program holds integer neurons"
        self.neuron = _flat(population.neuron)
        self.signals = {k: integer_signal(s, self.neuron, population.size) for k, s in signals.items()}
        self.needs_before = any(signal.function not in WITHOUT_STATES for signal in signals.values())
        self.memory = np.zeros((learners, len(NAMES), population.size), np.int64)

    def evaluate(
        self,
        names: tuple[str, ...],
        step: int,
        before: Mapping[str, Rows],
        after: Mapping[str, Rows],
        sent: Rows,
        arrived: Mapping[str, Rows],
        out: NDArray[np.int16],
    ) -> None:
        """Write the signals of a step to out (learners, names, targets); see `signals.Moment`."""
        for k, memory in enumerate(self.memory):
            rows = [{name: x[k].astype(np.int64) for name, x in all_.items()} for all_ in (before, after, arrived)]
            moment = Moment(step, rows[0], rows[1], sent[k].astype(np.int64), rows[2])
            values, memory[...] = signal_step(self.signals, self.neuron, memory, moment)
            out[k] = values[[NAMES.index(name) for name in names]]

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
