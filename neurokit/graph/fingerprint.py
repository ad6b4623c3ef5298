"""A short name for what a graph computes, so that saved states and unfinished runs are never taken for another's."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np
import scipy.sparse as sp

from neurokit.graph.network import Network, Program


def fingerprint(graph: Network | Program) -> str:
    """64 hexadecimal digits that change with anything that changes behaviour; reports and file names do not count."""
    digest = hashlib.blake2b(digest_size=32)
    _add(digest, (type(graph).__name__, graph.dt, list(graph.outputs)))
    for parts in (graph.inputs.values(), graph.populations.values(), graph.projections):
        _add(digest, list(parts))
    return digest.hexdigest()


def array_fingerprint(digest: Any, values: Any) -> None:
    """Add an array to a digest: type, shape and elements."""
    array = np.ascontiguousarray(values)
    digest.update(f"{array.dtype.str}{np.shape(values)}".encode())
    digest.update(array.reshape(-1).view(np.uint8))


def _add(digest: Any, value: Any) -> None:
    if sp.issparse(value):
        value = (value.shape, value.data, value.indices, value.indptr)
    if isinstance(value, np.ndarray):
        array_fingerprint(digest, value)
    elif dataclasses.is_dataclass(value):
        digest.update(type(value).__name__.encode())
        for field in dataclasses.fields(value):
            digest.update(f"{field.name}=".encode())
            _add(digest, getattr(value, field.name))
    elif isinstance(value, list | tuple):
        digest.update(f"{len(value)}[".encode())
        for member in value:
            _add(digest, member)
    else:
        digest.update(f"{value!r};".encode())
