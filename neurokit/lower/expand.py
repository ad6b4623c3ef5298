"""Maps between images written out as listed synapses, which every target has."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from neurokit.errors import CompileError, Fault, InputError
from neurokit.graph.check import WEIGHT_EXPONENT_RANGE, check_program, need_program, weight_fault
from neurokit.graph.network import LayerReport, Program, Projection
from neurokit.graph.synapses import Convolving, Shape, Sparse
from neurokit.lower.fold import to_matrix
from neurokit.lower.images import largest_sums, picked
from neurokit.lower.targets import projection_faults, targets_of

MOST_SYNAPSES = 1 << 28  # 4 GB of lists; a Loihi 2 chip has 120 M (open-neuromorphic.org)


def expand(program: Program, *projections: str) -> Program:
    """`program` with convolutions and pools written out as Sparse synapses.

    projections: names (`source->target`) of those to write out; without any, all that a stock target refuses: resized
    and transposed convolutions, delayed ones, and exponents that Lava's Conv does not hold. Taps that see the same
    source neuron become one synapse. The behaviour stays the same bit for bit where sources spike; sums of large
    payloads that would wrap at 24 bits in a map do not in a list.
    Raises InputError for an unknown name; CompileError when merged weights do not fit 8 bits, when spikes alone
    could wrap, or when the list would be longer than 2**28.
    """
    need_program(program)
    chosen = _chosen(program, projections)
    faults: list[Fault] = []
    made, notes = [], []
    for projection in program.projections:
        if projection.name not in chosen:
            made.append(projection)
            continue
        source = program.shape_of(projection.source)
        found = [*_learns(projection), *_bounds(projection, source)] or _listed(projection, source)
        if isinstance(found, list):
            faults += found
            continue
        made.append(found)
        notes.append((found.target, f"{found.name} is written out as {found.synapse.weight.nnz:,} synapses"))  # type: ignore[attr-defined]
    if faults:
        raise CompileError(faults)
    report = tuple(_noted(row, [note for target, note in notes if target == row.population]) for row in program.report)
    expanded = check_program(replace(program, projections=tuple(made), report=report))
    return replace(expanded, targets=targets_of(expanded))


def _chosen(program: Program, names: tuple[str, ...]) -> set[str]:
    images = {p.name: p for p in program.projections if isinstance(p.synapse, Convolving)}
    unknown = [name for name in names if name not in images]
    if unknown:
        limit = f"maps between images are: {', '.join(images) or 'none'}"
        raise InputError([Fault(name, "is no map between images", limit, "Name one of them.") for name in unknown])
    if names:
        return set(names)
    return {name for name, p in images.items() if any(projection_faults(p, program.shape_of(p.source)))}


def _learns(projection: Projection) -> Iterator[Fault]:
    if projection.plasticity is not None:
        limit = "its taps learn together, and in a list each synapse would by itself"
        yield Fault(projection.name, "learns", limit, "Take the rule off first: with_plasticity(name, None).")


def _bounds(projection: Projection, source: Shape) -> Iterator[Fault]:
    synapse = projection.synapse
    assert isinstance(synapse, Convolving), "chosen so"
    form = picked(synapse, source)
    places = [int((axis.source_of >= 0).sum()) for axis in form.axes]
    synapses = math.prod(form.convolution.weight.shape[:2]) * places[0] * places[1]
    if synapses > MOST_SYNAPSES:
        fact, limit = f"would list {synapses:,} synapses", f"lists hold {MOST_SYNAPSES:,}"
        yield Fault(projection.name, fact, limit, "Keep it as it is, or use smaller images.")
    strongest = float(largest_sums(synapse, np.abs(synapse.weight)).max(initial=0.0)) * 2.0**synapse.exponent
    if strongest >= 1 << 23:
        fact, limit = f"may sum up to {strongest:.0f} a step", "beyond 2**23 a map wraps, and a list does not"
        yield Fault(projection.name, fact, limit, "Lower its exponent or weights.")


def _listed(projection: Projection, source: Shape) -> Projection | list[Fault]:
    """Weights with a common power of two pass it to the exponent where they would not fit otherwise."""
    synapse = projection.synapse
    assert isinstance(synapse, Convolving), "chosen so"
    matrix = sp.csr_matrix(to_matrix(synapse, source), copy=True)
    matrix.eliminate_zeros()
    exponent = synapse.exponent
    while weight_fault(matrix.data) and not (matrix.data % 2).any() and exponent < WEIGHT_EXPONENT_RANGE[1]:
        matrix.data //= 2
        exponent += 1
    wrong = weight_fault(matrix.data)
    if wrong is not None:
        fact, limit, _ = wrong
        over = math.ceil(math.log2(int(np.abs(matrix.data).max()) / int(np.abs(synapse.weight).max())))
        mend = f"Compile with fewer bits=, {over} less for this one, or leave it a convolution."
        return [Fault(projection.name, f"taps that meet in one source add up: {fact}", limit, mend)]
    return replace(projection, synapses=(Sparse(matrix, exponent=exponent),))


def _noted(row: LayerReport, notes: list[str]) -> LayerReport:
    return replace(row, notes=(*row.notes, *notes))
