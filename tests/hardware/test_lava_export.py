"""`to_lava`: a Program inside somebody's Lava application."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from neurokit.errors import GraphError
from neurokit.graph.network import Program
from neurokit.graph.synapses import Conv2d, Dense, Injection
from neurokit.hardware.lava.export import to_lava
from tests.hardware.programs import neuron, one_projection, program, spikes, weights
from tests.reference import run as run_reference

pytest.importorskip("lava", reason="Lava needs Python 3.10")
RNG = np.random.default_rng


@pytest.fixture(autouse=True)
def _lavas_own_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def play(process: Any, sources: list[tuple[Any, Any]], sinks: list[Any], steps: int, read: tuple[Any, ...] = ()) -> Any:
    """Wire Lava's RingBuffers to the ports and run, as any user of Lava does: (what came out, variables read)."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.io.sink import RingBuffer as Sink
    from lava.proc.io.source import RingBuffer as Source

    for port, values in sources:
        Source(data=np.moveaxis(values, 0, -1)).s_out.connect(port)
    buffers = []
    for port in sinks:
        buffers.append(Sink(shape=port.shape, buffer=steps))
        port.connect(buffers[-1].a_in)
    try:
        process.run(RunSteps(num_steps=steps), Loihi2SimCfg(select_tag="fixed_pt"))
        return [np.moveaxis(b.data.get(), -1, 0) for b in buffers], [process.states[key].get() for key in read]
    finally:
        process.stop()


def images() -> Program:
    """Image in, image out: the ports turn images round in both directions."""
    conv = Conv2d(weights(RNG(1), (3, 2, 2, 3)), padding=(1, 0))
    shape = conv.output_shape((2, 4, 5))
    assert shape is not None
    return one_projection(conv, (2, 4, 5), shape, 2)


def test_one_input_and_output() -> None:
    made, values = images(), spikes(RNG(2), 12, 2, 4, 5)
    wanted = run_reference(made, {"in": values}, 12)
    process = to_lava(made)
    assert process.inp.shape == (2, 4, 5)
    (found,), (v,) = play(process, [(process.inp, values)], [process.out], 12, (("out", "v"),))
    np.testing.assert_array_equal(found, wanted.spikes["out"])
    assert found.any()
    np.testing.assert_array_equal(v.transpose(2, 1, 0), wanted.v["out"][-1])


def test_several_inputs_and_outputs_have_their_names() -> None:
    made = program(
        {"a->b": (2, 2, 3), "c": (4,)},
        {"1": ((5,), neuron()), "x.y": ((2, 2, 3), neuron(reset="soft"))},
        {
            ("a->b", "1"): (Dense(weights(RNG(1), (5, 12))), 1),
            ("c", "1"): (Dense(weights(RNG(2), (5, 4)), exponent=-2), 1),
            ("a->b", "x.y"): (Injection(), 0),
            ("1", "x.y"): (Dense(weights(RNG(3), (12, 5))), 3),
        },
        ("1", "x.y"),
    )
    inputs = {"a->b": RNG(4).integers(-40, 90, (15, 2, 2, 3)), "c": RNG(5).integers(-40, 90, (15, 4))}
    wanted = run_reference(made, inputs, 15)
    process = to_lava(made, graded=True)
    assert process.inp_a__b is process.inputs["a->b"]
    assert process.out_x_y is process.outputs["x.y"]
    sources = [(process.inputs[name], values) for name, values in inputs.items()]
    (one, image), _ = play(process, sources, [process.out_1, process.out_x_y], 15)
    np.testing.assert_array_equal(one, wanted.spikes["1"])
    np.testing.assert_array_equal(image, wanted.spikes["x.y"])
    assert one.any()
    assert image.any()


def test_without_graded_every_value_is_a_spike() -> None:
    made = one_projection(Dense(weights(RNG(1), (5, 4))), (4,), (5,))
    values = RNG(5).integers(-1, 2, (15, 4))
    process = to_lava(made)
    (found,), _ = play(process, [(process.inp, values)], [process.out], 15)
    np.testing.assert_array_equal(found, run_reference(made, {"in": values != 0}, 15).spikes["out"])


def test_part_of_a_larger_network() -> None:
    """Two Programs one after the other, through a Dense of Lava's."""
    first, second = (one_projection(Dense(weights(RNG(i), (3, 3), "excitatory")), (3,), (3,)) for i in (1, 2))
    values = spikes(RNG(3), 14, 3)
    one, two = to_lava(first, name="one"), to_lava(second, name="two")
    one.out.connect(two.inp)
    between = run_reference(first, {"in": values}, 14).spikes["out"]
    (found,), _ = play(two, [(one.inp, values)], [two.out], 14)
    np.testing.assert_array_equal(found, run_reference(second, {"in": between}, 14).spikes["out"])
    assert found.any()


def test_unsound_programs_are_refused() -> None:
    with pytest.raises(GraphError, match="weights are not whole numbers"):
        to_lava(one_projection(Dense(np.ones((2, 3))), (3,), (2,)))
