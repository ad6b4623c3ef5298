"""The simulator against the plain interpreter: every spike, state and count equal, bit for bit."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import neurokit as nk
from neurokit.conformance.running import run_case
from neurokit.hardware.simulator.backend import Simulator
from tests.overflowing import ON_PURPOSE
from tests.programs import cases, random_input, random_program

pytestmark = ON_PURPOSE


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_random_programs(case):
    outcome = run_case(case, Simulator())
    assert outcome.status == "same", outcome.reason


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_whole_blocks_at_a_time(case):
    """States that are recorded cut a run into single steps; without them it takes whole blocks."""
    names = tuple(case.program.populations)
    states = tuple((name, state) for name in names for state in case.program.neuron(name).states)
    stepwise = nk.run(case.program, case.inputs, case.steps, record=(*names, *states))
    blockwise = nk.run(case.program, case.inputs, case.steps, record=names)
    for name in names:
        np.testing.assert_array_equal(stepwise.spikes[name], blockwise.spikes[name])
        np.testing.assert_array_equal(stepwise.counts[name], blockwise.counts[name])


@pytest.mark.parametrize("samples", [1, 3])
def test_a_batch_equals_its_samples(samples):
    program = random_program(11)
    values = np.stack([random_input(k, program) for k in range(samples)])
    together = nk.run(program, values)
    for k in range(samples):
        (name,) = program.outputs
        np.testing.assert_array_equal(together.spikes[name][k], nk.run(program, values[k]).spikes[name])
