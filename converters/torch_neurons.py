"""Neuron modules of torch's frameworks as neurons of the graph; told apart by class name, so nothing is imported.

What each framework computes in a step, x its input, s the spikes, dt the step:

* snnTorch 1.0 `Leaky`: v[t] = beta v[t-1] + x[t] - threshold s[t-1], s[t] = v[t] > threshold ("subtract": the reset
  acts in the step after the spike, and behind the leak, like a soft reset by threshold / beta at once). "zero": v[t-1]
  is taken as 0 after a spike, a hard reset. "none": no reset. `Synaptic`: the same with x passed through
  i[t] = alpha i[t-1] + x[t]; its "zero" makes v[t] = 0 in the step after a spike whatever arrives, a hard reset that is
  held for one step. `RLeaky`, `RSynaptic`: x[t] has the recurrent layer's map of s[t-1] added; "zero" as in `Synaptic`.
  With reset_delay=False "zero" is a plain hard reset; "subtract" is a plain soft reset as long as v stays below twice
  the threshold, and takes back its reset where v does not: `reset="soft"` says that the plain one is meant.
* Norse 1.1 `LIF`: i := i + x; v := v + dt / tau_mem (v_leak - v + i); s = v > v_th; v := v_reset where s;
  i := i - dt / tau_syn i. So v sees the current of its own step before this decays: a CubaLIF. `LIFBox` has no current.
* SpikingJelly (`activation_based` and `clock_driven`): charge, fire at v >= v_threshold, reset. It starts at v_reset.
* sinabs: v := alpha v + (1 - alpha) x (or x), fire at v >= threshold, reset.

Time constants are chosen so that forward Euler with dt gives these factors a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

import numpy as np

from neurokit.graph.neurons import IF, LIF, CubaLIF, FloatArray, Integrator, LeakyIntegrator, Neuron
from neurokit.graph.synapses import Conv2d, Dense, Synapse

ENDLESS = 2.0**60  # steps: a time constant without any leak in double precision

Values: TypeAlias = Any  # a number or array


class Multi(Enum):
    """Whether a neuron module takes one step at a time, or a list of them: steps first, samples first, or merged."""

    NO = "one step"
    STEPS_FIRST = "(steps, samples, ...)"
    SAMPLES_FIRST = "(samples, steps, ...)"
    MERGED = "(samples * steps, ...)"


@dataclass(frozen=True, eq=False)
class Found:
    """A neuron module in the graph's terms.

    neuron: its model. before: a map in front of it. back: a map from its own spikes of the step before. gain: what a
    spike counts. dt: its own step in seconds, None where the framework has none.
    """

    neuron: Neuron
    before: Synapse | None = None
    back: Synapse | None = None
    gain: FloatArray = field(default_factory=lambda: np.ones(()))
    dt: float | None = None


Words: TypeAlias = tuple[str, str, str]  # fact, limit, mend


class Refusal(Exception):  # never leaves the converters: `find` turns it into Faults
    """What cannot be converted, one or more."""

    def __init__(self, *every: Words) -> None:
        self.every = every
        super().__init__(*(fact for fact, _, _ in every))


@dataclass(frozen=True)
class Context:
    """dt: seconds a step or None. reset: what the user said. zeros: a tensor of three, to try surrogates with."""

    dt: float | None
    reset: str | None = None
    zeros: Any = None

    def step(self) -> float:
        """dt, where a time constant needs it."""
        if self.dt is None:
            limit = "its leak is a factor a step, and the module states no step"
            raise Refusal(("has a time constant", limit, "Pass dt= in seconds, e.g. nk.convert(module, dt=1e-3, ...)."))
        return self.dt


@dataclass(frozen=True)
class Rule:
    """How the modules of one class are converted.

    convert: (module, context) -> Found, or Refusal. answer: module -> a function (forward, x, further arguments) that
    gives what a call returns, of the right shapes. multi: what shape of lists of steps the module takes. keeps:
    whether it keeps its states by itself where a call hands it none.
    """

    convert: Callable[[Any, Context], Found]
    answer: Callable[[Any], Callable[..., Any]]
    multi: Callable[[Any], Multi] = lambda module: Multi.NO
    keeps: bool = True


# ------------------------------------------------------------------------------------------------------ recurrences


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """u := keep_u u + gain_u x (u = x without keep_u); v := keep_v v + gain_v u + (1 - keep_v) v_leak."""

    keep_v: Values
    gain_v: Values
    threshold: Values
    keep_u: Values | None = None
    gain_u: Values = 1.0
    v_leak: Values = 0.0
    fires: str = ">"
    reset: str = "hard"
    v_reset: Values = 0.0
    subtracts: Values = 1.0
    held: bool = False  # one step after a spike in which v stays


def spiking(step: Step, context: Context) -> Neuron:
    """The neuron whose forward Euler step is this one."""
    keep_v = number(step.keep_v)
    common: dict[str, Any] = {
        "threshold": number(step.threshold),
        "v_reset": number(step.v_reset),
        "reset": step.reset,
        "fires": step.fires,
        "subtracts": number(step.subtracts),
        "refractory": number(context.step() if step.held else 0.0),
    }
    if step.keep_u is None and (keep_v == 1).all() and not number(step.v_leak).any():
        return IF(r=number(step.gain_v), **common)
    tau, share = _time(keep_v, context.step())
    leak: dict[str, Any] = {"r": number(step.gain_v) / share, "v_leak": number(step.v_leak)}
    if step.keep_u is None:
        return LIF(tau=tau, **leak, **common)
    tau_syn, share_u = _time(number(step.keep_u), context.step())
    return CubaLIF(tau_syn=tau_syn, tau_mem=tau, w_in=number(step.gain_u) / share_u, **leak, **common)


def readout(keep_v: Values, gain_v: Values, context: Context) -> Neuron:
    """The integrator with v := keep_v v + gain_v x."""
    keep_v = number(keep_v)
    if (keep_v == 1).all():
        return Integrator(r=number(gain_v))
    tau, share = _time(keep_v, context.step())
    return LeakyIntegrator(tau=tau, r=number(gain_v) / share)


def _time(keep: FloatArray, dt: float) -> tuple[FloatArray, FloatArray]:
    """Time constant whose forward Euler factor is `keep`, and the share 1 - keep; endless where keep is 1."""
    share = np.where(keep == 1, 1 / ENDLESS, 1 - keep)
    return dt / share, share


def number(value: Any) -> FloatArray:
    """A number, array or tensor in doubles; leading axes of one entry are dropped, and so are all of a single value."""
    detach = getattr(value, "detach", None)
    found = np.asarray(value if detach is None else detach().cpu().numpy(), np.float64)
    if found.size == 1:
        return found.reshape(())
    while found.ndim > 1 and found.shape[0] == 1:
        found = found[0]
    return found


def layer_map(layer: Any) -> Synapse:
    """A torch Linear or Conv2d (as snnTorch's recurrent layers are), or a one-to-one layer, as a synapse."""
    weight = getattr(layer, "weight", None)
    if weight is None:
        raise Refusal(
            (
                f"has a recurrent layer of class {type(layer).__name__}",
                "Linear, Conv2d and one-to-one ones are known",
                "Use one of these.",
            )
        )
    weight = np.asarray(weight.detach().cpu().numpy(), np.float64)
    bias = None if layer.bias is None else number(layer.bias).reshape(-1)
    if weight.ndim == 2:
        return Dense(weight, bias)
    return Conv2d(weight, layer.stride, layer.padding, layer.dilation, layer.groups, bias)


@dataclass(frozen=True, eq=False)
class OneToOne(Synapse):
    """A weight from each neuron to itself, a number or an array; a population's size makes it a Sparse."""

    weight: FloatArray


def checked(conditions: Sequence[tuple[bool, str, str, str]]) -> None:
    """Refuse by all conditions that hold: (holds, fact, limit, mend)."""
    found = [(fact, limit, mend) for holds, fact, limit, mend in conditions if holds]
    if found:
        raise Refusal(*found)


def fires_at(function: Callable[[Any], Any], zeros: Any, kind: str) -> str:
    """ ">" or ">=": what a surrogate's forward pass gives at -1, 0 and 1. zeros: a tensor of three zeros."""
    probe = zeros.clone()
    probe[0], probe[2] = -1.0, 1.0
    found = [float(value) for value in function(probe)]
    if found not in ([0.0, 0.0, 1.0], [0.0, 1.0, 1.0]):
        raise Refusal(
            (f"{kind} gives {found} at -1, 0 and 1 of the threshold", "a spike is 0 or 1", "Use a step function.")
        )
    return ">=" if found[1] else ">"
