"""Resonate-and-fire ground truths of the lava-dl wheel (gts/complex_dense), 2,000 steps each: 0 differences.

Its neurons lose 5 % a step (alpha); state_exp is 6, decay_bits 12.
"""

from __future__ import annotations

import numpy as np
import pytest

import neurokit as nk
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.resonators import FixedResonateAndFire, ResonateAndFire
from neurokit.graph.synapses import Dense, Injection
from tests.data import truth

FOLDER = "gts/complex_dense/"


def stored(name):
    return np.load(truth(f"{FOLDER}{name}.npy")).astype(np.int64)


def neuron(period, threshold, fires_at):
    sine, cosine = (int(4096 * part) for part in ResonateAndFire(period=period, decay=0.05).turn)
    return FixedResonateAndFire(sine=sine, cosine=cosine, threshold=int(64 * threshold), fires_at=fires_at)


def program(size, model, synapses, delay):
    """One input that feeds both ports."""
    populations = {"out": Population("out", (size,), model)}
    wires = tuple(Projection("in", "out", (s,), delay, port) for port, s in zip(("", "imag"), synapses, strict=True))
    return nk.compile(Network({"in": Input("in", (200,))}, populations, wires, populations, dt=1e-3))


@pytest.mark.parametrize(("backend", "steps"), [("simulator", 2000), ("lava-inprocess", 200)])
def test_dense(backend, steps):
    """200 -> 256 with complex weights, "phase"."""
    made = program(256, neuron(11, 25, "phase"), [Dense(stored("weight_r")), Dense(stored("weight_img"))], 1e-3)
    expected = stored("out").T[:steps]
    found = nk.run(made, stored("in").T[:steps], backend=backend).spikes["out"]
    np.testing.assert_array_equal(found, expected)
    assert expected.sum() > 100


@pytest.mark.parametrize(("backend", "steps"), [("simulator", 2000), ("lava-inprocess", 200)])
def test_input(backend, steps):
    """200 neurons whose both parts are driven by the same spikes, "top"."""
    made = program(200, neuron(7, 1.1, "top"), [Injection(), Injection()], 0.0)
    expected = stored("current").T[:steps]
    found = nk.run(made, stored("in").T[:steps], backend=backend).spikes["out"]
    np.testing.assert_array_equal(found, expected)
    assert expected.sum() > 100
