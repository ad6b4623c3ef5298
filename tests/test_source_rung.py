"""The lowest rung: the source in its own framework, and the convention that explains where its Network differs."""

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.converters import running
from neurokit.errors import InputError
from tests.cli.sources import nir_graph, write_nir
from tests.converters.onnx_models import Sketch, runtime
from tests.converters.torch_equal import by_step, randomise, spikes_in

DATA = (np.random.default_rng(5).random((3, 40, 6)) < 0.4).astype(np.uint8)


def rung(parity):
    assert parity.rungs[0].name == "source -> network"
    return parity.rungs[0]


def changed(network, **fields):
    populations = {n: replace(p, neuron=replace(p.neuron, **fields)) for n, p in network.populations.items()}
    return replace(network, populations=populations)


# --------------------------------------------------------------------------------------------------------------- torch


def module():
    torch, snntorch = pytest.importorskip("torch"), pytest.importorskip("snntorch")

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            leaky = {"init_hidden": True, "reset_mechanism": "subtract"}
            self.fc1, self.lif1 = torch.nn.Linear(10, 20), snntorch.Leaky(beta=0.9, **leaky)
            self.fc2, self.lif2 = torch.nn.Linear(20, 5), snntorch.Leaky(beta=0.8, **leaky)

        def forward(self, x):
            return self.lif2(self.fc2(self.lif1(self.fc1(x))))

    torch.manual_seed(1)
    return randomise(Net(), gain=2.0)


def test_a_torch_module_runs_beside_its_network():
    """Each layer's spikes are the module's own, whatever it has seen before; the module stays as it was."""
    net, x = module(), spikes_in((10,))
    network = nk.convert(net, shape=(10,), dt=1e-3)
    by_step(net, spikes_in((10,), seed=9))  # leaves states behind
    before = net.lif1.mem.clone()
    found = nk.verify(net, x, network=network, lava=0)
    assert (net.lif1.mem == before).all()
    assert [(layer.population, layer.what) for layer in rung(found).layers] == [("lif1", "spikes"), ("lif2", "spikes")]
    assert rung(found).ok
    assert rung(found).differing <= 2  # ties of single precision
    assert rung(found).note.startswith("the source ran in torch ")
    assert [decision.stage for decision in found.decisions] == ["source", "network", "program"]
    wanted = by_step(module(), x)[0].sum(axis=1).argmax(axis=1)
    labelled = nk.verify(net, x, network=network, lava=0, labels=wanted, attribute=0)
    assert labelled.decisions[0].accuracy == 1.0
    assert (found.notes, found.conventions) == ((), None)


def test_the_wrong_reset_is_named():
    net, x = module(), spikes_in((10,))
    network = nk.convert(net, shape=(10,), dt=1e-3)
    found = nk.verify(net, x, network=changed(network, reset="hard"), lava=0)
    assert not found.ok
    assert not rung(found).ok
    best = found.conventions.switches[0]
    assert best.title == "reset='soft'"
    assert best.loss < 0.1 * found.conventions.loss
    assert "is one of convention: with reset='soft'" in str(found)
    assert found.first_divergence.rung is rung(found)
    assert found.to_dict()["conventions"]["switches"][0]["title"] == "reset='soft'"


def test_layers_that_hear_each_other_late_are_named():
    net, x = module(), spikes_in((10,))
    network = nk.convert(net, shape=(10,), dt=1e-3)
    first, second = network.projections
    late = replace(network, projections=(first, replace(second, delay=np.asarray(1e-3))))
    found = nk.verify(net, x, network=late, lava=0)
    assert found.conventions.switches[0].title == "a step less for each connection between layers"


def plain_module():
    torch = pytest.importorskip("torch")

    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.seq = torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.ReLU(), torch.nn.Linear(6, 6))
            self.act = torch.nn.ReLU()

        def forward(self, x):
            return torch.relu(self.act(self.seq(x)) + self.act(x))

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.act = torch.nn.Conv2d(2, 3, 3), torch.nn.ReLU()
            self.fc, self.blocks = torch.nn.Linear(48, 6), torch.nn.Sequential(Block(), Block())
            self.list, self.out = torch.nn.ModuleList([torch.nn.Linear(6, 6), torch.nn.ReLU6()]), torch.nn.Linear(6, 4)

        def forward(self, x):
            x = torch.relu(self.fc(self.act(self.conv(x)).flatten(1)))
            return self.out(self.list[1](self.list[0](self.blocks(x))))

    torch.manual_seed(3)
    return Net()


def test_a_module_without_spikes_runs_beside_its_network():
    """Every layer of a network of ReLUs, called once or several times, and what it returns: the module's numbers."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    net, rng = plain_module(), np.random.default_rng(2)
    frames = rng.random((3, 4, 2, 6, 6))
    network = nk.convert(net, shape=(2, 6, 6), code="sigma-delta", calibrate=rng.random((5, 2, 6, 6)))
    program = nk.compile(network, calibrate=frames)
    found = nk.verify(net, frames, network=network, program=program, lava=0)
    layers = {layer.population: layer for layer in rung(found).layers}
    others = {"x.delta", "/list.1/Clip", "/list.1/Clip.over"}  # the input's changes, and parts of a bounded rectifier
    assert set(network.populations) - set(layers) == others
    assert rung(found).ok
    assert max(layer.distance for layer in layers.values()) < 0.02
    assert rung(found).note.startswith("the source ran in torch ")
    flat = torch.as_tensor(frames.reshape(-1, 2, 6, 6), dtype=torch.float32)
    with torch.no_grad():
        first, (output,) = net.act(net.conv(flat)), network.outputs
        assert layers["/act/Relu"].reference_mean == pytest.approx(float(first.mean()), rel=1e-5)
        assert layers[output].reference_mean == pytest.approx(float(net(flat).mean()), rel=1e-5)
    (place,) = [k for k, p in enumerate(network.projections) if p.target == "/Relu"]
    broken = nk.verify(net, frames, network=changed_weights(network, place), program=program, lava=0, attribute=0)
    assert not rung(broken).ok
    assert broken.first_divergence.layer.population == "/Relu"


# ---------------------------------------------------------------------------------------------------------------- onnx


def sketch():
    made = Sketch(3)
    x = made.input(1, 2, 6, 6)
    hidden = made.op("Relu", made.conv(x, 2, 3, 3, 3), name="relu")
    flat = made.op("Flatten", hidden)
    return made.model(made.dense(flat, 48, 4))


def test_an_onnx_model_runs_beside_its_network(tmp_path):
    pytest.importorskip("onnxruntime")
    model, x = sketch(), np.random.default_rng(1).random((5, 2, 6, 6))
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    frames = np.random.default_rng(2).random((3, 4, 2, 6, 6))
    network = nk.convert(tmp_path / "x.onnx", code="sigma-delta", calibrate=x)
    program = nk.compile(network, calibrate=frames)
    for source in (tmp_path / "x.onnx", model):
        found = nk.verify(source, frames, network=network, program=program, lava=0)
        layers = {layer.population: layer for layer in rung(found).layers}
        assert {layer.what for layer in layers.values()} == {"value"}
        assert len(layers) == 2
        assert max(layer.distance for layer in layers.values()) < 0.05
        assert rung(found).ok
        assert rung(found).note.startswith("the source ran in onnxruntime ")
    (output,) = network.outputs
    wanted = runtime(model, frames.reshape(-1, 2, 6, 6)).reshape(3, 4, -1)
    assert layers[output].reference_mean == pytest.approx(wanted.mean(), rel=1e-5)
    chosen = wanted[:, -1].argmax(axis=1)
    labelled = nk.verify(model, frames, network=network, program=program, lava=0, labels=chosen)
    assert [d.accuracy for d in labelled.decisions] == [1.0, 1.0, 1.0]
    broken = changed_weights(network)
    assert not rung(nk.verify(model, frames, network=broken, program=program, lava=0)).ok


def test_a_model_of_a_later_onnx_than_the_runtime_knows(tmp_path):
    """It was told as a defect of neurokit."""
    pytest.importorskip("onnxruntime")
    model = sketch()
    network = nk.convert(model, code="sigma-delta", calibrate=np.random.default_rng(1).random((5, 2, 6, 6)))
    model.ir_version = 99
    frames = np.random.default_rng(2).random((1, 2, 2, 6, 6))
    found = nk.verify(model, frames, network=network, lava=0)
    assert all(rung.name != "source -> network" for rung in found.rungs)
    assert "onnxruntime does not take the model" in str(found)


def test_parts_of_an_operation_are_no_tensor_of_the_model():
    """Of a leaky rectifier the population of its name is the positive part."""
    pytest.importorskip("onnxruntime")
    made = Sketch(3)
    x = made.input(1, 6)
    leaky = made.op("LeakyRelu", made.dense(x, 6, 5), name="leaky", alpha=0.3)
    model = made.model(made.dense(made.op("Relu", made.dense(leaky, 5, 4), name="relu"), 4, 3))
    rng = np.random.default_rng(2)
    frames = rng.normal(size=(3, 4, 6))
    network = nk.convert(model, code="sigma-delta", calibrate=rng.normal(size=(20, 6)))
    found = nk.verify(model, frames, network=network, program=nk.compile(network, calibrate=frames), lava=0)
    assert "leaky" in network.populations
    assert {layer.population for layer in rung(found).layers} == {"relu", *network.outputs}
    assert rung(found).ok


def changed_weights(network, place=-1):
    first = network.projections[place]
    weight = np.array(first.synapses[-1].weight)
    synapses = (*first.synapses[:-1], replace(first.synapses[-1], weight=-weight))
    changed = replace(first, synapses=synapses)
    return replace(network, projections=tuple(changed if p is first else p for p in network.projections))


def test_a_rate_code_is_compared_at_the_end():
    pytest.importorskip("onnxruntime")
    model, x = sketch(), np.random.default_rng(1).random((5, 2, 6, 6))
    network = nk.convert(model, code="rate", calibrate=x)
    inputs = np.repeat(x[:, None], 200, axis=1)
    found = nk.verify(model, inputs, network=network, program=nk.compile(network, calibrate=inputs), lava=0)
    (layer,) = rung(found).layers
    assert layer.compared == 5 * 4
    assert layer.distance < 0.2
    assert "a rate code approaches its values" in rung(found).note
    assert rung(found).within is None


# ------------------------------------------------------------------------------------------------- what was expected


def test_expected_stands_in_for_a_framework_that_is_not_here(tmp_path):
    """A NIR file: without what its framework gives there is no rung, and a note says so."""
    path = write_nir(tmp_path / "x.nir")
    network = nk.convert(path, dt=1e-3)
    without = nk.verify(path, DATA, dt=1e-3, lava=0)
    assert without.rungs[0].name == "network -> program"
    assert without.notes == (f"the source itself was not run: {running.WITHOUT['nir']}",)
    assert "note: the source itself was not run: a NIR graph has no runtime of its own" in str(without)
    truth = nk.run(network, DATA, record=("hidden", "last")).spikes
    for expected in (truth["last"], {"last": truth["last"]}, {"hidden": truth["hidden"], "last": truth["last"]}):
        found = nk.verify(path, DATA, dt=1e-3, lava=0, expected=expected)
        assert rung(found).differing == 0
        assert found.notes == ()
    one = nk.verify(network, DATA[0], lava=0, expected=truth["last"][0])
    assert rung(one).differing == 0


@pytest.mark.parametrize(("fields", "title"), [({"reset": "soft"}, "reset='hard'"), ({"fires": ">="}, "fires='>'")])
def test_a_convention_of_a_recording_is_found(fields, title):
    """Weights and thresholds in whole numbers, so that potentials meet the threshold."""
    weight = np.random.default_rng(2).choice([1.0, 2.0, -1.0], (5, 6))
    graph = nir_graph(weight)
    network = nk.convert(graph, dt=1e-2)  # tau is one step: v is what arrives
    network = changed(network, threshold=np.asarray(20.0))
    truth = nk.run(network, DATA).spikes["last"]
    found = nk.verify(changed(network, **fields), DATA, lava=0, expected=truth)
    titles = {switch.title: switch.loss for switch in found.conventions.switches} if found.conventions else {}
    if found.rungs[0].differing:
        assert titles[title] == 0


def test_expected_that_fits_nothing_is_refused():
    network = nk.convert(nir_graph(), dt=1e-3)
    for expected, words in (
        ({"nowhere": DATA}, "is no population"),
        (DATA, r"has type uint8 and shape \(3, 40, 6\)"),
        ({"last": np.array(["a"])}, "numbers of shape"),
    ):
        with pytest.raises(InputError, match=words):
            nk.verify(network, DATA, lava=0, expected=expected)
    with pytest.raises(InputError, match="network= states it itself"):
        nk.verify(nir_graph(), DATA, network=network, dt=1e-3)


def test_a_runtime_that_is_not_installed_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(running, "find_spec", lambda name: None)
    model = sketch()
    network = nk.convert(model, code="sigma-delta", calibrate=np.random.default_rng(1).random((5, 2, 6, 6)))
    frames = np.random.default_rng(2).random((2, 3, 2, 6, 6))
    program = nk.compile(network, calibrate=frames)
    found = nk.verify(model, frames, network=network, program=program, lava=0)
    assert found.notes == (
        "the source itself was not run: onnxruntime is not installed (pip install neurokit-lava[onnx])",
    )


@pytest.mark.parametrize(("value", "words"), [(0.5, "holds 0.5; it spikes"), (-1, "holds -1"), (np.nan, "holds NaN")])
def test_expected_spikes_that_are_none_are_refused(value, words):
    network = nk.convert(nir_graph(), dt=1e-3)
    spikes = np.zeros((3, 40, 4))
    spikes[1, 2, 3] = value
    with pytest.raises(InputError, match=words):
        nk.verify(network, DATA, lava=0, expected=spikes)
