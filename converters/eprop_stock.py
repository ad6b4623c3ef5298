"""A network of e-prop's neurons by parts that Loihi's stock neurons have: what its adaptation can become.

Stock LIF neurons reset hard, have one threshold for ever and no refractory period. A threshold that is beta a higher is
the same as a potential that is beta a lower, which an inhibitory current of beta a (1 - alpha) keeps up. So each
adaptive neuron j gets an interneuron p of its own, a stock LIF whose current decays slowly, its potential not at all:

    u_p^t = rho u_p^{t-1} + z_j^{t-1}         the adaptation a_j
    v_p^t = v_p^{t-1} + u_p^t                 a spike and v_p := 0 where v_p > theta

It spikes every floor(theta / a) + 1 steps, and each spike takes gain beta (1 - alpha) theta off v_j in the next step. A
hard reset of j takes away what inhibition has built up, and that of p what was above theta: gain makes up for both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.eprop import groups, network_of
from neurokit.converters.eprop_net import EpropNet, Floats
from neurokit.errors import ConversionError, Fault, InputError
from neurokit.graph.network import Network, Population, Projection
from neurokit.graph.neurons import LIF, CubaLIF
from neurokit.graph.synapses import Dense

FOR_EVER = 1e12  # steps, a time constant of potentials that do not decay


@dataclass(frozen=True)
class SlowInhibition:
    """theta: adaptation at which an interneuron spikes in every step; they follow it up to there. gain: see the module,
    0: without adaptation. refractory: steps after that of a spike without another, 0 in stock neurons.
    """

    theta: float = 100.0
    gain: float = 1.5
    refractory: int = 0

    def __post_init__(self) -> None:
        checks = {
            "theta": (self.theta > 0, "above 0"),
            "gain": (self.gain >= 0, "0 or more"),
            "refractory": (self.refractory >= 0, "0 or more"),
        }
        faults = [
            Fault(name, f"is {getattr(self, name)!r}", limit, "Pass another.")
            for name, (ok, limit) in checks.items()
            if not ok
        ]
        if faults:
            raise InputError(faults)

    def doses(self, net: EpropNet) -> Floats:
        """(n_rec,) by how much a spike of its interneuron lowers a neuron's potential."""
        return np.asarray(self.gain * net.betas * (1 - net.alpha) * self.theta)


def stock_network_of(net: EpropNet, how: SlowInhibition | None = None) -> Network:
    """The Network of `net` with hard resets and interneurons, "slow", in the place of its adaptation; see the module.

    Populations are otherwise those of `neurokit.converters.eprop`. ConversionError for a refractory period.
    """
    how = how or SlowInhibition()
    if how.refractory:
        limit = "stock neurons have no refractory period"
        raise ConversionError(Fault("refractory", f"is {how.refractory} steps", limit, "Set it to 0."))
    plain = network_of(replace(net, reset="soft"))
    populations = dict(plain.populations)
    held = groups(net)
    for name, index in held.items():
        populations[name] = Population(name, (len(index),), _neuron(net))
    if "alif" not in held:
        return Network(plain.inputs, populations, plain.projections, plain.outputs, dt=net.dt)
    index = held["alif"]
    populations["slow"] = Population("slow", (len(index),), _interneuron(net, how))
    late = np.asarray(net.dt)
    there = Projection("alif", "slow", (Dense(np.eye(len(index))),), late)
    back = Projection("slow", "alif", (Dense(-np.diag(how.doses(net)[index] / net.zeta)),), late)
    return Network(plain.inputs, populations, (*plain.projections, there, back), plain.outputs, dt=net.dt)


def _neuron(net: EpropNet) -> LIF:
    """With a hard reset: a step of forward Euler leaves alpha."""
    return LIF(
        tau=np.asarray(net.dt / (1 - net.alpha)),
        r=np.asarray(net.zeta / (1 - net.alpha)),
        threshold=np.asarray(net.threshold),
        fires=net.fires,
    )


def _interneuron(net: EpropNet, how: SlowInhibition) -> CubaLIF:
    keeps: NDArray[np.float64] = np.asarray(FOR_EVER)
    return CubaLIF(
        tau_syn=np.asarray(net.dt / (1 - net.rho)),
        w_in=np.asarray(1 / (1 - net.rho)),
        tau_mem=keeps * net.dt,
        r=keeps,
        threshold=np.asarray(how.theta),
    )
