"""Random synapses with zeros among their weights."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from neurokit.graph.synapses import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    ResizeConv2d,
    Shape,
    Sparse,
    SumPool2d,
    Synapse,
)
from neurokit.place.layout import Layout


@st.composite
def connections(draw: st.DrawFn) -> tuple[Synapse, Shape, Shape]:
    """(synapse, source shape, target shape)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["conv", "resized", "transposed", "pool", "dense", "sparse"]))
    if kind not in ("dense", "sparse"):
        groups = draw(st.integers(1, 2))
        source = (groups * draw(st.integers(1, 2)), draw(st.integers(3, 7)), draw(st.integers(3, 7)))
        shape = (
            groups * draw(st.integers(1, 3)),
            source[0] // groups,
            draw(st.integers(1, 3)),
            draw(st.integers(1, 3)),
        )
        pairs = [(draw(st.integers(low, high)), draw(st.integers(low, high))) for low, high in ((1, 3), (0, 2), (1, 2))]
        conv: Synapse = Conv2d(_weights(rng, shape), *pairs, groups)
        if kind == "resized":
            conv = ResizeConv2d(
                (draw(st.integers(1, 12)), draw(st.integers(1, 12))), _weights(rng, shape), *pairs, groups
            )
        if kind == "transposed":
            weight = _weights(rng, (source[0], shape[0] // groups, *shape[2:]))
            conv = ConvTranspose2d(weight, *pairs[:2], (0, 0), pairs[2], groups)
        if kind == "pool":
            conv = SumPool2d((shape[2], shape[3]), *pairs[:2], np.asarray(draw(st.integers(-9, 9))))
        found = conv.output_shape(source)
        if found is not None:
            return conv, source, found
    sources, targets = draw(st.integers(1, 9)), draw(st.integers(1, 12))
    weights = _weights(rng, (targets, sources))
    return (Dense(weights) if kind == "dense" else Sparse(sp.csr_matrix(weights))), (sources,), (targets,)


@st.composite
def layouts(draw: st.DrawFn, shape: Shape | None = None, image: bool | None = None) -> Layout:
    """Any way to cut an image, or `shape`."""
    shape = shape or tuple(draw(st.integers(1, most)) for most in (5, 6, 6))
    cut = draw(
        st.sampled_from(["runs", "tiles"] if image else ["neurons"] if image is False else ["neurons", "runs", "tiles"])
    )
    sizes = {"neurons": (math.prod(shape),), "runs": (shape[0], math.prod(shape[1:])), "tiles": shape}[cut]
    block = tuple(draw(st.integers(1, size)) for size in sizes)
    orders = (
        [tuple(draw(st.permutations(range(n)))) for n in shape[1:]] if cut == "tiles" and draw(st.booleans()) else []
    )
    return Layout(shape, cut, block, *orders)


def _weights(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.integers(-9, 9, shape) * (rng.random(shape) < 0.6)
