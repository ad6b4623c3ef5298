"""Neurons of one population while they run: state, constants, and the kernel that advances them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Population
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.hardware.simulator.count_kernels import count_spikes
from neurokit.hardware.simulator.kernels import count_events, float_block, lif_block, lif_block_with_rests
from neurokit.hardware.simulator.lif_vectors import BIAS, MEMORYLESS, NARROW, NEURONS, PLAIN, REACH, WIDE
from neurokit.hardware.simulator.pool import POOL
from neurokit.lower.discretise import recurrence

NEVER = np.iinfo(np.int32).max  # a threshold that no potential reaches


class Neurons:
    """State and counters of a population.

    states: name -> (samples, n), all that a run carries from one step to the next. counts: (samples, n) int64, events
    sent. step_counts: arrays of the events of each step, summed over neurons and samples.
    wraps: (2,) times that u wrapped, and that another state was clipped, of integer neurons.
    reach: no |synaptic input| since `clear` was larger; whoever calls `advance` says so before.
    forgets_from: the step from which on a step without input ends the same whatever went before. still: whether the
    last one was such a step, and nothing was sent or counted, so that further ones change nothing.
    input_type, state_type, output_type: of synaptic input, states and what is sent (uint8 means 0 or 1 only).
    """

    input_type: Any = np.float64
    state_type: Any = np.float64
    output_type: Any = np.uint8
    forgets_from: float = np.inf

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        self.name = population.name
        self.neuron = population.neuron
        shape = (samples, population.size)
        self.states = {name: POOL.zeros(shape, self.state_type) for name in population.neuron.states}
        self.size = population.size
        self.samples = samples
        self._counts: NDArray[np.int64] | None = None
        self.step_counts: list[NDArray[np.int64]] = []
        self.wraps = np.zeros(2, np.int64)
        self.reach = 0.0
        self.still = False

    @property
    def counts(self) -> NDArray[np.int64]:
        """See the class."""
        if self._counts is None:
            self._counts = np.zeros((self.samples, self.size), np.int64)
        return self._counts

    @counts.setter
    def counts(self, values: NDArray[np.int64]) -> None:
        self._counts = values

    def take_step_counts(self) -> NDArray[np.int64]:
        """Events of each step since the last call, over neurons and samples: (steps,)."""
        taken = np.concatenate(self.step_counts)
        self.step_counts.clear()
        return taken

    @property
    def window(self) -> int:
        """Steps from one scheduled reset to the next, 0 where there are none."""
        return 0

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
        self.rest()
        self._counts = None  # the former array may be somebody else's, see `Engine.count_into`
        self.step_counts.clear()
        self.reach = 0.0
        self.still = False

    def rest(self) -> None:
        """All states to their initial values, zero if a model says nothing else."""
        for values in self.states.values():
            values[:] = 0

    def advance(self, step: int, acc: NDArray[Any], spikes: NDArray[Any]) -> None:
        """Run from `step` on: acc (steps, samples, n) -> spikes of the same shape."""
        totals = np.zeros(acc.shape[0], np.int64)
        self.step_counts.append(totals)
        self.run_block(acc, spikes, totals)

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """Advance the states over acc (steps, samples, n): write spikes, add to counts and totals (steps,)."""
        raise NotImplementedError


class FixedNeurons(Neurons):
    """Integer neurons: states of 24 bits with the int32 overflow of Lava's models, and the reset schedule."""

    input_type = np.int32
    state_type = np.int32

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        assert isinstance(population.neuron, FixedNeuron), "a Program holds integer neurons"
        self._initial = {
            state: np.broadcast_to(values, population.shape).ravel()
            for state, values in population.neuron.initial.items()
        }
        self.rest()

    def rest(self) -> None:
        """See `Neurons.rest`."""
        super().rest()
        for state, values in self._initial.items():
            self.states[state][:] = values

    def resting(self, state: str) -> Any:
        """A state's value at the start and after a scheduled reset."""
        return self._initial.get(state, 0)

    def resets(self, start: int, stop: int) -> list[int]:
        """See `FixedNeuron.reset_interval`."""
        interval, offset = self._schedule()
        if not interval:
            return [offset] if offset and start <= offset < stop else []
        first = offset + max(0, -(-(start - offset) // interval)) * interval
        return list(range(first, stop, interval))

    @property
    def window(self) -> int:
        """See `Neurons.window`."""
        return self._schedule()[0]

    def advance(self, step: int, acc: NDArray[Any], spikes: NDArray[Any]) -> None:
        """See `Neurons.advance`."""
        if self.resets(step, step + 1):
            self.reset()
        if self.held and step < self._schedule()[1]:  # `segments` cuts at the reset that ends it
            spikes[:] = 0
            self.step_counts.append(np.zeros(acc.shape[0], np.int64))
            return
        super().advance(step, acc, spikes)

    def reset(self) -> None:
        """A scheduled reset."""
        self.rest()

    @property
    def held(self) -> bool:
        """See `FixedNeuron`."""
        assert isinstance(self.neuron, FixedNeuron), "a Program holds integer neurons"
        return self.neuron.held

    def _schedule(self) -> tuple[int, int]:
        assert isinstance(self.neuron, FixedNeuron), "a Program holds integer neurons"
        return self.neuron.reset_interval, self.neuron.reset_offset


class LoihiNeurons(FixedNeurons):
    """LoihiLIF."""

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        neuron = population.neuron
        assert isinstance(neuron, LoihiLIF), "see `kinds`"
        threshold = neuron.threshold if neuron.emits else np.asarray(NEVER)
        keep = [1 - np.asarray(decay) / 4096 for decay in (neuron.current_decay, neuron.voltage_decay)]
        held = [_constant(value, population, np.float32) for value in keep]
        held += [_constant(value, population, np.int32) for value in (neuron.bias, threshold, neuron.reset_value)]
        strides = np.array([stride for _, stride in held], np.int64)
        self.constants: tuple[Any, ...] = (*(row for row, _ in held), strides, neuron.reset == "soft")
        if neuron.reset == "soft" or np.delete(strides, BIAS).any():
            self._way = NARROW
        else:
            self._way = PLAIN if keep[0].any() else MEMORYLESS
        if neuron.reset_interval == 1:
            self.forgets_from = neuron.reset_offset
        elif not (keep[0].any() or keep[1].any()):
            self.forgets_from = neuron.reset_offset if neuron.held else 0

    def segments(self, start: int, stop: int, single: bool) -> Iterator[tuple[int, int]]:
        """See `Neurons.segments`; scheduled resets are left to the kernel."""
        if single or self.held:
            yield from super().segments(start, stop, single)
        else:
            yield start, stop

    def advance(self, step: int, acc: NDArray[Any], spikes: NDArray[Any]) -> None:
        """See `Neurons.advance`."""
        if len(acc) == 1 or self.held or not self.resets(step + 1, step + len(acc)):
            super().advance(step, acc, spikes)
            return
        totals = np.zeros(len(acc), np.int64)
        self.step_counts.append(totals)
        *constants, soft = self.constants
        given = (acc, self.states["u"], self.states["v"], spikes, totals, self.wraps, self.rests(step, len(acc)))
        lif_block_with_rests(*given, tuple(constants), soft, self.way)
        count_spikes(spikes, self.counts)

    def rests(self, step: int, steps: int) -> NDArray[np.bool_]:
        """Whether a scheduled reset comes before each of so many steps from `step` on: (steps,)."""
        found = np.zeros(steps, np.bool_)
        found[[k - step for k in self.resets(step, step + steps)]] = True
        return found

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        lif_block(acc, self.states["u"], self.states["v"], spikes, totals, self.wraps, *self.constants, self.way)
        count_spikes(spikes, self.counts)

    @property
    def way(self) -> int:
        """Which kernel is the quickest for these neurons and their input, see `lif_vectors`."""
        if self.reach > REACH:
            return WIDE
        return PLAIN if self._way == MEMORYLESS and self.reach == REACH else self._way


class FloatNeurons(Neurons):
    """The float LIF family, as a Network means it."""

    def __init__(self, population: Population, samples: int, dt: float | None) -> None:
        super().__init__(population, samples, dt)
        r = recurrence(population.neuron, dt)
        values = (r.keep_u, r.gain_u, r.keep_v, r.gain_v, r.leak, r.threshold, r.reset_value)
        rows = numbers_or_rows(values, population.shape, np.float64)
        self.constants = (*rows, r.soft, r.inclusive)
        self.initial = np.broadcast_to(r.initial, population.shape).ravel()
        self.rest()

    def rest(self) -> None:
        """u to zero, v to rest."""
        super().rest()
        self.states["v"][:] = self.initial

    def run_block(self, acc: NDArray[Any], spikes: NDArray[Any], totals: NDArray[np.int64]) -> None:
        """See `Neurons.run_block`."""
        float_block(acc, self.states["u"], self.states["v"], spikes, *self.constants)
        count_events(spikes, self.counts, totals)


def numbers_or_rows(values: tuple[Any, ...], shape: tuple[int, ...], kind: type, rows: bool = False) -> tuple[Any, ...]:
    """Plain numbers when all neurons share all constants, else a value a neuron for each: two kernels, not 2**n.

    rows: a value a neuron in any case.
    """
    arrays = [np.asarray(value) for value in values]
    if not rows and all((array == array.flat[0]).all() for array in arrays):
        return tuple(kind(array.flat[0]) for array in arrays)
    return tuple(np.ascontiguousarray(np.broadcast_to(array, shape).ravel(), dtype=kind) for array in arrays)


def _constant(value: Any, population: Population, kind: type) -> tuple[NDArray[Any], int]:
    """A constant as `lif_block` takes it, and its stride."""
    array = np.asarray(value)
    if (array == array.flat[0]).all():
        return np.full(NEURONS, array.flat[0], kind), 0
    return np.ascontiguousarray(np.broadcast_to(array, population.shape).ravel(), dtype=kind), 1


def to_int32(value: Any) -> Any:
    """A number or a row of whole numbers of at most 32 bits."""
    return np.int32(value) if np.ndim(value) == 0 else value.astype(np.int32)
