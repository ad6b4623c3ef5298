"""snnTorch's own forward pass beside the converted network."""

import pytest

from tests.converters.torch_equal import assert_equal, by_list, by_step, randomise
from tests.frameworks import framework

torch, snn = framework("torch", "snntorch")
nn = torch.nn


def forget(module):
    for own in module.modules():
        if hasattr(own, "reset_mem"):
            own.reset_mem()


def layers(*neurons):
    """Dense layers of 20-30-25-... with the neurons behind them."""
    sizes = (20, 30, 25, 15)
    made = []
    for k, neuron in enumerate(neurons):
        made += [nn.Linear(sizes[k], sizes[k + 1]), neuron]
    return randomise(nn.Sequential(*made))


def of(kind, size=30, **changes):
    plain = {"beta": 0.85, "init_hidden": True, "threshold": 0.9}
    if "Synaptic" in kind:
        plain |= {"alpha": 0.6}
    if kind.startswith("R"):
        plain |= {"linear_features": size} if changes.get("all_to_all", True) else {}
    return getattr(snn, kind)(**{**plain, **changes})


KINDS = ("Leaky", "Synaptic", "RLeaky", "RSynaptic")
MECHANISMS = ("subtract", "zero", "none")
CASES = [(kind, mechanism, True) for kind in KINDS for mechanism in MECHANISMS]
CASES += [(kind, mechanism, False) for kind in KINDS[:3] for mechanism in MECHANISMS[1:]]  # test_torch has the refusals


@pytest.mark.parametrize(("kind", "mechanism", "delay"), CASES)
def test_spikes_are_snntorchs(kind, mechanism, delay):
    options = {"reset_mechanism": mechanism, "reset_delay": delay}
    net = layers(of(kind, 30, **options), of(kind, 25, **options))
    assert_equal(net, (20,), ["3"], lambda m, x: by_step(m, x, forget), dt=1e-3)


ENDS = [(beta, mechanism) for beta in (0.0, 1.0) for mechanism in MECHANISMS if beta or mechanism != "subtract"]


@pytest.mark.parametrize(("beta", "mechanism"), ENDS)
def test_ends_of_the_range_of_beta(beta, mechanism):
    net = layers(of("Leaky", beta=beta, reset_mechanism=mechanism), of("Leaky"))
    assert_equal(net, (20,), ["3"], lambda m, x: by_step(m, x, forget), dt=1e-3)


def test_parameters_of_each_neuron():
    torch.manual_seed(1)
    net = layers(
        of("Leaky", beta=torch.rand(30), threshold=torch.rand(30) + 0.5, learn_beta=True, learn_threshold=True),
        of("Synaptic", alpha=torch.rand(25), beta=torch.rand(25) + 0.1),
        of("Leaky", beta=torch.tensor([0.7])),
    )
    assert_equal(net, (20,), ["5"], lambda m, x: by_step(m, x, forget), dt=1e-3)


@pytest.mark.parametrize("weight", [torch.tensor([0.4]), torch.linspace(-1, 1, 30)])
def test_one_to_one_recurrence(weight):
    net = layers(of("RLeaky", all_to_all=False, V=weight), of("Leaky"))
    assert_equal(net, (20,), ["3"], lambda m, x: by_step(m, x, forget), dt=1e-3)


def test_convolutional_recurrence_pools_and_batch_norm():
    net = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        snn.RLeaky(beta=0.7, conv2d_channels=6, kernel_size=3, init_hidden=True),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 4, 3, stride=2),
        of("Synaptic"),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(4 * 2 * 2, 10),
        of("Leaky"),
    )
    assert_equal(randomise(net), (2, 10, 10), ["9"], lambda m, x: by_step(m, x, forget), dt=1e-3)


class Loop(nn.Module):
    """As snnTorch's tutorials write it: states handed on, a loop over the steps, lists stacked."""

    def __init__(self, static=False):
        super().__init__()
        self.static = static
        self.fc1, self.fc2 = nn.Linear(20, 30), nn.Linear(30, 10)
        self.lif1 = snn.Synaptic(alpha=0.5, beta=0.8)
        self.lif2 = snn.RLeaky(beta=0.9, linear_features=10)

    def forward(self, x):
        syn1, mem1 = self.lif1.init_synaptic()
        spk2, mem2 = self.lif2.init_rleaky()
        spikes, potentials = [], []
        for step in range(40 if self.static else x.size(0)):
            spk1, syn1, mem1 = self.lif1(self.fc1(x if self.static else x[step]), syn1, mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), spk2, mem2)
            spikes.append(spk2)
            potentials.append(mem2)
        return torch.stack(spikes, dim=0), torch.stack(potentials, dim=0)


def test_a_loop_over_the_steps():
    assert_equal(randomise(Loop()), (20,), ["lif2"], lambda m, x: by_list(m, x)[:1], dt=1e-3)


def test_a_loop_with_the_same_input_in_every_step():
    import numpy as np

    x = np.repeat(np.random.default_rng(0).random((3, 1, 20)), 40, axis=1)

    def run(module, x):
        with torch.no_grad():
            return [module(torch.as_tensor(x[:, 0]))[0].swapaxes(0, 1).numpy()]

    assert_equal(randomise(Loop(static=True)), (20,), ["lif2"], run, x=x, dt=1e-3)
