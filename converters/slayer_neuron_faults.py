"""What can be wrong with the neurons of a SLAYER `.net` layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.slayer_neurons import (
    ADAPTIVE_RESONATORS,
    RESONATOR_BITS,
    RESONATORS,
    SPIKE_EXPONENT,
    STATE_EXPONENT,
)
from neurokit.converters.slayer_values import EXPORT, Layer, count_faults, missing, number_faults, numbers, text
from neurokit.errors import Fault
from neurokit.graph.lif_family import MAX_REFRACTORY
from neurokit.graph.neurons import MAX_DECAY, MAX_POTENTIAL, MAX_THRESHOLD_MANTISSA

MAX_SIGMA_DELTA_MANTISSA = MAX_POTENTIAL >> SPIKE_EXPONENT + STATE_EXPONENT
MAX_NORM_SHIFT = 3  # SLAYER's WgtScaleBatchNorm: weight_exp_bits, which the file leaves out
WEIGHT_EXPONENTS = (-8, 7)  # Loihi's weight exponent has 4 bits

_LIF = ("iDecay", "vDecay", "vThMant")
_TURN = ("sinDecay", "cosDecay", "vThMant")
_ADAPTS = ("thDecay", "refDecay", "vThStep")
_PARAMETERS = {
    "LOIHI": _LIF,
    "CUBA": _LIF,
    "ALIF": (*_LIF, *_ADAPTS),
    "SDNN": ("vThMant",),
    **dict.fromkeys(RESONATORS, _TURN),
    **dict.fromkeys(ADAPTIVE_RESONATORS, (*_TURN, *_ADAPTS)),
}
_LATER = "It is not supported yet:"


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
    limits, features = _CHECKS[kind]
    for key in _PARAMETERS[kind]:
        if key not in group:
            yield missing(layer, f"neuron/{key}")
            continue
        smallest = None if key in ("sinDecay", "cosDecay") else 0
        faults = list(number_faults(layer, f"neuron/{key}", group[key], smallest))
        yield from faults or count_faults(layer, f"neuron/{key}", group[key])
        if key in ("vThMant", "vThStep") and not faults:
            yield from limits(layer, key, np.ravel(group[key]))
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


def _sigma_delta_threshold_faults(layer: Layer, key: str, mantissa: NDArray[Any]) -> Iterator[Fault]:
    if mantissa.max() > MAX_SIGMA_DELTA_MANTISSA:
        limit = f"a sigma-delta state holds up to {MAX_SIGMA_DELTA_MANTISSA} (24 bits, 12 behind the point)"
        yield Fault(layer.name, f"{key} is {int(mantissa.max())}", limit, "Rescale the network.")


def _threshold_faults(layer: Layer, key: str, mantissa: NDArray[Any]) -> Iterator[Fault]:
    above = mantissa > MAX_THRESHOLD_MANTISSA
    if above.any() and not (layer.last and above.all()):
        limit = f"Loihi holds 17 bits ({MAX_THRESHOLD_MANTISSA}); above it only a last layer, which then never fires"
        fact = f"{key} is {int(mantissa.max())}"
        yield Fault(layer.name, fact, limit, "Rescale the layer's weights and threshold.")


def _adaptive_threshold_faults(layer: Layer, key: str, mantissa: NDArray[Any]) -> Iterator[Fault]:
    if mantissa.max() > MAX_THRESHOLD_MANTISSA:
        fact, limit = f"{key} is {int(mantissa.max())}", f"Loihi holds 17 bits ({MAX_THRESHOLD_MANTISSA})"
        yield Fault(layer.name, fact, limit, "Rescale the layer's weights and threshold.")


def _resonator_threshold_faults(layer: Layer, key: str, mantissa: NDArray[Any]) -> Iterator[Fault]:
    if mantissa.max() > MAX_POTENTIAL >> RESONATOR_BITS[0]:
        limit = f"the potential reaches {MAX_POTENTIAL >> RESONATOR_BITS[0]} (24 bits, 6 behind the point)"
        yield Fault(layer.name, f"{key} is {int(mantissa.max())}", limit, "Rescale the layer's weights and threshold.")


def _lif_faults(layer: Layer, group: Mapping[str, Any]) -> Iterator[Fault]:
    yield from _binary_faults(layer, group)
    yield from _exponent_faults(layer, group, "wgtExp", WEIGHT_EXPONENTS, "Loihi's weight exponent has 4 bits")
    norm = (-MAX_NORM_SHIFT, MAX_NORM_SHIFT)
    faults = list(_exponent_faults(layer, group, "weight_exp", norm, "SLAYER keeps it to 3 bits unless told otherwise"))
    yield from _recurrent_norm_faults(layer, group)
    waits = list(_refractory_faults(layer, group))
    yield from (*faults, *waits)
    if not faults and not waits and np.any(group.get("weight_exp", 0)) and np.max(group.get("refDelay", 1)) > 1:
        limit = "no neuron model has both"
        yield Fault(layer.name, "has a weight_exp and a refDelay", limit, "Train with a refractory delay of 1 (none).")


def _recurrent_norm_faults(layer: Layer, group: Mapping[str, Any]) -> Iterator[Fault]:
    """SLAYER's recurrent blocks go on from the normed current, step by step; all others norm a copy of it."""
    normed = any(np.any(numbers(value)) for value in (layer.data.get("bias", 0), group.get("weight_exp", 0)))
    memory = (numbers(group.get("iDecay", MAX_DECAY)) != MAX_DECAY).any()
    if layer.kind == "dense_rec" and text(group["type"]) == "CUBA" and normed and memory:
        limit = "SLAYER's recurrent blocks add it to the current, netx to the potential: the same without memory only"
        mend = "Train the layer without norm, or with a current_decay of 1."
        yield Fault(layer.name, "is recurrent and has a bias or weight_exp of a norm", limit, mend)


def _alif_faults(layer: Layer, group: Mapping[str, Any]) -> Iterator[Fault]:
    yield from _no_more_faults(layer, group)
    bias, decay = numbers(layer.data.get("bias", 0)), numbers(group.get("iDecay", MAX_DECAY))
    if bias.any() and (decay != MAX_DECAY).any():
        limit = f"SLAYER adds it to ALIF's current, which is the same as to the potential for iDecay {MAX_DECAY} only"
        yield Fault(layer.name, "has ALIF neurons and a bias", limit, "Train the layer without norm.")


def _resonator_faults(layer: Layer, group: Mapping[str, Any]) -> Iterator[Fault]:
    if layer.kind == "input":
        limit = "neurokit reads resonate-and-fire neurons in layers with complex weights"
        yield Fault(
            layer.name, "has resonate-and-fire neurons", limit, 'Pass inputs="spikes", or give it other neurons.'
        )
    if "bias" in layer.data:
        limit = "SLAYER writes none for them (a norm of theirs does not get into the file)"
        yield Fault(layer.name, "has resonate-and-fire neurons and a bias", limit, "Train the layer without norm.")
    yield from _no_more_faults(layer, group)


def _no_more_faults(layer: Layer, group: Mapping[str, Any]) -> Iterator[Fault]:
    """Features that the file could state, but SLAYER's neurons of this type do not have."""
    yield from _binary_faults(layer, group)
    plain = {"refDelay": (0, 1), "wgtExp": (0,), "weight_exp": (0,)}
    mends = {
        "refDelay": "train with a refractory delay of 1 (none).",
        "wgtExp": "scale the weights instead.",
        "weight_exp": "train with a norm that has no weight exponent.",
    }
    for key, values in plain.items():
        if key in group and not _holds(group[key], values):
            limit = f"neurons of this type have {key} {values[-1]} only"
            yield Fault(layer.name, _fact(group, key), limit, f"{_LATER} {mends[key]}")


def _binary_faults(layer: Layer, group: Mapping[str, Any]) -> Iterator[Fault]:
    for key in ("gradedSpike", "messageBits"):
        if key in group and not _holds(group[key], (0,)):
            limit = f"neurokit reads {key} 0 only"
            yield Fault(layer.name, _fact(group, key), limit, f"{_LATER} train with binary spikes.")


def _exponent_faults(
    layer: Layer, group: Mapping[str, Any], key: str, limits: tuple[int, int], why: str
) -> Iterator[Fault]:
    """One whole number within limits."""
    if key not in group:
        return
    faults = list(number_faults(layer, f"neuron/{key}", group[key]))
    yield from faults
    if not faults and np.size(group[key]) > 1:
        limit = "a layer has one"
        yield Fault(layer.name, f"neuron/{key} holds {np.size(group[key])} values", limit, EXPORT)
    elif not faults and not limits[0] <= np.ravel(group[key])[0] <= limits[1]:
        limit = f"it runs from {limits[0]} to {limits[1]} ({why})"
        yield Fault(layer.name, _fact(group, key), limit, "Rescale the layer's weights and threshold.")


def _refractory_faults(layer: Layer, group: Mapping[str, Any]) -> Iterator[Fault]:
    if "refDelay" not in group:
        return
    faults = list(number_faults(layer, "neuron/refDelay", group["refDelay"], 0))
    yield from faults or count_faults(layer, "neuron/refDelay", group["refDelay"])
    if not faults and np.max(group["refDelay"]) > MAX_REFRACTORY + 1:
        limit = f"a refractory period is at most {MAX_REFRACTORY + 1} steps, the spike's own among them"
        yield Fault(layer.name, f"refDelay is {np.max(group['refDelay'])}", limit, "Train with a shorter one.")


def _holds(value: Any, allowed: tuple[int, ...]) -> bool:
    found = np.ravel(value)
    return found.dtype.kind in "biuf" and bool(np.isin(found, allowed).all())


def _fact(group: Mapping[str, Any], key: str) -> str:
    found = np.ravel(group[key])
    return f"{key} is {found[0] if found.size == 1 else found.tolist()}"


# type -> (faults of thresholds, faults of all else)
_CHECKS: Mapping[str, tuple[Callable[..., Iterator[Fault]], Callable[..., Iterator[Fault]]]] = {
    "LOIHI": (_threshold_faults, _lif_faults),
    "CUBA": (_threshold_faults, _lif_faults),
    "ALIF": (_adaptive_threshold_faults, _alif_faults),
    "SDNN": (_sigma_delta_threshold_faults, _sigma_delta_faults),
    **dict.fromkeys((*RESONATORS, *ADAPTIVE_RESONATORS), (_resonator_threshold_faults, _resonator_faults)),
}
