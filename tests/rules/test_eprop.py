"""e-prop in floats against a plain implementation of Bellec et al. 2020 (doi:10.1038/s41467-020-17236-y) written here:
a recurrent network, its eligibility traces and gradients, step by step, on random data."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from neurokit import rules
from neurokit.errors import RuleError
from tests.rules.learning import learner_of, weights_after

DT, STEPS, INPUTS, NEURONS, OUTPUTS = 1e-3, 300, 12, 9, 3
TAU, TAU_A, TAU_OUT, THRESHOLD, DAMPENING, REFRACTORY = 0.02, 0.2, 0.025, 0.6, 0.3, 2
RATE = 1e-3
ALPHA, RHO, KAPPA = (math.exp(-DT / tau) for tau in (TAU, TAU_A, TAU_OUT))


@dataclass
class Passed:
    """What the reference gives: spikes of inputs and neurons, pseudo-derivatives, learning signals, gradients."""

    x: np.ndarray
    z: np.ndarray
    psi: np.ndarray
    learning: np.ndarray
    errors: np.ndarray
    gradients: dict


def reference(beta, seed, feedback="symmetric"):
    """Equations 1 to 5 and 22 to 28 of the paper, with sums written as it has them."""
    rng = np.random.default_rng(seed)
    w_in = rng.normal(size=(NEURONS, INPUTS)) * 0.5
    w_rec = rng.normal(size=(NEURONS, NEURONS)) * 0.2 * (1 - np.eye(NEURONS))
    w_out = rng.normal(size=(OUTPUTS, NEURONS))
    b = w_out.T if feedback == "symmetric" else rng.normal(size=(NEURONS, OUTPUTS))
    x = (rng.random((STEPS, INPUTS)) < 0.1).astype(float)
    target = rng.normal(size=(STEPS, OUTPUTS))
    v, a, z, left = np.zeros(NEURONS), np.zeros(NEURONS), np.zeros(NEURONS), np.zeros(NEURONS)
    filtered = {"in": np.zeros(INPUTS), "rec": np.zeros(NEURONS)}
    eps = {"in": np.zeros((NEURONS, INPUTS)), "rec": np.zeros((NEURONS, NEURONS))}
    mean = {name: np.zeros_like(values) for name, values in eps.items()}
    y, out = np.zeros(OUTPUTS), np.zeros(NEURONS)
    gradients = {"in": 0.0, "rec": 0.0, "out": 0.0}
    kept = {name: [] for name in ("z", "psi", "learning", "errors")}
    for t in range(STEPS):
        a = RHO * a + z
        v = ALPHA * v + w_in @ x[t] + w_rec @ z - THRESHOLD * z
        filtered["in"] = ALPHA * filtered["in"] + x[t]
        filtered["rec"] = ALPHA * filtered["rec"] + z  # of the step before
        moving = THRESHOLD + beta * a
        psi = DAMPENING / THRESHOLD * np.maximum(0, 1 - np.abs(v - moving) / THRESHOLD) * (left == 0)
        z = ((v > moving) & (left == 0)).astype(float)
        left = np.where(z > 0, REFRACTORY, np.maximum(left - 1, 0))
        y, out = KAPPA * y + w_out @ z, KAPPA * out + z
        errors = y - target[t]
        learning = b @ errors
        for name, bar in filtered.items():
            e = psi[:, None] * (bar[None] - beta * eps[name])
            eps[name] = psi[:, None] * bar[None] + (RHO - beta * psi[:, None]) * eps[name]
            mean[name] = KAPPA * mean[name] + e
            gradients[name] = gradients[name] + learning[:, None] * mean[name]
        gradients["out"] = gradients["out"] + errors[:, None] * out[None]
        for name, values in (("z", z), ("psi", psi), ("learning", learning), ("errors", errors)):
            kept[name].append(values)
    assert 0.01 < np.mean(kept["z"]) < 0.3
    return Passed(x, *(np.array(values) for values in kept.values()), gradients)


def given(learning_rule, passed, beta, learning):
    """The rule's signals as its neuron would evaluate them: name -> (steps, targets)."""
    found = {}
    values = {
        "pseudo_derivative": passed.psi,
        "adaptation_decay": 1 - RHO + beta * passed.psi,
        "modulation": learning,
    }
    for name, signal in learning_rule.signals.items():
        if signal.function in values:
            found[name] = values[signal.function] * signal.parameters["scale"]
    return found


def late(values, steps):
    """The same, so many steps later."""
    return np.concatenate([np.zeros((steps, values.shape[1])), values])[: len(values)]


def cosine(a, b):
    return np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b)


def one_more(values):
    """With a silent step behind, in which the last learning signal arrives."""
    return np.concatenate([values, np.zeros((1, values.shape[1]))])


def changes(learning_rule, passed, beta, which, signal_steps=1):
    """Weight changes of one projection after the run; `which` of "in", "rec", "out"."""
    silent = [passed.x, late(passed.z, 1), passed.z, passed.psi, passed.learning, passed.errors]
    for _ in range(signal_steps):
        silent = [one_more(values) for values in silent]
    x, z_before, z, psi, learning, errors = silent
    signals = late(errors if which == "out" else learning, signal_steps)
    again = Passed(x, z, psi, signals, errors, passed.gradients)
    pre = {"in": x, "rec": z_before, "out": z}[which]
    pre = pre.copy()
    pre[STEPS:] = 0
    post = np.zeros((len(z), OUTPUTS)) if which == "out" else z
    weight = np.random.default_rng(3).normal(size=passed.gradients[which].shape)
    return weights_after(learning_rule, weight, pre, post, given(learning_rule, again, beta, signals), DT) - weight


def check(found, gradient):
    """-rate times the gradient, and so the cosine is 1."""
    np.testing.assert_allclose(found, -RATE * gradient, rtol=1e-12, atol=1e-12)
    assert cosine(found, -gradient) > 1 - 1e-12


@pytest.mark.parametrize("signal_steps", [0, 1, 2])
@pytest.mark.parametrize("feedback", ["symmetric", "random"])
def test_lif(feedback, signal_steps):
    passed = reference(0.0, 1, feedback)
    learning_rule = rules.eprop_lif(
        dt=DT, tau=TAU, tau_out=TAU_OUT, learning_rate=RATE, dampening=DAMPENING, signal_steps=signal_steps
    )
    for which in ("in", "rec"):
        check(changes(learning_rule, passed, 0.0, which, signal_steps), (1 - KAPPA) * passed.gradients[which])


def test_lif_without_the_readouts_filter():
    passed = reference(0.0, 2)
    learning_rule = rules.eprop_lif(dt=DT, tau=TAU, learning_rate=RATE, dampening=DAMPENING)
    bar, expected = np.zeros(INPUTS), 0.0
    for t in range(STEPS):
        bar = ALPHA * bar + passed.x[t]
        expected = expected + (passed.learning[t] * passed.psi[t])[:, None] * bar[None]
    found = changes(learning_rule, passed, 0.0, "in")
    check(found, expected)
    assert cosine(found, -passed.gradients["in"]) < 0.999  # it is another gradient, that of a readout without memory


def test_alif():
    passed = reference(0.5, 3)
    options = {"dt": DT, "tau": TAU, "learning_rate": RATE, "dampening": DAMPENING}
    learning_rule = rules.eprop_alif(beta=0.5, tau_out=TAU_OUT, **options)
    for which in ("in", "rec"):
        check(changes(learning_rule, passed, 0.5, which), (1 - KAPPA) * passed.gradients[which])
    found = changes(rules.eprop_lif(tau_out=TAU_OUT, **options), passed, 0.5, "rec")
    assert cosine(found, -passed.gradients["rec"]) < 0.999  # what the adaptation's eligibility is there for


def test_alif_with_one_tag():
    """e without the readout's filter, meeting the learning signal of its own step."""
    passed = reference(0.5, 4)
    learning_rule = rules.eprop_alif_one_tag(dt=DT, tau=TAU, beta=0.5, learning_rate=RATE, dampening=DAMPENING)
    bar, eps, expected = np.zeros(NEURONS), np.zeros((NEURONS, NEURONS)), 0.0
    for t in range(STEPS):
        bar = ALPHA * bar + (passed.z[t - 1] if t else 0)
        psi = passed.psi[t][:, None]
        expected = expected + passed.learning[t][:, None] * psi * (bar[None] - 0.5 * eps)
        eps = psi * bar[None] + (RHO - 0.5 * psi) * eps
    check(changes(learning_rule, passed, 0.5, "rec", 0), expected)


@pytest.mark.parametrize("signal_steps", [0, 1, 2])
def test_readout(signal_steps):
    passed = reference(0.0, 5)
    learning_rule = rules.eprop_readout(dt=DT, tau_out=TAU_OUT, learning_rate=RATE, signal_steps=signal_steps)
    check(changes(learning_rule, passed, 0.0, "out", signal_steps), passed.gradients["out"])


def test_reward_based():
    """Equation 5: what L e_bar leaves behind fades with the discount, and the reward's error turns it into weight."""
    passed = reference(0.0, 6)
    rng = np.random.default_rng(7)
    delta = rng.normal(size=(STEPS, 1)) * np.ones(NEURONS)
    learning_rule = rules.eprop_reward(
        dt=DT, tau=TAU, tau_out=TAU_OUT, discount=0.97, learning_rate=RATE, dampening=DAMPENING
    )
    bar, mean, kept, expected = np.zeros(INPUTS), np.zeros((NEURONS, INPUTS)), np.zeros((NEURONS, INPUTS)), 0.0
    signals = given(learning_rule, passed, 0.0, late(passed.learning, 1)) | {"delta": delta}
    for t in range(STEPS):
        expected = expected - RATE * delta[t][:, None] * kept
        bar = ALPHA * bar + passed.x[t]
        learning = passed.learning[t - 1] if t else np.zeros(NEURONS)
        kept = 0.97 * kept + learning[:, None] * mean
        mean = KAPPA * mean + (1 - KAPPA) * passed.psi[t][:, None] * bar[None]
    found = weights_after(learning_rule, np.zeros((NEURONS, INPUTS)), passed.x, passed.z, signals, DT)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_changes_that_are_carried():
    """The weight moves in whole units, and what it lacks of the plain rule's is what the second tag holds."""
    passed, bounds = reference(0.5, 5), (-99.0, 99.0)  # which no weight reaches
    unit, common = 99.0 / 255, {"dt": DT, "bounds": bounds, "learning_rate": 20 * RATE}
    lif, adaptive = {"tau": TAU, "dampening": DAMPENING}, {"tau": TAU, "dampening": DAMPENING, "beta": 0.5}
    for make, options, which in (
        (rules.eprop_lif, {**common, **lif, "tau_out": TAU_OUT}, "rec"),
        (rules.eprop_alif_one_tag, {**common, **adaptive}, "rec"),
        (rules.eprop_readout, {**common, "tau_out": TAU_OUT}, "out"),
    ):
        found = []
        for carry in (False, True):
            learning_rule = make(**options, carry=carry)
            signals = late(passed.errors if which == "out" else passed.learning, 1)[: len(passed.z)]
            again = Passed(passed.x, passed.z, passed.psi, signals, passed.errors, passed.gradients)
            post = np.zeros((len(passed.z), OUTPUTS)) if which == "out" else passed.z
            learner = learner_of(learning_rule, np.zeros(passed.gradients[which].shape), DT)
            heard = given(learning_rule, again, 0.5, signals)
            for now in range(len(passed.z)):
                learner.step(passed.z[now], post[now], {name: values[now] for name, values in heard.items()})
            found.append(learner)
        plain, carried = found
        np.testing.assert_allclose(carried.weights + carried.tags["tag2"], plain.weights, atol=1e-12)
        np.testing.assert_allclose(carried.weights / unit, np.rint(carried.weights / unit), atol=1e-9)
        assert len(np.unique(np.rint(carried.weights / unit))) > 2, make
    with pytest.raises(RuleError, match=r"'carry': bounds are \(-inf, inf\); a unit of weight is 1/255"):
        rules.eprop_lif(dt=DT, tau=TAU, carry=True)
