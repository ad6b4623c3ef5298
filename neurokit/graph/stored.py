"""Values in a `.nk` file as the fields of the graph's classes declare them; ValueError or TypeError for any other.

A file may come from anybody: what is of another kind is refused here, before it reaches code that relies on it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import h5py
import numpy as np
import scipy.sparse as sp

NUMBERS = "biuf"  # kinds of dtypes
MOST_NEURONS = 2**31 - 1  # of a population: what index arithmetic in 32 bits holds


def array(name: str, value: Any) -> Any:
    """An array of real numbers."""
    found = np.asarray(value)
    if found.dtype.kind not in NUMBERS:
        raise ValueError(f"{name} has type {found.dtype}, numbers are needed")
    return found


def integer(name: str, value: Any) -> int:
    """One whole number."""
    found = np.asarray(value)
    if found.dtype.kind not in "iu" or found.ndim:
        raise ValueError(f"{name} is {_shown(value)}, a whole number is needed")
    return int(found)


def number(name: str, value: Any) -> float:
    """One real number; a report's may be NaN or infinite."""
    found = np.asarray(value)
    if found.dtype.kind not in "iuf" or found.ndim:
        raise ValueError(f"{name} is {_shown(value)}, a number is needed")
    return float(found)


def positive(name: str, value: Any) -> float:
    """One finite real number above zero."""
    found = number(name, value)
    if not 0 < found < math.inf:
        raise ValueError(f"{name} is {found}, a finite number above zero is needed")
    return found


def truth(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} is {_shown(value)}, true or false is needed")
    return bool(value)


def text(name: str, value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ValueError(f"{name} is {_shown(value)}, a text is needed")
    return value


def sizes(name: str, value: Any) -> tuple[int, ...]:
    """Whole numbers."""
    found = np.asarray(value)
    if found.dtype.kind not in "iu" or found.ndim != 1:
        raise ValueError(f"{name} is {_shown(value)}, a list of whole numbers is needed")
    return tuple(int(n) for n in found)


def shape(name: str, value: Any) -> tuple[int, ...]:
    """The sizes of a population or an input; no more neurons than one may have."""
    found = sizes(name, value)
    if math.prod(found) > MOST_NEURONS:
        raise ValueError(f"{name} is {found}: {MOST_NEURONS:,} neurons are the most that one may have")
    return found


def pair(name: str, value: Any) -> tuple[int, int]:
    """Two whole numbers."""
    found = np.asarray(value)
    if found.dtype.kind not in "iu" or found.shape != (2,):
        raise ValueError(f"{name} is {_shown(value)}, two whole numbers are needed")
    return int(found[0]), int(found[1])


def matrix(name: str, group: Any) -> sp.csr_matrix:
    """A sparse matrix, as its three arrays and its shape."""
    if not isinstance(group, h5py.Group):
        raise ValueError(f"{name} is no group, a sparse matrix is one")
    data, indices, indptr = (array(f"{name}/{part}", group[part][()]) for part in ("data", "indices", "indptr"))
    if indices.dtype.kind not in "iu" or indptr.dtype.kind not in "iu":
        raise ValueError(f"{name} has indices that are no whole numbers")
    return sp.csr_matrix((data, indices, indptr), shape=sizes(f"{name}/shape", group.attrs["shape"]))


# What a dataclass's field declares -> how it is read.
KINDS: Mapping[str, Callable[[str, Any], Any]] = {
    "FloatArray": array,
    "IntArray": array,
    "Weights": array,
    "Weights | None": array,
    "sp.csr_matrix": matrix,
    "int": integer,
    "float": number,
    "float | None": number,
    "bool": truth,
    "str": text,
    "Pair": pair,
}


def value_of(name: str, declared: str, value: Any) -> Any:
    """`value` of the kind that field `name` declares; of a kind that is not listed, one of some texts, a text."""
    if isinstance(value, h5py.Dataset):
        value = value[()]
    return KINDS[declared](name, value) if declared in KINDS else text(name, value)


def table(file: h5py.Group, name: str, kind: type) -> Any:
    """A list or dict that stands in an attribute as JSON."""
    try:
        found = json.loads(text(name, file.attrs[name]))
    except RecursionError as error:
        raise ValueError(f"{name} is nested too deeply") from error
    if not isinstance(found, kind):
        raise ValueError(f"{name} holds {_shown(found)}, a {kind.__name__} is needed")
    return found


def _shown(value: Any) -> str:
    words = " ".join(repr(value).split())
    return words if len(words) <= 60 else f"{words[:57]}..."
