"""Room for spikes: arrays that are refused when they would not fit into memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.errors import Fault, InputError
from neurokit.system import available_memory, in_bytes


def zeros(shape: tuple[int, ...], kind: np.dtype[Any], mend: str) -> NDArray[Any]:
    """Zeros, if they fit into half of the memory that is left; else InputError with `mend`."""
    size, left = math.prod(shape) * kind.itemsize, available_memory()
    if left is not None and size > left // 2:
        fact, limit = f"would have shape {shape}, {in_bytes(size)}", in_bytes(left // 2)
        raise InputError(Fault("spikes", fact, f"half of the memory that is left is {limit}", mend))
    return np.zeros(shape, kind)
