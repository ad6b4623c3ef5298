"""Evaluate a StereoSpike checkpoint on MVSEC as the paper does: mean depth error of a split's test maps.

    python examples/stereospike_mvsec.py --data DIR --split 1 --checkpoint stereospike.pth --on program

DIR holds, anywhere below, indoor_flying<split>_data.hdf5, indoor_flying<split>_gt.hdf5 and the rectification maps of
indoor_flying_calib.zip (https://daniilidis-group.github.io/mvsec). A window is 50 ms of events of both cameras, counted
by pixel and polarity; depth is closed over holes of fewer than 24 pixels and unknown where it is 0, as in the authors'
code. The error is the mean over known pixels of a map, then over maps.

Which maps: those that Tulyakov et al. test on (`--maps tulyakov`), all of the split's sequence (`--maps all`), or what
a file says, in which case windows are counted as the authors' code counts them: `--maps indices.py`, from
datasets/MVSEC/ of github.com/urancon/StereoSpike, whose list SPLIT<n>_TEST_INDICES is read.

Result: nobody has run it on MVSEC yet; the tests run it on a tiny file of the same format.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.converters.stereospike import StereoSpike, read_depth
from neurokit.encode import StereoFrames, mvsec
from neurokit.encode.stereo import MVSEC
from neurokit.errors import Fault, InputError, NeurokitError
from neurokit.profiling.depth import DepthError, depth_error

# Mean depth error in cm on splits 1, 2, 3: arXiv 2109.13751v2, table 1; there, those of other networks, too.
PUBLISHED = {
    "StereoSpike v2, two cameras": (18.5, 29.4, 25.4),
    "StereoSpike v2, one camera": (21.7, 30.8, 27.7),
    "Tulyakov et al. 2019 (DDES)": (16.7, 29.4, 27.8),
}
SAMPLES = 4  # windows that a Program is calibrated on


@dataclass(frozen=True)
class Choice:
    """Numbers of the maps that are tested, and from which map windows are counted (None: each ends with its map)."""

    maps: list[int]
    counted_from: int | None


def chosen(split: int, what: str, every: int) -> Choice:
    """The maps of `--maps`, each `every`-th of them."""
    tested = mvsec.tested_maps(split)
    if what == "tulyakov":
        return Choice(tested[::every], None)
    if what == "all":
        return Choice(list(range(*mvsec.TESTED[split]))[::every], None)
    first = mvsec.STEREOSPIKE_FIRST[split]
    numbers = [first + mvsec.STEREOSPIKE_CHUNKS + index for index in listed(Path(what), split)]
    return Choice(sorted(numbers)[::every], first)


def listed(path: Path, split: int) -> list[int]:
    """The numbers of the list SPLIT<split>_TEST_INDICES in a file of Python, which is read and not run."""
    name = f"SPLIT{split}_TEST_INDICES"
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        values = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        found = ast.literal_eval(values[name])
    except (OSError, SyntaxError, ValueError, KeyError) as error:
        mend = "Pass tulyakov, all, or datasets/MVSEC/indices.py of the authors' code."
        raise InputError(
            Fault(str(path), f"gives no {name} ({error!r})", "a list of numbers is needed", mend)
        ) from error
    if not isinstance(found, list) or not found or not all(type(number) is int and number >= 0 for number in found):
        raise InputError(Fault(str(path), f"has a {name} of other things", "numbers from 0 on", "Copy it again."))
    return found


class Predictor:
    """A checkpoint that predicts depth, as a Network in floats or a Program in integers."""

    def __init__(self, checkpoint: Path, shape: tuple[int, int], cameras: int, spec: StereoSpike | None) -> None:
        self.shape, self.cameras = shape, cameras
        self.network = nk.convert(str(checkpoint), kind="stereospike", shape=(2 * cameras, *shape), spec=spec)
        self.runs: Any = self.network

    def compile(self, samples: NDArray[Any], schedule: str) -> None:
        """Bring it to integers. samples: (n, 2 * cameras, rows, columns) counts."""
        self.runs = nk.compile(self.network, calibrate=samples.astype(np.float64), schedule=schedule)

    def inputs(self, frames: StereoFrames) -> NDArray[np.int32]:
        """(n, 2 * cameras, rows, columns) counts at the network's size; one camera is the left one."""
        small = frames if frames.depth.shape[1:] == self.shape else frames.reduced(self.shape)
        return small.counts[:, : 2 * self.cameras].astype(np.int32)

    def __call__(self, inputs: NDArray[np.int32]) -> NDArray[np.float64]:
        """(n, rows, columns) metres."""
        presented = inputs if self.runs is self.network else self.runs.presented(inputs)
        recording = nk.run(self.runs, presented, record=(("depth", "v"),))
        return np.asarray(read_depth(self.runs, recording)[:, 0])


def enlarged(depth: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """(n, *shape) by the nearest value: a smaller map is judged at the truth's pixels."""
    rows, columns = ((np.arange(n) * m // n) for n, m in zip(shape, depth.shape[1:], strict=True))
    return depth[:, rows][:, :, columns]


def evaluate(
    predictor: Predictor, files: mvsec.Files, choice: Choice, chunks: int = 1, integers: str | None = None
) -> DepthError:
    """The error over the chosen maps. chunks: windows of 50 ms that are added up. integers: schedule of a Program."""
    wanted = {number - back for number in choice.maps for back in range(chunks)}
    numbers = sorted(number for number in wanted if number >= (choice.counted_from or 0))
    of_maps, one_pixel, pixels = [], [], 0
    tested, at, before = set(choice.maps), 0, {}
    for frames in mvsec.windows(files, numbers, counted_from=choice.counted_from):
        counts = predictor.inputs(frames)
        block = numbers[at : at + len(frames)]
        before |= dict(zip(block, counts, strict=True))
        kept = [k for k, number in enumerate(block) if number in tested]
        at += len(frames)
        if not kept:
            continue
        summed = np.stack([sum(before[block[k] - back] for back in range(chunks)) for k in kept])
        before = {number: counts for number, counts in before.items() if number > block[-1] - chunks}
        if integers is not None and predictor.runs is predictor.network:
            predictor.compile(summed[:SAMPLES], integers)
        truth = frames.depth[kept]
        error = depth_error(enlarged(predictor(summed), truth.shape[1:]), truth, MVSEC.scaled(truth.shape[1:]))
        of_maps.append(error.of_maps)
        one_pixel.append((error.one_pixel or 0.0) * error.maps)
        pixels += error.pixels
        shown = np.concatenate(of_maps)
        print(f"{len(shown):,} of {len(tested):,} maps: {100 * shown.mean():.1f} cm", file=sys.stderr)
    errors = np.concatenate(of_maps)
    return DepthError(float(errors.mean()), len(errors), pixels, sum(one_pixel) / len(errors), errors)


def table(split: int, error: DepthError, name: str) -> str:
    """The error beside published ones."""
    lines = [f"{name}, split {split}: {error}"]
    lines += [f"  published: {what:<28} {values[split - 1]:5.1f} cm" for what, values in PUBLISHED.items()]
    return "\n".join([*lines, "  (StereoSpike: arXiv 2109.13751v2, table 1, the authors' test maps)"])


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Mean depth error of a StereoSpike checkpoint on MVSEC.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the HDF5 files and rectification maps")
    parser.add_argument("--checkpoint", type=Path, required=True, help=".pth, .pt, .safetensors or .npz")
    parser.add_argument("--split", type=int, choices=sorted(mvsec.TESTED), default=1)
    parser.add_argument("--on", choices=("network", "program"), default="network", help="floats, or integers")
    parser.add_argument("--schedule", choices=("pipeline", "hold"), default="pipeline")
    parser.add_argument("--maps", default="tulyakov", help="tulyakov, all, or a file with SPLIT<n>_TEST_INDICES")
    parser.add_argument("--every", type=int, default=1, help="take each n-th of these maps only")
    parser.add_argument("--shape", type=int, nargs=2, default=MVSEC.shape, help="rows and columns that it was made for")
    parser.add_argument("--cameras", type=int, choices=(1, 2), default=2)
    parser.add_argument("--chunks", type=int, choices=(1, 2), default=1, help="windows added up: 1 for v2, 2 for v3")
    parser.add_argument("--multiply", type=float, help="MultiplyBy's factor, where it is not the generation's own")
    parser.add_argument("--json", type=Path, help="write the errors of all maps there")
    return parser.parse_args()


def main() -> None:
    given = options()
    if given.every < 1:
        raise InputError(Fault("--every", f"is {given.every}", "a whole number of at least 1", "Leave it out."))
    choice = chosen(given.split, given.maps, given.every)
    files = mvsec.find(given.data, given.split)
    spec = None if given.multiply is None else StereoSpike(multiply=given.multiply)
    predictor = Predictor(given.checkpoint, tuple(given.shape), given.cameras, spec)
    integers = given.schedule if given.on == "program" else None
    error = evaluate(predictor, files, choice, given.chunks, integers)
    print(table(given.split, error, f"{given.checkpoint.name}, {given.on}"))
    if given.json is not None:
        content = {"split": given.split, "maps": choice.maps, "metres": error.of_maps.tolist(), "mean": error.mean}
        given.json.write_text(json.dumps(content | {"one_pixel": error.one_pixel}), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except NeurokitError as error:
        sys.exit(str(error))
