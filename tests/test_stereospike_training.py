"""The example that trains a small StereoSpike: its network, its loss, its going on, and the results that are stated."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate2d

import neurokit as nk
from neurokit.encode import StereoFrames, scenes
from neurokit.profiling.depth import depth_error

torch = pytest.importorskip("torch")
from examples.stereospike_training import accuracy, data, network, train  # noqa: E402

FOLDER = Path(accuracy.__file__).parent
WEIGHTS = FOLDER / "weights.npz"
RESULTS = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def held_out():
    """The first eight scenes of the test's first part, a window each."""
    made = scenes.generate(seed=data.PARTS["test"][0], scenes=8, frames=1, shape=data.SHAPE, fineness=data.FINENESS)
    assert len(made) == 8
    return made


def small(seed=0, size=(20, 26), n=6):
    """Frames that take no time."""
    draw = np.random.default_rng(seed)
    counts = draw.poisson(0.5, (n, 4, *size)).astype(np.int16)
    depth = draw.uniform(1, 5, (n, *size)).astype(np.float32)
    return StereoFrames(counts, depth, np.arange(n) * 0.05, np.arange(n))


def test_the_committed_weights_have_the_stated_error(held_out):
    """Stated is the mean of 400 windows; eight of them have one of their own, noted here once."""
    run = RESULTS["runs"]["binocular-0"]
    floats = depth_error(train.predict(train.load(WEIGHTS), held_out), held_out.depth).mean
    integers = depth_error(accuracy.run(accuracy.program_of(WEIGHTS), held_out)[0], held_out.depth).mean
    median = accuracy.constant_median(held_out, held_out)
    assert floats == pytest.approx(0.5527, rel=0.01)
    assert integers == pytest.approx(floats, rel=0.02)
    assert floats < 0.7 * median
    assert floats == pytest.approx(run["float"], rel=0.3)


def test_torch_and_the_network_are_the_same(held_out):
    """In float32 a sum may lie on the other side of a threshold than in float64; few do."""
    net = nk.convert(WEIGHTS, kind="stereospike", shape=(4, *data.SHAPE))
    layers = ("bottom", "conv4", "bottleneck.1.conv2", "deconv1")
    shown = held_out.counts[:2]
    found = nk.run(net, shown[None], record=(*layers, ("depth", "v")))
    with torch.no_grad():
        answer = train.load(WEIGHTS)(torch.tensor(shown, dtype=torch.float32))
    for layer in layers:
        assert np.mean(found.spikes[layer][0] != answer.spikes[layer].numpy()) < 1e-3
        assert answer.spikes[layer].sum() > 0
    off = np.abs(accuracy.read_depth(net, found)[0] - answer.depths[-1].numpy())
    assert np.median(off) < 1e-3
    assert off.mean() < 0.02


def test_a_prediction_is_the_convolution_of_the_resized_map():
    torch.manual_seed(1)
    made = network.StereoSpikeNet(3, 2, 1.7, 2.0)
    convolution = made.get_submodule("predict_depth2.0.up.1")
    arriving = torch.randint(0, 3, (2, 6, 10, 13)).float()
    resized = network.nearest(arriving, 22, 28)
    wanted = 1.7 * convolution(resized)
    torch.testing.assert_close(made._predicted(arriving, convolution, (20, 26)), wanted, atol=1e-5, rtol=0)


def test_the_paper_s_loss():
    """Against the formula in numpy, with places whose depth is unknown."""
    draw = np.random.default_rng(3)
    depths = [draw.normal(size=(2, 1, 7, 9)).astype(np.float32) for _ in range(4)]
    truth = draw.normal(size=(2, 1, 7, 9)).astype(np.float32)
    truth[0, 0, 2:4, 5] = np.nan
    sums = [draw.integers(0, 4, (2, 3, 4, 5)).astype(np.float32) for _ in range(5)]
    fired = {"one": torch.tensor([0.0, 0, 1, 0]), "other": torch.zeros(4)}
    answer = network.Answer([torch.tensor(d) for d in depths], [torch.tensor(s) for s in sums], {}, fired)
    across = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1.0]])
    wanted = 0.3 * sum((s**2).mean() / 2 for s in sums) + 7 * 0.2  # only the silent layer is below 0.2
    for predicted in depths:
        for off, known in zip((predicted - truth)[:, 0], ~np.isnan(truth[:, 0]), strict=True):
            off = np.where(known, off, 0)
            slopes = sum(np.abs(correlate2d(off, kernel, mode="same")) for kernel in (across, across.T))
            n = known.sum()
            wanted += ((off**2).sum() / n - 0.9 * (off.sum() / n) ** 2 + 0.5 * slopes[known].sum() / n) / 2
    found = network.Loss(mean_share=0.9, gradients=0.5, spikes=0.3, waking=7.0, least=0.2)(answer, torch.tensor(truth))
    assert float(found) == pytest.approx(wanted, rel=1e-5)


def test_the_surrogate_gradient():
    potential = torch.tensor([0.5, 1.0, 2.0], requires_grad=True)
    spikes = network.Fire.apply(potential)
    spikes.sum().backward()
    assert spikes.tolist() == [0, 1, 1]
    np.testing.assert_allclose(potential.grad, 1 / (1 + (np.pi * np.array([-0.5, 0, 1])) ** 2), rtol=1e-6)


def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    settings = replace(train.KINDS["binocular"], channels=2, epochs=2, batch=2, spikes=0.1)
    train.train(settings, 5, small(), small(1), tmp_path / "whole")
    monkeypatch.setattr(train, "save", lambda *_: pytest.fail("it is not finished"))
    stop = iter([None])  # the second epoch's measurement fails
    wise = train.predict
    monkeypatch.setattr(train, "predict", lambda *given: wise(*given) if next(stop, 1) is None else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train.train(settings, 5, small(), small(1), tmp_path / "stopped")
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"was begun with .*: choose another --runs"):
        train.train(replace(settings, spikes=0.2), 5, small(), small(1), tmp_path / "stopped")
    assert not (tmp_path / "stopped" / "log.json").exists()
    train.train(settings, 5, small(), small(1), tmp_path / "stopped")
    with np.load(tmp_path / "whole" / "weights.npz") as one, np.load(tmp_path / "stopped" / "weights.npz") as other:
        assert set(one.files) == set(other.files)
        assert len(one.files) == 21
        for name in one.files:
            np.testing.assert_array_equal(one[name], other[name])


def test_every_layer_fires_before_training():
    torch.manual_seed(0)
    made = network.StereoSpikeNet(4, 2, 3.0, 2.0)
    inputs, _ = train.tensors(small(), 2)
    silent = made(inputs).spikes["deconv4"].mean()
    made.balance(inputs, 0.15)
    rates = [float(spikes.mean()) for spikes in made(inputs).spikes.values()]
    assert silent < 0.01
    np.testing.assert_allclose(rates, 0.15, atol=0.02)
    with pytest.raises(ValueError, match=r"bottom: on these frames fewer than 15.0% can fire"):
        made.balance(0 * inputs, 0.15)


def test_both_ways_of_turning_leave_the_cameras_alone():
    frames = small()
    inputs, depth = train.tensors(frames, 2)
    seen = set()
    for seed in range(12):
        shown, wanted = train.turned(inputs, depth, torch.Generator().manual_seed(seed))
        flipped = bool((wanted != depth).any())
        channels = shown.flip(2) if flipped else shown
        negative = bool((channels != inputs).any())
        assert torch.equal(channels[:, [1, 0, 3, 2]] if negative else channels, inputs)
        seen.add((flipped, negative))
    assert len(seen) == 4


def test_scenes_are_made_once_and_parts_share_none(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "SCENES", 2)
    monkeypatch.setattr(data, "SHAPE", (13, 18))
    monkeypatch.setattr(data, "PARTS", {"test": range(7, 9)})
    first = data.frames("test", tmp_path)
    files = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    again = data.frames("test", tmp_path)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == files
    np.testing.assert_array_equal(first.counts, again.counts)
    assert first.scenes.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert not np.array_equal(first.depth[0], first.depth[4])


def test_parts_overlap_nowhere():
    seeds = [seed for part in data.PARTS.values() for seed in part]
    assert len(seeds) == len(set(seeds))


def test_intervals():
    """Of 1..5: mean 3, standard error sqrt(0.5), and 2.776 is the 97.5 % quantile of t with 4 degrees."""
    assert accuracy.interval([1.0, 2, 3, 4, 5]) == pytest.approx((3.0, 2.7764451 * 0.5**0.5))
    assert accuracy.interval([2.0]) == (2.0, float("inf"))


def test_the_document_has_the_table_of_the_results():
    document = (FOLDER.parents[1] / "docs" / "stereospike.md").read_text(encoding="utf-8")
    assert accuracy.insert(document, accuracy.table(RESULTS)) == document
    with pytest.raises(ValueError, match="the marks are missing"):
        accuracy.insert("no marks", "a table")


def test_without_finished_runs_there_is_nothing_to_measure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["accuracy", "--runs", str(tmp_path), "--scenes", str(tmp_path)])
    with pytest.raises(SystemExit):
        accuracy.main()
    assert "has no finished run of kind 'binocular': train one first" in capsys.readouterr().err


def test_from_scenes_to_the_table(tmp_path, monkeypatch, capsys):
    """Both scripts as a user runs them, on tiny scenes; the second time nothing is trained or measured again."""
    monkeypatch.setattr(data, "SCENES", 2)
    for module in (data, accuracy):
        monkeypatch.setattr(module, "SHAPE", (17, 23))
    monkeypatch.setattr(data, "PARTS", {"training": [1], "validation": [2], "test": [3]})
    monkeypatch.setattr(
        train, "KINDS", {k: replace(s, channels=2, epochs=1, firing=0.02) for k, s in train.KINDS.items()}
    )
    folders = ["--runs", str(tmp_path / "runs"), "--scenes", str(tmp_path / "scenes")]
    document = tmp_path / "document.md"
    document.write_text(f"before\n{accuracy.START}\nold\n{accuracy.END}\nafter\n", encoding="utf-8")
    said = []
    for _ in range(2):
        monkeypatch.setattr("sys.argv", ["train", *folders, "--seed", "0", "1"])
        train.main()
        results = ["--results", str(tmp_path / "results.json"), "--document", str(document)]
        monkeypatch.setattr("sys.argv", ["accuracy", *folders, *results])
        accuracy.main()
        said.append(capsys.readouterr().out)
    trained = [line for line in said[0].splitlines() if line.startswith(("binocular-", "monocular-", "sparse-"))]
    assert len(trained) == 6
    assert said[1] == "".join(f"{line}\n" for line in said[0].splitlines()[6:])
    written = document.read_text(encoding="utf-8")
    assert "| one camera, float32 | 2 |" in written
    assert "old" not in written
    assert written.endswith("after\n")
    assert len(json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["runs"]) == 6


def test_what_the_results_show():
    """Two cameras beat every control beyond the interval; Programs are within 2 % of floats, stock parts on average."""
    runs = RESULTS["runs"]
    kinds = {kind: [run for name, run in runs.items() if name.startswith(f"{kind}-")] for kind in train.KINDS}
    both, one = kinds["binocular"], kinds["monocular"]
    assert len(both) == len(one) == 5
    mean, half = accuracy.interval([run["float"] for run in both])
    assert mean + half < RESULTS["constant median"]
    for controls in ([run["float"] for run in one], [run["swapped"] for run in both]):
        other, its_half = accuracy.interval(controls)
        assert mean + half < other - its_half
    assert all(abs(run["program"] / run["float"] - 1) < 0.02 for run in both)
    assert accuracy.interval([run["stock"] / run["float"] for run in both])[0] < 1.02
    assert all(run["stock_differing"] == 0 for run in both)
    sparse = kinds["sparse"]
    assert np.mean([np.mean(list(run["rates"].values())) for run in sparse]) < 0.1
    assert min(min(run["rates"].values()) for run in sparse) > 0.01
    assert np.mean([run["float"] for run in sparse]) < 1.15 * mean


@pytest.mark.slow
def test_the_stock_program_of_the_committed_weights(held_out):
    """Held and written out as Sparse synapses in 5 bits, it gives the depths of the same integers as convolutions."""
    program, bits = accuracy.stock_program(WEIGHTS)
    assert bits == RESULTS["runs"]["binocular-0"]["stock_bits"]
    assert "loihi2-stock" in program.targets
    shown = held_out.selected(np.arange(2))
    as_maps = accuracy.run(accuracy.program_of(WEIGHTS, bits), shown)[0]
    np.testing.assert_array_equal(accuracy.run(program, shown)[0], as_maps)
    floats = train.predict(train.load(WEIGHTS), shown)
    assert 0 < np.abs(as_maps - floats).mean() < 0.2
