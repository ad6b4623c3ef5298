"""Depth errors against plain loops over pixels, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from neurokit.encode.stereo import MVSEC
from neurokit.errors import InputError
from neurokit.profiling.depth import depth_error


def maps(seed=0, shape=(3, 5, 7)):
    random = np.random.default_rng(seed)
    true = random.uniform(0.8, 9, shape)
    true[random.random(shape) < 0.3] = np.nan
    true[0, 0, 0] = 0.0  # unknown, too
    return true + random.normal(0, 0.6, shape), true


def predicted_and_true():
    found, true = maps()
    found[np.isnan(found)] = 4.0
    return found, true


def plain(found, true, rig):
    """One pixel after the other, one map after the other."""
    of_maps, near = [], []
    for k in range(len(true)):
        errors, close = [], []
        for row in range(true.shape[1]):
            for column in range(true.shape[2]):
                z, wanted = found[k, row, column], true[k, row, column]
                if wanted == wanted and wanted > 0:
                    errors.append(abs(z - wanted))
                    close.append(abs(19.941771812941038 / z - 19.941771812941038 / wanted) <= 1)
        of_maps.append(sum(errors) / len(errors))
        near.append(sum(close) / len(close))
    return of_maps, sum(near) / len(near)


def test_errors_are_those_of_plain_loops():
    found, true = predicted_and_true()
    of_maps, near = plain(found, true, MVSEC)
    error = depth_error(found, true, MVSEC)
    np.testing.assert_allclose(error.of_maps, of_maps, rtol=1e-12)
    assert error.mean == pytest.approx(np.mean(of_maps))
    assert error.one_pixel == pytest.approx(near)
    assert 0.2 < near < 1
    assert (error.maps, error.pixels) == (3, int((true > 0).sum()))


def test_a_map_counts_once_however_many_pixels_it_knows():
    true = np.full((2, 2, 2), np.nan)
    true[0], true[1, 0, 0] = 1.0, 1.0
    assert depth_error(np.array([np.full((2, 2), 2.0), np.full((2, 2), 4.0)]), true).mean == pytest.approx(2.0)


def test_a_prediction_behind_the_camera_is_no_close_disparity():
    assert depth_error(np.full((1, 2, 2), -1.0), np.full((1, 2, 2), 2.0), MVSEC).one_pixel == 0


def test_it_says_what_it_found():
    found, true = predicted_and_true()
    assert "cm (3 maps, " in str(depth_error(found, true, MVSEC))
    assert depth_error(found, true).one_pixel is None
    assert str(depth_error(np.full((3, 1, 1), 1.5), np.ones((3, 1, 1)))) == "mean depth error 50.0 cm (3 maps)"


def test_what_does_not_fit_is_said_at_once():
    found, true = predicted_and_true()
    with pytest.raises(InputError, match=r"has shape \(3, 5, 7\), the truth \(2, 5, 7\)"):
        depth_error(found, true[:2])
    with pytest.raises(InputError, match="not empty"):
        depth_error(found[:0], true[:0])
    found[1, 2, 3] = np.inf
    true[2] = np.nan
    with pytest.raises(InputError) as caught:
        depth_error(found, true)
    assert "'predicted': holds NaN or infinity in 1 maps, the first number 1" in str(caught.value)
    assert "'true': knows no depth in 1 maps, the first number 2" in str(caught.value)
