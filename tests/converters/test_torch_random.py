"""Networks drawn at random, in each framework's neurons: 0 differing spikes over random weights and non-zero biases."""

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import NeurokitError
from tests.converters.torch_equal import by_step, doubled, randomise, spikes_in
from tests.frameworks import framework

torch, snn, norse = framework("torch", "snntorch", "norse.torch")
jelly = framework("spikingjelly.activation_based.neuron")
nn = torch.nn
SEEDS = (0, 1, 2, 4)


def snntorch_neuron(rng, shape):
    options = {"beta": float(rng.uniform(0.5, 1)), "threshold": float(rng.uniform(0.5, 1.2)), "init_hidden": True}
    options["reset_mechanism"] = str(rng.choice(["subtract", "zero", "none"]))
    kind = rng.integers(4)
    if kind == 1:
        return snn.Synaptic(alpha=float(rng.uniform(0.2, 0.8)), **options)
    if kind > 1:
        own = {"linear_features": shape[0]} if len(shape) == 1 else {"conv2d_channels": shape[0], "kernel_size": 3}
        return snn.RSynaptic(alpha=0.5, **own, **options) if kind == 3 else snn.RLeaky(**own, **options)
    return snn.Leaky(**options)


def norse_neuron(rng, shape):
    """A Norse cell whose states stay within: the network around it is a plain module."""
    if rng.integers(2):
        cell = norse.LIFBoxCell(
            norse.LIFBoxParameters(tau_mem_inv=torch.tensor(rng.uniform(100, 400)), v_th=torch.tensor(0.3))
        )
    else:
        cell = norse.LIFCell(
            norse.LIFParameters(tau_syn_inv=torch.tensor(rng.uniform(100, 500)), v_th=torch.tensor(0.4))
        )
    return Stateful(cell)


class Stateful(nn.Module):
    """Keeps a Norse cell's state from step to step."""

    def __init__(self, cell):
        super().__init__()
        self.cell, self.state = cell, None

    def forward(self, x):
        spikes, self.state = self.cell(x, self.state)
        return spikes

    def reset(self):
        self.state = None


def jelly_neuron(rng, shape):
    options = {"v_threshold": float(rng.uniform(0.3, 0.8)), "v_reset": [0.0, None, -0.2][rng.integers(3)]}
    kind = rng.integers(3)
    if kind == 2:
        return jelly.ParametricLIFNode(init_tau=float(rng.uniform(1.5, 4)), **options)
    return jelly.LIFNode(tau=float(rng.uniform(1.5, 4)), **options) if kind else jelly.IFNode(**options)


class Drawn(nn.Module):
    """Two to four stages of maps and neurons; each takes the one before, and maybe another, added or concatenated.

    Images first, then vectors. Some stages feed back what they sent in the step before.
    """

    def __init__(self, seed, neuron):
        super().__init__()
        rng = np.random.default_rng(seed)
        torch.manual_seed(seed)
        self.maps, self.skips, self.neurons, self.norms = (nn.ModuleDict() for _ in range(4))
        self.joins, self.images, self.loops = {}, int(rng.integers(0, 3)), nn.ModuleDict()
        shapes = [(2, 6, 6)]
        for k in range(int(rng.integers(2, 5))):
            image = k < self.images
            shape = (int(rng.integers(2, 5)), 6, 6) if image else (int(rng.integers(8, 20)),)
            taken = shapes[-1]
            other = int(rng.integers(0, len(shapes))) if k and rng.random() < 0.7 else None
            joined = other is not None and image and bool(rng.integers(2))
            if joined:
                taken = (taken[0] + shapes[other][0], 6, 6)
            elif other is not None:
                self.skips[str(k)] = _map(shapes[other], shape)
            self.joins[k] = other, joined
            self.maps[str(k)] = _map(taken, shape)
            self.norms[str(k)] = nn.BatchNorm2d(shape[0]) if image else nn.BatchNorm1d(shape[0])
            self.neurons[str(k)] = neuron(rng, shape)
            if not image and rng.random() < 0.4:
                self.loops[str(k)] = nn.Linear(shape[0], shape[0])
            shapes.append(shape)
        self.sent = {}

    def forward(self, x):
        values = [x]
        for k in range(len(self.maps)):
            other, joined = self.joins[k]
            given = torch.cat((values[-1], values[other]), dim=1) if joined else values[-1]
            current = self.norms[str(k)](self.maps[str(k)](given))
            if str(k) in self.skips:
                current = current + 0.5 * self.skips[str(k)](values[other])
            if str(k) in self.loops:
                before = self.sent.get(k, torch.zeros_like(current))
                current = current + self.loops[str(k)](before)
            values.append(self.neurons[str(k)](current))
            self.sent[k] = values[-1]
        return tuple(values[1:])

    def reset(self):
        self.sent = {}


def _map(before, after):
    if len(after) == 3:
        return nn.Conv2d(before[0], after[0], 3, padding=1)
    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(before)), after[0]))


def forget(net):
    for own in net.modules():
        for method in ("reset", "reset_mem"):
            if callable(getattr(own, method, None)):
                getattr(own, method)()


def spikes_of_both(neuron, seed):
    """Spikes of the module, after making sure that the network's are the same."""
    net = doubled(randomise(Drawn(seed, neuron), seed, gain=3.0))
    x = spikes_in((2, 6, 6), batch=2, steps=25, seed=seed)
    network = nk.convert(net, shape=(2, 6, 6), dt=1e-3)
    recording = nk.run(network, x)
    wanted = by_step(net, x, forget)
    assert len(network.outputs) == len(wanted)
    for k, spikes in enumerate(wanted):
        name = next(name for name in network.outputs if name.split(".")[1] == str(k))
        assert (recording.spikes[name] != spikes).sum() == 0, (name, seed)
    return sum(spikes.sum() for spikes in wanted)


NEURONS = [snntorch_neuron, norse_neuron, jelly_neuron]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("neuron", NEURONS)
def test_no_spike_differs(neuron, seed):
    assert spikes_of_both(neuron, seed) > 50


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("neuron", NEURONS)
def test_no_spike_differs_in_a_hundred(neuron):
    assert sum(spikes_of_both(neuron, seed) for seed in range(100, 200)) > 10_000


def test_a_late_subtraction_compiles():
    """snnTorch's reset, one threshold behind the leak, is 1 / beta thresholds at once: so the integers have it."""
    net = randomise(nn.Sequential(nn.Linear(20, 30), snn.Leaky(beta=0.8, init_hidden=True)))
    network = nk.convert(net, shape=(20,), dt=1e-3)
    program = nk.compile(network)
    neuron = program.populations["1"].neuron
    assert neuron.reset == "soft"
    assert neuron.reset_value / neuron.threshold == pytest.approx(1 / 0.8, rel=0.01)
    x = spikes_in((20,)).astype(np.int64)
    floats, integers = nk.run(network, x).spikes["1"], nk.run(program, x, steps=41).aligned("1")
    assert (floats != integers[:, :40]).mean() < 0.05


def test_it_is_not_written_to_nir(tmp_path):
    net = nn.Sequential(nn.Linear(20, 30), snn.Leaky(beta=0.8, init_hidden=True))
    with pytest.raises(NeurokitError, match="subtracts something else than its threshold"):
        nk.convert(net, shape=(20,), dt=1e-3).save(tmp_path / "w.nir")
