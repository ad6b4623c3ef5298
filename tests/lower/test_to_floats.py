"""Programs back in floats: the same spikes, the source's weights to their rounding, and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import ConversionError, InputError
from neurokit.graph.graded_neurons import Sigma
from neurokit.graph.lif_family import ALIF, TernaryLIF
from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF, LIF, CubaLIF, Integrator, LeakyIntegrator
from neurokit.graph.synapses import Conv2d, Dense, Flatten
from tests.cli.sources import write_small_net
from tests.networks import joined, network

RNG = np.random.default_rng(0)
NEURONS = {
    "if": IF(),
    "soft, reached": IF(reset="soft", fires=">="),
    "lif": LIF(tau=2e-2, r=20.0),
    "lif, each its own": LIF(tau=np.linspace(0.01, 0.03, 6), r=np.linspace(10, 20, 6)),
    "resting elsewhere": LIF(tau=2e-2, v_leak=-0.5, threshold=0.5, v_reset=-0.7),
    "cuba": CubaLIF(tau_syn=5e-3, tau_mem=2e-2, w_in=10.0, r=30.0),
    "refractory": LIF(tau=2e-2, r=20.0, refractory=3e-3),
    "adaptive": ALIF(tau=2e-2, tau_adaptation=0.2, beta=0.1),
}


def chain(neuron):
    first = Dense(RNG.normal(size=(6, 5)), bias=RNG.normal(size=6) * 0.1)
    last = Dense(RNG.normal(size=(3, 6)))
    return network((first, neuron), (last, LeakyIntegrator(tau=0.02)), shape=(5,), dt=1e-3)


@pytest.mark.parametrize("name", NEURONS)
def test_the_network_that_comes_back_computes_what_the_program_does(name):
    net = chain(NEURONS[name])
    program = nk.compile(net)
    back = nk.to_network(program)
    x = (RNG.random((4, 60, 5)) < 0.5).astype(np.uint8)
    steps, late = 60, program.latency["p0"]
    record = ("p0",)
    ints = nk.run(program, x, steps + late, record=record).spikes["p0"][:, late:]
    floats = nk.run(back, x, record=record).spikes["p0"]
    assert ints.sum() > 10
    # decays of the chip cut to whole units, floats do not: a spike that hangs on one unit may move. A bias that goes
    # through a synaptic current comes in slowly, in a Program at once.
    settled = 30 if name == "cuba" else 0
    assert (ints != floats)[:, settled:].mean() < 0.002


@pytest.mark.parametrize("name", NEURONS)
def test_weights_are_the_sources_to_their_rounding(name):
    net = chain(NEURONS[name])
    program = nk.compile(net)
    onto = nk.to_network(program, net)
    for row, own, found in zip(program.report, net.projections, onto.projections, strict=True):
        lost = np.sqrt(np.square(found.synapse.weight - own.synapse.weight).mean())
        size = np.sqrt(np.square(own.synapse.weight).mean())
        if net.populations[own.target].neuron is not NEURONS["lif, each its own"]:  # there the report is of w times r
            assert lost / size == pytest.approx(row.weight_error, rel=1e-6)
        assert lost / size < 0.01
    assert np.allclose(onto.projections[0].synapse.bias, net.projections[0].synapse.bias)
    assert onto.populations["p0"].neuron is net.populations["p0"].neuron


def test_compiled_again_it_is_the_same_program():
    program = nk.compile(chain(LIF(tau=2e-2)))
    again = nk.compile(nk.to_network(program))
    for one, other in zip(program.projections, again.projections, strict=True):
        assert np.array_equal(one.synapse.weight, other.synapse.weight)
        assert one.synapse.exponent == other.synapse.exponent
        assert np.array_equal(one.delay, other.delay)


def test_changed_weights_come_back():
    net = chain(LIF(tau=2e-2))
    program = nk.compile(net)
    first, last = program.projections
    weight = np.array(first.synapse.weight)
    weight[2, 3] += 5
    learned = replace(program, projections=(replace(first, synapses=(replace(first.synapse, weight=weight),)), last))
    before, after = nk.to_network(program, net), nk.to_network(learned, net)
    changed = np.argwhere(before.projections[0].synapse.weight != after.projections[0].synapse.weight)
    assert changed.tolist() == [[2, 3]]
    scale = program.report[0].scale / 20  # the gain dt / tau lies in the integer
    step = after.projections[0].synapse.weight[2, 3] - before.projections[0].synapse.weight[2, 3]
    assert step == pytest.approx(5 * 2.0**first.synapse.exponent / scale)


def test_branches_of_unequal_depth_lose_the_delays_that_balanced_them():
    net = chain(IF())
    net = joined(net, Projection("in", "p1", (Dense(RNG.normal(size=(3, 5))),), np.asarray(2e-3)))
    program = nk.compile(net)
    assert program.projections[2].delay == 4
    assert [float(p.delay) for p in nk.to_network(program).projections] == [0, 0, 2e-3]


def test_convolutions_come_back():
    layers = ((Conv2d(RNG.normal(size=(3, 2, 3, 3)), bias=RNG.normal(size=3) * 0.1), IF()), (Flatten(), Integrator()))
    net = network(*layers, shape=(2, 6, 6), dt=1e-3)
    program = nk.compile(net)
    x = (RNG.random((2, 30, 2, 6, 6)) < 0.3).astype(np.uint8)
    late = program.latency["p0"]
    ints = nk.run(program, x, 30 + late, record=("p0",)).spikes["p0"][:, late:]
    assert np.array_equal(ints, nk.run(nk.to_network(program), x, record=("p0",)).spikes["p0"])
    assert ints.sum() > 100
    own, found = net.projections[0].synapse, nk.to_network(program, net).projections[0].synapse
    assert np.abs(found.weight - own.weight).max() < 0.005 * np.abs(own.weight).max()
    assert np.allclose(found.bias, own.bias)


def test_graded_networks_come_back_onto_their_source():
    net = network((Dense(RNG.normal(size=(4, 3))), Sigma()), shape=(3,), dt=1e-3)
    program = nk.compile(net, calibrate=RNG.normal(size=(2, 20, 3)))
    found = nk.to_network(program, net).projections[0].synapse.weight
    own = net.projections[0].synapse.weight
    lost = np.sqrt(np.square(found - own).mean() / np.square(own).mean())
    assert lost == pytest.approx(program.report[0].weight_error)
    assert lost < 0.05
    with pytest.raises(ConversionError, match=r"'p0': is FixedSigma; .* Pass source="):
        nk.to_network(program)


def test_refusals_say_what_to_pass():
    net = chain(IF())
    program = nk.compile(net)
    with pytest.raises(InputError, match="is a Network; a Program is needed"):
        nk.to_network(net)
    with pytest.raises(InputError, match="the populations p1 are in one of the two only"):
        nk.to_network(program, network((Dense(np.ones((6, 5))), IF()), shape=(5,)))
    with pytest.raises(InputError, match="is a str; a Network is needed"):
        nk.to_network(program, "net.nir")
    with pytest.raises(ConversionError, match="no report tells the scale of p0, p1"):
        nk.to_network(replace(program, report=()))
    ternary = network((Dense(RNG.normal(size=(4, 3))), TernaryLIF(tau_syn=5e-3, tau_mem=1e-2)), shape=(3,), dt=1e-3)
    with pytest.raises(ConversionError, match="is LoihiTernaryLIF"):
        nk.to_network(nk.compile(ternary))


def test_integers_that_passed_through_stay_integers(tmp_path):
    net = nk.convert(write_small_net(tmp_path / "small.net"))
    program = nk.compile(net)
    back = nk.to_network(program)
    assert back.is_integer
    again = nk.compile(back)
    x = (RNG.random((2, 30, *next(iter(net.inputs.values())).shape)) < 0.3).astype(np.uint8)
    one, other = nk.run(program, x), nk.run(again, x)
    assert all(np.array_equal(one.spikes[name], other.spikes[name]) for name in program.outputs)
    assert nk.to_network(program, net).projections[0].synapse is program.projections[0].synapse
