"""StereoSpike, from two event cameras to depth: floats, integers, Lava, and a report with pictures.

    python examples/stereospike.py [--lava] [--schedule hold] [--out stereospike.html]

A small StereoSpike (the topology of arXiv 2109.13751v2, a quarter of its resolution, trained by
examples/stereospike_training on synthetic scenes) sees scenes that training held out. `nk.compile` brings it to Loihi's
integers, with delays on its skip connections (`--schedule pipeline`, a frame a step) or without (`hold`, each frame
stays until it has passed). The page shows events, depth and errors, firing rates, cores, energy and latency.

Result, 10 scenes of two windows (22 s of processor time the first time, of which 18 s compile kernels; 4 s after that):

    mean depth error    floats 56.4 cm, integers 56.5 cm, constant median 114.8 cm, cameras swapped 95.2 cm
    its first window    Lava 56.7 cm (--lava): 0 of 5,655 depths differ from the simulator's
    on Loihi 2          419 cores and 0.94 mJ a frame (0.58 to 1.27), by estimates; with `hold` 207 cores

All errors are of synthetic scenes and say nothing of recordings; examples/stereospike_mvsec.py evaluates on MVSEC.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.converters.stereospike import StereoSpike, read_depth
from neurokit.encode import StereoFrames, scenes
from neurokit.encode.stereo import MVSEC
from neurokit.errors import NeurokitError
from neurokit.profiling.depth import depth_error
from neurokit.profiling.depth_view import DepthView

HERE = Path(__file__).parent
TRAINED = HERE / "stereospike_training" / "weights.npz"
SHAPE = (65, 87)  # rows and columns, a quarter of MVSEC's
HELD_OUT, OTHERS = 3001, 1001  # seeds of scenes that training did not see, and of some that it did
WINDOWS = 2  # of a scene
SHOWN = 3


def depth_of(graph: Any, counts: NDArray[Any], backend: str = "simulator") -> tuple[NDArray[np.float64], Any]:
    """(n, rows, columns) metres of n windows (n, 4, rows, columns), and the recording."""
    inputs = graph.presented(counts) if isinstance(graph, nk.Program) else counts
    recording = nk.run(graph, inputs, record=(("depth", "v"),), backend=backend)
    return read_depth(graph, recording)[:, 0], recording


def on_lava(program: nk.Program, frames: StereoFrames, integers: NDArray[Any]) -> tuple[NDArray[np.float64], str]:
    """Depth of the first window in Lava, and how many of its values differ from the simulator's."""
    lava, _ = depth_of(program, frames.counts[:1].astype(np.int32), backend="lava")
    differ = int((lava != integers[:1]).sum())
    return lava, f"Lava 0.10 on the first window: {differ:,} of {lava.size:,} depths differ from the simulator's."


def main() -> None:
    parser = argparse.ArgumentParser(description="Depth from two event cameras, down to Loihi's integers.")
    parser.add_argument("--checkpoint", type=Path, default=TRAINED)
    parser.add_argument("--multiply", type=float, help="factor behind each convolution, if it is not in the weights")
    parser.add_argument("--scenes", type=int, default=10, help="held-out scenes, of two windows each")
    parser.add_argument("--schedule", choices=("pipeline", "hold"), default="pipeline")
    parser.add_argument("--lava", action="store_true", help="run a window in Lava, too; takes some minutes")
    parser.add_argument("--out", type=Path, default=Path("stereospike.html"))
    given = parser.parse_args()

    spec = StereoSpike(multiply=given.multiply)
    network = nk.convert(str(given.checkpoint), kind="stereospike", shape=(4, *SHAPE), spec=spec)
    frames = scenes.generate(seed=HELD_OUT, scenes=given.scenes, frames=WINDOWS, shape=SHAPE, fineness=1)
    seen = scenes.generate(seed=OTHERS, scenes=given.scenes, frames=WINDOWS, shape=SHAPE, fineness=1)
    counts, rig = frames.counts.astype(np.int32), MVSEC.scaled(SHAPE)

    relays = any(population.neuron.graded for population in network.populations.values())
    calibrate = seen.counts[:4].astype(np.float64) if relays else None  # spikes need no scale
    program = nk.compile(network, calibrate=calibrate, schedule=given.schedule)
    predicted = {"floats": depth_of(network, counts.astype(np.float64))[0]}
    predicted["integers"], recording = depth_of(program, counts)
    swapped = depth_of(program, np.roll(counts, 2, axis=1))[0]
    constant = np.full_like(frames.depth, np.median(seen.depth))

    errors = {stage: depth_error(depth, frames.depth, rig) for stage, depth in predicted.items()}
    notes = []
    if given.lava:
        lava, note = on_lava(program, frames, predicted["integers"])
        errors["Lava, first window"] = depth_error(lava, frames.depth[:1], rig)
        notes.append(note)
    controls = {"constant, the median of other scenes": depth_error(constant, frames.depth, rig)}
    controls["cameras swapped"] = depth_error(swapped, frames.depth, rig)

    chosen = np.linspace(0, len(frames) - 1, min(SHOWN, len(frames))).astype(np.int64)
    shown = {stage: depth[chosen] for stage, depth in predicted.items()}
    data = f"{given.scenes} synthetic scenes that training held out, two windows of 50 ms each"
    view = DepthView(
        frames.selected(chosen), shown, errors, data, True, controls, frames_a_sample=len(frames), notes=tuple(notes)
    )
    placement = nk.place(program)
    profile = nk.profile(recording, placement)
    page = nk.report(profile, None, placement, depth=view, title="StereoSpike on synthetic scenes", path=given.out)

    print(f"{data}:")
    for name, error in (errors | controls).items():
        print(f"  {name:<38} {error}")
    print(*notes, sep="\n", end="\n" if notes else "")
    print(f"{placement.cores:,} cores of Loihi 2, roughly; {profile.energy.total.times(1 / len(frames))} a frame")
    print(f"report: {page}")


if __name__ == "__main__":
    try:
        main()
    except NeurokitError as error:
        sys.exit(str(error))
