"""Branches that meet in one population, with weights far apart: they share one scale, and each keeps what it can."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

import neurokit as nk
from neurokit.errors import CompileError
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import IF, CubaLIF, Integrator
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Dense, Sparse, SumPool2d
from neurokit.lower.scale import synapses_of
from tests.lower.compiled import faults_of, weights_of

EIGHT_BITS = 0.02  # of normal weights, which reach 3 of their root mean square: half a step of 127 is 0.7 to 1.4 %


def two_branches(ratio, sources, out=None, targets=12, kind=Dense, seed=0):
    """Inputs a and b, each relayed by IF neurons one to one, into `out`; weights of b are 1 / `ratio` of those of a."""
    rng = np.random.default_rng(seed)
    out = out or IF(threshold=2.0, reset="soft")
    relay = IF(threshold=1.0)
    populations = {name: Population(name, (sources,), relay) for name in ("pa", "pb")}
    populations["out"] = Population("out", (targets,), out)
    weights = {"pa": rng.normal(size=(targets, sources)), "pb": rng.normal(size=(targets, sources)) / ratio}
    inputs = {name: Input(name, (sources,)) for name in ("a", "b")}
    made = (lambda w: Sparse(sp.csr_matrix(w))) if kind is Sparse else Dense
    projections = [Projection(name, f"p{name}", (Dense(2 * np.eye(sources)),)) for name in inputs]
    projections += [Projection(name, "out", (made(weight),)) for name, weight in weights.items()]
    net = Network(inputs, populations, tuple(projections), {"out": populations["out"]}, dt=1e-3)
    return net, weights


def spikes(sources, steps, rate=0.2, seed=1, samples=4):
    rng = np.random.default_rng(seed)
    return {name: (rng.random((samples, steps, sources)) < rate).astype(int) for name in ("a", "b")}


def errors(program, weights):
    """Relative root mean square error of each branch's weights."""
    (row,) = [row for row in program.report if row.population == "out"]
    held = {p.source: p.synapse for p in program.projections if p.target == "out"}
    dense = {n: s.weight.toarray() if isinstance(s, Sparse) else s.weight for n, s in held.items()}
    off = {n: dense[n] * 2.0 ** held[n].exponent / row.scale - w for n, w in weights.items()}
    return {n: float(np.sqrt(np.square(off[n]).sum() / np.square(w).sum())) for n, w in weights.items()}


# ------------------------------------------------------------------------------------------------------------- weights


@pytest.mark.parametrize("kind", [Dense, Sparse])
@pytest.mark.parametrize("sources", [10, 100])
@pytest.mark.parametrize("ratio", [1, 30, 100])
def test_exponents_keep_both_branches_bits(ratio, sources, kind):
    """Mantissas of the larger one are shifted by up to 7 bits."""
    net, weights = two_branches(ratio, sources, kind=kind)
    for calibrate in (None, spikes(sources, 60)):
        found = errors(nk.compile(net, calibrate=calibrate), weights)
        assert max(found.values()) < EIGHT_BITS, found


@pytest.mark.parametrize("kind", [Dense, Sparse])
@pytest.mark.parametrize(("ratio", "sources"), [(1e3, 50), (1e3, 200), (1e4, 200)])
def test_sums_of_the_smaller_one_are_shifted_down(ratio, sources, kind):
    """Weights of a unit and less; a branch of which something arrives in every step keeps its 8 bits."""
    net, weights = two_branches(ratio, sources, kind=kind)
    program = nk.compile(net, calibrate=spikes(sources, 60, rate=0.5))
    (small,) = [p.synapse for p in program.projections if p.source == "pb"]
    assert small.exponent < 0
    assert np.abs(weights_of(replace(program.projections[0], synapses=(small,)))).max() >= 64
    assert max(errors(program, weights).values()) < EIGHT_BITS
    (row,) = [row for row in program.report if row.population == "out"]
    assert row.output_error is None or row.output_error < EIGHT_BITS


@pytest.mark.parametrize("calibrated", [True, False])
def test_without_knowing_better_the_error_of_sums_decides(calibrated):
    """Ten sources at 1 : 1000: whole weights of up to 16 lose less than sums rounded down in every step would."""
    net, weights = two_branches(1000, 10)
    program = nk.compile(net, calibrate=spikes(10, 60, rate=0.02) if calibrated else None)
    (small,) = [p.synapse for p in program.projections if p.source == "pb"]
    assert small.exponent in (0, -1)
    assert errors(program, weights)["pb"] < 0.15


# -------------------------------------------------------------------------------------------------------------- outputs


@pytest.mark.parametrize("ratio", [100, 1e3, 1e4])
def test_what_the_smaller_branch_adds_up_to(ratio):
    """The other one is silent: v holds the plain sum of what was sent, half a unit a step not lost."""
    net, weights = two_branches(ratio, 200, IF(threshold=20.0, reset="soft"))
    program = nk.compile(net, calibrate=spikes(200, 100, rate=0.5))
    x = spikes(200, 100, rate=0.5, seed=7)
    x["a"][:] = 0
    rec = nk.run(program, x, steps=102, record=(("out", "v"),))
    (row,) = [row for row in program.report if row.population == "out"]
    found = rec.states["out", "v"][:, -1] / (64 * row.scale)
    wanted = np.einsum("bti,oi->bo", x["b"], weights["pb"])
    assert np.sqrt(np.square(found - wanted).mean() / np.square(wanted).mean()) < 0.03
    assert not rec.wraps()


def test_a_bias_makes_up_for_sums_rounded_down():
    net, _ = two_branches(1e4, 200)
    program = nk.compile(net, calibrate=spikes(200, 100, rate=0.5))
    (row,) = [row for row in program.report if row.population == "out"]
    assert any("sums shifted down lose 0.5 units a step, for which the bias makes up" in note for note in row.notes)
    assert int(program.neuron("out").bias.flat[0]) == pytest.approx(32, abs=1)  # half a unit of 64
    for name in ("pa", "pb"):  # which begin with the input, as the bias does
        assert not program.neuron(name).bias.any()
    assert program.neuron("out").reset_offset == program.latency["out"]


def test_through_a_synaptic_current_too():
    neuron = CubaLIF(tau_syn=5e-3, tau_mem=20e-3, threshold=4.0)
    net, weights = two_branches(3e3, 200, neuron)
    program = nk.compile(net, calibrate=spikes(200, 100, rate=0.5))
    assert int(program.neuron("out").bias.flat[0]) == pytest.approx(32 * 5, abs=3)  # u holds five steps of it
    assert max(errors_of_gained(program, net, weights).values()) < 0.03


def errors_of_gained(program, net, weights):
    neuron = net.populations["out"].neuron
    gain = 1e-3 / float(neuron.tau_syn) * 1e-3 / float(neuron.tau_mem)
    return errors(program, {name: weight * gain for name, weight in weights.items()})


@pytest.mark.parametrize("kind", [Dense, Sparse])
def test_lava_computes_the_same(kind):
    net, _ = two_branches(2e3, 40, kind=kind)
    program = nk.compile(net, calibrate=spikes(40, 60, rate=0.5))
    assert min(p.synapse.exponent for p in program.projections) < 0
    x = {name: values[:1, :30] for name, values in spikes(40, 30, rate=0.5).items()}
    record = ("pa", "pb", ("out", "v"))
    found, wanted = (nk.run(program, x, steps=32, record=record, backend=b) for b in ("lava-inprocess", "simulator"))
    np.testing.assert_array_equal(found.spikes["out"], wanted.spikes["out"])
    np.testing.assert_array_equal(found.states["out", "v"], wanted.states["out", "v"])
    assert wanted.spikes["out"].any()


# ------------------------------------------------------------------------------------------------------------- refusals


def test_a_branch_next_to_nothing_is_noted():
    """All its sources at once add 1e-6 of the threshold: one needs a thousand times the recording to see it."""
    net, _ = two_branches(1e8, 20)
    program = nk.compile(net)
    (row,) = [row for row in program.report if row.population == "out"]
    (note,) = [note for note in row.notes if "rounds to zero" in note]
    assert note.startswith("pb->out adds less than a unit and rounds to zero: its weights reach ")
    net, _ = two_branches(1e8, 20, Integrator())
    assert any("rounds to zero" in note for row in nk.compile(net).report for note in row.notes)


def test_a_branch_that_alone_could_bring_a_spike_is_refused():
    """It reaches a tenth of a threshold that is itself next to nothing beside the other branch."""
    net, _ = two_branches(1e6, 2, IF(threshold=1e-3, reset="soft"))
    (found,) = faults_of(CompileError, lambda: nk.compile(net))
    assert found.startswith("'pb->out': its weights reach ")
    assert "would round to zero beside others of" in found
    assert "projections of a population share one scale, with exponents of -7 to 7." in found


def test_a_threshold_that_leaves_sums_of_a_few_units_is_refused():
    """Shifting may keep weights' bits, but not those of sums of 8 units, rounded down in every step."""
    net, _ = two_branches(1, 300, IF(threshold=3e6, reset="soft"))
    (found,) = faults_of(CompileError, lambda: nk.compile(net))
    assert found.startswith("'out': the threshold 3e+06 is so far above the weights that ")


def test_synapses_of_a_target():
    assert synapses_of(Dense(np.ones((3, 5)))) == 5
    assert synapses_of(Sparse(sp.csr_matrix(np.eye(4)))) == 1
    assert synapses_of(Conv2d(np.ones((2, 3, 3, 3)))) == 27
    assert synapses_of(ConvTranspose2d(np.ones((3, 2, 2, 2)))) == 12
    assert synapses_of(SumPool2d((2, 3), (2, 3))) == 6
