"""The true gradient of the same network: backpropagation through its forward phase; and descent along it.

E = 1/2 sum (target - r_out)**2 of the last step, averaged over samples. Dendrites take no part in the forward phase, so
only what reaches somata has a gradient. Followed back step by step, layers from the output down, as
`network.forward` computes them from the input up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.learn.btsp.network import DendriticNet, Floats, Weights, driven, is_inhibitory
from neurokit.learn.btsp.training import check_samples, one_hot


def gradients(net: DendriticNet, x: Floats, target: Floats, *, clipped: bool = False) -> tuple[float, Weights]:
    """(loss, dE/dW) for (samples, inputs) and (samples, outputs), of every matrix that reaches a soma.

    clipped: errors of the outputs are kept within -1..1, as plateaus are; the loss is not.
    """
    rates = remembered(net, x)
    labels, out = net.sizes.labels, f"{net.sizes.labels[-1]}E"
    error = rates[-1][out] - target
    loss = 0.5 * float((error**2).sum(1).mean())
    names = [name for name in net.sizes.shapes(learned_feedback=False) if "DendI" not in name]
    drives: dict[str, list[Floats]] = {name: [] for name in names}
    heard: dict[str, list[Floats]] = {name: [] for name in names}
    zero = {pop: np.zeros_like(value) for pop, value in rates[-1].items()}
    of_rate, of_state = dict(zero), dict(zero)
    of_rate[out] = ((np.clip(error, -1, 1) if clipped else error) / len(x)).astype(np.float32)
    for now in range(net.steps, 0, -1):
        earlier = dict(zero)
        for below, label in reversed(list(pairwise(labels))):
            for pop in (f"{label}SomaI", f"{label}E"):
                of_state[pop] = of_state[pop] + of_rate[pop] * (rates[now][pop] > 0)
                drive = of_state[pop] / np.float32(net.tau)
                for source in (f"{below}E", f"{label}SomaI", *([f"{label}E"] if pop.endswith("I") else [])):
                    name = f"{pop}_{source}"
                    seen, into = (rates[now], of_rate) if source == f"{below}E" else (rates[now - 1], earlier)
                    drives[name].append(drive)
                    heard[name].append(seen[source])
                    if source != "InputE":
                        into[source] = into[source] + drive @ net.weights[name]
                of_state[pop] = of_state[pop] * np.float32(1 - 1 / net.tau)
        of_rate = earlier
    return loss, {name: _product(drives[name], heard[name]) for name in names}


def _product(drives: list[Floats], heard: list[Floats]) -> Floats:
    """Sum over steps of drive.T @ heard; what is heard all the time, an input, is taken once."""
    if all(value is heard[0] for value in heard):
        found: Floats = np.sum(drives, axis=0).T @ heard[0]
    else:
        found = np.concatenate(drives).T @ np.concatenate(heard)
    return found


def from_below(net: DendriticNet) -> tuple[str, ...]:
    """Names of the excitatory matrices between layers: what the plateaus teach."""
    return tuple(f"{label}E_{below}E" for below, label in pairwise(net.sizes.labels))


def descend(
    net: DendriticNet,
    inputs: Floats,
    labels: NDArray[np.int64],
    rate: float,
    *,
    seed: int,
    batch: int = 10,
    epochs: int = 1,
    names: tuple[str, ...] | None = None,
    watch: Callable[[int, DendriticNet], None] | None = None,
    every: int = 1000,
) -> DendriticNet:
    """Stochastic gradient descent under Dale's law: a weight that would change its sign stops at 0.

    rate: on the gradient's mean over `batch` samples, with clipped errors. names: of the matrices that learn (None:
    those between layers, `from_below`). The order of samples and watch are as in `training.train`; `every` is a
    multiple of `batch`. Raises InputError where inputs do not fit, GraphError if weights stop being finite.
    """
    inputs, labels = check_samples(net, inputs, labels)
    weights: Weights = {name: matrix.copy() for name, matrix in net.weights.items()}
    learner, target = replace(net, weights=weights), one_hot(labels, net.sizes.excitatory[-1])
    rng, done = np.random.default_rng(seed), 0
    for _ in range(epochs):
        order = rng.permutation(len(inputs))
        for chosen in (order[k : k + batch] for k in range(0, len(order), batch)):
            found = gradients(learner, inputs[chosen], target[chosen], clipped=True)[1]
            for name in names or from_below(net):
                weights[name] -= np.float32(rate) * found[name]
                bound: Any = np.minimum if is_inhibitory(name) else np.maximum
                bound(weights[name], 0, out=weights[name])
            done += len(chosen)
            if watch and done % every == 0:
                watch(done, learner)
    return replace(net, weights=weights)  # checks them


def remembered(net: DendriticNet, x: Floats) -> list[dict[str, Floats]]:
    """Rates of all somata at steps 0 (silence) to `steps`."""
    labels = net.sizes.labels
    somata = [f"{label}{kind}" for label in labels[1:] for kind in ("E", "SomaI")]
    states = {pop: np.zeros((len(x), net.sizes.count(pop)), np.float32) for pop in somata}
    history = [states | {"InputE": np.asarray(x, np.float32)}]
    first = (f"{labels[1]}E", f"{labels[1]}SomaI")
    shown = {pop: history[0]["InputE"] @ net.weights[f"{pop}_InputE"].T for pop in first}
    for _ in range(net.steps):
        before, rates = history[-1], dict(history[-1])
        states = dict(states)
        for below, label in pairwise(labels):
            for pop in (f"{label}E", f"{label}SomaI"):
                drive = driven(net.weights, rates, before, below, label, pop, shown)
                states[pop] = states[pop] + (drive - states[pop]) / np.float32(net.tau)
                rates[pop] = np.maximum(states[pop], 0)
        history.append(rates)
    return history
