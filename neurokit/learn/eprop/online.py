"""e-prop as it is defined: eligibility traces that each synapse carries forward in time, and a learning signal.

    x_bar^t = alpha x_bar^{t-1} + zeta x^t                  of inputs; of recurrent synapses with z^{t-1} for x^t
    e^t = psi^t (x_bar^t - beta eps^t),   eps^{t+1} = psi^t x_bar^t + (rho - beta psi^t) eps^t
    e_bar^t = kappa e_bar^{t-1} + c e^t,  dE/dw = sum_t L^t e_bar^t,  L^t = sum_k B_k dE/dy_k^t

(With a hard reset x_bar is the synapse's own: it starts anew after a spike of the target.) Bellec et al. 2020,
Methods. This form needs numbers for every synapse in every step; `gradients` gives the same sums faster. It is kept as
what that is tested against, and for weights that change within a trial.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.converters.eprop_net import BLOCKS, EpropNet
from neurokit.errors import Fault, InputError
from neurokit.learn.eprop.forward import checked
from neurokit.learn.eprop.gradients import Gradients, RateRegularisation

Floats = NDArray[np.float64]
Error = Callable[[int, Floats], Floats]


@dataclass(frozen=True, eq=False)
class OnlineRun:
    """net: with its weights after the trial. gradients: sum_t L^t e_bar^t over it. spikes: (steps, n_rec). y: (steps,
    n_out).
    """

    net: EpropNet
    gradients: Gradients
    spikes: NDArray[np.uint8]
    y: Floats


class Eligibility:
    """The traces of one projection onto the recurrent neurons, (n_rec, sources), stepped forward."""

    def __init__(self, net: EpropNet, sources: int) -> None:
        self._net = net
        shape = (net.n_rec, sources)
        self._filtered, self._slow = np.zeros(shape), np.zeros(shape)
        self.now, self.smooth = np.zeros(shape), np.zeros(shape)

    def step(self, source: Floats, psi: Floats, last: Floats) -> None:
        """source: (sources,) what arrives. psi: (n_rec,) of this step. last: (n_rec,) spikes of the step before."""
        net, slope, beta = self._net, psi[:, None], self._net.betas[:, None]
        kept = net.alpha * (1.0 - last[:, None]) if net.reset == "hard" else net.alpha
        self._filtered = kept * self._filtered + net.zeta * source
        self.now = slope * (self._filtered - beta * self._slow)
        self._slow = slope * self._filtered + (net.rho - beta * slope) * self._slow
        self.smooth = net.kappa * self.smooth + net.readout_scale * self.now


def learn_online(
    net: EpropNet,
    x: ArrayLike,
    error: Error,
    *,
    rate: float = 0.0,
    rates: RateRegularisation | Floats | None = None,
    learns: tuple[str, ...] = BLOCKS,
) -> OnlineRun:
    """One trial x (steps, n_in). error(t, y^t) gives dE/dy^t (n_out,).

    rate: of gradient descent in every step; 0 leaves the weights. rates: their cost, by the rates so far; or (n_rec,)
    dE/dz of every step, as `RateRegularisation.direct` gives it of a whole batch.
    """
    inputs = checked(net, x)
    if len(inputs) != 1:
        limit = "an online learner sees one trial at a time"
        raise InputError(Fault("x", f"has {len(inputs)} samples", limit, "Pass x[k] of each in turn."))
    steps = inputs.shape[1]
    to_in, to_rec = Eligibility(net, net.n_in), Eligibility(net, net.n_rec)
    v, a, z, wait, out, counts, filtered = (np.zeros(n) for n in (*(net.n_rec,) * 4, net.n_out, *(net.n_rec,) * 2))
    sums = {name: np.zeros(getattr(net, name).shape) for name in BLOCKS}
    spikes, y = np.zeros((steps, net.n_rec), np.uint8), np.zeros((steps, net.n_out))
    for t in range(steps):
        now, last = inputs[0, t].astype(np.float64), z
        v, a, z, wait, psi = _stepped(net, v, a, last, wait, now)
        out = net.kappa * out + net.readout_scale * (net.w_out @ z)
        spikes[t], y[t] = z, out
        counts += z
        to_in.step(now, psi, last)
        to_rec.step(last, psi, last)
        filtered = net.kappa * filtered + net.readout_scale * z
        off = np.asarray(error(t, out), np.float64)
        signal, direct = (net.feedback_weights @ off)[:, None], _direct(rates, counts / (t + 1), steps)
        change = {
            "w_in": signal * to_in.smooth + direct * to_in.now,
            "w_rec": signal * to_rec.smooth + direct * to_rec.now,
            "w_out": np.outer(off, filtered),
        }
        np.fill_diagonal(change["w_rec"], 0.0)
        for name, value in change.items():
            sums[name] += value
        if rate:
            net = replace(net, **{n: getattr(net, n) - rate * change[n] for n in learns})
    return OnlineRun(net, Gradients(**sums), spikes, y)


def _stepped(
    net: EpropNet, v: Floats, a: Floats, z: Floats, wait: Floats, x: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """v, a, z, the refractory steps left, and psi, of the next step."""
    current = net.zeta * (net.w_in @ x + net.w_rec @ z)
    kept = net.alpha * v * (1 - z) if net.reset == "hard" else net.alpha * v - net.threshold * z
    v, a = kept + current, net.rho * a + z
    above, free = v - net.threshold - net.betas * a, wait <= 0
    fires = free & (above > 0 if net.fires == ">" else above >= 0)
    psi = free * net.dampening / net.threshold * np.maximum(0.0, 1 - np.abs(above) / net.width)
    return v, a, fires.astype(np.float64), np.where(fires, net.refractory, wait - 1), psi


def _direct(rates: RateRegularisation | Floats | None, so_far: Floats, steps: int) -> Floats | float:
    if rates is None:
        return 0.0
    if isinstance(rates, RateRegularisation):
        return (rates.strength * (so_far - rates.target) / steps)[:, None]
    return rates[:, None]
