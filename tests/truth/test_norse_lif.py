"""One LIF neuron that norse exported to NIR, and what other platforms computed with it (dt = 0.1 ms, 1,000 steps).

Columns of the csv files: input, v after the reset, spike. Measured: v differs by at most 2.4e-8 from norse's and,
times 25, by at most 9.9e-7 from snnTorch's (both float32, |v| up to 0.1 and 2.5); all four spikes at the same steps
460, 510, 710 and 760, and so are those of the 8-bit Program, one step late by its connection.
"""

from __future__ import annotations

import numpy as np
import pytest

import neurokit as nk
from tests.data import shared
from tests.tolerances import NORSE_POTENTIAL, SNNTORCH_POTENTIAL

NEURON = "1"


@pytest.fixture(scope="module")
def network():
    return nk.convert(shared("nir_paper", "01_lif", "lif_norse.nir"), dt=1e-4)


def table(platform):
    """(input, potential, spikes) of a platform, each (1000, 1)."""
    rows = np.loadtxt(shared("nir_paper", "01_lif", f"lif_{platform}.csv"), delimiter=",")
    return np.split(rows, 3, axis=1)


@pytest.mark.parametrize(
    ("platform", "scale", "tolerance"), [("norse", 1, NORSE_POTENTIAL), ("snntorch", 25, SNNTORCH_POTENTIAL)]
)
def test_potential_and_spikes(network, platform, scale, tolerance):
    data, potential, spikes = table(platform)
    found = nk.run(network, data, record=(NEURON, "v"))
    np.testing.assert_array_equal(found.spikes[NEURON], spikes)
    np.testing.assert_allclose(scale * found.states[NEURON, "v"], potential, **tolerance)
    assert list(np.flatnonzero(spikes)) == [460, 510, 710, 760]


@pytest.mark.parametrize("bits", [4, 8])
def test_the_program_spikes_a_step_later(network, bits):
    data, _, spikes = table("norse")
    found = nk.run(nk.compile(network, bits=bits), data, steps=len(data) + 1)
    np.testing.assert_array_equal(found.aligned(NEURON), spikes)
