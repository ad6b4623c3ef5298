"""Depth errors and firing rates of trained StereoSpikes on the synthetic test scenes: docs/stereospike.md's tables.

    python -m examples.stereospike_training.accuracy --runs FOLDER --scenes FOLDER [--document docs/stereospike.md]

Each finished run of train.py is measured once, in float32 (torch) and as an integer Program (8-bit weights, the
simulator), and FOLDER/RUN/accuracy.json keeps it. `results.json` beside this file gets all of them; intervals are 95 %
of Student's t over the training seeds.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import t as student

import neurokit as nk
from examples.stereospike_training.data import SHAPE, frames
from examples.stereospike_training.network import StereoSpikeNet
from examples.stereospike_training.train import KINDS, load, predict, tensors
from neurokit.converters.stereospike import read_depth
from neurokit.encode import StereoFrames
from neurokit.encode.stereo import MVSEC
from neurokit.errors import CompileError
from neurokit.files import between_marks, written_aside
from neurokit.lower.schedule import Schedule
from neurokit.profiling.depth import depth_error

RIG = MVSEC.scaled(SHAPE)
BITS = 8
CHUNK = 40  # frames that the Program gets in a row
STOCK_FRAMES = 2  # run in the stock Program itself
START, END = "<!-- accuracy: examples.stereospike_training.accuracy writes this -->", "<!-- end of accuracy -->"
Record = dict[str, Any]


def measure(weights: Path, scenes: StereoFrames) -> Record:
    """Errors in metres and rates in spikes per neuron and frame, of a network with these weights."""
    network, program = load(weights), program_of(weights)
    depths, program_rates = run(program, scenes)
    floats = depth_error(predict(network, scenes), scenes.depth, RIG)
    found: Record = {
        "float": floats.mean,
        "one_pixel": floats.one_pixel,
        "program": depth_error(depths, scenes.depth, RIG).mean,
        "rates": rates(network, scenes),
        "program_rates": program_rates,
        "neurons": {name: math.prod(program.populations[name].shape) for name in program_rates},
    }
    if network.bottom[0].in_channels == 4:
        found["swapped"] = depth_error(predict(network, scenes, swapped=True), scenes.depth).mean
        found |= measure_stock(weights, scenes)
    return found


def measure_stock(weights: Path, scenes: StereoFrames) -> Record:
    """The error in metres of what the stock parts of Loihi 2 hold, and in how many bits.

    Resized convolutions written out are slow here, so the error is that of the same integers as convolutions; the
    first frames are run in both forms, and how many depths differ is told.
    """
    program, bits = stock_program(weights)
    as_maps = program_of(weights, bits)
    shown = scenes.selected(np.arange(STOCK_FRAMES))
    differing = int(np.sum(run(program, shown)[0] != run(as_maps, shown)[0]))
    error = depth_error(run(as_maps, scenes)[0], scenes.depth).mean
    return {"stock": error, "stock_bits": bits, "stock_differing": differing}


def stock_program(weights: Path) -> tuple[nk.Program, int]:
    """For the public parts of Loihi 2, in the most bits in which the taps of its resized convolutions can be added up.

    No delays, so each frame is held at the input until its depth is there.
    """
    refused: CompileError | None = None
    for bits in range(BITS, 1, -1):
        try:
            program = nk.expand(program_of(weights, bits, schedule="hold"))
        except CompileError as error:
            refused = error
            continue
        if "loihi2-stock" not in program.targets:
            raise ValueError(f"{weights}: the expanded Program is for {program.targets} only")
        return program, bits
    assert refused is not None
    raise refused


def program_of(weights: Path, bits: int = BITS, schedule: Schedule = "pipeline") -> nk.Program:
    """The integer Program of a file of weights."""
    with np.load(weights, allow_pickle=False) as file:
        channels = file["bottom.0.weight"].shape[1]
    network = nk.convert(weights, kind="stereospike", shape=(channels, *SHAPE))
    return nk.compile(network, bits=bits, schedule=schedule)


def run(program: nk.Program, scenes: StereoFrames) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Depth (n, rows, columns) in metres, and each layer's spikes per neuron and frame, on the simulator."""
    layers = [name for name in program.populations if name != "depth"]
    depths, spikes = [], dict.fromkeys(layers, 0.0)
    channels = next(iter(program.inputs.values())).shape[0]
    for start in range(0, len(scenes), CHUNK):
        shown = scenes.counts[None, start : start + CHUNK, :channels]
        found = nk.run(program, program.presented(shown), record=(("depth", "v"),))
        depths.append(read_depth(program, found)[0, :, 0])
        for name in layers:
            spikes[name] += float(np.sum(found.counts[name]))
    whole = {name: len(scenes) * math.prod(program.populations[name].shape) for name in layers}
    return np.concatenate(depths), {name: spikes[name] / whole[name] for name in layers}


def rates(network: StereoSpikeNet, scenes: StereoFrames) -> dict[str, float]:
    """Each layer's spikes per neuron and frame in float32."""
    inputs, _ = tensors(scenes, network.bottom[0].in_channels // 2)
    with torch.no_grad():
        answers = [network(part).spikes for part in inputs.split(20)]
    return {name: float(torch.cat([a[name] for a in answers]).mean()) for name in answers[0]}


def constant_median(training: StereoFrames, scenes: StereoFrames) -> float:
    """The error in metres of the training scenes' median depth, everywhere."""
    return depth_error(np.full(scenes.depth.shape, np.nanmedian(training.depth)), scenes.depth).mean


def interval(values: list[float]) -> tuple[float, float]:
    """The mean, and how far the ends of its 95 % interval are from it (Student's t); infinitely far with one value."""
    if len(values) < 2:
        return float(np.mean(values)), math.inf
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    return float(np.mean(values)), float(half)


def collected(runs: Path, scenes: Path) -> Record:
    """What is known of all finished runs, measuring those that have not been measured."""
    test = frames("test", scenes)
    found: Record = {"frames": len(test), "constant median": constant_median(frames("training", scenes), test)}
    for kind in KINDS:
        for folder in sorted(runs.glob(f"{kind}-*")):
            if not (folder / "log.json").exists():
                continue
            kept = folder / "accuracy.json"
            if not kept.exists():
                measured = json.dumps(measure(folder / "weights.npz", test), indent=1)
                with written_aside(kept) as aside:
                    aside.write_text(measured + "\n", encoding="utf-8")
            log = json.loads((folder / "log.json").read_text(encoding="utf-8"))
            found.setdefault("runs", {})[folder.name] = {**json.loads(kept.read_text(encoding="utf-8")), "log": log}
    return found


def table(found: Record) -> str:
    """Markdown: the errors with their intervals, and the rates."""
    by_kind = {kind: [run for name, run in found["runs"].items() if name.startswith(f"{kind}-")] for kind in KINDS}
    both, one = by_kind["binocular"], by_kind["monocular"]
    lines = [
        f"Synthetic scenes, {found['frames']} held-out windows; errors in cm, 95 % intervals over training seeds.",
        "",
        "| | seeds | mean depth error | worse than two cameras by |",
        "|---|---|---|---|",
        _row("two cameras, float32", [run["float"] for run in both], None),
        _row(f"two cameras, Program of {BITS} bits", [run["program"] for run in both], [r["float"] for r in both]),
        _row("two cameras, stock parts of Loihi 2", [run["stock"] for run in both], [r["float"] for r in both]),
        _row("one camera, float32", [run["float"] for run in one], [run["float"] for run in both]),
        _row("two cameras, exchanged in the test", [run["swapped"] for run in both], [r["float"] for r in both]),
        _row("median of the training scenes", [found["constant median"]] * len(both), [r["float"] for r in both]),
    ]
    sparse = by_kind["sparse"]
    if sparse:
        lines.append(_row("two cameras, spikes penalised, float32", [r["float"] for r in sparse], None))
        lines.append(_row("the same, Program", [r["program"] for r in sparse], [r["float"] for r in sparse]))
    return "\n".join([*lines, "", *_rates(both, sparse)])


def _row(title: str, values: list[float], against: list[float] | None) -> str:
    mean, half = interval(values)
    worse = ""
    if against is not None and len(against) == len(values):
        more, within = interval([value - other for value, other in zip(values, against, strict=True)])
        worse = f"{100 * more:.1f} ± {100 * within:.1f} ({more / np.mean(against):+.1%})"
    spread = f" ± {100 * half:.1f}" if len(set(values)) > 1 else ""
    return f"| {title} | {len(values)} | {100 * mean:.1f}{spread} | {worse} |"


def _rates(both: list[Record], sparse: list[Record]) -> list[str]:
    columns = {"two cameras": both, "spikes penalised": sparse, "spikes penalised, Program": sparse}
    columns = {name: runs for name, runs in columns.items() if runs}
    keys = {name: "program_rates" if name.endswith("Program") else "rates" for name in columns}
    means = {
        name: {layer: float(np.mean([run[keys[name]][layer] for run in runs])) for layer in runs[0][keys[name]]}
        for name, runs in columns.items()
    }
    layers = list(both[0]["rates"])
    lines = [f"| spikes per neuron and frame | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
    lines += [f"| {layer} | " + " | ".join(f"{means[c][layer]:.1%}" for c in columns) + " |" for layer in layers]
    neurons = both[0]["neurons"]
    alike = " | ".join(f"{np.mean([means[c][layer] for layer in layers]):.1%}" for c in columns)
    total = sum(neurons[layer] for layer in layers)
    each = " | ".join(f"{sum(means[c][k] * neurons[k] for k in layers) / total:.1%}" for c in columns)
    return [*lines, f"| mean of the layers | {alike} |", f"| mean of all {total:,} neurons | {each} |"]


def insert(text: str, made: str) -> str:
    """`text` with what stands between the two marks replaced."""
    return between_marks(text, START, END, f"\n{made}\n")


def main() -> None:
    """Measure what is new, write results.json and the table."""
    parser = argparse.ArgumentParser(description="Depth errors of trained StereoSpikes on synthetic scenes.")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--results", type=Path, default=Path(__file__).with_name("results.json"))
    parser.add_argument("--document", type=Path, help="a Markdown file with the two marks, e.g. docs/stereospike.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for kind in ("binocular", "monocular"):
        if not any(options.runs.glob(f"{kind}-*/log.json")):
            parser.error(f"{options.runs} has no finished run of kind '{kind}': train one first (train.py)")
    found = collected(options.runs, options.scenes)
    with written_aside(options.results) as aside:
        aside.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    made = table(found)
    if options.document is not None:
        text = insert(options.document.read_text(encoding="utf-8"), made)
        with written_aside(options.document) as aside:
            aside.write_text(text, encoding="utf-8")
    print(made)


if __name__ == "__main__":
    main()
