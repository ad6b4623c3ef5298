"""Networks for tests: chains of layers built in a line, and random sound ones drawn from a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

import neurokit as nk
from neurokit.errors import NeurokitError
from neurokit.graph.check import check_network
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import IF, LIF, CubaLIF, Integrator, LeakyIntegrator
from neurokit.graph.synapses import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    Sparse,
    SumPool2d,
    Upsample2d,
    chain_shape,
)


def network(*layers, shape=(2,), dt=None):
    """A chain `in -> p0 -> p1 ...` from inputs of `shape`; a layer is (map or tuple of maps, neuron)."""
    populations, projections, before, size = {}, [], "in", shape
    for k, (maps, neuron) in enumerate(layers):
        maps = maps if isinstance(maps, tuple) else (maps,)
        name, size = f"p{k}", chain_shape(maps, size)
        assert size is not None, f"layer {k} does not accept its input"
        populations[name] = Population(name, size, neuron)
        projections.append(Projection(before, name, maps))
        before = name
    return Network({"in": Input("in", shape)}, populations, tuple(projections), {before: populations[before]}, dt=dt)


def joined(graph, *projections):
    """`graph` with further projections."""
    return replace(graph, projections=(*graph.projections, *projections))


def compiled_or_refused(graph, **options):
    """The Program, or None for thresholds and biases that the chip cannot hold beside the graph's weights."""
    try:
        return nk.compile(graph, **options)
    except NeurokitError as error:
        refused = ("threshold", "is so far above", "would round to zero")
        if all(any(words in fault.fact for words in refused) for fault in error.faults):
            return None
        raise


def random_map(rng, shape, biased=True):
    """A float map that accepts `shape`, with a bias where the map has one and `biased` is set."""

    def some(n):
        return rng.normal(size=n) if biased and rng.random() < 0.7 else None

    if len(shape) == 3:
        kind = rng.integers(6)
        if kind == 4:
            return Upsample2d(tuple(int(n) for n in rng.integers(1, 8, 2)))
        if kind == 5:
            groups = int(rng.choice([g for g in (1, 2) if shape[0] % g == 0]))
            weight = rng.normal(size=(shape[0], int(rng.integers(1, 3)), *rng.integers(1, 4, 2)))
            stride, padding, dilation = (tuple(int(n) for n in rng.integers(low, 3, 2)) for low in (1, 0, 1))
            extra = tuple(int(rng.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True))
            return ConvTranspose2d(weight, stride, padding, extra, dilation, groups, some(weight.shape[1] * groups))
        if kind == 0:
            groups = int(rng.choice([g for g in (1, 2) if shape[0] % g == 0]))
            out = groups * int(rng.integers(1, 3))
            weight = rng.normal(size=(out, shape[0] // groups, int(rng.integers(1, 4)), int(rng.integers(1, 4))))
            stride, padding, dilation = (tuple(int(n) for n in rng.integers(low, 3, 2)) for low in (1, 0, 1))
            return Conv2d(weight, stride, padding, dilation, groups, some(out))
        if kind in (1, 2):
            kernel = tuple(int(n) for n in rng.integers(1, 4, 2))
            stride = kernel if rng.random() < 0.6 else tuple(int(n) for n in rng.integers(1, 4, 2))
            padding = (0, 0) if rng.random() < 0.6 else tuple(int(n) for n in rng.integers(0, 2, 2))
            return SumPool2d(kernel, stride, padding, float(rng.choice([1.0, 1 / (kernel[0] * kernel[1])])))
        return Flatten()
    size = int(np.prod(shape))
    out = int(rng.integers(1, 6))
    if rng.random() < 0.3:
        listed = (rng.random((out, size)) < 0.5) * rng.normal(size=(out, size))
        return Sparse(sp.csr_matrix(listed), some(out))
    return Dense(rng.normal(size=(out, size)), some(out))


def random_chain(rng, shape, length):
    """Maps that accept `shape` one after the other, and the shape they give."""
    maps = []
    while len(maps) < length:
        found = random_map(rng, shape)
        after = found.output_shape(shape)
        if after is not None:
            maps.append(found)
            shape = after
    return tuple(maps), shape


def random_neuron(rng, shape):
    """Any float neuron, with parameters alike or one a neuron (all of them: numba compiles each mixture anew)."""
    size = shape if rng.random() < 0.3 else ()

    def positive(low, high):
        return rng.uniform(low, high, size)

    spiking = {
        "threshold": positive(0.5, 2.0),
        "v_reset": np.asarray(rng.choice([0.0, -0.25])),
        "reset": str(rng.choice(["hard", "soft"])),
        "fires": str(rng.choice([">", ">="])),
    }
    kind = rng.integers(5)
    if kind == 0:
        return IF(r=positive(0.5, 2), v_initial=np.asarray(rng.choice([0.0, 0.25])), **spiking)
    if kind == 1:
        return LIF(tau=positive(2e-3, 5e-2), r=positive(0.5, 2), v_leak=np.asarray(rng.choice([0.0, 0.1])), **spiking)
    if kind == 2:
        return CubaLIF(tau_syn=positive(2e-3, 1e-2), tau_mem=positive(2e-3, 5e-2), w_in=positive(0.5, 2), **spiking)
    if kind == 3:
        return Integrator(r=positive(0.5, 2))
    return LeakyIntegrator(tau=positive(2e-3, 5e-2))


def random_network(seed):
    """One to three populations behind an image or a vector, with branches, delays and a recurrent projection."""
    rng = np.random.default_rng(seed)
    shape = (2, int(rng.integers(3, 7)), int(rng.integers(3, 7))) if rng.random() < 0.5 else (5,)
    shapes, populations, projections = {"in": shape}, {}, []
    for k in range(int(rng.integers(1, 4))):
        source = str(rng.choice([n for n in shapes if n == "in" or populations[n].neuron.spiking]))
        maps, target = random_chain(rng, shapes[source], int(rng.integers(1, 4)))
        name = f"p{k}"
        populations[name] = Population(name, target, random_neuron(rng, target))
        projections.append(Projection(source, name, maps, 1e-3 * rng.integers(0, 4)))
        shapes[name] = target
        if populations[name].neuron.spiking and rng.random() < 0.3:
            size = int(np.prod(target))
            delay = 1e-3 * rng.integers(1, 4, (size, 1) if rng.random() < 0.5 else ())
            projections.append(Projection(name, name, (Dense(rng.normal(size=(size, size)) / size),), delay))
    start, end = {"in": Input("in", shape)}, {name: populations[name]}
    return check_network(Network(start, populations, tuple(projections), end, dt=1e-3, source="random"))
