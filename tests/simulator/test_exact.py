"""The simulator against the plain reference: every spike, u and v equal, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from tests import reference
from tests.programs import random_input, random_program, seeds


def assert_equal(program, values, steps):
    names = list(program.populations)
    record = tuple(names) + tuple((n, s) for n in names for s in "uv")
    found = nk.run(program, values, steps=steps, record=record)
    spikes, u, v = reference.run(program, {"in": values}, steps)
    for name in names:
        np.testing.assert_array_equal(found.states[name, "u"], u[name], f"u of {name}")
        np.testing.assert_array_equal(found.states[name, "v"], v[name], f"v of {name}")
        np.testing.assert_array_equal(found.spikes[name], spikes[name], f"spikes of {name}")
        np.testing.assert_array_equal(found.counts[name], spikes[name].sum(axis=0))
        np.testing.assert_array_equal(found.step_counts[name], spikes[name].reshape(steps, -1).sum(axis=1))
    plain = nk.run(program, values, steps=steps, record=tuple(names))  # whole blocks at a time
    for name in names:
        np.testing.assert_array_equal(plain.spikes[name], spikes[name])


@settings(max_examples=120, deadline=None)
@given(seeds)
def test_random_programs_with_spikes(seed):
    program = random_program(seed)
    assert_equal(program, random_input(seed, program), 25)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_random_programs_with_payloads(seed):
    program = random_program(seed)
    assert_equal(program, random_input(seed, program, graded=True), 20)


@pytest.mark.parametrize("samples", [1, 3])
def test_a_batch_equals_its_samples(samples):
    program = random_program(11)
    values = np.stack([random_input(k, program) for k in range(samples)])
    together = nk.run(program, values)
    for k in range(samples):
        (name,) = program.outputs
        np.testing.assert_array_equal(together.spikes[name][k], nk.run(program, values[k]).spikes[name])
