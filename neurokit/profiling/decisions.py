"""What each run of the parity ladder decided: the output neuron with the most spikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.errors import Fault, InputError
from neurokit.profiling.values import sends_changes
from neurokit.records import Recording

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Decision:
    """Classes that one run chose at one output.

    basis: "spike count" (summed over steps) or "final v" for an output that does not spike. agreement: share of samples
    with the first run's class. accuracy: share with the label's, None without labels. tied: samples whose best two are
    equal (the lower index is taken then).
    """

    stage: str
    output: str
    basis: str
    samples: int
    agreement: float
    accuracy: float | None
    tied: int

    def __str__(self) -> str:
        correct = "" if self.accuracy is None else f", {self.accuracy:.2%} correct"
        tied = f", {self.tied} tied" if self.tied else ""
        return f"{self.stage}, {self.output} by {self.basis}: {self.agreement:.2%} as the first run{correct}{tied}"


def decide(stages: Mapping[str, Recording], labels: ArrayLike | None = None) -> tuple[Decision, ...]:
    """Decisions of every run in `stages` (name -> recording, in the ladder's order) at every output they share.

    Outputs of one neuron decide nothing and are left out; so are silent ones whose v was not recorded.

    Steps before a layer's first input can arrive are left out, and every run is cut to the steps that all have.
    labels: one class index a sample. Raises InputError when labels or batches do not fit.
    """
    if not stages:
        return ()
    sizes = {name: recording.batch or 1 for name, recording in stages.items()}
    samples = next(iter(sizes.values()))
    if set(sizes.values()) != {samples}:
        raise InputError(
            Fault("batch", f"runs have {sizes} samples", "all need the same", "Run all on the same inputs.")
        )
    truth = None if labels is None else _labels(labels, samples)
    shared = [
        name
        for name in next(iter(stages.values())).program.outputs
        if all(name in recording.program.outputs for recording in stages.values())
    ]
    if truth is not None:
        _check_classes(
            truth, max((stage.program.outputs[n].size for stage in stages.values() for n in shared), default=0)
        )
    return tuple(decision for name in shared for decision in _output(name, stages, truth))


def _output(name: str, stages: Mapping[str, Recording], truth: Ints | None) -> list[Decision]:
    basis = "spike count"
    if any(recording.program.outputs[name].size < 2 for recording in stages.values()):
        return []
    if any(not recording.program.outputs[name].neuron.spiking for recording in stages.values()):
        basis = "final v"
        if any((name, "v") not in recording.states for recording in stages.values()):
            return []
    steps = min(_aligned(recording, name, basis).shape[1] for recording in stages.values())
    decisions, first = [], None
    for stage, recording in stages.items():
        values = _aligned(recording, name, basis)[:, :steps]
        if sends_changes(recording.program.outputs[name].neuron):  # what was sent before the input arrived counts, too
            sent = recording.spikes[name] if recording.batch is not None else recording.spikes[name][None]
            values = sent[:, : sent.shape[1] - _aligned(recording, name, basis).shape[1] + steps]
        whole = np.int64 if values.dtype.kind in "bui" else np.float64  # payloads of a Network may be fractions
        scores = values.sum(axis=1, dtype=whole) if basis == "spike count" else values[:, -1]
        scores = scores.reshape(len(scores), -1)
        chosen = scores.argmax(axis=1)
        first = chosen if first is None else first
        tied = int(((scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum())
        accuracy = None if truth is None else float((chosen == truth).mean())
        agreement = float((chosen == first).mean())
        decisions.append(Decision(stage, name, basis, len(chosen), agreement, accuracy, tied))
    return decisions


def _aligned(recording: Recording, name: str, basis: str) -> NDArray[Any]:
    """(batch, steps, *shape) from the step at which the first input can arrive; a step a frame where it is held."""
    values = recording.spikes[name] if basis == "spike count" else recording.states[name, "v"]
    if recording.batch is None:
        values = values[None]
    latency = int(getattr(recording.program, "latency", {}).get(name, 0))
    if values.shape[1] <= latency:
        raise InputError(
            Fault(
                name,
                f"the run has {values.shape[1]} steps and this output lags by {latency}",
                "at least one step is needed after the lag",
                f"Run for more than {latency} steps.",
            )
        )
    every = int(getattr(recording.program, "steps_per_frame", 1))  # of a frame that is held, the step it arrives in
    return values[:, latency::every]


def _check_classes(truth: Ints, most: int) -> None:
    """InputError for labels that no output has a neuron for."""
    odd = truth[(truth < 0) | (truth >= most)] if most > 1 else truth[:0]  # outputs of one neuron decide nothing
    if odd.size:
        limit, mend = f"the largest output has {most} neurons, counted from 0", "Pass indices of its neurons."
        raise InputError(Fault("labels", f"hold the class {odd[0]}", limit, mend))


def _labels(labels: ArrayLike, samples: int) -> Ints:
    truth = np.asarray(labels)
    if truth.ndim == 0:
        truth = truth[None]
    if truth.shape != (samples,) or truth.dtype.kind not in "iu":
        raise InputError(
            Fault(
                "labels",
                f"have shape {truth.shape} and type {truth.dtype}",
                f"{samples} class indices are needed, one a sample",
                "Pass integers of that length.",
            )
        )
    return truth.astype(np.int64)
