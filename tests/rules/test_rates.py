"""Rules of rates and potentials, and of feedback weights, in floats: against their equations on random data, and what
they are known to converge to."""

import numpy as np
import pytest
import scipy.sparse as sp

from neurokit import rules
from neurokit.graph.synapses import Dense, Sparse
from neurokit.lower.plastic_synapses import initial_weights, places, with_weights
from neurokit.lower.plasticity_float import FloatLearner
from tests.rules.learning import spikes, weights_after

DT, STEPS, SOURCES, TARGETS = 1e-3, 200, 6, 4


def drawn(seed):
    """Spikes of the source, their trace of 20 ms, a value of each target in each step, start weights."""
    rng = np.random.default_rng(seed)
    pre, x, z = spikes(rng, STEPS, SOURCES, 0.1), [], np.zeros(SOURCES)
    for now in pre:
        z = np.exp(-DT / 0.02) * z + now
        x.append(z)
    return pre, np.array(x), rng.normal(size=(STEPS, TARGETS)), rng.normal(size=(TARGETS, SOURCES))


def after(rule, weight, pre, signals):
    return weights_after(rule, weight, pre, np.zeros((len(pre), len(weight))), signals, DT)


def test_delta_rule():
    pre, x, error, weight = drawn(1)
    found = after(rules.delta_rule(learning_rate=0.02), weight, pre, {"error": error})
    np.testing.assert_allclose(found, weight - 0.02 * error.T @ x, rtol=1e-12, atol=1e-12)


def test_delta_rule_learns_a_linear_map():
    rng = np.random.default_rng(2)
    teacher, w = rng.normal(size=(2, 5)), np.zeros((2, 5))
    learner = FloatLearner(rules.delta_rule(learning_rate=0.02, tau=np.inf, graded=True), places(Dense(w), (5,)), w, DT)
    for _ in range(3000):
        x = rng.normal(size=5)
        learner.step(x, np.zeros(2), {"error": learner.weights @ x - teacher @ x})
    np.testing.assert_allclose(learner.weights, teacher, atol=1e-6)


def test_oja():
    pre, x, y, weight = drawn(3)
    y = np.maximum(y, 0)
    found = after(rules.oja(learning_rate=0.01), weight, pre, {"y": y})
    w = weight
    for now in range(STEPS):
        post = y[now][:, None]
        w = w + 0.01 * (post * x[now][None] - post**2 * w)
    np.testing.assert_allclose(found, w, rtol=1e-12, atol=1e-12)


def test_oja_finds_the_first_principal_component():
    rng = np.random.default_rng(4)
    axes, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    data = rng.normal(size=(8000, 5)) * [2.0, 1.0, 0.7, 0.5, 0.3] @ axes.T
    w = rng.normal(size=(1, 5)) * 0.3
    learner = FloatLearner(rules.oja(learning_rate=3e-3, tau=np.inf, graded=True), places(Dense(w), (5,)), w, DT)
    for x in data:
        learner.step(x, np.zeros(1), {"y": np.maximum(0, learner.weights @ x)})
    _, vectors = np.linalg.eigh(np.cov(data.T))
    assert abs(learner.weights[0] @ vectors[:, -1]) > 0.99 * np.linalg.norm(learner.weights)
    assert np.linalg.norm(learner.weights) == pytest.approx(1, abs=0.05)


def test_nonlinear_hebbian():
    pre, x, h, weight = drawn(5)
    rule = rules.nonlinear_hebbian(learning_rate=0.01, level=0.3, bounds=(-1.0, 1.5))
    h = np.maximum(h, 0)
    w = weight
    for now in range(STEPS):
        w = np.clip(w + 0.01 * h[now][:, None] * x[now][None], -1.0, 1.5)
    np.testing.assert_allclose(after(rule, weight, pre, {"h": h}), w, rtol=1e-12, atol=1e-12)
    assert (w == 1.5).any()


@pytest.mark.parametrize("dead_zone", [None, 0.4])
def test_convallis(dead_zone):
    pre, x, potential, weight = drawn(6)
    rule = rules.convallis(
        learning_rate=2.0,
        tau_plus=0.02,
        tau_minus=0.04,
        upper=0.5,
        lower=0.1,
        gain_plus=0.3,
        gain_minus=0.2,
        tau_tag=0.1,
        dead_zone=dead_zone,
    )
    slow, z = [], np.zeros(SOURCES)
    for now in pre:
        z = np.exp(-DT / 0.04) * z + now
        slow.append(z)
    above, below = 0.3 * np.maximum(0, potential - 0.5), 0.2 * np.maximum(0, 0.1 - potential)
    w, tag = weight, np.zeros(weight.shape)
    for now in range(STEPS):
        acts = tag if dead_zone is None else np.where(np.abs(tag) > dead_zone, np.sign(tag), 0.0)
        w = w + 2.0 * DT * acts
        tag = tag + above[now][:, None] * x[now] - below[now][:, None] * slow[now] - DT / 0.1 * tag
    found = after(rule, weight, pre, {"above": above, "below": below})
    np.testing.assert_allclose(found, w, rtol=1e-12, atol=1e-12)
    assert not np.allclose(w, weight)


def test_weight_mirror():
    pre, x, y, weight = drawn(7)
    y = np.maximum(y, 0)
    found = after(rules.weight_mirror(learning_rate=0.01, decay=3.0), weight, pre, {"y": y})
    w = weight
    for now in range(STEPS):
        w = w + 0.01 * y[now][:, None] * x[now] - 3.0 * DT * w
    np.testing.assert_allclose(found, w, rtol=1e-12, atol=1e-12)


def test_weight_mirror_finds_the_transpose():
    """Noise drives a forward map; the mirror's weights come to its transpose, up to one factor (Akrout et al. 2019)."""
    rng = np.random.default_rng(8)
    forward, b = rng.normal(size=(4, 5)), rng.normal(size=(5, 4)) * 0.1
    rule = rules.weight_mirror(learning_rate=1e-3, decay=1.0, tau=np.inf, graded=True)
    learner = FloatLearner(rule, places(Dense(b), (4,)), b, DT)
    for _ in range(8000):
        noise = rng.normal(size=5)
        learner.step(forward @ noise, np.zeros(5), {"y": noise})
    angle = np.sum(learner.weights * forward.T) / np.linalg.norm(learner.weights) / np.linalg.norm(forward)
    assert angle > 0.98


def test_kolen_pollack_brings_two_maps_together():
    rng = np.random.default_rng(9)
    rule = rules.kolen_pollack(learning_rate=0.02, decay=10.0, tau=np.inf, graded=True)
    w, b = rng.normal(size=(3, 5)), rng.normal(size=(5, 3))
    forward, backward = (
        FloatLearner(rule, places(Dense(w), (5,)), w, DT),
        FloatLearner(rule, places(Dense(b), (3,)), b, DT),
    )
    expected_w, expected_b = w, b
    for _ in range(2000):
        x, error = rng.normal(size=5), rng.normal(size=3)
        forward.step(x, np.zeros(3), {"error": error})
        backward.step(error, np.zeros(5), {"error": x})
        expected_w = expected_w - 0.02 * np.outer(error, x) - 0.01 * expected_w
        expected_b = expected_b - 0.02 * np.outer(x, error) - 0.01 * expected_b
    np.testing.assert_allclose(forward.weights, expected_w, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(backward.weights, expected_b, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(forward.weights, backward.weights.T, atol=1e-6)


def test_information_alignment():
    pre, x, y, weight = drawn(10)
    y = np.maximum(y, 0)
    learner = FloatLearner(
        rules.information_alignment(amplify=0.02, null=0.01, decay=2.0), places(Dense(weight), (SOURCES,)), weight, DT
    )
    w = weight
    for now in range(STEPS):
        learner.step(pre[now], np.zeros(TARGETS), {"y": y[now], "d": learner.weights @ x[now]})
        w = w + 0.02 * np.outer(y[now], x[now]) - 0.01 * np.outer(w @ x[now], x[now]) - 2.0 * DT * w
    np.testing.assert_allclose(learner.weights, w, rtol=1e-12, atol=1e-12)


def test_self_alignment_carries_weights_over():
    rng = np.random.default_rng(11)
    forward, b = rng.normal(size=(4, 5)), rng.normal(size=(5, 4))
    rule = rules.self_alignment(forward="x->y", learning_rate=0.1, decay=20.0, every=3 * DT)
    learner = FloatLearner(rule, places(Dense(b), (4,)), b, DT, {"x->y": forward}.__getitem__)
    for now in range(60):
        learner.step(np.zeros(4), np.zeros(5), {})
        b = b - 20.0 * DT * b
        if (now + 1) % 3 == 0:
            b = b + 0.1 * forward.T
    np.testing.assert_allclose(learner.weights, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_activation_alignment_with_its_reverse_projection(kind):
    rng = np.random.default_rng(12)
    pre, post, b = spikes(rng, 60, 4, 0.3), spikes(rng, 60, 5, 0.3), rng.normal(size=(5, 4))
    mask = np.ones(b.shape) if kind == "dense" else rng.random(b.shape) < 0.6
    b = b * mask
    rule = rules.activation_alignment(amplify=0.05, sparse=0.02, every=2 * DT)
    synapse = Dense(b) if kind == "dense" else Sparse(sp.csr_matrix(b))
    learner = FloatLearner(rule, places(synapse, (4,)), initial_weights(synapse), DT)
    x, z = np.zeros(4), np.zeros(5)
    for now in range(60):
        learner.step(pre[now], post[now], {})
        x, z = np.exp(-DT / 0.02) * x + pre[now], np.exp(-DT / 0.02) * z + post[now]
        b = b + 0.05 * mask * np.outer(z, x)
        if (now + 1) % 2 == 0:
            b = b - 0.02 * mask * np.outer(z, z @ b)
    found = learner.weights if kind == "dense" else with_weights(synapse, learner.weights).weight.toarray()
    np.testing.assert_allclose(found, b, rtol=1e-12, atol=1e-12)
