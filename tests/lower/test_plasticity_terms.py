"""A rule's terms on the engine mean what the rule means, though the engine hears sources a step before they arrive."""

import math

import numpy as np
import pytest

import neurokit.rules as rules
from neurokit.graph.plasticity import Signal, Trace
from neurokit.lower.plasticity_terms import Atom, expand
from tests.lower.rules_in_floats import MS, run_network

STEPS, SOURCES, TARGETS = 300, 7, 5
SLOW = {"scale": 1.0}


def run_engine(rule, sent, fires, signals, exact=True):
    """The engine's terms in floats: x0 is what is sent in a step, y0 and signals are the target's of that step."""
    found = expand(rule, MS, exact)
    assert found.faults == ()
    state = {name: np.zeros((TARGETS, SOURCES)) for name in ("w", "tag", "tag2")}
    traces = {n: np.zeros(SOURCES if t.side == "pre" else TARGETS) for n, t in rule.traces.items()}
    for step in range(len(sent)):
        gates = {"x0": sent[step][None], "y0": fires[step][:, None], "u": 1.0}
        values = dict(gates) | state
        for name, trace in rule.traces.items():
            spikes = sent[step] if trace.side == "pre" else fires[step]
            traces[name] = traces[name] * math.exp(-MS / trace.tau) + trace.impulse * spikes
            values[name] = traces[name][None] if trace.side == "pre" else traces[name][:, None]
        values |= {name: all_[step][:, None] for name, all_ in signals.items()}
        change = {name: np.zeros((TARGETS, SOURCES)) for name in state}
        for term in found.terms:
            product = term.coefficient * gates[term.gate]
            for atom in term.atoms:
                value = values[atom.variable] + atom.offset
                product = product * (np.sign(value) if atom.sign else value)
            change[term.target] = change[term.target] + product
        state = {name: state[name] + change[name] for name in state}
    return state, found


def trains(seed, rate=0.15):
    rng = np.random.default_rng(seed)
    sent = (rng.random((STEPS, SOURCES)) < rate).astype(float)
    fires = (rng.random((STEPS, TARGETS)) < rate).astype(float)
    sent[-1] = 0  # nothing is on its way at the end
    arrives = np.concatenate([np.zeros((1, SOURCES)), sent[:-1]])
    signals = {
        name: rng.normal(size=(STEPS, TARGETS))
        for name in ("learning", "error", "reward", "above", "below", "y", "h", "d")
    }
    signals |= {name: rng.random((STEPS, TARGETS)) * 0.1 for name in ("psi", "forgetting")}
    return sent, arrives, fires, signals


EXACT = {
    "stdp": rules.stdp(),
    "triplet": rules.triplet_stdp(),
    "triplet hippocampus": rules.triplet_stdp(parameters=rules.HIPPOCAMPUS_FULL),
    "eprop_lif": rules.eprop_lif(dt=MS, tau=0.02, tau_out=0.03),
    "eprop_lif 0": rules.eprop_lif(dt=MS, tau=0.02, tau_out=0.03, signal_steps=0),
    "eprop_lif 2": rules.eprop_lif(dt=MS, tau=0.02, signal_steps=2),
    "eprop_alif": rules.eprop_alif(dt=MS, tau=0.02, beta=0.1, tau_out=0.03),
    "eprop_alif_one_tag": rules.eprop_alif_one_tag(dt=MS, tau=0.02, beta=0.1),
    "eprop_readout": rules.eprop_readout(dt=MS, tau_out=0.02),
    "oja": rules.oja(learning_rate=1e-4),
    "weight_mirror": rules.weight_mirror(learning_rate=0.1, decay=10.0),
    "information_alignment": rules.information_alignment(amplify=0.1, null=0.2, decay=5.0),
    "convallis": rules.convallis(learning_rate=0.1, tau_plus=0.01, tau_minus=0.02, upper=0.5, lower=0.1, tau_tag=0.1),
    "two traces": rules.rule(
        "two",
        weight="step * x1 * x2 - 0.1 * step * before(y1) * x1 + 0.3 * step * x1 * x1 * h",
        traces={"x1": Trace("pre", 0.01), "x2": Trace("pre", 0.03, 0.5), "y1": Trace("post", 0.02)},
        signals={"h": Signal("modulation", SLOW)},
    ),
    "brackets": rules.rule(
        "brackets",
        weight="step * (2 - x1) * h + post * (x1 + 3) * (1 - y1)",
        traces={"x1": Trace("pre", 0.01), "y1": Trace("post", 0.02)},
        signals={"h": Signal("modulation", SLOW)},
    ),
    "constant": rules.rule(
        "constant",
        weight="step * (c - 1) * x1",
        traces={"x1": Trace("pre", 0.01)},
        signals={"c": Signal("constant", {"value": 3.0}, limit=2.0)},
    ),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_engines_terms_are_the_rule(name, seed):
    rule = EXACT[name]
    sent, arrives, fires, signals = trains(seed)
    signals = {name: values for name, values in signals.items() if name in rule.signals}
    signals["c"] = np.full((STEPS, TARGETS), 2.0)
    expected = run_network(rule, arrives, fires, signals)
    found, expansion = run_engine(rule, sent, fires, signals)
    for variable, values in expected.items():
        assert np.abs(values - found[variable]).max() <= 1e-11 * max(1.0, np.abs(values).max()), variable
    assert expansion.notes == ()


def test_functions_that_signs_can_express():
    rule = rules.rule(
        "signs",
        weight="step * sgn(2 - 4 * tag) + 0.5 * step * step(tag - 1) + step * rectified(3 * tag - 2) * h"
        " + 0.1 * step * abs(1 - tag) + step * square(x1 * h) * 0.01",
        tag="0.3 * step * h - 0.1 * step * tag",
        traces={"x1": Trace("pre", 0.01)},
        signals={"h": Signal("modulation", SLOW)},
    )
    sent, _, fires, signals = trains(3)
    sent[:] = 0
    state, expansion = run_engine(rule, sent, fires, signals)
    tag, w = 0.0, np.zeros(TARGETS)
    for h in signals["h"]:
        w = w + np.sign(2 - 4 * tag) + 0.5 * (tag > 1) + np.maximum(0, 3 * tag - 2) * h + 0.1 * np.abs(1 - tag)
        tag = tag + 0.3 * h - 0.1 * tag
    assert np.abs(state["w"][:, 0] - w).max() < 1e-9
    assert any(Atom("tag", -1.0, True) in term.atoms for term in expansion.terms)


@pytest.mark.parametrize(
    ("text", "exact", "note"),
    [
        ("pre * y1", True, "'y1' leaves out target spikes in the step in which the source's arrives"),
        ("post * before(x1) * y1", True, "'before(x1)' counts the source's spike that arrives in this step"),
        ("pre * post * x1 * y1", True, "is known on the chip one step before it arrives: 'pre * post * x1 * y1' pairs"),
        ("pre * h * x1 * before(y1)", True, "'pre * h * x1 * before(y1)' pairs it with the target's step before"),
        ("step * x1 * before(y1)", False, "'x1' is taken with the spike of this step, since it is not evaluated"),
        ("step * sat * y1 * x1", True, "'sat' is taken with the spike of this step, since a trace that saturates"),
        ("step * held * y1 * x1", True, "one step before it arrives: 'held' pairs it with the target's step before"),
    ],
)
def test_what_cannot_be_had_exactly_is_said(text, exact, note):
    traces = {
        "x1": Trace("pre", 0.01),
        "y1": Trace("post", 0.02),
        "sat": Trace("pre", 0.01, limit=1.0),
        "held": Trace("pre", 0.01, overwrites=True),
    }
    signals = {"h": Signal("modulation", SLOW)}
    rule = rules.rule(
        "r",
        weight=text,
        traces={n: t for n, t in traces.items() if n in text},
        signals={n: s for n, s in signals.items() if f" {n} " in text},
    )
    found = expand(rule, MS, exact)
    assert any(note in line for line in found.notes), found.notes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("step * step(x1 * y1 - 2)", "term 'step(x1 * y1 - 2)' in 'step * step(x1 * y1 - 2)'; Loihi compares only a"
            " synaptic variable (w, tag, tag2) with a constant. Stage this value in a tag first"),
        ("step * y1 * sgn(x1)", "Loihi compares only a synaptic variable"),
        ("step * y1 * sigmoid(x1)", "the learning engine has products and the sign of a synaptic variable, no other"),
        ("step * y1 * clip01(w) * x1", "no other function. Approximate it by products or saturating traces"),
        ("pre * before(held) * x1 * y1", "has before(held), a trace that is overwritten"),
        ("step * (1 - x1) * (1 - x1) * (1 - x1) * (1 - x1) * y1", "becomes too many products"),
    ],
)  # fmt: skip
def test_what_the_engine_cannot_do(text, says):
    traces = {"x1": Trace("pre", 0.01), "y1": Trace("post", 0.02), "held": Trace("pre", 0.01, overwrites=True)}
    rule = rules.rule("r", weight=text, traces={n: t for n, t in traces.items() if n in text})
    (fault,) = expand(rule, MS, True).faults
    assert says in str(fault)
