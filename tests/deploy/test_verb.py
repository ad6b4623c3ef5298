"""`neurokit deploy`: bundles written and checked on the command line; its exit codes and refusals."""

import json

import numpy as np
import pytest

from neurokit.bundles.arrays import read_npz, write_npz
from neurokit.bundles.running import run_bundle
from tests.cli.conftest import cli, refused  # noqa: F401
from tests.deploy.programs import data, not_stock, program


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program().save("model.nk")
    not_stock().save("soft.nk")
    np.save("x.npy", data())
    return tmp_path


def test_written_run_and_checked(here, cli):  # noqa: F811
    made = cli("deploy", "model.nk", "x.npy", "--target", "loihi2", "-o", "bundle/")
    assert made.code == 0, made
    assert "wrote bundle for loihi2-stock" in made.out
    run_bundle("bundle")
    checked = cli("deploy", "--check", "bundle/results.npz")  # the bundle is where the results are
    assert (checked.code, checked.out) == (0, "as expected\n")
    assert json.loads(cli("deploy", "--check", "bundle/results.npz", "--bundle", "bundle", "--json").out)["ok"]
    arrays = read_npz(here / "bundle/results.npz", "")
    arrays["program/spikes/a/b"][1, 4, 2] ^= 1
    write_npz(here / "other.npz", arrays)
    parted = cli("deploy", "--check", "other.npz", "--bundle", "bundle")
    assert parted.code == 1
    assert "'a/b' first differs in spikes, at step 4, sample 1, neuron (2,)" in parted.out
    told = cli("deploy", "--check", "other.npz", "--bundle", "bundle", "--json")
    assert told.code == 1
    first = json.loads(told.out)["first_divergence"]
    assert (first["population"], first["step"], first["neuron"]) == ("a/b", 4, [2])


def test_forced(here, cli, refused):  # noqa: F811
    refused(1, "deploy", "soft.nk", "x.npy", "-o", "bundle", words=["'a/b': resets by subtraction", "Retrain"])
    assert not (here / "bundle").exists()
    made = cli("deploy", "soft.nk", "x.npy", "-o", "bundle", "--force", "--json")
    assert made.code == 0
    assert "resets by subtraction" in json.loads(made.out)["forced"][0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "bundle"], "'SOURCE': is missing"),
        (["model.nk", "-o", "bundle"], "'DATA': is missing"),
        (["model.nk", "x.npy"], "'--output': is missing"),
        (["model.nk", "x.npy", "-o", "."], "is there already"),
        (["model.nk", "x.npy", "-o", "no/bundle"], "cannot be written"),
        (["model.nk", "x.npy", "-o", "bundle", "--target", "moon"], "'moon' is unknown"),
        (["model.nk", "x.npy", "-o", "bundle", "--bundle", "b"], "'--bundle': was given; it goes with --check"),
        (["model.nk", "none.npy", "-o", "bundle"], "there is no such file"),
        (["--check", "x.npy", "--force"], "'--force': was given"),
        (["--check", "x.npy", "--bundle", "none"], "there is no such file"),
        (["model.nk", "--check", "x.npy", "--encode", "rate"], "'SOURCE', '--encode': was given"),
    ],
)
def test_usage(here, refused, arguments, words):  # noqa: F811
    before = sorted(p.name for p in here.iterdir())
    refused(2, "deploy", *arguments, words=[words])
    assert sorted(p.name for p in here.iterdir()) == before
