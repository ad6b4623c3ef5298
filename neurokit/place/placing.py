"""`place`: cut every population, find places for the blocks, say what does not fit and what would cure it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from neurokit.errors import Fault, InputError
from neurokit.graph.check import need_program
from neurokit.graph.network import Program, Projection
from neurokit.graph.synapses import Convolving
from neurokit.lower.targets import target_faults
from neurokit.place.assign import assign
from neurokit.place.chip import Chip
from neurokit.place.chips import chip_named
from neurokit.place.layout import Layout
from neurokit.place.mends import WIDTHS, narrowed, projection_faults, resource_fault
from neurokit.place.placement import Placement, PopulationPlacement, plural
from neurokit.place.reach import destinations
from neurokit.place.split import OUTPUT_AXONS, Demand
from neurokit.place.traffic import Traffic

Reached = dict[str, tuple[int, int]]  # projection -> (cores of the target, most cores that a spike reaches)


def place(program: Program, chip: str | Chip = "loihi2", *, host: bool = False, seed: int = 0) -> Placement:
    """Place `program` on `chip` (a name in `CHIPS`, or a Chip of your own).

    Each population takes as many cores as its tightest resource calls for: neurons, synaptic memory, input axons,
    output axons, cut as the chip's `cutting` says. Blocks are then given to chips so that few messages go between
    these, and to cores so that the others have few hops. host: put populations on the host for which the chip's stock
    parts lack something (`chip.target`); else they are placed like the others. seed: of the search for places.

    Faults are collected, not raised; an unknown chip, anything but a Program, and a Program of which nothing is left
    to place, raise InputError.
    """
    program = need_program(program)
    chip = chip_named(chip)
    apart = _hosted(program, chip) if host else {}
    demands = {name: Demand(program, name, chip) for name in program.populations if name not in apart}
    if not demands:
        fact = "has no populations" if not apart else "has none that the chip's stock parts can run"
        mend = "Give one with populations." if not apart else "Place it with host=False."
        raise InputError(Fault("program", fact, "there must be something to place", mend))
    layouts, failing = _cut(program, demands)
    populations = {
        name: PopulationPlacement(
            name,
            program.populations[name].size,
            layouts[name],
            tuple(demand.use(resource, layouts[name]) for resource in demand.limits),
            MappingProxyType({resource: demand.by_core(resource, layouts[name]) for resource in demand.limits}),
        )
        for name, demand in demands.items()
    }
    faults = [resource_fault(demands[name], program, resource) for name, resource in failing]
    faults += [f for f in projection_faults(program, chip) if not _into(program, f.node, apart)]
    traffic = Traffic(program, layouts)
    places = assign(traffic.total(), chip, seed)
    flows = traffic.flows(places, chip)
    made = Placement(program, chip, MappingProxyType(populations), (), places, flows, MappingProxyType(apart))
    return replace(made, faults=(*faults, *_board_fault(made, demands)))


def _hosted(program: Program, chip: Chip) -> dict[str, Fault]:
    """Populations for which the chip lacks the neuron, or the synapses that lead to it."""
    targets = {p.name: p.target for p in program.projections}
    found: dict[str, Fault] = {}
    for fault in target_faults(program, chip.target):
        found.setdefault(targets.get(fault.node, fault.node), fault)
    return {name: found[name] for name in program.populations if name in found}


def _into(program: Program, projection: str, populations: Mapping[str, Fault]) -> bool:
    return any(p.name == projection and p.target in populations for p in program.projections)


def _cut(program: Program, demands: Mapping[str, Demand]) -> tuple[dict[str, Layout], list[tuple[str, str]]]:
    """Layouts, and (population, resource) of what does not suffice whatever the cut."""
    failing = [
        (name, resource)
        for name, demand in demands.items()
        for resource in demand.limits
        if demand.coarsest([resource]) is None
    ]
    layouts = {name: _coarsest(demand, failing) for name, demand in demands.items()}
    if next(iter(demands.values())).chip.output_axons is not None:
        layouts = _with_output_axons(program, demands, layouts, failing)
    return layouts, failing


def _coarsest(demand: Demand, failing: list[tuple[str, str]]) -> Layout:
    possible = [resource for resource in demand.limits if (demand.name, resource) not in failing]
    return demand.coarsest(possible) or demand.finest


def _with_output_axons(
    program: Program, demands: Mapping[str, Demand], layouts: dict[str, Layout], failing: list[tuple[str, str]]
) -> dict[str, Layout]:
    """Cut further until no core sends to more output axons than it has; more cores mean more axons upstream."""
    reached: Reached = {}
    roomy = dict(layouts)
    for demand in demands.values():
        assert demand.chip.output_axons is not None
        demand.limits[OUTPUT_AXONS] = ("axons", demand.chip.output_axons)
    settled = False
    while not settled:
        settled = True
        for name, demand in demands.items():
            if (name, OUTPUT_AXONS) in failing:
                continue
            outgoing = [p for p in program.projections if p.source == name and p.target in layouts]
            demand.slots = _slots(outgoing, program, layouts, reached)
            if demand.coarsest([OUTPUT_AXONS]) is None:
                failing.append((name, OUTPUT_AXONS))
                layouts[name] = roomy[name]  # no cut helps
                continue
            finer = _coarsest(demand, failing)
            if finer.cores > layouts[name].cores:
                layouts[name] = finer
                settled = False
    return layouts


def _slots(
    outgoing: list[Projection], program: Program, layouts: Mapping[str, Layout], reached: Reached
) -> Callable[[Layout], int]:
    """Output axon slots of a block: a slot for each neuron and target core; for convolutions two for each position."""
    by_neuron = by_position = 0
    for projection in outgoing:
        target = layouts[projection.target]
        if projection.name not in reached or reached[projection.name][0] != target.cores:
            most = destinations(projection, program.shape_of(projection.source), target).max()
            reached[projection.name] = (target.cores, int(most))
        if isinstance(projection.synapse, Convolving):
            by_position += 2 * reached[projection.name][1]
        else:
            by_neuron += reached[projection.name][1]
    return lambda layout: layout.neurons * by_neuron + layout.positions * by_position


def _board_fault(placement: Placement, demands: Mapping[str, Demand]) -> Iterator[Fault]:
    name, most = placement.chip.boards[-1]
    if placement.chips > most:
        yield Fault(
            placement.chip.title,
            f"the network takes {placement.cores} cores, {plural('chip', placement.chips)}",
            f"the largest board, {name}, has {plural('chip', most)}",
            _smaller(placement, demands, most * placement.chip.cores.value),
        )


def _smaller(placement: Placement, demands: Mapping[str, Demand], available: int) -> str:
    """Fewer bits where that is enough, else by how much it is too large."""
    for bits in WIDTHS:
        thin = narrowed(placement.program, bits)
        layouts = {name: demand.of(thin).coarsest(demand.limits) for name, demand in demands.items()}
        cores = sum(placement.populations[n].cores if cut is None else cut.cores for n, cut in layouts.items())
        if cores <= available:
            return f"Use {bits}-bit weights: nk.compile(net, bits={bits}) takes {cores} cores."
    parts = -(-placement.cores // available)
    return f"Make it smaller by {1 - available / placement.cores:.0%}, or cut it into {parts} networks."
