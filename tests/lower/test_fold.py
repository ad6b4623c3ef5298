"""Folding: a chain folded to one map computes what its maps compute one after the other, in plain loops."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings

from neurokit.graph.network import Projection
from neurokit.graph.neurons import IF
from neurokit.graph.synapses import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    ResizeConv2d,
    Sparse,
    SumPool2d,
    Upsample2d,
    Weighted,
)
from neurokit.lower.fold import fold, fold_chain, to_matrix
from tests.images import image_map, nearest
from tests.networks import joined, network, random_chain
from tests.programs import seeds
from tests.tolerances import FLOAT64_SUMS


def windows(x, kernel, stride, padding, dilation=(1, 1)):
    """(channels, out rows, out columns, kernel rows, kernel columns) by loops."""
    x = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    rows = (x.shape[1] - dilation[0] * (kernel[0] - 1) - 1) // stride[0] + 1
    columns = (x.shape[2] - dilation[1] * (kernel[1] - 1) - 1) // stride[1] + 1
    result = np.zeros((x.shape[0], rows, columns, *kernel))
    for oy in range(rows):
        for ox in range(columns):
            for ky in range(kernel[0]):
                for kx in range(kernel[1]):
                    result[:, oy, ox, ky, kx] = x[
                        :, oy * stride[0] + ky * dilation[0], ox * stride[1] + kx * dilation[1]
                    ]
    return result


def apply(synapse, x):
    """One map, biases included."""
    if isinstance(synapse, Flatten):
        start, end = synapse.start % x.ndim, synapse.end % x.ndim
        return x.reshape(*x.shape[:start], -1, *x.shape[end + 1 :])
    if isinstance(synapse, SumPool2d):
        return windows(x, synapse.kernel, synapse.stride, synapse.padding).sum(axis=(3, 4)) * synapse.weight
    if isinstance(synapse, Upsample2d):
        return x[:, nearest(x.shape[1], synapse.size[0])][:, :, nearest(x.shape[2], synapse.size[1])]
    if isinstance(synapse, ResizeConv2d | ConvTranspose2d):
        result = image_map(synapse, x)
        return result if synapse.bias is None else result + synapse.bias[:, None, None]
    if isinstance(synapse, Conv2d):
        seen = windows(x, synapse.weight.shape[2:], synapse.stride, synapse.padding, synapse.dilation)
        out, per_group = synapse.weight.shape[:2]
        images = []
        for o in range(out):
            first = o // (out // synapse.groups) * per_group
            images.append(np.einsum("cyxkl,ckl->yx", seen[first : first + per_group], synapse.weight[o]))
        result = np.stack(images)
        return result if synapse.bias is None else result + synapse.bias[:, None, None]
    weight = synapse.weight.toarray() if isinstance(synapse, Sparse) else synapse.weight
    result = weight @ x.ravel()
    return result if synapse.bias is None else result + synapse.bias


def assert_folded(maps, source, rng):
    x = rng.normal(size=source)
    wanted = x
    for synapse in maps:
        wanted = apply(synapse, wanted)
    single, constant = fold_chain(maps, source, wanted.shape)
    assert isinstance(single, Weighted)
    assert getattr(single, "bias", None) is None
    found = apply(single, x).reshape(wanted.shape) + constant
    np.testing.assert_allclose(found, wanted, **FLOAT64_SUMS)
    silent = np.zeros(source)
    for synapse in maps:
        silent = apply(synapse, silent)
    np.testing.assert_allclose(np.broadcast_to(constant, wanted.shape), silent, **FLOAT64_SUMS)
    return single


@settings(max_examples=200, deadline=None)
@given(seeds)
def test_random_chains(seed):
    rng = np.random.default_rng(seed)
    source = (int(rng.integers(1, 4)), int(rng.integers(3, 9)), int(rng.integers(3, 9))) if seed % 4 else (6,)
    maps, _ = random_chain(rng, source, int(rng.integers(1, 5)))
    assert_folded(maps, source, rng)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_map_as_a_matrix(seed):
    rng = np.random.default_rng(seed)
    source = (2, int(rng.integers(3, 7)), int(rng.integers(3, 7)))
    (synapse,), _ = random_chain(rng, source, 1)
    x = rng.normal(size=source)
    silence = apply(synapse, np.zeros(source)).ravel()
    np.testing.assert_allclose(
        to_matrix(synapse, source) @ x.ravel(), apply(synapse, x).ravel() - silence, **FLOAT64_SUMS
    )


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
def test_a_tiling_pool_becomes_part_of_the_convolution(padding, dilation, groups):
    """No listed synapses: a larger kernel with a larger stride stays a convolution."""
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(4, 2 // groups, 2, 3))
    chain = (
        SumPool2d((2, 3), (2, 3), weight=1 / 6),
        Conv2d(weight, (1, 2), padding, dilation, groups, rng.normal(size=4)),
    )
    single = assert_folded(chain, (2, 8, 15), rng)
    assert isinstance(single, Conv2d)
    assert single.stride == (2, 6)


@pytest.mark.parametrize(("pool", "image"), [
    (SumPool2d(2, 2), (5, 4)),  # a row is left over: padding of the convolution would see it
    (SumPool2d(3, 2), (7, 7)),
    (SumPool2d(2, 3), (8, 8)),
    (SumPool2d(2, 2, 1), (4, 4)),
])  # fmt: skip
def test_other_pools_become_listed_synapses(pool, image):
    chain = (pool, Conv2d(np.ones((1, 1, 2, 2)), padding=1))
    assert isinstance(assert_folded(chain, (1, *image), np.random.default_rng(0)), Sparse)


def test_what_a_chain_becomes():
    dense, conv = Dense(np.ones((3, 18))), Conv2d(np.ones((2, 1, 2, 2)))
    rng = np.random.default_rng(1)
    assert isinstance(assert_folded((SumPool2d(2, 2),), (2, 4, 4), rng), SumPool2d)
    assert isinstance(assert_folded((conv, Flatten(), dense), (1, 4, 4), rng), Dense)
    assert isinstance(assert_folded((Flatten(),), (2, 3, 3), rng), Sparse)
    assert isinstance(assert_folded((), (4,), rng), Sparse)
    assert isinstance(assert_folded((conv, Conv2d(np.ones((1, 2, 2, 2)))), (1, 4, 4), rng), Sparse)
    assert isinstance(assert_folded((conv, Flatten(1, 2)), (1, 4, 4), rng), Sparse), "a convolution gives images only"


def test_a_resize_joins_the_convolution_behind_it():
    rng = np.random.default_rng(2)
    resize = Upsample2d((7, 9))
    conv = Conv2d(rng.normal(size=(4, 1, 3, 2)), (2, 1), (1, 0), (1, 2), 2, rng.normal(size=4))
    assert isinstance(assert_folded((resize, conv), (2, 3, 5), rng), ResizeConv2d)
    assert isinstance(assert_folded((resize, SumPool2d(3, 2, 1, 1 / 9)), (2, 3, 5), rng), ResizeConv2d)
    assert isinstance(assert_folded((resize,), (2, 3, 5), rng), ResizeConv2d)
    assert isinstance(assert_folded((resize, conv, Flatten()), (2, 3, 5), rng), Sparse)
    assert isinstance(assert_folded((resize, resize), (2, 3, 5), rng), Sparse), "twice to the nearest is not once"


def test_a_transposed_convolution_stays_one():
    rng = np.random.default_rng(3)
    transposed = ConvTranspose2d(rng.normal(size=(4, 3, 3, 2)), 2, 1, 1, 1, 2, rng.normal(size=6))
    assert isinstance(assert_folded((transposed,), (4, 3, 5), rng), ConvTranspose2d)
    assert isinstance(assert_folded((transposed, Flatten()), (4, 3, 5), rng), Sparse)


def test_biases_of_a_population_add_up_over_its_projections():
    graph = network(
        (Dense(np.ones((2, 3)), np.array([1.0, 2.0])), IF()), (Dense(np.eye(2), np.ones(2)), IF()), shape=(3,)
    )
    graph = joined(graph, Projection("in", "p1", (Dense(np.ones((2, 3)), np.array([10.0, 20.0])),)))
    folded, biases = fold(graph)
    assert biases["p0"].tolist() == [1, 2]
    assert biases["p1"].tolist() == [11, 21]
    assert all(p.synapse.bias is None for p in folded.projections)
    assert graph.projections[0].synapse.bias is not None, "the network given in stays as it was"


def test_biases_of_channels_and_of_neurons_add_up():
    conv = Conv2d(np.ones((2, 1, 1, 1)), bias=np.array([1.0, 2.0]))
    dense = Dense(np.ones((8, 4)), np.arange(8.0))
    graph = network((conv, IF()), shape=(1, 2, 2))
    graph = joined(graph, Projection("p0", "p0", (Flatten(), Dense(np.ones((8, 8)), np.arange(8.0)))))
    _, biases = fold(graph)
    wanted = np.arange(8.0).reshape(2, 2, 2) + np.array([1, 2]).reshape(2, 1, 1)
    np.testing.assert_array_equal(np.broadcast_to(biases["p0"], (2, 2, 2)), wanted)
    assert dense.output_shape((1, 2, 2)) == (8,)


def test_a_bias_before_padding_reaches_the_border_less():
    first = Conv2d(np.ones((1, 1, 1, 1)), bias=np.array([1.0]))
    chain = (first, Conv2d(np.ones((1, 1, 3, 3)), padding=1))
    _, constant = fold_chain(chain, (1, 3, 3), (1, 3, 3))
    assert constant[0].tolist() == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]


@pytest.mark.parametrize("kind", [np.float16, np.int8])
def test_narrow_weights_neither_overflow_nor_fail(kind):
    """Half-precision and int8 checkpoints: products of maps need wider numbers."""
    weight = np.full((2, 2), 100, kind)
    single, _ = fold_chain((Dense(weight), Dense(weight)), (2,), (2,))
    np.testing.assert_array_equal(np.asarray(single.weight, np.float64), np.full((2, 2), 20000.0))
    single, _ = fold_chain((Dense(weight), Sparse(sp.csr_matrix(weight.astype(float)))), (2,), (2,))
    np.testing.assert_array_equal(single.weight.toarray(), np.full((2, 2), 20000.0))
