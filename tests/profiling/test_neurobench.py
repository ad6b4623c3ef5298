"""NeuroBench's metrics: against a plain forward written here, and (slow) against the package itself."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import neurokit as nk
from neurokit.errors import InputError
from neurokit.graph.check import check_program
from neurokit.graph.graded_neurons import FixedRelay, FixedSigmaDelta
from neurokit.graph.network import Input, Network, Population, Program, Projection
from neurokit.graph.neurons import IF, LIF
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Sparse, SumPool2d
from neurokit.profiling.neurobench import neurobench
from neurokit.records import Recorded
from tests.frameworks import framework
from tests.place.connectivity import matrix
from tests.place.programs import program
from tests.profiling.oracles import answer, installed
from tests.profiling.recordings import random_spikes, record, three_layers

RECORD: Any = ("a", "out", ("a", "v"), ("out", "v"))


def network() -> Network:
    """(2, 6, 5) -> convolution -> a (3, 4, 3), flattened -> out (4); weights are eighths, some zero: sums are exact."""
    rng = np.random.default_rng(2)
    weights = [rng.integers(-8, 9, shape) / 8 * (rng.random(shape) < 0.7) for shape in ((3, 2, 3, 3), (4, 36))]
    populations = {
        "a": Population("a", (3, 4, 3), LIF(tau=np.array(2.0), reset="soft")),
        "out": Population("out", (4,), IF(reset="soft")),
    }
    joined = (
        Projection("in", "a", (Conv2d(weights[0], bias=np.ones(3) / 8),)),
        Projection("a", "out", (Flatten(), Dense(weights[1]))),
    )
    return Network({"in": Input("in", (2, 6, 5))}, populations, joined, {"out": populations["out"]}, dt=1.0)


def inputs(graded: bool) -> Any:
    rng = np.random.default_rng(3)
    spikes = (rng.random((2, 12, 2, 6, 5)) < 0.3).astype(np.float64)
    return spikes * rng.choice([0.5, 1.0, 2.0], (1, 12, 1, 1, 1)) if graded else spikes


@pytest.mark.parametrize("graded", [False, True])
def test_a_network_by_a_plain_forward(graded: bool) -> None:
    """All synapses as explicit matrices, every product of input and weight looked at by itself."""
    graph, x = network(), inputs(graded)
    found = neurobench(nk.run(graph, x, record=RECORD), x)
    recording = nk.run(graph, x, record=RECORD)
    ins = {"in": x, "a": recording.spikes["a"]}
    accumulates = multiplies = dense = zeros = weights = 0
    for projection in graph.projections:
        synapse = projection.synapses[-1]
        source, target = graph.shape_of(projection.source), graph.shape_of(projection.target)
        there = matrix(synapse, source, target) if isinstance(synapse, Dense) else _plain(synapse, source, target)
        everywhere = _plain(replace(synapse, weight=np.ones_like(synapse.weight)), source, target)
        dense += 2 * 12 * int((everywhere != 0).sum())
        weights += synapse.weight.size
        zeros += int((synapse.weight == 0).sum())
        for step in range(12):
            values = ins[projection.source][:, step].reshape(2, -1)
            products = sum(int(((there != 0) & (row != 0)).sum()) for row in values)
            if set(np.unique(values)) <= {0.0, 1.0, -1.0}:
                accumulates += products
            else:
                multiplies += products
    assert found.effective_accumulates == accumulates / 2
    assert found.effective_multiplies == multiplies / 2
    assert (multiplies > 0) == graded
    assert found.dense == dense / 2
    assert found.connection_sparsity == zeros / weights
    sent = sum(int(recording.spikes[name].sum()) for name in ("a", "out"))
    assert sent > 0
    assert found.activation_sparsity == pytest.approx(1 - sent / (2 * 12 * 40), rel=1e-12)
    updates = 0
    for name in ("a", "out"):
        for sample in recording.states[name, "v"].reshape(2, 12, -1):
            for neuron in sample.T:
                updates += 1 + sum(before != after for before, after in pairwise(neuron))
    assert found.membrane_updates == updates / 2
    assert found.parameters == 4 * (54 + 3 + 144)
    assert found.left_out == ()


def _plain(synapse: Any, source: Any, target: Any) -> Any:
    """Where a synapse connects, with weights of eighths made whole."""
    if isinstance(synapse, Dense):
        return synapse.weight
    return matrix(replace(synapse, weight=(8 * synapse.weight).astype(np.int64), bias=None), source, target)


def test_a_program_says_the_same_as_its_activity() -> None:
    """Operations on non-zero weights are those that the profile counts; nothing of them is an energy."""
    graph = three_layers()
    recording = record(graph, random_spikes(graph, 3, 8))
    profiled = nk.profile(recording, nk.place(graph))
    found = neurobench(recording)
    assert found.effective_accumulates == profiled.synaptic_operations
    assert profiled.neurobench == found
    assert profiled.to_dict()["neurobench"] == found.to_dict()
    assert str(found).splitlines()[1] in str(profiled)
    assert found.dense == 8 * (6 * 5 + 5 * 4 + 4 * 3)
    assert found.parameters == 6 * 5 + 5 * 4 + 4 * 3  # weights of one byte
    assert found.membrane_updates is None
    assert any("v of a, b, out was not recorded" in what for what in found.left_out)
    assert any("pass inputs=" in what for what in found.left_out)


def graded_chain() -> Program:
    """in (3) -> a (5), sigma-delta -> b (4), relays; no weight is zero."""
    populations = {"a": Population("a", (5,), FixedSigmaDelta()), "b": Population("b", (4,), FixedRelay())}
    joined = (
        Projection("in", "a", (Dense(np.full((5, 3), 2)),), np.array(1)),
        Projection("a", "b", (Dense(np.full((4, 5), -3)),), np.array(1)),
    )
    return check_program(Program({"in": Input("in", (3,))}, populations, joined, {"b": populations["b"]}))


@pytest.mark.parametrize("recorded", [True, False])
def test_payloads_of_graded_neurons_are_multiplied(recorded: bool) -> None:
    """Steps in which a sigma-delta layer sends 0, 1 and -1 alone are accumulations, others are not."""
    rng = np.random.default_rng(0)
    graph = graded_chain()
    sent = rng.integers(-1, 2, (2, 4, 5)) * np.array([1, 1, 3, 1])[None, :, None]
    spikes = {"in": np.ones((2, 4, 3), np.int64), "a": sent, "b": np.zeros((2, 4, 4), np.int64)}
    recording = record(graph, spikes)
    if not recorded:
        recording = replace(recording, spikes=Recorded({}, "spikes"))
    found = neurobench(recording, spikes["in"])
    events = np.count_nonzero(sent, axis=(0, 2))
    threes = int(events[2]) if recorded else int(events.sum())
    assert found.effective_multiplies == threes * 4 / 2
    assert found.effective_accumulates == (int(events.sum()) - threes) * 4 / 2 + 4 * 3 * 5
    assert any("its values were not recorded" in what for what in found.left_out) == (not recorded)
    assert "membrane updates of a: such neurons have no potential v" in found.left_out


def test_a_sample_without_a_batch_and_a_recording_in_a_file(tmp_path: Path) -> None:
    graph, x = network(), inputs(graded=True)
    alone = neurobench(nk.run(graph, x[0], record=RECORD), x[0])
    assert alone == neurobench(nk.run(graph, x[:1], record=RECORD), x[:1])
    whole = nk.run(graph, x, record=RECORD)
    nk.run(graph, x, record=RECORD, to=tmp_path / "run.h5")
    assert neurobench(nk.load_recording(tmp_path / "run.h5"), x) == neurobench(whole, x)


def test_a_sparse_layer_has_its_zeros() -> None:
    weight = sp.csr_matrix(np.array([[0, 3, 0], [1, 0, 0]]))
    graph = program({"in": (3,)}, {"out": (2,)}, {("in", "out"): Sparse(weight)})
    spikes = random_spikes(graph, 1, 2, rate=0)
    spikes["in"][0, 0] = 1
    found = neurobench(record(graph, spikes), spikes["in"])
    assert (found.connection_sparsity, found.effective_accumulates, found.dense) == (4 / 6, 2, 12)


def test_what_is_no_layer_there_is_named() -> None:
    pool = SumPool2d((2, 2), (2, 2), (0, 0), np.asarray(1))
    graph = program({"in": (2, 4, 4)}, {"out": (2, 2, 2)}, {("in", "out"): pool})
    found = neurobench(record(graph, random_spikes(graph, 1, 2)))
    assert found.connection_sparsity is None
    assert any("in->out: SumPool2d is not a linear layer" in what for what in found.left_out)
    assert "no weights" in str(found)


def test_text_and_json() -> None:
    graph = three_layers()
    found = neurobench(record(graph, random_spikes(graph, 1, 2)))
    data = json.loads(json.dumps(found.to_dict()))
    assert data["footprint"] == found.footprint == found.parameters + found.constants
    assert "not to be multiplied" in str(found)
    assert f"{found.footprint:,} bytes" in str(found)


def test_wrong_inputs_are_refused() -> None:
    graph = three_layers()
    spikes = random_spikes(graph, 1, 2)
    recording = record(graph, spikes)
    with pytest.raises(InputError, match=r"'in' has shape \(1, 3, 6\); the recording is of \(1, 2, 6\)"):
        neurobench(recording, np.zeros((1, 3, 6)))
    with pytest.raises(InputError, match="'x' is none of the graph's; inputs: in"):
        neurobench(recording, {"x": spikes["in"]})
    with pytest.raises(InputError, match="a Recording is needed"):
        neurobench(graph)  # type: ignore[arg-type]


BUILD = """
def build():
    generator = torch.Generator().manual_seed(4)
    leaky = {"beta": 0.5, "init_hidden": True, "reset_mechanism": "subtract"}
    layers = torch.nn.Conv2d(2, 4, 3, padding=1), torch.nn.Linear(4 * 6 * 5, 7)
    for layer in layers:
        drawn = torch.randint(-8, 9, layer.weight.shape, generator=generator) / 16
        layer.weight.data = drawn * (torch.rand(layer.weight.shape, generator=generator) < 0.6)
        layer.bias.data = torch.randint(1, 4, layer.bias.shape, generator=generator) / 16
    first, last = snn.Leaky(**leaky), snn.Leaky(**leaky, output=True)
    return torch.nn.Sequential(layers[0], first, torch.nn.Flatten(), layers[1], last)
"""
ORACLE = """
import json, sys
import numpy as np, snntorch as snn, torch
from neurobench.metrics.static import ConnectionSparsity, Footprint
from neurobench.metrics.workload import ActivationSparsity, MembraneUpdates, SynapticOperations
from neurobench.models import SNNTorchModel
BUILD
net = build()
data = torch.as_tensor(np.load(sys.argv[1]), dtype=torch.float32)
model = SNNTorchModel(net)
model.register_hooks()
with torch.no_grad():
    predictions = model(data)
batch = (data, torch.zeros(len(data)))
found = {"spikes": float(predictions.sum()), "footprint": Footprint()(model), "connection": ConnectionSparsity()(model)}
found["buffers"] = sum(b.numel() * b.element_size() for b in net.buffers())
for metric in (ActivationSparsity, SynapticOperations, MembraneUpdates):
    found[metric.__name__] = metric()(model, predictions, batch)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package alone, beside this environment: nothing is installed into it."""
    framework("torch", "snntorch")
    return installed(tmp_path_factory.mktemp("neurobench"), "neurobench==2.3.0")


@pytest.mark.slow
def test_the_package_gives_the_same(package: Path, tmp_path: Path) -> None:
    """A snnTorch network that both read: convolution, two layers of leaky neurons, weights of sixteenths, some zero."""
    torch, snn = framework("torch", "snntorch")
    made: dict[str, Any] = {"torch": torch, "snn": snn}
    exec(BUILD, made)
    net = made["build"]()
    x = (np.random.default_rng(0).random((3, 15, 2, 6, 5)) < 0.3).astype(np.float64)
    np.save(tmp_path / "x.npy", x)
    theirs = answer(ORACLE.replace("BUILD", BUILD), "x.npy", package, tmp_path)
    graph = nk.convert(net, kind="torch", shape=(2, 6, 5), dt=1e-3)
    names = tuple(graph.populations)
    recording = nk.run(graph, x, record=(*names, *((name, "v") for name in names)))
    ours = neurobench(recording, x)
    assert float(recording.spikes[names[-1]].sum()) == theirs["spikes"] > 0
    operations = theirs["SynapticOperations"]
    assert ours.effective_accumulates == operations["Effective_ACs"]
    assert ours.effective_multiplies == operations["Effective_MACs"] == 0
    assert ours.dense == operations["Dense"]
    assert round(ours.connection_sparsity or 0, 4) == pytest.approx(theirs["connection"], abs=1e-9)
    assert ours.activation_sparsity == pytest.approx(theirs["ActivationSparsity"], rel=1e-12)
    assert ours.membrane_updates == pytest.approx(theirs["MembraneUpdates"], rel=1e-12)
    assert ours.parameters == theirs["footprint"] - theirs["buffers"]  # constants of snnTorch's neurons are its own
    assert ours.left_out == ()
