"""What can express a rule: the table of docs/plasticity.md is the code's, and the forms with one tag come close."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

import neurokit.rules as rules
from neurokit.graph.neurons import LIF
from neurokit.graph.plasticity import Trace
from neurokit.lower.expressible import LIBRARY, MEDIA, expressible
from tests.lower.rules_in_floats import MS, run_network

ROOT = Path(__file__).resolve().parents[2]


def tool():
    spec = importlib.util.spec_from_file_location("expressibility", ROOT / "tools" / "expressibility.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_in_the_docs_is_current():
    page = (ROOT / "docs" / "plasticity.md").read_text(encoding="utf-8")
    assert tool().rewritten(page) == page, "run python tools/expressibility.py"


def test_every_function_of_the_library_is_in_the_table():
    makers = {n for n in rules.__all__ if n[0].islower() and n not in ("rule", "rule_text")}
    assert {name.split(",")[0] for name in LIBRARY} == makers


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("stdp", set(MEDIA)),
        ("eprop_lif, filtered", {"float", "fixed", "lava-cpu"}),
        ("eprop_alif, filtered", {"float", "fixed", "lava-cpu"}),
        ("btsp_milstein", {"float"}),
        ("self_alignment", {"float"}),
    ],
)
def test_where_rules_run(name, where):
    found = expressible(LIBRARY[name])
    assert {medium for medium in MEDIA if found[medium]} == where
    for medium in set(MEDIA) - where:
        for fault in found.faults[medium]:
            assert all((fault.node, fault.fact, fault.limit, fault.mend))


def test_reasons():
    found = str(expressible(LIBRARY["eprop_alif, filtered"]))
    assert "float: yes" in found
    assert "loihi2: 'eprop_alif': needs neurons that send it adaptation_decay, modulation, pseudo_derivative" in found
    assert "'eprop_alif': keeps a second tag in d; on the chip d is the synaptic delay" in found
    assert "nk.rules.eprop_alif_one_tag" in found
    found = str(expressible(LIBRARY["btsp_eiann_gated"]))
    assert "loihi1:" in found
    assert "'btsp_eiann_gated': reads payloads of its source; Loihi 1 sends 0 or 1" in found


def test_unsound_rules_and_other_targets():
    bad = rules.Rule("bad", "", {"x": Trace("pre", 0.0)}, ())
    assert not any(expressible(bad)[medium] for medium in MEDIA)
    assert expressible(rules.stdp(), neuron=LIF(tau=np.asarray(0.02)), largest_weight=0.1)["fixed"]
    assert not expressible(rules.reward_stdp(), modulation={})["fixed"]


def adaptive_network(seed, steps=1000, size=30, inputs=40, beta=0.03):
    """Spikes, psi, forgetting and learning signals of a random recurrent network of ALIF neurons (Bellec 2020)."""
    rng = np.random.default_rng(seed)
    tau, tau_adaptation, threshold = 0.02, 0.5, 0.6
    sent = (rng.random((steps, inputs)) < 0.03).astype(float)
    weights = rng.normal(size=(size, inputs)) / math.sqrt(inputs) * 1.2 + 0.08
    recurrent = rng.normal(size=(size, size)) / math.sqrt(size) * 0.3
    keep, rho = math.exp(-MS / tau), math.exp(-MS / tau_adaptation)
    v, a, z = np.zeros(size), np.zeros(size), np.zeros(size)
    fires, psi = np.zeros((steps, size)), np.zeros((steps, size))
    for t in range(steps):
        a = rho * a + z
        v = keep * v + weights @ sent[t] + recurrent @ z - threshold * z
        z = (v > threshold + beta * a).astype(float)
        fires[t] = z
        psi[t] = 0.3 / threshold * np.maximum(0, 1 - np.abs(v - threshold - beta * a) / threshold)
    out = rng.normal(size=(2, size)) / math.sqrt(size)
    phase, y, error = rng.uniform(0, 6, 2), np.zeros(2), np.zeros((steps, size))
    for t in range(steps):
        y = keep * y + (1 - keep) * out @ fires[t] * 20
        error[t] = out.T @ (y - np.sin(2 * np.pi * t / 500 * np.array([1, 2]) + phase))
    late = np.concatenate([np.zeros((1, size)), error[:-1]])
    return sent, fires, {"psi": psi, "forgetting": 1 - rho + beta * psi}, error, late


@pytest.mark.parametrize("seed", range(4))
def test_forms_with_one_tag(seed):
    sent, fires, signals, error, late = adaptive_network(seed)
    full = rules.eprop_alif(dt=MS, tau=0.02, beta=0.03, tau_out=0.02)
    expected = run_network(full, sent, fires, signals | {"learning": late})["w"]

    def cosine(rule, learning):
        found = run_network(rule, sent, fires, signals | {"learning": learning})["w"]
        return (found * expected).sum() / np.sqrt((found**2).sum() * (expected**2).sum())

    assert 0.94 < cosine(rules.eprop_lif(dt=MS, tau=0.02, tau_out=0.02), late) < 0.999
    assert 0.94 < cosine(rules.eprop_alif_one_tag(dt=MS, tau=0.02, beta=0.03), error) < 0.9995
