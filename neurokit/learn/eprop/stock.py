"""A network of e-prop's neurons by parts that Loihi's stock neurons have, in floats: what its adaptation can become.

Stock LIF neurons reset hard, have one threshold for ever and no refractory period. A threshold that is beta a higher is
the same as a potential that is beta a lower, which an inhibitory current of beta a (1 - alpha) keeps up. So each
adaptive neuron j gets an interneuron p of its own, a stock LIF whose current decays slowly, its potential not at all:

    u_p <- rho u_p + z_j,   v_p <- v_p + u_p, a spike and v_p := 0 where v_p > theta

It spikes every floor(theta / a) + 1 steps, and each spike takes gain beta (1 - alpha) theta off v_j in the next step. A
hard reset of j takes away what inhibition has built up, and that of p what was above theta: gain makes up for both.
This is how stock parts would do in floats; nothing here is compiled for a chip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurokit.converters.eprop_net import EpropNet
from neurokit.learn.eprop.forward import checked
from neurokit.learn.tasks.trials import checked_fields

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SlowInhibition:
    """theta: adaptation at which an interneuron spikes in every step; they follow it up to there. gain: see the module,
    0: without adaptation. refractory: steps after that of a spike without another, 0 in stock neurons.
    """

    theta: float = 100.0
    gain: float = 1.5
    refractory: int = 0

    def __post_init__(self) -> None:
        checked_fields(
            {
                "theta": (self.theta, self.theta > 0, "above 0"),
                "gain": (self.gain, self.gain >= 0, "0 or more"),
                "refractory": (self.refractory, self.refractory >= 0, "0 or more"),
            }
        )


@dataclass(frozen=True, eq=False)
class StockActivity:
    """spikes: (batch, steps, n_rec). inhibition: (batch, steps, adaptive neurons), spikes of interneurons. y: (batch,
    steps, n_out).
    """

    spikes: NDArray[np.uint8]
    inhibition: NDArray[np.uint8]
    y: Floats


def run_stock(net: EpropNet, x: ArrayLike, how: SlowInhibition | None = None) -> StockActivity:
    """Run `net` over x (batch, steps, n_in) with hard resets, and interneurons in the place of its adaptation."""
    how = how or SlowInhibition()
    inputs = checked(net, x)
    batch, steps, _ = inputs.shape
    adaptive = np.flatnonzero(net.betas)
    dose = how.gain * net.betas[adaptive] * (1 - net.alpha) * how.theta
    v, z, wait = (np.zeros((batch, net.n_rec)) for _ in range(3))
    slow, charge, inhibits = (np.zeros((batch, len(adaptive))) for _ in range(3))
    out = np.zeros((batch, net.n_out))
    spikes = np.zeros((batch, steps, net.n_rec), np.uint8)
    inhibition, y = np.zeros((batch, steps, len(adaptive)), np.uint8), np.zeros((batch, steps, net.n_out))
    for t in range(steps):
        current = inputs[:, t].astype(np.float64) @ net.w_in.T + z @ net.w_rec.T
        v = net.alpha * v * (1 - z) + net.zeta * current
        v[:, adaptive] -= dose * inhibits
        slow = net.rho * slow + z[:, adaptive]
        charge = charge * (1 - inhibits) + slow
        inhibits = (charge > how.theta).astype(np.float64)
        above = v > net.threshold if net.fires == ">" else v >= net.threshold
        z = (above & (wait <= 0)).astype(np.float64)
        wait = np.where(z > 0, how.refractory, wait - 1)
        out = net.kappa * out + net.readout_scale * (z @ net.w_out.T)
        spikes[:, t], inhibition[:, t], y[:, t] = z, inhibits, out
    return StockActivity(spikes, inhibition, y)
