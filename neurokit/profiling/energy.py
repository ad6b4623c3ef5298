"""Energy and time of a run on the chip, estimated from counts.

    E = T (chips P_static + x86 P_x86)
        + N_sop e_sop + N_upd e_upd + N_spk e_spk + N_msg (e_msg + hops e_hop) + N_learn e_learn
    T_step = max(step floor, max over cores(n_sop t_sop, n_upd t_upd, n_spk t_spk), host) + barrier

The coefficients and their sources are the chip's (`place/chips.py`). Low and high come from taking all coefficients
at their low and high bounds: they bound the estimate as far as those bounds hold, and are no confidence interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.place.chips import Chip, Range
from neurokit.profiling.estimate import Estimate

Floats = NDArray[np.float64]

_OVERALL = (
    "An estimate, not a measurement. Low and high take all coefficients at their bounds, which does not make them a "
    "confidence interval."
)
_SMALL = (
    "Static power, the x86 processors and host I/O usually dominate small networks. Host I/O is not included and may "
    "dominate latency: 59 ms per step were measured for one Loihi 2 network fed from a host (lava-dl, PilotNet SDNN)."
)
_MAPPING = (
    "Results depend on the mapping and on activity. The placement is rough, work is spread evenly over a population's "
    "cores, messages travel the mean distance of the mesh, and the load of its links is not modelled."
)
_BENCHMARKS = (
    "Do not multiply NeuroBench's metrics, or the 0.9 / 4.6 pJ of a 45 nm adder or multiplier, into these numbers."
)
_CHIP: Mapping[str, str] = {
    "loihi1": (
        "Loihi 1: nominal energies are SANA-FE's fit to one board, lows mostly Davies 2018 (pre-silicon simulation). "
        "Steps are taken to last 6 µs at least; for another floor, use dataclasses.replace(chip, step_floor=...)."
    ),
    "loihi2": (
        "Loihi 2: no per-operation energy is published. The nominal energies are Loihi 1's, with judged bounds. For "
        "PilotNet they give 31.7 / 73.4 / 112 µJ a step where 68.3 µJ were measured, but that network informed the "
        "ranges: it is no independent test. Its steps took 153 µs on 74 cores; this placement, with 62, says 131 / "
        "170 / 214 µs. Spike generation adds no time here, for want of a number."
    ),
}


@dataclass(frozen=True)
class Part:
    """One part of the energy of a sample.

    events: how many times it happened in a sample (for static and x86 power: seconds x chips, nominal).
    """

    name: str
    events: float
    event: str
    energy: Estimate
    source: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "energy": self.energy.to_dict()}


@dataclass(frozen=True)
class Energy:
    """Energy of one sample (J), in parts. power: mean power at the estimated speed (W), None without a time."""

    parts: tuple[Part, ...]
    power: Estimate | None

    @property
    def total(self) -> Estimate:
        """Of all parts."""
        return _sum(part.energy for part in self.parts)

    @property
    def dynamic(self) -> Estimate:
        """Of all parts but static and x86."""
        return _sum(part.energy for part in self.parts if part.name not in ("static", "x86"))

    @property
    def static(self) -> Estimate | None:
        """Of static and x86 power, None when they are left out because the time is not known."""
        parts = [part.energy for part in self.parts if part.name in ("static", "x86")]
        return _sum(parts) if parts else None

    def to_dict(self) -> dict[str, Any]:
        """For JSON, the total first."""
        return {
            "total": self.total.to_dict(),
            "dynamic": self.dynamic.to_dict(),
            "static": None if self.static is None else self.static.to_dict(),
            "power": None if self.power is None else self.power.to_dict(),
            "parts": [part.to_dict() for part in self.parts],
        }


@dataclass(frozen=True, eq=False)
class Load:
    """Work of a population's fullest core in each step of a sample.

    synaptic_operations, spikes: (steps,). updates: neurons on the core.
    """

    population: str
    synaptic_operations: Floats
    updates: float
    spikes: Floats


@dataclass(frozen=True)
class Time:
    """step: mean time of a step (s). sample: of all steps of one sample (s). bottleneck: what sets the nominal one."""

    step: Estimate
    sample: Estimate
    bottleneck: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"step": self.step.to_dict(), "sample": self.sample.to_dict(), "bottleneck": self.bottleneck}


def dynamic_parts(
    chip: Chip,
    synaptic_operations: Mapping[str, float],
    neuron_updates: float,
    spikes: float,
    messages: float,
    *,
    hops: float | None = None,
    weight_updates: float = 0,
) -> tuple[Part, ...]:
    """Energy of the events of one sample (or of one step, or of whatever was counted).

    synaptic_operations: by kind, "conv", "sparse", "dense", on non-zero weights. hops: mean hops of a message, None:
    the mean distance of two routers of the chip's mesh. weight_updates: of plastic synapses.
    """
    c = chip.coefficients
    hops = chip.mean_hops if hops is None else hops
    synapses = _sum(Estimate.of(c.synapse(kind), number, "J") for kind, number in synaptic_operations.items())
    sources = dict.fromkeys(c.synapse(kind).source for kind in synaptic_operations)
    parts = [
        Part("synapses", sum(synaptic_operations.values()), "synaptic operations", synapses, "; ".join(sources)),
        _part("neurons", neuron_updates, "neuron updates", c.update),
        _part("spikes", spikes, "spikes", c.spike),
        _part("messages", messages, "messages", c.message),
        _part("hops", messages * hops, "hops", c.hop),
    ]
    if weight_updates:
        if c.learning is None:
            raise InputError(
                Fault(
                    chip.title,
                    f"{weight_updates:g} weight updates",
                    "the energy of learning on it is not published",
                    "Estimate learning on loihi1, or leave weight updates out.",
                )
            )
        parts.append(_part("learning", weight_updates, "weight updates", c.learning))
    return tuple(parts)


def static_parts(chip: Chip, chips: int, seconds: Estimate) -> tuple[Part, ...]:
    """Energy that `chips` chips draw in `seconds` whatever they do; one x86 processor a chip where it is separable."""
    powers = [("static", chip.coefficients.static, "chip-seconds")]
    if chip.coefficients.x86 is not None:
        powers.append(("x86", chip.coefficients.x86, "processor-seconds"))
    parts = []
    for name, power, event in powers:
        low, nominal, high = power.si()
        energy = Estimate(seconds.low * low, seconds.nominal * nominal, seconds.high * high, "J").times(chips)
        parts.append(Part(name, seconds.nominal * chips, event, energy, power.source))
    return tuple(parts)


def mean_power(chip: Chip, chips: int, dynamic: Estimate, seconds: Estimate) -> Estimate | None:
    """Power while running at the estimated speed (W); its low is few joules in long time, its high the reverse."""
    if not seconds.low > 0:
        return None
    power = Estimate(dynamic.low / seconds.high, dynamic.nominal / seconds.nominal, dynamic.high / seconds.low, "W")
    for coefficient in (chip.coefficients.static, chip.coefficients.x86):
        if coefficient is not None:
            power += Estimate.of(coefficient, chips, "W")
    return power


def run_time(chip: Chip, loads: Sequence[Load], steps: int, cores: int, host: float = 0.0) -> Time:
    """Time of a sample of `steps` steps on `cores` cores. host: seconds of I/O per step, in parallel with the rest."""
    c = chip.coefficients
    floors = {"step floor": chip.step_floor, "host I/O": host}
    totals, slowest = [], ""
    for bound in range(3):
        work = {f"{what} of {load.population}": t for load in loads for what, t in _core_times(c, load, bound).items()}
        busy = np.full(steps, max(floors.values()))
        for times in work.values():
            busy = np.maximum(busy, times)
        totals.append(float(busy.sum()) + steps * c.barrier_for(-(-cores // chip.cores_per_tile)).si()[bound])
        if bound == 1:
            everything = {**{name: t * steps for name, t in floors.items()}, **{k: t.sum() for k, t in work.items()}}
            everything["barrier"] = totals[-1] - float(busy.sum())
            slowest = max(everything, key=lambda name: float(everything[name]))
    low, nominal, high = totals
    sample = Estimate(low, nominal, high, "s")
    return Time(sample.times(1 / steps) if steps else sample, sample, slowest)


def caveats(chip: Chip) -> tuple[str, ...]:
    """What to tell with every result."""
    return tuple(text for text in (_OVERALL, _CHIP.get(chip.name), _SMALL, _MAPPING, _BENCHMARKS) if text)


def _core_times(c: Any, load: Load, bound: int) -> dict[str, Floats]:
    steps = len(load.synaptic_operations)
    times = {
        "synaptic operations": load.synaptic_operations * c.synapse_time.si()[bound],
        "neuron updates": np.full(steps, load.updates * c.update_time.si()[bound]),
    }
    if c.spike_time is not None:
        times["spikes"] = load.spikes * c.spike_time.si()[bound]
    return times


def _part(name: str, events: float, event: str, coefficient: Range) -> Part:
    return Part(name, events, event, Estimate.of(coefficient, events, "J"), coefficient.source)


def _sum(estimates: Any) -> Estimate:
    total = Estimate(0.0, 0.0, 0.0, "J")
    for estimate in estimates:
        total += estimate
    return total
