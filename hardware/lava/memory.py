"""Memory that forked processes share with their parent, and which goes when nobody refers to it."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurokit.graph.synapses import Shape


def shared_zeros(shape: Shape, kind: type[np.generic]) -> NDArray[Any]:
    """Zeros in memory that forks of this process share."""
    count = int(np.prod(shape))
    memory = mmap.mmap(-1, max(1, count * np.dtype(kind).itemsize))
    return np.frombuffer(memory, kind, count).reshape(shape)
