"""Networks of dendritic gating as files: they come back, and files that hold none say why."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

from neurokit.converters.btsp_net import DendriticNet, load_dendritic_net
from neurokit.errors import FormatError, GraphError, InputError, OutputError
from neurokit.learn.btsp.network import Sizes, forward
from neurokit.learn.btsp.start import initial

SMALL = Sizes((12, 9, 8, 4), (4, 3, 2), (3, 2))


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("feedback", ["transposed", "random"])
def test_a_saved_network_comes_back(tmp_path, suffix, feedback):
    net = replace(initial(SMALL, 3, feedback), tau=2.5, steps=11)
    net.save(tmp_path / f"net{suffix}")
    found = load_dendritic_net(tmp_path / f"net{suffix}")
    assert (found.sizes, found.feedback, found.tau, found.steps) == (net.sizes, net.feedback, 2.5, 11)
    assert found.weights.keys() == net.weights.keys()
    assert all(np.array_equal(found.weights[name], matrix) for name, matrix in net.weights.items())
    x = np.random.default_rng(0).random((2, 12)).astype(np.float32)
    assert np.array_equal(forward(found, x).forward["OutputE"], forward(net, x).forward["OutputE"])


def test_one_hidden_layer_comes_back(tmp_path):
    net = initial(Sizes((6, 5, 3), (2, 2), (2,)), 1)
    net.save(tmp_path / "net.npz")
    assert load_dendritic_net(tmp_path / "net.npz").sizes == net.sizes


def test_safetensors_own_reader_reads_it(tmp_path):
    net = initial(SMALL, 4)
    net.save(tmp_path / "net.safetensors")
    found = load_file(tmp_path / "net.safetensors")
    assert all(np.array_equal(found[name], matrix) for name, matrix in net.weights.items())
    assert found["tau"] == 3.0


def test_places_that_cannot_be_written(tmp_path):
    net = initial(SMALL, 4)
    with pytest.raises(InputError, match=r"has the suffix '\.txt'; these networks are written as \.npz or"):
        net.save(tmp_path / "net.txt")
    with pytest.raises(OutputError, match="cannot be written"):
        net.save(tmp_path / "none" / "net.npz")


def changed(tmp_path, **arrays):
    net = initial(SMALL, 4)
    net.save(tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz") as file:
        found = {**file} | arrays
    np.savez(tmp_path / "net.npz", **{name: array for name, array in found.items() if array is not None})
    return tmp_path / "net.npz"


@pytest.mark.parametrize(
    ("arrays", "error", "words"),
    [
        ({"btsp_format": None}, FormatError, "is no saved DendriticNet; these hold an array 'btsp_format'"),
        ({"btsp_format": 2}, FormatError, "is a DendriticNet of version 2; this neurokit reads version 1"),
        ({"tau": None}, FormatError, "has no number 'tau'"),
        ({"steps": np.zeros(3)}, FormatError, "has no number 'steps'"),
        ({"tau": 0.5}, GraphError, "tau is 0.5 and steps is 15; both are at least 1"),
        ({"tau": np.inf}, FormatError, "has no number 'tau'"),
        ({"steps": 2.5}, FormatError, "has 2.5 as 'steps'; steps are whole"),
        ({"feedback": np.ones((2, 3))}, FormatError, r"has a 'feedback' of float64 and shape \(2, 3\)"),
        ({"feedback": np.asarray(["a", "b"])}, FormatError, "has a 'feedback' of <U1"),
        ({"feedback": np.asarray([1, np.nan])}, GraphError, "'feedback': is .*one finite number for each of 2 hidden"),
        ({"H1E_InputE": None}, GraphError, "'OutputE_InputE': is missing in"),
        ({"H2SomaI_H1E": np.zeros(4)}, GraphError, "'H2SomaI_H1E': is missing in .*, or no matrix"),
        ({"H1SomaI_H1SomaI": None}, GraphError, "'H1SomaI_H1SomaI': is missing"),
        ({"H1E_H1SomaI": np.full((9, 4), 0.1)}, GraphError, "36 of 36 weights are positive"),
        ({"H1E_InputE": np.full((9, 12), np.nan)}, GraphError, "has 108 values that are not finite"),
        ({"H1E_InputE": np.array([["a"]])}, GraphError, "holds <U1; weights are real numbers"),
        ({"other": np.zeros((2, 2))}, GraphError, "'other': joins no two populations"),
    ],
)
def test_files_that_hold_no_network(tmp_path, arrays, error, words):
    with pytest.raises(error, match=words):
        load_dendritic_net(changed(tmp_path, **arrays))


def test_the_class_is_the_one_that_learns():
    assert isinstance(initial(SMALL, 0), DendriticNet)
