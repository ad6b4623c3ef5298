"""Adaptation by parts that stock neurons have."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurokit as nk
from neurokit.converters.eprop import groups
from neurokit.converters.eprop_net import EpropNet, load_eprop_net
from neurokit.converters.eprop_stock import stock_network_of
from neurokit.errors import ConversionError, InputError
from neurokit.learn.eprop.forward import run
from neurokit.learn.eprop.optimisers import Adam
from neurokit.learn.eprop.stock import SlowInhibition, run_stock
from neurokit.learn.eprop.training import Training, train, validation
from neurokit.learn.tasks.evidence import EvidenceAccumulation
from neurokit.learn.tasks.networks import evidence_network

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


def compiled_task():
    return EvidenceAccumulation(cues=1, delay=100).trials(np.random.default_rng(0), 3).x


@pytest.mark.parametrize("reset", ["soft", "hard"])
def test_its_network_is_what_it_computes(reset):
    """Spikes of neurons and of interneurons, and readouts."""
    net = replace(load_eprop_net(TRAINED / "evidence-seed0.npz"), reset=reset)
    x, how = compiled_task(), SlowInhibition(theta=20.0, gain=1.2)
    wanted = run_stock(net, x, how)
    found = nk.run(stock_network_of(net, how), {"x": x}, record=("lif", "alif", "slow", ("out", "v")))
    for name, index in groups(net).items():
        np.testing.assert_array_equal(found.spikes[name], wanted.spikes[:, :, index])
    np.testing.assert_array_equal(found.spikes["slow"], wanted.inhibition)
    np.testing.assert_allclose(found.states["out", "v"], wanted.y, rtol=0, atol=1e-9)
    assert 0.01 < wanted.inhibition.mean() < 0.9


def test_it_compiles_to_stock_parts():
    net = load_eprop_net(TRAINED / "evidence-seed0.npz")
    x = compiled_task()
    program = nk.compile(stock_network_of(net, SlowInhibition(theta=20.0)), calibrate={"x": x})
    assert program.targets == ("lava-cpu", "loihi2-stock", "loihi1")
    wanted = run_stock(net, x, SlowInhibition(theta=20.0))
    late = program.latency["out"]
    found = nk.run(program, {"x": x}, x.shape[1] + late, record=("alif", "slow"))
    assert found.spikes["slow"].mean() == pytest.approx(wanted.inhibition.mean(), rel=0.15)
    assert found.spikes["alif"].mean() == pytest.approx(wanted.spikes[:, :, groups(net)["alif"]].mean(), rel=0.15)


def test_a_network_without_adaptation_has_no_interneurons():
    net = replace(load_eprop_net(TRAINED / "evidence-seed0.npz"), beta=0.0)
    assert set(stock_network_of(net).populations) == {"lif", "out"}


def test_training_with_stock_parts_in_the_loop():
    task = EvidenceAccumulation(inputs=8, cues=3, cue=10, spacing=5, delay=20, recall=10)
    how = SlowInhibition(theta=2.0)
    net = evidence_network(0, inputs=8, regular=10, adaptive=10, reset="hard", refractory=0, tau_adaptation=0.1)
    trials = task.trials(np.random.default_rng(9), 256)
    done = train(net, task, Training(Adam(0.01), 100, batch=32, inhibition=how))
    first, found = (validation(made, trials, inhibition=how) for made in (net, done.net))
    assert found.loss < 0.85 * first.loss
    assert found.error < first.error - 0.1
    assert found.error == trials.loss.errors(run_stock(done.net, trials.x, how).y)


def test_what_stock_parts_cannot_be():
    net = load_eprop_net(TRAINED / "evidence-seed0.npz")
    with pytest.raises(ConversionError, match="stock neurons have no refractory period"):
        stock_network_of(net, SlowInhibition(refractory=2))
    with pytest.raises(InputError, match="None with method='bptt'"):
        Training(Adam(0.01), 1, method="bptt", inhibition=SlowInhibition())
