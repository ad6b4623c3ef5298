"""Training of layers: a sample at once equals the definition, descent, angles, digits, what is said of bad data."""

import gzip
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurokit.converters.btsp_net import load_dendritic_net
from neurokit.errors import FormatError
from neurokit.learn.btsp.angles import angles, degrees
from neurokit.learn.btsp.controls import features, ridge_accuracy, without_dendrites
from neurokit.learn.btsp.gradient import descend, from_below, gradients
from neurokit.learn.btsp.network import Sizes, backward, forward, is_inhibitory
from neurokit.learn.btsp.pictures import draw_curves, draw_features
from neurokit.learn.btsp.quick import backward_one, forward_one
from neurokit.learn.btsp.rules import Learning
from neurokit.learn.btsp.start import BALANCED, DIGITS, DIGITS_SIZES, PUBLISHED_SIZES, SECOND, initial
from neurokit.learn.btsp.training import accuracy, one_hot, train
from neurokit.learn.tasks.images import DEBIAN, digits, fashion_mnist, idx

DEEP = Sizes((12, 9, 8, 7, 4), (4, 3, 3, 2), (3, 2, 2))


def drawn(seed=1, samples=5):
    rng = np.random.default_rng(seed)
    return rng.random((samples, 12)).astype(np.float32), np.eye(4, dtype=np.float32)[rng.integers(0, 4, samples)]


@pytest.mark.parametrize("feedback", ["transposed", "random"])
@pytest.mark.parametrize("steps", [1, 2, 15])
def test_one_sample_equals_the_definition(feedback, steps):
    net, (x, target) = replace(initial(DEEP, 5, feedback), steps=steps), drawn()
    for k in range(len(x)):
        expected = forward(net, x[k : k + 1])
        seen, ups = forward_one(net, x[k : k + 1])
        assert set(seen.forward) == set(expected.forward)
        for found, wanted in ((seen.forward, expected.forward), (seen.before, expected.before)):
            for pop in wanted:
                np.testing.assert_allclose(found[pop], wanted[pop], rtol=1e-4, atol=1e-5)
        for label in DEEP.hidden:
            np.testing.assert_allclose(seen.dendrites[label], expected.dendrites[label], rtol=1e-4, atol=1e-5)
        found, wanted = backward_one(net, seen, ups, target[k : k + 1]), backward(net, expected, target[k : k + 1])
        for label in DEEP.labels[1:]:
            np.testing.assert_allclose(found.plateaus[label], wanted.plateaus[label], rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(found.rates[f"{label}E"], wanted.rates[f"{label}E"], rtol=1e-4, atol=1e-5)


def test_descent_lowers_the_loss_and_keeps_dales_law():
    net, (x, target) = initial(DEEP, 10), drawn(3, 40)
    start = gradients(net, x, target)[0]
    for names in (None, ("H1E_InputE", "H1E_H1SomaI", "OutputE_H3E")):
        after = descend(net, x, target.argmax(1), 0.5, seed=1, epochs=10, names=names)
        assert gradients(after, x, target)[0] < 0.8 * start
        moved = {name for name in net.weights if not np.array_equal(net.weights[name], after.weights[name])}
        assert moved == set(names or from_below(net))
        for name, matrix in after.weights.items():
            assert (matrix <= 0).all() if is_inhibitory(name) else (matrix >= 0).all()


def test_clipped_errors_are_those_within_one():
    net, (x, target) = initial(DEEP, 10), drawn(3, 6)
    net = replace(net, weights=dict(net.weights) | {"OutputE_H3E": 200 * net.weights["OutputE_H3E"]})
    error = forward(net, x).forward["OutputE"] - target
    assert (np.abs(error) > 1).any()
    nearer = forward(net, x).forward["OutputE"] - np.clip(error, -1, 1)  # targets whose errors are within 1
    for name, expected in gradients(net, x, nearer)[1].items():
        np.testing.assert_allclose(gradients(net, x, target, clipped=True)[1][name], expected, rtol=1e-3, atol=1e-5)


def test_the_angle_of_what_descends_is_small():
    assert degrees(np.array([1.0, 0]), np.array([-2.0, 0])) == 0
    assert degrees(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(90)
    assert math.isnan(degrees(np.zeros(2), np.ones(2)))
    net, (x, target) = initial(DEEP, 10), drawn(4, 30)
    found = angles(net, x, target, Learning("frozen", "local"))
    assert math.isnan(found.mean["H1E_InputE"])
    assert found.single["OutputE_H3E"] < 60  # a delta rule, but its traces are of nudged rates
    hebb = angles(net, x, target, Learning("hebb", "hebb"))
    assert 60 < hebb.single["H1E_InputE"] < 120


def test_rates_of_epochs_are_rates_of_the_rule():
    net, (x, target) = initial(DEEP, 5), drawn(6, 10)
    labels = target.argmax(1)
    one = train(net, x, labels, Learning(rate=0.5), seed=0, epochs=2)
    two = train(net, x, labels, Learning(), seed=0, rates=(0.5, 0.5))
    assert all(np.array_equal(one.weights[name], two.weights[name]) for name in net.weights)


@pytest.mark.parametrize("kind", ["published", "gated"])
def test_digits_are_learned_in_an_epoch(kind):
    data = digits()
    assert (len(data.x), len(data.test_x)) == (1437, 360)
    rule = Learning(kind, kind, discount=0.0, constants=DIGITS)
    net = initial(DIGITS_SIZES, 0, constants=DIGITS)
    assert accuracy(net, data.test_x, data.test_y) < 0.25
    after = train(net, data.x, data.y, rule, seed=0)
    assert accuracy(after, data.test_x, data.test_y) > 0.7
    found = angles(after, data.x[:20], one_hot(data.y[:20], 10), rule)
    assert all(angle < 90 for angle in found.mean.values())


def test_the_kept_digits_network_is_right():
    path = Path(__file__).parents[2] / "examples" / "btsp" / "digits.npz"
    net = load_dendritic_net(path)
    assert accuracy(net, digits().test_x, digits().test_y) >= 0.895
    assert path.stat().st_size < 300_000


def write(path, data):
    path.write_bytes(gzip.compress(data))


def test_fashion_files_are_read_and_bad_ones_named(tmp_path):
    with pytest.raises(FormatError, match=r"(?s)has no train-images-idx3-ubyte.gz.*apt-get install dataset-fashion"):
        fashion_mnist(tmp_path)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, 2, 2), dtype=np.uint8)
    images = bytes((0, 0, 8, 3)) + np.array([3, 2, 2], ">u4").tobytes() + pixels.tobytes()
    labels = bytes((0, 0, 8, 1)) + np.array([3], ">u4").tobytes() + bytes((0, 9, 4))
    for part in ("train", "t10k"):
        write(tmp_path / f"{part}-images-idx3-ubyte.gz", images)
        write(tmp_path / f"{part}-labels-idx1-ubyte.gz", labels)
    found = fashion_mnist(tmp_path)
    np.testing.assert_array_equal(found.x, pixels.reshape(3, 4) / np.float32(255))
    assert found.test_y.tolist() == [0, 9, 4]
    bad = tmp_path / "bad.gz"
    for data, said in ((images[:-1], "idx file of bytes"), (b"\0\0", "begins with 00 00"), (labels, "with 3 axes")):
        write(bad, data)
        with pytest.raises(FormatError, match=said):
            idx(bad, 3)
    bad.write_bytes(b"no gzip")
    with pytest.raises(FormatError, match="cannot be unpacked"):
        idx(bad, 3)
    write(tmp_path / "t10k-labels-idx1-ubyte.gz", bytes((0, 0, 8, 1)) + np.array([2], ">u4").tobytes() + bytes(2))
    with pytest.raises(FormatError, match="3 images and 2 labels"):
        fashion_mnist(tmp_path)


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_debians_fashion_mnist():
    found = fashion_mnist()
    assert found.x.shape == (60_000, 784)
    assert found.test_x.shape == (10_000, 784)
    assert np.bincount(found.test_y).tolist() == [1000] * 10


def test_without_dendrites_no_plateau_disturbs():
    for feedback in ("transposed", "random"):
        net, (x, target) = initial(DEEP, 10, feedback), drawn(5, 6)
        cut = without_dendrites(net)
        seen = forward(cut, x)
        assert all((seen.dendrites[label] == 0).all() for label in DEEP.hidden)
        np.testing.assert_array_equal(seen.forward["OutputE"], forward(net, x).forward["OutputE"])
        after = train(cut, x, target.argmax(1), Learning("frozen", "local", dendrites=False), seed=0, epochs=3)
        changed = [name for name in net.weights if not np.array_equal(after.weights[name], cut.weights[name])]
        assert changed == ["OutputE_H3E"]


def test_a_ridge_readout_reads_what_is_linear():
    rng = np.random.default_rng(0)
    x = rng.random((600, 6)).astype(np.float32)
    labels = ((x - 0.5) @ rng.normal(size=(6, 3))).argmax(1)
    assert ridge_accuracy((x[:400], labels[:400]), (x[400:], labels[400:]), 3) > 0.85
    blind = np.ones_like(x)
    assert ridge_accuracy((blind[:400], labels[:400]), (blind[400:], labels[400:]), 3) < 0.6
    net = initial(DEEP, 10)
    seen, found = forward(net, drawn()[0]).forward, features(net, drawn()[0], ("H3E", "OutputE"), at_once=2)
    for pop, rates in found.items():
        np.testing.assert_allclose(rates, seen[pop], rtol=1e-5, atol=1e-6)


def test_other_sizes_begin_with_about_the_same_drive():
    narrow = Sizes((784, 50, 50, 10), (10, 10, 10), (20, 20))
    constants = BALANCED.resized(PUBLISHED_SIZES, narrow)
    assert BALANCED.resized(PUBLISHED_SIZES, PUBLISHED_SIZES) == BALANCED
    assert constants.second.w_max == pytest.approx(SECOND.w_max * 10**0.5)
    for name in ("H2E_H1E", "H2SomaI_H1E", "OutputE_OutputSomaI", "H1E_H1SomaI"):
        wide, small = (
            initial(sizes, 3, constants=c).weights[name].sum(1).mean()
            for sizes, c in ((PUBLISHED_SIZES, BALANCED), (narrow, constants))
        )
        assert small == pytest.approx(wide, rel=0.15), name


def test_pictures_are_drawn_of_what_is_there(tmp_path):
    rng = np.random.default_rng(0)
    point = {kind: dict.fromkeys(("a", "b", "c"), 50.0) for kind in ("mean", "single")}
    run = {"curve": [[0, 0.1], [10, 0.5]], "angles": {"0": point, "10": point}, "accuracy": 0.5, "readable": 0.6}
    runs = {name: {"0": run, "1": run} for name in ("fashion-published", "fashion-hebb", "feedback-random")}
    runs["readout-published"] = {"0": run | {"classes": 0.7}}
    for method in ("published", "hebb", "backprop"):
        kept = {"before": rng.random((12, 784)), "after": rng.random((12, 784)), "weights": rng.random((5, 3, 12))}
        np.savez(tmp_path / f"layers-fashion-{method}-0.npz", **kept)
    draw_curves(runs, tmp_path, tmp_path / "curves.png")
    draw_features(tmp_path, tmp_path / "features.png")
    assert all((tmp_path / f"{name}.png").stat().st_size > 20_000 for name in ("curves", "features"))
