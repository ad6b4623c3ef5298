"""Maps between images written out: the same to the bit, for the chips, and what does not fit is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

import neurokit as nk
from neurokit.errors import CompileError, InputError
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import IF, LoihiLIF
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, ResizeConv2d, Sparse, SumPool2d, Upsample2d
from tests.images import random_image_map
from tests.networks import network
from tests.programs import seeds


def one(synapse, source=(1, 4, 4), delay=1):
    target = synapse.output_shape(source)
    population = Population("out", target, LoihiLIF(700, 100, 64 * 300))
    projections = (Projection("in", "out", (synapse,), delay),)
    return Program({"in": Input("in", source)}, {"out": population}, projections, {"out": population})


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_the_same_to_the_bit(seed):
    rng = np.random.default_rng(seed)
    source = (2, int(rng.integers(2, 7)), int(rng.integers(2, 7)))
    synapse = random_image_map(rng, source, int(rng.integers(-3, 3)))
    if synapse.output_shape(source) is None:
        return
    synapse = replace(synapse, weight=np.asarray(synapse.weight) // 16)  # so that taps which meet still fit
    sizes = int(np.prod(synapse.output_shape(source))), int(np.prod(source))
    delay = rng.integers(1, 5, sizes if rng.random() < 0.5 else ())
    program = one(synapse, source, delay)
    expanded = nk.expand(program, "in->out")
    assert isinstance(expanded.projections[0].synapse, Sparse)
    values = (rng.random((12, *source)) < 0.4).astype(int)
    record = ("out", ("out", "u"), ("out", "v"))
    wanted, found = (nk.run(p, values, steps=16, record=record) for p in (program, expanded))
    np.testing.assert_array_equal(found.spikes["out"], wanted.spikes["out"])
    for state in "uv":
        np.testing.assert_array_equal(found.states["out", state], wanted.states["out", state])


def test_a_compiled_decoder_for_the_chip():
    rng = np.random.default_rng(1)
    graph = network(
        (Conv2d(rng.normal(size=(3, 2, 3, 3)), 2, 1), IF()),
        ((Upsample2d((7, 9)), Conv2d(rng.normal(size=(2, 3, 3, 3)))), IF()),
        shape=(2, 6, 8),
    )
    program = nk.compile(graph, bits=5)
    assert program.targets == ("lava-cpu",)
    expanded = nk.expand(program)
    assert expanded.targets == ("lava-cpu", "loihi2-stock", "loihi1")
    assert [type(p.synapse) for p in expanded.projections] == [Conv2d, Sparse], "what the chip has stays"
    note = f"p0->p1 is written out as {expanded.projections[1].synapse.weight.nnz:,} synapses"
    assert note in expanded.report[1].notes
    assert expanded.report[0] == program.report[0]
    assert nk.expand(expanded).projections == expanded.projections


def test_delays_are_a_reason_and_names_choose():
    conv, pool = Conv2d(np.ones((1, 1, 2, 2), int)), SumPool2d(2, 2)
    assert nk.expand(one(conv)).projections[0].synapse is conv
    assert isinstance(nk.expand(one(conv, delay=3)).projections[0].synapse, Sparse)
    assert isinstance(nk.expand(one(pool), "in->out").projections[0].synapse, Sparse)
    with pytest.raises(InputError, match="'out->in': is no map between images; maps between images are: in->out"):
        nk.expand(one(conv), "out->in")
    with pytest.raises(InputError, match="Program"):
        nk.expand(network((conv, IF()), shape=(1, 3, 3)))


def test_a_common_power_of_two_goes_into_the_exponent():
    """Twofold: up to four taps of 100 meet; 400 = 100 << 2."""
    synapse = ResizeConv2d((8, 8), np.full((1, 1, 2, 2), 100), (2, 2), exponent=-1)
    listed = nk.expand(one(synapse)).projections[0].synapse
    assert listed.exponent == 0
    assert set(listed.weight.data) == {200}


def test_what_does_not_fit():
    synapse = ResizeConv2d((8, 8), np.array([[[[127, 127], [127, 126]]]]))
    with pytest.raises(CompileError) as caught:
        nk.expand(one(synapse))
    assert str(caught.value) == (
        "'in->out': taps that meet in one source add up: a weight is 507; weights of one sign reach 255. "
        "Compile with fewer bits=, 2 less for this one, or leave it a convolution."
    )
    strong = ConvTranspose2d(np.full((600, 1, 1, 1), 255), exponent=7)
    with pytest.raises(CompileError, match=r"'in->out': may sum up to 19584000 a step; beyond 2\*\*23 a map wraps"):
        nk.expand(one(strong, (600, 1, 1)), "in->out")
    large = ResizeConv2d((400, 400), np.ones((20, 20, 5, 5), int))
    with pytest.raises(CompileError, match=r"would list 1,568,160,000 synapses; lists hold 268,435,456"):
        nk.expand(one(large, (20, 200, 200)))
