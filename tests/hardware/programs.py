"""Small Programs for tests: made by hand, and drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense, Injection, Shape, Sparse, Synapse, pair


def neuron(threshold: Any = 64 * 40, **changes: Any) -> LoihiLIF:
    """A leaky neuron that a few spikes of weight 60 make fire."""
    return LoihiLIF(**{"current_decay": 1500, "voltage_decay": 300, "threshold": threshold, **changes})


def program(
    inputs: dict[str, Shape],
    populations: dict[str, tuple[Shape, LoihiLIF]],
    projections: dict[tuple[str, str], tuple[Synapse, Any]],
    outputs: tuple[str, ...],
) -> Program:
    """A Program from names; projections: (source, target) -> (synapse, delay)."""
    made = {name: Population(name, *rest) for name, rest in populations.items()}
    return Program(
        inputs={name: Input(name, shape) for name, shape in inputs.items()},
        populations=made,
        projections=tuple(Projection(s, t, (syn,), np.array(d)) for (s, t), (syn, d) in projections.items()),
        outputs={name: made[name] for name in outputs},
    )


def one_projection(synapse: Synapse, source: Shape, target: Shape, delay: Any = 1, **changes: Any) -> Program:
    """in -> out through `synapse`."""
    return program(
        {"in": source}, {"out": (target, neuron(**changes))}, {("in", "out"): (synapse, delay)}, outputs=("out",)
    )


def weights(rng: np.random.Generator, shape: Shape, kind: str = "mixed") -> Any:
    """Integers of a sign mode: "mixed", "even" (beyond 127), "excitatory", "inhibitory", "zero"."""
    if kind == "zero":
        return np.zeros(shape, np.int64)
    if kind == "even":
        return 2 * rng.integers(-128, 128, shape)
    low, high = {"mixed": (-128, 128), "excitatory": (0, 256), "inhibitory": (-255, 1)}[kind]
    return rng.integers(low, high, shape)


def sparse(rng: np.random.Generator, targets: int, sources: int, kind: str = "mixed") -> sp.csr_matrix:
    """About half of the connections."""
    return sp.csr_matrix(weights(rng, (targets, sources), kind) * rng.integers(0, 2, (targets, sources)))


def spikes(rng: np.random.Generator, *shape: int, rate: float = 0.3) -> Any:
    """Zeros and ones."""
    return (rng.random(shape) < rate).astype(np.int64)


KINDS = st.sampled_from(["mixed", "even", "excitatory", "inhibitory", "zero"])


@st.composite
def neurons(draw: st.DrawFn, rng: np.random.Generator, shape: Shape, silent: bool) -> LoihiLIF:
    """Any neuron within the chip's ranges; silent: it may be a readout, to which nothing listens."""
    each = shape if draw(st.booleans()) else ()
    offset = draw(st.integers(0, 9))
    unit = draw(st.sampled_from([64, 1]))
    return LoihiLIF(
        current_decay=rng.choice([0, 1, 700, 4095, 4096], each),
        voltage_decay=rng.choice([0, 1, 200, 4095, 4096], each),
        threshold=rng.integers(0, 9000 // unit, each) * unit,
        bias_mantissa=rng.integers(-300, 300, each),
        bias_exponent=rng.integers(-7, 4, each),
        reset=draw(st.sampled_from(["hard", "hard", "soft"])),
        reset_value=rng.integers(-100, 3000, each) * draw(st.sampled_from([0, 1])),
        reset_interval=draw(st.sampled_from([0, 0, 1, 4, 7])),
        reset_offset=offset * draw(st.sampled_from([0, 1])),
        emits=not silent or draw(st.booleans()),
    )


@st.composite
def programs(draw: st.DrawFn) -> tuple[Program, dict[str, Any], int]:
    """(program, inputs with 2 samples, steps): an image and a flat input, a convolution, recurrence, several joints."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    conv = _draw_conv(draw, rng)
    image = (2, int(rng.integers(4, 7)), int(rng.integers(4, 7)))
    seen = conv.output_shape(image)
    assert seen is not None
    size, pixels = int(rng.integers(1, 6)), int(np.prod(seen))
    graded = draw(st.booleans())
    projections: dict[tuple[str, str], tuple[Synapse, Any]] = {
        ("image", "seen"): (conv, draw(st.integers(1, 4))),
        ("seen", "hidden"): (Dense(weights(rng, (size, pixels), draw(KINDS)), exponent=draw(EXPONENTS)), draw(DELAYS)),
        ("flat", "hidden"): _draw_flat(draw, rng, size, 5),
        ("hidden", "hidden"): _draw_flat(draw, rng, size, size),
        ("hidden", "seen"): _draw_flat(draw, rng, pixels, size),
    }
    if draw(st.booleans()):
        projections["image", "imaged"] = (Injection(), 0)
        projections["seen", "imaged"] = (Dense(weights(rng, (int(np.prod(image)), pixels))), 2)
    else:
        projections["seen", "imaged"] = (Sparse(sparse(rng, int(np.prod(image)), pixels)), 1)
    shapes: dict[str, Shape] = {"seen": seen, "hidden": (size,), "imaged": image}
    made = program(
        {"image": image, "flat": (5,)},
        {name: (shape, draw(neurons(rng, shape, name == "imaged"))) for name, shape in shapes.items()},
        projections,
        outputs=("hidden", "imaged"),
    )
    steps = draw(st.integers(1, 14))
    flat = rng.integers(-30, 31, (2, steps, 5)) if graded else spikes(rng, 2, steps, 5)
    return made, {"image": spikes(rng, 2, max(1, steps - 2), *image), "flat": flat}, steps


EXPONENTS = st.integers(-3, 4)
DELAYS = st.integers(1, 6)


def _draw_conv(draw: st.DrawFn, rng: np.random.Generator) -> Conv2d:
    groups = draw(st.sampled_from([1, 2]))
    kernel = tuple(rng.integers(1, 4, 2))
    stride, padding = pair(rng.integers(1, 3, 2)), pair(rng.integers(0, 3, 2))
    dilation = (1, draw(st.sampled_from([1, 2]))) if kernel[1] < 3 else (1, 1)
    weight = weights(rng, (4, 2 // groups, *kernel), draw(KINDS))
    return Conv2d(weight, stride, padding, dilation, groups, exponent=draw(st.integers(0, 3)))


def _draw_flat(draw: st.DrawFn, rng: np.random.Generator, targets: int, sources: int) -> tuple[Synapse, Any]:
    exponent, kind = draw(EXPONENTS), draw(KINDS)
    delay = rng.integers(1, 6, (targets, sources)) if draw(st.booleans()) else draw(DELAYS)
    if draw(st.booleans()):
        return Dense(weights(rng, (targets, sources), kind), exponent=exponent), delay
    return Sparse(sparse(rng, targets, sources, kind), exponent=exponent), delay
