"""What of a network of dendritic gating is needed to infer: excitatory neurons and inhibition of their somata.

In a step the populations of each layer follow those of the layer below:

    s += (-s + sum W r) / tau,  r = max(0, s)

r is what a source sends in the same step, or (`earlier`, of the own layer) in the step before. Dendrites, inhibition of
dendrites and top-down weights act in the backward phase only and are left out. Source: Galloni et al. 2025,
doi:10.1101/2025.05.22.655599.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.converters.btsp_net import DendriticNet

Floats = NDArray[np.float64]
KINDS = ("E", "SomaI", "DendI")


@dataclass(frozen=True, eq=False)
class Joint:
    """Weights from one population to another, [target, source]. earlier: of the source's rate a step before."""

    target: str
    source: str
    weight: Floats
    earlier: bool

    @property
    def name(self) -> str:
        """As the source names it."""
        return f"{self.target}_{self.source}"


@dataclass(frozen=True, eq=False)
class RateNet:
    """The forward phase. sizes: neurons by population, the input first, then layer by layer. tau: steps, by population
    but the input. steps: of the phase. output: the population that is read. left_out: weights that do not act in it.
    """

    sizes: Mapping[str, int]
    joints: tuple[Joint, ...]
    tau: Mapping[str, float]
    steps: int
    output: str
    left_out: tuple[str, ...] = ()

    @property
    def input(self) -> str:
        """The first population."""
        return next(iter(self.sizes))

    def into(self, target: str) -> list[Joint]:
        """What a population hears."""
        return [joint for joint in self.joints if joint.target == target]

    def rates(self, x: Any, steps: int | None = None) -> list[dict[str, Floats]]:
        """Show (batch, inputs) rates: what each population sends, (batch, neurons), in steps 1 to `steps`."""
        now: dict[str, Floats] = {name: np.zeros((len(x), size)) for name, size in self.sizes.items()}
        now[self.input] = np.asarray(x, np.float64)
        states, history = dict(now), []
        for _ in range(self.steps if steps is None else steps):
            before, now = now, dict(now)
            for name, tau in self.tau.items():
                drive = sum((before if j.earlier else now)[j.source] @ j.weight.T for j in self.into(name))
                states[name] = states[name] + (drive - states[name]) / tau
                now[name] = np.maximum(states[name], 0)
            history.append(now)
        return history


def of_dendritic(net: DendriticNet) -> RateNet:
    """The forward phase of a DendriticNet."""
    sizes, joints, kept = net.sizes, [], set()
    labels = sizes.labels
    counts = {f"{labels[0]}E": sizes.excitatory[0]}
    for below, label in pairwise(labels):
        for target in (f"{label}E", f"{label}SomaI"):
            counts[target] = sizes.count(target)
            sources = [f"{below}E", f"{label}SomaI", *([f"{label}E"] if target.endswith("SomaI") else [])]
            for source in sources:
                name = f"{target}_{source}"
                kept.add(name)
                joints.append(Joint(target, source, np.asarray(net.weights[name], np.float64), source != f"{below}E"))
    left = tuple(sorted(set(net.weights) - kept))
    tau = {name: float(net.tau) for name in counts if name != f"{labels[0]}E"}
    return RateNet(counts, tuple(joints), tau, net.steps, f"{labels[-1]}E", left)
