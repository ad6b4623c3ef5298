"""NIR graphs: numbers against plain matrices and against recordings of other platforms."""

from __future__ import annotations

import itertools

import nir
import numpy as np
import pytest

from neurokit.converters.from_nir import load
from neurokit.graph.neurons import IF, LIF, CubaLIF, Integrator, LeakyIntegrator
from neurokit.graph.synapses import Conv2d, Dense, Flatten, Sparse, SumPool2d
from tests.converters.interpreter import run
from tests.converters.matrices import convolution_matrix, pool_matrix

DT = 1e-3
RANDOM = np.random.default_rng


def chain(*nodes: tuple[str, nir.NIRNode], shape=(3,), out=(2,)) -> nir.NIRGraph:
    """A graph in which each node feeds the next, between an Input and an Output."""
    named = {"input": nir.Input(np.array(shape)), **dict(nodes), "output": nir.Output(np.array(out))}
    names = list(named)
    return nir.NIRGraph(named, list(itertools.pairwise(names)), type_check=False)


def if_node(*shape: int, threshold=1.0, reset=0.0) -> nir.IF:
    return nir.IF(np.ones(shape), np.full(shape, threshold), np.full(shape, reset))


def lif_node(n: int, tau=5e-3) -> nir.LIF:
    return nir.LIF(np.full(n, tau), np.full(n, 2.0), np.full(n, 0.1), np.full(n, 1.0), np.full(n, -0.2))


def conv_node(weight, bias=None, stride=1, padding=0, dilation=1, groups=1, shape=None) -> nir.Conv2d:
    return nir.Conv2d(shape, weight, stride, padding, dilation, groups, bias)


def fire(drive, step, initial, threshold, after):
    """Spikes of neurons whose potential becomes step(v, input); after(v): potential behind a spike."""
    v, rows = initial, []
    for x in drive:
        v = step(v, x)
        spikes = v > threshold
        v = np.where(spikes, after(v), v)
        rows.append(spikes.astype(int))
    return np.array(rows)


@pytest.mark.parametrize("reset", [None, "hard", "soft"])
def test_a_chain_computes_what_matrices_compute(tmp_path, reset):
    random = RANDOM(3)
    kernel, bias = random.normal(0, 0.5, (4, 1, 3, 2)), random.normal(0, 0.2, 4)
    geometry = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}
    first, size = convolution_matrix(kernel, (2, 7, 6), *geometry.values())
    pool, pooled = pool_matrix((2, 2), size, (1, 2), (0, 1))
    weight, offset = random.normal(0, 1, (5, len(pool))), random.normal(0, 0.5, 5)
    last = random.normal(0, 1, (2, 5))
    graph = chain(
        ("conv", conv_node(kernel, bias, **geometry, shape=(7, 6))),
        ("if", if_node(*size, threshold=0.7, reset=0.1)),
        ("pool", nir.AvgPool2d(np.array([2, 2]), np.array([1, 2]), np.array([0, 1]))),
        ("flatten", nir.Flatten({"input": np.array(pooled)}, 0, -1)),
        ("affine", nir.Affine(weight, offset)),
        ("lif", lif_node(5)),
        ("linear", nir.Linear(last)),
        ("li", nir.LI(np.array([4e-3, 8e-3]), np.array([1.0, 2.0]), np.array([0.3, 0.0]))),
        shape=(2, 7, 6),
    )
    nir.write(tmp_path / "graph.nir", graph)
    network = load(tmp_path / "graph.nir", dt=DT, reset=reset)
    spikes = random.integers(0, 2, (50, 2, 7, 6))

    traces = run(network, spikes)

    def after(value, threshold):
        return lambda v: v - threshold if reset == "soft" else np.full_like(v, value)

    drive = spikes.reshape(50, -1) @ first.T + np.repeat(bias, len(first) // 4)
    hidden = fire(drive, lambda v, x: v + x, np.zeros(len(first)), 0.7, after(0.1, 0.7))
    np.testing.assert_array_equal(np.reshape(traces["if"].spikes, (50, -1)), hidden)
    drive = hidden @ (weight @ pool / 4).T + offset
    hidden = fire(drive, lambda v, x: v + 0.2 * (0.1 - v + 2 * x), np.full(5, 0.1), 1.0, after(-0.2, 1.0))
    np.testing.assert_array_equal(traces["lif"].spikes, hidden)
    v, expected = np.array([0.3, 0.0]), []
    for x in hidden @ last.T:
        v = v + np.array([0.25, 0.125]) * (np.array([0.3, 0.0]) - v + np.array([1.0, 2.0]) * x)
        expected.append(v)
    np.testing.assert_allclose(traces["li"].v, expected, atol=1e-12)
    assert 0.02 < np.mean(traces["if"].spikes) < 0.98
    assert 0.02 < hidden.mean() < 0.98


def test_a_chain_becomes_populations_and_projections():
    graph = chain(
        ("a", conv_node(np.ones((2, 2, 3, 3), np.float32), padding=1)),
        ("b", if_node(2, 4, 4)),
        ("c", nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))),
        ("d", nir.Flatten({"input": np.array([2, 2, 2])}, 0, -1)),
        ("e", nir.Affine(np.ones((2, 8)), np.ones(2))),
        ("f", if_node(2)),
        shape=(2, 4, 4),
    )
    network = load(graph)
    assert network.dt is None
    assert network.source == "nir.NIRGraph"
    assert network.inputs["input"].shape == (2, 4, 4)
    assert {name: p.shape for name, p in network.populations.items()} == {"b": (2, 4, 4), "f": (2,)}
    assert list(network.outputs) == ["f"]
    first, second = network.projections
    assert (first.name, second.name) == ("input->b", "b->f")
    assert [type(s) for s in first.synapses] == [Conv2d]
    assert [type(s) for s in second.synapses] == [SumPool2d, Flatten, Dense]
    assert not first.delay.any()
    neuron = network.populations["b"].neuron
    assert isinstance(neuron, IF)
    assert (neuron.fires, neuron.reset, neuron.threshold.shape) == (">", "hard", ())


def test_parameters_that_differ_stay_arrays():
    node = nir.CubaLIF(
        tau_syn=np.array([2e-3, 3e-3]),
        tau_mem=np.array([5e-3, 5e-3]),
        r=np.ones(2),
        v_leak=np.zeros(2),
        v_threshold=np.array([1.0, 2.0]),
        w_in=np.array([0.5, 0.25]),
    )
    neuron = load(chain(("lin", nir.Linear(np.ones((2, 3)))), ("n", node)), dt=DT, reset="soft").populations["n"].neuron
    assert isinstance(neuron, CubaLIF)
    np.testing.assert_array_equal(neuron.tau_syn, [2e-3, 3e-3])
    np.testing.assert_array_equal(neuron.threshold, [1.0, 2.0])
    np.testing.assert_array_equal(neuron.w_in, [0.5, 0.25])
    assert neuron.tau_mem == 5e-3
    assert neuron.tau_mem.shape == ()
    assert neuron.reset == "soft"


def test_parameters_that_are_single_numbers_take_the_shape_of_what_comes_in():
    one = np.array(1.0)
    network = load(chain(("lin", nir.Linear(np.ones((2, 3)))), ("n", nir.IF(one, one, np.array(0.0)))))
    assert network.populations["n"].shape == (2,)


def test_integrators_are_readouts():
    network = load(chain(("lin", nir.Linear(np.ones((2, 3)))), ("n", nir.I(np.array([1.0, 2.0])))))
    neuron = network.populations["n"].neuron
    assert isinstance(neuron, Integrator)
    np.testing.assert_array_equal(neuron.r, [1.0, 2.0])
    graph = chain(("lin", nir.Linear(np.ones((2, 3)))), ("n", nir.LI(np.ones(2), np.ones(2), np.zeros(2))))
    assert isinstance(load(graph, dt=DT).populations["n"].neuron, LeakyIntegrator)


def test_direct_edges_are_identities():
    graph = chain(
        ("a", if_node(2, 1, 2)),
        ("flat", nir.Flatten({"input": np.array([2, 1, 2])}, 0, -1)),
        ("b", if_node(4)),
        shape=(2, 1, 2),
        out=(4,),
    )
    for projection in load(graph).projections:
        assert isinstance(projection.synapse, Sparse)
        np.testing.assert_array_equal(projection.synapse.weight.toarray(), np.eye(4))


@pytest.mark.parametrize(
    ("padding", "kernel", "dilation", "expected"),
    [
        ("valid", (3, 3), 1, (0, 0)),
        ("same", (3, 5), 1, (1, 2)),
        ("same", (3, 2), (1, 2), (1, 1)),
        ((1, 0), (3, 1), 1, (1, 0)),
        (1, (3, 3), 1, (1, 1)),
    ],
)
def test_padding(padding, kernel, dilation, expected):
    node = conv_node(np.ones((1, 1, *kernel)), padding=padding, dilation=dilation)
    _, shape = convolution_matrix(node.weight, (1, 6, 6), padding=expected, dilation=np.broadcast_to(dilation, 2))
    (projection,) = load(chain(("c", node), ("n", if_node(*shape)), shape=(1, 6, 6), out=shape)).projections
    assert projection.synapse.padding == expected
    if padding == "same":
        assert shape == (1, 6, 6)


def test_padding_and_non_square_kernels_survive_a_file(tmp_path):
    node = conv_node(np.ones((1, 1, 3, 5)), np.array([0.5]), padding="same", shape=(6, 6))
    nir.write(tmp_path / "g.nir", chain(("c", node), ("n", if_node(1, 6, 6)), shape=(1, 6, 6), out=(1, 6, 6)))
    (projection,) = load(tmp_path / "g.nir").projections
    assert projection.synapse.padding == (1, 2)


def test_several_sources_of_a_linear_node_are_distributed_and_its_bias_counts_once():
    random = RANDOM(5)
    weights = {name: random.normal(0, 1, shape) for name, shape in {"p": (4, 3), "q": (4, 2), "r": (2, 4)}.items()}
    nodes = {
        "x": nir.Input(np.array([3])),
        "y": nir.Input(np.array([2])),
        "p": nir.Affine(weights["p"], np.arange(4.0)),
        "q": nir.Affine(weights["q"], -np.ones(4)),
        "r": nir.Affine(weights["r"], np.array([0.5, 0.25])),
        "n": nir.I(np.ones(2)),
        "out": nir.Output(np.array([2])),
    }
    edges = [("x", "p"), ("y", "q"), ("p", "r"), ("q", "r"), ("r", "n"), ("n", "out")]
    network = load(nir.NIRGraph(nodes, edges))

    assert [p.name for p in network.projections] == ["x->n", "y->n"]
    data = {"x": random.normal(0, 1, 3), "y": random.normal(0, 1, 2)}
    total = np.zeros(2)
    for projection in network.projections:
        values = data[projection.source]
        for synapse in projection.synapses:
            values = synapse.weight @ values + (0 if synapse.bias is None else synapse.bias)
        total += values
    between = weights["p"] @ data["x"] + np.arange(4.0) + weights["q"] @ data["y"] - 1
    np.testing.assert_allclose(total, weights["r"] @ between + [0.5, 0.25])


def test_several_projections_and_outputs():
    nodes = {
        "in": nir.Input(np.array([2])),
        "a": if_node(2),
        "w": nir.Linear(np.ones((2, 2))),
        "b": if_node(2),
        "out": nir.Output(np.array([2])),
        "out2": nir.Output(np.array([2])),
    }
    edges = [("in", "a"), ("a", "w"), ("w", "b"), ("in", "b"), ("b", "out"), ("a", "out2"), ("b", "out2")]
    network = load(nir.NIRGraph(nodes, edges, type_check=False))
    assert [p.name for p in network.projections[:3]] == ["in->a", "in->b", "a->b"]
    assert list(network.outputs) == ["b", "out2"]  # out2 is a sum
    assert [p.name for p in network.incoming("out2")] == ["a->out2", "b->out2"]


def test_a_long_chain_of_linear_nodes_needs_no_recursion():
    nodes = [(f"w{i}", nir.Linear(np.eye(2))) for i in range(1500)]
    (projection,) = load(chain(*nodes, ("n", if_node(2)), shape=(2,))).projections
    assert len(projection.synapses) == 1500


def test_norse_equals_its_recording(shared):
    network = load(shared("nir_paper/01_lif/lif_norse.nir"), dt=1e-4)
    recorded = np.loadtxt(shared("nir_paper/01_lif/lif_norse.csv"), delimiter=",")
    trace = run(network, recorded[:, :1])["1"]
    np.testing.assert_array_equal(np.ravel(trace.spikes), recorded[:, 2])
    np.testing.assert_allclose(np.ravel(trace.v), recorded[:, 1], atol=1e-6)  # recorded in single precision


def test_cnn_sinabs_equals_plain_matrices(shared):
    path = shared("nir_paper/02_cnn/cnn_sinabs.nir")
    network = load(path)
    assert [p.name for p in network.projections] == ["input->1", "1->3", "3->6", "6->10", "10->12"]
    assert all(isinstance(p.neuron, IF) for p in network.populations.values())
    spikes = (RANDOM(0).random((25, 2, 34, 34)) < 0.1).astype(int)
    traces = run(network, spikes)
    nodes = nir.read(path).nodes
    layers = [("1", ["0"]), ("3", ["2"]), ("6", ["4", "5"]), ("10", ["7", "8", "9"]), ("12", ["11"])]
    rows, shape = spikes.reshape(25, -1), (2, 34, 34)
    for name, maps in layers:
        for node in (nodes[m] for m in maps):
            if isinstance(node, nir.Conv2d):
                matrix, shape = convolution_matrix(node.weight.astype(float), shape, node.stride, node.padding)
            elif isinstance(node, nir.SumPool2d):
                matrix, shape = pool_matrix((2, 2), shape, (2, 2))
            elif isinstance(node, nir.Affine):
                matrix = node.weight.astype(float)
            else:
                continue
            rows = rows @ matrix.T
        rows = fire(rows, lambda v, x: v + x, np.zeros(rows.shape[1]), 1.0, np.zeros_like)
        np.testing.assert_array_equal(np.reshape(traces[name].spikes, rows.shape), rows, err_msg=name)
    assert rows.any()
    assert isinstance(network.populations["12"].neuron, IF)


def test_a_leaky_network_of_a_file_needs_dt(tmp_path):
    graph = chain(("w", nir.Linear(np.ones((2, 3)))), ("n", lif_node(2)))
    nir.write(tmp_path / "g.nir", graph)
    neuron = load(tmp_path / "g.nir", dt=DT, inputs="spikes").populations["n"].neuron
    assert isinstance(neuron, LIF)
    assert (neuron.tau, neuron.r, neuron.v_leak, neuron.threshold, neuron.v_reset) == (5e-3, 2.0, 0.1, 1.0, -0.2)
