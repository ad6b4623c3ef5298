"""One Program, two backends: every spike, state and count of every population equal.

Random networks and networks at the ends of every range are the conformance suite's (tests/conformance): the simulator
and Lava in process both equal the interpreter there. Here hypothesis draws them, and Lava's own runtime runs some.
"""

import numpy as np
from hypothesis import HealthCheck, assume, event, given, settings

import neurokit as nk
from neurokit.api import get_backend
from neurokit.conformance.running import run_case
from tests import data
from tests.overflowing import ON_PURPOSE
from tests.programs import cases

pytestmark = ON_PURPOSE


def everything(program):
    states = ((name, state) for name, p in program.populations.items() for state in p.neuron.states)
    return (*program.populations, *states)


def differing(program, values, backend, steps=None, time_limit=120):
    """Differing elements over all spikes and states, and spikes in all."""
    record = everything(program)
    here = nk.run(program, values, steps, record=record)
    there = nk.run(program, values, steps, backend, record, time_limit=time_limit)
    total = sum(int((here.spikes[name] != there.spikes[name]).sum()) for name in program.populations)
    total += sum(int((here.states[key] != there.states[key]).sum()) for key in here.states)
    for name in here.counts:
        np.testing.assert_array_equal(here.counts[name], there.counts[name])
        np.testing.assert_array_equal(here.step_counts[name], there.step_counts[name])
    return total, sum(int(here.spikes[name].sum()) for name in program.populations)


def conforms(case, *backends):
    for name in backends:
        outcome = run_case(case, get_backend(name), time_limit=120)
        assume(outcome.status != "refused")
        assert outcome.status == "same", outcome.reason
        event("spikes" if outcome.fired else "silent")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(cases())
def test_random_networks(case):
    conforms(case, "lava-inprocess", "simulator")


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(cases())
def test_random_networks_in_lavas_own_runtime(case):
    conforms(case, "lava")


def test_pilotnet_16_steps():
    program = nk.compile(nk.convert(data.truth("gts/pilotnet_lif/network.net"), inputs="spikes"), window=16)
    spikes = np.load(data.truth("gts/pilotnet_lif/input-s.npy")).transpose(3, 2, 1, 0)[:16]
    total, fired = differing(program, spikes, "lava")
    assert total == 0
    assert fired > 100_000


def test_nmnist_cnn_5_recordings():
    network = nk.convert(data.shared("nir_paper", "02_cnn", "cnn_sinabs.nir"))
    program = nk.compile(network)
    events, _ = data.nmnist(5)
    steps = 300 + max(program.latency.values())
    total, fired = differing(program, events, "lava-inprocess", steps)
    assert total == 0
    assert fired > 1000
