"""Plasticity rules as data: what changes a synapse while a network runs, in physical units and without a chip in it.

A rule gives each synapse i -> j a weight w and, where it needs them, a tag and a second tag, and says what is added to
each in a step: a sum of terms, each a scale times factors, gated by one event. Time goes in steps of dt seconds. In a
step first the traces decay and take up this step's spikes, then all terms are evaluated with the weights and tags as
they were before it, then weights and tags change at once (the order of Loihi's learning engine, as lava-nc 0.10.0 has
it: Davies et al. 2018, doi:10.1109/MM.2018.112130359). A changed weight acts from the next step on.

    gate    the term is added
    pre     in a step in which the source neuron spikes (its spike as the synapse gets it)
    post    in a step in which the target neuron spikes
    step    in every step
    rate    in every step, times dt: the scale is per second

Rules are read from text (`graph.plasticity_text`: "0.01 * post * x1 - 0.012 * pre * y1") or made of these objects.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["pre", "post"]
Gate: TypeAlias = Literal["pre", "post", "step", "rate"]
SYNAPTIC = "w", "tag", "tag2"  # names of the synaptic variables in expressions


@dataclass(frozen=True)
class Trace:
    """An exponential memory z of one neuron's spikes: z <- min(z exp(-dt / tau) + impulse s, limit).

    side: whose spikes, the source's ("pre") or the target's ("post"). tau: seconds, inf: nothing decays.
    impulse: added by a spike (by a graded one too, whatever its payload). limit: at which it saturates.
    overwrites: a spike sets the trace to its payload times impulse instead: the value of graded neurons.
    """

    side: Side
    tau: float
    impulse: float = 1.0
    limit: float = math.inf
    overwrites: bool = False


@dataclass(frozen=True)
class Signal:
    """A value that the target neuron knows in each step and hands to its synapses, the third factor.

    function: name in `graph.signals.SIGNALS`, where its equation stands. parameters: by name, numbers of that function.
    limit: the value is clipped to +-limit, of traces what they remember.
    """

    function: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    limit: float = math.inf

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))


@dataclass(frozen=True)
class Value:
    """coefficient * variable + offset. variable: a trace, a signal, "pre", "post" (1 with a spike, else 0), a SYNAPTIC.

    coefficient is 1 or -1; with -1 and an offset it is a bound that is kept as one factor, as in (wmax - w).
    """

    variable: str
    coefficient: int = 1
    offset: float = 0.0


@dataclass(frozen=True)
class Before:
    """A trace as it was before this step's spikes (its decay to this step is done)."""

    trace: str


@dataclass(frozen=True)
class Apply:
    """A function of a sum of products z.

    function: sgn, step (1 where z > 0), rectified (max(0, z)), sigmoid (1 / (1 + exp(-z))), clip01, square or abs.
    inner: products, each (scale, factors), whose sum is z. A Loihi has only sgn, of one synaptic variable plus a
    constant.
    """

    function: str
    inner: tuple[tuple[float, tuple[Factor, ...]], ...]


Factor: TypeAlias = "Value | Before | Apply"


@dataclass(frozen=True)
class Term:
    """scale * (product of factors), added when `gate` says so."""

    scale: float
    gate: Gate
    factors: tuple[Factor, ...] = ()


@dataclass(frozen=True)
class HostStep:
    """What a processor outside the learning engine does to all weights of the projection every `every` seconds.

    operation: name in `graph.signals.HOST_OPERATIONS`. parameters: numbers of that operation by name. reads: what else
    it looks at, a projection or a trace by name, where the operation says so.
    """

    operation: str
    every: float
    parameters: Mapping[str, float] = field(default_factory=dict)
    reads: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))


@dataclass(frozen=True)
class Rule:
    """One plasticity rule.

    traces, signals: by the names that the terms use. weight, tag, second_tag: what is added to each per step.
    bounds: that the weight is clipped to after each step, in the network's unit of weight.
    tag_start, second_tag_start: of every synapse. interval: seconds between evaluations, the epoch: the terms are
    evaluated in every (interval / dt)th step only, with the traces as they then are; spike gates count if there was a
    spike since, and their terms see the traces as they were in the step of the last such spike; None: in every step.
    citation: where the rule comes from. notes: what a user should know. signal_steps: by how many steps the potential
    of a readout comes late at the port "modulation" where the rule's terms pair it with what they remember; None: it
    does not matter.
    """

    name: str
    citation: str
    traces: Mapping[str, Trace]
    weight: tuple[Term, ...]
    tag: tuple[Term, ...] = ()
    second_tag: tuple[Term, ...] = ()
    signals: Mapping[str, Signal] = field(default_factory=dict)
    bounds: tuple[float, float] = (-math.inf, math.inf)
    tag_start: float = 0.0
    second_tag_start: float = 0.0
    interval: float | None = None
    host: tuple[HostStep, ...] = ()
    notes: tuple[str, ...] = ()
    signal_steps: int | None = None

    def __post_init__(self) -> None:
        for name in ("traces", "signals"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        for name in ("weight", "tag", "second_tag", "host", "notes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if isinstance(self.bounds, list):
            object.__setattr__(self, "bounds", tuple(self.bounds))
