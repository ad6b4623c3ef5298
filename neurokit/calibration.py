"""Calibration: the float network runs on sample inputs, and what it showed is handed to lowering as plain numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.arguments import Inputs, check_inputs, check_steps
from neurokit.budget import recording_bytes
from neurokit.graph.check import check_network
from neurokit.graph.network import Network
from neurokit.hardware.base import RecordKey
from neurokit.lower.activity import PAYLOAD, SUM, Activity, InputRange
from neurokit.records import Recording

CURRENTS = ("u", "i")
ROOM = 1 << 28  # bytes that the recording of one round of samples may take


def observe(network: Network, inputs: Inputs) -> Activity:
    """Run `network` on sample inputs, (batch, time, *shape) or one sample, and give the ranges of all that it computes.

    Samples run in rounds, so that memory stays bounded. InputError and GraphError as for `run`.
    """
    check_network(network)
    arrays, _ = check_inputs(network, inputs)
    record = _everything(network)
    peaks = {(name, PAYLOAD): 0.0 if p.neuron.graded else 1.0 for name, p in network.populations.items()}
    peaks |= {(key[0], key[1]): 0.0 for key in record if not isinstance(key, str)}
    for recording in _rounds(network, arrays, record):
        for name, values in recording.spikes.items():
            peaks[name, PAYLOAD] = max(peaks[name, PAYLOAD], _largest(values))
        for (name, state), values in recording.states.items():
            peaks[name, state] = max(peaks[name, state], _largest(values))
            if state == "sigma":
                arrived = max(_largest(np.diff(values, axis=1)), _largest(values[:, 0]))
                peaks[name, SUM] = max(peaks.get((name, SUM), 0.0), arrived)
    ranges = {name: InputRange(_largest(values), _is_whole(values)) for name, values in arrays.items()}
    return Activity(ranges, peaks, next(iter(arrays.values())).shape[0])


def _everything(network: Network) -> tuple[RecordKey, ...]:
    """What tells ranges: graded payloads and states; of spiking neurons only the current, which wraps."""
    keys: list[RecordKey] = []
    for name, population in network.populations.items():
        neuron = population.neuron
        keys += [name] if neuron.graded else []
        states = neuron.states if neuron.graded or not neuron.spiking else [s for s in neuron.states if s in CURRENTS]
        keys += [(name, state) for state in states]
    return tuple(keys)


def _rounds(network: Network, arrays: Mapping[str, NDArray[Any]], record: tuple[RecordKey, ...]) -> Iterator[Recording]:
    from neurokit.hardware.simulator.backend import Simulator  # compiles kernels: not before somebody calibrates

    steps = check_steps(arrays, None)
    samples = next(iter(arrays.values())).shape[0]
    simulator = Simulator()
    at_once = max(1, ROOM // max(1, recording_bytes(network, 1, steps, record)))
    for first in range(0, samples, at_once):
        part = {name: values[first : first + at_once] for name, values in arrays.items()}
        yield simulator.run(network, part, steps, record)


def _largest(values: NDArray[Any]) -> float:
    return float(max(values.max(initial=0), -float(values.min(initial=0))))


def _is_whole(values: NDArray[Any]) -> bool:
    return values.dtype.kind != "f" or bool((values == np.rint(values)).all())
