"""Losses of e-prop's published tasks as NEST 3.10's test suite has them, over five iterations.

NEST's numbers, its random draws and its settings are facts of its test; everything else here is ours. The TensorFlow
scripts of Bellec et al. give the same losses to single precision.
"""

from dataclasses import replace

import numpy as np
import pytest

from neurokit.converters.eprop_net import EpropNet
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.gradients import RateRegularisation, eprop_gradients
from neurokit.learn.eprop.losses import Classification, Regression
from tests import tolerances

SINES = (101.964356999041, 103.466731126205, 103.340607074771, 103.680244037686, 104.412775748752)
EVIDENCE = {
    1: (0.741152550006, 0.740388187700, 0.665785233177, 0.663644193322, 0.729428962844),
    2: (0.702163370672, 0.735555303152, 0.740354864111, 0.683882815282, 0.707841122268),
}
WEIGHTS = ("w_in", "w_rec", "w_out")


def single(values):
    """As NEST's test stores weights."""
    return np.asarray(values, np.float32).astype(np.float64)


def recurrent(random, n_in, n_rec):
    w_in = single(random.randn(n_in, n_rec).T / np.sqrt(n_in))
    w_rec = single(random.randn(n_rec, n_rec).T / np.sqrt(n_rec))
    np.fill_diagonal(w_rec, 0)
    return w_in, w_rec


def test_lif_generate_sines():
    random = np.random.RandomState(1)
    weights = recurrent(random, 100, 100)
    w_out, b_out = single(random.randn(100, 1).T / 10), single(random.randn(100, 1) / 10)
    x = (random.rand(1000, 100) < 0.05).astype(np.uint8)
    x[0] = 0
    amplitudes, phases = random.uniform(0.5, 2, 4), random.uniform(0, 2 * np.pi, 4)
    turns = 2 * np.pi * (1000 // np.array([1000, 500, 333, 200]))
    curve = (amplitudes * np.sin(np.linspace(phases, phases + turns, 1000))).sum(1)
    curve -= curve[0]
    loss = Regression((curve / np.abs(curve).max())[:, None])
    common = {"input_gain": "1-alpha", "fires": ">=", "feedback": "random", "b_out": b_out}
    net = EpropNet(*weights, w_out, threshold=0.03, tau_membrane=0.03, tau_out=0.03, **common)
    found = []
    for _ in SINES:
        activity = run(net, x)
        found.append(loss.loss(activity.y))
        slopes = eprop_gradients(net, activity, loss.error(activity.y), RateRegularisation(300, 0.01))
        net = replace(net, **{name: getattr(net, name) - 1e-4 * getattr(slopes, name) for name in WEIGHTS})
    np.testing.assert_allclose(found, SINES, rtol=tolerances.EPROP_REFERENCE)


def evidence(random, batch):
    """A batch as NEST's test draws it."""
    share = np.array([0.3, 0.7], np.float32)
    likelier = random.choice([0, 1], batch)
    cues = [random.choice([0, 1], 7, p=share if first == 0 else share[::-1]) for first in likelier]
    odds = np.zeros((batch, 2250, 40))
    for sample, drawn in enumerate(cues):
        for k, cue in enumerate(drawn):
            odds[sample, 150 * k + 50 : 150 * k + 150, 10 * cue : 10 * cue + 10] = 0.04
    odds[:, -150:, 20:30] = 0.04
    odds[:, :, 30:] = 0.01
    x = (odds > random.rand(odds.size).reshape(odds.shape)).astype(np.uint8)
    x[:, 0] = 0
    return x, (np.sum(cues, axis=1) > 3).astype(np.int64)


@pytest.mark.parametrize("batch", [1, 2])
def test_alif_accumulate_evidence(batch):
    """NEST's n_ref of 5 counts the step of the spike, so four follow in which none can."""
    random = np.random.RandomState(1)
    weights = recurrent(random, 40, 100)
    limit = np.sqrt(3 / 51)
    w_out, b_out = single(random.uniform(-limit, limit, (100, 2)).T), single(random.randn(100, 2))
    beta = 1.7 * (1 - np.exp(-1 / 2000)) / (1 - np.exp(-1 / 20))
    batches = [evidence(random, batch) for _ in range(5)]
    times = {"tau_membrane": 0.02, "tau_out": 0.02, "tau_adaptation": 2.0, "refractory": 4}
    common = {"beta": np.repeat([0, beta], 50), "fires": ">=", "feedback": "random", "b_out": b_out}
    net = EpropNet(*weights, w_out, threshold=0.6, **times, **common)
    mean, square = dict.fromkeys(WEIGHTS, 0.0), dict.fromkeys(WEIGHTS, 0.0)
    found = []
    for n, (x, labels) in enumerate(batches, 1):
        loss, activity = Classification(labels, 150), run(net, x)
        found.append(loss.loss(activity.y))
        slopes = eprop_gradients(net, activity, loss.error(activity.y), RateRegularisation(2, 0.01, "sample"))
        now = {}
        for name in WEIGHTS:  # Adam, Kingma and Ba 2014, algorithm 1 in the order at the end of section 2
            slope = getattr(slopes, name)
            mean[name] = 0.9 * mean[name] + 0.1 * slope
            square[name] = 0.999 * square[name] + 0.001 * slope**2
            rate = 5e-3 * np.sqrt(1 - 0.999**n) / (1 - 0.9**n)
            now[name] = getattr(net, name) - rate * mean[name] / (np.sqrt(square[name]) + 1e-8)
        net = replace(net, **now)
    np.testing.assert_allclose(found, EVIDENCE[batch], rtol=tolerances.EPROP_REFERENCE)
