"""The Lava process of each neuron model: Lava's own where it computes what the model says, else ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from lava.proc.atrlif.process import ATRLIF
from lava.proc.lif.process import LIF, LIFReset, TernaryLIF
from lava.proc.rf.process import RF
from lava.proc.rf_iz.process import RF_IZ
from lava.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta
from numpy.typing import NDArray

from neurokit.graph.fixed_plasticity import FixedSignal
from neurokit.graph.graded_neurons import FixedDelta, FixedRelay, FixedSigma, FixedSigmaDelta
from neurokit.graph.lif_family import (
    LoihiALIF,
    LoihiATRLIF,
    LoihiQIF,
    LoihiRefractoryLIF,
    LoihiShiftedLIF,
    LoihiTernaryLIF,
)
from neurokit.graph.network import Population
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.graph.resonators import IMAGINARY, FixedAdaptiveResonateAndFire, FixedResonateAndFire
from neurokit.graph.signals import MODULATION, REWARD
from neurokit.graph.synapses import Shape
from neurokit.hardware.lava.choice import NEVER, OWN, neuron_process, once_interval
from neurokit.hardware.lava.layout import lava_shape, to_lava
from neurokit.hardware.lava.processes import lif_family, third_factor
from neurokit.hardware.lava.processes.basic import LoihiNeuron
from neurokit.hardware.lava.processes.graded import DeltaNeuron, RelayNeuron, SigmaDeltaNeuron, SigmaNeuron
from neurokit.hardware.lava.processes.resonators import AdaptiveResonatorNeuron, ResonatorNeuron


def make_neurons(population: Population) -> Any:
    """The process of a population, with ports a_in and s_out, a Var for each of its states, and its name."""
    neuron, name, shape = population.neuron, population.name, population.shape
    assert isinstance(neuron, FixedNeuron), "check_program refuses others"
    kind = neuron_process(neuron)
    if kind == OWN:
        own = OWN_PROCESSES[type(neuron)]
        return own(shape=lava_shape(shape), neuron=_turned(neuron, shape), name=name)
    return MAKERS[kind](neuron, shape, name)


def make_third_factor(population: Population, signals: tuple[FixedSignal, ...]) -> Any:
    """The process of a population that sends `signals`, or hears a third factor, or sends its potential as one."""
    neuron, name, shape = population.neuron, population.name, population.shape
    assert isinstance(neuron, FixedNeuron), "check_program refuses others"
    own = THIRD_FACTOR_PROCESSES[neuron.states]
    return own(shape=lava_shape(shape), neuron=_turned(neuron, shape), signals=signals, name=name)


def target_port(process: Any, port: str) -> Any:
    """The input of a population's process that a projection with `port` feeds."""
    if port in THIRD_FACTOR_PORTS:
        return getattr(process, THIRD_FACTOR_PORTS[port])
    two = isinstance(process, RF | ResonatorNeuron)  # RF_IZ is an RF
    return getattr(process, {"": "a_real_in", IMAGINARY: "a_imag_in"}[port] if two else "a_in")


def parameter(values: NDArray[np.int64], shape: Shape) -> Any:
    """A Python int where all are equal (Lava keeps scalars as they come, and floats break it), else an int array."""
    if (values == values.flat[0]).all():
        return int(values.flat[0])
    return to_lava(values, shape)


def _turned(neuron: FixedNeuron, shape: Shape) -> FixedNeuron:
    """The neuron with its parameters in Lava's order."""
    arrays: dict[str, Any] = {
        name: to_lava(value, shape) if value.ndim else value
        for name, value in vars(neuron).items()
        if isinstance(value, np.ndarray)
    }
    return replace(neuron, **arrays)


def _common(neuron: LoihiLIF | LoihiTernaryLIF, shape: Shape, name: str) -> dict[str, Any]:
    return {
        "shape": lava_shape(shape),
        "du": parameter(neuron.current_decay - 1, shape),
        "dv": parameter(neuron.voltage_decay, shape),
        "bias_mant": parameter(neuron.bias_mantissa, shape),
        "bias_exp": parameter(neuron.bias_exponent, shape),
        "name": name,
    }


def _threshold(neuron: LoihiLIF, shape: Shape) -> Any:
    return parameter(neuron.threshold >> 6, shape) if neuron.emits else NEVER


def _lif(neuron: LoihiLIF, shape: Shape, name: str) -> Any:
    return LIF(**_common(neuron, shape, name), vth=_threshold(neuron, shape))


def _lif_reset(neuron: LoihiLIF, shape: Shape, name: str) -> Any:
    # the Program counts steps from 0, Lava from 1
    interval = neuron.reset_interval or once_interval(neuron)
    schedule = {"reset_interval": interval, "reset_offset": neuron.reset_offset + 1}
    return LIFReset(**_common(neuron, shape, name), vth=_threshold(neuron, shape), **schedule)


def _ternary(neuron: LoihiTernaryLIF, shape: Shape, name: str) -> Any:
    upper, lower = (int(values.flat[0]) >> 6 for values in (neuron.upper_threshold, neuron.lower_threshold))
    return TernaryLIF(**_common(neuron, shape, name), vth_hi=upper, vth_lo=lower)


def _sigma(neuron: FixedSigma, shape: Shape, name: str) -> Any:
    return _named(Sigma(shape=lava_shape(shape)), name)


def _delta(neuron: FixedDelta, shape: Shape, name: str) -> Any:
    return _named(Delta(shape=lava_shape(shape), **_encoder_parameters(neuron)), name)


def _sigma_delta(neuron: FixedSigmaDelta, shape: Shape, name: str) -> Any:
    unit = 1 << neuron.spike_exponent + neuron.state_exponent
    return SigmaDelta(
        shape=lava_shape(shape),
        bias=np.asarray(parameter(neuron.activation_bias, shape)) / unit,
        act_mode=ActivationMode.RELU if neuron.activation == "relu" else ActivationMode.UNIT,
        name=name,
        **_encoder_parameters(neuron),
    )


def _encoder_parameters(neuron: FixedDelta | FixedSigmaDelta) -> dict[str, Any]:
    """Lava multiplies threshold and bias by 2**(spike_exp + state_exp); a float holds the quotient exactly."""
    unit = 1 << neuron.spike_exponent + neuron.state_exponent
    return {
        "vth": float(neuron.threshold.flat[0]) / unit,
        "cum_error": neuron.cumulative,
        "spike_exp": neuron.spike_exponent,
        "state_exp": neuron.state_exponent,
    }


def _named(process: Any, name: str) -> Any:
    """For processes of Lava that take no name."""
    process.name = name
    return process


def _atrlif(neuron: LoihiATRLIF, shape: Shape, name: str) -> Any:
    """Its fixed-point model multiplies the decays, given as shares, by 4096, and adds 1 to the current's."""
    shares = {
        "delta_i": neuron.current_decay - 1,
        "delta_v": neuron.voltage_decay,
        "delta_theta": neuron.threshold_decay,
        "delta_r": neuron.refractory_decay,
    }
    return ATRLIF(
        shape=lava_shape(shape),
        **{field: float(values.flat[0]) / 4096 for field, values in shares.items()},
        theta_0=int(neuron.threshold.flat[0]) >> 6,
        theta_step=int(neuron.threshold_step.flat[0]) >> 6,
        bias_mant=parameter(neuron.bias_mantissa, shape),
        bias_exp=parameter(neuron.bias_exponent, shape),
        name=name,
    )


def _resonator(neuron: FixedResonateAndFire, shape: Shape, name: str) -> Any:
    """Lava works sine and cosine out of a period and a loss; here they are put in as they are."""
    kind = RF if neuron.fires_at == "phase" else RF_IZ
    exponents = {"state_exp": neuron.state_exponent, "decay_bits": neuron.decay_bits}
    process = kind(shape=lava_shape(shape), period=8, alpha=0, vth=0, name=name, **exponents)
    process.sin_decay.init = int(neuron.sine.flat[0])
    process.cos_decay.init = int(neuron.cosine.flat[0])
    process.vth.init = int(neuron.threshold.flat[0])
    return process


# By the names that `choice.neuron_process` gives.
MAKERS: Mapping[str, Callable[[Any, Shape, str], Any]] = {
    "LIF": _lif,
    "LIFReset": _lif_reset,
    "TernaryLIF": _ternary,
    "ATRLIF": _atrlif,
    "Sigma": _sigma,
    "Delta": _delta,
    "SigmaDelta": _sigma_delta,
    "RF": _resonator,
    "RF_IZ": _resonator,
}
OWN_PROCESSES: Mapping[type[FixedNeuron], Any] = {
    LoihiLIF: LoihiNeuron,
    LoihiRefractoryLIF: lif_family.RefractoryNeuron,
    LoihiShiftedLIF: lif_family.ShiftedNeuron,
    LoihiTernaryLIF: lif_family.TernaryNeuron,
    LoihiALIF: lif_family.AdaptiveNeuron,
    LoihiATRLIF: lif_family.AdaptiveAndRefractoryNeuron,
    LoihiQIF: lif_family.QuadraticNeuron,
    FixedSigma: SigmaNeuron,
    FixedDelta: DeltaNeuron,
    FixedSigmaDelta: SigmaDeltaNeuron,
    FixedRelay: RelayNeuron,
    FixedResonateAndFire: ResonatorNeuron,
    FixedAdaptiveResonateAndFire: AdaptiveResonatorNeuron,
}
# By the states of the neuron.
THIRD_FACTOR_PROCESSES: Mapping[tuple[str, ...], Any] = {
    ("u", "v"): third_factor.PlainThirdFactorNeuron,
    ("u", "v", "refractory"): third_factor.RefractoryThirdFactorNeuron,
    ("u", "adaptation", "v", "refractory", "spike"): third_factor.AdaptiveThirdFactorNeuron,
}
THIRD_FACTOR_PORTS = {MODULATION: "a_third_factor_in", REWARD: "a_reward_in"}
