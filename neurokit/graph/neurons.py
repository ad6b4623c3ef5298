"""Neuron models as frozen records of their parameters.

Every parameter is an array that broadcasts to the population's shape (a scalar is an array of shape ()). In all
equations x[t] is the summed synaptic input of the step, dt the step in seconds, u the synaptic current, v the
membrane potential, s the spike. Spikes are events of unit size, so IF and Integrator, which have no time constant,
add `r` per event whatever dt is; the others follow their equation by the forward Euler method. Sources of the
equations: NIR 1.0.8 (Pedersen et al. 2024, doi:10.1038/s41467-024-52259-9), Davies et al. 2018
(doi:10.1109/MM.2018.112130359) for LoihiLIF.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, GraphError

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]

# Loihi's ranges: lava-nc 0.10.0, PyLifModelBitAcc docstring.
MAX_DECAY = 4096
MAX_THRESHOLD_MANTISSA = 2**17 - 1
BIAS_MANTISSA_RANGE = (-4096, 4095)
BIAS_EXPONENT_RANGE = (-7, 7)
MAX_POTENTIAL = 2**23 - 1  # u and v have 24 bits

Reset: TypeAlias = Literal["hard", "soft"]
Fires: TypeAlias = Literal[">", ">="]
WhileRefractory: TypeAlias = Literal["holds", "silent"]


def _floats(value: Any) -> FloatArray:
    return np.asarray(value, dtype=np.float64)


def _zero() -> FloatArray:
    return np.zeros(())


def _one() -> FloatArray:
    return np.ones(())


class Neuron:
    """Abstract base of all neuron models; see the subclasses.

    states: names of the state variables that a run may record, in the order in which a step computes them.
    ports: names of the inputs that a projection may feed, "" the first and usual one (docs/adr/0008).
    """

    states: ClassVar[tuple[str, ...]] = ("u", "v")
    ports: ClassVar[tuple[str, ...]] = ("",)

    @property
    def spiking(self) -> bool:
        """Whether the model emits spikes (an integrator readout does not)."""
        return True

    @property
    def graded(self) -> bool:
        """Whether its spikes carry payloads: any number instead of 0 or 1."""
        return False


class Range(NamedTuple):
    """What the chip holds of one parameter: `values` must lie within `limits` (inclusive), because of `why`."""

    field: str
    values: Any
    limits: tuple[int, int]
    why: str


@dataclass(frozen=True, eq=False)
class FixedNeuron(Neuron):
    """Abstract base of the neurons of a Program: the chip's integers, one step at a time.

    All states are zero (or what `initial` says) at the start of a run, and again before steps reset_offset,
    reset_offset + reset_interval, ...; reset_interval 0: only before step `reset_offset` (offset 0: never).
    held: before step reset_offset the states stay so and nothing is sent (not on the chip: no stock process does it).
    Array fields are integers and broadcast to the population's shape.
    """

    reset_interval: int = field(default=0, kw_only=True)
    reset_offset: int = field(default=0, kw_only=True)
    held: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        for name, declared in self.__dataclass_fields__.items():
            if declared.type == "IntArray":
                value = _whole(type(self).__name__, name, getattr(self, name))
                object.__setattr__(self, name, _frozen(value))

    @property
    def bias(self) -> IntArray:
        """What is added to the state in every step whatever arrives; zero where a model has none."""
        return np.zeros((), np.int64)

    @property
    def initial(self) -> Mapping[str, IntArray]:
        """Where the states start that do not start at zero."""
        return {}

    def ranges(self) -> Iterator[Range]:
        """What the chip holds of each parameter."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class _Spiking(Neuron):
    """What all spiking float neurons share.

    threshold: potential at which the neuron fires (volts, or the source's own unit).
    v_reset: potential after a spike when reset is "hard".
    reset: "hard": v := v_reset; "soft": v := v - subtracts * threshold.
    subtracts: thresholds that a soft reset takes off; 0: no reset. snnTorch takes one threshold off in the step after
    the spike, behind the leak: it is 1 / (1 - dt / tau) here.
    fires: ">": s = v > threshold; ">=": s = v >= threshold.
    refractory: time after a spike's step in which no other comes (seconds, whole steps; 0: none).
    while_refractory: "holds": v keeps its value after the spike, as in Lava's LIFRefractory; "silent": v goes on, but
    nothing is sent, as in e-prop (Bellec 2020). u goes on either way.
    """

    threshold: FloatArray = field(default_factory=_one)
    v_reset: FloatArray = field(default_factory=_zero)
    reset: Reset = "hard"
    fires: Fires = ">"
    subtracts: FloatArray = field(default_factory=_one, kw_only=True)
    refractory: FloatArray = field(default_factory=_zero, kw_only=True)
    while_refractory: WhileRefractory = field(default="holds", kw_only=True)

    def __post_init__(self) -> None:
        _to_float_fields(self)

    @property
    def states(self) -> tuple[str, ...]:  # type: ignore[override]
        """u and v; with a refractory period its steps that are left, too."""
        return ("u", "v", "refractory") if self.refractory.any() else ("u", "v")


@dataclass(frozen=True, eq=False)
class IF(_Spiking):
    """Integrate and fire: v[t] = v[t-1] + r x[t].

    r: potential per unit of input. v_initial: potential before the first step (a Program's v counts from there).
    """

    r: FloatArray = field(default_factory=_one)
    v_initial: FloatArray = field(default_factory=_zero, kw_only=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class LIF(_Spiking):
    """Leaky integrate and fire: tau dv/dt = (v_leak - v) + r x.

    tau: membrane time constant (seconds). r: resistance. v_leak: resting potential, also the initial one.
    """

    tau: FloatArray
    r: FloatArray = field(default_factory=_one)
    v_leak: FloatArray = field(default_factory=_zero)


@dataclass(frozen=True, eq=False, kw_only=True)
class CubaLIF(_Spiking):
    """Current-based LIF: tau_syn du/dt = -u + w_in x; tau_mem dv/dt = (v_leak - v) + r u.

    The potential of a step uses the current of the same step, as on Loihi and in snnTorch.
    tau_syn, tau_mem: time constants of current and membrane (seconds). w_in: input scale. r: resistance.
    """

    tau_syn: FloatArray
    tau_mem: FloatArray
    w_in: FloatArray = field(default_factory=_one)
    r: FloatArray = field(default_factory=_one)
    v_leak: FloatArray = field(default_factory=_zero)


@dataclass(frozen=True, eq=False)
class Integrator(Neuron):
    """Perfect integrator without spikes (NIR's I): v[t] = v[t-1] + r x[t]. Its output is v."""

    r: FloatArray = field(default_factory=_one)

    def __post_init__(self) -> None:
        _to_float_fields(self)

    @property
    def spiking(self) -> bool:
        """An integrator never spikes."""
        return False


@dataclass(frozen=True, eq=False)
class LeakyIntegrator(Neuron):
    """Leaky integrator without spikes (NIR's LI): tau dv/dt = (v_leak - v) + r x. Its output is v."""

    tau: FloatArray
    r: FloatArray = field(default_factory=_one)
    v_leak: FloatArray = field(default_factory=_zero)

    def __post_init__(self) -> None:
        _to_float_fields(self)

    @property
    def spiking(self) -> bool:
        """An integrator never spikes."""
        return False


@dataclass(frozen=True, eq=False, kw_only=True)
class CubaLeakyIntegrator(Neuron):
    """Current-based leaky integrator without spikes (NIR's CubaLI). Its output is v.

    tau_syn du/dt = -u + w_in x; tau_mem dv/dt = (v_leak - v) + r u. Fields as in CubaLIF.
    """

    tau_syn: FloatArray
    tau_mem: FloatArray
    w_in: FloatArray = field(default_factory=_one)
    r: FloatArray = field(default_factory=_one)
    v_leak: FloatArray = field(default_factory=_zero)

    def __post_init__(self) -> None:
        _to_float_fields(self)

    @property
    def spiking(self) -> bool:
        """An integrator never spikes."""
        return False


@dataclass(frozen=True, eq=False)
class LoihiLIF(FixedNeuron):
    """Loihi's current-based LIF in the chip's own integers.

    Per step, with a the summed synaptic input and >> the shift of a magnitude (towards zero):
        u := sign(u) (|u| (4096 - current_decay) >> 12) + (a << 6)              wrapped to 24 bits
        v := sign(v) (|v| (4096 - voltage_decay) >> 12) + u + bias              clipped to +-(2**23 - 1)
        s := v > threshold;  hard: v[s] := reset_value;  soft: v[s] := v - reset_value
    bias = bias_mantissa << bias_exponent (>> for a negative exponent). Exact rules: `lower/fixedpoint`.

    current_decay, voltage_decay: 0 (no leak) to 4096 (no memory), in 1/4096 per step.
    threshold: in units of v; a multiple of 64 where Lava's own LIF is to hold it.
    bias_mantissa: 13 bits signed. bias_exponent: 0 to 7 on the chip.
    emits: False for a readout that never spikes and is read through v.
    reset_interval, reset_offset, held: see FixedNeuron.
    Source: lava-nc 0.10.0, PyLifModelBitAcc and LIFReset; Davies 2018.
    """

    current_decay: IntArray
    voltage_decay: IntArray
    threshold: IntArray
    bias_mantissa: IntArray = field(default_factory=lambda: np.zeros((), np.int64))
    bias_exponent: IntArray = field(default_factory=lambda: np.zeros((), np.int64))
    reset: Reset = "hard"
    reset_value: IntArray = field(default_factory=lambda: np.zeros((), np.int64))
    emits: bool = True

    @property
    def spiking(self) -> bool:
        """False for a readout."""
        return self.emits

    @property
    def bias(self) -> IntArray:
        """Bias per step in units of v, as Lava's models compute it (negative exponents round down)."""
        return shifted_bias(self.bias_mantissa, self.bias_exponent)

    def ranges(self) -> Iterator[Range]:
        """See FixedNeuron."""
        decay = ((0, MAX_DECAY), "12-bit decay; 4096 is full decay")
        yield Range("current_decay", self.current_decay, *decay)
        yield Range("voltage_decay", self.voltage_decay, *decay)
        if self.emits:  # a readout's threshold means nothing
            yield Range("threshold", self.threshold, (0, MAX_THRESHOLD_MANTISSA << 6), "17-bit mantissa << 6")
        yield Range("bias mantissa", self.bias_mantissa, BIAS_MANTISSA_RANGE, "13 bits signed")
        yield Range("bias exponent", self.bias_exponent, BIAS_EXPONENT_RANGE, "3 bits")
        yield Range("reset value", self.reset_value, (-MAX_POTENTIAL, MAX_POTENTIAL), "24 bits signed")


def shifted_bias(mantissa: IntArray, exponent: IntArray) -> IntArray:
    """mantissa << exponent, or >> -exponent rounding down."""
    mantissa, exponent = np.broadcast_arrays(mantissa, exponent)
    left = np.left_shift(mantissa, np.maximum(exponent, 0))
    return np.asarray(np.right_shift(left, np.maximum(-exponent, 0)), dtype=np.int64)


def _whole(model: str, name: str, value: Any) -> IntArray:
    """Integers as int64; a fraction is refused, since the likeliest is a decay given as a share."""
    array = np.asarray(value)
    whole = array.dtype.kind in "iu" or (
        array.dtype.kind == "f" and np.isfinite(array).all() and (array % 1 == 0).all()
    )
    if whole and (array.size == 0 or (array.max() < 2**63 and array.min() >= -(2**63))):
        return array.astype(np.int64)
    raise GraphError(
        Fault(
            model,
            f"{name} is {value!r}",
            "the chip's parameters are whole numbers",
            "Give decays in 1/4096 per step, round(4096 * share), and thresholds in units of v.",
        )
    )


def _frozen(array: Any) -> Any:
    array = np.array(array)  # a copy of our own, so that nobody else can write to it
    array.setflags(write=False)
    return array


def _to_float_fields(neuron: Neuron) -> None:
    for name, declared in neuron.__dataclass_fields__.items():  # type: ignore[attr-defined]
        if declared.type == "FloatArray":
            value = getattr(neuron, name)
            try:
                object.__setattr__(neuron, name, _frozen(_floats(value)))
            except (TypeError, ValueError) as error:
                fault = Fault(type(neuron).__name__, f"{name} is {value!r}", "it is a number, or an array", "Pass one.")
                raise GraphError(fault) from error
