"""The strings of rules: Lava's own parser reads from them the products they were printed from."""

import numpy as np
import pytest
from lava.magma.core.learning.product_series import ProductSeries
from lava.magma.core.learning.symbolic_equation import SymbolicEquation

from neurokit.graph.fixed_plasticity import TRACES, FixedFactor, FixedRule, Product
from neurokit.graph.fixed_plasticity_text import lava_string, lava_strings


def random_factor(rng):
    variable = str(rng.choice([*TRACES, "w", "t", "d"]))
    constant = int(rng.integers(-127, 128)) * int(rng.integers(2))
    return FixedFactor(variable, constant, variable in "wtd" and bool(rng.integers(2)))


def random_product(rng):
    mantissa = int(rng.choice([m for m in range(-7, 8) if m]))
    factors = [random_factor(rng) for _ in range(rng.integers(4))]
    dependency = str(rng.choice(["x0", "y0", "u"]))
    if dependency == "y0" and rng.integers(2):
        factors.insert(0, FixedFactor("x0"))
    return Product(mantissa, int(rng.integers(-7, 9)), dependency, tuple(factors))


@pytest.mark.parametrize("seed", range(50))
def test_lavas_parser_reads_the_products(seed):
    rng = np.random.default_rng(seed)
    products = tuple(random_product(rng) for _ in range(rng.integers(1, 6)))
    decimation = int(rng.integers(10))
    read = ProductSeries(SymbolicEquation("dw", lava_string(products, decimation)))
    assert len(read.products) == len(products)
    for found, expected in zip(read.products, products, strict=True):
        assert found.dependency == expected.dependency
        assert (found.s_mantissa, found.s_exp - 7) == (expected.mantissa, expected.exponent)  # 7: Lava's own shift
        assert found.decimate_exponent == (decimation if expected.dependency == "u" else None)
        factors = [(f.state_var, f.const or 0, f.is_sgn) for f in found.factors]
        assert factors == [(f.variable, f.constant, f.sign) for f in expected.factors]


def test_sums_without_products_have_no_string():
    rule = FixedRule("r", (Product(1, 0, "u", (FixedFactor("t"),)),), dd=(Product(-3, -2, "x0"),))
    assert lava_strings(rule) == {"dw": "u0*t", "dd": "-3*2^-2*x0"}
