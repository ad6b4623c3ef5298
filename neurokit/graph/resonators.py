"""Neurons that oscillate: a complex potential z = real + i imag that turns by a fixed angle a step.

Their synaptic input is complex, too: a projection with port "" feeds its real part, one with port "imag" the
imaginary part. Sources: Izhikevich 2001 (doi:10.1016/S0893-6080(01)00078-8); lava-nc 0.10.0, proc/rf and proc/rf_iz.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from neurokit.graph.neurons import (
    MAX_DECAY,
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

FiresAt: TypeAlias = Literal["phase", "top"]

IMAGINARY = "imag"
STATE_EXPONENT_RANGE = (0, 7)  # lava-nc 0.10.0, proc/rf/models.py: state_exp has 3 bits
DECAY_BITS_RANGE = (0, 12)  # there, sin_decay and cos_decay have 12 bits


@dataclass(frozen=True, eq=False, kw_only=True)
class ResonateAndFire(Neuron):
    """Damped oscillator that fires: z[t] = (1 - decay) exp(2 pi i / period) z[t-1] + x[t].

    fires_at: "phase": s where imag passes from below 0 to 0 or above while real >= threshold; nothing is reset.
    "top" (Izhikevich's): s where imag >= threshold; then real := 0 and imag := threshold - 1e-5, from which it falls.
    period: steps of a turn. decay: share that is lost in a step. threshold: in units of x.
    """

    period: FloatArray
    decay: FloatArray = field(default_factory=_zero)
    threshold: FloatArray = field(default_factory=_one)
    fires_at: FiresAt = "phase"

    states: ClassVar[tuple[str, ...]] = ("real", "imag")
    ports: ClassVar[tuple[str, ...]] = ("", IMAGINARY)

    def __post_init__(self) -> None:
        _to_float_fields(self)

    @property
    def turn(self) -> tuple[FloatArray, FloatArray]:
        """(sine, cosine) of the angle of a step, each times 1 - decay."""
        angle = np.pi * 2 * 1 / self.period  # in the order in which Lava multiplies
        return np.asarray((1 - self.decay) * np.sin(angle)), np.asarray((1 - self.decay) * np.cos(angle))


@dataclass(frozen=True, eq=False, kw_only=True)
class FixedResonateAndFire(FixedNeuron):
    """ResonateAndFire in integers; >> is the shift of a magnitude (towards zero).

        real' := clip((cosine real >> decay_bits) - (sine imag >> decay_bits) + (a << state_exponent))
        imag' := clip((sine real >> decay_bits) + (cosine imag >> decay_bits) + (a of port "imag" << state_exponent))
        "phase": s := real' >= threshold and imag' >= 0 and imag < 0
        "top":   s := imag' >= threshold; then real' := 0, imag' := threshold - 1
    clip: to +-(2**23 - 1). sine, cosine: in units of 2**-decay_bits. threshold: in units of the state.
    Source: lava-nc 0.10.0, PyRFModelFixed and PyRF_IZModelFixed.
    """

    sine: IntArray
    cosine: IntArray
    threshold: IntArray
    state_exponent: int = 6
    decay_bits: int = 12
    fires_at: FiresAt = "phase"

    states: ClassVar[tuple[str, ...]] = ("real", "imag")
    ports: ClassVar[tuple[str, ...]] = ("", IMAGINARY)

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        unit = 1 << max(0, self.decay_bits)
        yield Range("sine", self.sine, (-unit, unit), "a turn that grows is not held")
        yield Range("cosine", self.cosine, (-unit, unit), "a turn that grows is not held")
        yield Range("threshold", self.threshold, (0, MAX_POTENTIAL), "24 bits signed")
        yield Range("state exponent", self.state_exponent, STATE_EXPONENT_RANGE, "3 bits")
        yield Range("decay bits", self.decay_bits, DECAY_BITS_RANGE, "12 bits")


@dataclass(frozen=True, eq=False, kw_only=True)
class FixedAdaptiveResonateAndFire(FixedResonateAndFire):
    """FixedResonateAndFire with an adaptive threshold and a relative refractory state: SLAYER's ADRF and ADRF_IZ.

        real', imag' as there, never reset
        theta := threshold + D(theta - threshold, threshold_decay);  r := D(r, refractory_decay)
        "phase": s := real' >= theta + r and imag' >= 0 and imag < 0;  "top": s := imag' >= theta + r
        where s: r := r + 2 theta, theta := theta + threshold_step             both clipped to +-(2**23 - 1)

    D(x, d) = sign(x) (|x| (4096 - d) >> 12). theta starts at `threshold`. threshold_step: in units of the state.
    Source: lava-dl 0.6.0, slayer/neuron/dynamics/adaptive_phase_th.py and adaptive_resonator.py, which clip nothing.
    """

    threshold_decay: IntArray
    refractory_decay: IntArray
    threshold_step: IntArray

    states: ClassVar[tuple[str, ...]] = ("real", "imag", "theta", "r")

    @property
    def initial(self) -> Mapping[str, IntArray]:
        """theta starts at the threshold."""
        return {"theta": self.threshold}

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        yield from super().ranges()
        yield Range("threshold_decay", self.threshold_decay, (0, MAX_DECAY), "12-bit decay; 4096 is full decay")
        yield Range("refractory_decay", self.refractory_decay, (0, MAX_DECAY), "12-bit decay; 4096 is full decay")
        yield Range("threshold_step", self.threshold_step, (0, MAX_POTENTIAL), "24 bits signed")
