"""Fits of the growth curves, and that a peer's environment says why it cannot be made."""

import numpy as np
import pytest

from benchmarks.growth import fit, measure_memory
from benchmarks.peers.environment import Environment, interpreters


def test_a_line_is_a_line_to_its_end():
    x = np.linspace(1e3, 5e5, 13)
    found = fit(x, 2 + 0.02 * x / 1e3 + 0.05 * np.sin(x))
    assert found["linear_points"] == 13
    assert found["flat"] is None
    assert found["slope_ns"] == pytest.approx(0.02, rel=0.02)
    assert found["base_us"] == pytest.approx(2, rel=0.05)
    assert found["r2"] > 0.99


def test_a_constant_after_a_line_is_found():
    x = np.linspace(1e3, 5e5, 13)
    y = np.where(x < 2e5, 50 + x / 1e3, 180.0) * (1 + 0.005 * np.cos(x))
    found = fit(x, y)
    assert found["linear_points"] == int((x < 2e5).sum())
    assert 1 < found["flat"] < 1.02
    assert found["slope_ns"] == pytest.approx(1, rel=0.03)


def test_a_constant_all_along_is_no_line():
    x = np.linspace(1e3, 5e5, 13)
    found = fit(x, 40 + 0.5 * np.sin(x))
    assert (found["linear_points"], found["r2"]) == (0, None)
    assert 1 < found["flat"] < 1.03


def test_two_points_before_a_constant_make_no_line():
    x = np.linspace(1e3, 5e5, 13)
    found = fit(x, np.where(np.arange(13) < 2, 80, 40 + 0.5 * np.sin(x)))
    assert (found["linear_points"], found["r2"]) == (2, None)
    assert found["flat"] < 1.03


def test_a_curve_is_no_line():
    x = np.linspace(0, 1, 13)
    assert fit(x, x**6)["r2"] < 0.98


def test_memory_counts_the_weights():
    found = measure_memory("dense", 1500)
    assert found["weights"] == 1500**2
    assert 1 < found["ratio"] < 4


def test_an_environment_that_cannot_be_made_says_why():
    assert "no Python 9.9 or 9.10" in Environment("none", ("9.9", "9.10"), ()).make()
    assert next(interpreters(("9.9",)), None) is None
