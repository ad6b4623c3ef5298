"""Every supported input on every backend, bit for bit; and README's table says just that."""

from pathlib import Path

import numpy as np
import pytest

import neurokit as nk
from neurokit.api import get_backend
from neurokit.conformance.interpreter import interpret
from tests import operators, support

README = Path(__file__).parents[1] / "README.md"
STEPS = 12


def values_for(network, program):
    (node,) = network.inputs.values()
    values = (np.random.default_rng(2).random((STEPS, *node.shape)) < 0.4).astype(np.uint8) * (
        30 if "0-input" in network.populations else 1
    )
    return program.scaled(values) if network.steps_per_sample else values  # rates of 0 and 1, not spikes


@pytest.mark.filterwarnings("ignore::neurokit.errors.SampleWarning")  # equal in the first steps of noise
@pytest.mark.parametrize("backend", support.BACKENDS)
@pytest.mark.parametrize("name", support.SOURCES)
def test_every_input_on_every_backend(name, backend, tmp_path):
    network, program = support.graphs(name, tmp_path)
    assert get_backend(backend).accepts(program) == []
    states = [(name, state) for name, p in program.populations.items() for state in p.neuron.states]
    values = values_for(network, program)
    found = nk.run(program, values, backend=backend, record=(*program.populations, *states), time_limit=60)
    sent, wanted = interpret(program, dict.fromkeys(program.inputs, values), STEPS)
    for name in program.populations:
        np.testing.assert_array_equal(found.spikes[name], sent[name])
    for key in states:
        np.testing.assert_array_equal(found.states[key], wanted[key])
    emitting = [name for name, p in program.populations.items() if p.neuron.spiking]
    assert any(sent[name].any() for name in emitting), "the network must do something"


def test_readme_tells_what_the_tests_show(tmp_path):
    assert support.table(tmp_path) in README.read_text(encoding="utf-8")


def test_readme_tells_which_operators_there_are():
    assert operators.table() in README.read_text(encoding="utf-8")
