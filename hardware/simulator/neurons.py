"""Neurons of one population while they run: state, constants, and the kernel that advances them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Population
from neurokit.graph.neurons import LoihiLIF
from neurokit.hardware.simulator.kernels import float_block, lif_block
from neurokit.lower.discretise import recurrence

NEVER = np.iinfo(np.int32).max  # a threshold that no potential reaches


class Neurons:
    """State and counters; u and v are (samples, n)."""

    input_type: Any = np.float64

    def __init__(self, population: Population, samples: int) -> None:
        self.name = population.name
        self.u = np.zeros((samples, population.size), self.state_type())
        self.v = np.zeros((samples, population.size), self.state_type())
        self.counts = np.zeros((samples, population.size), np.int64)
        self.step_counts: list[NDArray[np.int64]] = []

    def state_type(self) -> Any:
        """Type of u and v."""
        return np.float64

    def state(self, name: str) -> NDArray[Any]:
        """u or v, (samples, n)."""
        return self.u if name == "u" else self.v

    def segments(self, start: int, stop: int, single: bool) -> Iterator[tuple[int, int]]:
        """Runs of steps between which state is read (`single`) or reset."""
        cuts = set(range(start, stop)) if single else {start, *self.resets(start, stop)}
        ends = [*sorted(cuts), stop]
        yield from pairwise(ends)

    def resets(self, start: int, stop: int) -> list[int]:
        """Steps before which the state becomes zero."""
        return []

    def clear(self) -> None:
        """Back to the initial state, counters included."""
        self.u[:] = 0
        self.v[:] = 0
        self.counts[:] = 0
        self.step_counts.clear()

    def advance(self, step: int, acc: NDArray[Any], spikes: NDArray[np.uint8]) -> None:
        """Run from `step` on: acc (steps, samples, n) -> spikes of the same shape."""
        raise NotImplementedError


class FixedNeurons(Neurons):
    """LoihiLIF in integers."""

    input_type = np.int32

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples)
        neuron = population.neuron
        assert isinstance(neuron, LoihiLIF), "a Program holds LoihiLIF only"
        self.interval, self.offset = neuron.reset_interval, neuron.reset_offset
        self.held_until = neuron.reset_offset if neuron.held else 0
        threshold = neuron.threshold if neuron.emits else np.asarray(NEVER)
        values = (4096 - neuron.current_decay, 4096 - neuron.voltage_decay, neuron.bias, threshold, neuron.reset_value)
        rows = _numbers_or_rows(values, population.shape, np.int64)
        self.constants = (*rows, neuron.reset == "soft")

    def state_type(self) -> Any:
        """24 bits and the int32 overflow of Lava's models."""
        return np.int32

    def resets(self, start: int, stop: int) -> list[int]:
        """See `LoihiLIF.reset_interval`."""
        if not self.interval:
            return [self.offset] if self.offset and start <= self.offset < stop else []
        first = self.offset + max(0, -(-(start - self.offset) // self.interval)) * self.interval
        return list(range(first, stop, self.interval))

    def advance(self, step: int, acc: NDArray[Any], spikes: NDArray[np.uint8]) -> None:
        """See `Neurons.advance`."""
        if self.resets(step, step + 1):
            self.u[:] = 0
            self.v[:] = 0
        totals = np.zeros(acc.shape[0], np.int64)
        if step < self.held_until:  # `segments` cuts at the reset that ends it
            spikes[:] = 0
            self.step_counts.append(totals)
            return
        lif_block(acc, self.u, self.v, spikes, self.counts, totals, *self.constants)
        self.step_counts.append(totals)


class FloatNeurons(Neurons):
    """Float neuron models, as a Network means them."""

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples)
        r = recurrence(population.neuron, dt)
        values = (r.keep_u, r.gain_u, r.keep_v, r.gain_v, r.leak, r.threshold, r.reset_value)
        rows = _numbers_or_rows(values, population.shape, np.float64)
        self.constants = (*rows, r.soft, r.inclusive)
        self.initial = np.broadcast_to(r.initial, population.shape).ravel()
        self.v[:] = self.initial

    def clear(self) -> None:
        """Back to rest."""
        super().clear()
        self.v[:] = self.initial

    def advance(self, step: int, acc: NDArray[Any], spikes: NDArray[np.uint8]) -> None:
        """See `Neurons.advance`."""
        totals = np.zeros(acc.shape[0], np.int64)
        float_block(acc, self.u, self.v, spikes, self.counts, totals, *self.constants)
        self.step_counts.append(totals)


def _numbers_or_rows(values: tuple[Any, ...], shape: tuple[int, ...], kind: type) -> tuple[Any, ...]:
    """Plain numbers when all neurons share all constants, else a value a neuron for each: two kernels, not 2**n."""
    arrays = [np.asarray(value) for value in values]
    if all((array == array.flat[0]).all() for array in arrays):
        return tuple(kind(array.flat[0]) for array in arrays)
    return tuple(np.ascontiguousarray(np.broadcast_to(array, shape).ravel(), dtype=kind) for array in arrays)
