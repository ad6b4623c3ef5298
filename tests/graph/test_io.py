"""`.nk` files: nothing is lost on the way, and what cannot be read or written is named and leaves nothing behind."""

import os
from dataclasses import fields, is_dataclass, replace

import h5py
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings

import neurokit as nk
from neurokit.errors import FormatError, GraphError, OutputError
from neurokit.graph.network import Network, Program, Projection
from neurokit.graph.neurons import IF, Integrator, LoihiLIF
from neurokit.graph.synapses import Dense, Injection, Sparse
from tests.networks import joined, network, random_network
from tests.programs import random_program, seeds


def assert_same(found, wanted, where=""):
    """Equal in type and value down to the last field."""
    assert isinstance(found, type(wanted)) or isinstance(wanted, type(found)), where
    if sp.issparse(wanted):
        assert found.shape == wanted.shape, where
        for part in ("data", "indices", "indptr"):
            assert_same(getattr(found, part), getattr(wanted, part), f"{where}.{part}")
    elif isinstance(wanted, np.ndarray):
        assert found.dtype == wanted.dtype, where
        np.testing.assert_array_equal(found, wanted, where)
    elif is_dataclass(wanted):
        for field in fields(wanted):
            assert_same(getattr(found, field.name), getattr(wanted, field.name), f"{where}.{field.name}")
    elif hasattr(wanted, "items"):
        assert list(found) == list(wanted), where
        for key, value in wanted.items():
            assert_same(found[key], value, f"{where}[{key}]")
    elif isinstance(wanted, tuple):
        assert len(found) == len(wanted), where
        for k, (a, b) in enumerate(zip(found, wanted, strict=True)):
            assert_same(a, b, f"{where}[{k}]")
    else:
        assert found == wanted, where


def assert_round_trip(graph, folder):
    first, second = folder / "first.nk", folder / "second.nk"
    graph.save(first)
    found = nk.load(first)
    assert_same(found, graph)
    found.save(second)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(os.listdir(folder)) == ["first.nk", "second.nk"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("round_trip")


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_networks(folder, seed):
    assert_round_trip(random_network(seed), folder)


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_programs(folder, seed):
    assert_round_trip(random_program(seed), folder)


def test_a_compiled_program_keeps_report_latency_and_targets(tmp_path):
    program = nk.compile(network((Dense(np.ones((2, 2))), IF()), (Dense(np.ones((3, 2))), Integrator())), window=9)
    assert program.report
    assert program.latency == {"p0": 1, "p1": 2}
    assert program.targets
    assert_round_trip(program, tmp_path)
    values = (np.arange(20).reshape(10, 2) % 3 == 0).astype(int)
    found, wanted = nk.run(nk.load(tmp_path / "first.nk"), values), nk.run(program, values)
    np.testing.assert_array_equal(found.states["p1", "v"], wanted.states["p1", "v"])


def test_numbers_of_numpy_as_arguments(tmp_path):
    graph = network((Dense(np.ones((2, 2))), IF()))
    assert_round_trip(nk.compile(graph, bits=np.int64(4), window=np.int64(9)), tmp_path)


def test_empty_sparse_weights_currents_and_large_arrays(tmp_path):
    wide = LoihiLIF(np.full(100, 3), 0, np.arange(64, 164), reset="soft", reset_value=np.arange(100), emits=True)
    empty = Sparse(sp.csr_matrix((100, 2), dtype=np.int32), exponent=2)
    graph = nk.compile(joined_currents(wide, empty), window=5)
    assert_round_trip(graph, tmp_path)


def joined_currents(neuron, synapse):
    graph = network((synapse, neuron), dt=1.0)
    graph = replace(graph, projections=(replace(graph.projections[0], delay=1.0),))
    inputs = {**graph.inputs, "current": replace(graph.inputs["in"], name="current", shape=(100,))}
    return joined(replace(graph, inputs=inputs), Projection("current", "p0", (Injection(),)))


def test_names_in_any_script(tmp_path):
    graph = network((Dense(np.ones((2, 2))), IF()))
    name = "couche/é 神経 'x'"
    population = replace(graph.populations["p0"], name=name)
    projection = replace(graph.projections[0], target=name)
    assert_round_trip(Network(graph.inputs, {name: population}, (projection,), {name: population}), tmp_path)


# ------------------------------------------------------------------------------------------- what is of another kind


def attribute(place, name, value):
    def change(file):
        file[place].attrs[name] = value

    return change


def dataset(place, value):
    def change(file):
        del file[place]
        file[place] = value

    return change


NEURON, SYNAPSE = "populations/0", "projections/0/synapses/0"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dataset(f"{NEURON}/threshold", b"ten"), "threshold has type |S3, numbers are needed"),
        (dataset(f"{NEURON}/threshold", 1j), "threshold has type complex128"),
        (dataset(f"{NEURON}/threshold", 1e300), "threshold is"),
        (dataset(f"{SYNAPSE}/weight", np.full((2, 300), "a", "S1")), "weight has type |S1"),
        (attribute(SYNAPSE, "exponent", "two"), "exponent is 'two', a whole number is needed"),
        (attribute(SYNAPSE, "exponent", [1, 2]), "exponent is array([1, 2])"),
        (attribute(NEURON, "reset_interval", 0.5), "reset_interval is 0.5"),
        (attribute(NEURON, "emits", 3), "emits is 3, true or false is needed"),
        (attribute(NEURON, "reset", 1), "reset is 1, a text is needed"),
        (attribute(NEURON, "name", 7), "name is 7, a text is needed"),
        (attribute(NEURON, "shape", 2.0), "a list of whole numbers is needed"),
        (attribute(NEURON, "shape", [2**20, 2**20]), "2,147,483,647 neurons are the most"),
        (attribute("/", "latency", "[1]"), "latency holds [1], a dict is needed"),
        (attribute("/", "latency", '{"p0": "1"}'), "latency is '1', a whole number is needed"),
        (attribute("/", "targets", "[[]]"), "targets is [], a text is needed"),
        (attribute("/", "report", "[" * 100_000), "report"),
        (attribute("/", "report", '[{"population": 1}]'), "population is 1, a text is needed"),
        (attribute("/", "report", "[3]"), "missing"),
        (attribute("/", "dt", float("inf")), "dt is inf, a finite number above zero is needed"),
        (attribute("/", "outputs", '{"p0": 1}'), "outputs holds"),
        (dataset("inputs", np.arange(3)), "inputs is no group"),
    ],
)
def test_values_of_another_kind(saved, change, words):
    """Found by fuzzing: they came through to code that relies on them."""
    with h5py.File(saved, "r+") as file:
        change(file)
    assert words in fault_of(FormatError, nk.load, saved).fact


def test_weights_without_axes_but_with_a_bias(tmp_path):
    network((Dense(np.ones((2, 2)), np.ones(2)), IF())).save(tmp_path / "x.nk")
    with h5py.File(tmp_path / "x.nk", "r+") as file:
        dataset(f"{SYNAPSE}/weight", 1.0)(file)
    with pytest.raises(GraphError, match="Dense does not accept shape"):
        nk.load(tmp_path / "x.nk")


def test_steps_too_short_to_count_refractory_periods(tmp_path):
    with pytest.raises(GraphError, match="is off the grid of 1e-300 s"):
        network((Dense(np.ones((2, 2))), IF(refractory=1e10)), dt=1e-300).save(tmp_path / "x.nk") or nk.load(
            tmp_path / "x.nk"
        )


# ------------------------------------------------------------------------------------------------- what is unreadable


def fault_of(error, act, *arguments):
    with pytest.raises(error) as caught:
        act(*arguments)
    (fault,) = caught.value.faults
    assert all((fault.node, fault.fact, fault.limit, fault.mend))
    return fault


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.nk"
    nk.compile(network((Dense(np.arange(600.0).reshape(2, 300)), IF(threshold=500.0)), shape=(300,))).save(path)
    return path


def test_a_missing_file(tmp_path):
    fault = fault_of(FormatError, nk.load, tmp_path / "none.nk")
    assert str(fault) == f"'{tmp_path}/none.nk': there is no such file; a .nk file is needed. Check the path."


def test_a_folder(tmp_path):
    fault_of(FormatError, nk.load, tmp_path)


def test_a_name_that_no_file_can_have(tmp_path):
    fault_of(FormatError, nk.load, tmp_path / ("x" * 300))


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + bytes(200), b"\x89HDF\r\n\x1a\n" + bytes(200)])
def test_other_content_behind_the_suffix(tmp_path, content):
    path = tmp_path / "picture.nk"
    path.write_bytes(content)
    fault = fault_of(FormatError, nk.load, path)
    assert fault.node == str(path)
    assert "cannot be read" in fault.fact


@pytest.mark.parametrize("part", [0.02, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file(saved, part):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * part)])
    assert "cannot be read" in fault_of(FormatError, nk.load, saved).fact


def test_hdf5_of_others(tmp_path):
    path = tmp_path / "other.nk"
    with h5py.File(path, "w") as file:
        file["node"] = 3
    fault = fault_of(FormatError, nk.load, path)
    assert (fault.fact, fault.mend) == ("is no .nk file", "Convert it first: nk.convert.")


def test_another_version(saved):
    with h5py.File(saved, "a") as file:
        file.attrs["version"] = 3
    fault = fault_of(FormatError, nk.load, saved)
    assert (fault.fact, fault.limit) == ("has version 3", "this neurokit reads versions 1 and 2")


def edits():
    def no_version(file):
        del file.attrs["version"]

    def no_outputs(file):
        del file.attrs["outputs"]

    def outputs_that_do_not_exist(file):
        file.attrs["outputs"] = '["x"]'

    def outputs_that_are_no_json(file):
        file.attrs["outputs"] = "[["

    def another_kind(file):
        file.attrs["kind"] = "graph"

    def unknown_neuron(file):
        file["populations/0"].attrs["type"] = "Izhikevich"

    def unknown_synapse(file):
        file["projections/0/synapses/0"].attrs["type"] = "system"

    def a_parameter_missing(file):
        del file["populations/0/threshold"]

    def a_weight_missing(file):
        del file["projections/0/synapses/0/weight"]

    def a_delay_missing(file):
        del file["projections/0/delay"]

    def a_group_that_is_no_number(file):
        file.move("populations/0", "populations/x")

    def a_number_that_is_a_word(file):
        del file["populations/0/threshold"]
        file["populations/0/threshold"] = "high"

    def a_group_for_a_dataset(file):
        del file["projections/0/delay"]
        file.create_group("projections/0/delay")

    def a_report_without_notes(file):
        file.attrs["report"] = "[{}]"

    return [value for value in locals().values() if callable(value)]


@pytest.mark.parametrize("edit", edits(), ids=lambda edit: edit.__name__)
def test_damage_in_the_middle(saved, edit):
    with h5py.File(saved, "a") as file:
        edit(file)
    assert "cannot be read" in fault_of(FormatError, nk.load, saved).fact


def test_a_readable_file_with_an_unsound_graph(saved):
    with h5py.File(saved, "a") as file:
        file["projections/0"].attrs["source"] = "elsewhere"
    with pytest.raises(GraphError, match="source 'elsewhere' does not exist"):
        nk.load(saved)


# ------------------------------------------------------------------------------------------------ what is unwritable

SOUND = network((Dense(np.ones((2, 2))), IF()))


def test_the_folder_does_not_exist(tmp_path):
    fault = fault_of(OutputError, SOUND.save, tmp_path / "none" / "model.nk")
    assert fault.node == str(tmp_path / "none" / "model.nk")
    assert "cannot be written" in fault.fact
    assert os.listdir(tmp_path) == []


def test_the_path_is_a_folder(tmp_path):
    (tmp_path / "model.nk").mkdir()
    fault = fault_of(OutputError, SOUND.save, tmp_path / "model.nk")
    assert fault.fact == "is a folder"
    assert os.listdir(tmp_path) == ["model.nk"]


def test_the_parent_is_a_file(tmp_path):
    (tmp_path / "file").write_text("kept")
    fault_of(OutputError, SOUND.save, tmp_path / "file" / "model.nk")
    assert (tmp_path / "file").read_text() == "kept"


def test_a_name_too_long(tmp_path):
    fault_of(OutputError, SOUND.save, tmp_path / ("x" * 300))
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    fault_of(OutputError, SOUND.save, tmp_path / "model.nk")
    tmp_path.chmod(0o700)
    assert os.listdir(tmp_path) == []


def test_a_failure_half_way_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.nk"
    SOUND.save(path)
    before = path.read_bytes()
    unstorable = replace(SOUND, source="a\0b")  # HDF5 strings end at the first NUL
    with pytest.raises(Exception, match=r"NUL|null"):
        unstorable.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.nk"]


def test_a_failure_of_the_disk_is_an_output_error(tmp_path, monkeypatch):
    def full(*_arguments, **_keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(h5py.Group, "create_group", full)
    fault = fault_of(OutputError, SOUND.save, tmp_path / "model.nk")
    assert "No space left on device" in fault.fact
    assert os.listdir(tmp_path) == []


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        SOUND.save(tmp_path / "model.nk")
    finally:
        os.umask(before)
    assert (tmp_path / "model.nk").stat().st_mode & 0o777 == 0o640


def test_overwriting_replaces(tmp_path):
    path = tmp_path / "model.nk"
    SOUND.save(path)
    nk.compile(SOUND).save(str(path))
    assert isinstance(nk.load(str(path)), Program)
    assert os.listdir(tmp_path) == ["model.nk"]
