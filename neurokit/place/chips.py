"""Loihi 1 and 2 as data: limits, storage format and cost coefficients, each with its source.

Sources, short names used below:
    Davies 2018      Davies et al., IEEE Micro 38(1):82-99, doi:10.1109/MM.2018.112130359, Table 2 (0.75 V; pre-silicon
                     SDF and SPICE simulation, consistent with early silicon).
    SANA-FE          SLAM-Lab/SANA-FE @8951ab0, arch/loihi.yaml: fit to a Nahuku board (Boyle et al., IEEE TCAD 2025).
    Frady 2020       Frady et al., arXiv 2004.12691, Table 1: Pohoiki Springs.
    KWS              abr/power_benchmarks @fce95c8, raw power logs of one chip.
    Quartz           biphasic/Quartz-on-Loihi, notebooks.
    Loihi 2 brief    Intel technology brief "Taking neuromorphic computing to the next level with Loihi 2", 2021.
    lava-dl          lava-nc/lava-dl @d825ac5, printed output of the PilotNet and YOLO notebooks (compiler of Jan 2023).
    nengo-loihi      nengo/nengo-loihi @e564f66. NxTF: intel-nrc-ecosystem/models @3dc53bf.

No per-operation energy of Loihi 2 has been published: its dynamic energies are Loihi 1's, with judged bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

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
class Coefficients:
    """Energies and times of one event, and powers.

    synapse_*: energy of one synaptic operation on a non-zero weight, by kind of synapse. update: one neuron, one step.
    spike: one neuron spiking. message: one spike to one core. hop: one message, one hop in the mesh. learning: one
    weight update, None where nothing is published. static: power of one chip. x86: power of one embedded processor,
    None where it cannot be told from static. *_time: the same events on one core. barrier: end of every step;
    barrier_tiles: (tiles, nominal microseconds) where it is known to grow with the tiles in use.
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
        for tiles, time in self.barrier_tiles:
            if not self.barrier.low <= time <= self.barrier.high:
                fact = f"the barrier of {tiles} tiles is {time:g} µs"
                limit = f"it lies between {self.barrier.low:g} and {self.barrier.high:g}"
                faults.append(Fault("Coefficients", fact, limit, "Widen barrier= or correct barrier_tiles=."))
        if faults:
            raise InputError(faults)

    def ranges(self, tiles: int) -> dict[str, Range]:
        """Every coefficient that is known, by field name, with the barrier of a step on `tiles` tiles."""
        known = {name: value for name, value in vars(self).items() if isinstance(value, Range)}
        return {**known, "barrier": self.barrier_for(tiles)}

    def synapse(self, kind: str) -> Range:
        """Energy of a synaptic operation of `kind`: "conv", "sparse" or "dense"."""
        return {"conv": self.synapse_conv, "sparse": self.synapse_sparse, "dense": self.synapse_dense}[kind]

    def barrier_for(self, tiles: int) -> Range:
        """Barrier of a step when `tiles` tiles take part."""
        if not self.barrier_tiles:
            return self.barrier
        nominal = next((time for most, time in self.barrier_tiles if tiles <= most), self.barrier_tiles[-1][1])
        return Range(self.barrier.low, nominal, self.barrier.high, self.barrier.unit, self.barrier.source)


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
    coefficients: Coefficients
    step_floor: float
    step_floor_source: str
    boards: tuple[tuple[str, int], ...]
    largest_sum: Limit | None = None

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
        sizes = [chips for _, chips in self.boards]
        if not sizes or sizes != sorted(sizes) or sizes[0] < 1:
            limit = "at least one board, the smallest first, of at least one chip"
            faults.append(Fault(self.name, f"boards {self.boards}", limit, "Give boards=(('one chip', 1),)."))
        if faults:
            raise InputError(faults)

    @property
    def mean_hops(self) -> float:
        """Mean distance of two routers drawn at random: (a**2 - 1) / 3a + (b**2 - 1) / 3b for an a x b mesh."""
        return sum((side * side - 1) / (3 * side) for side in self.mesh)


def chip_named(chip: str | Chip) -> Chip:
    """The chip of that name, or the given one; InputError lists the known names."""
    if isinstance(chip, Chip):
        return chip
    if chip not in CHIPS:
        raise InputError(Fault("chip", f"'{chip}' is unknown", f"known chips: {', '.join(CHIPS)}", "Name one of them."))
    return CHIPS[chip]


_UNPUBLISHED = ("learning", "x86", "spike_time")  # may be None


def _units_of(coefficient: str) -> tuple[str, ...]:
    if coefficient.endswith("_time") or coefficient == "barrier":
        return "ns", "µs"
    return ("mW",) if coefficient in ("static", "x86") else ("pJ",)


def _kind_faults(chip: Chip) -> Iterator[Fault]:
    """Limits, format and coefficients that are missing or of another kind."""
    for name in ("cores", "neurons", "words", "input_axons", "output_axons", "largest_sum"):
        value = getattr(chip, name)
        known = name in ("cores", "neurons", "words")
        if isinstance(value, Limit) or (value is None and not known):
            continue
        fact = f"its limit '{name}' is missing" if value is None else f"its limit '{name}' is {value!r}"
        rule = "a core's limits are Limits with a source" + ("" if known else ", or None where none is known")
        yield Fault(str(chip.name), fact, rule, f"Give {name}=Limit(number, 'its source').")
    for name, kind in (("format", SynapseFormat), ("coefficients", Coefficients)):
        value = getattr(chip, name)
        if not isinstance(value, kind):
            fact = f"its '{name}' is missing" if value is None else f"its '{name}' is a {type(value).__name__}"
            yield Fault(
                str(chip.name), fact, f"a {kind.__name__} is needed", f"Take LOIHI2.{name}, or replace() of it."
            )


_FIT = "nominal SANA-FE fit, low Davies 2018, high the fit x 1.12"
_JUDGED = "Loihi 1 nominal with judged bounds; no per-operation energy of Loihi 2 is published"

LOIHI1 = Chip(
    name="loihi1",
    title="Loihi 1",
    mesh=(8, 4),
    cores_per_tile=4,
    cores=Limit(128, "Davies 2018"),
    neurons=Limit(1024, "Davies 2018: compartments per core"),
    words=Limit(16_384, "Davies 2018: 128 KB of synaptic memory, 64-bit words"),
    input_axons=Limit(4096, "nengo-loihi and NxTF: input axon entries"),
    output_axons=Limit(4096, "nengo-loihi and NxTF: output axon slots"),
    format=SynapseFormat(
        header=10,
        chunk=64,
        widths_dense=(1, 2, 3, 4, 5, 6, 8),
        widths_conv=(1, 2, 3, 4, 5, 6, 8),
        index_dense=0,
        index_conv=10,
        index_sparse=10,
        delay=6,
        source="nengo-loihi block.py and hardware/allocators.py; index 10 bits for 1024 compartments",
    ),
    coefficients=Coefficients(
        synapse_conv=Range(23.6, 24.0, 40, "pJ", _FIT),
        synapse_sparse=Range(23.6, 33.6, 40, "pJ", _FIT),
        synapse_dense=Range(23.6, 35.5, 40, "pJ", _FIT),
        update=Range(52, 72.8, 81, "pJ", "nominal SANA-FE fit (51.2 + 21.6), bounds Davies 2018"),
        spike=Range(0, 69.3, 78, "pJ", "nominal SANA-FE fit, low: counted in the update by Davies 2018, high x 1.12"),
        message=Range(1.7, 111, 124, "pJ", _FIT),
        hop=Range(3.0, 3.5, 4.2, "pJ", "Davies 2018 and SANA-FE; nominal is the mid-value"),
        learning=Range(60, 120, 240, "pJ", "Davies 2018: pairwise STDP; bounds x 0.5 and x 2 are a judgement"),
        static=Range(29, 100, 104, "mW", "low KWS, Quartz (few cores on), nominal KWS (configured), high Frady 2020"),
        x86=Range(18, 23, 65, "mW", "low and nominal Quartz, high Frady 2020"),
        synapse_time=Range(3.1, 3.8, 4.7, "ns", "SANA-FE fit: conv, dense, sparse"),
        update_time=Range(5.3, 9.7, 9.7, "ns", "low Davies 2018, nominal SANA-FE fit (6.0 + 3.7)"),
        spike_time=Range(2.1, 30, 30, "ns", "low Davies 2018: within-tile spike, nominal SANA-FE fit"),
        barrier=Range(0.11, 0.6, 16, "µs", "low Davies 2018, nominal SANA-FE by tiles, high Frady 2020 (768 chips)"),
        barrier_tiles=((1, 0.6), (2, 1.0), (4, 1.4), (29, 1.8)),
    ),
    step_floor=6e-6,
    step_floor_source="practical floor; fastest sustained steps seen are 5.8 µs (Frady 2020)",
    boards=(("Kapoho Bay", 2), ("Nahuku", 32), ("Pohoiki Beach", 64), ("Pohoiki Springs", 768)),
    largest_sum=Limit(
        1 << 15,
        "believed: nengo-loihi wraps it at 2**21 after the shift by 6 (Q_BITS = 21), with a test that runs on hardware "
        "only; Lava's models have room to 2**17",
    ),
)

LOIHI2 = Chip(
    name="loihi2",
    title="Loihi 2",
    mesh=(8, 4),
    cores_per_tile=4,
    cores=Limit(120, "120 of 128 cores usable on N3C1"),
    neurons=Limit(3168, "lava-dl: most LIF neurons on a core of PilotNet; its SDNN has 4096, the brief 8192 at most"),
    words=Limit(12_000, "lava-dl: compiler's SynMem limit; Loihi 2 brief: up to 128 KB (16,384 words)"),
    input_axons=None,
    output_axons=None,
    format=SynapseFormat(
        header=10,
        chunk=None,
        widths_dense=(8,),
        widths_conv=(1, 2, 3, 4, 5, 6, 7, 8),
        index_dense=8,
        index_conv=0,
        index_sparse=8,
        delay=6,
        source="inferred from lava-dl's 'per core distribution' of PilotNet: small dense rows take 16 bits a synapse",
    ),
    coefficients=Coefficients(
        synapse_conv=Range(12, 24, 36, "pJ", _JUDGED),
        synapse_sparse=Range(16.8, 33.6, 50.4, "pJ", f"{_JUDGED} (x 0.5 and x 1.5, as of convolutions)"),
        synapse_dense=Range(17.75, 35.5, 53.25, "pJ", f"{_JUDGED} (x 0.5 and x 1.5, as of convolutions)"),
        update=Range(26, 72.8, 100, "pJ", f"{_JUDGED} (simple LIF)"),
        spike=Range(0, 69, 140, "pJ", _JUDGED),
        message=Range(1.7, 111, 220, "pJ", _JUDGED),
        hop=Range(1.5, 3.5, 7, "pJ", _JUDGED),
        learning=None,
        static=Range(230, 250, 280, "mW", "lava-dl: 232 and 282 mW measured on one Oheo Gulch"),
        x86=None,
        synapse_time=Range(0.66, 0.85, 1.03, "ns", "low Intel's profiling script, high fit to PilotNet's step times"),
        update_time=Range(2, 4, 4, "ns", "nominal Intel's profiling script, low Loihi 2 brief; one pass of microcode"),
        spike_time=None,
        barrier=Range(0.2, 1, 10, "µs", "low Loihi 2 brief, high Intel's profiling script (several chips)"),
    ),
    step_floor=0.0,
    step_floor_source="none known beyond the barrier",
    boards=(("Oheo Gulch", 1), ("Kapoho Point", 8), ("VPX", 16), ("Hala Point", 1152)),
)

CHIPS: Mapping[str, Chip] = MappingProxyType({chip.name: chip for chip in (LOIHI1, LOIHI2)})
