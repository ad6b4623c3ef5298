"""Calibration: the float network runs on sample inputs, and what it showed is handed to lowering as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurokit.arguments import Inputs, check_inputs, check_steps
from neurokit.budget import recording_bytes
from neurokit.errors import Fault, InputError
from neurokit.graph.check import check_network
from neurokit.graph.learned import WEIGHT, plastic_projections, variables
from neurokit.graph.network import Network
from neurokit.graph.plasticity import Rule
from neurokit.graph.signals import THIRD_FACTORS
from neurokit.hardware.base import RecordKey
from neurokit.lower.activity import PAYLOAD, SUM, Activity, InputRange
from neurokit.lower.fold import fold
from neurokit.lower.moments import has_moment, kept, moment, reached
from neurokit.records import Recording

CURRENTS = ("u", "i")
ROOM = 1 << 28  # bytes that the recording of one round of samples may take
LOOKS = 50  # times a sample that traces, signals and tags of projections that learn are looked at
LEAST = 1e-100  # largest |value| of an input below which scales would leave the range of floats
BRIEF = "modulation_positive", "modulation_negative"  # events, which looks now and then miss
FARTHEST = 700.0  # time constants between looks, of which exp is still a float
SEEDS = (0, 1)  # of the places of images at which second moments are taken, and of the steps looked at for activity


class _Round(NamedTuple):
    """faded: by how much traces of plateaus may fade from one look to the next, by projection and variable."""

    inputs: Mapping[str, NDArray[Any]]
    recording: Recording
    faded: Mapping[tuple[str, str], float]

    def sent(self, name: str) -> NDArray[Any]:
        """What an input or population sent, (samples, steps, *shape)."""
        values = self.inputs[name] if name in self.inputs else self.recording.spikes[name]
        return np.asarray(values)


def observe(network: Network, inputs: Inputs) -> Activity:
    """Run `network` on sample inputs, (batch, time, *shape) or one sample, and give what it does then.

    Samples run in rounds, so that memory stays bounded. InputError and GraphError as for `run`.
    """
    check_network(network)
    arrays, _ = check_inputs(network, inputs)
    faults = [
        Fault(name, f"reaches only {_largest(values):.3g}", f"scales follow values from {LEAST:g} on", "Scale it up.")
        for name, values in arrays.items()
        if 0 < _largest(values) < LEAST
    ]
    if faults:
        raise InputError(faults)
    samples = next(iter(arrays.values())).shape[0]
    folded, _ = fold(network)
    peaks = {(name, PAYLOAD): 0.0 if p.neuron.graded else 1.0 for name, p in network.populations.items()}
    moments: dict[str, NDArray[np.float64]] = {}
    found = dict.fromkeys((p.name for p in folded.projections), 0.0)
    generator, another = (np.random.default_rng(seed) for seed in SEEDS)
    for part in _rounds(network, arrays):
        _add_peaks(peaks, part)
        share = next(iter(part.inputs.values())).shape[0] / samples
        _add_moments(moments, folded, part, share, generator)
        for p in folded.projections:
            found[p.name] += share * reached(p.synapse, part.sent(p.source), another)
    ranges = {name: InputRange(_largest(values), _is_whole(values)) for name, values in arrays.items()}
    return Activity(ranges, peaks, moments, samples, found)


def _add_peaks(peaks: dict[tuple[str, str], float], part: _Round) -> None:
    for name, values in part.recording.spikes.items():
        _raise(peaks, (name, PAYLOAD), _largest(values))
    for (name, state), values in part.recording.states.items():
        _raise(peaks, (name, state), _largest(values) * part.faded.get((name, state), 1.0))
        if state == "sigma":
            _raise(peaks, (name, SUM), max(_largest(np.diff(values, axis=1)), _largest(values[:, 0])))


def _raise(peaks: dict[tuple[str, str], float], key: tuple[str, str], value: float) -> None:
    peaks[key] = max(peaks.get(key, 0.0), value)


def _add_moments(
    moments: dict[str, NDArray[np.float64]],
    folded: Network,
    part: _Round,
    share: float,
    generator: np.random.Generator,
) -> None:
    for projection in folded.projections:
        if projection.port not in THIRD_FACTORS and has_moment(projection.synapse):
            neuron = folded.populations[projection.target].neuron
            values = kept(neuron, folded.dt, part.sent(projection.source))
            moments.setdefault(projection.name, np.zeros(()))
            moments[projection.name] = moments[projection.name] + share * moment(projection.synapse, values, generator)


def _everything(network: Network) -> tuple[RecordKey, ...]:
    """What all send, and states that tell ranges: of spiking neurons only the current, which wraps.

    Of projections that learn: traces, signals and tags. Plateaus are too brief to be looked at now and then: how large
    they get follows from their port. Their traces are taken for as large as they may have been since the look before.
    """
    keys: list[RecordKey] = list(network.populations)
    for name, population in network.populations.items():
        neuron = population.neuron
        states = neuron.states if neuron.graded or not neuron.spiking else [s for s in neuron.states if s in CURRENTS]
        keys += [(name, state) for state in states]
    for name, projection in plastic_projections(network).items():
        signals = projection.plasticity.signals if isinstance(projection.plasticity, Rule) else {}
        left_out = {WEIGHT, *(variable for variable, signal in signals.items() if signal.function in BRIEF)}
        keys += [(name, variable) for variable in variables(network, projection) if variable not in left_out]
    return tuple(keys)


def _rounds(network: Network, arrays: Mapping[str, NDArray[Any]]) -> Iterator[_Round]:
    from neurokit.hardware.simulator.backend import Simulator  # compiles kernels: not before somebody calibrates

    steps, record = check_steps(arrays, None), _everything(network)
    samples = next(iter(arrays.values())).shape[0]
    simulator = Simulator()
    every = max(1, steps // LOOKS) if network.learns else None
    faded = _faded(network, every or 1)
    at_once = max(1, ROOM // max(1, recording_bytes(network, 1, steps, record, every)))
    for first in range(0, samples, at_once):
        inputs = {name: values[first : first + at_once] for name, values in arrays.items()}
        yield _Round(inputs, simulator.run(network, inputs, steps, record, record_every=every), faded)


def _faded(network: Network, every: int) -> dict[tuple[str, str], float]:
    found = {}
    for name, projection in plastic_projections(network).items():
        signals = projection.plasticity.signals if isinstance(projection.plasticity, Rule) else {}
        for variable, signal in signals.items():
            if signal.function == "modulation_trace" and network.dt:
                found[name, variable] = math.exp(min(every * network.dt / signal.parameters["tau"], FARTHEST))
    return found


def _largest(values: NDArray[Any]) -> float:
    return float(max(values.max(initial=0), -float(values.min(initial=0))))


def _is_whole(values: NDArray[Any]) -> bool:
    return values.dtype.kind != "f" or bool((values == np.rint(values)).all())
