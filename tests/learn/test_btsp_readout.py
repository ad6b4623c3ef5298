"""The best output under Dale's law: what the outputs hear, both fits against scipy and plain sums, bad labels."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import nnls

from neurokit.errors import InputError
from neurokit.learn.btsp.network import Sizes, forward
from neurokit.learn.btsp.readout import LOSSES, heard, nonnegative
from neurokit.learn.btsp.start import initial
from neurokit.learn.btsp.training import one_hot

SMALL = Sizes((12, 9, 8, 4), (4, 3, 2), (3, 2))


def drawn(seed=1, samples=40):
    rng = np.random.default_rng(seed)
    return rng.random((samples, 12)).astype(np.float32), rng.integers(0, 4, samples)


def test_what_the_outputs_hear_is_their_state_in_the_network():
    """Exact where the outputs leave their inhibition alone."""
    net, (x, _) = initial(SMALL, 3), drawn()
    quiet = dict(net.weights) | {"OutputSomaI_OutputE": np.zeros_like(net.weights["OutputSomaI_OutputE"])}
    net = replace(net, weights=quiet)
    r, inhibition = heard(net, x, at_once=7)
    z = r @ net.weights["OutputE_H2E"].T - inhibition
    np.testing.assert_allclose(z, forward(net, x).states["OutputE"], rtol=1e-4, atol=1e-5)
    assert inhibition.min() >= 0
    assert inhibition.max() > 0


@pytest.mark.parametrize("fit", ["targets", "classes"])
def test_the_losses_derivatives_equal_differences(fit):
    z, wanted = np.random.default_rng(2).normal(size=(6, 4)), one_hot(np.arange(6) % 4, 4).astype(float)
    _, by_z = LOSSES[fit](z, wanted)
    for at in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[at] = 1e-5
        difference = (LOSSES[fit](z + step, wanted)[0] - LOSSES[fit](z - step, wanted)[0]) / 2e-5
        assert difference == pytest.approx(by_z[at], abs=1e-6)


def test_targets_without_a_bend_are_non_negative_least_squares():
    """With x >= 0 and W >= 0 no z is below 0: the same problem as scipy's nnls, with all penalties small."""
    rng = np.random.default_rng(4)
    x, y = rng.random((60, 8)).astype(np.float32), rng.integers(0, 4, 60)
    found = nonnegative(x, y, 4, "targets", penalty=1e-9)
    expected = np.array([nnls(x.astype(float), wanted)[0] for wanted in one_hot(y, 4).T])
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert (found >= 0).all()
    capped = nonnegative(x, y, 4, "targets", w_max=0.1)
    assert capped.max() == pytest.approx(0.1)
    assert found.max() > 0.1


def test_classes_reach_what_only_other_signs_seem_to_reach():
    """One class where a source is silent: no z of least squares with W >= 0 tells it, the largest z does."""
    rng = np.random.default_rng(5)
    x = rng.random((400, 2)).astype(np.float32)
    y = (x[:, 0] < x[:, 1] * 0.3).astype(np.int64)
    w = nonnegative(x, y, 2, "classes", penalty=1e-6)
    assert (w >= 0).all()
    assert ((x @ w.T).argmax(1) == y).mean() > 0.97


def test_a_missing_label_is_named():
    with pytest.raises(InputError, match="are 3 for 4 samples"):
        nonnegative(np.ones((4, 2), np.float32), np.zeros(3, np.int64), 2, "targets")
