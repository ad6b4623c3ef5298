"""What compile refuses and what it says: faults, notes, integers that pass through, readouts."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit.errors import CompileError, GraphError, InputError
from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF, LIF, CubaLIF, Integrator, LeakyIntegrator, LoihiLIF
from neurokit.graph.synapses import Dense, Injection, SumPool2d
from tests.lower.compiled import faults_of, integers, one
from tests.networks import joined, network
from tests.programs import random_program, seeds

DT = 1e-3


# ---------------------------------------------------------------------------------------------------- faults and notes


@pytest.mark.parametrize("bits", [0, 9, -1, 2.5, 8.0, "8", None, True])
def test_bits(bits):
    (found,) = faults_of(CompileError, lambda: one(np.ones((1, 2)), IF(), bits=bits))
    assert found == f"'bits': is {bits!r}; weights have 1 to 8 bits. Pass bits=8 or fewer."


@pytest.mark.parametrize("window", [0, -3, 2.5, "9"])
def test_window(window):
    (found,) = faults_of(CompileError, lambda: one(np.ones((1, 2)), IF(), window=window))
    assert found == f"'window': is {window!r}; a window is a number of steps. Pass window=None or at least 1."


def test_both_arguments_at_once():
    assert len(faults_of(CompileError, lambda: one(np.ones((1, 2)), IF(), bits=0, window=0))) == 2


def test_integers_are_not_calibrated():
    net = network((Dense(np.full((1, 2), 3)), LoihiLIF(4096, 0, 640)), dt=1.0)
    net = replace(net, projections=(replace(net.projections[0], delay=1.0),))
    (found,) = faults_of(CompileError, lambda: nk.compile(net, calibrate=np.ones((3, 2))))
    assert found == (
        "'calibrate': was given for a source that holds integers already; they pass through unchanged. Leave it out."
    )


def test_a_program_is_compiled_already():
    program = one(np.ones((1, 2)), IF())
    (found,) = faults_of(InputError, lambda: nk.compile(program))
    assert found == "'network': is a Program; it is compiled already. Run it as it is."


def test_a_threshold_too_high_for_the_weights():
    (found,) = faults_of(CompileError, lambda: one([[1.0, -1.0]], IF(threshold=1e6)))
    assert found.startswith("'p0': the threshold 1e+06 is so far above the weights that they keep integers to 0; ")


def test_long_time_constants_cost_bits_and_are_not_refused():
    """A membrane of 100 ms at 1 ms makes gains of 1/1000. A mantissa of 17 bits then leaves weights six bits or so of
    their eight: a loss to report (weight_error), not a network to refuse."""
    weight = np.random.default_rng(0).normal(0, 0.1, (10, 100))
    program = one(weight, CubaLIF(tau_syn=10e-3, tau_mem=100e-3, threshold=1.0))
    assert np.abs(program.projections[0].synapse.weight).max() > 30
    assert program.report[0].weight_error < 0.05


def test_a_potential_that_may_run_away_is_said():
    """Without leak, steady inhibition ends at -2**23 after a thousand steps, where the source goes on for ever: three
    thousand steps of -1 and three thousand of +1 give no spike in floats, and hundreds in integers."""
    graph = network((Dense([[1.0, -1.0]]), IF(threshold=1.0)))
    program = nk.compile(graph)
    x = np.zeros((6000, 2), int)
    x[:3000, 1] = x[3000:, 0] = 1
    alike = nk.run(program, x, steps=6001).counts["p0"] == nk.run(graph, x).counts["p0"]
    assert alike or any("saturat" in note for note in program.report[0].notes)


def test_faults_of_all_populations_come_at_once():
    layer = (Dense([[1.0, -1.0]]), IF(threshold=1e6)), (Dense([[1.0]]), IF(threshold=-1.0))
    assert len(faults_of(CompileError, lambda: nk.compile(network(*layer)))) == 2


def test_a_threshold_too_low_for_the_weights():
    """The mantissa rounds to nothing: the neuron would fire at every positive potential, or always."""
    for fires in (">", ">="):
        (found,) = faults_of(CompileError, lambda f=fires: one([[1.0, 1.0]], IF(threshold=1e-6, fires=f)))
        assert "threshold" in found


def test_a_reset_too_far_for_the_chip():
    (found,) = faults_of((CompileError, GraphError), lambda: one([[1.0, 1.0]], IF(v_reset=-1e6)))
    assert "reset" in found


def test_currents_enter_float_networks_too():
    """check_network accepts an Injection into any population, so compile must, or must say why not."""
    graph = network((Injection(), LIF(tau=0.01, threshold=5.0)), dt=DT)
    with suppress(CompileError, GraphError):  # either way is sound, an AssertionError is not
        nk.compile(graph)


def test_a_current_that_may_wrap_is_said():
    (row,) = one(np.ones((1, 3000)), IF(threshold=100.0)).report
    (note,) = row.notes
    assert "the current may wrap" in note
    assert "765000" in note
    assert one(np.ones((1, 30)), IF(threshold=100.0)).report[0].notes == ()
    (note,) = one(np.ones((1, 300)), IF(threshold=100.0)).report[0].notes
    assert note == "the current may wrap for input payloads above 1 when all inputs fire"


def test_waiting_for_longer_branches_is_said():
    graph = network((Dense(np.eye(2)), IF()), (Dense(np.eye(2)), IF()))
    program = nk.compile(joined(graph, Projection("in", "p1", (Dense(np.eye(2)),))))
    assert program.report[1].notes == ("in->p1 waits 1 steps for longer branches",)


def test_the_network_given_in_stays_as_it_was():
    weight = np.ones((2, 2))
    graph = network((Dense(weight), IF()))
    nk.compile(graph)
    assert graph.projections[0].synapse.weight.dtype == np.float64
    assert isinstance(graph.populations["p0"].neuron, IF)


# ----------------------------------------------------------------------------------------------- integers pass through


def as_network(program):
    """A Program as the Network of an integer source: the same nodes, delays in seconds."""
    from neurokit.graph.network import Network

    projections = tuple(replace(p, delay=p.delay * DT) for p in program.projections)
    return Network(program.inputs, program.populations, projections, program.outputs, dt=DT)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_integers_pass_through_unchanged(seed):
    program = random_program(seed)
    found = nk.compile(as_network(program))
    assert integers(found) == integers(program)
    assert all(row.notes == ("integers passed through",) for row in found.report)


def test_bits_of_integers_are_refused():
    (found,) = faults_of(CompileError, lambda: nk.compile(as_network(random_program(3)), bits=3))
    assert found == (
        "'bits': bits=3 for a source that holds integers already; they pass through unchanged. Leave bits out."
    )


def test_a_window_resets_integers_at_their_depth():
    neuron = LoihiLIF(4096, 0, 640)
    graph = network(*[(Dense(np.full((2, 2), 3)), neuron)] * 3, dt=DT)
    graph = replace(graph, projections=tuple(replace(p, delay=DT) for p in graph.projections))
    program = nk.compile(graph, window=16)
    assert [(n.reset_interval, n.reset_offset) for n in map(program.neuron, ("p0", "p1", "p2"))] == [
        (16, 1),
        (16, 2),
        (16, 3),
    ]
    assert dict(program.latency) == {"in": 0, "p0": 1, "p1": 2, "p2": 3} or program.latency["p2"] == 3


def test_integers_with_a_bias_in_the_map():
    graph = network((Dense(np.full((2, 2), 3), np.array([1, 2])), LoihiLIF(4096, 0, 640)), dt=DT)
    graph = replace(graph, projections=(replace(graph.projections[0], delay=DT),))
    (found,) = faults_of(CompileError, lambda: nk.compile(graph))
    assert found == "'in->p0': has a bias of its own; an integer population holds its bias itself. Move it there."


def test_integer_pools_stay_integers():
    """A sum pool between integer layers is a map of ones: it must not turn the program into floats."""
    graph = network((SumPool2d(2, 2), LoihiLIF(4096, 0, 640)), shape=(1, 4, 4), dt=DT)
    graph = replace(graph, projections=(replace(graph.projections[0], delay=DT),))
    weight = nk.compile(graph).projections[0].synapse.weight
    assert weight.dtype.kind == "i"
    assert (weight == 1).all()


# ------------------------------------------------------------------------------------------------------------ readouts


READOUTS = [LeakyIntegrator(tau=20e-3), LeakyIntegrator(tau=5e-3, v_leak=0.3), Integrator()]


@pytest.mark.parametrize("neuron", READOUTS)
def test_readouts_follow_their_floats(neuron):
    rng = np.random.default_rng(0)
    graph = network((Dense(rng.normal(size=(4, 50)), rng.normal(size=4)), neuron), shape=(50,), dt=DT)
    program = nk.compile(graph)
    x = rng.random((60, 50)) < 0.1
    found = nk.run(program, x, steps=61).states["p0", "v"][1:] / (64 * program.report[0].scale)
    wanted = nk.run(graph, x).states["p0", "v"] - getattr(neuron, "v_leak", 0.0)
    assert np.abs(found - wanted).max() <= 0.02 * np.abs(wanted).max()


@pytest.mark.parametrize("neuron", READOUTS)
def test_readouts_do_not_saturate(neuron):
    """Sustained input of one sign: a scale that spends all 24 bits on one step's input saturates within a few steps."""
    rng = np.random.default_rng(0)
    graph = network((Dense(np.abs(rng.normal(size=(3, 20)))), neuron), shape=(20,), dt=DT)
    program = nk.compile(graph)
    x = rng.random((100, 20)) < 0.5
    found = nk.run(program, x, steps=101).states["p0", "v"][1:] / (64 * program.report[0].scale)
    wanted = nk.run(graph, x).states["p0", "v"] - getattr(neuron, "v_leak", 0.0)
    said = any("saturat" in note for note in program.report[0].notes)
    assert said or np.abs(found - wanted).max() <= 0.02 * np.abs(wanted).max()
