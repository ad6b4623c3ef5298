"""Graded neurons: the simulator equals Lava's processes, or ours where Lava has none, to the last bit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit.conformance.cases import build
from neurokit.conformance.graded import GRADED
from neurokit.errors import PayloadError
from neurokit.graph.graded_neurons import Delta, FixedDelta, FixedSigma, FixedSigmaDelta, Relay, SigmaDelta
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.synapses import Conv2d, Dense
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.choice import OWN, neuron_process
from tests.graded import any_neuron, payloads, side_by_side
from tests.hardware.test_simulator_equals_lava import differing
from tests.networks import network
from tests.overflowing import ON_PURPOSE
from tests.programs import seeds

pytestmark = ON_PURPOSE

pytest.importorskip("lava", reason="Lava needs Python 3.10")


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_neurons_equal_lavas(seed):
    """Every model three times, as Lava's own process or as ours; payloads to 24 bits."""
    rng = np.random.default_rng(seed)
    shape = (2, 3, 8) if rng.random() < 0.5 else (8,)
    neurons = [any_neuron(model, seed + k, shape) for k in range(3) for model in GRADED]
    program = side_by_side(neurons, shape)
    data = np.clip(payloads(rng, (14, *shape)), -(2**23), 2**23 - 1)
    assert compare(program, data, "lava-inprocess") > 0


def test_neurons_equal_lavas_in_lavas_own_runtime():
    rng = np.random.default_rng(5)
    program = side_by_side([any_neuron(model, k, (8,)) for k, model in enumerate(GRADED)], (8,))
    assert compare(program, np.clip(payloads(rng, (12, 8)), -(2**23), 2**23 - 1), "lava") > 0


def test_which_process_holds_which_neuron():
    assert neuron_process(FixedSigma()) == "Sigma"
    assert neuron_process(FixedDelta(7, cumulative=True)) == "Delta"
    assert neuron_process(FixedSigmaDelta([7, 7], activation="unit")) == "SigmaDelta"
    for other in (FixedSigma(reset_offset=3), FixedDelta([1, 2]), FixedSigmaDelta(reset_interval=4)):
        assert neuron_process(other) == OWN


@pytest.mark.parametrize("seed", range(3))
def test_payloads_through_synapses(seed):
    """Encoder, convolution, dense with its own delays, decoder, and a way back."""
    rng = np.random.default_rng(seed)
    image, hidden, out = (2, 6, 5), (3, 4, 3), (4,)
    populations = {
        "code": Population("code", image, FixedDelta(40, 2, 3, cumulative=seed == 1)),
        "hidden": Population(
            "hidden", hidden, FixedSigmaDelta(90, 2, 3, activation_bias=rng.integers(-99, 999, hidden))
        ),
        "out": Population("out", out, FixedSigmaDelta(5, 0, 4, activation="unit")),
        "sum": Population("sum", out, FixedSigma()),
    }
    eye = Conv2d(np.eye(2, dtype=int)[:, :, None, None])
    projections = (
        Projection("in", "code", (eye,), 1),
        Projection("code", "hidden", (Conv2d(rng.integers(-9, 10, (3, 2, 3, 3))),), 1),
        Projection("hidden", "out", (Dense(rng.integers(-60, 60, (4, 36)), exponent=-2),), rng.integers(1, 4, (4, 36))),
        Projection("out", "hidden", (Dense(rng.integers(-3, 4, (36, 4)), exponent=-3),), 1),
        Projection("out", "sum", (Dense(2 * rng.integers(-60, 60, (4, 4))),), 2),
    )
    program = Program({"in": Input("in", image)}, populations, projections, {"sum": populations["sum"]})
    data = rng.integers(-30, 30, (16, *image)) * (rng.random((16, *image)) < 0.4)
    assert compare(program, data, "lava-inprocess") > 100


def test_a_smallest_payload_that_lava_cannot_sum_is_refused():
    """-(2**31) has no opposite in 32 bits, and so was taken for a small payload."""
    wires = {("in", "sum"): (Dense([[128]], exponent=1), 1), ("sum", "out"): (Dense([[3]], exponent=-8), 1)}
    program = build({"in": (1,)}, {"sum": ((1,), FixedSigma()), "out": ((1,), FixedSigma())}, wires, ("out",))
    with pytest.raises(PayloadError, match="payloads of 2147483648 may sum to"):
        nk.run(program, np.full((1, 1), -(2**23)), steps=4, backend="lava-inprocess")


def compare(program, data, backend):
    """Nothing differs; the number of events."""
    total, _ = differing(program, data, backend)
    assert total == 0
    return sum(int(counts.sum()) for counts in nk.run(program, data).counts.values())


@pytest.mark.parametrize("latched", [False, True])
def test_float_relays_equal_our_floating_model(latched):
    loading.load()
    from neurokit.hardware.lava.processes.graded import PyRelayNeuronFloatModel

    rng = np.random.default_rng(7)
    data = rng.normal(size=(30, 4)) * (rng.random((30, 4)) < 0.5)
    neuron = Relay(rng.normal(size=4), "relu", latched)
    model, sent = PyRelayNeuronFloatModel({"neuron": neuron, "dt": None}), []
    model.v, model.s_out = np.zeros(4), SimpleNamespace(send=lambda values: sent.append(values.copy()))
    for row in data:
        model.a_in = SimpleNamespace(recv=lambda row=row: row)
        model.run_spk()
    found = nk.run(network((Dense(np.eye(4)), neuron), shape=(4,)), data).spikes["p0"]
    np.testing.assert_array_equal(found, np.array(sent))
    assert found.any()


@pytest.mark.parametrize("cumulative", [False, True])
@pytest.mark.parametrize("activation", ["relu", "unit"])
def test_floats_equal_lavas_floating_models(cumulative, activation):
    """PySigmaDeltaModelFloat and PyDeltaModelFloat, driven by hand with the types that Lava's builder gives them."""
    loading.load()
    from lava.proc.sdn.models import PyDeltaModelFloat, PySigmaDeltaModelFloat
    from lava.proc.sdn.process import ActivationMode

    rng = np.random.default_rng(6)
    data, bias = rng.normal(size=(40, 5)), rng.normal(size=5)
    eye = Dense(np.eye(5))
    mode = ActivationMode.RELU if activation == "relu" else ActivationMode.UNIT
    models = {
        "sigma_delta": (PySigmaDeltaModelFloat({"act_mode": mode}), SigmaDelta(0.7, bias, activation, cumulative)),
        "delta": (PyDeltaModelFloat({}), Delta(0.7, cumulative)),
    }
    for model, neuron in models.values():
        sent = []
        model.vth, model.bias, model.cum_error = np.array([0.7]), bias, np.array([cumulative])
        model.sigma, model.act, model.residue, model.error = (np.zeros(5) for _ in range(4))
        model.s_out = SimpleNamespace(send=sent.append)
        for row in data:
            model.a_in = SimpleNamespace(recv=lambda row=row: row)
            model.run_spk()
        found = nk.run(network((eye, neuron), shape=(5,)), data).spikes["p0"]
        np.testing.assert_array_equal(found, np.array(sent))
        assert 0 < np.count_nonzero(found) < found.size
