"""Work of each core: synaptic operations and spikes of the neurons that lie there, counted one by one.

Totals of a core over the run are exact for the layout. Only their course in time is not: a projection's operations
follow the spikes of its whole source population from step to step, as no core's own course is recorded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from neurokit.graph.synapses import Convolving, Dense, Sparse, Synapse
from neurokit.lower.images import Axis, picked
from neurokit.place.layout import Layout
from neurokit.place.placement import Placement
from neurokit.profiling.count import total_of
from neurokit.profiling.timing import Load
from neurokit.records import Recording

Floats = NDArray[np.float64]
_AT_ONCE = 1 << 23  # numbers of a temporary


def loads(recording: Recording, placement: Placement) -> list[Load]:
    """Work of each population's busiest core, step by step, averaged over samples."""
    program = recording.program
    samples = 1 if recording.batch is None else recording.batch
    names = (*program.inputs, *program.populations)
    totals = {name: total_of(recording, name, program.shape_of(name)) for name in names}
    found = []
    for name, placed in placement.populations.items():
        layout = placed.layout
        incoming = [p for p in program.projections if p.target == name]
        cores = [core_operations(p.synapse, totals[p.source], layout) for p in incoming]
        operations = _busiest(cores, [_course(recording, p.source) for p in incoming], recording.steps)
        spikes = _summed(layout.core_of(), totals[name].ravel(), layout.cores).max()
        course = _course(recording, name)
        found.append(Load(name, operations / samples, layout.neurons, spikes * course / samples))
    return found


def core_operations(synapse: Synapse, events: NDArray[Any], layout: Layout) -> Floats:
    """Synaptic operations on each core of `layout` when every source neuron sends so many events: (cores,).

    events: of the source's shape. An Injection makes none.
    """
    cores = layout.cores
    if isinstance(synapse, Convolving):
        return _image_operations(synapse, events, layout)
    if isinstance(synapse, Sparse):
        weight = synapse.weight
        there = sp.csr_matrix(((weight.data != 0).astype(np.float64), weight.indices, weight.indptr), weight.shape)
        return _summed(layout.core_of(), there @ events.ravel().astype(np.float64), cores)
    if isinstance(synapse, Dense):
        rows = max(1, _AT_ONCE // max(1, synapse.weight.shape[1]))
        flat = events.ravel().astype(np.float64)
        parts = [
            (synapse.weight[row : row + rows] != 0).astype(np.float64) @ flat
            for row in range(0, len(synapse.weight), rows)
        ]
        return _summed(layout.core_of(), np.concatenate(parts), cores)
    return np.zeros(cores)


def _image_operations(synapse: Convolving, events: NDArray[Any], layout: Layout) -> Floats:
    """Channels that lie together are taken together: only where a synapse is not zero counts, not what it weighs."""
    form = picked(synapse, events.shape)
    kernel = form.kernel() != 0
    together = layout.channels
    first = np.arange(0, layout.shape[0], together)
    groups, inner = form.convolution.groups, kernel.shape[1]
    each = len(kernel) // groups
    apart = np.zeros((len(kernel), groups * inner, *kernel.shape[2:]), np.int32)
    for group in range(groups):
        outs, ins = slice(group * each, (group + 1) * each), slice(group * inner, (group + 1) * inner)
        apart[outs, ins] = kernel[outs]
    targets = np.add.reduceat(apart, first, axis=0).astype(np.float64)  # (blocks of channels, source channels, sets ..)
    padded = np.pad(events.astype(np.float64), ((0, 0), (0, 1), (0, 1)))  # -1 sees silence
    rows, columns = (_sources(axis) for axis in form.axes)
    made = np.zeros((len(first), layout.shape[1] * layout.shape[2]))
    for y, x in np.ndindex(len(rows), len(columns)):
        seen = padded[:, rows[y]][:, :, columns[x]].reshape(len(padded), -1)
        made += targets[:, :, y, x] @ seen
    core_of = layout.core_of().reshape(layout.shape[0], -1)[first]
    return _summed(core_of.ravel(), made.ravel(), layout.cores)


def _summed(core_of: NDArray[np.int64], values: NDArray[Any], cores: int) -> Floats:
    return np.asarray(np.bincount(core_of, values, cores), dtype=np.float64)


def _sources(axis: Axis) -> NDArray[np.int64]:
    """Source place that each output sees through exactly this set of taps, -1 for none: (sets, outputs)."""
    members = axis.tap_sets[0]
    sources = axis.source_of[members.argmax(axis=1)] if len(members) else np.zeros((0, axis.source_of.shape[1]), int)
    same = axis.source_of[None] == sources[:, None]
    exactly = (same == members[:, :, None]).all(axis=1)
    return np.where(exactly & (sources >= 0), sources, -1)


def _busiest(cores: list[Floats], courses: list[Floats], steps: int) -> Floats:
    """Most operations of any core in each step: (steps,)."""
    if not cores or steps == 0:
        return np.zeros(steps)
    if len(cores) == 1:
        return np.asarray(cores[0].max() * courses[0])
    by_core, by_step = np.stack(cores, axis=1), np.stack(courses)
    chunk = max(1, _AT_ONCE // len(by_core))
    return np.concatenate([(by_core @ by_step[:, s : s + chunk]).max(axis=0) for s in range(0, steps, chunk)])


def _course(recording: Recording, name: str) -> Floats:
    """Share of a population's spikes that falls into each step, summing to 1: (steps,); even where it is not known."""
    counts = recording.step_counts.get(name)
    total = 0 if counts is None else int(np.sum(counts))
    if counts is None or total == 0:
        return np.full(recording.steps, 1 / max(1, recording.steps))
    return np.asarray(counts, dtype=np.float64) / total
