"""How faithfully the learning engine changes weights as a rule does in floats: `measure` over a sweep of settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import CompileError, Fault
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.network import Network, Projection
from neurokit.graph.plasticity import Rule
from neurokit.graph.synapses import Conv2d
from neurokit.learn.agreement import Fidelity, Measured, Setting, agreement, rms
from neurokit.learn.driven import drive, lowered
from neurokit.learn.observed import Seen, observe_learning
from neurokit.lower.fold import fold

Floats = NDArray[np.float64]


def settings_of(
    weight_bits: Sequence[int], trace_bits: Sequence[int], epochs: Sequence[int], arithmetic: Sequence[str]
) -> list[Setting]:
    """The first of each, and then each number by itself, the others being the first."""
    base = Setting(weight_bits[0], trace_bits[0], epochs[0], arithmetic[0])
    found = [base]
    found += [replace(base, weight_bits=bits) for bits in weight_bits[1:]]
    found += [replace(base, trace_bits=bits) for bits in trace_bits[1:]]
    found += [replace(base, epoch=epoch) for epoch in epochs[1:]]
    return found + [replace(base, arithmetic=name) for name in arithmetic[1:]]


def measure(
    network: Network,
    inputs: Mapping[str, NDArray[Any]],
    steps: int,
    settings: Sequence[Setting],
    blocks: int,
) -> Fidelity:
    """The weight changes of each plastic projection of `network` over all samples, beside those of the learning engine
    that sees the same spikes and signals.

    inputs: name -> (samples, input steps, *shape). blocks: time blocks of each sample that are told apart; changes are
    summed over samples. CompileError where no setting can be had, and for projections that no chip's engine carries.
    """
    learning = [p for p in fold(network)[0].projections if isinstance(p.plasticity, Rule)]
    refused = [fault for projection in learning for fault in _kind_faults(projection)]
    if refused:
        raise CompileError(refused)
    seen = observe_learning(network, inputs, steps, blocks)
    rows: list[Measured] = []
    notes: dict[str, None] = {}
    impossible: dict[str, list[Fault]] = {}
    for projection in learning:
        for setting in settings:
            fixed = _on_the_engine(network, projection, seen[projection.name], setting)
            if not isinstance(fixed, FixedRule):
                impossible[f"{projection.name} ({setting})"] = fixed
                continue
            rows += _compared(projection, fixed, seen[projection.name], setting, blocks)
            notes |= dict.fromkeys(f"{projection.name}: {note}" for note in fixed.report.notes)
    if not rows:
        raise CompileError([fault for faults in impossible.values() for fault in faults])
    names = ", ".join(dict.fromkeys(p.plasticity.name for p in learning if isinstance(p.plasticity, Rule)))
    said = [f"{what}: {faults[0].fact}: {faults[0].limit}. {faults[0].mend}" for what, faults in impossible.items()]
    return Fidelity(names, settings[0], tuple(rows), tuple(notes), tuple(said))


def changes(weights: Sequence[Floats], blocks: int) -> dict[str, Floats]:
    """What changed in all, and in each time block summed over samples; weights: at the start and after each block."""
    found = {"all": weights[-1] - weights[0]}
    if blocks > 1:
        steps = np.diff(np.stack(weights), axis=0)
        found |= {f"{k + 1}/{blocks}": steps[k::blocks].sum(0) for k in range(blocks)}
    return found


def _kind_faults(projection: Projection) -> list[Fault]:
    if not isinstance(projection.synapse, Conv2d):
        return []
    limit, mend = "the learning engine has no shared weights", "Leave its rule out, or compare runs of the simulator."
    return [Fault(projection.name, "is a convolution that learns", limit, mend)]


def _on_the_engine(network: Network, projection: Projection, seen: Seen, setting: Setting) -> FixedRule | list[Fault]:
    rule, dt = projection.plasticity, network.dt
    assert isinstance(rule, Rule), "`measure` takes those only"
    assert dt is not None, "`check_network` refuses a rule without a step"
    source = network.populations.get(projection.source)
    graded = any(trace.overwrites for trace in rule.traces.values()) and (source is None or source.neuron.graded)
    return lowered(projection.name, rule, seen, network.populations[projection.target].neuron, dt, graded, setting)


def _compared(projection: Projection, fixed: FixedRule, seen: Seen, setting: Setting, blocks: int) -> list[Measured]:
    driven = drive(fixed, seen, projection.synapse, blocks)
    wanted, found = changes(seen.weights, blocks), changes(driven.weights, blocks)
    scale, rows = fixed.report.weight_scale, []
    for block, change in wanted.items():
        found_here = agreement(found[block], change)
        rows.append(Measured(projection.name, block, "float", setting, found_here, driven.railed, rms(scale * change)))
    return rows
