"""StereoSpike's layers are the paper's, and a frame comes through them in one piece."""

import numpy as np
import pytest
from scipy.signal import correlate

import neurokit as nk
from benchmarks.stereospike import depths, frame, layers, program, target_of
from neurokit.graph.synapses import nearest
from neurokit.profiling.count import fan_out

SMALL = ((21, 30), 3)
SYNAPSES = {
    "bottom": 285.5e6,
    "conv1": 1.142e9,
    "conv2": 1.137e9,
    "conv3": 1.140e9,
    "conv4": 1.136e9,
    "block1a": 0.822e9,
}


def test_sizes_are_those_of_the_paper():
    made = {layer.name: layer for layer in layers()}
    assert made["conv4"].shape == (512, 17, 22)
    assert made["deconv4"].shape == (256, 33, 44)
    assert made["deconv4"].size == (37, 48)
    assert made["deconv1"].size == (264, 350)
    assert sum(np.prod(m.shape) for m in made.values() if target_of(m) != "readout") == 11_784_704
    network = program(list(made.values()))
    for projection in network.projections:
        wanted = SYNAPSES.get(projection.target)
        if wanted is not None and projection.source == made[projection.target].sources[0]:
            reached = fan_out(projection.synapse, network.shape_of(projection.source)).sum()
            assert reached == pytest.approx(wanted, rel=0.006)  # a few random weights are 0


def test_a_frame_passes_as_plain_convolutions_have_it():
    made = layers(*SMALL)
    steps = depths(made)["readout"] + 1
    recording = nk.run(program(made), frame(SMALL[0])[None], steps=steps)
    values, prediction = {"in": frame(SMALL[0]).astype(np.int64)}, 0
    for layer in made:
        total = plain(layer, sum(values[name] for name in layer.sources))
        if target_of(layer) == "readout":
            prediction = prediction + total
            continue
        values[layer.name] = (total > layer.threshold).astype(np.int64)
        assert recording.counts[layer.name].sum() == values[layer.name].sum(), layer.name
    assert values["block2b"].any()
    assert values["deconv1"].any()
    assert np.array_equal(recording.states["readout", "v"][-1], 64 * prediction)


def plain(layer, source):
    """Resize, convolution and stride by scipy, in int64."""
    if layer.size is not None:
        rows, columns = (nearest(source.shape[1 + axis], layer.size[axis]) for axis in (0, 1))
        source = source[:, rows][:, :, columns]
    margin = layer.padding
    padded = np.pad(source, ((0, 0), (margin, margin), (margin, margin)))
    kernels = layer.weight.astype(np.int64)
    planes = [correlate(padded, kernel, mode="valid", method="direct")[0] for kernel in kernels]
    return np.stack(planes)[:, :: layer.stride, :: layer.stride]
