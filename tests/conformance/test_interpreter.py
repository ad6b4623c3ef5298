"""The interpreter against other people's arithmetic: scipy's correlation, and sums written out.

Neurons are tested against Lava's models step by step (tests/hardware/test_lava_neuron.py), whole runs by the suite.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurokit.conformance.cases import build
from neurokit.conformance.images import IMAGE_MAPS
from neurokit.conformance.interpreter import Interpreter, interpret, matrix_of
from neurokit.conformance.synapses import SYNAPSES
from neurokit.graph.fixed_plasticity import FixedRule, Product
from neurokit.graph.neurons import LoihiLIF
from neurokit.graph.synapses import Conv2d, Dense
from tests.images import image_map

READOUT = LoihiLIF(4096, 0, 0, emits=False)  # u is the input of the step << 6


EDGES = [edge for model in IMAGE_MAPS for edge in SYNAPSES[model].edges()]


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{type(edge.synapse).__name__}: {edge.label}")
def test_maps_between_images(edge):
    image = np.random.default_rng(1).integers(-9, 10, edge.source)
    found = matrix_of(edge.synapse, edge.source) @ image.ravel()
    np.testing.assert_array_equal(found.reshape(edge.target), image_map(edge.synapse, image))


def currents(synapse, delay, x, shape, target):
    program = build({"in": shape}, {"out": (target, READOUT)}, {("in", "out"): (synapse, delay)}, ("out",))
    return interpret(program, {"in": np.asarray(x)}, len(x))[1]["out", "u"] >> 6


def test_each_delay_is_shifted_by_itself():
    """3 and 5 arrive together: (3 >> 1) + (5 >> 1) is 3, and (3 + 5) >> 1 would be 4."""
    x = [[1, 0], [0, 1], [0, 0], [0, 0]]
    found = currents(Dense([[3, 5]], exponent=-1), [[2, 1]], x, (2,), (1,))
    assert found.ravel().tolist() == [0, 0, 3, 0]
    together = currents(Dense([[3, 5]], exponent=-1), 1, [[1, 1], [0, 0]], (2,), (1,))
    assert together.ravel().tolist() == [0, 4]


def test_a_convolution_wraps_at_24_bits():
    found = currents(Conv2d([[[[1]], [[1]]]]), 1, [[[[2**22]], [[2**22]]], [[[0]], [[0]]]], (2, 1, 1), (1, 1, 1))
    assert found.ravel().tolist() == [
        0,
        2**18 - 2**23,
    ]  # the sum is -2**23; u wraps once, by 2**24, which is 2**18 << 6


def test_what_a_recording_holds():
    program = build(
        {"in": (2,)}, {"out": ((1,), LoihiLIF(4096, 4096, 64 * 4))}, {("in", "out"): (Dense([[3, 5]]), 1)}, ("out",)
    )
    found = Interpreter().run(program, {"in": np.array([[[1, 0], [0, 1]], [[1, -2], [0, 0]]])}, 3)
    assert found.states["out", "u"].tolist() == [[[0], [192], [320]], [[0], [-448], [0]]]
    assert found.spikes["out"].tolist() == [[[0], [0], [1]], [[0], [0], [0]]]
    assert {name: values.tolist() for name, values in found.counts.items()} == {
        "in": [[1, 1], [1, 1]],
        "out": [[1], [0]],
    }
    assert {name: values.tolist() for name, values in found.step_counts.items()} == {"in": [3, 1, 0], "out": [0, 0, 1]}
    assert (found.batch, found.steps, found.backend) == (2, 3, "interpreter")


def test_a_program_that_learns():
    """One synapse that each spike of its source makes stronger, after it was sent on; weights stay, tags do not."""
    rule = FixedRule("count", (Product(1, 0, "x0"),), dt=(Product(3, 0, "x0"),), tag_start=5)
    program = build({"in": (1,)}, {"out": ((1,), READOUT)}, {("in", "out"): (Dense([[10]]), 1)}, ("out",))
    program = replace(program, projections=(replace(program.projections[0], plasticity=rule),))
    found = Interpreter().run(program, {"in": np.array([[[1], [0], [1], [1]], [[0], [1], [1], [0]]])}, 4)
    assert (found.states["out", "u"][..., 0] >> 6).tolist() == [[0, 10, 0, 11], [0, 0, 13, 14]]
    assert found.states["in->out", "weight"][..., 0, 0].tolist() == [[11, 11, 12, 13], [13, 14, 15, 15]]
    assert found.states["in->out", "tag"][..., 0, 0].tolist() == [[8, 8, 11, 14], [5, 8, 11, 11]]
    assert found.program.projections[0].synapse.weight.tolist() == [[15]]
    assert program.projections[0].synapse.weight.tolist() == [[10]]
