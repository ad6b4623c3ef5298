"""Every message of the NIR converter, and that all faults of a graph come at once."""

from __future__ import annotations

import h5py
import nir
import numpy as np
import pytest

from neurokit.converters.from_nir import load
from neurokit.errors import ConversionError, FormatError, GraphError, InputError, NeurokitError
from tests.converters.test_nir import DT, chain, conv_node, if_node, lif_node

LINEAR = nir.Linear(np.ones((2, 3)))


def faults_of(error: type[NeurokitError], source, **arguments) -> list[str]:
    with pytest.raises(error) as caught:
        load(source, **arguments)
    assert all(all((f.node, f.fact, f.limit, f.mend)) for f in caught.value.faults)
    return [str(fault) for fault in caught.value.faults]


def graph(nodes, edges):
    return nir.NIRGraph(nodes, edges, type_check=False)


def test_nodes_of_other_kinds():
    odd = type("Reset", (nir.NIRNode,), {"__init__": lambda self: None})()
    (message,) = faults_of(ConversionError, chain(("w", LINEAR), ("odd", odd), ("n", if_node(2))))
    assert message.startswith("'odd': is a Reset node; neurokit reads Input, Output, Scale, Delay, Threshold, Flatten")


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (nir.Threshold(np.ones(2)), "'odd': is a Threshold node; its neuron forgets within a step, and NIR states"),
        (nir.Scale(np.ones(3)), "'odd': has a factor of shape (3,) for values of shape (2,); one value, one a"),
        (nir.Delay(np.ones(3)), "'odd': has a delay of shape (3,) for values of shape (2,);"),
        (nir.Delay(-np.ones(2)), "'odd': holds a delay that is negative or not finite;"),
        (nir.Conv1d(None, np.ones((2, 1)), 1, 0, 1, 1, np.ones(2)), "'odd': weight has shape (2, 1); it is (out, in /"),
        (nir.Conv1d(None, np.ones((2, 1, 1)), 1.5, 0, 1, 1, None), "'odd': stride is 1.5; it is one whole number"),
    ],
)
def test_the_newer_nodes(node, words):
    (message,) = faults_of(ConversionError, chain(("w", LINEAR), ("odd", node), ("n", if_node(2))))
    assert message.startswith(words)


def inner(*names: str) -> nir.NIRGraph:
    """A subgraph with Inputs and Outputs of these names."""
    ends = {name: (nir.Input if name.startswith("i") else nir.Output)(np.array([2])) for name in names}
    edges = [(a, b) for a in names for b in names if a.startswith("i") and b.startswith("o")]
    return nir.NIRGraph(ends, edges, type_check=False)


def test_subgraphs_of_several_inputs():
    messages = faults_of(ConversionError, chain(("w", LINEAR), ("sub", inner("i1", "i2", "o")), ("n", if_node(2))))
    assert messages[0] == (
        "'sub': is a subgraph of 2 Input nodes; an edge to it means its only one. Name one in the edge, e.g. 'sub.i1'."
    )
    messages = faults_of(ConversionError, chain(("w", LINEAR), ("sub", inner("i")), ("n", if_node(2))))
    assert messages[0].startswith("'sub': is a subgraph of 0 Output nodes; an edge from it means its only one.")


def test_names_that_meet_when_subgraphs_are_written_out():
    nodes = chain(("w", LINEAR), ("sub", inner("i", "o")), ("n", if_node(2))).nodes
    edges = [("input", "w"), ("w", "sub"), ("sub", "n"), ("n", "output"), ("sub.i", "n")]
    messages = faults_of(ConversionError, graph({**nodes, "sub.i": if_node(2)}, edges))
    assert "'sub.i': is the name of two nodes; names are unique. Rename one." in messages


def test_subgraphs_within_themselves_and_without_end():
    own = inner("i", "o")
    own.nodes["again"] = own
    messages = faults_of(ConversionError, chain(("w", LINEAR), ("sub", own), ("n", if_node(2))))
    assert messages[0].startswith("'sub.again': is a graph that appears twice; each subgraph is an object of its own.")
    deep = inner("i", "o")
    for _ in range(1000):
        deep = nir.NIRGraph({"g": deep}, [], type_check=False)
    (message,) = faults_of(ConversionError, deep)
    assert "lies too deep within subgraphs; at most 256 levels are read." in message


def test_exponential_decay_needs_a_step():
    (message,) = faults_of(ConversionError, chain(("w", LINEAR), ("n", lif_node(2))), integration="exponential")
    assert message == "'n': tau is a time; an exponential decay needs the step. Pass dt= in seconds."


def test_metadata_that_make_no_sense():
    odd = lif_node(2)
    odd.metadata = {"reset": b"gently"}
    (message,) = faults_of(ConversionError, chain(("w", LINEAR), ("n", odd)), dt=DT)
    assert message == "'n': its metadata state reset 'gently'; it is 'hard' or 'soft'. Pass reset=."
    whole = chain(("w", LINEAR), ("n", lif_node(2)))
    whole.metadata = {"dt": "soon"}
    (message,) = faults_of(ConversionError, whole)
    assert message.startswith("'metadata': state dt 'soon'; a step is a positive number of seconds.")


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (nir.Linear(np.ones((2, 2, 3))), "weight has shape (2, 2, 3); it is (targets, sources)"),
        (conv_node(np.ones((2, 1, 3))), "weight has shape (2, 1, 3); it is (out, in / groups, height, width)"),
        (conv_node(np.ones((2, 1, 2, 3)), padding="same"), "padding is 'same' with a kernel of (2, 3)"),
        (conv_node(np.ones((2, 1, 3, 3)), padding="same", stride=2), "padding is 'same' with stride (2, 2)"),
        (conv_node(np.ones((2, 1, 3, 3)), stride=np.array([1, 1, 1])), "stride is [1.0, 1.0, 1.0]; it is one or two"),
        (conv_node(np.ones((2, 1, 3, 3)), stride=np.array([1.5])), "stride is [1.5]; it is one or two whole numbers"),
        (nir.SumPool2d(None, np.array([1, 1]), np.array([0, 0])), "kernel_size holds no numbers"),
        (
            nir.AvgPool2d(np.array([0, 2]), np.array([1, 1]), np.array([0, 0])),
            "kernel_size is (0, 2); it is at least 1",
        ),
        (nir.Affine(np.ones((2, 3)), "bias"), "bias holds no numbers"),
    ],
)
def test_linear_nodes(node, words):
    (message,) = faults_of(ConversionError, chain(("odd", node), ("n", if_node(2))))
    assert message.startswith("'odd': ")
    assert words in message


def test_a_padding_of_an_unknown_name():
    node = conv_node(np.ones((2, 1, 3, 3)), padding="same")
    node.padding = "reflect"
    (message,) = faults_of(ConversionError, chain(("odd", node), ("n", if_node(2))))
    assert "padding is 'reflect'; it is 'same', 'valid' or numbers" in message


def test_neurons_with_parameters_of_different_shapes():
    node = if_node(2)
    node.r = np.ones(3)
    (message,) = faults_of(ConversionError, chain(("w", LINEAR), ("n", node)))
    assert message.startswith(
        "'n': has parameters of shapes r (3,), v_threshold (2,), v_reset (2,); all have one value"
    )


def test_the_shape_of_an_input():
    start = nir.Input(np.array([3]))
    start.input_type = {"input": None}
    nodes = {"in": start, "w": LINEAR, "n": if_node(2), "out": nir.Output(np.array([2]))}
    (message,) = faults_of(ConversionError, graph(nodes, [("in", "w"), ("w", "n"), ("n", "out")]))
    assert message.startswith("'in': states no shape;")


def test_loops_need_a_step():
    nodes = {"in": nir.Input(np.array([2])), "n": if_node(2), "m": if_node(2), "out": nir.Output(np.array([2]))}
    edges = [("in", "n"), ("n", "n"), ("n", "m"), ("m", "out")]
    (message,) = faults_of(ConversionError, graph(nodes, edges))
    assert message.startswith("'n->n': closes a loop without delay; it takes one step, and a NIR graph states none.")


def test_edges():
    nodes = {
        "in": nir.Input(np.array([3])),
        "w": LINEAR,
        "n": if_node(2),
        "loose": nir.Linear(np.ones((2, 2))),
        "out": nir.Output(np.array([2])),
    }
    edges = [("in", "w"), ("in", "w"), ("w", "n"), ("n", "out"), ("ghost", "n")]
    assert [m.partition(";")[0] for m in faults_of(ConversionError, graph(nodes, edges))] == [
        "'in->w': is listed 2 times",
        "'ghost->n': node 'ghost' does not exist",
        "'loose': no edge leads to it",
        "'loose': no edge leads on from it",
    ]


def test_an_output_of_another_shape():
    (message,) = faults_of(ConversionError, chain(("w", LINEAR), ("n", if_node(2)), out=(3,)))
    assert message == (
        "'output': has shape (3,), but reads shape (2,); an output has the shape of what it reads. "
        "Write the output with shape (2,)."
    )


def test_all_faults_of_a_graph_come_at_once():
    nodes = {
        "in": nir.Input(np.array([3])),
        "thr": nir.Threshold(np.ones(3)),
        "w": nir.Linear(np.ones((2, 2, 3))),
        "n": if_node(2),
        "v": nir.Linear(np.eye(2)),
        "out": nir.Output(np.array([2])),
    }
    edges = [("in", "thr"), ("thr", "w"), ("w", "n"), ("n", "v"), ("ghost", "out")]
    assert [m.partition(":")[0] for m in faults_of(ConversionError, graph(nodes, edges))] == [
        "'thr'",
        "'w'",
        "'ghost->out'",
        "'v'",
    ]


def test_shapes_that_do_not_chain_are_faults_of_the_network():
    (message,) = faults_of(ConversionError, chain(("w", nir.Linear(np.ones((2, 4)))), ("n", if_node(2))))
    assert message.startswith("'w': Dense(2, 4) does not accept shape (3,)")
    (message,) = faults_of(ConversionError, chain(("w", LINEAR), ("n", if_node(5)), out=(5,)))
    assert message.startswith("'w->n': gives shape (2,); the target has shape (5,)")


def test_time_constants_need_a_step():
    (message,) = faults_of(GraphError, chain(("w", LINEAR), ("n", lif_node(2))))
    assert message.startswith("'n': tau is a time, but the step is unknown;")
    assert "dt=" in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"reset": "none"}, "'reset': is 'none'; this source takes 'hard' or 'soft'."),
        ({"fires": "="}, "'fires': is '='; this source takes '>' or '>='."),
        (
            {"integration": "exact"},
            "'integration': is 'exact'; this source takes 'euler' or 'exponential' or",
        ),
        ({"inputs": "current"}, "'inputs': is 'current'; this source takes 'spikes'."),
        ({"dt": -DT}, "'dt': is -0.001; a step is a positive number of seconds."),
        ({"dt": True}, "'dt': is True; a step is a positive number of seconds."),
    ],
)
def test_arguments(arguments, words):
    (message,) = faults_of(InputError, chain(("w", LINEAR), ("n", if_node(2))), **arguments)
    assert message.startswith(words)


def test_graphs_that_nir_rejects(shared, tmp_path):
    path = shared("nir_paper/03_rnn/extras/braille_noDelay_bias_zero_subgraph.nir")
    (message,) = faults_of(ConversionError, path, dt=1e-4)
    assert message.startswith(f"'{path}': nir rejects the graph (ValueError: Edge ('input', 'lif') references")


def _written(tmp_path):
    path = tmp_path / "g.nir"
    nir.write(path, chain(("w", LINEAR), ("n", if_node(2))))
    return path


@pytest.mark.parametrize(("key", "kind"), [("weight", "TypeError"), ("type", "KeyError")])
def test_nodes_that_lack_a_field(tmp_path, key, kind):
    path = _written(tmp_path)
    with h5py.File(path, "a") as file:
        del file[f"node/nodes/w/{key}"]
    (message,) = faults_of(ConversionError, path)
    assert f"nir rejects the graph ({kind}: " in message


def test_files_that_are_none(tmp_path):
    path = tmp_path / "g.nir"
    assert "does not exist" in faults_of(FormatError, path)[0]
    assert "is a folder" in faults_of(FormatError, tmp_path)[0]
    path.touch()
    assert "is empty; a NIR graph is an HDF5 file" in faults_of(FormatError, path)[0]
    path.write_text("{}")
    assert "is not an HDF5 file" in faults_of(FormatError, path)[0]
    with h5py.File(path, "w") as file:
        file["weights"] = [1, 2]
    assert "has no /node group" in faults_of(FormatError, path)[0]
    nir.write(path, if_node(2))
    assert "holds a node of type IF; neurokit reads graphs" in faults_of(ConversionError, path)[0]
    assert "is a list" in faults_of(FormatError, [1])[0]


def test_truncated_and_damaged_files(tmp_path):
    path = _written(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "is truncated or damaged (" in faults_of(FormatError, path)[0]
    path.write_bytes(content)
    with h5py.File(path, "r") as file:
        place = file["node/nodes/w/weight"].id.get_chunk_info(0).byte_offset
    path.write_bytes(content[:place] + b"\xff" * 12 + content[place + 12 :])
    assert "is truncated or damaged (" in faults_of(FormatError, path)[0]
