"""Kernels compiled once and kept on disk, or compiled at every start where no folder can be written.

numba keeps compiled kernels in NUMBA_CACHE_DIR, beside their source, or in the user's cache folder, whichever it can
write first; where it can write none (a read-only install run by a user without a home), it refuses to compile at all.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numba


def njit(*, cache: bool, **options: Any) -> Callable[[Any], Any]:
    """`numba.njit`; where `cache` is asked for and impossible it does without, and one warning says what that costs."""

    def decorate(function: Any) -> Any:
        try:
            return numba.njit(cache=cache, **options)(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
        _warn()
        return numba.njit(**options)(function)

    return decorate


@functools.cache
def _warn() -> None:
    message = (
        "compiled kernels cannot be kept: no cache folder can be written, so every start compiles them anew (seconds). "
        "Set NUMBA_CACHE_DIR to a folder that can be written."
    )
    warnings.warn(message, RuntimeWarning, stacklevel=4)
