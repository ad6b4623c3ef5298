"""Graphs that frameworks' own exporters write, against the frameworks' own forward; skipped where they are absent."""

from __future__ import annotations

import itertools

import nir
import numpy as np
import pytest

import neurokit as nk
from tests import tolerances

torch = pytest.importorskip("torch", reason="torch is not installed")

pytestmark = pytest.mark.filterwarnings("ignore:nirtorch.extract_nir_graph:DeprecationWarning")

STEPS = 60


def spikes_of(seed: int, *shape: int) -> np.ndarray:
    return (np.random.default_rng(seed).random((STEPS, *shape)) < 0.4).astype(np.float32)


def through_file(graph: nir.NIRGraph, tmp_path, **arguments) -> nk.Network:
    nir.write(tmp_path / "export.nir", graph)
    return nk.convert(tmp_path / "export.nir", **arguments)


def seeded(*modules):
    """The modules in order, with weights and biases drawn anew."""
    torch.manual_seed(3)
    net = torch.nn.Sequential(*modules)
    for module in net.modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
            torch.nn.init.normal_(module.weight, 0.1, 0.4)
            torch.nn.init.normal_(module.bias, 0.05, 0.1)
    return net


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_snntorch(tmp_path, reset):
    """No v exceeds twice its threshold: snnTorch would subtract once more in the next step."""
    snn = pytest.importorskip("snntorch", reason="snnTorch is not installed")
    export = pytest.importorskip("snntorch.export_nir").export_to_nir
    one = torch.ones
    common = {"init_hidden": True, "reset_mechanism": reset, "reset_delay": False}
    net = seeded(
        torch.nn.Linear(6, 8),
        snn.Leaky(beta=0.5 * one(8), threshold=1.6 * one(8), **common),
        torch.nn.Linear(8, 5),
        snn.Synaptic(alpha=0.3 * one(5), beta=0.5 * one(5), threshold=1.5 * one(5), output=True, **common),
    )
    mode = "soft" if reset == "subtract" else "hard"
    network = through_file(export(net, torch.randn(6)), tmp_path, dt=1e-4, reset=mode)
    x = spikes_of(1, 6)
    with torch.no_grad():
        net[1].reset_mem(), net[3].reset_mem()
        expected = np.array([net(torch.tensor(row)[None])[0].numpy()[0] for row in x])
    found = nk.run(network, x).spikes["3"]
    assert 0.02 < expected.mean() < 0.98
    assert (found != expected).sum() == 0


def test_snntorch_convolutions(tmp_path):
    snn = pytest.importorskip("snntorch", reason="snnTorch is not installed")
    export = pytest.importorskip("snntorch.export_nir").export_to_nir
    one = torch.ones
    common = {"init_hidden": True, "reset_mechanism": "zero", "reset_delay": False}
    net = seeded(
        torch.nn.Conv2d(2, 3, 3),
        snn.Leaky(beta=0.8 * one(3, 6, 6), threshold=2 * one(3, 6, 6), **common),
        torch.nn.AvgPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(27, 4),
        snn.Leaky(beta=0.6 * one(4), threshold=one(4), output=True, **common),
    )
    network = through_file(export(net, torch.randn(1, 2, 8, 8), ignore_dims=[0]), tmp_path, dt=1e-4)
    x = spikes_of(2, 2, 8, 8)
    with torch.no_grad():
        net[1].reset_mem(), net[5].reset_mem()
        expected = np.array([net(torch.tensor(row)[None])[0].numpy()[0] for row in x])
    found = nk.run(network, x).spikes["5"]
    assert 0.02 < expected.mean() < 0.98
    assert (found != expected).sum() == 0


def test_snntorch_recurrence(tmp_path):
    """Held against its equations: snnTorch's own forward subtracts None where its reset is not delayed."""
    snn = pytest.importorskip("snntorch", reason="snnTorch is not installed")
    export = pytest.importorskip("snntorch.export_nir").export_to_nir
    layer = snn.RSynaptic(alpha=0.4, beta=0.6, linear_features=4, threshold=1.0, init_hidden=True, output=True)
    net = seeded(torch.nn.Linear(6, 4), layer)
    network = through_file(export(net, torch.randn(6)), tmp_path, dt=1e-4, reset="soft")
    assert {p.name: p.delay.item() for p in network.projections} == {"input->1.lif": 0, "1.lif->1.lif": 1e-4}
    x = spikes_of(2, 6)
    found = nk.run(network, x).spikes["1.lif"]
    first, second = ((m.weight.detach().numpy(), m.bias.detach().numpy()) for m in (net[0], layer.recurrent))
    u, v, s = np.zeros(4), np.zeros(4), np.zeros(4)
    for step in range(STEPS):
        u = 0.4 * u + first[0] @ x[step] + first[1] + second[0] @ s + second[1]
        v = 0.6 * v + u
        s = (v > 1).astype(float)
        v = v - s
        np.testing.assert_array_equal(found[step], s)
    assert 0.02 < found.mean() < 0.98


def test_norse():
    """Its exporter leaves v_reset out, so that it is 0 here."""
    norse = pytest.importorskip("norse.torch", reason="Norse is not installed")
    to_nir = pytest.importorskip("norse.torch.utils.export_nir").to_nir
    fill = torch.full
    cell = norse.LIFBoxParameters(fill((8,), 200.0), fill((8,), 0.0), fill((8,), 0.2), fill((8,), 0.0))
    readout = norse.LIBoxParameters(fill((3,), 100.0), fill((3,), 0.0))
    torch.manual_seed(4)
    net = norse.SequentialState(
        torch.nn.Linear(6, 8), norse.LIFBoxCell(cell), torch.nn.Linear(8, 3), norse.LIBoxCell(readout)
    )
    network = nk.convert(to_nir(net, torch.randn(1, 6), dt=1.0), dt=1e-3)  # dt=1: tau = dt / tau_mem_inv in seconds
    x, state = spikes_of(3, 6), None
    hidden, expected = [], []
    with torch.no_grad():
        for row in x:
            value, state = net(torch.tensor(row)[None], state)
            expected.append(value.numpy()[0])
            hidden.append(state[1].v.numpy()[0])
    recording = nk.run(network, x[:, None, :], record=["1", ("1", "v"), ("3", "v")])
    assert 0.02 < np.mean(recording.spikes["1"]) < 0.98
    np.testing.assert_allclose(recording.states["1", "v"], hidden, **tolerances.NORSE_LAYERS)
    np.testing.assert_allclose(recording.states["3", "v"], expected, **tolerances.NORSE_LAYERS)


def test_sinabs():
    layers = pytest.importorskip("sinabs.layers", reason="sinabs is not installed")
    activation = pytest.importorskip("sinabs.activation")
    to_nir = pytest.importorskip("sinabs.nir").to_nir
    net = seeded(
        torch.nn.Conv2d(2, 3, 3),
        layers.IAFSqueeze(batch_size=1, spike_fn=activation.SingleSpike),
        layers.SumPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(27, 4),
        layers.IAFSqueeze(batch_size=1, spike_fn=activation.SingleSpike, spike_threshold=torch.tensor(3.0)),
    )
    x = spikes_of(5, 2, 6 + 2, 8)
    graph = to_nir(net, torch.tensor(x[:1]))
    with torch.no_grad():
        for layer in (net[1], net[5]):
            layer.reset_states()
        expected = net(torch.tensor(x)).numpy()
    found = nk.run(nk.convert(graph, reset="soft", fires=">="), x).spikes["5"]
    assert 0.02 < expected.mean() < 0.98
    assert (found != expected).sum() == 0


@pytest.mark.parametrize("decay_input", [True, False])
@pytest.mark.parametrize("v_reset", [0.0, 0.1, None])
def test_spikingjelly(decay_input, v_reset):
    """SpikingJelly's exporter is newer than its release: the graph here is what it writes for these modules."""
    neuron = pytest.importorskip("spikingjelly.activation_based.neuron", reason="SpikingJelly is not installed")
    net = seeded(
        torch.nn.Linear(6, 8),
        neuron.LIFNode(tau=2.5, decay_input=decay_input, v_threshold=0.6, v_reset=v_reset),
        torch.nn.Linear(8, 4),
        neuron.IFNode(v_threshold=1.3, v_reset=v_reset),
    )
    dt, at = 1e-4, 0.0 if v_reset is None else v_reset
    nodes = {
        "input": nir.Input(np.array([6])),
        "0": nir.Affine(net[0].weight.detach().numpy(), net[0].bias.detach().numpy()),
        "1": nir.LIF(*(np.full(8, v) for v in (2.5 * dt, 1.0 if decay_input else 2.5, at, 0.6, at))),
        "2": nir.Affine(net[2].weight.detach().numpy(), net[2].bias.detach().numpy()),
        "3": nir.IF(*(np.full(4, v) for v in (1 / dt, 1.3, at))),
        "output": nir.Output(np.array([4])),
    }
    names = list(nodes)
    graph = nir.NIRGraph(nodes, list(itertools.pairwise(names)))
    reset = "soft" if v_reset is None else "hard"
    network = nk.convert(graph, dt=dt, reset=reset, fires=">=", integration="continuous")
    x = spikes_of(6, 6)
    with torch.no_grad():
        expected = np.array([net(torch.tensor(row)[None]).numpy()[0] for row in x])
    found = nk.run(network, x).spikes["3"]
    assert 0.02 < expected.mean() < 0.98
    assert (found != expected).sum() == 0
