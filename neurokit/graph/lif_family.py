"""Relatives of the LIF neuron: refractory, ternary, adaptive and quadratic ones, in integers and in floats.

Integers (a Program): LoihiRefractoryLIF, LoihiShiftedLIF, LoihiTernaryLIF, LoihiALIF, LoihiATRLIF, LoihiQIF. Floats
(a Network): TernaryLIF, ALIF, ATRLIF, QIF, Theta; the refractory period of IF, LIF and CubaLIF is a field of theirs.
Conventions are those of `neurons`.

In the integer equations D(x, d) = sign(x) (|x| (4096 - d) >> 12) is the decay, every shift rounds towards zero, u wraps
once at 24 bits, all other states are clipped to +-(2**23 - 1), and a is the summed synaptic input. They use what a
Loihi 2 neuron program is known to have (24-bit states, multiplication by 12 or 24 bits with a shift, comparison,
selection; Orchard et al. 2021, doi:10.1109/SiPS52927.2021.00053), but no such program is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from neurokit.graph.neurons import (
    BIAS_EXPONENT_RANGE,
    BIAS_MANTISSA_RANGE,
    MAX_DECAY,
    MAX_POTENTIAL,
    MAX_THRESHOLD_MANTISSA,
    Fires,
    FixedNeuron,
    FloatArray,
    IntArray,
    LoihiLIF,
    Neuron,
    Range,
    WhileRefractory,
    _one,
    _to_float_fields,
    _zero,
    shifted_bias,
)

MAX_REFRACTORY = 4095  # 12 bits, as decays have
SHIFT_LIMITS = ((-7, 7), "4 bits")  # chosen here, as a bias exponent has with its sign
ADAPTATION_UNIT = 1 << 12  # what a spike adds to LoihiALIF's adaptation: 12 bits after the point, so that it can decay
MAX_FRACTION = 20  # bits after the point of LoihiQIF, so that its v holds +-8
DECAY_LIMITS = ((0, MAX_DECAY), "12-bit decay; 4096 is full decay")
THRESHOLD_LIMITS = ((0, MAX_THRESHOLD_MANTISSA << 6), "17-bit mantissa << 6")
STATE_LIMITS = ((-MAX_POTENTIAL, MAX_POTENTIAL), "24 bits signed")
REFRACTORY_LIMITS = ((0, MAX_REFRACTORY), "a count of 12 bits")


def _none() -> IntArray:
    return np.zeros((), np.int64)


@dataclass(frozen=True, eq=False)
class _Biased(FixedNeuron):
    """Fields that the integer neurons here share.

    bias_mantissa, bias_exponent: bias = bias_mantissa << bias_exponent (>> rounding down for a negative exponent), in
    units of v per step.
    """

    bias_mantissa: IntArray = field(default_factory=_none, kw_only=True)
    bias_exponent: IntArray = field(default_factory=_none, kw_only=True)

    @property
    def bias(self) -> IntArray:
        """Bias per step in units of v."""
        return shifted_bias(self.bias_mantissa, self.bias_exponent)

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        yield Range("bias mantissa", self.bias_mantissa, BIAS_MANTISSA_RANGE, "13 bits signed")
        yield Range("bias exponent", self.bias_exponent, BIAS_EXPONENT_RANGE, "3 bits")


@dataclass(frozen=True, eq=False)
class LoihiRefractoryLIF(LoihiLIF):
    """LoihiLIF with a refractory period.

    refractory: steps after a spike's step in which no other spike comes, 0 to 4095. State `refractory`: those left.
    while_refractory: "holds": v does not move meanwhile, as in Lava's LIFRefractory (float only; lava-nc 0.10.0,
    PyLifRefractoryModelFloat); "silent": v goes on without spikes, as in e-prop. u goes on either way.
    """

    states: ClassVar[tuple[str, ...]] = ("u", "v", "refractory")
    refractory: IntArray = field(default_factory=_none, kw_only=True)
    while_refractory: WhileRefractory = field(default="holds", kw_only=True)

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        yield from super().ranges()
        yield Range("refractory", self.refractory, *REFRACTORY_LIMITS)


@dataclass(frozen=True, eq=False)
class LoihiShiftedLIF(LoihiLIF):
    """LoihiLIF whose potential takes what current and bias bring divided by a power of 2.

        v := D(v, voltage_decay) + ((u + bias) >> shift)              (<< for a negative shift), clipped

    shift: -7 to 7, as SLAYER's batch norm WgtScaleBatchNorm stands between current and potential.
    Source: lava-dl 0.6.0, slayer/neuron/cuba.py and norm.py.
    """

    shift: IntArray = field(default_factory=_none, kw_only=True)

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        yield from super().ranges()
        yield Range("shift", self.shift, *SHIFT_LIMITS)


@dataclass(frozen=True, eq=False)
class LoihiTernaryLIF(_Biased):
    """LIF that sends +1 above an upper and -1 below a lower threshold, as payloads.

        u := D(u, current_decay) + (a << 6);  v := D(v, voltage_decay) + u + bias
        s := (v > upper_threshold) - (v < lower_threshold);  v := 0 where s != 0

    upper_threshold, lower_threshold: in units of v, lower <= upper; multiples of 64 where Lava's TernaryLIF is to hold
    them. Source: lava-nc 0.10.0, PyTernLifModelFixed.
    """

    current_decay: IntArray
    voltage_decay: IntArray
    upper_threshold: IntArray
    lower_threshold: IntArray

    @property
    def graded(self) -> bool:
        """A sign is a payload."""
        return True

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        yield Range("current_decay", self.current_decay, *DECAY_LIMITS)
        yield Range("voltage_decay", self.voltage_decay, *DECAY_LIMITS)
        limits = ((-MAX_THRESHOLD_MANTISSA << 6, MAX_THRESHOLD_MANTISSA << 6), "17-bit mantissa and sign << 6")
        yield Range("upper_threshold", self.upper_threshold, *limits)
        yield Range("lower_threshold", self.lower_threshold, *limits)
        above = np.asarray(self.upper_threshold - self.lower_threshold)
        yield Range("upper minus lower threshold", above, (0, 2 * limits[0][1]), "the lower one is not above")
        yield from super().ranges()


@dataclass(frozen=True, eq=False)
class LoihiALIF(_Biased):
    """The adaptive LIF of e-prop: soft reset by the base threshold one step after the spike, adaptive threshold.

        u := D(u, current_decay) + (a << 6)
        adaptation := D(adaptation, adaptation_decay) + 4096 z
        v := D(v, voltage_decay) + u + bias - reset_value z
        z := v > threshold + (beta_mantissa adaptation >> beta_shift), and refractory = 0
        refractory := the field `refractory` where z, else one less

    z on the right is the spike of the step before, kept as state `spike`. v goes on during the refractory period.
    current_decay: 4096 where the model has no synaptic current (e-prop's). reset_value: the base threshold, as a rule.
    beta_mantissa (13 bits signed), beta_shift (0 to 24): beta = beta_mantissa 2**(12 - beta_shift) units of v a spike.
    refractory: steps after a spike's step without another. The reference code's n_refractory (TensorFlow, EligALIF)
    counts the spike's own step, so it is this plus 1.
    Source of the equations: Bellec et al. 2020, doi:10.1038/s41467-020-17236-y; the arithmetic is ours.
    """

    states: ClassVar[tuple[str, ...]] = ("u", "adaptation", "v", "refractory", "spike")
    current_decay: IntArray
    voltage_decay: IntArray
    adaptation_decay: IntArray
    threshold: IntArray
    reset_value: IntArray
    beta_mantissa: IntArray
    beta_shift: IntArray
    refractory: IntArray = field(default_factory=_none)

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        for name in ("current_decay", "voltage_decay", "adaptation_decay"):
            yield Range(name, getattr(self, name), *DECAY_LIMITS)
        yield Range("threshold", self.threshold, *THRESHOLD_LIMITS)
        yield Range("reset value", self.reset_value, *STATE_LIMITS)
        yield Range("beta_mantissa", self.beta_mantissa, BIAS_MANTISSA_RANGE, "13 bits signed")
        yield Range("beta_shift", self.beta_shift, (0, 24), "a shift of 24 bits")
        yield Range("refractory", self.refractory, *REFRACTORY_LIMITS)
        yield from super().ranges()


@dataclass(frozen=True, eq=False)
class LoihiATRLIF(_Biased):
    """LIF with an adaptive threshold and a relative refractory state: Lava's ATRLIF, SLAYER's ALIF. v is never reset.

        i := D(i, current_decay) + (a << 6);  v := D(v, voltage_decay) + i + bias
        theta := threshold + D(theta - threshold, threshold_decay);  r := D(r, refractory_decay)
        s := v - r >= theta;  where s: r := r + 2 theta, theta := theta + threshold_step

    theta starts at `threshold`; theta and r have 32 bits and wrap. threshold, threshold_step: in units of v; multiples
    of 64, and like the decays one for all neurons, where Lava's ATRLIF is to hold them.
    Source: lava-nc 0.10.0, PyATRLIFModelFixed, whose delta_i is (current_decay - 1) / 4096 and others decay / 4096.
    """

    states: ClassVar[tuple[str, ...]] = ("i", "v", "theta", "r")
    current_decay: IntArray
    voltage_decay: IntArray
    threshold_decay: IntArray
    refractory_decay: IntArray
    threshold: IntArray
    threshold_step: IntArray

    @property
    def initial(self) -> Mapping[str, IntArray]:
        """theta starts at the threshold."""
        return {"theta": self.threshold}

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        for name in ("current_decay", "voltage_decay", "threshold_decay", "refractory_decay"):
            yield Range(name, getattr(self, name), *DECAY_LIMITS)
        yield Range("threshold", self.threshold, *THRESHOLD_LIMITS)
        yield Range("threshold_step", self.threshold_step, *THRESHOLD_LIMITS)
        yield from super().ranges()


@dataclass(frozen=True, eq=False)
class LoihiQIF(_Biased):
    """Quadratic integrate and fire, tau v' = v (v - 1) + I, with v in fixed point: 1.0 is 2**fraction.

        u := D(u, current_decay) + (a << 6)
        drift := v (v - 2**fraction) >> fraction                      clipped
        v := v + ((drift + u + bias) rate >> 12)                      clipped
        s := v > threshold;  v := reset_value where s

    rate: dt / tau in 1/4096. fraction: 0 to 20. threshold, reset_value: in units of v. The square is a product of 24 by
    24 bits. Source of the equation: Klos & Memmesheimer (chklos/spikegd); the arithmetic is ours.
    """

    current_decay: IntArray
    rate: IntArray
    fraction: IntArray
    threshold: IntArray
    reset_value: IntArray

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        yield Range("current_decay", self.current_decay, *DECAY_LIMITS)
        yield Range("rate", self.rate, (0, MAX_DECAY), "12 bits")
        yield Range("fraction", self.fraction, (0, MAX_FRACTION), "v has 24 bits")
        yield Range("threshold", self.threshold, (0, MAX_POTENTIAL), "24 bits signed")
        yield Range("reset value", self.reset_value, *STATE_LIMITS)
        yield from super().ranges()


# --------------------------------------------------------------------------------------------------------------- floats


@dataclass(frozen=True, eq=False, kw_only=True)
class TernaryLIF(Neuron):
    """CubaLIF with two thresholds: sends +1 above the upper, -1 below the lower one, and resets to 0.

    tau_syn du/dt = -u + w_in x;  tau_mem dv/dt = -v + r u (forward Euler);  s = (v > upper) - (v < lower).
    Source: lava-nc 0.10.0, PyTernLifModelFloat, whose du is dt / tau_syn and dv dt / tau_mem.
    """

    tau_syn: FloatArray
    tau_mem: FloatArray
    upper_threshold: FloatArray = field(default_factory=_one)
    lower_threshold: FloatArray = field(default_factory=lambda: np.full((), -1.0))
    w_in: FloatArray = field(default_factory=_one)
    r: FloatArray = field(default_factory=_one)

    def __post_init__(self) -> None:
        _to_float_fields(self)

    @property
    def graded(self) -> bool:
        """A sign is a payload."""
        return True


@dataclass(frozen=True, eq=False, kw_only=True)
class ALIF(Neuron):
    """The adaptive LIF of e-prop (Bellec et al. 2020, doi:10.1038/s41467-020-17236-y), its own discrete equations:

        u[t] = r x[t]
        adaptation[t] = rho adaptation[t-1] + z[t-1],  rho = exp(-dt / tau_adaptation)
        v[t] = alpha v[t-1] + u[t] - threshold z[t-1],  alpha = exp(-dt / tau)
        z[t] = v[t] > threshold + beta adaptation[t] (or >=), and not refractory

    tau, tau_adaptation: seconds. beta: potential per unit of adaptation; 0 gives e-prop's LIF.
    r: zeta, 1 - alpha in e-prop's pattern generation and 1 in its evidence accumulation.
    refractory: time after a spike's step in which no other comes (seconds, whole steps); v goes on meanwhile.
    z[t-1] is the state `spike`; v is recorded as it is compared, before the reset of the next step.
    """

    states: ClassVar[tuple[str, ...]] = ("u", "adaptation", "v", "refractory", "spike")
    tau: FloatArray
    tau_adaptation: FloatArray
    beta: FloatArray
    threshold: FloatArray = field(default_factory=_one)
    r: FloatArray = field(default_factory=_one)
    refractory: FloatArray = field(default_factory=_zero)
    fires: Fires = ">"

    def __post_init__(self) -> None:
        _to_float_fields(self)


@dataclass(frozen=True, eq=False, kw_only=True)
class ATRLIF(Neuron):
    """LIF with an adaptive threshold and a relative refractory state: Lava's ATRLIF, SLAYER's ALIF. v is never reset.

        i := (1 - dt/tau_syn) i + w_in dt/tau_syn x;  v := (1 - dt/tau_mem) v + resistance dt/tau_mem i
        theta := threshold + (1 - dt/tau_threshold) (theta - threshold);  r := (1 - dt/tau_refractory) r
        s := v - r >= theta;  where s: r := r + 2 theta, theta := theta + threshold_step

    Times in seconds; w_in and resistance scale the input. Source: lava-nc 0.10.0, PyATRLIFModelFloat (delta = dt/tau).
    """

    states: ClassVar[tuple[str, ...]] = ("i", "v", "theta", "r")
    tau_syn: FloatArray
    tau_mem: FloatArray
    tau_threshold: FloatArray
    tau_refractory: FloatArray
    threshold: FloatArray = field(default_factory=_one)
    threshold_step: FloatArray = field(default_factory=_zero)
    w_in: FloatArray = field(default_factory=_one)
    resistance: FloatArray = field(default_factory=_one)

    def __post_init__(self) -> None:
        _to_float_fields(self)


@dataclass(frozen=True, eq=False, kw_only=True)
class QIF(Neuron):
    """Quadratic integrate and fire: tau dv/dt = v (v - 1) + u, u = r x; v := v_reset where v > threshold.

    Forward Euler. v rests at 0 without input and rises without bound from above 1; threshold and v_reset stand for the
    model's +-infinity. Source: Klos & Memmesheimer (chklos/spikegd).
    """

    tau: FloatArray
    r: FloatArray = field(default_factory=_one)
    threshold: FloatArray = field(default_factory=lambda: np.full((), 10.0))
    v_reset: FloatArray = field(default_factory=lambda: np.full((), -10.0))

    def __post_init__(self) -> None:
        _to_float_fields(self)


@dataclass(frozen=True, eq=False, kw_only=True)
class Theta(Neuron):
    """The QIF neuron as a phase, without its infinities: v - 1/2 = tan(theta / 2).

    tau dtheta/dt = (1 - cos theta) + (1 + cos theta) (u - 1/4), u = r x, by forward Euler; a spike where theta passes
    pi, and theta goes on from theta - 2 pi. It starts at the rest of v = 0, theta = -2 atan(1/2).
    Source: Ermentrout & Kopell 1986, doi:10.1137/0146017.
    """

    states: ClassVar[tuple[str, ...]] = ("u", "theta")
    tau: FloatArray
    r: FloatArray = field(default_factory=_one)

    def __post_init__(self) -> None:
        _to_float_fields(self)
