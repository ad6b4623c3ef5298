"""Random sound Programs, drawn by hypothesis or from a seed."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from neurokit.graph.check import check_program
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Sparse
from tests.reference import random_csr


def neuron(rng, shape, stock=False):
    """Any LoihiLIF; stock: one that Lava's own LIF or LIFReset can be."""
    per = (lambda: shape) if rng.random() < 0.4 else (lambda: ())
    threshold = 64 * rng.integers(1, 400, per()) - (0 if stock or rng.random() < 0.5 else rng.integers(0, 64, per()))
    soft = not stock and rng.random() < 0.3
    scheduled = rng.random() < 0.3
    interval = int(rng.integers(4, 9)) if scheduled else 0
    return LoihiLIF(
        current_decay=rng.choice([0, 1, 400, 2048, 4095, 4096]),
        voltage_decay=rng.choice([0, 1, 128, 1024, 4096]),
        threshold=threshold,
        bias_mantissa=rng.integers(-100, 400, shape if rng.random() < 0.5 else ()),
        bias_exponent=np.asarray(rng.integers(-2, 7)),
        reset="soft" if soft else "hard",
        reset_value=threshold if soft else np.asarray(0 if stock or rng.random() < 0.7 else rng.integers(-500, 64)),
        reset_interval=interval,
        reset_offset=int(rng.integers(0, interval)) if scheduled else 0,
        held=not stock and scheduled and bool(rng.random() < 0.3),
    )


def weights(rng, shape):
    """Integers of one of Loihi's sign modes."""
    low, high, step = [(-128, 127, 1), (-256, 254, 2), (0, 255, 1), (-255, 0, 1), (-8, 7, 1)][rng.integers(5)]
    found = rng.integers(low // step, high // step + 1, shape) * step
    if low < 0 < high and not found.min() < 0 < found.max():
        found = np.clip(found, -255, 255)  # by chance of one sign, whose limits are these
    return found


def synapse(rng, source, target):
    """A map from `source` to `target` shape, and its target shape (convolutions choose their own)."""
    sizes = int(np.prod(target)), int(np.prod(source))
    exponent = int(rng.integers(-2, 4))
    if len(source) == 3 and rng.random() < 0.75:
        groups = int(rng.choice([g for g in (1, 2, source[0]) if source[0] % g == 0]))
        out = groups * int(rng.integers(1, 3))
        kernel = (out, source[0] // groups, int(rng.integers(1, 4)), int(rng.integers(1, 4)))
        stride, padding, dilation = (tuple(int(n) for n in rng.integers(low, 3, 2)) for low in (1, 0, 1))
        found = Conv2d(weights(rng, kernel), stride, padding, dilation, groups, exponent=max(0, exponent))
        shape = found.output_shape(source)
        if shape is not None:
            return found, shape
    if rng.random() < 0.4:
        matrix = random_csr(rng, sizes, 0.3, 0, 0)
        matrix = random_csr(rng, sizes, 0.3, -128, 127) if rng.random() < 0.7 else matrix
        return Sparse(matrix, exponent=exponent), target
    return Dense(weights(rng, sizes), exponent=exponent), target


def delay(rng, found, source, target):
    """Uniform, per target, per source or per synapse."""
    sizes = int(np.prod(target)), int(np.prod(source))
    if isinstance(found, Conv2d) or rng.random() < 0.5:
        return int(rng.choice([1, 1, 1, 3]))
    shape = [(sizes[0], 1), (1, sizes[1]), sizes][rng.integers(3)]
    return rng.integers(1, 6, shape)


def random_program(seed, stock=False):
    """A small network of 1 to 4 populations: chains, branches, recurrence, images and vectors."""
    rng = np.random.default_rng(seed)
    image = rng.random() < 0.6
    shape = (int(rng.choice([1, 2, 4])), int(rng.integers(3, 7)), int(rng.integers(3, 7))) if image else (7,)
    shapes = {"in": shape}
    populations, projections = {}, []
    for k in range(int(rng.integers(1, 5))):
        name = f"p{k}"
        source = str(rng.choice(list(shapes)))
        found, target = synapse(rng, shapes[source], (int(rng.integers(2, 9)),))
        populations[name] = Population(name, target, neuron(rng, target, stock))
        projections.append(Projection(source, name, (found,), delay(rng, found, shapes[source], target)))
        shapes[name] = target
        for other in list(populations):  # a second way in, or a loop
            if rng.random() < 0.25 and (other, name) not in [(p.source, p.target) for p in projections]:
                size = (int(np.prod(target)), int(np.prod(shapes[other])))
                extra = Dense(weights(rng, size), exponent=0)
                projections.append(Projection(other, name, (extra,), delay(rng, extra, shapes[other], target)))
    return check_program(
        Program({"in": Input("in", shape)}, populations, tuple(projections), {name: populations[name]})
    )


def random_input(seed, program, steps=20, graded=False):
    """(steps, *shape): spikes, or signed payloads."""
    rng = np.random.default_rng(seed + 1)
    shape = (steps, *program.inputs["in"].shape)
    active = rng.random(shape) < rng.choice([0.05, 0.3, 0.9])
    return active * rng.integers(-50, 51, shape) if graded else active.astype(np.int64)


seeds = st.integers(0, 2**31)
