"""The rule library in the engine's integers is LearningDense, number by number, random numbers included."""

from __future__ import annotations

import numpy as np
import pytest

from neurokit.errors import CompileError
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.lif_family import ALIF
from neurokit.graph.neurons import LIF, Neuron
from neurokit.graph.plasticity import Rule
from neurokit.lower.plasticity_alone import lower_alone
from tests.hardware.test_lava_learning import same_as_lava
from tests.rules.test_library import LIBRARY

pytest.importorskip("lava", reason="Lava needs Python 3.10")
DT = 1e-3


def neuron_for(rule: Rule) -> Neuron:
    if any(signal.function == "adaptation_decay" for signal in rule.signals.values()):
        return ALIF(tau=0.02, tau_adaptation=0.2, beta=0.3)
    return LIF(tau=0.02, v_leak=0.0)


def lowered(name: str) -> FixedRule:
    rule = LIBRARY[name][0]
    low, high = (max(-1.0, rule.bounds[0]), min(1.0, rule.bounds[1]))
    weight = np.random.default_rng(1).uniform(low, high, (5, 7))
    observed = dict.fromkeys(rule.signals, 4.0) | {"tag": 20.0, "tag2": 20.0}
    return lower_alone(
        rule,
        dt=DT,
        neuron=neuron_for(rule),
        weight=weight,
        modulation={"modulation": 3.0, "reward": 3.0},
        observed=observed,
        graded=any(trace.overwrites for trace in rule.traces.values()),
        seed=sum(map(ord, name)),
    )


def held() -> list[str]:
    """Names of the rules that the engine holds."""
    names = []
    for name in LIBRARY:
        try:
            lowered(name)
        except CompileError:
            continue
        names.append(name)
    return names


HELD = held()
FAST = "reward_stdp", "eprop_alif", "btsp_saturating"


def test_most_of_the_library_is_held() -> None:
    assert len(HELD) >= 15
    assert {name for name in HELD if name in FAST} == {*FAST}


@pytest.mark.parametrize("name", [name for name in HELD if name in FAST])
def test_rules_of_the_library(name: str) -> None:
    same_as_lava(lowered(name), 200, 1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", HELD)
def test_rules_of_the_library_for_ten_thousand_steps(name: str) -> None:
    same_as_lava(lowered(name), 10_000, 2)
