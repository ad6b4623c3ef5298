"""A rough placement: how many cores each population needs, and which resource decides it.

Rough, because populations do not share cores, blocks are even, and the memory formulae are inferred (`memory.py`);
Intel's compiler may need more or fewer: for PilotNet it took 74 cores where these limits call for 62. The full
placer is another matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from neurokit.errors import Fault
from neurokit.graph.check import need_program
from neurokit.graph.network import Program, Projection
from neurokit.graph.synapses import Convolving, Dense, Shape, Sparse
from neurokit.lower.images import Picked, picked
from neurokit.place.chips import Chip, Limit, chip_named
from neurokit.place.layout import Layout, destinations
from neurokit.place.memory import conv_words, dense_words, sparse_pairs, sparse_words, synapse_bits

SYNAPTIC_MEMORY = "synaptic memory"


@dataclass(frozen=True)
class Use:
    """What the fullest core of a population uses of one resource.

    used, limit: in `unit`. cores: cores that this resource alone would call for. source: of the limit.
    """

    resource: str
    unit: str
    used: int
    limit: int
    cores: int
    source: str

    @property
    def utilisation(self) -> float:
        """used / limit."""
        return self.used / self.limit


@dataclass(frozen=True)
class PopulationPlacement:
    """Cores of one population, and what its fullest core uses of each resource."""

    population: str
    neurons: int
    layout: Layout
    uses: tuple[Use, ...]

    @property
    def cores(self) -> int:
        """Cores it lies on."""
        return self.layout.cores

    @property
    def tightest(self) -> Use:
        """The resource that calls for the most cores; among equals, the fullest."""
        return max(self.uses, key=lambda use: (use.cores, use.utilisation))


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a Program lies on a chip, roughly. faults: what cannot fit whatever the cut."""

    program: Program
    chip: Chip
    populations: Mapping[str, PopulationPlacement]
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether everything fits."""
        return not self.faults

    @property
    def cores(self) -> int:
        """Cores in use; populations do not share any."""
        return sum(population.cores for population in self.populations.values())

    @property
    def chips(self) -> int:
        """Chips that have so many cores."""
        return -(-self.cores // self.chip.cores.value)

    @property
    def board(self) -> str | None:
        """The smallest board with so many chips, None when there is none."""
        return next((name for name, chips in self.chip.boards if chips >= self.chips), None)

    def destinations(self, projection: Projection) -> Any:
        """Cores that a spike of each source neuron reaches through `projection`: array of the source's shape."""
        layout = self.populations[projection.target].layout
        return destinations(projection, self.program.shape_of(projection.source), layout)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the Program, for JSON."""
        return {
            "chip": self.chip.name,
            "chip_title": self.chip.title,
            "rough": True,
            "cores": self.cores,
            "chips": self.chips,
            "cores_per_chip": self.chip.cores.value,
            "board": self.board,
            "populations": [
                {
                    "population": p.population,
                    "neurons": p.neurons,
                    "cores": p.cores,
                    "neurons_per_core": p.layout.neurons,
                    "tightest": p.tightest.resource,
                    "uses": [{**vars(use), "utilisation": use.utilisation} for use in p.uses],
                }
                for p in self.populations.values()
            ],
            "faults": [vars(fault) for fault in self.faults],
        }

    def __str__(self) -> str:
        """A line in total, a line per population, a line per fault."""
        board = f", {self.board}" if self.board else ""
        lines = [
            f"{self.cores} {_plural('core', self.cores)} of {self.chip.title}, {self.chips} "
            f"{_plural('chip', self.chips)}{board} (rough placement)"
        ]
        width = max((len(name) for name in self.populations), default=0)
        for p in self.populations.values():
            uses = ", ".join(f"{use.resource} {use.utilisation:.0%}" for use in p.uses)
            lines.append(f"  {p.population:<{width}}  {p.cores:>5} {_plural('core', p.cores):<5}  {uses}")
        return "\n".join([*lines, *(f"  fault: {fault}" for fault in self.faults)])


def place(program: Program, chip: str | Chip = "loihi2") -> Placement:
    """Rough placement of `program` on `chip` (a name in `CHIPS`, or a Chip of your own).

    Each population takes as many cores as its tightest resource calls for: neurons, synaptic memory, input axons,
    output axons. Faults are collected, not raised; an unknown chip, or anything but a Program, raises InputError.
    """
    program = need_program(program)
    chip = chip_named(chip)
    needs = {name: _Need(program, name, chip) for name in program.populations}
    layouts = {name: need.settled() for name, need in needs.items()}
    if chip.output_axons is not None:
        layouts = _with_output_axons(program, needs, layouts, chip.output_axons)
    populations = {}
    for name, need in needs.items():
        uses = [need.use(resource, layouts[name]) for resource in need.cores]
        populations[name] = PopulationPlacement(name, program.populations[name].size, layouts[name], tuple(uses))
    faults = [fault for need in needs.values() for fault in need.faults.values()]
    placement = Placement(program, chip, MappingProxyType(populations), ())
    return replace(placement, faults=(*faults, *_board_faults(placement)))


class _Need:
    """What one population asks of a core, as a function of its layout; `cores`: cores each resource calls for."""

    def __init__(self, program: Program, name: str, chip: Chip) -> None:
        self.name, self.chip = name, chip
        self.shape = program.populations[name].shape
        self.incoming = program.incoming(name)
        self.sources: dict[str, Shape] = {p.name: program.shape_of(p.source) for p in self.incoming}
        convolved = [
            p for p in program.projections if name in (p.source, p.target) and isinstance(p.synapse, Convolving)
        ]
        self.image_maps = {
            p.name: picked(p.synapse, self.sources[p.name]) for p in self.incoming if isinstance(p.synapse, Convolving)
        }
        self.bits = {p.name: synapse_bits(p, self.sources[p.name], chip.format) for p in self.incoming}
        self.by_position = len(self.shape) == 3 and bool(convolved)
        self.faults: dict[str, Fault] = {}  # by resource
        self.slots: Callable[[Layout], int] = lambda layout: 0  # output axons; depends on where the targets lie
        self.limits: dict[str, tuple[str, Limit]] = {
            "neurons": ("neurons", chip.neurons),
            SYNAPTIC_MEMORY: ("words", chip.words),
        }
        self.groups = self._channel_groups()
        if chip.input_axons is not None:
            self.limits["input axons"] = ("axons", chip.input_axons)
        self.cores = {resource: self.fewest(resource) for resource in self.limits}

    def layout(self, cores: int) -> Layout:
        """Blocks for about `cores` cores, at least one for each group of channels."""
        return Layout(self.shape, max(cores, self.groups), self.by_position, self.groups)

    def used(self, resource: str, layout: Layout) -> int:
        """What the fullest core of `layout` uses."""
        if resource == "neurons":
            return layout.neurons
        if resource == SYNAPTIC_MEMORY:
            return sum(self._words(p, layout) for p in self.incoming)
        if resource == "input axons":
            return sum(self._input_axons(p, layout) for p in self.incoming)
        return self.slots(layout)

    def use(self, resource: str, layout: Layout) -> Use:
        """The same with the limit beside it."""
        unit, limit = self.limits[resource]
        return Use(resource, unit, self.used(resource, layout), limit.value, self.cores[resource], limit.source)

    def fewest(self, resource: str) -> int:
        """Fewest cores with which `resource` suffices; a fault, and the fewest possible, when none do."""
        unit, limit = self.limits[resource]
        most = self._most()
        if self.used(resource, self.layout(most)) > limit.value:
            self.faults[resource] = self._fault(resource, unit, limit)
            return self.layout(1).cores
        self.faults.pop(resource, None)
        low = high = 1
        while self.used(resource, self.layout(high)) > limit.value:
            low, high = high + 1, min(2 * high, most)
        while low < high:
            middle = (low + high) // 2
            if self.used(resource, self.layout(middle)) > limit.value:
                low = middle + 1
            else:
                high = middle
        return self.layout(high).cores

    def settled(self) -> Layout:
        """The coarsest layout found with which every resource suffices that can."""
        cores, most = max(self.cores.values()), self._most()
        while cores < most and any(
            self.used(resource, self.layout(cores)) > limit.value
            for resource, (_, limit) in self.limits.items()
            if resource not in self.faults
        ):
            cores += 1  # the fullest block of a sparse layer can grow when the cut moves
        return self.layout(cores)

    def _most(self) -> int:
        """Cores of the finest cut: a position, or a neuron, each."""
        return Layout(self.shape, 1, self.by_position).units * self.groups

    def _words(self, projection: Projection, layout: Layout) -> int:
        synapse, form, bits = projection.synapse, self.chip.format, self.bits[projection.name]
        if isinstance(synapse, Convolving):
            return conv_words(self.image_maps[projection.name], bits, form, layout.channel_groups, layout.extent)
        if isinstance(synapse, Sparse):
            return sparse_words(synapse.weight, layout.core_of(), bits, form)
        return dense_words(synapse, layout.neurons, bits, form) if isinstance(synapse, Dense) else 0

    def _input_axons(self, projection: Projection, layout: Layout) -> int:
        """Input axons on the fullest core: a source neuron each, in convolutions a source position (shared axons)."""
        synapse = projection.synapse
        if isinstance(synapse, Convolving):
            return _window_positions(self.image_maps[projection.name], layout.extent)
        if isinstance(synapse, Sparse):
            cores, _, _ = sparse_pairs(synapse.weight, layout.core_of())
            return int(np.bincount(cores).max()) if cores.size else 0
        return int((synapse.weight != 0).any(axis=0).sum()) if isinstance(synapse, Dense) else 0

    def _channel_groups(self) -> int:
        """Groups of channels on different cores, because the kernels of all channels do not fit on one."""
        if not self.by_position:
            return 1
        finest = Layout(self.shape, self.shape[1] * self.shape[2], True)
        trials = (
            replace(finest, requested=finest.requested * groups, channel_groups=groups)
            for groups in _divisions(self.shape[0])
        )
        fitting = (
            trial.channel_groups
            for trial in trials
            if sum(self._words(p, trial) for p in self.incoming) <= self.chip.words.value
            and trial.channels <= self.chip.neurons.value
        )
        if all(image_map.is_plain for image_map in self.image_maps.values()):
            return next(fitting, self.shape[0])
        # fewer channels a core leave room for more positions, where these see their sources in different ways
        return min(fitting, key=self._cores_with, default=self.shape[0])

    def _cores_with(self, groups: int) -> int:
        self.groups = groups
        return self.fewest(SYNAPTIC_MEMORY)

    def _fault(self, resource: str, unit: str, limit: Limit) -> Fault:
        used = self.used(resource, self.layout(self._most()))
        what = resource if resource.endswith(unit) else f"{unit} of {resource}"
        return Fault(
            self.name,
            f"one {'position' if self.by_position else 'neuron'} alone needs {used} {what}",
            f"a core of {self.chip.title} has {limit.value} ({limit.source})",
            _MENDS.get(resource, "Split the population."),
        )


_MENDS = {
    SYNAPTIC_MEMORY: "Prune its inputs, use fewer bits=, or sum parts of them in populations between.",
    "input axons": "Prune its inputs, or sum parts of them in populations between.",
    "output axons": "Let it feed smaller populations, or fan out through relay populations.",
}


def _divisions(channels: int) -> Iterator[int]:
    """Group counts 1, 2, ... that give different block sizes."""
    last = 0
    for groups in range(1, channels + 1):
        size = -(-channels // groups)
        if size != last:
            last = size
            yield groups


def _window_positions(image_map: Picked, extent: tuple[int, int]) -> int:
    """Input positions under the window of `extent` output positions."""
    convolution = image_map.convolution
    if not image_map.is_plain:
        down, along = image_map.axes
        return down.widest(extent[0]) * along.widest(extent[1])
    covered = [
        min((size - 1) * stride + (taps - 1) * dilation + 1, inputs)
        for size, stride, taps, dilation, inputs in zip(
            extent,
            convolution.stride,
            convolution.weight.shape[2:],
            convolution.dilation,
            image_map.source[1:],
            strict=True,
        )
    ]
    return covered[0] * covered[1]


def _with_output_axons(
    program: Program, needs: Mapping[str, _Need], layouts: dict[str, Layout], limit: Limit
) -> dict[str, Layout]:
    """Cut further until no core sends to more than `limit` output axons; more cores mean more axons upstream."""
    for need in needs.values():
        need.limits["output axons"] = ("axons", limit)
    reached: dict[str, tuple[int, int]] = {}  # projection -> (cores of the target, most cores that a spike reaches)
    roomy = dict(layouts)
    settled = False
    while not settled:
        settled = True
        for name, need in needs.items():
            if "output axons" in need.faults:
                continue
            need.slots = _slots([p for p in program.projections if p.source == name], program, layouts, reached)
            need.cores["output axons"] = need.fewest("output axons")
            finer = need.settled()
            if "output axons" in need.faults:
                layouts[name] = roomy[name]  # no cut helps
            elif finer.cores > layouts[name].cores:
                layouts[name] = finer
                settled = False
    return layouts


def _slots(
    outgoing: list[Projection],
    program: Program,
    layouts: Mapping[str, Layout],
    reached: dict[str, tuple[int, int]],
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

    def slots(layout: Layout) -> int:
        positions = layout.block if layout.by_position or len(layout.shape) < 3 else layout.neurons
        return layout.neurons * by_neuron + positions * by_position

    return slots


def _board_faults(placement: Placement) -> Iterator[Fault]:
    name, most = placement.chip.boards[-1]
    if placement.chips > most:
        yield Fault(
            placement.chip.title,
            f"the network takes {placement.cores} cores, {placement.chips} chips",
            f"the largest board, {name}, has {most} chips",
            "Make the network smaller, or cut it into several.",
        )


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
