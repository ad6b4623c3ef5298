"""Layers of excitatory neurons with two kinds of inhibition, and dendrites that hear the layer above.

Galloni, Peddada, Chennawar & Milstein 2025, "Cellular and subcellular specialization enables biology-constrained deep
learning", doi:10.1101/2025.05.22.655599. Each layer has excitatory neurons (E) and inhibition of their somata (SomaI),
each hidden layer inhibition of their dendrites (DendI). Rates, r = max(0, s), settle over some steps:

    s += (-s + sum W r) / tau

In a step the layers follow each other from the input up; a layer hears the one below as it is now, and itself as it
was. Weights keep their sign (Dale's law): of excitatory sources >= 0, of inhibitory ones <= 0.

    forward phase     the input is shown; no dendrite acts on a soma
    backward phase    the output's plateau is target - r; going down, each hidden dendrite hears
                      clip(B r_above + W_dend r_DendI, -1, 1), and where its neuron is active that is its plateau;
                      plateaus are added to what the soma drives, and all layers settle again

Weights are named "<target>_<source>", populations "<layer><kind>": "H1E_InputE", "H1E_H1DendI", top-down "H1E_H2E".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from neurokit.converters.btsp_net import DendriticNet as DendriticNet
from neurokit.converters.btsp_net import Floats as Floats
from neurokit.converters.btsp_net import Sizes as Sizes
from neurokit.converters.btsp_net import Weights as Weights
from neurokit.converters.btsp_net import is_inhibitory as is_inhibitory


@dataclass(eq=False)
class Phases:
    """Rates (batch, neurons) by population. Of the backward phase: plateaus by layer label, and all rates after it."""

    forward: dict[str, Floats]
    before: dict[str, Floats]  # a step earlier
    dendrites: dict[str, Floats]  # of the forward phase, by hidden layer, not clipped
    states: dict[str, Floats]  # of the somata
    shown: dict[str, Floats]  # what the input drives in the first layer


def forward(net: DendriticNet, x: Floats) -> Phases:
    """Show (batch, inputs) rates until the network has settled."""
    sizes, weights = net.sizes, net.weights
    labels = sizes.labels
    batch = len(x)
    kinds = {label: [f"{label}E", f"{label}SomaI"] for label in labels[1:]}
    for label in sizes.hidden:
        kinds[label].append(f"{label}DendI")
    rates = {pop: np.zeros((batch, sizes.count(pop)), np.float32) for pops in kinds.values() for pop in pops}
    states = {pop: np.zeros_like(value) for pop, value in rates.items()}
    rates["InputE"] = np.asarray(x, np.float32)
    shown = {t: rates["InputE"] @ weights[f"{t}_InputE"].T for t in (f"{labels[1]}E", f"{labels[1]}SomaI")}
    before = dict(rates)
    for _ in range(net.steps):
        before = dict(rates)
        for below, label in pairwise(labels):
            for pop in kinds[label]:
                drive = driven(weights, rates, before, below, label, pop, shown)
                states[pop] = states[pop] + (drive - states[pop]) / np.float32(net.tau)
                rates[pop] = np.maximum(states[pop], 0)
    dendrites = {label: dendrite(net, rates, k) for k, label in enumerate(sizes.hidden, 1)}
    return Phases(rates, before, dendrites, states, shown)


def driven(
    weights: Mapping[str, Floats],
    rates: Mapping[str, Floats],
    before: Mapping[str, Floats],
    below: str,
    label: str,
    pop: str,
    shown: Mapping[str, Floats],
) -> Floats:
    """What reaches the somata of `pop`: from below now, unless it is in `shown`, from its own layer a step ago."""
    if pop.endswith("DendI"):
        return before[f"{label}E"] @ weights[f"{pop}_{label}E"].T + before[pop] @ weights[f"{pop}_{pop}"].T
    found: Floats = shown[pop] if pop in shown else rates[f"{below}E"] @ weights[f"{pop}_{below}E"].T
    found = found + before[f"{label}SomaI"] @ weights[f"{pop}_{label}SomaI"].T
    if pop.endswith("SomaI"):
        found = found + before[f"{label}E"] @ weights[f"{pop}_{label}E"].T
    return found


def dendrite(net: DendriticNet, rates: Mapping[str, Floats], k: int) -> Floats:
    """What the dendrites of layer k, a hidden one, hear of the layer above and of their inhibition, not clipped."""
    label, above = net.sizes.labels[k : k + 2]
    inhibition = rates[f"{label}DendI"] @ net.weights[f"{label}E_{label}DendI"].T
    if net.feedback is None:
        heard: Floats = rates[f"{above}E"] @ net.weights[f"{label}E_{above}E"].T + inhibition
    else:  # the weights upwards the other way, without a copy of them
        heard = np.float32(net.feedback[k - 1]) * (rates[f"{above}E"] @ net.weights[f"{above}E_{label}E"]) + inhibition
    return heard


@dataclass(eq=False)
class Nudged:
    """After the backward phase. plateaus: (batch, neurons) by layer; rates: of the excitatory neurons, nudged."""

    plateaus: dict[str, Floats]
    rates: dict[str, Floats]


def backward(net: DendriticNet, seen: Phases, target: Floats) -> Nudged:
    """Compare with (batch, outputs) targets and go down; the inhibitory neurons stay as the forward phase left them."""
    labels = net.sizes.labels
    rates, states = dict(seen.forward), dict(seen.states)
    plateaus: dict[str, Floats] = {}
    for step in range(net.steps):
        for k in range(len(labels) - 1, 0, -1):
            label = labels[k]
            pop = f"{label}E"
            if step == 0:
                plateaus[label] = _plateau(net, seen, rates, target, k)
            drive = driven(net.weights, rates, rates, labels[k - 1], label, pop, seen.shown)
            states[pop] = states[pop] + (drive - states[pop]) / np.float32(net.tau)
            rates[pop] = np.maximum(states[pop] + plateaus[label], 0)
    return Nudged(plateaus, rates)


def _plateau(net: DendriticNet, seen: Phases, rates: dict[str, Floats], target: Floats, k: int) -> Floats:
    """Of layer k: the error at the output, the dendrite elsewhere, where the forward phase left the neuron active."""
    label = net.sizes.labels[k]
    active = is_active(seen.forward[f"{label}E"])
    if k == len(net.sizes.labels) - 1:
        error: Floats = np.clip(target - seen.forward[f"{label}E"], -1, 1) * active
        return error
    heard: Floats = np.clip(dendrite(net, rates, k), -1, 1) * active
    return heard


def is_active(rates: Floats) -> Floats:
    """1 where a neuron is active, else 0."""
    found: Floats = (rates > 0).astype(np.float32)
    return found
