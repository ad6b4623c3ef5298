"""Memory for spikes and states that one run leaves to the next, so that its pages need not be fresh each time.

A fresh page costs some 2 us, of which a run of a large network may take thousands.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 1 << 16  # bytes of what is kept: for less the allocator has pages at hand
KEPT = 32 << 20  # bytes kept in all, spikes of a block with one thread and with two
LINE = 64  # bytes, at a multiple of which arrays begin
ALONE = 2  # references to an array in a list that nobody else knows: the list's and the argument's


class Pool:
    """Gives out arrays again to which nobody refers any more; of all given out the last `kept` bytes are remembered."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._roots: list[NDArray[np.uint8]] = []  # those given out last at the end
        self.renew()

    def renew(self) -> None:
        """After a fork: another thread may have held the lock, and it is not here to let it go."""
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes that are remembered, in use or not."""
        return sum(root.nbytes for root in self._roots)

    def take(self, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
        """An array with anything in it, free again when neither it nor a view of it is referred to."""
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
        if not LEAST <= size <= self._kept - LINE:
            return np.empty(shape, kind)
        with self._lock:
            root = self._free(size + LINE)
            if root is None:
                root = np.empty(size + LINE, np.uint8)
                while self._roots and self.size + root.nbytes > self._kept:
                    del self._roots[0]  # lives on with those who use it
            self._roots.append(root)
        first = -root.ctypes.data % LINE
        array: NDArray[Any] = root[first : first + size].view(kind).reshape(shape)
        return array

    def zeros(self, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
        """The same, with zeros in it."""
        array = self.take(shape, kind)
        array[...] = 0
        return array

    def _free(self, size: int) -> NDArray[np.uint8] | None:
        """The smallest that is large enough, and not twice as large as needed, taken off the list."""
        fitting = [k for k, root in enumerate(self._roots) if size <= root.nbytes <= 2 * size]
        free = [k for k in fitting if sys.getrefcount(self._roots[k]) == ALONE]
        return self._roots.pop(min(free, key=lambda k: self._roots[k].nbytes)) if free else None


POOL = Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.renew)
