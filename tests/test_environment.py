"""What the test environment must hold, and what must work without it."""

import subprocess
import sys

import pytest

from tests.frameworks import framework

FRAMEWORKS = [
    "torch",
    "snntorch",
    "norse.torch",
    "sinabs.layers",
    "spikingjelly.activation_based.neuron",
    "spikingjelly.clock_driven.neuron",
    "nirtorch",
    "safetensors.numpy",
]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_framework_is_there(name):
    assert framework(name).__name__ == name


def test_neurokit_and_its_converters_import_no_framework():
    code = (
        "import sys, neurokit, neurokit.api, neurokit.cli, neurokit.converters.table\n"
        "found = {'torch', 'snntorch', 'norse', 'sinabs', 'spikingjelly', 'safetensors'} & sys.modules.keys()\n"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
