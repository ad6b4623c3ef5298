"""Van Rossum's distance against its definition, written out over pairs of spikes and as a numeric integral."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurokit.errors import InputError
from neurokit.profiling.trains import relative_distance, relative_error, van_rossum
from tests.tolerances import FILTERED_TRAINS

RNG = np.random.default_rng(3)


def by_pairs(first: np.ndarray, second: np.ndarray, tau: float) -> float:
    """1/tau * integral of (f - g)^2 of two trains (steps,): each pair of events costs e^(-|t - t'|/tau) / 2."""
    events = [(t, float(a)) for t, a in enumerate(first) if a] + [(t, -float(b)) for t, b in enumerate(second) if b]
    return sum(a * b * math.exp(-abs(s - t) / tau) for s, a in events for t, b in events) / 2


def by_integral(first: np.ndarray, second: np.ndarray, tau: float) -> float:
    """The definition itself on a fine grid, midpoint rule, far past the end."""
    fine, dt = np.arange(0, len(first) + 12 * tau, 0.01) + 0.005, 0.01
    trace = np.zeros(len(fine))
    for t, change in enumerate(first.astype(float) - second):
        trace += np.where(fine >= t, change * np.exp(-np.maximum(fine - t, 0) / tau), 0)
    return float(np.square(trace).sum() * dt / tau)


@pytest.mark.parametrize("tau", [0.5, 3.0, 10.0, 200.0])
@pytest.mark.parametrize("graded", [False, True])
def test_equals_the_definition_over_pairs(tau: float, graded: bool) -> None:
    spikes = [RNG.integers(-3, 4, (2, 40, 3, 2)) if graded else RNG.random((2, 40, 3, 2)) < 0.3 for _ in range(2)]
    first, second = (np.asarray(s, np.int32 if graded else np.uint8) for s in spikes)
    found = van_rossum(first, second, tau)
    assert found.shape == (2, 3, 2)
    wanted = np.array(
        [[[by_pairs(first[b, :, i, j], second[b, :, i, j], tau) for j in range(2)] for i in range(3)] for b in range(2)]
    )
    np.testing.assert_allclose(found, wanted, **FILTERED_TRAINS)


def test_equals_the_integral() -> None:
    first, second = (RNG.random(20) < 0.3 for _ in range(2))
    wanted = by_integral(first, second, 4.0)
    found = float(van_rossum(first[None, :, None], second[None, :, None], 4.0)[0, 0])
    assert found == pytest.approx(wanted, rel=1e-2)  # the grid's own error: a hundredth of a step at each jump
    assert wanted > 0.5


def train(*steps: int) -> np.ndarray:
    values = np.zeros((1, 100, 1), np.uint8)
    values[0, list(steps), 0] = 1
    return values


def test_known_values() -> None:
    """One event too many costs a half; one that comes n steps late 1 - e^(-n/tau)."""
    assert van_rossum(train(), train(50), 10)[0, 0] == pytest.approx(0.5, rel=1e-12)
    assert van_rossum(train(99), train(), 10)[0, 0] == pytest.approx(0.5, rel=1e-12)
    for late in (1, 5, 40):
        assert van_rossum(train(20), train(20 + late), 10)[0, 0] == pytest.approx(1 - math.exp(-late / 10), rel=1e-12)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 100))
def test_it_is_a_metric(seed: int, tau: float) -> None:
    rng = np.random.default_rng(seed)
    a, b, c = (rng.integers(0, 2, (1, 15, 1)).astype(np.uint8) for _ in range(3))
    ab, bc, ac = (math.sqrt(van_rossum(x, y, tau)[0, 0]) for x, y in ((a, b), (b, c), (a, c)))
    assert (ab == 0) == bool((a == b).all())
    assert ab == math.sqrt(van_rossum(b, a, tau)[0, 0])
    assert ac <= ab + bc + 1e-12


def test_relative_to_silence() -> None:
    spikes = (RNG.random((2, 30, 5)) < 0.3).astype(np.uint8)
    silence = np.zeros_like(spikes)
    assert relative_distance(spikes, spikes) == 0
    assert relative_distance(spikes, silence) == pytest.approx(1, rel=1e-12)
    assert relative_distance(silence, spikes) == math.inf
    assert relative_distance(silence, silence) == 0


def test_relative_error() -> None:
    assert relative_error(np.array([3.0, 4.0]), np.array([3.0, 4.0])) == 0
    assert relative_error(np.array([3.0, 4.0]), np.array([0.0, 0.0])) == pytest.approx(1, rel=1e-12)
    assert relative_error(np.array([3.0, 4.0]), np.array([4.0, 3.0])) == pytest.approx(math.sqrt(2) / 5, rel=1e-12)
    assert relative_error(np.zeros(2), np.ones(2)) == math.inf


@pytest.mark.parametrize("tau", [0, -1.0, math.inf, math.nan, True, "ten"])
def test_a_time_constant_is_positive(tau: object) -> None:
    with pytest.raises(InputError, match=r"'tau': is .* positive number of steps"):
        van_rossum(train(), train(), tau)  # type: ignore[arg-type]


def test_shapes_must_agree() -> None:
    with pytest.raises(InputError, match=r"'trains': have shapes \(1, 100, 1\) and \(1, 99, 1\)"):
        van_rossum(train(), train()[:, :99])
