"""Bare weights with a specification: every format, every layer, and what is refused."""

import copy
import json

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import ConversionError, FormatError, InputError
from tests.converters.torch_equal import by_step, doubled, randomise, spikes_in
from tests.frameworks import framework
from tests.tolerances import FLOAT64_SUMS

torch, snn = framework("torch", "snntorch")
safetensors = framework("safetensors.numpy")
nn = torch.nn

SPEC = {
    "shape": [2, 10, 10],
    "dt": 1e-3,
    "layers": [
        {"layer": "conv2d", "weights": "0", "padding": 1},
        {"layer": "batch_norm", "weights": "1"},
        {"neuron": "LIF", "keep": 0.75, "threshold": 0.9, "reset": "soft", "subtracts": 1 / 0.75},
        {"layer": "average_pool", "kernel": 2},
        {"layer": "conv_transpose2d", "weights": "4", "stride": 2, "output_padding": 1},
        {"layer": "upsample", "size": [8, 9]},
        {"layer": "sum_pool", "kernel": [3, 2], "stride": 2},
        {"neuron": "CubaLIF", "keep": 0.5, "keep_current": {"tensor": "7.alpha"}, "threshold": 2.0},
        {"layer": "flatten"},
        {"layer": "linear", "weights": "9"},
        {"neuron": "IF", "name": "out", "threshold": {"tensor": "10.threshold"}, "reset": "soft"},
    ],
}


def module():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        snn.Leaky(beta=0.75, threshold=0.9, init_hidden=True),
        nn.AvgPool2d(2),
        nn.ConvTranspose2d(4, 3, 3, stride=2, output_padding=1),
        nn.Upsample(size=(8, 9)),
        nn.LPPool2d(1, (3, 2), stride=2),
        snn.Synaptic(alpha=0.625, beta=0.5, threshold=2.0, init_hidden=True, reset_mechanism="zero", reset_delay=False),
        nn.Flatten(),
        nn.Linear(36, 10),
        snn.Leaky(beta=1.0, threshold=torch.rand(10) + 0.5, init_hidden=True),
    )
    return randomise(net)


def forget(net):
    for own in net.modules():
        if hasattr(own, "reset_mem"):
            own.reset_mem()


def written(net, kind, folder):
    """The module's tensors in a file."""
    state = net.state_dict()
    path = folder / f"weights{'.pth' if kind in ('legacy', 'nested') else kind}"
    if kind in (".pt", "legacy"):
        torch.save(state, path, _use_new_zipfile_serialization=kind != "legacy")
    elif kind == "nested":
        torch.save({"epoch": 3, "model": state, "note": "best"}, path)
    elif kind == ".safetensors":
        safetensors.save_file({name: value.numpy() for name, value in state.items()}, path)
    else:
        np.savez_compressed(path, **{name: value.numpy() for name, value in state.items()})
    return path


def renamed(spec, prefix):
    made = copy.deepcopy(spec)
    for entry in made["layers"]:
        if "weights" in entry:
            entry["weights"] = prefix + entry["weights"]
        for value in entry.values():
            if isinstance(value, dict):
                value["tensor"] = prefix + value["tensor"]
    return made


@pytest.mark.parametrize("kind", [".pt", "legacy", "nested", ".safetensors", ".npz"])
def test_the_network_is_the_modules(kind, tmp_path):
    net = module()
    spec = renamed(SPEC, "model.") if kind == "nested" else SPEC
    path = written(net, kind, tmp_path)
    network = nk.convert(path, spec=spec)
    x = spikes_in((2, 10, 10))
    wanted = by_step(doubled(net), x, forget)[0]
    assert 20 < wanted.sum() < 0.95 * wanted.size
    assert (nk.run(network, x).spikes["out"] != wanted).sum() == 0


def test_the_specification_may_be_a_file(tmp_path):
    path = written(module(), ".npz", tmp_path)
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    made, same = nk.convert(path, spec=SPEC), nk.convert(path, spec=tmp_path / "spec.json")
    x = spikes_in((2, 10, 10))
    assert (nk.run(made, x).spikes["out"] == nk.run(same, x).spikes["out"]).all()


def saved(folder, **arrays):
    path = folder / "w.npz"
    np.savez(path, **arrays)
    return path


def test_branches_joins_loops_and_scales(tmp_path):
    """Against the same network stepped in numpy."""
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(8, 5)), rng.normal(size=(6, 16)), rng.normal(size=(6, 6)) * 0.5
    path = saved(tmp_path, a=a, **{"b.weight": b, "b.bias": np.full(6, 0.2)}, c=c)
    spec = [
        {"layer": "linear", "weights": "a"},
        {"neuron": "IF", "name": "first"},
        {"layer": "scale", "factor": 2.0, "offset": 0.25, "name": "twice"},
        {"layer": "join", "from": ["first", "twice"], "name": "both"},
        {"layer": "linear", "weights": "b", "name": "on"},
        {"layer": "linear", "weights": "c", "from": "out", "delay": 2, "name": "back"},
        {"neuron": "LIF", "keep": 0.5, "from": ["on", "back"], "name": "out"},
        {"layer": "linear", "weights": "c", "from": "out", "name": "read"},
    ]
    network = nk.convert(path, spec={"layers": spec, "outputs": ["out", "read"]}, shape=(5,), dt=1e-3)
    x = spikes_in((5,), batch=1)[0]
    v, w, sent = np.zeros(8), np.zeros(6), [np.zeros(6), np.zeros(6)]
    for step in x:
        v = v + a @ step
        s, v = v > 1, np.where(v > 1, 0, v)
        w = 0.5 * w + b @ np.concatenate([s, 2 * s + 0.25]) + 0.2 + c @ sent[-2]
        sent.append((w > 1).astype(float))
        w = np.where(w > 1, 0, w)
    recording = nk.run(network, x)
    wanted = np.array(sent[2:])
    assert 20 < wanted.sum() < 0.95 * wanted.size
    assert (recording.spikes["out"] == wanted).all()
    np.testing.assert_allclose(recording.spikes["output read"], wanted @ c.T, **FLOAT64_SUMS)


@pytest.mark.parametrize("kind", ["Integrator", "LeakyIntegrator"])
def test_readouts(kind, tmp_path):
    path = saved(tmp_path, w=np.random.default_rng(0).normal(size=(3, 5)))
    keep = 1.0 if kind == "Integrator" else 0.9
    spec = [{"layer": "linear", "weights": "w"}, {"neuron": kind, "keep": keep, "gain": 0.5, "name": "out"}]
    x = spikes_in((5,), batch=1)[0]
    found = nk.run(nk.convert(path, spec=spec, shape=(5,), dt=1e-3), x, record=(("out", "v"),)).states["out", "v"]
    v = np.zeros(3)
    weight = np.load(path)["w"]
    for step, seen in zip(x, found, strict=True):
        v = keep * v + 0.5 * (weight @ step)
        np.testing.assert_allclose(seen, v, **FLOAT64_SUMS)


# ---------------------------------------------------------------------------------------------------------- refusals

FAULTS = [
    ({"layer": "dense", "weights": "w"}, "known are linear"),
    ({"layer": "linear", "weights": "missing"}, "needs the tensor 'missing'"),
    ({"layer": "conv2d", "weights": "w"}, "4 axes are needed"),
    ({"layer": "linear", "weights": "w", "strides": 2}, "has 'strides'"),
    ({"layer": "sum_pool", "kernel": [1, 2, 3]}, "cannot be made"),
    ({"layer": "linear", "weights": "w", "from": "nobody"}, "is fed from 'nobody'"),
    ({"layer": "linear", "weights": "w", "delay": 1.5}, "delays are whole steps"),
    ({"neuron": "Izhikevich"}, "known are IF, LIF"),
    ({"neuron": "LIF"}, "is no LIF"),
    ({"neuron": "IF", "keep": 0.5, "tau": 1.0}, "has 'tau'"),
    ({"neuron": "LIF", "keep": 0.5, "keep_current": 0.5}, "Make it a CubaLIF"),
    ({"neuron": "CubaLeakyIntegrator", "keep": 0.5}, "Give its tau_syn and tau_mem"),
    ({"neuron": "LIF", "keep": "most"}, "no number"),
    ({"neuron": "IF", "shape": 3}, "has shape 3"),
    ({"layer": "join", "axis": 0.7}, "axis 0.7 is no whole number"),
    ({"neuron": "IF", "name": "input"}, "is named twice"),
    ({"neuron": "IF", "threshold": ["a"]}, "Give numbers"),
    ({"neuron": "IF", "threshold": {"tensor": "none"}}, "needs the tensor 'none'"),
]


@pytest.mark.parametrize(("entry", "words"), FAULTS)
def test_entries_that_do_not_fit(entry, words, tmp_path):
    path = saved(tmp_path, w=np.eye(3))
    end = [{"layer": "linear", "weights": "w"}, {"neuron": "IF"}]
    with pytest.raises(ConversionError) as caught:
        nk.convert(path, spec=[entry, *end], shape=(3,), dt=1e-3)
    assert words in str(caught.value)


def test_all_faults_are_told_at_once(tmp_path):
    path = saved(tmp_path, **{"w": np.eye(3), "other.weight": np.eye(3)})
    spec = [{"layer": "linear", "weights": "w"}, {"layer": "pool"}, {"neuron": "IF", "colour": 3}]
    with pytest.raises(ConversionError) as caught:
        nk.convert(path, spec=spec, shape=(3,))
    assert [fault.node for fault in caught.value.faults] == ["1-pool", "2-IF", "other.weight"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shape": (3,)}, "weights alone do not say"),
        ({"spec": []}, "lists no layers"),
        ({"spec": {"layers": [{"neuron": "IF"}], "size": 3}}, "has 'size'"),
        ({"spec": {"layers": [{"neuron": "IF"}], "outputs": "0-IF"}}, "outputs are listed by name"),
        ({"spec": [{"neuron": "IF"}]}, "the input's shape is needed"),
        ({"spec": [{"neuron": "IF"}], "shape": (3,), "dt": 0}, "dt"),
        ({"spec": [{"neuron": "IF"}], "shape": (3,), "reset": "none"}, "reset"),
        ({"spec": [{"neuron": "IF"}], "shape": (3,), "code": "rate"}, "code"),
    ],
)
def test_arguments_that_do_not_fit(options, words, tmp_path):
    with pytest.raises(InputError, match=words):
        nk.convert(saved(tmp_path, w=np.eye(3)), **options)


def test_a_step_is_needed_where_there_is_a_leak(tmp_path):
    spec = [{"layer": "linear", "weights": "w"}, {"neuron": "LIF", "keep": 0.5}]
    with pytest.raises(ConversionError, match="Pass dt= in seconds"):
        nk.convert(saved(tmp_path, w=np.eye(3)), spec=spec, shape=(3,))


def test_a_specification_that_cannot_be_read(tmp_path):
    (tmp_path / "spec.json").write_text("{")
    with pytest.raises(FormatError, match="a specification is needed"):
        nk.convert(saved(tmp_path, w=np.eye(3)), spec=tmp_path / "spec.json", shape=(3,))
