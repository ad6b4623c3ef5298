"""What does not fit a chip whatever the cut, and what would cure it; a mend is named only where it is enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.network import Input, Program, Projection
from neurokit.graph.synapses import (
    Conv2d,
    Convolving,
    ConvTranspose2d,
    Dense,
    ResizeConv2d,
    Shape,
    Sparse,
    Synapse,
)
from neurokit.place.chip import Chip
from neurokit.place.memory import stored_bits, weight_bits
from neurokit.place.split import INPUT_AXONS, OUTPUT_AXONS, SYNAPTIC_MEMORY, Demand

WIDTHS = range(7, 0, -1)  # of weights that are tried, the widest first
_MOST_PARTS = 4  # times as many relay populations as demand over limit are tried

HOLD = (
    "Hold instead of pipeline: delays of one step everywhere, and each input held until the longest path has passed it"
)


def resource_fault(demand: Demand, program: Program, resource: str) -> Fault:
    """Of a population of which one neuron, or one position and channel, alone takes more than a core has."""
    unit, limit = demand.limits[resource]
    used = demand.used(resource, demand.finest)
    what = resource if resource.endswith(unit) else f"{unit} of {resource}"
    return Fault(
        demand.name,
        f"one {'position' if demand.by_position else 'neuron'} alone needs {used} {what}",
        f"a core of {demand.chip.title} has {limit.value} ({limit.source})",
        _mend(demand, program, resource, used, limit.value),
    )


def projection_faults(program: Program, chip: Chip) -> Iterator[Fault]:
    """Weights with more bits, and delays with more steps, than the chip stores."""
    for projection in program.projections:
        yield from _too_wide(projection, program, chip)
        longest = int(projection.delay.max()) if projection.delay.size else 0
        if chip.longest_delay is not None and longest > chip.longest_delay.value:
            most = chip.longest_delay.value
            relays = -(-longest // most) - 1
            yield Fault(
                projection.name,
                f"has a delay of {longest} steps",
                f"{chip.title} has {most} at most ({chip.longest_delay.source})",
                f"{HOLD}; or pass it through {relays} relay population{'s' * (relays > 1)}.",
            )


def _too_wide(projection: Projection, program: Program, chip: Chip) -> Iterator[Fault]:
    form = chip.format
    bits = stored_bits(projection, program.shape_of(projection.source), form)
    widest = (form.widths_conv if isinstance(projection.synapse, Convolving) else form.widths_dense)[-1]
    if bits > widest:
        yield Fault(
            projection.name,
            f"has weights of {bits} bits",
            f"{chip.title} stores {widest} at most ({form.source})",
            f"Use {widest}-bit weights: nk.compile(net, bits={widest}).",
        )


def _mend(demand: Demand, program: Program, resource: str, used: int, limit: int) -> str:
    if resource == OUTPUT_AXONS:
        return _relays(demand, program, used, limit)
    ways = []
    if resource == SYNAPTIC_MEMORY:
        ways += [
            f"Use {width}-bit weights: nk.compile(net, bits={width})"
            for width in WIDTHS
            if cures(narrowed(program, width), demand, resource)
        ][:1]
        if any(int(p.delay.max(initial=0)) > 1 for p in demand.incoming) and cures(held(program), demand, resource):
            ways.append(HOLD)
    if resource in (SYNAPTIC_MEMORY, INPUT_AXONS):
        ways.append(_in_parts(demand, program, resource, used, limit))
    return "; or ".join(way if n == 0 else way[0].lower() + way[1:] for n, way in enumerate(ways)) + "."


def _in_parts(demand: Demand, program: Program, resource: str, used: int, limit: int) -> str:
    """Relays that sum a share of the sources each, the fewest that fit and whose sums fit together."""
    images = [isinstance(p.synapse, Convolving) for p in demand.incoming]
    fewest = -(-used // limit)
    for parts in range(fewest, min(limit, _MOST_PARTS * fewest) + 1):
        if cures(shared_out(program, demand.name, parts), demand, resource):
            whose = "source channels" if all(images) else "sources" + " or source channels" * any(images)
            return f"Sum them in parts: {parts} populations of relays between, each with 1/{parts} of its {whose}"
    return "Give it a smaller kernel" if all(images) else "Give it fewer sources"


def _relays(demand: Demand, program: Program, used: int, limit: int) -> str:
    """Convolutions take two slots for each core reached, so an odd one is left over; a relay takes as many to reach."""
    images = any(isinstance(p.synapse, Convolving) for p in program.projections if p.source == demand.name)
    slots = 2 if images else 1
    room = limit // slots * slots
    parts = -(-used // room) if room else 0
    if not 0 < slots * parts <= limit:
        return "Let it feed smaller populations."
    each = f"each of which feeds 1/{parts} of the cores it reaches"
    return f"Fan out through {parts} relay populations, {each}, one step later."


def cures(changed: Program, demand: Demand, resource: str) -> bool:
    """Whether the population of `demand` fits once its Program is `changed`."""
    return demand.of(changed).coarsest([resource]) is not None


def narrowed(program: Program, width: int) -> Program:
    """With weights of at most `width` bits: those with more are scaled to the largest of them, and rounded."""
    most = max(1, (1 << (width - 1)) - 1)

    def fewer(weight: NDArray[Any]) -> NDArray[Any]:
        largest = int(np.abs(weight).max(initial=0))
        if weight_bits(weight) <= width:
            return weight
        return np.asarray(np.rint(weight * (most / largest)).astype(weight.dtype))

    def changed(projection: Projection) -> Projection:
        synapse: Any = projection.synapse
        if isinstance(synapse, Sparse):
            weight = synapse.weight.copy()
            weight.data = fewer(weight.data)
        elif isinstance(synapse, Dense | Convolving):
            weight = fewer(synapse.weight)
        else:
            return projection
        return replace(projection, synapses=(replace(synapse, weight=weight),))

    return replace(program, projections=tuple(changed(p) for p in program.projections))


def held(program: Program) -> Program:
    """With delays of one step at most."""
    late = tuple(replace(p, delay=np.minimum(p.delay, 1)) for p in program.projections)
    return replace(program, projections=late)


def shared_out(program: Program, population: str, parts: int) -> Program:
    """With the largest of the `parts` shares of the sources of `population`, by themselves."""
    inputs, projections = {}, []
    for number, projection in enumerate(program.incoming(population)):
        synapse, shape = _share(projection.synapse, program.shape_of(projection.source), parts)
        name = f"{number}: {projection.source}"
        inputs[name] = Input(name, shape)
        projections.append(replace(projection, source=name, synapses=(synapse,), delay=projection.delay.max()))
    return replace(
        program,
        inputs=inputs,
        populations={population: program.populations[population]},
        projections=tuple(projections),
        outputs={population: program.populations[population]},
    )


def _share(synapse: Synapse, source: Shape, parts: int) -> tuple[Synapse, Shape]:
    """What is left of the sources in the largest share; channels that a pool or transposed groups tie are all left."""
    if isinstance(synapse, Conv2d | ResizeConv2d):
        inner = -(-synapse.weight.shape[1] // parts)
        return replace(synapse, weight=synapse.weight[:, :inner]), (synapse.groups * inner, *source[1:])
    if isinstance(synapse, ConvTranspose2d) and synapse.groups == 1:
        inner = -(-source[0] // parts)
        return replace(synapse, weight=synapse.weight[:inner]), (inner, *source[1:])
    if isinstance(synapse, Dense):
        used = (synapse.weight != 0).any(axis=0)
        kept = np.concatenate([np.flatnonzero(some)[::parts] for some in (used, ~used)])
        return replace(synapse, weight=synapse.weight[:, kept]), (len(kept),)
    if isinstance(synapse, Sparse):  # each neuron's own sources are shared out
        weight = synapse.weight.copy()
        weight.eliminate_zeros()
        place = np.arange(weight.nnz) - np.repeat(weight.indptr[:-1], np.diff(weight.indptr))
        weight.data = np.where(place % parts == 0, weight.data, 0)
        return replace(synapse, weight=weight), source
    return synapse, source
