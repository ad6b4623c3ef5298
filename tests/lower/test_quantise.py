"""Laws of quantisation: what fits, what is exact, what does not matter, and what is said about the rest."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.errors import CompileError
from neurokit.graph.check import weight_fault
from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF, LIF, CubaLIF, Integrator, LeakyIntegrator
from neurokit.graph.synapses import Conv2d, Dense, Sparse
from tests.lower.compiled import faults_of, integers, one, weights_of
from tests.networks import compiled_or_refused, joined, network, random_network
from tests.programs import seeds

DT = 1e-3


# ----------------------------------------------------------------------------------------------------------- what fits


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(2, 8))
def test_random_networks_fit_the_chip(seed, bits):
    program = compiled_or_refused(random_network(seed), bits=bits)
    if program is None:
        return
    for projection in program.projections:
        values = weights_of(projection)
        assert weight_fault(values) is None
        if values.size:
            mixed = values.min() < 0 < values.max()
            assert np.abs(values).max() <= (2 ** (bits - 1) - 1 if mixed else 2**bits - 1)
        assert -7 <= projection.synapse.exponent <= 7
    for row, population in zip(program.report, program.populations.values(), strict=True):
        assert row.population == population.name
        assert row.weight_bits == bits
        assert row.scale > 0
        assert row.weight_error >= 0
        assert row.decay_error <= 0.5 / 4096 + 1e-12


def test_the_reset_value_bounds_the_scale_too():
    """A soft reset takes the threshold, which lies nearer to a resting potential above 0."""
    program = one([[1e-4, -2e-4]], LIF(tau=0.01, threshold=0.5, v_leak=0.1, reset="soft"))
    neuron = program.neuron("p0")
    assert 2**17 - 1 >= int(neuron.reset_value.max()) // 64 > 2**16
    assert int(neuron.threshold.max()) < int(neuron.reset_value.max())
    with pytest.raises(CompileError, match="the reset value 1000 is so far above the weights"):
        one([[1e-2, -2e-2]], IF(threshold=5.0, v_reset=-1000.0))


@pytest.mark.parametrize("bits", range(2, 9))
def test_width_of_mixed_weights(bits):
    program = one([[0.3, -1.7, 0.9]], IF(threshold=5.0), bits=bits)
    weight = program.projections[0].synapse.weight
    assert -(2 ** (bits - 1)) <= weight.min()
    assert weight.max() <= 2 ** (bits - 1) - 1


def test_one_bit_holds_no_mixed_weights():
    """-1, 0 and 1 take two bits; one bit holds 0 and 1, or 0 and -1."""
    found = faults_of(CompileError, lambda: one([[1.0, -1.0]], IF(), bits=1))
    assert "bits" in found[0] or "sign" in found[0]


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("sign", [1, -1])
def test_weights_of_one_sign_use_every_bit(bits, sign):
    weight = sign * np.array([[0.25, 1.0, 0.5]])
    program = one(weight, IF(threshold=500.0), bits=bits)  # so high that no other bound acts
    assert np.abs(program.projections[0].synapse.weight).max() == 2**bits - 1


def test_larger_projections_get_an_exponent():
    graph = network((Dense([[0.01, -0.01]]), IF(threshold=1.0)))
    graph = joined(replace(graph, inputs={**graph.inputs, "far": replace(graph.inputs["in"], name="far")}))
    graph = joined(graph, Projection("far", "p0", (Dense([[0.32, -0.16]]),)))
    program = nk.compile(graph)
    small, large = program.projections
    assert (small.synapse.exponent, large.synapse.exponent) == (0, 5)
    ratio = large.synapse.weight[0, 0] * 32 / small.synapse.weight[0, 0]
    assert ratio == pytest.approx(32, rel=0.01)
    assert program.report[0].weight_exponent == 5


# ------------------------------------------------------------------------------------------------------- what is exact


def on_grid(rng, one_sign=False):
    """Integer weights that use the whole width, and an integer threshold."""
    top = 255 if one_sign else 127
    weight = rng.integers(0 if one_sign else -top, top + 1, (3, 4))
    weight[0, 0] = top
    if not one_sign:
        weight[0, 1] = -5
    return weight.astype(float), float(rng.integers(64, 4000))


@settings(max_examples=80, deadline=None)
@given(seeds, st.booleans())
def test_weights_on_the_grid_lose_nothing(seed, one_sign):
    weight, threshold = on_grid(np.random.default_rng(seed), one_sign)
    program = one(weight, IF(threshold=threshold))
    found = program.projections[0].synapse
    np.testing.assert_array_equal(found.weight, weight)
    assert found.exponent == 0
    assert program.neuron("p0").threshold == 64 * threshold
    assert (program.report[0].weight_error, program.report[0].threshold_error) == (0.0, 0.0)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_quantising_twice_is_quantising_once(seed):
    rng = np.random.default_rng(seed)
    once = one(rng.normal(size=(3, 4)), IF(threshold=float(rng.uniform(0.5, 5))))
    synapse, neuron = once.projections[0].synapse, once.neuron("p0")
    weight = synapse.weight.astype(float) * 2**synapse.exponent
    twice = one(weight, IF(threshold=float(neuron.threshold) / 64))
    again = twice.projections[0].synapse
    scale = twice.report[0].scale
    np.testing.assert_allclose(again.weight * 2.0**again.exponent / scale, weight, atol=0.5 * 2**again.exponent / scale)


@settings(max_examples=100, deadline=None)
@given(seeds, st.sampled_from([0.1, 0.3, 0.7, 1e-3, 1 / 3, 1 / 7, 3.0, 10.0, 1e-9, 1e9]))
def test_scaling_weights_and_threshold_together_changes_nothing(seed, factor):
    weight, threshold = on_grid(np.random.default_rng(seed))
    assert integers(one(weight, IF(threshold=threshold))) == integers(
        one(factor * weight, IF(threshold=factor * threshold))
    )


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from([0.1, 0.3, 0.7, 1 / 3, 10.0]))
def test_scaling_any_layer_moves_rounding_only(seed, factor):
    rng = np.random.default_rng(seed)
    weight, threshold = rng.normal(size=(3, 4)), float(rng.uniform(0.5, 5))
    plain, scaled = one(weight, IF(threshold=threshold)), one(factor * weight, IF(threshold=factor * threshold))
    a, b = (
        p.projections[0].synapse.weight * 2.0 ** p.projections[0].synapse.exponent / p.neuron("p0").threshold
        for p in (plain, scaled)
    )
    np.testing.assert_allclose(a, b, atol=1.01 * np.abs(a).max() / 127)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 100), seeds)
def test_a_shared_threshold_is_a_whole_mantissa(threshold, seed):
    weight = np.random.default_rng(seed).normal(size=(3, 4))
    program = one(weight, IF(threshold=threshold))
    assert program.report[0].threshold_error < 1e-12
    assert program.neuron("p0").threshold == pytest.approx(64 * program.report[0].scale * threshold, rel=1e-12)
    inclusive = one(weight, IF(threshold=threshold, fires=">="))
    assert inclusive.neuron("p0").threshold == program.neuron("p0").threshold - 1


def test_a_shared_threshold_is_whole_even_when_the_exponent_is_bounded():
    graph = network((Dense([[1e-3, -1e-3]]), IF(threshold=0.37)))
    graph = replace(graph, inputs={**graph.inputs, "far": replace(graph.inputs["in"], name="far")})
    graph = joined(graph, Projection("far", "p0", (Dense([[3.0, -2.0]]),)))
    assert nk.compile(graph).report[0].threshold_error < 1e-12


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_no_weight_is_off_by_more_than_half_a_unit(bits):
    rng = np.random.default_rng(3)
    weight = rng.normal(size=(20, 30))
    program = one(weight, IF(threshold=3.0), bits=bits)
    synapse, scale = program.projections[0].synapse, program.report[0].scale
    unit = 2.0**synapse.exponent / scale
    assert np.abs(synapse.weight * unit - weight).max() <= 0.5 * unit * (1 + 1e-9)
    error = np.linalg.norm(synapse.weight * unit - weight) / np.linalg.norm(weight)
    assert program.report[0].weight_error == pytest.approx(error)


def test_decays():
    neuron = one(np.ones((1, 2)), CubaLIF(tau_syn=4e-3, tau_mem=16e-3, threshold=1.0)).neuron("p0")
    assert (neuron.current_decay, neuron.voltage_decay) == (1024, 256)
    neuron = one(np.ones((1, 2)), LIF(tau=[DT])).neuron("p0")
    assert (neuron.current_decay, neuron.voltage_decay) == (4096, 4096)
    neuron = one(np.ones((1, 2)), IF()).neuron("p0")
    assert (neuron.current_decay, neuron.voltage_decay) == (4096, 0)


def test_a_leak_that_rounds_to_none_is_said():
    """tau = 10 s at 1 ms: 0.41 of 4096 rounds to no leak at all, which long runs notice."""
    (row,) = one(np.ones((1, 2)), LIF(tau=10.0)).report
    assert row.notes


# -------------------------------------------------------------------------------------------- gains and resting points


@pytest.mark.parametrize("kind", ["dense", "sparse", "convolution by channel", "convolution by neuron"])
def test_gains_of_each_neuron_go_into_its_weights(kind):
    rng = np.random.default_rng(0)
    if kind.startswith("conv"):
        shape, synapse = (1, 4, 4), Conv2d(rng.normal(size=(2, 1, 3, 3)))
        gain = rng.uniform(0.5, 2, (2, 2, 2) if "neuron" in kind else (2, 1, 1))
    else:
        shape, gain, weight = (4,), rng.uniform(0.5, 2, 3), rng.normal(size=(3, 4))
        synapse = Dense(weight) if kind == "dense" else Sparse(sp.csr_matrix(weight))
    graph = network((synapse, IF(r=gain, threshold=3.0)), shape=shape)
    program = nk.compile(graph)
    found = program.projections[0].synapse
    assert isinstance(found, Sparse if kind in ("sparse", "convolution by neuron") else type(synapse))
    x = rng.integers(0, 2, (1, *shape))
    v = nk.run(program, x, steps=2, record=("p0", "u")).states["p0", "u"][1] / (64 * program.report[0].scale)
    u = nk.run(replace(graph, populations=free(graph)), x, record=("p0", "v")).states["p0", "v"][0]
    np.testing.assert_allclose(v, u, atol=0.02 * np.abs(u).max())  # nine weights of 8 bits


def free(graph):
    """The populations with thresholds out of reach."""
    return {n: replace(p, neuron=replace(p.neuron, threshold=1e9)) for n, p in graph.populations.items()}


def test_coordinates_are_relative_to_rest():
    neuron = LIF(tau=0.01, v_leak=-0.07, v_reset=-0.08, threshold=-0.05)
    program = one([[0.4, -0.2]], neuron)
    found, scale = program.neuron("p0"), program.report[0].scale
    assert found.threshold == pytest.approx(64 * scale * 0.02)
    assert found.reset_value == pytest.approx(64 * scale * -0.01, abs=0.5)
    assert found.bias_mantissa == 0
    at_rest = nk.run(program, np.zeros((5, 2), int), record=("p0", "v")).states["p0", "v"]
    assert (at_rest == 0).all()


def test_resting_points_of_their_own_make_thresholds_of_their_own():
    program = one(np.ones((2, 2)), LIF(tau=0.01, v_leak=[0.0, 0.5]))
    first, second = program.neuron("p0").threshold
    assert first == 2 * second
    assert program.targets == ("lava-cpu",)


def test_a_soft_reset_takes_the_threshold_away():
    neuron = one([[0.4, -0.2]], IF(reset="soft", fires=">=")).neuron("p0")
    assert neuron.reset == "soft"
    assert neuron.reset_value == neuron.threshold + 1


@pytest.mark.parametrize("changes", [{"threshold": 0.5}, {"v_leak": 1.25}, {"threshold": -1.0}])
def test_a_threshold_below_rest(changes):
    values = {"tau": 0.01, "v_leak": 0.75, **changes}
    (found,) = faults_of(CompileError, lambda: one(np.ones((1, 2)), LIF(**values)))
    below = values["v_leak"] - values.get("threshold", 1.0)
    assert found.startswith(f"'p0': the threshold lies {below:g} below rest; a threshold must lie above")


def test_a_threshold_at_rest_is_not_called_negative():
    (found,) = faults_of(CompileError, lambda: one(np.ones((1, 2)), IF(threshold=0.0)))
    assert "-0" not in found


# -------------------------------------------------------------------------------------------------------------- biases


def biased(bias, weight=127.0, threshold=1000.0, **neuron):
    maps = Dense([[weight, -weight]], np.array([bias]))
    return nk.compile(network((maps, IF(threshold=threshold, **neuron)), dt=DT))


@pytest.mark.parametrize(("bias", "mantissa", "exponent"), [
    (0.0, 0, 0), (1.0, 64, 0), (-3.0, -192, 0), (63.0, 4032, 0), (64.0, 2048, 1), (4000.0, 4000, 6),
    (-4095.0, -4095, 6),
])  # fmt: skip
def test_a_bias_takes_the_smallest_exponent(bias, mantissa, exponent):
    neuron = biased(bias).neuron("p0")
    assert (neuron.bias_mantissa.item(), neuron.bias_exponent.item()) == (mantissa, exponent)


def test_a_bias_beyond_the_weights():
    """Its 13 bits and exponent lower the scale, until too few bits are left for the weights."""
    program = biased(1e5)
    assert program.neuron("p0").bias_exponent == 7
    assert np.abs(program.projections[0].synapse.weight).max() > 4
    (found,) = faults_of(CompileError, lambda: biased(1e7))
    assert "the bias is so far above the weights" in found


@pytest.mark.parametrize(("neuron", "bias"), [(LeakyIntegrator(tau=2e-3), 0.3), (LIF(tau=1e-3, threshold=1.0), 2.0)])
def test_ordinary_biases_fit(neuron, bias):
    weight = np.random.default_rng(1).normal(0, 0.1, (4, 10))
    program = nk.compile(network((Dense(weight, np.full(4, bias)), neuron), shape=(10,), dt=1e-3))
    assert program.report[0].weight_error < 0.05


def test_readouts_rest_at_one_potential():
    """v counts from rest in a Program, so neurons of different rest could not be compared."""
    readout = LeakyIntegrator(tau=0.01, v_leak=[0.0, 2.0])
    (found,) = faults_of(CompileError, lambda: nk.compile(network((Dense(np.eye(2)), readout), dt=1e-3)))
    assert "v_leak differs between neurons" in found


def test_sparse_weights_that_round_to_zero_count_right():
    weight = np.array([[1.0, 0.001, 0.5], [0.0, 0.001, 0.7]])
    wanted = nk.compile(network((Dense(weight), IF()), shape=(3,))).report[0].weight_error
    found = nk.compile(network((Sparse(sp.csr_matrix(weight)), IF()), shape=(3,))).report[0].weight_error
    assert found == pytest.approx(wanted)
    assert found < 0.01


@pytest.mark.parametrize("seed", [503, 511, 514, 539, 548, 561, 566, *range(20)])
def test_three_bits_where_two_and_four_compile(seed):
    graph = random_network(seed)
    fits = [compiled_or_refused(graph, bits=bits) is not None for bits in (2, 3, 4)]
    assert fits[1] or not (fits[0] and fits[2])


def test_a_bias_that_rounds_to_zero_is_said():
    (row,) = biased(0.005).report
    assert "the bias of 0.32 units rounds to zero" in row.notes


@pytest.mark.parametrize("neuron", [Integrator(), LeakyIntegrator(tau=20e-3)])
def test_a_readout_of_few_inputs_may_have_a_bias(neuron):
    """The scale of a readout is ours to choose, so its bias must not be what the chip cannot hold."""
    program = nk.compile(network((Dense([[0.5, -0.2]], np.array([0.4])), neuron), dt=DT))
    assert program.neuron("p0").bias == pytest.approx(64 * program.report[0].scale * 0.4 * gain(neuron), rel=1e-3)


def gain(neuron):
    return DT / neuron.tau if isinstance(neuron, LeakyIntegrator) else 1.0


def test_a_bias_through_a_synaptic_current_acts_at_its_steady_value():
    graph = network((Dense([[1.0, -1.0]], np.array([0.5])), CubaLIF(tau_syn=5e-3, tau_mem=10e-3, threshold=5.0)), dt=DT)
    program = nk.compile(graph)
    assert "steady value" in program.report[0].notes[0]
    zeros = np.zeros((200, 2), int)
    wanted = nk.run(graph, zeros, record=("p0", "v")).states["p0", "v"][-1]
    found = nk.run(program, zeros, steps=201, record=("p0", "v")).states["p0", "v"][-1] / (64 * program.report[0].scale)
    np.testing.assert_allclose(found, wanted, rtol=0.02)  # decays of 12 bits round each step towards zero
