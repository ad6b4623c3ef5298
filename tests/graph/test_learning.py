"""A rule put on a projection, and where its third factor comes from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurokit.errors import InputError
from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF
from neurokit.graph.plasticity import Rule, Signal, Term, Trace, Value
from neurokit.graph.synapses import Dense
from tests.networks import network

STDP = Rule(
    "pairs",
    "a test",
    {"x1": Trace("pre", 20e-3)},
    (Term(0.01, "post", (Value("x1"),)),),
)
REWARDED = Rule(
    "rewarded",
    "a test",
    {"x1": Trace("pre", 20e-3)},
    (Term(0.01, "step", (Value("x1"), Value("reward"))),),
    signals={"reward": Signal("modulation", {"scale": 1.0})},
)
NET = network((Dense(np.ones((4, 3))), IF()), (Dense(np.ones((2, 4))), IF()), shape=(3,), dt=1e-3)


def by_name(net):
    return {p.name: p for p in net.projections}


def test_a_rule_goes_on_one_projection_and_comes_off_again():
    net = NET.with_plasticity("p0->p1", STDP)
    assert by_name(net)["p0->p1"].plasticity is STDP
    assert by_name(net)["in->p0"].plasticity is None
    assert by_name(NET)["p0->p1"].plasticity is None
    assert by_name(net.with_plasticity("p0->p1", None))["p0->p1"].plasticity is None


def test_a_new_input_brings_each_neuron_its_own_third_factor():
    net = NET.with_plasticity("p0->p1", REWARDED, modulation="reward")
    assert net.inputs["reward"].shape == (2,)
    fed = by_name(net)["reward->p1.modulation"]
    assert np.array_equal(fed.synapses[0].weight.toarray(), np.eye(2))


def test_one_value_may_reach_all_by_feedback_weights():
    net = NET.with_plasticity("p0->p1", REWARDED, modulation="reward", feedback=[[1.0], [-1.0]], delay=2e-3)
    fed = by_name(net)["reward->p1.modulation"]
    assert net.inputs["reward"].shape == (1,)
    assert fed.synapses[0].weight.tolist() == [[1.0], [-1.0]]
    assert fed.delay == 2e-3


def test_a_population_may_be_the_third_factor():
    net = NET.with_plasticity("in->p0", REWARDED, modulation="p1", feedback=np.ones((4, 2)), delay=1e-3)
    assert by_name(net)["p1->p0.modulation"].synapses[0].weight.shape == (4, 2)
    assert set(net.inputs) == {"in"}


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        (("p0->p9", STDP), {}, r"'p0->p9': is no projection; there are in->p0, p0->p1\. Use one of these names\."),
        (("p0->p1", "stdp"), {}, r"'rule': is a str; a neurokit Rule is needed\. Take one of nk\.rules"),
        (("p0->p1", STDP), {"modulation": "r"}, r"'r' was given, but the rule has no such third factor"),
        (("p0->p1", REWARDED), {"modulation": "p0"}, r"'p0': has shape \(4,\), 'p1' \(2,\); .* Pass feedback="),
        (("p0->p1", REWARDED), {"modulation": "p0", "feedback": np.ones((2, 3))}, r"shape \(2, 4\) are needed"),
        (("p0->p1", REWARDED), {"modulation": "r", "feedback": np.ones(2)}, r"shape \(2, values\) are needed"),
        (("p0->p1", REWARDED), {"modulation": "p0", "feedback": np.full((2, 4), np.nan)}, "finite numbers"),
        (("p0->p1", REWARDED), {"modulation": "r", "feedback": [[1], [1, 2]]}, "'feedback': is no matrix"),
        (("p0->p1", REWARDED), {"modulation": 3}, "'modulation': is 3; a name is needed"),
        (("p0->p1", REWARDED), {"modulation": ""}, "'modulation': is ''; a name is needed"),
        (("p0->p1", REWARDED), {"modulation": "r", "delay": -1e-3}, r"'delay': is -0\.001; seconds"),
        (("p0->p1", REWARDED), {"modulation": "r", "delay": "x"}, "'delay': is 'x'; seconds"),
        (("p0->p1", REWARDED), {"feedback": [[1.0], [1.0]]}, "'feedback': was given without modulation="),
    ],
)
def test_refusals_name_what_is_there(arguments, options, says):
    with pytest.raises(InputError, match=says):
        NET.with_plasticity(*arguments, **options)


def test_a_second_way_from_one_source_is_refused():
    net = NET.with_plasticity("p0->p1", REWARDED, modulation="reward")
    with pytest.raises(InputError, match=r"'reward->p1\.modulation': is there already"):
        net.with_plasticity("p0->p1", REWARDED, modulation="reward")
    with pytest.raises(InputError, match="carries a third factor"):
        net.with_plasticity("reward->p1.modulation", STDP)
    second = Projection("reward", "p1", (Dense(np.ones((2, 2))),), port="reward")
    with pytest.raises(InputError, match=r"'reward->p1\.reward': carries a third factor"):
        replace(net, projections=(*net.projections, second)).with_plasticity("reward->p1.reward", STDP)
