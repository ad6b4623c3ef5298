"""Behavioural time scale plasticity in floats: against its equations on random data, and the forms for the chip against
the ordinary differential equation of Milstein et al. 2021 on a lap over place fields."""

import numpy as np
import pytest

from neurokit import rules
from tests.rules.learning import spikes, weights_after

DT = 1e-2
TAU_E, TAU_I = 1.0, 0.4  # seconds, within the paper's 0.1 to 1.75 with the eligibility the longer
STARTS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
PEAK_RATE = 40.0  # spikes per second within a place field


def q(z, slope, threshold):
    """A sigmoid between 0 at 0 and 1 at 1."""

    def s(value):
        return 1 / (1 + np.exp(-slope * (value - threshold)))

    return (s(z) - s(0)) / (s(1) - s(0))


def trace(values, tau):
    """z <- z exp(-dt / tau) + value, along time."""
    found, z = [], 0.0
    for value in values:
        z = np.exp(-DT / tau) * z + value
        found.append(z)
    return np.array(found)


def test_the_differential_equation_by_eulers_steps():
    rng = np.random.default_rng(1)
    pre, plateau, w = spikes(rng, 300, 6, 0.1), spikes(rng, 300, 4, 0.02), rng.random((4, 6)) * 3
    rule = rules.btsp_milstein(tau_eligibility=0.8, tau_instructive=0.3, eligibility=0.1, instruction=0.4)
    e, i = 0.1 * trace(pre, 0.8), 0.4 * trace(plateau, 0.3)
    found = weights_after(rule, w, pre, np.zeros((300, 4)), {"i": i}, DT)
    start = w
    for now in range(300):
        z = i[now][:, None] * e[now][None]
        w = w + DT * (1.1097 * (4.68 - w) * q(z, 4.405, 0.415) - 0.425 * w * q(z, 20.0, 0.026))
        w = np.clip(w, 0, 4.68)
    np.testing.assert_allclose(found, w, rtol=1e-12, atol=1e-12)
    assert (w > start).any()
    assert (w < start).any()


def lap(seconds=10.0, fields=120):
    """Rates of inputs whose place fields line a track, relative to their peak, and a plateau of 0.3 s in the middle."""
    time = np.arange(round(seconds / DT)) * DT
    centres = np.linspace(0.5, seconds - 0.5, fields)
    rates = np.exp(-0.5 * ((time[:, None] - centres) / 0.6) ** 2)
    return rates, ((time >= seconds / 2) & (time < seconds / 2 + 0.3)).astype(float)


def by_the_equation():
    """Changes (start, input) of weights that start at STARTS, from rates, and the peaks of both traces."""
    rates, plateau = lap()
    e, i = trace(rates, TAU_E), trace(plateau, TAU_I)
    peaks = e.max(), i.max()
    w = np.repeat(STARTS[:, None], rates.shape[1], 1)
    for now in range(len(rates)):
        z = e[now] / peaks[0] * i[now] / peaks[1]
        w = w + DT * (1.1097 * (1 - w) * q(z, 4.405, 0.415) - 0.425 * w * q(z, 20.0, 0.026))
    return w - STARTS[:, None], peaks


def seen_from_spikes(make, peaks, seed):
    """(rule, Poisson spikes, signals, start weights) of one lap."""
    rates, plateau = lap()
    rule = make(
        tau_eligibility=TAU_E,
        tau_instructive=TAU_I,
        eligibility=1 / (peaks[0] * PEAK_RATE * DT),
        instruction=1 / peaks[1],
        w_max=1.0,
    )
    pre = (np.random.default_rng(seed).random(rates.shape) < PEAK_RATE * DT * rates).astype(float)
    signals = {}
    for name, signal in rule.signals.items():
        values = np.minimum(signal.parameters["scale"] * trace(plateau, signal.parameters["tau"]), signal.limit)
        signals[name] = np.repeat(values[:, None], len(STARTS), 1)
    return rule, pre, signals, np.repeat(STARTS[:, None], rates.shape[1], 1)


def from_spikes(make, peaks, seed):
    """Changes of the weights by a rule that sees spikes."""
    rule, pre, signals, start = seen_from_spikes(make, peaks, seed)
    return weights_after(rule, start, pre, np.zeros((len(pre), len(STARTS))), signals, DT) - start


def correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def test_one_plateau_moves_the_field_both_ways():
    change, _ = by_the_equation()
    assert change[0].max() > 0.3  # weak synapses near the plateau grow
    assert change[-1].min() < -0.35  # strong ones some seconds away shrink
    seconds = np.linspace(0.5, 9.5, change.shape[1]) - 5.0
    far = np.abs(seconds) > 2
    assert np.abs(change[:, far]).max() > 0.05  # over seconds, not milliseconds


@pytest.mark.parametrize("seed", range(3))
def test_forms_for_spikes_follow_the_equation_over_five_starting_weights(seed):
    expected, peaks = by_the_equation()
    assert correlation(from_spikes(rules.btsp_milstein, peaks, seed), expected) > 0.99
    chip = from_spikes(rules.btsp_saturating, peaks, seed)
    assert correlation(chip, expected) > 0.93
    assert np.sqrt(np.mean((chip - expected) ** 2)) < 0.061


def test_layers_of_eiann():
    rng = np.random.default_rng(2)
    steps, eta, w_max = 60, 0.02, 0.352
    pre = np.round(rng.random((steps, 6)) * 1.4, 2) * spikes(rng, steps, 6, 0.4)  # payloads, some above 1
    plateau = rng.normal(size=(steps, 4)) * spikes(rng, steps, 4, 0.3)
    signals = {"p_plus": np.maximum(plateau, 0), "p_minus": np.maximum(-plateau, 0)}
    start = rng.random((4, 6)) * w_max
    whole = weights_after(rules.btsp_eiann(learning_rate=eta), start, pre, np.zeros((steps, 4)), signals, DT)
    gated = weights_after(rules.btsp_eiann_gated(learning_rate=eta), start, pre, np.zeros((steps, 4)), signals, DT)
    e, w, g = np.zeros(6), start, start
    for now in range(steps):
        e = np.where(pre[now] != 0, np.minimum(pre[now], 1), e)
        up, down = (signals[name][now][:, None] for name in ("p_plus", "p_minus"))
        w = np.clip(w + eta * (up * ((w_max - w) * e - w * q(e, 200.0, 0.01)) - down * e), 0, w_max)
        spiked = pre[now] != 0
        g = np.clip(g + eta * spiked * (up * ((w_max - g) * e - g) - down * e), 0, w_max)
    np.testing.assert_allclose(whole, w, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gated, g, rtol=1e-12, atol=1e-12)
    assert not np.allclose(w, start)


def test_binary_weights_hear_their_targets_events():
    rng = np.random.default_rng(3)
    pre, events = spikes(rng, 40, 9, 0.2), rng.choice([-1.0, 0.0, 1.0], (40, 5), p=[0.1, 0.8, 0.1])
    signals = {"p_plus": np.maximum(events, 0), "p_minus": np.maximum(-events, 0)}
    start = spikes(rng, 5, 9, 0.5)
    found = weights_after(rules.btsp_binary(), start, pre, np.zeros((40, 5)), signals, DT)
    expected = start.copy()
    for now, target in zip(*np.nonzero(events), strict=True):
        expected[target, pre[now] > 0] = events[now, target] > 0
    assert np.array_equal(found, expected)
    assert not np.array_equal(found, start)
