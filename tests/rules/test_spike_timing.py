"""Rules of spike timing in floats against their definitions: sums over pairs and triplets of spikes, written out."""

import numpy as np
import pytest

from neurokit import rules
from neurokit.graph.plasticity import Trace
from tests.rules.learning import spikes, weights_after

DT, STEPS, SOURCES, TARGETS = 1e-3, 400, 7, 5


def kernel(tau, at=0):
    """(t, s): exp(-(t - s) dt / tau) where t - s >= at, else 0."""
    ages = np.arange(STEPS)[:, None] - np.arange(STEPS)[None]
    return np.where(ages >= at, np.exp(-np.maximum(ages, 0) * DT / tau), 0.0)


def drawn(seed):
    """Spikes of both sides and start weights."""
    rng = np.random.default_rng(seed)
    return spikes(rng, STEPS, SOURCES, 0.08), spikes(rng, STEPS, TARGETS, 0.08), rng.random((TARGETS, SOURCES))


def pairs(pre, post, plus, minus):
    """(target, source): sums over all pairs of exp(-gap / tau), the source first (or both at once), and the target."""
    return post.T @ kernel(plus) @ pre, (pre.T @ kernel(minus, at=1) @ post).T


def test_pair_rule_is_the_sum_over_pairs():
    pre, post, weight = drawn(1)
    rule = rules.stdp(a_plus=0.01, a_minus=0.012, tau_plus=0.0168, tau_minus=0.0337)
    grown, shrunk = pairs(pre, post, 0.0168, 0.0337)
    expected = weight + 0.01 * grown - 0.012 * shrunk
    np.testing.assert_allclose(weights_after(rule, weight, pre, post), expected, rtol=1e-12, atol=1e-12)


def test_soft_bounds_step_by_step():
    pre, post, weight = drawn(2)
    rule = rules.soft_stdp(w_max=1.5, a_plus=0.1, a_minus=0.12)
    x, y, w = kernel(0.02) @ pre, kernel(0.02, at=1) @ post, weight.copy()
    for now in range(STEPS):
        grown = 0.1 * post[now][:, None] * x[now][None] * (1.5 - w)
        w = np.clip(w + grown - 0.12 * y[now][:, None] * pre[now][None] * w, 0, 1.5)
    np.testing.assert_allclose(weights_after(rule, weight, pre, post), w, rtol=1e-12, atol=1e-12)
    assert np.abs(w - weight).max() > 0.2


# Pfister & Gerstner 2006, table 3 (visual cortex), all to all.
FULL = {"a2+": 5e-10, "a3+": 6.2e-3, "a2-": 7e-3, "a3-": 2.3e-4, "x": 0.101, "y": 0.125}
MINIMAL = {"a2+": 0.0, "a3+": 6.5e-3, "a2-": 7.1e-3, "a3-": 0.0, "x": 0.101, "y": 0.114}
SETS = [(rules.VISUAL_CORTEX_FULL, FULL), (rules.VISUAL_CORTEX_MINIMAL, MINIMAL)]


def triplets(pre, post, p):
    """Equations 2 to 4: at a target's spike r1 (A2+ + A3+ o2), at a source's -o1 (A2- + A3- r2); o2, r2 without the
    spike of the moment, and o1 without one that comes with the source's."""
    r1, r2 = kernel(0.0168) @ pre, kernel(p["x"], at=1) @ pre
    o1, o2 = kernel(0.0337, at=1) @ post, kernel(p["y"], at=1) @ post
    return (post * (p["a2+"] + p["a3+"] * o2)).T @ r1 - o1.T @ (pre * (p["a2-"] + p["a3-"] * r2))


@pytest.mark.parametrize(("parameters", "numbers"), SETS, ids=["full", "minimal"])
def test_triplet_rule_is_the_sum_over_triplets(parameters, numbers):
    pre, post, weight = drawn(3)
    rule = rules.triplet_stdp(parameters=parameters, scale=2.0)
    expected = weight + 2.0 * triplets(pre, post, numbers)
    np.testing.assert_allclose(weights_after(rule, weight, pre, post), expected, rtol=1e-12, atol=1e-12)


def test_triplets_without_the_correction_of_the_own_impulse_are_wrong():
    """The chip's traces hold the spike of the moment: (y2 - impulse) is o2, and y2 alone counts it with itself."""
    pre, post, weight = drawn(4)
    post *= 1 - np.clip(pre.sum(1, keepdims=True), 0, 1)  # source and target never at once
    assert post.sum() > 20
    expected = triplets(pre, post, MINIMAL)
    traces = {"x1": Trace("pre", 0.0168), "y1": Trace("post", 0.0337), "y2": Trace("post", MINIMAL["y"])}

    def changed(text):
        rule = rules.rule("triplet", weight=text + " - 7.1e-3 * pre * y1", traces=traces)
        return weights_after(rule, weight, pre, post) - weight

    np.testing.assert_allclose(changed("6.5e-3 * post * x1 * (y2 - 1)"), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(changed("6.5e-3 * post * x1 * before(y2)"), expected, rtol=1e-12, atol=1e-12)
    wrong = changed("6.5e-3 * post * x1 * y2")
    assert np.linalg.norm(wrong - expected) > 0.3 * np.linalg.norm(expected)


def test_reward_turns_what_the_tag_remembers_into_weight():
    pre, post, weight = drawn(5)
    reward = np.random.default_rng(6).normal(size=(STEPS, TARGETS))
    rule = rules.reward_stdp(a_plus=0.5, a_minus=0.6, tau_plus=0.015, tau_minus=0.03, tau_tag=0.2, learning_rate=0.01)
    x, y = kernel(0.015) @ pre, kernel(0.03, at=1) @ post
    tag, w = np.zeros(weight.shape), weight.copy()
    for now in range(STEPS):
        w += 0.01 * tag * reward[now][:, None]
        pairing = 0.5 * post[now][:, None] * x[now][None] - 0.6 * y[now][:, None] * pre[now][None]
        tag += pairing - DT / 0.2 * tag
    found = weights_after(rule, weight, pre, post, {"reward": reward})
    np.testing.assert_allclose(found, w, rtol=1e-12, atol=1e-12)
