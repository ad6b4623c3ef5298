"""Torch modules that are refused, each with its place and the mend."""

import pytest

import neurokit as nk
from neurokit.errors import ConversionError, FormatError, InputError
from tests.converters.test_torch import Of, leaky, over_time, stepwise
from tests.converters.torch_equal import assert_equal, randomise
from tests.frameworks import framework

torch, snn = framework("torch", "snntorch")
nn, F = torch.nn, torch.nn.functional


# ---------------------------------------------------------------------------------------------------------- refusals


def refused(net, shape=(20,), **options):
    with pytest.raises(ConversionError) as caught:
        nk.convert(net, shape=shape, **{"dt": 1e-3, **options})
    return str(caught.value)


def test_all_faults_are_told_at_once_with_their_place():
    net = nn.Sequential(
        nn.Linear(20, 36),
        leaky(inhibition=False, reset_delay=False, reset_mechanism="subtract"),
        nn.Unflatten(1, (1, 6, 6)),
        nn.AdaptiveMaxPool2d(3),
        snn.Alpha(alpha=0.9, beta=0.8, init_hidden=True),
        nn.Flatten(),
        nn.LayerNorm(9),
        nn.ReLU(),
        leaky(state_quant=lambda x: x),
    )
    told = refused(net)
    for place, words in {
        "1": "Pass reset='soft'",
        "3": "Train with AvgPool2d",
        "4": "neurokit knows snnTorch's Leaky",
        "6": "Train with BatchNorm instead",
        "7": 'code="rate"',
        "8": "nk.compile quantises",
    }.items():
        assert any(line.startswith(f"'{place}'") and words in line for line in told.splitlines()), (place, told)


def test_a_plain_subtraction_may_be_meant():
    net = randomise(
        nn.Sequential(nn.Linear(20, 30), leaky(reset_delay=False, reset_mechanism="subtract", threshold=5.0))
    )
    assert_equal(net, (20,), ["1"], stepwise, dt=1e-3, reset="soft")


REFUSED = {
    "beta": (leaky(beta=0.0, reset_mechanism="subtract"), "beta above 0"),
    "r_synaptic": (
        snn.RSynaptic(alpha=0.5, beta=0.5, linear_features=30, reset_delay=False, init_hidden=True),
        "Leave reset_delay at True",
    ),
    "instance_norm": (
        nn.Sequential(nn.BatchNorm1d(30, track_running_stats=False), leaky()),
        "track_running_stats=True",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_neurons_that_are_refused(name):
    neuron, mend = REFUSED[name]
    assert mend in refused(nn.Sequential(nn.Linear(20, 30), neuron))


FORWARDS = {
    "values": (lambda self, x: self.a(x) if x.sum() > 3 else self.b(x), "calls '__bool__'"),
    "item": (lambda self, x: self.a(x * x.max().item()), "'max'"),
    "product": (lambda self, x: self.a(self.b(x) * x), "multiplies or divides two values"),
    "shared": (lambda self, x: self.a(self.fc(self.a(x))), "neuron module of its own"),
    "potential": (lambda self, x: (self.a(x), self.b(self.a.mem))[1], "has its potential used"),
    "written": (lambda self, x: self.written(x), "Use torch.stack or torch.cat"),
    "samples": (lambda self, x: self.a(x - x.mean(0)), "over samples"),
    "random": (lambda self, x: self.a(F.dropout(x, 0.5)), "training=True"),
    "bernoulli": (lambda self, x: self.a(torch.bernoulli(x)), "calls 'bernoulli'"),
    "by_hand": (lambda self, x: (self.fc(x) > 1).float(), "into a neuron of snnTorch"),
    "constant": (lambda self, x: self.a(torch.ones(2, 20)) + x * 0, "does not depend on the input"),
    "nothing": (lambda self, x: torch.zeros(3), "returns nothing"),
    "raises": (lambda self, x: self.a(self.fc(x[:, :5])), "cannot be run"),
    "pad": (lambda self, x: self.a(F.pad(x, (1, 1), value=2.0)), "padding_mode='zeros'"),
    "pool_of_numbers": (
        lambda self, x: self.a(F.max_pool1d(2 * self.b(x)[:, None], 2)[:, 0]),
        "behind spiking neurons",
    ),
    "pool_dilated": (lambda self, x: self.a(F.max_pool1d(self.b(x)[:, None], 2, dilation=2)[:, 0]), "in another way"),
    "behind": (lambda self, x: self.a(torch.softmax(self.b(x), 1)), "goes on from 'softmax'"),
    "layer_late": (lambda self, x: self.fc(over_time(self, x)), "calls 'linear' behind 'mean over time'"),
    "vote_late": (lambda self, x: over_time(self, x).view(-1, 4, 5).sum(2), "calls 'sum' behind"),
    "picked_late": (lambda self, x: over_time(self, x)[:, :3], "calls '__getitem__' behind 'mean over time'"),
    "two_late": (lambda self, x: sum(torch.softmax(n(self.fc(x)), 1) for n in (self.a, self.b)), "calls 'add' behind"),
    "turned_late": (lambda self, x: over_time(self, x) * -1, "calls 'mul' behind"),
    "potentials": (lambda self, x: (self.a(self.fc(x)), self.a.mem)[1], "its potential returned without its spikes"),
    "rounded": (lambda self, x: self.a(self.fc(x).to(torch.int32).float()), "rounds values to torch.int32"),
    "floor": (lambda self, x: self.a(torch.div(self.fc(x), 2, rounding_mode="floor")), "rounding_mode='floor'"),
    "anew": (lambda self, x: self.c(self.fc(x), self.c.init_leaky())[0], "starts anew at a later step"),
    "first": (
        lambda self, x: [self.a(self.fc(y) * (2 if t == 0 else 1)) for t, y in enumerate(x.expand(4, *x.shape))][-1],
        "is given something else at each call",
    ),
    "view": (lambda self, x: (y := self.fc(x), y[:, :3].mul_(0.0), self.a(y))[2], "changed in place"),
    "part": (lambda self, x: (y := torch.zeros(2, 20), y[:, :3].add_(x[:, :3]), self.a(x + y))[2], "into a part"),
}


@pytest.mark.parametrize("name", FORWARDS)
def test_forward_passes_that_are_refused(name):
    forward, words = FORWARDS[name]

    def written(x):
        out = torch.zeros(2, 20)
        out[:, :20] = x
        return out

    net = Of(forward, fc=nn.Linear(20, 20), a=leaky(), b=leaky(), c=leaky(init_hidden=False))
    net.written = written
    assert words in refused(net)


def test_a_class_that_changes_the_step_is_another_neuron():
    class Mine(snn.Leaky):
        def _base_state_function(self, x):
            return super()._base_state_function(x) * 0.5

    told = refused(nn.Sequential(nn.Linear(20, 30), Mine(beta=0.5, init_hidden=True)))
    assert "overrides _base_state_function" in told


def test_a_step_is_needed_where_there_is_a_leak():
    net = nn.Sequential(nn.Linear(20, 30), leaky())
    with pytest.raises(ConversionError, match=r"Pass dt= in seconds"):
        nk.convert(net, shape=(20,))


def test_an_input_has_a_name_of_its_own():
    assert "Rename forward's argument" in refused(Of(lambda self, a: self.a(a), a=leaky()))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "Pass shape="),
        ({"shape": (0,)}, "sizes are at least 1"),
        ({"shape": {"wrong": (20,)}}, "forward takes input"),
        ({"shape": (20,), "dt": -1.0}, "dt"),
        ({"shape": (20,), "reset": "hard"}, "the modules state it"),
        ({"shape": (20,), "spec": []}, "spec"),
    ],
)
def test_arguments_that_do_not_fit(options, words):
    with pytest.raises(InputError, match=words):
        nk.convert(nn.Sequential(nn.Linear(20, 30), leaky()), **options)


def test_a_tensor_is_no_module():
    with pytest.raises(FormatError, match=r"a torch.nn.Module is needed"):
        nk.convert(torch.zeros(3), shape=(3,))
