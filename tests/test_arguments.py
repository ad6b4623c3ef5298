"""What a user may pass by mistake to the functions behind `run`, and what they say."""

import copy
import pickle
import re

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import InputError
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import IF, LIF, LoihiLIF
from neurokit.graph.synapses import Dense
from tests.networks import network

EYE = Dense(np.eye(2))
NETWORK = network((EYE, IF()), (EYE, IF()))
PROGRAM = nk.compile(NETWORK)
X = np.ones((4, 2), int)


def said(call):
    with pytest.raises(InputError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("call", [nk.place, nk.to_lava])
@pytest.mark.parametrize(("value", "mend"), [(NETWORK, "Call nk.compile on it first."), ("m.nk", "or nk.load.")])
def test_what_is_no_program(call, value, mend):
    found = said(lambda: call(value))
    assert found.startswith(f"'program': is a {type(value).__name__}; a Program is needed.")
    assert found.endswith(mend)


def test_what_is_no_recording_or_placement():
    recording = nk.run(PROGRAM, X)
    assert "is a str; a Recording is needed" in said(lambda: nk.profile("x"))
    assert "is a str; a Placement is needed" in said(lambda: nk.profile(recording, "loihi2"))
    assert "seconds of at least 0" in said(lambda: nk.profile(recording, host_time=-1))
    assert "is a Placement; a Profile is needed" in said(lambda: nk.report(nk.place(PROGRAM)))


@pytest.mark.parametrize("lava", [-1, 1.5, True, "1"])
def test_samples_for_lava_are_whole(lava):
    assert "a whole number of samples" in said(lambda: nk.verify(NETWORK, X, lava=lava))


def test_verify_drops_nothing(tmp_path):
    PROGRAM.save(tmp_path / "m.NK")
    for source, options in (
        (PROGRAM, {"bits": 3}),
        (PROGRAM, {"window": 7}),
        (tmp_path / "m.NK", {"dt": 5}),
        (NETWORK, {"reset": "soft"}),
    ):
        assert "Leave it out." in said(lambda s=source, o=options: nk.verify(s, X, **o))
    assert nk.verify(tmp_path / "m.NK", X).ok


def test_programs_and_recordings_travel():
    """To other processes, and through copy."""
    for again in (pickle.loads(pickle.dumps(PROGRAM)), copy.deepcopy(PROGRAM)):
        np.testing.assert_array_equal(nk.run(again, X).spikes["p1"], nk.run(PROGRAM, X).spikes["p1"])
        assert again.latency == PROGRAM.latency
    recording = pickle.loads(pickle.dumps(nk.run(PROGRAM, X)))
    assert recording.spikes["p1"].shape == (4, 2)


def test_what_a_prompt_shows():
    assert repr(PROGRAM) == "<Program in -> p1: 2 populations, 4 neurons>"
    assert repr(nk.run(PROGRAM, X)) == "<Recording by simulator: one sample, 4 steps, <spikes: p1>, <states: none>>"


def test_progress_moves_within_a_long_sample():
    told = []
    nk.run(PROGRAM, np.ones((3, 1000, 2), int), progress=lambda done, total: told.append((done, total)))
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == (3000, 3000)


@pytest.mark.parametrize("step", [np.float32(1e-3), np.float64(1e-3), np.int64(1)])
def test_steps_as_numpy_scalars(step):
    nir = pytest.importorskip("nir")
    nodes = {
        "input": nir.Input(np.array([2])),
        "n": nir.IF(np.ones(2), np.ones(2)),
        "output": nir.Output(np.array([2])),
    }
    graph = nir.NIRGraph(nodes, [("input", "n"), ("n", "output")])
    assert nk.convert(graph, dt=step).dt == float(step)


def test_soft_reset_from_a_resting_potential_below_zero():
    """What a spike takes off is the threshold, not its distance from rest."""
    neuron = LIF(tau=0.02, r=20.0, v_leak=-1.0, threshold=0.5, reset="soft")
    graph = network((Dense(np.random.default_rng(0).normal(0.3, 0.4, (8, 6))), neuron), shape=(6,), dt=1e-3)
    x = np.random.default_rng(1).random((4, 400, 6)) < 0.3
    wanted = nk.run(graph, x).counts["p0"].sum()
    found = nk.run(nk.compile(graph), x, steps=401).counts["p0"].sum()
    assert wanted > 500
    assert abs(found - wanted) < 0.02 * wanted


def integer_network(weight, delay=1e-3):
    population = Population("out", (2,), LoihiLIF(4096, 0, 640, bias_mantissa=3))
    lone = Population("lone", (2,), LoihiLIF(4096, 0, 640, bias_mantissa=200))
    projection = Projection("in", "out", (Dense(weight),), delay)
    populations = {"out": population, "lone": lone}
    return Network({"in": Input("in", (2,))}, populations, (projection,), {"out": population}, dt=1e-3)


def test_whole_numbers_as_floats_are_integers():
    """As np.loadtxt gives them."""
    program = nk.compile(integer_network(np.array([[2.0, -4.0], [0.0, 6.0]])))
    assert program.projections[0].synapse.weight.dtype.kind == "i"


def test_fractions_and_missing_delays_are_told_apart():
    with pytest.raises(nk.NeurokitError, match="weights are not whole numbers"):
        nk.compile(integer_network(np.array([[0.5, 1.0], [0.0, 0.0]])))
    with pytest.raises(nk.NeurokitError, match=re.escape("Give it a delay of one step")):
        nk.compile(integer_network(np.eye(2), delay=0.0))


def test_a_population_that_no_input_reaches():
    program = nk.compile(integer_network(np.eye(2)))
    assert program.latency == {"out": 1, "lone": 0}
    assert nk.run(program, X, steps=10, record="lone").spikes["lone"].any()
