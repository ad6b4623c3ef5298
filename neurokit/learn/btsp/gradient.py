"""The true gradient of the same network: backpropagation through its forward phase.

E = 1/2 sum (target - r_out)**2 of the last step, averaged over samples. Dendrites take no part in the forward phase, so
only what reaches somata has a gradient. Followed back step by step, layers from the output down, as
`network.forward` computes them from the input up.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from neurokit.learn.btsp.network import DendriticNet, Floats, Weights, driven


def gradients(net: DendriticNet, x: Floats, target: Floats) -> tuple[float, Weights]:
    """(loss, dE/dW) for (samples, inputs) and (samples, outputs), of every matrix that reaches a soma."""
    rates = _remembered(net, x)
    labels, out = net.sizes.labels, f"{net.sizes.labels[-1]}E"
    error = rates[-1][out] - target
    loss = 0.5 * float((error**2).sum(1).mean())
    names = [name for name in net.sizes.shapes(learned_feedback=False) if "DendI" not in name]
    found = {name: np.zeros_like(net.weights[name]) for name in names}
    zero = {pop: np.zeros_like(value) for pop, value in rates[-1].items()}
    of_rate, of_state = dict(zero), dict(zero)
    of_rate[out] = (error / len(x)).astype(np.float32)
    for now in range(net.steps, 0, -1):
        earlier = dict(zero)
        for below, label in reversed(list(pairwise(labels))):
            for pop in (f"{label}SomaI", f"{label}E"):
                of_state[pop] = of_state[pop] + of_rate[pop] * (rates[now][pop] > 0)
                drive = of_state[pop] / np.float32(net.tau)
                for source in (f"{below}E", f"{label}SomaI", *([f"{label}E"] if pop.endswith("I") else [])):
                    name = f"{pop}_{source}"
                    heard, into = (rates[now], of_rate) if source == f"{below}E" else (rates[now - 1], earlier)
                    found[name] += drive.T @ heard[source]
                    if source != "InputE":
                        into[source] = into[source] + drive @ net.weights[name]
                of_state[pop] = of_state[pop] * np.float32(1 - 1 / net.tau)
        of_rate = earlier
    return loss, found


def _remembered(net: DendriticNet, x: Floats) -> list[dict[str, Floats]]:
    """Rates of all somata at steps 0 (silence) to `steps`."""
    labels = net.sizes.labels
    somata = [f"{label}{kind}" for label in labels[1:] for kind in ("E", "SomaI")]
    states = {pop: np.zeros((len(x), net.sizes.count(pop)), np.float32) for pop in somata}
    history = [states | {"InputE": np.asarray(x, np.float32)}]
    for _ in range(net.steps):
        before, rates = history[-1], dict(history[-1])
        states = dict(states)
        for below, label in pairwise(labels):
            for pop in (f"{label}E", f"{label}SomaI"):
                drive = driven(net.weights, rates, before, below, label, pop, {})
                states[pop] = states[pop] + (drive - states[pop]) / np.float32(net.tau)
                rates[pop] = np.maximum(states[pop], 0)
        history.append(rates)
    return history
