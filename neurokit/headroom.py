"""The audit: how near sums and states of a Program come to the ends of their ranges, on data and in the worst case.

Lava's models hold 2**17 in what reaches a neuron in a step (u wraps at 2**23, 64 units each); Loihi 1's accumulator is
believed to hold 2**15 (`Chip.largest_sum`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.arguments import Inputs, check_graph, check_inputs, check_steps
from neurokit.budget import recording_bytes
from neurokit.calibration import ROOM
from neurokit.errors import Fault
from neurokit.graph.check import need_program
from neurokit.graph.graded_neurons import FixedDelta, FixedSigma, FixedSigmaDelta
from neurokit.graph.network import Program
from neurokit.graph.neurons import MAX_POTENTIAL, FixedNeuron, LoihiLIF
from neurokit.hardware.base import RecordKey
from neurokit.lower.bounds import LAVAS_SUM, Bound, bounds
from neurokit.lower.fixedpoint import resets_before
from neurokit.lower.fixedpoint.lif import ACTIVATION_SHIFT, decay
from neurokit.place.chips import Chip, chip_named
from neurokit.records import Recording

STATE = MAX_POTENTIAL + 1  # u wraps there


@dataclass(frozen=True)
class Headroom:
    """One population. All numbers in the chip's units; seen: over all samples, steps and neurons.

    sum: largest |synaptic input| of a step seen, None where no state tells (relays, resonators).
    current: largest |u| seen; of neurons without u the largest |state|. potential: largest |v| seen, None without v.
    wrapped: times that u or a sum wrapped, or a graded neuron's states left 24 bits. saturated: times that a state was
    clipped.
    worst: the worst case, for payloads as large as those of the audit.
    """

    population: str
    sum: int | None
    current: int
    potential: int | None
    wrapped: int
    saturated: int
    worst: Bound

    @property
    def bits(self) -> float:
        """Bits between the largest |u| seen and the 24 that u has; infinite for u = 0."""
        return math.log2(STATE / self.current) if self.current else math.inf


@dataclass(frozen=True, eq=False)
class Audit:
    """What `audit` saw. print() shows it as a table."""

    populations: tuple[Headroom, ...]
    chip: Chip
    samples: int

    @property
    def faults(self) -> list[Fault]:
        """Where integers wrapped, and where sums seen are beyond what the chip's accumulator is believed to hold."""
        return [fault for row in self.populations for fault in self._faults(row)]

    def _faults(self, row: Headroom) -> Iterator[Fault]:
        if row.wrapped:
            fact = f"sums, its current or its states wrapped {row.wrapped} times"
            limit = f"u holds |sum| < {LAVAS_SUM} a step"
            yield Fault(row.population, fact, limit, "Compile with calibrate= of such data.")
        most = self.chip.largest_sum
        if most is not None and row.sum is not None and row.sum >= most.value:
            fact = f"sums reached {row.sum}"
            limit = f"{self.chip.title}'s accumulator is believed to wrap at {most.value}"
            mend = "Compile with fewer bits=, or scale the payloads it is sent down."
            yield Fault(row.population, fact, limit, mend)

    def __str__(self) -> str:
        head = ("population", "sum", "worst", "u", "worst", "v", "bits left", "wrapped")
        lines: list[tuple[str, ...]] = [head]
        for row in self.populations:
            seen = [_number(row.sum), _number(row.worst.sum), _number(row.current), _number(row.worst.current)]
            lines.append((row.population, *seen, _number(row.potential), f"{row.bits:.1f}", str(row.wrapped)))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = ["  ".join(cell.rjust(n) for cell, n in zip(line, widths, strict=True)) for line in lines]
        most = self.chip.largest_sum
        known = "unknown" if most is None else f"{most.value} (believed)"
        told = f"{self.samples} samples; sums may reach {LAVAS_SUM} in Lava's models, {known} on {self.chip.title}"
        return "\n".join([*table, told, *map(str, self.faults)])


def audit(program: Program, inputs: Inputs, steps: int | None = None, chip: str | Chip = "loihi1") -> Audit:
    """Run `program` on the simulator and compare what sums and states reach with what the chip holds.

    inputs, steps: as for `run`. chip: whose accumulator counts (`Chip.largest_sum`). States are looked at in rounds of
    samples, so that memory stays bounded. InputError and GraphError as for `run`.
    """
    check_graph(need_program(program))
    found = chip_named(chip)
    arrays, _ = check_inputs(program, inputs)
    steps = check_steps(arrays, steps)
    payloads = {name: float(np.abs(values.astype(np.int64)).max()) for name, values in arrays.items()}
    worst = bounds(program, payloads)
    seen: dict[str, list[tuple[int | None, int, int | None, int, int]]] = {name: [] for name in program.populations}
    for recording in _rounds(program, arrays, steps):
        for name in program.populations:
            seen[name].append(_seen(program.neuron(name), name, recording))
    rows = []
    for name, parts in seen.items():
        total, current, potential, wrapped, clipped = _together(parts)
        rows.append(Headroom(name, total, current, potential, wrapped, clipped, worst[name]))
    return Audit(tuple(rows), found, next(iter(arrays.values())).shape[0])


def _rounds(program: Program, arrays: dict[str, NDArray[Any]], steps: int) -> Iterator[Recording]:
    from neurokit.hardware.simulator.backend import Simulator  # compiles kernels: not before somebody asks

    keys: list[RecordKey] = [
        (name, state) for name, population in program.populations.items() for state in population.neuron.states
    ]
    record = tuple(keys)
    at_once = max(1, ROOM // max(1, recording_bytes(program, 1, steps, record)))
    simulator, samples = Simulator(), next(iter(arrays.values())).shape[0]
    for first in range(0, samples, at_once):
        part = {name: values[first : first + at_once] for name, values in arrays.items()}
        yield simulator.run(program, part, steps, record)


def _seen(neuron: FixedNeuron, name: str, recording: Recording) -> tuple[int | None, int, int | None, int, int]:
    """Largest |sum|, |u| (or state) and |v|, and how often something wrapped and was clipped."""
    states = {state: np.asarray(recording.states[name, state], np.int64) for state in neuron.states}
    overflow = (recording.overflows or {}).get(name)
    wrapped, clipped = (overflow.current + overflow.sums + overflow.states, overflow.saturated) if overflow else (0, 0)
    potential = _largest(states["v"]) if "v" in states else None
    current = states.get("u", states.get("i"))  # Lava's ATRLIF calls it i
    if current is not None:
        return _largest(_arrived(neuron, current)), _largest(current), potential, wrapped, clipped
    largest = max(map(_largest, states.values()))
    if isinstance(neuron, FixedSigma | FixedSigmaDelta):
        arrived = max(_largest(np.diff(states["sigma"], axis=1)), _largest(states["sigma"][:, 0]))
        return arrived, largest, potential, wrapped, clipped
    if isinstance(neuron, FixedDelta):
        arrived = _largest(states["act"]) >> (neuron.spike_exponent + neuron.state_exponent)
        return arrived, largest, potential, wrapped, clipped
    return None, largest, potential, wrapped, clipped


def _arrived(neuron: Any, u: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sums of each step, from u before and after it; where u wrapped it is off by that."""
    before = np.concatenate([np.zeros_like(u[:, :1]), u[:, :-1]], axis=1)
    if isinstance(neuron, LoihiLIF):
        again = [step for step in range(u.shape[1]) if resets_before(neuron, step)]
        before[:, again] = 0
    return (u - decay(before, neuron.current_decay)) >> ACTIVATION_SHIFT


def _together(parts: list[Any]) -> tuple[Any, ...]:
    sums, currents, potentials, wrapped, clipped = zip(*parts, strict=True)
    return (
        None if None in sums else max(sums),
        max(currents),
        None if None in potentials else max(potentials),
        sum(wrapped),
        sum(clipped),
    )


def _largest(values: NDArray[np.int64]) -> int:
    return int(max(values.max(initial=0), -int(values.min(initial=0))))


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return "no end" if math.isinf(value) else f"{value:,.0f}"
