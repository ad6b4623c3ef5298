"""A network that learns in floats and its Program that learns in integers, from the same input to the same weights."""

import numpy as np
import pytest

import neurokit as nk
import neurokit.rules as rules
from neurokit.calibration import observe
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.synapses import Dense
from neurokit.lower.pipeline import compile_network
from tests.lower.test_plasticity import MS, cosine, learning_network, projection

STEPS = 600


def inputs(feedback):
    spikes = (np.random.default_rng(0).random((STEPS, 12)) < 0.08).astype(float)
    goal = 0.5 * np.sin(np.arange(STEPS)[:, None] / 50 * np.array([1, 0.5]))
    return {"in": spikes} | ({"goal": goal} if feedback else {})


def changes(network, program, data):
    """Change of weights in floats and in integers, both physical."""
    before = projection(network).synapse.weight
    floats = projection(nk.run(network, data).program).synapse.weight - before
    steps = STEPS + max(program.latency.values())
    whole = {name: np.asarray(program.scaled({name: values})[name]) for name, values in data.items()}
    start, learned = projection(program), projection(nk.run(program, whole, steps=steps).program)
    assert isinstance(start.plasticity, FixedRule)
    scale = start.plasticity.report.weight_scale
    return floats, (learned.synapse.weight - start.synapse.weight) / scale


@pytest.mark.parametrize(
    ("rule", "arithmetic"),
    [
        (rules.stdp(a_plus=0.02, a_minus=0.01), "lava"),
        (rules.stdp(a_plus=0.02, a_minus=0.01), "repaired"),
        (rules.eprop_lif(dt=MS, tau=0.0195, tau_out=0.02, signal_steps=2, learning_rate=0.03), "lava"),
        (rules.eprop_lif(dt=MS, tau=0.0195, tau_out=0.02, signal_steps=2, learning_rate=0.03), "repaired"),
    ],
    ids=["stdp, lava", "stdp, repaired", "e-prop, lava", "e-prop, repaired"],
)
def test_the_program_learns_what_the_network_learns(rule, arithmetic):
    feedback = bool(rule.signals)
    weights = Dense(np.random.default_rng(1).uniform(0, 3, (10, 12)))
    network = learning_network(rule, (weights,), feedback=feedback)
    data = inputs(feedback)
    program = compile_network(network, activity=observe(network, data), arithmetic=arithmetic)
    floats, integers = changes(network, program, data)
    assert cosine(integers, floats) > 0.93
    assert 0.75 < (integers * floats).sum() / (floats**2).sum() < 1.25


def test_calibration_looks_at_traces_signals_and_tags():
    rule = rules.eprop_lif(dt=MS, tau=0.02, tau_out=0.02, signal_steps=2)
    network = learning_network(rule)
    peaks = observe(network, inputs(True)).peaks
    found = {name: peaks["in->hid", name] for name in ("x", "psi", "learning", "tag", "tag2")}
    assert 1 < found["x"] < 12
    assert 0.2 < found["psi"] <= 0.3
    assert 0 < found["tag2"] <= 1.1 * found["tag"]
    program = nk.compile(network, calibrate=inputs(True))
    report = projection(program).plasticity.report
    assert report.tag_scale * found["tag"] <= 255
    assert report.trace_scales["x"] * found["x"] <= 127
