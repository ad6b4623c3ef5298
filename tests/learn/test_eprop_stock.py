"""Adaptation by parts that stock neurons have."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurokit.converters.eprop_net import EpropNet, load_eprop_net
from neurokit.errors import InputError
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.stock import SlowInhibition, run_stock
from neurokit.learn.tasks.evidence import EvidenceAccumulation

TRAINED = Path(__file__).parents[2] / "examples" / "eprop"


def test_without_adaptation_it_is_the_network_with_a_hard_reset():
    net = load_eprop_net(TRAINED / "evidence-seed0.npz")
    x = EvidenceAccumulation(cues=1, delay=100).trials(np.random.default_rng(0), 3).x
    plain = run(replace(net, reset="hard", beta=0.0, refractory=2), x)
    found = run_stock(net, x, SlowInhibition(gain=0.0, refractory=2))
    np.testing.assert_array_equal(found.spikes, plain.spikes)
    np.testing.assert_allclose(found.y, plain.y, rtol=0, atol=1e-12)


def test_interneurons_keep_the_potential_down():
    """One neuron driven steadily: its interneuron spikes by its adaptation, and its rate falls as an ALIF's."""
    drive = np.ones((1, 4000, 1))
    net = EpropNet(np.full((1, 1), 0.06), np.zeros((1, 1)), np.ones((1, 1)), 0.6, 0.02, 0.02, beta=0.0174, reset="hard")
    wanted, found, free = run(net, drive), run_stock(net, drive), run_stock(net, drive, SlowInhibition(gain=0.0))
    late = slice(2000, 4000)
    rates = [float(a.spikes[0, late].mean()) for a in (wanted, found, free)]
    assert rates[1] == pytest.approx(rates[0], rel=0.15)
    assert rates[2] > 1.5 * rates[0]
    adaptation = found.spikes[0, late].mean() / (1 - net.rho)
    assert found.inhibition[0, late].mean() == pytest.approx(1 / (np.floor(100 / adaptation) + 1), rel=0.05)


def test_a_trained_network_goes_on_deciding():
    """Trained with adaptive thresholds and soft resets, run with stock parts: few decisions change."""
    net = load_eprop_net(TRAINED / "evidence-seed0.npz")
    trials = EvidenceAccumulation().trials(np.random.default_rng(99), 48)
    assert trials.loss.errors(run_stock(net, trials.x).y) < 0.2
    assert trials.loss.errors(run_stock(net, trials.x, SlowInhibition(gain=0.0)).y) > 0.3


def test_what_cannot_be():
    with pytest.raises(InputError) as caught:
        SlowInhibition(theta=0, gain=-1, refractory=-1)
    assert [fault.node for fault in caught.value.faults] == ["theta", "gain", "refractory"]
