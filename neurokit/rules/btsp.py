"""Behavioural time scale plasticity: a plateau moves a place field over seconds, in both directions.

The plateau arrives at the target's port "modulation". Eligibility is a trace of the source's spikes, the instructive
signal a trace of the plateau; both are meant to lie between 0 and 1 (peak-normalised).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from neurokit.graph.plasticity import Rule, Signal, Trace
from neurokit.graph.plasticity_text import rule

MILSTEIN = "Milstein et al. 2021, eLife 10:e73046, doi:10.7554/eLife.73046"
EIANN = "Galloni, Peddada, Chennawar & Milstein (EIANN): multi-layer BTSP, as its reference code has it"
WU_MAASS = "Wu & Maass 2025, Nature Communications 16:342, doi:10.1038/s41467-024-55563-6"


@dataclass(frozen=True)
class Sigmoid:
    """q(z) = (s(z) - s(0)) / (s(1) - s(0)) with s(z) = 1 / (1 + exp(-slope (z - threshold))): 0 at 0, 1 at 1."""

    slope: float
    threshold: float

    @property
    def zero(self) -> float:
        """s(0)."""
        return 1 / (1 + math.exp(self.slope * self.threshold))

    @property
    def range(self) -> float:
        """s(1) - s(0)."""
        return 1 / (1 + math.exp(-self.slope * (1 - self.threshold))) - self.zero


POTENTIATION = Sigmoid(4.405, 0.415)  # the figures' parameters: Milstein-Lab/neuromorphic-btsp
DEPRESSION = Sigmoid(20.0, 0.026)
K_POTENTIATION, K_DEPRESSION = 1.1097, 0.425  # per second
W_MAX = 4.68
EIANN_DEPRESSION = Sigmoid(200.0, 0.01)  # threshold .01, width .01: a slope of 2 / width in its reference code


def btsp_milstein(
    *,
    tau_eligibility: float,
    tau_instructive: float,
    eligibility: float,
    instruction: float,
    w_max: float = W_MAX,
    k_potentiation: float = K_POTENTIATION,
    k_depression: float = K_DEPRESSION,
    potentiation: Sigmoid = POTENTIATION,
    depression: Sigmoid = DEPRESSION,
) -> Rule:
    """Weight-dependent BTSP: dw/dt = k_pot (w_max - w) q_pot(E I) - k_dep w q_dep(E I).

    tau_eligibility, tau_instructive: seconds (0.1 to 1.75 in the paper, the first the longer). eligibility: what a
    source's spike adds to E; instruction: what a plateau of 1 adds to I in a step; choose both so that the peaks are 1.
    k_potentiation, k_depression: per second. The sigmoids of the product cannot be had on the chip: `btsp_saturating`.
    """
    parameters = {
        "k_pot": k_potentiation / potentiation.range,
        "k_dep": k_depression / depression.range,
        "pot_slope": potentiation.slope,
        "pot_offset": potentiation.slope * potentiation.threshold,
        "pot_zero": potentiation.zero,
        "dep_slope": depression.slope,
        "dep_offset": depression.slope * depression.threshold,
        "dep_zero": depression.zero,
        "w_max": w_max,
    }
    return rule(
        "btsp_milstein",
        weight="""k_pot * rate * (w_max - w) * sigmoid(pot_slope * e * i - pot_offset)
            - k_pot * pot_zero * rate * (w_max - w)
            - k_dep * rate * w * sigmoid(dep_slope * e * i - dep_offset) + k_dep * dep_zero * rate * w""",
        traces={"e": Trace("pre", tau_eligibility, eligibility)},
        signals={"i": Signal("modulation_trace", {"scale": instruction, "tau": tau_instructive})},
        parameters=parameters,
        bounds=(0.0, w_max),
        citation=MILSTEIN,
    )


def btsp_saturating(
    *,
    tau_eligibility: float,
    tau_instructive: float,
    eligibility: float,
    instruction: float,
    saturation: float = 4.0,
    saturation_instructive: float | None = None,
    w_max: float = W_MAX,
    k_potentiation: float = K_POTENTIATION,
    k_depression: float = K_DEPRESSION,
) -> Rule:
    """BTSP for the chip: q_pot is linear, and traces that saturate early stand for q_dep.

        dw/dt = k_pot (w_max - w) E I - k_dep w E' I'

    E', I' are `saturation` and `saturation_instructive` (None: the same) times as steep as E and I and cut off at 1.
    The other arguments are those of `btsp_milstein`. An approximation of Milstein et al. 2021: against the ODE r = 0.97
    over five starting weights (0.95 with a saturation of 8, 0.91 with 16); 0.99 with constants that were searched for
    (`neurokit.learn.btsp.place.fitted`).
    """
    steeper = (saturation if saturation_instructive is None else saturation_instructive) * instruction
    steep = Signal("modulation_trace", {"scale": steeper, "tau": tau_instructive}, limit=1.0)
    return rule(
        "btsp_saturating",
        weight="k_pot * rate * e * i * (w_max - w) - k_dep * rate * e_steep * i_steep * w",
        traces={
            "e": Trace("pre", tau_eligibility, eligibility, limit=1.0),
            "e_steep": Trace("pre", tau_eligibility, saturation * eligibility, limit=1.0),
        },
        signals={
            "i": Signal("modulation_trace", {"scale": instruction, "tau": tau_instructive}, limit=1.0),
            "i_steep": steep,
        },
        parameters={"k_pot": k_potentiation, "k_dep": k_depression, "w_max": w_max},
        bounds=(0.0, w_max),
        citation=MILSTEIN,
        notes=("an approximation of btsp_milstein for chips: saturating traces stand for q_dep",),
    )


def btsp_eiann(
    *,
    learning_rate: float = 0.0101,
    w_max: float = 0.352,
    depression: Sigmoid = EIANN_DEPRESSION,
) -> Rule:
    """Multi-layer BTSP of EIANN: w += eta (P+ ((w_max - w) E - w q_dep(E)) + P- E).

    E is the source's payload, clipped to 0 .. 1, as it last was; P+ and P- are the positive and negative part of the
    plateau. The discounted terms of the sample before are left out. w_max: 0.352, 0.441 and 0.435 by layer; the output
    layer's learning rate is 0.0258.
    """
    return rule(
        "btsp_eiann",
        weight="""eta * step * p_plus * e * (w_max - w)
            - eta / q_range * step * p_plus * w * sigmoid(slope * e - offset)
            + eta * q_zero / q_range * step * p_plus * w - eta * step * p_minus * e""",
        traces={"e": Trace("pre", math.inf, limit=1.0, overwrites=True)},
        signals=_plateaus(),
        parameters={
            "eta": learning_rate,
            "w_max": w_max,
            "slope": depression.slope,
            "offset": depression.slope * depression.threshold,
            "q_zero": depression.zero,
            "q_range": depression.range,
        },
        bounds=(0.0, w_max),
        citation=EIANN,
    )


def btsp_eiann_gated(*, learning_rate: float = 0.0101, w_max: float = 0.352, tau: float = math.inf) -> Rule:
    """Multi-layer BTSP of EIANN for the chip: the source's spike stands for q_dep, whose threshold is next to 0.

        at a source's spike: w += eta (P+ (w_max - w) E - P+ w - |P-| E)

    tau: of the eligibility E (seconds), the payload of the last spike.
    """
    return rule(
        "btsp_eiann_gated",
        weight="eta * pre * e * p_plus * (w_max - w) - eta * pre * p_plus * w - eta * pre * e * p_minus",
        traces={"e": Trace("pre", tau, limit=1.0, overwrites=True)},
        signals=_plateaus(),
        parameters={"eta": learning_rate, "w_max": w_max},
        bounds=(0.0, w_max),
        citation=EIANN,
        notes=("an approximation of btsp_eiann for chips: a spike stands for q_dep",),
    )


def btsp_binary() -> Rule:
    """Binary BTSP: an event of the target sets the weights of its active inputs to 1 (LTP) or 0 (LTD).

    An event of +1 at the port "modulation" is LTP, -1 LTD; which neuron has which is drawn outside (with probability
    f_q / 2 each). Wu & Maass 2025.
    """
    return rule(
        "btsp_binary",
        weight="pre * p_plus * (1 - w) - pre * p_minus * w",
        signals={name: Signal(s.function, s.parameters, limit=1.0) for name, s in _plateaus().items()},
        bounds=(0.0, 1.0),
        citation=WU_MAASS,
    )


def _plateaus() -> dict[str, Signal]:
    return {
        "p_plus": Signal("modulation_positive", {"scale": 1.0}),
        "p_minus": Signal("modulation_negative", {"scale": 1.0}),
    }
