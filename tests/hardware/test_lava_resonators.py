"""Resonate-and-fire: the simulator equals Lava's RF and RF_IZ, or our process, to the last bit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit.graph.check import check_network
from neurokit.graph.network import Input, Network, Population, Program, Projection
from neurokit.graph.resonators import FixedAdaptiveResonateAndFire, FixedResonateAndFire, ResonateAndFire
from neurokit.graph.synapses import Dense, Injection
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.choice import OWN, neuron_process
from tests.graded import payloads
from tests.hardware.test_simulator_equals_lava import everything
from tests.programs import seeds
from tests.simulator.test_resonators import any_neuron

pytest.importorskip("lava", reason="Lava needs Python 3.10")


def same(program, data, backend):
    """Everything that both backends record; the spikes."""
    record = everything(program)
    here, there = nk.run(program, data, record=record), nk.run(program, data, backend=backend, record=record)
    for name in program.populations:
        np.testing.assert_array_equal(here.spikes[name], there.spikes[name])
        for state in program.populations[name].neuron.states:
            np.testing.assert_array_equal(here.states[name, state], there.states[name, state])
    return sum(int(values.sum()) for values in here.spikes.values())


def several(seeds_of, shape):
    """Populations side by side, both of their ports fed."""
    populations = {f"p{k}": Population(f"p{k}", shape, any_neuron(seed, shape)) for k, seed in enumerate(seeds_of)}
    inputs = {name: Input(name, shape) for name in ("real", "imag")}
    wires = [Projection("real", name, (Injection(),), 0) for name in populations]
    wires += [Projection("imag", name, (Injection(),), 0, "imag") for name in populations]
    return Program(inputs, populations, tuple(wires), {"p0": populations["p0"]})


@settings(max_examples=6, deadline=None)
@given(seeds)
def test_neurons_equal_lavas(seed):
    rng = np.random.default_rng(seed)
    program = several([seed, seed + 1, 1, 3, seed + 2, seed + 7], (8,))
    same(
        program,
        {name: np.clip(payloads(rng, (14, 8)), -(2**23), 2**23 - 1) for name in program.inputs},
        "lava-inprocess",
    )


def test_neurons_equal_lavas_in_lavas_own_runtime():
    rng = np.random.default_rng(2)
    program = several([1, 3, 4], (8,))
    assert same(program, {name: rng.integers(-60, 61, (12, 8)) for name in program.inputs}, "lava") > 3


def test_which_process_holds_which_neuron():
    turn = {"sine": 100, "cosine": 4000, "threshold": 9}
    assert neuron_process(FixedResonateAndFire(**turn)) == "RF"
    assert neuron_process(FixedResonateAndFire(**turn, fires_at="top")) == "RF_IZ"
    for changes in ({"sine": [1, 2]}, {"cosine": [1, 2]}, {"threshold": [1, 2]}, {"reset_interval": 3}):
        assert neuron_process(FixedResonateAndFire(**{**turn, **changes})) == OWN
    moves = {"threshold_decay": 100, "refractory_decay": 900, "threshold_step": 640}
    assert neuron_process(FixedAdaptiveResonateAndFire(**turn, **moves)) == OWN


@pytest.mark.parametrize("fires_at", ["phase", "top"])
def test_floats_equal_lavas_floating_models(fires_at):
    """PyRFModelFloat and PyRF_IZModelFloat, driven by hand."""
    loading.load()
    from lava.proc.rf.models import PyRFModelFloat
    from lava.proc.rf_iz.models import PyRF_IZModelFloat

    rng = np.random.default_rng(3)
    neuron = ResonateAndFire(period=np.array(9.0), decay=np.array(0.05), threshold=np.array(0.8), fires_at=fires_at)
    real, imag = rng.normal(0, 0.5, (2, 60, 5))
    populations = {"out": Population("out", (5,), neuron)}
    inputs = {name: Input(name, (5,)) for name in ("real", "imag")}
    eye = Dense(np.eye(5))
    wires = (Projection("real", "out", (eye,)), Projection("imag", "out", (eye,), port="imag"))
    net = check_network(Network(inputs, populations, wires, populations))
    found = nk.run(net, {"real": real, "imag": imag}, record=(("out", "real"), ("out", "imag")))

    sent = []
    model = (PyRFModelFloat if fires_at == "phase" else PyRF_IZModelFloat)({})
    model.sin_decay, model.cos_decay = (float(part) for part in neuron.turn)
    model.vth, model.real, model.imag = 0.8, np.zeros(5), np.zeros(5)
    model.s_out = SimpleNamespace(send=sent.append)
    for x, y in zip(real, imag, strict=True):
        model.a_real_in, model.a_imag_in = SimpleNamespace(recv=lambda x=x: x), SimpleNamespace(recv=lambda y=y: y)
        model.run_spk()
    np.testing.assert_array_equal(found.spikes["out"], np.array(sent))
    np.testing.assert_allclose(found.states["out", "real"][-1], model.real, rtol=0, atol=1e-12)
    assert 5 < np.sum(sent) < 290
