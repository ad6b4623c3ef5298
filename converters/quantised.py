"""Tensors that a checkpoint holds as whole numbers with a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class QuantisedTensor:
    """Whole numbers q that stand for (q - zero) * scale; scale and zero broadcast to `values`, else ValueError."""

    values: NDArray[Any]
    scale: NDArray[np.float64]
    zero: NDArray[np.float64]

    def __post_init__(self) -> None:
        if np.broadcast_shapes(self.values.shape, self.scale.shape, self.zero.shape) != self.values.shape:
            raise ValueError(f"scales of shape {self.scale.shape} for values of shape {self.values.shape}")

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the values."""
        return self.values.shape

    def dequantised(self) -> NDArray[np.float64]:
        """The numbers that they stand for."""
        return np.asarray((self.values.astype(np.float64) - self.zero) * self.scale)
