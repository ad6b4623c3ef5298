"""Every supported input on every backend, bit for bit; and README's table says just that."""

from pathlib import Path

import numpy as np
import pytest

import neurokit as nk
from neurokit.api import get_backend
from tests import operators, reference, support

README = Path(__file__).parents[1] / "README.md"
STEPS = 12


def values_for(network):
    (node,) = network.inputs.values()
    return (np.random.default_rng(2).random((STEPS, *node.shape)) < 0.4).astype(np.uint8) * (
        30 if "0-input" in network.populations else 1
    )


@pytest.mark.parametrize("backend", support.BACKENDS)
@pytest.mark.parametrize("name", support.SOURCES)
def test_every_input_on_every_backend(name, backend, tmp_path):
    network, program = support.graphs(name, tmp_path)
    assert get_backend(backend).accepts(program) == []
    names = tuple(program.populations)
    everything = (*names, *((n, state) for n in names for state in "uv"))
    values = values_for(network)
    found = nk.run(program, values, backend=backend, record=everything, time_limit=60)
    spikes, u, v = reference.run(program, {"input": values}, STEPS)
    for n in names:
        np.testing.assert_array_equal(found.spikes[n], spikes[n])
        np.testing.assert_array_equal(found.states[n, "u"], u[n])
        np.testing.assert_array_equal(found.states[n, "v"], v[n])
    emitting = [n for n in names if program.neuron(n).emits]
    assert any(spikes[n].any() for n in emitting), "the network must do something"


def test_readme_tells_what_the_tests_show(tmp_path):
    assert support.table(tmp_path) in README.read_text(encoding="utf-8")


def test_readme_tells_which_operators_there_are():
    assert operators.table() in README.read_text(encoding="utf-8")
