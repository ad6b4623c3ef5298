"""Every fault of check.py: what its message names, and that all faults come at once."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from neurokit.errors import GraphError
from neurokit.graph.check import check_network, check_program
from neurokit.graph.network import Input, Network, Population, Program, Projection
from neurokit.graph.neurons import IF, LIF, CubaLIF, LeakyIntegrator, LoihiLIF
from neurokit.graph.synapses import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    Injection,
    ResizeConv2d,
    Sparse,
    SumPool2d,
    Upsample2d,
)
from tests.graph.checking import message, messages
from tests.networks import joined, network

ONES = Dense(np.ones((2, 2)))
ODD = "weights of mixed sign beyond -128..127 are even"
SOUND = network((ONES, IF()), (ONES, IF()))


def with_synapse(synapse, target=(2,), shape=(2,)):
    population = Population("p0", target, IF())
    projection = Projection("in", "p0", (synapse,))
    return Network({"in": Input("in", shape)}, {"p0": population}, (projection,), {"p0": population})


def program(neuron=None, synapse=None, delay=1, shape=(2,), target=(2,)):
    neuron = neuron or LoihiLIF(4096, 0, 640)
    synapse = synapse or Dense(np.ones((2, 2), np.int32))
    synapses = synapse if isinstance(synapse, tuple) else (synapse,)
    population = Population("p0", target, neuron)
    projections = (Projection("in", "p0", synapses, delay),)
    return Program({"in": Input("in", shape)}, {"p0": population}, projections, {"p0": population})


def test_sound_graphs_are_given_back():
    assert check_network(SOUND) is SOUND
    sound = program()
    assert check_program(sound) is sound


class TestStructure:
    @pytest.mark.parametrize(
        ("field", "kind"), [("inputs", "input"), ("populations", "population"), ("outputs", "output")]
    )
    def test_nothing_there(self, field, kind):
        found = messages(replace(SOUND, **{field: {}}))
        assert f"'Network': there is no {kind}; a network needs at least one. Give the source one: {kind}." in found

    @pytest.mark.parametrize("field", ["inputs", "populations", "outputs"])
    def test_a_key_that_is_not_the_name(self, field):
        nodes = dict(getattr(SOUND, field))
        nodes["other"] = next(iter(nodes.values()))
        found = messages(replace(SOUND, **{field: nodes}))
        name = nodes["other"].name
        assert f"'other': is listed under 'other' but named '{name}'; both must agree. Rename one." in found

    def test_an_input_that_is_a_population(self):
        inputs = {**SOUND.inputs, "p0": Input("p0", (2,))}
        found = message(replace(SOUND, inputs=inputs))
        assert found == "'p0': is an input and a population; names are unique. Rename one."

    def test_an_output_that_is_no_population(self):
        outputs = {"q": Population("q", (2,), IF())}
        found = message(replace(SOUND, outputs=outputs))
        assert found == "'q': is an output but no population; outputs are populations. Name a population."

    def test_an_output_that_is_another_population_of_the_same_name(self):
        """Backends read outputs' neurons, so they become those of the populations."""
        graph = replace(SOUND, outputs={"p1": Population("p1", (2,), LeakyIntegrator(tau=1.0))})
        assert graph.outputs["p1"] is graph.populations["p1"]

    @pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3)])
    def test_an_input_without_size(self, shape):
        found = messages(replace(SOUND, inputs={"in": Input("in", shape)}))
        assert f"'in': has shape {shape}; sizes are at least 1. Give the input's shape." in found

    @pytest.mark.parametrize("shape", [(), (0,)])
    def test_a_population_without_size(self, shape):
        broken = Population("p1", shape, IF())
        found = messages(replace(SOUND, populations={**SOUND.populations, "p1": broken}, outputs={"p1": broken}))
        assert f"'p1': has shape {shape}; sizes are at least 1. Give the population's shape." in found

    def test_two_projections_with_the_same_ends(self):
        assert message(joined(SOUND, SOUND.projections[0])) == (
            "'in->p0': two projections join the same source and target; a projection is known by its ends. "
            "Merge them into one, or put a population between."
        )

    @pytest.mark.parametrize(("ends", "fact"), [
        (("x", "p0"), "'x->p0': source 'x' does not exist"),
        (("p0", "x"), "'p0->x': target 'x' is no population"),
        (("p0", "in"), "'p0->in': target 'in' is no population"),
    ])  # fmt: skip
    def test_ends_that_do_not_exist(self, ends, fact):
        assert message(joined(SOUND, Projection(*ends, (ONES,)))) == f"{fact}; ends must exist. Name a population."

    def test_a_map_that_does_not_fit(self):
        found = message(with_synapse(Dense(np.ones((2, 3)))))
        assert found == "'in->p0': Dense(2, 3) does not accept shape (2,); shapes must chain. Check sizes and channels."

    def test_every_map_of_a_chain_is_named(self):
        chain = Projection("in", "p0", (SumPool2d(2, 2), Flatten(), ONES))
        graph = replace(SOUND, projections=(chain, SOUND.projections[1]))
        assert message(graph).startswith("'in->p0': SumPool2d, Flatten, Dense(2, 2) does not accept shape (2,)")

    def test_a_result_that_does_not_fit(self):
        found = message(with_synapse(Dense(np.ones((3, 2)))))
        assert found == "'in->p0': gives shape (3,); the target has shape (2,). Check sizes and channels."

    def test_an_image_of_the_right_size_but_another_shape(self):
        graph = with_synapse(Conv2d(np.ones((4, 1, 1, 1))), target=(2, 2, 4), shape=(1, 2, 2))
        assert message(graph).startswith("'in->p0': gives shape (4, 2, 2); the target has shape (2, 2, 4)")

    def test_a_vector_may_fill_an_image(self):
        check_network(with_synapse(Dense(np.ones((8, 2))), target=(2, 2, 2)))

    def test_a_current_that_comes_from_a_population(self):
        graph = joined(network((ONES, IF()), (ONES, IF())), Projection("p1", "p0", (Injection(),)))
        assert "'p1->p0': injects a current; only inputs inject currents. Use a weight of 1 instead." in messages(graph)

    def test_a_population_without_spikes_drives_nothing(self):
        """The output of an integrator is v, which no projection carries: its target would silently see zeros."""
        graph = network((ONES, LeakyIntegrator(tau=1e-2)), (ONES, IF()), dt=1e-3)
        assert "p0" in message(graph)

    def test_a_loop_without_delay(self):
        """What such a loop computes within a step is undefined; compile refuses it, and so must run."""
        assert "p0" in message(joined(network((ONES, IF()), dt=1e-3), Projection("p0", "p0", (ONES,))))

    def test_a_delay_without_a_step(self):
        graph = replace(SOUND, projections=(replace(SOUND.projections[0], delay=1e-3), SOUND.projections[1]))
        assert "in->p0" in message(graph)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [({"reset": "zero"}, "reset is 'zero'; it is 'hard' or 'soft'"), ({"fires": "=>"}, "fires is '=>'; it is '>'")],
    )
    def test_conventions_by_name(self, changes, said):
        assert said in message(network((ONES, IF(**changes))))

    def test_a_programs_reset_by_name(self):
        assert "reset is 'zero'" in message(program(LoihiLIF(0, 0, 640, reset="zero")))

    @pytest.mark.parametrize("values", [(0.25, 0, 640), (0, 0.1, 640), (0, 0, 640.7), (np.nan, 0, 640), ("a", 0, 1)])
    def test_the_chips_parameters_are_whole(self, values):
        with pytest.raises(GraphError, match="whole numbers"):
            LoihiLIF(*values)

    def test_whole_numbers_may_come_as_floats(self):
        assert LoihiLIF(4096.0, np.float32(128), [64.0, 128.0]).threshold.dtype == np.int64

    def test_an_exponent_in_floats(self):
        """Only a Program has exponents: run would multiply by it and compile would not."""
        assert "in->p0" in message(with_synapse(Dense(np.ones((2, 2)), exponent=3)))

    def test_integers_and_floats_mixed(self):
        assert "p1" in "".join(messages(network((ONES, IF()), (ONES, LoihiLIF(4096, 0, 64)), dt=1e-3)))


class TestValues:
    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_parameters_are_finite(self, value):
        found = message(network((ONES, IF(threshold=[1.0, value]))))
        assert found == "'p0': threshold holds NaN or infinity; parameters are finite. Repair the source."

    @pytest.mark.parametrize("shape", [(3,), (1, 2), (2, 1)])
    def test_parameters_broadcast(self, shape):
        found = message(network((ONES, IF(r=np.ones(shape)))))
        assert found == f"'p0': r has shape {shape}; it must broadcast to (2,). Give one value or one a neuron."

    @pytest.mark.parametrize("synapse", [
        Dense([[np.nan, 1], [1, 1]]),
        Sparse(sp.csr_matrix([[np.inf, 1], [1, 1]])),
    ])  # fmt: skip
    def test_weights_are_finite(self, synapse):
        found = message(with_synapse(synapse))
        assert found.startswith("'in->p0': a weight is NaN or infinite; weights are finite. Repair the source")

    @pytest.mark.parametrize("synapse", [Dense, lambda w, b: Sparse(sp.csr_matrix(w), b)])
    def test_biases(self, synapse):
        found = message(with_synapse(synapse(np.ones((2, 2)), np.ones(3))))
        assert found == "'in->p0': bias has shape (3,); it must be (2,). Give one bias a target or output channel."
        found = message(with_synapse(synapse(np.ones((2, 2)), np.array([1, np.nan]))))
        assert found == "'in->p0': a bias is NaN or infinite; biases are finite. Repair the source."

    def test_a_convolution_has_a_bias_a_channel(self):
        wrong = Conv2d(np.ones((2, 1, 1, 1)), bias=np.ones((2, 2, 2)))
        assert "bias has shape (2, 2, 2); it must be (2,)" in message(with_synapse(wrong, (2, 2, 2), (1, 2, 2)))

    def test_a_transposed_convolution_has_a_bias_an_output_channel(self):
        """Its weight begins with the input channels."""
        weight = np.ones((2, 3, 1, 1))
        check_network(with_synapse(ConvTranspose2d(weight, bias=np.ones(6), groups=2), (6, 2, 2), (2, 2, 2)))
        wrong = ConvTranspose2d(weight, bias=np.ones(2))
        assert "bias has shape (2,); it must be (3,)" in message(with_synapse(wrong, (3, 2, 2), (2, 2, 2)))

    @pytest.mark.parametrize(
        ("synapse", "shape", "named"),
        [
            (ResizeConv2d((2, 2), np.ones((1, 1, 3, 3))), (1, 2, 2), "ResizeConv2d(1, 1, 3, 3)"),
            (ConvTranspose2d(np.ones((1, 1, 2, 2)), 2, 0, 2), (1, 2, 2), "ConvTranspose2d(1, 1, 2, 2)"),
            (SumPool2d(3, 3), (1, 2, 2), "SumPool2d"),
            (Upsample2d(3), (4,), "Upsample2d"),
        ],
    )
    def test_maps_between_images_that_do_not_fit(self, synapse, shape, named):
        found = message(with_synapse(synapse, (1, 2, 2), shape))
        assert found == f"'in->p0': {named} does not accept shape {shape}; shapes must chain. Check sizes and channels."

    def test_a_program_holds_no_bare_resize(self):
        found = message(program(synapse=Upsample2d(2), shape=(1, 1, 1), target=(1, 2, 2)))
        assert found == "'in->p0': is a Upsample2d; a Program holds weights only. Call nk.compile."

    def test_the_weight_of_a_pool_has_the_chips_range(self):
        pool = SumPool2d(2, 2, weight=np.asarray(256))
        assert "a weight is 256" in message(program(synapse=pool, shape=(1, 4, 4), target=(1, 2, 2)))
        pool = SumPool2d(2, 2, weight=np.asarray(0.25))
        assert "weights are not whole numbers" in message(program(synapse=pool, shape=(1, 4, 4), target=(1, 2, 2)))

    @pytest.mark.parametrize("delay", [-1e-3, np.nan, np.inf])
    def test_delays_are_times(self, delay):
        graph = replace(network((ONES, IF()), dt=1e-3), projections=(Projection("in", "p0", (ONES,), delay),))
        wanted = "'in->p0': a delay is negative or not finite; delays are at least 0. Repair the source."
        assert wanted in messages(graph)

    @pytest.mark.parametrize("shape", [(3,), (3, 2), (2, 2, 2)])
    def test_delays_broadcast(self, shape):
        graph = replace(network((ONES, IF()), dt=1e-3), projections=(Projection("in", "p0", (ONES,), np.ones(shape)),))
        wanted = f"'in->p0': delay has shape {shape}; it must broadcast to (2, 2). One value, or (targets, 1)."
        assert wanted in messages(graph)

    @pytest.mark.parametrize(("neuron", "field"), [
        (LIF(tau=0.0), "tau"),
        (LIF(tau=[1.0, -1.0]), "tau"),
        (LeakyIntegrator(tau=-1.0), "tau"),
        (CubaLIF(tau_syn=0.0, tau_mem=1.0), "tau_syn"),
        (CubaLIF(tau_syn=1.0, tau_mem=0.0), "tau_mem"),
    ])  # fmt: skip
    def test_time_constants_are_positive(self, neuron, field):
        found = message(network((ONES, neuron), dt=1e-3))
        assert found == f"'p0': {field} is not positive; time constants are positive. Repair the source."

    def test_time_constants_need_a_step(self):
        found = messages(network((ONES, CubaLIF(tau_syn=0.01, tau_mem=0.01))))
        assert found == [
            f"'p0': {field} is a time, but the step is unknown; the source states no dt. "
            "Pass dt= in seconds, e.g. nk.convert(path, dt=1e-3)."
            for field in ("tau_syn", "tau_mem")
        ]

    def test_euler_needs_tau_of_a_step_at_least(self):
        found = message(network((ONES, LIF(tau=[9e-4, 1.0])), dt=1e-3))
        assert found == (
            "'p0': tau 0.0009 s is shorter than the step 0.001 s; forward Euler needs tau >= dt. Pass a smaller dt=."
        )
        check_network(network((ONES, LIF(tau=1e-3)), dt=1e-3))

    @pytest.mark.parametrize("dt", [0.0, -1.0, np.nan, np.inf])
    def test_the_step_is_a_time(self, dt):
        found = message(network((ONES, IF()), dt=dt))
        assert found == f"'dt': is {dt}; a step is a positive number of seconds. Pass dt= in seconds."

    def test_sparse_indices_lie_within_the_matrix(self):
        """The kernels write where the indices say, unchecked."""
        weight = sp.csr_matrix(np.eye(2))
        weight.indices[:] = [0, 10**6]
        with pytest.raises(GraphError, match="damaged matrix"):
            Sparse(weight)


def test_all_faults_of_a_network_come_at_once():
    graph = network((Dense([[np.nan, 1], [1, 1]]), LIF(tau=-1.0, r=np.ones(3))), (ONES, IF(threshold=np.inf)), dt=-1.0)
    graph = joined(graph, Projection("x", "p0", (ONES,)), Projection("p1", "p1", (ONES,), -1.0))
    found = "\n".join(messages(graph))
    for part in (
        "tau is not positive",
        "r has shape (3,)",
        "threshold holds NaN",
        "a weight is NaN",
        "'x' does not exist",
        "a delay is negative",
        "'dt': is -1.0",
    ):
        assert part in found
