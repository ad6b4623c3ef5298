"""Neurons whose spikes carry numbers: sigma-delta coding and relays; each once in floats and once in integers.

In all equations x[t] is the summed synaptic input of the step, s the payload that is sent, and a payload of zero is
no event. Sigma-delta neurons send changes: a source sends the change of its activation when it is large enough, and
the target's sigma adds the weighted changes up to the weighted activation. Sources: lava-nc 0.10.0, proc/sdn;
O'Connor and Welling 2016 (arXiv:1611.02024).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from neurokit.graph.neurons import (
    MAX_POTENTIAL,
    FixedNeuron,
    FloatArray,
    IntArray,
    Neuron,
    Range,
    _one,
    _to_float_fields,
    _zero,
)

Activation: TypeAlias = Literal["relu", "unit"]
Rounding: TypeAlias = Literal["down", "nearest", "zero"]
Overflow: TypeAlias = Literal["saturate", "wrap"]

EXPONENT_RANGE = (0, 7)  # lava-nc 0.10.0, proc/sdn/models.py: spike_exp and state_exp have 3 bits
MULTIPLIER_RANGE = (-(2**15), 2**15 - 1)  # chosen here: no chip's relay is published to take it from
SHIFT_RANGE = (0, 31)  # so that product and rounding stay within 64 bits
_STATE = ((-MAX_POTENTIAL, MAX_POTENTIAL), "24 bits signed")


def _whole_zero() -> IntArray:
    return np.zeros((), np.int64)


@dataclass(frozen=True, eq=False)
class Sigma(Neuron):
    """Sigma decoder: sigma[t] = sigma[t-1] + x[t]; s = sigma. Turns changes back into values, as a readout does."""

    states: ClassVar[tuple[str, ...]] = ("sigma",)
    graded: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class Delta(Neuron):
    """Delta encoder: sends by how much its input has changed since it last sent.

        d[t] = x[t] - x[t-1] + residue;  s = d where |d| >= threshold, else 0;  residue = d - s
    cumulative: instead of |d|, |error| is compared, error += d in every step; it becomes zero with what is sent.
    threshold: in units of x.
    """

    threshold: FloatArray = field(default_factory=_zero)
    cumulative: bool = False

    states: ClassVar[tuple[str, ...]] = ("act", "residue", "error")
    graded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _to_float_fields(self)


@dataclass(frozen=True, eq=False)
class SigmaDelta(Neuron):
    """Sigma decoder, activation, delta encoder: a unit of a plain network that sends changes only.

        sigma += x;  act[t] = f(sigma + bias);  d = act[t] - act[t-1] + residue;  then as Delta
    activation: "relu" f(z) = max(z, 0), or "unit" f(z) = z. threshold, bias: in units of x.
    """

    threshold: FloatArray = field(default_factory=_zero)
    bias: FloatArray = field(default_factory=_zero)
    activation: Activation = "relu"
    cumulative: bool = False

    states: ClassVar[tuple[str, ...]] = ("sigma", "act", "residue", "error")
    graded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _to_float_fields(self)


@dataclass(frozen=True, eq=False)
class Relay(Neuron):
    """Passes its input on as a number: v[t] = f(gain x[t]); s = v. A linear (or rectified) unit between two maps.

    gain: payload per unit of input. activation: "unit" f(z) = z, or "relu" f(z) = max(z, 0).
    latched: v keeps its value, and goes on being sent, in steps without input (x = 0), until the next input.
    """

    gain: FloatArray = field(default_factory=_one)
    activation: Activation = "unit"
    latched: bool = False

    states: ClassVar[tuple[str, ...]] = ("v",)
    graded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _to_float_fields(self)


@dataclass(frozen=True, eq=False)
class FixedSigma(FixedNeuron):
    """Sigma in integers: sigma += a, in 32 bits that wrap; s = sigma.

    Source: lava-nc 0.10.0, PySigmaModelFixed.
    """

    states: ClassVar[tuple[str, ...]] = ("sigma",)
    graded: ClassVar[bool] = True

    def ranges(self) -> Iterator[Range]:
        """It has no parameters."""
        return iter(())


@dataclass(frozen=True, eq=False)
class _Encoder(FixedNeuron):
    """What FixedDelta and FixedSigmaDelta share; states are held times 2**(spike_exponent + state_exponent).

    threshold: in units of the state. spike_exponent: bits behind the point of a payload. state_exponent: bits that the
    state has beyond a payload. cumulative: see Delta.
    """

    threshold: IntArray = field(default_factory=_whole_zero)
    spike_exponent: int = 0
    state_exponent: int = 0
    cumulative: bool = False

    graded: ClassVar[bool] = True

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        yield Range("threshold", self.threshold, (0, MAX_POTENTIAL), "24 bits signed")
        yield Range("spike exponent", self.spike_exponent, EXPONENT_RANGE, "3 bits")
        yield Range("state exponent", self.state_exponent, EXPONENT_RANGE, "3 bits")


@dataclass(frozen=True, eq=False)
class FixedDelta(_Encoder):
    """Delta in integers of 32 bits that wrap.

        act' = a << (spike_exponent + state_exponent);  d = act' - act + residue;  act := act'
        q = d where |d| >= threshold, else 0;  residue = d - q;  s = q >> state_exponent (rounding down)
    cumulative: error += d; q = d where |error| >= threshold; error := 0 where q is not 0.
    The bits that the shift cuts off are lost, not fed back (lava-nc 0.10.0; corrected in its unreleased #875), so the
    decoded value drifts by up to 1 for each message that is sent.
    Source: lava-nc 0.10.0, PyDeltaModelFixed.
    """

    states: ClassVar[tuple[str, ...]] = ("act", "residue", "error")


@dataclass(frozen=True, eq=False)
class FixedSigmaDelta(_Encoder):
    """SigmaDelta in integers of 32 bits that wrap.

        sigma += a;  act' = f(sigma + activation_bias);  d = act' - act + residue; then as FixedDelta
    activation: "relu" or "unit", see SigmaDelta. activation_bias: in units of the state.
    The input is not shifted: weights are in units of 2**-state_exponent, so that payload times weight is a state.
    Source: lava-nc 0.10.0, PySigmaDeltaModelFixed.
    """

    activation_bias: IntArray = field(default_factory=_whole_zero)
    activation: Activation = "relu"

    states: ClassVar[tuple[str, ...]] = ("sigma", "act", "residue", "error")

    @property
    def bias(self) -> IntArray:
        """The activation's bias."""
        return self.activation_bias

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        yield from super().ranges()
        yield Range("bias", self.activation_bias, *_STATE)


@dataclass(frozen=True, eq=False)
class FixedRelay(FixedNeuron):
    """Relay in integers: rescales a sum of 32 bits to a payload of 24.

        y = round(a * multiplier / 2**shift);  y := max(y, 0) for "relu";  y := y in 24 bits signed;  v := y;  s = v
    multiplier: 16 bits signed. shift: 0 to 31. rounding: "down" (an arithmetic shift), "nearest" (halves up), "zero".
    overflow: "saturate" at -2**23 and 2**23 - 1, or "wrap" modulo 2**24. activation, latched: see Relay.
    With scales of a channel each it takes the place of a depthwise convolution's analogue output (StereoSpike v3).
    No stock process of Lava or Loihi rescales a payload, so the arithmetic is neurokit's own.
    """

    multiplier: IntArray = field(default_factory=lambda: np.ones((), np.int64))
    shift: IntArray = field(default_factory=_whole_zero)
    activation: Activation = "unit"
    rounding: Rounding = "down"
    overflow: Overflow = "saturate"
    latched: bool = False

    states: ClassVar[tuple[str, ...]] = ("v",)
    graded: ClassVar[bool] = True

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        yield Range("multiplier", self.multiplier, MULTIPLIER_RANGE, "16 bits signed")
        yield Range("shift", self.shift, SHIFT_RANGE, "5 bits")
