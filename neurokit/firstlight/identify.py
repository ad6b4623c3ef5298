"""From outputs of the first-light kit to the arithmetic that explains them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.bundles.checking import Results, read_results
from neurokit.errors import Fault, FormatError, InputError
from neurokit.firstlight.building import Probe
from neurokit.firstlight.chip import simulate
from neurokit.firstlight.probes import probes
from neurokit.graph.fingerprint import fingerprint
from neurokit.lower.silicon import BY_FIELD, Finding, Silicon, Value

Outputs = Mapping[str, NDArray[Any]]  # spikes/POPULATION and states/POPULATION/STATE -> (steps, n)
PASSES = 8


def identify(results: str | os.PathLike[str] | None = None, kit: str | os.PathLike[str] = ".") -> Finding:
    """What results.npz of a kit's run.py say of the chip; see Finding. results: default results.npz in the kit.

    FormatError for what is missing, damaged or no kit, or a kit of another neurokit; InputError for results of another
    kit or of other shapes.
    """
    read = read_results(results, kit)
    if read.manifest.kind != "first-light":
        fact, mend = "holds a program", "Name the folder of neurokit deploy --first-light."
        raise InputError(Fault(str(kit), fact, "a first-light kit is needed", mend))
    _check_probes(Path(kit), read)
    seen = {
        name: {key: values[0] for key, values in found.items()}
        for name, found in read.arrays.items()
        if name not in read.errors
    }
    candidates, unexplained = explain(read.manifest.target, seen)
    expected = read.manifest.expected
    return Finding(read.manifest.target, read.backend, expected, candidates, unexplained, dict(read.errors))


def explain(target: str, seen: Mapping[str, Outputs]) -> tuple[dict[str, tuple[Value, ...]], dict[str, str]]:
    """(candidates, unexplained) of a Finding, from the outputs of the probes that ran, by name of the probe."""
    evidence = _Evidence(target, seen)
    silicon = _nearest_to_lava(evidence, _settled(evidence))
    explained = evidence.explained(silicon)
    unexplained = {p.name: evidence.difference(p, silicon) for p in evidence.ran if p not in explained}
    found = {}
    for field in BY_FIELD:
        values = _candidates(evidence, explained, silicon, field)
        found[field] = tuple(sorted(values, key=lambda value: value != getattr(silicon, field)))  # stable
    return found, unexplained


def predict(probe: Probe, silicon: Silicon) -> dict[str, NDArray[Any]]:
    """What a chip of that arithmetic gives for a micro-program: spikes of all populations, and states asked for."""
    inputs = {name: values[0] for name, values in probe.inputs.items()}
    sent, states = simulate(probe.program, inputs, probe.steps, silicon)
    found = {f"spikes/{name}": sent[name] for name in probe.program.populations}
    return found | {f"states/{name}/{state}": states[name, state] for name, state in probe.states}


@lru_cache(maxsize=4096)
def _prediction(target: str, place: int, silicon: Silicon) -> dict[str, NDArray[Any]]:
    return predict(_cached_probes(target)[place], silicon)


@lru_cache(maxsize=4)
def _cached_probes(target: str) -> tuple[Probe, ...]:
    return probes(target)


def _check_probes(folder: Path, read: Results) -> None:
    here = {probe.name: fingerprint(probe.program) for probe in _cached_probes(read.manifest.target)}
    if here != {job.name: job.fingerprint for job in read.manifest.jobs}:
        fact = f"is a kit of neurokit {read.manifest.neurokit} with other micro-programs"
        mend = "Check it with that version, or run a kit of this one."
        raise FormatError(Fault(str(folder), fact, "predictions are made for this version's", mend))


class _Evidence:
    """Which arithmetic agrees with what was seen."""

    def __init__(self, target: str, seen: Mapping[str, Outputs]) -> None:
        known = _cached_probes(target)
        self.target = target
        self.seen = seen
        self.places = {probe.name: place for place, probe in enumerate(known)}
        self.ran = [probe for probe in known if probe.name in seen]

    def agrees(self, probe: Probe, silicon: Silicon) -> bool:
        """Whether everything seen of a probe is as predicted."""
        predicted = _prediction(self.target, self.places[probe.name], silicon)
        return all(np.array_equal(values, predicted[key]) for key, values in self.seen[probe.name].items())

    def explained(self, silicon: Silicon) -> list[Probe]:
        """Probes that agree."""
        return [probe for probe in self.ran if self.agrees(probe, silicon)]

    def difference(self, probe: Probe, silicon: Silicon) -> str:
        """The first place where a probe's output is not as predicted."""
        predicted = _prediction(self.target, self.places[probe.name], silicon)
        firsts = []
        for key, values in self.seen[probe.name].items():
            unequal = np.argwhere(values != predicted[key])
            if len(unequal):
                step, *neuron = map(int, unequal[0])
                place = (step, *neuron)
                words = f"{key} at step {step}, neuron {tuple(neuron)}: {predicted[key][place]} predicted"
                firsts.append((step, f"{words}, {values[place]} found"))
        return f"no known difference of {BY_FIELD[probe.field].what!r} explains {min(firsts)[1]}"


def _settled(evidence: _Evidence) -> Silicon:
    """Field by field, given what the others are found to be, until nothing changes.

    A probe may depend on other fields than its own, so that it waits until these are found. Where a whole pass brings
    nothing more, two fields at once are tried for what is still unexplained.
    """
    silicon = Silicon()
    for _ in range(PASSES):
        before = silicon
        for probe in evidence.ran:
            matching = [
                v for v in BY_FIELD[probe.field].values if evidence.agrees(probe, with_value(silicon, probe.field, v))
            ]
            if matching and getattr(silicon, probe.field) not in matching:
                silicon = with_value(silicon, probe.field, matching[0])
        if silicon == before:
            silicon = _two_at_once(evidence, silicon)
            if silicon == before:
                break
    return silicon


def _two_at_once(evidence: _Evidence, silicon: Silicon) -> Silicon:
    """The change of one or two fields that explains most probes, if it explains more than now."""
    explained = evidence.explained(silicon)
    best, most = silicon, len(explained)
    for probe in evidence.ran:
        if probe in explained:
            continue
        for value in BY_FIELD[probe.field].values:
            own = with_value(silicon, probe.field, value)
            for field, suspect in BY_FIELD.items():
                for other in suspect.values:
                    tried = own if field == probe.field else with_value(own, field, other)
                    if evidence.agrees(probe, tried) and (count := len(evidence.explained(tried))) > most:
                        best, most = tried, count
    return best


def _nearest_to_lava(evidence: _Evidence, silicon: Silicon) -> Silicon:
    """Lava's value in each field of which nothing that is explained says otherwise."""
    explained, lava = evidence.explained(silicon), Silicon()
    for field in BY_FIELD:
        usual = getattr(lava, field)
        if usual in _candidates(evidence, explained, silicon, field):
            silicon = with_value(silicon, field, usual)
    return silicon


def _candidates(evidence: _Evidence, explained: list[Probe], silicon: Silicon, field: str) -> tuple[Value, ...]:
    """Values with which everything explained stays so."""
    own_first = sorted(explained, key=lambda probe: probe.field != field)  # it tells most of them apart
    return tuple(
        value
        for value in BY_FIELD[field].values
        if all(evidence.agrees(probe, with_value(silicon, field, value)) for probe in own_first)
    )


def with_value(silicon: Silicon, field: str, value: Value) -> Silicon:
    """The same but for one field."""
    changed: dict[str, Any] = {field: value}
    return replace(silicon, **changed)
