"""Alignment, bias and variance, and the descent ratio on cases whose answers are known."""

import numpy as np
import pytest

from neurokit.errors import InputError
from neurokit.learn.alignment import alignment, descent_ratio, parts, spread

RNG = np.random.default_rng


def blocks(seed):
    rng = RNG(seed)
    return {"in": rng.normal(size=(5, 8)), "rec": rng.normal(size=(5, 5)), "out": rng.normal(size=(2, 5))}


def test_a_step_down_the_gradient_has_cosine_1_and_its_rate_as_scale():
    gradient = blocks(1)
    found = alignment({name: -0.03 * g for name, g in gradient.items()}, gradient)
    assert list(found) == ["in", "rec", "out", "all"]
    for one in found.values():
        assert one.cosine == pytest.approx(1, abs=1e-15)
        assert one.scale == pytest.approx(0.03)
    assert alignment(gradient, gradient)["all"].cosine == pytest.approx(-1)


def test_a_block_at_an_angle():
    """Turned by 60 degrees and twice as long: cosine .5, scale 1."""
    gradient = {"in": np.array([[1.0, 0.0]]), "rec": np.array([[0.0, 3.0]])}
    turned = {"in": -2 * np.array([[0.5, np.sqrt(0.75)]]), "rec": np.array([[0.0, 0.0]])}
    found = alignment(turned, gradient)
    assert found["in"].cosine == pytest.approx(0.5)
    assert found["in"].scale == pytest.approx(1)
    assert np.isnan(found["rec"].cosine)
    assert found["rec"].scale == 0
    assert found["all"].cosine == pytest.approx(1 / (2 * np.sqrt(10)))
    assert found["all"].scale == pytest.approx(1 / 10)


def test_a_part_can_be_lost_without_the_whole_showing_it():
    gradient = {"in": RNG(2).normal(size=(6, 10))}
    late = np.zeros((6, 10), bool)
    late[3:, :2] = True
    gradient["in"][late] *= 1e-2
    lost = {"in": np.where(late, 0, -gradient["in"])}
    cuts = {"in": {"late": late, "others": ~late}}
    found = alignment(parts(lost, cuts), parts(gradient, cuts))
    assert alignment(lost, gradient)["all"].cosine > 0.999
    assert found["in, others"].cosine == pytest.approx(1)
    assert found["in, late"].size == 0
    assert found["in, late"].moved == 0


def test_spread_of_a_rule_whose_bias_and_variance_are_known():
    """Changes c(-g + b + noise) with b orthogonal to g: bias |b| / |g|, deviation the noise's norm over |g|."""
    rng = RNG(3)
    g, b = np.zeros((20, 50)), np.zeros((20, 50))
    g[:10], b[10:] = rng.normal(size=(10, 50)), rng.normal(size=(10, 50))
    b *= 0.3 * np.linalg.norm(g) / np.linalg.norm(b)
    noise = 0.15 * np.linalg.norm(g) / np.sqrt(g.size)
    found = spread([0.02 * (-g + b + noise * rng.normal(size=g.shape)) for _ in range(40)], g)
    assert found.scale == pytest.approx(0.02, rel=0.01)
    assert found.bias == pytest.approx(0.3, abs=0.01)
    assert found.deviation == pytest.approx(0.15, abs=0.005)
    assert found.seeds == 40


def test_an_unbiased_rule_has_no_bias_however_noisy_it_is():
    """Without V / K taken off, the mean of 8 seeds would show a bias of .5 / sqrt 8 = .18."""
    rng, g = RNG(4), RNG(5).normal(size=(30, 40))
    squares = [spread([-g + 0.5 * rng.normal(size=g.shape) for _ in range(8)], g).bias_squared for _ in range(20)]
    assert abs(np.mean(squares)) < 3 * np.std(squares) / np.sqrt(20)
    assert np.abs(squares).max() < 0.1**2
    assert spread([-2 * g] * 2, g).deviation == 0


def test_descent_ratio_of_a_parabola():
    """E = |W|**2 / 2 and dW = -c g: 1 - c / 2."""
    weights = blocks(6)

    def loss(w):
        return sum(float((values**2).sum()) / 2 for values in w.values())

    for c in (1e-4, 0.5, 2.0, 3.0):
        step = {name: -c * values for name, values in weights.items()}
        assert descent_ratio(loss, weights, step, weights) == pytest.approx(1 - c / 2, abs=1e-8)
    still = {name: np.zeros_like(values) for name, values in weights.items()}
    assert np.isnan(descent_ratio(loss, weights, still, weights))


def test_arguments():
    gradient = blocks(7)
    with pytest.raises(InputError, match="has blocks in, rec; the gradient has in, rec, out"):
        alignment({name: gradient[name] for name in ("in", "rec")}, gradient)
    with pytest.raises(InputError, match=r"'in' has shape \(8, 5\); the gradient's has \(5, 8\)"):
        alignment(gradient | {"in": gradient["in"].T}, gradient)
    with pytest.raises(InputError, match="holds NaN") as caught:
        alignment(gradient | {"rec": np.full((5, 5), np.nan), "in": np.zeros(3)}, gradient)
    assert len(caught.value.faults) == 2
    with pytest.raises(InputError, match="no blocks"):
        alignment({}, {})
    with pytest.raises(InputError, match="two at least"):
        spread([gradient["in"]], gradient["in"])
    with pytest.raises(InputError, match="no part in the mean change"):
        spread([np.zeros(3), np.zeros(3)], np.ones(3))
    with pytest.raises(InputError, match="no part in the mean change"):
        spread([np.ones(3), np.ones(3)], np.zeros(3))
    with pytest.raises(InputError, match="'inn' is no block; there are in, rec, out"):
        parts(gradient, {"inn": {"a": np.ones((5, 8), bool)}})
    with pytest.raises(InputError, match=r"'in, a' has shape \(2,\)"):
        parts(gradient, {"in": {"a": np.ones(2, bool)}})
    with pytest.raises(InputError, match="weights"):
        descent_ratio(lambda _: 0.0, {}, gradient, gradient)
