"""Networks in which one known cause dominates: the attribution must name it, and measure it as a plain run does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.causes.switching import attribute
from neurokit.graph.graded_neurons import Delta, Relay, SigmaDelta
from neurokit.graph.lif_family import QIF
from neurokit.graph.network import Population
from neurokit.graph.neurons import IF, LIF, CubaLIF, LeakyIntegrator
from neurokit.graph.synapses import Dense
from tests.causes.chains import chain, plain_layers, plain_run, random_input
from tests.networks import network
from tests.profiling.test_trains import by_pairs

RNG = np.random.default_rng(21)
DATA = random_input(RNG, 3, 80)
TAU = 10.0


def taken_apart(graph, program, data=DATA, **options):
    return attribute(graph, program, {"in": data}, data.shape[1], **options)


def losses(found):
    return {cause.cause: cause for cause in found.causes}


def plain_distance(reference, candidate):
    """Relative van Rossum distance by the definition over pairs."""
    trains = [
        (reference[b, :, j], candidate[b, :, j]) for b in range(len(reference)) for j in range(reference.shape[2])
    ]
    silence = np.zeros(reference.shape[1])
    lost, whole = (sum(by_pairs(a, b, TAU) for a, b in pairs) for pairs in (trains, [(a, silence) for a, _ in trains]))
    return np.sqrt(lost / whole)


def changed(graph, **fields):
    """The Program's or Network's neurons with other fields."""
    populations = {n: replace(p, neuron=replace(p.neuron, **fields)) for n, p in graph.populations.items()}
    return replace(graph, populations=populations)


@pytest.mark.parametrize("bits", [2, 3])
def test_coarse_weights(bits):
    graph = chain(RNG, kind="lif")
    program = nk.compile(graph, bits=bits)
    found = taken_apart(graph, program)
    assert found.largest.cause == "weights"
    assert found.largest.share > 0.8
    assert found.verdict.startswith("Weight rounding makes ")
    layers = plain_layers(graph)
    reference = plain_run(layers, DATA)[-1]
    for layer, projection, report in zip(layers, program.projections, program.report, strict=True):
        gain = report.scale * layer["gain_u"] * layer["gain_v"]
        layer["weight"] = projection.synapse.weight * 2.0**projection.synapse.exponent / gain
    wanted = plain_distance(reference, plain_run(layers, DATA)[-1])
    assert wanted > 0.05
    assert losses(found)["weights"].alone == pytest.approx(wanted, rel=1e-9)
    assert losses(found)["weights"].enters == "p0"


def test_the_layer_with_the_coarse_weights_is_named():
    """Only p1's weights are far apart in size, so that most of them round to nothing."""
    wide = RNG.choice([0.1, -0.1, 1.5], (5, 8), p=[0.8, 0.1, 0.1])
    lif = LIF(tau=np.asarray(7e-3), r=np.asarray(7.0))
    strong = replace(lif, r=np.asarray(20.0))
    graph = network((Dense(RNG.choice([0.5, -0.5], (8, 6))), lif), (Dense(wide), strong), shape=(6,), dt=1e-3)
    found = taken_apart(graph, nk.compile(graph, bits=4))
    assert found.largest.cause == "weights"
    assert found.largest.enters == "p1"
    assert dict(found.layers)["p0"] == 0
    assert dict(found.layers)["p1"] > 0


def test_a_decay_that_rounds_badly():
    """1/4096 a step holds a time constant of 3000 steps as 1/4096: a leak too small by a quarter."""
    neuron = CubaLIF(tau_syn=np.asarray(2e-3), tau_mem=np.asarray(3.0), r=np.asarray(3000.0))
    weight = RNG.choice([127, -32, 64], (6, 6)) / 2**14
    graph = network((Dense(weight, np.zeros(6)), neuron), shape=(6,), dt=1e-3)
    program = nk.compile(graph)
    assert program.report[0].weight_error == 0
    data = random_input(RNG, 2, 1500)
    found = taken_apart(graph, program, data)
    assert found.largest.cause == "decays"
    assert found.largest.share > 0.5
    layers = plain_layers(graph)
    reference = plain_run(layers, data)[-1]
    (cell,) = program.populations.values()
    layers[0] |= {"keep_u": 1 - cell.neuron.current_decay / 4096, "keep_v": 1 - cell.neuron.voltage_decay / 4096}
    assert found.largest.alone == pytest.approx(plain_distance(reference, plain_run(layers, data)[-1]), rel=1e-9)


@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_the_other_reset(reset):
    """A Program whose neurons reset otherwise than the Network's."""
    graph = chain(RNG, kind="lif", reset=reset)
    other = {"hard": "soft", "soft": "hard"}[reset]
    program = nk.compile(changed(graph, reset=other))
    found = taken_apart(graph, program)
    assert found.largest.cause == "reset"
    layers = plain_layers(graph)
    reference = plain_run(layers, DATA)[-1]
    wanted = plain_distance(reference, plain_run([{**x, "soft": other == "soft"} for x in layers], DATA)[-1])
    assert found.largest.alone == pytest.approx(wanted, rel=1e-9)
    assert "reset=" in found.verdict


@pytest.mark.parametrize("fires", [">", ">="])
def test_ties_at_threshold(fires):
    """Whole weights and thresholds, so that many potentials meet the threshold exactly."""
    weight = RNG.choice([127.0, 1.0, -1.0], (5, 6))
    dense, neuron = Dense(weight, np.zeros(5)), IF(threshold=np.asarray(128.0), fires=fires)
    graph = network((dense, neuron), shape=(6,), dt=1e-3)
    program = nk.compile(changed(graph, fires={">": ">=", ">=": ">"}[fires]))
    found = taken_apart(graph, program)
    assert found.largest.cause == "comparison"
    assert found.largest.share == 1
    assert losses(found)["weights"].idle == "all are whole already"
    layers = plain_layers(graph)
    reference = plain_run(layers, DATA)[-1]
    wanted = plain_distance(reference, plain_run([{**x, "inclusive": fires == ">"} for x in layers], DATA)[-1])
    assert found.loss == found.largest.alone == pytest.approx(wanted, rel=1e-9)


@pytest.mark.filterwarnings("ignore::neurokit.errors.OverflowWarning")
def test_overflow():
    """Payloads that let u wrap."""
    graph = chain(RNG, kind="lif")
    found = taken_apart(graph, nk.compile(graph), DATA * 60_000)
    assert found.largest.cause == "overflow"
    assert found.largest.share > 0.5
    assert found.largest.enters == "p0"
    assert losses(taken_apart(graph, nk.compile(graph)))["overflow"].idle == "nothing wrapped or saturated"


def test_a_window_that_the_network_does_not_know():
    graph = chain(RNG, kind="lif")
    found = taken_apart(graph, nk.compile(graph, window=6))
    assert found.largest.cause == "timing"
    assert found.layers == ()
    assert "window=" in found.verdict


def test_states_cut_to_whole_numbers():
    """A Program with exact decays, weights and threshold, but 256 units to it: what each step cuts is half a leak."""
    neuron = LIF(tau=np.asarray(64e-3), threshold=np.asarray(2.0))
    graph = network((Dense(np.full((4, 6), 32.0)), neuron), shape=(6,), dt=1e-3)
    program = nk.compile(graph)
    populations = {
        "p0": replace(program.populations["p0"], neuron=replace(program.neuron("p0"), threshold=np.asarray(256)))
    }
    projection = replace(program.projections[0], synapses=(Dense(np.ones((4, 6), np.int64)),))
    report = (replace(program.report[0], scale=2.0),)
    coarse = replace(program, populations=populations, projections=(projection,), report=report)
    sparse = (RNG.random((3, 400, 6)) < 0.01).astype(np.int32)
    found = taken_apart(graph, coarse, sparse)
    assert {cause.cause for cause in found.causes if not cause.idle} == {"states", "timing"}
    assert (found.largest.cause, found.largest.share) == ("states", 1)
    assert found.loss == found.largest.alone > 0


def test_ties_that_float_sums_decide():
    """Ten times 0.1 is less than 1 in floats, ten times 127 is 1270: only the integers fire."""
    graph = network((Dense(np.full((3, 1), 0.1)), IF(fires=">=")), shape=(1,))
    data = np.ones((1, 60, 1), np.int32)
    assert nk.run(graph, data).spikes["p0"].sum() < nk.run(nk.compile(graph), data, 61).spikes["p0"].sum()
    found = taken_apart(graph, nk.compile(graph), data)
    assert found.largest.cause == "float sums"
    assert found.largest.share == 1


def test_nothing_lost():
    graph = network((Dense(np.array([[1.0, -2.0], [3.0, 127.0]])), IF(threshold=np.asarray(128.0))))
    found = taken_apart(graph, nk.compile(graph), random_input(RNG, 2, 30, 2))
    assert (found.loss, found.causes, found.largest, found.same) == (0, (), None, 1.0)
    assert found.verdict == "Nothing is lost: the outputs of program are those of network."


def test_a_readouts_loss_is_that_of_its_potential():
    lif, readout = (
        LIF(tau=np.asarray(7e-3), r=np.asarray(7.0)),
        LeakyIntegrator(np.asarray(20e-3), v_leak=np.asarray(3.0)),
    )
    graph = network(
        (Dense(RNG.normal(size=(8, 6))), lif), (Dense(RNG.normal(size=(4, 8))), readout), shape=(6,), dt=1e-3
    )
    program = nk.compile(graph, bits=3)
    found = taken_apart(graph, program)
    assert found.largest.cause == "weights"
    v = nk.run(graph, DATA).states["p1", "v"] - 3.0
    lag = program.latency["p1"]
    whole = nk.run(program, DATA, 80 + lag).states["p1", "v"][:, lag:] / (64 * program.report[1].scale)
    assert found.loss == pytest.approx(np.sqrt(np.square(v - whole).mean() / np.square(v).mean()), rel=1e-9)


def test_shares_add_up_and_the_largest_comes_first():
    graph = chain(RNG, kind="cuba", bias=0.2)
    found = taken_apart(graph, nk.compile(graph, bits=4), tau=3.0)
    shares = [cause.share for cause in found.causes]
    assert sum(shares) == pytest.approx(1, rel=1e-12)
    assert shares == sorted(shares, reverse=True)
    assert found.tau == 3.0
    assert len(found.causes) == 9
    assert any("weight rounding" in line for line in found.lines())
    assert found.to_dict()["causes"][0]["title"] == found.largest.title


def test_what_cannot_be_taken_apart_says_why():
    graph = chain(RNG, kind="lif")
    program = nk.compile(graph)
    other = QIF(tau=np.asarray(5e-3), threshold=np.asarray(2.0))
    quadratic = replace(graph, populations={**graph.populations, "p0": Population("p0", (8,), other)})
    for network_, program_, reason in (
        (
            *(quadratic, program),
            "the Program has neurons of other kinds than the Network",
        ),
        (graph, replace(program, report=()), "the Program's report does not state its scales"),
        (graph, nk.compile(chain(RNG, sizes=(6, 8))), "the Program has other populations than the Network"),
    ):
        found = taken_apart(network_, program_)
        assert found.skipped == reason
        assert list(found.lines()) == [f"What the loss comes from was not taken apart: {reason}."]
        assert found.largest is None


def plain_values(weights, biases, x):
    """What a chain of sigma-delta layers stands for at each step: relu layers, step by step."""
    value = x.astype(float)
    for weight, bias in zip(weights, biases, strict=True):
        value = np.maximum(value @ weight.T + bias, 0)
    return value


@pytest.mark.parametrize("bits", [3, 8])
def test_sigma_delta_networks(bits):
    """Coarse weights of a graded network are named, and cost what a plain relu network with them loses."""
    weights = [RNG.normal(0, 1, (7, 6)), RNG.normal(0, 1, (4, 7))]
    biases = [RNG.normal(0, 0.3, 7), RNG.normal(0, 0.3, 4)]
    layers = [(Dense(w), SigmaDelta(bias=b)) for w, b in zip(weights, biases, strict=True)]
    graph = network((Dense(np.eye(6)), Delta()), *layers, shape=(6,))
    x = RNG.random((3, 25, 6)).round(2)
    program = nk.compile(graph, bits=bits, calibrate=x)
    found = taken_apart(graph, program, x)
    reference = plain_values(weights, biases, x)
    scale = {**{row.population: row.payload_scale for row in program.report}, **program.input_scale}
    state = {row.population: row.scale for row in program.report}
    rounded = [
        np.asarray(p.synapse.weight) * 2.0**p.synapse.exponent * scale[p.source] / state[p.target]
        for p in program.projections[1:]
    ]
    other = plain_values(rounded, biases, x)
    wanted = np.sqrt(np.square(other - reference).mean() / np.square(reference).mean())
    assert losses(found)["weights"].alone == pytest.approx(wanted, rel=1e-6)
    assert {"payloads", "weights", "thresholds"} <= losses(found).keys()
    if bits == 3:
        assert found.largest.cause == "weights"
        assert found.largest.share > 0.8
    relayed = network((Dense(np.eye(6)), Relay(np.asarray(0.37))), shape=(6,))
    small = taken_apart(relayed, nk.compile(relayed, calibrate=x), x)
    assert small.skipped == ""
    assert small.loss < 0.05


def test_values_below_a_unit_of_payload_are_named():
    """Payloads calibrated for inputs 100,000 times as large: an eighth of a unit, the largest value, is nothing."""
    graph = network((Dense(np.eye(6)), Delta()), (Dense(RNG.normal(0, 1, (4, 6))), SigmaDelta()), shape=(6,))
    x = RNG.random((3, 25, 6))
    found = taken_apart(graph, nk.compile(graph, calibrate=x * 1e5), x)
    assert found.loss == pytest.approx(1, rel=1e-12)
    assert found.largest.cause == "payloads"
    assert losses(found)["payloads"].alone > 0.9
