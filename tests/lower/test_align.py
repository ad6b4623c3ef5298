"""Latencies and delays: branches, loops, the grid of steps, and the depths that a window follows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit.errors import CompileError, GraphError
from neurokit.graph.network import Input, Network, Population, Projection
from neurokit.graph.neurons import IF
from neurokit.graph.synapses import Dense, Injection
from neurokit.lower.align import align, depths, latencies, steps_of
from tests.networks import joined, network, random_network
from tests.programs import seeds

ONE = (Dense(np.ones((1, 1))),)


def graph(*edges, dt=1e-3):
    """Populations of one neuron; an edge is (source, target) or (source, target, delay in steps)."""
    names = sorted({end for edge in edges for end in edge[:2]} - {"in"})
    populations = {name: Population(name, (1,), IF()) for name in names}
    projections = tuple(Projection(e[0], e[1], ONE, dt * np.asarray(e[2] if len(e) > 2 else 0.0)) for e in edges)
    return Network({"in": Input("in", (1,))}, populations, projections, {names[-1]: populations[names[-1]]}, dt=dt)


def delays(network):
    found = align(network, latencies(network))
    return {p.name: p.delay.tolist() for p in found}


def test_a_chain_lags_one_step_a_connection():
    chain = graph(("in", "a"), ("a", "b"), ("b", "c"))
    assert latencies(chain) == {"in": 0, "a": 1, "b": 2, "c": 3}
    assert delays(chain) == {"in->a": 1, "a->b": 1, "b->c": 1}


def test_branches_of_unequal_depth_wait_for_each_other():
    branches = graph(("in", "a"), ("a", "b"), ("b", "c"), ("a", "c"), ("in", "c"))
    assert latencies(branches)["c"] == 3
    assert delays(branches) == {"in->a": 1, "a->b": 1, "b->c": 1, "a->c": 2, "in->c": 3}


def test_delays_of_the_source_are_used_up_first():
    delayed = graph(("in", "a", 1), ("a", "b", 3), ("in", "b", 5))
    assert latencies(delayed) == {"in": 0, "a": 0, "b": 0}
    assert delays(delayed) == {"in->a": 1, "a->b": 3, "in->b": 5}


def test_the_shortest_delay_of_a_projection_decides():
    assert latencies(graph(("in", "a"), ("a", "b", [[2.0]]), ("in", "b")))["b"] == 1
    varied = graph(("in", "a", [[0.0]]))
    assert latencies(varied)["a"] == 1


def test_delays_of_their_own_keep_their_differences():
    wide = graph(("in", "a"), ("a", "b"))
    projection = replace(
        wide.projections[1], synapses=(Dense(np.ones((3, 1))),), delay=1e-3 * np.array([[0.0], [1], [4]])
    )
    populations = {**wide.populations, "b": Population("b", (3,), IF())}
    wide = replace(wide, populations=populations, projections=(wide.projections[0], projection), outputs={})
    assert delays(wide)["a->b"] == [[1], [2], [5]]


def test_a_recurrent_layer_with_a_delay_of_one_step():
    loop = graph(("in", "a"), ("a", "b"), ("b", "b", 1))
    assert latencies(loop) == {"in": 0, "a": 1, "b": 2}
    assert delays(loop)["b->b"] == 1


def test_a_loop_over_two_layers():
    loop = graph(("in", "a"), ("a", "b"), ("b", "a", 2))
    assert latencies(loop) == {"in": 0, "a": 1, "b": 2}
    assert delays(loop) == {"in->a": 1, "a->b": 1, "b->a": 1}
    loop = graph(("in", "a"), ("a", "b"), ("b", "a", 5))
    assert delays(loop)["b->a"] == 4


LOOPS = {
    "a": [("in", "a"), ("a", "a")],
    "a, b": [("in", "a"), ("a", "b"), ("b", "a")],
    "b, c": [("in", "a"), ("a", "b"), ("b", "c"), ("c", "b", 1)],
    "a, b, c": [("in", "a"), ("a", "b"), ("b", "c"), ("c", "a", 2), ("c", "d"), ("d", "e")],
}


def loop_fault(members):
    with pytest.raises(CompileError) as caught:
        latencies(graph(*LOOPS[members]))
    (fault,) = caught.value.faults
    return fault


@pytest.mark.parametrize("members", LOOPS)
def test_a_loop_that_is_faster_than_its_connections(members):
    fault = loop_fault(members)
    assert fault.fact == "lie on a loop that is faster than its connections"
    assert "delay of one step" in fault.mend


@pytest.mark.parametrize("members", LOOPS)
def test_the_fault_names_the_loop_and_nothing_behind_it(members):
    assert loop_fault(members).node == members


def test_a_current_arrives_in_its_own_step():
    driven = graph(("in", "a"), ("a", "b"))
    driven = replace(driven, projections=(Projection("in", "a", (Injection(),)), driven.projections[1]))
    assert latencies(driven) == {"in": 0, "a": 0, "b": 1}
    assert delays(driven) == {"in->a": 0, "a->b": 1}


class TestSteps:
    def test_no_delay_needs_no_step(self):
        assert steps_of(Projection("a", "b", ONE), None).tolist() == 0

    def test_a_delay_needs_a_step(self):
        with pytest.raises(CompileError, match=r"'a->b': has a delay in seconds; the step is unknown"):
            steps_of(Projection("a", "b", ONE, 1e-3), None)

    @pytest.mark.parametrize("dt", [1e-3, 1e-4, 1 / 3, 0.1, 7e-5])
    def test_whole_steps_whatever_their_rounding(self, dt):
        steps = np.arange(64)
        assert steps_of(Projection("a", "b", ONE, steps * dt), dt).tolist() == steps.tolist()

    @pytest.mark.parametrize("delay", [0.5, 1.4, 2.01, [[1.0], [1.5]]])
    def test_off_the_grid(self, delay):
        with pytest.raises(CompileError) as caught:
            steps_of(Projection("a", "b", ONE, 1e-3 * np.asarray(delay)), 1e-3)
        (fault,) = caught.value.faults
        assert fault.node == "a->b"
        assert "steps off the grid of 0.001 s" in fault.fact

    def test_types(self):
        assert steps_of(Projection("a", "b", ONE, np.zeros((2, 1))), None).dtype == np.int64


def test_depth_is_the_shortest_way():
    integers = graph(("in", "a", 1), ("a", "b", 1), ("b", "c", 1), ("in", "c", 2), ("x", "y", 1))
    assert depths(integers) == {"in": 0, "x": 0, "a": 1, "b": 2, "c": 2, "y": 0}


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_laws(seed):
    """Delays are at least 1, differ from the source's by the ends' latencies, and no latency could be smaller."""
    network = random_network(seed)
    latency = latencies(network)
    aligned = align(network, latency)
    for before, after in zip(network.projections, aligned, strict=True):
        assert after.delay.min() >= 1
        lag = latency[after.target] - latency[after.source]
        np.testing.assert_array_equal(after.delay, steps_of(before, network.dt) + lag)
    for name in network.populations:
        ways = [p for p in aligned if p.target == name]
        assert latency[name] == 0 or min(p.delay.min() for p in ways) == 1


def test_compile_reports_a_delay_longer_than_loihi_holds():
    from neurokit.lower.pipeline import compile_network

    with pytest.raises(GraphError, match="delays run from 70 to 70 steps"):
        compile_network(graph(("in", "a", 70)))


@pytest.mark.parametrize(("bias", "held"), [(0.01, False), (0.4, False), (0.6, True)])
def test_only_a_bias_that_could_send_early_holds_neurons(bias, held):
    """p1 lags two steps: 2 x 0.4 stays below its threshold, 2 x 0.6 would be a spike that its loop hears too late."""
    rng = np.random.default_rng(0)
    first, second = Dense(rng.random((3, 2))), Dense(rng.random((3, 3)), np.full(3, bias))
    net = network((first, IF(1.0)), (second, IF(1.0)), dt=1e-3)
    net = joined(net, Projection("p1", "p1", (Dense(rng.random((3, 3)) * 0.5),), 3e-3))
    program = nk.compile(net)
    assert program.populations["p1"].neuron.held == held
    assert ("loihi2-stock" in program.targets) == (not held)
    if not held:
        waits = {n: replace(p, neuron=replace(p.neuron, held=True)) for n, p in program.populations.items()}
        x = (rng.random((4, 30, 2)) < 0.3).astype(np.uint8)
        runs = [nk.run(p, x, 33, record=("p0", "p1")) for p in (program, replace(program, populations=waits))]
        assert all(np.array_equal(runs[0].spikes[name], runs[1].spikes[name]) for name in ("p0", "p1"))
        assert runs[0].spikes["p1"].any()
