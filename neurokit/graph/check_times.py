"""Times of float neurons against the step of their Network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurokit.errors import Fault
from neurokit.graph.lif_family import ALIF, QIF
from neurokit.graph.network import Population
from neurokit.graph.neurons import FixedNeuron, FloatArray

TIME_CONSTANTS = ("tau", "tau_syn", "tau_mem", "tau_adaptation", "tau_threshold", "tau_refractory")
TINY = 1e-6  # what float arithmetic may add or take


def time_faults(population: Population, dt: float | None) -> Iterator[Fault]:
    """Time constants and periods of `population` that make no sense with a step of `dt` seconds."""
    if isinstance(population.neuron, FixedNeuron):
        return
    name = population.name
    for field in TIME_CONSTANTS:
        tau = getattr(population.neuron, field, None)
        if tau is None:
            continue
        if not (tau > 0).all():
            yield Fault(name, f"{field} is not positive", "time constants are positive", "Repair the source.")
        elif dt is None:
            yield _no_step(name, field)
        elif (tau < dt * (1 - TINY)).any() and not isinstance(population.neuron, ALIF):  # whose decays are exact
            yield Fault(
                name,
                f"{field} {float(tau.min()):g} s is shorter than the step {dt:g} s",
                "forward Euler needs tau >= dt",
                "Pass a smaller dt=.",
            )
        elif isinstance(population.neuron, QIF):
            yield from _overshoot(name, population.neuron, dt)
    yield from _refractory(population, dt)


def _no_step(name: str, field: str) -> Fault:
    return Fault(
        name,
        f"{field} is a time, but the step is unknown",
        "the source states no dt",
        "Pass dt= in seconds, e.g. nk.convert(path, dt=1e-3).",
    )


def _overshoot(name: str, neuron: QIF, dt: float) -> Iterator[Fault]:
    """Forward Euler takes v < 0 to v (1 - dt/tau (1 - v)), which must not lie on the other side of rest."""
    if (dt / neuron.tau * (1 - neuron.v_reset) > 1 + TINY).any():
        yield Fault(
            name,
            f"v_reset is {float(neuron.v_reset.min()):g}, from where a step of {dt:g} s would pass rest",
            "forward Euler needs tau >= (1 - v_reset) dt",
            "Pass a smaller dt=, or a v_reset nearer to 0.",
        )


def _refractory(population: Population, dt: float | None) -> Iterator[Fault]:
    """A refractory period is a whole number of steps."""
    refractory = getattr(population.neuron, "refractory", None)
    if refractory is None or not refractory.any():
        return
    if (refractory < 0).any():
        yield Fault(population.name, "refractory is negative", "a period is at least 0", "Repair the source.")
    elif dt is None:
        yield _no_step(population.name, "refractory")
    elif not _on_grid(refractory, dt):
        yield Fault(
            population.name,
            f"refractory {float(refractory.max()):g} s is off the grid of {dt:g} s",
            "refractory periods are whole steps",
            "Choose a dt that divides them.",
        )


def _on_grid(times: FloatArray, dt: float) -> bool:
    """Whether all are whole multiples of the step; False also of a step so short that they cannot be counted."""
    with np.errstate(over="ignore", invalid="ignore"):
        steps = times / dt
        return bool((np.abs(steps - np.rint(steps)) <= 1e-3).all())
