"""StereoSpike in plain numpy: random state_dicts, event counts, and a forward pass written from the paper's figure."""

from __future__ import annotations

import numpy as np

WIDTHS = (1, 2, 4, 8, 16)  # channels of the encoder over those of its first layer
ENCODER = ("bottom", "conv1", "conv2", "conv3", "conv4")
RATE = 0.1  # of counts, and about of spikes


def random_v2(seed=0, width=3, channels=4):
    """(state_dict, thresholds): whole weights over the layer's threshold, so that sums are compared with 1.

    Predictions are whole numbers of metres, and so are their biases.
    """
    rng = np.random.default_rng(seed)
    wide = [width * n for n in WIDTHS]
    found, thresholds = {}, {}

    def add(name, key, out, inner, kernel, sources=1):
        weight = rng.integers(-30, 31, (out, inner, kernel, kernel))
        weight -= np.rint(weight.mean(axis=(1, 2, 3), keepdims=True)).astype(int)
        weight.flat[0] = 1  # the unit
        spread = np.sqrt(sources * 2 * RATE * np.square(weight).sum() / out)
        # a power of two, so that floats are exact, too; lower further in, where there are few sources
        thresholds[name] = 1 << int(np.log2((1.2 if len(thresholds) < 2 else 0.5) * spread))
        found[key] = weight / thresholds[name]

    for name, out, inner in zip(ENCODER, wide, (channels, *wide[:-1]), strict=True):
        add(name, f"{name}.0.weight", out, inner, 5)
    for block in (0, 1):
        for k in (1, 2):
            name = f"bottleneck.{block}.conv{k}"
            add(name, f"{name}.0.weight", wide[4], wide[4], 3, 1 + block)
    for k in (4, 3, 2, 1):
        add(f"deconv{k}", f"deconv{k}.0.up.1.weight", wide[k - 1], wide[k], 5, 3 if k == 4 else 2)
    for k in (4, 3, 2, 1):
        weight = rng.integers(-126, 128, (1, wide[k - 1], 3, 3)).astype(float)
        weight.flat[:2] = 127, -126
        found[f"predict_depth{k}.0.up.1.weight"] = weight
        found[f"predict_depth{k}.0.up.1.bias"] = rng.integers(1, 90, 1).astype(float)
    return found, thresholds


def counts(frames, channels=4, size=(20, 26), seed=1):
    """Events of so many windows, 0 to 3 a pixel, (frames, channels, rows, columns)."""
    rng = np.random.default_rng(seed)
    return np.minimum(rng.poisson(2 * RATE, (frames, channels, *size)), 3)


def forward_v2(state, thresholds, events, skips=True):
    """(spikes by layer, depth) of one window in whole numbers: (channels, rows, columns) each."""
    weights = {name: np.rint(state[key(name)] * thresholds[name]).astype(np.int64) for name in thresholds}
    spikes = {}

    def layer(name, total, stride=1, size=None):
        padding = 0 if size else weights[name].shape[2] // 2
        spikes[name] = (convolved(total, weights[name], stride, padding, size) >= thresholds[name]).astype(np.int64)
        return spikes[name]

    here = events.astype(np.int64)
    for k, name in enumerate(ENCODER):
        here = layer(name, here, stride=1 if k == 0 else 2)
    for block in (0, 1):
        inner = layer(f"bottleneck.{block}.conv1", here)
        here = here + layer(f"bottleneck.{block}.conv2", inner)
    depth = 0
    for k in (4, 3, 2, 1):
        rows, columns = spikes[ENCODER[k - 1]].shape[1:]
        here = layer(f"deconv{k}", here, size=(rows + 4, columns + 4))
        here = here + spikes[ENCODER[k - 1]] if skips else here
        weight, bias = (np.rint(state[f"predict_depth{k}.0.up.1.{part}"]).astype(np.int64) for part in PARTS)
        rows, columns = events.shape[1:]
        depth = depth + convolved(here, weight, 1, 0, (rows + 2, columns + 2)) + bias[:, None, None]
    return spikes, depth


PARTS = ("weight", "bias")


def key(name):
    return f"{name}.0.up.1.weight" if name.startswith("deconv") else f"{name}.0.weight"


def convolved(image, weight, stride=1, padding=0, size=None):
    """Nearest-neighbour resize to `size`, zeros around, cross-correlation at every `stride`th place.

    weight: (out, in, rows, columns), or (channels, 1, rows, columns) of each channel by itself. Whole numbers; products
    of channels run in float64, which holds sums below 2**53.
    """
    if size:
        rows, columns = (
            np.floor(np.arange(after, dtype=np.float32) * (np.float32(before) / np.float32(after))).astype(int)
            for before, after in zip(image.shape[1:], size, strict=True)
        )
        image = image[:, rows][:, :, columns]
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    rows, columns = ((n - k) // stride + 1 for n, k in zip(image.shape[1:], weight.shape[2:], strict=True))
    alone = weight.shape[1] == 1 and len(weight) == len(image) > 1
    total = np.zeros((len(weight), rows, columns))
    for i, j in np.ndindex(weight.shape[2:]):
        seen = image[:, i : i + stride * rows : stride, j : j + stride * columns : stride].astype(float)
        tap = weight[:, :, i, j].astype(float)
        total += tap[:, :, None] * seen if alone else np.tensordot(tap, seen, axes=1)
    assert np.abs(total).max() < 2**53
    return total.astype(np.int64)


# ------------------------------------------------------------------------------------- any Program of a StereoSpike


def forward_program(program, events):
    """What each population of a compiled StereoSpike holds after one frame: spikes, payloads, and v of the depth.

    Layer after layer from the Program's integers: no schedule, no delays, nothing of the simulator.
    """
    held = {"events": events.astype(np.int64)}
    for name in sorted(program.latency, key=lambda each: program.latency[each]):
        neuron, total = program.populations[name].neuron, 0
        for p in program.projections:
            if p.target == name:
                total = total + arriving(p.synapse, held[p.source])
        if type(neuron).__name__ == "FixedRelay":
            assert neuron.rounding == "nearest"
            half = (1 << neuron.shift) >> 1
            held[name] = np.clip((total * neuron.multiplier + half) >> neuron.shift, -(2**23), 2**23 - 1)
            continue
        assert type(neuron).__name__ == "LoihiLIF"
        assert neuron.reset_interval == 1, "no memory"
        assert (neuron.current_decay == 4096).all(), "no memory"
        assert np.abs(64 * total).max() < 2**23, "nothing wraps"
        v = 64 * total + neuron.bias
        held[name] = (v > neuron.threshold).astype(np.int64) if neuron.emits else v
    return held


def arriving(synapse, source):
    """What a projection brings in, its exponent included."""
    size = getattr(synapse, "size", None)
    assert synapse.groups in (1, len(source))
    total = convolved(source, synapse.weight.astype(np.int64), synapse.stride[0], synapse.padding[0], size)
    return total << synapse.exponent if synapse.exponent >= 0 else total >> -synapse.exponent
