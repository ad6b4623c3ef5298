"""What Lava's own parser makes of the strings that we print: the products that were meant, in both engines' rules."""

from __future__ import annotations

from itertools import product as all_of
from typing import Any

import pytest

from neurokit.graph.fixed_plasticity import FixedFactor, FixedRule, Product
from neurokit.graph.fixed_plasticity_text import lava_strings
from neurokit.hardware.lava import loading
from neurokit.hardware.lava.float_rules import float_strings
from tests.hardware.test_lava_float_rules import DT, REFUSED, RULES, family
from tests.hardware.test_lava_learning import random_rule

pytest.importorskip("lava", reason="Lava needs Python 3.10")
FACTORS = [
    FixedFactor(variable, constant, sign)  # type: ignore[arg-type]
    for variable, constant in all_of(("x0", "y0", "x1", "x2", "y1", "y2", "y3", "w", "t", "d"), (0, 1, -16, 255, -256))
    for sign in ((False, True) if variable in "wtd" else (False,))
]


def read_by_lava(rule: FixedRule) -> dict[str, list[tuple[Any, ...]]]:
    """Products as Lava holds them, by target: mantissa, exponent, dependency, factors."""
    loading.load()
    from neurokit.hardware.lava.learning_rules import learning_rule

    return as_read(learning_rule(rule))


def as_read(rule: Any) -> dict[str, list[tuple[Any, ...]]]:
    return {
        target: [
            (
                product.s_mantissa,
                product.s_exp - 7,
                product.dependency,
                tuple((factor.state_var, factor.const or 0, factor.is_sgn) for factor in product.factors),
            )
            for product in series.products
        ]
        for target, series in rule.active_product_series.items()
    }


def meant(products: tuple[Product, ...]) -> list[tuple[Any, ...]]:
    return [
        (p.mantissa, p.exponent, p.dependency, tuple((f.variable, f.constant, f.sign) for f in p.factors))
        for p in products
    ]


def same(rule: FixedRule) -> None:
    read = read_by_lava(rule)
    for target in ("dw", "dt", "dd"):
        assert read.get(target, []) == meant(getattr(rule, target)), lava_strings(rule)


def test_every_factor() -> None:
    """Each alone and first or last of two, behind each dependency, a few products in one string."""
    for dependency in ("x0", "y0", "u"):
        pairs = [(factor, other) for factor, other in zip(FACTORS, FACTORS[7:] + FACTORS[:7], strict=True)]
        for start in range(0, len(FACTORS), 4):
            one = tuple(Product(-3, 2, dependency, (factor,)) for factor in FACTORS[start : start + 4])  # type: ignore[arg-type]
            two = tuple(Product(1, 0, dependency, pair) for pair in pairs[start : start + 4])  # type: ignore[arg-type]
            same(FixedRule("factors", one, two, (Product(1, 0, dependency),)))  # type: ignore[arg-type]


def test_every_constant() -> None:
    """Mantissas but -8, which Lava normalises, and all exponents."""
    for exponent in range(-7, 9):
        mantissas = [m for m in range(-7, 8) if m]
        same(FixedRule("constants", tuple(Product(m, exponent, "u", (FixedFactor("x1"),)) for m in mantissas)))


@pytest.mark.parametrize("decimation", range(10))
def test_decimation(decimation: int) -> None:
    rule = FixedRule("u", (Product(1, 0, "u", (FixedFactor("x1"),)),), decimation=decimation)
    same(rule)
    from neurokit.hardware.lava.learning_rules import learning_rule

    assert learning_rule(rule).decimate_exponent == decimation


def test_random_rules() -> None:
    for seed in range(25):
        same(random_rule(seed))


def test_what_lava_misreads_is_never_printed() -> None:
    """Its parser takes these for something else; no product of ours is printed so."""
    loading.load()
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule

    assert as_read(Loihi2FLearningRule(dw="x0*(y1*2)"))["dw"] == [(1, 0, "x0", (("y1", 2, False),))]
    assert as_read(Loihi2FLearningRule(dw="-8*2^0*x0"))["dw"] == [(-4, 1, "x0", ())]
    ten = Loihi2FLearningRule(dw="u10*x1")
    assert (ten.decimate_exponent, as_read(ten)["dw"][0][0]) == (1, 0)


@pytest.mark.parametrize("name", [name for name in RULES if family(name) not in REFUSED])
def test_strings_of_the_floating_point_engine(name: str) -> None:
    """Lava reads the products, constants and brackets that stand there."""
    loading.load()
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule

    rule = RULES[name]
    given = float_strings(rule, DT)
    kind = Loihi3FLearningRule if given.signals else Loihi2FLearningRule
    read = as_read(kind(**given.strings))
    for target, text in given.strings.items():
        for (mantissa, exponent, dependency, factors), printed in zip(read[target], _products(text), strict=True):
            assert printed.startswith(f"{mantissa}*2^{exponent}*{dependency}" + ("0" if dependency == "u" else ""))
            assert printed.count("*(") + printed.count("*sgn(") == sum(bool(c) for _, c, _ in factors)


def _products(text: str) -> list[str]:
    """At each sign outside of brackets that does not belong to an exponent."""
    parts, depth = [""], 0
    for k, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character in "+-" and depth == 0 and k and text[k - 1] != "^":
            parts.append("")
        parts[-1] += character
    return [part.removeprefix("+") for part in parts]
