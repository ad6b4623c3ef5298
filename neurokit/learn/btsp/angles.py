"""The angle between what a rule changes and the true gradient of the same network."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.learn.alignment import alignment
from neurokit.learn.btsp.gradient import from_below, gradients
from neurokit.learn.btsp.network import DendriticNet, Floats, Weights
from neurokit.learn.btsp.rules import Learning
from neurokit.learn.btsp.training import see


@dataclass(frozen=True)
class Angles:
    """Degrees, by matrix, between the change and steepest descent: 90 is unrelated, 0 the same direction.

    mean: of the change summed over all samples with the gradient of all. single: of each sample's change with its own
    gradient, mean over samples that change anything. nan where nothing changed or the gradient is 0.
    """

    mean: dict[str, float]
    single: dict[str, float]


def angles(net: DendriticNet, x: Floats, target: Floats, rule: Learning) -> Angles:
    """What `rule` would change in `net` for each of (samples, inputs), one by one from the same weights."""
    names = from_below(net)
    weights: Weights = dict(net.weights) | {name: net.weights[name].copy() for name in names}
    learner, still = replace(net, weights=weights), replace(rule, dendrites=False, feedback_rate=0.0)
    total = {name: np.zeros(weights[name].shape) for name in names}
    single: dict[str, list[float]] = {name: [] for name in names}
    for one, wanted in zip(x[:, None], target[:, None], strict=True):
        see(learner, weights, one, wanted, None, still)
        own = gradients(net, one, wanted)[1]
        for name in names:
            change = (weights[name] - net.weights[name]).astype(float)
            weights[name][:] = net.weights[name]
            total[name] += change
            single[name].append(degrees(change, own[name]))
    together = gradients(net, x, target)[1]
    return Angles({n: degrees(total[n], together[n]) for n in names}, {n: _mean(single[n]) for n in names})


def degrees(change: NDArray[Any], gradient: NDArray[Any]) -> float:
    """Between a change and steepest descent; nan where either is 0."""
    if not change.any() or not gradient.any():
        return math.nan
    cosine = alignment({"w": change}, {"w": gradient.astype(float)})["w"].cosine
    return math.degrees(math.acos(min(1.0, max(-1.0, cosine))))


def _mean(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan
