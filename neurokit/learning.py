"""`nk.fidelity`: how faithfully the chip's learning engine does what a rule does in floats."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit import api
from neurokit.arguments import Inputs, check_count, check_inputs, check_steps
from neurokit.errors import CompileError, Fault, InputError, RailWarning
from neurokit.graph.check import check_network
from neurokit.graph.check_fixed_rules import MAX_EPOCH
from neurokit.graph.fixed_plasticity import Arithmetic, FixedRule
from neurokit.graph.network import Network, Program
from neurokit.graph.plasticity import Rule
from neurokit.learn.agreement import Fidelity, Measured, Setting, agreement, rms
from neurokit.lower.fold import fold
from neurokit.lower.plastic_synapses import initial_weights

ROUNDINGS = "repaired", "lava"
MOST_WEIGHT_BITS, MOST_TRACE_BITS = 8, 7


def fidelity(
    rule: Rule | None,
    network: Network,
    data: Inputs,
    *,
    projection: str | None = None,
    steps: int | None = None,
    weight_bits: Sequence[int] = (8, 7, 6, 5, 4),
    trace_bits: Sequence[int] = (7, 6, 5, 4),
    epochs: Sequence[int] = (1, 2, 4, 8),
    rounding: Sequence[str] = ROUNDINGS,
    blocks: int = 1,
    deployed: bool = False,
) -> Fidelity:
    """Run `network` in floats over `data`, then the learning engine on the very spikes and signals that its plastic
    projections saw, and compare the weight changes: cosine, scale and signs, per projection and time block.

    rule: given to `projection` ("source->target"; may be left out where the network has one that can learn); None: the
    rules that the network carries already (Network.with_plasticity, which also brings third factors in).
    data: inputs as for `nk.run`; samples are presented in order, weights go on from one to the next. steps: default the
    inputs' length. weight_bits (1 to 8), trace_bits (1 to 7, of traces and signals), epochs (steps from one evaluation
    to the next, 1 to 63), rounding ("repaired", "lava", see docs/plasticity.md): the first of each make the base, and
    from there one is changed at a time. In a longer epoch, terms of every step are as many times as large (of a
    tag that fades, as much as it fades).
    blocks: time blocks of each sample that are also told apart.
    deployed: also compile the whole network (calibrated with data) and run it in integers, for each of rounding: rows
    whose spikes are "own". They differ by what the neurons do in integers as well, whose spikes part from the float
    network's sooner or later. A network that cannot be compiled is told among what is not possible.

    The result prints as a table; `save("x.png")` (or .svg, .pdf, .html, .json, .txt) writes it. Scales are chosen by
    what occurred in floats, as calibration does. A cosine below 1 with 8 bits mostly tells that weights changed by few
    units: small changes come about by chance.
    Raises InputError (arguments), GraphError (an unsound network) and CompileError (rules that no engine carries).
    """
    if isinstance(network, Program) or not isinstance(network, Network):
        fact = f"is a {type(network).__name__}"
        raise InputError(Fault("network", fact, "a Network is needed", "Pass the Network that nk.convert gave."))
    from neurokit.learn.fidelity import measure, settings_of  # loads the simulator: not before it is asked

    settings = (
        _counts("weight_bits", weight_bits, MOST_WEIGHT_BITS),
        _counts("trace_bits", trace_bits, MOST_TRACE_BITS),
        _counts("epochs", epochs, MAX_EPOCH),
        _roundings(rounding),
    )
    learning = check_network(_with_rule(network, projection, rule))
    if not any(isinstance(p.plasticity, Rule) for p in learning.projections):
        fact, limit = "was None, and no projection of the network learns", "there is nothing to compare"
        raise InputError(Fault("rule", fact, limit, "Pass a rule of nk.rules, or use network.with_plasticity first."))
    arrays, _ = check_inputs(learning, data)
    steps = check_steps(arrays, steps)
    blocks = check_count("blocks", blocks, "Leave it out for one.")
    if blocks > steps:
        fact, limit = f"is {blocks}", f"a sample has {steps} steps"
        raise InputError(Fault("blocks", fact, limit, "Pass at most as many as there are steps."))
    found = measure(learning, arrays, steps, settings_of(*settings), blocks)
    return _with_deployed(found, learning, arrays, steps) if deployed else found


def _with_deployed(found: Fidelity, network: Network, arrays: Mapping[str, Any], steps: int) -> Fidelity:
    """The same with rows of whole Programs, at the settings that compilation knows."""
    before = {p.name: p for p in fold(network)[0].projections if isinstance(p.plasticity, Rule)}
    learned = api.run(network, arrays, steps).program
    after = {p.name: p for p in fold(learned)[0].projections}
    settings = dict.fromkeys(row.setting for row in found.rows)
    base, rows, refused = found.base, list(found.rows), list(found.refused)
    for setting in settings:
        if setting != replace(base, arithmetic=setting.arithmetic):
            continue
        try:
            changed = _changes(network, arrays, steps, setting)
        except CompileError as error:
            refused.append(f"all in integers ({setting}): {error.faults[0]}")
            continue
        for name, (change, railed, scale) in changed.items():
            wanted = initial_weights(after[name].synapse) - initial_weights(before[name].synapse)
            row = Measured(name, "all", "own", setting, agreement(change, wanted), railed, rms(scale * wanted))
            rows.append(row)
    return replace(found, rows=tuple(rows), refused=tuple(refused))


def _changes(
    network: Network, arrays: Mapping[str, Any], steps: int, setting: Setting
) -> dict[str, tuple[NDArray[np.float64], float, float]]:
    """Of each plastic projection of the compiled network: weight changes in the network's unit, the share at a bound,
    and the engine's units in one of the network's."""
    arithmetic: Arithmetic = "lava" if setting.arithmetic == "lava" else "repaired"
    program = api.compile(network, bits=setting.weight_bits, calibrate=arrays, arithmetic=arithmetic)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RailWarning)  # the table tells
        ran = api.run(program, program.scaled(arrays), steps + max(program.latency.values(), default=0))
    found = {}
    for start, end in zip(program.projections, ran.program.projections, strict=True):
        rule = start.plasticity
        if isinstance(rule, FixedRule):
            values = initial_weights(end.synapse)
            change = (values - initial_weights(start.synapse)) / rule.report.weight_scale
            railed = float(((values <= rule.bounds[0]) | (values >= rule.bounds[1])).mean())
            found[start.name] = change, railed, rule.report.weight_scale
    return found


def _with_rule(network: Network, projection: str | None, rule: Rule | None) -> Network:
    if rule is None:
        if projection is not None:
            fact, limit = "was given without a rule", "it says which projection gets the rule"
            raise InputError(Fault("projection", fact, limit, "Pass the rule, or leave projection= out."))
        return network
    if projection is None:
        names = [p.name for p in network.projections if any(hasattr(s, "weight") for s in p.synapses) and not p.port]
        if len(names) != 1:
            fact, limit = "was left out", f"there are {', '.join(names) or 'no projections with weights'}"
            raise InputError(Fault("projection", fact, limit, "Pass projection= with one of these names."))
        (projection,) = names
    return network.with_plasticity(projection, rule)


def _counts(name: str, values: Any, most: int) -> list[int]:
    if isinstance(values, str) or not hasattr(values, "__iter__") or not len(list(values)):
        limit, mend = "it is a sequence of whole numbers", f"Pass e.g. {name}=({most},)."
        raise InputError(Fault(name, f"is {values!r}", limit, mend))
    found = [check_count(name, value, f"Pass whole numbers from 1 to {most}.") for value in values]
    if max(found) > most:
        limit, mend = f"the learning engine has at most {most}", f"Pass whole numbers from 1 to {most}."
        raise InputError(Fault(name, f"holds {max(found)}", limit, mend))
    return list(dict.fromkeys(found))


def _roundings(values: Any) -> list[str]:
    if isinstance(values, str):
        values = (values,)
    if not hasattr(values, "__iter__") or not len(list(values)) or not {*values} <= {*ROUNDINGS}:
        limit = " or ".join(repr(name) for name in ROUNDINGS)
        raise InputError(Fault("rounding", f"is {values!r}", f"each is {limit}", "Choose one of them, or both."))
    return list(dict.fromkeys(values))
