"""Resonate-and-fire in the simulator: kernels against the reference, floats against complex numbers, two ports."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit.conformance.draws import Seeded
from neurokit.conformance.resonators import RESONATORS
from neurokit.errors import CompileError, GraphError
from neurokit.graph.check import check_network, check_program
from neurokit.graph.network import Input, Network, Population, Program, Projection
from neurokit.graph.resonators import FixedAdaptiveResonateAndFire, FixedResonateAndFire, ResonateAndFire
from neurokit.graph.synapses import Dense, Injection
from neurokit.graph.text import conventions, describe_projection
from neurokit.hardware.simulator.kinds import make_neurons
from neurokit.lower.fixedpoint import neuron_step
from neurokit.lower.targets import target_faults
from tests.cuts import assert_cut_equal
from tests.graded import payloads
from tests.graph.test_io import assert_round_trip
from tests.programs import seeds

KIND = RESONATORS[FixedResonateAndFire]


def fed(neuron, shape=(8,)):
    """A Program with an input for each port."""
    populations = {"out": Population("out", shape, neuron)}
    inputs = {name: Input(name, shape) for name in ("real", "imag")}
    wires = (Projection("real", "out", (Injection(),), 0), Projection("imag", "out", (Injection(),), 0, "imag"))
    return check_program(Program(inputs, populations, wires, populations))


def any_neuron(seed, shape=(8,)):
    kind = list(RESONATORS.values())[seed // 2 % len(RESONATORS)]
    edges = [neuron for _, neuron in kind.edges()]
    return edges[seed % len(edges)] if seed % 2 else kind.random(Seeded(seed), shape, False)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_the_kernel_equals_the_reference(seed):
    """Inputs up to the ends of int32, which the shift by state_exponent wraps."""
    rng, neuron = np.random.default_rng(seed), any_neuron(seed)
    inputs = payloads(rng, (25, 2, 2, 8))  # steps, samples, ports, neurons
    neurons = make_neurons(Population("p", (8,), neuron), 2, None)
    sent = np.zeros((25, 2, 8), np.uint8)
    neurons.run_block(inputs.reshape(25, 2, 16).astype(np.int32), sent, np.zeros(25, np.int64))
    states = {name: np.zeros((2, 8), np.int64) + neuron.initial.get(name, 0) for name in neuron.states}
    for step in range(25):
        states, expected = neuron_step(neuron, states, inputs[step].swapaxes(0, 1))
        np.testing.assert_array_equal(sent[step], expected)
    for name, values in states.items():
        np.testing.assert_array_equal(neurons.states[name], values)


@pytest.mark.parametrize("fires_at", ["phase", "top"])
def test_floats_turn_as_complex_numbers(fires_at):
    rng = np.random.default_rng(1)
    period, decay, threshold = rng.uniform(5, 20, 4), rng.uniform(0, 0.2, 4), rng.uniform(0.2, 1.5, 4)
    weight = {port: rng.normal(size=(4, 3)) for port in ("", "imag")}
    data = (rng.random((80, 3)) < 0.2).astype(float)
    neuron = ResonateAndFire(period=period, decay=decay, threshold=threshold, fires_at=fires_at)
    populations = {"out": Population("out", (4,), neuron)}
    wires = tuple(Projection("in", "out", (Dense(w),), port=port) for port, w in weight.items())
    net = check_network(Network({"in": Input("in", (3,))}, populations, wires, populations))
    found = nk.run(net, data, record=(("out", "real"), ("out", "imag")))

    z, turn, spikes = np.zeros(4, complex), (1 - decay) * np.exp(2j * np.pi / period), []
    for step, row in enumerate(data):
        before, z = z.imag, turn * z + weight[""] @ row + 1j * (weight["imag"] @ row)
        if fires_at == "phase":
            fires = (z.real >= threshold) & (z.imag >= 0) & (before < 0)
        else:
            fires = z.imag >= threshold
            z = np.where(fires, 1j * (threshold - 1e-5), z)
        spikes.append(fires)
        np.testing.assert_allclose(found.states["out", "real"][step], z.real, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.states["out", "imag"][step], z.imag, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.spikes["out"], spikes)
    assert np.sum(spikes) > 5


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_files_and_sessions_keep_both_ports(tmp_path_factory, seed):
    rng = np.random.default_rng(seed)
    program = fed(any_neuron(seed))
    assert_round_trip(program, tmp_path_factory.mktemp("resonators"))
    data = {name: np.clip(payloads(rng, (25, 8)), -(2**23), 2**23 - 1) for name in ("real", "imag")}
    assert_cut_equal(program, data, rng)


def test_the_two_ports_are_not_the_same():
    program = fed(next(KIND.edges())[1])
    push = {"real": np.eye(1, 8, dtype=int) * 100, "imag": np.zeros((1, 8), int)}
    real = nk.run(program, push, record=(("out", "real"), ("out", "imag"))).states
    imag = nk.run(
        program, {"real": push["imag"], "imag": push["real"]}, record=(("out", "real"), ("out", "imag"))
    ).states
    assert real["out", "real"].any()
    assert not real["out", "imag"].any()
    np.testing.assert_array_equal(imag["out", "imag"], real["out", "real"])


def test_words_and_targets():
    neuron = FixedResonateAndFire(sine=100, cosine=4000, threshold=1600, fires_at="top")
    assert conventions(neuron) == "oscillates, fires at imag >= 1,600, then real is 0 and imag below it"
    floats = ResonateAndFire(period=9, threshold=0.5)
    assert conventions(floats) == "oscillates, fires where imag passes 0 at real >= 0.5"
    program = fed(neuron)
    assert [p.name for p in program.projections] == ["real->out", "imag->out.imag"]
    assert describe_projection(program.projections[1], in_steps=True) == "imag: Injection, to imag"
    assert target_faults(program, "loihi2-stock")[0].limit.startswith("no public release says which resonate-and-fire")
    moves = {"threshold_decay": 100, "refractory_decay": 900, "threshold_step": 640}
    adaptive = FixedAdaptiveResonateAndFire(sine=100, cosine=4000, threshold=1600, **moves)
    told = (
        "oscillates, fires where imag passes 0 at real - r >= theta, from 1,600 and 640 a spike, then adds 2 theta to r"
    )
    assert conventions(adaptive) == told
    assert "a turn and a moving threshold" in target_faults(fed(adaptive), "loihi2-stock")[0].limit


def test_what_is_refused():
    populations = {"out": Population("out", (1,), ResonateAndFire(period=9))}
    ends = {"in": Input("in", (1,))}
    net = Network(ends, populations, (Projection("in", "out", (Dense(np.ones((1, 1))),)),), populations)
    with pytest.raises(CompileError, match="'out': is ResonateAndFire in floats; no scale is chosen for it yet"):
        nk.compile(net)
    wire = Projection("in", "out", (Dense(np.ones((1, 1)), np.ones(1)),), port="imag")
    with pytest.raises(GraphError, match=r"'in->out\.imag': has a bias; constants enter by port ''"):
        check_network(Network(ends, populations, (wire,), populations))
    wire = Projection("in", "out", (Dense(np.ones((1, 1))),), port="magic")
    with pytest.raises(GraphError, match="port is 'magic'; its target has '' or 'imag'"):
        check_network(Network(ends, populations, (wire,), populations))
    with pytest.raises(GraphError) as caught:
        fed(FixedResonateAndFire(sine=4097, cosine=-4097, threshold=-1, state_exponent=8, decay_bits=12))
    assert [fault.fact for fault in caught.value.faults] == [
        "sine is 4097",
        "cosine is -4097",
        "threshold is -1",
        "state exponent is 8",
    ]
    moves = {"threshold_decay": 4097, "refractory_decay": -1, "threshold_step": -1}
    with pytest.raises(GraphError) as caught:
        fed(FixedAdaptiveResonateAndFire(sine=100, cosine=4000, threshold=1600, **moves))
    found = ["threshold_decay is 4097", "refractory_decay is -1", "threshold_step is -1"]
    assert [fault.fact for fault in caught.value.faults] == found
