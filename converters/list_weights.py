"""The tensors of a file of bare weights, for `neurokit inspect`."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from neurokit.converters.listing import Listing, Piece
from neurokit.converters.weight_files import read_weights


def listing(source: str | PathLike[str] | Any, *, inputs: str | None = None) -> Listing:
    """Tensors by name. Raises FormatError as `from_weights.load` does."""
    tensors = read_weights(source)
    pieces = tuple(
        Piece(str(name), str(array.dtype), tuple(int(n) for n in array.shape), int(array.size))
        for name, array in tensors.items()
    )
    return Listing(pieces, (("format", f"bare weights ({Path(source).suffix})"),))
