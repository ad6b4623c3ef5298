"""A run's profile: rates, synaptic operations, energy and time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurokit.errors import Fault, InputError
from neurokit.graph.network import Program
from neurokit.place.chips import LOIHI2, Chip
from neurokit.place.rough import Placement
from neurokit.profiling.count import Activity, count
from neurokit.profiling.energy import (
    Energy,
    Floats,
    Load,
    Time,
    caveats,
    dynamic_parts,
    mean_power,
    run_time,
    static_parts,
)
from neurokit.profiling.estimate import Estimate, digits
from neurokit.profiling.estimate import count as written
from neurokit.records import Recording

_EARLY = (
    "Biases may make neurons fire before their first input arrives (program.latency); the chip spends energy on these "
    "spikes, so they count."
)
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
        return Estimate(1 / sample.high, 1 / sample.nominal, 1 / sample.low, "/s")

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
            "synaptic_operations": self.synaptic_operations,
            "spikes": self.spikes,
            "messages": activity.messages / activity.samples,
            "messages_basis": activity.messages_basis,
            "neuron_updates": activity.neuron_updates / activity.samples,
            "inputs": [vars(population) for population in activity.inputs],
            "populations": [vars(population) for population in activity.populations],
            "projections": [vars(projection) for projection in activity.projections],
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
        lines += [f"    {part.name:<9} {part.energy}" for part in energy.parts]
        width = max(len(name) for name in self.rates)
        for p in activity.populations:
            hertz = f", {digits(p.hertz)} Hz" if p.hertz is not None else ""
            lines.append(
                f"  {p.population:<{width}}  {digits(p.rate)} spikes/neuron/step{hertz}, {written(p.silent)} silent"
            )
        return "\n".join([*lines, *(f"  Note: {caveat}" for caveat in self.caveats)])


def profile(recording: Recording, placement: Placement | None = None, *, host_time: float = 0.0) -> Profile:
    """Rates, synaptic operations, energy and time of a run of a Program.

    placement: from `nk.place`; without one the energies are Loihi 2's dynamic ones and there is no time. host_time:
    seconds per step that a host needs to feed the chip, where you know it.
    Raises InputError for a run of a Network, and for a placement of another Program.
    """
    _check_arguments(recording, placement, host_time)
    activity = count(recording, placement)
    chip = LOIHI2 if placement is None else placement.chip
    samples = activity.samples
    parts = dynamic_parts(
        chip,
        {kind: number / samples for kind, number in activity.operations_by_kind().items()},
        activity.neuron_updates / samples,
        activity.spikes / samples,
        activity.messages / samples,
    )
    energy = Energy(parts, None)
    notes = (*([_EARLY] if _fires_early(recording) else []), *caveats(chip))
    if placement is None:
        return Profile(recording, chip, activity, energy, None, (_NO_TIME, *notes))
    time = run_time(chip, _loads(recording, activity, placement), recording.steps, placement.cores, host_time)
    power = mean_power(chip, placement.chips, energy.dynamic, time.sample)
    energy = Energy((*parts, *static_parts(chip, placement.chips, time.sample)), power)
    return Profile(recording, chip, activity, energy, time, notes)


def _fires_early(recording: Recording) -> bool:
    """Whether biases may make neurons fire before their input arrives."""
    program: Program = recording.program
    neurons = [program.neuron(name) for name, late in program.latency.items() if late > 0]
    return any(neuron.spiking and not neuron.held and (neuron.bias > 0).any() for neuron in neurons)


def _check_arguments(recording: Any, placement: Any, host_time: float) -> None:
    """Raise InputError for arguments of other kinds."""
    faults = []
    if not isinstance(recording, Recording):
        faults.append(
            Fault("recording", f"is a {type(recording).__name__}", "a Recording is needed", "Pass nk.run(...).")
        )
    if placement is not None and not isinstance(placement, Placement):
        faults.append(
            Fault("placement", f"is a {type(placement).__name__}", "a Placement is needed", "Pass nk.place(program).")
        )
    if not host_time >= 0:
        faults.append(Fault("host_time", f"is {host_time}", "seconds of at least 0", "Leave it out, or pass seconds."))
    if faults:
        raise InputError(faults)


def _loads(recording: Recording, activity: Activity, placement: Placement) -> list[Load]:
    """Work of each population's fullest core, step by step, averaged over samples; even over its cores."""
    sources = {p.name: p.source for p in placement.program.projections}
    spikes = {p.population: p.spikes for p in activity.populations}
    loads = []
    for name, placed in placement.populations.items():
        share = placed.layout.neurons / placed.neurons
        operations = np.zeros(recording.steps)
        for p in activity.projections:
            if p.target == name:
                operations = operations + p.synaptic_operations * _course(recording, sources[p.projection])
        spiking = spikes[name] * _course(recording, name)
        scale = share / activity.samples
        loads.append(Load(name, operations * scale, placed.layout.neurons, spiking * scale))
    return loads


def _course(recording: Recording, name: str) -> Floats:
    """Share of a population's spikes that falls into each step, summing to 1: (steps,); even where it is not known."""
    counts = recording.step_counts.get(name)
    total = 0 if counts is None else int(np.sum(counts))
    if counts is None or total == 0:
        return np.full(recording.steps, 1 / max(1, recording.steps))
    return np.asarray(counts, dtype=np.float64) / total
