"""Networks that BTSP trains: what is refused, each with every fault at once."""

import sys

import numpy as np
import pytest

import neurokit as nk
from neurokit.converters.btsp_eiann import rate_net
from neurokit.errors import ConversionError, FormatError, GraphError, InputError
from neurokit.learn.btsp.network import DendriticNet
from tests.btsp import YAML, drawn, small_arrays, specification, state_dict


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"code": None}, "'code': was not given; how rates are sent is a choice"),
        ({"code": "spikes"}, "'code': is 'spikes'; this source takes 'graded' or 'sigma-delta' or 'rate'"),
        ({"code": "sigma-delta"}, "'calibrate': was not given"),
        ({"code": "rate"}, "'calibrate': was not given"),
        ({"dt": -1.0}, "'dt': is -1.0"),
        ({"reset": "soft"}, "'reset': is 'soft'; this source takes none"),
        ({"inputs": "spikes"}, "'inputs': is 'spikes'"),
        ({"spec": {}}, "'spec': was given; a DendriticNet says all by itself"),
        ({"calibrate": np.ones((3, 5))}, r"'calibrate': has float64 of shape \(3, 5\); samples are \(batch, 12\)"),
        ({"calibrate": np.ones(12)}, r"has float64 of shape \(12,\)"),
        ({"calibrate": np.zeros((0, 12))}, r"has float64 of shape \(0, 12\)"),
        ({"calibrate": -np.ones((3, 12))}, "holds values that are no rates"),
        ({"calibrate": np.full((3, 12), np.nan)}, "holds values that are no rates"),
        ({"calibrate": [["a"] * 12]}, "'calibrate': has <U1"),
        ({"shape": (12,)}, "sources of kind 'btsp' do not take it"),
    ],
)
def test_arguments(options, words):
    with pytest.raises(InputError, match=words):
        nk.convert(drawn(), kind="btsp", **{"code": "graded", **options})


def test_sources_that_are_none(tmp_path):
    np.savez(tmp_path / "other.npz", weight=np.eye(2))
    with pytest.raises(InputError, match="'source': is a int; a DendriticNet, the path of weights, or a state_dict"):
        nk.convert(3, kind="btsp", code="graded")
    with pytest.raises(InputError, match="'spec': was not given; weights alone do not say which layers"):
        nk.convert(tmp_path / "other.npz", kind="btsp", code="graded")
    with pytest.raises(InputError, match=r"model\.yaml': is a specification; weights are converted"):
        nk.convert("model.yaml", kind="btsp", code="graded")
    with pytest.raises(FormatError, match="cannot be opened"):
        nk.convert(tmp_path / "none.npz", kind="btsp", code="graded", spec={})
    with pytest.raises(InputError, match="'a': is no array"):
        nk.convert({"a": [[1], [1, 2]]}, kind="btsp", code="graded", spec={})
    with pytest.raises(FormatError, match="is a DendriticNet of version 2"):
        nk.convert({"btsp_format": 2, "tau": 3, "steps": 2}, kind="btsp", code="graded")


def test_an_unsound_dendritic_net(tmp_path):
    net = drawn()
    weights = {name: matrix.copy() for name, matrix in net.weights.items()}
    weights["H1E_InputE"][0, 0], weights["H1E_H1SomaI"][:2, 0] = -1, 1
    with pytest.raises(
        GraphError, match=r"tau is inf and steps is 2\.5; both are at least 1 and finite, steps is whole"
    ):
        DendriticNet(net.sizes, net.weights, net.feedback, float("inf"), 2.5)
    with pytest.raises(GraphError) as caught:
        DendriticNet(net.sizes, weights, net.feedback)
    assert [(fault.node, fault.fact) for fault in caught.value.faults] == [
        ("H1E_InputE", "1 of 108 weights are negative"),
        ("H1E_H1SomaI", "2 of 36 weights are positive"),
    ]


def test_a_specification_that_cannot_be_read(tmp_path, monkeypatch):
    arrays = small_arrays()
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "net.yaml").write_text(YAML)
    with pytest.raises(FormatError, match=r"bad\.json': cannot be read"):
        nk.convert(arrays, kind="btsp", code="graded", spec=tmp_path / "bad.json")
    with pytest.raises(FormatError, match=r"none\.yaml': cannot be read"):
        nk.convert(arrays, kind="btsp", code="graded", spec=tmp_path / "none.yaml")
    with pytest.raises(InputError, match="'spec': is a list; it has layer_config, projection_config, training_kwargs"):
        nk.convert(arrays, kind="btsp", code="graded", spec=[1])
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(FormatError, match=r"PyYAML reads it and is not installed.*neurokit-lava\[yaml\]"):
        nk.convert(arrays, kind="btsp", code="graded", spec=tmp_path / "net.yaml")


@pytest.mark.parametrize("text", ["a: [", "a: !!python/object/apply:os.system ['true']", "{a: *b}"])
def test_yaml_that_is_damaged_or_runs_something(tmp_path, text):
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    (tmp_path / "net.yaml").write_text(text)
    with pytest.raises(FormatError, match=r"net\.yaml': cannot be read"):
        nk.convert(small_arrays(), kind="btsp", code="graded", spec=tmp_path / "net.yaml")


def faults_of(arrays, spec):
    with pytest.raises(ConversionError) as caught:
        rate_net(arrays, spec)
    for fault in caught.value.faults:
        assert all((fault.node, fault.fact, fault.limit, fault.mend)), fault
    return [f"{fault.node}: {fault.fact}" for fault in caught.value.faults]


def edited(change):
    """(weights, specification) of a small network, after `change`."""
    net = drawn()
    arrays, spec = state_dict(net), specification(net)
    change(arrays, spec)
    return faults_of(arrays, spec)


def key(name):
    return f"module_dict.{name}.weight"


def test_every_matrix_that_violates_dales_law_is_named():
    def change(arrays, spec):
        for name in ("H1E_InputE", "OutputSomaI_H2E", "H2E_H2SomaI"):
            arrays[key(name)] = arrays[key(name)].copy()
            arrays[key(name)][0, :2] *= -1
            arrays[key(name)][0, :2] -= 0.1 if not name.endswith("SomaI") else -0.1

    assert edited(change) == [
        "H1E_InputE: 2 of 108 weights are negative",
        "H2E_H2SomaI: 2 of 24 weights are positive",
        "OutputSomaI_H2E: 2 of 16 weights are negative",
    ]


def test_matrices_that_are_missing_surplus_or_of_other_shapes():
    def change(arrays, spec):
        del arrays[key("H1SomaI_H1E")]
        arrays[key("H2E_H1E")] = arrays[key("H2E_H1E")].T
        arrays[key("H2SomaI_H1E")] = np.full((3, 9), np.inf)
        arrays[key("OutputE_H2E")] = np.full((4, 8), "a")
        arrays[key("OutputE_InputE")] = np.ones((4, 12))

    assert edited(change) == [
        "H1SomaI_H1E: is missing",
        "H2E_H1E: has shape (9, 8)",
        "H2SomaI_H1E: has 27 values that are not finite",
        "OutputE_H2E: holds <U1",
        "OutputE_InputE: is no projection of the specification",
    ]


def test_sizes_that_do_not_chain():
    def change(arrays, spec):
        spec["layer_config"]["H1"]["E"]["size"] = 10

    assert edited(change) == [
        "H1E_InputE: has shape (9, 12)",
        "H1E_H1SomaI: has shape (9, 4)",
        "H1SomaI_H1E: has shape (4, 9)",
        "H2E_H1E: has shape (8, 9)",
        "H2SomaI_H1E: has shape (3, 9)",
    ]


def test_unknown_populations():
    def change(arrays, spec):
        spec["layer_config"]["H1"]["VIP"] = {"size": 3, "activation": "relu"}
        spec["projection_config"]["H1"]["E"]["H7"] = {"E": {"direction": "F"}}
        spec["projection_config"]["Output"]["E"]["H7"] = {"E": {}}

    assert edited(change) == ["H1VIP: is an unknown population", "H7E: is an unknown population of H1E_H7E"]


@pytest.mark.parametrize(
    ("population", "options", "words"),
    [
        ("E", {"size": 9}, "H1E: has the activation 'linear'"),
        ("E", {"size": 9, "activation": "softplus"}, "H1E: has the activation 'softplus'"),
        ("E", {"size": 9, "activation": "relu", "activation_kwargs": {"x": 1}}, "H1E: has the activation 'relu'"),
        ("E", {"activation": "relu"}, "H1E: has no size"),
        ("SomaI", {"size": 0, "activation": "relu"}, "H1SomaI: has no size"),
        ("E", 9, "H1E: has no size"),
        ("E", {"size": 9, "activation": "relu", "tau": 0.5}, "H1E: has tau 0.5"),
        ("E", {"size": 9, "activation": "relu", "tau": "long"}, "H1E: has tau 'long'"),
    ],
)
def test_populations_that_are_no_such_neurons(population, options, words):
    def change(arrays, spec):
        spec["layer_config"]["H1"][population] = options

    assert words in edited(change)


def test_a_bias():
    def change(arrays, spec):
        arrays["parameter_dict.H2E_bias"] = np.array([0, 1, 2, 0, 0, 0, 0, 0.0])

    assert edited(change) == ["H2E: has a bias in 2 of 8 neurons"]


@pytest.mark.parametrize("section", ["layer_config", "projection_config", "training_kwargs"])
def test_sections_that_are_missing(section):
    def change(arrays, spec):
        spec[section] = None if section == "layer_config" else {}

    assert edited(change) == [f"spec: has no '{section}'"]


@pytest.mark.parametrize(
    ("constants", "words"),
    [
        ({"tau": 3}, ["forward_steps: is missing"]),
        ({"tau": 3, "forward_steps": 0}, ["forward_steps: is 0"]),
        ({"tau": 3, "forward_steps": True}, ["forward_steps: is True"]),
        ({"forward_steps": 15}, ["tau: is missing"]),
    ],
)
def test_constants_that_are_missing(constants, words):
    def change(arrays, spec):
        spec["training_kwargs"] = constants

    assert edited(change)[: len(words)] == words


def test_layers_that_are_none():
    def change(arrays, spec):
        spec["layer_config"] = {"Input": {"E": {"size": 12}}}

    assert "layer_config: has 1 layer" in edited(change)

    def several(arrays, spec):
        spec["layer_config"]["Input"]["SomaI"] = {"size": 2}
        spec["layer_config"]["H2"] = {}
        del spec["layer_config"]["Output"]["E"]

    found = edited(several)
    assert "InputSomaI: is an unknown population" in found
    assert "H2: has no populations" in found
    assert "Output: has no population E" in found


@pytest.mark.parametrize(
    ("target", "source", "options", "words"),
    [
        ("H1E", ("H1", "E"), {"direction": "F"}, "H1E_H1E: goes within a layer with direction F"),
        ("H1E", ("H2", "E"), {"direction": "R"}, "H1E_H2E: goes down with direction R"),
        ("H2E", ("H1", "E"), {"direction": "X"}, "H2E_H1E: goes up with direction X"),
    ],
)
def test_directions_that_the_chip_cannot_follow(target, source, options, words):
    def change(arrays, spec):
        into = spec["projection_config"][target[:2]][target[2:]]
        into.setdefault(source[0], {})[source[1]] = options

    assert words in edited(change)


def test_a_population_that_hears_nothing():
    def change(arrays, spec):
        del spec["projection_config"]["Output"]["SomaI"]
        for source in ("H2E", "OutputE", "OutputSomaI"):
            del arrays[key(f"OutputSomaI_{source}")]

    assert edited(change) == ["OutputSomaI: hears nothing"]
