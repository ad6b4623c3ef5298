"""Rules of spike timing in floats against their definitions: sums over pairs and triplets of spikes, written out."""

import math

import numpy as np

from neurokit.graph.plasticity import Signal, Trace
from neurokit.graph.plasticity_text import rule
from tests.rules.learning import spikes, weights_after

DT, STEPS, SOURCES, TARGETS = 1e-3, 400, 7, 5


def kernel(tau, steps=STEPS, at=0):
    """(t, s): exp(-(t - s) dt / tau) where t - s >= at, else 0."""
    ages = np.arange(steps)[:, None] - np.arange(steps)[None]
    return np.where(ages >= at, np.exp(-np.maximum(ages, 0) * DT / tau), 0.0)


def drawn(seed):
    rng = np.random.default_rng(seed)
    return rng, spikes(rng, STEPS, SOURCES, 0.08), spikes(rng, STEPS, TARGETS, 0.08), rng.random((TARGETS, SOURCES))


def test_pair_rule_is_the_sum_over_pairs():
    _, pre, post, weight = drawn(1)
    a_plus, a_minus, tau_plus, tau_minus = 0.01, 0.012, 0.0168, 0.0337
    pair = rule(
        "pair",
        weight="a_plus * post * x1 - a_minus * pre * before(y1)",
        traces={"x1": Trace("pre", tau_plus), "y1": Trace("post", tau_minus)},
        parameters={"a_plus": a_plus, "a_minus": a_minus},
    )
    later = post.T @ kernel(tau_plus) @ pre  # all pairs with the source first, or both at once
    earlier = (pre.T @ kernel(tau_minus, at=1) @ post).T  # all with the target first
    expected = weight + a_plus * later - a_minus * earlier
    np.testing.assert_allclose(weights_after(pair, weight, pre, post), expected, rtol=1e-12, atol=1e-12)


def full_triplets(pre, post, weight, p):
    """Pfister & Gerstner 2006, equations 2 to 4, all to all: r1, r2 of the source's spikes, o1, o2 of the target's;
    the slow ones without the spike of the moment itself, and so o1 at a source's spike."""
    r1, r2 = kernel(p["tau_plus"]) @ pre, kernel(p["tau_x"], at=1) @ pre
    o1, o2 = kernel(p["tau_minus"], at=1) @ post, kernel(p["tau_y"], at=1) @ post
    grown = (post * (p["a2_plus"] + p["a3_plus"] * o2)).T @ r1
    shrunk = o1.T @ (pre * (p["a2_minus"] + p["a3_minus"] * r2))
    return weight + grown - shrunk


TRIPLET = "(a2_plus + a3_plus * before(o2)) * post * r1 - (a2_minus + a3_minus * before(r2)) * pre * before(o1)"
ALL_TO_ALL = {"a2_plus": 5e-10, "a3_plus": 6.2e-3, "a2_minus": 7e-3, "a3_minus": 2.3e-4, "tau_x": 0.101, "tau_y": 0.125}
MINIMAL = {"a2_plus": 0.0, "a3_plus": 6.5e-3, "a2_minus": 7.1e-3, "a3_minus": 0.0, "tau_x": 0.101, "tau_y": 0.114}
