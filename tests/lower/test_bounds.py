"""The worst case: never exceeded, and met where it can be."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings

import neurokit as nk
from neurokit.graph.graded_neurons import Delta, Sigma, SigmaDelta
from neurokit.graph.neurons import IF, LIF, Integrator
from neurokit.graph.synapses import Conv2d, Dense
from neurokit.lower.bounds import LAVAS_SUM, bounds
from tests.networks import compiled_or_refused, network, random_network
from tests.programs import random_input, random_program, seeds


def reached(program, x, steps):
    """Largest |u| and |v| of each population that has them."""
    keys = [(name, state) for name, p in program.populations.items() for state in p.neuron.states if state in "uv"]
    rec = nk.run(program, x, steps=steps, record=tuple(keys))
    return {key: int(np.abs(values.astype(np.int64)).max()) for key, values in rec.states.items()}, rec


@settings(max_examples=25, deadline=None)
@given(seeds)
@example(2591)  # a shift down over four delays, each rounded by itself
@pytest.mark.filterwarnings("ignore::neurokit.errors.OverflowWarning")
def test_no_input_exceeds_them(seed):
    program = random_program(seed)
    for payload, x in ((1, random_input(seed, program)), (50, random_input(seed, program, graded=True))):
        worst = bounds(program, {"in": payload})
        found, rec = reached(program, x, 25)
        for (name, state), value in found.items():
            bound = worst[name]
            assert state != "v" or value <= bound.potential
            if bound.current < 1 << 23:
                assert rec.overflows[name].current == 0
                assert state != "u" or value <= bound.current


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_compiled_networks_stay_below_them(seed):
    program = compiled_or_refused(random_network(seed))
    if program is None:
        return
    worst = bounds(program)
    rng = np.random.default_rng(seed)
    inputs = {name: (rng.random((30, *node.shape)) < 0.7).astype(int) for name, node in program.inputs.items()}
    found, _ = reached(program, inputs, 30)
    for (name, state), value in found.items():
        assert value <= (worst[name].potential if state == "v" else max(worst[name].current, 0))
    for row in program.report:
        assert row.worst_headroom is None or 2.0**-row.worst_headroom * (1 << 23) == pytest.approx(
            worst[row.population].current
        )


def test_the_worst_case_is_met():
    """All inputs of one sign at once."""
    program = nk.compile(network((Dense([[3.0, -2.0, 1.0]]), IF(threshold=1e3)), shape=(3,)))
    worst = bounds(program)["p0"]
    weights = program.projections[0].synapse.weight.astype(int)
    assert worst.sum == np.abs(weights).sum() * 2.0 ** program.projections[0].synapse.exponent
    found, _ = reached(program, np.sign(weights) * 1, 2)
    assert found["p0", "u"] == worst.current == 64 * worst.sum
    assert worst.headroom == pytest.approx(math.log2(LAVAS_SUM / worst.sum))


def test_a_readout_without_leak_saturates_and_one_with_leak_need_not():
    def potential(neuron):
        return bounds(nk.compile(network((Dense([[1.0, 1.0]]), neuron), dt=1e-3)))["p0"].potential

    assert potential(Integrator()) == (1 << 23) - 1
    assert potential(LIF(tau=2e-3, threshold=1.0)) < (1 << 23) - 1


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_sigma_delta_networks(seed):
    """The states that still images leave; a unit of payload a message is left out, as the module says."""
    rng = np.random.default_rng(seed)
    net = network(
        (Conv2d(np.eye(2)[:, :, None, None]), Delta()),
        (Conv2d(rng.normal(size=(3, 2, 3, 3))), SigmaDelta(bias=rng.normal(size=(3, 1, 1)))),
        (Dense(rng.normal(size=(4, 48))), Sigma()),
        shape=(2, 6, 6),
    )
    images = np.repeat(rng.normal(size=(5, 1, 2, 6, 6)), 4, axis=1)
    program = nk.compile(net, calibrate=images)
    x = program.scaled(images)
    worst = bounds(program, {"in": int(np.abs(x).max())})
    keys = tuple((name, state) for name, p in program.populations.items() for state in p.neuron.states)
    rec = nk.run(program, x, steps=7, record=keys)
    for (name, _), values in rec.states.items():
        assert math.isfinite(worst[name].current)
        slack = 7 * 48 * 127  # messages, sources and the largest weight
        assert np.abs(values.astype(np.int64)).max() <= worst[name].current + slack
