"""Reward-based e-prop: an actor and a critic that learn from rewards (Bellec et al. 2020, Methods).

The last readout is the value V, those before it are logits of the policy pi. With R^t the discounted rewards from t on,

    E = 1/2 value_weight sum_t (R^t - V^t)**2 - sum_t acting^t (R^t - V^t) log pi(action^t)

in which R^t - V^t of the second term is a constant. R^t - V^t is also the discounted sum, from t on, of the errors of
the reward's prediction, delta^t = r^t + discount V^{t+1} - V^t (V is 0 after the trial). So an online learner sums
delta^t times F(L e_bar)^t, F(z)^t = discount F(z)^{t-1} + z^t, L = -value_weight B_V + acting sum_k B_k (pi_k - 1 where
k is the action); `reward_gradients_online` does that, step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.eprop_net import BLOCKS, EpropNet
from neurokit.errors import Fault, InputError
from neurokit.learn.eprop.forward import Activity
from neurokit.learn.eprop.gradients import Gradients
from neurokit.learn.eprop.losses import log_softmax
from neurokit.learn.eprop.online import Eligibility

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ActorCritic:
    """What was done and what came of it. actions: (batch, steps) integers. rewards: (batch, steps). acting: (batch,
    steps) bool, where an action was taken. discount: gamma per step. value_weight: c_V.
    """

    actions: NDArray[np.int64]
    rewards: Floats
    acting: NDArray[np.bool_]
    discount: float = 0.99
    value_weight: float = 0.5

    def loss(self, y: Floats) -> float:
        """E, of readouts (batch, steps, actions + 1)."""
        ahead = self._ahead(y)
        chosen = np.take_along_axis(_log_policy(y), self.actions[:, :, None], 2)[:, :, 0]
        return float(0.5 * self.value_weight * (ahead**2).sum() - (self.acting * ahead * chosen).sum())

    def error(self, y: Floats) -> Floats:
        """(batch, steps, actions + 1) dE/dy."""
        return self._ahead(y)[:, :, None] * self.signal(y)

    def prediction_errors(self, y: Floats) -> Floats:
        """(batch, steps) delta."""
        self._check(y)
        value = y[:, :, -1]
        after = np.concatenate([value[:, 1:], np.zeros((len(value), 1))], axis=1)
        return np.asarray(self.rewards + self.discount * after - value)

    def _ahead(self, y: Floats) -> Floats:
        """R - V."""
        self._check(y)
        found, sum_ahead = np.zeros(self.rewards.shape), np.zeros(len(y))
        for t in range(y.shape[1] - 1, -1, -1):
            sum_ahead = self.rewards[:, t] + self.discount * sum_ahead
            found[:, t] = sum_ahead
        return np.asarray(found - y[:, :, -1])

    def signal(self, y: Floats) -> Floats:
        """dE/dy without the factor R - V: policy less action, and minus the value's weight."""
        policy = np.exp(_log_policy(y))
        np.put_along_axis(
            policy, self.actions[:, :, None], np.take_along_axis(policy, self.actions[:, :, None], 2) - 1, 2
        )
        value = np.full((*policy.shape[:2], 1), -self.value_weight)
        return np.concatenate([policy * self.acting[:, :, None], value], axis=2)

    def _check(self, y: Floats) -> None:
        shapes = {name: getattr(self, name).shape for name in ("actions", "rewards", "acting")}
        limit = f"readouts have {y.shape[0]} samples of {y.shape[1]} steps"
        faults = [
            Fault(name, f"has shape {shape}", limit, "Give each step of each sample one.")
            for name, shape in shapes.items()
            if shape != y.shape[:2]
        ]
        if y.shape[2] < 2:
            fact = f"are {y.shape[2]}"
            faults.append(Fault("readouts", fact, "a logit for each action, and the value", "Add some."))
        elif not faults and not (self.actions.min() >= 0 and self.actions.max() < y.shape[2] - 1):
            fact = f"are {self.actions.min()} to {self.actions.max()}"
            faults.append(Fault("actions", fact, f"there are {y.shape[2] - 1}", "Count actions from 0."))
        if faults:
            raise InputError(faults)


def drawn_actions(y: Floats, random: np.random.Generator) -> NDArray[np.int64]:
    """(batch, steps) an action of each step by the policy; readouts (batch, steps, actions + 1)."""
    below = np.cumsum(np.exp(_log_policy(y)), axis=2)
    return np.asarray((random.random((*y.shape[:2], 1)) > below[:, :, :-1]).sum(2), np.int64)


def reward_gradients_online(net: EpropNet, activity: Activity, outcome: ActorCritic) -> Gradients:
    """Of all samples by traces that go forward in time. They equal `eprop_gradients` with the error of `outcome`."""
    sums = {name: np.zeros(getattr(net, name).shape) for name in BLOCKS}
    late, signal = outcome.prediction_errors(activity.y), outcome.signal(activity.y)
    batch, steps, _ = activity.spikes.shape
    for b in range(batch):
        to_in, to_rec, filtered = Eligibility(net, net.n_in), Eligibility(net, net.n_rec), np.zeros(net.n_rec)
        traces = {name: np.zeros(value.shape) for name, value in sums.items()}
        last = np.zeros(net.n_rec)
        for t in range(steps):
            spikes = activity.spikes[b, t].astype(np.float64)
            to_in.step(activity.x[b, t].astype(np.float64), activity.psi[b, t], last)
            to_rec.step(last, activity.psi[b, t], last)
            filtered = net.kappa * filtered + net.readout_scale * spikes
            learning = (net.feedback_weights @ signal[b, t])[:, None]
            new = {
                "w_in": learning * to_in.smooth,
                "w_rec": learning * to_rec.smooth,
                "w_out": np.outer(signal[b, t], filtered),
            }
            for name in sums:
                traces[name] = outcome.discount * traces[name] + new[name]
                sums[name] += late[b, t] * traces[name]
            last = spikes
    np.fill_diagonal(sums["w_rec"], 0.0)
    return Gradients(**sums)


def _log_policy(y: Floats) -> Floats:
    """(batch, steps, actions) log pi."""
    return log_softmax(y[:, :, :-1])
