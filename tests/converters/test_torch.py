"""Live torch modules around the neurons: layers, branches, inputs and outputs; what is refused, and how."""

import copy

import numpy as np
import pytest

import neurokit as nk
from tests.converters.torch_equal import assert_equal, by_step, doubled, randomise, spikes_in
from tests.frameworks import framework
from tests.tolerances import FLOAT64_SUMS, SINGLE_PRECISION_TIE

torch, snn = framework("torch", "snntorch")
nn, F = torch.nn, torch.nn.functional


def forget(module):
    for own in module.modules():
        if hasattr(own, "reset_mem"):
            own.reset_mem()


def stepwise(m, x):
    return by_step(m, x, forget)


def leaky(**changes):
    return snn.Leaky(**{"beta": 0.8, "init_hidden": True, "reset_mechanism": "zero", **changes})


def over_time(self, x):
    return torch.stack([self.a(self.fc(x)) for _ in range(5)]).mean(0)


class Of(nn.Module):
    """A module of the given parts whose forward is a function (self, *inputs)."""

    def __init__(self, forward, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.forward = forward.__get__(self)

    def __deepcopy__(self, memo):
        forward = self.__dict__["forward"].__func__
        parts = (*self.named_children(), *self.named_parameters(recurse=False))
        return Of(forward, **{name: copy.deepcopy(part, memo) for name, part in parts})


# ---------------------------------------------------------------------------------------------- layers, one to a test

LAYERS = {
    "conv_same": ((2, 7, 6), lambda: nn.Conv2d(2, 3, 3, padding="same", dilation=2)),
    "conv_groups": ((4, 7, 6), lambda: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=2)),
    "conv_transpose": ((2, 5, 4), lambda: nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=1)),
    "conv1d": ((3, 12), lambda: nn.Conv1d(3, 5, 3, stride=2, padding=1, dilation=2)),
    "conv_transpose1d": ((3, 6), lambda: nn.ConvTranspose1d(3, 2, 4, stride=2, padding=1)),
    "avg_pool": ((2, 8, 6), lambda: nn.AvgPool2d(3, stride=2, padding=1)),
    "avg_pool1d": ((2, 9), lambda: nn.AvgPool1d(3)),
    "adaptive": ((3, 8, 6), lambda: nn.AdaptiveAvgPool2d((4, 2))),
    "global": ((3, 8, 6), lambda: nn.AdaptiveAvgPool2d(1)),
    "power_one": ((2, 6, 6), lambda: nn.LPPool2d(1, 2)),
    "upsample": ((2, 5, 4), lambda: nn.Upsample(scale_factor=2)),
    "upsample_size": ((2, 5, 4), lambda: nn.Upsample(size=(7, 11))),
    "batch_norm1d": ((12,), lambda: nn.BatchNorm1d(12)),
    "batch_norm1d_length": ((3, 10), lambda: nn.Sequential(nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4))),
    "zero_pad": ((2, 5, 5), lambda: nn.Sequential(nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(2, 3, 2))),
    "last_axis": ((3, 10), lambda: nn.Linear(10, 4)),
    "pixel_shuffle": ((8, 3, 3), lambda: nn.Sequential(nn.PixelShuffle(2), nn.Conv2d(2, 3, 3))),
    "unflatten": (
        (16,),
        lambda: nn.Sequential(nn.Linear(16, 18), nn.Unflatten(1, (2, 3, 3)), nn.ConvTranspose2d(2, 3, 2)),
    ),
    "max_pool": ((2, 8, 6), lambda: spiking_pool(nn.MaxPool2d(2))),
    "max_pool_overlapping": ((2, 9, 7), lambda: spiking_pool(nn.MaxPool2d(3, stride=2, padding=1))),
    "max_pool_twice": ((2, 8, 8), lambda: spiking_pool(nn.MaxPool2d(2), nn.MaxPool2d(2))),
    "max_pool_flat": ((3, 20), lambda: nn.Sequential(nn.Conv1d(3, 4, 3), leaky(threshold=1.2), nn.MaxPool1d(3, 2))),
    "identity": ((12,), lambda: nn.Sequential(nn.Identity(), nn.Dropout(0.5))),
}


def spiking_pool(*pools):
    return nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), leaky(threshold=1.5), *pools, nn.Conv2d(3, 4, 2))


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name):
    shape, make = LAYERS[name]
    torch.manual_seed(3)
    first = make()
    with torch.no_grad():
        size = first(torch.zeros(2, *shape)).numel() // 2
    net = nn.Sequential(first, leaky(threshold=0.4), nn.Flatten(), nn.Linear(size, 9), leaky(threshold=0.2))
    assert_equal(randomise(net, gain=2.0), shape, ["4"], stepwise, dt=1e-3)


FUNCTIONS = {
    "matmul": lambda self, x: self.b(self.a(self.fc(x)) @ self.w.t()),
    "functional": lambda self, x: self.b(F.linear(self.a(self.fc(x)), self.w * 0.9, self.w.new_full((25,), 0.1))),
    "permute": lambda self, x: self.b(self.w_2(self.a(self.fc(x)).view(-1, 5, 6).permute(0, 2, 1).reshape(-1, 30))),
    "chunk": lambda self, x: self.b(self.w_2(torch.cat(self.a(self.fc(x)).chunk(2, dim=1)[::-1], dim=1))),
    "sum": lambda self, x: self.b(
        self.w_2(self.a(self.fc(x)).view(-1, 5, 6).sum(2, keepdim=True).expand(-1, -1, 6).flatten(1))
    ),
    "mean": lambda self, x: self.b(
        self.w_2(self.a(self.fc(x))) - self.a_2(self.fc(x)).mean(1, keepdim=True).expand(-1, 25)
    ),
    "twice": lambda self, x: self.b(self.w_2((y := self.a(self.fc(x))) + y)),
    "difference": lambda self, x: self.b(1.0 - self.w_2(2 * self.a(self.fc(x)) / 3) * self.scale - 0.5),
    "alpha": lambda self, x: self.b(torch.add(self.scale, self.w_2(self.a(self.fc(x))), alpha=2)),
    "alpha_minus": lambda self, x: self.b(torch.sub(self.scale, self.w_2(self.a(self.fc(x))), alpha=-0.7)),
    "in_place": lambda self, x: self.b(self.w_2(self.a(self.fc(x)).view(-1, 5, 6).flatten(1).mul_(0.7))),
    "whole": lambda self, x: self.b(self.w_2(self.a(self.fc(x)).to(torch.uint8).double())),
    "axis": lambda self, x: self.b(self.w_2(torch.concatenate((self.a(self.fc(x))[:, :25], x[:, :5]), axis=1))),
    "keepdims": lambda self, x: self.b(self.w_2(self.a(self.fc(x)) - x.sum(axis=1, keepdims=True).expand(-1, 30))),
    "two_paths": lambda self, x: self.b(self.w_2(y := self.a(self.fc(x))) + 0.3 * self.w_3(y)),
    "stacked": lambda self, x: self.b(self.w_2(torch.stack((self.a(self.fc(x)), self.a_2(self.fc(x)))).sum(0))),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functional_forms(name):
    torch.manual_seed(2)
    parts = {"fc": nn.Linear(20, 30), "a": leaky(), "a_2": leaky(beta=0.5), "b": leaky(threshold=0.5)}
    parts |= {"w_2": nn.Linear(30, 25), "w_3": nn.Linear(30, 25), "scale": nn.Parameter(torch.rand(25) + 0.5)}
    net = randomise(Of(FUNCTIONS[name], **parts))
    net.w = nn.Parameter(torch.randn(25, 30))
    module = doubled_of(net, FUNCTIONS[name], parts)
    x = spikes_in((20,))
    wanted = stepwise(module, x)[0]
    recording = nk.run(nk.convert(module, shape=(20,), dt=1e-3), x)
    assert 20 < wanted.sum() < 0.95 * wanted.size
    assert (recording.spikes["b"] != wanted).sum() == 0


def doubled_of(net, forward, parts):
    """`doubled` for a module whose forward is an attribute of its own."""
    made = Of(forward, **{name: getattr(net, name) for name in parts})
    made.w = net.w
    made.double().eval()
    for own in made.modules():
        if getattr(own, "weight", None) is not None:
            own.register_forward_pre_hook(lambda own, args: (args[0].to(own.weight.dtype), *args[1:]))
    if forward in (FUNCTIONS["matmul"], FUNCTIONS["functional"]):  # snnTorch's spikes are single precision
        made.a.register_forward_hook(lambda own, args, out: out.double())
    return made


# ----------------------------------------------------------------------------------------------- inputs and outputs


class Two(nn.Module):
    """Two inputs, two outputs; one of them behind a decision."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(6, 10), nn.Conv2d(1, 2, 2)
        self.middle, self.last, self.end = leaky(), leaky(), nn.Linear(10, 3)
        self.join = nn.Linear(28, 10)

    def forward(self, events, image):
        middle = self.middle(torch.cat((self.left(events), self.right(image).flatten(1)), dim=1))
        return {"middle": middle, "last": self.last(self.join(middle))}


def test_several_inputs_and_outputs():
    net = doubled(randomise(Two()))
    x, y = spikes_in((6,)), spikes_in((1, 4, 4), seed=1)
    network = nk.convert(net, shape={"events": (6,), "image": (1, 4, 4)}, dt=1e-3)
    assert set(network.inputs) == {"events", "image"}
    assert list(network.outputs) == ["middle", "last"]
    recording = nk.run(network, {"events": x, "image": y})
    forget(net)
    with torch.no_grad():
        found = [net(torch.as_tensor(x[:, t]), torch.as_tensor(y[:, t])) for t in range(x.shape[1])]
    for name in ("middle", "last"):
        wanted = np.stack([out[name].numpy() for out in found], 1)
        assert wanted.sum() > 20
        assert (recording.spikes[name] != wanted).sum() == 0


def test_a_linear_last_layer_becomes_relays():
    net = doubled(randomise(nn.Sequential(nn.Linear(20, 30), leaky(), nn.Linear(30, 5))))
    x = spikes_in((20,))
    network = nk.convert(net, shape=(20,), dt=1e-3)
    assert list(network.outputs) == ["output"]
    np.testing.assert_allclose(nk.run(network, x).spikes["output"], stepwise(net, x)[0], **FLOAT64_SUMS)


@pytest.mark.parametrize("decision", ["softmax", "argmax", "log_softmax"])
def test_a_decision_is_read_behind_the_network(decision):
    net = nn.Sequential(nn.Linear(20, 30), leaky())
    last = Of(lambda self, x: getattr(torch, decision)(self.net(x), 1), net=net)
    assert list(nk.convert(last, shape=(20,), dt=1e-3).outputs) == ["net.1"]


@pytest.mark.parametrize(
    "last",
    [
        lambda self, x: torch.softmax(over_time(self, x) / 0.3, 1),
        lambda self, x: (over_time(self, x).flatten(1) * 2 + 1).max(1),
        lambda self, x: over_time(self, x).unsqueeze(1).argmax(2),
    ],
)
def test_what_keeps_the_order_of_a_sum_over_time_is_read_behind_the_network(last):
    net = Of(last, fc=nn.Linear(20, 30), a=leaky())
    assert list(nk.convert(net, shape=(20,), dt=1e-3).outputs) == ["a"]


def test_counters_of_a_module_are_left_as_they_were():
    net = Of(lambda self, x: (self.calls.add_(1), self.a(self.fc(x)))[1], fc=nn.Linear(20, 30), a=leaky())
    net.register_buffer("calls", torch.full((1,), 7.0))
    nk.convert(net, shape=(20,), dt=1e-3)
    assert net.calls == 7


def test_the_module_is_left_as_it_was():
    net = nn.Sequential(nn.Linear(20, 30), leaky(), nn.Dropout(), nn.Linear(30, 5), leaky())
    net(torch.rand(7, 20))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    kept = net[1].mem
    nk.convert(net, shape=(20,), dt=1e-3)
    assert net.training
    assert net[2].training
    assert net[1].mem is kept
    assert "forward" not in vars(net[1])
    assert not net[1]._forward_hooks
    assert not net._forward_pre_hooks
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_single_precision_differs_by_float_ties_only():
    """The module itself runs in single precision: where a spike differs first, v lies at the threshold to 1e-5."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(20, 100), leaky(reset_mechanism="subtract"))
    randomise(net)
    x = spikes_in((20,), batch=20, steps=100)
    network = nk.convert(net, shape=(20,), dt=1e-3)
    recording = nk.run(network, x, record=[("1", "v")])
    forget(net)
    wanted, potentials = [], []
    with torch.no_grad():
        for t in range(x.shape[1]):
            wanted.append(net(torch.as_tensor(x[:, t], dtype=torch.float32)).numpy())
            potentials.append(net[1].mem.numpy())
    wanted, potentials = np.stack(wanted, 1), np.stack(potentials, 1)
    differs = recording.spikes["1"] != wanted
    first = np.cumsum(differs, axis=1) == 1
    assert differs.mean() < 1e-4
    assert (np.abs(potentials[first & differs] - 1.0) < SINGLE_PRECISION_TIE).all()
