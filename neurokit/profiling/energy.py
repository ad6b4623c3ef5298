"""Energy and time of a run on the chip, estimated from counts.

    E = T (chips P_static + x86 P_x86)
        + N_sop e_sop + N_upd e_upd + N_spk e_spk + N_msg (e_msg + hops e_hop) + N_learn e_learn

The coefficients and their sources are the chip's (`place/chips.py`). Low and high come from taking all coefficients
at their low and high bounds: they bound the estimate as far as those bounds hold, and are no confidence interval.
The likely range of `sensitivity.py` stands beside them. Times are in `timing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from neurokit.errors import Fault, InputError
from neurokit.place.chips import Chip
from neurokit.profiling.estimate import Estimate
from neurokit.profiling.sensitivity import Influence

POWERS = ("static", "x86")

_OVERALL = (
    "An estimate, not a measurement. Low and high take all coefficients at their bounds, which does not make them a "
    "confidence interval; the 90 % are of random draws of each coefficient between its bounds, independent of the "
    "others, and leave out an error that all share."
)
_SMALL = (
    "Static power, the x86 processors and host I/O usually dominate small networks. Host I/O is not included and may "
    "dominate latency: 59 ms per step were measured for one Loihi 2 network fed from a host (lava-dl, PilotNet SDNN)."
)
_MAPPING = (
    "Results depend on the mapping and on activity. Intel's compiler may place otherwise; a core's operations are "
    "counted neuron by neuron, but follow its sources' whole populations in time; messages that leave their chip or "
    "come from inputs travel the mean distance of the mesh, and the load of links is not modelled."
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
        "PilotNet they give 31.5 / 72.8 / 93.0 µJ a step (90 %: 50.8 to 77.8) where 68.3 µJ were measured, but that "
        "network informed the ranges: it is no independent test. Its steps took 153 µs on 74 cores; this placement, "
        "with 74, says 112 / 146 / 177 µs. Spike generation adds no time here, for want of a number."
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
    """Energy of one sample (J), in parts. power: mean power at the estimated speed (W), None without a time.

    likely: central 90 % of the draws of "total", "dynamic" and "static", which are less wide than the sums of the
    parts' are. influences: what each coefficient does to the total, the strongest first. Both empty where nothing was
    drawn.
    """

    parts: tuple[Part, ...]
    power: Estimate | None
    likely: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    influences: tuple[Influence, ...] = ()

    @property
    def total(self) -> Estimate:
        """Of all parts."""
        return self._of("total", self.parts)

    @property
    def dynamic(self) -> Estimate:
        """Of all parts but static and x86."""
        return self._of("dynamic", [part for part in self.parts if part.name not in POWERS])

    @property
    def static(self) -> Estimate | None:
        """Of static and x86 power, None when they are left out because the time is not known."""
        parts = [part for part in self.parts if part.name in POWERS]
        return self._of("static", parts) if parts else None

    def _of(self, name: str, parts: Sequence[Part]) -> Estimate:
        return replace(_sum(part.energy for part in parts), likely=self.likely.get(name))

    def to_dict(self) -> dict[str, Any]:
        """For JSON, the total first."""
        return {
            "total": self.total.to_dict(),
            "dynamic": self.dynamic.to_dict(),
            "static": None if self.static is None else self.static.to_dict(),
            "power": None if self.power is None else self.power.to_dict(),
            "parts": [part.to_dict() for part in self.parts],
            "influences": [vars(influence) for influence in self.influences],
        }


@dataclass(frozen=True)
class Line:
    """What makes one part of the energy. events: how many; terms: coefficient -> how many of them it costs."""

    name: str
    event: str
    events: float
    terms: Mapping[str, float]


def dynamic_lines(
    chip: Chip,
    synaptic_operations: Mapping[str, float],
    neuron_updates: float,
    spikes: float,
    messages: float,
    *,
    hops: float | None = None,
    weight_updates: float = 0,
) -> tuple[Line, ...]:
    """The events of `dynamic_parts`, by what they cost."""
    hops = chip.mean_hops if hops is None else hops
    synapses = {f"synapse_{kind}": number for kind, number in synaptic_operations.items()}
    lines = [
        Line("synapses", "synaptic operations", sum(synapses.values()), synapses),
        Line("neurons", "neuron updates", neuron_updates, {"update": neuron_updates}),
        Line("spikes", "spikes", spikes, {"spike": spikes}),
        Line("messages", "messages", messages, {"message": messages}),
        Line("hops", "hops", messages * hops, {"hop": messages * hops}),
    ]
    if weight_updates:
        if chip.coefficients.learning is None:
            raise InputError(
                Fault(
                    chip.title,
                    f"{weight_updates:g} weight updates",
                    "the energy of learning on it is not published",
                    "Estimate learning on loihi1, or leave weight updates out.",
                )
            )
        lines.append(Line("learning", "weight updates", weight_updates, {"learning": weight_updates}))
    return tuple(lines)


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
    the mean distance of two routers of the chip's mesh. weight_updates: of plastic synapses; InputError where the chip
    has no coefficient for them.
    """
    lines = dynamic_lines(
        chip, synaptic_operations, neuron_updates, spikes, messages, hops=hops, weight_updates=weight_updates
    )
    return parts_of(chip, lines)


def parts_of(chip: Chip, lines: Sequence[Line]) -> tuple[Part, ...]:
    """Energy of the lines."""
    return tuple(_part(chip, line) for line in lines)


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


def caveats(chip: Chip) -> tuple[str, ...]:
    """What to tell with every result."""
    return tuple(text for text in (_OVERALL, _CHIP.get(chip.name), _SMALL, _MAPPING, _BENCHMARKS) if text)


def _part(chip: Chip, line: Line) -> Part:
    ranges = vars(chip.coefficients)
    energy = _sum(Estimate.of(ranges[name], number, "J") for name, number in line.terms.items())
    sources = dict.fromkeys(ranges[name].source for name in line.terms)
    return Part(line.name, line.events, line.event, energy, "; ".join(sources))


def _sum(estimates: Any) -> Estimate:
    total = Estimate(0.0, 0.0, 0.0, "J")
    for estimate in estimates:
        total += estimate
    return total
