"""NIR's remaining nodes, subgraphs, recurrence and conventions, against plain forwards and others' recordings."""

from __future__ import annotations

import itertools
import time

import nir
import numpy as np
import pytest

import neurokit as nk
from neurokit.converters.from_nir import load
from neurokit.errors import ConversionError, NeurokitError
from neurokit.graph.neurons import LIF, CubaLeakyIntegrator
from neurokit.graph.synapses import Conv2d, Flatten
from tests import tolerances
from tests.converters.nir_graphs import mutated
from tests.converters.test_nir import DT, RANDOM, chain, conv_node, if_node, lif_node


def spikes_of(seed: int, *shape: int) -> np.ndarray:
    return RANDOM(seed).integers(0, 2, shape)


@pytest.mark.parametrize(
    ("file", "arguments", "unit"),
    [
        ("norse", {}, 1),
        ("snntorch", {}, 25),
        ("rockpool", {"reset": "soft", "integration": "exponential"}, 1),
        ("sinabs", {"reset": "soft", "integration": "exponential"}, 1),
    ],
)
def test_one_neuron_equals_the_recordings_of_four_platforms(shared, file, arguments, unit):
    network = load(shared("nir_paper/01_lif/lif_norse.nir"), dt=1e-4, **arguments)
    recorded = np.loadtxt(shared(f"nir_paper/01_lif/lif_{file}.csv"), delimiter=",")
    inputs = (recorded[:, :1] > 0).astype(float)  # sinabs wrote the weighted input
    recording = nk.run(network, inputs, record=[("1", "v")])
    np.testing.assert_array_equal(recording.spikes["1"].ravel(), recorded[:, 2])
    allowed = tolerances.SNNTORCH_POTENTIAL if unit == 25 else tolerances.NORSE_POTENTIAL
    np.testing.assert_allclose(recording.states["1", "v"].ravel() * unit, recorded[:, 1], **allowed)


def test_exponential_decays_of_currents_and_readouts():
    node = nir.CubaLI(np.full(2, 3e-3), np.full(2, 8e-3), np.full(2, 2.0), np.full(2, 0.3), np.full(2, 0.7))
    network = load(chain(("w", nir.Linear(np.eye(2))), ("n", node), shape=(2,)), dt=DT, integration="exponential")
    x = spikes_of(0, 40, 2)
    recording = nk.run(network, x, record=[("n", "v"), ("n", "u")])
    u, v = np.zeros(2), np.full(2, 0.3)
    keep_u, keep_v = np.exp(-DT / 3e-3), np.exp(-DT / 8e-3)
    for step in range(40):
        u = keep_u * u + DT / 3e-3 * 0.7 * x[step]
        v = keep_v * v + (1 - keep_v) * 0.3 + DT / 8e-3 * 2 * u
        np.testing.assert_allclose(recording.states["n", "u"][step], u)
        np.testing.assert_allclose(recording.states["n", "v"][step], v)


def test_firing_at_the_threshold_is_said_by_argument_or_metadata():
    node = if_node(1)
    graph = chain(("w", nir.Linear(np.ones((1, 1)))), ("n", node), shape=(1,), out=(1,))
    fired = [nk.run(load(graph, fires=fires), np.ones((1, 1))).spikes["n"].item() for fires in (None, ">", ">=")]
    assert fired == [0, 0, 1]
    node.metadata = {"fires": ">=", "reset": "soft"}
    graph.metadata = {"dt": 2e-3}
    network = load(graph)
    assert (network.dt, network.populations["n"].neuron.fires, network.populations["n"].neuron.reset) == (
        2e-3,
        ">=",
        "soft",
    )
    neuron = load(graph, dt=DT, fires=">", reset="hard").populations["n"].neuron
    assert (neuron.fires, neuron.reset) == (">", "hard")


def test_a_threshold_is_a_neuron_without_memory_in_floats_and_integers():
    weight, threshold = RANDOM(1).normal(0, 1, (5, 4)), np.array([0.2, 0.4, 0.6, 0.8, 1.0])
    graph = chain(("w", nir.Linear(weight)), ("n", nir.Threshold(threshold)), shape=(4,), out=(5,))
    network = load(graph, dt=DT)
    assert isinstance(network.populations["n"].neuron, LIF)
    x = spikes_of(2, 60, 4)
    found = nk.run(network, x).spikes["n"]
    np.testing.assert_array_equal(found, x @ weight.T > threshold)
    program = nk.compile(network)
    neuron = program.populations["n"].neuron
    assert (neuron.current_decay, neuron.voltage_decay) == (4096, 4096)
    integers = program.projections[0].synapse
    total = (x @ integers.weight.T << 6 << integers.exponent) if integers.exponent >= 0 else None
    assert total is not None
    found = nk.run(program, x, steps=61).aligned("n")
    np.testing.assert_array_equal(found, total > neuron.threshold)


def test_a_cuba_li_is_a_readout_that_compiles():
    node = nir.CubaLI(np.full(2, 5e-3), np.full(2, 1e-2), np.ones(2), np.zeros(2))
    network = load(chain(("w", nir.Linear(RANDOM(3).normal(0, 1, (2, 3)))), ("n", node)), dt=DT)
    assert isinstance(network.populations["n"].neuron, CubaLeakyIntegrator)
    x = spikes_of(4, 80, 3)
    wanted = nk.run(network, x, record=[("n", "v")]).states["n", "v"]
    found = nk.run(nk.compile(network), x, steps=81, record=[("n", "v")]).states["n", "v"][1:]
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.9999


def test_convolutions_in_one_dimension_appear_as_images_of_height_one():
    random = RANDOM(6)
    kernel, bias = random.normal(0, 0.6, (4, 2, 3)), random.normal(0, 0.2, 4)
    conv = nir.Conv1d(9, kernel, 2, 1, 1, 1, bias)  # (2, 9) -> (4, 5)
    narrow = nir.Conv1d(5, random.normal(0.5, 1, (4, 1, 3)), 1, "same", 1, 4, np.zeros(4))
    weight = random.normal(0.5, 1, (3, 20))
    graph = chain(
        ("conv", conv),
        ("a", nir.IF(np.ones((4, 5)), np.linspace(0.3, 0.9, 20).reshape(4, 5))),
        ("narrow", narrow),
        ("b", if_node(4, 5, threshold=0.5)),
        ("scale", nir.Scale(np.arange(1.0, 21).reshape(4, 5) / 20)),
        ("flat", nir.Flatten({"input": np.array([4, 5])}, 0, -1)),
        ("fc", nir.Linear(weight)),
        ("c", if_node(3, threshold=0.8)),
        shape=(2, 9),
        out=(3,),
    )
    network = load(graph)
    assert network.inputs["input"].shape == (2, 1, 9)
    assert [p.shape for p in network.populations.values()] == [(4, 1, 5), (4, 1, 5), (3,)]
    x = spikes_of(7, 40, 2, 9)
    recording = nk.run(network, x[:, :, None, :], record=["a", "b"])
    v = {"a": np.zeros((4, 5)), "b": np.zeros((4, 5)), "c": np.zeros(3)}
    thresholds = {"a": np.linspace(0.3, 0.9, 20).reshape(4, 5), "b": 0.5, "c": 0.8}
    for step in range(40):
        padded = np.pad(x[step], ((0, 0), (1, 1)))
        drive = np.stack([(kernel * padded[:, 2 * k : 2 * k + 3]).sum((1, 2)) for k in range(5)], 1) + bias[:, None]
        s = {}
        for name in v:
            if name == "b":
                padded = np.pad(s["a"], ((0, 0), (1, 1)))
                drive = np.stack([(narrow.weight[:, 0] * padded[:, k : k + 3]).sum(1) for k in range(5)], 1)
            elif name == "c":
                drive = weight @ (s["b"] * np.arange(1.0, 21).reshape(4, 5) / 20).ravel()
            v[name] = v[name] + drive
            s[name] = v[name] > thresholds[name]
            v[name] = np.where(s[name], 0, v[name])
            np.testing.assert_array_equal(recording.spikes[name][step].ravel(), s[name].ravel())
    assert 0.05 < np.mean(recording.spikes["c"]) < 0.95


@pytest.mark.parametrize(("start", "end", "expected"), [(0, 1, (0, -1)), (1, -1, (2, 2)), (0, 0, (0, 0))])
def test_flattening_lines(start, end, expected):
    flat = nir.Flatten({"input": np.array([2, 9])}, start, end)
    line = nir.Conv1d(9, np.ones((2, 2, 1)), 1, 0, 1, 1, np.zeros(2))
    size = (18,) if start != end % 2 else (2, 9)
    graph = chain(
        ("flat", flat),
        ("n", if_node(*size)),
        ("end", nir.Flatten({"input": np.array(size)}, 0, -1)),
        shape=(2, 9),
        out=(18,),
    )
    graph.nodes |= {"line": line, "m": if_node(2, 9)}
    graph.edges += [("input", "line"), ("line", "m"), ("m", "flat")]
    network = load(graph)
    (synapse,) = next(p for p in network.projections if p.name == "m->n").synapses
    assert network.populations["n"].shape == ((18,) if size == (18,) else (2, 1, 9))
    np.testing.assert_array_equal(synapse.weight.toarray(), np.eye(18))
    assert isinstance(Flatten(*expected).output_shape((2, 1, 9)), tuple)


def test_delays_and_scales_go_into_projections():
    nodes = (
        ("late", nir.Delay(np.array([0.0, 1e-3, 3e-3]))),
        ("half", nir.Scale(np.array([0.5, 0.25, 2.0]))),
        ("w", nir.Affine(np.arange(6.0).reshape(2, 3), np.ones(2))),
        ("n", if_node(2)),
    )
    (projection,) = load(chain(*nodes), dt=DT).projections
    np.testing.assert_array_equal(projection.delay, [[0.0, 1e-3, 3e-3]])
    np.testing.assert_array_equal(projection.synapse.weight, [[0, 0.25, 4], [1.5, 1, 10]])
    np.testing.assert_array_equal(projection.synapse.bias, [1, 1])


def recurrent_cell(weight: np.ndarray, cell: nir.NIRNode) -> nir.NIRGraph:
    """A recurrent layer as snnTorch and nirtorch write it."""
    size = np.array([len(weight)])
    nodes = {"input": nir.Input(size), "lif": cell, "w_rec": nir.Linear(weight), "output": nir.Output(size)}
    return nir.NIRGraph(nodes, [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")])


@pytest.mark.parametrize("nested", [True, False])
def test_a_recurrent_subgraph_feeds_back_the_step_before(tmp_path, nested):
    random = RANDOM(8)
    first, bias, back = random.normal(0, 1, (4, 3)), random.normal(0, 0.3, 4), random.normal(0, 1, (4, 4))
    cell = recurrent_cell(back, lif_node(4, tau=3e-3))
    if nested:
        cell = nir.NIRGraph(
            {"in": nir.Input(np.array([4])), "rec": cell, "out": nir.Output(np.array([4]))},
            [("in", "rec"), ("rec", "out")],
        )
    nir.write(tmp_path / "g.nir", chain(("fc", nir.Affine(first, bias)), ("rnn", cell), out=(4,)))
    network = load(tmp_path / "g.nir", dt=DT, reset="soft")
    (name,) = network.populations
    assert name == ("rnn.rec.lif" if nested else "rnn.lif")
    assert {p.name: p.delay.item() for p in network.projections} == {f"input->{name}": 0, f"{name}->{name}": DT}
    x = spikes_of(9, 60, 3)
    found = nk.run(network, x).spikes[name]
    v, s = np.full(4, 0.1), np.zeros(4)
    for step in range(60):
        v = v + DT / 3e-3 * (0.1 - v + 2 * (first @ x[step] + bias + back @ s))
        s = (v > 1).astype(float)
        v = v - s
        np.testing.assert_array_equal(found[step], s)
    assert 0.02 < found.mean() < 0.98


@pytest.mark.parametrize(
    ("file", "reset", "hidden"),
    [("braille_noDelay_bias_zero.nir", "hard", 38), ("braille_noDelay_noBias_subtract.nir", "soft", 40)],
)
def test_braille_networks_equal_a_plain_forward(shared, file, reset, hidden):
    path = shared(f"nir_paper/03_rnn/{file}")
    network = load(path, dt=1e-4, reset=reset)
    assert {name: p.shape for name, p in network.populations.items()} == {"lif1.lif": (hidden,), "lif2": (7,)}
    assert {p.name: p.delay.item() for p in network.projections if p.delay} == {"lif1.lif->lif1.lif": 1e-4}
    x = (RANDOM(1).random((256, 12)) < 0.2).astype(int)
    recording = nk.run(network, x, record=["lif1.lif"])
    graph = nir.read(path)
    maps = {name: (n.weight, getattr(n, "bias", 0)) for name, n in graph.nodes.items() if hasattr(n, "weight")}
    state = {name: [np.zeros(n), np.zeros(n), np.zeros(n)] for name, n in (("lif1.lif", hidden), ("lif2", 7))}
    different = 0
    for step in range(256):
        drive = 0
        for name, sources in (("lif1.lif", [("fc1", x[step]), ("lif1.w_rec", state["lif1.lif"][2])]), ("lif2", None)):
            cell = graph.nodes[name]
            drive = sum(maps[m][0] @ s + maps[m][1] for m, s in sources or [("fc2", state["lif1.lif"][2])])
            u, v, _ = state[name]
            u = u + 1e-4 / cell.tau_syn * (cell.w_in * drive - u)
            v = v + 1e-4 / cell.tau_mem * (cell.r * u - v)
            s = (v > cell.v_threshold).astype(float)
            state[name] = [u, np.where(s > 0, 0 if reset == "hard" else v - cell.v_threshold, v), s]
            different += int((recording.spikes[name][step] != s).sum())
    assert different == 0
    assert recording.spikes["lif2"].sum() > 20
    assert nk.compile(network).latency["lif2"] == 2


def test_files_that_nir_rejects_give_our_error(shared):
    for name in ("bias_zero", "noBias_subtract"):
        path = shared(f"nir_paper/03_rnn/extras/braille_noDelay_{name}_subgraph.nir")
        with pytest.raises(ConversionError, match="nir rejects the graph"):
            load(path, dt=1e-4)


def test_one_node_for_each_name_in_natural_order():
    nodes = [(f"n{k}", if_node(2)) for k in (10, 9, 1, 2)]
    graph = nir.NIRGraph(
        {"in": nir.Input(np.array([2])), **dict(nodes), "o": nir.Output(np.array([2]))},
        [("in", name) for name, _ in nodes] + [(name, "o") for name, _ in nodes],
        type_check=False,
    )
    assert list(load(graph).populations) == ["n1", "n2", "n9", "n10", "o"]


@pytest.mark.parametrize("what", ["chain", "star", "loops", "names"])
def test_large_graphs_take_time_in_proportion(what):
    count = 2_000
    one = np.ones(1)
    cells = {f"n{k}": nir.IF(one, one) for k in range(count)}
    names = list(cells)
    nodes = {"in": nir.Input(np.array([1])), **cells, "out": nir.Output(np.array([1]))}
    if what == "chain":
        nodes |= {name: nir.Linear(np.ones((1, 1))) for name in names[:-1]}
        edges = [("in", names[0]), *itertools.pairwise(names), (names[-1], "out")]
    elif what == "star":
        edges = [("in", name) for name in names] + [(names[-1], "out")]
    elif what == "loops":
        edges = [("in", name) for name in names] + [(name, name) for name in names] + [(names[-1], "out")]
    else:
        del nodes[names[0]]
        nodes["9" * 100_000] = nir.IF(one, one)
        edges = [("in", "9" * 100_000), ("9" * 100_000, "out"), *(("in", name) for name in names[1:])]
    graph = nir.NIRGraph(nodes, edges, type_check=False)
    began = time.process_time()
    load(graph, dt=DT)
    assert time.process_time() - began < 15  # 100,000 nodes take about a minute


def test_graphs_that_would_not_end_are_refused():
    size = 2**20
    x = nir.Input(np.array([size]))
    nodes = {"in": x, "a": nir.Scale(np.ones(size)), "b": if_node(1), "out": nir.Output(np.array([1]))}
    nodes["huge"] = conv_node(np.ones((1, 1, 512, 512)), padding=(600, 600))
    nodes["in2"] = nir.Input(np.array([1, 1024, 1024]))
    nodes["m"] = nir.IF(*[np.ones((1, 1713, 1713))] * 2)
    nodes["pool"] = nir.SumPool2d(np.array([512, 512]), np.array([1, 1]), np.array([600, 600]))
    edges = [("in2", "huge"), ("in2", "pool"), ("huge", "m"), ("pool", "m"), ("m", "out")]
    graph = nir.NIRGraph({k: nodes[k] for k in ("in2", "huge", "pool", "m", "out")}, edges, type_check=False)
    graph.nodes["out"] = nir.Output(np.array([1, 1713, 1713]))
    with pytest.raises(ConversionError, match=r"'in2->m': would become a matrix of .* entries"):
        load(graph)


def test_a_kernel_of_conv2d_keeps_no_bias_of_zeros():
    node = conv_node(np.ones((1, 1, 3, 3)), np.zeros(1), shape=(4, 4))
    (projection,) = load(chain(("c", node), ("n", if_node(1, 2, 2)), shape=(1, 4, 4), out=(1, 2, 2))).projections
    assert isinstance(projection.synapse, Conv2d)
    assert projection.synapse.bias is None


def test_sizes_of_one_that_exporters_leave_behind(shared):
    network = load(
        shared("nir_paper/01_lif/lif_rockpool.nir"), dt=1e-4
    )  # Output (1, 1, 1): nir's type check rejects it
    assert nk.run(network, np.ones((50, 1))).spikes["1_LIFNeuronTorch"].shape == (50, 1)
    node = conv_node(np.ones((1, 2, 3, 3)))
    graph = chain(("c", node), ("n", if_node(1, 2, 2)), shape=(1, 2, 4, 4), out=(1, 1, 2, 2))
    assert load(graph).inputs["input"].shape == (2, 4, 4)


def test_integrate_and_fire_over_time():
    graph = chain(("w", nir.Linear(np.eye(2))), ("n", nir.IF(np.full(2, 1e3), np.full(2, 2.5))), shape=(2,))
    found = nk.run(load(graph, dt=1e-3, integration="continuous"), np.ones((6, 2))).spikes["n"]
    assert found[:, 0].tolist() == [0, 0, 1, 0, 0, 1]
    with pytest.raises(ConversionError, match="'n': integrates over time; the step is unknown"):
        load(graph, integration="continuous")


@pytest.mark.parametrize("count", [150, pytest.param(10_000, marks=pytest.mark.slow)])
def test_mutated_graphs_are_read_or_refused(count):
    outcomes = set()
    for seed in range(count):
        graph, dt = mutated(seed)
        try:
            outcomes.add(type(load(graph, dt=dt)).__name__)
        except NeurokitError as error:
            outcomes.add(type(error).__name__ if all(fault.node and fault.mend for fault in error.faults) else error)
    assert outcomes == {"Network", "ConversionError", "GraphError"}
