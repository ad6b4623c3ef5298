"""Layers that learn by plateaus: phases, updates against plain loops, the gradient against differences, Dale's law."""

from dataclasses import replace

import numpy as np
import pytest

from neurokit.errors import GraphError, InputError
from neurokit.learn.btsp.gradient import gradients
from neurokit.learn.btsp.network import DendriticNet, Sizes, backward, forward, is_inhibitory
from neurokit.learn.btsp.rules import Learning, depressing
from neurokit.learn.btsp.start import PUBLISHED_SIZES, initial
from neurokit.learn.btsp.training import accuracy, see, train

SMALL = Sizes((12, 9, 8, 4), (4, 3, 2), (3, 2))


def drawn(seed=1, samples=5):
    rng = np.random.default_rng(seed)
    return rng.random((samples, 12)).astype(np.float32), np.eye(4, dtype=np.float32)[rng.integers(0, 4, samples)]


def settled(net, x):
    """The forward phase of one sample, neuron by neuron in double precision."""
    w = {name: m.astype(float) for name, m in net.weights.items()}
    kinds = [("H1", "Input", 12), ("H2", "H1", 9), ("Output", "H2", 8)]
    s = {pop: np.zeros(SMALL.count(pop)) for pop in {name.split("_")[0] for name in w}}
    r = {pop: np.zeros_like(v) for pop, v in s.items()} | {"InputE": x.astype(float)}
    for _ in range(15):
        old = {pop: v.copy() for pop, v in r.items()}
        for label, below, _ in kinds:
            e, i, d = f"{label}E", f"{label}SomaI", f"{label}DendI"
            into_e = w[f"{e}_{below}E"] @ r[f"{below}E"] + w[f"{e}_{i}"] @ old[i]
            s[e] += (into_e - s[e]) / 3
            r[e] = np.maximum(s[e], 0)
            into_i = w[f"{i}_{below}E"] @ r[f"{below}E"] + w[f"{i}_{e}"] @ old[e] + w[f"{i}_{i}"] @ old[i]
            s[i] += (into_i - s[i]) / 3
            r[i] = np.maximum(s[i], 0)
            if d in s:
                s[d] += (w[f"{d}_{e}"] @ old[e] + w[f"{d}_{d}"] @ old[d] - s[d]) / 3
                r[d] = np.maximum(s[d], 0)
    return s, r


def nudged(net, x, target):
    """The backward phase of one sample."""
    w = {name: m.astype(float) for name, m in net.weights.items()}
    s, r = settled(net, x)
    up, active = {}, {pop: v > 0 for pop, v in r.items()}
    feedback = [scale * w[name].T for scale, name in zip(net.feedback, ("H2E_H1E", "OutputE_H2E"), strict=True)]
    for step in range(15):
        for k, (label, below) in reversed(list(enumerate((("H1", "Input"), ("H2", "H1"), ("Output", "H2"))))):
            e = f"{label}E"
            if step == 0 and k == 2:
                up[label] = np.clip(target - r[e], -1, 1) * active[e]
            elif step == 0:
                above = r["H2E" if k == 0 else "OutputE"]
                dendrite = feedback[k] @ above + w[f"{e}_{label}DendI"] @ r[f"{label}DendI"]
                up[label] = np.clip(dendrite, -1, 1) * active[e]
            s[e] += (w[f"{e}_{below}E"] @ r[f"{below}E"] + w[f"{e}_{label}SomaI"] @ r[f"{label}SomaI"] - s[e]) / 3
            r[e] = np.maximum(s[e] + up[label], 0)
    return up, r


def test_both_phases_against_plain_loops():
    net, (x, target) = initial(SMALL, 5), drawn()
    seen = forward(net, x)
    after = backward(net, seen, target)
    for k in range(len(x)):
        _, rates = settled(net, x[k])
        for pop, value in rates.items():
            np.testing.assert_allclose(seen.forward[pop][k], value, rtol=2e-5, atol=2e-6)
        plateaus, rates = nudged(net, x[k], target[k])
        for label, value in plateaus.items():
            np.testing.assert_allclose(after.plateaus[label][k], value, rtol=1e-4, atol=1e-5)
        for label in ("H1", "H2", "Output"):
            np.testing.assert_allclose(after.rates[f"{label}E"][k], rates[f"{label}E"], rtol=1e-4, atol=1e-5)
    assert (np.abs(after.plateaus["H1"]) > 0).any()


@pytest.mark.parametrize("kind", ["published", "gated", "local"])
def test_updates_of_two_samples_against_plain_loops(kind):
    net, (x, target) = initial(SMALL, 5), drawn(4, 2)
    weights = {name: m.copy() for name, m in net.weights.items()}
    learner = replace(net, weights=weights)
    rule = Learning(kind, kind, dendrites=False, discount=0.3)
    past, old = None, None
    for k in range(2):
        before = {name: m.astype(float) for name, m in weights.items()}
        up, r = nudged(learner, x[k], target[k])
        past = see(learner, weights, x[k : k + 1], target[k : k + 1], past, rule)
        for (label, below), eta, w_max in zip(
            (("H1", "Input"), ("H2", "H1"), ("Output", "H2")),
            (0.010099, 0.010099, 0.025824),
            (0.35201, 0.44079, 0.43527),
            strict=True,
        ):
            w = before[f"{label}E_{below}E"].copy()
            for j in range(w.shape[0]):
                for i in range(w.shape[1]):
                    w[j, i] += eta * change(
                        kind, w[j, i], w_max, up[label][j], r[f"{below}E"][i], old, label, below, j, i
                    )
            np.testing.assert_allclose(weights[f"{label}E_{below}E"], np.clip(w, 0, w_max), rtol=1e-4, atol=3e-7)
        old = (up, r)


def test_hebb_keeps_each_rows_sum():
    net, (x, target) = initial(SMALL, 10), drawn()
    one = int(np.argmax([nudged(net, x[k], target[k])[1]["H1E"].max() for k in range(5)]))
    x, target = x[one : one + 1], target[one : one + 1]
    weights = {name: m.copy() for name, m in net.weights.items()}
    _, r = nudged(net, x[0], target[0])
    see(replace(net, weights=weights), weights, x, target, None, Learning("hebb", "frozen", rate=50.0, dendrites=False))
    w = net.weights["H1E_InputE"].astype(float)
    grown = w + 50 * 0.010099 * np.clip(r["H1E"], 0, 1)[:, None] * x[0]
    expected = np.minimum(grown * w.sum(1, keepdims=True) / grown.sum(1, keepdims=True), 0.35201)
    np.testing.assert_allclose(weights["H1E_InputE"], expected, rtol=1e-4, atol=1e-6)
    assert np.array_equal(weights["OutputE_H2E"], net.weights["OutputE_H2E"])
    assert not np.allclose(expected, w, rtol=1e-4)


def q(z):
    def s(value):
        return 1 / (1 + np.exp(-200 * (value - 0.01)))

    return (s(z) - s(0)) / (s(1) - s(0))


def change(kind, w, w_max, plateau, rate, old, label, below, j, i):
    """Of one weight, over eta."""
    trace, up, down = min(max(rate, 0), 1), max(plateau, 0), min(plateau, 0)
    if kind == "local":
        return plateau * trace
    if kind == "gated":
        return up * ((w_max - w) * trace - w * (trace > 0)) + down * trace
    found = up * ((w_max - w) * trace - w * q(trace)) + down * trace
    if old is not None:
        earlier = 0.3 * min(max(old[1][f"{below}E"][i], 0), 1)
        found += up * ((w_max - w) * earlier - w * q(earlier))
        found += max(old[0][label][j], 0) * ((w_max - w) * 0.3 * trace - w * q(0.3 * trace))
    return found


def test_the_gradient_against_differences():
    net, (x, target) = initial(SMALL, 0), drawn()
    loss, found = gradients(net, x, target)
    assert set(found) == {name for name in net.weights if "DendI" not in name}
    for name, gradient in found.items():
        direction = np.abs(net.weights[name]) * np.sign(gradient) * 0.02  # keeps the signs
        losses = []
        for sign in (1, -1):
            moved = dict(net.weights) | {name: (net.weights[name] + sign * direction).astype(np.float32)}
            losses.append(gradients(replace(net, weights=moved), x, target)[0])
        assert losses[0] - losses[1] == pytest.approx(2 * float((gradient * direction).sum()), rel=0.02, abs=1e-6), name
    assert loss > 0


def test_dendritic_inhibition_learns_to_cancel():
    net, (x, target) = initial(SMALL, 5), drawn(6, 40)
    rule = Learning("frozen", "frozen")
    after = train(net, x, target.argmax(1), rule, seed=0, epochs=20)
    before = {label: float(np.abs(forward(net, x).dendrites[label]).mean()) for label in ("H1", "H2")}
    now = {label: float(np.abs(forward(after, x).dendrites[label]).mean()) for label in ("H1", "H2")}
    assert all(now[label] < 0.5 * before[label] for label in before)
    assert all(np.array_equal(after.weights[n], net.weights[n]) for n in net.weights if "DendI" not in n)


@pytest.mark.parametrize("feedback", ["transposed", "random"])
def test_training_keeps_dales_law_and_repeats(feedback):
    net, (x, target) = initial(SMALL, 10, feedback), drawn(8, 30)
    rule = Learning(feedback_rate=0.01)
    one, two = (train(net, x, target.argmax(1), rule, seed=3, epochs=2) for _ in range(2))
    for name, matrix in one.weights.items():
        assert np.array_equal(matrix, two.weights[name])
        assert (matrix <= 0).all() if is_inhibitory(name) else (matrix >= 0).all()
    top_down = "H1E_H2E" in net.weights
    assert top_down == (feedback == "random")
    if top_down:
        assert not np.array_equal(one.weights["H1E_H2E"], net.weights["H1E_H2E"])


def test_bad_networks_and_samples_are_named():
    net = initial(SMALL, 0)
    weights = dict(net.weights) | {"H3E_H2E": np.zeros((2, 2), np.float32), "H2E_H1E": -net.weights["H2E_H1E"]}
    del weights["OutputE_H2E"]
    with pytest.raises(GraphError) as caught:
        DendriticNet(SMALL, weights, net.feedback)
    said = str(caught.value)
    for part in ("'OutputE_H2E': is missing", "'H3E_H2E': joins no two populations", "'H2E_H1E': 72 of 72 weights"):
        assert part in said
    with pytest.raises(InputError, match=r"(?s)inputs.*\(samples, 12\).*labels.*go from 0 to 9"):
        accuracy(net, np.zeros((3, 5)), np.array([0, 9, 1]))
    with pytest.raises(GraphError, match="n - 1 of SomaI"):
        DendriticNet(Sizes((3, 2), (1,), ()), {}, None)


def test_the_published_sizes_have_all_matrices():
    net = initial(PUBLISHED_SIZES, 0)
    assert net.weights["H1E_InputE"].shape == (500, 784)
    assert len(net.weights) == 5 * 3 + 3 * 2
    assert depressing(np.array([0.0, 0.01, 1.0], np.float32)) == pytest.approx([0, 0.43233, 1], abs=1e-4)
