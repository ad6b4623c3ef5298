"""What a layer will be on the chip, told in the source's own numbers: for training that knows of the rounding.

`as_compiled` asks the same code as compilation does (`lower.quantise`), so that what a training framework computes in
its forward pass with these numbers is what the Program's weights, threshold and decays stand for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import CompileError, Fault
from neurokit.graph.network import Population, Projection
from neurokit.graph.neurons import Neuron
from neurokit.graph.synapses import Shape, Synapse, Weighted, chain_shape
from neurokit.lower.discretise import recurrence
from neurokit.lower.fold import fold_chain
from neurokit.lower.payloads import Incoming
from neurokit.lower.pipeline import check_arguments
from neurokit.lower.quantise import Quantised, quantise
from neurokit.lower.scale import UNIT

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AsCompiled:
    """A layer as a Program holds it, in the source's units.

    weight: of the shape of the layer's own weight. bias: input per step, one a target (or channel), zero without one.
    threshold: potential that must be exceeded (or reached, as the source's `fires` says). keep_u, keep_v: shares of
    current and potential that a step leaves. step: what a weight's last bit stands for.
    """

    weight: Floats
    bias: Floats
    threshold: Floats
    keep_u: Floats
    keep_v: Floats
    step: float


def as_compiled(
    synapses: Sequence[Synapse], neuron: Neuron, source: Shape, bits: int, dt: float | None = None
) -> AsCompiled:
    """The layer of `neuron`s behind the maps `synapses`, whose last one has the weights, at `bits`.

    source: shape of what feeds it with spikes. The neurons share their time constants and r.
    Raises CompileError as compilation would, and where a gain differs between neurons.
    """
    check_arguments(bits, None)
    last, shape = (synapses[-1] if synapses else None), chain_shape(tuple(synapses), source)
    if not isinstance(last, Weighted) or shape is None:
        fact = "has no maps" if last is None else f"ends with {type(last).__name__}"
        limit = "the last map has the weights, and takes what comes"
        raise CompileError(Fault("layer", fact, limit, "Pass the maps of one layer with weights, in their order."))
    single, constant = fold_chain(tuple(synapses), source, shape)
    population = Population("layer", shape, neuron)
    projection = Projection("source", "layer", (single,))
    made = quantise(population, [Incoming(projection, source, payload=1.0)], constant, bits, dt)
    if not isinstance(made, Quantised):
        raise CompileError(made)
    model = recurrence(neuron, dt)
    gain = model.gain_u * model.gain_v
    if not (gain == gain.flat[0]).all():
        limit, mend = "one step is told for all weights", "Give the neurons one time constant and r."
        raise CompileError(Fault("layer", "its gain differs between neurons", limit, mend))
    whole = made.neuron
    scale, exponent = made.report.scale, made.synapses[0].exponent  # type: ignore[attr-defined]
    fine = scale / 2.0**exponent
    weight = np.rint(np.asarray(last.weight, np.float64) * float(gain.flat[0]) * fine) / fine / float(gain.flat[0])
    per_input = UNIT * scale * model.gain_v * model.gain_u / np.where(model.keep_u < 1, 1 - model.keep_u, 1.0)
    threshold = model.initial + np.ceil(getattr(whole, "threshold", np.zeros(())) / UNIT) / scale
    return AsCompiled(
        weight,
        np.asarray(whole.bias / per_input, np.float64),
        np.asarray(threshold if neuron.spiking else math.inf, np.float64),
        np.asarray(1 - getattr(whole, "current_decay", 0) / 4096, np.float64),
        np.asarray(1 - getattr(whole, "voltage_decay", 0) / 4096, np.float64),
        1 / fine / float(gain.flat[0]),
    )
