"""A FixedRule's products as the string that Lava reads.

Printed from checked products only, and without what Lava 0.10.0 takes for something else (`u10`, `x0*(y1*2)`).
"""

from __future__ import annotations

from collections.abc import Sequence

from neurokit.graph.fixed_plasticity import FixedFactor, FixedRule, Product


def lava_string(products: Sequence[Product], decimation: int) -> str:
    """The sum of `products` in the grammar of lava-nc 0.10.0 (magma/core/learning), "" for none; u is u<decimation>."""
    return "".join(
        _signed(product, decimation) if k else _signed(product, decimation).removeprefix("+")
        for k, product in enumerate(products)
    )


def lava_strings(rule: FixedRule) -> dict[str, str]:
    """The strings of dw, dt and dd that are not empty, by those names."""
    sums = {"dw": rule.dw, "dt": rule.dt, "dd": rule.dd}
    return {name: lava_string(products, rule.decimation) for name, products in sums.items() if products}


def _signed(product: Product, decimation: int) -> str:
    dependency = f"u{decimation}" if product.dependency == "u" else product.dependency
    size = abs(product.mantissa)
    scale = [f"{size}"] if size != 1 else []
    power = [f"2^{product.exponent}"] if product.exponent else []
    sign = "-" if product.mantissa < 0 else "+"
    return sign + "*".join([*scale, *power, dependency, *(_factor(f) for f in product.factors)])


def _factor(factor: FixedFactor) -> str:
    inner = f"{factor.variable}{factor.constant:+d}" if factor.constant else factor.variable
    if factor.sign:
        return f"sgn({inner})"
    return f"({inner})" if factor.constant else inner
