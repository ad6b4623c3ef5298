"""Random networks of lava-dl's own SLAYER, quantised as it trains them, exported and converted: 0 differing spikes.

SLAYER delays what a layer sends by one step, we what it receives, so that its output lags by one.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import ConversionError
from tests.data import truth
from tests.frameworks import framework

torch = framework("torch")
STEPS = 40
SEEDS = range(3)


@pytest.fixture(scope="module")
def slayer():
    """lava-dl's SLAYER, which prints what of its object detection is not installed."""
    truth("tiny.net")  # skips without lava-dl
    with contextlib.redirect_stdout(io.StringIO()):
        return framework("lava.lib.dl.slayer")


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
                    drawn = 2 * self.rng.integers(-45, 48, part.weight.shape)
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
            _complete(getattr(block, "synapse", None))
            block.export_hdf5(file.create_group(f"layer/{index}"))
    return path


def _complete(synapse):
    """Complex image layers do not export: their synapse lacks what its two parts know."""
    if getattr(synapse, "complex", False):
        synapse.weight_norm_enabled = False
        names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups")
        for name in [name for name in names if hasattr(synapse.real, name) and not hasattr(synapse, name)]:
            setattr(synapse, name, getattr(synapse.real, name))


def compare(path, blocks, x, fires=">", **arguments):
    """Spikes of the last block, of SLAYER and of ours; x: (batch, time, *shape)."""
    theirs = their_spikes(blocks, x)[-1]
    program = nk.compile(nk.convert(export(path, blocks), fires=fires, **arguments))
    (name,) = program.outputs
    ours = nk.run(program, x).spikes[name][:, :-1]
    np.testing.assert_array_equal(ours, theirs)
    assert 0.005 < theirs.mean() < 0.9
    return program


def spikes(rng, *shape):
    return (rng.random((2, STEPS, *shape)) < 0.2).astype(np.int64)


@pytest.mark.parametrize("seed", SEEDS)
def test_dense_layers_with_biases(slayer, tmp_path, seed):
    d, block = Draw(slayer, seed), slayer.block.cuba
    layers = [block.Dense(d.normed(), 9, 14), block.Dense(d.normed(), 14, 6)]
    blocks = [block.Input(delay_shift=False), *(d.means(d.weights(b), n) for b, n in zip(layers, (14, 6), strict=True))]
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


@pytest.mark.parametrize("seed", SEEDS)
def test_recurrent_layers_with_biases(slayer, tmp_path, seed):
    """SLAYER norms the current that they keep: the same as elsewhere if none is kept, else refused."""
    d, block = Draw(slayer, seed), slayer.block.cuba
    first = d.means(d.weights(block.Recurrent(d.normed(current_decay=1.0), 9, 14)), 14)
    blocks = [block.Input(delay_shift=False), first, d.weights(block.Dense(d.cuba(), 14, 6))]
    compare(tmp_path / "one.net", blocks, spikes(d.rng, 9))
    blocks[1] = d.means(d.weights(block.Recurrent(d.normed(current_decay=0.25), 9, 14)), 14)
    their_spikes(blocks, spikes(d.rng, 9))  # SLAYER learns its shapes from data
    with pytest.raises(ConversionError, match="SLAYER's recurrent blocks add it to the current, netx to the potential"):
        nk.convert(export(tmp_path / "other.net", blocks))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("delayed", [False, True])
def test_image_layers_with_biases_and_delays(slayer, tmp_path, seed, delayed):
    """Pools of images that their kernel does not divide, unpooling, grouped and transposed convolutions."""
    d, block = Draw(slayer, seed), slayer.block.cuba
    low = {"threshold": 1.5}
    blocks = [
        block.Input(delay_shift=False),
        d.means(d.weights(block.Conv(d.normed(**low), 2, 6, 3, padding=1, stride=(1, 2), delay=delayed)), 6),
        block.Pool(d.cuba(threshold=0.5), (2, 3), weight_scale=1.1, delay=delayed),
        d.means(d.weights(block.ConvT(d.normed(**low), 6, 4, (3, 2), stride=2, padding=1, groups=2, delay=delayed)), 4),
        block.Unpool(d.cuba(threshold=0.6), 2, weight_scale=1.1),
        block.Flatten(),
        d.weights(block.Dense(d.cuba(threshold=16.0), 4 * 10 * 4, 5)),
    ]
    for index, channels in ((1, 6), (2, 6), (3, 4)):
        if delayed:
            d.delays(blocks[index], channels)
    compare(tmp_path / "images.net", blocks, spikes(d.rng, 2, 5, 11))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("exponent", [-3, -1, 1, 3])
def test_norms_with_a_weight_exponent(slayer, tmp_path, seed, exponent):
    """SLAYER divides current and bias by 2**exponent before the potential takes them; netx ignores it."""
    d, block = Draw(slayer, seed), slayer.block.cuba
    norm = slayer.neuron.norm.WgtScaleBatchNorm
    layers = [block.Dense(d.normed(norm, threshold=2.0 * 2.0**-exponent), 9, 14), block.Dense(d.cuba(), 14, 6)]
    blocks = [block.Input(delay_shift=False), d.means(d.weights(layers[0]), 14), d.weights(layers[1])]
    blocks[1].neuron.norm.running_var = torch.tensor([0.7 * 4.0**exponent])
    program = compare(tmp_path / "norm.net", blocks, spikes(d.rng, 9))
    assert program.populations["1-dense"].neuron.shift == exponent


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["Dense", "Recurrent"])
def test_adaptive_neurons(slayer, tmp_path, seed, name):
    d, block = Draw(slayer, seed), slayer.block.alif
    moves = {"threshold_step": 0.3, "threshold_decay": 0.1, "refractory_decay": 0.2, "threshold": 0.7}
    layers = [getattr(block, name)(d.cuba(**moves), 9, 14), block.Dense(d.cuba(**moves), 14, 6)]
    compare(tmp_path / "alif.net", [block.Input(delay_shift=False), *map(d.weights, layers)], spikes(d.rng, 9))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["rf", "rf_iz", "adrf", "adrf_iz"])
def test_resonators_in_dense_and_image_layers(slayer, tmp_path, monkeypatch, seed, kind):
    d, block, neuron = Draw(slayer, seed), getattr(slayer.block, kind), getattr(slayer.neuron, kind).Neuron
    moves = {"threshold_step": 0.2, "threshold_decay": 0.1, "refractory_decay": 0.4} if "adrf" in kind else {}
    turn = {"threshold": 0.5, "period": 9, "decay": 0.05, **moves}
    if kind == "adrf_iz":  # its forward leaves an argument out
        forward = lambda self, x: self.spike(*self.dynamics(x))  # noqa: E731
        monkeypatch.setattr(neuron, "forward", forward)
    blocks = [
        slayer.block.cuba.Input(delay_shift=False),
        d.weights(block.Conv(turn, 2, 3, 3, padding=1)),
        block.Pool(turn, 2),
        block.Flatten(),
        d.weights(block.Dense(turn, 3 * 3 * 4, 7)),
    ]
    compare(tmp_path / "resonators.net", blocks, spikes(d.rng, 2, 5, 8))


@pytest.mark.parametrize(("mantissa", "fires"), [(100, ">"), (4000, ">"), (8200, ">=")])
def test_cuba_neurons_fire_above_their_threshold_unless_it_is_high(slayer, tmp_path, mantissa, fires):
    """SLAYER adds 0.01 to 64 mantissa in single precision, which is lost from 2**18 on."""
    block = slayer.block.cuba
    dense = block.Dense({"threshold": mantissa / 64, "current_decay": 1.0, "voltage_decay": 0.0}, 1, 1)
    dense.synapse.weight.data = torch.full_like(dense.synapse.weight.data, 100 / 64)  # meets the threshold exactly
    blocks, x = [block.Input(delay_shift=False), dense], np.ones((2, 100, 1), np.int64)
    compare(tmp_path / "one.net", blocks, x, fires=fires)
    with pytest.raises(AssertionError, match="not equal"):
        compare(tmp_path / "other.net", blocks, x, fires=">" if fires == ">=" else ">=")


# ------------------------------------------------------------------------------------------------------------- example
@pytest.fixture(scope="module")
def example(slayer):
    """examples/05_slayer_nmnist.py."""
    path = Path(__file__).parents[2] / "examples" / "05_slayer_nmnist.py"
    spec = importlib.util.spec_from_file_location("slayer_example", path)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, module)  # its dataclasses look there
        spec.loader.exec_module(module)
    return module


def test_the_example_is_one_network_on_every_rung(example, tmp_path):
    """Not trained, but with weights that make it fire: SLAYER, the Program, and netx in Lava's own runtime."""
    torch.manual_seed(1)
    data = example.digits(10)
    network = example.Network(64)
    for block, low in zip(network.blocks, (-25, -30), strict=True):
        block.synapse.weight.data = torch.randint(low, 32, block.synapse.weight.shape) / 32
    theirs = example.slayers(network, data.spikes)
    path = network.export(tmp_path / "example.net")
    ours = nk.run(nk.compile(nk.convert(path, fires=">")), data.spikes).spikes["1-dense"]
    np.testing.assert_array_equal(ours, theirs)
    assert 0.01 < theirs.mean() < 0.9
    np.testing.assert_array_equal(example.netx(path, data.spikes[:2]), theirs[:2])


@pytest.mark.slow
def test_the_example_from_end_to_end(example, capsys, tmp_path):
    example.main(["--epochs", "2", "--recordings", "100", "--in-lava", "2", "--out", str(tmp_path / "out.net")])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "SLAYER, float", "SLAYER, quantised", "Program", "netx on Lava",
    ]  # fmt: skip
    assert all(", 0 of " in line for line in lines[3:])
    assert (tmp_path / "out.net").exists()
