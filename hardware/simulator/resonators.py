"""Resonate-and-fire neurons while they run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Population
from neurokit.graph.neurons import MAX_DECAY
from neurokit.graph.resonators import FixedAdaptiveResonateAndFire, FixedResonateAndFire, ResonateAndFire
from neurokit.hardware.simulator.kernels import count_events
from neurokit.hardware.simulator.neurons import FixedNeurons, Neurons, numbers_or_rows
from neurokit.hardware.simulator.resonator_kernels import adaptive_resonate_block, float_resonate_block, resonate_block


class Resonators(Neurons):
    """ResonateAndFire."""

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, ResonateAndFire), "see `kinds`"
        numbers = numbers_or_rows((*neuron.turn, neuron.threshold), population.shape, np.float64)
        self.constants = (*numbers, neuron.fires_at == "top")

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        float_resonate_block(acc, self.states["real"], self.states["imag"], spikes, *self.constants)
        count_events(spikes, self.counts, totals)


class FixedResonators(FixedNeurons):
    """FixedResonateAndFire."""

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, FixedResonateAndFire), "see `kinds`"
        numbers = numbers_or_rows((neuron.sine, neuron.cosine, neuron.threshold), population.shape, np.int64)
        self.constants = (*numbers, neuron.state_exponent, neuron.decay_bits, neuron.fires_at == "top")

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        resonate_block(acc, self.states["real"], self.states["imag"], spikes, *self.constants)
        count_events(spikes, self.counts, totals)


class FixedAdaptiveResonators(FixedNeurons):
    """FixedAdaptiveResonateAndFire."""

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, FixedAdaptiveResonateAndFire), "see `kinds`"
        kept = (MAX_DECAY - neuron.threshold_decay, MAX_DECAY - neuron.refractory_decay)
        values = (neuron.sine, neuron.cosine, neuron.threshold, *kept, neuron.threshold_step)
        numbers = numbers_or_rows(values, population.shape, np.int64)
        self.constants = (*numbers, neuron.state_exponent, neuron.decay_bits, neuron.fires_at == "top")

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        run: Any = adaptive_resonate_block
        run(acc, *self.states.values(), spikes, *self.constants)
        count_events(spikes, self.counts, totals)
