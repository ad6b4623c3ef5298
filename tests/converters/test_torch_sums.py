"""Torch modules that add up what each step gives, in a loop of their own or from call to call; held against torch."""

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import ConversionError
from tests.converters.test_torch import Of, leaky, stepwise
from tests.converters.torch_equal import doubled, randomise, spikes_in
from tests.frameworks import framework
from tests.tolerances import FLOAT64_SUMS

torch, snn = framework("torch", "snntorch")
nn = torch.nn

STEPS = 60


def layers():
    return {"fc": nn.Linear(6, 9), "a": leaky(init_hidden=False), "fc2": nn.Linear(9, 4), "b": leaky(init_hidden=False)}


def loop(start, step, end=lambda out, x: out):
    """A forward over (steps, samples, 6) that adds up from `start`."""

    def forward(self, x):
        one, two, out = self.a.init_leaky(), self.b.init_leaky(), start(x)
        for now in x:
            spikes, one = self.a(self.fc(now), one)
            last, two = self.b(self.fc2(spikes), two)
            out = step(out, last, spikes)
        return end(out, x)

    return forward


def zeros(x):
    return torch.zeros(x.shape[1], 4, dtype=x.dtype)


def in_place(out, last, spikes):
    out += last
    return out


SUMS = {
    "from_zero": loop(lambda x: 0, lambda out, last, spikes: out + last),
    "from_zeros": loop(zeros, lambda out, last, spikes: out + last),
    "turned": loop(zeros, lambda out, last, spikes: last + out),
    "in_place": loop(zeros, in_place),
    "reshaped": loop(lambda x: 0, lambda out, last, spikes: out + last, lambda out, x: out.reshape(-1, 2, 2)),
}


def converted(forward):
    torch.manual_seed(1)
    module = doubled(randomise(Of(forward, **layers())))
    return module, nk.convert(module, shape=(6,), dt=1e-3)


@pytest.mark.parametrize("name", SUMS)
def test_sums_of_spikes(name):
    module, network = converted(SUMS[name])
    x = spikes_in((6,), steps=STEPS)
    wanted = module(torch.as_tensor(np.swapaxes(x, 0, 1))).detach().numpy().reshape(len(x), -1)
    assert wanted.sum() > 20
    assert list(network.outputs) == ["b"]
    np.testing.assert_array_equal(nk.run(network, x).spikes["b"].sum(1), wanted)


def test_means_and_decisions_behind_them():
    module, network = converted(loop(zeros, lambda out, last, spikes: out + last, lambda out, x: out / len(x)))
    x = spikes_in((6,), steps=STEPS)
    wanted = module(torch.as_tensor(np.swapaxes(x, 0, 1))).detach().numpy()
    np.testing.assert_allclose(nk.run(network, x).spikes["b"].mean(1), wanted, **FLOAT64_SUMS)
    _, decided = converted(loop(zeros, lambda out, last, spikes: out + last, lambda out, x: out.softmax(1).argmax(1)))
    assert list(decided.outputs) == ["b"]


def test_sums_of_two_layers_and_of_a_layer_without_neurons():
    both = loop(lambda x: 0, lambda out, last, spikes: out + last + spikes[:, :4])
    module, network = converted(both)
    x = spikes_in((6,), steps=STEPS)
    wanted = module(torch.as_tensor(np.swapaxes(x, 0, 1))).detach().numpy()
    (name,) = network.outputs
    np.testing.assert_allclose(nk.run(network, x).spikes[name].sum(1), wanted, **FLOAT64_SUMS)
    module, network = converted(loop(lambda x: 0, lambda out, last, spikes: out + spikes @ spikes.new_ones(9, 4)))
    wanted = module(torch.as_tensor(np.swapaxes(x, 0, 1))).detach().numpy()
    (name,) = network.outputs
    np.testing.assert_allclose(nk.run(network, x).spikes[name].sum(1), wanted, **FLOAT64_SUMS)


def test_sums_from_call_to_call():
    """A module of single steps that keeps its sum as an attribute."""

    def forward(self, x):
        last = self.b(self.fc2(self.a(self.fc(x))))
        self.total = self.total + last if hasattr(self, "total") else last
        return self.total

    torch.manual_seed(1)
    parts = layers() | {"a": leaky(), "b": leaky()}
    module = doubled(randomise(Of(forward, **parts)))
    network = nk.convert(module, shape=(6,), dt=1e-3)
    assert not hasattr(module, "total")
    x = spikes_in((6,), steps=STEPS)
    wanted = stepwise(module, x)[0]
    np.testing.assert_array_equal(nk.run(network, x).spikes["b"].cumsum(1), wanted)


def test_the_ladder_stands_on_the_module():
    module, _ = converted(SUMS["from_zeros"])
    parity = nk.verify(module, spikes_in((6,), steps=STEPS), network=converted(SUMS["from_zeros"])[1], lava=0)
    assert parity.rungs[0].ok, str(parity)
    assert "torch" in str(parity)


UNEQUAL = {
    "leaky": loop(lambda x: 0, lambda out, last, spikes: 0.9 * out + last),
    "difference": loop(lambda x: 0, lambda out, last, spikes: last - out),
}


@pytest.mark.parametrize("name", UNEQUAL)
def test_sums_that_weigh_steps(name):
    with pytest.raises(ConversionError) as caught:
        converted(UNEQUAL[name])
    (fault,) = (fault for fault in caught.value.faults if fault.node == "b")
    assert fault.fact == "is added up over the steps, but not each step alike"
    assert "snn.Leaky" in fault.mend


def test_two_steps_of_many_are_no_sum_over_time():
    """What looks one step back keeps its delay, and is refused where it has two of them."""

    def forward(self, x):
        spikes = self.a(self.fc(x))
        found = spikes + self.before if hasattr(self, "before") else spikes
        self.before = spikes
        return found

    module = Of(forward, fc=nn.Linear(6, 9), a=leaky())
    with pytest.raises(ConversionError, match="two paths of unequal delay"):
        nk.convert(module, shape=(6,), dt=1e-3)
