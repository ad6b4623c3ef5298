"""Where training starts: the published settings, and weights drawn by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.learn.btsp.network import DendriticNet, Floats, Sizes, Weights, is_inhibitory

PUBLISHED = "network_config/mnist/20241212_EIANN_2_hidden_mnist_BTSP_config_5L_complete_optimized.yaml of EIANN"


@dataclass(frozen=True)
class Layer:
    """Constants of one layer (EIANN's optimised configuration 5L, see PUBLISHED).

    scales: of the uniform draws, from 0 to scale / sqrt(sources), by (target's kind, source's kind); "up" is the layer
    below. w_max: of the excitatory weights from below. learning_rate: of these. top_down: scale of the transposed
    weights. dendritic: sums of the weights into DendI from E and from DendI.
    """

    scales: dict[tuple[str, str], float]
    w_max: float
    learning_rate: float
    top_down: float = 0.0
    dendritic: tuple[float, float] = (0.0, 0.0)


FIRST = Layer(
    {
        ("E", "up"): 3.5237,
        ("E", "SomaI"): 2.1960,
        ("E", "DendI"): 1.4309,
        ("SomaI", "up"): 2.2087,
        ("SomaI", "E"): 0.7036,
        ("SomaI", "SomaI"): 1.1848,
    },
    w_max=0.35201,
    learning_rate=0.010099,
    top_down=0.15339,
    dendritic=(22.151, 2.5624),
)
SECOND = Layer(
    {
        ("E", "up"): 0.8324,
        ("E", "SomaI"): 0.2761,
        ("E", "DendI"): 6.2109,
        ("SomaI", "up"): 2.4757,
        ("SomaI", "E"): 0.3042,
        ("SomaI", "SomaI"): 1.0033,
    },
    w_max=0.44079,
    learning_rate=0.010099,
    top_down=5.9497,
    dendritic=(53.460, 2.5428),
)
OUTPUT = Layer(
    {
        ("E", "up"): 8.5974,
        ("E", "SomaI"): 0.1893,
        ("SomaI", "up"): 1.1341,
        ("SomaI", "E"): 0.1276,
        ("SomaI", "SomaI"): 1.0732,
    },
    w_max=0.43527,
    learning_rate=0.025824,
)
DENDRITIC_LOSS_RATE = 0.053967  # DendI -> E
TO_DENDI_RATE, AMONG_DENDI_RATE = 0.14767, 0.051687
DISCOUNT = 0.016166  # of what the sample before left
PUBLISHED_SIZES = Sizes((784, 500, 500, 10), (50, 50, 10), (50, 50))


def layer_of(sizes: Sizes, k: int) -> Layer:
    """Constants of layer k (1: the first hidden one); further hidden layers are as the second."""
    return OUTPUT if k == len(sizes.excitatory) - 1 else FIRST if k == 1 else SECOND


def initial(sizes: Sizes, seed: int, feedback: str = "transposed") -> DendriticNet:
    """Weights by the published distributions. feedback: "transposed", or "random" matrices that learning may change.

    A random top-down matrix is drawn from 0 to twice the mean of the transposed one.
    """
    rng = np.random.default_rng(seed)
    weights: Weights = {}
    for name, shape in sizes.shapes(feedback == "random").items():
        weights[name] = _drawn(rng, sizes, name, shape)
    scales = tuple(layer_of(sizes, k).top_down for k in range(1, len(sizes.excitatory) - 1))
    return DendriticNet(sizes, weights, scales if feedback == "transposed" else None)


def _drawn(rng: np.random.Generator, sizes: Sizes, name: str, shape: tuple[int, int]) -> Floats:
    target, source = name.split("_")
    label = next(label for label in sorted(sizes.labels, key=len, reverse=True) if target.startswith(label))
    k = sizes.labels.index(label)
    constants, own = layer_of(sizes, k), source.startswith(label)
    sign = -1.0 if is_inhibitory(name) else 1.0
    draw = rng.random(shape)
    silence_self(draw, name)
    if target.endswith("DendI"):
        total = constants.dendritic[1 if source.endswith("DendI") else 0]
        return _single(sign * draw * total / draw.sum(1, keepdims=True))
    if k + 1 < len(sizes.labels) and source == f"{sizes.labels[k + 1]}E":
        above = layer_of(sizes, k + 1)
        up = above.scales["E", "up"] / np.sqrt(shape[0])
        return _single(constants.top_down * up * draw)
    kind = source[len(label) :] if own else "up"
    scale = constants.scales[target[len(label) :], kind] / np.sqrt(shape[1])
    if kind == "up" and target.endswith("E"):
        scale = min(scale, constants.w_max)
    return _single(sign * scale * draw)


def _single(matrix: NDArray[Any]) -> Floats:
    found: Floats = matrix.astype(np.float32)
    return found


def silence_self(matrix: NDArray[Any], name: str) -> None:
    """No neuron inhibits itself: changes `matrix` in place."""
    target, source = name.split("_")
    if target == source:
        np.fill_diagonal(matrix, 0)
