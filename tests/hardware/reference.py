"""The meaning of a Program, written as plainly as possible: loops over steps, projections and kernel elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.network import Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Injection, Sparse
from neurokit.lower.fixedpoint import lif_step, shift, wrap24

Ints = NDArray[np.int64]


@dataclass
class Reference:
    """One sample: name -> (steps, *shape)."""

    spikes: dict[str, Ints]
    u: dict[str, Ints]
    v: dict[str, Ints]


def run_reference(program: Program, inputs: Mapping[str, Any], steps: int) -> Reference:
    """Run one sample, inputs: name -> (input steps, *shape), from zero state."""
    shapes = {name: population.shape for name, population in program.populations.items()}
    result = Reference(*({n: np.zeros((steps, *s), np.int64) for n, s in shapes.items()} for _ in range(3)))
    payloads = {name: np.zeros((steps, *node.shape), np.int64) for name, node in program.inputs.items()}
    for name, values in inputs.items():
        payloads[name][: len(values)] = values[:steps]
    payloads.update(result.spikes)
    for t in range(steps):
        for name, shape in shapes.items():
            neuron = program.neuron(name)
            a = np.zeros(shape, np.int64)
            for projection in program.incoming(name):
                a += _arriving(projection, payloads[projection.source], t).reshape(shape)
            fresh = t == 0 or resets(neuron, t)
            u, v = (np.zeros(shape, np.int64) if fresh else state[name][t - 1] for state in (result.u, result.v))
            result.u[name][t], result.v[name][t], result.spikes[name][t] = lif_step(neuron, u, v, a)
    return result


def resets(neuron: LoihiLIF, step: int) -> bool:
    """Whether u and v become zero before `step`."""
    if neuron.reset_interval == 0:
        return step == neuron.reset_offset
    return step in range(neuron.reset_offset, step + 1, neuron.reset_interval)


def _arriving(projection: Projection, payloads: Ints, t: int) -> Ints:
    synapse = projection.synapse
    if isinstance(synapse, Injection):
        return np.asarray(payloads[t])
    total: Any = 0
    for delay in np.unique(projection.delay):
        then = payloads[t - delay] if t >= delay else np.zeros_like(payloads[0])
        total = total + _apply(synapse, then, projection.delay == delay)
    return np.asarray(total)


def _apply(synapse: Any, payload: Ints, chosen: NDArray[np.bool_]) -> Ints:
    if isinstance(synapse, Conv2d):
        assert chosen.all()
        return wrap24(shift(cross_correlate(synapse, payload), synapse.exponent))
    assert isinstance(synapse, Dense | Sparse)
    weight = synapse.weight.toarray() if isinstance(synapse, Sparse) else synapse.weight
    weight = np.where(np.broadcast_to(chosen, weight.shape), weight, 0).astype(np.int64)
    total: Ints = shift(weight @ payload.ravel(), synapse.exponent)
    return total


def cross_correlate(synapse: Conv2d, image: Ints) -> Ints:
    """Conv2d by its definition."""
    shape = synapse.output_shape(image.shape)
    assert shape is not None
    (pad_y, pad_x), (stride_y, stride_x), (dil_y, dil_x) = synapse.padding, synapse.stride, synapse.dilation
    padded = np.pad(image, ((0, 0), (pad_y, pad_y), (pad_x, pad_x)))
    out = np.zeros(shape, np.int64)
    outs, ins = shape[0] // synapse.groups, synapse.weight.shape[1]
    for o, i, ky, kx in np.ndindex(*synapse.weight.shape):
        channel = (o // outs) * ins + i
        rows = ky * dil_y + stride_y * np.arange(shape[1])
        columns = kx * dil_x + stride_x * np.arange(shape[2])
        out[o] += synapse.weight[o, i, ky, kx] * padded[channel][np.ix_(rows, columns)]
    return out
