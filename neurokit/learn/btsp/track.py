"""A circular track, its place cells, and laps over it with plateaus: what a neuron of CA1 sees in Milstein et al. 2021.

An animal runs at one speed. Place cells of CA3, evenly spaced, fire where it is: the rate is a Gaussian of the distance
to the cell's place. A plateau is an event of a fraction of a second in one neuron, at a lap and a place. The neuron's
field is the drive that its weights give at each place, V(x) = sum_i w_i r_i(x), peaks of r 1.

After Milstein et al. 2021, eLife 10:e73046, doi:10.7554/eLife.73046. The defaults (187 cm, 25 cm/s, fields of 90 cm at
40 Hz, plateaus of .3 s) are of the size of its experiments and models; its velocities that change within a lap, and its
grid of theta, are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError

Floats = NDArray[np.float64]
WIDTHS = 3 * math.sqrt(2)  # standard deviations of the Gaussian in the width of a field
MOST_STEPS = 10_000_000


@dataclass(frozen=True)
class Track:
    """A circular track and the place cells on it.

    length: cm. speed: cm/s. cells: place cells. width: of their fields, cm, 3 sqrt(2) standard deviations.
    peak_rate: spikes per second at a cell's place. plateau: seconds that a plateau lasts. dt: seconds a step.
    """

    length: float = 187.0
    speed: float = 25.0
    cells: int = 100
    width: float = 90.0
    peak_rate: float = 40.0
    plateau: float = 0.3
    dt: float = 0.01

    def __post_init__(self) -> None:
        if faults := list(_track_faults(self)):
            raise InputError(faults)

    @property
    def steps(self) -> int:
        """Of a lap, to the nearest whole one."""
        return round(self.length / self.speed / self.dt)

    @property
    def places(self) -> Floats:
        """(cells,) cm, where each cell fires most."""
        return np.arange(self.cells) * self.length / self.cells

    def distance(self, there: Any, here: Any) -> Floats:
        """From `here` to `there` the shorter way round, cm, -length / 2 to length / 2; running counts up."""
        half = self.length / 2
        return np.asarray((np.subtract(there, here) + half) % self.length - half, np.float64)

    def rates(self, position: Any) -> Floats:
        """(positions, cells) at positions in cm, relative to the peak."""
        deviation = self.width / WIDTHS
        far = self.distance(np.asarray(position)[:, None], self.places)
        return np.asarray(np.exp(-0.5 * (far / deviation) ** 2))

    def field(self, weights: Any, position: Any = None) -> Floats:
        """Drive (neurons, positions) of `weights` (neurons, cells); position: cm, None: the cells' places."""
        return np.asarray(np.atleast_2d(weights) @ self.rates(self.places if position is None else position).T)

    def centre(self, field: Any) -> Floats:
        """(neurons,) cm: the centre of mass on the circle of a field (neurons, cells), less its least drive."""
        above = np.atleast_2d(field) - np.min(field, axis=-1, keepdims=True)
        angle = np.angle((above * np.exp(2j * np.pi * self.places / self.length)).sum(-1))
        return np.asarray(angle / (2 * np.pi) * self.length % self.length)

    def decoded(self, spikes: Any, centres: Any, window: float) -> tuple[Floats, NDArray[np.int64]]:
        """The place that spikes (steps, neurons) tell: the mean of the fields' centres (cm), on the circle.

        Weighted by each neuron's spikes in `window` seconds. Gives cm and the middle step, for every window; nan where
        no neuron spiked. InputError for windows that the spikes do not fill.
        """
        wide = round(window / self.dt)
        if not 1 <= wide <= len(spikes):
            fact, limit = f"is {window:g} s, {wide} steps", f"there are {len(spikes)}"
            raise InputError(Fault("window", fact, limit, "Pass one from a step to the length of the spikes."))
        total = np.cumsum(np.concatenate([np.zeros((1, len(centres))), np.asarray(spikes, np.float64)]), axis=0)
        counts = total[wide:] - total[:-wide]
        vector = counts @ np.exp(2j * np.pi * np.asarray(centres) / self.length)
        told = np.angle(vector) / (2 * np.pi) * self.length % self.length
        return np.where(counts.any(1), told, np.nan), np.arange(len(told)) + wide // 2

    def weights_at(self, places: Any, peak: float) -> Floats:
        """Weights (neurons, cells) of neurons with a field already: `peak` times the rates at their places (cm)."""
        return peak * self.rates(np.atleast_1d(places))


def _track_faults(track: Track) -> Iterator[Fault]:
    for name, value in vars(track).items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            yield Fault(f"track.{name}", f"is {value!r}", "a positive, finite number", "Pass another.")
            return
    if not isinstance(track.cells, int):
        yield Fault("track.cells", f"is {track.cells!r}", "a whole number", "Pass another.")
    lap = track.length / track.speed
    if track.width > track.length:
        limit = f"the track is {track.length:g} cm round"
        yield Fault("track.width", f"is {track.width:g} cm", limit, "Use narrower fields.")
    if track.peak_rate * track.dt > 1:
        fact = f"is {track.peak_rate:g} spikes per second, {track.peak_rate * track.dt:g} a step"
        yield Fault("track.peak_rate", fact, "a step holds one spike", "Lower it, or dt.")
    if round(track.plateau / track.dt) < 1:
        fact = f"is {track.plateau:g} s, which rounds to 0 steps of {track.dt:g} s"
        yield Fault("track.plateau", fact, "a plateau takes a step or more", "Make it longer, or lower dt.")
    elif track.plateau > lap:
        yield Fault("track.plateau", f"is {track.plateau:g} s", f"a lap takes {lap:g} s", "Make it shorter.")


@dataclass(frozen=True)
class Plateau:
    """An event of one neuron. neuron: its number. lap: in which it comes, from 0. place: cm, where it begins."""

    neuron: int
    lap: int
    place: float


@dataclass(frozen=True, eq=False)
class Laps:
    """Some laps: position (steps,) cm, rates (steps, cells) relative to the peak, plateaus (steps, neurons) 0 or 1."""

    track: Track
    position: Floats
    rates: Floats
    plateaus: Floats

    def spikes(self, seed: int) -> NDArray[np.uint8]:
        """(steps, cells): Poisson spikes, at most one a step."""
        chance = self.track.peak_rate * self.track.dt * self.rates
        return (np.random.default_rng(seed).random(chance.shape) < chance).astype(np.uint8)


def laps(track: Track, count: int, neurons: int, plateaus: Sequence[Plateau]) -> Laps:
    """`count` laps of an animal, and the plateaus that come in them.

    InputError for laps that leave out a phase: the one before a plateau, in which the eligibility of the place cells
    comes to what it is at every lap, the plateau's own, and the one behind it, in which the plateau's trace meets the
    place cells that come next.
    """
    if faults := list(_lap_faults(track, count, neurons, plateaus)):
        raise InputError(faults)
    position = np.arange(count * track.steps) * (track.length / track.steps) % track.length
    found = np.zeros((len(position), neurons))
    for event in plateaus:
        first = event.lap * track.steps + round(event.place / track.length * track.steps)
        found[first : first + round(track.plateau / track.dt), event.neuron] = 1
    return Laps(track, position, track.rates(position), found)


def _lap_faults(track: Track, count: Any, neurons: Any, plateaus: Sequence[Plateau]) -> Iterator[Fault]:
    for name, value in (("count", count), ("neurons", neurons)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            yield Fault(name, f"is {value!r}", "a whole number from 1", "Pass another.")
            return
    if count * track.steps > MOST_STEPS:
        yield Fault("count", f"makes {count * track.steps:,} steps", f"at most {MOST_STEPS:,}", "Run fewer laps.")
    if not plateaus:
        limit = "nothing is learned without a plateau"
        yield Fault("laps", "have no phase of induction", limit, "Pass a Plateau.")
    for event in plateaus:
        name = f"plateau of neuron {event.neuron}"
        if not 0 <= event.neuron < neurons:
            yield Fault(name, "is of no neuron", f"there are {neurons}, from 0", "Pass another.")
        if not 0 <= event.place < track.length:
            fact = f"comes at {event.place:g} cm"
            yield Fault(name, fact, f"places lie from 0 to below {track.length:g} cm", "Pass another.")
        if not 1 <= event.lap < count - 1:
            phase = "before" if event.lap < 1 else "after"
            limit = "eligibility and the plateau's trace reach seconds beyond the plateau, into the laps beside its own"
            mend = f"Let it come in laps 1 to {count - 2}." if count > 2 else "Run three laps or more."
            yield Fault(name, f"comes in lap {event.lap} of {count}: the phase {phase} it is missing", limit, mend)
