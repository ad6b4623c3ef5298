"""Damage to what an HDF5 file says: HDF5 itself can read it, so that the damage reaches neurokit's own checks.

Bytes changed at random mostly end in HDF5's own refusal.
"""

from __future__ import annotations

import json
from contextlib import suppress

import h5py
import numpy as np

NUMBERS = (0, 1, -1, 2, 255, 256, 2**15, -(2**31), 2**31, 2**32, 2**63 - 1, -(2**63), 1e-300, 1e300, np.nan, np.inf)
TEXTS = ("", "LIF", "Dense", "Network", "Affine", "input", "hidden", ">=", "soft", "9" * 500, "../x", "{}", "[]")
SHAPES = ((), (0,), (1,), (2, 3), (6,), (10**6, 10**6), (2,) * 32)
READABLE = 2**26  # values; the whole files have far fewer
NAMES = ("0", "1", "7", "-1", "x", "weight", "bias", "delay")
REFUSED = (OSError, RuntimeError, ValueError, TypeError, KeyError, MemoryError)  # h5py, when it cannot write a thing
KINDS = ("i1", "u1", "<i4", ">i8", "u8", "f2", "f4", "f8", "c16", "?", "S5")


def change_values(content, seed, path):
    """Write the content to `path` and change one to four things in it."""
    path.write_bytes(content)
    rng = np.random.default_rng(seed)
    with h5py.File(path, "r+") as file:
        for _ in range(int(rng.integers(1, 5))):
            items = []
            file.visit(items.append)
            if not items:
                return
            with suppress(*REFUSED):
                _change(file, items, rng)


def _change(file, items, rng):
    name, other = (items[int(rng.integers(len(items)))] for _ in range(2))
    item, kind = file[name], int(rng.integers(0, 10))
    if kind == 0:
        del file[name]
    elif kind == 1 and name != other:
        _copied(file, other, name)
    elif kind == 2:
        file.copy(file[other], f"{name.rpartition('/')[0]}/{NAMES[int(rng.integers(len(NAMES)))]}")
    elif isinstance(item, h5py.Dataset):
        if (item.size or 0) > READABLE:  # an earlier change's claim: h5py would fill 16 GB with what is not there
            return
        old = item[()]
        del file[name]
        new = _new_value(old, rng)
        if isinstance(new, tuple):  # a shape that claims more than there is
            file.create_dataset(name, new, "f4", chunks=(1,) * len(new) if new and 0 not in new else None)
        else:
            file[name] = new
    else:
        _change_attribute(item, rng)


def _copied(file, source, target):
    """Put a copy of `source` where `target` is, unless one holds the other."""
    if not (source.startswith(f"{target}/") or target.startswith(f"{source}/")):
        del file[target]
        file.copy(file[source], target)


def _change_attribute(item, rng):
    names = list(item.attrs) or ["type"]
    name = names[int(rng.integers(len(names)))]
    if name in item.attrs and rng.random() < 0.2:
        del item.attrs[name]
        return
    new = _new_value(item.attrs.get(name, 0), rng)
    item.attrs[name] = np.zeros(min(3, len(new))) if isinstance(new, tuple) else new


def _new_value(old, rng):
    """A value near the old one or far from it; a tuple is a shape to be claimed."""
    if isinstance(old, str | bytes) and rng.random() < 0.7:
        text = old.decode("latin-1") if isinstance(old, bytes) else old
        return _other_text(text, rng)
    kind = int(rng.integers(0, 7))
    array = np.asarray(old)
    if kind == 0:
        return NUMBERS[int(rng.integers(len(NUMBERS)))]
    if kind == 1:
        return TEXTS[int(rng.integers(len(TEXTS)))]
    if kind == 2:
        return SHAPES[int(rng.integers(len(SHAPES)))]
    if array.dtype.kind not in "biuf":
        return NUMBERS[int(rng.integers(len(NUMBERS)))]
    if kind == 3:
        with np.errstate(all="ignore"):
            return np.nan_to_num(array.astype("f8")).astype(KINDS[int(rng.integers(len(KINDS)))])
    if kind == 4:
        return array.reshape(-1)[: int(rng.integers(0, array.size + 1))]
    if kind == 5:
        return np.stack([array] * int(rng.integers(1, 3)))
    changed = array.astype("f8").reshape(-1)
    if changed.size:
        changed[int(rng.integers(changed.size))] = NUMBERS[int(rng.integers(len(NUMBERS)))]
    with np.errstate(all="ignore"):
        return changed.reshape(array.shape).astype(array.dtype if rng.random() < 0.7 else "f8")


def _other_text(text, rng):
    """Of JSON another value somewhere, of any text one of the usual, or some letters changed."""
    if text[:1] in ("[", "{") and rng.random() < 0.7:
        try:
            return json.dumps(_other_json(json.loads(text), rng))
        except ValueError:
            pass
    if rng.random() < 0.6:
        return TEXTS[int(rng.integers(len(TEXTS)))]
    letters = list(text or "x")
    letters[int(rng.integers(len(letters)))] = chr(int(rng.integers(32, 0x300)))
    return "".join(letters)


def _other_json(value, rng):
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = list(value)[int(rng.integers(len(value)))]
        if rng.random() < 0.2:
            return {name: part for name, part in value.items() if name != key}
        return value | {key: _other_json(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = int(rng.integers(len(value)))
        return [*value[:place], _other_json(value[place], rng), *value[place + int(rng.integers(0, 2)) :]]
    return (None, [], {}, "", -1, 2**70, 1e400, "x" * 100, [[[[]]]], True)[int(rng.integers(10))]
