"""Two event cameras side by side: their geometry, and windows of their events with the depth that belongs to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError

CHANNELS = ("left ON", "left OFF", "right ON", "right OFF")
WINDOW = 0.05  # seconds of events to a map of depth, as StereoSpike has it (arXiv 2109.13751, section 4.1)


@dataclass(frozen=True)
class Rig:
    """A rectified pair of pinhole cameras; pixel (0, 0) has its centre at (0, 0).

    shape: (rows, columns). focal: (vertical, horizontal) focal length in pixels. centre: (row, column) of the
    principal point in pixels. baseline: metres from the left camera to the right one.
    """

    shape: tuple[int, int]
    focal: tuple[float, float]
    centre: tuple[float, float]
    baseline: float

    def __post_init__(self) -> None:
        sizes = (*self.shape, *self.focal, self.baseline)
        if not all(np.isfinite(size) and size > 0 for size in sizes) or not all(map(np.isfinite, self.centre)):
            fact = f"is {self.shape} pixels, focal length {self.focal}, centre {self.centre}, baseline {self.baseline}"
            raise InputError(Fault("rig", fact, "sizes are positive and finite", "Pass a camera's calibration."))

    def scaled(self, shape: tuple[int, int]) -> Rig:
        """The same cameras with `shape` = (rows, columns) pixels over the same field of view."""
        pixels = checked_shape(shape)
        ratios = [new / old for new, old in zip(pixels, self.shape, strict=True)]
        focal = (self.focal[0] * ratios[0], self.focal[1] * ratios[1])
        centre = tuple((at + 0.5) * ratio - 0.5 for at, ratio in zip(self.centre, ratios, strict=True))
        return Rig(pixels, focal, (centre[0], centre[1]), self.baseline)

    def rays(self) -> NDArray[np.float64]:
        """(3, rows × columns): x to the right, y down and z = 1 of the ray through each pixel, so that depth is z."""
        rows, columns = np.indices(self.shape).reshape(2, -1)
        across, down = (columns - self.centre[1]) / self.focal[1], (rows - self.centre[0]) / self.focal[0]
        return np.stack([across, down, np.ones(across.shape)])

    def disparity(self, depth: NDArray[Any]) -> NDArray[np.float64]:
        """Pixels by which a point at `depth` metres lies further left in the right image: focal · baseline / depth."""
        return np.asarray(self.focal[1] * self.baseline / np.asarray(depth, np.float64))


# The rectified cameras of MVSEC's indoor_flying: ESVO's calib/upenn/left.yaml and right.yaml (HKUST-Aerial-Robotics),
# which agree with the Kalibr chain that MVSEC gives. The baseline is 19.941771812941038 / 199.6530123165822 metres.
MVSEC = Rig((260, 346), (199.6530123165822,) * 2, (126.81215684365904, 177.43276376280926), 0.0998821482155648)


@dataclass(frozen=True, eq=False)
class StereoFrames:
    """Windows of events of two cameras, each with the depth that the left one sees at the window's end.

    counts: (n, 4, rows, columns) int16, events of a window and pixel: left ON, left OFF, right ON, right OFF.
    depth: (n, rows, columns) float32, metres along the left rectified camera's axis, NaN where unknown.
    times: (n,) float64, seconds, the windows' ends. scenes: (n,) int64, which scene or sequence a window is of.
    """

    counts: NDArray[np.int16]
    depth: NDArray[np.float32]
    times: NDArray[np.float64]
    scenes: NDArray[np.int64]

    def __post_init__(self) -> None:
        n = len(self.times)
        size = tuple(self.depth.shape[1:])
        wanted = {
            "counts": ((n, len(CHANNELS), *size), np.int16),
            "depth": ((n, *size), np.float32),
            "times": ((n,), np.float64),
            "scenes": ((n,), np.int64),
        }
        faults = [
            Fault(name, f"has shape {array.shape} and type {array.dtype}", f"{shape} of {np.dtype(kind)}", "Convert.")
            for name, (shape, kind) in wanted.items()
            if (array := getattr(self, name)).shape != shape or array.dtype != kind or len(size) != 2
        ]
        if faults:
            raise InputError(faults)

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        rows, columns = self.depth.shape[1:]
        return f"<StereoFrames: {len(self):,} of {rows}×{columns}, {len(np.unique(self.scenes)):,} scenes>"

    def selected(self, chosen: NDArray[Any]) -> StereoFrames:
        """The windows of a mask or of indices."""
        return StereoFrames(self.counts[chosen], self.depth[chosen], self.times[chosen], self.scenes[chosen])

    def reduced(self, shape: tuple[int, int]) -> StereoFrames:
        """Windows of `shape` = (rows, columns) pixels, no more than there are.

        A pixel has the events of all those that fall into it, and the depth of the one at its middle. InputError.
        """
        old, new = self.depth.shape[1:], checked_shape(shape)
        if new[0] > old[0] or new[1] > old[1]:
            fact, limit = f"is {new[0]}×{new[1]}", f"the windows have {old[0]}×{old[1]} pixels"
            raise InputError(Fault("shape", fact, limit, "Ask for fewer pixels."))
        first = [-(-np.arange(m) * n // m) for n, m in zip(old, new, strict=True)]  # pixel p goes to p * m // n
        summed = np.add.reduceat(np.add.reduceat(self.counts.astype(np.int64), first[0], axis=2), first[1], axis=3)
        middle = [((np.arange(m) + 0.5) * n / m).astype(np.int64) for n, m in zip(old, new, strict=True)]
        return StereoFrames(_held(summed), self.depth[:, middle[0]][:, :, middle[1]], self.times, self.scenes)


def counted(pixel: NDArray[Any], on: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.int16]:
    """(2, rows, columns): ON and OFF events of each pixel, at most what int16 holds.

    pixel: (n,) row * columns + column of each event. on: (n,) whether it is one of ON.
    """
    size = shape[0] * shape[1]
    return _held(np.bincount(pixel + np.where(on, 0, size), minlength=2 * size).reshape(2, *shape))


def _held(counts: NDArray[Any]) -> NDArray[np.int16]:
    return np.minimum(counts, np.iinfo(np.int16).max).astype(np.int16)


def checked_shape(shape: Any) -> tuple[int, int]:
    """(rows, columns), or InputError."""
    pair = tuple(shape) if isinstance(shape, tuple | list) else ()
    if len(pair) != 2 or not all(isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 1 for n in pair):
        mend = "Pass e.g. (65, 87), a quarter of MVSEC's."
        raise InputError(Fault("shape", f"is {shape!r}", "(rows, columns), whole numbers of at least 1", mend))
    return int(pair[0]), int(pair[1])
