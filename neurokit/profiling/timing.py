"""Time of a run on the chip: each step lasts as long as its busiest core, then comes the barrier.

T_step = max(step floor, host, max over cores(n_sop t_sop, n_upd t_upd, n_spk t_spk)) + barrier
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurokit.place.chips import Chip
from neurokit.profiling.estimate import Estimate
from neurokit.profiling.sensitivity import Influence, at_bounds

Floats = NDArray[np.float64]
_AT_ONCE = 1 << 21  # numbers of a temporary
_BINS = 48


@dataclass(frozen=True, eq=False)
class Load:
    """Work of a population's busiest core in each step of a sample.

    synaptic_operations, spikes: (steps,). updates: neurons on the fullest core.
    """

    population: str
    synaptic_operations: Floats
    updates: float
    spikes: Floats


@dataclass(frozen=True)
class Time:
    """step: mean time of a step (s). sample: of all steps of one sample (s). bottleneck: what sets the nominal one.

    influences: what each coefficient does to the time of a sample, the strongest first; empty where nothing was drawn.
    """

    step: Estimate
    sample: Estimate
    bottleneck: str
    influences: tuple[Influence, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "step": self.step.to_dict(),
            "sample": self.sample.to_dict(),
            "bottleneck": self.bottleneck,
            "influences": [vars(influence) for influence in self.influences],
        }


@dataclass(frozen=True, eq=False)
class Work:
    """Work of the busiest core of each step, whichever that is, and what no step is shorter than.

    synaptic_operations, spikes: (kinds of steps,), `times` each. updates: neurons. floor: seconds of a step.
    """

    synaptic_operations: Floats
    spikes: Floats
    times: Floats
    updates: float
    floor: float

    @classmethod
    def of(cls, loads: Sequence[Load], steps: int, floor: float) -> Work:
        """Of all cores: the most of each kind of work, step by step; equal steps are taken together."""
        operations = spikes = np.zeros(steps)
        for load in loads:
            operations, spikes = np.maximum(operations, load.synaptic_operations), np.maximum(spikes, load.spikes)
        kinds, times = np.unique(np.stack([operations, spikes]), axis=1, return_counts=True)
        updates = max((load.updates for load in loads), default=0.0)
        return cls(kinds[0], kinds[1], times.astype(np.float64), updates, floor)

    def coarser(self) -> Work:
        """At most _BINS**2 kinds of steps, each the mean of steps alike in rank of both; for draws, where all would
        take long. The same where there are no more."""
        if len(self.times) <= _BINS**2:
            return self
        ranks = [np.argsort(np.argsort(work, kind="stable")) for work in (self.synaptic_operations, self.spikes)]
        first, second = (rank * _BINS // len(self.times) for rank in ranks)
        _, kinds = np.unique(first * _BINS + second, return_inverse=True)
        times = np.asarray(np.bincount(kinds, self.times), dtype=np.float64)
        operations, spikes = (
            np.bincount(kinds, self.times * work) / times for work in (self.synaptic_operations, self.spikes)
        )
        return Work(operations, spikes, times, self.updates, self.floor)

    def seconds(self, coefficients: Mapping[str, Floats]) -> Floats:
        """Seconds of all steps: (draws,) for coefficients of (draws,) or (1,) values in seconds."""
        names = ("synapse_time", "update_time", "spike_time", "barrier")
        zero = np.zeros(1)
        synapse, update, spike, barrier = np.broadcast_arrays(*(coefficients.get(name, zero) for name in names))
        least = np.maximum(self.floor, self.updates * update)
        chunk = max(1, _AT_ONCE // max(1, len(self.times)))
        busy = np.zeros(len(least))
        for first in range(0, len(least), chunk):
            these = slice(first, first + chunk)
            step = np.maximum(least[these, None], synapse[these, None] * self.synaptic_operations)
            busy[these] = np.maximum(step, spike[these, None] * self.spikes) @ self.times
        return np.asarray(busy + barrier * self.times.sum())


def run_time(chip: Chip, loads: Sequence[Load], steps: int, cores: int, host: float = 0.0) -> Time:
    """Time of a sample of `steps` steps on `cores` cores. host: seconds of I/O per step, in parallel with the rest."""
    ranges = chip.ranges(cores)
    floors = {"step floor": chip.step_floor, "host I/O": host}
    work = Work.of(loads, steps, max(floors.values()))
    low, nominal, high = work.seconds(at_bounds(ranges))
    nominals = {name: coefficient.si()[1] for name, coefficient in ranges.items()}
    everything = {name: seconds * steps for name, seconds in floors.items()}
    for load in loads:
        everything[f"synaptic operations of {load.population}"] = (
            load.synaptic_operations.sum() * nominals["synapse_time"]
        )
        everything[f"neuron updates of {load.population}"] = load.updates * steps * nominals["update_time"]
        everything[f"spikes of {load.population}"] = load.spikes.sum() * nominals.get("spike_time", 0.0)
    everything["barrier"] = steps * nominals["barrier"]
    sample = Estimate(float(low), float(nominal), float(high), "s")
    slowest = max(everything, key=lambda name: float(everything[name]))
    return Time(sample.times(1 / steps) if steps else sample, sample, slowest)
