"""StereoSpike's size on Loihi 2, a table of docs/stereospike.md: python tools/stereospike_placement.py writes it anew.

Weights are random: shapes alone decide. Both generations, MVSEC's resolution, half and a quarter, in both schedules.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.graph.network import Program, Projection
from neurokit.graph.synapses import Convolving
from neurokit.lower.images import picked

PAGE = Path(__file__).resolve().parents[1] / "docs" / "stereospike.md"
BEGIN, END = "<!-- placement -->\n", "<!-- end of placement -->\n"
SIZES = {"full": (260, 346), "half": (130, 173), "quarter": (65, 87)}
GENERATIONS = ("v2", "v3")
CHANNELS = 32  # of the first layer
# Chips estimated by hand before (ours, from the layers' sizes): kernels shared with 8,192 and 4,096 neurons a core, and
# synapses all stored one by one, 120 M a chip.
ESTIMATED = {
    ("v2", "full"): (11.4, 22.7, 122.0),
    ("v2", "half"): (3.6, 6.1, 29.9),
    ("v2", "quarter"): (1.7, 2.3, 7.4),
    ("v3", "full"): (24.1, 48.1, 16.5),
    ("v3", "half"): (6.2, 12.3, 4.2),
    ("v3", "quarter"): (1.6, 3.2, 1.1),
}


@dataclass(frozen=True)
class Row:
    """One Program's size and place. synapses: a sum's kernels counted once, and once for each of its sources."""

    generation: str
    size: str
    schedule: str
    spiking: int
    relays: int
    readout: int
    synapses: tuple[int, int]
    cores: int
    chips: int
    fits: bool
    latency: int
    largest: tuple[str, int]
    targets: tuple[str, ...]
    faults: tuple[str, ...]


def weights(generation: str, channels: int = CHANNELS, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """A state_dict of two cameras with random weights. v3's convolutions are a channel's own, then channels mixed."""
    random = np.random.default_rng(seed)
    widths = [channels << k for k in range(5)]
    layers = {"bottom.0": (widths[0], 4, 5)} | {f"conv{k}.0": (widths[k], widths[k - 1], 5) for k in (1, 2, 3, 4)}
    layers |= {f"bottleneck.{b}.conv{c}.0": (widths[4], widths[4], 3) for b in (0, 1) for c in (1, 2)}
    layers |= {f"deconv{k}.0.up.1": (widths[k - 1], widths[k], 5) for k in (4, 3, 2, 1)}
    layers |= {f"predict_depth{k}.0.up.1": (1, widths[k - 1], 3) for k in (4, 3, 2, 1)}
    found: dict[str, NDArray[np.float32]] = {}
    for name, (targets, sources, kernel) in layers.items():
        parts = {name: (targets, sources, kernel, kernel)}
        if generation == "v3":
            front, _, number = name.rpartition(".")
            parts = {name: (sources, 1, 7, 7), f"{front}.{int(number) + 1}": (targets, sources, 1, 1)}
        for part, shape in parts.items():
            size = 1.5 / np.sqrt(np.prod(shape[1:]))
            found[f"{part}.weight"] = random.normal(0.1 * size, size, shape).astype(np.float32)
            if name.startswith("predict"):
                found[f"{part}.bias"] = np.zeros(shape[0], np.float32)
    return found


def connections(program: Program, projection: Projection) -> int:
    """Pairs of neurons that a convolution connects; taps that meet in one source count as one."""
    if not isinstance(projection.synapse, Convolving):
        raise TypeError(f"{projection.name} is a {type(projection.synapse).__name__}")
    shape = program.shape_of(projection.source)
    form = picked(projection.synapse, shape)
    down, along = (sum(len(set(column[column >= 0])) for column in axis.source_of.T) for axis in form.axes)
    return down * along * form.convolution.weight.shape[0] * form.convolution.weight.shape[1]


def compiled(generation: str, shape: tuple[int, int], schedule: str, channels: int = CHANNELS) -> Program:
    """The Program of random weights. v3's analogue values are scaled on one random window."""
    network = nk.convert(weights(generation, channels), kind="stereospike", shape=(4, *shape))
    if generation == "v2":
        return nk.compile(network, schedule=schedule)
    window = np.random.default_rng(1).poisson(0.2, (1, 4, *shape)).astype(np.float64)
    return nk.compile(network, calibrate=window, schedule=schedule)


def measured(generation: str, size: str, schedule: str, shape: tuple[int, int], channels: int = CHANNELS) -> Row:
    """Compile and place it."""
    program = compiled(generation, shape, schedule, channels)
    placement = nk.place(program)
    counts = [(p, connections(program, p)) for p in program.projections]
    once = {(p.target, p.synapse.weight.tobytes()): n for p, n in counts}
    neurons = {name: program.neuron(name) for name in program.populations}
    of = {name: p.size for name, p in program.populations.items()}
    relays = sum(n for name, n in of.items() if name.endswith(".depthwise"))
    readout = sum(of[name] for name in program.outputs)
    largest = max(placement.populations.values(), key=lambda p: p.cores)
    return Row(
        generation,
        size,
        schedule,
        sum(of[name] for name in neurons) - relays - readout,
        relays,
        readout,
        (sum(once.values()), sum(n for _, n in counts)),
        placement.cores,
        placement.chips,
        placement.ok,
        max(program.latency.values()) + 1,
        (largest.population, largest.cores),
        tuple(program.targets),
        tuple(f"{fault.node}: {fault.fact}" for fault in placement.faults),
    )


def rows(sizes: dict[str, tuple[int, int]] = SIZES) -> Iterator[Row]:
    """All of them, one after the other."""
    for generation in GENERATIONS:
        for size, shape in sizes.items():
            for schedule in ("pipeline", "hold"):
                yield measured(generation, size, schedule, shape)


def table(found: list[Row]) -> str:
    """Markdown."""
    lines = [
        "| net, size | schedule, steps | neurons (relays) | synapses (a sum's kernels once; as lowered) | cores "
        "| chips | most cores | by hand: chips at 8,192 / 4,096 neurons a core; unshared |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in found:
        total = row.spiking + row.relays + row.readout
        relays = f" ({row.relays / 1e6:.2f} M)" if row.relays else ""
        hand = " / ".join(f"{n:g}" for n in ESTIMATED[row.generation, row.size][:2])
        unshared = ESTIMATED[row.generation, row.size][2]
        lines.append(
            f"| {row.generation}, {row.size} | {row.schedule}, {row.latency} | {total / 1e6:.2f} M{relays} "
            f"| {row.synapses[0] / 1e9:.2f} G; {row.synapses[1] / 1e9:.2f} G | {row.cores:,} | {row.chips:,}"
            f"{'' if row.fits else ' (does not fit)'} | {row.largest[0]}, {row.largest[1]:,} | {hand}; {unshared:g} |"
        )
    faults = sorted({f"{row.generation}: '{fault}'" for row in found for fault in row.faults})
    notes = [f"What does not fit: {'; '.join(faults)}."] if faults else []
    return "\n".join([*lines, "", *notes, *([""] if notes else [])])


def rewritten(page: str, made: str) -> str:
    """The page with this table."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{made}{END}{after}"


def main() -> None:
    """Measure all and write the page, or print what was asked for."""
    parser = argparse.ArgumentParser(description="Size of StereoSpike on Loihi 2.")
    parser.add_argument("--size", choices=SIZES, nargs="+", default=list(SIZES))
    parser.add_argument("--print", action="store_true", help="only print the table")
    options = parser.parse_args()
    found = []
    for row in rows({size: SIZES[size] for size in options.size}):
        print(row, flush=True)
        found.append(row)
    if options.print:
        print(table(found))
    else:
        PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), table(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
