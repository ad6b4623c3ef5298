"""What can express a rule: floats, the engine's integers, Lava on the CPU, Loihi 1, Loihi 2; with the reason for a no.

Every reason is a fault that lowering or a target gives. LIBRARY has the rules of `neurokit.rules` with the parameters
at which they are judged; docs/plasticity.md has the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

import neurokit.rules as rules
from neurokit.errors import CompileError, Fault
from neurokit.graph.check_rules import rule_faults
from neurokit.graph.lif_family import ALIF
from neurokit.graph.neurons import Neuron
from neurokit.graph.plasticity import Rule
from neurokit.lower.plasticity_alone import lower_alone
from neurokit.lower.targets import rule_limits

MEDIA = "float", "fixed", "lava-cpu", "loihi1", "loihi2"
CHIPS = "loihi1", "loihi2"
DT = 1e-3
TARGET = ALIF(tau=np.asarray(0.02), tau_adaptation=np.asarray(0.2), beta=np.asarray(0.02))
HEARD = {"modulation": 1.0, "reward": 1.0}

LIBRARY: Mapping[str, Rule] = {
    "stdp": rules.stdp(),
    "soft_stdp": rules.soft_stdp(w_max=1.0, a_plus=0.02, a_minus=0.02),
    "triplet_stdp, visual cortex": rules.triplet_stdp(parameters=rules.VISUAL_CORTEX_FULL),
    "triplet_stdp, visual cortex, minimal": rules.triplet_stdp(parameters=rules.VISUAL_CORTEX_MINIMAL),
    "triplet_stdp, hippocampus": rules.triplet_stdp(parameters=rules.HIPPOCAMPUS_FULL),
    "triplet_stdp, hippocampus, minimal": rules.triplet_stdp(parameters=rules.HIPPOCAMPUS_MINIMAL),
    "reward_stdp": rules.reward_stdp(),
    "eprop_lif": rules.eprop_lif(dt=DT, tau=0.02, learning_rate=1e-3),
    "eprop_lif, filtered": rules.eprop_lif(dt=DT, tau=0.02, tau_out=0.02, learning_rate=1e-3),
    "eprop_lif, filtered, signal 2 steps late": rules.eprop_lif(
        dt=DT, tau=0.02, tau_out=0.02, learning_rate=1e-3, signal_steps=2
    ),
    "eprop_alif, filtered": rules.eprop_alif(dt=DT, tau=0.02, beta=0.02, tau_out=0.02, learning_rate=1e-3),
    "eprop_alif_one_tag": rules.eprop_alif_one_tag(dt=DT, tau=0.02, beta=0.02, learning_rate=1e-3),
    "eprop_readout": rules.eprop_readout(dt=DT, tau_out=0.02, learning_rate=1e-3),
    "eprop_reward": rules.eprop_reward(dt=DT, tau=0.02, tau_out=0.02, discount=0.95, learning_rate=1e-3),
    "btsp_milstein": rules.btsp_milstein(tau_eligibility=1.0, tau_instructive=0.5, eligibility=0.1, instruction=0.01),
    "btsp_saturating": rules.btsp_saturating(
        tau_eligibility=1.0, tau_instructive=0.5, eligibility=0.1, instruction=0.01
    ),
    "btsp_eiann": rules.btsp_eiann(),
    "btsp_eiann_gated": rules.btsp_eiann_gated(),
    "btsp_binary": rules.btsp_binary(),
    "convallis": rules.convallis(learning_rate=10.0, tau_plus=0.01, tau_minus=0.02, upper=0.5, lower=0.1, tau_tag=0.1),
    "nonlinear_hebbian": rules.nonlinear_hebbian(learning_rate=0.01, level=0.5),
    "oja": rules.oja(learning_rate=0.01),
    "delta_rule": rules.delta_rule(learning_rate=0.01),
    "weight_mirror": rules.weight_mirror(learning_rate=0.01, decay=10.0),
    "kolen_pollack": rules.kolen_pollack(learning_rate=0.01, decay=10.0),
    "information_alignment": rules.information_alignment(amplify=0.01, null=0.01, decay=10.0),
    "self_alignment": rules.self_alignment(forward="a->b", learning_rate=0.1, decay=10.0, every=0.1),
    "activation_alignment": rules.activation_alignment(amplify=0.01, sparse=0.01, every=0.1),
}


@dataclass(frozen=True)
class Expressibility:
    """For each of MEDIA the faults that stand in the way, none where it can be expressed.

    worst: the largest relative error of a constant in integers; None where there are no integers.
    """

    rule: str
    faults: Mapping[str, tuple[Fault, ...]]
    worst: float | None

    def __getitem__(self, medium: str) -> bool:
        """Whether `medium` can express the rule."""
        return not self.faults[medium]

    def __str__(self) -> str:
        """A line for each medium."""
        lines = []
        for medium, faults in self.faults.items():
            lines += [f"{medium}: " + ("; ".join(map(str, faults)) if faults else "yes")]
        return "\n".join(lines)


def expressible(
    rule: Rule,
    *,
    dt: float = DT,
    neuron: Neuron = TARGET,
    largest_weight: float = 1.0,
    modulation: Mapping[str, float] | None = None,
) -> Expressibility:
    """What can express `rule` at a projection into `neuron`.

    dt: seconds. neuron: the target's, in floats (an ALIF, which has all signals, unless told). largest_weight: at the
    start, physical. modulation: largest |value| at the ports of third factors; 1 unless told.
    """
    unsound = tuple(rule_faults(rule))
    faults: dict[str, tuple[Fault, ...]] = dict.fromkeys(MEDIA, unsound)
    if unsound:
        return Expressibility(rule.name, faults, None)
    graded = any(trace.overwrites for trace in rule.traces.values())
    heard = HEARD if modulation is None else modulation
    try:
        fixed = lower_alone(
            rule,
            dt=dt,
            neuron=neuron,
            weight=np.asarray(largest_weight),
            modulation=heard,
            graded=graded,
            payload_scale=254.0,
        )
    except CompileError as error:
        return Expressibility(rule.name, {**dict.fromkeys(MEDIA, error.faults), "float": ()}, None)
    limits = tuple(Fault(rule.name, *found) for found in rule_limits(fixed))
    graded_spikes = (
        Fault(rule.name, "reads payloads of its source", "Loihi 1 sends 0 or 1", "Use Loihi 2, or a trace of spikes."),
    )
    faults |= {"loihi1": limits + (graded_spikes if graded else ()), "loihi2": limits}
    return Expressibility(rule.name, faults, max(fixed.report.errors.values(), default=0.0))


def table() -> str:
    """LIBRARY in Markdown: yes, or the number of the reason below."""
    reasons: dict[str, int] = {}
    rows = []
    for name, rule in LIBRARY.items():
        found = expressible(rule)
        cells = [_cell(found, medium, reasons) for medium in MEDIA]
        worst = "" if found.worst is None else f"{found.worst:.0%}"
        rows.append(f"| {name} | {' | '.join(cells)} | {worst} |")
    head = f"| rule | {' | '.join(MEDIA)} | largest error of a constant |\n|---|{'---|' * (len(MEDIA) + 1)}"
    notes = "\n".join(f"{number}. {reason}" for reason, number in reasons.items())
    return "\n".join([head, *rows]) + "\n\n" + notes + "\n"


def _cell(found: Expressibility, medium: str, reasons: dict[str, int]) -> str:
    if found[medium]:
        return "yes"
    numbers = []
    for fault in found.faults[medium]:
        what = fault.fact.replace(f"rule '{found.rule}' ", "")
        reason = f"{what if medium in CHIPS and found['fixed'] else ''}: {fault.limit}. {fault.mend}".removeprefix(": ")
        if what.startswith("needs neurons"):
            reason = f"needs a third factor: {fault.limit}. {fault.mend}"
        numbers.append(reasons.setdefault(reason, len(reasons) + 1))
    return "no (" + ", ".join(str(number) for number in dict.fromkeys(numbers)) + ")"
