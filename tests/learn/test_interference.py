"""Measures of interference on cases whose answers are known."""

import numpy as np
import pytest

from neurokit.errors import InputError
from neurokit.learn.interference import drive_ratio, first_order, gradient_overlap, subspaces


def test_forgetting_of_a_quadratic_loss_to_first_order():
    """E_A = |W - A|**2 / 2 at distance d from its minimum; B moves by s at 45 degrees: cosine and product by hand."""
    gradient = {"in": np.array([[2.0, 0.0]]), "rec": np.array([[0.0, 1.0]])}
    change = {"in": np.array([[1.0, 1.0]]), "rec": np.array([[-3.0, 0.0]])}
    assert gradient_overlap(gradient, change) == pytest.approx(
        {"in": 1 / np.sqrt(2), "rec": 0, "all": 2 / np.sqrt(5 * 11)}
    )
    assert first_order(gradient, change) == pytest.approx({"in": 2, "rec": 0, "all": 2})
    small = {name: 1e-6 * values for name, values in change.items()}
    after = sum(((gradient[name] + small[name]) ** 2).sum() / 2 for name in gradient)
    before = sum((gradient[name] ** 2).sum() / 2 for name in gradient)
    assert first_order(gradient, small)["all"] == pytest.approx(after - before, rel=1e-5)
    with pytest.raises(InputError, match="has blocks in"):
        first_order(gradient, {"in": change["in"]})
    with pytest.raises(InputError, match="holds NaN"):
        gradient_overlap(gradient, change | {"in": np.full((1, 2), np.nan)})


def test_share_of_recurrent_drive():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(50, 7))
    assert drive_ratio(3 * inputs, inputs) == pytest.approx(0.75)
    assert drive_ratio(0 * inputs, inputs) == 0
    assert np.isnan(drive_ratio(0 * inputs, 0 * inputs))
    with pytest.raises(InputError, match=r"\(50, 6\)"):
        drive_ratio(inputs[:, :6], inputs)


def test_subspaces_at_a_known_angle():
    """Two planes in 6 dimensions that share one axis, their others 30 degrees apart; a constant offset is no matter."""
    rng = np.random.default_rng(2)
    one, other = np.zeros((2, 6)), np.zeros((2, 6))
    one[0, 0], one[1, 1] = 1, 1
    other[0, 0], other[1, 1:3] = 1, (np.cos(np.pi / 6), np.sin(np.pi / 6))
    a, b = rng.normal(size=(80, 2)) @ one + 5.0, rng.normal(size=(60, 2)) @ other - 1.0
    found = subspaces(a, b, 2)
    np.testing.assert_allclose(found.angles, [0, np.pi / 6], atol=1e-7)
    assert found.overlap == pytest.approx((1 + 0.75) / 2)
    assert found.share == pytest.approx((1, 1))
    assert found.dimensions == 2


def test_random_subspaces_overlap_by_k_over_n_and_disjoint_ones_not_at_all():
    rng = np.random.default_rng(3)
    overlaps = [subspaces(rng.normal(size=(300, 40)), rng.normal(size=(300, 40)), 8).overlap for _ in range(10)]
    assert np.mean(overlaps) == pytest.approx(8 / 40, abs=0.02)
    states = rng.normal(size=(50, 4))
    apart = subspaces(np.hstack([states, 0 * states]), np.hstack([0 * states, states]), 3)
    assert apart.overlap == pytest.approx(0, abs=1e-12)
    assert 0.5 < apart.share[0] < 1
    assert subspaces(states, states, 4).overlap == pytest.approx(1)


def test_arguments_of_subspaces():
    states = np.random.default_rng(4).normal(size=(50, 4))
    with pytest.raises(InputError, match="span 4 dimensions; 5 were asked for"):
        subspaces(states, states, 5)
    with pytest.raises(InputError, match="span 0 dimensions") as caught:
        subspaces(np.ones((9, 4)), states * np.nan, 1)
    assert "NaN" in str(caught.value)
    with pytest.raises(InputError, match="0 were asked for"):
        subspaces(states, states, 0)
    with pytest.raises(InputError, match="same neurons"):
        subspaces(states, states[:, :3], 2)
