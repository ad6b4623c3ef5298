"""e-prop: local eligibility traces times a learning signal (Bellec et al. 2020, doi:10.1038/s41467-020-17236-y).

With x the source's spikes filtered as the membrane filters them, psi the pseudo-derivative of the target and L the
learning signal of the target, which arrives at its port "modulation":

    LIF    e = psi x
    ALIF   e = psi (x - beta a),  a <- psi x + (rho - beta psi) a
    e_bar <- kappa e_bar + (1 - kappa) e,    kappa = exp(-dt / tau_out), the filter of the readout
    w <- w - learning_rate L e_bar

e-prop is written in steps, so these functions take dt (seconds), which must be the network's. tau (seconds): the
filter keeps exp(-dt / tau) a step, as the membrane of an ALIF does; that of a LIF keeps 1 - dt / tau_mem (forward
Euler), so tau = -dt / log(1 - dt / tau_mem) for it.

signal_steps: by how many steps L comes late. 0: L of a step meets the eligibility of the same step (an input that
knows it). 1: through a projection with a delay of dt. 2: through a population between; it takes a second tag. On the
chip every connection takes a step, so that L comes late by at least one.

carry: for integers. A weight of 8 bits that changes by a thousandth of a unit in each step does so by chance, and the
noise of all these chances is larger than what is learned. With carry, changes are added up in the second tag, and the
weight takes a whole unit (1/255 of its bound) when one is full; what is left stays in the tag. The tag is lost where a
new sample begins: let a long run learn, and reset its neurons by schedule (`nk.compile(window=)`).

gated: L counts only in steps in which something arrives at the target's port "reward", as where an answer is expected
at the end of a trial.

signal_limit: L is clipped to +-signal_limit. On the chip L has 7 bits, which then hold just this range.
"""

from __future__ import annotations

import math

from neurokit.errors import Fault, RuleError
from neurokit.graph.plasticity import Rule, Signal, Trace
from neurokit.graph.plasticity_text import rule
from neurokit.rules.spike_timing import UNBOUNDED, Bounds

BELLEC = "Bellec et al. 2020, Nature Communications 11:3625, doi:10.1038/s41467-020-17236-y"
NONE: dict[str, float] = {}
UNITS = 255  # of a bounded weight in the learning engine, see lower.plastic_projections.MOST


def eprop_lif(
    *,
    dt: float,
    tau: float,
    tau_out: float | None = None,
    learning_rate: float = 1e-4,
    dampening: float = 0.3,
    signal_steps: int = 1,
    bounds: Bounds = UNBOUNDED,
    carry: bool = False,
    signal_limit: float = math.inf,
    gated: bool = False,
) -> Rule:
    """e-prop of LIF neurons; see the module.

    tau: of the target's membrane. tau_out: of the readout, None: e is not filtered. dampening: of the pseudo-derivative
    (0.3 in the paper). With carry the second tag is taken: L of 2 steps ago meets the eligibility of 1 step ago.
    """
    leak, held = _leak(dt, tau_out), _late(signal_steps, carry)
    tag = "leak * step * x * psi - leak * step * tag"
    weight = f"-learning_rate * step * {held} * learning"
    if not held:  # the tag as it will be after this step
        weight = "-learning_rate * leak * step * x * psi * learning"
        weight, tag = (
            (weight, "") if leak == 1 else (f"{weight} - learning_rate * (1 - leak) * step * tag * learning", tag)
        )
    second, units = "step * tag - step * tag2" if held == "tag2" else "", NONE
    if carry:
        weight, second, units = _carried(weight, bounds)
    return rule(
        "eprop_lif",
        weight=weight,
        tag=tag,
        second_tag=second,
        traces={"x": Trace("pre", tau)},
        signals={"learning": _learning(signal_limit, gated), "psi": _psi(dampening)},
        parameters={"learning_rate": learning_rate, "leak": leak, **units},
        bounds=bounds,
        citation=BELLEC,
        notes=(f"the learning signal arrives {signal_steps} step(s) late",) if signal_steps else (),
        signal_steps=signal_steps,
    )


def eprop_alif(
    *,
    dt: float,
    tau: float,
    beta: float,
    tau_out: float | None = None,
    learning_rate: float = 1e-4,
    dampening: float = 0.3,
    bounds: Bounds = UNBOUNDED,
) -> Rule:
    """e-prop of ALIF neurons with both states of their eligibility; L comes one step late (see the module).

    beta: potential per unit of adaptation, as of the target's ALIF; its decay rho comes from the neuron. tag is the
    adaptation's eligibility, tag2 the filtered one (on silicon the synaptic delay: see `eprop_alif_one_tag`).
    """
    leak = _leak(dt, tau_out)
    return rule(
        "eprop_alif",
        weight="-learning_rate * step * tag2 * learning",
        tag="step * x * psi - step * tag * forgetting",
        second_tag="leak * step * x * psi - leak * beta * step * psi * tag - leak * step * tag2",
        traces={"x": Trace("pre", tau)},
        signals={"learning": _learning(math.inf), "psi": _psi(dampening), "forgetting": _forgetting(dampening)},
        parameters={"learning_rate": learning_rate, "leak": leak, "beta": beta},
        bounds=bounds,
        citation=BELLEC,
        notes=("the learning signal arrives one step late: give its projection a delay of dt",),
        signal_steps=1,
    )


def eprop_alif_one_tag(
    *,
    dt: float,
    tau: float,
    beta: float,
    learning_rate: float = 1e-4,
    dampening: float = 0.3,
    bounds: Bounds = UNBOUNDED,
    carry: bool = False,
    signal_limit: float = math.inf,
    gated: bool = False,
) -> Rule:
    """e-prop of ALIF neurons with one tag, the eligibility of the adaptation, for chips: e is not filtered.

    Without a filter, L of a step meets e of the same step; it fits readouts with a short memory. Where the readout's
    filter matters more than the adaptation, `eprop_lif` on the ALIF neurons is the other form with one tag.
    """
    del dt  # the same arguments as its relatives have
    weight = "-learning_rate * step * x * psi * learning + learning_rate * beta * step * psi * tag * learning"
    second, units = "", NONE
    if carry:
        weight, second, units = _carried(weight, bounds)
    return rule(
        "eprop_alif_one_tag",
        weight=weight,
        second_tag=second,
        tag="step * x * psi - step * tag * forgetting",
        traces={"x": Trace("pre", tau)},
        signals={
            "learning": _learning(signal_limit, gated),
            "psi": _psi(dampening),
            "forgetting": _forgetting(dampening),
        },
        parameters={"learning_rate": learning_rate, "beta": beta, **units},
        bounds=bounds,
        citation=BELLEC,
        notes=("an approximation of eprop_alif for chips: the readout's filter is left out",),
    )


def eprop_readout(
    *,
    dt: float,
    tau_out: float,
    learning_rate: float = 1e-4,
    signal_steps: int = 1,
    bounds: Bounds = UNBOUNDED,
    carry: bool = False,
    signal_limit: float = math.inf,
    gated: bool = False,
) -> Rule:
    """The weights of a leaky readout: w <- w - learning_rate error x, x the source's spikes filtered with tau_out.

    The error y - y* arrives at the readout's port "modulation", signal_steps (0, 1 or 2) steps late.
    """
    _leak(dt, tau_out)
    held = _late(signal_steps, carry)
    weight = f"-learning_rate * step * {held or 'x'} * error"
    second, units = "step * tag - step * tag2" if held == "tag2" else "", NONE
    if carry:
        weight, second, units = _carried(weight, bounds)
    return rule(
        "eprop_readout",
        weight=weight,
        tag="step * x - step * tag" if held else "",
        second_tag=second,
        traces={"x": Trace("pre", tau_out)},
        signals={"error": _learning(signal_limit, gated)},
        parameters={"learning_rate": learning_rate, **units},
        bounds=bounds,
        citation=BELLEC,
        signal_steps=signal_steps,
    )


def eprop_reward(
    *,
    dt: float,
    tau: float,
    tau_out: float | None,
    discount: float,
    learning_rate: float = 1e-4,
    dampening: float = 0.3,
    bounds: Bounds = UNBOUNDED,
) -> Rule:
    """Reward-based e-prop of LIF neurons: w <- w - learning_rate delta F(L e_bar), F(z) <- discount F(z) + z.

    L, the error of policy and value as it reaches the neuron, arrives at the port "modulation" one step late; delta,
    the error of the reward's prediction, at the port "reward". discount: gamma per step. Bellec et al. 2020.
    """
    leak = _leak(dt, tau_out)
    return rule(
        "eprop_reward",
        weight="-learning_rate * step * tag2 * delta",
        tag="leak * step * x * psi - leak * step * tag",
        second_tag="step * tag * learning - (1 - discount) * step * tag2",
        traces={"x": Trace("pre", tau)},
        signals={"learning": _learning(math.inf), "psi": _psi(dampening), "delta": Signal("reward", {"scale": 1.0})},
        parameters={"learning_rate": learning_rate, "leak": leak, "discount": discount},
        bounds=bounds,
        citation=BELLEC,
        notes=("the learning signal arrives one step late: give its projection a delay of dt",),
        signal_steps=1,
    )


def _learning(limit: float, gated: bool = False) -> Signal:
    return Signal("gated_modulation" if gated else "modulation", {"scale": 1.0}, limit)


def _carried(change: str, bounds: Bounds) -> tuple[str, str, dict[str, float]]:
    """Changes of weight and second tag, and their parameters, if `change` is added up in the tag; see the module.

    sgn(tag2 + unit) + sgn(tag2 - unit) is 2 above unit, -2 below -unit, else 0. The first of both stands first, since
    its constant brings a large tag back into the learning engine's 16 bits before the other one is added.
    """
    bound = max(map(abs, bounds))
    if not math.isfinite(bound):
        limit = "a unit of weight is 1/255 of the larger bound"
        raise RuleError(Fault("carry", f"bounds are {bounds}", limit, "Pass bounds=(-largest, largest)."))
    above, below = "half * step * sgn(tag2 + unit)", "half * step * sgn(tag2 - unit)"
    unit = bound / UNITS
    return f"{above} + {below}", f"{change} - {above} - {below}", {"unit": unit, "half": unit / 2}


def _late(signal_steps: int, carry: bool = False) -> str:
    """The variable that holds the eligibility of that many steps ago, "" for this step's."""
    names = {0: "", 1: "tag", 2: "tag2"}
    if signal_steps not in names:
        limit = "two tags hold at most two steps"
        raise RuleError(Fault("signal_steps", f"is {signal_steps!r}", limit, "Pass 0, 1 or 2."))
    return "tag" if carry and signal_steps == 2 else names[signal_steps]


def _leak(dt: float, tau_out: float | None) -> float:
    """1 - kappa per step; 1 without a filter."""
    if not (math.isfinite(dt) and dt > 0):
        raise RuleError(Fault("dt", f"is {dt}", "a step is a positive number of seconds", "Pass the network's dt."))
    if tau_out is None:
        return 1.0
    if not tau_out > 0:
        limit = "a time constant is a positive number of seconds"
        raise RuleError(Fault("tau_out", f"is {tau_out}", limit, "Pass seconds, or None for no filter."))
    return -math.expm1(-dt / tau_out)


def _psi(dampening: float) -> Signal:
    return Signal("pseudo_derivative", {"dampening": dampening, "scale": 1.0})


def _forgetting(dampening: float) -> Signal:
    """1 - rho + beta psi."""
    return Signal("adaptation_decay", {"dampening": dampening, "scale": 1.0})
