"""Integers of sigma-delta neurons and relays: a scale for the state, and one for what they send.

A unit of the source's input is A units of the state, a unit of what it sends S units of payload. S = A / 2**k with
k the state exponent of a SigmaDelta, which takes off what weights put on; Delta and Sigma send their state as it is;
a Relay multiplies. A is as large as full weights make it, unless the observed states would not fit, and as small as
exact weights allow where there are such (an identity's become 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault
from neurokit.graph.graded_neurons import (
    MULTIPLIER_RANGE,
    SHIFT_RANGE,
    Delta,
    FixedDelta,
    FixedRelay,
    FixedSigma,
    FixedSigmaDelta,
    Relay,
    Sigma,
)
from neurokit.graph.network import LayerReport, Population
from neurokit.graph.neurons import FixedNeuron
from neurokit.lower.branches import FEWEST_BITS, sign_faults
from neurokit.lower.exact import WHOLE
from neurokit.lower.payloads import Incoming, Scales, per_payload
from neurokit.lower.quantise import Quantised, output_error, rounded, weight_error
from neurokit.lower.rounding import exponents_at
from neurokit.lower.scale import MAX_EXPONENT, largest_integer, least_exponent, values_of


def quantise_graded(
    population: Population,
    incoming: Sequence[Incoming],
    bias: NDArray[np.float64],
    bits: int,
    scales: Scales,
) -> Quantised | list[Fault]:
    """Integers of a population of Sigma, Delta, SigmaDelta or Relay neurons.

    bias: constants of the projections, which these neurons cannot hold.
    """
    scaled = [per_payload(p) for p in incoming]
    faults = [*_bias_faults(population, bias), *sign_faults([p.projection for p in incoming], scaled, bits)]
    if faults:
        return faults
    maps = [
        p.weighted(s, max(scales.least, least_exponent(s, scales.state, p.payload)) if scales.least else 0)
        for p, s in zip(incoming, scaled, strict=True)
    ]
    exponents = exponents_at(maps, scales.state, bits)
    synapses = tuple(rounded(m, scales.state, e, bits) for m, e in zip(maps, exponents, strict=True))
    faults = _steep(incoming, exponents) + _coarse(population, scaled, synapses, scales, bits)
    if faults:
        return faults
    notes: list[str] = []
    neuron, threshold_error = _neuron(population.neuron, scales, notes)
    report = LayerReport(
        population.name,
        float(scales.state),
        int(bits),
        max(exponents, default=0),
        weight_error(scaled, synapses, scales.state),
        threshold_error,
        0.0,
        tuple(notes),
        payload_scale=float(scales.payload),
        output_error=output_error(maps, synapses, scales.state),
    )
    return Quantised(neuron, synapses, report)


def _neuron(neuron: Any, scales: Scales, notes: list[str]) -> tuple[FixedNeuron, float]:
    """The integer neuron, and its threshold's relative error."""
    if isinstance(neuron, Sigma):
        return FixedSigma(), 0.0
    if isinstance(neuron, Relay):
        return _relay(neuron, scales, notes), 0.0
    threshold = np.rint(neuron.threshold * scales.state)
    payload = 1 << scales.exponent
    if scales.exponent and (threshold < payload).any():
        notes.append(f"changes below a unit of payload, {1 / scales.payload:.3g}, wait until they add up to one")
        threshold = np.maximum(threshold, payload)
    given = neuron.threshold > 0
    off = np.abs(threshold / np.where(given, neuron.threshold * scales.state, 1.0) - 1)[given]
    common: dict[str, Any] = {"threshold": threshold, "cumulative": neuron.cumulative}
    if isinstance(neuron, Delta):
        return FixedDelta(**common), float(off.max(initial=0.0))
    # what is sent is cut, not rounded, to whole payloads: half of one is added where values begin
    bias = np.rint(neuron.bias * scales.state) + payload // 2
    made = FixedSigmaDelta(**common, state_exponent=scales.exponent, activation_bias=bias, activation=neuron.activation)
    return made, float(off.max(initial=0.0))


def _relay(neuron: Relay, scales: Scales, notes: list[str]) -> FixedRelay:
    """multiplier / 2**shift is payload per state, the multiplier as large as 16 bits hold."""
    factor = np.asarray(neuron.gain * (scales.payload / scales.state))
    size = np.where(factor == 0, 1.0, np.abs(factor))
    shift = np.clip(np.floor(np.log2(MULTIPLIER_RANGE[1] / size)), *SHIFT_RANGE).astype(np.int64)
    multiplier = np.clip(np.rint(factor * 2.0**shift), *MULTIPLIER_RANGE)
    error = float((np.abs(multiplier / 2.0**shift - factor) / size).max())
    if error > 2.0**-14:
        notes.append(f"the gain is off by {error:.2g}: it has 16 bits and a shift of 0 to 31")
    return FixedRelay(multiplier, shift, neuron.activation, "nearest", "saturate", neuron.latched)


def _bias_faults(population: Population, bias: NDArray[np.float64]) -> list[Fault]:
    if not bias.any():
        return []
    kind = type(population.neuron).__name__
    limit = "a constant would arrive in every step, and its neurons have no place for one"
    mend = "Give SigmaDelta its bias= instead."
    return [Fault(population.name, f"is {kind} and a projection into it has a bias", limit, mend)]


def _steep(incoming: Sequence[Incoming], exponents: Sequence[int]) -> list[Fault]:
    """Only in loops: all other weights have had their say when the scale was chosen."""
    limit, mend = f"exponents reach {MAX_EXPONENT}", "Scale the weights on the loop nearer to those into it."
    return [
        Fault(p.projection.name, f"its weights would need an exponent of {e}", limit, mend)
        for p, e in zip(incoming, exponents, strict=True)
        if e > MAX_EXPONENT
    ]


def _coarse(
    population: Population, floats: Sequence[Any], integers: Sequence[Any], scales: Scales, bits: int
) -> list[Fault]:
    for exact, whole in zip(floats, integers, strict=True):
        values, most = values_of(exact), int(np.abs(values_of(whole)).max(initial=0))
        enough = min(1 << FEWEST_BITS - 1, largest_integer(values, bits)) if values.any() else 0
        if most < enough and weight_error([exact], [whole], scales.state) > WHOLE:
            if isinstance(population.neuron, Delta):  # its state is no finer than its messages
                limit = "Delta sends its state itself, which whoever hears it multiplies and adds up in 24 bits"
                fact = f"its weights keep integers to {most}"
                mend = "Put Delta on the source itself, by an identity, and a SigmaDelta behind these weights."
                return [Fault(population.name, fact, limit, mend)]
            fact = f"its sums are so large beside single weights that these keep integers to {most}"
            limit = "states and a convolution's sums have 24 bits"
            return [Fault(population.name, fact, limit, "Scale the input down, or use fewer sources a neuron.")]
    return []
