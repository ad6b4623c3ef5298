"""The synthetic scenes that StereoSpike is trained on, tuned on and tested with; made once, then read from a folder.

    python -m examples.stereospike_training.data --folder FOLDER

Every part has a seed of its own in `neurokit.encode.scenes.generate`, so no two share a scene. A part is 50 scenes of
two windows of 50 ms each, at a quarter of MVSEC's resolution; making one takes about 4 s of processor time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from neurokit.encode import StereoFrames, scenes
from neurokit.files import written_aside

SHAPE = (65, 87)  # rows and columns: a quarter of MVSEC's
SCENES, WINDOWS = 50, 2  # of a part
FINENESS = 1  # rays a pixel: textures are smoothed anyway, only edges of boards are jagged
PARTS = {
    "training": range(1001, 1021),  # 2,000 windows
    "validation": range(2001, 2003),  # settings are chosen on these 200
    "test": range(3001, 3005),  # and the results are of these 400
}


def frames(which: str, folder: Path) -> StereoFrames:
    """All windows of "training", "validation" or "test"; parts that are not in `folder` are made and kept there."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [_part(seed, folder / f"{seed}.npz") for seed in PARTS[which]]
    scene = np.concatenate([part.scenes + number * SCENES for number, part in enumerate(parts)])
    counts, depth, times = (np.concatenate([getattr(p, name) for p in parts]) for name in ("counts", "depth", "times"))
    return StereoFrames(counts, depth, times, scene)


def _part(seed: int, file: Path) -> StereoFrames:
    if not file.exists():
        made = scenes.generate(seed=seed, scenes=SCENES, frames=WINDOWS, shape=SHAPE, fineness=FINENESS)
        with written_aside(file) as aside, aside.open("wb") as stream:
            np.savez_compressed(stream, counts=made.counts, depth=made.depth, times=made.times, scenes=made.scenes)
    with np.load(file, allow_pickle=False) as held:
        return StereoFrames(held["counts"], held["depth"], held["times"], held["scenes"])


def main() -> None:
    """Make what is missing and say what there is."""
    parser = argparse.ArgumentParser(description="Make the synthetic scenes.")
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    for which in PARTS:
        found = frames(which, options.folder)
        active = (found.counts > 0).mean()
        print(f"{which}: {found}, {active:.0%} of inputs with events, median depth {np.median(found.depth):.2f} m")


if __name__ == "__main__":
    main()
