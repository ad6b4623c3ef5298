"""Gradients beside torch's autograd over the same equations, and e-prop's two forms beside each other."""

from dataclasses import replace

import numpy as np
import pytest

from neurokit.converters.eprop_net import EpropNet
from neurokit.errors import InputError
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.gradients import RateRegularisation, bptt_gradients, eprop_gradients
from neurokit.learn.eprop.losses import Classification, Regression
from neurokit.learn.eprop.online import learn_online
from neurokit.learn.eprop.optimisers import Adam
from neurokit.learn.eprop.reward import ActorCritic, drawn_actions, reward_gradients_online
from neurokit.learn.tasks.networks import evidence_network
from neurokit.learn.tasks.recall import StoreRecall
from tests import tolerances

WEIGHTS = ("w_in", "w_rec", "w_out")
KINDS = {
    "LIF": {"threshold": 1.0},
    "LIF, zeta": {"input_gain": "1-alpha", "threshold": 0.05, "readout_gain": "1"},
    "LIF, refractory": {"refractory": 4},
    "LIF, hard": {"reset": "hard"},
    "ALIF": {"beta": np.linspace(0, 0.5, 12), "tau_adaptation": 0.05},
    "ALIF, refractory, hard": {"beta": np.repeat([0.0, 0.2], 6), "refractory": 3, "reset": "hard", "tau_adaptation": 1},
    "ALIF, narrow": {"beta": 0.3, "surrogate_width": 0.3, "dampening": 0.5},
    "ALIF, random feedback": {
        "beta": 0.1,
        "feedback": "random",
        "b_out": np.random.default_rng(3).normal(size=(12, 2)),
    },
}


def network(kind):
    rng = np.random.default_rng(0)
    recurrent = rng.normal(0, 0.5, (12, 12))
    np.fill_diagonal(recurrent, 0)
    given = {"threshold": 0.6, "tau_membrane": 0.02, "tau_out": 0.03, **KINDS[kind]}
    return EpropNet(rng.normal(0, 0.6, (12, 8)), recurrent, rng.normal(0, 0.4, (2, 12)), **given)


def inputs(batch=3, steps=120):
    return (np.random.default_rng(1).random((batch, steps, 8)) < 0.1).astype(np.uint8)


def losses(batch=3, steps=120):
    rng = np.random.default_rng(2)
    return {
        "regression": Regression(rng.normal(size=(batch, steps, 2))),
        "classification": Classification(rng.integers(0, 2, batch), 30),
    }


def relative(found, wanted):
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def by_torch(net, x, loss, rates, stop):
    """Loss, readouts and gradients by autograd; imports torch only here."""
    torch = pytest.importorskip("torch")
    from tests.learn.torch_eprop import run as run_torch

    y, z, weights = run_torch(net, x, stop)
    if isinstance(loss, Regression):
        value = 0.5 * ((y - torch.tensor(loss.target)) ** 2).sum()
    else:
        late = y[:, -loss.window :].reshape(-1, 2)
        value = torch.nn.functional.cross_entropy(late, torch.tensor(loss.labels).repeat_interleave(loss.window))
    told = float(value)
    if rates is not None:
        value = value + 0.5 * rates.strength * ((z.mean((0, 1)) - rates.target) ** 2).sum()
    value.backward()
    return told, y.detach().numpy(), z.detach().numpy(), [w.grad.numpy() for w in weights]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["regression", "classification"])
def test_eprop_is_bptt_with_stopped_gradients(kind, name):
    net, x, loss = network(kind), inputs(), losses()[name]
    rates = RateRegularisation(30.0, 0.02)
    activity = run(net, x)
    value, y, spikes, wanted = by_torch(net, x, loss, rates, stop=True)
    np.testing.assert_array_equal(activity.spikes, spikes)
    assert 0.02 < spikes.mean() < 0.3, "a network that is neither silent nor saturated"
    np.testing.assert_allclose(activity.y, y, rtol=0, atol=tolerances.EPROP_EXACT)
    assert loss.loss(activity.y) == pytest.approx(value, rel=tolerances.EPROP_EXACT)
    found = eprop_gradients(net, activity, loss.error(activity.y), rates)
    np.fill_diagonal(wanted[1], 0)
    for block, slope in zip(WEIGHTS, wanted, strict=True):
        assert relative(getattr(found, block), slope) < tolerances.EPROP_EXACT, block


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "random" not in kind])
def test_bptt_is_autograd(kind):
    net, x, loss = network(kind), inputs(), losses()["regression"]
    activity = run(net, x, states=True)
    _, _, _, wanted = by_torch(net, x, loss, None, stop=False)
    found = bptt_gradients(net, activity, loss.error(activity.y))
    np.fill_diagonal(wanted[1], 0)
    for block, slope in zip(WEIGHTS, wanted, strict=True):
        assert relative(getattr(found, block), slope) < tolerances.EPROP_EXACT, block
    assert relative(eprop_gradients(net, activity, loss.error(activity.y)).w_rec, wanted[1]) > 0.01, "e-prop is less"


@pytest.mark.parametrize("kind", KINDS)
def test_both_forms_of_eprop(kind):
    """Traces forward in time, over each synapse, against one adjoint per neuron."""
    net, x, loss = network(kind), inputs(1), losses(1)["regression"]
    rates = RateRegularisation(30.0, 0.02)
    activity = run(net, x)
    wanted = eprop_gradients(net, activity, loss.error(activity.y), rates)
    online = learn_online(net, x, lambda t, y: y - loss.target[0, t], rates=rates.direct(activity)[0])
    np.testing.assert_array_equal(online.spikes, activity.spikes[0])
    for block in WEIGHTS:
        assert relative(getattr(online.gradients, block), getattr(wanted, block)) < tolerances.EPROP_EXACT, block
    assert online.net is net


def test_weights_that_change_in_every_step():
    """Small steps of online learning add up to one of the batch; the loss of the same trial falls."""
    net, x, loss = network("ALIF"), inputs(1), losses(1)["regression"]
    wanted = eprop_gradients(net, run(net, x), loss.error(run(net, x).y))
    moved = learn_online(net, x, lambda t, y: y - loss.target[0, t], rate=1e-9).net
    for block in WEIGHTS:
        change = (getattr(moved, block) - getattr(net, block)) / -1e-9
        assert relative(change, getattr(wanted, block)) < 1e-5
    only = learn_online(net, x, lambda t, y: y - loss.target[0, t], rate=1e-3, learns=("w_out",)).net
    np.testing.assert_array_equal(only.w_in, net.w_in)
    assert loss.loss(run(only, x).y) < loss.loss(run(net, x).y)


def test_rates_online():
    """The cost by the rates so far, written out."""
    net, x = network("LIF"), inputs(1)
    spikes = run(net, x).spikes[0]
    so_far = np.cumsum(spikes, 0) / np.arange(1, 121)[:, None]
    rates = RateRegularisation(7.0, 0.02)
    found = learn_online(net, x, lambda t, y: np.zeros(2), rates=rates).gradients.w_in
    filtered = np.zeros((120, 8))
    for t in range(120):
        filtered[t] = net.alpha * filtered[t - 1] * (t > 0) + x[0, t]
    wanted = np.einsum("tj,ti->ji", run(net, x).psi[0] * 7.0 * (so_far - 0.02) / 120, filtered)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)


def test_rates_of_samples():
    """Each sample by itself is what a batch of one is."""
    net, x = network("LIF"), inputs()
    activity = run(net, x)
    found = RateRegularisation(7.0, 0.02, "sample").direct(activity)
    each = [RateRegularisation(7.0, 0.02).direct(run(net, sample))[0] / 3 for sample in x]
    np.testing.assert_allclose(found, each)
    lone = RateRegularisation(7.0, 0.02, "sample").loss(run(net, x[0]))
    assert lone == pytest.approx(3.5 * ((activity.spikes[0].mean(0) - 0.02) ** 2).sum())


def outcome(y):
    rng = np.random.default_rng(5)
    shape = y.shape[:2]
    return ActorCritic(drawn_actions(y, rng), rng.normal(size=shape), rng.random(shape) < 0.5, 0.9, 0.7)


def actor_critic(kind="ALIF, refractory, hard"):
    net = network(kind)
    return replace(net, w_out=np.random.default_rng(8).normal(size=(4, 12)))


def test_rewards():
    """By the discounted rewards to come, by prediction errors and traces, and by autograd of E as it is written."""
    torch = pytest.importorskip("torch")
    from tests.learn.torch_eprop import run as run_torch

    net, x = actor_critic(), inputs()
    activity = run(net, x)
    seen = outcome(activity.y)
    batch = eprop_gradients(net, activity, seen.error(activity.y))
    online = reward_gradients_online(net, activity, seen)
    y, _, weights = run_torch(net, x, stop=True)
    weight = np.where(np.arange(120)[:, None] >= np.arange(120), 0.9 ** (np.arange(120)[:, None] - np.arange(120.0)), 0)
    ahead = torch.tensor(seen.rewards @ weight)
    advantage = ahead - y[:, :, -1]
    chosen = torch.log_softmax(y[:, :, :-1], 2).gather(2, torch.tensor(seen.actions)[:, :, None])[:, :, 0]
    value = 0.35 * (advantage**2).sum() - (torch.tensor(seen.acting) * advantage.detach() * chosen).sum()
    assert seen.loss(activity.y) == pytest.approx(float(value), rel=tolerances.EPROP_EXACT)
    value.backward()
    for block, leaf in zip(WEIGHTS, weights, strict=True):
        wanted = leaf.grad.numpy()
        if block == "w_rec":
            np.fill_diagonal(wanted, 0)
        assert relative(getattr(batch, block), wanted) < tolerances.EPROP_EXACT, block
        assert relative(getattr(online, block), wanted) < tolerances.EPROP_EXACT, block


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rewards_teach_what_to_do(seed):
    """Two cues, two actions, a reward for the right one: from chance to nine in ten in 150 batches of 16."""
    task = StoreRecall(slots=1, slot=20, delay=0, spike_probability=0.2)
    random, state, earned = np.random.default_rng(seed), {}, []
    net = evidence_network(seed, inputs=task.inputs, regular=20, adaptive=10, outputs=3, tau_adaptation=0.1)
    for _ in range(150):
        trials = task.trials(random, 16)
        activity = run(net, trials.x)
        actions, acting = drawn_actions(activity.y, random), np.zeros(activity.y.shape[:2], bool)
        acting[:, -10:] = True
        rewards = (acting & (actions == trials.loss.labels[:, None])) / 10
        slopes = eprop_gradients(net, activity, ActorCritic(actions, rewards, acting, 0.9).error(activity.y))
        weights = {name: getattr(net, name) for name in WEIGHTS}
        weights, state = Adam(0.01).step(weights, {name: getattr(slopes, name) for name in WEIGHTS}, state)
        net = replace(net, **weights)
        earned.append(rewards.sum(1).mean())
    assert np.mean(earned[:10]) < 0.6
    assert np.mean(earned[-20:]) > 0.85


def test_actions_follow_the_policy():
    y = np.broadcast_to(np.log([1.0, 2.0, 5.0, 1.0]), (1, 40_000, 4))
    found = np.bincount(drawn_actions(y, np.random.default_rng(0))[0], minlength=3) / 40_000
    np.testing.assert_allclose(found, [0.125, 0.25, 0.625], atol=0.01)


def test_what_does_not_fit():
    net, x = network("LIF"), inputs()
    activity = run(net, x)
    hard = replace(net, reset="hard")
    cases = [
        (lambda: run(net, x[:, :, :5]), r"'x': has shape \(3, 120, 5\).*\(batch, steps, 8\)"),
        (lambda: run(net, x[:0]), r"'x': has shape \(0, 120, 8\)"),
        (lambda: run(net, np.full((2, 8), np.nan)), "'x': holds NaN"),
        (lambda: eprop_gradients(net, activity, np.zeros((3, 120, 1))), r"'error': has shape \(3, 120, 1\)"),
        (lambda: bptt_gradients(hard, run(hard, x), np.zeros((3, 120, 2))), "'activity': has no potentials"),
        (lambda: learn_online(net, x, lambda t, y: y), "'x': has 3 samples; an online learner sees one"),
        (lambda: Regression(np.zeros((7, 2))).loss(activity.y), r"'target': has shape \(7, 2\)"),
        (lambda: Classification(np.zeros(2, np.int64)).loss(activity.y), r"'labels': have shape \(2,\)"),
        (lambda: Classification(np.full(3, 2)).error(activity.y), "'labels': are 2 to 2; there are 2 readouts"),
        (lambda: Classification(np.zeros(3, np.int64), 121).loss(activity.y), "'window': is 121"),
        (
            lambda: outcome(activity.y).loss(activity.y[:, :50]),
            r"'rewards': has shape \(3, 120\); readouts have 3 samp",
        ),
        (lambda: outcome(activity.y).loss(activity.y[:, :, :1]), "'readouts': are 1; a logit for each action"),
        (lambda: replace(outcome(activity.y), actions=np.full((3, 120), 4)).loss(activity.y), "'actions': are 4 to 4"),
    ]
    for call, said in cases:
        with pytest.raises(InputError, match=said):
            call()
