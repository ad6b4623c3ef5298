"""The rule library: functions that give a `Rule` with its citation, one file a family. `rule` makes one from text.

What the chip can express of them, and why not the rest, is in docs/plasticity.md.
"""

from neurokit.graph.plasticity import HostStep, Rule, Signal, Trace
from neurokit.graph.plasticity_print import rule_text
from neurokit.graph.plasticity_text import rule
from neurokit.rules.btsp import btsp_binary, btsp_eiann, btsp_eiann_gated, btsp_milstein, btsp_saturating
from neurokit.rules.eprop import eprop_alif, eprop_alif_one_tag, eprop_lif, eprop_readout, eprop_reward
from neurokit.rules.feedback import (
    activation_alignment,
    information_alignment,
    kolen_pollack,
    self_alignment,
    weight_mirror,
)
from neurokit.rules.hebbian import convallis, delta_rule, nonlinear_hebbian, oja
from neurokit.rules.spike_timing import (
    HIPPOCAMPUS_FULL,
    HIPPOCAMPUS_MINIMAL,
    VISUAL_CORTEX_FULL,
    VISUAL_CORTEX_MINIMAL,
    Triplet,
    reward_stdp,
    soft_stdp,
    stdp,
    triplet_stdp,
)

__all__ = [
    "HIPPOCAMPUS_FULL",
    "HIPPOCAMPUS_MINIMAL",
    "HostStep",
    "Rule",
    "Signal",
    "Trace",
    "Triplet",
    "VISUAL_CORTEX_FULL",
    "VISUAL_CORTEX_MINIMAL",
    "activation_alignment",
    "btsp_binary",
    "btsp_eiann",
    "btsp_eiann_gated",
    "btsp_milstein",
    "btsp_saturating",
    "convallis",
    "delta_rule",
    "eprop_alif",
    "eprop_alif_one_tag",
    "eprop_lif",
    "eprop_readout",
    "eprop_reward",
    "information_alignment",
    "kolen_pollack",
    "nonlinear_hebbian",
    "oja",
    "reward_stdp",
    "rule",
    "rule_text",
    "self_alignment",
    "soft_stdp",
    "stdp",
    "triplet_stdp",
    "weight_mirror",
]
