"""How feedback weights B come to match forward weights W: the primitives of Kunin et al. 2020 and what is made of them.

    decay    dB = -B                   weights fade
    amp      dB = pre post             Hebb, while noise drives the network
    null     dB = -(B x') x'^T         against what B itself brings to its target, its dendritic sum
    self     dB = W^T                  weight transport: not local
    sparse   dB = -x (x^T B)           a reverse projection: not local

    weight mirror = amp + decay, information alignment = amp + null + decay, self alignment = self + decay,
    activation alignment = amp + sparse; Kolen-Pollack: B gets the same change as W^T, and both decay.

x is the source's activity (see `hebbian`), y the target's. Kunin et al. 2020, arXiv:2003.01513; weight mirror and
Kolen-Pollack: Akrout et al. 2019, arXiv:1904.05391.
"""

from __future__ import annotations

from neurokit.graph.plasticity import HostStep, Rule, Signal, Trace
from neurokit.graph.plasticity_text import rule
from neurokit.rules.hebbian import activity

KUNIN = "Kunin et al. 2020, ICML (Two Routes to Scalable Credit Assignment), arXiv:2003.01513"
AKROUT = "Akrout et al. 2019, NeurIPS (Deep Learning without Weight Transport), arXiv:1904.05391"
TARGETS_ACTIVITY = Signal("potential_above", {"scale": 1.0, "level": 0.0})


def weight_mirror(*, learning_rate: float, decay: float, tau: float = 0.02, graded: bool = False) -> Rule:
    """Weight mirror: dB = learning_rate x y - decay B, y = max(0, v) of the target.

    decay: per second. tau: of x (seconds). Drive the forward network with noise meanwhile.
    """
    return rule(
        "weight_mirror",
        weight="learning_rate * step * x * y - decay * rate * w",
        traces={"x": activity(tau, graded)},
        signals={"y": TARGETS_ACTIVITY},
        parameters={"learning_rate": learning_rate, "decay": decay},
        citation=AKROUT,
    )


def kolen_pollack(*, learning_rate: float, decay: float, tau: float = 0.02, graded: bool = False) -> Rule:
    """Kolen-Pollack: dw = -learning_rate x error - decay w, given to W and, the ends exchanged, to B.

    Both then change alike, and the decay removes what they started with. For W the error arrives at its target's port
    "modulation"; for B, which brings the error, the activity does. decay: per second. tau: of x (seconds).
    """
    return rule(
        "kolen_pollack",
        weight="-learning_rate * step * x * error - decay * rate * w",
        traces={"x": activity(tau, graded)},
        signals={"error": Signal("modulation", {"scale": 1.0})},
        parameters={"learning_rate": learning_rate, "decay": decay},
        citation=AKROUT,
    )


def information_alignment(
    *, amplify: float, null: float, decay: float, tau: float = 0.02, graded: bool = False
) -> Rule:
    """Information alignment: dB = amplify x y - null x d - decay B, d the dendritic sum B x.

    y = max(0, v) of the target; d arrives at its port "modulation", from a second projection with B's weights or from
    a population that holds the sum. amplify, null: per step; decay: per second. tau: of x (seconds).
    """
    return rule(
        "information_alignment",
        weight="amplify * step * x * y - null * step * x * d - decay * rate * w",
        traces={"x": activity(tau, graded)},
        signals={"y": TARGETS_ACTIVITY, "d": Signal("modulation", {"scale": 1.0})},
        parameters={"amplify": amplify, "null": null, "decay": decay},
        citation=KUNIN,
    )


def self_alignment(*, forward: str, learning_rate: float, decay: float, every: float) -> Rule:
    """Self alignment: every `every` seconds B += learning_rate W^T, and B decays at `decay` per second.

    forward: name of the projection that holds W. Weight transport is not local: floats only.
    """
    return rule(
        "self_alignment",
        weight="-decay * rate * w",
        parameters={"decay": decay},
        host=(HostStep("add_transpose", every, {"rate": learning_rate}, forward),),
        citation=KUNIN,
        notes=("not local: it reads the weights of another projection",),
    )


def activation_alignment(
    *, amplify: float, sparse: float, every: float, tau: float = 0.02, graded: bool = False
) -> Rule:
    """Activation alignment: dB = amplify x y in every step, and every `every` seconds B -= sparse z (z^T B).

    y is a trace of the target's spikes (tau, seconds). The second is a reverse projection, a sum over all targets of a
    source: not local, floats only.
    """
    return rule(
        "activation_alignment",
        weight="amplify * step * x * z",
        traces={"x": activity(tau, graded), "z": Trace("post", tau)},
        parameters={"amplify": amplify},
        host=(HostStep("reverse_projection", every, {"rate": sparse}, "z"),),
        citation=KUNIN,
        notes=("not local: it sums over the targets of a source",),
    )
