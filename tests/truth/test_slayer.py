"""Random networks of lava-dl's own SLAYER, quantised as it trains them, exported and converted: 0 differing spikes.

SLAYER delays what a layer sends by one step, we what it receives, so that its output lags by one. It wants torch, and
for its object detection torchvision and OpenCV, which a stand-in spares.
"""

from __future__ import annotations

import contextlib
import io
import sys
import types
import warnings

import h5py
import numpy as np
import pytest

import neurokit as nk
from tests.data import truth

torch = pytest.importorskip("torch", reason="SLAYER needs torch: pip install torch==2.3.1")
STEPS = 40
SEEDS = range(3)
_DETECTION = "lava.lib.dl.slayer.object_detection"


@pytest.fixture(scope="module")
def slayer():
    """lava-dl's SLAYER."""
    truth("tiny.net")  # skips without lava-dl
    pytest.importorskip("lava", reason="Lava needs Python 3.10")
    sys.modules.setdefault(_DETECTION, types.ModuleType(_DETECTION))
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        import lava.lib.dl.slayer as found
    return found


class Draw:
    """Random numbers and what is built of them."""

    def __init__(self, slayer, seed):
        self.slayer = slayer
        self.rng = np.random.default_rng(seed)
        torch.manual_seed(seed)

    def weights(self, block):
        """Even mantissas of at most 120, as SLAYER's quantisation keeps them."""
        for synapse in (getattr(block, name, None) for name in ("synapse", "input_synapse", "recurrent_synapse")):
            parts = [] if synapse is None else [synapse.real, synapse.imag] if synapse.complex else [synapse]
            for part in parts:
                if part.weight.requires_grad:
                    drawn = 2 * self.rng.integers(-35, 60, part.weight.shape)
                    part.weight.data = torch.tensor(drawn / 64, dtype=torch.float32)
        return block

    def delays(self, block, channels, longest=4):
        """Whole delays, one a channel."""
        block.delay.init = True
        block.delay.delay.data = torch.tensor(self.rng.integers(0, longest + 1, channels), dtype=torch.float32)
        return block

    def cuba(self, **changes):
        """Parameters of a neuron, of one layer."""
        shares = {
            "threshold": float(self.rng.integers(60, 200)) / 64,
            "current_decay": float(self.rng.choice([0.25, 0.5, 1.0])),
            "voltage_decay": float(self.rng.choice([0.03, 0.3, 1.0])),
        }
        return {**shares, **changes}

    def normed(self, norm=None, **changes):
        """The same with SLAYER's mean-only norm, which becomes a bias."""
        return self.cuba(norm=norm or self.slayer.neuron.norm.MeanOnlyBatchNorm, **changes)

    def means(self, block, channels):
        """A running mean for each channel."""
        norm = block.neuron.norm
        norm.num_features = channels
        norm.running_mean = torch.tensor(2 * self.rng.integers(-12, 8, channels) / 64, dtype=torch.float32)
        return block


def their_spikes(blocks, x):
    """What each block sends, (batch, time, *shape), without the step by which it is late. x: (batch, time, *shape).

    Spikes reach our first layer after a step, in which biases act already: SLAYER is given that step in front.
    """
    if blocks[0].neuron is None:
        x = np.concatenate([np.zeros_like(x[:, :1]), x[:, :-1]], axis=1)
    sent, value = [], torch.tensor(np.moveaxis(x, 1, -1), dtype=torch.float32)
    with torch.no_grad():
        for block in blocks:
            value = block.eval()(value)
            sent.append(np.moveaxis(value.numpy(), -1, 1)[:, 1:])
    return sent


def export(path, blocks):
    """A `.net` file as SLAYER's networks write it."""
    with h5py.File(path, "w") as file:
        for index, block in enumerate(blocks):
            block.export_hdf5(file.create_group(f"layer/{index}"))
    return path


def compare(path, blocks, x, fires=">", **arguments):
    """Spikes of the last block, of SLAYER and of ours; x: (batch, time, *shape)."""
    theirs = their_spikes(blocks, x)[-1]
    program = nk.compile(nk.convert(export(path, blocks), fires=fires, **arguments))
    (name,) = program.outputs
    ours = nk.run(program, x).spikes[name][:, :-1]
    np.testing.assert_array_equal(ours, theirs)
    assert 0.005 < theirs.mean() < 0.7
    return program


def spikes(rng, *shape):
    return (rng.random((2, STEPS, *shape)) < 0.2).astype(np.int64)


@pytest.mark.parametrize("seed", SEEDS)
def test_dense_layers_with_biases(slayer, tmp_path, seed):
    d, block = Draw(slayer, seed), slayer.block.cuba
    layers = [block.Dense(d.normed(), 9, 14), block.Dense(d.normed(), 14, 6)]
    blocks = [block.Input(delay_shift=False), *(d.means(d.weights(b), n) for b, n in zip(layers, (14, 6)))]
    compare(tmp_path / "dense.net", blocks, spikes(d.rng, 9))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("delayed", [False, True])
def test_recurrent_layers(slayer, tmp_path, seed, delayed):
    """Feedback comes a step later; delays are of what leaves, so the feedback has none."""
    d, block = Draw(slayer, seed), slayer.block.cuba
    first = block.Recurrent(d.cuba(), 9, 14, delay=delayed)
    first = d.delays(first, 14) if delayed else first
    blocks = [block.Input(delay_shift=False), *map(d.weights, (first, block.Recurrent(d.cuba(), 14, 6)))]
    program = compare(tmp_path / "recurrent.net", blocks, spikes(d.rng, 9))
    assert [p.name for p in program.projections][1] == "1-dense_rec->1-dense_rec"
