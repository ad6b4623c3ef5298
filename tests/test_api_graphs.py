"""What users pass for a graph: unsound ones, Networks in float semantics, files."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

import neurokit as nk
from neurokit.errors import GraphError, InputError, NeurokitError
from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF, LIF, Integrator, LeakyIntegrator, LoihiLIF
from neurokit.graph.synapses import Dense
from tests.networks import joined, network
from tests.saying import fault, faults

EYE = Dense(np.eye(2))
NETWORK = network((EYE, IF(0.5)), (EYE, IF(0.5)))
PROGRAM = nk.compile(NETWORK)


# --------------------------------------------------------------------------------------------- graphs that are unsound


class TestUnsound:
    """What nobody has checked must not reach kernels that check nothing: they read and write where indices say."""

    @pytest.mark.parametrize("graph", ["a network", None, 3])
    def test_what_is_no_graph(self, graph):
        faults(lambda: nk.run(graph, [[1, 0]]), InputError)

    def test_what_is_no_network(self):
        faults(lambda: nk.compile("a network"), (InputError, GraphError))

    def test_shapes_that_do_not_chain(self):
        wrong = replace(NETWORK.projections[0], synapses=(Dense(np.ones((3, 2))),))
        graph = replace(NETWORK, projections=(wrong, NETWORK.projections[1]))
        with pytest.raises(GraphError, match=r"gives shape \(3,\)"):
            nk.run(graph, [[1, 0]])

    def test_a_program_with_undelayed_loops(self):
        graph = joined(PROGRAM, Projection("p1", "p1", PROGRAM.projections[0].synapses, 0))
        with pytest.raises(GraphError, match="has no delay"):
            nk.run(graph, [[1, 0]])

    def test_a_network_with_undelayed_loops(self):
        """It would read spikes that nobody has written yet."""
        with pytest.raises(NeurokitError):
            nk.run(joined(NETWORK, Projection("p1", "p0", (EYE,))), np.ones((5, 2)))

    def test_a_delay_off_the_grid(self):
        graph = replace(NETWORK, dt=1e-3)
        graph = replace(graph, projections=(replace(graph.projections[0], delay=1.4e-3), graph.projections[1]))
        with pytest.raises(NeurokitError, match="off the grid"):
            nk.run(graph, np.ones((5, 2)))

    def test_a_delay_without_a_step(self):
        graph = replace(NETWORK, projections=(replace(NETWORK.projections[0], delay=1e-3), NETWORK.projections[1]))
        with pytest.raises(NeurokitError, match="in->p0"):
            nk.run(graph, np.ones((5, 2)))


# ----------------------------------------------------------------------------------------------------- float semantics


class TestFloats:
    def test_no_connection_costs_a_step(self):
        found = nk.run(NETWORK, [[1, 0], [0, 1]], record=("p0",))
        np.testing.assert_array_equal(found.spikes["p0"], found.spikes["p1"])
        np.testing.assert_array_equal(found.spikes["p1"], [[1, 0], [0, 1]])

    def test_fractions_and_negative_numbers(self):
        found = nk.run(network((EYE, Integrator())), [[0.25, -1.5], [0.5, 0.25]])
        assert found.states["p0", "v"].tolist() == [[0.25, -1.5], [0.75, -1.25]]

    def test_delays_in_seconds(self):
        graph = replace(NETWORK, dt=2e-3)
        graph = replace(graph, projections=(replace(graph.projections[0], delay=6e-3), graph.projections[1]))
        found = nk.run(graph, [[1, 0]], steps=5, record=("p0",))
        assert found.spikes["p0"][:, 0].tolist() == [0, 0, 0, 1, 0]

    def test_a_recurrent_layer(self):
        loop = Projection("p0", "p0", (Dense([[0.0, 1.0], [1.0, 0.0]]),), 1e-3)
        found = nk.run(joined(network((EYE, IF(0.5)), dt=1e-3), loop), [[1, 0]], steps=4)
        assert found.spikes["p0"].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]

    def test_biases_are_input_of_every_step(self):
        graph = network((Dense(np.eye(2), np.array([0.5, 0.0])), LeakyIntegrator(tau=2.0)), dt=1.0)
        found = nk.run(graph, np.zeros((3, 2)))
        assert found.states["p0", "v"][:, 0].tolist() == [0.25, 0.375, 0.4375]

    def test_each_sample_begins_at_rest(self):
        graph = network((EYE, LIF(tau=2.0, v_leak=0.25, threshold=9.0)), dt=1.0)
        found = nk.run(graph, np.ones((70, 3, 2)), record=("p0", "v"))
        assert (found.states["p0", "v"] == found.states["p0", "v"][0]).all()

    def test_an_integer_network_runs_as_its_program(self):
        graph = network((Dense(np.full((2, 2), 100)), LoihiLIF(4096, 0, 640)), dt=1.0)
        graph = replace(graph, projections=(replace(graph.projections[0], delay=1.0),))
        found = nk.run(graph, [[1, 0], [1, 1]], steps=4, record=("p0", "v"))
        wanted = nk.run(nk.compile(graph), [[1, 0], [1, 1]], steps=4, record=("p0", "v"))
        np.testing.assert_array_equal(found.states["p0", "v"], wanted.states["p0", "v"])


# ---------------------------------------------------------------------------------------------------- convert and load


class TestFiles:
    def test_a_saved_network_converts(self, tmp_path):
        NETWORK.save(tmp_path / "net.nk")
        assert isinstance(nk.convert(tmp_path / "net.nk"), nk.Network)
        assert isinstance(nk.load(str(tmp_path / "net.nk")), nk.Network)

    def test_arguments_that_a_saved_network_does_not_take(self, tmp_path):
        """It states its step and resets: what is passed is refused, never dropped."""
        NETWORK.save(tmp_path / "net.nk")
        for wrong in ({"dt": 1e-3}, {"reset": "soft"}, {"inputs": "spikes"}):
            faults(lambda wrong=wrong: nk.convert(tmp_path / "net.nk", **wrong))

    def test_a_saved_program_is_no_network(self, tmp_path):
        PROGRAM.save(tmp_path / "net.nk")
        found = fault(lambda: nk.convert(tmp_path / "net.nk"))
        assert found.endswith("is a compiled Program; convert gives a Network. Use nk.load and run it as it is.")

    def test_the_kinds_that_the_docstring_names(self):
        """What `convert` promises as kind= is what the table knows."""
        from neurokit.converters.table import CONVERTERS

        said = inspect.getdoc(nk.convert)
        for row in CONVERTERS:
            assert f'"{row.kind}"' in said
