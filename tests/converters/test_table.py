"""The table of converters: who reads what, and what is said when nobody does."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from importlib import import_module
from inspect import signature
from pathlib import Path

import nir
import numpy as np
import pytest

import neurokit as nk
from neurokit.converters.table import CONVERTERS, Options, convert
from neurokit.errors import FormatError, InputError
from tests.converters.conftest import cuba, dense
from tests.converters.test_nir import chain, if_node, lif_node

GRAPH = chain(("w", nir.Linear(np.ones((2, 3)))), ("n", if_node(2)))


def test_suffixes_choose_the_converter(tmp_path, write_net):
    path = write_net(dense(np.ones((2, 3)), cuba()))
    assert list(convert(path).populations) == ["0-dense"]
    assert list(convert(str(path)).populations) == ["0-dense"]
    nir.write(tmp_path / "GRAPH.NIR", GRAPH)
    assert list(convert(tmp_path / "GRAPH.NIR").populations) == ["n"]


def test_live_graphs_are_taken():
    assert list(convert(GRAPH).populations) == ["n"]


def test_arguments_reach_the_converter(write_net):
    network = convert(
        chain(("w", nir.Linear(np.ones((2, 3)))), ("n", lif_node(2))), None, Options(dt=2e-3, reset="soft")
    )
    assert network.dt == 2e-3
    assert network.populations["n"].neuron.reset == "soft"
    path = write_net({"type": "input", "shape": [3], "neuron": cuba()}, dense(np.ones((2, 3)), cuba()))
    assert list(convert(path, options=Options(inputs="spikes")).populations) == ["1-dense"]


@pytest.mark.parametrize("kind", ["net", ".net"])
def test_kind_forces_a_converter(write_net, kind):
    path = write_net(dense(np.ones((2, 3)), cuba()))
    other = path.rename(path.with_suffix(".hdf5"))
    assert list(convert(other, kind=kind).populations) == ["0-dense"]


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ("model.tflite", None, "'model.tflite': has the suffix '.tflite'; neurokit converts .net, .nir"),
        (Path("model"), None, "'model': has no suffix; neurokit converts .net, .nir"),
        ("model.nir", "keras", "'keras': is no kind of source; neurokit converts .net, .nir"),
        ({"weights": 1}, None, "'source': is a dict of 1; of dicts, neurokit converts a StereoSpike's state_dict"),
        ({0: 1, 1: 2}, None, "'source': is a dict of 2; of dicts, neurokit converts a StereoSpike's state_dict"),
    ],
)
def test_sources_that_nobody_reads(source, kind, words):
    with pytest.raises(FormatError) as caught:
        convert(source, kind=kind)
    (fault,) = caught.value.faults
    assert str(fault).startswith(words)
    assert "'net', 'nir'" in fault.limit
    assert fault.mend


def test_what_is_a_network_already():
    network = convert(GRAPH)
    with pytest.raises(FormatError, match=r"'source': is a Network already; .* is converted. Call nk.compile"):
        nk.convert(network)
    with pytest.raises(FormatError, match="'source': is a Program already"):
        nk.convert(nk.compile(network))


def test_options_are_the_arguments_of_convert():
    """One record goes from the public function to the converters; only there its fields stand again, as arguments."""
    named = {field.name for field in fields(Options)}
    assert set(signature(nk.convert).parameters) == set(signature(nk.inspect).parameters) == {"source", "kind", *named}
    assert {name for row in CONVERTERS for name in row.options} <= named


def test_single_nodes_are_no_graphs():
    with pytest.raises(FormatError, match="is a IF; a NIR graph is an HDF5 file"):
        convert(if_node(2))


def test_options_that_a_converter_does_not_take():
    with pytest.raises(InputError) as caught:
        convert(GRAPH, None, Options(code="rate", shape=(2,)))
    assert [str(fault) for fault in caught.value.faults] == [
        "'code': was given; sources of kind 'nir' do not take it. Leave it out.",
        "'shape': was given; sources of kind 'nir' do not take it. Leave it out.",
    ]


def test_objects_are_known_by_their_base_classes():
    class Own(nir.NIRGraph):
        """A user's own class."""

    assert list(convert(Own(GRAPH.nodes, GRAPH.edges)).populations) == ["n"]


def test_every_row_names_a_function():
    for row in CONVERTERS:
        module, _, name = row.load.partition(":")
        assert callable(getattr(import_module(module), name))


def test_importing_the_table_imports_no_framework():
    code = "import sys, neurokit.converters.table; print(sorted({'nir', 'torch', 'lava', 'onnx'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "[]"
