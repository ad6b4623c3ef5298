"""How far a map of depth is from the truth.

    mean depth error   mean of |predicted - true| over the pixels of a map whose depth is known, then over maps
    one-pixel accuracy share of those pixels whose disparity, focal length · baseline / depth, is off by at most 1 pixel

The first is the figure of the papers on MVSEC (Zhu et al. 2018; Tulyakov et al. 2019; StereoSpike, arXiv 2109.13751);
the second is of Tulyakov et al., who measure it on disparities, as here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.encode.stereo import Rig
from neurokit.errors import Fault, InputError

NEAREST = (
    1e-3  # metres: a nearer prediction, or one behind the camera, is taken to lie here when it becomes a disparity
)


@dataclass(frozen=True, eq=False)
class DepthError:
    """What `depth_error` finds. maps: how many. pixels: of known depth, in all of them.

    mean: metres, over the maps. of_maps: (maps,) metres, each map's own mean. one_pixel: share 0..1 of all pixels,
    the mean over maps as well; None without a rig.
    """

    mean: float
    maps: int
    pixels: int
    one_pixel: float | None = None
    of_maps: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False)

    def __str__(self) -> str:
        near = "" if self.one_pixel is None else f", {self.one_pixel:.1%} within one pixel of disparity"
        return f"mean depth error {100 * self.mean:.1f} cm ({self.maps:,} maps{near})"


def depth_error(predicted: ArrayLike, true: ArrayLike, rig: Rig | None = None) -> DepthError:
    """The error of predicted depth against the true one, (maps, rows, columns) in metres both; truth is NaN if unknown.

    rig: the cameras, for the one-pixel accuracy. Raises InputError when shapes differ, a prediction is not finite, or
    a map has no pixel of known depth.
    """
    found, wanted = np.asarray(predicted, np.float64), np.asarray(true, np.float64)
    known = np.isfinite(wanted) & (wanted > 0)
    if faults := _faults(found, wanted, known):
        raise InputError(faults)
    counts = known.sum(axis=(1, 2))
    errors = np.abs(np.where(known, found - wanted, 0.0)).sum(axis=(1, 2)) / counts
    near = None if rig is None else _one_pixel(found, wanted, known, rig)
    return DepthError(float(errors.mean()), len(errors), int(counts.sum()), near, errors)


def _one_pixel(found: NDArray[Any], wanted: NDArray[Any], known: NDArray[Any], rig: Rig) -> float:
    off = rig.disparity(np.maximum(found, NEAREST)) - rig.disparity(np.where(known, wanted, 1.0))
    return float((((np.abs(off) <= 1) & known).sum(axis=(1, 2)) / known.sum(axis=(1, 2))).mean())


def _faults(found: NDArray[Any], wanted: NDArray[Any], known: NDArray[Any]) -> list[Fault]:
    if found.shape != wanted.shape or found.ndim != 3 or not found.size:
        fact = f"has shape {found.shape}, the truth {wanted.shape}"
        mend = "Take away other axes, e.g. depth[:, 0]; resize one of them."
        return [Fault("predicted", fact, "both are (maps, rows, columns), not empty", mend)]
    odd = np.flatnonzero(~np.isfinite(found).all(axis=(1, 2)))
    blind = np.flatnonzero(~known.any(axis=(1, 2)))
    faults = []
    if len(odd):
        fact = f"holds NaN or infinity in {len(odd):,} maps, the first number {odd[0]}"
        faults.append(Fault("predicted", fact, "depth is predicted everywhere", "Check the network's readout."))
    if len(blind):
        fact = f"knows no depth in {len(blind):,} maps, the first number {blind[0]}"
        faults.append(Fault("true", fact, "a map's error is a mean over known pixels", "Leave such maps out."))
    return faults
