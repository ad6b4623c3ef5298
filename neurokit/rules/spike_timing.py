"""Spike-timing-dependent plasticity: pairs, pairs with soft bounds, triplets, and pairs that wait for a reward.

In all of them x is the trace of the source's and y of the target's spikes, each spike adding 1. A source's spike that
reaches the synapse in the step in which the target fires counts as having come before it: it potentiates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from neurokit.errors import Fault, RuleError
from neurokit.graph.plasticity import Rule, Signal, Trace
from neurokit.graph.plasticity_text import rule

Bounds = tuple[float, float]
UNBOUNDED = (-math.inf, math.inf)


def stdp(
    *,
    a_plus: float = 0.005,
    a_minus: float = 0.00525,
    tau_plus: float = 0.02,
    tau_minus: float = 0.02,
    bounds: Bounds = UNBOUNDED,
) -> Rule:
    """Additive pair STDP: at a target's spike w += a_plus x, at a source's w -= a_minus y, all pairs counted.

    a_plus, a_minus: in the network's unit of weight; as given, 0.005 and 1.05 times as much of a largest weight of 1.
    tau_plus, tau_minus: seconds. Song, Miller & Abbott 2000, doi:10.1038/78829.
    """
    return rule(
        "stdp",
        weight="a_plus * post * x - a_minus * pre * before(y)",
        traces={"x": Trace("pre", tau_plus), "y": Trace("post", tau_minus)},
        parameters={"a_plus": a_plus, "a_minus": a_minus},
        bounds=bounds,
        citation="Song, Miller & Abbott 2000, Nature Neuroscience 3:919, doi:10.1038/78829",
    )


def soft_stdp(
    *,
    w_max: float,
    a_plus: float = 0.005,
    a_minus: float = 0.00525,
    tau_plus: float = 0.02,
    tau_minus: float = 0.02,
) -> Rule:
    """Pair STDP with soft bounds: w += a_plus x (w_max - w) and w -= a_minus y w.

    a_plus, a_minus: of what is left to the bound. tau_plus, tau_minus: seconds.
    Morrison, Diesmann & Gerstner 2008, doi:10.1007/s00422-008-0233-1, section 4.1 (weight dependence, exponent 1).
    """
    return rule(
        "soft_stdp",
        weight="a_plus * post * x * (w_max - w) - a_minus * pre * before(y) * w",
        traces={"x": Trace("pre", tau_plus), "y": Trace("post", tau_minus)},
        parameters={"a_plus": a_plus, "a_minus": a_minus, "w_max": w_max},
        bounds=(0.0, w_max),
        citation="Morrison, Diesmann & Gerstner 2008, Biol. Cybern. 98:459, doi:10.1007/s00422-008-0233-1",
    )


@dataclass(frozen=True)
class Triplet:
    """Parameters of the triplet rule. Times in seconds, amplitudes in units of weight (relative changes in the paper).

    a2_plus, a2_minus: of pairs. a3_plus, a3_minus: of triplets. tau_plus, tau_x: of the source's traces; tau_minus,
    tau_y: of the target's. source: where they come from.
    """

    a2_plus: float
    a3_plus: float
    a2_minus: float
    a3_minus: float
    tau_plus: float
    tau_x: float
    tau_minus: float
    tau_y: float
    source: str = "Pfister & Gerstner 2006, J. Neurosci. 26:9673, doi:10.1523/JNEUROSCI.1425-06.2006"


# All-to-all sets of Pfister & Gerstner 2006: table 3 (visual cortex) and table 4 (hippocampal culture). The minimal
# sets have no pair potentiation (visual cortex) and no triplet depression, so that tau_x stands for nothing there.
VISUAL_CORTEX_FULL = Triplet(5e-10, 6.2e-3, 7e-3, 2.3e-4, 16.8e-3, 101e-3, 33.7e-3, 125e-3)
VISUAL_CORTEX_MINIMAL = Triplet(0.0, 6.5e-3, 7.1e-3, 0.0, 16.8e-3, 101e-3, 33.7e-3, 114e-3)
HIPPOCAMPUS_FULL = Triplet(6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, 16.8e-3, 946e-3, 33.7e-3, 27e-3)
HIPPOCAMPUS_MINIMAL = Triplet(5.3e-3, 8e-3, 3.5e-3, 0.0, 16.8e-3, 946e-3, 33.7e-3, 40e-3)


def triplet_stdp(*, parameters: Triplet = VISUAL_CORTEX_FULL, scale: float = 1.0, bounds: Bounds = UNBOUNDED) -> Rule:
    """Triplet STDP: at a target's spike w += r1 (A2+ + A3+ o2), at a source's w -= o1 (A2- + A3- r2).

    r1, r2 are traces of the source, o1, o2 of the target; o2 and r2 are taken as they were before the spike itself.
    scale: units of weight per relative change. Amplitudes of 0 leave their term and trace out.
    Pfister & Gerstner 2006, doi:10.1523/JNEUROSCI.1425-06.2006, equations 2 to 4.
    """
    if not isinstance(parameters, Triplet):
        limit = "a Triplet is needed"
        mend = "Take VISUAL_CORTEX_FULL, VISUAL_CORTEX_MINIMAL, HIPPOCAMPUS_FULL or HIPPOCAMPUS_MINIMAL of nk.rules."
        raise RuleError(Fault("triplet_stdp", f"parameters is {parameters!r}", limit, mend))
    p = parameters
    found = [
        (p.a2_plus, "post * r1"),
        (p.a3_plus, "post * r1 * before(o2)"),
        (-p.a2_minus, "pre * before(o1)"),
        (-p.a3_minus, "pre * before(o1) * before(r2)"),
    ]
    text = " + ".join(f"({amplitude * scale!r}) * {factors}" for amplitude, factors in found if amplitude)
    traces = {
        "r1": Trace("pre", p.tau_plus),
        "r2": Trace("pre", p.tau_x),
        "o1": Trace("post", p.tau_minus),
        "o2": Trace("post", p.tau_y),
    }
    used = {name: trace for name, trace in traces.items() if name in text}
    return rule("triplet_stdp", weight=text, traces=used, bounds=bounds, citation=p.source)


def reward_stdp(
    *,
    a_plus: float = 1.0,
    a_minus: float = 1.5,
    tau_plus: float = 0.02,
    tau_minus: float = 0.02,
    tau_tag: float = 1.0,
    learning_rate: float = 0.005,
    bounds: Bounds = UNBOUNDED,
) -> Rule:
    """Reward-modulated STDP: pairs write to a tag c that fades, and a reward r turns it into weight.

        dc/dt = -c / tau_tag + STDP,    dw = learning_rate c r

    r is what arrives at the port "modulation" in a step. a_plus, a_minus: of the tag, which has no unit.
    tau_plus, tau_minus, tau_tag: seconds. The tag decays by forward Euler.
    Izhikevich 2007, doi:10.1093/cercor/bhl152, where r is the dopamine of the step (which fades with 0.2 s there).
    """
    return rule(
        "reward_stdp",
        weight="learning_rate * step * tag * reward",
        tag="a_plus * post * x - a_minus * pre * before(y) - rate * tag / tau_tag",
        traces={"x": Trace("pre", tau_plus), "y": Trace("post", tau_minus)},
        signals={"reward": Signal("modulation", {"scale": 1.0})},
        parameters={"learning_rate": learning_rate, "a_plus": a_plus, "a_minus": a_minus, "tau_tag": tau_tag},
        bounds=bounds,
        citation="Izhikevich 2007, Cerebral Cortex 17:2443, doi:10.1093/cercor/bhl152",
    )
