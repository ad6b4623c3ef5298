"""SpikingJelly's and sinabs' own forward passes beside the converted networks."""

import numpy as np
import pytest

from tests.converters.torch_equal import assert_equal, by_list, by_step, randomise, spikes_in
from tests.frameworks import framework
from tests.tolerances import FLOAT64_SUMS

torch, old, new = framework("torch", "spikingjelly.clock_driven.neuron", "spikingjelly.activation_based.neuron")
layer, sinabs, activation = framework("spikingjelly.activation_based.layer", "sinabs.layers", "sinabs.activation")
nn = torch.nn


def forget(module):
    for own in module.modules():
        if hasattr(own, "reset"):
            own.reset()


def single(m, x):
    return by_step(m, x, forget)


def several(m, x):
    return by_list(m, x, forget)


def dense(*neurons):
    sizes = (20, 30, 25, 15)
    return randomise(
        nn.Sequential(*(part for k, n in enumerate(neurons) for part in (nn.Linear(*sizes[k : k + 2]), n)))
    )


def node(package, kind, **changes):
    plain = {"v_threshold": 0.9}
    if kind != "IFNode":
        plain |= {"init_tau" if kind == "ParametricLIFNode" else "tau": 2.5}
    return getattr(package, kind)(**{**plain, **changes})


@pytest.mark.parametrize("package", [old, new])
@pytest.mark.parametrize("v_reset", [0.0, None, -0.3, 0.2])
@pytest.mark.parametrize(
    ("kind", "decay_input"),
    [("IFNode", True), *((kind, decays) for kind in ("LIFNode", "ParametricLIFNode") for decays in (True, False))],
)
def test_spikes_are_spikingjellys(package, kind, v_reset, decay_input):
    options = {"v_reset": v_reset} | ({} if kind == "IFNode" else {"decay_input": decay_input})
    gain = {"v_threshold": 0.3} if decay_input and kind != "IFNode" else {}
    net = dense(node(package, kind, **options, **gain), node(package, kind, **options, **gain))
    assert_equal(net, (20,), ["3"], single, dt=1e-3)


@pytest.mark.parametrize("kind", ["IFNode", "LIFNode", "ParametricLIFNode"])
def test_lists_of_steps(kind):
    net = nn.Sequential(
        layer.Conv2d(2, 6, 3, padding=1, step_mode="m"),
        layer.BatchNorm2d(6, step_mode="m"),
        node(new, kind, step_mode="m", v_threshold=0.5),
        layer.AvgPool2d(2, step_mode="m"),
        layer.SeqToANNContainer(nn.Conv2d(6, 4, 3, stride=2, groups=2)),
        node(new, kind, step_mode="m", v_threshold=0.3),
        layer.Flatten(step_mode="m"),
        layer.Dropout(step_mode="m"),
        layer.Linear(16, 10, step_mode="m"),
        node(new, kind, step_mode="m", v_threshold=0.2),
    )
    assert_equal(randomise(net), (2, 10, 10), ["9"], several, dt=1e-3)


def test_the_old_classes_for_lists_of_steps():
    container = framework("spikingjelly.clock_driven.layer").SeqToANNContainer
    net = nn.Sequential(
        container(nn.Conv2d(2, 6, 3), nn.BatchNorm2d(6)),
        old.MultiStepIFNode(),
        container(nn.Flatten(), nn.Linear(6 * 64, 20)),
        old.MultiStepLIFNode(tau=2.0, v_threshold=0.4),
        container(nn.Linear(20, 10)),
        old.MultiStepParametricLIFNode(v_threshold=0.2),
    )
    assert_equal(randomise(net), (2, 10, 10), ["5"], several, dt=1e-3)


class Block(nn.Module):
    """A residual block as spiking ResNets have it, summed after the neurons, and a dense skip by concatenation."""

    def __init__(self):
        super().__init__()
        self.conv0, self.sn0 = nn.Conv2d(2, 4, 3, padding=1), new.IFNode()
        self.conv1, self.bn1, self.sn1 = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), new.IFNode()
        self.conv2, self.sn2 = nn.Conv2d(4, 4, 3, padding=1), new.IFNode(v_reset=None)
        self.up = nn.Sequential(nn.UpsamplingNearest2d(size=(9, 9)), nn.Conv2d(8, 3, 2))
        self.conv_t = nn.ConvTranspose2d(2, 3, 3, stride=1)
        self.sn3 = new.IFNode(v_threshold=1.5)
        self.scale = nn.Parameter(torch.tensor(1.7))

    def forward(self, x):
        y = self.sn0(self.conv0(x) * self.scale)
        z = self.sn1(self.bn1(self.conv1(y)))
        out = self.sn2(self.conv2(z)) + y
        joined = torch.cat([out, 0.5 * z], dim=1)
        return self.sn3(self.up(joined) + self.conv_t(x) - 0.25)


def test_skips_concatenation_resize_and_scales():
    net = randomise(Block(), gain=2.0)
    assert_equal(net, (2, 6, 6), ["sn3"], single)


class Readout(nn.Module):
    """A neuron that never fires, whose potential is read: as StereoSpike does."""

    def __init__(self):
        super().__init__()
        self.fc, self.sn = nn.Linear(20, 30), new.IFNode()
        self.out, self.read = nn.Linear(30, 5), new.IFNode(v_threshold=float("inf"))

    def forward(self, x):
        self.read(self.out(self.sn(self.fc(x))))
        return self.read.v


def test_a_readout():
    import neurokit as nk
    from tests.converters.torch_equal import doubled

    net = doubled(randomise(Readout()))
    x = spikes_in((20,))
    network = nk.convert(net, shape=(20,))
    assert list(network.outputs) == ["read"]
    recording = nk.run(network, x, record=[("read", "v")])
    np.testing.assert_allclose(recording.states["read", "v"], by_step(net, x, forget)[0], **FLOAT64_SUMS)


# -------------------------------------------------------------------------------------------- class names, no package


class _Base(nn.Module):
    """What any class of SpikingJelly's names has: the attributes that say what it computes."""

    def __init__(self, **attributes):
        super().__init__()
        for name, value in attributes.items():
            setattr(self, name, value)
        self.v = 0.0

    def reset(self):
        self.v = 0.0 if self.v_reset is None else self.v_reset

    def surrogate_function(self, x):
        return (x >= 0).to(x)

    def forward(self, x):
        leak = (self.v - (self.v_reset or 0.0)) / self.tau
        self.v = self.v + x / self.tau - leak
        spikes = self.surrogate_function(self.v - self.v_threshold)
        self.v = (
            self.v - spikes * self.v_threshold
            if self.v_reset is None
            else torch.where(spikes > 0, self.v_reset, self.v)
        )
        return spikes


@pytest.mark.parametrize("module", ["spikingjelly.clock_driven.neuron", "spikingjelly.activation_based.neuron.lif"])
def test_classes_are_known_by_their_names(module):
    named = type("LIFNode", (_Base,), {"__module__": module, "forward": _Base.forward})
    neuron = {"tau": 2.0, "v_threshold": 0.3, "v_reset": None}
    assert_equal(dense(named(**neuron), named(**neuron)), (20,), ["3"], single, dt=1e-3)


# ------------------------------------------------------------------------------------------------------------- sinabs


def by_sample(m, x):
    with torch.no_grad():
        return [m(torch.as_tensor(x)).numpy()]


@pytest.mark.parametrize("reset", ["MembraneSubtract", "MembraneReset"])
@pytest.mark.parametrize("kind", ["IAF", "LIF", "synaptic"])
def test_spikes_are_sinabs(kind, reset):
    options = {"spike_fn": activation.SingleSpike, "reset_fn": getattr(activation, reset)(), "min_v_mem": None}
    options["spike_threshold"] = torch.tensor(0.9)

    def neuron():
        if kind == "IAF":
            return sinabs.IAF(**options)
        return sinabs.LIF(tau_mem=4.0, norm_input=False, tau_syn=3.0 if kind == "synaptic" else None, **options)

    assert_equal(dense(neuron(), neuron()), (20,), ["3"], by_sample, dt=1e-3)


def test_squeezed_sinabs():
    options = {"spike_fn": activation.SingleSpike, "min_v_mem": None, "batch_size": 3}
    net = randomise(
        nn.Sequential(
            nn.Conv2d(2, 4, 3),
            sinabs.IAFSqueeze(**{**options, "batch_size": 2}),
            sinabs.SumPool2d(2),
            nn.Flatten(),
            nn.Linear(64, 10),
            sinabs.IAFSqueeze(**{**options, "batch_size": 2}),
        )
    )

    def run(m, x):
        with torch.no_grad():
            return [m(torch.as_tensor(x.reshape(-1, 2, 10, 10))).numpy().reshape(2, 40, 10)]

    assert_equal(net, (2, 10, 10), ["5"], run, x=spikes_in((2, 10, 10), batch=2))
