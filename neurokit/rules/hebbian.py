"""Rules of rates and potentials: nonlinear Hebbian, Oja, Convallis, the delta rule.

Where a source spikes its activity x is a trace of its spikes, which add 1; where it sends payloads, pass graded=True: x
is then the last payload.
"""

from __future__ import annotations

import math

from neurokit.graph.plasticity import Rule, Signal, Trace
from neurokit.graph.plasticity_text import rule
from neurokit.rules.spike_timing import UNBOUNDED, Bounds


def activity(tau: float, graded: bool) -> Trace:
    """Trace of a source's activity: of its spikes, or the value it last sent."""
    return Trace("pre", tau, overwrites=graded)


def nonlinear_hebbian(
    *, learning_rate: float, level: float, tau: float = 0.02, graded: bool = False, bounds: Bounds = UNBOUNDED
) -> Rule:
    """Nonlinear Hebbian learning, dw = learning_rate x h(v), with h(v) = max(0, v - level) of the target's potential.

    h is evaluated in the neuron, from the potential before its reset. level: in units of potential. tau: of x
    (seconds). The weights need a norm of their own (bounds, or Oja's). Brito & Gerstner 2016, where any h with a
    threshold finds the same features.
    """
    return rule(
        "nonlinear_hebbian",
        weight="learning_rate * step * x * h",
        traces={"x": activity(tau, graded)},
        signals={"h": Signal("potential_above", {"scale": 1.0, "level": level})},
        parameters={"learning_rate": learning_rate},
        bounds=bounds,
        citation="Brito & Gerstner 2016, PLoS Comput. Biol. 12:e1005070, doi:10.1371/journal.pcbi.1005070",
    )


def oja(*, learning_rate: float, tau: float = 0.02, graded: bool = False, bounds: Bounds = UNBOUNDED) -> Rule:
    """Oja's rule, dw = learning_rate (x y - y**2 w): the first principal component, with a norm of 1.

    y = max(0, v) is the target's potential. tau: of x (seconds). Oja 1982.
    """
    return rule(
        "oja",
        weight="learning_rate * step * x * y - learning_rate * step * y * y * w",
        traces={"x": activity(tau, graded)},
        signals={"y": Signal("potential_above", {"scale": 1.0, "level": 0.0})},
        parameters={"learning_rate": learning_rate},
        bounds=bounds,
        citation="Oja 1982, J. Math. Biol. 15:267, doi:10.1007/BF00275687",
    )


def convallis(
    *,
    learning_rate: float,
    tau_plus: float,
    tau_minus: float,
    upper: float,
    lower: float,
    gain_plus: float = 1.0,
    gain_minus: float = 1.0,
    tau_tag: float = math.inf,
    dead_zone: float | None = None,
    bounds: Bounds = UNBOUNDED,
) -> Rule:
    """Convallis, dw/dt = F'(V) (K * x): the potential is driven away from between two levels, to rest or to spikes.

        F'(V) = gain_plus max(0, V - upper) - gain_minus max(0, lower - V), each part with a kernel of its own

    K is an exponential with tau_plus or tau_minus (seconds). The change gathers in a tag, which fades with tau_tag
    (seconds) and acts on the weight at learning_rate (per second); with dead_zone only the sign of tags beyond
    +-dead_zone acts. This is the rule's form; the paper's constants could not be verified and are not filled in:
    levels, gains and times are yours to give. Yger & Harris 2013.
    """
    fading = "" if math.isinf(tau_tag) else f" - rate * tag / ({tau_tag!r})"
    weight = "learning_rate * rate * tag"
    if dead_zone is not None:
        weight = "learning_rate / 2 * rate * sgn(tag - dead_zone) + learning_rate / 2 * rate * sgn(tag + dead_zone)"
    return rule(
        "convallis",
        weight=weight,
        tag="step * x_plus * above - step * x_minus * below" + fading,
        traces={"x_plus": Trace("pre", tau_plus), "x_minus": Trace("pre", tau_minus)},
        signals={
            "above": Signal("potential_above", {"scale": gain_plus, "level": upper}),
            "below": Signal("potential_below", {"scale": gain_minus, "level": lower}),
        },
        parameters={"learning_rate": learning_rate} | _given("dead_zone", dead_zone),
        bounds=bounds,
        citation="Yger & Harris 2013, PLoS Comput. Biol. 9:e1003258, doi:10.1371/journal.pcbi.1003258",
        notes=("form of the rule only: the paper's constants are not verified, give your own",),
    )


def delta_rule(*, learning_rate: float, tau: float = 0.02, graded: bool = False, bounds: Bounds = UNBOUNDED) -> Rule:
    """The delta rule, dw = -learning_rate x error, with the error (output minus target) at the port "modulation".

    tau: of x (seconds). Widrow & Hoff 1960.
    """
    return rule(
        "delta_rule",
        weight="-learning_rate * step * x * error",
        traces={"x": activity(tau, graded)},
        signals={"error": Signal("modulation", {"scale": 1.0})},
        parameters={"learning_rate": learning_rate},
        bounds=bounds,
        citation="Widrow & Hoff 1960, IRE WESCON Convention Record 4:96",
    )


def _given(name: str, value: float | None) -> dict[str, float]:
    return {} if value is None else {name: value}
