"""Exact counts of what a run did: spikes, synaptic operations on non-zero weights, messages, neuron updates.

A synaptic operation is one spike (or graded event) meeting one non-zero weight, which is what Loihi 2's own counter
counts (lava-dl's PilotNet notebook: 2.27 M computed against 2.288 M counted per step). Spikes of the last step count
although they arrive after the run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.graph.network import Program, Projection
from neurokit.graph.synapses import Convolving, Dense, Shape, Sparse, Synapse
from neurokit.lower.images import Picked, picked
from neurokit.place.placement import Placement
from neurokit.records import Recording

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class PopulationActivity:
    """Spikes of a population (or events of an input) over all samples.

    silent: neurons that never spiked. rate: spikes per neuron and step. hertz: spikes per neuron and second of the
    program's dt, None where that is unknown.
    """

    population: str
    neurons: int
    spikes: int
    silent: int
    rate: float
    hertz: float | None


@dataclass(frozen=True)
class ProjectionActivity:
    """What the events of a source did through one projection, over all samples.

    kind: "conv", "sparse", "dense", or "injection" (a current, which costs no synaptic operation).
    messages: with a placement, events times the cores each has to reach; else one an event.
    """

    projection: str
    target: str
    kind: str
    events: int
    synaptic_operations: int
    messages: int


@dataclass(frozen=True)
class Activity:
    """All counts of a run, over all samples. neuron_updates: neurons x steps x samples.

    weight_updates: evaluations of plastic weights that the run counted (`Recording.updates`), over all learners.
    """

    samples: int
    steps: int
    inputs: tuple[PopulationActivity, ...]
    populations: tuple[PopulationActivity, ...]
    projections: tuple[ProjectionActivity, ...]
    neuron_updates: int
    messages_basis: str
    weight_updates: int = 0

    @property
    def spikes(self) -> int:
        """Spikes of all populations; events of inputs are not among them."""
        return sum(population.spikes for population in self.populations)

    @property
    def synaptic_operations(self) -> int:
        """On non-zero weights."""
        return sum(projection.synaptic_operations for projection in self.projections)

    @property
    def messages(self) -> int:
        """See `messages_basis`."""
        return sum(projection.messages for projection in self.projections)

    def operations_by_kind(self) -> dict[str, int]:
        """Synaptic operations of "conv", "sparse" and "dense" projections."""
        total: Counter[str] = Counter()
        for projection in self.projections:
            if projection.kind != "injection":
                total[projection.kind] += projection.synaptic_operations
        return dict(total)


def count(recording: Recording, placement: Placement | None = None) -> Activity:
    """Count what `recording` did; with a placement of the same Program, messages are counted to each core."""
    program = _program(recording)
    if placement is not None:
        _check_placement(program, placement)
    totals = {
        name: total_of(recording, name, program.shape_of(name)) for name in (*program.inputs, *program.populations)
    }
    samples = 1 if recording.batch is None else recording.batch
    presented = samples * recording.steps

    def activity(name: str) -> PopulationActivity:
        spikes, neurons = int(totals[name].sum()), totals[name].size
        rate = spikes / (neurons * presented) if presented else 0.0
        silent = int((totals[name] == 0).sum())
        return PopulationActivity(name, neurons, spikes, silent, rate, rate / program.dt if program.dt else None)

    return Activity(
        samples=samples,
        steps=recording.steps,
        inputs=tuple(activity(name) for name in program.inputs),
        populations=tuple(activity(name) for name in program.populations),
        projections=tuple(_projection(program, p, totals[p.source], placement) for p in program.projections),
        neuron_updates=sum(p.size for p in program.populations.values()) * presented,
        weight_updates=sum(int(np.sum(updates)) for updates in recording.updates.values()),
        messages_basis="events × cores reached" if placement else "events × outgoing projections (no placement given)",
    )


def fan_out(synapse: Synapse, source: Shape) -> Ints:
    """Synaptic operations that one spike of each source neuron causes: array of the source's shape.

    Taps of a resized convolution that meet in one source neuron are one synapse, whose weight is their sum.
    """
    if isinstance(synapse, Convolving):
        return _image_fan_out(picked(synapse, source))
    if isinstance(synapse, Sparse):
        reached = synapse.weight.indices[synapse.weight.data != 0]
        return np.asarray(np.bincount(reached, minlength=int(np.prod(source))).reshape(source), dtype=np.int64)
    if isinstance(synapse, Dense):
        return np.asarray(np.count_nonzero(synapse.weight, axis=0).reshape(source), dtype=np.int64)
    return np.zeros(source, np.int64)


def kind_of(synapse: Synapse) -> str:
    """ "conv", "sparse", "dense" or "injection"."""
    if isinstance(synapse, Convolving):
        return "conv"
    kinds = {Sparse: "sparse", Dense: "dense"}
    return next((name for model, name in kinds.items() if isinstance(synapse, model)), "injection")


def _image_fan_out(form: Picked) -> Ints:
    """Sum over sets of taps of (output channels with a weight there) x (outputs they reach); the axes separate."""
    kernel = form.kernel()
    out_channels, inner, *sets = kernel.shape
    groups = form.convolution.groups
    grouped = kernel.reshape(groups, out_channels // groups, inner, *sets)
    targets = np.count_nonzero(grouped, axis=1).reshape(form.source[0], *sets).astype(np.int64)
    rows, columns = (axis.tap_sets[1] for axis in form.axes)
    across = np.tensordot(targets, columns, axes=(2, 0))  # (channels, sets of y taps, columns)
    return np.asarray(np.tensordot(across, rows, axes=(1, 0)).transpose(0, 2, 1), dtype=np.int64)


def _projection(
    program: Program, projection: Projection, events: Ints, placement: Placement | None
) -> ProjectionActivity:
    source = program.shape_of(projection.source)
    kind = kind_of(projection.synapse)
    total = int(events.sum())
    messages = 0 if kind == "injection" else total
    if placement is not None:
        messages = int((events * placement.destinations(projection)).sum())
    operations = int((events * fan_out(projection.synapse, source)).sum())
    return ProjectionActivity(projection.name, projection.target, kind, total, operations, messages)


def _program(recording: Recording) -> Program:
    if isinstance(recording.program, Program):
        return recording.program
    raise InputError(
        Fault(
            "recording",
            f"it is a run of a {type(recording.program).__name__}",
            "costs are those of a compiled Program",
            "Compile first: nk.run(nk.compile(net), inputs).",
        )
    )


def _check_placement(program: Program, placement: Placement) -> None:
    if placement.host:
        raise InputError(
            Fault(
                "placement",
                f"has {', '.join(placement.host)} on the host",
                "what the host takes for its part is not known",
                "Profile nk.place(program, chip) without host=True.",
            )
        )
    sizes = {name: population.size for name, population in program.populations.items()}
    placed = {name: population.neurons for name, population in placement.populations.items()}
    if program is not placement.program and sizes != placed:
        differing = sorted(name for name in sizes.keys() | placed.keys() if sizes.get(name) != placed.get(name))
        raise InputError(
            Fault(
                "placement",
                f"it is of another Program: {', '.join(differing)}",
                "populations and sizes must agree with the recording's Program",
                "Use nk.place(rec.program).",
            )
        )


def total_of(recording: Recording, name: str, shape: Shape) -> Ints:
    """Spikes of each neuron over all samples, of `shape`."""
    counts: Any = recording.counts.get(name)
    if counts is None:
        raise InputError(
            Fault(
                name,
                "the recording has no counts of it",
                "every input and population is counted",
                "Run it with neurokit's own backends, or fill Recording.counts.",
            )
        )
    counts = np.asarray(counts)
    if counts.shape[-len(shape) :] != shape:
        raise InputError(
            Fault(name, f"its counts have shape {counts.shape}", f"they must end in {shape}", "Repair the recording.")
        )
    return np.asarray(counts.reshape(-1, *shape).sum(axis=0, dtype=np.int64))
