"""The LIF neuron's relatives from a Network into a Program."""

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import CompileError
from neurokit.graph.lif_family import (
    ALIF,
    ATRLIF,
    QIF,
    LoihiALIF,
    LoihiATRLIF,
    LoihiRefractoryLIF,
    LoihiTernaryLIF,
    TernaryLIF,
    Theta,
)
from neurokit.graph.neurons import IF, CubaLIF
from neurokit.graph.synapses import Dense
from tests.networks import network
from tests.saying import fault

DT = 1e-3
WEIGHT = np.array([[1.0, 0.5, -0.25], [0.5, -1.0, 1.0]])


def compiled(neuron, weight=WEIGHT):
    graph = network((Dense(weight), neuron), shape=(weight.shape[1],), dt=DT)
    return graph, nk.compile(graph)


def spikes(steps=400, seed=5, rate=0.4):
    return (np.random.default_rng(seed).random((steps, 3)) < rate).astype(int)


def same(graph, program, x):
    """Both send the same, a step apart, and something."""
    found = nk.run(program, x, steps=len(x) + 1).spikes["p0"][1:]
    wanted = nk.run(graph, x).spikes["p0"]
    np.testing.assert_array_equal(found, wanted)
    assert np.abs(wanted).mean() > 0.02
    return wanted


@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("meanwhile", ["holds", "silent"])
def test_refractory_periods_in_steps(meanwhile, reset):
    neuron = IF(1.5, reset=reset, refractory=[3 * DT, 0.0], while_refractory=meanwhile)
    graph, program = compiled(neuron)
    found = program.neuron("p0")
    assert isinstance(found, LoihiRefractoryLIF)
    assert found.refractory.tolist() == [3, 0]
    assert found.while_refractory == meanwhile
    sent = np.flatnonzero(same(graph, program, spikes())[:, 0])
    assert np.diff(sent).min() >= 4
    assert np.diff(np.flatnonzero(nk.run(compiled(IF(1.5, reset=reset))[0], spikes()).spikes["p0"][:, 0])).min() < 4


def test_a_synaptic_current_goes_on_meanwhile():
    graph, program = compiled(
        CubaLIF(tau_syn=2 * DT, tau_mem=8 * DT, w_in=2.0, r=8.0, refractory=2 * DT, threshold=2.0)
    )
    assert isinstance(program.neuron("p0"), LoihiRefractoryLIF)
    found = nk.run(program, spikes(), steps=401).spikes["p0"][1:]
    wanted = nk.run(graph, spikes()).spikes["p0"]
    assert (found != wanted).mean() < 0.02  # decay rounds towards zero
    assert wanted.mean() > 0.05


def test_without_a_period_nothing_changes():
    _, program = compiled(IF(1.5))
    assert type(program.neuron("p0")).__name__ == "LoihiLIF"


def test_ternary_thresholds_share_the_scale():
    graph, program = compiled(
        TernaryLIF(tau_syn=DT, tau_mem=4 * DT, r=4.0, upper_threshold=1.45, lower_threshold=-0.29)
    )
    found = program.neuron("p0")
    assert isinstance(found, LoihiTernaryLIF)
    assert int(found.upper_threshold) / int(found.lower_threshold) == pytest.approx(-5, rel=1e-3)
    assert int(found.upper_threshold) % 64 == 0
    got = nk.run(program, spikes(), steps=401).spikes["p0"][1:]
    wanted = nk.run(graph, spikes()).spikes["p0"]
    assert (got != wanted).mean() < 0.02
    assert set(np.unique(wanted)) == {-1, 0, 1}


def test_a_lower_threshold_above_rest():
    graph = network((Dense(np.eye(2)), TernaryLIF(tau_syn=DT, tau_mem=DT, lower_threshold=0.5)), dt=DT)
    said = fault(lambda: nk.compile(graph), CompileError)
    assert said.startswith("'p0': the lower threshold is 0.5; it must lie below the resting potential")


def test_e_props_neuron():
    """The settings of evidence accumulation (facts/eprop.md): tau 20, tau_a 2000, threshold .6, beta .0174."""
    neuron = ALIF(tau=20e-3, tau_adaptation=2.0, beta=0.0174, threshold=0.6, refractory=5e-3, fires=">=")
    graph, program = compiled(neuron, 0.3 * WEIGHT)
    found, (report,) = program.neuron("p0"), program.report
    assert isinstance(found, LoihiALIF)
    assert (int(found.current_decay), int(found.voltage_decay), int(found.adaptation_decay)) == (4096, 200, 2)
    assert int(found.refractory) == 5
    assert int(found.reset_value) == int(found.threshold) + 1 == round(0.6 * report.scale) * 64
    beta = int(found.beta_mantissa) * 2.0 ** (12 - int(found.beta_shift)) / (64 * report.scale)
    assert beta == pytest.approx(0.0174, rel=1e-3)
    assert 2048 <= int(found.beta_mantissa) <= 4095
    assert any(note.startswith("the adaptation's decay of 0.0005 a step is off by 1.2e-05") for note in report.notes)
    x = spikes(2000)
    got = nk.run(program, x, steps=2001, record=("p0", "adaptation"))
    wanted = nk.run(graph, x, record=("p0", "adaptation"))
    rates = [run.spikes["p0"].mean(axis=0) for run in (got, wanted)]
    np.testing.assert_allclose(*rates, rtol=0.1)
    assert rates[1].max() > 0.02
    adaptations = got.states["p0", "adaptation"][-1] / 4096, wanted.states["p0", "adaptation"][-1]
    np.testing.assert_allclose(*adaptations, rtol=0.1)


def test_moving_thresholds():
    fields = {"tau_syn": 4 * DT, "tau_mem": 8 * DT, "tau_threshold": 64 * DT, "tau_refractory": 2 * DT}
    graph, program = compiled(ATRLIF(**fields, threshold=0.2, threshold_step=0.1, w_in=2.0))
    found = program.neuron("p0")
    assert isinstance(found, LoihiATRLIF)
    decays = (found.current_decay, found.voltage_decay, found.threshold_decay, found.refractory_decay)
    assert [int(decay) for decay in decays] == [1024, 512, 64, 2048]
    assert int(found.threshold) == 2 * int(found.threshold_step)
    got = nk.run(program, spikes(), steps=401).spikes["p0"][1:]
    wanted = nk.run(graph, spikes()).spikes["p0"]
    assert (got != wanted).mean() < 0.1  # thresholds remember a spike that came a step late
    np.testing.assert_allclose(got.mean(axis=0), wanted.mean(axis=0), rtol=0.05)
    assert wanted.mean() > 0.02


def test_adaptation_that_the_bits_do_not_hold_is_told():
    def notes(**changes):
        fields = {"tau": 20e-3, "tau_adaptation": 0.2, "beta": 0.1, **changes}
        return " ".join(compiled(ALIF(**fields))[1].report[0].notes)

    assert "rounds to zero" in notes(beta=1e-12)
    assert "exceeds 24 bits" in notes(beta=1e6)
    assert "may reach its 24 bits" in notes(tau_adaptation=4.0)
    assert "24 bits" not in notes(tau_adaptation=4.0, refractory=4e-3)
    assert "rounds to zero" not in notes(beta=0.0)


@pytest.mark.parametrize("neuron", [QIF(tau=0.02), Theta(tau=0.01)])
def test_quadratic_and_phase_neurons_stay_in_floats(neuron):
    said = fault(lambda: compiled(neuron), CompileError)
    assert said.startswith(f"'p0': is a {type(neuron).__name__}; v = 1 is a fixed number of units")
