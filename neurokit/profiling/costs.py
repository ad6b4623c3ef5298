"""Energy and time as one function of the coefficients, so that a draw of them is used for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurokit.place.chips import Chip, Range
from neurokit.profiling.energy import POWERS, Energy, Line, mean_power, parts_of, static_parts
from neurokit.profiling.estimate import Estimate
from neurokit.profiling.sensitivity import central, drawn, influences
from neurokit.profiling.timing import Load, Time, Work

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Costs:
    """What a sample did, as a function of what events cost.

    lines: dynamic events. chips, cores: in use; work: of the busiest cores; None where the time is not known, and with
    it static power.
    """

    chip: Chip
    lines: tuple[Line, ...]
    chips: int = 0
    cores: int = 1
    work: Work | None = None

    @classmethod
    def with_time(
        cls,
        chip: Chip,
        lines: tuple[Line, ...],
        chips: int,
        cores: int,
        loads: Sequence[Load],
        steps: int,
        host: float = 0.0,
    ) -> Costs:
        """Of placed populations. host: seconds of I/O per step."""
        return cls(chip, lines, chips, cores, Work.of(loads, steps, max(chip.step_floor, host)))

    @property
    def ranges(self) -> dict[str, Range]:
        """Every coefficient of the chip, at this size."""
        return self.chip.ranges(self.cores)

    def parts(self, coefficients: Mapping[str, Floats]) -> dict[str, Floats]:
        """Joules of each part, for coefficients in SI of (draws,) or (1,) values."""
        zero = np.zeros(1)
        found = {
            line.name: sum((number * coefficients[name] for name, number in line.terms.items()), zero)
            for line in self.lines
        }
        if self.work is not None:
            seconds = self.work.seconds(coefficients)
            found |= {
                name: coefficients[name] * seconds * self.chips for name in POWERS if coefficients.get(name) is not None
            }
        return found

    def total(self, coefficients: Mapping[str, Floats]) -> Floats:
        """Joules of all parts."""
        return np.asarray(sum(self.parts(coefficients).values(), np.zeros(1)))

    def estimated(self, time: Time | None, seed: int) -> tuple[Energy, Time | None]:
        """Energy and time with bounds, likely ranges and what they hang on. time: with bounds alone, of `run_time`."""
        values = drawn(self.ranges, seed)
        often = self if self.work is None else replace(self, work=self.work.coarser())
        made = often.parts(values)
        dynamic = sum((joules for name, joules in made.items() if name not in POWERS), np.zeros(1))
        total = np.asarray(sum(made.values(), np.zeros(1)))
        likely = {"total": central(total), "dynamic": central(dynamic)}
        parts = parts_of(self.chip, self.lines)
        power = None
        if time is not None and self.work is not None and often.work is not None:
            seconds, steps = often.work.seconds(values), max(1.0, float(self.work.times.sum()))
            bounds = Energy(parts, None).dynamic
            power = mean_power(self.chip, self.chips, bounds, time.sample)
            power = None if power is None else replace(power, likely=central(total / seconds))
            likely["static"] = central(total - dynamic)
            parts = (*parts, *static_parts(self.chip, self.chips, time.sample))
            hangs_on = influences(often.work.seconds, self.ranges, values)
            step, sample = _likely(time.step, seconds, steps), _likely(time.sample, seconds, 1.0)
            time = replace(time, step=step, sample=sample, influences=hangs_on)
        parts = tuple(replace(part, energy=replace(part.energy, likely=central(made[part.name]))) for part in parts)
        return Energy(parts, power, likely, influences(often.total, self.ranges, values)), time


def _likely(estimate: Estimate, values: Floats, divisor: float) -> Estimate:
    return replace(estimate, likely=central(values / divisor))
