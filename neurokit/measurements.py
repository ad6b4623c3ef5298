"""What was measured on a board, to stand beside what is estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

NOT_OF_ONE_CHIP = (
    "Measured power is the whole board's: the static part holds chips that did nothing, so compare the dynamic part."
)


@dataclass(frozen=True)
class Measured:
    """Figures of a board's own probes; every one is per step, None or absent where it was not measured.

    backend, generation, host: what ran it, e.g. "loihi2", "N3B3", "SLURM". profiler: the interface of lava-loihi that
    gave them, "loihi2_profiler" or "loihi2_profiler_api". steps: over how many they are means. played: what ran.
    time_per_step: seconds. power: watts, means by rail: "total", "vdd" (logic), "vddm" (memory), "vddio" (interfaces),
    and "static" of all of them. energy_per_step, static_energy_per_step: joules.
    activity: counts of the chip's own counters per step, over all cores. memory: units of 64 bits, over all cores.
    cores: that the counters named.
    """

    backend: str
    generation: str
    host: str
    profiler: str
    steps: int
    played: str
    time_per_step: float | None = None
    energy_per_step: float | None = None
    static_energy_per_step: float | None = None
    power: Mapping[str, float] = field(default_factory=dict)
    activity: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)
    cores: int | None = None

    @property
    def dynamic_energy_per_step(self) -> float | None:
        """Joules above the static part."""
        if self.energy_per_step is None or self.static_energy_per_step is None:
            return None
        return self.energy_per_step - self.static_energy_per_step

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "dynamic_energy_per_step": self.dynamic_energy_per_step}
