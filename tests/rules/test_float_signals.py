"""What a float neuron hands to its synapses, against the equations of `graph.signals` written out for each neuron."""

import math

import numpy as np
import pytest

from neurokit.graph.graded_neurons import Delta, Relay, Sigma, SigmaDelta
from neurokit.graph.lif_family import ALIF, ATRLIF, QIF, TernaryLIF, Theta
from neurokit.graph.network import Population
from neurokit.graph.neurons import IF, LIF, CubaLeakyIntegrator, CubaLIF, Integrator, LeakyIntegrator
from neurokit.graph.plasticity import Signal
from neurokit.graph.resonators import ResonateAndFire
from neurokit.hardware.simulator.kinds import make_neurons
from neurokit.lower.signals_float import FloatSignals, signal_faults

DT, STEPS, SHAPE = 1e-3, 120, (2, 3)
SIZE = 6
SIGNALS = {
    "psi": Signal("pseudo_derivative", {"dampening": 0.3, "scale": 2.0}),
    "above": Signal("potential_above", {"scale": 3.0, "level": 0.2}),
    "below": Signal("potential_below", {"scale": 0.5, "level": 0.4}),
}


def rows(rng, low, high):
    """A value a neuron, (2, 3)."""
    return rng.uniform(low, high, SHAPE)


def lif(rng, x, **options):
    """(neuron, v as compared, threshold, None), v computed anew from x with every reset."""
    threshold, tau = rows(rng, 0.5, 1.0), rows(rng, 5e-3, 3e-2)
    neuron = LIF(tau=tau, r=np.asarray(20.0), threshold=threshold, v_leak=np.asarray(0.1), **options)
    v, left, found, free = np.full(SIZE, 0.1), np.zeros(SIZE), [], []
    keep = (DT / tau).ravel()
    for now in x:
        moved = (1 - keep) * v + keep * 20.0 * now + keep * 0.1
        v = np.where(left > 0, v, moved) if neuron.while_refractory == "holds" else moved
        fires = (v > threshold.ravel()) & (left == 0)
        found.append(v)
        free.append(left == 0)
        reset = v - threshold.ravel() if neuron.reset == "soft" else np.zeros(SIZE)
        left = np.where(fires, np.rint(neuron.refractory / DT), np.maximum(left - 1, 0))
        v = np.where(fires, reset, v)
    return neuron, np.array(found), threshold.ravel(), np.array(free)


def hard(rng, x):
    return lif(rng, x)


def soft(rng, x):
    return lif(rng, x, reset="soft")


def held(rng, x):
    return lif(rng, x, refractory=np.asarray(3 * DT))


def silent(rng, x):
    return lif(rng, x, refractory=np.asarray(3 * DT), while_refractory="silent")


def cuba(rng, x):
    threshold = rows(rng, 0.5, 1.0)
    neuron = CubaLIF(tau_syn=np.asarray(4e-3), tau_mem=np.asarray(2e-2), w_in=np.asarray(50.0), threshold=threshold)
    u, v, found = np.zeros(SIZE), np.zeros(SIZE), []
    for now in x:
        u = 0.75 * u + 0.25 * 50.0 * now
        v = 0.95 * v + 0.05 * u
        found.append(v)
        v = np.where(v > threshold.ravel(), 0.0, v)
    return neuron, np.array(found), threshold.ravel(), True


def integrate_and_fire(rng, x):
    neuron = IF(r=np.asarray(1.5), threshold=np.asarray(0.8), fires=">=")
    v, found = np.zeros(SIZE), []
    for now in x:
        v = v + 1.5 * now
        found.append(v)
        v = np.where(v >= 0.8, 0.0, v)
    return neuron, np.array(found), 0.8, True


def quadratic(rng, x):
    neuron = QIF(tau=np.asarray(5e-3), r=np.asarray(8.0), threshold=np.asarray(3.0), v_reset=np.asarray(-2.0))
    v, found = np.zeros(SIZE), []
    for now in x:
        v = v + 0.2 * (v * (v - 1) + 8.0 * now)
        found.append(v)
        v = np.where(v > 3.0, -2.0, v)
    return neuron, np.array(found), 3.0, True


@pytest.mark.parametrize("make", [hard, soft, held, silent, cuba, integrate_and_fire, quadratic])
def test_signals_of_the_potential(make):
    rng = np.random.default_rng(7)
    x = rng.random((STEPS, SIZE)) * 0.3
    neuron, v, threshold, free = make(rng, x)
    found, spikes = evaluate(neuron, x, SIGNALS)
    bump = np.maximum(0, 1 - np.abs(v - threshold) / threshold)
    np.testing.assert_allclose(found["psi"], 2.0 * 0.3 / threshold * bump * free, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found["above"], 3.0 * np.maximum(0, v - 0.2), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found["below"], 0.5 * np.maximum(0, 0.4 - v), rtol=1e-12, atol=1e-12)
    assert spikes.any()
    assert (found["psi"][spikes > 0] > 0).any()  # v of a spike's step is that before the reset


def test_signals_of_an_adaptive_neuron():
    rng = np.random.default_rng(8)
    x = rng.random((STEPS, SIZE)) * 0.3
    threshold, beta = rows(rng, 0.5, 1.0), rows(rng, 0.1, 0.5)
    times = {"tau": np.asarray(2e-2), "tau_adaptation": np.asarray(0.2), "refractory": np.asarray(2 * DT)}
    neuron = ALIF(beta=beta, threshold=threshold, **times)
    decay = Signal("adaptation_decay", {"dampening": 0.3, "scale": 0.5})
    found, spikes = evaluate(neuron, x, {"psi": SIGNALS["psi"], "leak": decay})
    alpha, rho = math.exp(-1 / 20), math.exp(-1 / 200)
    v, a, z, left = np.zeros(SIZE), np.zeros(SIZE), np.zeros(SIZE), np.zeros(SIZE)
    for now in range(STEPS):
        a = rho * a + z
        v = alpha * v + x[now] - threshold.ravel() * z
        moving = threshold.ravel() + beta.ravel() * a
        psi = 0.3 / threshold.ravel() * np.maximum(0, 1 - np.abs(v - moving) / threshold.ravel()) * (left == 0)
        z = ((v > moving) & (left == 0)).astype(float)
        left = np.where(z > 0, 2, np.maximum(left - 1, 0))
        assert np.array_equal(z, spikes[now])
        np.testing.assert_allclose(found["psi"][now], 2.0 * psi, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found["leak"][now], 0.5 * (1 - rho + beta.ravel() * psi), rtol=1e-12)
    assert spikes.any()


def test_signals_of_lavas_adaptive_and_refractory_neuron():
    rng = np.random.default_rng(9)
    x = rng.random((STEPS, SIZE))
    taus = {"tau_syn": 4e-3, "tau_mem": 1e-2, "tau_threshold": 2e-2, "tau_refractory": 5e-3}
    neuron = ATRLIF(**{n: np.asarray(t) for n, t in taus.items()}, threshold_step=np.asarray(0.3))
    found, spikes = evaluate(neuron, 5 * x, {"psi": SIGNALS["psi"], "above": SIGNALS["above"]})
    i, v, theta, r = np.zeros(SIZE), np.zeros(SIZE), np.ones(SIZE), np.zeros(SIZE)
    for now in range(STEPS):
        i = 0.75 * i + 0.25 * 5 * x[now]
        v = 0.9 * v + 0.1 * i
        theta, r = 0.95 * (theta - 1) + 1, 0.8 * r
        psi = 0.3 * np.maximum(0, 1 - np.abs(v - r - theta))
        np.testing.assert_allclose(found["psi"][now], 2.0 * psi, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(found["above"][now], 3.0 * np.maximum(0, v - r - 0.2), rtol=1e-11, atol=1e-11)
        fires = v - r >= theta
        assert np.array_equal(fires, spikes[now])
        r, theta = np.where(fires, r + 2 * theta, r), np.where(fires, theta + 0.3, theta)
    assert spikes.any()


TERNARY = TernaryLIF(tau_syn=np.asarray(4e-3), tau_mem=np.asarray(1e-2))
LEAKY = LeakyIntegrator(np.asarray(2e-2), r=np.asarray(3.0))
CURRENT = CubaLeakyIntegrator(tau_syn=np.asarray(4e-3), tau_mem=np.asarray(1e-2))


def leaked(x):
    found, v = [], np.zeros(SIZE)
    for now in x:
        v = 0.95 * v + 0.05 * 3.0 * now
        found.append(v)
    return np.array(found)


def leaked_current(x):
    found, u, v = [], np.zeros(SIZE), np.zeros(SIZE)
    for now in x:
        u = 0.75 * u + 0.25 * now
        v = 0.9 * v + 0.1 * u
        found.append(v)
    return np.array(found)


@pytest.mark.parametrize(
    ("neuron", "expected"),
    [
        (Integrator(np.asarray(2.0)), lambda x: 2.0 * np.cumsum(x, 0)),
        (LEAKY, leaked),
        (CURRENT, leaked_current),
        (TERNARY, leaked_current),  # below its thresholds
        (Relay(np.asarray(1.5), "relu"), lambda x: 1.5 * x),
        (Sigma(), lambda x: np.cumsum(x, 0)),
        (SigmaDelta(np.asarray(0.1), np.asarray(0.25)), lambda x: np.cumsum(x, 0) + 0.25),
        (Delta(np.asarray(0.1)), lambda x: x),
    ],
    ids=lambda value: type(value).__name__,
)
def test_potentials_of_neurons_without_a_reset(neuron, expected):
    x = np.random.default_rng(10).random((STEPS, SIZE)) * 0.3
    signal = Signal("potential_above", {"scale": 2.0, "level": 0.1})
    found, _ = evaluate(neuron, x, {"above": signal})
    np.testing.assert_allclose(found["above"], 2.0 * np.maximum(0, expected(x) - 0.1), rtol=1e-12, atol=1e-12)


def test_signals_that_need_no_potential():
    rng = np.random.default_rng(11)
    x, modulation = rng.random((STEPS, SIZE)) * 0.3, rng.normal(size=(STEPS, SIZE))
    signals = {
        "m": Signal("modulation", {"scale": 0.5}),
        "p": Signal("modulation_positive", {"scale": 2.0}),
        "n": Signal("modulation_negative", {"scale": 2.0}, limit=1.0),
        "c": Signal("constant", {"value": 0.75}),
        "s": Signal("spike", {"scale": 3.0}),
        "z": Signal("spike_trace", {"impulse": 2.0, "tau": 5e-3}),
        "t": Signal("modulation_trace", {"scale": 0.5, "tau": 8e-3}),
        "r": Signal("reward", {"scale": 4.0}),
    }
    found, spikes = evaluate(IF(threshold=np.asarray(0.8)), x, signals, modulation)
    np.testing.assert_allclose(found["m"], 0.5 * modulation)
    np.testing.assert_allclose(found["p"], np.where(modulation > 0, 2.0 * modulation, 0))
    np.testing.assert_allclose(found["n"], np.minimum(np.where(modulation < 0, -2.0 * modulation, 0), 1.0))
    assert (found["n"] == 1.0).any()
    assert (found["c"] == 0.75).all()
    np.testing.assert_allclose(found["s"], 3.0 * spikes)
    ages = np.arange(STEPS)[:, None] - np.arange(STEPS)[None]
    kernel = np.where(ages >= 0, 2.0 * np.exp(-ages * DT / 5e-3), 0)
    np.testing.assert_allclose(found["z"], kernel @ spikes, atol=1e-12)
    kernel = np.where(ages >= 0, 0.5 * np.exp(-ages * DT / 8e-3), 0)
    np.testing.assert_allclose(found["t"], kernel @ modulation, atol=1e-12)
    np.testing.assert_allclose(found["r"], -4.0 * modulation)
    assert spikes.any()
    silent, _ = evaluate(IF(threshold=np.asarray(0.8)), x, {name: signals[name] for name in "mpntr"})
    assert not any(values.any() for values in silent.values())  # no projection into the ports


@pytest.mark.parametrize(
    ("function", "neuron", "words"),
    [
        ("adaptation_decay", LEAKY, "no adaptation"),
        ("pseudo_derivative", LEAKY, "no threshold of its potential"),
        ("pseudo_derivative", Sigma(), "no threshold of its potential"),
        ("potential_above", Theta(tau=np.asarray(1e-2)), "no membrane potential"),
        ("potential_below", ResonateAndFire(period=np.asarray(9.0)), "no membrane potential"),
    ],
)
def test_a_neuron_that_cannot_evaluate_a_signal_is_a_fault(function, neuron, words):
    (fault,) = signal_faults("a->b", {"y1": Signal(function)}, neuron)
    assert words in str(fault)
    assert "a->b" in str(fault)
    assert fault.mend


def evaluate(neuron, x, signals, modulation=None):
    """(signals by name, spikes) of the simulator's neurons, step by step: (steps, n)."""
    population = Population("p", SHAPE, neuron)
    assert not signal_faults("p", signals, neuron)
    neurons = make_neurons(population, 1, DT)
    evaluator = FloatSignals(signals, neuron, SHAPE, (1, SIZE), DT)
    found, spikes = {name: [] for name in signals}, []
    for now in range(len(x)):
        before = {name: values.copy() for name, values in neurons.states.items()}
        sent = np.zeros((1, 1, SIZE), neurons.output_type)
        neurons.advance(now, x[now].reshape(1, 1, SIZE).copy(), sent)
        arrived = {} if modulation is None else {"modulation": modulation[None, now], "reward": -modulation[None, now]}
        for name, values in evaluator.evaluate(before, neurons.states, sent[0], arrived).items():
            found[name].append(values[0].copy())
        spikes.append(sent[0, 0].astype(float))
    return {name: np.array(values) for name, values in found.items()}, np.array(spikes)


def test_a_traces_limit_is_what_it_remembers():
    """As in integers, which have no memory beyond 127: it decays from the limit, not from where it would have been."""
    signal = Signal("modulation_trace", {"scale": 1.0, "tau": 0.01}, limit=2.0)
    signals = FloatSignals({"z": signal}, LIF(tau=np.asarray(0.02)), (1,), (1,), 1e-3)
    found = []
    for arrives in (3.0, 3.0, 0.0):
        values = signals.evaluate({}, {}, np.zeros(1), {"modulation": np.array([arrives])})
        found.append(float(values["z"][0]))
    assert found == pytest.approx([2.0, 2.0, 2.0 * np.exp(-0.1)])
