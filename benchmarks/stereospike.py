"""StereoSpike v2 (arXiv 2109.13751v2) at full size, 260x346: its layers, with random 8-bit weights.

All neurons forget everything after a step (both decays are 4096), which is what resetting the network before each input
frame comes to: a neuron fires where the sum of one frame exceeds its threshold. A sum of two populations ("add" in the
paper) is two projections with the same weights. Delays let each frame's spikes meet at the same step: a projection's
delay is the difference of the depths of its ends. So one frame goes in at step 0 and its prediction is v of the readout
at step DEPTH["readout"], the last of the run; all other steps are silent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import neurokit as nk
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, ResizeConv2d

FULL = (260, 346)
CHANNELS = 32  # of the first layer; 64, 128, 256, 512 follow
SEED = 20
RATE = 0.12  # of the spiking layers
# Sums of one frame above which 12 % of a layer's neurons lie, at full size (read off torch's sums).
THRESHOLDS = {
    "bottom": 198,
    "conv1": 553,
    "conv2": 796,
    "conv3": 1101,
    "conv4": 1521,
    "block1a": 1330,
    "block1b": 1305,
    "block2a": 1868,
    "block2b": 1336,
    "deconv4": 4520,
    "deconv3": 2289,
    "deconv2": 1592,
    "deconv1": 1129,
}
DEVIATIONS = 0.9  # for other sizes: of a normal distribution, thresholds that let through somewhat more


@dataclass(frozen=True)
class Layer:
    """One convolution: sources are added up, resized by nearest neighbour where `size` says so, convolved.

    size: (rows, columns) after the resize. weight: (out channels, in channels, rows, columns) int8.
    """

    name: str
    sources: tuple[str, ...]
    shape: tuple[int, int, int]
    weight: NDArray[np.int8]
    stride: int
    padding: int
    size: tuple[int, int] | None
    threshold: int


def layers(image: tuple[int, int] = FULL, channels: int = CHANNELS) -> list[Layer]:
    """All layers from input to readout; the four predictions come last and share the target "readout"."""
    rng = np.random.default_rng(SEED)
    sizes = [image]
    for _ in range(4):
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    width = [channels << k for k in range(5)]
    made: list[Layer] = []

    def add(
        name: str, sources: tuple[str, ...], inner: int, shape: tuple[int, int, int], kernel: int, kind: str
    ) -> None:
        weight = rng.integers(-90, 91, (shape[0], inner, kernel, kernel))
        weight = np.rint(weight - weight.mean(axis=(1, 2, 3), keepdims=True)).astype(np.int8)
        spread = np.sqrt(len(sources) * RATE * np.square(weight.astype(float)).sum() / shape[0])
        size = (shape[1] + kernel - 1, shape[2] + kernel - 1) if kind == "resize" else None
        padding = 0 if kind == "resize" else kernel // 2
        stride = 2 if kind == "halve" else 1
        known = THRESHOLDS.get(name) if (image, channels) == (FULL, CHANNELS) else None
        threshold = int(DEVIATIONS * spread) if known is None else known
        made.append(Layer(name, sources, shape, weight, stride, padding, size, threshold))

    add("bottom", ("in",), 4, (width[0], *sizes[0]), 5, "keep")
    names = ["bottom", "conv1", "conv2", "conv3", "conv4"]
    for k in range(1, 5):
        add(names[k], (names[k - 1],), width[k - 1], (width[k], *sizes[k]), 5, "halve")
    deep = (width[4], *sizes[4])
    add("block1a", ("conv4",), width[4], deep, 3, "keep")
    add("block1b", ("block1a",), width[4], deep, 3, "keep")
    add("block2a", ("block1b", "conv4"), width[4], deep, 3, "keep")
    add("block2b", ("block2a",), width[4], deep, 3, "keep")
    above: tuple[str, ...] = ("block2b", "block1b", "conv4")
    predictions = []
    for k in (4, 3, 2, 1):
        add(f"deconv{k}", above, width[k], (width[k - 1], *sizes[k - 1]), 5, "resize")
        above = (f"deconv{k}", names[k - 1])
        predictions.append((k, above))
    for k, sources in predictions:
        add(f"predict{k}", sources, width[k - 1], (1, *image), 3, "resize")
    return made


def target_of(layer: Layer) -> str:
    """The population a layer feeds."""
    return "readout" if layer.name.startswith("predict") else layer.name


def depths(made: list[Layer]) -> dict[str, int]:
    """Steps behind the input, one for each layer on the longest way."""
    result = {"in": 0}
    for layer in made:
        name = target_of(layer)
        result[name] = max(result.get(name, 0), 1 + max(result[source] for source in layer.sources))
    return result


def program(made: list[Layer]) -> nk.Program:
    """The network in the chip's integers."""
    depth = depths(made)
    populations, projections = {}, []
    for layer in made:
        target = target_of(layer)
        silent = target == "readout"
        neuron = LoihiLIF(
            current_decay=4096, voltage_decay=4096, threshold=64 * (1 if silent else layer.threshold), emits=not silent
        )
        populations[target] = Population(target, layer.shape, neuron)
        synapse: Conv2d | ResizeConv2d
        if layer.size is None:
            synapse = Conv2d(layer.weight, stride=layer.stride, padding=layer.padding)
        else:
            synapse = ResizeConv2d(layer.size, layer.weight)
        for source in layer.sources:
            projections.append(Projection(source, target, (synapse,), np.asarray(depth[target] - depth[source])))
    image = made[0].shape[1:]
    inputs = {"in": Input("in", (4, *image))}
    network = Network(inputs, populations, tuple(projections), {"readout": populations["readout"]}, dt=1.0)
    return nk.compile(network)


def frame(image: tuple[int, int] = FULL) -> NDArray[np.uint8]:
    """Counts of events, (4, rows, columns): 0 to 3, about 10 % of the places not 0."""
    return np.minimum(np.random.default_rng(SEED).poisson(0.105, (4, *image)), 3).astype(np.uint8)
