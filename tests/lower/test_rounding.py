"""Rounding for what arrives: laws of the rounding, moments beside plain sums, and what calibration is worth."""

from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.demo import digits
from neurokit.graph.neurons import IF, LIF, CubaLIF
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, ResizeConv2d, Sparse
from neurokit.lower.fixedpoint import image_sum
from neurokit.lower.moments import _carried, kept, moment
from neurokit.lower.rounding import round_rows, rows_of, squared_error, with_rows
from tests import data
from tests.networks import network
from tests.programs import seeds
from tests.tolerances import FLOAT64_SUMS


def drawn(seed, sources=12, rows=5):
    """Weights, and the moment of inputs that are active together."""
    rng = np.random.default_rng(seed)
    inputs = (rng.normal(size=(200, 3)) @ rng.normal(size=(3, sources)) + 0.3 * rng.normal(size=(200, sources))).clip(0)
    return rng.normal(size=(rows, sources)), inputs.T @ inputs / 200, inputs


# --------------------------------------------------------------------------------------------------------- the rounding


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 40))
def test_independent_inputs_are_rounded_to_the_nearest(seed, bound):
    """Nothing can be made up for by others."""
    weight, second, _ = drawn(seed)
    found = round_rows(weight, np.diag(np.diag(second)), 0.1, -bound, bound)
    np.testing.assert_array_equal(found, np.clip(np.rint(weight / 0.1), -bound, bound))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_whole_weights_stay(seed):
    weight, second, _ = drawn(seed)
    whole = np.rint(3 * weight)
    np.testing.assert_array_equal(round_rows(whole * 0.25, second, 0.25, -99, 99), whole)


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from([(-1, 1), (-3, 3), (0, 7), (-15, 0)]))
def test_integers_stay_within_their_bits(seed, bounds):
    weight, second, _ = drawn(seed)
    found = round_rows(weight, second, 0.05, *bounds)
    assert found.min() >= bounds[0]
    assert found.max() <= bounds[1]
    np.testing.assert_array_equal(found, np.rint(found))


def test_sums_are_nearer_than_by_rounding_each_weight():
    """On average half as far off at the least; counted on the inputs themselves."""
    shares = []
    for seed in range(30):
        weight, second, inputs = drawn(seed)
        nearest, fed = np.rint(weight / 0.5) * 0.5, round_rows(weight, second, 0.5, -99, 99) * 0.5
        errors = [float(np.square(inputs @ (weight - w).T).mean()) for w in (fed, nearest)]
        assert errors[1] == pytest.approx(squared_error((weight - nearest)[None], second[None]) / len(weight))
        shares.append(errors[0] / errors[1])
    assert np.mean(shares) < 0.5


def test_more_sources_than_a_block():
    """In blocks or one weight after the other: the same integers."""
    weight, second, _ = drawn(1, sources=150)
    found = round_rows(weight, second, 0.3, -99, 99)
    damped = second + np.eye(150) * 0.01 * np.diag(second).mean()
    order = np.argsort(-np.diag(damped), kind="stable")
    inverse = np.linalg.inv(damped[np.ix_(order, order)])
    left, wanted = weight[:, order].copy(), np.zeros((5, 150))
    for k in range(150):  # Hassibi and Stork: correct all that are left, then leave this one out of the inverse
        wanted[:, k] = np.rint(left[:, k] / 0.3)
        left -= np.outer((left[:, k] - wanted[:, k] * 0.3) / inverse[k, k], inverse[k])
        inverse = inverse - np.outer(inverse[:, k], inverse[k]) / inverse[k, k]
    assert np.mean(found[:, order] != wanted) < 0.01  # ties of floats


# -------------------------------------------------------------------------------------------------------------- moments


def maps(rng):
    yield Conv2d(rng.normal(size=(4, 2, 3, 2)), (2, 1), (1, 0), (1, 2), groups=2), (4, 7, 6)
    yield ResizeConv2d((9, 8), rng.normal(size=(3, 2, 3, 3)), padding=(1, 1)), (2, 4, 5)
    yield ConvTranspose2d(rng.normal(size=(4, 3, 3, 2)), (2, 2), (1, 0), groups=2), (4, 4, 5)
    yield Dense(rng.normal(size=(3, 24))), (2, 3, 4)


@pytest.mark.parametrize("kind", range(4))
def test_rows_times_what_synapses_carry_is_the_sum(kind):
    synapse, shape = list(maps(np.random.default_rng(kind)))[kind]
    values = np.random.default_rng(9).normal(size=(5, *shape))
    rows = rows_of(synapse)
    carried = list(_carried(synapse, values, np.random.default_rng(3)))
    found = np.concatenate([part @ r.T for part, r in zip(carried, rows, strict=True)], axis=1)
    if isinstance(synapse, Dense):
        wanted = values.reshape(5, -1) @ synapse.weight.T
    else:
        image, again = image_sum(synapse, values), np.random.default_rng(3)
        sample, y, x = (again.integers(0, n, len(found)) for n in (5, *image.shape[2:]))
        wanted = image[sample, :, y, x]
    np.testing.assert_allclose(found, wanted, **FLOAT64_SUMS)
    second = moment(synapse, values, np.random.default_rng(3))
    assert squared_error(rows, second) == pytest.approx(np.square(wanted).mean(axis=0).sum(), rel=1e-4)
    again = with_rows(synapse, rows, 3)
    np.testing.assert_array_equal(again.weight, synapse.weight)
    assert again.exponent == 3


def test_what_a_neuron_keeps():
    values = np.arange(40).reshape(1, 40, 1)
    np.testing.assert_array_equal(kept(IF(), None, values)[:, 0], np.arange(40).reshape(4, 10).sum(1))
    assert len(kept(LIF(tau=4.0), 1.0, values)) == 10
    assert len(kept(CubaLIF(tau_syn=1.0, tau_mem=2.0), 1.0, values)) == 20


# ------------------------------------------------------------------------------------------------- what it is worth


def spikes(net, inputs, graph):
    latency = graph.latency["p0"] if isinstance(graph, nk.Program) else 0
    return nk.run(graph, inputs, steps=inputs.shape[1] + latency).spikes["p0"].sum(axis=1, dtype=np.float64)


def trains(seed, samples, sources, steps=60):
    """Sources that fire together, as features do."""
    rng = np.random.default_rng(seed)
    rates = np.clip(rng.random((samples, 4)) @ rng.random((4, sources)) / 4, 0, 1)
    return (rng.random((samples, steps, sources)) < rates[:, None]).astype(np.int64)


@pytest.mark.parametrize("neuron", [IF(threshold=2.0), LIF(tau=0.02, threshold=0.1), IF(threshold=3.0, reset="soft")])
@pytest.mark.parametrize("bits", [2, 3, 4])
def test_calibrated_populations_spike_more_alike(neuron, bits):
    """On other samples than those of the calibration."""
    rng = np.random.default_rng(5)
    net = network((Dense(rng.normal(size=(40, 64)) * 0.3), neuron), shape=(64,), dt=1e-3)
    samples, others = trains(1, 60, 64), trains(2, 30, 64)
    wanted = spikes(net, others, net)
    errors = [
        float(np.abs(spikes(net, others, program) - wanted).mean())
        for program in (nk.compile(net, bits=bits, calibrate=samples), nk.compile(net, bits=bits))
    ]
    assert wanted.mean() > 1
    assert errors[0] < 0.7 * errors[1]


def test_the_report_tells_the_error_of_what_arrives():
    rng = np.random.default_rng(6)
    weight, samples = rng.normal(size=(9, 30)) * 0.4, trains(3, 40, 30)
    net = network((Dense(weight), IF(threshold=2.0)), shape=(30,))
    program = nk.compile(net, bits=3, calibrate=samples)
    (row,) = program.report
    synapse = program.projections[0].synapse
    windows = samples.reshape(-1, 10, 30).sum(axis=1)
    off = windows @ (weight - synapse.weight * 2.0**synapse.exponent / row.scale).T
    assert row.output_error == pytest.approx(np.sqrt(np.square(off).mean() / np.square(windows @ weight.T).mean()))
    assert nk.compile(net, bits=3).report[0].output_error is None


def test_maps_without_moments_are_rounded_to_the_nearest():
    """Listed synapses: their scale follows the weights, as without samples."""
    rng = np.random.default_rng(7)
    net = network((Sparse(rng.normal(size=(5, 8)) * (rng.random((5, 8)) < 0.5)), IF(threshold=4.0)), shape=(8,))
    program, plain = nk.compile(net, bits=4, calibrate=trains(4, 3, 8)), nk.compile(net, bits=4)
    assert program.report[0].output_error is None
    found, wanted = (p.projections[0].synapse.weight.toarray() for p in (program, plain))
    np.testing.assert_array_equal(found, wanted)


def test_the_shipped_network_at_two_bits():
    """345 held-out digits: float 99.1 %, 2 bits 57.7 %, and 97.4 % where 100 others were looked at."""
    with resources.as_file(resources.files("neurokit") / "data" / "digits.nir") as file:
        net = nk.convert(file, dt=1e-3)
    images, labels = digits()

    def accuracy(program):
        rec = nk.run(program, images[100:], steps=32 + max(program.latency.values()))
        return float((rec.spikes["lif3"].sum(axis=1).argmax(axis=-1) == labels[100:]).mean())

    assert accuracy(nk.compile(net, bits=2)) < 0.7
    assert accuracy(nk.compile(net, bits=2, calibrate=images[:100])) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "least"), [(8, 0.977), (4, 0.972), (3, 0.96), (2, 0.93)])
def test_cnn_sinabs(bits, least):
    """1000 N-MNIST recordings, calibrated on 64 of them without their labels; float 98.2 %."""
    events, labels = data.nmnist()
    net = nk.convert(data.shared("nir_paper", "02_cnn", "cnn_sinabs.nir"))
    program = nk.compile(net, bits=bits, calibrate=events[-64:])
    (name,) = program.outputs
    hits = 0
    for first in range(0, 1000, 100):
        rec = nk.run(program, events[first : first + 100], steps=300 + max(program.latency.values()))
        hits += int((rec.spikes[name].sum(axis=1).argmax(axis=-1) == labels[first : first + 100]).sum())
    assert hits / 1000 >= least
