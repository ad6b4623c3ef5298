"""Small holes of a map of depth, closed as the papers on MVSEC close them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def area_closing(picture: ArrayLike, least: int) -> NDArray[np.float64]:
    """(rows, columns): hollows of fewer than `least` pixels are filled up to where they spill over or are that large.

    A hollow is a patch of one value (pixels with common edges) with higher ones all around; NaN is lower than all
    numbers. What StereoSpike does to MVSEC's depth with scikit-image's area_closing, least = 24 (Vincent 1993,
    Morphological area openings and closings for grey-scale images).
    """
    level = np.array(picture, np.float64)
    level[np.isnan(level)] = -np.inf
    index = np.arange(level.size).reshape(level.shape)
    one = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    other = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    flat = level.ravel()
    while True:  # each round makes every small hollow larger by a pixel at least, so there are at most `least` rounds
        patch, size = _patches(flat, one, other)
        border = np.full(len(size), np.inf)  # the lowest value around a patch
        bounded = flat[one] != flat[other]
        for here, there in ((one[bounded], other[bounded]), (other[bounded], one[bounded])):
            np.minimum.at(border, patch[here], flat[there])
        value = np.empty(len(size))
        value[patch] = flat
        hollow = (size < least) & (border > value) & np.isfinite(border)
        if not hollow.any():
            break
        value[hollow] = border[hollow]
        flat = value[patch]
    return np.where(np.isneginf(flat), np.nan, flat).reshape(level.shape)


def _patches(flat: NDArray[Any], one: NDArray[Any], other: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The patch of equal value that each pixel belongs to, and the pixels of each patch."""
    same = flat[one] == flat[other]
    edges = coo_matrix((np.ones(int(same.sum()), np.int8), (one[same], other[same])), shape=(len(flat), len(flat)))
    patch = connected_components(edges, directed=False)[1]
    return patch, np.bincount(patch)
