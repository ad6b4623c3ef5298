"""A LIF neuron in the chip's units, in which each effect of the chip can be switched by itself.

The parity ladder runs Networks of it to tell which effect costs what (`neurokit.causes`). It is no model that a source
or a Program holds: with everything off it is the float LIF in other units, with everything on it is LoihiLIF, bit for
bit (whole numbers below 2**53 are exact in float64).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Population
from neurokit.graph.neurons import FloatArray, Neuron
from neurokit.hardware.simulator.kernels import count_events
from neurokit.hardware.simulator.neurons import Neurons, numbers_or_rows
from neurokit.hardware.simulator.switched_kernels import switched_block


@dataclass(frozen=True, eq=False, kw_only=True)
class SwitchedLIF(Neuron):
    """Per step, with a the summed synaptic input, all in units of v and counted from rest:
        u := wrap([keep_u u] + a + current);  v := clip([keep_v v] + u + bias)
        s := v > threshold (>= where inclusive);  v[s] := reset_value, or v - reset_value where soft
    [] drops the fraction where `truncates` and keep is not 1; wrap and clip keep 24 bits where `limited`.

    current: constant input through u. bias: constant input to v. refractory: steps, in which v stays where `holds`.
    emits: False for a readout. reset_interval, reset_offset, held: as of a FixedNeuron.
    All arrays float64, a number or one a neuron.
    """

    states: ClassVar[tuple[str, ...]] = ("u", "v", "refractory")

    keep_u: FloatArray
    keep_v: FloatArray
    current: FloatArray
    bias: FloatArray
    threshold: FloatArray
    reset_value: FloatArray
    soft: bool
    inclusive: bool
    truncates: bool
    limited: bool
    emits: bool = True
    refractory: FloatArray = field(default_factory=lambda: np.zeros(()))
    holds: bool = False
    reset_interval: int = 0
    reset_offset: int = 0
    held: bool = False

    @property
    def spiking(self) -> bool:
        """False for a readout."""
        return self.emits


class ScheduledNeurons(Neurons):
    """A switched neuron's resets; see `FixedNeuron.reset_interval`."""

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron: Any = population.neuron
        self.schedule = neuron.reset_interval, neuron.reset_offset, neuron.held

    def resets(self, start: int, stop: int) -> list[int]:
        """See `FixedNeuron.reset_interval`."""
        interval, offset, _ = self.schedule
        if not interval:
            return [offset] if offset and start <= offset < stop else []
        return [step for step in range(start, stop) if step >= offset and (step - offset) % interval == 0]

    def advance(self, step: int, acc: NDArray[Any], spikes: NDArray[Any]) -> None:
        """See `Neurons.advance`."""
        _, offset, held = self.schedule
        if self.resets(step, step + 1):
            self.rest()
        if held and step < offset:  # `segments` cuts at the reset that ends it
            spikes[:] = 0
            self.step_counts.append(np.zeros(acc.shape[0], np.int64))
            return
        super().advance(step, acc, spikes)


class SwitchedNeurons(ScheduledNeurons):
    """SwitchedLIF while it runs."""

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, SwitchedLIF), "see `kinds`"
        threshold = neuron.threshold if neuron.emits else np.asarray(np.inf)
        values = (neuron.keep_u, neuron.keep_v, neuron.current, neuron.bias, threshold, neuron.reset_value)
        rows = numbers_or_rows((*values, neuron.refractory), population.shape, np.float64)
        flags = (neuron.soft, neuron.inclusive, neuron.holds, neuron.truncates, neuron.limited)
        self.constants = (*rows, *flags)

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        switched_block(acc, *self.states.values(), spikes, *self.constants)
        count_events(spikes, self.counts, totals)
