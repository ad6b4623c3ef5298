"""Resized and transposed convolutions and pools in the simulator, against the plain reference, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurokit as nk
from neurokit.graph.check import check_program
from neurokit.graph.network import Input, Population, Program, Projection
from neurokit.graph.neurons import Integrator, LoihiLIF
from neurokit.graph.synapses import Conv2d, ConvTranspose2d, Flatten, ResizeConv2d, SumPool2d, Upsample2d, nearest
from neurokit.lower.fixedpoint import image_input, wrap24
from tests import images, reference
from tests.networks import network
from tests.overflowing import ON_PURPOSE
from tests.programs import seeds
from tests.tolerances import FLOAT64_SUMS

pytestmark = ON_PURPOSE


def one(synapse, source, delay=1):
    """in -> out through `synapse`; u is the input of the step, as long as it stays below 2**17."""
    target = synapse.output_shape(source)
    population = Population("out", target, LoihiLIF(4096, 4096, (2**17 - 1) << 6))
    projections = (Projection("in", "out", (synapse,), delay),)
    return check_program(Program({"in": Input("in", source)}, {"out": population}, projections, {"out": population}))


def assert_exact(program, values, steps):
    found = nk.run(program, values, steps=steps, record=("out", ("out", "u"), ("out", "v")))
    wanted = reference.run(program, {"in": values}, steps)
    np.testing.assert_array_equal(found.states["out", "u"], wanted.u["out"])
    np.testing.assert_array_equal(found.states["out", "v"], wanted.v["out"])
    np.testing.assert_array_equal(found.spikes["out"], wanted.spikes["out"])
    return found


def payloads(rng, shape, largest, rate=0.4):
    active = rng.random(shape) < rate
    return active.astype(int) if largest == 1 else active * rng.integers(-largest, largest + 1, shape)


@settings(max_examples=150, deadline=None)
@given(seeds, st.sampled_from([1, 40, 2**23 - 1]), st.integers(-8, 7))
def test_any_map_payload_and_exponent(seed, largest, exponent):
    rng = np.random.default_rng(seed)
    source = (int(rng.integers(1, 4)), int(rng.integers(2, 9)), int(rng.integers(2, 9)))
    synapse = images.random_image_map(rng, source, exponent)
    if synapse.output_shape(source) is None:
        return
    values = payloads(rng, (6, *source), largest, float(rng.choice([0.05, 0.5, 1.0])))
    assert_exact(one(synapse, source, int(rng.integers(1, 4))), values, 9)
    plainly = image_input(synapse, values[0])
    shifted = images.image_map(synapse, values[0].astype(np.int64)) * 2.0**exponent
    np.testing.assert_array_equal(plainly, wrap24(np.floor(shifted).astype(np.int64)))


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from(["axon", "target", "synapse"]), st.sampled_from([1, 2**23 - 1]), st.integers(-4, 4))
def test_delays_of_their_own(seed, kind, largest, exponent):
    """The sum of each delay is shifted and wrapped by itself."""
    rng = np.random.default_rng(seed)
    source = (2, int(rng.integers(2, 6)), int(rng.integers(2, 6)))
    synapse = images.random_image_map(rng, source, exponent)
    target = synapse.output_shape(source)
    if target is None:
        return
    sizes = int(np.prod(target)), int(np.prod(source))
    shape = {"axon": (1, sizes[1]), "target": (sizes[0], 1), "synapse": sizes}[kind]
    assert_exact(one(synapse, source, rng.integers(1, 64, shape)), payloads(rng, (6, *source), largest), 70)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_in_floats(seed):
    """A Network reads out what the map gives, the bias included."""
    rng = np.random.default_rng(seed)
    source = (2, int(rng.integers(2, 8)), int(rng.integers(2, 8)))
    image = rng.normal(size=source) * (rng.random(source) < 0.5)
    chains = [
        (Upsample2d(rng.integers(1, 12, 2)), Conv2d(rng.normal(size=(3, 2, 2, 1)), 1, 1, bias=rng.normal(size=3))),
        (Upsample2d(rng.integers(1, 12, 2)),),
        (ConvTranspose2d(rng.normal(size=(2, 2, 3, 2)), 2, 1, 1, groups=2, bias=rng.normal(size=4)),),
        (SumPool2d(2, rng.integers(1, 3, 2), 1, 0.25),),
        (SumPool2d((2, 1), 1, 0, 0.5), Flatten()),
    ]
    for chain in chains:
        wanted = image
        for synapse in chain:
            wanted = applied(synapse, wanted)
        found = nk.run(network((chain, Integrator()), shape=source), image[None])
        np.testing.assert_allclose(found.states["p0", "v"][0], wanted, **FLOAT64_SUMS)


def applied(synapse, x):
    if isinstance(synapse, Flatten):
        return x.ravel()
    if isinstance(synapse, Upsample2d):
        rows, columns = (images.nearest(n, m) for n, m in zip(x.shape[1:], synapse.size, strict=True))
        return x[:, rows][:, :, columns]
    result = images.image_map(synapse, x)
    bias = getattr(synapse, "bias", None)
    return result if bias is None else result + bias[:, None, None]


@pytest.mark.parametrize(("before", "after"), [(17, 37), (22, 48), (33, 69), (44, 91), (130, 264), (173, 350)])
def test_stereospikes_resizes(before, after):
    """No ratio is whole; every source row is used, in order, the last one last."""
    index = nearest(before, after)
    assert index.tolist() == images.nearest(before, after)
    assert (np.diff(index) >= 0).all()
    assert sorted(set(index)) == list(range(before))


def test_the_rule_is_in_single_precision():
    """14 to 46: place 23 is 7 exactly, but 23 times the rounded ratio lies below."""
    assert nearest(14, 46)[23] == 6
    sizes = [(n, m) for n in range(1, 60) for m in range(1, 60)]
    differing = [s for s in sizes if nearest(*s).tolist() != [i * s[0] // s[1] for i in range(s[1])]]
    assert differing == [s for s in sizes if images.nearest(*s) != [i * s[0] // s[1] for i in range(s[1])]]
    assert len(differing) == 11


def test_a_large_image_is_picked_in_pieces(monkeypatch):
    from neurokit.hardware.simulator import image_links

    rng = np.random.default_rng(0)
    synapse = ResizeConv2d((13, 11), rng.integers(-128, 128, (3, 2, 3, 3)))
    program, values = one(synapse, (2, 6, 5)), payloads(rng, (9, 2, 6, 5), 1)
    whole = assert_exact(program, values, 12)
    monkeypatch.setattr(image_links, "PICKED_BYTES", 1)
    parts = assert_exact(program, values, 12)
    np.testing.assert_array_equal(whole.states["out", "u"], parts.states["out", "u"])


def test_a_compiled_decoder_spikes_as_its_network():
    """Upsample, transposed convolution and pool in a row: whole weights, so nothing is lost."""
    rng = np.random.default_rng(4)

    def whole(*shape):
        weight = rng.integers(-60, 90, shape).astype(float)
        weight.flat[0] = 127
        return weight

    from neurokit.graph.neurons import IF

    graph = network(
        ((Upsample2d((9, 11)), Conv2d(whole(3, 2, 3, 3))), IF(200.0)),
        (ConvTranspose2d(whole(3, 2, 3, 3), 2, 1, 1), IF(150.0)),
        (SumPool2d(3, 2), IF(2.0)),
        (SumPool2d(2, 2, 0, 0.25), IF(0.75)),
        shape=(2, 4, 5),
    )
    program = nk.compile(graph)
    kinds = [type(p.synapse) for p in program.projections]
    assert kinds == [ResizeConv2d, ConvTranspose2d, SumPool2d, SumPool2d]
    values = (rng.random((20, 2, 4, 5)) < 0.4).astype(int)
    wanted = nk.run(graph, values, record=tuple(graph.populations))
    found = nk.run(program, values, steps=24, record=tuple(graph.populations))
    for name in graph.populations:
        aligned = found.aligned(name)
        assert aligned.any(), name
        np.testing.assert_array_equal(aligned[:20], wanted.spikes[name], name)
