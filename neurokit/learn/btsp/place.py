"""Weight-dependent BTSP of one neuron on a track: the differential equation, and the form that the chip can express.

    dw/dt = k_pot (1 - w) q_pot(E I) - k_dep w q_dep(E I)                (Milstein et al. 2021, doi:10.7554/eLife.73046)

with w in units of its largest value, E the filtered rate of a place cell and I the filtered plateau, peaks 1. The chip
has `rules.btsp_saturating`: products of traces, some of which saturate, in place of q_pot and q_dep. `fitted` searches
its constants, on rates and without spikes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from neurokit import rules
from neurokit.errors import Fault, InputError
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LIF
from neurokit.graph.plasticity import Rule
from neurokit.graph.synapses import Dense
from neurokit.learn.btsp.track import Laps, Plateau, Track, laps
from neurokit.rules.btsp import DEPRESSION, K_DEPRESSION, K_POTENTIATION, POTENTIATION, Sigmoid

Floats = NDArray[np.float64]
SOURCE, TARGET, PLATEAU = "ca3", "ca1", "plateau"
LEARNS = f"{SOURCE}->{TARGET}"  # name of the projection
SILENT = 1e-4  # of I, below which next to nothing changes


@dataclass(frozen=True)
class Kinetics:
    """Time constants of E and I in seconds (.1 to 1.75 in the paper, the first the longer)."""

    tau_eligibility: float = 1.0
    tau_instructive: float = 0.4

    def __post_init__(self) -> None:
        faults = [
            Fault(name, f"is {value!r}", "a positive, finite number of seconds", "Pass another.")
            for name, value in vars(self).items()
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf
        ]
        if faults:
            raise InputError(faults)


@dataclass(frozen=True)
class Constants:
    """What `rules.btsp_saturating` has in place of the sigmoids: rates per second, and how much steeper the second
    traces are than E and I."""

    k_potentiation: float = K_POTENTIATION
    k_depression: float = K_DEPRESSION
    saturation: float = 4.0
    saturation_instructive: float = 4.0


FITTED = Constants(0.9957, 0.8990, 5.2122, 4.1147)  # what `fitted(Track(), Kinetics())` finds, rounded


@dataclass(frozen=True)
class Peaks:
    """Of the traces of relative rates and of a plateau of 1, both added up step by step."""

    eligibility: float
    instructive: float


def filtered(values: Floats, tau: float, dt: float, limit: float = math.inf) -> Floats:
    """z <- min(z exp(-dt / tau) + value, limit) along time, (steps, ...)."""
    keep, z, found = math.exp(-dt / tau), np.zeros(values.shape[1:]), np.empty(values.shape)
    for now, value in enumerate(values):
        z = np.minimum(keep * z + value, limit)
        found[now] = z
    return found


def peaks(track: Track, kinetics: Kinetics) -> Peaks:
    """After a lap, so that E is what it is at every lap."""
    seen = laps(track, 3, 1, [Plateau(0, 1, 0.0)])
    e = filtered(seen.rates[:, :1], kinetics.tau_eligibility, track.dt)
    return Peaks(float(e.max()), float(filtered(seen.plateaus, kinetics.tau_instructive, track.dt).max()))


def by_equation(
    seen: Laps,
    kinetics: Kinetics,
    start: Floats,
    potentiation: Sigmoid = POTENTIATION,
    depression: Sigmoid = DEPRESSION,
) -> Floats:
    """Weights (neurons, cells) after the laps by Euler's steps of the differential equation; `start` lies in 0 to 1."""
    track, most = seen.track, peaks(seen.track, kinetics)
    e = filtered(seen.rates, kinetics.tau_eligibility, track.dt) / most.eligibility
    i = filtered(seen.plateaus, kinetics.tau_instructive, track.dt) / most.instructive
    w = np.array(start, np.float64)
    for now in np.flatnonzero(i.max(1) > SILENT):
        z = i[now][:, None] * e[now]
        gain = K_POTENTIATION * _rescaled(potentiation, z)
        loss = K_DEPRESSION * _rescaled(depression, z)
        w += track.dt * (gain * (1 - w) - loss * w)
    return w


def _rescaled(sigmoid: Sigmoid, z: Floats) -> Floats:
    return np.asarray((1 / (1 + np.exp(-sigmoid.slope * (z - sigmoid.threshold))) - sigmoid.zero) / sigmoid.range)


def by_products(seen: Laps, kinetics: Kinetics, start: Floats, constants: Constants) -> Floats:
    """The same with `rules.btsp_saturating` on rates: what is lost by its form alone."""
    dt, most = seen.track.dt, peaks(seen.track, kinetics)
    rates, plateaus = seen.rates / most.eligibility, seen.plateaus / most.instructive
    e, e_steep = (filtered(k * rates, kinetics.tau_eligibility, dt, 1.0) for k in (1, constants.saturation))
    steeper = constants.saturation_instructive
    i, i_steep = (filtered(k * plateaus, kinetics.tau_instructive, dt, 1.0) for k in (1, steeper))
    w = np.array(start, np.float64)
    for now in np.flatnonzero(i.max(1) > SILENT):
        gain = constants.k_potentiation * i[now][:, None] * e[now]
        loss = constants.k_depression * i_steep[now][:, None] * e_steep[now]
        w = np.clip(w + dt * (gain * (1 - w) - loss * w), 0, 1)
    return w


@dataclass(frozen=True)
class Agreement:
    """Of weight changes with those of the equation. correlation: Pearson's. error: root of the mean squared one."""

    correlation: float
    error: float


def agreement(found: Floats, expected: Floats) -> Agreement:
    """Changes of any one shape."""
    r = float(np.corrcoef(found.ravel(), expected.ravel())[0, 1])
    return Agreement(r, float(np.sqrt(np.mean((found - expected) ** 2))))


def ladder(track: Track, starts: Floats, place: float | None = None, count: int = 3) -> tuple[Laps, Floats]:
    """Laps in whose second each neuron has a plateau at `place` (None: half of the track), and weights (neurons,
    cells): those of a neuron are all alike, one of `starts`."""
    here = track.length / 2 if place is None else place
    seen = laps(track, count, len(starts), [Plateau(k, 1, here) for k in range(len(starts))])
    return seen, np.repeat(np.asarray(starts, np.float64)[:, None], track.cells, 1)


def fitted(track: Track, kinetics: Kinetics, starts: int = 6, evaluations: int = 200) -> Constants:
    """Constants at which changes of `starts` weights from 0 to 1 are nearest to the equation's, without spikes.

    The simplex method of Nelder and Mead over logarithms of all four, from the defaults, which are Milstein's rates.
    """
    seen, start = ladder(track, np.linspace(0, 1, starts))
    expected = by_equation(seen, kinetics, start) - start

    def loss(logarithms: Floats) -> float:
        found = by_products(seen, kinetics, start, Constants(*np.exp(logarithms).tolist()))
        return agreement(found - start, expected).error

    begin = np.log(list(vars(Constants()).values()))
    found = minimize(loss, begin, method="Nelder-Mead", options={"maxfev": evaluations, "xatol": 1e-3, "fatol": 1e-5})
    return Constants(*np.exp(found.x).tolist())


def rule_of(track: Track, kinetics: Kinetics, constants: Constants) -> Rule:
    """`rules.btsp_saturating` for spikes of this track's cells; weights from 0 to 1."""
    most = peaks(track, kinetics)
    return rules.btsp_saturating(
        tau_eligibility=kinetics.tau_eligibility,
        tau_instructive=kinetics.tau_instructive,
        eligibility=1 / (most.eligibility * track.peak_rate * track.dt),
        instruction=1 / most.instructive,
        saturation=constants.saturation,
        saturation_instructive=constants.saturation_instructive,
        w_max=1.0,
        k_potentiation=constants.k_potentiation,
        k_depression=constants.k_depression,
    )


def network(track: Track, rule: Rule, weights: Floats, *, threshold: float = 1.5, tau: float = 0.02) -> Network:
    """Neurons of CA1 on place cells; each hears its own plateau at the input "plateau".

    weights: (neurons, cells) at the start. threshold, tau (seconds): of the neurons, which do not decide what is
    learned but show their field in spikes.
    """
    neuron = LIF(tau=np.asarray(tau), threshold=np.asarray(threshold))
    ca1 = {TARGET: Population(TARGET, (len(weights),), neuron)}
    path = Projection(SOURCE, TARGET, (Dense(np.asarray(weights, np.float64)),))
    plain = Network({SOURCE: Input(SOURCE, (track.cells,))}, ca1, (path,), ca1, dt=track.dt)
    return plain.with_plasticity(LEARNS, rule, modulation=PLATEAU)


def inputs_of(seen: Laps, seed: int) -> dict[str, NDArray[np.float64]]:
    """Spikes and plateaus as `network` takes them, (1, steps, n)."""
    return {SOURCE: seen.spikes(seed)[None].astype(np.float64), PLATEAU: seen.plateaus[None]}
