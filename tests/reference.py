"""A Program run the slow, obvious way: plain numpy and scipy, one step at a time, sharing no code with the kernels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.signal import correlate2d

from neurokit.graph.synapses import Conv2d, Injection, Sparse
from neurokit.lower.fixedpoint import lif_step


class Run(NamedTuple):
    """One sample, by population: (steps, *shape) int64."""

    spikes: dict[str, Any]
    u: dict[str, Any]
    v: dict[str, Any]


def convolve(weight, x, stride, padding, dilation, groups):
    """Cross-correlation by scipy, channel by channel; x (channels, rows, columns)."""
    out_channels, per_group, rows, columns = weight.shape
    spread = np.zeros(
        (out_channels, per_group, dilation[0] * (rows - 1) + 1, dilation[1] * (columns - 1) + 1), weight.dtype
    )
    spread[:, :, :: dilation[0], :: dilation[1]] = weight
    padded = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    result = []
    for o in range(out_channels):
        first = o // (out_channels // groups) * per_group
        total = sum(correlate2d(padded[first + i], spread[o, i], mode="valid") for i in range(per_group))
        result.append(total[:: stride[0], :: stride[1]])
    return np.stack(result)


def matrix_of(synapse, source):
    """(targets, sources) integers, column by column."""
    if isinstance(synapse, Sparse):
        return synapse.weight.toarray().astype(np.int64)
    if not isinstance(synapse, Conv2d):
        return synapse.weight.astype(np.int64)
    columns = []
    for i in range(int(np.prod(source))):
        x = np.zeros(source, np.int64).ravel()
        x[i] = 1
        image = convolve(
            synapse.weight.astype(np.int64),
            x.reshape(source),
            synapse.stride,
            synapse.padding,
            synapse.dilation,
            synapse.groups,
        )
        columns.append(image.ravel())
    return np.stack(columns, axis=1)


def run(program, inputs, steps):
    """One sample; inputs: name -> (time, *shape)."""
    sizes = {n: int(np.prod(program.shape_of(n))) for n in [*program.inputs, *program.populations]}
    sent = {n: np.zeros((steps, size), np.int64) for n, size in sizes.items()}
    for name, values in inputs.items():
        length = min(steps, len(values))
        sent[name][:length] = np.reshape(values, (len(values), -1))[:length]
    u = {n: np.zeros((steps, sizes[n]), np.int64) for n in program.populations}
    v = {n: np.zeros((steps, sizes[n]), np.int64) for n in program.populations}
    matrices = {
        p.name: None if isinstance(p.synapse, Injection) else matrix_of(p.synapse, program.shape_of(p.source))
        for p in program.projections
    }
    for t in range(steps):
        for name, population in program.populations.items():
            shape = population.shape
            before_u = u[name][t - 1] if t else np.zeros(sizes[name], np.int64)
            before_v = v[name][t - 1] if t else np.zeros(sizes[name], np.int64)
            neuron = population.neuron
            since = t - neuron.reset_offset
            if since == 0 or (since > 0 and neuron.reset_interval and since % neuron.reset_interval == 0):
                before_u, before_v = np.zeros_like(before_u), np.zeros_like(before_v)
            total = sum(arriving(p, matrices[p.name], sent[p.source], t) for p in program.incoming(name))
            total = np.broadcast_to(np.asarray(total, np.int64), (sizes[name],))
            new_u, new_v, fired = lif_step(
                neuron, before_u.reshape(shape), before_v.reshape(shape), total.reshape(shape)
            )
            if neuron.held and t < neuron.reset_offset:
                continue
            u[name][t], v[name][t], sent[name][t] = new_u.ravel(), new_v.ravel(), fired.ravel()

    def shaped(arrays):
        return {n: arrays[n].reshape(steps, *p.shape) for n, p in program.populations.items()}

    return Run(shaped(sent), shaped(u), shaped(v))


def arriving(projection, matrix, sent, t):
    """Synaptic input of step t; each delay's sum is shifted by itself, a convolution's wraps at 24 bits."""
    if matrix is None:
        return sent[t]
    delays = np.broadcast_to(projection.delay, matrix.shape)
    exponent = projection.synapse.exponent
    total = np.zeros(matrix.shape[0], np.int64)
    for d in np.unique(delays):
        if t >= d:
            part = np.where(delays == d, matrix, 0) @ sent[t - d]
            part = part << exponent if exponent > 0 else part >> -exponent
            if isinstance(projection.synapse, Conv2d):
                part = (part + 2**23) % 2**24 - 2**23
            total += part
    return total


def random_csr(rng, shape, density, low, high):
    mask = rng.random(shape) < density
    return sp.csr_matrix(np.where(mask, rng.integers(low, high + 1, shape), 0))
