from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurokit.profiling.estimate import Estimate, count, digits, quantity


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.34e-5, "73.4 µJ"),
        (0, "0 J"),
        (1, "1.00 J"),
        (999.6e-9, "1.00 µJ"),
        (-2.5e-3, "-2.50 mJ"),
        (1.5e13, "15.0 TJ"),
        (3e-15, "0.00300 pJ"),
        (float("inf"), "inf J"),
    ],
)
def test_quantities(value: float, text: str) -> None:
    assert quantity(value, "J") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (9.996, "10.0"), (123456, "123,000"), (0.012345, "0.0123"), (1e-12, "1.00e-12"), (999.9, "1,000")],
)
def test_digits(value: float, text: str) -> None:
    assert digits(value) == text


@pytest.mark.parametrize(("value", "text"), [(3, "3"), (1234.6, "1,235"), (2.5, "2.50"), (1e6, "1,000,000")])
def test_counts(value: float, text: str) -> None:
    assert count(value) == text


def test_an_estimate_has_one_prefix() -> None:
    assert str(Estimate(31.66e-6, 73.41e-6, 112.3e-6, "J")) == "73.4 µJ (31.7 to 112)"
    assert str(Estimate(0, 0, 5e-9, "J")) == "0 nJ (0 to 5.00)"


@given(st.floats(1e-11, 1e13))
def test_three_digits_are_kept(value: float) -> None:
    number, prefix = quantity(value, "J").split()
    factor = dict(zip(("p", "n", "µ", "m", "", "k", "M", "G", "T"), range(-12, 13, 3), strict=True))[prefix[:-1]]
    assert float(number.replace(",", "")) * 10.0**factor == pytest.approx(value, rel=5.1e-3)
