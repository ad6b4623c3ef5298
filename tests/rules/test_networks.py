"""Networks that learn while they run in floats, against plain implementations that run their neurons too."""

import math

import numpy as np
import pytest

import neurokit as nk
from neurokit import rules
from neurokit.graph.lif_family import ALIF
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LeakyIntegrator
from neurokit.graph.synapses import Dense

DT, STEPS, INPUTS, NEURONS, OUTPUTS = 1e-3, 250, 12, 9, 3
TAU, TAU_A, THRESHOLD, REFRACTORY = 0.02, 0.2, 0.6, 2
LEAK = 0.04  # of the readout per step: 1 - kappa by Euler's step
TAU_OUT = -DT / math.log(1 - LEAK)
RATE = 1e-3
ALPHA, RHO, KAPPA = math.exp(-DT / TAU), math.exp(-DT / TAU_A), 1 - LEAK


def eprop_network(beta, seed=1, rate=RATE):
    """Inputs, recurrent ALIF neurons, readouts; their errors come back through a random matrix, a step late."""
    rng = np.random.default_rng(seed)
    w_in = rng.normal(size=(NEURONS, INPUTS)) * 0.5
    w_rec = rng.normal(size=(NEURONS, NEURONS)) * 0.2 * (1 - np.eye(NEURONS))
    w_out, b = rng.normal(size=(OUTPUTS, NEURONS)), rng.normal(size=(NEURONS, OUTPUTS))
    hidden = ALIF(
        tau=np.asarray(TAU),
        tau_adaptation=np.asarray(TAU_A),
        beta=np.asarray(beta),
        threshold=np.asarray(THRESHOLD),
        refractory=np.asarray(REFRACTORY * DT),
    )
    readout = LeakyIntegrator(np.asarray(DT / LEAK), r=np.asarray(1 / LEAK))
    options = {"dt": DT, "learning_rate": rate, "tau_out": TAU_OUT}
    learns = rules.eprop_alif(beta=beta, tau=TAU, **options) if beta else rules.eprop_lif(tau=TAU, **options)
    eye, late = np.eye(OUTPUTS), np.asarray(DT)
    return Network(
        {"x": Input("x", (INPUTS,)), "target": Input("target", (OUTPUTS,))},
        {"hidden": Population("hidden", (NEURONS,), hidden), "out": Population("out", (OUTPUTS,), readout)},
        (
            Projection("x", "hidden", (Dense(w_in),), plasticity=learns),
            Projection("hidden", "hidden", (Dense(w_rec),), late, plasticity=learns),
            Projection("hidden", "out", (Dense(w_out),), plasticity=rules.eprop_readout(**options)),
            Projection("out", "hidden", (Dense(b),), late, "modulation"),
            Projection("target", "hidden", (Dense(-b),), late, "modulation"),
            Projection("out", "out", (Dense(eye),), late, "modulation"),
            Projection("target", "out", (Dense(-eye),), late, "modulation"),
        ),
        {"out": Population("out", (OUTPUTS,), readout)},
        dt=DT,
    ), (w_in, w_rec, w_out, b)


def eprop_by_hand(weights, beta, x, target):
    """Weights after one sample, changed in every step by what e-prop says of the step before, and all spikes."""
    w_in, w_rec, w_out, b = (w.copy() for w in weights)
    v, a, z, left, y = *(np.zeros(NEURONS) for _ in range(4)), np.zeros(OUTPUTS)
    bar_in, bar_rec, bar_out = np.zeros(INPUTS), np.zeros(NEURONS), np.zeros(NEURONS)
    eps = [np.zeros(w_in.shape), np.zeros(w_rec.shape)]
    mean = [np.zeros(w_in.shape), np.zeros(w_rec.shape)]
    error, trains = np.zeros(OUTPUTS), []
    for t in range(len(x)):
        a = RHO * a + z
        v = ALPHA * v + w_in @ x[t] + w_rec @ z - THRESHOLD * z
        bar_in, bar_rec = ALPHA * bar_in + x[t], ALPHA * bar_rec + z
        moving = THRESHOLD + beta * a
        psi = (0.3 / THRESHOLD * np.maximum(0, 1 - np.abs(v - moving) / THRESHOLD) * (left == 0))[:, None]
        z = ((v > moving) & (left == 0)).astype(float)
        left = np.where(z > 0, REFRACTORY, np.maximum(left - 1, 0))
        y = KAPPA * y + w_out @ z
        learning = b @ error  # of the step before, as it meets the eligibility of the step before
        w_in = w_in - RATE * learning[:, None] * mean[0]
        w_rec = w_rec - RATE * learning[:, None] * mean[1]
        w_out = w_out - RATE * error[:, None] * bar_out[None]
        for k, bar in enumerate((bar_in, bar_rec)):
            e = psi * (bar[None] - beta * eps[k])
            eps[k] = psi * bar[None] + (RHO - beta * psi) * eps[k]
            mean[k] = KAPPA * mean[k] + LEAK * e
        bar_out = KAPPA * bar_out + z
        error = y - target[t]
        trains.append(z)
    return (w_in, w_rec, w_out), np.array(trains)


@pytest.mark.parametrize("beta", [0.0, 0.5])
def test_eprop_of_a_whole_network_over_two_samples(beta):
    network, weights = eprop_network(beta)
    rng = np.random.default_rng(2)
    x = (rng.random((2, STEPS, INPUTS)) < 0.1).astype(float)
    target = rng.normal(size=(2, STEPS, OUTPUTS))
    rec = nk.run(network, {"x": x, "target": target}, record=("hidden",))
    after = weights
    for k in range(2):  # neurons and traces start anew, weights go on
        learned, trains = eprop_by_hand((*after[:3], weights[3]), beta, x[k], target[k])
        assert np.array_equal(rec.spikes["hidden"][k], trains)
        after = learned
    assert trains.any()
    for projection, expected, before in zip(rec.program.projections[:3], after, weights[:3], strict=True):
        np.testing.assert_allclose(projection.synapse.weight, expected, rtol=1e-10, atol=1e-12)
        assert np.abs(expected - before).max() > 1e-4
