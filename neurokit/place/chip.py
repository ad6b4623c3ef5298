"""What a chip is to placement and to the energy model: limits, storage format, how it is cut, what events cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Literal

from neurokit.errors import Fault, InputError

UNITS: Mapping[str, float] = MappingProxyType({"pJ": 1e-12, "ns": 1e-9, "µs": 1e-6, "mW": 1e-3})  # to J, s, W


@dataclass(frozen=True)
class Range:
    """A coefficient with its bounds: low <= nominal <= high, in `unit` (a key of UNITS). source: where it is from.

    The bounds are bounds of a coefficient, not a confidence interval.
    """

    low: float
    nominal: float
    high: float
    unit: str
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.nominal <= self.high < math.inf:
            raise InputError(
                Fault(
                    "Range",
                    f"low {self.low:g}, nominal {self.nominal:g}, high {self.high:g}",
                    "0 <= low <= nominal <= high, finite",
                    "Put the three values in order.",
                )
            )
        if self.unit not in UNITS:
            raise InputError(
                Fault("Range", f"unit '{self.unit}'", f"known units: {', '.join(UNITS)}", "Convert to one of them.")
            )

    def si(self) -> tuple[float, float, float]:
        """(low, nominal, high) in J, s or W."""
        factor = UNITS[self.unit]
        return self.low * factor, self.nominal * factor, self.high * factor


@dataclass(frozen=True)
class Limit:
    """A resource that a core (or board) has `value` of, at least 1. source: where the number is from."""

    value: int
    source: str

    def __post_init__(self) -> None:
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 1:
            raise InputError(
                Fault(
                    f"Limit ({self.source})",
                    f"value {self.value!r}",
                    "a limit is a whole number of at least 1",
                    "Correct it; what has no known limit is None instead.",
                )
            )


@dataclass(frozen=True)
class SynapseFormat:
    """How synapses of one axon lie in 64-bit words: ceil((header + n (weight + delay + index)) / 64) words.

    header: bits. chunk: synapses that share a header, None: all. widths_*: weight widths the chip can store (bits), by
    kind of synapse. index_*: bits of the target's index. delay: bits of a delay where any delay exceeds one step.
    whole_axon: a convolution's synapses lie together, all channels and taps of a source place in one run, for every
    different way in which a core's targets see a place; else each channel and tap has a row, once a core.
    index_widths: with whole_axon, widths to choose the index of a convolution from; then index_conv is not used.
    base: with whole_axon, what the target that indices count from must stay below (it wraps), None: no limit.
    """

    header: int
    chunk: int | None
    widths_dense: tuple[int, ...]
    widths_conv: tuple[int, ...]
    index_dense: int
    index_conv: int
    index_sparse: int
    delay: int
    source: str
    whole_axon: bool = False
    index_widths: tuple[int, ...] = ()
    base: int | None = None

    def __post_init__(self) -> None:
        bits = {name: getattr(self, name) for name in ("header", "index_dense", "index_conv", "index_sparse", "delay")}
        faults = [
            Fault("SynapseFormat", f"'{name}' is {value}", "bits are not negative", f"Give {name}= at least 0.")
            for name, value in bits.items()
            if value < 0
        ]
        if self.chunk is not None and self.chunk < 1:
            limit = "a chunk holds at least one synapse"
            faults.append(Fault("SynapseFormat", f"'chunk' is {self.chunk}", limit, "Give chunk=None for one header."))
        for name in ("widths_dense", "widths_conv"):
            widths = getattr(self, name)
            if not widths or min(widths) < 1 or list(widths) != sorted(widths):
                limit = "at least one width of at least 1 bit, in order"
                faults.append(Fault("SynapseFormat", f"'{name}' is {widths}", limit, f"Give {name}=(8,)."))
        if faults:
            raise InputError(faults)


@dataclass(frozen=True)
class Cutting:
    """How populations are cut into blocks, one a core.

    images: "runs" of positions, row by row, as even as can be; or "tiles" of whole columns, their number a power of
    two, of rows and channels halved as often as it takes. multiplied: cores of what is no image are the sum of the
    demand over the limit, times the excess until it is gone; else the fewest with which it fits.
    """

    images: Literal["runs", "tiles"]
    multiplied: bool
    source: str

    def __post_init__(self) -> None:
        if self.images not in ("runs", "tiles"):
            limit = "images are cut into 'runs' or 'tiles'"
            raise InputError(Fault("Cutting", f"'images' is {self.images!r}", limit, "Give images='runs'."))


@dataclass(frozen=True)
class Coefficients:
    """Energies and times of one event, and powers.

    synapse_*: energy of one synaptic operation on a non-zero weight, by kind of synapse. update: one neuron, one step.
    spike: one neuron spiking. message: one spike to one core. hop: one message, one hop in the mesh. learning: one
    weight update, None where nothing is published. static: power of one chip. x86: power of one embedded processor,
    None where it cannot be told from static. *_time: the same events on one core. barrier: end of every step, on
    several chips; barrier_one_chip: on one chip, None: the same; barrier_tiles: (tiles, nominal microseconds) on one
    chip where it is known to grow with the tiles in use.
    """

    synapse_conv: Range
    synapse_sparse: Range
    synapse_dense: Range
    update: Range
    spike: Range
    message: Range
    hop: Range
    learning: Range | None
    static: Range
    x86: Range | None
    synapse_time: Range
    update_time: Range
    spike_time: Range | None
    barrier: Range
    barrier_tiles: tuple[tuple[int, float], ...] = ()
    barrier_one_chip: Range | None = None

    def __post_init__(self) -> None:
        faults = []
        for field in fields(self):
            value, units = getattr(self, field.name), _units_of(field.name)
            if (value is None and field.name in _UNPUBLISHED) or field.name == "barrier_tiles":
                continue
            mend = f"Give {field.name}=Range(low, nominal, high, '{units[0]}', 'its source')."
            if not isinstance(value, Range):
                fact = f"'{field.name}' is missing" if value is None else f"'{field.name}' is {value!r}"
                faults.append(Fault("Coefficients", fact, "energies, times and powers are Ranges with a source", mend))
            elif value.unit not in units:
                fact = f"'{field.name}' is in {value.unit}"
                faults.append(Fault("Coefficients", fact, f"it is measured in {' or '.join(units)}", mend))
        one = self.barrier_one_chip or self.barrier
        for tiles, time in self.barrier_tiles if isinstance(one, Range) else ():
            if not one.low <= time <= one.high:
                fact = f"the barrier of {tiles} tiles is {time:g} µs"
                limit = f"it lies between {one.low:g} and {one.high:g}"
                faults.append(Fault("Coefficients", fact, limit, "Widen barrier= or correct barrier_tiles=."))
        if faults:
            raise InputError(faults)

    def ranges(self, tiles: int, chips: int = 1) -> dict[str, Range]:
        """Every coefficient that is known, by field name, with the barrier of a step on `tiles` tiles of `chips`."""
        known = {name: value for name, value in vars(self).items() if isinstance(value, Range)}
        known.pop("barrier_one_chip", None)
        return {**known, "barrier": self.barrier_for(tiles, chips)}

    def synapse(self, kind: str) -> Range:
        """Energy of a synaptic operation of `kind`: "conv", "sparse" or "dense"."""
        return {"conv": self.synapse_conv, "sparse": self.synapse_sparse, "dense": self.synapse_dense}[kind]

    def barrier_for(self, tiles: int, chips: int = 1) -> Range:
        """Barrier of a step in which `tiles` tiles of `chips` chips take part."""
        one = self.barrier_one_chip or self.barrier
        if chips > 1:
            return self.barrier
        if not self.barrier_tiles:
            return one
        nominal = next((time for most, time in self.barrier_tiles if tiles <= most), self.barrier_tiles[-1][1])
        return replace(one, nominal=nominal)


@dataclass(frozen=True)
class Chip:
    """A neuromorphic chip as the placement and the energy model see it.

    One's own is made from one that is known, by what differs, and goes wherever a chip's name does:

        half = replace(LOIHI2, name="half", title="Half a Loihi 2", cores=Limit(60, "our data sheet"),
                       coefficients=replace(LOIHI2.coefficients, update=Range(5, 10, 20, "pJ", "our measurement")))
        nk.place(program, half)

    InputError names everything that is missing, negative or of another kind.

    mesh: routers (columns, rows). cores_per_tile: cores that share a router. cores: cores that programs can use.
    neurons, words: per core; words are 64-bit words of synaptic memory. input_axons, output_axons: per core, None
    where no limit is known. step_floor: shortest step seen in practice (seconds), added to by the barrier; for another
    one, use `dataclasses.replace(chip, step_floor=...)`. boards: (name, chips), smallest first.
    largest_sum: |sum of weight x payload| of one step and neuron at which the accumulator wraps, None where unknown.
    longest_delay: steps from a spike to its arrival, None where no limit is known. target: of `lower.targets`, says
    which neurons and synapses its stock parts have.
    """

    name: str
    title: str
    mesh: tuple[int, int]
    cores_per_tile: int
    cores: Limit
    neurons: Limit
    words: Limit
    input_axons: Limit | None
    output_axons: Limit | None
    format: SynapseFormat
    cutting: Cutting
    coefficients: Coefficients
    step_floor: float
    step_floor_source: str
    boards: tuple[tuple[str, int], ...]
    largest_sum: Limit | None = None
    longest_delay: Limit | None = None
    target: str = "loihi2-stock"

    def __post_init__(self) -> None:
        faults = list(_kind_faults(self))
        if not faults and (min(*self.mesh, self.cores_per_tile) < 1 or not 0 <= self.step_floor < math.inf):
            faults.append(
                Fault(
                    self.name,
                    f"mesh {self.mesh}, {self.cores_per_tile} cores per tile, step floor {self.step_floor:g} s",
                    "sizes are at least 1 and times not negative",
                    "Correct the chip's description.",
                )
            )
        if not faults and (room := math.prod(self.mesh) * self.cores_per_tile) < self.cores.value:
            fact = f"mesh {self.mesh} of {self.cores_per_tile} cores a tile holds {room} cores"
            limit = f"programs can use {self.cores.value:g}"
            faults.append(Fault(self.name, fact, limit, "Give a larger mesh, or fewer cores."))
        sizes = [chips for _, chips in self.boards]
        if not sizes or sizes != sorted(sizes) or sizes[0] < 1:
            limit = "at least one board, the smallest first, of at least one chip"
            faults.append(Fault(self.name, f"boards {self.boards}", limit, "Give boards=(('one chip', 1),)."))
        if faults:
            raise InputError(faults)

    def ranges(self, cores: int) -> dict[str, Range]:
        """Every coefficient that is known, by name, with the barrier of a step on `cores` cores."""
        chips = -(-cores // self.cores.value)
        return self.coefficients.ranges(-(-cores // self.cores_per_tile), chips)

    @property
    def mean_hops(self) -> float:
        """Mean distance of two routers drawn at random: (a**2 - 1) / 3a + (b**2 - 1) / 3b for an a x b mesh."""
        return sum((side * side - 1) / (3 * side) for side in self.mesh)


_UNPUBLISHED = ("learning", "x86", "spike_time", "barrier_one_chip")  # may be None


def _units_of(coefficient: str) -> tuple[str, ...]:
    if coefficient.endswith("_time") or coefficient.startswith("barrier"):
        return "ns", "µs"
    return ("mW",) if coefficient in ("static", "x86") else ("pJ",)


def _kind_faults(chip: Chip) -> Iterator[Fault]:
    """Limits, format and coefficients that are missing or of another kind."""
    for name in ("cores", "neurons", "words", "input_axons", "output_axons", "largest_sum", "longest_delay"):
        value = getattr(chip, name)
        known = name in ("cores", "neurons", "words")
        if isinstance(value, Limit) or (value is None and not known):
            continue
        fact = f"its limit '{name}' is missing" if value is None else f"its limit '{name}' is {value!r}"
        rule = "a core's limits are Limits with a source" + ("" if known else ", or None where none is known")
        yield Fault(str(chip.name), fact, rule, f"Give {name}=Limit(number, 'its source').")
    for name, kind in (("format", SynapseFormat), ("cutting", Cutting), ("coefficients", Coefficients)):
        value = getattr(chip, name)
        if not isinstance(value, kind):
            fact = f"its '{name}' is missing" if value is None else f"its '{name}' is a {type(value).__name__}"
            yield Fault(
                str(chip.name), fact, f"a {kind.__name__} is needed", f"Take LOIHI2.{name}, or replace() of it."
            )
