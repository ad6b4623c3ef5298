"""Operator graphs: what `build` makes of random ones equals an evaluation node by node; shapes, merging, feedback."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import neurokit as nk
from neurokit.converters import dataflow as df
from neurokit.errors import ConversionError
from neurokit.graph.graded_neurons import Relay
from neurokit.graph.synapses import Conv2d, Dense, Flatten, SumPool2d
from tests.converters.dataflows import DT, Growing, evaluate

STEPS = 24


def random_graph(seed: int, delays: bool) -> Growing:
    graph = Growing(seed, delays)
    for _ in range(14):
        graph.grow()
    graph.finish()
    return graph


@pytest.mark.parametrize("delays", [False, True])
def test_random_graphs_equal_an_evaluation_node_by_node(delays):
    compared = refused = 0
    seeds = 15
    for seed in range(seeds):
        graph = random_graph(seed, delays)
        try:
            network = df.build(graph.nodes, graph.edges, dt=DT, source="test", kind="a test graph")
        except ConversionError as error:
            refused += all("delay" in fault.fact for fault in error.faults)
            continue
        seeds -= 1
        random = np.random.default_rng(seed)
        inputs = {name: random.normal(0, 1, (STEPS, *node.shape)) for name, node in network.inputs.items()}
        recording = nk.run(network, inputs)
        expected = evaluate(graph, inputs, STEPS)
        ends = {end: start for start, end in graph.edges if end.startswith("out-")}
        for end, start in ends.items():
            name = end if end in network.outputs else graph.behind_reshapes(start)
            found = recording.spikes[name].reshape(STEPS, -1)
            wanted = expected[start].reshape(STEPS, -1)
            late = 18 if delays else 0  # until constants that a delay holds back have come
            np.testing.assert_allclose(found[late:], wanted[late:], rtol=1e-9, atol=1e-9, err_msg=f"{seed} {name}")
            compared += 1
    assert compared > 15
    assert refused == seeds
    assert refused < 30
    assert delays or not refused


def relu(*shape: int) -> df.Cells:
    return df.Cells(Relay(activation="relu"), shape or None)


def build(nodes, *edges, dt=DT):
    return df.build(nodes, edges, dt=dt, source="test", kind="a test graph")


def values(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, shape)


def test_convolutions_side_by_side_become_one():
    wide = Conv2d(values(3, 3, 5, 5), padding=(2, 2), bias=values(3))
    narrow = Conv2d(values(3, 1, 3, 3, seed=1), padding=(1, 1), groups=3, bias=values(3, seed=1))
    nodes = {"in": df.Source((3, 6, 6)), "w": df.Linear(wide), "n": df.Linear(narrow), "a": relu(), "out": df.Sink()}
    network = build(nodes, ("in", "w"), ("in", "n"), ("in", "a"), ("w", "a"), ("n", "a"), ("a", "out"))
    (projection,) = network.projections
    (synapse,) = projection.synapses
    assert isinstance(synapse, Conv2d)
    assert (synapse.weight.shape, synapse.padding, synapse.groups) == ((3, 3, 5, 5), (2, 2), 1)
    expected = wide.weight.copy()
    for channel in range(3):
        expected[channel, channel, 1:4, 1:4] += narrow.weight[channel, 0]
        expected[channel, channel, 2, 2] += 1
    np.testing.assert_allclose(synapse.weight, expected)
    np.testing.assert_allclose(synapse.bias, wide.bias + narrow.bias)


def test_a_concatenation_gives_each_source_its_part_of_the_kernel():
    kernel = Conv2d(values(4, 5, 3, 3), padding=(1, 1), bias=values(4))
    nodes = {
        "x": df.Source((2, 6, 6)),
        "y": df.Source((3, 6, 6)),
        "join": df.Join(0),
        "pool": df.Linear(SumPool2d((2, 2), (2, 2))),
        "conv": df.Linear(kernel),
        "a": relu(),
        "out": df.Sink(),
    }
    edges = [("y", "join"), ("x", "join"), ("join", "pool"), ("pool", "conv"), ("conv", "a"), ("a", "out")]
    x, y = build(nodes, *edges).projections
    assert [type(s) for s in x.synapses] == [SumPool2d, Conv2d]
    np.testing.assert_array_equal(y.synapses[1].weight, kernel.weight[:, :3])
    np.testing.assert_array_equal(x.synapses[1].weight, kernel.weight[:, 3:])
    assert [p.synapses[1].bias is None for p in (x, y)] == [True, False]


def test_a_scale_goes_into_the_weights_beside_it():
    first, last = Conv2d(values(2, 2, 3, 3), bias=values(2)), Dense(values(3, 32))
    nodes = {
        "in": df.Source((2, 6, 6)),
        "conv": df.Linear(first),
        "norm": df.Scale(values(2, seed=3), values(2, seed=4)),
        "a": relu(),
        "half": df.Scale(np.asarray(0.5), np.asarray(0.25)),
        "flat": df.Linear(Flatten()),
        "fc": df.Linear(last),
        "b": relu(),
        "out": df.Sink(),
    }
    one, two = build(nodes, *itertools.pairwise(nodes)).projections
    (conv,), (flat, dense) = one.synapses, two.synapses
    np.testing.assert_allclose(conv.weight, first.weight * values(2, seed=3).reshape(2, 1, 1, 1))
    np.testing.assert_allclose(conv.bias, first.bias * values(2, seed=3) + values(2, seed=4))
    assert isinstance(flat, Flatten)
    np.testing.assert_allclose(dense.weight, last.weight / 2)
    np.testing.assert_allclose(dense.bias, last.weight.sum(1) / 4)


def test_paths_of_unequal_delay_become_synapses_of_their_own():
    left, right = np.diag([1.0, 2.0, 0, 0]), np.diag([0, 0, 3.0, 4.0])
    nodes = {
        "in": df.Source((4,)),
        "l": df.Linear(Dense(left)),
        "r": df.Linear(Dense(right)),
        "late": df.Wait(np.asarray(2 * DT)),
        "a": relu(),
        "out": df.Sink(),
    }
    edges = [("in", "l"), ("in", "r"), ("l", "late"), ("late", "a"), ("r", "a"), ("a", "out")]
    (projection,) = build(nodes, *edges).projections
    np.testing.assert_array_equal(projection.synapse.weight.toarray(), left + right)
    np.testing.assert_array_equal(np.diag(projection.delay), [2 * DT, 2 * DT, 0, 0])
    nodes["r"] = df.Linear(Dense(np.ones((4, 4))))
    with pytest.raises(ConversionError, match=r"'in->a': is reached on two paths of unequal delay"):
        build(nodes, *edges)


def test_delays_of_sources_and_of_targets():
    nodes = {
        "in": df.Source((3,)),
        "before": df.Wait(np.array([0, 1, 2]) * DT),
        "fc": df.Linear(Dense(values(2, 3))),
        "behind": df.Wait(np.array([0, 4]) * DT),
        "a": relu(),
        "out": df.Sink(),
    }
    (projection,) = build(nodes, *itertools.pairwise(nodes)).projections
    np.testing.assert_allclose(projection.delay, np.array([[0, 1, 2], [4, 5, 6]]) * DT)
    nodes["fc2"] = df.Linear(Dense(values(2, 2)))
    names = ["in", "before", "fc", "behind", "fc2", "a", "out"]
    with pytest.raises(ConversionError, match=r"'fc2': delays its elements unequally between two maps with weights"):
        build(nodes, *itertools.pairwise(names))


@pytest.mark.parametrize(
    ("edges", "late"),
    [
        ([("a", "w"), ("w", "a")], {"a->a"}),
        ([("a", "b"), ("b", "w"), ("w", "a")], {"b->a"}),
        ([("b", "a"), ("a", "w"), ("w", "b"), ("in", "b")], {"b->a"}),  # visited from a: the input's first
        ([("a", "b"), ("b", "a"), ("b", "b"), ("a", "w"), ("w", "a")], {"b->a", "a->a", "b->b"}),
    ],
)
def test_feedback_takes_one_step(edges, late):
    nodes = {"in": df.Source((2,)), "a": relu(2), "b": relu(2), "w": df.Linear(Dense(values(2, 2))), "out": df.Sink()}
    if not any("b" in edge for edge in edges):
        del nodes["b"]
    network = build(nodes, ("in", "a"), *edges, ("a", "out"))
    assert {p.name for p in network.projections if p.delay == DT} == late
    assert not any(p.delay.any() for p in network.projections if p.name not in late)
    with pytest.raises(ConversionError, match=r"closes a loop without delay; it takes one step, and a test graph"):
        build(nodes, ("in", "a"), *edges, ("a", "out"), dt=None)


def test_a_loop_with_a_delay_of_its_own_is_left_alone():
    nodes = {"in": df.Source((2,)), "a": relu(2), "late": df.Wait(np.asarray(3 * DT)), "out": df.Sink()}
    network = build(nodes, ("in", "a"), ("a", "late"), ("late", "a"), ("a", "out"))
    assert [p.delay for p in network.projections] == [0, 3 * DT]


def test_outputs_without_neurons_become_relays():
    nodes = {"in": df.Source((2,)), "a": relu(2), "w": df.Linear(Dense(values(3, 2), values(3))), "out": df.Sink()}
    network = build(nodes, ("in", "a"), ("a", "w"), ("w", "out"))
    assert list(network.outputs) == ["out"]
    assert isinstance(network.outputs["out"].neuron, Relay)
    x = np.abs(values(5, 2))
    expected = x @ nodes["w"].synapse.weight.T + nodes["w"].synapse.bias
    np.testing.assert_allclose(nk.run(network, x).spikes["out"], expected)


def test_what_is_wrong_with_a_graph():
    eye = df.Linear(Dense(np.eye(2)))
    nodes = {
        "in": df.Source((2,)),
        "a": relu(2),
        "p": eye,
        "q": eye,
        "loose": eye,
        "out": df.Sink(),
    }
    edges = [("in", "a"), ("a", "p"), ("p", "ghost"), ("a", "in"), ("out", "a"), ("p", "out")]
    with pytest.raises(ConversionError) as caught:
        build(nodes, *edges)
    assert [str(f).partition(";")[0] for f in caught.value.faults] == [
        "'p->ghost': node 'ghost' does not exist",
        "'in': an edge leads to it",
        "'q': no edge leads to it",
        "'q': no edge leads on from it",
        "'loose': no edge leads to it",
        "'loose': no edge leads on from it",
        "'out': an edge leads on from it",
    ]
    del nodes["loose"]
    with pytest.raises(ConversionError, match=r"'p': lies on a loop of linear maps \(p, q\)"):
        build(nodes, ("in", "p"), ("p", "q"), ("q", "p"), ("q", "a"), ("a", "out"))


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (df.Linear(Dense(np.ones((2, 2))), (3,)), r"'n': gives shape \(2,\), and states \(3,\); a map's vector may"),
        (df.Linear(Dense(np.ones((2, 5)))), r"'n': Dense\(2, 5\) does not accept shape \(2,\); shapes must chain"),
        (df.Scale(np.ones(5)), r"'n': has a factor of shape \(5,\) for values of shape \(2,\)"),
        (df.Scale(np.ones(2), np.ones(3)), r"'n': has an offset of shape \(3,\)"),
        (df.Wait(np.ones(4)), r"'n': has a delay of shape \(4,\)"),
        (df.Wait(-np.ones(2)), r"'n': holds a delay that is negative or not finite"),
        (df.Join(3), r"'n': joins shapes \(2,\), \(3,\) along axis 3; all other sizes are alike"),
        (df.Linear(Flatten()), r"'n': adds shapes \(2,\) and \(3,\); what is added has one shape"),
    ],
)
def test_shapes_that_do_not_fit(node, words):
    nodes = {"in": df.Source((2,)), "other": df.Source((3,)), "n": node, "a": relu(2), "out": df.Sink()}
    with pytest.raises(ConversionError, match=words):
        build(nodes, ("in", "n"), ("other", "n"), ("n", "a"), ("a", "out"))


def test_a_long_ladder_of_branches_stays_small():
    nodes: dict[str, df.Node] = {"in": df.Source((2, 4, 4)), "a": relu(), "out": df.Sink()}
    edges, last = [], "in"
    for k in range(300):
        nodes |= {f"{k}l": df.Linear(Conv2d(values(2, 1, 1, 1), groups=2)), f"{k}r": df.Scale(np.asarray(0.1))}
        nodes[f"{k}"] = df.Linear(Flatten(0, 0))
        edges += [(last, f"{k}l"), (last, f"{k}r"), (f"{k}l", f"{k}"), (f"{k}r", f"{k}")]
        last = f"{k}"
    (projection,) = build(nodes, *edges, (last, "a"), ("a", "out")).projections
    assert len(projection.synapses) <= 600
