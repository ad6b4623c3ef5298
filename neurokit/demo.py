"""The main job on a real trained network: convert, compile, run, verify, place, profile, report.

The network classifies scikit-learn's handwritten digits. It was trained by examples/01_train_digits.py, which states
the split and the encoding that are repeated here; its NIR file is part of the package.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurokit import api, ladder
from neurokit.graph.network import Network, Program
from neurokit.hardware.base import Progress
from neurokit.place.placement import Placement
from neurokit.place.placing import place
from neurokit.profiling.decisions import Decision
from neurokit.profiling.parity import Parity
from neurokit.profiling.profile import Profile, profile
from neurokit.profiling.report import report
from neurokit.records import Recording

STEPS = 32  # of 1 ms an image
RATE_DIVISOR = 32  # a pixel p of 0..16 spikes p / 32 times a step
DT = 1e-3
LAVA_IMAGES = 10
IMAGES_TAKEN_APART = 20  # of the loss, cause by cause
BITS = 8

Stage = Callable[[str], Progress | None]


@dataclass(frozen=True, eq=False)
class Demo:
    """What `run_demo` did. before, after: accuracy of the float network and of the Program."""

    network: Network
    program: Program
    recording: Recording
    parity: Parity
    placement: Placement
    profile: Profile
    page: Path
    before: float
    after: float
    seconds: float

    @property
    def differing(self) -> int:
        """Spikes and states that differ between the simulator and Lava."""
        return sum(rung.differing for rung in self.parity.rungs if rung.exact)

    def headlines(self) -> list[tuple[str, str]]:
        """The report's first figures, which it does not show by itself."""
        return [
            ("Accuracy as trained (float)", f"{100 * self.before:.1f} %"),
            (f"{self.recording.batch} images on the simulator", f"{self.recording.seconds:.2f} s"),
        ]

    def summary(self) -> list[tuple[str, str]]:
        """Ten lines for the terminal."""
        exact = [rung for rung in self.parity.rungs if rung.exact]
        compared = sum(layer.compared for rung in exact for layer in rung.layers)
        neurons = sum(p.size for p in self.program.populations.values())
        latency = max(self.program.latency.values())
        images = self.recording.batch or 1
        inference = self.profile.energy.total
        return [
            ("network", f"{self.network.source}: {neurons} neurons in {len(self.program.populations)} populations"),
            ("data", f"{images} held-out handwritten digits (scikit-learn), {STEPS} steps each"),
            ("accuracy before", f"{self.before:.2%} (float, as trained)"),
            ("accuracy after", f"{self.after:.2%} ({BITS}-bit Program on the simulator)"),
            ("same on Lava", f"{self.differing} of {compared:,} spikes and states differ ({LAVA_IMAGES} images)"),
            ("speed", f"{images} images in {self.recording.seconds:.2f} s, latency {latency} steps"),
            (
                "activity",
                f"{self.profile.spikes:,.0f} spikes, {self.profile.synaptic_operations:,.0f} operations an image",
            ),
            ("fits", f"{self.placement.cores} cores on {self.placement.chip.name}"),
            ("energy", f"{inference} an image (estimate, low–high)"),
            ("report", f"{self.page} ({self.seconds:.0f} s in all)"),
        ]


def digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Held-out images as spikes (images, 32, 1, 8, 8), and their labels; the rule is examples/01_train_digits.py's."""
    from sklearn.datasets import load_digits  # slow to import, and only the demo needs it

    images, labels = load_digits(return_X_y=True)
    generator = np.random.default_rng(0)
    orders = [generator.permutation(np.flatnonzero(labels == digit)) for digit in range(10)]
    test = np.sort(np.concatenate([order[len(order) - len(order) // 4 :] for order in orders]))
    pixels = images[test].astype(np.int64).reshape(-1, 1, 1, 8, 8)
    step = np.arange(STEPS).reshape(1, -1, 1, 1, 1)
    spikes = (step + 1) * pixels // RATE_DIVISOR > step * pixels // RATE_DIVISOR
    return spikes.astype(np.uint8), labels[test]


def run_demo(path: str | os.PathLike[str] = "report.html", stage: Stage = lambda name: None) -> Demo:
    """Do it all and write the report to `path`. stage: called with each stage's name, gives its progress callback."""
    started = time.monotonic()
    stage("Converting the trained network")
    with resources.as_file(resources.files("neurokit") / "data" / "digits.nir") as file:
        network = api.convert(file, dt=DT)
    program = api.compile(network, bits=BITS)
    spikes, labels = digits()
    steps = STEPS + max(program.latency.values())
    progress = stage("Compiling kernels, then running all images on the simulator")
    populations = tuple(program.populations)
    api.run(program, spikes[:1], steps)  # compiles the kernels, so that the time below is the simulator's own
    recording = api.run(program, spikes, steps, record=populations, progress=progress)
    progress = stage(f"Proving it on Lava with {LAVA_IMAGES} images")
    parity = ladder.verify(
        network,
        spikes,
        labels=labels,
        bits=BITS,
        attribute=IMAGES_TAKEN_APART,
        lava=LAVA_IMAGES,
        backend="lava",
        progress=progress,
    )
    stage("Placing, profiling and writing the report")
    placement = place(program, "loihi2")
    profiled = profile(recording, placement)
    before, after = (_accuracy(parity.decisions, name) for name in ("network", "program"))
    demo = Demo(network, program, recording, parity, placement, profiled, Path(path), before, after, 0.0)
    title = "neurokit demo: handwritten digits"
    report(profiled, parity, placement, title=title, summary=demo.headlines(), path=path)
    return replace(demo, seconds=time.monotonic() - started)


def _accuracy(decisions: tuple[Decision, ...], stage: str) -> float:
    (found,) = (decision.accuracy for decision in decisions if decision.stage == stage)
    assert found is not None, "labels were given"
    return found
