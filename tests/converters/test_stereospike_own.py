"""How far a Program of an 8-bit checkpoint lies from the authors' own 8-bit forward, written in numpy."""

import numpy as np
import pytest

from neurokit.converters.checkpoint import stored_tensors
from neurokit.converters.stereospike import read_depth
from tests.converters.stereospike_own import Levels, OwnForward
from tests.converters.test_stereospike import REAL, run_real

SIZE = (33, 44)


def beside(path, size):
    """Of two windows: (share of differing spikes by layer, mean difference of the depth in metres), either kind."""
    program, frames, recording = run_real(path, size, "pipeline")
    depth, found = read_depth(program, recording), []
    for identity in (False, True):
        own, shares, apart = OwnForward(stored_tensors(path), identity), {}, []
        for k, events in enumerate(frames):
            apart.append(np.abs(own.run(events) - depth[k]).mean())
            for name, spikes in own.spikes.items():
                shares.setdefault(name, []).append((spikes != recording.aligned(name)[k]).mean())
        found.append(({name: float(np.mean(each)) for name, each in shares.items()}, float(np.mean(apart))))
    return found


def test_differences_are_as_the_docs_say(shared):
    """docs/stereospike.md, "How exact"; with the residual blocks as the authors' code has them, and as trained."""
    (theirs, metres), (summed, _) = beside(shared(REAL), SIZE)
    assert list(theirs) == list(summed)
    assert len(theirs) == 13
    encoder = [theirs[name] for name in ("bottom", "conv1", "conv2", "conv3", "conv4")]
    assert 0.01 < min(encoder) < max(encoder) < 0.05
    assert 0.1 < max(theirs.values()) < 0.3
    assert 0.01 < metres < 0.1
    assert theirs["bottleneck.0.conv2"] == summed["bottleneck.0.conv2"]
    assert theirs["bottleneck.1.conv1"] > summed["bottleneck.1.conv1"], "the first sum that the authors' code drops"


@pytest.mark.parametrize(
    ("key", "stride", "groups"), [("conv1.0", 2, 32), ("conv1.1", 1, 1), ("predict_depth1.up.2", 1, 1)]
)
def test_a_convolution_is_torchs(shared, key, stride, groups):
    """Against torch's quantised convolution: no level apart but where float32 rounds a half otherwise."""
    torch = pytest.importorskip("torch", reason="an independent quantised convolution")
    stored = stored_tensors(shared(REAL))
    weight = stored[f"{key}.weight"]
    channels, scale, zero = weight.shape[1] * groups, 0.02, 3
    levels = np.random.default_rng(0).integers(0, 256, (channels, 12, 15))
    ours = OwnForward(stored)._convolution(key, Levels(levels - zero, scale), stride)
    image = torch._make_per_tensor_quantized_tensor(torch.tensor(levels[None], dtype=torch.uint8), scale, zero)
    steps = np.broadcast_to(weight.scale, weight.shape)[:, 0, 0, 0].copy()
    kernel = torch._make_per_channel_quantized_tensor(
        torch.tensor(weight.values.astype(np.int8)), torch.tensor(steps), torch.zeros(len(steps), dtype=torch.int64), 0
    )
    bias = stored.get(f"{key}.bias")
    theirs = torch.ao.nn.quantized.functional.conv2d(
        image,
        kernel,
        None if bias is None else torch.tensor(bias, dtype=torch.float32),
        stride=stride,
        padding=weight.shape[2] // 2,
        groups=groups,
        scale=float(stored[f"{key}.scale"]),
        zero_point=int(stored[f"{key}.zero_point"]),
    )
    apart = theirs.int_repr()[0].numpy().astype(int) - int(stored[f"{key}.zero_point"]) - ours.values
    assert np.abs(apart).max() <= 1
    assert (apart != 0).sum() <= max(1, 0.001 * apart.size)
    assert len(np.unique(ours.values)) > 20
