"""What a neuron evaluates for its synapses, and what a host does to them: tables of names, parameters and equations.

Signals are evaluated in every step, after the neuron's update, from v as it was compared with the threshold (before a
reset) and from what arrives at the port MODULATION, to which a Network's projections may send a learning signal. What
never spikes, a readout, sends its potential there: the v of the step in a Network, the state v in a Program. In a
Program all quantities are in the chip's units (v as state, threshold in state units) and the result is rounded towards
zero and clipped to +-127.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MODULATION = "modulation"  # the port of a population at which its third factor arrives
REWARD = "reward"  # a second such port, for rules that hear a learning signal and a reward
THIRD_FACTORS = MODULATION, REWARD
GATED = "gated_modulation", "gated_modulation_positive", "gated_modulation_negative"  # signals that hear both


@dataclass(frozen=True)
class Function:
    """parameters: names. equation: what it gives. source: where it comes from."""

    parameters: tuple[str, ...]
    equation: str
    source: str = ""


SIGNALS: Mapping[str, Function] = {
    "modulation": Function(("scale",), "scale * (sum of what arrives at the port 'modulation')"),
    "modulation_positive": Function(("scale",), "scale * max(0, sum at the port 'modulation')"),
    "modulation_negative": Function(("scale",), "scale * max(0, -sum at the port 'modulation')"),
    "gated_modulation": Function(
        ("scale",), "scale * (sum at the port 'modulation') in steps in which something arrives at 'reward', else 0"
    ),
    "gated_modulation_positive": Function(("scale",), "its positive part: max(0, sum) in place of the sum"),
    "gated_modulation_negative": Function(("scale",), "its negative part: max(0, -sum) in place of the sum"),
    "modulation_trace": Function(
        ("scale", "tau"),
        "z <- z exp(-dt / tau) + scale * (sum at the port 'modulation') (tau in seconds, or steps)",
    ),
    "reward": Function(("scale",), "scale * (sum of what arrives at the port 'reward', a second third factor)"),
    "pseudo_derivative": Function(
        ("dampening", "scale"),
        "scale * dampening / threshold * max(0, 1 - |v - threshold'| / threshold), threshold' with the adaptation",
        "Bellec et al. 2020, doi:10.1038/s41467-020-17236-y, equation 4; not while refractory",
    ),
    "adaptation_decay": Function(
        ("dampening", "scale"),
        "scale * (1 - rho + beta * pseudo-derivative), rho the decay of the adaptation per step",
        "the leak of the eligibility of an adaptation: Bellec et al. 2020, equation 24",
    ),
    "constant": Function(("value",), "value"),
    "spike_trace": Function(("impulse", "tau"), "z <- z exp(-dt / tau) + impulse * spike (tau in seconds, or steps)"),
    "spike": Function(("scale",), "scale * spike (or its payload)"),
    "potential_above": Function(("scale", "level"), "scale * max(0, v - level)"),
    "potential_below": Function(("scale", "level"), "scale * max(0, level - v)"),
}

HOST_OPERATIONS: Mapping[str, Function] = {
    "normalise_rows": Function(("total",), "each target's weights are scaled so that their sum is total"),
    "add_transpose": Function(
        ("rate",),
        "w <- w + rate * W^T, W the weights of the projection `reads`: weight transport, not local",
        "'self' of Kunin et al. 2020, arXiv:2003.01513",
    ),
    "reverse_projection": Function(
        ("rate",),
        "w <- w - rate * z (z^T w), z the trace `reads` of the targets: a sum over the targets of a source, not local",
        "'sparse' of Kunin et al. 2020, arXiv:2003.01513",
    ),
}
