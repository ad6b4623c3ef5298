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

from collections.abc import Mapping
from types import MappingProxyType

from neurokit.errors import Fault, InputError
from neurokit.place.chip import Chip, Coefficients, Cutting, Limit, Range, SynapseFormat

__all__ = [
    "CHIPS",
    "LOIHI1",
    "LOIHI2",
    "Chip",
    "Coefficients",
    "Cutting",
    "Limit",
    "Range",
    "SynapseFormat",
    "chip_named",
]

_FIT = "nominal SANA-FE fit, low Davies 2018, high the fit x 1.12"
_JUDGED = "Loihi 1 nominal with judged bounds; no per-operation energy of Loihi 2 is published"
_HALF = "Loihi 1 nominal, low judged x 0.5; no per-operation energy of Loihi 2 is published"
# lava-dl, PilotNet LIF: (68.34 uJ - 158,509 updates x 26 pJ - 40,200 messages x 1.7 pJ) / 2,269,710 = 28.2 pJ
_MOST = "what PilotNet's measured 68.3 µJ a step leaves for its 2.27 M operations where all else is at its low"

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
        whole_axon=True,
        index_widths=(6, 7, 8, 9, 10, 11, 12),
        base=256,
    ),
    cutting=Cutting("runs", False, "nengo-loihi builder/split_blocks.py: blocks of neighbours, as even as can be"),
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
        barrier=Range(0.11, 1.8, 16, "µs", "low Davies 2018, nominal SANA-FE (29 tiles), high Frady 2020 (768 chips)"),
        barrier_tiles=((1, 0.6), (2, 1.0), (4, 1.4), (29, 1.8)),
        barrier_one_chip=Range(
            0.11, 1.8, 2.0, "µs", "low Davies 2018, nominal SANA-FE by tiles, high its largest (29 tiles) x 1.12"
        ),
    ),
    step_floor=6e-6,
    step_floor_source="practical floor; fastest sustained steps seen are 5.8 µs (Frady 2020)",
    boards=(("Kapoho Bay", 2), ("Nahuku", 32), ("Pohoiki Beach", 64), ("Pohoiki Springs", 768)),
    largest_sum=Limit(
        1 << 15,
        "believed: nengo-loihi wraps it at 2**21 after the shift by 6 (Q_BITS = 21), with a test that runs on hardware "
        "only; Lava's models have room to 2**17",
    ),
    longest_delay=Limit(62, "Davies 2018: a field of 6 bits, up to 62 steps"),
    target="loihi1",
)

LOIHI2 = Chip(
    name="loihi2",
    title="Loihi 2",
    mesh=(8, 4),
    cores_per_tile=4,
    cores=Limit(120, "120 of 128 cores usable on N3C1"),
    neurons=Limit(
        4095, "lava-dl: YOLO-KP's print has 3584 neurons as 87.52 %; LIF: 3168 seen, 4096 avoided; brief: up to 8192"
    ),
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
    cutting=Cutting("tiles", True, "lava-dl: what the compiler printed of PilotNet and YOLO-KP"),
    coefficients=Coefficients(
        synapse_conv=Range(12, 24, 28, "pJ", f"{_HALF}; high: {_MOST}"),
        synapse_sparse=Range(16.8, 33.6, 39.2, "pJ", f"{_HALF}; high in proportion to that of convolutions: {_MOST}"),
        synapse_dense=Range(17.75, 35.5, 41.4, "pJ", f"{_HALF}; high in proportion to that of convolutions: {_MOST}"),
        update=Range(26, 72.8, 100, "pJ", f"{_JUDGED} (simple LIF)"),
        spike=Range(0, 69, 140, "pJ", _JUDGED),
        message=Range(1.7, 111, 220, "pJ", _JUDGED),
        hop=Range(1.5, 3.5, 7, "pJ", _JUDGED),
        learning=None,
        static=Range(230, 250, 280, "mW", "lava-dl: 232 and 282 mW measured on one Oheo Gulch"),
        x86=None,
        synapse_time=Range(
            0.66,
            0.85,
            1.03,
            "ns",
            "low Intel's profiling script, high fit to PilotNet's step times, nominal between them",
        ),
        update_time=Range(2, 4, 4, "ns", "nominal Intel's profiling script, low Loihi 2 brief; one pass of microcode"),
        spike_time=None,
        barrier=Range(0.2, 1, 10, "µs", "low Loihi 2 brief, high Intel's profiling script (several chips)"),
        barrier_one_chip=Range(
            0.2,
            1,
            2,
            "µs",
            "low Loihi 2 brief, high: PilotNet's steps on one chip follow its operations to 1.7 % of 107 µs",
        ),
    ),
    step_floor=0.0,
    step_floor_source="none known beyond the barrier",
    boards=(("Oheo Gulch", 1), ("Kapoho Point", 8), ("VPX", 16), ("Hala Point", 1152)),
    longest_delay=Limit(62, "lava-dl netx: max_delay"),
)

CHIPS: Mapping[str, Chip] = MappingProxyType({chip.name: chip for chip in (LOIHI1, LOIHI2)})


def chip_named(chip: str | Chip) -> Chip:
    """The chip of that name, or the given one; InputError lists the known names."""
    if isinstance(chip, Chip):
        return chip
    if chip not in CHIPS:
        raise InputError(Fault("chip", f"'{chip}' is unknown", f"known chips: {', '.join(CHIPS)}", "Name one of them."))
    return CHIPS[chip]
