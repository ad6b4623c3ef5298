"""Neurons that send payloads, while they run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph import graded_neurons as models
from neurokit.graph.network import Population
from neurokit.hardware.simulator.graded_kernels import (
    delta_block,
    float_relay_block,
    relay_block,
    sigma_block,
    sigma_delta_block,
)
from neurokit.hardware.simulator.kernels import count_events
from neurokit.hardware.simulator.neurons import FixedNeurons, Neurons, numbers_or_rows


class SigmaNeurons(Neurons):
    """Sigma."""

    output_type: Any = np.float64

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        sigma_block(acc, self.states["sigma"], spikes, self.wraps)
        count_events(spikes, self.counts, totals)


class FixedSigmaNeurons(FixedNeurons, SigmaNeurons):
    """FixedSigma."""

    output_type: Any = np.int32


class DeltaNeurons(Neurons):
    """Delta."""

    output_type: Any = np.float64

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, models.Delta | models.FixedDelta), "see `kinds`"
        (threshold,) = numbers_or_rows((neuron.threshold,), population.shape, _wide(self))
        self.constants = (threshold, *_exponents(neuron), neuron.cumulative)

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        act, residue, error = (self.states[name] for name in ("act", "residue", "error"))
        delta_block(acc, act, residue, error, spikes, self.wraps, *self.constants)
        count_events(spikes, self.counts, totals)


class FixedDeltaNeurons(FixedNeurons, DeltaNeurons):
    """FixedDelta."""

    output_type: Any = np.int32


class SigmaDeltaNeurons(Neurons):
    """SigmaDelta."""

    output_type: Any = np.float64

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, models.SigmaDelta | models.FixedSigmaDelta), "see `kinds`"
        threshold, bias = numbers_or_rows((neuron.threshold, neuron.bias), population.shape, _wide(self))
        _, down = _exponents(neuron)
        self.constants = (threshold, bias, down, neuron.activation == "relu", neuron.cumulative)

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        sigma, act, residue, error = (self.states[name] for name in ("sigma", "act", "residue", "error"))
        sigma_delta_block(acc, sigma, act, residue, error, spikes, self.wraps, *self.constants)
        count_events(spikes, self.counts, totals)


class FixedSigmaDeltaNeurons(FixedNeurons, SigmaDeltaNeurons):
    """FixedSigmaDelta."""

    output_type: Any = np.int32


class RelayNeurons(Neurons):
    """Relay."""

    output_type: Any = np.float64

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, models.Relay), "see `kinds`"
        (gain,) = numbers_or_rows((neuron.gain,), population.shape, np.float64)
        self.constants = (gain, neuron.activation == "relu", neuron.latched)

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        float_relay_block(acc, self.states["v"], spikes, *self.constants)
        count_events(spikes, self.counts, totals)


class FixedRelayNeurons(FixedNeurons):
    """FixedRelay."""

    output_type: Any = np.int32

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, models.FixedRelay), "see `kinds`"
        half = (1 << neuron.shift) >> 1 if neuron.rounding == "nearest" else np.zeros((), np.int64)
        numbers = numbers_or_rows((neuron.multiplier, neuron.shift, half), population.shape, np.int64)
        switches = (neuron.rounding == "zero", neuron.activation == "relu", neuron.overflow == "wrap", neuron.latched)
        self.constants = (*numbers, *switches)
        if not neuron.latched:
            self.forgets_from = neuron.reset_offset if neuron.held else 0

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        relay_block(acc, self.states["v"], spikes, self.wraps, *self.constants)
        count_events(spikes, self.counts, totals)


def _wide(neurons: Neurons) -> type:
    """Type of a kernel's constants."""
    return np.int64 if neurons.state_type is np.int32 else np.float64


def _exponents(neuron: models.Delta | models.SigmaDelta | models.FixedDelta | models.FixedSigmaDelta) -> Any:
    """Bits by which the input is shifted up and the payload down."""
    if isinstance(neuron, models.FixedDelta | models.FixedSigmaDelta):
        return neuron.spike_exponent + neuron.state_exponent, neuron.state_exponent
    return 0, 0
