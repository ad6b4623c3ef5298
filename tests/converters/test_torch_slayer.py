"""Live networks of lava-dl's SLAYER blocks beside the blocks themselves and their `.net` files."""

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import ConversionError, InputError
from tests.frameworks import framework
from tests.truth.test_slayer import Draw, export, slayer, spikes, their_spikes  # noqa: F401 - slayer is a fixture

torch = framework("torch")


class Chain(torch.nn.Module):
    """As lava-dl's tutorials write it."""

    def __init__(self, blocks):
        super().__init__()
        self.blocks = torch.nn.ModuleList(blocks)

    def forward(self, spike):
        count = []
        for block in self.blocks:
            spike = block(spike)
            count.append(torch.mean(spike).item())
        return spike, count


def dense(slayer, seed=0, **changes):  # noqa: F811
    draw = Draw(slayer, seed)
    block = slayer.block.cuba
    made = [block.Input(delay_shift=False)]
    made += [draw.weights(block.Dense(draw.cuba(), *sizes, **changes)) for sizes in ((9, 14), (14, 6))]
    return Chain(made), draw


@pytest.mark.parametrize("seed", range(3))
def test_spikes_are_slayers(slayer, seed, tmp_path):  # noqa: F811
    net, draw = dense(slayer, seed)
    x = spikes(draw.rng, 9)
    program = nk.compile(nk.convert(net, shape=(9,)))
    (name,) = program.outputs
    theirs = their_spikes(list(net.blocks), x)[-1]
    assert 0.005 < theirs.mean() < 0.9
    np.testing.assert_array_equal(nk.run(program, x).spikes[name][:, :-1], theirs)
    file = nk.compile(nk.convert(export(tmp_path / "w.net", net.blocks), fires=">"))
    assert file.populations.keys() == program.populations.keys()
    for ours, other in zip(program.projections, file.projections, strict=True):
        np.testing.assert_array_equal(ours.synapse.weight, other.synapse.weight)


@pytest.mark.filterwarnings("ignore:torch.nn.utils.weight_norm is deprecated:UserWarning")
def test_weight_norms_and_training_stay(slayer):  # noqa: F811
    block = slayer.block.cuba
    neuron = {"threshold": 1.0, "current_decay": 0.5, "voltage_decay": 0.1}
    net = Chain(
        [block.Input(delay_shift=False), block.Dense(neuron, 9, 14), block.Dense(neuron, 14, 6, weight_norm=True)]
    )
    before = {name: value.clone() for name, value in net.state_dict().items()}
    nk.convert(net, shape=(9,))
    assert net.training
    assert net.blocks[2].synapse.weight_norm_enabled
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_only_chains_are_converted(slayer):  # noqa: F811
    net, _ = dense(slayer)
    net.forward = lambda spike: net.blocks[2](net.blocks[1](spike) * 0.5)
    with pytest.raises(ConversionError, match="Leave out what lies between the blocks"):
        nk.convert(net, shape=(9,))
    net.forward = lambda spike: net.blocks[0](net.blocks[0](spike))
    with pytest.raises(ConversionError, match="Call each block once"):
        nk.convert(net, shape=(9,))


def test_weights_outside_of_the_blocks_are_not_dropped(slayer):  # noqa: F811
    net, _ = dense(slayer)
    net.readout = torch.nn.Linear(6, 3)
    with pytest.raises(ConversionError, match=r"'readout\.weight': is a weight outside of the blocks"):
        nk.convert(net, shape=(9,))


def test_arguments_that_do_not_fit(slayer):  # noqa: F811
    net, _ = dense(slayer)
    with pytest.raises(ConversionError, match=r"cannot be run.*\(samples, \*shape, steps\)"):
        nk.convert(net, shape=(5,))
    with pytest.raises(InputError, match="SLAYER's networks have spikes"):
        nk.convert(net, shape=(9,), code="rate")
