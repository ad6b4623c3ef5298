"""Quantities with bounds, and how they are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from neurokit.place.chips import Range

_PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


@dataclass(frozen=True)
class Estimate:
    """low <= nominal <= high in `unit` (J, s, W, /s). The bounds follow the coefficients'; no confidence interval.

    likely: central 90 % of what seeded draws of the coefficients between their bounds give (`sensitivity.py`), None
    where nothing was drawn; sums do not keep it.
    """

    low: float
    nominal: float
    high: float
    unit: str
    likely: tuple[float, float] | None = None

    @classmethod
    def of(cls, coefficient: Range, amount: float, unit: str) -> Estimate:
        """`amount` times a coefficient."""
        low, nominal, high = coefficient.si()
        return cls(low * amount, nominal * amount, high * amount, unit)

    def __add__(self, other: Estimate) -> Estimate:
        if self.unit != other.unit:  # our own bug
            raise AssertionError(f"{self.unit} + {other.unit}")
        return Estimate(self.low + other.low, self.nominal + other.nominal, self.high + other.high, self.unit)

    def times(self, factor: float) -> Estimate:
        """All of it times a number >= 0."""
        likely = None if self.likely is None else (self.likely[0] * factor, self.likely[1] * factor)
        return Estimate(self.low * factor, self.nominal * factor, self.high * factor, self.unit, likely)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        likely = None if self.likely is None else list(self.likely)
        return {"low": self.low, "nominal": self.nominal, "high": self.high, "unit": self.unit, "likely": likely}

    def __str__(self) -> str:
        """As in `73.4 µJ (31.7 to 112; 90 %: 54.2 to 90.1)`, all with the nominal's prefix."""
        power = _power(self.nominal or self.high)
        low, nominal, high = (digits(value / 10.0**power) for value in (self.low, self.nominal, self.high))
        drawn = "" if self.likely is None else "; 90 %: " + " to ".join(digits(v / 10.0**power) for v in self.likely)
        return f"{nominal} {_PREFIXES[power]}{self.unit} ({low} to {high}{drawn})"


def quantity(value: float, unit: str) -> str:
    """Three digits and an SI prefix: 7.34e-5, "J" -> `73.4 µJ`."""
    power = _power(value)
    return f"{digits(value / 10.0**power)} {_PREFIXES[power]}{unit}".rstrip()


def digits(value: float) -> str:
    """About three significant digits, without an exponent where that is readable; thousands separated."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = 2 - math.floor(math.log10(abs(value)))
    if places > 8:
        return f"{value:.2e}"
    rounded = round(value, places)
    return f"{rounded:,.{max(0, 2 - math.floor(math.log10(abs(rounded))))}f}"


def count(value: float) -> str:
    """Whole numbers with separated thousands; below 1000, fractions keep three digits."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else digits(value)


def _power(value: float) -> int:
    if value == 0 or not math.isfinite(value):
        return 0
    exponent = math.floor(math.log10(float(f"{abs(value):.2e}")))  # 999.9e-9 is written 1.00e-6
    return max(-12, min(12, 3 * (exponent // 3)))
