"""Parameters of float neurons that are numbers, but none that such a neuron can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neurokit.errors import Fault
from neurokit.graph.graded_neurons import Delta, SigmaDelta
from neurokit.graph.network import Population
from neurokit.graph.neurons import FixedNeuron
from neurokit.graph.resonators import ResonateAndFire

GAINS = ("r", "w_in", "resistance", "gain")  # what the input is multiplied by
SWITCHES = ("cumulative", "latched", "emits", "held")  # True or False


def parameter_faults(population: Population) -> Iterator[Fault]:
    """Faults of `population`'s parameters, of those that are finite (NaN and infinity are refused for all alike)."""
    name, neuron = population.name, population.neuron
    for field in SWITCHES:
        value = getattr(neuron, field, False)
        if not isinstance(value, bool | np.bool_):
            yield Fault(name, f"{field} is {value!r}", "it is True or False", "Choose one of them.")
    if isinstance(neuron, FixedNeuron):
        return
    for field in GAINS:
        if (np.asarray(getattr(neuron, field, 1.0)) == 0).all():  # of some channels: pruned ones
            limit = "what such a neuron receives would have no effect"
            yield Fault(name, f"{field} is 0", limit, "Repair the source, or leave the population out.")
    if isinstance(neuron, Delta | SigmaDelta) and _below(neuron.threshold):
        yield Fault(name, *_negative("threshold", neuron.threshold), "Use 0 to send every change.")
    if _below(getattr(neuron, "subtracts", np.zeros(()))):
        fact, limit = _negative("subtracts", neuron.subtracts)  # type: ignore[attr-defined]
        yield Fault(name, fact, f"{limit} (thresholds that a soft reset takes off)", "Use 1, or 0 for no reset.")
    if isinstance(neuron, ResonateAndFire):
        yield from _resonator(name, neuron)


def _resonator(name: str, neuron: ResonateAndFire) -> Iterator[Fault]:
    if (neuron.period <= 0).any():
        fact = f"period is {neuron.period.min():g}"
        yield Fault(name, fact, "a turn takes some steps, more than 0", "Give steps of a turn.")
    if _below(neuron.decay) or (neuron.decay > 1).any():
        worst = neuron.decay.min() if _below(neuron.decay) else neuron.decay.max()
        fact, limit = f"decay is {worst:g}", "it is the share that is lost in a step, 0 to 1"
        yield Fault(name, fact, limit, "Repair the source.")
    if (neuron.threshold <= 0).any():
        fact, limit = f"threshold is {neuron.threshold.min():g}", "it lies above 0"
        yield Fault(name, fact, limit, "Repair the source: such a neuron fires without input.")


def _below(values: Any) -> bool:
    return bool((np.asarray(values) < 0).any())


def _negative(field: str, values: Any) -> tuple[str, str]:
    return f"{field} is {np.min(values):g}", "it is at least 0"
