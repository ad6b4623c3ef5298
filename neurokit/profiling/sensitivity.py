"""How far an estimate may be off, and which coefficient it hangs on.

Bounds take all coefficients at their bounds together, which is next to impossible if they err independently. The
likely range draws each coefficient by itself, once for all its events, from a triangular distribution between its
bounds with its peak at the nominal value, and gives the central 90 % of what comes out. A coefficient whose nominal
value lies nearer the geometric than the arithmetic middle of its bounds is known up to a factor: its logarithm is
drawn. Draws are independent; an error common to all coefficients (say, that Loihi 2 spends half of what Loihi 1 does
on everything) is not in the likely range, but it is within the bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from neurokit.place.chips import Coefficients, Range

Floats = NDArray[np.float64]
Draws = Mapping[str, Floats]

DRAWS = 4000  # the ends of the likely range then move by about 3 % of its width from seed to seed
CENTRAL = 0.9
_ROUNDING = 1e-12  # of a total: smaller changes are those of sums in another order
_ORDER = tuple(field.name for field in fields(Coefficients))


@dataclass(frozen=True)
class Influence:
    """What one coefficient does to a total.

    share: of the variance, when each coefficient varies alone, the others nominal; all shares sum to 1. low, high:
    change of the total (J or s) when it alone goes to its bound.
    """

    coefficient: str
    share: float
    low: float
    high: float


def drawn(ranges: Mapping[str, Range], seed: int, draws: int = DRAWS) -> dict[str, Floats]:
    """Random values of each coefficient, in SI: name -> (draws,). One stream each: others' do not change them."""
    values = {}
    for name, coefficient in ranges.items():
        low, nominal, high = coefficient.si()
        generator = np.random.default_rng([seed, _ORDER.index(name)])
        if low == high:
            values[name] = np.full(draws, nominal)
        elif low > 0 and abs(nominal - (low * high) ** 0.5) < abs(nominal - (low + high) / 2):
            values[name] = np.exp(generator.triangular(np.log(low), np.log(nominal), np.log(high), draws))
        else:
            values[name] = generator.triangular(low, nominal, high, draws)
    return values


def at_bounds(ranges: Mapping[str, Range]) -> dict[str, Floats]:
    """All at their low, nominal and high values, in SI: name -> (3,)."""
    return {name: np.array(coefficient.si()) for name, coefficient in ranges.items()}


def central(values: Floats) -> tuple[float, float]:
    """Ends of the central 90 %."""
    low, high = np.quantile(values, [(1 - CENTRAL) / 2, (1 + CENTRAL) / 2])
    return float(low), float(high)


def influences(total: Callable[[Draws], Floats], ranges: Mapping[str, Range], values: Draws) -> tuple[Influence, ...]:
    """What each coefficient does to `total` (a function of all coefficients), the strongest first; 0 is left out.

    values: `drawn(ranges, seed)`.
    """
    nominal = {name: np.array(coefficient.si()[1:2]) for name, coefficient in ranges.items()}
    (middle,) = total(nominal)
    found = []
    for name, coefficient in ranges.items():
        low, _, high = np.broadcast_to(total({**nominal, name: np.array(coefficient.si())}), 3)
        variance = float(np.var(total({**nominal, name: values[name]})))
        found.append((name, variance, float(low - middle), float(high - middle)))

    def moved(low: float, high: float) -> bool:
        return bool(max(abs(low), abs(high)) > _ROUNDING * abs(middle))

    everything = sum(variance for _, variance, _, _ in found) or 1.0
    kept = [Influence(n.replace("_", " "), v / everything, low, high) for n, v, low, high in found if moved(low, high)]
    return tuple(sorted(kept, key=lambda influence: -influence.share))
