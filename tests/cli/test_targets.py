"""`targets`, `run --silicon` and `run --backend loihi2` on the command line."""

import json

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.graded_neurons import FixedRelay
from neurokit.hardware.lava import loading
from neurokit.lower.silicon import BY_FIELD, Finding, save_silicon
from tests.hardware.loihi_standin import installed
from tests.test_targets import classifier, samples, with_neuron


def saved(tmp_path):
    program, (x, labels) = classifier(), samples()
    paths = [tmp_path / name for name in ("model.nk", "x.npy", "labels.npy")]
    program.save(paths[0])
    np.save(paths[1], x)
    np.save(paths[2], labels)
    return program, x, labels, paths


def test_targets(cli, tmp_path):
    program, x, labels, (model, data, classes) = saved(tmp_path)
    ran = cli("targets", model, data, "--labels", classes)
    found = nk.targets(program, x, labels)
    assert (ran.code, ran.out) == (0, f"{found}\n")
    assert json.loads(cli("targets", model, "--json").out)["rows"][1]["state"] == "approximately"
    assert "loihi2-stock: approximately" in cli("targets", model).out


def test_targets_exits_with_1_where_no_chip_takes_it(cli, tmp_path):
    with_neuron(FixedRelay(3, 2)).save(tmp_path / "model.nk")
    ran = cli("targets", tmp_path / "model.nk")
    assert ran.code == 1
    assert "no stock part: 'p0': is FixedRelay; Loihi 2 needs microcode" in ran.out


def test_labels_without_data(refused, tmp_path):
    _, _, _, (model, _, classes) = saved(tmp_path)
    refused(2, "targets", model, "--labels", classes, words=["'labels': are there without inputs"])


def test_run_follows_a_silicon_file(cli, refused, tmp_path):
    program, x, _, (model, data, _) = saved(tmp_path)
    settings = {field: (next(iter(suspect.values)),) for field, suspect in BY_FIELD.items()}
    settings["threshold_rule"] = (">=",)
    path = tmp_path / "silicon.json"
    save_silicon(Finding("loihi2-stock", "loihi2", "0" * 64, settings, {}, {}), path)
    ran = json.loads(cli("run", model, data, "--silicon", path, "-o", tmp_path / "s.npz", "--json").out)
    assert ran["backend"] == "simulator (threshold_rule=>=)"
    (out,) = program.outputs
    expected = nk.run(program, x, silicon=path).spikes[out]
    np.testing.assert_array_equal(np.load(tmp_path / "s.npz")[f"spikes/{out}"], expected)
    path.write_text("{}")
    refused(2, "run", model, data, "--silicon", path, words=["a silicon file of neurokit deploy --check is needed"])


def test_run_on_a_board_that_cannot_be_reached(refused, tmp_path):
    _, _, _, (model, data, _) = saved(tmp_path)
    out = tmp_path / "s.npz"
    words = ["lava-loihi extension is not installed", "neurokit doctor"]
    refused(1, "run", model, data, "--backend", "loihi2", "-o", out, words=words)
    assert not out.exists()


def test_measuring_needs_the_board(refused, tmp_path):
    _, _, _, (model, data, _) = saved(tmp_path)
    words = ["lava-loihi extension is not installed"]
    refused(1, "profile", model, data, "--measure", 1000, words=words)
    refused(2, "profile", model, data, "--measure", 0, words=["--measure"])


@pytest.mark.slow
def test_measured_figures_on_the_command_line(cli, tmp_path, monkeypatch):
    if loading.fault() is not None:
        pytest.skip("Lava is not here")
    program, _, _, (model, data, _) = saved(tmp_path)
    nk.targets(program)["loihi2-stock"].program.save(model)
    np.save(data, np.load(data)[0])
    installed(monkeypatch, tmp_path)
    ran = cli("profile", model, data, "--measure", 40, "--time-limit", 250)
    assert ran.code == 0, ran.err
    assert "measured on loihi2 N3B3 (SLURM; lava.utils.loihi2_profiler_api" in ran.out
    assert "time a step: measured 153 µs; estimate" in ran.out
