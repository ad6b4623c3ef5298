"""A run's profile: rates, synaptic operations, energy and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from neurokit.errors import Fault, InputError
from neurokit.graph.network import Program
from neurokit.place.chips import LOIHI2, Chip
from neurokit.place.placement import Placement
from neurokit.profiling.costs import Costs
from neurokit.profiling.count import Activity, count
from neurokit.profiling.energy import Energy, caveats, dynamic_lines
from neurokit.profiling.estimate import Estimate, digits, quantity
from neurokit.profiling.estimate import count as written
from neurokit.profiling.loads import loads
from neurokit.profiling.measured import MeasuredBeside, beside
from neurokit.profiling.neurobench import NeuroBench, neurobench
from neurokit.profiling.sensitivity import Influence
from neurokit.profiling.timing import Time, run_time
from neurokit.records import Recording

_EARLY = (
    "Biases may make neurons fire before their first input arrives (program.latency); the chip spends energy on these "
    "spikes, so they count."
)
_LEARNED = "Synaptic operations of what learned are counted on the weights that are not zero after the run."
_NO_TIME = "Without a placement there is no time, hence no static power: energy is the dynamic part alone."


@dataclass(frozen=True, eq=False)
class Profile:
    """What a run did and would cost on `chip`, per sample.

    activity: exact counts over all samples. energy: of one sample. time: None without a placement; so are static
    power and mean power. caveats: to be told with the numbers.
    """

    recording: Recording = field(repr=False)
    chip: Chip
    activity: Activity
    energy: Energy
    time: Time | None
    caveats: tuple[str, ...]

    @property
    def program(self) -> Program:
        """What ran."""
        program: Program = self.recording.program
        return program

    @property
    def synaptic_operations(self) -> float:
        """Per sample, on non-zero weights."""
        return self.activity.synaptic_operations / self.activity.samples

    @property
    def spikes(self) -> float:
        """Per sample, of all populations."""
        return self.activity.spikes / self.activity.samples

    @property
    def rates(self) -> dict[str, float]:
        """Spikes per neuron and step, by population."""
        return {population.population: population.rate for population in self.activity.populations}

    @property
    def throughput(self) -> Estimate | None:
        """Samples per second; low is the slow end."""
        if self.time is None or not self.time.sample.low > 0:
            return None
        sample = self.time.sample
        likely = None if sample.likely is None else (1 / sample.likely[1], 1 / sample.likely[0])
        return Estimate(1 / sample.high, 1 / sample.nominal, 1 / sample.low, "/s", likely)

    @property
    def per_second(self) -> dict[str, Estimate]:
        """Samples, synaptic operations, spikes and messages a second at the estimated speed; empty without a time."""
        if self.throughput is None:
            return {}
        events = {
            "samples": 1.0,
            "synaptic operations": self.synaptic_operations,
            "spikes": self.spikes,
            "messages": self.activity.messages / self.activity.samples,
        }
        return {name: self.throughput.times(number) for name, number in events.items()}

    @cached_property
    def neurobench(self) -> NeuroBench:
        """NeuroBench's metrics of the run, which enter no energy; inputs are taken for spikes (see `neurobench`)."""
        return neurobench(self.recording)

    @cached_property
    def measured(self) -> MeasuredBeside | None:
        """What the board's own probes measured, beside the estimate; None where nothing was measured."""
        return beside(self.recording.measured, self.energy, self.time, self.activity)

    @property
    def per_operation(self) -> Estimate | None:
        """Energy of a sample over its synaptic operations, all parts included; None without any."""
        return self.energy.total.times(1 / self.synaptic_operations) if self.synaptic_operations else None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the recording, for JSON; totals are per sample, the lists count over all samples."""
        activity = self.activity
        return {
            "chip": self.chip.name,
            "chip_title": self.chip.title,
            "backend": self.recording.backend,
            "samples": activity.samples,
            "steps": activity.steps,
            "dt": self.program.dt,
            "energy": self.energy.to_dict(),
            "time": None if self.time is None else self.time.to_dict(),
            "throughput": None if self.throughput is None else self.throughput.to_dict(),
            "per_second": {name: estimate.to_dict() for name, estimate in self.per_second.items()},
            "per_operation": None if self.per_operation is None else self.per_operation.to_dict(),
            "synaptic_operations": self.synaptic_operations,
            "spikes": self.spikes,
            "messages": activity.messages / activity.samples,
            "messages_basis": activity.messages_basis,
            "neuron_updates": activity.neuron_updates / activity.samples,
            "weight_updates": activity.weight_updates / activity.samples,
            "inputs": [vars(population) for population in activity.inputs],
            "populations": [vars(population) for population in activity.populations],
            "projections": [vars(projection) for projection in activity.projections],
            "neurobench": self.neurobench.to_dict(),
            "measured": None if self.measured is None else self.measured.to_dict(),
            "caveats": list(self.caveats),
        }

    def __str__(self) -> str:
        """Totals first, then a line per part of the energy and per population."""
        energy, activity = self.energy, self.activity
        what = "energy" if self.time is not None else "dynamic energy (no placement, so no time)"
        lines = [f"Estimate for {self.chip.title}, per sample of {activity.steps} steps", f"  {what}: {energy.total}"]
        if self.time is not None:
            lines.append(f"  time: {self.time.sample}, {self.time.step} a step; set by {self.time.bottleneck}")
        if energy.power is not None:
            lines.append(f"  mean power: {energy.power}")
        lines.append(
            f"  {written(self.synaptic_operations)} synaptic operations, {written(self.spikes)} spikes, "
            f"{written(activity.messages / activity.samples)} messages ({activity.messages_basis})"
        )
        lines += [] if self.measured is None else [f"  {line}" for line in self.measured.lines()]
        lines += [f"    {part.name:<9} {part.energy}" for part in energy.parts]
        if self.per_operation is not None:
            lines.append(f"  {self.per_operation} a synaptic operation, all parts included")
        if self.per_second:
            lines += ["  per second at that speed", *(f"    {n}: {e}" for n, e in self.per_second.items())]
        lines += sensitivity_lines("energy", "J", energy.influences)
        lines += [] if self.time is None else sensitivity_lines("time", "s", self.time.influences)
        width = max(len(name) for name in self.rates)
        for p in activity.populations:
            hertz = f", {digits(p.hertz)} Hz" if p.hertz is not None else ""
            lines.append(
                f"  {p.population:<{width}}  {digits(p.rate)} spikes/neuron/step{hertz}, {written(p.silent)} silent"
            )
        lines += [f"  {line}" for line in str(self.neurobench).splitlines()]
        return "\n".join([*lines, *(f"  Note: {caveat}" for caveat in self.caveats)])


def sensitivity_lines(what: str, unit: str, influences: Sequence[Influence]) -> list[str]:
    """Which coefficients `what` hangs on, those with 1 % of its variance or more."""
    strong = [influence for influence in influences if influence.share >= 0.01]
    return [f"  what the {what} hangs on", *(f"    {_said(influence, unit)}" for influence in strong)] if strong else []


def _said(influence: Influence, unit: str) -> str:
    low, high = quantity(influence.low, unit), quantity(influence.high, unit)
    return f"{influence.coefficient}: {influence.share:.0%} of the variance; {low} at its low, +{high} at its high"


def profile(
    recording: Recording, placement: Placement | None = None, *, host_time: float = 0.0, seed: int = 0
) -> Profile:
    """Rates, synaptic operations, energy and time of a run of a Program.

    placement: from `nk.place`; without one the energies are Loihi 2's dynamic ones and there is no time. host_time:
    seconds per step that a host needs to feed the chip, where you know it. seed: of the draws behind the likely ranges.
    Raises InputError for a run of a Network, and for a placement of another Program.
    """
    _check_arguments(recording, placement, host_time, seed)
    activity = count(recording, placement)
    chip = LOIHI2 if placement is None else placement.chip
    samples = activity.samples
    published = chip.coefficients.learning is not None
    lines = dynamic_lines(
        chip,
        {kind: number / samples for kind, number in activity.operations_by_kind().items()},
        activity.neuron_updates / samples,
        activity.spikes / samples,
        activity.messages / samples,
        hops=None if placement is None else _mean_hops(activity, placement),
        weight_updates=activity.weight_updates / samples if published else 0,
    )
    notes = (*_learning_notes(recording, activity, chip), *([_EARLY] if _fires_early(recording) else []))
    notes = (*notes, *caveats(chip))
    if placement is None:
        energy, _ = Costs(chip, lines).estimated(None, seed)
        return Profile(recording, chip, activity, energy, None, (_NO_TIME, *notes))
    found = loads(recording, placement)
    costs = Costs.with_time(chip, lines, placement.chips, placement.cores, found, recording.steps, host_time)
    energy, time = costs.estimated(run_time(chip, found, recording.steps, placement.cores, host_time), seed)
    return Profile(recording, chip, activity, energy, time, notes)


def _mean_hops(activity: Activity, placement: Placement) -> float | None:
    """Hops of a message, over all messages of the run; None where there is none."""
    sent = [(p.messages, placement.hops_of(p.projection)) for p in activity.projections]
    total = sum(messages for messages, _ in sent)
    return sum(messages * hops for messages, hops in sent) / total if total else None


def _learning_notes(recording: Recording, activity: Activity, chip: Chip) -> list[str]:
    """What of learning is not in the energy."""
    program: Program = recording.program
    plastic = [p.name for p in program.projections if p.plasticity is not None]
    notes = [_LEARNED] if plastic else []
    if activity.weight_updates and chip.coefficients.learning is None:
        updates = written(activity.weight_updates / activity.samples)
        notes.append(
            f"Learning is not in the energy: {updates} weight updates a sample, but what one costs on {chip.title} is "
            "not published. Place on loihi1 for an estimate of its STDP engine (Davies 2018)."
        )
    uncounted = [name for name in plastic if name not in recording.updates]
    if uncounted:
        notes.append(
            f"Learning of {', '.join(uncounted)} is not in the energy: the backend '{recording.backend}' did not count "
            "its weight updates. neurokit's simulator does."
        )
    return notes


def _fires_early(recording: Recording) -> bool:
    """Whether biases may make neurons fire before their input arrives."""
    program: Program = recording.program
    neurons = [program.neuron(name) for name, late in program.latency.items() if late > 0]
    return any(neuron.spiking and not neuron.held and (neuron.bias > 0).any() for neuron in neurons)


def _check_arguments(recording: Any, placement: Any, host_time: float, seed: Any) -> None:
    """Raise InputError for arguments of other kinds."""
    faults = []
    if not isinstance(recording, Recording):
        faults.append(
            Fault("recording", f"is a {type(recording).__name__}", "a Recording is needed", "Pass nk.run(...).")
        )
    elif len(recording.programs) > 1:
        fact = f"{len(recording.programs)} learners ran, each with weights of its own"
        mend = "Run them one by one, each with its share of the samples, and profile each."
        faults.append(Fault("recording", fact, "a profile is of one Program", mend))
    if placement is not None and not isinstance(placement, Placement):
        faults.append(
            Fault("placement", f"is a {type(placement).__name__}", "a Placement is needed", "Pass nk.place(program).")
        )
    if not host_time >= 0:
        faults.append(Fault("host_time", f"is {host_time}", "seconds of at least 0", "Leave it out, or pass seconds."))
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        faults.append(Fault("seed", f"is {seed!r}", "a whole number of at least 0", "Leave it out, or pass one."))
    if faults:
        raise InputError(faults)
