"""One step of any integer neuron, looked up by its model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neurokit.graph.lif_family import (
    LoihiALIF,
    LoihiATRLIF,
    LoihiQIF,
    LoihiRefractoryLIF,
    LoihiShiftedLIF,
    LoihiTernaryLIF,
)
from neurokit.graph.neurons import FixedNeuron, LoihiLIF
from neurokit.graph.resonators import FixedAdaptiveResonateAndFire, FixedResonateAndFire
from neurokit.lower.fixedpoint import lif_family
from neurokit.lower.fixedpoint.graded import GRADED_STEPS
from neurokit.lower.fixedpoint.lif import Ints, States, loihi_lif
from neurokit.lower.fixedpoint.resonators import adaptive_resonate_and_fire, resonate_and_fire

STEPS: Mapping[type[FixedNeuron], Callable[[Any, States, Any], tuple[dict[str, Ints], Ints]]] = {
    LoihiLIF: loihi_lif,
    LoihiRefractoryLIF: lif_family.refractory_lif,
    LoihiShiftedLIF: lif_family.shifted_lif,
    LoihiTernaryLIF: lif_family.ternary_lif,
    LoihiALIF: lif_family.alif,
    LoihiATRLIF: lif_family.atrlif,
    LoihiQIF: lif_family.qif,
    **GRADED_STEPS,
    FixedResonateAndFire: resonate_and_fire,
    FixedAdaptiveResonateAndFire: adaptive_resonate_and_fire,
}


def resets_before(neuron: FixedNeuron, step: int) -> bool:
    """Whether all states become what they are at the start before 0-based `step`; see `FixedNeuron`."""
    since = step - neuron.reset_offset
    return since == 0 or (since > 0 and neuron.reset_interval > 0 and since % neuron.reset_interval == 0)


def neuron_step(neuron: FixedNeuron, states: States, a: Any) -> tuple[dict[str, Ints], Ints]:
    """One step of any FixedNeuron: (states by name, synaptic input a) -> (states, payloads sent); no reset schedule.

    Arrays are int64 of one shape; for a neuron with several ports a is (ports, ...).
    """
    return STEPS[type(neuron)](neuron, states, a)
