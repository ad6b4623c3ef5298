"""Image files (Pillow) and wave files (scipy) as arrays for the encoders."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurokit.encode.events import damaged
from neurokit.encode.files import check_file
from neurokit.encode.sound import in_unit
from neurokit.errors import Fault, InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff")
MOST_PIXELS = 2**26
DAMAGED = (  # what Pillow and scipy raise
    *(OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError, AttributeError, IndexError, RuntimeError),
    *(OverflowError, ZeroDivisionError, struct.error),
)


def read_picture(path: Path, shape: tuple[int, ...], *, resize: bool = False) -> NDArray[np.float64]:
    """Values in 0..1 of an image for an input of `shape`: (1, rows, columns) or (rows, columns) in grey, (3, rows,
    columns) in colours, or as many neurons as the grey image has pixels. resize: bilinear, where the size differs.

    Raises FormatError (no image, damaged, more than 64 M pixels) and InputError (another size).
    """
    from PIL import Image, UnidentifiedImageError

    check_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow says of tags that it does without
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _values(path, shape, resize)
    except (UnidentifiedImageError, *DAMAGED) as error:
        raise damaged(str(path), f"cannot be read as an image ({error})") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise damaged(str(path), f"is too large ({error})") from error


def _values(path: Path, shape: tuple[int, ...], resize: bool) -> NDArray[np.float64]:
    from PIL import Image

    with path.open("rb") as file, Image.open(file) as image:
        if image.width * image.height > MOST_PIXELS:
            raise damaged(str(path), f"has {image.width}×{image.height} pixels", limit=f"{MOST_PIXELS:,} are read")
        colours = len(shape) == 3 and shape[0] == 3
        size = shape[-2:] if len(shape) in (2, 3) else (image.height, image.width)
        if (image.height, image.width) != size and not resize:
            fact, limit = f"has {image.height}×{image.width} pixels", f"the input has {size[0]}×{size[1]}"
            raise InputError(Fault(str(path), fact, limit, "Pass --fit resize, or scale it yourself."))
        if image.mode in ("I", "F"):  # the full scale of 32 bits is anybody's
            fact, mend = f"has 32 bits a pixel (mode {image.mode})", "Save values from 0 to 1 as .npy."
            raise damaged(str(path), fact, mend, "images of 8 or 16 bits are read")
        deep = image.mode.startswith("I;16")  # which convert("L") would cut off at 255
        found = image.convert("F" if deep else "RGB" if colours else "L")
        if (image.height, image.width) != size:
            found = found.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        values = np.asarray(found, np.float64) / (65535 if deep else 255)
    if colours:
        values = np.stack((values,) * 3) if deep else np.moveaxis(values, -1, 0)
    if values.size != np.prod(shape):
        fact = f"has {values.size:,} values"
        raise InputError(Fault(str(path), fact, f"the input has shape {shape}", "Use an image of that size."))
    return values.reshape(shape)


def read_wave(path: Path) -> tuple[int, NDArray[np.float64]]:
    """Samples a second, and samples (n,) in -1..1, the mean of all channels. Raises FormatError."""
    from scipy.io import wavfile

    check_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # chunks of players and editors
            rate, samples = wavfile.read(path)
    except (*DAMAGED, MemoryError, UnboundLocalError) as error:  # the last where chunks are missing
        raise damaged(str(path), f"cannot be read as a wave file ({error})") from error
    sound = in_unit(samples)
    if not sound.size or not np.isfinite(sound).all() or rate < 1:
        raise damaged(str(path), "holds no samples, NaN or infinity, or no rate")
    return int(rate), sound.reshape(len(sound), -1).mean(axis=1)
