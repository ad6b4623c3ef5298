"""Placements of real nets, a table of docs/placement.md: python tools/placement_table.py --data ../shared/data.

MNIST's mnist-8.onnx in both codes, lava-dl's trained MNIST net, the e-prop net of examples/eprop and StereoSpike, full
and half size (random weights: shapes decide nearly all), on both chips where they were meant for them.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import neurokit as nk
from neurokit.files import between_marks
from neurokit.place.split import SYNAPTIC_MEMORY

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "placement.md"
BEGIN, END = "<!-- nets -->\n", "<!-- end of nets -->\n"
HALF, FULL = (130, 173), (260, 346)
CALIBRATE, STEPS = 32, {"sigma-delta": 14, "rate": 64}  # images and steps that the integers' scales are made for

Made = Callable[[], nk.Program]


@dataclass(frozen=True)
class Row:
    """One placement. seconds: CPU time of `nk.place` alone. fullest: (population, share, resource)."""

    net: str
    chip: str
    neurons: int
    populations: int
    cores: int
    chips: int
    tightest: str
    fullest: tuple[str, float, str]
    memory: float
    faults: tuple[str, ...]
    seconds: float


def mnist_cnn(data: Path, code: str, images: int = CALIBRATE) -> nk.Program:
    """mnist-8.onnx in 8-bit integers, as examples/06_mnist_onnx.py compiles it, with fewer images."""
    with gzip.open(data / "mnist_onnx" / "t10k-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)[-images:]
    network = nk.convert(data / "mnist_onnx" / "mnist-8.onnx", code=code, calibrate=pixels)
    return nk.compile(network, calibrate=np.repeat(pixels[:, None], STEPS[code], axis=1))


def eprop_net() -> nk.Program:
    """Trained by e-prop to weigh evidence (docs/eprop.md)."""
    return nk.compile(nk.convert(ROOT / "examples" / "eprop" / "evidence-seed0.npz", kind="eprop"))


def stereospike(shape: tuple[int, int]) -> nk.Program:
    """StereoSpike v2 with random weights."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.stereospike import layers, program

    return program(layers(shape))


def nets(data: Path) -> dict[str, tuple[Made, tuple[str, ...]]]:
    """Name -> (how it is made, chips it is placed on)."""
    both = ("loihi2", "loihi1")
    return {
        "MNIST CNN (mnist-8.onnx), sigma-delta": (lambda: mnist_cnn(data, "sigma-delta"), both),
        "MNIST CNN (mnist-8.onnx), rate code": (lambda: mnist_cnn(data, "rate"), both),
        "MNIST dense (lava-dl's trained net)": (
            lambda: nk.compile(nk.convert(data / "lava_dl_mnist" / "trained_mnist_network.net")),
            both,
        ),
        "e-prop net (evidence-seed0)": (eprop_net, both),
        "StereoSpike v2, half": (lambda: stereospike(HALF), both[:1]),
        "StereoSpike v2, full": (lambda: stereospike(FULL), both[:1]),
    }


def measured(net: str, program: nk.Program, chip: str) -> Row:
    """Place it."""
    started = time.process_time()
    placement = nk.place(program, chip)
    seconds = time.process_time() - started
    name, use = placement.fullest or ("", None)
    memory = [u.utilisation for p in placement.populations.values() for u in p.uses if u.resource == SYNAPTIC_MEMORY]
    return Row(
        net,
        placement.chip.title,
        sum(p.neurons for p in placement.populations.values()),
        len(placement.populations),
        placement.cores,
        placement.chips,
        placement.tightest[0] if placement.tightest else "",
        (name, use.utilisation, use.resource) if use else ("", 0.0, ""),
        max(memory, default=0.0),
        tuple(f"'{fault.node}': {fault.fact}" for fault in placement.faults),
        seconds,
    )


def rows(made: dict[str, tuple[Made, tuple[str, ...]]]) -> Iterator[Row]:
    """All of them, one after the other."""
    for net, (make, chips) in made.items():
        program = make()
        for chip in chips:
            yield measured(net, program, chip)


def table(found: list[Row]) -> str:
    """Markdown."""
    lines = [
        "| net | chip | neurons, populations | cores, chips | tightest | fullest core | fullest memory "
        "| faults | CPU seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in found:
        name, share, resource = row.fullest
        faults = "; ".join(row.faults) or "none"
        lines.append(
            f"| {row.net} | {row.chip} | {row.neurons:,}, {row.populations} | {row.cores:,}, {row.chips:,} "
            f"| {row.tightest} | '{name}', {share:.0%} of {resource} | {row.memory:.0%} | {faults} "
            f"| {row.seconds:.2g} |"
        )
    return "\n".join([*lines, ""])


def rewritten(page: str, made: str) -> str:
    """The page with this table."""
    return between_marks(page, BEGIN, END, made)


def main() -> None:
    """Place all and write the page, or print the table."""
    parser = argparse.ArgumentParser(description="Placements of real nets.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with mnist_onnx")
    parser.add_argument("--print", action="store_true", help="only print the table")
    options = parser.parse_args()
    found = []
    for row in rows(nets(options.data)):
        print(row, flush=True)
        found.append(row)
    made = table(found)
    if options.print:
        print(made)
    else:
        PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    main()
