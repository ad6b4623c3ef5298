"""A rule on the learning engine without a network around it: for fidelity, and for what a chip can express."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import CompileError, Fault
from neurokit.graph.check_rules import rule_faults
from neurokit.graph.fixed_plasticity import Arithmetic, FixedRule
from neurokit.graph.neurons import Neuron
from neurokit.graph.plasticity import Rule
from neurokit.lower.plasticity import lower_rule
from neurokit.lower.plasticity_variables import Surroundings

POTENTIAL_SCALE = 64 * 4096.0  # a threshold of 1 as a leaking neuron's usually is (`scale.LEAKY_THRESHOLD`)
PORT_SCALE = 4096.0


def lower_alone(
    rule: Rule,
    *,
    dt: float,
    neuron: Neuron,
    weight: NDArray[np.float64],
    weight_bits: int = 8,
    trace_bits: int = 7,
    epoch: int | None = None,
    arithmetic: Arithmetic = "lava",
    modulation: Mapping[str, float] | None = None,
    observed: Mapping[str, float] | None = None,
    graded: bool = False,
    payload_scale: float = 1.0,
    seed: int | None = None,
) -> FixedRule:
    """`rule` in the engine's integers; its report has all scales. CompileError with the faults where there is none.

    dt: seconds. neuron: the target's, in floats. weight: physical, of any shape. weight_bits, trace_bits: what is used
    of the 8 and 7 bits there are. epoch: steps, None: the rule's interval. modulation: largest physical |value| by port
    of third factors; what arrives is PORT_SCALE units per physical unit, v POTENTIAL_SCALE units per unit of potential.
    observed: largest physical |value| of traces, signals and tags by name. graded, payload_scale: of the source.
    """
    if found := rule_faults(rule):
        raise CompileError(found)
    bounds = max(map(abs, rule.bounds))
    start = float(np.abs(weight).max(initial=0.0))
    if not math.isfinite(bounds) and start == 0:
        limit = "a unit of weight follows the largest weight or the rule's bounds"
        raise CompileError(Fault(rule.name, "all weights are 0 and it has no bounds", limit, "Give it bounds=."))
    full = (1 << weight_bits) - 1
    scale = full / bounds if math.isfinite(bounds) else (full >> 1) / start
    ports: Mapping[str, float] = modulation or {}
    around = Surroundings(
        name=rule.name,
        dt=dt,
        weight_scale=scale,
        neuron=neuron,
        potential_scale=POTENTIAL_SCALE,
        port_scale=dict.fromkeys(ports, PORT_SCALE),
        port_peak=dict(ports),
        graded=graded,
        payload_scale=payload_scale,
        observed=observed or {},
        most_trace=(1 << trace_bits) - 1,
    )
    timed = rule if epoch is None else replace(rule, interval=epoch * dt)
    made = lower_rule(timed, around, arithmetic)
    if not isinstance(made, FixedRule):
        raise CompileError(made)
    return made if seed is None else replace(made, seed=seed)
