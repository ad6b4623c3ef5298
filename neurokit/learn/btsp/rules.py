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

from neurokit.learn.btsp.kernels import cancel, change_rows, grow_and_keep_sums, grow_to_sum
from neurokit.learn.btsp.network import DendriticNet, Floats, Nudged, Phases, Weights, is_inhibitory
from neurokit.learn.btsp.start import (
    DISCOUNT,
    EIANN_5L,
    Constants,
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
    constants: Constants = EIANN_5L


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
            _inhibition(net, weights, label, seen, rule.constants)
    if rule.feedback_rate and net.feedback is None:
        for k in range(len(net.sizes.hidden)):
            _feedback(net, weights, k, seen, nudged, rule.feedback_rate)
    return Past(nudged.rates, nudged.plateaus)


def _from_below(
    net: DendriticNet, weights: Weights, k: int, kind: Kind, nudged: Nudged, past: Past | None, rule: Learning
) -> None:
    labels = net.sizes.labels
    label, source = labels[k], f"{labels[k - 1]}E"
    name, constants = f"{label}E_{source}", rule.constants.layer(net.sizes, k)
    matrix, eta = weights[name], np.float32(rule.rate * constants.learning_rate)
    plateau, trace = nudged.plateaus[label][0], squashed(nudged.rates[source][0])
    if kind == "frozen":
        return
    if kind == "hebb":
        post = squashed(nudged.rates[f"{label}E"][0])
        grow_and_keep_sums(matrix, post, trace, eta, np.float32(constants.w_max))
        return
    old = None if past is None or kind != "published" or not rule.discount else past
    none = np.zeros_like(plateau)
    if kind == "local":
        change_rows(matrix, none, plateau, *[trace] * 3, none, *[trace] * 2, eta, np.float32(constants.w_max))
        return
    growth, loss = trace, depressing(trace) if kind == "published" else (trace > 0).astype(np.float32)
    late, later = none, trace * np.float32(rule.discount)
    if old is not None:
        before = squashed(old.rates[source][0]) * np.float32(rule.discount)
        growth, loss = growth + before, loss + depressing(before)
        late = np.maximum(old.plateaus[label][0], 0)
    later_loss = later + depressing(later) if old is not None else later
    parts = (np.maximum(plateau, 0), np.minimum(plateau, 0), growth, growth + loss, trace, late, later, later_loss)
    change_rows(matrix, *parts, eta, np.float32(constants.w_max))


def _inhibition(net: DendriticNet, weights: Weights, label: str, seen: Phases, every: Constants) -> None:
    """DendI learns to cancel what the dendrite hears while nothing is wrong."""
    pop, e = f"{label}DendI", f"{label}E"
    k = net.sizes.labels.index(label)
    active = squashed(seen.forward[pop][0])
    dendrite = np.clip(seen.dendrites[label][0], -1, 1)
    cancel(weights[f"{e}_{pop}"], dendrite, active, np.float32(every.dendritic_loss))
    totals = every.layer(net.sizes, k).dendritic
    for name, rate, total in (
        (f"{pop}_{e}", every.to_dendi, totals[0]),
        (f"{pop}_{pop}", every.among_dendi, totals[1]),
    ):
        sign, source = -1 if is_inhibitory(name) else 1, name.split("_")[1]
        post, pre = seen.forward[pop][0], seen.before[source][0]
        grow_to_sum(weights[name], post, pre, np.float32(sign * rate), np.float32(total), source == pop)


def _feedback(net: DendriticNet, weights: Weights, k: int, seen: Phases, nudged: Nudged, rate: float) -> None:
    """Top-down weights follow what changed between the phases on both sides; each row keeps its sum."""
    label, above = net.sizes.labels[k + 1], net.sizes.labels[k + 2]
    matrix = weights[f"{label}E_{above}E"]
    after = np.outer(nudged.rates[f"{label}E"][0], nudged.rates[f"{above}E"][0])
    before = np.outer(seen.forward[f"{label}E"][0], seen.forward[f"{above}E"][0])
    sums = matrix.sum(1, keepdims=True)
    np.maximum(matrix + np.float32(rate) * (after - before), 0, out=matrix)
    matrix *= sums / np.maximum(matrix.sum(1, keepdims=True), 1e-12)
