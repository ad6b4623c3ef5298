"""Images for networks of rates: scikit-learn's handwritten digits and Fashion-MNIST, as numbers in 0..1."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, FormatError

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
GET = "On Debian: `apt-get install dataset-fashion-mnist`; else name the folder of the four *-ubyte.gz files."
FILES = {"train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")}
FILES["test"] = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")


@dataclass(frozen=True, eq=False)
class Images:
    """x, test_x: (samples, pixels) float32 in 0..1, rows of an image one after the other; y, test_y: classes."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    test_x: NDArray[np.float32]
    test_y: NDArray[np.int64]


def digits() -> Images:
    """scikit-learn's 1,797 digits of 8 x 8 pixels: 1,437 to train with and 360 to test, always the same."""
    from sklearn.datasets import load_digits  # slow to import

    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(1000).permutation(len(pixels))
    x, y = (pixels / 16).astype(np.float32)[order], labels.astype(np.int64)[order]
    return Images(x[:1437], y[:1437], x[1437:], y[1437:])


def fashion_mnist(folder: Path = DEBIAN) -> Images:
    """60,000 and 10,000 images of 28 x 28 pixels in ten classes of clothes (Xiao et al. 2017, arXiv:1708.07747).

    folder: the four idx files as they are published. Raises FormatError where files are missing or no such files.
    """
    missing = [name for names in FILES.values() for name in names if not (folder / name).is_file()]
    if missing:
        fact = f"has no {', '.join(missing)}"
        raise FormatError([Fault(str(folder), fact, "Fashion-MNIST is four files", GET)])
    train, test = (_pair(folder, *FILES[part]) for part in ("train", "test"))
    return Images(*train, *test)


def _pair(folder: Path, images: str, labels: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    x, y = idx(folder / images, 3), idx(folder / labels, 1)
    if len(x) != len(y):
        fact = f"{len(x)} images and {len(y)} labels"
        raise FormatError([Fault(str(folder), fact, "one label an image", "Take files of one set.")])
    return (x.reshape(len(x), -1) / np.float32(255)).astype(np.float32), y.astype(np.int64)


def idx(path: Path, axes: int) -> NDArray[np.uint8]:
    """Bytes of a gzipped idx file of so many axes. Raises FormatError for any other file."""
    mend = "Fetch it again."
    try:
        data = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError([Fault(str(path), f"cannot be unpacked: {error}", "a gzip file", mend)]) from None
    start = 4 + 4 * axes
    shape = np.frombuffer(data[4:start], ">u4") if len(data) >= start else np.zeros(0, ">u4")
    if data[:4] != bytes((0, 0, 8, axes)) or len(data) - start != int(np.prod(shape.astype(np.int64))):
        fact = f"begins with {data[:4].hex(' ')} and has {len(data):,} bytes"
        raise FormatError([Fault(str(path), fact, f"an idx file of bytes with {axes} axes, and no more", mend)])
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape.astype(int))
