"""Products with constants that are no torch.nn.Linear: converted where they are linear maps, held against torch."""

import pytest

import neurokit as nk
from neurokit.errors import ConversionError
from tests.converters.test_torch import Of, leaky, stepwise
from tests.converters.torch_equal import assert_equal, randomise
from tests.frameworks import framework

torch, snn = framework("torch", "snntorch")
nn = torch.nn


def inner(operation):
    """The operation between two layers of neurons, on values (samples, 12)."""
    return lambda self, x: self.b(operation(self, self.a(self.fc(x)).to(self.w.dtype)))


PRODUCTS = {
    "addmm": inner(lambda self, y: torch.addmm(self.bias, y, self.w.t())),
    "addmm_scaled": inner(lambda self, y: torch.addmm(self.bias, y, self.w.t(), beta=0.5, alpha=2)),
    "addmm_method": inner(lambda self, y: self.bias.expand(len(y), -1).addmm(y, self.w.t())),
    "einsum": inner(lambda self, y: torch.einsum("bi,oi->bo", y, self.w)),
    "einsum_turned": inner(lambda self, y: torch.einsum("oi, bi -> bo", self.w, y)),
    "einsum_dots": inner(lambda self, y: torch.einsum("...i,oi->...o", y, self.w)),
    "einsum_implicit": inner(lambda self, y: torch.einsum("bi,io", y, self.w.t())),
    "einsum_features": inner(lambda self, y: torch.einsum("bij,jk->bik", y.view(-1, 3, 4), self.small).flatten(1)),
    "einsum_swapped": inner(lambda self, y: torch.einsum("bij,jk->bki", y.view(-1, 3, 4), self.small).flatten(1)),
    "einsum_diagonal": inner(lambda self, y: torch.einsum("bi,i->bi", y, self.gain).repeat(1, 1)[:, :9]),
    "einsum_list": inner(lambda self, y: torch.einsum("bi,oi->bo", [y, self.w])),
    "tensordot": inner(lambda self, y: torch.tensordot(y, self.w, dims=([1], [1]))),
    "tensordot_count": inner(lambda self, y: torch.tensordot(y, self.w.t(), 1)),
    "bmm": inner(lambda self, y: torch.bmm(y[:, None], self.w.t().expand(len(y), -1, -1))[:, 0]),
    "baddbmm": inner(
        lambda self, y: torch.baddbmm(self.bias, y[:, None], self.w.t().expand(len(y), -1, -1), alpha=1.5)[:, 0]
    ),
}


def module_of(name, forward):
    torch.manual_seed(4)
    parts = {"fc": nn.Linear(20, 12), "a": leaky(threshold=0.5), "b": leaky(threshold=0.4)}
    for key, shape in {"w": (9, 12), "bias": (9,), "small": (4, 3), "gain": (12,)}.items():
        parts[key] = nn.Parameter(torch.rand(shape) * 0.8 - 0.1)
    net = randomise(Of(forward, **parts))
    return net


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_that_are_linear_maps(name):
    network = assert_equal(module_of(name, PRODUCTS[name]), (20,), ["b"], stepwise, dt=1e-3)
    assert set(network.populations) == {"a", "b"}


REFUSED = {
    "two_values": (inner(lambda self, y: torch.einsum("bi,bi->bi", y, 2 * y)[:, :9]), "multiplies two values"),
    "over_samples": (inner(lambda self, y: torch.einsum("bi,oi->o", y, self.w).expand(2, 9)), "samples or steps"),
    "one_operand": (inner(lambda self, y: torch.einsum("bi->ib", y).t()[:, :9]), "of 1 operands"),
    "by_sample": (
        inner(lambda self, y: torch.bmm(y[:, None], torch.stack((self.w.t(), 2 * self.w.t())))[:, 0]),
        "other weights for each sample",
    ),
    "adds_a_value": (inner(lambda self, y: torch.addmm(y[:, :9], y, self.w.t())), "adds a value to a product"),
    "bias_by_sample": (
        inner(lambda self, y: torch.addmm(torch.stack((self.bias, 2 * self.bias)), y, self.w.t())),
        "changes from sample to sample",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_products_that_are_none(name):
    forward, words = REFUSED[name]
    with pytest.raises(ConversionError) as caught:
        nk.convert(module_of(name, forward), shape=(20,), dt=1e-3)
    assert words in str(caught.value)
    assert all(fault.mend for fault in caught.value.faults)


def test_products_too_large_to_write_out():
    forward = lambda self, x: self.a(torch.einsum("bchw,oc->bohw", x, self.w))  # noqa: E731
    net = Of(forward, a=leaky(), w=nn.Parameter(torch.rand(64, 64)))
    with pytest.raises(ConversionError, match=r"weights are written out\. Use Conv2d or Linear"):
        nk.convert(net, shape=(64, 64, 64), dt=1e-3)
