"""Shapes of every map against torch's documented formulae, and the maps that do not fit."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

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
    chain_shape,
    pair,
)

small = st.integers(1, 4)
pairs = st.tuples(small, small)


def size(n, kernel, stride, padding, dilation):
    """torch.nn.Conv2d and AvgPool2d: floor((n + 2 p - d (k - 1) - 1) / s + 1)."""
    return int(np.floor((n + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1))


@given(
    st.tuples(st.integers(1, 12), st.integers(1, 12)), pairs, pairs, st.tuples(*[st.integers(0, 3)] * 2), pairs, small
)
def test_conv2d(image, kernel, stride, padding, dilation, channels):
    found = Conv2d(np.ones((channels, 2, *kernel)), stride, padding, dilation).output_shape((2, *image))
    wanted = [size(*numbers) for numbers in zip(image, kernel, stride, padding, dilation, strict=True)]
    assert found == ((channels, *wanted) if min(wanted) > 0 else None)


@given(st.tuples(st.integers(1, 12), st.integers(1, 12)), pairs, pairs, st.tuples(*[st.integers(0, 3)] * 2))
def test_sum_pool(image, kernel, stride, padding):
    found = SumPool2d(kernel, stride, padding).output_shape((3, *image))
    wanted = [size(*numbers, 1) for numbers in zip(image, kernel, stride, padding, strict=True)]
    assert found == ((3, *wanted) if min(wanted) > 0 else None)


@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), pairs, pairs, st.tuples(*[st.integers(0, 3)] * 4), pairs)
def test_conv_transpose2d(image, kernel, stride, paddings, dilation):
    """torch.nn.ConvTranspose2d: (n - 1) s - 2 p + d (k - 1) + o + 1; o is smaller than s or d."""
    padding, extra = paddings[:2], paddings[2:]
    found = ConvTranspose2d(np.ones((2, 3, *kernel)), stride, padding, extra, dilation).output_shape((2, *image))
    numbers = list(zip(image, kernel, stride, padding, extra, dilation, strict=True))
    wanted = [(n - 1) * s - 2 * p + d * (k - 1) + o + 1 for n, k, s, p, o, d in numbers]
    allowed = all(o < max(s, d) for _, _, s, _, o, d in numbers)
    assert found == ((3, *wanted) if allowed and min(wanted) > 0 else None)


@pytest.mark.parametrize(("groups", "channels", "fits"), [(1, 4, True), (2, 4, True), (3, 4, False), (0, 4, False),
                                                          (2, 8, False)])  # fmt: skip
def test_channels_and_groups_of_a_transposed_convolution(groups, channels, fits):
    """Its weight is (in, out / groups, ...)."""
    found = ConvTranspose2d(np.ones((4, 3, 2, 2)), groups=groups).output_shape((channels, 5, 5))
    assert found == ((3 * groups, 6, 6) if fits else None)


def test_resizes():
    assert Upsample2d((7, 9)).output_shape((2, 3, 4)) == (2, 7, 9)
    assert Upsample2d(1).output_shape((2, 3, 4)) == (2, 1, 1)
    assert Upsample2d((0, 3)).output_shape((2, 3, 4)) is None
    assert Upsample2d(3).output_shape((12,)) is None
    conv = ResizeConv2d((7, 9), np.ones((4, 1, 3, 2)), (2, 1), (0, 1), (1, 2), 2)
    assert conv.output_shape((2, 3, 4)) == conv.convolution.output_shape((2, 7, 9)) == (4, 3, 9)
    assert conv.output_shape((3, 3, 4)) is None
    assert ResizeConv2d((2, 9), conv.weight, groups=2).output_shape((2, 3, 4)) is None  # lower than the kernel


@pytest.mark.parametrize(("groups", "weight", "channels", "fits"), [
    (1, (4, 2, 3, 3), 2, True),
    (2, (4, 1, 3, 3), 2, True),
    (2, (4, 2, 3, 3), 2, False),  # two groups of two channels need four
    (2, (3, 1, 3, 3), 2, False),  # three outputs do not divide into two groups
    (1, (4, 2, 3, 3), 3, False),
    (0, (4, 2, 3, 3), 2, False),
])  # fmt: skip
def test_channels_and_groups(groups, weight, channels, fits):
    found = Conv2d(np.ones(weight), groups=groups).output_shape((channels, 5, 5))
    assert found == ((weight[0], 3, 3) if fits else None)


@pytest.mark.parametrize("numbers", [{"stride": 0}, {"dilation": 0}, {"padding": -1}])
def test_numbers_that_make_no_window(numbers):
    assert Conv2d(np.ones((1, 1, 2, 2)), **numbers).output_shape((1, 5, 5)) is None
    assert ConvTranspose2d(np.ones((1, 1, 2, 2)), **numbers).output_shape((1, 5, 5)) is None


def test_images_are_needed_where_windows_move():
    assert Conv2d(np.ones((1, 1, 2, 2))).output_shape((25,)) is None
    assert Conv2d(np.ones((1, 1, 2))).output_shape((1, 5, 5)) is None
    assert SumPool2d(2, 2).output_shape((5, 5)) is None
    assert SumPool2d(0, 1).output_shape((1, 5, 5)) is None
    assert SumPool2d(1, 1, weight=np.ones(2)).output_shape((2, 5, 5)) is None
    assert ConvTranspose2d(np.ones((1, 1, 2, 2))).output_shape((25,)) is None


@pytest.mark.parametrize("make", [Dense, lambda w: Sparse(sp.csr_matrix(w))], ids=["dense", "sparse"])
def test_matrices_take_flattened_sources(make):
    matrix = make(np.ones((3, 12)))
    assert matrix.output_shape((12,)) == (3,)
    assert matrix.output_shape((3, 2, 2)) == (3,)
    assert matrix.output_shape((11,)) is None


def test_a_weight_that_is_no_matrix():
    assert Dense(np.ones(12)).output_shape((12,)) is None


@pytest.mark.parametrize(("start", "end", "wanted"), [
    (0, -1, (24,)),
    (0, 1, (6, 4)),
    (1, 2, (2, 12)),
    (-2, -1, (2, 12)),
    (1, 1, (2, 3, 4)),
    (2, 1, None),
])  # fmt: skip
def test_flatten(start, end, wanted):
    assert Flatten(start, end).output_shape((2, 3, 4)) == wanted


@pytest.mark.parametrize(("start", "end"), [(0, 3), (3, 3), (-4, -1)])
def test_flatten_of_dimensions_that_do_not_exist(start, end):
    """`output_shape` promises None; torch raises IndexError."""
    assert Flatten(start, end).output_shape((2, 3, 4)) is None


def test_injection_and_chains():
    assert Injection().output_shape((2, 3, 4)) == (2, 3, 4)
    assert chain_shape((), (4,)) == (4,)
    maps = (Conv2d(np.ones((4, 2, 3, 3)), padding=1), SumPool2d(2, 2), Flatten(), Dense(np.ones((5, 16))))
    assert chain_shape(maps, (2, 4, 4)) == (5,)
    assert chain_shape(maps, (2, 5, 4)) == (5,)  # the last row does not fill a window
    assert chain_shape(maps, (2, 6, 4)) is None
    assert chain_shape((Dense(np.ones((3, 3))), Dense(np.ones((2, 4))), Flatten()), (3,)) is None


def test_pair():
    assert pair(3) == (3, 3)
    assert pair(np.array([2])) == (2, 2)
    assert pair([1, 2]) == (1, 2)


def test_parameters_are_copies_that_nobody_can_write_to():
    weight = np.ones((2, 2))
    dense = Dense(weight)
    weight[:] = 5
    assert (dense.weight == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        dense.weight[0, 0] = 3


def test_sparse_weights_are_copies_that_nobody_can_write_to():
    weight = sp.csr_matrix(np.eye(2))
    sparse = Sparse(weight)
    weight.data[:] = 5
    assert (sparse.weight.toarray() == np.eye(2)).all()
    with pytest.raises(ValueError, match="read-only"):
        sparse.weight.data[0] = 3


def test_sparse_adds_up_what_is_listed_twice():
    twice = sp.coo_matrix(([1.0, 2.0], ([0, 0], [1, 1])), shape=(1, 2))
    assert Sparse(twice).weight.toarray().tolist() == [[0, 3]]
