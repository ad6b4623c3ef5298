"""StereoSpike's size on Loihi 2, a table of docs/stereospike.md: python tools/stereospike_placement.py writes it anew.

Both generations at MVSEC's resolution, half and a quarter, with random weights, since shapes decide (and a little how
large sums of taps become, see the page); and the small one that examples/stereospike_training made, as a Program and in
stock parts. v2 and the small one in both schedules; v3 as hold. With --rows FILE, rows that are there are not measured
again.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.files import between_marks, written_aside
from neurokit.graph.network import Program, Projection
from neurokit.graph.synapses import Convolving, Sparse
from neurokit.lower.images import picked
from neurokit.lower.targets import target_faults

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "stereospike.md"
TRAINED = ROOT / "examples" / "stereospike_training" / "weights.npz"  # 6 channels in the first layer
BEGIN, END = "<!-- placement -->\n", "<!-- end of placement -->\n"
SIZES = {"full": (260, 346), "half": (130, 173), "quarter": (65, 87)}
SCHEDULES = {"v2": ("pipeline", "hold"), "v3": ("hold",), "small": ("pipeline", "hold", "stock")}
STOCK_BITS = 5  # taps that meet add up to what 8 bits hold (docs/stereospike.md)
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
    """One Program's size and place.

    net: "v2", "v3" or "small". schedule: "stock" is hold with resized convolutions listed. synapses: a sum's kernels
    counted once, and once for each of its sources. latency: steps. decides: the resource that decides most cores, and
    how many. not_stock: what keeps it from being stock parts, and how often. seconds: of processor time, for the
    placement. memory: bytes, the most of the process.
    """

    net: str
    size: str
    schedule: str
    neurons: int
    relays: int
    synapses: tuple[int, int]
    cores: int
    chips: int
    latency: int
    largest: tuple[str, int]
    decides: tuple[str, int]
    not_stock: dict[str, int]
    faults: tuple[str, ...]
    seconds: float
    memory: int


def convolutions(channels: int, cameras: int = 2) -> dict[str, tuple[int, int, int]]:
    """v2's by their names in a state_dict: channels out, channels in, rows of the kernel."""
    widths = [channels << k for k in range(5)]
    layers = {"bottom.0": (widths[0], 2 * cameras, 5)}
    layers |= {f"conv{k}.0": (widths[k], widths[k - 1], 5) for k in (1, 2, 3, 4)}
    layers |= {f"bottleneck.{b}.conv{c}.0": (widths[4], widths[4], 3) for b in (0, 1) for c in (1, 2)}
    layers |= {f"deconv{k}.0.up.1": (widths[k - 1], widths[k], 5) for k in (4, 3, 2, 1)}
    return layers | {f"predict_depth{k}.0.up.1": (1, widths[k - 1], 3) for k in (4, 3, 2, 1)}


def weights(generation: str, channels: int = CHANNELS, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """A state_dict of two cameras with random weights. v3's convolutions are a channel's own, then channels mixed."""
    random = np.random.default_rng(seed)
    found: dict[str, NDArray[np.float32]] = {}
    for name, (targets, sources, kernel) in convolutions(channels).items():
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
    """Pairs of neurons that a projection connects; taps that meet in one source count as one."""
    if isinstance(projection.synapse, Sparse):
        return int(projection.synapse.weight.nnz)
    if not isinstance(projection.synapse, Convolving):
        raise TypeError(f"{projection.name} is a {type(projection.synapse).__name__}")
    shape = program.shape_of(projection.source)
    form = picked(projection.synapse, shape)
    down, along = (sum(len(set(column[column >= 0])) for column in axis.source_of.T) for axis in form.axes)
    return down * along * form.convolution.weight.shape[0] * form.convolution.weight.shape[1]


def compiled(net: str, shape: tuple[int, int], schedule: str, channels: int = CHANNELS) -> Program:
    """The Program: of random weights, or the small trained one. v3's relays are scaled on one random window."""
    state = str(TRAINED) if net == "small" else weights(net, channels)
    network = nk.convert(state, kind="stereospike", shape=(4, *shape))
    if schedule == "stock":
        return nk.expand(nk.compile(network, bits=STOCK_BITS, schedule="hold"))
    if net != "v3":
        return nk.compile(network, schedule=schedule)
    window = np.random.default_rng(1).poisson(0.2, (1, 4, *shape)).astype(np.float64)
    return nk.compile(network, calibrate=window, schedule=schedule)


def not_stock(program: Program) -> dict[str, int]:
    """What Loihi 2's stock parts lack for it, and for how many populations or connections."""
    short = {"resized": "resized", "delay": "delayed", "Relay": "relays", "exponent": "exponents"}
    facts = [fault.fact for fault in target_faults(program, "loihi2-stock")]
    return dict(Counter(next((kind for word, kind in short.items() if word in fact), fact) for fact in facts))


def measured(net: str, size: str, schedule: str, shape: tuple[int, int], channels: int = CHANNELS) -> Row:
    """Compile and place it."""
    program = compiled(net, shape, schedule, channels)
    started = time.process_time()
    placement = nk.place(program)
    seconds = time.process_time() - started
    counts = [(p, connections(program, p)) for p in program.projections]
    once = {(p.target, p.synapse.weight.tobytes() if p.synapse.weight.ndim == 4 else p.name): n for p, n in counts}
    largest = max(placement.populations.values(), key=lambda p: p.cores)
    return Row(
        net=net,
        size=size,
        schedule=schedule,
        neurons=sum(p.size for p in program.populations.values()),
        relays=sum(p.size for name, p in program.populations.items() if name.endswith(".depthwise")),
        synapses=(sum(once.values()), sum(n for _, n in counts)),
        cores=placement.cores,
        chips=placement.chips,
        latency=max(program.latency.values()) + 1,
        largest=(largest.population, largest.cores),
        decides=placement.tightest or ("nothing", 0),
        not_stock=not_stock(program),
        faults=tuple(f"{fault.node}: {fault.fact}" for fault in placement.faults),
        seconds=seconds,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def jobs(nets: Sequence[str], sizes: Sequence[str]) -> list[tuple[str, str, str]]:
    """(net, size, schedule) of each row; the small net has one size."""
    of = {net: ["quarter"] if net == "small" else sizes for net in nets}
    return [(net, size, schedule) for net in nets for size in of[net] for schedule in SCHEDULES[net]]


def rows(wanted: list[tuple[str, str, str]], kept: Path | None) -> list[Row]:
    """Those of the file `kept`, and the others measured and written there one by one."""
    found = {}
    if kept is not None and kept.exists():
        found = {
            (row["net"], row["size"], row["schedule"]): row for row in json.loads(kept.read_text(encoding="utf-8"))
        }
    for job in wanted:
        if job in found:
            continue
        found[job] = json.loads(json.dumps(asdict(measured(*job, SIZES[job[1]]))))
        print(found[job], flush=True)
        if kept is not None:
            with written_aside(kept) as aside:
                aside.write_text(json.dumps(list(found.values()), indent=1), encoding="utf-8")
    return [Row(**found[job]) for job in wanted]


def line(row: Row) -> str:
    """A row of the table."""
    relays = f" ({row.relays / 1e6:.2f} M)" if row.relays else ""
    hand = "–"
    if row.net != "small":
        shared, shared_half, unshared = ESTIMATED[row.net, row.size]
        hand = f"{shared:g} / {shared_half:g}; {unshared:g}"
    lacks = ", ".join(f"{number} {kind}" for kind, number in sorted(row.not_stock.items())) or "all stock"
    cells = [
        f"{row.net}, {row.size}",
        f"{row.schedule}, {row.latency}",
        f"{row.neurons / 1e6:.2f} M{relays}",
        " / ".join(f"{n / 1e9:.3g} G" for n in row.synapses),
        f"{row.cores:,}",
        f"{row.chips:,}{' (does not fit)' if row.faults else ''}",
        f"{row.largest[0]}, {row.largest[1]:,}",
        f"{row.decides[0]}, {row.decides[1]:,}",
        lacks,
        hand,
    ]
    return f"| {' | '.join(cells)} |"


def table(found: list[Row]) -> str:
    """Markdown."""
    lines = [
        "| net, size | schedule, steps | neurons (relays) | synapses: a sum's once / as lowered | cores | chips "
        "| most cores | decided by, cores | not stock | by hand, chips |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *map(line, found),
    ]
    faults = {
        f"* {row.net}, {row.size}, {row.schedule} does not fit: {'; '.join(row.faults)}." for row in found if row.faults
    }
    seconds, memory = [row.seconds for row in found], max(row.memory for row in found) / 1e9
    cost = f"To place one took {min(seconds):.1f} to {max(seconds):.0f} s of processor time; at most {memory:.1f} GB."
    return "\n".join([*lines, "", *sorted(faults), *([""] if faults else []), cost, ""])


def rewritten(page: str, made: str) -> str:
    """The page with this table. ValueError where it has no place for it."""
    return between_marks(page, BEGIN, END, made)


def main() -> None:
    """Measure all and write the page, or print what was asked for."""
    parser = argparse.ArgumentParser(description="Size of StereoSpike on Loihi 2.")
    parser.add_argument("--net", choices=SCHEDULES, nargs="+", default=list(SCHEDULES))
    parser.add_argument("--size", choices=SIZES, nargs="+", default=list(SIZES))
    parser.add_argument("--rows", type=Path, help="JSON file of measured rows, which is read and added to")
    parser.add_argument("--print", action="store_true", help="only print the table")
    options = parser.parse_args()
    made = table(rows(jobs(options.net, options.size), options.rows))
    if options.print:
        print(made)
    else:
        page = rewritten(PAGE.read_text(encoding="utf-8"), made)
        with written_aside(PAGE) as aside:
            aside.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
