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
from numpy.typing import NDArray

from neurokit.errors import Fault, GraphError

Floats = NDArray[np.float32]
Weights = dict[str, Floats]


@dataclass(frozen=True)
class Sizes:
    """Neurons of each kind: `excitatory` from the input to the output, `soma` of all layers but the input,
    `dendrite` of the hidden layers."""

    excitatory: tuple[int, ...]
    soma: tuple[int, ...]
    dendrite: tuple[int, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the layers: Input, H1, H2, ..., Output."""
        return ("Input", *(f"H{k}" for k in range(1, len(self.excitatory) - 1)), "Output")

    @property
    def hidden(self) -> tuple[str, ...]:
        """Names of the hidden layers."""
        return self.labels[1:-1]

    def count(self, population: str) -> int:
        """Neurons of "H1E", "H1SomaI", "H1DendI", ..."""
        for k, label in enumerate(self.labels):
            known = {f"{label}E": self.excitatory[k]}
            if k:
                known[f"{label}SomaI"] = self.soma[k - 1]
            if 0 < k < len(self.labels) - 1:
                known[f"{label}DendI"] = self.dendrite[k - 1]
            if population in known:
                return known[population]
        raise KeyError(population)

    def shapes(self, learned_feedback: bool) -> dict[str, tuple[int, int]]:
        """(target, source) of every weight matrix; with a matrix of its own for each top-down path if it is asked."""
        found: dict[str, tuple[int, int]] = {}

        def add(target: str, *sources: str) -> None:
            for source in sources:
                found[f"{target}_{source}"] = (self.count(target), self.count(source))

        for below, label in pairwise(self.labels):
            add(f"{label}E", f"{below}E", f"{label}SomaI")
            add(f"{label}SomaI", f"{below}E", f"{label}E", f"{label}SomaI")
        for label, above in zip(self.hidden, self.labels[2:], strict=True):
            add(f"{label}E", f"{label}DendI", *([f"{above}E"] if learned_feedback else []))
            add(f"{label}DendI", f"{label}E", f"{label}DendI")
        return found


@dataclass(frozen=True, eq=False)
class DendriticNet:
    """The network with its weights, float32 [target, source].

    feedback: what a dendrite hears of the layer above: a number, the weights upwards transposed, times it, for each
    hidden layer; None: matrices of its own among `weights`. tau: steps. steps: of each phase.
    Raises GraphError with every missing, surplus, misshapen or non-finite matrix, and every sign against Dale's law.
    """

    sizes: Sizes
    weights: Mapping[str, Floats]
    feedback: tuple[float, ...] | None
    tau: float = 3.0
    steps: int = 15

    def __post_init__(self) -> None:
        if faults := list(_faults(self)):
            raise GraphError(faults)

    def top_down(self, layer: int) -> Floats:
        """B of hidden layer 0, 1, ...: (its neurons, the neurons above)."""
        labels = self.sizes.labels
        target, above = f"{labels[layer + 1]}E", f"{labels[layer + 2]}E"
        if self.feedback is None:
            return self.weights[f"{target}_{above}"]
        return np.float32(self.feedback[layer]) * self.weights[f"{above}_{target}"].T


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
    dendrites = {label: _dendrite(net, rates, k) for k, label in enumerate(sizes.hidden, 1)}
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


def _dendrite(net: DendriticNet, rates: dict[str, Floats], k: int) -> Floats:
    """What the dendrites of layer k, a hidden one, hear of the layer above and of their inhibition, not clipped."""
    label, above = net.sizes.labels[k : k + 2]
    inhibition = rates[f"{label}DendI"] @ net.weights[f"{label}E_{label}DendI"].T
    found: Floats = rates[f"{above}E"] @ net.top_down(k - 1).T + inhibition
    return found


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
    active = (seen.forward[f"{label}E"] > 0).astype(np.float32)
    if k == len(net.sizes.labels) - 1:
        error: Floats = np.clip(target - seen.forward[f"{label}E"], -1, 1) * active
        return error
    dendrite: Floats = np.clip(_dendrite(net, rates, k), -1, 1) * active
    return dendrite


def is_inhibitory(name: str) -> bool:
    """Whether a weight matrix's source is an inhibitory population."""
    return name.rsplit("_", 1)[-1].endswith("I")


def _faults(net: DendriticNet) -> list[Fault]:
    sizes, found = net.sizes, []
    layers = len(sizes.excitatory)
    if layers < 3 or len(sizes.soma) != layers - 1 or len(sizes.dendrite) != layers - 2:
        fact = f"has {layers} layers, {len(sizes.soma)} of SomaI and {len(sizes.dendrite)} of DendI"
        limit = "n layers have n - 1 of SomaI and n - 2 of DendI, and n is 3 or more"
        return [Fault("sizes", fact, limit, "Give each kind its sizes, from the input up.")]
    shapes = sizes.shapes(net.feedback is None)
    for name in sorted(set(shapes) - set(net.weights)):
        found.append(Fault(name, "is missing", "each pair of populations that is joined has a matrix", "Add it."))
    for name in sorted(set(net.weights) - set(shapes)):
        fact = "joins no two populations of this network"
        found.append(Fault(name, fact, f"known: {', '.join(shapes)}", "Leave it out, or correct its name."))
    for name, shape in shapes.items():
        found += _matrix_faults(name, shape, net.weights.get(name))
    if net.feedback is not None and len(net.feedback) != len(sizes.hidden):
        fact, limit = f"has {len(net.feedback)} numbers", f"one for each of {len(sizes.hidden)} hidden layers"
        found.append(Fault("feedback", fact, limit, "Give one scale a hidden layer, or None for matrices."))
    if not (net.tau >= 1 and net.steps >= 1):
        fact = f"tau is {net.tau:g} and steps is {net.steps}"
        found.append(Fault("phases", fact, "both are at least 1", "Give steps, and a tau in steps."))
    return found


def _matrix_faults(name: str, shape: tuple[int, int], matrix: Floats | None) -> list[Fault]:
    if matrix is None:
        return []
    if matrix.shape != shape:
        return [Fault(name, f"has shape {matrix.shape}", f"(target, source) is {shape}", "Transpose or correct it.")]
    if not np.isfinite(matrix).all():
        return [Fault(name, "has values that are not finite", "weights are numbers", "Train again from good weights.")]
    sign = "at most 0" if is_inhibitory(name) else "at least 0"
    wrong = int((matrix > 0).sum() if is_inhibitory(name) else (matrix < 0).sum())
    if wrong:
        fact = f"{wrong} of {matrix.size} weights have the other sign"
        return [Fault(name, fact, f"Dale's law: weights of this source are {sign}", "Clip them, or correct its kind.")]
    return []
