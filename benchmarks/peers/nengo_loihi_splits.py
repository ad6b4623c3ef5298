"""How nengo-loihi 1.1 cuts layers for Loihi 1 and what its synapses take: writes the JSON that a test compares with.

    build/peers/nengo/bin/python benchmarks/peers/nengo_loihi_splits.py > tests/place/nengo_splits.json

(`Environment.make` of this package makes that interpreter.) Nothing of neurokit is used here. Blocks are built from
nengo-loihi's own parts and cut by its `split_block` and `split_synapse`, as its Simulator does.
"""

import json
import sys

import numpy as np
import scipy.sparse
from nengo.transforms import ChannelShape, Convolution, ConvolutionTranspose
from nengo_loihi.block import LoihiBlock, Synapse
from nengo_loihi.builder.split_blocks import split_block, split_synapse
from nengo_loihi.conv import conv2d_loihi_weights

LAYERS = [
    {"name": "dense, small", "neurons": 50, "from": [{"kind": "dense", "sources": 100}]},
    {"name": "dense, cut for memory", "neurons": 1000, "from": [{"kind": "dense", "sources": 1000}]},
    {"name": "dense, wide", "neurons": 300, "from": [{"kind": "dense", "sources": 3000}]},
    {
        "name": "recurrent, two projections",
        "neurons": 600,
        "from": [{"kind": "dense", "sources": 200}, {"kind": "dense", "sources": 600}],
    },
    {"name": "sparse, one core", "neurons": 800, "from": [{"kind": "sparse", "sources": 500, "every": 20}]},
    {"name": "sparse, cut for neurons", "neurons": 3000, "from": [{"kind": "sparse", "sources": 2000, "every": 40}]},
    {
        "name": "convolution 3x3",
        "from": [{"kind": "conv", "source": [10, 10, 4], "filters": 8, "kernel": [3, 3], "strides": [1, 1]}],
    },
    {
        "name": "convolution 5x5, stride 2",
        "from": [{"kind": "conv", "source": [28, 28, 2], "filters": 8, "kernel": [5, 5], "strides": [2, 2]}],
    },
    {
        "name": "convolution 3x3, cut for neurons",
        "from": [{"kind": "conv", "source": [34, 34, 2], "filters": 16, "kernel": [3, 3], "strides": [1, 1]}],
    },
    {
        "name": "convolution 1x1",
        "from": [{"kind": "conv", "source": [16, 16, 32], "filters": 16, "kernel": [1, 1], "strides": [1, 1]}],
    },
    {
        "name": "convolution 3x3, many channels, cut for memory",
        "from": [{"kind": "conv", "source": [8, 8, 64], "filters": 64, "kernel": [3, 3], "strides": [1, 1]}],
    },
    {
        "name": "convolution 1x7, along columns",
        "from": [{"kind": "conv", "source": [4, 64, 3], "filters": 4, "kernel": [1, 7], "strides": [1, 2]}],
    },
    {
        "name": "transposed convolution 3x3, stride 2",
        "from": [{"kind": "transposed", "source": [7, 7, 8], "filters": 4, "kernel": [3, 3], "strides": [2, 2]}],
    },
]


def made_synapse(spec, neurons):
    """A nengo-loihi synapse and its number of targets."""
    rng = np.random.default_rng(0)
    if spec["kind"] == "dense":
        synapse = Synapse(spec["sources"])
        synapse.set_weights(rng.standard_normal((spec["sources"], neurons)))
        return synapse, neurons
    if spec["kind"] == "sparse":
        source, target = np.indices((spec["sources"], neurons))
        there = (7 * target + 13 * source) % spec["every"] == 0
        synapse = Synapse(spec["sources"])
        synapse.set_weights(scipy.sparse.csr_matrix(np.where(there, rng.standard_normal(there.shape), 0)))
        return synapse, neurons
    channels = spec["source"][2]
    kernel = rng.standard_normal((*spec["kernel"], channels, spec["filters"]))
    kinds = {"conv": Convolution, "transposed": ConvolutionTranspose}
    transform = kinds[spec["kind"]](
        spec["filters"],
        ChannelShape(tuple(spec["source"])),
        strides=tuple(spec["strides"]),
        kernel_size=tuple(spec["kernel"]),
        padding="valid",
        init=kernel,
    )
    synapse = Synapse(int(np.prod(spec["source"][:2])))
    weights, indices, axon_map, bases = conv2d_loihi_weights(transform)
    synapse.set_population_weights(weights, indices, axon_map, bases, pop_type=32)
    spec["target"] = list(transform.output_shape.shape)
    return synapse, int(transform.output_shape.size)


def size(block):
    """What a block takes."""
    return {
        "neurons": block.n_neurons,
        "axons": sum(synapse.n_axons for synapse in block.synapses),
        "bits": sum(synapse.bits() for synapse in block.synapses),
    }


def cut(layer):
    """The layer as it is, and as nengo-loihi cuts it."""
    parts = [made_synapse(spec, layer.get("neurons", 0)) for spec in layer["from"]]
    block = LoihiBlock(parts[0][1])
    for synapse, _ in parts:
        block.add_synapse(synapse)
    found = size(block)
    blocks = split_block(block, {})
    if len(blocks) > 1:
        for synapse, _ in parts:
            split_synapse(block, synapse, blocks)
    return {**layer, "found": {**found, "blocks": [size(part) for part in blocks]}}


if __name__ == "__main__":
    json.dump([cut(layer) for layer in LAYERS], sys.stdout, indent=1)
