"""Neurons with another chip's arithmetic while they run; models in `silicon`, kernels in `silicon_kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Population
from neurokit.graph.neurons import MAX_DECAY
from neurokit.hardware.simulator import silicon_kernels as kernels
from neurokit.hardware.simulator.graded_neurons import FixedDeltaNeurons, FixedSigmaDeltaNeurons, FixedSigmaNeurons
from neurokit.hardware.simulator.kernels import count_events
from neurokit.hardware.simulator.neurons import NEVER, FixedNeurons, numbers_or_rows
from neurokit.hardware.simulator.silicon import SiliconDelta, SiliconLIF, SiliconSigma, SiliconSigmaDelta
from neurokit.lower.fixedpoint import wrap32
from neurokit.lower.silicon import BY_FIELD, Silicon

CLEARED = {"u-and-v": ("u", "v", "potential"), "v": ("v", "potential"), "u": ("u",), "none": ()}


class SiliconNeurons(FixedNeurons):
    """SiliconLIF."""

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, SiliconLIF), "see `kinds`"
        silicon = neuron.silicon
        self._cleared = CLEARED[silicon.reset_states]
        decays = (
            MAX_DECAY - np.clip(neuron.current_decay + silicon.current_decay_offset, 0, MAX_DECAY),
            MAX_DECAY - np.clip(neuron.voltage_decay + silicon.voltage_decay_offset, 0, MAX_DECAY),
        )
        threshold = neuron.threshold if neuron.emits else np.asarray(NEVER)
        bias = wrap32(np.left_shift(neuron.bias, silicon.bias_shift))
        values = (*decays, bias, threshold, neuron.reset_value, neuron.voltage_decay)
        self.constants = (*numbers_or_rows(values, population.shape, np.int64), *_switches(neuron.reset, silicon))

    def reset(self) -> None:
        """A scheduled reset, which may leave states as they are."""
        for state in self._cleared:
            self.states[state][:] = self.resting(state)

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        kernels.silicon_lif_block(acc, *self.states.values(), spikes, self.wraps, *self.constants)
        count_events(spikes, self.counts, totals)


class _Payloads(FixedNeurons):
    """Before a model's own class: what it sends is changed on the way, and counted as it arrives."""

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        counts = self.counts.copy()
        super().run_block(acc, spikes, np.zeros_like(totals))
        neuron = self.neuron
        assert isinstance(neuron, SiliconSigma | SiliconDelta | SiliconSigmaDelta), "see `kinds`"
        sign = _place("payload_sign", neuron.silicon)
        kernels.changed_payloads(spikes, neuron.silicon.payload_bits, sign)
        self.counts[:] = counts
        count_events(spikes, self.counts, totals)


class SiliconSigmas(_Payloads, FixedSigmaNeurons):
    """SiliconSigma."""


class SiliconDeltas(_Payloads, FixedDeltaNeurons):
    """SiliconDelta."""


class SiliconSigmaDeltas(_Payloads, FixedSigmaDeltaNeurons):
    """SiliconSigmaDelta."""


def _place(name: str, silicon: Silicon) -> int:
    """Which of a field's values it is, in the order of SUSPECTS, which the kernels know by number."""
    return list(BY_FIELD[name].values).index(getattr(silicon, name))


def _switches(reset: str, silicon: Silicon) -> tuple[Any, ...]:
    """What `silicon_lif_block` takes last."""
    numbers = ("accumulator", "current_rounding", "voltage_rounding", "after_spike")
    return (
        reset == "soft",
        silicon.threshold_rule == ">=",
        silicon.potential_uses == "old-current",
        silicon.potential_limit == "wraps",
        silicon.refractory_steps,
        *(_place(name, silicon) for name in numbers),
    )
