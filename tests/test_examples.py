"""Examples do what they say. 02 has a test of its own (tests/truth/test_nmnist_mlp.py)."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import neurokit as nk
from neurokit.converters.eprop_net import load_eprop_net
from neurokit.demo import digits
from neurokit.interrupts import Interrupts
from tests.data import shared

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name):
    """The module; names that start with a digit cannot be imported as usual."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_demo_tests_on_what_training_held_out():
    """The demo repeats the example's split and encoding, so that it needs no example."""
    training = example("01_train_digits")
    images, labels = load_digits(return_X_y=True)
    _, held_out = training.split_digits(labels)
    spikes, wanted = digits()
    np.testing.assert_array_equal(wanted, labels[held_out])
    encoded = training.encode(images[held_out].astype(np.int64).reshape(-1, 8, 8))
    np.testing.assert_array_equal(spikes, encoded.swapaxes(0, 1))


@pytest.mark.slow
def test_training_again_from_the_same_seed(tmp_path, monkeypatch):
    """Weights may differ in the last bits between machines; the accuracy of the shipped network is the demo's."""
    training = example("01_train_digits")
    monkeypatch.setattr("sys.argv", ["01_train_digits.py", "--out", str(tmp_path / "digits.nir"), "--epochs", "3"])
    training.main()
    assert (tmp_path / "digits.nir").stat().st_size < 300_000


def test_events(capsys, monkeypatch):
    data = shared("nmnist_train1k", "train1K.txt").parents[1]
    monkeypatch.setattr("sys.argv", ["08_events.py", "--recordings", "5", "--data", str(data)])
    example("08_events").main()
    assert "5 of 5 recordings correct" in capsys.readouterr().out


def test_the_lava_application(capsys):
    pytest.importorskip("lava", reason="Lava needs Python 3.10")
    example("03_lava_application").main()
    said = capsys.readouterr().out
    assert "so it is a 2" in said
    assert "0 of 350 output spikes differ" in said


def test_streaming(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["04_streaming.py", "--steps", "60"])
    example("04_streaming").main()
    *pilotnet, recurrent = capsys.readouterr().out.splitlines()
    assert recurrent.startswith("1,000 recurrent neurons: 60 steps: mean ")
    assert recurrent.endswith("; 0 of 60000 output spikes differ")
    assert pilotnet[0].endswith("; 0 of 60 output spikes differ") or "left out" in pilotnet[0]


def test_the_recurrent_network_is_busy():
    """Neither silent nor all at once, so that the loop has something to do."""
    spikes = (np.random.default_rng(2).random((300, 100)) < 0.1).astype(np.uint8)
    rate = nk.run(example("04_streaming").recurrent(), spikes).counts["neurons"].mean() / 300
    assert 0.01 < rate < 0.5


@pytest.mark.slow
def test_mnist_in_two_codes(capsys, monkeypatch):
    folder = shared("mnist_onnx", "mnist-8.onnx").parents[1]
    monkeypatch.setattr("sys.argv", ["06_mnist_onnx.py", "--images", "100", "--data", str(folder)])
    example("06_mnist_onnx").main()
    lines = capsys.readouterr().out.splitlines()
    assert float(next(line for line in lines if "13 steps" in line).split()[2].rstrip("%")) >= 98
    assert float(next(line for line in reversed(lines) if "64 steps" in line).split()[2].rstrip("%")) >= 98


@pytest.mark.slow
def test_training_with_the_rounding(capsys, monkeypatch):
    """What torch's forward pass computes is the Program's but for the decay's rounding; an epoch recovers most."""
    pytest.importorskip("torch")
    monkeypatch.setattr("sys.argv", ["07_quantisation_aware.py", "--bits", "2", "--epochs", "2"])
    example("07_quantisation_aware").main()
    lines = capsys.readouterr().out.splitlines()
    before, calibrated, after = (
        float(line.split()[2 if k == 0 else 1].rstrip("%")) for k, line in enumerate(lines[1:4])
    )
    assert before < 70
    assert min(calibrated, after) > 90
    assert float(lines[4].split()[-1].rstrip("%")) < 1


def test_training_by_eprop(capsys, monkeypatch, tmp_path):
    """A few iterations: networks, losses, and nothing done twice."""
    options = ["--seeds", "3", "--iterations", "4", "--out", str(tmp_path)]
    for _ in range(2):
        monkeypatch.setattr("sys.argv", ["10_eprop_train.py", "pattern", *options])
        example("10_eprop_train").main()
    said = capsys.readouterr().out
    assert "seed 3: loss 101.21 -> " in said
    assert "is there already" in said
    found = load_eprop_net(tmp_path / "pattern-eprop-symmetric-soft-seed3.npz")
    assert (found.n_in, found.n_rec, found.n_out) == (100, 100, 1)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_summary_of_training_keeps_what_it_does_not_find(monkeypatch, tmp_path):
    """Networks that are not in the folder stay in docs/eprop-training.json, those that are take their place."""
    module, name, results = example("10_eprop_train"), "pattern-eprop-symmetric-soft-seed3", tmp_path / "all.json"
    results.write_text(json.dumps({name: {"iterations": 9}, "another": {"iterations": 7}}))
    monkeypatch.setattr(module, "RESULTS", results)
    for options in (["pattern", "--seeds", "3", "--iterations", "2"], ["summary"]):
        monkeypatch.setattr("sys.argv", ["10_eprop_train.py", *options, "--out", str(tmp_path / "nets")])
        module.main()
    found = json.loads(results.read_text())
    assert list(found) == ["another", name]
    assert found["another"] == {"iterations": 7}
    assert (found[name]["iterations"], len(found[name]["every_tenth_loss"])) == (2, 1)


def test_learning_on_chip(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["09_learning_on_chip.py", "--each", "5", "--lava", "1"])
    example("09_learning_on_chip").main()
    said = capsys.readouterr().out
    before, floats, integers = (line for line in said.splitlines() if line.startswith(("before", "after")))
    assert before.endswith("79.8% of all, 0.0% of 8 and 9")
    for line in (floats, integers):
        assert float(line.split("% of 8")[0].split()[-1]) > 80
    assert "0 of 640 weights differ" in said


def test_crossed_cues_of_the_eprop_example():
    """Each network has a wiring of its own; errors count in fewer steps later on; cues come in by the sensor."""
    module = example("11_eprop_on_chip")
    assert [module.recall("crossed", k) for k in (0, 499, 500, 900)] == [150, 150, 75, 75]
    assert module.recall("swapped", 900) == 150
    (task, options), (other, _) = (module.deployment("crossed", seed) for seed in (0, 1))
    assert task.wiring != other.wiring
    assert options.inputs == tuple(range(20))
    data = module.lesson(task, np.random.default_rng(0), 2, 75)
    assert {name: values.shape for name, values in data.items()} == {
        "sensor": (2, 2250, 20),
        "x": (2, 2250, 20),
        "target": (2, 2250, 2),
        "gate": (2, 2250, 1),
    }
    np.testing.assert_array_equal(data["gate"][:, :, 0].sum(1), 75)
    np.testing.assert_array_equal(np.abs(data["target"]).sum((1, 2)), 75 * 2 * 1.5)
    labels = task.trials(np.random.default_rng(0), 2).loss.labels
    np.testing.assert_array_equal(data["target"][:, -1].argmax(1), labels)
    swapped, _ = module.deployment("swapped", 0)
    assert module.lesson(swapped, np.random.default_rng(0), 1, 150)["x"].shape == (1, 2250, 40)


def test_a_summary_of_nothing_leaves_the_kept_results(tmp_path):
    module = example("11_eprop_on_chip")
    kept = module.TRAINED / "evidence-crossed.json"
    before = kept.read_bytes()
    with pytest.raises(SystemExit, match="no finished seed of crossed cues: run `evidence --cues crossed` first"):
        module.summary(tmp_path)
    assert kept.read_bytes() == before


def test_btsp_converted(capsys, monkeypatch):
    """The committed network, a few images: graded messages decide as the floats do."""
    module = example("17_btsp_convert")
    monkeypatch.setattr(module, "SAMPLES", 20)
    options = ["--codes", "graded", "--test", "12", "--lava", "0"]
    monkeypatch.setattr("sys.argv", ["17_btsp_convert.py", *options])
    module.main()
    assert "same decision 100.00%" in capsys.readouterr().out


class Interrupted(Interrupts):
    """As by Ctrl-C before the first check."""

    def check(self):
        raise KeyboardInterrupt


@pytest.mark.slow
def test_crossed_cues_go_on_where_they_were(tmp_path, monkeypatch):
    """Two trials at once, and one and then, interrupted, the other: the same errors, the same weights have moved."""
    module = example("11_eprop_on_chip")
    monkeypatch.setattr(module, "BLOCK", 1)
    monkeypatch.setattr(module, "HELD_OUT", {"crossed": (200, 2)})
    monkeypatch.setattr(module, "ON_THE_WAY", (100, 2))
    monkeypatch.setattr(module, "CROSSED", replace(module.CROSSED, learning_rate=0.05))  # two trials move weights
    found = {}
    for name, runs in (("whole", (2,)), ("parts", (1, "interrupted", 2))):
        (tmp_path / name).mkdir()
        for trials in runs:
            if trials != "interrupted":
                found[name] = module.evidence(0, trials, tmp_path / name, ("w_in",), "crossed")
                continue
            with monkeypatch.context() as patched:
                patched.setattr(module, "Interrupts", Interrupted)
                with pytest.raises(KeyboardInterrupt):
                    module.evidence(0, 2, tmp_path / name, ("w_in",), "crossed")
            kept = json.loads(next((tmp_path / name).glob("*.json")).read_text())
            assert (kept["trials"], "learned" in kept) == (2, False)
    assert found["parts"] == found["whole"]
    assert found["whole"]["trials"] == 2
    assert 0 < found["whole"]["moved sensor->alif"] < 0.5
    assert found["whole"]["moved sensor->lif"] == 0
