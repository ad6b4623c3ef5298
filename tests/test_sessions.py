"""Sessions: any way of cutting a sequence equals one run; states are saved and restored; errors say what is wrong."""

import gc
import weakref
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit.conformance.generator import random_case
from neurokit.errors import BackendError, FormatError, NotRecordedError, OutputError
from neurokit.graph.network import Input, Projection
from neurokit.graph.neurons import IF, LIF, LeakyIntegrator
from neurokit.graph.synapses import Dense
from tests.cuts import assert_case_streams, assert_cut_equal, cuts, streamed
from tests.networks import joined, network, random_network
from tests.overflowing import ON_PURPOSE
from tests.programs import random_input, random_program, seeds
from tests.saying import fault, faults

pytestmark = ON_PURPOSE

EYE = Dense(np.eye(2))
NETWORK = network((EYE, IF(0.5)), (EYE, IF(0.5)))
PROGRAM = nk.compile(NETWORK)
X = np.array([[0, 1], [1, 1], [1, 0], [1, 1], [0, 1], [1, 1]])


def readout():
    return nk.compile(network((EYE, IF(0.5)), (EYE, LeakyIntegrator(2e-2)), dt=1e-3))


def two_inputs():
    graph = network((EYE, IF(1.5)))
    graph = replace(graph, inputs={**graph.inputs, "far": Input("far", (3,))})
    return joined(graph, Projection("far", "p0", (Dense(np.ones((2, 3))),)))


# --------------------------------------------------------------------------------------------------------------- cuts


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_cut_sequence_of_spikes_equals_one_run(seed):
    program = random_program(seed)
    assert_cut_equal(program, {"in": random_input(seed, program, 30)}, np.random.default_rng(seed))


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_a_cut_sequence_of_payloads_equals_one_run(seed):
    """Payloads that are 0 or 1 in some steps only, for which another kernel is taken."""
    rng = np.random.default_rng(seed)
    program = random_program(seed)
    values = random_input(seed, program, 30, graded=True)
    values[rng.random(30) < 0.5] &= 1
    assert_cut_equal(program, {"in": values}, rng)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_cut_sequence_equals_one_run_in_floats(seed):
    """To the last bit, also where some steps hold 0 and 1 only."""
    rng = np.random.default_rng(seed)
    graph = random_network(seed)
    values = rng.normal(size=(30, *graph.inputs["in"].shape)).round(2) * (rng.random() < 0.7)
    spikes = rng.random(30) < 0.6
    values[spikes] = rng.random(values[spikes].shape) < 0.5
    assert_cut_equal(graph, {"in": values}, rng)


@pytest.mark.parametrize("graph", [PROGRAM, NETWORK], ids=["program", "network"])
def test_a_batch_is_its_samples(graph):
    values = np.random.default_rng(1).integers(0, 2, (3, 12, 2))
    whole = nk.run(graph, values, record=("p0", "p1", ("p0", "v")))
    with nk.open(graph, batch=3, record=("p0", ("p0", "v"))) as session:
        found = streamed(session, {"in": values}, cuts(np.random.default_rng(2), 12), axis=1)
    np.testing.assert_array_equal(found["out"], whole.spikes["p1"])
    np.testing.assert_array_equal(found["p0"], whole.spikes["p0"])
    np.testing.assert_array_equal(found["p0", "v"], whole.states["p0", "v"])


def test_a_block_longer_than_the_engine_holds():
    values = np.random.default_rng(1).integers(0, 2, (700, 2))
    with nk.open(PROGRAM) as session:
        np.testing.assert_array_equal(session.step(values), nk.run(PROGRAM, values).spikes["p1"])


def test_several_inputs_and_outputs():
    graph = two_inputs()
    near, far = X, np.arange(18).reshape(6, 3) % 2
    whole = nk.run(graph, {"in": near, "far": far})
    session = nk.open(graph)
    steps = [session.step({"in": near[t], "far": far[t]}) for t in range(6)]
    np.testing.assert_array_equal(steps, whole.spikes["p0"])
    both = replace(PROGRAM, outputs=dict(PROGRAM.populations))
    given = nk.open(both).step(X)
    assert set(given) == {"p0", "p1"}
    np.testing.assert_array_equal(given["p0"], nk.run(both, X).spikes["p0"])


def test_a_silent_readout_gives_v():
    program = readout()
    (name,) = program.outputs
    with nk.open(program) as session:
        given = [session.step(x) for x in X]
        np.testing.assert_array_equal(session.states[name, "v"], given[-1])
    np.testing.assert_array_equal(given, nk.run(program, X).states[name, "v"])


# -------------------------------------------------------------------------------------------------------------- forms


def test_shapes_of_steps_and_blocks():
    with nk.open(PROGRAM) as session:
        assert session.step(X[0]).shape == (2,)
        assert session.step(X[:1]).shape == (1, 2)
        assert session.step(X).shape == (6, 2)
        assert session.time == 8
    with nk.open(PROGRAM, batch=1) as session:
        assert session.step(X[:1]).shape == (1, 2)
        assert session.step(X[None]).shape == (1, 6, 2)
        assert session.time == 7


def test_what_was_asked_for_is_of_the_last_call():
    with nk.open(PROGRAM, record=("p0", ("p0", "v"))) as session:
        assert set(session.spikes) == set(session.states) == set()
        session.step(X)
        first = session.spikes["p0"]
        before = first.copy()
        assert first.shape == session.states["p0", "v"].shape == (6, 2)
        session.step(X[0])
        assert session.spikes["p0"].shape == (2,)
        np.testing.assert_array_equal(first, before)  # what was given stays as it was
        with pytest.raises(NotRecordedError, match="its states were not recorded; recorded: "):
            session.states["p1", "v"]


@pytest.mark.parametrize(("x", "fact"), [
    ([1, 0, 1], "has shape (3,)"),
    (1, "has shape ()"),
    (np.zeros((2, 3)), "has shape (2, 3)"),
    (np.zeros((1, 1, 2)), "has shape (1, 1, 2)"),
    (np.zeros((0, 2)), "is empty: shape (0, 2)"),
    ([0.5, 1], "holds fractions"),
    ([np.nan, 1], "holds NaN or infinity"),
    (["a", "b"], "has type <U1"),
    ([2**23, 0], "holds 0 to 8388608"),
    ([[1, 0], [1]], "is no array"),
])  # fmt: skip
def test_wrong_input_changes_nothing(x, fact):
    with nk.open(PROGRAM) as session:
        session.step(X[0])
        assert fact in fault(lambda: session.step(x))
        assert session.time == 1
        given = [session.step(row) for row in X[1:]]
    np.testing.assert_array_equal(given, nk.run(PROGRAM, X).spikes["p1"][1:])


def test_shapes_that_are_needed_are_named():
    one = "shape (2) for one step or (time, 2) for a block is needed"
    assert one in fault(lambda: nk.open(PROGRAM).step([1, 2, 3]))
    many = "shape (3, 2) for one step or (3, time, 2) for a block is needed"
    assert many in fault(lambda: nk.open(PROGRAM, batch=3).step(X))


def test_wrong_names():
    session = nk.open(two_inputs())
    assert "is a bare array" in fault(lambda: session.step(X[0]))
    both = faults(lambda: session.step({"in": X[0], "wrong": X[0]}))
    assert ["'far': has no data" in both[0], "'wrong': is no input" in both[1]] == [True, True]
    assert "in: one step" in fault(lambda: session.step({"in": X[0], "far": np.zeros((1, 3))}))
    assert "far: 3 steps" in fault(lambda: session.step({"in": X[:2], "far": np.zeros((3, 3))}))


@pytest.mark.parametrize(("options", "node"), [
    ({"batch": 0}, "batch"), ({"batch": True}, "batch"), ({"batch": 1.5}, "batch"),
    ({"deadline": 0}, "deadline"), ({"deadline": "fast"}, "deadline"), ({"deadline": np.inf}, "deadline"),
    ({"time_limit": -1}, "time_limit"), ({"record": "p7"}, "p7"),
])  # fmt: skip
def test_wrong_options(options, node):
    assert fault(lambda: nk.open(PROGRAM, **options)).startswith(f"'{node}': ")


def test_a_state_that_does_not_exist_lists_those_that_do():
    assert "has no state 'w'; states: u, v." in fault(lambda: nk.open(PROGRAM, record=(("p0", "w"),)))


def test_backends():
    assert "is unknown" in fault(lambda: nk.open(PROGRAM, "loihi3"), BackendError)
    assert "was given a Network" in fault(lambda: nk.open(NETWORK, "lava-inprocess"), BackendError)

    class Plain:
        name = "plain"

        def accepts(self, program):
            return []

        def run(self):
            raise AssertionError

    assert "'plain': has no sessions" in fault(lambda: nk.open(PROGRAM, Plain()), BackendError)


# -------------------------------------------------------------------------------------------------- life of a session


def test_reset():
    with nk.open(PROGRAM) as session:
        first = session.step(X)
        session.reset()
        assert (session.time, len(session.spikes)) == (0, 0)
        np.testing.assert_array_equal(session.step(X), first)
        assert session.latency.steps == 12


def test_closed():
    session = nk.open(PROGRAM)
    session.close()
    session.close()
    for act in (lambda: session.step(X), session.reset, lambda: session.save("x"), lambda: session.restore("x")):
        assert fault(act) == "'session': is closed; it was ended, or a step failed. Call nk.open again."
    assert "closed" in repr(session)


def test_a_step_that_fails_closes(monkeypatch):
    session = nk.open(PROGRAM)
    monkeypatch.setattr(session._stepper, "advance", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        session.step(X)
    assert "is closed" in fault(lambda: session.step(X))


def test_a_forgotten_session_goes():
    session = nk.open(PROGRAM)
    gone = weakref.ref(session)
    del session
    gc.collect()
    assert gone() is None


def test_latency(monkeypatch):
    clock = iter([0.0, 0.5, 1.0, 1 + 2**-10, 2.0, 2 + 2**-8, 3.0, 3 + 2**-3])
    with nk.open(PROGRAM, deadline=1e-3) as session:
        assert session.latency == nk.Latency(deadline=1e-3)
        monkeypatch.setattr("neurokit.session.perf_counter", lambda: next(clock))
        for x in (X[0], X[0], X[:4], X[:2]):
            session.step(x)
    latency = session.latency
    assert (latency.steps, latency.calls, latency.missed) == (8, 4, 2)
    assert latency.mean == (2**-1 + 2**-10 + 2**-8 + 2**-3) / 8
    assert latency.max == 0.5
    assert latency.median == (2**-10 + 2**-4) / 2
    assert latency.p99 == pytest.approx(2**-4 + 0.97 * (0.5 - 2**-4))
    assert str(latency).startswith("8 steps: mean 78735 µs, median 31738 µs, p99 ")
    assert str(latency).endswith("max 500000 µs; 2 of 4 missed 1000 µs")


def test_time_limit():
    with nk.open(PROGRAM, time_limit=1e-9) as session:
        said = fault(lambda: session.step(X), BackendError)
    assert said.startswith("'simulator': is at step 0 of 6; the time limit is 1e-09 s.")


# --------------------------------------------------------------------------------------------------- saved, restored


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_restored_state_gives_the_identical_rest(tmp_path_factory, seed):
    path = tmp_path_factory.mktemp("states") / "state.nk"
    rng = np.random.default_rng(seed)
    graph = random_program(seed) if rng.random() < 0.6 else random_network(seed)
    values = random_input(seed, graph, 30, graded=rng.random() < 0.4)
    record = tuple((name, p.neuron.states[-1]) for name, p in graph.populations.items())
    cut = int(rng.integers(0, 30))
    first = nk.open(graph, record=record)
    if cut:
        first.step(values[:cut])
    first.save(path)
    second = nk.open(graph, record=record, state=path)
    assert second.time == cut
    np.testing.assert_array_equal(second.step(values[cut:]), first.step(values[cut:]))
    for key in record:
        np.testing.assert_array_equal(second.states[key], first.states[key])
    first.restore(path)  # back in time
    first.step(values[cut])
    whole = nk.run(graph, values, record=record)
    for key in record:
        np.testing.assert_array_equal(first.states[key], whole.states[key][cut])


@pytest.mark.parametrize("number", range(25))
def test_every_kind_of_neuron_and_synapse_streams(number, tmp_path):
    assert_case_streams(random_case(7, number), "simulator", tmp_path / "state.nk")


def test_foreign_states_are_refused(tmp_path):
    path = tmp_path / "state.nk"
    with nk.open(PROGRAM, batch=2) as session:
        session.save(path)
    other = nk.compile(network((EYE, IF(0.5)), (EYE, LIF(tau=2e-2, threshold=0.5)), dt=1e-3))
    said = faults(lambda: nk.open(other, state=path))
    assert "has batch 2; here it is 1. Pass batch=2." in said[0]
    assert "is of another program" in said[1]
    changed = replace(PROGRAM, projections=(PROGRAM.projections[0], replace(PROGRAM.projections[1], delay=2)))
    assert "is of another program" in fault(lambda: nk.open(changed, batch=2, state=path))
    renamed = replace(PROGRAM, source="elsewhere")  # a file's name changes nothing
    assert nk.open(renamed, batch=2, state=path).time == 0


def test_damaged_states_are_refused(tmp_path):
    path = tmp_path / "state.nk"
    with nk.open(PROGRAM) as session:
        session.step(X)
        session.save(path)
        whole = path.read_bytes()
        assert "there is no such file" in fault(lambda: session.restore(tmp_path / "none"), FormatError)
        assert "is a folder" in fault(lambda: session.restore(tmp_path), FormatError)
        for cut in (0, 100, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:cut])
            assert "cannot be read" in fault(lambda: session.restore(path), FormatError)
        PROGRAM.save(path)
        assert "has the format 'neurokit'" in fault(lambda: session.restore(path), FormatError)
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            file.attrs["version"] = 2
        assert "has version 2" in fault(lambda: session.restore(path), FormatError)
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            del file["state/1"]
        assert "lacks arrays, or has others" in fault(lambda: session.restore(path), FormatError)
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            name, shape = file["state/1"].attrs["name"], file["state/1"].shape
            del file["state/1"]
            file.create_dataset("state/1", data=np.full(shape, b"x")).attrs["name"] = name
        assert "lacks arrays, or has others" in fault(lambda: session.restore(path), FormatError)
        np.testing.assert_array_equal(session.step(X), nk.run(PROGRAM, np.concatenate([X, X])).spikes["p1"][6:])


def test_a_state_that_cannot_be_written(tmp_path):
    with nk.open(PROGRAM) as session:
        assert "cannot be written" in fault(lambda: session.save(tmp_path / "no" / "state.nk"), OutputError)
