"""Sound as spikes: a filter bank like the ear's, the energy of each channel, and spikes as that energy adds up.

Gammatone filters (scipy.signal.gammatone, after Slaney 1993) with centres on the ERB scale of Glasberg and Moore 1990,
or triangular filters on the mel scale of O'Shaughnessy over short-time spectra.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.errors import Fault, InputError

FloatArray = NDArray[np.float64]
KINDS = ("gammatone", "mel")
FLOOR = 1e-12  # energies below are silence


@dataclass(frozen=True)
class FilterBank:
    """Channels of a sound and their spikes.

    rate: samples a second. dt: seconds of a step. channels: how many filters, the lowest first. low, high: Hz of the
    first and last centre, high at most half the rate; default 0.45 rate. range: decibels below the loudest step of a
    recording at which a channel is silent. gain: spikes a step of the loudest. Raises InputError.
    """

    rate: float
    dt: float
    channels: int = 32
    low: float = 100.0
    high: float | None = None
    kind: str = "gammatone"
    range: float = 60.0
    gain: float = 1.0

    def __post_init__(self) -> None:
        _check_numbers({name: getattr(self, name) for name in ("rate", "dt", "low", "high", "range", "gain")})
        top = self.top
        checks = {
            "rate": (self.rate > 0 and np.isfinite(self.rate), "a positive number of samples a second"),
            "dt": (self.dt > 0 and self.window >= 1, "a step of at least one sample"),
            "channels": (isinstance(self.channels, int | np.integer) and 1 <= self.channels <= 4096, "1 to 4096"),
            "low": (0 < self.low < top, f"above 0 and below high ({top:g} Hz)"),
            "high": (top <= self.rate / 2, f"at most half the rate ({self.rate / 2:g} Hz)"),
            "kind": (self.kind in KINDS, f"known: {', '.join(KINDS)}"),
            "range": (0 < self.range < np.inf, "a positive number of decibels"),
            "gain": (0 < self.gain <= 255, "above 0 and at most 255 spikes a step"),
        }
        faults = [
            Fault(name, f"is {getattr(self, name)!r}", limit, "Pass another.")
            for name, (ok, limit) in checks.items()
            if not ok
        ]
        if faults:
            raise InputError(faults)

    @property
    def top(self) -> float:
        """Hz of the last centre."""
        return 0.45 * self.rate if self.high is None else self.high

    @property
    def window(self) -> int:
        """Samples of a step."""
        return round(self.rate * self.dt)

    @cached_property
    def centres(self) -> FloatArray:
        """(channels,) Hz."""
        scale, back = (_erb, _from_erb) if self.kind == "gammatone" else (_mel, _from_mel)
        ends = scale(np.array([self.low, self.top]))
        return np.asarray(back(np.linspace(ends[0], ends[1], self.channels)), np.float64)

    def levels(self, wave: ArrayLike) -> FloatArray:
        """Loudness (steps, channels) in 0..1 of a mono wave (samples,): decibels over `range`, 1 the loudest step."""
        sound = _wave(wave, self.window)
        steps = -(-len(sound) // self.window)
        energy = self._gammatone(sound, steps) if self.kind == "gammatone" else self._mel(sound, steps)
        top = energy.max()
        if top <= FLOOR:
            return np.zeros((steps, self.channels))
        decibels = 10 * np.log10(np.maximum(energy, FLOOR) / top)
        return np.asarray(np.clip(1 + decibels / self.range, 0, 1))

    def encode(self, wave: ArrayLike) -> NDArray[np.uint8]:
        """Spikes (steps, channels): a channel fires each time gain * level has added up to one more."""
        total = np.floor(np.cumsum(self.gain * self.levels(wave), axis=0) + 0.5)
        return np.diff(total, axis=0, prepend=0).astype(np.uint8)

    def decode(self, spikes: ArrayLike) -> FloatArray:
        """What gain * levels added up to, (steps, channels), by the spikes so far; off by at most `error`.

        The wave itself does not come back: phases are lost.
        """
        return np.cumsum(np.asarray(spikes), axis=0, dtype=np.float64)

    @property
    def error(self) -> float:
        """Half a spike."""
        return 0.5

    def _gammatone(self, sound: FloatArray, steps: int) -> FloatArray:
        """Mean square of each channel in each step."""
        from scipy.signal import gammatone, lfilter

        energy = np.empty((steps, self.channels))
        for k, centre in enumerate(self.centres):
            filtered = lfilter(*gammatone(centre, "iir", fs=self.rate), sound)
            energy[:, k] = _means(filtered**2, self.window, steps)
        return energy

    def _mel(self, sound: FloatArray, steps: int) -> FloatArray:
        """Triangles over the power of Hann-windowed spectra, one a step, of two steps each."""
        length = 2 * self.window
        padded = np.pad(sound, (0, (steps + 1) * self.window - len(sound)))
        frames = np.lib.stride_tricks.sliding_window_view(padded, length)[:: self.window][:steps]
        power = np.abs(np.fft.rfft(frames * np.hanning(length + 1)[:-1], axis=1)) ** 2 / length
        frequency = np.fft.rfftfreq(length, 1 / self.rate)
        scale = _mel(self.centres)
        gap = (scale[-1] - scale[0]) / max(1, self.channels - 1) or scale[0]
        weight = np.maximum(0, 1 - np.abs(_mel(frequency)[:, None] - scale) / gap)
        weight[np.abs(frequency[:, None] - self.centres).argmin(axis=0), np.arange(self.channels)] += (
            1e-6  # none is empty
        )
        found: FloatArray = power @ weight
        return found


def _check_numbers(given: dict[str, Any]) -> None:
    """InputError for what is no finite number; high may be left out."""
    faults = [
        Fault(name, f"is {value!r}", "a finite number", "Pass another.")
        for name, value in given.items()
        if not (name == "high" and value is None)
        and (isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value))
    ]
    if faults:
        raise InputError(faults)


def _wave(wave: ArrayLike, window: int) -> FloatArray:
    array = np.asarray(wave)
    if array.ndim != 1 or len(array) < window or array.dtype.kind not in "iuf":
        fact = f"has shape {array.shape} and type {array.dtype}"
        limit = f"one channel of at least {window} samples is needed"
        raise InputError(Fault("wave", fact, limit, "Take one channel, or their mean."))
    if not np.isfinite(array).all():
        raise InputError(Fault("wave", "holds NaN or infinity", "sound is finite", "Repair the data."))
    return in_unit(array)


def in_unit(samples: NDArray[Any]) -> FloatArray:
    """Samples in -1..1: signed integers by their largest, unsigned ones around their middle, floats as they are."""
    sound = samples.astype(np.float64)
    if samples.dtype.kind == "u":
        middle = (int(np.iinfo(samples.dtype).max) + 1) / 2
        return np.asarray(sound / middle - 1)
    return sound / float(np.iinfo(samples.dtype).max) if samples.dtype.kind == "i" else sound


def _means(values: FloatArray, window: int, steps: int) -> FloatArray:
    padded = np.pad(values, (0, steps * window - len(values)))
    return np.asarray(padded.reshape(steps, window).mean(axis=1))


def _erb(hertz: FloatArray) -> FloatArray:
    """Equivalent rectangular bandwidths below a frequency (Glasberg and Moore 1990)."""
    return np.asarray(21.4 * np.log10(1 + 0.00437 * hertz))


def _from_erb(number: FloatArray) -> FloatArray:
    return np.asarray((10 ** (number / 21.4) - 1) / 0.00437)


def _mel(hertz: FloatArray) -> FloatArray:
    return np.asarray(2595 * np.log10(1 + hertz / 700))


def _from_mel(mel: FloatArray) -> FloatArray:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))
