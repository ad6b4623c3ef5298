"""What does not fit a chip whatever the cut, and what would cure it; a mend is named only where it is enough."""

from __future__ import annotations

from collections.abc import Iterator

from neurokit.errors import Fault
from neurokit.graph.network import Program, Projection
from neurokit.graph.synapses import Convolving
from neurokit.place.chip import Chip
from neurokit.place.memory import stored_bits
from neurokit.place.split import INPUT_AXONS, OUTPUT_AXONS, SYNAPTIC_MEMORY, Demand

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
        if projection.source not in program.inputs and projection.source not in program.populations:
            continue
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
        return _relays(used, limit)
    ways = []
    if resource == SYNAPTIC_MEMORY:
        ways += _fewer_bits(demand)
        if any(p.delay.size and p.delay.max() > 1 for p in demand.incoming) and _fits(demand, program, held=True):
            ways.append(HOLD)
    if resource in (SYNAPTIC_MEMORY, INPUT_AXONS):
        parts = -(-used // limit)
        whose = "source channels" if demand.by_position else "sources"
        ways.append(
            f"Sum them in parts: {parts} populations of relays between, each with 1/{parts} of its {whose}"
            if parts <= limit
            else "Prune its inputs"
        )
    return "; or ".join(way if n == 0 else way[0].lower() + way[1:] for n, way in enumerate(ways)) + "."


def _relays(used: int, limit: int) -> str:
    parts = -(-used // limit)
    if parts > limit:
        return "Let it feed smaller populations."
    return f"Fan out through {parts} relay populations, each of which feeds 1/{parts} of the cores it reaches."


def fewer_bits(demand: Demand) -> Iterator[tuple[int, dict[str, int]]]:
    """Widths of weights below the present ones, the widest first, and what the synapses then take."""
    form = demand.chip.format
    convolves = {p.name: isinstance(p.synapse, Convolving) for p in demand.incoming}
    for width in range(7, 0, -1):
        changed = {}
        for projection in demand.incoming:
            widths = form.widths_conv if convolves[projection.name] else form.widths_dense
            now = stored_bits(projection, demand.sources[projection.name], form)
            old, new = (next((w for w in widths if w >= bits), widths[-1]) for bits in (now, min(now, width)))
            if new < old:
                changed[projection.name] = demand.bits[projection.name] - old + new
        if changed:
            yield width, changed


def _fewer_bits(demand: Demand) -> list[str]:
    for width, changed in fewer_bits(demand):
        if demand.with_bits(changed).coarsest([SYNAPTIC_MEMORY]) is not None:
            return [f"Use {width}-bit weights: nk.compile(net, bits={width})"]
    return []


def _fits(demand: Demand, program: Program, *, held: bool) -> bool:
    form = demand.chip.format
    late = {p.name for p in demand.incoming if held and p.delay.size and int(p.delay.max()) > 1}
    bits = {name: demand.bits[name] - form.delay for name in late}
    return demand.with_bits(bits).coarsest([SYNAPTIC_MEMORY]) is not None
