"""The neurons of a SLAYER `.net` layer: CUBA and LOIHI (current-based LIF), ALIF, SDNN (sigma-delta), RF_* and ADRF_*
(resonate-and-fire, plain and adaptive).

`slayer_neuron_faults.neuron_faults` comes first; `neuron` takes a layer without faults. Semantics: lava-dl 0.6.0,
slayer/neuron and slayer/neuron/dynamics, and netx/hdf5.py (`get_neuron_params`) where SLAYER leaves something open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neurokit.converters.slayer_values import Layer, spread, text
from neurokit.graph.graded_neurons import FixedDelta, FixedSigma, FixedSigmaDelta
from neurokit.graph.lif_family import LoihiATRLIF, LoihiRefractoryLIF, LoihiShiftedLIF
from neurokit.graph.neurons import MAX_DECAY, MAX_THRESHOLD_MANTISSA, Fires, FixedNeuron, IntArray, LoihiLIF
from neurokit.graph.resonators import FiresAt, FixedAdaptiveResonateAndFire, FixedResonateAndFire
from neurokit.graph.synapses import Shape

UNIT = 64  # of thresholds and biases, which count like a weight, whose products Loihi shifts left by 6
BIAS_EXPONENT = 6
SPIKE_EXPONENT = 6  # of sigma-delta payloads: netx's default of spike_exp
STATE_EXPONENT = 6  # of sigma-delta states: fixed in netx
RESONATOR_BITS = (6, 12)  # state_exp and decay_bits of netx; SLAYER's own
RESONATORS: Mapping[str, FiresAt] = {"RF_PHASE": "phase", "RF_IZHIKEVICH": "top"}
ADAPTIVE_RESONATORS: Mapping[str, FiresAt] = {"ADRF_PHASE": "phase", "ADRF_IZHIKEVICH": "top"}


def neuron(layer: Layer, shape: Shape, fires: Fires | None = None) -> FixedNeuron:
    """The neurons of a layer whose population has `shape`. fires: of the LIF, None: as the type says."""
    group = layer.data.get("neuron")
    if group is None:
        return _readout(layer, shape)
    return _MAKERS[text(group["type"]) or ""](layer, group, shape, fires)


def resonates(layer: Layer) -> bool:
    """Whether its neurons are SLAYER's resonate-and-fire, adaptive or not."""
    group = layer.data.get("neuron")
    return isinstance(group, Mapping) and text(group.get("type", "")) in (*RESONATORS, *ADAPTIVE_RESONATORS)


def fires_of(said: str | None) -> Fires | None:
    """The argument `fires`, checked before, as the graph knows it."""
    return None if said is None else (">" if said == ">" else ">=")


def _bias(layer: Layer, shape: Shape) -> IntArray:
    has_bias = layer.kind != "input" and "bias" in layer.data
    return spread(layer.data["bias"], shape) if has_bias else np.zeros((), np.int64)


def _readout(layer: Layer, shape: Shape) -> LoihiLIF:
    """The last layer without neurons is what netx's comment calls it, a non-leaky integrator that never fires.

    v sums input and bias, as SLAYER's output summed over steps. (netx's code sums in u and adds the bias once; without
    a bias v is the same.)
    """
    return LoihiLIF(
        current_decay=np.array(MAX_DECAY),
        voltage_decay=np.array(0),
        threshold=np.array(UNIT * MAX_THRESHOLD_MANTISSA),
        bias_mantissa=_bias(layer, shape),
        bias_exponent=np.array(BIAS_EXPONENT),
        emits=False,
    )


def _lif(layer: Layer, group: Mapping[str, Any], shape: Shape, fires: Fires | None) -> LoihiLIF:
    """The current-based LIF: LOIHI fires at v > 64 vThMant, CUBA at v >= 64 vThMant, unless `fires` says otherwise.

    A threshold beyond 17 bits (SLAYER's Affine) makes a readout.
    """
    decay, leak, mantissa = (spread(group[key], shape) for key in ("iDecay", "vDecay", "vThMant"))
    emits = bool((mantissa <= MAX_THRESHOLD_MANTISSA).all())
    inclusive = emits and (fires or (">=" if text(group["type"]) == "CUBA" else ">")) == ">="
    plain: dict[str, Any] = {
        "current_decay": decay,
        "voltage_decay": leak,
        "threshold": UNIT * np.minimum(mantissa, MAX_THRESHOLD_MANTISSA) - inclusive,
        "bias_mantissa": _bias(layer, shape),
        "bias_exponent": np.array(BIAS_EXPONENT),
        "emits": emits,
    }
    shift, refractory = norm_shift(group), refractory_steps(group, shape)
    if shift:
        return LoihiShiftedLIF(**plain, shift=np.array(shift))
    if emits and refractory.any():
        return LoihiRefractoryLIF(**plain, refractory=refractory)
    return LoihiLIF(**plain)


def norm_shift(group: Mapping[str, Any]) -> int:
    """SLAYER's WgtScaleBatchNorm divides by 2**weight_exp what current and bias bring."""
    return int(np.ravel(group.get("weight_exp", 0))[0])


def refractory_steps(group: Mapping[str, Any], shape: Shape) -> IntArray:
    """Steps after a spike's own without another: SLAYER's refDelay counts the spike's own, mlGeNN writes 0 for none."""
    return np.maximum(spread(group.get("refDelay", 1), shape) - 1, 0)


def _alif(layer: Layer, group: Mapping[str, Any], shape: Shape, fires: Fires | None) -> LoihiATRLIF:
    """SLAYER adds its bias to the current, which is the same as to the potential where the current has no memory."""
    return LoihiATRLIF(
        current_decay=spread(group["iDecay"], shape),
        voltage_decay=spread(group["vDecay"], shape),
        threshold_decay=spread(group["thDecay"], shape),
        refractory_decay=spread(group["refDecay"], shape),
        threshold=UNIT * spread(group["vThMant"], shape),
        threshold_step=UNIT * spread(group["vThStep"], shape),
        bias_mantissa=_bias(layer, shape),
        bias_exponent=np.array(BIAS_EXPONENT),
    )


def _resonator(layer: Layer, group: Mapping[str, Any], shape: Shape, fires: Fires | None) -> FixedResonateAndFire:
    """SLAYER's integers as they are. (netx makes a period and a loss of them, and often loses 1/4096 on the way.)"""
    kind = text(group["type"]) or ""
    state, bits = RESONATOR_BITS
    plain: dict[str, Any] = {
        "sine": spread(group["sinDecay"], shape),
        "cosine": spread(group["cosDecay"], shape),
        "threshold": spread(group["vThMant"], shape) << state,
        "state_exponent": state,
        "decay_bits": bits,
    }
    if kind in RESONATORS:
        return FixedResonateAndFire(**plain, fires_at=RESONATORS[kind])
    return FixedAdaptiveResonateAndFire(
        **plain,
        fires_at=ADAPTIVE_RESONATORS[kind],
        threshold_decay=spread(group["thDecay"], shape),
        refractory_decay=spread(group["refDecay"], shape),
        threshold_step=spread(group["vThStep"], shape) << state,
    )


def _sigma_delta(layer: Layer, group: Mapping[str, Any], shape: Shape, fires: Fires | None) -> FixedNeuron:
    """As netx: an input layer encodes (Delta), a layer marked `sigma_output` decodes, others do both around a ReLU."""
    if layer.kind != "input" and "sigma_output" in group:
        return FixedSigma()
    exponent = SPIKE_EXPONENT + STATE_EXPONENT
    threshold = spread(group["vThMant"], shape) << exponent
    if layer.kind == "input":
        return FixedDelta(threshold, SPIKE_EXPONENT, STATE_EXPONENT)
    bias = _bias(layer, shape) << exponent
    return FixedSigmaDelta(threshold, SPIKE_EXPONENT, STATE_EXPONENT, activation_bias=bias)


_MAKERS: Mapping[str, Callable[[Layer, Mapping[str, Any], Shape, Fires | None], FixedNeuron]] = {
    "LOIHI": _lif,
    "CUBA": _lif,
    "ALIF": _alif,
    "SDNN": _sigma_delta,
    **dict.fromkeys((*RESONATORS, *ADAPTIVE_RESONATORS), _resonator),
}
