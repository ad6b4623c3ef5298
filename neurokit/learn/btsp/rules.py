"""What a sample changes in the weights: BTSP, its form for the chip, a local error rule, Hebb.

    published  w += eta (P+ ((w_max - w) ET - w q(ET)) - |P-| ET), and the same for this sample's plateau with the last
               sample's ET, and the last sample's positive plateau with this sample's ET, both discounted
    gated      only this sample, and a source that is active stands for q: w += eta (P+ ((w_max - w) ET - w) - |P-| ET)
    local      w += eta P ET
    hebb       w += eta r ET, each row brought back to its sum

P is the plateau of the target, ET the source's rate after the backward phase, clipped to 0..1; q a sigmoid from 0 to 1
around 0.01. (Galloni et al. 2025; q's slope 200 is that of a threshold and a width of 0.01 in the reference code.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurokit.learn.btsp.network import DendriticNet, Floats, Nudged, Phases, Weights, is_inhibitory
from neurokit.learn.btsp.start import (
    AMONG_DENDI_RATE,
    DENDRITIC_LOSS_RATE,
    DISCOUNT,
    TO_DENDI_RATE,
    layer_of,
    silence_self,
)
from neurokit.rules.btsp import EIANN_DEPRESSION

Kind = Literal["published", "gated", "local", "hebb", "frozen"]


@dataclass(frozen=True)
class Learning:
    """hidden, output: the rules of these layers. rate: a factor on the published learning rates of the excitatory
    weights from below (hebb, local: on theirs). discount: of the sample before. dendrites: whether DendI learns to
    cancel the dendrites' forward phase. feedback_rate: of top-down matrices, contrastive Hebb; 0 leaves them fixed."""

    hidden: Kind = "published"
    output: Kind = "published"
    rate: float = 1.0
    discount: float = DISCOUNT
    dendrites: bool = True
    feedback_rate: float = 0.0


@dataclass(eq=False)
class Past:
    """What the sample before left: rates of sources and positive plateaus."""

    rates: dict[str, Floats]
    plateaus: dict[str, Floats]


def squashed(rate: Floats) -> Floats:
    """ET: rates clipped to 0..1."""
    found: Floats = np.clip(rate, 0, 1).astype(np.float32)
    return found


def depressing(trace: Floats) -> Floats:
    """q(ET), 0 at 0 and 1 at 1."""
    q = EIANN_DEPRESSION
    found: Floats = ((1 / (1 + np.exp(-q.slope * (trace - q.threshold))) - q.zero) / q.range).astype(np.float32)
    return found


def learn_sample(
    net: DendriticNet, weights: Weights, seen: Phases, nudged: Nudged, past: Past | None, rule: Learning
) -> Past:
    """Change `weights` (which `net` holds) in place by one sample, batch 1."""
    labels = net.sizes.labels
    for k in range(1, len(labels)):
        kind = rule.output if k == len(labels) - 1 else rule.hidden
        _from_below(net, weights, k, kind, nudged, past, rule)
    if rule.dendrites:
        for label in net.sizes.hidden:
            _inhibition(net, weights, label, seen)
    if rule.feedback_rate and net.feedback is None:
        for k in range(len(net.sizes.hidden)):
            _feedback(net, weights, k, seen, nudged, rule.feedback_rate)
    return Past(nudged.rates, nudged.plateaus)


def _from_below(
    net: DendriticNet, weights: Weights, k: int, kind: Kind, nudged: Nudged, past: Past | None, rule: Learning
) -> None:
    labels = net.sizes.labels
    label, source = labels[k], f"{labels[k - 1]}E"
    name, constants = f"{label}E_{source}", layer_of(net.sizes, k)
    matrix, eta = weights[name], np.float32(rule.rate * constants.learning_rate)
    plateau, trace = nudged.plateaus[label][0], squashed(nudged.rates[source][0])
    if kind == "frozen":
        return
    if kind == "hebb":
        _hebb(matrix, squashed(nudged.rates[f"{label}E"][0]), trace, eta, constants.w_max)
        return
    old = None if past is None or kind != "published" or not rule.discount else past
    rows = np.flatnonzero(plateau) if old is None else np.flatnonzero((plateau != 0) | (old.plateaus[label][0] > 0))
    if not rows.size:
        return
    error, w = plateau[rows][:, None], matrix[rows]
    up, down = np.maximum(error, 0), np.minimum(error, 0)
    change = down * trace
    if kind == "local":
        change = error * trace
    elif kind == "gated":
        change += up * ((constants.w_max - w) * trace - w * (trace > 0))
    else:
        growth, loss = trace, depressing(trace)
        if old is not None:
            before = squashed(old.rates[source][0]) * np.float32(rule.discount)
            growth, loss = growth + before, loss + depressing(before)
            later, late = trace * np.float32(rule.discount), np.maximum(old.plateaus[label][0], 0)[rows][:, None]
            change += late * (constants.w_max * later - w * (later + depressing(later)))
        change += up * (constants.w_max * growth - w * (growth + loss))
    matrix[rows] = np.clip(w + eta * change, 0, np.float32(constants.w_max))


def _hebb(matrix: Floats, post: Floats, trace: Floats, eta: np.float32, w_max: float) -> None:
    rows = np.flatnonzero(post)
    before = matrix[rows].sum(1, keepdims=True)
    grown = matrix[rows] + eta * post[rows][:, None] * trace
    matrix[rows] = np.minimum(grown * (before / grown.sum(1, keepdims=True)), np.float32(w_max))


def _inhibition(net: DendriticNet, weights: Weights, label: str, seen: Phases) -> None:
    """DendI learns to cancel what the dendrite hears while nothing is wrong."""
    pop, e = f"{label}DendI", f"{label}E"
    k = net.sizes.labels.index(label)
    active = squashed(seen.forward[pop][0])
    dendrite = np.clip(seen.dendrites[label][0], -1, 1)
    onto = weights[f"{e}_{pop}"]
    onto -= np.float32(DENDRITIC_LOSS_RATE) * np.outer(dendrite, active)
    np.minimum(onto, 0, out=onto)
    totals = layer_of(net.sizes, k).dendritic
    for name, rate, total in ((f"{pop}_{e}", TO_DENDI_RATE, totals[0]), (f"{pop}_{pop}", AMONG_DENDI_RATE, totals[1])):
        sign = -1 if is_inhibitory(name) else 1
        source = name.split("_")[1]
        matrix = weights[name]
        matrix += np.float32(sign * rate) * np.outer(seen.forward[pop][0], seen.before[source][0])
        silence_self(matrix, name)
        sums = np.abs(matrix).sum(1, keepdims=True)
        matrix *= np.where(sums > 0, np.float32(total) / np.maximum(sums, 1e-12), 1)


def _feedback(net: DendriticNet, weights: Weights, k: int, seen: Phases, nudged: Nudged, rate: float) -> None:
    """Top-down weights follow what changed between the phases on both sides; each row keeps its sum."""
    label, above = net.sizes.labels[k + 1], net.sizes.labels[k + 2]
    matrix = weights[f"{label}E_{above}E"]
    after = np.outer(nudged.rates[f"{label}E"][0], nudged.rates[f"{above}E"][0])
    before = np.outer(seen.forward[f"{label}E"][0], seen.forward[f"{above}E"][0])
    sums = matrix.sum(1, keepdims=True)
    np.maximum(matrix + np.float32(rate) * (after - before), 0, out=matrix)
    matrix *= sums / np.maximum(matrix.sum(1, keepdims=True), 1e-12)
