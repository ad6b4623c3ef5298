"""Rules of the library on the learning engine, in integers, beside their equations in floats."""

from dataclasses import replace

import numpy as np
import pytest

from neurokit import rules
from neurokit.graph.neurons import IF
from neurokit.graph.synapses import Dense
from neurokit.learn.agreement import Setting, agreement
from neurokit.learn.driven import drive, lowered
from tests.rules import test_btsp as btsp
from tests.rules import test_spike_timing as timing
from tests.rules.learning import seen_by


def on_the_engine(rule, start, pre, post, signals, dt, arithmetic, change=lambda fixed: fixed):
    """Weight changes of the engine that sees the same spikes and signals."""
    seen, _ = seen_by(rule, start, pre, post, signals, dt)
    fixed = lowered("a->b", rule, seen, IF(), dt, False, Setting(arithmetic=arithmetic))
    driven = drive(change(fixed), seen, Dense(start), 1)
    return driven.weights[-1] - driven.weights[0]


@pytest.mark.parametrize("arithmetic", ["lava", "repaired"])
def test_plateaus_follow_the_differential_equation_over_five_starting_weights(arithmetic):
    expected, peaks = btsp.by_the_equation()
    rule, pre, signals, start = btsp.seen_from_spikes(rules.btsp_saturating, peaks, 0)
    silent = np.zeros((len(pre), len(start)))
    found = on_the_engine(rule, start, pre, silent, signals, btsp.DT, arithmetic)
    assert btsp.correlation(found, expected) > 0.93
    assert np.sqrt(np.mean((found - expected) ** 2)) < 0.061


def test_triplets_need_the_correction_of_the_own_impulse():
    pre, post, weight = timing.drawn(4)
    post = post * (1 - np.clip(pre.sum(1, keepdims=True), 0, 1))  # source and target never at once
    start = 0.5 + 0 * weight
    rule = rules.triplet_stdp(parameters=rules.VISUAL_CORTEX_MINIMAL, bounds=(0.0, 1.5))
    expected = timing.triplets(pre, post, timing.MINIMAL)

    def without(fixed):
        assert any(factor.variable == "y2" and factor.constant < 0 for p in fixed.dw for factor in p.factors)
        plain = [replace(p, factors=tuple(replace(f, constant=0) for f in p.factors)) for p in fixed.dw]
        return replace(fixed, dw=tuple(plain))

    right = on_the_engine(rule, start, pre, post, None, timing.DT, "repaired")
    wrong = on_the_engine(rule, start, pre, post, None, timing.DT, "repaired", without)
    assert agreement(right, expected).cosine > 0.97
    assert np.linalg.norm(wrong - expected) > 2 * np.linalg.norm(right - expected)
