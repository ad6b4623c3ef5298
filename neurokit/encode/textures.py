"""Textures for synthetic scenes: patches of grey with sharp edges, and the same ever less sharp for the distance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

TEXELS, LEVELS = 64, 6  # a texture repeats itself after 64 texels; level k is blurred over 2**k of them
GREYS = (3, 7)
DARK, BRIGHT = 0.1, 0.9


def texture(seed: np.random.Generator) -> NDArray[np.float32]:
    """(LEVELS, TEXELS, TEXELS) intensities 0..1: a smooth random surface cut into steps of grey, periodic."""
    frequency = np.fft.fftfreq(TEXELS) * TEXELS
    radius = np.hypot(frequency[:, None] * seed.uniform(0.5, 1.5), frequency[None] * seed.uniform(0.5, 1.5))
    highest = seed.uniform(4.0, 10.0)  # waves over a texture
    surface = _filtered(seed.normal(size=(TEXELS, TEXELS)), np.exp(-((radius / highest) ** 2)))
    greys = int(seed.integers(*GREYS))
    rank = surface.ravel().argsort().argsort().reshape(surface.shape) * greys // surface.size
    sharp = seed.permutation(np.exp(np.linspace(np.log(DARK), np.log(BRIGHT), greys)))[rank]
    plain = np.hypot(frequency[:, None], frequency[None]) / TEXELS
    blurs = [np.exp(-2 * (np.pi * plain * 0.5 * 2**level) ** 2) for level in range(LEVELS)]
    return np.stack([_filtered(sharp, blur) for blur in blurs]).clip(0, 1).astype(np.float32)


def look_up(
    textures: NDArray[np.float32],
    which: NDArray[Any],
    across: NDArray[Any],
    down: NDArray[Any],
    footprint: NDArray[Any],
) -> NDArray[np.float64]:
    """(n,) intensities of textures (t, LEVELS, TEXELS, TEXELS) at places in texels, seen by pixels of a footprint.

    which: (n,) texture. across, down: (n,) texels. footprint: (n,) texels that a pixel covers. Linear between texels
    and between levels.
    """
    level = np.log2(np.maximum(footprint, 1.0)).clip(0, LEVELS - 1)
    lower = np.minimum(level.astype(np.int64), LEVELS - 2)
    share = level - lower
    column, row = np.floor(across), np.floor(down)
    right, below = across - column, down - row
    columns = [(column.astype(np.int64) + more) % TEXELS for more in (0, 1)]
    rows = [(row.astype(np.int64) + more) % TEXELS * TEXELS for more in (0, 1)]
    flat = textures.ravel()
    found = np.zeros(len(across))
    for above, part in ((0, 1 - share), (1, share)):
        base = (which * LEVELS + lower + above) * TEXELS**2
        top = flat[base + rows[0] + columns[0]] * (1 - right) + flat[base + rows[0] + columns[1]] * right
        bottom = flat[base + rows[1] + columns[0]] * (1 - right) + flat[base + rows[1] + columns[1]] * right
        found += part * (top * (1 - below) + bottom * below)
    return found


def _filtered(picture: NDArray[Any], gains: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.fft.ifft2(np.fft.fft2(picture) * gains).real)
