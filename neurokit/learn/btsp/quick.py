"""Both phases of one sample, layer by layer: the same as `network.forward` and `backward`, faster.

No layer hears the one above at its somata, so a layer can run through all steps before the next one begins, and the
weights between them are read once a phase: all steps are one matrix product. Sums are taken in another order than in
`network`, so that rates differ by rounding.
"""

from __future__ import annotations

import numpy as np

from neurokit.learn.btsp.kernels import nudge, settle
from neurokit.learn.btsp.network import DendriticNet, Floats, Nudged, Phases, dendrite, is_active


def forward_one(net: DendriticNet, x: Floats) -> tuple[Phases, dict[str, Floats]]:
    """The forward phase of (1, inputs), and what layers drive in the neurons above: (steps or 1, neurons)."""
    weights, steps, labels = net.weights, net.steps, net.sizes.labels
    last: dict[str, Floats] = {"InputE": x}
    before, states, heard, ups = dict(last), {}, {}, {}
    below = x
    for k, label in enumerate(labels[1:], 1):
        e, s, d, source = f"{label}E", f"{label}SomaI", f"{label}DendI", f"{labels[k - 1]}E"
        ups[e], up_s = below @ weights[f"{e}_{source}"].T, below @ weights[f"{s}_{source}"].T
        hidden = k < len(labels) - 1
        r_e, r_s, r_d = (
            np.empty((steps, net.sizes.count(pop) if pop != d or hidden else 0), np.float32) for pop in (e, s, d)
        )
        states[e] = np.empty((1, r_e.shape[1]), np.float32)
        of_d = (weights[f"{d}_{e}"], weights[f"{d}_{d}"]) if hidden else (weights[f"{s}_{e}"], weights[f"{s}_{s}"])
        own = (weights[f"{e}_{s}"], weights[f"{s}_{e}"], weights[f"{s}_{s}"])
        settle(ups[e], up_s, *own, *of_d, net.tau, r_e, r_s, r_d, states[e][0])
        for pop, rates in ((e, r_e), (s, r_s), *([(d, r_d)] if hidden else [])):
            last[pop] = rates[-1:]
            before[pop] = rates[-2:-1] if steps > 1 else np.zeros_like(rates)
        below = r_e
    for k, label in enumerate(net.sizes.hidden, 1):
        heard[label] = dendrite(net, last, k)
    return Phases(last, before, heard, states, {"H1E": ups["H1E"]}), ups


def backward_one(net: DendriticNet, seen: Phases, ups: dict[str, Floats], target: Floats) -> Nudged:
    """The backward phase of one sample that `forward_one` has seen, to (1, outputs) targets."""
    labels, rates = net.sizes.labels, dict(seen.forward)
    plateaus: dict[str, Floats] = {}
    kept, found, states = {}, {}, {}
    for k in range(len(labels) - 1, 0, -1):  # the first step goes down, and sets the plateaus
        label = labels[k]
        e, s = f"{label}E", f"{label}SomaI"
        active = is_active(seen.forward[e])
        heard = target - seen.forward[e] if k == len(labels) - 1 else dendrite(net, rates, k)
        plateaus[label] = np.clip(heard, -1, 1) * active
        kept[e] = (seen.forward[s] @ net.weights[f"{e}_{s}"].T)[0]
        found[e], states[e] = np.empty((net.steps, active.shape[1]), np.float32), seen.states[e][0].copy()
        nudge(ups[e][-1:], kept[e], plateaus[label][0], net.tau, states[e], found[e][:1], 0)
        rates[e] = found[e][:1]
    for k in range(1, len(labels)):  # of the others each layer hears the one below as it was a step ago
        e = f"{labels[k]}E"
        up = ups[e][-1:] if k == 1 else np.empty_like(found[e])
        if k > 1:
            source = f"{labels[k - 1]}E"
            up[1:] = found[source][:-1] @ net.weights[f"{e}_{source}"].T
        nudge(up, kept[e], plateaus[labels[k]][0], net.tau, states[e], found[e], 1)
        rates[e] = found[e][-1:]
    return Nudged(plateaus, rates)
