"""Layers in the source's numbers are what compilation makes of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.errors import CompileError
from neurokit.graph.neurons import IF, LIF, CubaLIF
from neurokit.graph.synapses import Conv2d, Dense, Flatten, SumPool2d
from neurokit.lower.preview import as_compiled
from tests.lower.compiled import faults_of
from tests.networks import network
from tests.programs import seeds

DT = 1e-3
NEURONS = {
    "IF": IF(threshold=1.5, fires=">="),
    "LIF": LIF(tau=0.02, r=20.0, threshold=1.2),
    "CubaLIF": CubaLIF(tau_syn=5e-3, tau_mem=0.02, r=4.0, threshold=0.8),
}


def layers(rng, bias):
    yield (Dense(rng.normal(size=(6, 10)), bias[:6]),), (10,)
    yield (Conv2d(rng.normal(size=(4, 2, 3, 3)), padding=(1, 1), bias=bias[:4]),), (2, 5, 5)
    yield (SumPool2d((2, 2), (2, 2)), Flatten(), Dense(rng.normal(size=(6, 18)), bias[:6])), (2, 6, 6)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(2, 8), st.sampled_from(sorted(NEURONS)), st.integers(0, 2))
def test_weights_threshold_bias_and_decays(seed, bits, kind, which):
    rng = np.random.default_rng(seed)
    maps, shape = list(layers(rng, rng.normal(size=6) * 0.1))[which]
    neuron = NEURONS[kind]
    program = nk.compile(network((maps, neuron), shape=shape, dt=DT), bits=bits)
    synapse, whole, (row,) = program.projections[0].synapse, program.neuron("p0"), program.report
    found = as_compiled(maps, neuron, shape, bits, DT)
    gain = {"IF": 1.0, "LIF": 1.0, "CubaLIF": 0.2 * 0.05 * 4.0}[kind]
    integers = np.rint(found.weight / found.step)
    np.testing.assert_allclose(found.weight / found.step, integers, rtol=0, atol=1e-9)
    if len(maps) > 1:  # each weight of a pooled source stands at its four places
        integers = np.repeat(np.repeat(integers.reshape(6, 2, 3, 3), 2, axis=2), 2, axis=3).reshape(6, -1)
    np.testing.assert_array_equal(integers, synapse.weight)
    assert found.step == pytest.approx(2.0**synapse.exponent / row.scale / gain)
    inclusive = kind == "IF"
    np.testing.assert_array_equal(np.rint(found.threshold * 64 * row.scale) - inclusive, whole.threshold)
    steady = gain / 0.2 if kind == "CubaLIF" else gain
    np.testing.assert_allclose(found.bias * steady * 64 * row.scale, whole.bias, rtol=1e-9)
    np.testing.assert_array_equal(4096 * (1 - found.keep_v), whole.voltage_decay)
    np.testing.assert_array_equal(4096 * (1 - found.keep_u), whole.current_decay)


def test_rounding_again_changes_nothing():
    weight = np.random.default_rng(0).normal(size=(6, 10))
    once = as_compiled((Dense(weight),), NEURONS["LIF"], (10,), 3, DT).weight
    again = as_compiled((Dense(once),), NEURONS["LIF"], (10,), 3, DT).weight
    np.testing.assert_allclose(again, once, rtol=1e-12)


def test_refusals():
    eye = Dense(np.eye(2))
    (found,) = faults_of(CompileError, lambda: as_compiled((eye, Flatten()), IF(), (2,), 8))
    assert found == (
        "'layer': ends with Flatten; the last map has the weights, and takes what comes. "
        "Pass the maps of one layer with weights, in their order."
    )
    (found,) = faults_of(CompileError, lambda: as_compiled((eye,), IF(r=[1.0, 2.0]), (2,), 8))
    assert "its gain differs between neurons" in found
    with pytest.raises(CompileError, match="the threshold lies 1 below rest"):
        as_compiled((eye,), IF(threshold=-1.0), (2,), 8)


@pytest.mark.parametrize(("maps", "bits", "words"), [((), 8, "has no maps"), ((Dense(np.eye(2)),), 0, "'bits': is 0")])
def test_what_is_no_layer_is_refused(maps, bits, words):
    (found,) = faults_of(CompileError, lambda: as_compiled(maps, IF(), (2,), bits))
    assert words in found
