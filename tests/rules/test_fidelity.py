"""What `nk.fidelity` measures, against measures written out here; and that it says what it cannot measure."""

import json
import warnings

import matplotlib.image
import numpy as np
import pytest
import scipy.sparse as sp

import neurokit as nk
from neurokit import rules
from neurokit.errors import CompileError, InputError, OutputError, RailWarning
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import IF, LIF
from neurokit.graph.synapses import Conv2d, Dense, Sparse
from neurokit.learn.agreement import Setting, agreement
from neurokit.learn.driven import drive, lowered, slower
from neurokit.learn.observed import observe_learning
from tests.rules.test_networks import INPUTS, OUTPUTS, eprop_network

DT = 1e-3


def chain(synapse, rule, shape=(8,)):
    """Inputs into LIF neurons that they drive hard."""
    out = synapse.output_shape(shape)
    neuron = LIF(tau=np.asarray(0.02), r=np.asarray(12.0), threshold=np.asarray(1.0))
    population = Population("out", out, neuron)
    projection = Projection("in", "out", (synapse,), plasticity=rule)
    return Network({"in": Input("in", shape)}, {"out": population}, (projection,), {"out": population}, dt=DT)


def spikes(seed, steps, size, samples=1):
    return (np.random.default_rng(seed).random((samples, steps, size)) < 0.08).astype(float)


def test_agreement_of_changes():
    rng = np.random.default_rng(1)
    reference = rng.normal(size=(4, 5))
    found = agreement(0.5 * reference, reference)
    assert found.cosine == pytest.approx(1)
    assert (found.scale, found.size, found.sign, found.moved) == pytest.approx((0.5, 0.5, 1, 1))
    across = np.array([3.0, 0.0, 4.0]), np.array([0.0, 2.0, 0.0])
    assert agreement(*across).cosine == 0
    assert agreement(*across).sign == 0  # of the one synapse that counts
    half = agreement(np.array([1.0, -1.0, 0.0, 2.0]), np.array([2.0, 2.0, 1e-6, 4.0]))
    assert half.sign == pytest.approx(2 / 3)  # the third is negligible
    assert half.moved == 0.75
    assert half.cosine == pytest.approx(8 / np.sqrt(6 * 24))
    assert np.isnan(agreement(np.zeros(3), np.ones(3)).cosine)
    assert agreement(np.zeros(3), np.ones(3)).scale == 0


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_the_engine_sees_what_the_float_network_saw(kind):
    """STDP by hand on the spikes of the run, on the engine's grid of weights."""
    rng = np.random.default_rng(2)
    weight = rng.random((5, 8)) * 0.5 * ((rng.random((5, 8)) < 0.6) if kind == "sparse" else 1)
    synapse = Dense(weight) if kind == "dense" else Sparse(sp.csr_matrix(weight))
    rule = rules.stdp(a_plus=0.02, a_minus=0.015, bounds=(0.0, 1.0))
    network = chain(synapse, rule)
    pre = spikes(3, 400, 8)
    seen = observe_learning(network, {"in": pre}, 400, 1)["in->out"]
    assert np.array_equal(seen.pre[0], pre[0])
    post = np.asarray(seen.post[0])
    assert 10 < post.sum() < 1500
    fixed = lowered("in->out", rule, seen, network.populations["out"].neuron, DT, False, Setting())
    assert fixed.report.weight_scale == 255  # the bound
    driven = drive(fixed, seen, synapse, 1)
    x, y, w = np.zeros(8), np.zeros(5), weight.copy()
    for now in range(400):
        y = np.exp(-1 / 20) * y
        x = np.exp(-1 / 20) * x + pre[0][now]
        w = w + 0.02 * np.outer(post[now], x) - 0.015 * np.outer(y, pre[0][now])
        w = np.clip(w, 0, 1)
        y = y + post[now]
    there = np.ones(weight.shape, bool) if kind == "dense" else weight != 0  # row by row, as the lists are
    np.testing.assert_allclose(np.ravel(seen.weights[-1]), w[there], rtol=1e-12, atol=1e-12)
    assert agreement(np.ravel(driven.weights[-1]) - weight[there], (w - weight)[there]).cosine > 0.97


def eprop_fidelity(**sweep):
    """Of e-prop with LIF neurons and a readout, where weights change by many units."""
    network, _ = eprop_network(0.0)
    rng = np.random.default_rng(5)
    x = (rng.random((1, 600, INPUTS)) < 0.1).astype(float)
    target = np.cumsum(rng.normal(size=(1, 600, OUTPUTS)), 1) * 0.5
    return nk.fidelity(None, network, {"x": x, "target": target}, **sweep)


PROJECTIONS = "x->hidden", "hidden->hidden", "hidden->out"


@pytest.fixture(scope="module")
def eprop():
    return eprop_fidelity(weight_bits=(8, 4), trace_bits=(7,), epochs=(1, 8), rounding="repaired", blocks=2)


def test_eprop_agrees_in_eight_bits_and_less_so_in_fewer(eprop):
    for projection in PROJECTIONS:
        best = eprop.at(projection)
        assert best.cosine > 0.97
        assert 0.85 < best.scale < 1.15
        assert best.sign > 0.75
        (row,) = (r for r in eprop.rows if (r.projection, r.block, r.setting) == (projection, "all", eprop.base))
        assert 15 < row.units < 150  # so that chance matters little
        assert eprop.at(projection, weight_bits=4).cosine < best.cosine - 0.05
        assert 0.8 < eprop.at(projection, epoch=8).cosine < 0.999
    with pytest.raises(KeyError, match="5"):
        eprop.at("x->hidden", weight_bits=5)


def test_tags_of_longer_epochs_fade_as_much_in_the_same_time():
    rule = rules.rule(
        "fading",
        weight="0.5 * step * tag * x - 0.25 * pre * x",
        tag="step * x - 0.25 * step * tag",
        second_tag="step * tag - step * tag2",
        traces={"x": rules.Trace("pre", 0.02)},
    )
    four = slower(rule, 4, DT)
    assert four.interval == 4 * DT
    assert [term.scale for term in four.weight] == [2.0, -0.25]
    gain, fade = (term.scale for term in four.tag)
    assert fade == pytest.approx(-(1 - 0.75**4))
    assert gain / -fade == pytest.approx(1 / 0.25)  # where it rests
    assert [term.scale for term in four.second_tag] == [1.0, -1.0]  # one that holds the last value goes on to
    assert slower(rule, 1, DT) is rule


@pytest.mark.slow
def test_eprop_over_all_that_is_swept():
    found = eprop_fidelity()
    for projection in PROJECTIONS:
        assert found.at(projection, arithmetic="lava").cosine > 0.97
        bits = [found.at(projection, trace_bits=n).cosine for n in (7, 4)]
        assert bits[0] > bits[1]
        weights = [found.at(projection, weight_bits=n).cosine for n in (8, 6, 4)]
        assert weights == sorted(weights, reverse=True)
    assert len(found.rows) == 3 * (1 + 4 + 3 + 3 + 1)


def test_results_are_a_table_a_page_numbers_and_a_picture(eprop, tmp_path):
    table = str(eprop)
    assert "x->hidden" in table
    assert f"{eprop.at('x->hidden').cosine:.4f}" in table
    assert len([line for line in table.splitlines() if " 1/2 " in line]) == 9  # three projections, three settings
    numbers = json.loads(eprop.to_json())
    assert numbers["rows"][0]["agreement"]["cosine"] == eprop.rows[0].agreement.cosine
    for name in ("f.png", "f.html", "f.json", "f.txt"):
        eprop.save(tmp_path / name)
    picture = matplotlib.image.imread(tmp_path / "f.png")
    assert picture.shape[0] > 400
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 20  # lines and words, not a blank page
    assert "eprop_lif" in (tmp_path / "f.html").read_text()
    with pytest.raises(OutputError, match=r"\.png"):
        eprop.save(tmp_path / "f.docx")


def test_a_rule_is_given_to_the_projection_that_is_named_or_the_only_one():
    network = chain(Dense(np.random.default_rng(6).random((5, 8)) * 0.5), None)
    rule = rules.stdp(a_plus=0.02, a_minus=0.015, bounds=(0.0, 1.0))
    short = {"weight_bits": (8,), "trace_bits": (7,), "epochs": (1,), "rounding": "repaired"}
    found = nk.fidelity(rule, network, spikes(7, 200, 8), **short)
    named = nk.fidelity(rule, network, spikes(7, 200, 8)[0], projection="in->out", **short)
    assert found == named
    assert found.base == Setting()
    assert [row.block for row in found.rows] == ["all"]


def test_the_whole_network_in_integers_beside_the_engine_alone():
    rule = rules.stdp(a_plus=0.02, a_minus=0.015, bounds=(0.0, 1.0))
    start = np.random.default_rng(6).random((5, 8)) * 0.5
    network, pre = chain(Dense(start), rule), spikes(7, 300, 8)
    found = nk.fidelity(None, network, pre, weight_bits=(8,), trace_bits=(7,), epochs=(1,), deployed=True)
    assert [(row.driven, row.setting.arithmetic) for row in found.rows] == [
        (driven, arithmetic) for driven in ("float", "own") for arithmetic in ("repaired", "lava")
    ]
    program = nk.compile(network, calibrate=pre, arithmetic="repaired")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RailWarning)
        learned = nk.run(program, pre.astype(int), 300 + max(program.latency.values())).program
    units = program.projections[0].plasticity.report.weight_scale
    change = (learned.projections[0].synapse.weight - program.projections[0].synapse.weight) / units
    floats = nk.run(network, pre).program.projections[0].synapse.weight - start
    cosine = np.sum(change * floats) / np.linalg.norm(change) / np.linalg.norm(floats)
    assert found.at("in->out", "own").cosine == pytest.approx(cosine, abs=1e-12)
    assert cosine > 0.97
    (row,) = (r for r in found.rows if (r.driven, r.setting.arithmetic) == ("own", "repaired"))
    assert row.units == pytest.approx(units * np.sqrt(np.mean(floats**2)))


def test_a_network_that_cannot_be_compiled_says_so_among_its_results():
    network, _ = eprop_network(0.0)  # its readout answers in one step
    inputs = {"x": spikes(8, 40, INPUTS), "target": np.random.default_rng(9).normal(size=(1, 40, OUTPUTS))}
    sweep = {"weight_bits": (8,), "trace_bits": (7,), "epochs": (1,), "rounding": "repaired"}
    found = nk.fidelity(None, network, inputs, deployed=True, **sweep)
    assert len(found.rows) == 3
    assert "all in integers" in found.refused[0]
    assert "delay of one step" in found.refused[0]


def test_bits_of_traces_that_saturate_are_refused_with_the_reason():
    rule = rules.rule(
        "saturating",
        weight="0.01 * post * x",
        traces={"x": rules.Trace("pre", 0.02, 0.5, limit=1.0)},
        bounds=(0.0, 1.0),
    )
    network = chain(Dense(np.random.default_rng(8).random((5, 8)) * 0.5), rule)
    options = {"weight_bits": (8,), "epochs": (1,), "rounding": "repaired"}
    found = nk.fidelity(None, network, spikes(9, 100, 8), trace_bits=(7, 5), **options)
    assert len(found.rows) == 1
    assert "127" in found.refused[0]
    assert "not possible" in str(found)
    with pytest.raises(CompileError, match="127"):
        nk.fidelity(None, network, spikes(9, 100, 8), trace_bits=(5,), **options)


def test_convolutions_are_no_projections_of_the_engine():
    network = chain(Conv2d(np.ones((2, 1, 2, 2))), rules.stdp(), (1, 4, 4))
    with pytest.raises(CompileError, match="shared weights"):
        nk.fidelity(None, network, np.zeros((1, 20, 1, 4, 4)))


STDP = rules.stdp()


@pytest.mark.parametrize(
    ("rule", "options", "words"),
    [
        (None, {}, "no projection of the network learns"),
        (None, {"projection": "in->out"}, "without a rule"),
        (STDP, {"projection": "a->b"}, "a->b"),
        (STDP, {"weight_bits": (9,)}, "at most 8"),
        (STDP, {"weight_bits": ()}, "whole numbers"),
        (STDP, {"trace_bits": (0,)}, "at least 1"),
        (STDP, {"epochs": 4}, "whole numbers"),
        (STDP, {"epochs": (64,)}, "at most 63"),
        (STDP, {"rounding": ("nearest",)}, "'lava'"),
        (STDP, {"blocks": 21}, "20 steps"),
        (STDP, {"blocks": 0}, "at least 1"),
    ],
)
def test_arguments(rule, options, words):
    network = chain(Dense(np.ones((5, 8))), None)
    with pytest.raises(InputError, match=words):
        nk.fidelity(rule, network, np.zeros((20, 8)), **options)


def test_where_several_projections_could_learn_one_is_named():
    network = chain(Dense(np.ones((5, 8))), None)
    population = Population("end", (2,), IF())
    more = Network(
        network.inputs,
        {**network.populations, "end": population},
        (*network.projections, Projection("out", "end", (Dense(np.ones((2, 5))),))),
        {"end": population},
        dt=DT,
    )
    with pytest.raises(InputError, match="in->out, out->end"):
        nk.fidelity(STDP, more, np.zeros((20, 8)))
    with pytest.raises(InputError, match="Network"):
        nk.fidelity(STDP, nk.compile(network), np.zeros((20, 8)))
