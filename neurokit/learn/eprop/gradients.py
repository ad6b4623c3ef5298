"""Gradients of a loss by the weights: e-prop, and backpropagation through time (BPTT).

e-prop's eligibilities depend on both neurons of a synapse, but the filters that carry them on in time only on the
target. Summed over time, L^t e_bar^t is therefore an adjoint per target neuron, followed back in time, times the
source's spikes. That is exact and needs no eligibility per synapse; `online` has those, and both must agree.

Both go through the same adjoint. BPTT also follows gradients through spikes into recurrent weights and reset; e-prop
stops them there, but not in the adaptation, which is the neuron's own (Bellec et al. 2020, Methods).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.eprop_net import EpropNet
from neurokit.errors import Fault, InputError
from neurokit.learn.eprop.forward import Activity, numbers
from neurokit.learn.eprop.kernels import backward

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gradients:
    """dE/dw of each weight matrix, in its shape ([target, source]); that of w_rec has a zero diagonal."""

    w_in: Floats
    w_rec: Floats
    w_out: Floats


@dataclass(frozen=True)
class RateRegularisation:
    """A cost of rates: strength / 2 sum_j (f_j - target)**2, f_j spikes a step.

    strength: 300 in the published pattern generation; 2 in evidence accumulation, which writes it without 1/2. target:
    spikes a step (10 Hz at 1 ms: 0.01). over: f is a mean over the "batch" (the published scripts) or of each "sample"
    by itself (NEST, and what an online learner sees).
    """

    strength: float
    target: float
    over: Literal["batch", "sample"] = "batch"

    def direct(self, activity: Activity) -> Floats:
        """(batch, n_rec) dE/dz of every step."""
        batch, steps, _ = activity.spikes.shape
        mean = activity.spikes.mean(1)
        rates = np.broadcast_to(mean.mean(0), mean.shape) if self.over == "batch" else mean
        return self.strength * (rates - self.target) / (steps * batch)

    def loss(self, activity: Activity) -> float:
        """The cost itself."""
        mean = activity.spikes.mean(1)
        rates = mean.mean(0, keepdims=True) if self.over == "batch" else mean
        return float(0.5 * self.strength * ((rates - self.target) ** 2).sum(1).mean())


def eprop_gradients(
    net: EpropNet, activity: Activity, error: Floats, rates: RateRegularisation | None = None
) -> Gradients:
    """By e-prop, with the feedback weights of `net`. error: (batch, steps, n_out), dE/dy of each step by itself."""
    return _gradients(net, activity, error, rates, net.feedback_weights, through=False)


def bptt_gradients(
    net: EpropNet,
    activity: Activity,
    error: Floats,
    rates: RateRegularisation | None = None,
    stop: bool = False,
) -> Gradients:
    """By backpropagation through time, feedback through w_out. A net with a hard reset needs run(..., states=True).

    stop: stop gradients where e-prop does; with symmetric feedback that is e-prop.
    """
    if net.reset == "hard" and activity.v is None and not stop:
        limit = "a hard reset's gradient holds v"
        raise InputError(Fault("activity", "has no potentials", limit, "Pass run(net, x, states=True)."))
    return _gradients(net, activity, error, rates, net.w_out.T, through=not stop)


def _gradients(
    net: EpropNet,
    activity: Activity,
    error: Floats,
    rates: RateRegularisation | None,
    feedback: Floats,
    through: bool,
) -> Gradients:
    if error.shape != activity.y.shape:
        limit = f"an error for each readout and step: {activity.y.shape}"
        raise InputError(Fault("error", f"has shape {error.shape}", limit, "Pass the loss's error of this activity."))
    batch, _, n_rec = activity.spikes.shape
    direct = np.zeros((batch, n_rec)) if rates is None else rates.direct(activity)
    found = [np.zeros(w.shape[::-1]) for w in (net.w_in, net.w_rec, net.w_out)]
    weights = np.ascontiguousarray(net.w_rec), np.ascontiguousarray(feedback)
    errors = np.ascontiguousarray(error, np.float64)
    none, fixed = np.empty((0, n_rec)), (numbers(net), net.betas, through, net.reset == "hard")
    for b in range(batch):
        seen = (activity.x[b], activity.spikes[b], activity.psi[b], none if activity.v is None else activity.v[b])
        backward(*seen, errors[b], direct[b], *weights, *fixed, *found)
    np.fill_diagonal(found[1], 0.0)
    return Gradients(*(np.ascontiguousarray(g.T) for g in found))
