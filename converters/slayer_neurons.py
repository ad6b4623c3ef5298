"""The neurons of a SLAYER `.net` layer: CUBA and LOIHI (current-based LIF), SDNN (sigma-delta), RF_PHASE
and RF_IZHIKEVICH (resonate-and-fire).

`neuron_faults` comes first; `neuron` takes a layer without faults. Semantics: lava-dl 0.6.0, netx/hdf5.py
(`get_neuron_params`) and netx/blocks/process.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.slayer_values import Layer, count_faults, missing, number_faults, spread, text
from neurokit.errors import Fault
from neurokit.graph.graded_neurons import FixedDelta, FixedSigma, FixedSigmaDelta
from neurokit.graph.neurons import MAX_POTENTIAL, MAX_THRESHOLD_MANTISSA, FixedNeuron, LoihiLIF
from neurokit.graph.resonators import FiresAt, FixedResonateAndFire, ResonateAndFire
from neurokit.graph.synapses import Shape

BIAS_EXPONENT = 6  # a `.net` bias counts like a weight, whose products Loihi shifts left by 6
MEMORYLESS = 4096  # a decay of 4096/4096 per step
SPIKE_EXPONENT = 6  # of sigma-delta payloads: netx's default of spike_exp
STATE_EXPONENT = 6  # of sigma-delta states: fixed in netx
MAX_SIGMA_DELTA_MANTISSA = MAX_POTENTIAL >> SPIKE_EXPONENT + STATE_EXPONENT

RESONATOR_BITS = (6, 12)  # state_exp and decay_bits of netx

_RESONATORS: Mapping[str, FiresAt] = {"RF_PHASE": "phase", "RF_IZHIKEVICH": "top"}
_LIF = ("iDecay", "vDecay", "vThMant")
_TURN = ("sinDecay", "cosDecay", "vThMant")
_PARAMETERS = {"LOIHI": _LIF, "CUBA": _LIF, "SDNN": ("vThMant",), **dict.fromkeys(_RESONATORS, _TURN)}
_LATER = "It is not supported yet:"


def neuron(layer: Layer, shape: Shape) -> FixedNeuron:
    """The neurons of a layer whose population has `shape`."""
    group = layer.data.get("neuron")
    if group is not None and text(group["type"]) == "SDNN":
        return _sigma_delta(layer, group, shape)
    if group is not None and resonates(layer):
        return _resonator(group, shape)
    return _lif(layer, group, shape)


def resonates(layer: Layer) -> bool:
    """Whether its neurons are SLAYER's resonate-and-fire, without adaptation."""
    group = layer.data.get("neuron")
    return isinstance(group, Mapping) and text(group.get("type", "")) in _RESONATORS


def _resonator(group: Mapping[str, Any], shape: Shape) -> FixedResonateAndFire:
    """As netx: sine and cosine become a period and a loss, and these a sine and cosine again, cut to whole numbers."""
    state, bits = RESONATOR_BITS
    sine, cosine = (spread(group[key], shape) / (1 << bits) for key in ("sinDecay", "cosDecay"))
    frequency = np.arctan2(sine, cosine) / 2 / np.pi
    with np.errstate(divide="ignore"):  # no turn: an endless period
        decay = np.asarray(1 - np.sqrt(sine**2 + cosine**2), np.float64)
        turn = ResonateAndFire(period=1 / frequency, decay=decay).turn
    whole = [np.trunc(part * (1 << bits)).astype(np.int64) for part in turn]
    threshold = spread(group["vThMant"], shape) << state
    fires_at = _RESONATORS[text(group["type"]) or ""]
    return FixedResonateAndFire(
        sine=whole[0], cosine=whole[1], threshold=threshold, state_exponent=state, decay_bits=bits, fires_at=fires_at
    )


def _sigma_delta(layer: Layer, group: Mapping[str, Any], shape: Shape) -> FixedNeuron:
    """As netx: an input layer encodes (Delta), a layer marked `sigma_output` decodes, others do both around a ReLU."""
    if layer.kind != "input" and "sigma_output" in group:
        return FixedSigma()
    exponent = SPIKE_EXPONENT + STATE_EXPONENT
    threshold = spread(group["vThMant"], shape) << exponent
    if layer.kind == "input":
        return FixedDelta(threshold, SPIKE_EXPONENT, STATE_EXPONENT)
    bias = spread(layer.data["bias"], shape) if "bias" in layer.data else np.zeros((), np.int64)
    return FixedSigmaDelta(threshold, SPIKE_EXPONENT, STATE_EXPONENT, activation_bias=bias << exponent)


def _lif(layer: Layer, group: Mapping[str, Any] | None, shape: Shape) -> LoihiLIF:
    """The current-based LIF.

    LOIHI fires at v > 64 vThMant, CUBA at v >= 64 vThMant. Without a neuron group (the last layer only) it is what
    netx's comment calls it, a non-leaky integrator that never fires: v sums input and bias, as SLAYER's output summed
    over steps. (netx's code sums in u and adds the bias once; without a bias v is the same.)
    """
    has_bias = layer.kind != "input" and "bias" in layer.data
    bias = spread(layer.data["bias"], shape) if has_bias else np.zeros((), np.int64)
    if group is None:
        decay, leak, mantissa = np.array(MEMORYLESS), np.array(0), np.array(MAX_THRESHOLD_MANTISSA + 1)
        kind: str | None = None
    else:
        decay, leak, mantissa = (spread(group[key], shape) for key in _LIF)
        kind = text(group["type"])
    emits = bool((mantissa <= MAX_THRESHOLD_MANTISSA).all())
    threshold = 64 * np.minimum(mantissa, MAX_THRESHOLD_MANTISSA)
    return LoihiLIF(
        current_decay=decay,
        voltage_decay=leak,
        threshold=threshold - 1 if kind == "CUBA" and emits else threshold,
        bias_mantissa=bias,
        bias_exponent=np.array(BIAS_EXPONENT),
        emits=emits,
    )


def neuron_faults(layer: Layer) -> Iterator[Fault]:
    """Everything in a layer's neurons that cannot be converted."""
    group = layer.data.get("neuron")
    if group is None:
        if not layer.last:
            limit = "only the last layer may be a readout without neurons"
            yield Fault(layer.name, "has no neuron group", limit, "Export the layer with its neuron.")
        return
    if not isinstance(group, Mapping) or "type" not in group:
        yield missing(layer, "neuron/type")
        return
    kind = text(group["type"])
    if kind is None or kind not in _PARAMETERS:
        fact = f"has neurons of type '{kind}'"
        yield Fault(layer.name, fact, f"neurokit reads {', '.join(_PARAMETERS)}", f"{_LATER} train with CUBA neurons.")
        return
    limits, features = _CHECKS.get(kind, (_threshold_faults, _feature_faults))
    for key in _PARAMETERS[kind]:
        if key not in group:
            yield missing(layer, f"neuron/{key}")
            continue
        smallest = None if key in ("sinDecay", "cosDecay") else 0
        faults = list(number_faults(layer, f"neuron/{key}", group[key], smallest))
        yield from faults or count_faults(layer, f"neuron/{key}", group[key])
        if key == "vThMant" and not faults:
            yield from limits(layer, np.ravel(group[key]))
    yield from features(layer, group)


def _sigma_delta_faults(layer: Layer, group: Mapping[str, Any]) -> Iterator[Fault]:
    activation = text(group.get("activation", "relu"))
    if activation != "relu":
        fact = f"activation is '{activation}'"
        mend = f"{_LATER} train with torch.nn.functional.relu."
        yield Fault(layer.name, fact, "sigma-delta neurons rectify (netx takes every activation for that)", mend)
    if "sigma_output" in group and "bias" in layer.data:
        limit = "a Sigma has none (netx refuses it too)"
        yield Fault(layer.name, "is marked sigma_output and has a bias", limit, "Train the last layer without bias.")
    if "messageBits" in group and np.ravel(group["messageBits"])[0] == 0:
        limit = "sigma-delta payloads are numbers"
        yield Fault(layer.name, "messageBits is 0", limit, "Leave messageBits out, or export it again.")


def _sigma_delta_threshold_faults(layer: Layer, mantissa: NDArray[Any]) -> Iterator[Fault]:
    if mantissa.max() > MAX_SIGMA_DELTA_MANTISSA:
        limit = f"a sigma-delta state holds up to {MAX_SIGMA_DELTA_MANTISSA} (24 bits, 12 behind the point)"
        yield Fault(layer.name, f"vThMant is {int(mantissa.max())}", limit, "Rescale the network.")


def _threshold_faults(layer: Layer, mantissa: NDArray[Any]) -> Iterator[Fault]:
    above = mantissa > MAX_THRESHOLD_MANTISSA
    if above.any() and not (layer.last and above.all()):
        limit = f"Loihi holds 17 bits ({MAX_THRESHOLD_MANTISSA}); above it only a last layer, which then never fires"
        fact = f"vThMant is {int(mantissa.max())}"
        yield Fault(layer.name, fact, limit, "Rescale the layer's weights and threshold.")


def _feature_faults(layer: Layer, group: Mapping[str, Any]) -> Iterator[Fault]:
    plain = {"refDelay": 1, "wgtExp": 0, "weight_exp": 0, "gradedSpike": 0, "messageBits": 0}
    mends = {
        "refDelay": "train with a refractory delay of 1 (none).",
        "wgtExp": "scale the weights instead.",
        "weight_exp": "train with a batch norm that has no weight exponent.",
        "gradedSpike": "train with binary spikes.",
        "messageBits": "train with binary spikes.",
    }
    for key, value in plain.items():
        if key not in group:
            continue
        found = np.ravel(group[key])
        if found.dtype.kind not in "biuf" or (found != value).any():
            fact = f"{key} is {found[0] if found.size == 1 else found.tolist()}"
            yield Fault(layer.name, fact, f"neurokit reads {key} {value} only", f"{_LATER} {mends[key]}")


def _resonator_faults(layer: Layer, group: Mapping[str, Any]) -> Iterator[Fault]:
    if layer.kind == "input":
        limit = "netx reads resonate-and-fire neurons in dense layers"
        yield Fault(
            layer.name, "has resonate-and-fire neurons", limit, 'Pass inputs="spikes", or give it other neurons.'
        )
    if "bias" in layer.data:
        limit = "netx's resonate-and-fire neurons have none"
        yield Fault(layer.name, "has resonate-and-fire neurons and a bias", limit, "Train the layer without bias.")
    yield from _feature_faults(layer, group)


def _resonator_threshold_faults(layer: Layer, mantissa: NDArray[Any]) -> Iterator[Fault]:
    if mantissa.max() > MAX_POTENTIAL >> RESONATOR_BITS[0]:
        limit = f"the potential reaches {MAX_POTENTIAL >> RESONATOR_BITS[0]} (24 bits, 6 behind the point)"
        yield Fault(
            layer.name, f"vThMant is {int(mantissa.max())}", limit, "Rescale the layer's weights and threshold."
        )


# type -> (faults of the threshold, faults of all else); LIF neurons have those of the beginning
_CHECKS: Mapping[str, tuple[Callable[..., Iterator[Fault]], Callable[..., Iterator[Fault]]]] = {
    "SDNN": (_sigma_delta_threshold_faults, _sigma_delta_faults),
    **dict.fromkeys(_RESONATORS, (_resonator_threshold_faults, _resonator_faults)),
}
