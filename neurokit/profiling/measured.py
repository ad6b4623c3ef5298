"""Measured figures of a board beside the estimate of the same run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neurokit.measurements import NOT_OF_ONE_CHIP, Measured
from neurokit.profiling.count import Activity
from neurokit.profiling.energy import Energy
from neurokit.profiling.estimate import Estimate, quantity
from neurokit.profiling.timing import Time


@dataclass(frozen=True)
class Beside:
    """One figure of a sample, or of a step. measured: by the board. estimate: None where nothing was estimated.

    counted: what the run itself gives, an exact number, where the board has a counter of the same.
    """

    what: str
    unit: str
    measured: float
    estimate: Estimate | None = None
    counted: float | None = None

    @property
    def within(self) -> bool | None:
        """Whether the measured figure lies between the estimate's bounds; None without an estimate."""
        return None if self.estimate is None else self.estimate.low <= self.measured <= self.estimate.high

    @property
    def words(self) -> str:
        """As in "above the bounds"."""
        if self.estimate is None:
            return "" if self.counted is None else f"counted in the run: {quantity(self.counted, self.unit)}"
        if self.within:
            return "within the bounds"
        return "below the bounds" if self.measured < self.estimate.low else "above the bounds"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        estimate = None if self.estimate is None else self.estimate.to_dict()
        shown = {"what": self.what, "unit": self.unit, "measured": self.measured, "counted": self.counted}
        return {**shown, "estimate": estimate, "within": self.within, "words": self.words}

    def __str__(self) -> str:
        """As in `dynamic energy a sample: measured 1.09 mJ; estimate 1.18 mJ (0.51 to 1.8), within the bounds`."""
        beside = f"; estimate {self.estimate}, {self.words}" if self.estimate is not None else f"; {self.words}"
        return f"{self.what}: measured {quantity(self.measured, self.unit)}{beside.rstrip('; ')}"


@dataclass(frozen=True)
class MeasuredBeside:
    """All figures of a board, see `Measured`, and the estimates of the same things."""

    measured: Measured
    rows: tuple[Beside, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.measured.to_dict(), "beside": [row.to_dict() for row in self.rows], "note": NOT_OF_ONE_CHIP}

    def lines(self) -> list[str]:
        """For people."""
        m = self.measured
        head = f"measured on {m.backend} {m.generation} ({m.host}; {m.profiler}; {m.steps} steps: {m.played})"
        return [head, *(f"  {row}" for row in self.rows), f"  {NOT_OF_ONE_CHIP}"]


def beside(measured: Measured | None, energy: Energy, time: Time | None, activity: Activity) -> MeasuredBeside | None:
    """Figures of a sample of `activity.steps` steps, beside the estimate; None where nothing was measured."""
    if measured is None:
        return None
    rows = []
    steps = activity.steps
    dynamic = measured.dynamic_energy_per_step
    if dynamic is not None:
        rows.append(Beside("dynamic energy a sample", "J", dynamic * steps, energy.dynamic))
    if measured.energy_per_step is not None:
        total = energy.total if time is not None else None
        rows.append(Beside("energy a sample, whole board", "J", measured.energy_per_step * steps, total))
    if measured.time_per_step is not None:
        rows.append(Beside("time a step", "s", measured.time_per_step, None if time is None else time.step))
    for rail, watts in measured.power.items():
        estimate = energy.power if rail == "total" else None
        rows.append(Beside(f"power, {rail}", "W", watts, estimate))
    samples = activity.samples * max(1, steps)
    counted = {
        "synaptic operations": activity.synaptic_operations / samples,
        "spikes sent": activity.messages / samples,
    }
    for name, number in measured.activity.items():
        rows.append(Beside(f"{name} a step", "", number, counted=counted.get(name)))
    return MeasuredBeside(measured, tuple(rows))
