"""Arrays by name in .npz files that are the same bytes for the same arrays, and checksums that anybody can make."""

from __future__ import annotations

import hashlib
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, FormatError

Arrays = Mapping[str, NDArray[Any]]
DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that zip holds; an archive must not tell when it was made
DAMAGED = (ValueError, OSError, EOFError, KeyError, NotImplementedError, RuntimeError, SyntaxError)
DAMAGED_ARCHIVE = (zipfile.BadZipFile, zlib.error, tokenize.TokenError, struct.error)
CHUNK = 1 << 20


def write_npz(path: Path, arrays: Arrays) -> None:
    """Write an .npz file that numpy.load reads; equal arrays give equal bytes."""
    with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
        for name in sorted(arrays):
            member = zipfile.ZipInfo(f"{name}.npy", DATE)
            member.compress_type = zipfile.ZIP_DEFLATED  # a member's own, whatever the archive's
            with archive.open(member, "w", force_zip64=True) as file:
                np.save(file, np.asarray(arrays[name], order="C"), allow_pickle=False)


def read_npz(path: Path, writer: str) -> dict[str, NDArray[Any]]:
    """All arrays of a file that `writer` made; FormatError when it is missing, damaged or something else."""
    limit = f"an .npz file of {writer} is needed"
    if not path.is_file():
        fact = "is a folder" if path.is_dir() else "there is no such file"
        raise FormatError(Fault(str(path), fact, limit, "Check the path."))
    try:
        with path.open("rb") as file:  # numpy leaves a file of its own open where it fails
            if not zipfile.is_zipfile(file):
                raise ValueError("no zip archive")
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
    except (*DAMAGED, *DAMAGED_ARCHIVE) as error:
        fact = f"is truncated, damaged or something else ({error})"
        raise FormatError(Fault(str(path), fact, limit, f"Copy it again, or make it again with {writer}.")) from error


def checksum(arrays: Arrays) -> str:
    """SHA-256 of integer arrays in a canonical form (README of a bundle); whole numbers of any type count alike.

    For each name in the order of its UTF-8 bytes: length of the name, name, number of axes, sizes of the axes, elements
    in C order; every number as a little-endian signed integer of 8 bytes.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays, key=str.encode):
        array, coded = np.asarray(arrays[name]), name.encode()
        digest.update(struct.pack("<q", len(coded)) + coded)
        digest.update(struct.pack(f"<{1 + array.ndim}q", array.ndim, *array.shape))
        flat = array.reshape(-1)
        for start in range(0, flat.size, CHUNK):
            digest.update(flat[start : start + CHUNK].astype("<i8").tobytes())
    return digest.hexdigest()


def file_checksum(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()
