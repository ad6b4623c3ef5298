"""What users call: arguments and their errors, shapes and types of what comes back."""

from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit import api
from neurokit.errors import BackendError, Fault, InputError
from neurokit.graph.network import Input, Projection
from neurokit.graph.neurons import IF, Integrator, LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense
from neurokit.records import Recorded
from tests.networks import joined, network
from tests.saying import fault, faults

EYE = Dense(np.eye(2))
NETWORK = network((EYE, IF(0.5)), (EYE, IF(0.5)))
PROGRAM = nk.compile(NETWORK)


def two_inputs():
    graph = network((EYE, IF(1.5)))
    inputs = {**graph.inputs, "far": Input("far", (3,))}
    return joined(replace(graph, inputs=inputs), Projection("far", "p0", (Dense(np.ones((2, 3))),)))


# -------------------------------------------------------------------------------------------------------------- inputs


class TestInputs:
    @pytest.mark.parametrize("kind", [bool, np.uint8, np.int8, np.int32, np.int64, np.uint64, np.float32, np.float64])
    @pytest.mark.parametrize("graph", [NETWORK, PROGRAM], ids=["network", "program"])
    def test_any_type_of_whole_numbers(self, graph, kind):
        x = np.array([[0, 1], [1, 1], [1, 0], [0, 0], [0, 1]])
        wanted = nk.run(graph, x.tolist())
        found = nk.run(graph, x.astype(kind))
        np.testing.assert_array_equal(found.spikes["p1"], wanted.spikes["p1"])
        np.testing.assert_array_equal(found.counts["in"], [2, 3])

    def test_batched_and_not(self):
        x = np.array([[0, 1], [1, 1], [1, 0]])
        one = nk.run(PROGRAM, x, record=("p0", ("p0", "v")))
        three = nk.run(PROGRAM, np.stack([x, 0 * x, x]), record=("p0", ("p0", "v")))
        assert (one.batch, three.batch) == (None, 3)
        assert one.spikes["p0"].shape == (3, 2)
        assert three.spikes["p0"].shape == (3, 3, 2)
        assert (one.counts["p0"].shape, three.counts["p0"].shape) == ((2,), (3, 2))
        assert (one.step_counts["p0"].shape, three.step_counts["p0"].shape) == ((3,), (3,))
        np.testing.assert_array_equal(three.states["p0", "v"][2], one.states["p0", "v"])
        assert nk.run(PROGRAM, x[None]).batch == 1

    def test_the_array_given_in_is_left_alone(self):
        x = np.array([[0, 1], [1, 1]])
        nk.run(PROGRAM, x)
        assert x.tolist() == [[0, 1], [1, 1]]

    def test_by_name(self):
        graph = two_inputs()
        near, far = np.array([[1, 0], [0, 0]]), np.array([[0, 1, 0], [0, 0, 1]])
        found = nk.run(graph, {"in": near, "far": far})
        assert found.spikes["p0"].tolist() == [[1, 0], [0, 1]]
        assert set(found.counts) == {"in", "far", "p0"}
        assert nk.run(NETWORK, {"in": near}).steps == 2

    def test_inputs_of_unequal_length(self):
        graph = two_inputs()
        found = nk.run(graph, {"in": np.ones((2, 2)), "far": np.zeros((5, 3))})
        assert found.steps == 5
        assert found.counts["in"].tolist() == [2, 2]

    @pytest.mark.parametrize(("x", "message"), [
        ([[1, 2, 3]], "'in': has shape (1, 3); shape (batch, time, 2) or (time, 2) is needed"),
        ([1, 0], "'in': has shape (2,); shape (batch, time, 2) or (time, 2) is needed"),
        (3, "'in': has shape (); shape"),
        (np.ones((1, 1, 1, 2)), "'in': has shape (1, 1, 1, 2); shape"),
        (np.ones((0, 2)), "'in': is empty: shape (0, 2); at least one sample and one step. Pass data."),
        (np.ones((0, 3, 2)), "'in': is empty: shape (0, 3, 2)"),
        (np.ones((3, 0, 2)), "'in': is empty: shape (3, 0, 2)"),
        ([[1, 0], [1]], "'in': is no array ("),
        ("spikes", "'in': has type <U6; numbers are needed. Pass integers."),
        ([[None, 1]], "'in': has type object; numbers are needed"),
        ([[1j, 0]], "'in': has type complex128; numbers are needed"),
        ([[np.nan, 0]], "'in': holds NaN or infinity; inputs are finite. Repair the data."),
        ([[np.inf, 0]], "'in': holds NaN or infinity"),
    ])  # fmt: skip
    @pytest.mark.parametrize("graph", [NETWORK, PROGRAM], ids=["network", "program"])
    def test_what_is_no_input(self, graph, x, message):
        assert fault(lambda: nk.run(graph, x)).startswith(message)

    def test_arrays_that_refuse(self):
        """A torch tensor that requires grad raises RuntimeError, one on a GPU TypeError."""
        for error in (RuntimeError, TypeError):

            class Tensor:
                def __array__(self, *_, kind=error, **__):
                    raise kind("Can't call numpy() on Tensor that requires grad.")

            tensor = Tensor()
            assert "requires grad" in fault(lambda tensor=tensor: nk.run(NETWORK, tensor))

    def test_images_say_where_channels_are(self):
        graph = network((Conv2d(np.ones((1, 2, 2, 2))), IF()), shape=(2, 4, 4))
        found = fault(lambda: nk.run(graph, np.ones((5, 4, 4, 2))))
        assert found == (
            "'in': has shape (5, 4, 4, 2); shape (batch, time, 2, 4, 4) or (time, 2, 4, 4) is needed. "
            "Move or add axes: images are channels first."
        )

    def test_a_program_takes_whole_numbers(self):
        found = fault(lambda: nk.run(PROGRAM, [[0.5, 0]]))
        assert found == (
            "'in': holds fractions; a Program takes integers (spikes 0/1 or graded payloads). "
            "Encode or scale and round, e.g. by program.scaled(inputs)."
        )

    @pytest.mark.parametrize(("x", "held"), [([[2**23, 0]], "0 to 8388608"), ([[0, -(2**23) - 1]], "-8388609 to 0")])
    def test_payloads_have_24_bits(self, x, held):
        assert (
            fault(lambda: nk.run(PROGRAM, x))
            == f"'in': holds {held}; payloads have 24 bits signed. Scale the data down."
        )
        nk.run(PROGRAM, [[2**23 - 1, -(2**23)]])

    def test_an_integer_network_takes_whole_numbers_too(self):
        """Its arithmetic is the Program's, so fractions would be cut off without a word."""
        graph = network((Dense(np.full((2, 2), 100)), LoihiLIF(4096, 0, 640)), dt=1.0)
        graph = replace(graph, projections=(replace(graph.projections[0], delay=1.0),))
        assert "holds fractions" in fault(lambda: nk.run(graph, [[0.5, 0.5]]))
        assert "24 bits" in fault(lambda: nk.run(graph, [[2**23, 0]]))

    def test_a_bare_array_for_two_inputs(self):
        found = fault(lambda: nk.run(two_inputs(), np.ones((2, 2))))
        assert found == "'inputs': is a bare array; there are inputs in, far. Pass a dict by name."

    def test_names_missing_and_unknown_at_once(self):
        found = faults(lambda: nk.run(two_inputs(), {"in": [[1, 2, 3]], "near": [[1]]}))
        assert found[0].startswith("'far': has no data; shape (batch, time, 3) is needed")
        assert found[1].startswith("'in': has shape (1, 3)")
        assert found[2] == "'near': is no input; inputs: in, far. Use these names."

    def test_unequal_batches(self):
        for near, far in ((np.ones((2, 4, 2)), np.ones((3, 4, 3))), (np.ones((1, 4, 2)), np.ones((4, 3)))):
            found = fault(lambda a=near, b=far: nk.run(two_inputs(), {"in": a, "far": b}))
            assert "all inputs have the same batch" in found


# --------------------------------------------------------------------------------------------- steps, record, backends


class TestSteps:
    X = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])

    def test_shorter_uses_the_beginning(self):
        whole, part = nk.run(PROGRAM, self.X), nk.run(PROGRAM, self.X, steps=2)
        assert part.steps == 2
        np.testing.assert_array_equal(part.spikes["p1"], whole.spikes["p1"][:2])
        np.testing.assert_array_equal(nk.run(PROGRAM, self.X[:2]).step_counts["p0"], part.step_counts["p0"])

    def test_counters_cover_the_steps_that_ran(self):
        part = nk.run(PROGRAM, self.X, steps=2)
        for name in ("in", "p0", "p1"):
            assert part.counts[name].sum() == part.step_counts[name].sum(), name
        assert part.counts["in"].tolist() == [1, 1]

    def test_longer_sees_zeros(self):
        longer = nk.run(PROGRAM, self.X, steps=np.int64(9))
        padded = nk.run(PROGRAM, np.pad(self.X, ((0, 5), (0, 0))))
        np.testing.assert_array_equal(longer.spikes["p1"], padded.spikes["p1"])
        np.testing.assert_array_equal(longer.step_counts["in"], padded.step_counts["in"])
        assert longer.steps == 9

    @pytest.mark.parametrize("steps", [0, -1, 2.0, "5", True, np.nan])
    def test_what_is_no_number_of_steps(self, steps):
        found = fault(lambda: nk.run(PROGRAM, self.X, steps=steps))
        assert found == f"'steps': is {steps!r}; a whole number of at least 1. Leave it out, or pass a number."


class TestRecord:
    X = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])

    def test_outputs_always(self):
        found = nk.run(PROGRAM, self.X)
        assert (list(found.spikes), list(found.states)) == (["p1"], [])

    @pytest.mark.parametrize(("record", "spikes", "states"), [
        ("p0", {"p0", "p1"}, set()),
        (("p0",), {"p0", "p1"}, set()),
        (("p0", "p1"), {"p0", "p1"}, set()),
        (("p0", "v"), {"p1"}, {("p0", "v")}),
        ((("p0", "v"), ("p0", "u")), {"p1"}, {("p0", "v"), ("p0", "u")}),
        (["p0", ("p1", "u"), "p0"], {"p0", "p1"}, {("p1", "u")}),
        ([["p0", "v"]], {"p1"}, {("p0", "v")}),
    ])  # fmt: skip
    def test_what_is_asked_for(self, record, spikes, states):
        found = nk.run(PROGRAM, self.X, record=record)
        assert (set(found.spikes), set(found.states)) == (spikes, states)

    def test_populations_called_like_states(self):
        """("a", "v") are two populations where there is one of the name v."""
        renamed = {"p0": "a", "p1": "v"}
        populations = {renamed[n]: replace(p, name=renamed[n]) for n, p in NETWORK.populations.items()}
        projections = tuple(
            replace(p, source=renamed.get(p.source, p.source), target=renamed[p.target]) for p in NETWORK.projections
        )
        graph = replace(NETWORK, populations=populations, projections=projections, outputs={"v": populations["v"]})
        assert set(nk.run(graph, self.X, record=("a", "v")).spikes) == {"a", "v"}

    def test_types_and_shapes(self):
        record = ("p0", ("p0", "u"), ("p0", "v"))
        for graph, kind in ((PROGRAM, np.int32), (NETWORK, np.float64)):
            found = nk.run(graph, self.X[None], record=record)
            assert found.spikes["p0"].dtype == np.uint8
            assert found.states["p0", "u"].dtype == found.states["p0", "v"].dtype == kind
            assert found.states["p0", "v"].shape == (1, 4, 2)
            assert found.counts["p0"].dtype == found.step_counts["p0"].dtype == np.int64
            assert found.program is graph
            assert found.backend == "simulator"
            assert found.seconds > 0

    def test_images_keep_their_shape(self):
        graph = network((Conv2d(np.ones((3, 2, 2, 2))), IF()), shape=(2, 4, 5))
        for kind in (graph, nk.compile(graph)):
            found = nk.run(kind, np.ones((2, 6, 2, 4, 5), int), record=("p0", "v"))
            assert found.spikes["p0"].shape == found.states["p0", "v"].shape == (2, 6, 3, 3, 4)
            assert found.counts["p0"].shape == (2, 3, 3, 4)
            assert found.counts["in"].shape == (2, 2, 4, 5)

    def test_v_of_readouts_always(self):
        graph = network((EYE, Integrator()))
        for kind in (graph, nk.compile(graph)):
            found = nk.run(kind, self.X)
            assert list(found.states) == [("p0", "v")]
            assert not found.spikes["p0"].any()

    def test_states_are_after_spike_and_reset(self):
        graph = network((EYE, IF(1.5, v_reset=-1.0)))
        found = nk.run(graph, np.ones((3, 2)), record=("p0", "v"))
        assert found.states["p0", "v"][:, 0].tolist() == [1.0, -1.0, 0.0]

    @pytest.mark.parametrize(("record", "message"), [
        ("x", "'x': is no population; populations: p0, p1. Record one of them."),
        (("x", "v"), "'x': is no population"),
        ("in", "'in': is no population"),
        ((("p0", "w"),), "'p0': has no state 'w'; states: u, v. Record ('p0', 'v')."),
        ((("p0",),), "'('p0',)': is no population"),
        ((("p0", "u", "v"),), "'('p0', 'u', 'v')': is no population"),
    ])  # fmt: skip
    def test_what_cannot_be_recorded(self, record, message):
        found = faults(lambda: nk.run(PROGRAM, self.X, record=record))
        assert any(line.startswith(message) for line in found)

    @pytest.mark.parametrize("record", [5, None, (5,), ((),), ("p0", 3), ({"p0": "v"},)])
    def test_what_is_no_record(self, record):
        faults(lambda: nk.run(PROGRAM, self.X, record=record))

    def test_all_at_once(self):
        assert len(faults(lambda: nk.run(PROGRAM, self.X, record=("x", "y", ("p0", "w"))))) == 3

    def test_what_was_not_recorded(self):
        found = nk.run(PROGRAM, self.X)
        message = fault(lambda: found.spikes["p0"])
        assert message == "'p0': its spikes were not recorded; recorded: p1. Add it to record=, e.g. record=('p0',)."
        message = fault(lambda: found.states["p0", "v"])
        assert message.startswith("'('p0', 'v')': its states were not recorded; recorded: none.")

    def test_recorded_is_a_mapping(self):
        found = Recorded({"a": np.ones(1)}, "spikes")
        assert (len(found), list(found), "a" in found, "b" in found) == (1, ["a"], True, False)
        assert found.get("b") is None

    def test_aligned_leaves_out_what_came_before_the_input(self):
        found = nk.run(PROGRAM, self.X[None], steps=6, record=("p0",))
        wanted = nk.run(NETWORK, self.X[None], record=("p0",))
        for name in ("p0", "p1"):
            np.testing.assert_array_equal(found.aligned(name)[:, :4], wanted.spikes[name])
            np.testing.assert_array_equal(wanted.aligned(name), wanted.spikes[name])
        assert found.aligned("p1").shape == (1, 4, 2)
        assert nk.run(PROGRAM, self.X, steps=6).aligned("p1").shape == (4, 2)


class Refusing:
    name = "refusing"

    def accepts(self, _):
        return [Fault("p0", "is there", "nothing may be", "Remove it."), Fault("p1", "too", "nothing", "Remove it.")]

    def run(self, *_arguments, **_keywords):
        raise AssertionError("must not run what it refuses")


class TestBackends:
    X = np.ones((2, 2), int)

    def test_unknown(self):
        found = fault(lambda: nk.run(PROGRAM, self.X, backend="loihi"), BackendError)
        known = "simulator, lava, lava-inprocess, loihi2"
        assert found == f"'backend': 'loihi' is unknown; known: {known}. Name one of them."

    @pytest.mark.parametrize("backend", [None, 3])
    def test_what_is_no_backend(self, backend):
        faults(lambda: nk.run(PROGRAM, self.X, backend=backend), (BackendError, InputError))

    def test_a_backend_may_refuse(self):
        found = faults(lambda: nk.run(PROGRAM, self.X, backend=Refusing()), BackendError)
        assert found == ["'p0': is there; nothing may be. Remove it.", "'p1': too; nothing. Remove it."]

    def test_only_the_simulator_runs_networks(self):
        found = fault(lambda: nk.run(NETWORK, self.X, backend=Refusing()), BackendError)
        assert found.startswith("'refusing': was given a Network; backends run Programs.")

    def test_every_backend_of_the_table_is_there(self):
        for name in api.BACKENDS:
            backend = api.get_backend(name)
            assert backend.name == name
            assert backend.accepts(PROGRAM) == [] or name != "simulator"

    def test_an_object_is_used_as_it_is(self):
        backend = api.get_backend("simulator")
        assert api.get_backend(backend) is backend
