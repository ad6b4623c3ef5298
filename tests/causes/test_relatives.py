"""Adaptive, ternary, quadratic and resonating neurons between Network and Program: both ends, and what is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.causes.switching import attribute
from neurokit.causes.variants import OVERFLOW, TIMING, idle, pair, variant
from neurokit.graph.lif_family import ALIF, ATRLIF, QIF, LoihiQIF, TernaryLIF, Theta
from neurokit.graph.network import Input, LayerReport, Network, Population, Program, Projection
from neurokit.graph.neurons import CubaLeakyIntegrator
from neurokit.graph.resonators import IMAGINARY, FixedResonateAndFire, ResonateAndFire
from neurokit.graph.synapses import Dense
from neurokit.hardware.simulator.backend import Simulator
from tests.causes.chains import random_input
from tests.networks import network
from tests.profiling.test_trains import by_pairs

A = np.asarray
STEPS = 60


def alif(rng, size, **options):
    spread = rng.uniform(0.7, 1.3, size)
    times = {"tau": 20e-3 * spread, "tau_adaptation": A(80e-3), "beta": 0.2 * spread}
    return ALIF(**times, r=A(0.8), **options)


def atrlif(rng, size):
    spread = rng.uniform(0.7, 1.3, size)
    times = {"tau_syn": A(4e-3), "tau_mem": 10e-3 * spread, "tau_threshold": A(30e-3), "tau_refractory": A(5e-3)}
    return ATRLIF(**times, threshold_step=A(0.3), w_in=A(4.0), resistance=A(4.0))


def ternary(rng, size):
    spread = rng.uniform(0.7, 1.3, size)
    gains = {"w_in": A(4.0), "r": A(3.0)}
    return TernaryLIF(tau_syn=A(4e-3), tau_mem=10e-3 * spread, lower_threshold=A(-0.7), **gains)


KINDS = {
    "alif": alif,
    "alif >= refractory": lambda rng, size: alif(rng, size, fires=">=", refractory=A(2e-3)),
    "atrlif": atrlif,
    "ternary": ternary,
}


def chain_of(kind, rng):
    layers = []
    for before, after in ((6, 8), (8, 5)):
        dense = Dense(rng.normal(0.1, 0.6, (after, before)), rng.normal(0, 0.05, after))
        layers.append((dense, KINDS[kind](rng, after)))
    return network(*layers, shape=(6,), dt=1e-3)


def quadratic():
    """One layer of quadratic neurons, and the Program that a user writes for it: v = 1 is 2**10 units."""
    rng = np.random.default_rng(4)
    weight = rng.uniform(0.1, 1.2, (5, 6))
    graph = network(
        (Dense(weight), QIF(tau=A(11e-3), r=A(3.0), threshold=A(6.3), v_reset=A(-2.6))), shape=(6,), dt=1e-3
    )
    one = 1 << 10
    neuron = LoihiQIF(A(4096), A(round(4096 / 11)), A(10), A(round(6.3 * one)), A(round(-2.6 * one)))
    whole = Population("p0", (5,), neuron)
    wire = Projection("in", "p0", (Dense(np.rint(weight * 3 * one / 64).astype(np.int64)),), 1)
    program = Program(graph.inputs, {"p0": whole}, (wire,), {"p0": whole}, latency={"p0": 1}, dt=1e-3)
    return graph, program


def resonating(fires_at="phase"):
    """One layer of resonators with weights of 16 units each, and its Program."""
    rng = np.random.default_rng(5)
    parts = {port: rng.normal(0, 1, (5, 6)) for port in ("", IMAGINARY)}
    neuron = ResonateAndFire(period=A(9.3), decay=A(0.04), threshold=A(1.7), fires_at=fires_at)
    floats = Population("p0", (5,), neuron)
    start = {"in": Input("in", (6,))}
    wires = tuple(Projection("in", "p0", (Dense(weight),), 0.0, port) for port, weight in parts.items())
    graph = Network(start, {"p0": floats}, wires, {"p0": floats}, dt=1e-3)
    sine, cosine = (np.rint(4096 * part).astype(np.int64) for part in neuron.turn)
    fixed = FixedResonateAndFire(sine=sine, cosine=cosine, threshold=A(round(1.7 * 16 * 64)), fires_at=fires_at)
    whole = Population("p0", (5,), fixed)
    rounded = [np.rint(16 * weight).astype(np.int64) for weight in parts.values()]
    chips = tuple(Projection("in", "p0", (Dense(w),), 1, port) for port, w in zip(parts, rounded, strict=True))
    report = (LayerReport("p0", 16.0, 8, 0, 0.0, 0.0, 0.0),)
    return graph, Program(start, {"p0": whole}, chips, {"p0": whole}, latency={"p0": 1}, dt=1e-3, report=report)


def compiled(kind, rng, **options):
    graph = chain_of(kind, rng)
    return graph, nk.compile(graph, bits=5, **options)


PAIRS = {
    **{kind: (lambda kind=kind: compiled(kind, np.random.default_rng(1))) for kind in KINDS},
    "window": lambda: compiled("alif", np.random.default_rng(2), window=13),
    "quadratic": quadratic,
    "phase": resonating,
    "top": lambda: resonating("top"),
}


def assert_ends(graph, program, data, every=lambda cause: True):
    """No cause: the Network's spikes. Every one: the Program's spikes and states, bit for bit."""
    both = pair(graph, program)
    assert not isinstance(both, str), both
    names = tuple(graph.populations)
    floats = nk.run(graph, data, record=names)
    none = Simulator().run(variant(both, lambda *_: False), {"in": data}, STEPS, names)
    states = tuple((name, state) for name in names for state in program.populations[name].neuron.states)
    steps = STEPS + max(program.latency.values())
    wanted = nk.run(program, data, steps, record=(*names, *states))
    found = Simulator().run(variant(both, lambda cause, _: every(cause)), {"in": data}, steps, (*names, *states))
    for name in names:
        assert floats.spikes[name].any()
        np.testing.assert_array_equal(none.spikes[name], floats.spikes[name])
        np.testing.assert_array_equal(found.spikes[name], wanted.spikes[name])
    for key in states:
        np.testing.assert_array_equal(found.states[key], wanted.states[key], str(key))
    return wanted


@pytest.mark.parametrize("name", PAIRS)
def test_both_ends(name):
    graph, program = PAIRS[name]()
    wanted = assert_ends(graph, program, random_input(np.random.default_rng(7), 3, STEPS))
    assert all(0 < np.count_nonzero(values) < values.size for values in wanted.spikes.values())


@pytest.mark.parametrize("name", ["alif", "atrlif", "ternary", "quadratic", "phase"])
@pytest.mark.filterwarnings("ignore::neurokit.errors.OverflowWarning")
def test_overflow_is_the_last_step_to_the_program(name):
    """Payloads that let u wrap, or states reach their 24 bits: with overflow on the Program, without it not."""
    graph, program = PAIRS[name]()
    data = random_input(np.random.default_rng(7), 2, STEPS) * 60_000
    both = pair(graph, program)
    steps, (first, *_) = STEPS + max(program.latency.values()), graph.populations
    keys = tuple((first, state) for state in program.populations[first].neuron.states)
    wanted = nk.run(program, data, steps, record=(first, *keys))
    found, without = (
        Simulator().run(variant(both, on), {"in": data}, steps, (first, *keys))
        for on in (lambda *_: True, lambda cause, _: cause != OVERFLOW)
    )
    np.testing.assert_array_equal(found.spikes[first], wanted.spikes[first])
    for key in keys:
        np.testing.assert_array_equal(found.states[key], wanted.states[key], str(key))
    assert any((without.states[key] != wanted.states[key]).any() for key in keys)


def plain_alif(graph, data, weights, decay=None):
    """Spikes of a chain of ALIF layers by a plain loop; decay: instead of the adaptation's own."""
    sent_by_layer, sent_all = data.astype(float), None
    for population, projection, weight in zip(graph.populations.values(), graph.projections, weights, strict=True):
        n = population.neuron
        keep, rho = np.exp(-1e-3 / n.tau), np.exp(-1e-3 / n.tau_adaptation) if decay is None else decay
        shape = (len(data), population.size)
        v, a, z = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        sent_all = np.zeros((*data.shape[:2], population.size))
        for t in range(data.shape[1]):
            a = rho * a + z
            v = keep * v + n.r * (sent_by_layer[:, t] @ weight.T + projection.synapse.bias) - n.threshold * z
            z = (v > n.threshold + n.beta * a).astype(float)
            sent_all[:, t] = z
        sent_by_layer = sent_all
    return sent_all


def test_coarse_weights_of_adaptive_neurons_cost_what_a_plain_run_says():
    graph = chain_of("alif", np.random.default_rng(3))
    program = nk.compile(graph, bits=3)
    data = random_input(np.random.default_rng(8), 3, STEPS)
    found = attribute(graph, program, {"in": data}, STEPS)
    assert found.skipped == ""
    assert found.largest.cause == "weights"
    exact = [p.synapse.weight for p in graph.projections]
    coarse = [
        p.synapse.weight * 2.0**p.synapse.exponent / (row.scale * population.neuron.r)
        for p, row, population in zip(program.projections, program.report, graph.populations.values(), strict=True)
    ]
    before, after = plain_alif(graph, data, exact), plain_alif(graph, data, coarse)
    trains = [(before[b, :, j], after[b, :, j]) for b in range(3) for j in range(5)]
    silence = np.zeros(STEPS)
    lost = sum(by_pairs(x, y, 10.0) for x, y in trains)
    whole = sum(by_pairs(x, silence, 10.0) for x, _ in trains)
    assert lost > 0
    assert found.largest.alone == pytest.approx(np.sqrt(lost / whole), rel=1e-9)
    assert sum(cause.share for cause in found.causes) == pytest.approx(1, rel=1e-12)


def test_an_adaptation_that_rounds_badly():
    """A spike's adaptation decays by 1/4096 a step where it should by 0.6/4096: the largest cause is the decay."""
    neuron = ALIF(tau=A(5e-3), tau_adaptation=A(4.096 / 0.6), beta=A(0.05), r=A(0.5))
    weight = np.random.default_rng(9).choice([127.0, 64.0, -32.0], (5, 6)) / 127
    graph = network((Dense(weight), neuron), shape=(6,), dt=1e-3)
    data = random_input(np.random.default_rng(8), 2, 1500)
    found = attribute(graph, nk.compile(graph), {"in": data}, 1500)
    assert found.largest.cause == "decays"


@pytest.mark.parametrize("name", ["quadratic", "phase", "top", "ternary", "atrlif"])
def test_their_losses_are_taken_apart(name):
    graph, program = PAIRS[name]()
    data = random_input(np.random.default_rng(7), 3, STEPS)
    found = attribute(graph, program, {"in": data}, STEPS)
    assert found.skipped == ""
    assert found.loss > 0
    assert found.largest is not None
    assert {"weights", "decays"} & {cause.cause for cause in found.acting}


@pytest.mark.parametrize(
    ("name", "states"),
    [("alif", ("u", "adaptation", "v")), ("atrlif", ("i", "v", "theta", "r")), ("ternary", ("u", "v"))],
)
def test_their_states_are_compared_in_the_units_of_the_network(name, states):
    """The first layer's first steps, with 8 bits: near, up to a bias that acts on the potential at once."""
    graph = chain_of(name, np.random.default_rng(1))
    (rung,) = nk.verify(graph, random_input(np.random.default_rng(7), 3, 2), lava=0).rungs
    found = {layer.what: layer for layer in rung.layers if layer.population == "p0"}
    assert tuple(what for what in found if what not in ("spikes", "value")) == states
    for state in states:
        assert found[state].reference_mean != 0
        assert found[state].distance < 0.15


def test_idle_causes_are_named():
    graph, program = PAIRS["alif"]()
    named = idle(pair(graph, program))
    assert named["reset"] == "both reset as the model does"
    assert named["comparison"] == "both fire as the model does"
    assert not {"weights", "decays", "thresholds", "states", TIMING} & named.keys()


def test_a_readout_with_a_current_of_its_own():
    """CubaLeakyIntegrator: its potential, in units of the source."""
    readout = CubaLeakyIntegrator(tau_syn=A(5e-3), tau_mem=A(9e-3))
    rng = np.random.default_rng(1)
    graph = network(
        (Dense(rng.normal(0.1, 0.6, (8, 6))), alif(rng, 8)),
        (Dense(rng.normal(size=(3, 8))), readout),
        shape=(6,),
        dt=1e-3,
    )
    data = random_input(rng, 2, STEPS)
    found = attribute(graph, nk.compile(graph, bits=3), {"in": data}, STEPS)
    assert found.largest.cause == "weights"


def test_what_has_no_integers_says_so():
    graph, program = quadratic()
    theta = replace(graph, populations={"p0": Population("p0", (5,), Theta(tau=A(11e-3)))})
    found = attribute(theta, program, {"in": random_input(np.random.default_rng(1), 1, 9)}, 9)
    assert found.skipped.endswith("'p0' is Theta")
    other, chips = resonating()
    assert pair(other, replace(chips, report=())) == "the Program's report does not state its scales"
    assert pair(graph, chips) == "the Program has other projections than the Network"
