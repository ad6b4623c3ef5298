"""How frames follow one another through the chip, where branches of unequal depth meet.

"pipeline": a frame a step. Short branches wait, by delays, for the longer ones (`align`), so everything that meets
belongs to one frame. It is exact for any network.
"hold": a frame stays at the input until it has passed the longest way, one step more than the deepest population lies
behind the input; no projection waits. In the last of these steps everything depends on that frame alone, if neurons
forget all that went before: a population is right once all its sources are. It takes that many times the work, but no
delays, which Lava's convolutions do not have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal, TypeAlias, get_args

import numpy as np

from neurokit.errors import CompileError, Fault
from neurokit.graph.graded_neurons import Delta, Relay, Sigma, SigmaDelta
from neurokit.graph.network import Network, Population, Projection
from neurokit.graph.neurons import (
    IF,
    LIF,
    CubaLeakyIntegrator,
    CubaLIF,
    Integrator,
    LeakyIntegrator,
    Neuron,
)
from neurokit.graph.resonators import ResonateAndFire
from neurokit.graph.synapses import Injection
from neurokit.lower.align import align
from neurokit.lower.discretise import recurrence

Schedule: TypeAlias = Literal["pipeline", "hold"]

_TOLD_BY_A_STEP = IF | LIF | CubaLIF | Integrator | LeakyIntegrator | CubaLeakyIntegrator


def forgets(neuron: Neuron, dt: float | None, window: int | None = None) -> bool:
    """Whether a step's input alone decides what a neuron does in it. window: steps between two resets of all of it."""
    if isinstance(neuron, Relay):
        return not neuron.latched
    refractory = getattr(neuron, "refractory", None)
    if refractory is not None and refractory.any():
        return False
    if window == 1 and not isinstance(neuron, Sigma | Delta | SigmaDelta):
        return True
    if not isinstance(neuron, _TOLD_BY_A_STEP):
        return False
    return recurrence(neuron, dt).forgets


def check_schedule(network: Network, schedule: str, window: int | None) -> None:
    """CompileError for a schedule that is none, and with all by which holding a frame would change the result."""
    if schedule not in get_args(Schedule):
        choices = " or ".join(repr(choice) for choice in get_args(Schedule))
        raise CompileError(Fault("schedule", f"is {schedule!r}", f"it is {choices}", "Choose one of them."))
    if schedule == "hold" and (faults := list(_hold_faults(network, window))):
        raise CompileError(faults)


def _hold_faults(network: Network, window: int | None) -> Iterator[Fault]:
    held = "a frame that is held arrives in many steps"
    if network.is_integer:
        mend = "Present each frame for as many steps as you need, with delays of one step."
        yield Fault("schedule", "is 'hold' for a source that holds integers", "its delays stay as they are", mend)
        return
    for population in network.populations.values():
        if not forgets(population.neuron, network.dt, window):
            yield _remembers(population, held, window)
    for projection in network.projections:
        if projection.delay.any():
            fact, mend = "has a delay, by which it brings an earlier frame", "Leave schedule= out."
            yield Fault(projection.name, fact, "steps of a held frame are all the same", mend)
        if projection.plasticity is not None:
            mend = "Leave schedule= out, or take the rule off: with_plasticity(name, None)."
            yield Fault(projection.name, "learns", f"{held}, and each would change its weights", mend)


def _remembers(population: Population, held: str, window: int | None) -> Fault:
    kind = type(population.neuron).__name__
    fact = f"is {kind} and remembers what came in the steps before"
    resets = not isinstance(population.neuron, Sigma | Delta | SigmaDelta | Relay | ResonateAndFire)
    mend = "Pass window=1 if the source resets it before each frame, or leave schedule= out."
    if window == 1 or not resets:
        mend = "Leave schedule= out: delays then balance the branches."
    return Fault(population.name, fact, f"{held}, and it would add them up", mend)


def scheduled(network: Network, latency: Mapping[str, int], schedule: str) -> tuple[Projection, ...]:
    """The projections with their delays in the chip's steps."""
    if schedule == "pipeline":
        return align(network, latency)
    return tuple(
        replace(p, delay=np.asarray(0 if isinstance(p.synapses[0], Injection) else 1)) for p in network.projections
    )


def steps_per_frame(latency: Mapping[str, int], schedule: str) -> int:
    """Steps for which each frame stays at the input."""
    return 1 + max(latency.values(), default=0) if schedule == "hold" else 1
