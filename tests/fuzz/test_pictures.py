"""Images and wave files, damaged at random."""

import io

import numpy as np
import pytest
import scipy.io.wavfile
from PIL import Image

from neurokit.encode.pictures import read_picture, read_wave
from tests.fuzz.mutations import fuzz

QUICK, MANY = 150, 10_000


def written(suffix):
    rng, file = np.random.default_rng(0), io.BytesIO()
    if suffix == ".wav":
        scipy.io.wavfile.write(file, 8000, rng.normal(0, 3000, 500).astype(np.int16))
    else:
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(file, suffix[1:])
    return file.getvalue()


def read(path):
    return read_wave(path) if path.suffix == ".wav" else read_picture(path, (3, 16, 16), resize=True)


SUFFIXES = (".wav", ".png", ".jpeg", ".bmp", ".gif", ".tiff", ".ppm")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_some(suffix, tmp_path):
    assert fuzz(read, written(suffix), tmp_path / f"x{suffix}", range(QUICK)) > 0


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_many(suffix, tmp_path):
    assert fuzz(read, written(suffix), tmp_path / f"x{suffix}", range(1000, 1000 + MANY)) > 0
