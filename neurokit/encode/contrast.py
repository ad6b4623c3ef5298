"""An event camera's pixels: events where the logarithm of intensity has moved by a threshold.

The rule is ESIM's (Rebecq, Gehrig and Scaramuzza 2018, An Open Event Camera Simulator, section 3.1): a pixel has a
reference; when the logarithm of its intensity has moved from there by the pixel's own threshold it sends an event with
the sign of the movement, and the reference moves by the threshold. Between two images the logarithm is taken to be a
straight line in time, so that events have times of their own. Thresholds differ from pixel to pixel, a pixel is mute
for a while after an event, the reference leaks (ON events in the dark) and there are events of no cause, after v2e (Hu,
Liu and Delbruck 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError

DARKEST = 1e-3  # added to intensity (0..1) before the logarithm, as ESIM does


@dataclass(frozen=True)
class Pixels:
    """What the pixels of an event camera do; the numbers are ours, of the size that ESIM and v2e have.

    threshold, spread: mean and standard deviation of the thresholds, natural logarithm of intensity. least: no
    threshold is below. refractory: seconds after an event in which a pixel sends none. leak: ON events a second and
    pixel where nothing moves. noise: events a second and pixel of no cause.
    """

    threshold: float = 0.2
    spread: float = 0.03
    least: float = 0.01
    refractory: float = 1e-3
    leak: float = 0.1
    noise: float = 0.3

    def __post_init__(self) -> None:
        rates = {"spread": self.spread, "refractory": self.refractory, "leak": self.leak, "noise": self.noise}
        faults = [
            Fault(name, f"is {value}", "a finite number of at least 0", "Pass 0 to leave it out.")
            for name, value in rates.items()
            if not 0 <= value < np.inf
        ]
        faults += [
            Fault(name, f"is {value}", "a finite number above 0", "Pass e.g. 0.2.")
            for name, value in {"threshold": self.threshold, "least": self.least}.items()
            if not 0 < value < np.inf
        ]
        if faults:
            raise InputError(faults)


@dataclass(frozen=True, eq=False)
class Fired:
    """Events of some pixels, in no order. pixel: (n,) int64. time: (n,) float64 seconds. on: (n,) bool, brighter."""

    pixel: NDArray[np.int64]
    time: NDArray[np.float64]
    on: NDArray[np.bool_]


class Camera:
    """Pixels with their state, given one image after the other. Two with the same seed and images do the same."""

    def __init__(self, pixels: Pixels, image: NDArray[Any], time: float, seed: np.random.Generator) -> None:
        """image: (n,) intensities 0..1 at `time` in seconds. seed: draws thresholds, references and noise."""
        self._pixels, self._seed, self._time = pixels, seed, time
        drawn = seed.normal(pixels.threshold, pixels.spread, (2, len(image)))
        self._thresholds = np.maximum(drawn, pixels.least)
        self._before = self._logarithm(image, time)
        # A camera that has been running has references anywhere within a threshold of what it sees.
        self._reference = self._before + seed.uniform(-1, 1, len(image)) * self._thresholds.min(axis=0)
        self._last = np.full(len(image), -np.inf)

    def _logarithm(self, image: NDArray[Any], time: float) -> NDArray[np.float64]:
        """What is compared with the reference; a leak of that is written as a rise of this, so that times are exact."""
        rise = self._pixels.leak * time * self._thresholds[1]
        return np.asarray(np.log(np.asarray(image, np.float64) + DARKEST) + rise)

    def see(self, image: NDArray[Any], time: float) -> Fired:
        """Events from the last image until this one: (n,) intensities 0..1 at `time` in seconds, later than before."""
        after, begin = self._logarithm(image, time), self._time
        moved = after - self._reference
        up = moved > 0
        threshold = np.where(up, self._thresholds[1], self._thresholds[0])
        times = np.floor(np.abs(moved) / threshold).astype(np.int64)
        step = np.where(up, threshold, -threshold)
        found: list[tuple[NDArray[Any], ...]] = [self._of_no_cause(begin, time)]
        crossed = np.flatnonzero(times)
        for nth in range(1, int(times.max(initial=0)) + 1):
            crossed = crossed[times[crossed] >= nth]
            level = self._reference[crossed] + nth * step[crossed]
            share = (level - self._before[crossed]) / (after[crossed] - self._before[crossed])
            at = begin + np.clip(share, 0, 1) * (time - begin)
            awake = at - self._last[crossed] >= self._pixels.refractory
            sent = crossed[awake]
            self._last[sent] = at[awake]
            found.append((sent, at[awake], up[sent]))
        self._reference = self._reference + times * step
        self._before, self._time = after, time
        pixel, when, on = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Fired(pixel, when, on)

    def _of_no_cause(self, begin: float, end: float) -> tuple[NDArray[Any], ...]:
        n = len(self._reference)
        many = int(self._seed.poisson(self._pixels.noise * n * (end - begin)))
        return self._seed.integers(0, n, many), self._seed.uniform(begin, end, many), self._seed.random(many) < 0.5
