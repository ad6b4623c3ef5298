"""A network that learns in floats and its Program that learns in integers, from the same input to the same weights."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

import neurokit as nk
import neurokit.rules as rules
from neurokit.calibration import observe
from neurokit.errors import CompileError
from neurokit.graph.fixed_plasticity import FixedRule
from neurokit.graph.lif_family import ALIF
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import LeakyIntegrator
from neurokit.graph.synapses import Dense, Sparse
from neurokit.lower.pipeline import compile_network
from tests.lower.rules_in_floats import MS
from tests.lower.test_plasticity import cosine
from tests.lower.test_plasticity_networks import learning_network, projection

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


def eprop_network(seed=0, size=15):
    """Input, recurrent and readout synapses that learn, with feedback from the readout and the goal."""
    rng = np.random.default_rng(seed)
    hidden = ALIF(tau=np.asarray(0.02), tau_adaptation=np.asarray(0.2), beta=np.asarray(0.05))
    populations = {
        "hid": Population("hid", (size,), hidden),
        "out": Population("out", (2,), LeakyIntegrator(tau=np.asarray(0.02))),
    }
    rule = rules.eprop_alif(dt=MS, tau=0.02, beta=0.05, tau_out=0.02, learning_rate=0.005)
    rule = replace(rule, signal_steps=None)  # L comes a step later than it pairs; of goals this slow that is little
    readout = rules.eprop_readout(dt=MS, tau_out=0.0195, learning_rate=0.002)
    feedback, one = rng.normal(size=(size, 2)), sp.identity(2, format="csr")
    projections = (
        Projection("in", "hid", (Dense(rng.normal(size=(size, 12)) * 0.3 + 0.2),), plasticity=rule),
        Projection("hid", "hid", (Dense(rng.normal(size=(size, size)) * 0.1),), MS, plasticity=rule),
        Projection("hid", "out", (Dense(rng.normal(size=(2, size)) * 0.5),), plasticity=readout),
        Projection("out", "hid", (Dense(feedback),), 2 * MS, "modulation"),
        Projection("goal", "hid", (Dense(-feedback),), 2 * MS, "modulation"),
        Projection("out", "out", (Sparse(one),), MS, "modulation"),
        Projection("goal", "out", (Sparse(-one),), MS, "modulation"),
    )
    inputs_ = {"in": Input("in", (12,)), "goal": Input("goal", (2,))}
    return Network(inputs_, populations, projections, {"out": populations["out"]}, dt=MS)


@pytest.mark.slow
def test_a_whole_eprop_network():
    """ALIF with both tags; the input's weights move by one to four units only, which is mostly rounding by chance."""
    network, data = eprop_network(), inputs(True)
    program = compile_network(network, activity=observe(network, data), arithmetic="repaired")
    assert {name: int(p.delay) for name, p in {p.name: p for p in program.projections}.items()} == {
        "in->hid": 1,
        "hid->hid": 1,
        "hid->out": 1,
        "out->hid.modulation": 1,
        "goal->hid.modulation": 3,
        "out->out.modulation": 1,
        "goal->out.modulation": 3,
    }
    whole = {name: np.asarray(program.scaled({name: values})[name]) for name, values in data.items()}
    learned = nk.run(program, whole, steps=STEPS + 3).program
    floats = nk.run(network, data).program
    for name, least in (("in->hid", 0.6), ("hid->hid", 0.75), ("hid->out", 0.9)):
        start = projection(program, name)
        integers = (projection(learned, name).synapse.weight - start.synapse.weight) / (
            start.plasticity.report.weight_scale
        )
        exact = projection(floats, name).synapse.weight - projection(network, name).synapse.weight
        assert cosine(integers, exact) > least, name


def test_a_learned_program_comes_back_onto_its_network_or_as_one_that_stays():
    """Third factors keep their weights: their ports have scales of their own, and nothing of them learns."""
    network, data = eprop_network(), inputs(True)
    program = compile_network(network, activity=observe(network, data))
    back = nk.to_network(program, network)
    for own, found in zip(network.projections, back.projections, strict=True):
        assert found.plasticity is own.plasticity
        if own.port:
            assert found is own
        else:
            wanted = own.synapses[0].weight
            assert abs(found.synapse.weight - wanted).max() <= 0.02 * abs(wanted).max()
    alone = nk.to_network(program)
    assert not alone.learns
    assert set(alone.inputs) == {"in"}
    assert [p.name for p in alone.projections] == ["in->hid", "hid->hid", "hid->out"]
    assert nk.run(alone, data["in"], record=("hid",)).spikes["hid"].any()


def test_third_factors_that_learn_are_refused():
    network = eprop_network()
    projections = [
        replace(p, plasticity=rules.weight_mirror(learning_rate=0.1, decay=1.0))
        if p.name == "goal->hid.modulation"
        else p
        for p in network.projections
    ]
    network = replace(network, projections=tuple(projections))
    with pytest.raises(CompileError, match=r"'goal->hid\.modulation': carries a third factor and is to learn"):
        compile_network(network, activity=observe(network, inputs(True)))
