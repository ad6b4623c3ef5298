"""Spoken digits: recordings of the Free Spoken Digit Dataset (FSDD), through the sound encoders of neurokit.encode."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurokit.encode.pictures import read_wave
from neurokit.encode.signals import Delta
from neurokit.encode.sound import FilterBank
from neurokit.errors import Fault, FormatError
from neurokit.learn.eprop.losses import Classification
from neurokit.learn.tasks.trials import Trials, checked_fields, checked_size, whole, within


@dataclass(frozen=True)
class SpokenDigits:
    """Recordings DIGIT_SPEAKER_INDEX.wav in `folder`; trials are drawn from those whose index is in `indices`.

    code: "levels", a spike each time a channel's loudness has added up to 1, or "delta", spikes of its changes by
    `threshold`, up and down (twice as many inputs). channels: gammatone filters, 100 Hz to 0.45 of the sampling rate.
    dt: seconds of a step. steps: of a trial; longer recordings are cut, shorter ones followed by silence. window: last
    steps that are decided in.

    The published split tests with indices 0 to 4, trains with the others. FormatError where there are no recordings.
    """

    folder: str
    indices: tuple[int, ...] = (0, 1, 2, 3)
    code: Literal["levels", "delta"] = "levels"
    channels: int = 40
    dt: float = 0.005
    steps: int = 140
    window: int = 40
    threshold: float = 0.1

    def __post_init__(self) -> None:
        checked_fields(
            {
                "indices": (
                    self.indices,
                    bool(self.indices) and all(whole(k, 0) for k in self.indices),
                    "whole numbers, one or more of them",
                ),
                "code": (self.code, self.code in ("levels", "delta"), "known: levels, delta"),
                "channels": (self.channels, whole(self.channels, 1), "at least 1"),
                "dt": (self.dt, within(self.dt, 1e-3, 1), "1 ms to 1 s"),
                "steps": (self.steps, whole(self.steps, 1), "at least 1"),
                "window": (self.window, whole(self.window, 1) and self.window <= self.steps, "1 to steps"),
                "threshold": (self.threshold, within(self.threshold, 1e-6, 1), "1e-6 to 1, the loudest being 1"),
            }
        )

    @property
    def inputs(self) -> int:
        """Input neurons."""
        return self.channels * (2 if self.code == "delta" else 1)

    def trials(self, random: np.random.Generator, size: int) -> Trials:
        """Recordings drawn without putting back, as far as there are enough."""
        x, labels = self._encoded
        chosen = random.choice(len(x), checked_size(size), replace=size > len(x))
        return Trials(x[chosen], Classification(labels[chosen], self.window))

    def all_trials(self) -> Trials:
        """Every recording once, by file name."""
        x, labels = self._encoded
        return Trials(x, Classification(labels, self.window))

    @cached_property
    def _encoded(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        files = recordings(self.folder, self.indices)
        x = np.zeros((len(files), self.steps, self.inputs), np.uint8)
        for k, file in enumerate(files):
            spikes = self._spikes(file)[: self.steps]
            x[k, : len(spikes)] = spikes
        return x, np.array([int(file.name.split("_")[0]) for file in files])

    def _spikes(self, file: Path) -> NDArray[np.uint8]:
        rate, wave = read_wave(file)
        bank = FilterBank(float(rate), self.dt, self.channels)
        if self.code == "levels":
            return bank.encode(wave)
        changes = Delta(self.threshold).encode(bank.levels(wave))
        return np.asarray(changes.reshape(len(changes), -1), np.uint8)


def recordings(folder: str | os.PathLike[str], indices: Sequence[int]) -> list[Path]:
    """Files DIGIT_SPEAKER_INDEX.wav of `folder` with such an index, by name."""
    names = [(file, file.stem.split("_")) for file in sorted(Path(folder).glob("*.wav"))]
    found = [
        file
        for file, parts in names
        if len(parts) == 3 and parts[0].isdecimal() and int(parts[0]) < 10 and parts[2].isdecimal()
        if int(parts[2]) in indices
    ]
    if not found:
        fact = f"holds no recordings of indices {', '.join(map(str, indices))}"
        limit = "files are named DIGIT_SPEAKER_INDEX.wav, e.g. 7_jackson_0.wav"
        mend = "Pass the folder `recordings` of the Free Spoken Digit Dataset."
        raise FormatError(Fault(str(folder), fact, limit, mend))
    return found
