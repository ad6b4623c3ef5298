"""Networks that learn while they run in floats, against plain implementations that run their neurons too."""

import math

import numpy as np
import pytest
import scipy.sparse as sp

import neurokit as nk
from neurokit import rules
from neurokit.graph.lif_family import ALIF
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import IF, LIF, LeakyIntegrator
from neurokit.graph.synapses import Conv2d, Dense, Sparse

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
        np.testing.assert_allclose(projection.synapse.weight, expected, rtol=1e-12, atol=1e-12)
        assert np.abs(expected - before).max() > 1e-4


def learning_network(synapse, rule, shape, delay=0.0):
    """in -> out, LIF neurons that inputs drive hard."""
    out = Population("out", synapse.output_shape(shape), LIF(tau=np.asarray(0.02), r=np.asarray(12.0)))
    projection = Projection("in", "out", (synapse,), np.asarray(delay), plasticity=rule)
    return Network({"in": Input("in", shape)}, {"out": out}, (projection,), {"out": out}, dt=DT)


def stdp_by_hand(weight, x, late, matrix=lambda w: w, tied=lambda dw, w: w + dw):
    """Weights and spikes of LIF neurons with pair STDP; matrix: of weights, tied: what a change of each pair makes."""
    w, v = weight.copy(), 0.0
    z, y, trains = np.zeros(x.shape[1]), np.zeros(len(matrix(weight))), []
    x = np.concatenate([np.zeros((late, x.shape[1])), x])[: len(x)]
    for now in x:
        v = v * 0.95 + 0.05 * 12.0 * (matrix(w) @ now)
        post = (v > 1).astype(float)
        v = np.where(post > 0, 0.0, v)
        z, y = np.exp(-1 / 20) * z + now, np.exp(-1 / 20) * y
        w = tied(0.01 * np.outer(post, z) - 0.012 * np.outer(y, now), w)
        y = y + post
        trains.append(post)
    return w, np.array(trains)


STDP = rules.stdp(a_plus=0.01, a_minus=0.012)


@pytest.mark.parametrize("late", [0, 3])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_stdp_of_a_network_whatever_the_delay(kind, late):
    rng = np.random.default_rng(3)
    mask = np.ones((5, 8)) if kind == "dense" else (rng.random((5, 8)) < 0.6)
    weight = rng.random((5, 8)) * 0.4 * mask
    synapse = Dense(weight) if kind == "dense" else Sparse(sp.csr_matrix(weight))
    x = (rng.random((300, 8)) < 0.1).astype(float)
    rec = nk.run(learning_network(synapse, STDP, (8,), late * DT), x)
    w, trains = stdp_by_hand(weight, x, late, tied=lambda dw, w: w + dw * mask)
    assert np.array_equal(rec.spikes["out"], trains)
    found = rec.program.projections[0].synapse.weight
    np.testing.assert_allclose(found if kind == "dense" else found.toarray(), w, rtol=1e-12, atol=1e-12)
    assert 20 < trains.sum() < 1400


def test_stdp_of_a_convolution_sums_over_places():
    rng = np.random.default_rng(4)
    kernel = rng.random((2, 1, 2, 2)) * 0.5
    x = (rng.random((200, 1, 4, 4)) < 0.1).astype(float)
    places = np.full((18, 16), -1)
    for o, r, c, a, b in np.ndindex(2, 3, 3, 2, 2):
        places[o * 9 + r * 3 + c, (r + a) * 4 + c + b] = o * 4 + a * 2 + b
    there = places >= 0

    def tied(change, w):
        return w + np.bincount(places[there], change[there], 8)

    rec = nk.run(learning_network(Conv2d(kernel), STDP, (1, 4, 4)), x)
    w, trains = stdp_by_hand(kernel.ravel(), x.reshape(200, 16), 0, lambda w: np.where(there, w[places], 0), tied)
    assert np.array_equal(rec.spikes["out"].reshape(200, 18), trains)
    np.testing.assert_allclose(rec.program.projections[0].synapse.weight.ravel(), w, rtol=1e-9, atol=1e-12)
    assert trains.sum() > 50


def test_learners_are_independent_and_samples_go_on():
    rng = np.random.default_rng(5)
    network = learning_network(Dense(rng.random((5, 8)) * 0.4), STDP, (8,))
    x = (rng.random((4, 120, 8)) < 0.1).astype(float)
    both = nk.run(network, x, learners=2)
    for k, learned in enumerate(both.programs):
        alone = nk.run(network, x[2 * k : 2 * k + 2])
        assert np.array_equal(both.spikes["out"][2 * k : 2 * k + 2], alone.spikes["out"])
        assert np.array_equal(learned.projections[0].synapse.weight, alone.program.projections[0].synapse.weight)
    first = nk.run(network, x[0])
    second = nk.run(first.program, x[1])
    at_once = nk.run(network, x[:2]).program
    assert np.array_equal(second.program.projections[0].synapse.weight, at_once.projections[0].synapse.weight)


def test_what_is_recorded_of_a_learning_projection():
    rng = np.random.default_rng(6)
    network = learning_network(Dense(rng.random((5, 8)) * 0.4), rules.reward_stdp(tau_tag=0.05), (8,))
    network = network.with_plasticity("in->out", rules.reward_stdp(tau_tag=0.05), modulation="reward")
    x, reward = (rng.random((60, 8)) < 0.1).astype(float), rng.normal(size=(60, 5))
    keys = tuple(("in->out", name) for name in ("weight", "tag", "x", "y", "reward"))
    rec = nk.run(network, {"in": x, "reward": reward}, record=keys, record_every=1)
    z = np.zeros(8)
    for now in range(60):
        z = np.exp(-1 / 20) * z + x[now]
        np.testing.assert_allclose(rec.states["in->out", "x"][now], z, atol=1e-12)
    np.testing.assert_allclose(rec.states["in->out", "reward"], reward)
    weights, tags = rec.states["in->out", "weight"], rec.states["in->out", "tag"]
    changes = np.diff(weights, axis=0)
    np.testing.assert_allclose(changes, 0.005 * tags[:-1] * reward[1:, :, None], atol=1e-12)
    assert np.abs(changes).max() > 0


@pytest.mark.parametrize("fixed", [False, True])
def test_a_rule_that_reads_another_projection(fixed):
    """Self alignment: feedback weights hear of the forward weights, which learn too or do not."""
    rng = np.random.default_rng(7)
    w, b = rng.normal(size=(3, 4)) * 0.5, rng.normal(size=(4, 3))
    fires = IF(threshold=np.asarray(0.5))
    reads = rules.self_alignment(forward="in->out", learning_rate=0.1, decay=20.0, every=5 * DT)
    forward = None if fixed else rules.stdp(a_plus=0.02, a_minus=0.01)
    out, back = Population("out", (3,), fires), Population("back", (4,), fires)
    network = Network(
        {"in": Input("in", (4,))},
        {"out": out, "back": back},
        (
            Projection("in", "out", (Dense(w),), plasticity=forward),
            Projection("out", "back", (Dense(b),), plasticity=reads),
        ),
        {"back": back},
        dt=DT,
    )
    x = (rng.random((300, 4)) < 0.2).astype(float)
    rec = nk.run(network, x, record=() if fixed else (("in->out", "weight"),), record_every=None if fixed else 5)
    for k in range(60):
        now = w if fixed else rec.states["in->out", "weight"][k]
        b = (1 - 20 * DT) ** 5 * b + 0.1 * now.T
    np.testing.assert_allclose(rec.program.projections[1].synapse.weight, b, rtol=1e-9, atol=1e-12)


def test_a_session_goes_on_learning_where_it_was_saved(tmp_path):
    rng = np.random.default_rng(8)
    network, _ = eprop_network(0.5)
    inputs = {"x": (rng.random((80, INPUTS)) < 0.1).astype(float), "target": rng.normal(size=(80, OUTPUTS))}
    whole = nk.run(network, inputs).program
    with nk.open(network) as session:
        session.step({name: values[:33] for name, values in inputs.items()})
        session.save(tmp_path / "state.nk")
    with nk.open(network, state=tmp_path / "state.nk") as session:
        session.step({name: values[33:] for name, values in inputs.items()})
        learned = session.program
    for one, other in zip(learned.projections, whole.projections, strict=True):
        assert np.array_equal(one.synapse.weight, other.synapse.weight)
