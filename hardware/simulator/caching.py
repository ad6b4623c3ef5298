"""Kernels compiled once and kept on disk, or compiled at every start where no folder can be written.

numba keeps compiled kernels in NUMBA_CACHE_DIR, beside their source, or in the user's cache folder, whichever it can
write first; where it can write none (a read-only install run by a user without a home), it refuses to compile at all.
It takes a kept kernel for current as long as the kernel's own file is unchanged; kernels call others of other files, so
ours are current only while all files here are.
"""

from __future__ import annotations

import functools
import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba


def njit(*, cache: bool, **options: Any) -> Callable[[Any], Any]:
    """`numba.njit`; where `cache` is asked for and impossible it does without, and one warning says what that costs."""

    def decorate(function: Any) -> Any:
        try:
            kernel = numba.njit(cache=cache, **options)(function)
            if cache:
                kept = kernel._cache._cache_file  # numba 0.57 to 0.68; there is no public way
                kept._source_stamp = (*kept._source_stamp, sources())
            return kernel
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
        _warn()
        return numba.njit(**options)(function)

    return decorate


@functools.cache
def sources() -> str:
    """A digest of all files here that hold kernels or the intrinsics they are made of."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in kernel_files())).hexdigest()


def kernel_files() -> list[Path]:
    """Those files, by name. The words also where they are called rather than written above a function."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return [file for file in files if any(word in file.read_bytes() for word in (b"njit", b"intrinsic", b"llvmlite"))]


@functools.cache
def _warn() -> None:
    message = (
        "compiled kernels cannot be kept: no cache folder can be written, so every start compiles them anew (seconds). "
        "Set NUMBA_CACHE_DIR to a folder that can be written."
    )
    warnings.warn(message, RuntimeWarning, stacklevel=4)
