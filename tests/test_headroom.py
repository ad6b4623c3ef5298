"""The audit beside sums that numpy works out, and what the report says of errors and headroom."""

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import InputError
from neurokit.graph.graded_neurons import Delta, SigmaDelta
from neurokit.graph.neurons import IF, CubaLIF
from neurokit.graph.synapses import Dense
from neurokit.place.chips import CHIPS
from tests.networks import network


def layer(neuron, seed=0, scale=0.3):
    rng = np.random.default_rng(seed)
    return network((Dense(rng.normal(size=(6, 20)) * scale), neuron), shape=(20,), dt=1e-3)


def trains(steps=40, samples=3, most=1):
    rng = np.random.default_rng(1)
    return rng.integers(0, most + 1, (samples, steps, 20)) * (rng.random((samples, steps, 20)) < 0.4)


@pytest.mark.parametrize("neuron", [IF(threshold=2.0), CubaLIF(tau_syn=5e-3, tau_mem=1e-2, threshold=0.4)])
@pytest.mark.parametrize("window", [None, 7])
def test_sums_are_those_of_the_synapses(neuron, window):
    program = nk.compile(layer(neuron), window=window)
    x = trains()
    found = nk.audit(program, x, steps=41)
    synapse = program.projections[0].synapse
    sums = (x.astype(np.int64) @ synapse.weight.T.astype(np.int64)) << synapse.exponent
    rec = nk.run(program, x, steps=41, record=(("p0", "u"), ("p0", "v")))
    (row,) = found.populations
    assert row.sum == np.abs(sums).max()
    assert row.current == np.abs(rec.states["p0", "u"]).max()
    assert row.potential == np.abs(rec.states["p0", "v"].astype(np.int64)).max()
    assert row.sum <= row.worst.sum
    assert (row.wrapped, found.faults, found.samples) == (0, [], 3)
    assert row.bits == pytest.approx(np.log2(2**23 / row.current))


def test_what_loihi_1_is_believed_not_to_hold():
    """Sums between 2**15 and 2**17: right in Lava's models."""
    program = nk.compile(layer(IF(threshold=900.0)), calibrate=trains(most=255))
    found = nk.audit(program, trains(most=255))
    assert 1 << 15 < found.populations[0].sum < 1 << 17
    (fault,) = found.faults
    assert fault.node == "p0"
    assert "accumulator is believed to wrap at 32768" in fault.limit
    assert nk.audit(program, trains(most=255), chip="loihi2").faults == []
    assert CHIPS["loihi1"].largest_sum.value == 1 << 15
    assert CHIPS["loihi2"].largest_sum is None
    text = str(found)
    assert "sums may reach 131072 in Lava's models, 32768 (believed) on Loihi 1" in text
    assert str(fault) in text


def test_wraps_are_told():
    program = nk.compile(layer(IF(threshold=900.0)))
    found = nk.audit(program, trains(most=20000))
    assert any("wrapped" in fault.fact for fault in found.faults)


def test_graded_neurons():
    rng = np.random.default_rng(2)
    net = network((Dense(np.eye(20)), Delta()), (Dense(rng.normal(size=(6, 20))), SigmaDelta(bias=0.3)), shape=(20,))
    images = rng.normal(size=(4, 5, 20))
    program = nk.compile(net, calibrate=images)
    found = nk.audit(program, program.scaled(images), steps=7)
    first, second = found.populations
    assert first.sum == np.abs(program.scaled(images)).max()
    assert second.sum <= second.worst.sum
    for row, seen in zip(program.report, found.populations, strict=True):
        assert row.headroom == pytest.approx(seen.bits, abs=1.1)  # the first step's value stands for the changes'
        assert row.worst_headroom <= row.headroom


def test_audits_need_programs():
    net = layer(IF())
    with pytest.raises(InputError, match="is a Network"):
        nk.audit(net, trains())
    with pytest.raises(InputError, match="is unknown"):
        nk.audit(nk.compile(net), trains(), chip="loihi3")


def test_a_program_tells_what_compilation_did():
    program = nk.compile(layer(IF(threshold=2.0)), bits=4, calibrate=trains())
    (row,) = program.report
    lines = str(program).splitlines()
    assert lines[0] == repr(program)
    assert lines[1] == "what enters in a step shows at the outputs 1 step later"
    assert lines[2].split()[:4] == ["population", "bits", "scale", "payload"]
    cells = lines[3].split()
    assert cells[0] == "p0"
    assert f"{100 * row.output_error:.2g}" in cells
    assert cells[-3:] == [f"{row.headroom:.1f}", "/", f"{row.worst_headroom:.1f}"]
    seen = nk.audit(program, trains(), steps=41).populations[0]
    assert row.headroom == pytest.approx(seen.bits, abs=0.2)
    assert "output %" in lines[2]


def test_inputs_that_are_scaled_are_told():
    rng = np.random.default_rng(3)
    program = nk.compile(layer(IF(threshold=2.0)), calibrate=rng.normal(size=(3, 10, 20)))
    assert f"input 'in': give program.scaled(x), x times {program.input_scale['in']:g}" in str(program)
