"""How one population is cut into blocks that fit a core: the coarsest cut with which every resource suffices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurokit.graph.network import Program, Projection
from neurokit.graph.synapses import Convolving, Dense, Shape, Sparse
from neurokit.lower.images import Picked, picked
from neurokit.place.chip import Chip, Limit
from neurokit.place.layout import Ints, Layout
from neurokit.place.memory import (
    axon_words,
    conv_words,
    dense_words,
    sparse_pairs,
    sparse_words,
    stored_synapses,
    synapse_bits,
)

NEURONS, SYNAPTIC_MEMORY, INPUT_AXONS, OUTPUT_AXONS = "neurons", "synaptic memory", "input axons", "output axons"
_LOOKED_AT = 48  # blocks of which the fullest is sought while cuts are compared; the chosen cut's are all looked at


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


class Demand:
    """What one population asks of a core, as a function of its layout.

    bits: of a stored synapse of each incoming projection, without the index of `axon_words`. slots: output axons of a
    layout; they depend on where the targets lie, and are none until that is known.
    """

    def __init__(self, program: Program, name: str, chip: Chip) -> None:
        self.program, self.name, self.chip = program, name, chip
        self.shape = program.populations[name].shape
        self.incoming = program.incoming(name)
        self.sources: dict[str, Shape] = {p.name: program.shape_of(p.source) for p in self.incoming}
        touching = [p for p in program.projections if name in (p.source, p.target)]
        self.by_position = len(self.shape) == 3 and any(isinstance(p.synapse, Convolving) for p in touching)
        self.image_maps: dict[str, Picked] = {
            p.name: picked(p.synapse, self.sources[p.name]) for p in self.incoming if isinstance(p.synapse, Convolving)
        }
        self.stored = {name: stored_synapses(image_map, chip.format) for name, image_map in self.image_maps.items()}
        self.bits = {p.name: synapse_bits(p, self.sources[p.name], chip.format) for p in self.incoming}
        self.slots: Callable[[Layout], int] = lambda layout: 0
        self._known: dict[tuple[str, Layout, int | None], int] = {}  # of `used`: the same cuts come up again and again
        self.limits: dict[str, tuple[str, Limit]] = {
            NEURONS: ("neurons", chip.neurons),
            SYNAPTIC_MEMORY: ("words", chip.words),
        }
        if chip.input_axons is not None:
            self.limits[INPUT_AXONS] = ("axons", chip.input_axons)

    def of(self, program: Program) -> Demand:
        """That of the population of the same name in another Program."""
        made = Demand(program, self.name, self.chip)
        made.slots, made.limits = self.slots, self.limits
        return made

    def used(self, resource: str, layout: Layout, most: int | None = None) -> int:
        """What the fullest core of `layout` uses. most: cores looked at where each differs; None: all."""
        if resource == NEURONS:
            return layout.neurons
        if resource == OUTPUT_AXONS:
            return self.slots(layout)
        key = resource, layout, most
        if key not in self._known:
            memory = resource == SYNAPTIC_MEMORY
            parts = (self._words(p, layout, most) if memory else self._input_axons(p, layout) for p in self.incoming)
            self._known[key] = sum(parts)
        return self._known[key]

    def by_core(self, resource: str, layout: Layout) -> Ints:
        """What each core of `layout` uses: (cores,); that of the fullest where it depends on a window's place."""
        sizes = layout.sizes()
        if resource == NEURONS:
            return sizes
        if resource != SYNAPTIC_MEMORY:
            return np.full(layout.cores, self.used(resource, layout))
        total = np.zeros(layout.cores, np.int64)
        for projection in self.incoming:
            synapse, bits = projection.synapse, self.bits[projection.name]
            if isinstance(synapse, Dense):
                total += dense_words(synapse, sizes, bits, self.chip.format)
            elif isinstance(synapse, Sparse):
                total += sparse_words(synapse.weight, layout.core_of(), layout.cores, bits, self.chip.format)
            else:
                total += self._words(projection, layout)
        return total

    def fits(self, layout: Layout, resources: Iterable[str]) -> bool:
        """Whether the fullest core, of those looked at, has enough of each."""
        return all(self.used(resource, layout, _LOOKED_AT) <= self.limits[resource][1].value for resource in resources)

    def coarsest(self, resources: Iterable[str]) -> Layout | None:
        """The coarsest cut with which `resources` suffice, None where there is none."""
        resources = tuple(resources)
        if self.by_position and self.chip.cutting.images == "tiles":
            return next((tile for tile in self._tiles if self.fits(tile, resources)), None)
        return min(
            (self._by_number(resources, channels) for channels in self._channels(resources)),
            key=lambda layout: layout.cores if layout else math.inf,
            default=None,
        )

    @property
    def finest(self) -> Layout:
        """A position and channel, or a neuron, each."""
        cut = self.chip.cutting.images if self.by_position else "neurons"
        return Layout(self.shape, cut, {"tiles": (1, 1, 1), "runs": (1, 1), "neurons": (1,)}[cut])

    def use(self, resource: str, layout: Layout) -> Use:
        """What the fullest core uses, with the limit beside it."""
        unit, limit = self.limits[resource]
        alone = self.coarsest([resource])
        return Use(resource, unit, self.used(resource, layout), limit.value, alone.cores if alone else 1, limit.source)

    def _by_number(self, resources: tuple[str, ...], channels: int) -> Layout | None:
        """Runs of equal length, as few as suffice."""
        units = math.prod(self.shape[1:] if self.by_position else self.shape)

        def cut(number: int) -> Layout:
            length = -(-units // number)
            return (
                Layout(self.shape, "runs", (channels, length))
                if self.by_position
                else Layout(self.shape, "neurons", (length,))
            )

        if not self.fits(cut(units), resources):
            return None
        if self.chip.cutting.multiplied:
            return cut(self._multiplied(resources, cut, units))
        number = self._fewest(resources, cut, units)
        while any(self.used(resource, cut(number)) > self.limits[resource][1].value for resource in resources):
            if number == units:
                return None
            number = min(units, number + max(1, number // 64))  # a core that was not looked at is too full
        return cut(number)

    def _fewest(self, resources: tuple[str, ...], cut: Callable[[int], Layout], units: int) -> int:
        low = high = 1
        while not self.fits(cut(high), resources):
            low, high = high + 1, min(2 * high, units)
        while low < high:
            middle = (low + high) // 2
            if self.fits(cut(middle), resources):
                high = middle
            else:
                low = middle + 1
        return high

    def _multiplied(self, resources: tuple[str, ...], cut: Callable[[int], Layout], units: int) -> int:
        number = 1
        while number < units:
            layout = cut(number)
            excess = max(-(-self.used(r, layout) // self.limits[r][1].value) for r in resources)
            if excess <= 1:
                break
            number = min(units, number * excess)
        return number

    def _channels(self, resources: tuple[str, ...]) -> Iterator[int]:
        """Channels a core: all, or as many as are possible where all are too many even for one position."""
        if not self.by_position:
            yield 1
            return
        plain = self.chip.format.whole_axon or all(image_map.is_plain for image_map in self.image_maps.values())
        for groups in _divisions(self.shape[0]):
            channels = -(-self.shape[0] // groups)
            if self.fits(Layout(self.shape, "runs", (channels, 1)), resources):
                yield channels
                if plain:  # else fewer channels a core leave room for more positions
                    return

    @cached_property
    def _tiles(self) -> list[Layout]:
        """All cuts into tiles within the limit of neurons: the fewest cuts through channels first, then the fewest
        cores, then the smallest windows. Resized maps: the fewest cores first, since fewer channels leave room for more
        places, which see their sources in different ways, and phase by phase too. A core's columns count as the power
        of two, beyond the image too."""
        channels, height, width = self.shape
        resized = [image_map for image_map in self.image_maps.values() if not image_map.is_plain]
        orders: list[tuple[tuple[int, ...] | None, ...]] = [(None, None)]
        if resized:
            orders.append(tuple(axis.alike() for axis in resized[0].axes))
        found: dict[Layout, tuple[float, ...]] = {}
        for columns in (1 << n for n in range((width - 1).bit_length() + 1)):
            for rows in _halvings(height):
                for depth in _halvings(channels):
                    if columns * rows * depth > self.chip.neurons.value:
                        continue
                    for order in orders:
                        tile = Layout(self.shape, "tiles", (depth, rows, min(columns, width)), *order)
                        few = (tile.cores, tile.channel_groups) if resized else (tile.channel_groups, tile.cores)
                        found[tile] = (*few, self._window(tile, columns), -rows)
        return sorted(found, key=found.__getitem__)

    def _window(self, tile: Layout, columns: int) -> float:
        """Positions that a core sees or, where it sees no image, holds, with a margin."""
        if not self.image_maps:
            return (tile.block[1] + 1) * (columns + 1)
        seen = sum(_positions_seen(image_map, tile) for image_map in self.image_maps.values())
        return seen * columns / tile.block[2]

    def _words(self, projection: Projection, layout: Layout, most: int | None = None) -> int:
        synapse, form, bits = projection.synapse, self.chip.format, self.bits[projection.name]
        if isinstance(synapse, Convolving):
            image_map = self.image_maps[projection.name]
            if not form.whole_axon:
                return conv_words(image_map, self.stored[projection.name], bits, form, layout)
            positions, length = math.prod(self.shape[1:]), layout.positions
            last = (positions - 1) // length
            blocks = np.unique(np.linspace(0, last, last + 1 if most is None else most).astype(int))
            return max(
                axon_words(
                    image_map, bits, form, layout.channels, int(b) * length, min((int(b) + 1) * length, positions)
                )
                for b in blocks
            )
        if isinstance(synapse, Sparse):
            return int(sparse_words(synapse.weight, layout.core_of(), layout.cores, bits, form).max())
        return int(dense_words(synapse, layout.neurons, bits, form)) if isinstance(synapse, Dense) else 0

    def _input_axons(self, projection: Projection, layout: Layout) -> int:
        """Input axons on the fullest core: a source neuron each, in convolutions a source position (shared axons)."""
        synapse = projection.synapse
        if isinstance(synapse, Convolving):
            return _positions_seen(self.image_maps[projection.name], layout)
        if isinstance(synapse, Sparse):
            cores, _, _ = sparse_pairs(synapse.weight, layout.core_of())
            return int(np.bincount(cores).max()) if cores.size else 0
        return int((synapse.weight != 0).any(axis=0).sum()) if isinstance(synapse, Dense) else 0


def _positions_seen(image_map: Picked, layout: Layout) -> int:
    """Source positions under the windows of a core."""
    (rows, columns), (down, along) = layout.extent, image_map.axes
    return down.widest(rows, layout.rows) * along.widest(columns, layout.columns)


def _halvings(size: int) -> list[int]:
    """size, half of it, a quarter, ... rounded up, down to 1."""
    return list(dict.fromkeys(-(-size // (1 << n)) for n in range(size.bit_length() + 1)))


def _divisions(channels: int) -> Iterator[int]:
    """Group counts 1, 2, ... that give different block sizes."""
    last = 0
    for groups in range(1, channels + 1):
        size = -(-channels // groups)
        if size != last:
            last = size
            yield groups
