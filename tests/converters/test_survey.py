"""`nk.inspect`: every node supported, approximated or refused, of every kind of source, and bounded on bad files."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import h5py
import nir
import numpy as np
import pytest

import neurokit as nk
from neurokit.converters import survey
from neurokit.errors import FormatError, InputError
from neurokit.graph.neurons import IF, CubaLIF
from neurokit.graph.synapses import Dense
from tests.cli.sources import neurons, nir_graph, write_net, write_nir, write_small_net
from tests.converters.onnx_models import Sketch
from tests.data import shared, truth
from tests.networks import network


def statuses(found):
    return {finding.piece.name: finding.status for finding in found.findings}


def facts_of(found, what):
    return [words for name, words in found.facts if name == what]


def test_a_nir_file(tmp_path):
    found = nk.inspect(write_nir(tmp_path / "x.nir"), dt=1e-3)
    names = ["input", "fc1", "hidden", "fc2", "last", "output"]
    assert [finding.piece.name for finding in found.findings] == names  # along the data's way
    assert set(statuses(found).values()) == {"supported"}
    pieces = {finding.piece.name: finding.piece for finding in found.findings}
    assert (pieces["fc1"].kind, pieces["fc1"].shape, pieces["fc1"].parameters) == ("Affine", (5,), 5 * 6 + 5)
    assert (pieces["fc2"].kind, pieces["fc2"].parameters) == ("Linear", 4 * 5)
    assert found.parameters == sum(piece.parameters for piece in pieces.values())
    assert (found.ok, found.share, found.kind, found.source, found.needs) == (True, 1.0, "nir", "x.nir", ())
    assert facts_of(found, "format") == [f"NIR graph, written by nir {nir.__version__}"]
    assert "pass reset=, fires= or integration=" in facts_of(found, "conventions")[0]
    assert facts_of(found, "step") == ["0.001 s"]
    assert facts_of(found, "neurons") == ["fires at v > 1, resets to 0: hidden, last"]
    assert facts_of(found, "delays") == ["none"]
    assert facts_of(found, "numbers") == ["floats"]
    assert found.program.latency == {"hidden": 1, "last": 2}


def test_a_live_graph_is_surveyed_as_its_file(tmp_path):
    live, file = nk.inspect(nir_graph(), dt=1e-3), nk.inspect(write_nir(tmp_path / "x.nir"), dt=1e-3)
    assert live.findings == file.findings


def test_networks_and_programs_themselves(tmp_path):
    net = nk.convert(nir_graph(), dt=1e-3)
    for graph in (net, nk.compile(net)):
        graph.save(tmp_path / "x.nk")
        found, file = nk.inspect(graph), nk.inspect(tmp_path / "x.nk")
        assert [f.piece for f in found.findings] == [f.piece for f in file.findings]
        assert (found.ok, found.kind, found.facts) == (True, "nk", file.facts)
        for source in (graph, tmp_path / "x.nk"):
            with pytest.raises(InputError, match=r"'dt': was given; a .* states it itself"):
                nk.inspect(source, dt=1e-3)


def test_warnings_of_other_libraries_are_not_lost(monkeypatch):
    """Ours become findings; a library's own go on to whoever looks at warnings."""

    def warning(*arguments, **keywords):
        warnings.warn("format 7 is old", FutureWarning, stacklevel=1)
        return convert(*arguments, **keywords)

    convert = survey.convert
    monkeypatch.setattr(survey, "convert", warning)
    with pytest.warns(FutureWarning, match="format 7 is old") as told:
        assert nk.inspect(nir_graph()).ok  # tried twice: dt is asked for, and stood in for
    assert len(told) == 1


def test_what_must_be_passed_is_asked_for_and_no_fault(tmp_path):
    found = nk.inspect(write_nir(tmp_path / "x.nir"))
    assert (found.ok, found.share) == (True, 1.0)
    (need,) = found.needs
    assert str(need) == (
        "'dt': is not stated, but 'hidden', 'last' need it; the source states no dt. "
        "Pass dt= in seconds, e.g. nk.convert(path, dt=1e-3)."
    )
    assert facts_of(found, "step") == ["not stated: pass dt= in seconds"]
    assert found.network is not None
    assert (found.program, dict(found.stood_in)) == (None, {"dt": 1e-6})


def test_every_faulty_node_is_named_behind_the_missing_step(tmp_path):
    """Two nodes that cannot be converted, in a file that needs dt: both are found, the others are supported."""
    graph = nir_graph(readout=nir.CubaLI(*(np.ones(4, np.float32) for _ in range(5))))
    graph.nodes["fc1"] = nir.Conv1d(1, np.ones((5, 6, 1), np.float32), 1, 0, 1, 1, np.zeros(5))
    nir.write(tmp_path / "x.nir", graph)
    found = nk.inspect(tmp_path / "x.nir")
    bad = [finding for finding in found.findings if finding.faults]
    assert not found.ok
    for finding in bad:
        (fault,) = finding.faults
        assert finding.status == "unsupported"
        assert all((fault.node, fault.fact, fault.limit, fault.mend))
    assert found.share == pytest.approx(1 - len(bad) / 6, rel=1e-12)
    assert {finding.piece.name for finding in bad} <= {"fc1", "last"}


def test_what_integers_approximate(tmp_path):
    """A bias through a current with memory is held at its steady value only: the layer's report says so."""
    graph = nir_graph()
    one = np.ones(5, np.float32)
    graph.nodes["hidden"] = nir.CubaLIF(4e-3 * one, 9e-3 * one, one, 0 * one, one, w_in=4 * one)
    found = nk.inspect(graph, dt=1e-3)
    assert statuses(found)["hidden"] == "approximated"
    (finding,) = (f for f in found.findings if f.piece.name == "hidden")
    assert any("steady value" in how for how in finding.how)
    assert (found.ok, found.share) == (True, 1.0)


def test_what_integers_cannot_hold_is_found():
    """A threshold below rest converts, but does not compile: the node is unsupported, in integers."""
    graph = nir_graph()
    ones = np.ones(5, np.float32)
    graph.nodes["hidden"] = nir.LIF(0.01 * ones, 10 * ones, 0 * ones, -ones)
    found = nk.inspect(graph, dt=1e-3)
    (finding,) = (f for f in found.findings if f.faults)
    assert finding.piece.name == "hidden"
    assert finding.faults[0].fact.startswith("in integers: the threshold lies 1 below rest")
    assert (found.program, found.network is None) == (None, False)


def test_faults_between_nodes_are_told_beside_them(tmp_path):
    weight = np.ones((5, 6), np.float32)
    weight[1, 2] = np.nan
    found = nk.inspect(write_nir(tmp_path / "x.nir", weight), dt=1e-3)
    assert not found.ok
    assert [fault.node for fault in found.faults] == ["input->hidden"]


def test_a_net_file(tmp_path):
    found = nk.inspect(write_small_net(tmp_path / "x.net"))
    assert [(f.piece.name, f.piece.kind, f.piece.shape, f.piece.parameters) for f in found.findings] == [
        ("0-dense", "dense, CUBA", (5,), 30),
        ("1-dense", "dense, CUBA", (4,), 20),
    ]
    assert (found.ok, found.share, found.kind) == (True, 1.0, "net")
    assert facts_of(found, "delays") == ["1 step a connection"]
    assert facts_of(found, "numbers") == ["the chip's integers already"]
    bad = nk.inspect(write_net(tmp_path / "y.net", (2 * np.ones((4, 6)), neurons(type="ADRF"))))
    assert statuses(bad) == {"0-dense": "unsupported"}
    assert (bad.ok, bad.share) == (False, 0.0)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_nk_file(tmp_path, compiled):
    graph = network((Dense(np.eye(2)), IF()), (Dense(np.ones((3, 2)), np.ones(3)), IF()))
    made = nk.compile(graph) if compiled else graph
    made.save(tmp_path / "x.nk")
    found = nk.inspect(tmp_path / "x.nk")
    assert list(statuses(found)) == ["in", "p0", "in->p0", "p1", "p0->p1"]
    assert set(statuses(found).values()) == {"supported"}
    assert found.kind == "nk"
    assert facts_of(found, "numbers") == ["the chip's integers already" if compiled else "floats"]
    assert {f.piece.name: f.piece.parameters for f in found.findings}["p0->p1"] == (6 if compiled else 9)
    with pytest.raises(InputError):
        nk.inspect(tmp_path / "x.nk", kind="net", reset="medium")


def test_a_kind_without_a_lister_is_told_by_its_network(tmp_path, monkeypatch):
    """So every converter is surveyed from its first day: populations and projections are its nodes."""
    monkeypatch.setattr(survey, "LISTERS", {})
    found = nk.inspect(write_nir(tmp_path / "x.nir"), dt=1e-3)
    assert list(statuses(found)) == ["input", "hidden", "input->hidden", "last", "hidden->last"]
    assert found.ok


def test_everything_is_json(tmp_path):
    for found in (nk.inspect(nir_graph()), nk.inspect(write_small_net(tmp_path / "x.net"))):
        data = json.loads(json.dumps(found.to_dict()))
        assert data["supported"] == 1.0
        assert [node["status"] for node in data["nodes"]] == list(statuses(found).values())


def test_arguments_that_do_not_fit_are_refused(tmp_path):
    path = write_nir(tmp_path / "x.nir")
    for options in ({"dt": -1.0}, {"reset": "medium"}, {"inputs": "current"}, {"code": "rate"}):
        with pytest.raises(InputError):
            nk.inspect(path, **options)
    with pytest.raises(FormatError):
        nk.inspect(path, kind="onnxx")
    with pytest.raises(FormatError, match="does not exist"):
        nk.inspect(tmp_path / "nope.nir")


@pytest.mark.parametrize("suffix", [".nir", ".net"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
def test_truncated_files_are_refused(tmp_path, suffix, share):
    whole = (write_nir if suffix == ".nir" else lambda path: write_small_net(path))(tmp_path / f"x{suffix}")
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
    with pytest.raises(FormatError, match="cut"):
        nk.inspect(cut)


def test_a_file_of_something_else(tmp_path):
    """A NIR node that is no graph is a fault of the file: told, not raised, with no node supported."""
    with h5py.File(tmp_path / "x.nir", "w") as file:
        file["node/type"] = "LIF"
    found = nk.inspect(tmp_path / "x.nir")
    assert (found.ok, found.share, found.findings) == (False, 0.0, ())
    assert "holds a node of type LIF" in found.faults[0].fact


def test_delays_are_told():
    graph = network(
        (Dense(np.eye(2)), IF()), (Dense(np.eye(2)), CubaLIF(tau_syn=np.ones(()), tau_mem=np.ones(()))), dt=0.5
    )
    late = replace(graph.projections[1], delay=np.asarray(1.5))
    found = survey._of_graph("x.nk", replace(graph, projections=(graph.projections[0], late)))
    assert facts_of(found, "delays") == ["0 to 3 steps a connection"]


def test_an_onnx_model():
    """Its code is a choice and its integers need samples: both are asked for, and no fault; Softmax is left out."""
    sketch = Sketch()
    fc = sketch.op("Gemm", sketch.input(1, 4), sketch.weights(4, 3), sketch.weights(3), name="fc")
    softmax = sketch.op("Softmax", sketch.op("Relu", fc, name="relu"), name="softmax")
    model = sketch.model(softmax)
    found = nk.inspect(model)
    assert statuses(found) == {"x": "supported", "fc": "supported", "relu": "supported", "softmax": "approximated"}
    assert next(finding.how for finding in found.findings if finding.how)[0].startswith("is left out: ")
    assert [need.node for need in found.needs] == ["code", "calibrate"]
    assert (found.ok, dict(found.stood_in)) == (True, {"code": "sigma-delta"})
    assert {f.piece.name: f.piece for f in found.findings}["fc"].parameters == 4 * 3 + 3
    assert facts_of(found, "format")[0].startswith("ONNX model, opset ")
    given = nk.inspect(model, code="rate", calibrate=np.ones((2, 4)))
    assert (given.needs, given.ok) == ((), True)
    model.graph.node[1].op_type = "Sin"
    refused = nk.inspect(model)
    assert (statuses(refused)["relu"], refused.ok, refused.share) == ("unsupported", False, 0.75)


def test_a_torch_module():
    torch, snntorch = pytest.importorskip("torch"), pytest.importorskip("snntorch")
    leaky = snntorch.Leaky(beta=0.9, init_hidden=True)
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), leaky, torch.nn.Linear(3, 2), torch.nn.GELU())
    found = nk.inspect(module)
    assert [finding.status for finding in found.findings] == ["not tried"] * 4
    assert (found.ok, found.tried, found.share, [need.node for need in found.needs]) == (False, False, 0, ["shape"])
    found = nk.inspect(module, shape=(4,), dt=1e-3)
    assert [f.piece.kind for f in found.findings] == ["torch.Linear", "snntorch.Leaky", "torch.Linear", "torch.GELU"]
    assert statuses(found) == {"0": "supported", "1": "supported", "2": "supported", "3": "unsupported"}
    assert (found.ok, found.tried, found.share) == (False, True, 0.75)
    good = nk.inspect(module[:2], shape=(4,), dt=1e-3)
    assert good.ok
    assert [f.piece.parameters for f in good.findings] == [4 * 3 + 3, 0]


def test_bare_weights(tmp_path):
    np.savez(tmp_path / "x.npz", **{"fc.weight": np.ones((3, 4)), "fc.bias": np.ones(3)})
    found = nk.inspect(tmp_path / "x.npz")
    assert {f.piece.name: f.piece.shape for f in found.findings} == {"fc.weight": (3, 4), "fc.bias": (3,)}
    assert "spec" in [need.node for need in found.needs]
    assert (found.ok, found.tried) == (False, False)
    spec = {"shape": [4], "layers": [{"layer": "linear", "weights": "fc"}, {"neuron": "IF", "name": "out"}]}
    given = nk.inspect(tmp_path / "x.npz", spec=spec)
    assert (given.ok, given.tried, given.share) == (True, True, 1.0)


@pytest.mark.parametrize(
    ("parts", "options", "nodes"),
    [
        (("nir_paper", "02_cnn", "cnn_sinabs.nir"), {}, 15),
        (("nir_paper", "01_lif", "lif_norse.nir"), {"dt": 1e-4}, 4),
        (("lava_dl_oxford", "Trained", "network.net"), {}, 2),
    ],
)
def test_real_files(parts, options, nodes):
    found = nk.inspect(shared(*parts), **options)
    assert (found.ok, found.share) == (True, 1.0)
    assert len(found.findings) == nodes


def test_pilotnets_layers():
    found = nk.inspect(truth("gts/pilotnet_lif/network.net"))
    assert found.ok
    assert [f.piece.kind for f in found.findings][:2] == ["input, LOIHI", "conv, LOIHI"]
