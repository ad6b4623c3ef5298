"""The networks between a Network and its Program: at one end they are the first, at the other the second."""

from __future__ import annotations

import numpy as np
import pytest

import neurokit as nk
from neurokit.causes.variants import CAUSES, OVERFLOW, TIMING, idle, pair, variant
from neurokit.graph.neurons import IF, CubaLIF, LeakyIntegrator
from neurokit.graph.synapses import Conv2d, Dense, Flatten, SumPool2d
from neurokit.hardware.simulator.backend import Simulator
from tests.causes.chains import chain, random_input
from tests.networks import network

RNG = np.random.default_rng(11)
NEURONS = [
    {"kind": "if"},
    {"kind": "lif"},
    {"kind": "cuba"},
    {"kind": "cuba", "reset": "soft", "fires": ">="},
    {"kind": "lif", "reset": "hard", "v_reset": 0.2, "v_leak": -0.3},
    {"kind": "lif", "refractory": 3e-3},
    {"kind": "cuba", "refractory": 2e-3, "while_refractory": "silent"},
    {"kind": "cuba", "own": True},
]


def run(both, on, data, timed):
    steps = data.shape[1] + (max(both.program.latency.values()) if timed else 0)
    keys = tuple(both.network.populations)
    return Simulator().run(variant(both, on), {"in": data}, steps, keys)


@pytest.mark.parametrize("options", NEURONS, ids=lambda options: "-".join(map(str, options.values())))
def test_both_ends(options):
    """No cause: the Network's spikes. All but overflow: the Program's, bit for bit, also their states."""
    graph = chain(RNG, **options)
    program = nk.compile(graph, bits=5)
    data = random_input(RNG, 3, 60)
    both = pair(graph, program)
    assert not isinstance(both, str), both
    floats = nk.run(graph, data, record=tuple(graph.populations))
    none = run(both, lambda *_: False, data, False)
    for name in graph.populations:
        np.testing.assert_array_equal(none.spikes[name], floats.spikes[name])
    states = [(name, state) for name in graph.populations for state in ("u", "v")]
    steps = 60 + max(program.latency.values())
    wanted = nk.run(program, data, steps, record=(*graph.populations, *states))
    everything = variant(both, lambda cause, _: cause != OVERFLOW)
    found = Simulator().run(everything, {"in": data}, steps, (*graph.populations, *states))
    for name in graph.populations:
        assert wanted.spikes[name].any()
        np.testing.assert_array_equal(found.spikes[name], wanted.spikes[name])
    for key in states:
        np.testing.assert_array_equal(found.states[key], wanted.states[key])


def test_convolutions_pools_and_a_readout():
    neuron = CubaLIF(tau_syn=np.asarray(5e-3), tau_mem=np.asarray(8e-3), r=np.asarray(2.0))
    graph = network(
        (Conv2d(RNG.normal(size=(3, 2, 3, 3)), padding=1, bias=RNG.normal(size=3) * 0.1), IF()),
        (SumPool2d((2, 2), (2, 2), weight=np.asarray(0.25)), IF(threshold=np.asarray(0.5))),
        ((Flatten(), Dense(RNG.normal(size=(5, 27)), RNG.normal(size=5) * 0.1)), neuron),
        (Dense(RNG.normal(size=(4, 5))), LeakyIntegrator(np.asarray(20e-3))),
        shape=(2, 6, 6),
        dt=1e-3,
    )
    program = nk.compile(graph)
    data = (RNG.random((2, 30, 2, 6, 6)) < 0.3).astype(np.uint8)
    both = pair(graph, program)
    steps = 30 + max(program.latency.values())
    keys = (*graph.populations, ("p3", "v"), ("p2", "u"))
    wanted = nk.run(program, data, steps, record=keys)
    found = Simulator().run(variant(both, lambda cause, _: cause != OVERFLOW), {"in": data}, steps, keys)
    for name in graph.populations:
        np.testing.assert_array_equal(found.spikes[name], wanted.spikes[name])
    for key in keys[-2:]:
        assert wanted.states[key].any()
        np.testing.assert_array_equal(found.states[key], wanted.states[key])


@pytest.mark.filterwarnings("ignore::neurokit.errors.OverflowWarning")
def test_overflow_is_the_last_step_to_the_program():
    """Payloads beyond what the weights were scaled for: with overflow switched on the Program, without it not."""
    graph = chain(RNG, kind="cuba")
    program = nk.compile(graph)
    data = random_input(RNG, 2, 40) * 40_000
    both = pair(graph, program)
    steps = 40 + max(program.latency.values())
    keys = tuple(("p0", state) for state in ("u", "v"))
    wanted = nk.run(program, data, steps, record=(*graph.populations, *keys))
    assert wanted.overflows["p0"].current > 0
    assert wanted.overflows["p0"].saturated > 0
    found, without = (
        Simulator().run(variant(both, on), {"in": data}, steps, (*graph.populations, *keys))
        for on in (lambda *_: True, lambda cause, _: cause != OVERFLOW)
    )
    for key in keys:
        np.testing.assert_array_equal(found.states[key], wanted.states[key])
        assert (without.states[key] != wanted.states[key]).any()


def test_timing_is_the_programs_latency_and_start():
    """Alone it shifts each layer by its latency and changes nothing else; a window resets what the Network keeps."""
    graph = chain(RNG, kind="lif", bias=0.3)
    data = random_input(RNG, 2, 30)
    floats = nk.run(graph, data, record=tuple(graph.populations))
    for window, same in ((None, True), (7, False)):
        program = nk.compile(graph, window=window)
        found = run(pair(graph, program), lambda cause, _: cause == TIMING, data, True)
        for name, lag in program.latency.items():
            assert np.array_equal(found.spikes[name][:, lag : lag + 30], floats.spikes[name]) == same


def test_idle_causes_are_named():
    weight = np.array([[1.0, -2.0], [3.0, 127.0]])
    graph = network((Dense(weight), IF(threshold=np.asarray(128.0), fires=">=", reset="soft")))
    assert idle(pair(graph, nk.compile(graph))) == {
        "weights": "all are whole already",
        "decays": "12 bits hold all",
        "thresholds": "all are whole already",
        "reset": "both reset soft",
        "comparison": "both fire at >=",
        "states": "nothing decays",
    }
    busy = chain(RNG, kind="cuba", bias=0.1)
    assert idle(pair(busy, nk.compile(busy))).keys() == {"reset", "comparison"}
    assert set(CAUSES) >= {"timing", "overflow"}
