"""One Program, two backends: every spike, u and v of every population equal."""

import numpy as np
from hypothesis import HealthCheck, assume, event, given, settings

import neurokit as nk
from neurokit.api import get_backend
from tests import data
from tests.programs import random_input, random_program, seeds


def everything(program):
    names = tuple(program.populations)
    return (*names, *((name, state) for name in names for state in "uv"))


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


def compare_random(seed, backend, graded):
    program = random_program(seed)
    assume(not get_backend(backend).accepts(program))
    total, spikes = differing(program, random_input(seed, program, 15, graded), backend)
    event("spikes" if spikes else "silent")
    assert total == 0


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(seeds)
def test_fifty_random_networks(seed):
    compare_random(seed, "lava-inprocess", graded=False)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(seeds)
def test_random_networks_with_payloads(seed):
    compare_random(seed, "lava-inprocess", graded=True)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(seeds)
def test_random_networks_in_lavas_own_runtime(seed):
    compare_random(seed, "lava", graded=False)


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
